import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coreConfig, createCore, type Event } from '../../../resourcemanager/core/index.js'
import { act, type Operation, operationsOf, type Variant } from './operations.js'
import { World } from './world.js'

const SCHEDULER = 'yarn.resourcemanager.scheduler.class'
const PACKAGE = 'org.apache.hadoop.yarn.server.resourcemanager.scheduler'
const CAPACITY = 'yarn.scheduler.capacity'

/** Two queues of the capacity scheduler that share by so many percent. */
const queues = (first: number, more: Record<string, string> = {}): Record<string, string> => ({
  'yarn.cluster.max-application-priority': '5',
  [`${CAPACITY}.maximum-am-resource-percent`]: '0.5',
  [`${CAPACITY}.root.queues`]: 'default,hive',
  [`${CAPACITY}.root.default.capacity`]: String(first),
  [`${CAPACITY}.root.default.user-limit-factor`]: '2',
  [`${CAPACITY}.root.hive.capacity`]: String(100 - first),
  [`${CAPACITY}.root.hive.user-limit-factor`]: '3',
  ...more,
})

const refreshed = (more: Record<string, string> = {}) => [
  { properties: queues(50, more) },
  { properties: queues(20, { ...more, [`${CAPACITY}.root.hive.state`]: 'STOPPED' }) },
  { properties: queues(70, { ...more, [`${CAPACITY}.root.hive.ordering-policy`]: 'fair', [`${CAPACITY}.root.default.maximum-capacity`]: '80' }) },
  // Does not add up.
  { properties: { ...queues(70, more), [`${CAPACITY}.root.hive.capacity`]: '70' } },
  // Would lose a queue.
  { properties: { ...queues(100, more), [`${CAPACITY}.root.queues`]: 'default' } },
]

const LABELLED: Record<string, string> = {
  'yarn.node-labels.enabled': 'true',
  ...Object.fromEntries(
    ['root', 'root.default', 'root.hive'].flatMap((queue) => [
      [`${CAPACITY}.${queue}.accessible-node-labels`, '*'],
      ...['gpu', 'ssd'].flatMap((label) => [
        [`${CAPACITY}.${queue}.accessible-node-labels.${label}.capacity`, queue === 'root' ? '100' : '50'],
        [`${CAPACITY}.${queue}.accessible-node-labels.${label}.maximum-capacity`, '100'],
      ]),
    ]),
  ),
}

const PREEMPTING: Record<string, string> = {
  'yarn.resourcemanager.scheduler.monitor.enable': 'true',
  'yarn.resourcemanager.monitor.capacity.preemption.intra-queue-preemption.enabled': 'true',
  'yarn.resourcemanager.monitor.capacity.preemption.total_preemption_per_round': '0.5',
}

const ASYNCHRONOUS = { [`${CAPACITY}.schedule-asynchronously.enable`]: 'true' }
const CONSTRAINTS = { 'yarn.resourcemanager.placement-constraints.handler': 'scheduler' }

const allocations = (weight: number, more = '') => `<?xml version="1.0"?>
<allocations>
  <queue name="default"><weight>${weight}</weight><minResources>2048 mb,2 vcores</minResources><maxRunningApps>3</maxRunningApps>${more}</queue>
  <queue name="hive"><weight>1</weight><fairSharePreemptionThreshold>0.8</fairSharePreemptionThreshold></queue>
  <defaultMinSharePreemptionTimeout>5</defaultMinSharePreemptionTimeout>
  <defaultFairSharePreemptionTimeout>10</defaultFairSharePreemptionTimeout>
</allocations>`

interface Case extends Variant {
  readonly properties: Readonly<Record<string, string>>
  readonly allocations?: string
}

const capacity = (more: Record<string, string> = {}, labels: readonly string[] = []): Case => ({
  properties: queues(50, more),
  queues: ['default', 'hive'],
  labels,
  schedulingRequests: CONSTRAINTS['yarn.resourcemanager.placement-constraints.handler'] === more['yarn.resourcemanager.placement-constraints.handler'],
  refreshes: refreshed(more),
})

