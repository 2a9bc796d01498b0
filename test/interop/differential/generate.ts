/**
 * Generated scenarios: seeded, valid by construction (each step is chosen by what our side's last view says exists), and made smaller when the two
 * sides disagree.
 */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { disagreement } from './compare.js'
import { Run, runOurs } from './ours.js'
import { runReal } from './real.js'
import { type AppView, SCHEDULERS, type Scenario, type Step, type View, withDefaults } from './scenario.js'

/** A seeded source of choices. */
class Dice {
  readonly #rng
  constructor(seed: number) {
    this.#rng = xoroshiro128plus(seed)
  }
  between(low: number, high: number): number {
    return uniformInt(this.#rng, low, high)
  }
  chance(percent: number): boolean {
    return this.between(1, 100) <= percent
  }
  one<T>(list: readonly T[]): T {
    return list[this.between(0, list.length - 1)]!
  }
}

/** What a scenario has beyond the ordinary: a label on some nodes, or containers taken back. */
interface Extras {
  readonly labels: boolean
  readonly preemption: boolean
}

const PREEMPTION = 'yarn.resourcemanager.monitor.capacity.preemption.'

function extraConf(dice: Dice, extras: Extras, shares: Readonly<Record<string, number>>): Record<string, string> {
  const conf: Record<string, string> = { 'yarn.cluster.max-application-priority': '10' }
  if (extras.labels) {
    conf['yarn.node-labels.enabled'] = 'true'
    conf['root.accessible-node-labels'] = 'x'
    conf['root.accessible-node-labels.x.capacity'] = '100'
    for (const [name, share] of Object.entries(shares)) {
      conf[`root.${name}.accessible-node-labels`] = 'x'
      conf[`root.${name}.accessible-node-labels.x.capacity`] = String(share)
      if (dice.chance(30)) conf[`root.${name}.accessible-node-labels.x.maximum-capacity`] = String(dice.between(share, 100))
      if (dice.chance(20)) conf[`root.${name}.default-node-label-expression`] = 'x'
    }
  }
  if (extras.preemption) {
    conf['yarn.resourcemanager.scheduler.monitor.enable'] = 'true'
    conf[`${PREEMPTION}max_wait_before_kill`] = '10000'
    conf[`${PREEMPTION}total_preemption_per_round`] = dice.one(['0.2', '0.5', '1.0'])
    conf[`${PREEMPTION}natural_termination_factor`] = dice.one(['0.2', '0.5', '1.0'])
    if (dice.chance(50)) {
      conf[`${PREEMPTION}intra-queue-preemption.enabled`] = 'true'
      conf[`${PREEMPTION}intra-queue-preemption.max-allowable-limit`] = dice.one(['0.2', '1.0'])
      conf[`${PREEMPTION}intra-queue-preemption.minimum-threshold`] = dice.one(['0.1', '0.5'])
      conf[`${PREEMPTION}intra-queue-preemption.preemption-order-policy`] = dice.one(['userlimit_first', 'priority_first'])
    }
  }
  return conf
}

function generateCapacity(dice: Dice, extras: Extras | undefined): SetUp {
  const names = ['default', 'hive', 'etl'].slice(0, dice.between(1, extras ? 2 : 3))
  const shares = {
    1: [[100]],
    2: [
      [50, 50],
      [30, 70],
      [80, 20],
    ],
    3: [
      [40, 40, 20],
      [10, 60, 30],
      [34, 33, 33],
    ],
  }[names.length as 1 | 2 | 3]
  const capacities = dice.one(shares)
  const conf: Record<string, string> = { 'yarn.scheduler.capacity.root.queues': names.join(',') }
  for (const [i, name] of names.entries()) {
    conf[`root.${name}.capacity`] = String(capacities[i])
    if (dice.chance(70)) conf[`root.${name}.maximum-capacity`] = String(dice.between(capacities[i]!, 100))
    if (dice.chance(40)) conf[`root.${name}.user-limit-factor`] = dice.one(['0.5', '1', '2', '5'])
    if (dice.chance(30)) conf[`root.${name}.minimum-user-limit-percent`] = dice.one(['25', '50', '100'])
    if (dice.chance(30)) conf[`root.${name}.ordering-policy`] = dice.one(['fifo', 'fair'])
    if (dice.chance(25)) conf[`root.${name}.maximum-am-resource-percent`] = dice.one(['0.2', '0.5'])
  }
  if (dice.chance(40)) conf['yarn.scheduler.capacity.resource-calculator'] = 'org.apache.hadoop.yarn.util.resource.DominantResourceCalculator'
  if (dice.chance(30)) conf['yarn.scheduler.capacity.node-locality-delay'] = dice.one(['0', '2', '40'])
  return { conf: { ...conf, ...(extras && extraConf(dice, extras, Object.fromEntries(names.map((name, i) => [name, capacities[i]!])))) }, queues: names }
}

/** From this seed on they are for the fair scheduler. */
const FAIR_FROM = 10_000

interface SetUp {
  readonly conf: Record<string, string>
  readonly queues: readonly string[]
  readonly allocations?: string
}

function generateFair(dice: Dice): SetUp {
  const conf: Record<string, string> = { ...SCHEDULERS.fair }
  if (dice.chance(40)) conf['yarn.scheduler.increment-allocation-mb'] = dice.one(['128', '512'])
  if (dice.chance(40)) {
    conf['yarn.scheduler.fair.assignmultiple'] = 'true'
    if (dice.chance(60)) conf['yarn.scheduler.fair.dynamic.max.assign'] = 'false'
    conf['yarn.scheduler.fair.max.assign'] = dice.one(['-1', '1', '3'])
  }
  if (dice.chance(30)) conf['yarn.scheduler.fair.sizebasedweight'] = 'true'
  if (dice.chance(40)) {
    conf['yarn.scheduler.fair.locality.threshold.node'] = dice.one(['0.0', '0.5', '1.0'])
    conf['yarn.scheduler.fair.locality.threshold.rack'] = dice.one(['0.0', '0.5'])
  }
  if (dice.chance(30)) conf['yarn.scheduler.fair.reservable-nodes'] = dice.one(['0.5', '1.0'])
  const drf = dice.chance(40)
  const amount = (low: number, high: number) => `${dice.between(low, high) * 256} mb, ${dice.between(1, 12)} vcores`
  const properties = () => {
    const all = [`<weight>${dice.one(['0.5', '1.0', '2.0', '3.0'])}</weight>`]
    if (dice.chance(30)) all.push(`<minResources>${amount(1, 16)}</minResources>`)
    if (dice.chance(40)) all.push(`<maxResources>${dice.chance(50) ? amount(8, 64) : `${dice.one([25, 50, 75])}%`}</maxResources>`)
    if (dice.chance(30)) all.push(`<maxRunningApps>${dice.between(1, 3)}</maxRunningApps>`)
    return all.join('')
  }
  const leaf = (name: string) => {
    const policy = dice.chance(30) ? `<schedulingPolicy>${dice.one(drf ? ['fifo', 'fair', 'drf'] : ['fifo', 'fair'])}</schedulingPolicy>` : ''
    const masters = dice.chance(30) ? `<maxAMShare>${dice.one(['0.2', '0.8', '-1.0'])}</maxAMShare>` : ''
    return `<queue name="${name}">${properties()}${policy}${masters}</queue>`
  }
  const nested = dice.chance(50)
  const queues = nested ? ['root.a', 'root.p.b', 'root.p.c'] : ['root.a', 'root.b']
  const tree = nested ? `${leaf('a')}<queue name="p">${properties()}${leaf('b')}${leaf('c')}</queue>` : `${leaf('a')}${leaf('b')}`
  const limits = dice.chance(20) ? '<user name="u1"><maxRunningApps>1</maxRunningApps></user>' : ''
  const policy = drf ? '<defaultQueueSchedulingPolicy>drf</defaultQueueSchedulingPolicy>' : ''
  return { conf, queues, allocations: `<allocations>${tree}${limits}${policy}</allocations>` }
}

const ended = (a: AppView) => ['FINISHED', 'FAILED', 'KILLED', 'FINISHING', 'FINAL_SAVING', 'KILLING'].includes(a.state)

export function generate(seed: number, length = 40): Scenario {
  const dice = new Dice(seed)
  const extras = seed < FAIR_FROM && seed % 4 === 0 ? { labels: dice.chance(60), preemption: dice.chance(70) } : undefined
  const { conf, queues, allocations } = seed >= FAIR_FROM ? generateFair(dice) : generateCapacity(dice, extras)
  const scenario: Scenario & { steps: Step[] } = {
    name: `seed ${seed}`,
    conf: withDefaults(conf),
    ...(allocations !== undefined && { allocations }),
    steps: [],
  }
  const run = new Run(scenario)
  let view: View = {}
  const act = (step: Step) => {
    scenario.steps.push(step)
    view = run.step(step)
  }
  const nodes: string[] = []
  const addNode = () => {
    const name = `h${nodes.length + 1}`
    nodes.push(name)
    act({ addNode: { name, memory: dice.between(2, 16) * 1024, vcores: dice.between(2, 16) } })
  }
  if (extras?.labels) {
    act({ addLabels: [{ name: 'x', exclusive: dice.chance(50) }] })
    act({ labelNodes: Object.fromEntries(['h1', 'h2', 'h3'].map((h) => [h, dice.chance(40) ? 'x' : ''])) })
  }
  for (let n = dice.between(1, 4); n > 0; n--) addNode()
  let count = 0
  while (scenario.steps.length < length) {
    const apps = Object.entries(view.apps ?? {})
    const running = apps.filter(([, a]) => a.state === 'RUNNING')
    const launchable = apps.filter(([, a]) => a.attemptState === 'ALLOCATED')
    const roll = dice.between(1, 100)
    if (extras && roll > 85) act(extraStep(dice, extras, apps, nodes, view, scenario.steps))
    else if (launchable.length > 0 && roll <= 50) act({ launch: dice.one(launchable)[0] })
    else if (count < 6 && roll <= 15) {
      count++
      const priority = dice.chance(30) ? { priority: dice.between(0, 3) } : {}
      act({
        submit: {
          app: `a${count}`,
          user: dice.one(['u1', 'u2', 'u3']),
          queue: dice.one(queues),
          memory: dice.between(1, 8) * 256,
          vcores: dice.between(1, 2),
          ...priority,
        },
      })
    } else if (running.length > 0 && roll <= 45) act(allocateStep(dice, dice.one(running), nodes, extras?.labels ?? false))
    else if (running.length > 0 && roll <= 49) act({ finish: { app: dice.one(running)[0] } })
    else if (apps.some(([, a]) => !ended(a)) && roll <= 51) act({ kill: dice.one(apps.filter(([, a]) => !ended(a)))[0] })
    else act(heartbeatStep(dice, dice.one(nodes), apps))
  }
  return scenario
}

function extraStep(
  dice: Dice,
  extras: Extras,
  apps: readonly (readonly [string, AppView])[],
  nodes: readonly string[],
  view: View,
  before: readonly Step[],
): Step {
  const alive = apps.filter(([, a]) => a.state === 'RUNNING' || a.state === 'ACCEPTED')
  if (extras.preemption && dice.chance(60)) return { preempt: { after: dice.one([3000, 11_000]) } }
  if (extras.labels && dice.chance(20)) {
    const labelNodes = { [dice.one(nodes)]: dice.one(['x', '']) }
    // The real one charges what was released and still runs to the new partition, for good (docs/fidelity.md).
    if (Object.keys(labelNodes).every((n) => holdsOnlyLive(n, view))) return { labelNodes }
  }
  if (alive.length > 0) {
    const [app] = dice.one(alive)
    const submitted = before.flatMap((s) => ('submit' in s && s.submit.app === app ? [s.submit.priority ?? 0] : []))[0]
    const priority = dice.between(0, 10)
    // The real one's scheduler does not go back to the priority of the submission (docs/fidelity.md).
    return { updatePriority: { app, priority: priority === submitted ? (priority + 1) % 10 : priority } }
  }
  return { heartbeat: { node: dice.one(nodes) } }
}

function holdsOnlyLive(node: string, view: View): boolean {
  const live = Object.values(view.apps ?? {}).flatMap((a) => a.live ?? [])
  const held = live.filter((c) => c.node === node).reduce((sum, c) => sum + (c.size['memory'] ?? 0), 0)
  return held === (view.nodes?.[node]?.['memory'] ?? 0)
}

function allocateStep(dice: Dice, [app, view]: [string, AppView], nodes: readonly string[], labels: boolean): Step {
  const live = view.live ?? []
  // Who releases its master's own container is gone in the middle of its call.
  const master = Math.min(...live.map((c) => c.id))
  const own = live.filter((c) => c.id !== 1 && c.id !== master && c.state !== 'ALLOCATED')
  const size = { memory: dice.between(1, 12) * 256, vcores: dice.between(1, 3), priority: dice.between(1, 3) }
  const count = dice.between(0, 6)
  const ask = [{ ...size, count, ...(labels && dice.chance(40) && { label: dice.one(['x', '']) }) }]
  if (!labels && dice.chance(30)) {
    const relax = dice.chance(60)
    const rack = { ...size, count, resource: '/default-rack', relax }
    return { allocate: { app, ask: [{ ...size, count, resource: dice.one(nodes) }, { ...rack }, { ...ask[0]!, relax }] } }
  }
  const release = own.length > 0 && dice.chance(25) ? [{ app, id: dice.one(own).id }] : []
  return { allocate: { app, ask: dice.chance(75) ? ask : [], release } }
}

function heartbeatStep(dice: Dice, node: string, apps: readonly (readonly [string, AppView])[]): Step {
  const containers = apps.flatMap(([app, a]) =>
    (a.live ?? [])
      .filter((c) => c.node === node && c.state !== 'ALLOCATED' && dice.chance(40))
      .map((c) => ({ app, id: c.id, state: c.id !== 1 && dice.chance(30) ? ('COMPLETE' as const) : ('RUNNING' as const) })),
  )
  return { heartbeat: { node, containers } }
}

/** Drops steps while the two sides go on disagreeing; each round is one run of the real side. */
export async function shrink(scenario: Scenario, rounds = 25): Promise<{ scenario: Scenario; why: string }> {
  let best = scenario
  let why = ''
  for (let size = Math.ceil(scenario.steps.length / 2), round = 0; size >= 1 && round < rounds; round++) {
    const candidates: Scenario[] = []
    for (let at = 0; at < best.steps.length; at += size) candidates.push({ ...best, steps: best.steps.filter((_, i) => i < at || i >= at + size) })
    const legal = candidates.flatMap((c) => {
      try {
        return [{ c, ours: runOurs(c) }]
      } catch {
        return [] // names something whose step was dropped
      }
    })
    const real = await runReal(legal.map(({ c }) => c))
    const found = legal
      .map(({ c, ours }, i) => ({ scenario: c, why: disagreement(c, real[i]!, ours) }))
      .find((x) => x.why !== '' && !x.why.includes('NullPointerException'))
    if (found) {
      best = found.scenario
      why = found.why
    } else size = size === 1 ? 0 : Math.ceil(size / 2)
  }
  return { scenario: best, why }
}