const CASES: Record<string, Case> = {
  'offers by heartbeat': capacity(CONSTRAINTS),
  'asynchronous scheduling': capacity({ ...ASYNCHRONOUS, ...CONSTRAINTS }),
  'dominant resources, fair order': capacity({
    [`${CAPACITY}.resource-calculator`]: 'org.apache.hadoop.yarn.util.resource.DominantResourceCalculator',
    [`${CAPACITY}.root.default.ordering-policy`]: 'fair',
  }),
  'node labels': capacity({ ...LABELLED, ...CONSTRAINTS }, ['gpu', 'ssd']),
  'node labels, asynchronous': capacity({ ...LABELLED, ...ASYNCHRONOUS }, ['gpu', 'ssd']),
  preemption: capacity(PREEMPTING),
  'the fair scheduler': {
    properties: {
      [SCHEDULER]: `${PACKAGE}.fair.FairScheduler`,
      'yarn.scheduler.fair.preemption': 'true',
      'yarn.scheduler.fair.preemption.cluster-utilization-threshold': '0.5',
    },
    allocations: allocations(2),
    queues: ['default', 'hive', 'root.made'],
    labels: [],
    schedulingRequests: false,
    refreshes: [
      { properties: {}, allocations: allocations(1) },
      { properties: {}, allocations: allocations(3, '<maxResources>8192 mb,8 vcores</maxResources>') },
      { properties: {}, allocations: '<allocations><queue name="default"><weight>heavy</weight></queue></allocations>' },
    ],
  },
  'the FIFO scheduler': {
    properties: { [SCHEDULER]: `${PACKAGE}.fifo.FifoScheduler` },
    queues: ['default'],
    labels: [],
    schedulingRequests: false,
    refreshes: [{ properties: {} }],
  },
}

/** Histories of each case: together a good hundred thousand events; more of them on demand. */
const RUNS = Number(process.env.BOBBIN_HISTORIES ?? 40)
const LENGTH = 260

const history = fc.array(fc.tuple(fc.nat(200), fc.nat(1000), fc.nat(1000), fc.nat(1000)), { minLength: LENGTH, maxLength: LENGTH }) as fc.Arbitrary<Operation[]>

const EVENTS: Record<Event['type'], number> = {
  submitApplication: 0,
  killApplication: 0,
  failAttempt: 0,
  moveApplication: 0,
  updatePriority: 0,
  updateTimeouts: 0,
  signalContainer: 0,
  registerApplicationMaster: 0,
  allocate: 0,
  finishApplicationMaster: 0,
  amLaunched: 0,
  amLaunchFailed: 0,
  registerNode: 0,
  nodeHeartbeat: 0,
  unregisterNode: 0,
  refreshQueues: 0,
  refreshNodes: 0,
  updateNodeResource: 0,
  addNodeLabels: 0,
  removeNodeLabels: 0,
  replaceLabelsOnNodes: 0,
  recordNode: 0,
  recordApplication: 0,
  tick: 0,
  recover: 0,
}

/** In Hadoop as well: a node that is to go is sent no signals. */
const KNOWN = /invalid event SIGNAL_CONTAINER at DECOMMISSIONING$/

function live({ properties, allocations, labels }: Case, acts: ReturnType<typeof operationsOf>, operations: readonly Operation[]): void {
  const world = new World(properties, allocations)
  try {
    for (let i = 0; i < 3; i++) world.addNode(8)
    if (labels.length > 0) {
      world.step({ type: 'addNodeLabels', labels: labels.map((name, i) => ({ name, exclusive: i % 2 === 0 })) })
      world.step({ type: 'replaceLabelsOnNodes', nodes: [{ nodeId: { host: 'n2', port: 0 }, labels: [labels[1]!] }] })
    }
    for (const operation of operations) {
      act(world, acts, operation)
      const wrong = [...world.core.checkInvariants(), ...world.errors.filter((e) => !KNOWN.test(e))]
      if (wrong.length > 0) throw new Error(wrong.join('\n'))
    }
    for (const { config, steps } of world.lives) {
      const again = createCore(config)
      for (const { event, now, effects } of steps) {
        EVENTS[event.type]++
        const replayed = again.step(event, now).effects
        if (!isDeepStrictEqual(replayed, effects))
          throw new Error(`replayed, ${JSON.stringify(event)} has the effects\n${JSON.stringify(replayed)}\nnot\n${JSON.stringify(effects)}`)
      }
    }
  } catch (e) {
    throw new Error(`${(e as Error).stack}\nafter these steps (times since the start):\n${world.script()}`)
  }
}

describe.each(Object.entries(CASES))('with %s', (_name, made) => {
  const acts = operationsOf(made)

  it('what nodes, queues, users and attempts hold adds up after every step, and the same events give the same effects', () => {
    const found = fc.check(
      fc.property(history, (operations) => live(made, acts, operations)),
      { numRuns: RUNS },
    )
    if (found.failed)
      throw new Error(`seed ${found.seed}, after ${found.numRuns} histories, shrunk ${found.numShrinks} times: ${(found.errorInstance as Error).message}`)
  }, 180_000)
})

it('a hundred thousand events of every kind have been among them', () => {
  expect(Object.entries(EVENTS).filter(([, times]) => times === 0)).toEqual([])
  expect(Object.values(EVENTS).reduce((sum, n) => sum + n, 0)).toBeGreaterThan(2_500 * RUNS)
})

it('an unknown scheduler is refused by name', () => {
  const config = coreConfig({ 'yarn.resourcemanager.scheduler.class': 'no.such.Scheduler' }, { clusterTimestamp: 1 })
  expect(() => createCore(config)).toThrow('no.such.Scheduler')
})
