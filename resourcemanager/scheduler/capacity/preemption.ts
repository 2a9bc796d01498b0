/**
 * Preemption between queues (ProportionalCapacityPreemptionPolicy): what each queue would hold if all were fair, and which containers of
 * queues beyond that are asked back, then, after a wait, taken.
 */
import {
  add,
  componentwiseMax,
  componentwiseMin,
  fitsIn,
  isNone,
  multiply,
  multiplyDown,
  NONE,
  type Resource,
  subtract,
} from '../../../common/records/index.js'
import { maxOf, minOf } from '../calculator.js'
import type { RMContainer } from '../container.js'
import type { CapacityScheduler } from './capacity.js'
import type { LeafQueue } from './leaf.js'
import type { ParentQueue } from './parent.js'
import { type CapacityQueue, compareUsed } from './queue.js'

const POLICY = 'org.apache.hadoop.yarn.server.resourcemanager.monitor.capacity.ProportionalCapacityPreemptionPolicy'
const PREFIX = 'yarn.resourcemanager.monitor.capacity.preemption.'
const float = Math.fround

export interface PreemptionSettings {
  readonly interval: number
  readonly waitBeforeKill: number
  /** Of the cluster, for each round. */
  readonly perRound: number
  /** How far beyond its guarantee a queue may be before anything is taken from it. */
  readonly ignoredOverCapacity: number
  /** Part of the excess that is taken in a round: containers also end by themselves. */
  readonly naturalTermination: number
  readonly observeOnly: boolean
}

/** undefined: preemption is off. */
export function preemptionSettings(properties: Readonly<Record<string, string>>): PreemptionSettings | undefined {
  if (properties['yarn.resourcemanager.scheduler.monitor.enable']?.trim() !== 'true') return undefined
  const policies = properties['yarn.resourcemanager.scheduler.monitor.policies'] ?? POLICY
  if (!policies.split(',').some((p) => p.trim() === POLICY)) return undefined
  const number = (name: string, fallback: number) => Number(properties[PREFIX + name] ?? fallback)
  return {
    interval: number('monitoring_interval', 3000),
    waitBeforeKill: number('max_wait_before_kill', 15_000),
    perRound: number('total_preemption_per_round', 0.1),
    ignoredOverCapacity: number('max_ignored_over_capacity', 0.1),
    naturalTermination: number('natural_termination_factor', 0.2),
    observeOnly: properties[`${PREFIX}observe_only`]?.trim() === 'true',
  }
}

/** A queue in one partition while a round is computed. */
interface Share {
  readonly queue: CapacityQueue
  readonly children: readonly Share[]
  readonly used: Resource
  readonly pending: Resource
  readonly guaranteed: Resource
  readonly maximum: Resource
  readonly priority: number
  ideal: Resource
  /** Part of what is given out that falls to it, for memory and vcores. */
  memoryPart: number
  vcoresPart: number
  /** Beyond its guarantee, and not to be touched; or to be. */
  untouchable: Resource
  preemptable: Resource
  toTake: Resource
}

export class Preemption {
  /** Containers asked back, and since when. */
  readonly #asked = new Map<RMContainer, number>()

  constructor(
    private readonly scheduler: CapacityScheduler,
    readonly settings: PreemptionSettings,
  ) {}

  /** One round. @returns the containers whose time is up */
  round(now: number): RMContainer[] {
    const { scheduler, settings } = this
    const rc = scheduler.settings.calculator
    const due: RMContainer[] = []
    let allowed = multiplyDown(scheduler.cluster.total, settings.perRound)
    for (const partition of new Set([...scheduler.root.shares.keys()])) {
      const root = this.#share(scheduler.root, partition, 0)
      this.#extras(root)
      root.ideal = root.guaranteed
      this.#distribute(root, allowed)
      for (const leaf of leavesOf(root)) {
        if (leaf.queue.spec.preemptionDisabled) continue
        const tolerated = multiplyDown(leaf.guaranteed, 1 + settings.ignoredOverCapacity)
        if (rc.compare(scheduler.cluster.total, leaf.used, tolerated) <= 0 || rc.compare(scheduler.cluster.total, leaf.toTake, NONE) <= 0) continue
        const toObtain = rc.multiplyAndNormalizeUp(leaf.toTake, settings.naturalTermination, { memory: 1, vcores: 1 })
        const selected = this.#select(leaf.queue as LeafQueue, partition, toObtain, allowed)
        allowed = selected.allowed
        for (const c of selected.containers) {
          if (settings.observeOnly) continue
          const since = this.#asked.get(c)
          if (since === undefined) {
            this.#asked.set(c, now)
            c.attempt.application.current?.toPreempt.add(c)
          } else if (since + settings.waitBeforeKill <= now) {
            this.#asked.delete(c)
            due.push(c)
          }
        }
      }
    }
    for (const [c, since] of this.#asked) if (c.ended || since + 2 * settings.waitBeforeKill < now) this.#asked.delete(c)
    return due
  }

  #share(queue: CapacityQueue, partition: string, priority: number): Share {
    const children =
      queue.kind === 'parent' ? (queue as ParentQueue).children.map((c) => this.#share(c, partition, queue.spec.respectPriority ? c.spec.priority : 0)) : []
    const whole = this.scheduler.cluster.ofPartition(partition)
    return {
      queue,
      children,
      used: queue.usage.of(partition).used,
      pending: queue.kind === 'leaf' ? (queue as LeafQueue).pendingWithinLimits(partition) : children.reduce((sum, c) => add(sum, c.pending), NONE),
      guaranteed: queue.effectiveMin(partition),
      maximum: this.scheduler.host.isExclusive(partition) || partition === '' ? queue.effectiveMax(partition) : whole,
      priority,
      ideal: NONE,
      memoryPart: 0,
      vcoresPart: 0,
      untouchable: NONE,
      preemptable: NONE,
      toTake: NONE,
    }
  }

  #extras(s: Share): void {
    for (const child of s.children) this.#extras(child)
    const rc = this.scheduler.settings.calculator
    const whole = this.scheduler.cluster.total
    const beyond = subtract(s.used, s.guaranteed)
    const extra = rc.compare(whole, beyond, NONE) < 0 ? NONE : beyond
    if (s.children.length === 0) {
      if (s.queue.spec.preemptionDisabled) s.untouchable = extra
      else s.preemptable = extra
      return
    }
    const below = s.children.reduce((sum, c) => add(sum, c.preemptable), NONE)
    s.untouchable = rc.compare(whole, below, extra) >= 0 ? NONE : subtract(extra, below)
    s.preemptable = minOf(rc, whole, below, extra)
  }

  /** What each child would ideally hold of its parent's part, and what must be taken for that. */
  #distribute(parent: Share, allowed: Resource): void {
    if (parent.children.length === 0) return
    const rc = this.scheduler.settings.calculator
    const whole = parent.ideal
    const guaranteed = parent.children.filter((c) => rc.compare(whole, c.guaranteed, NONE) > 0)
    const others = parent.children.filter((c) => !guaranteed.includes(c))
    const left = this.#fill(whole, guaranteed, whole, false)
    if (others.length > 0 && rc.compare(whole, left, NONE) > 0) this.#fill(whole, others, left, true)
    let needed = NONE
    for (const c of parent.children) if (rc.compare(whole, c.used, c.ideal) > 0) needed = add(needed, subtract(c.used, c.ideal))
    const scaling = rc.compare(whole, needed, allowed) > 0 ? rc.divide(whole, allowed, needed) : 1
    for (const c of parent.children) {
      const wanted = add(c.used, c.pending)
      const minimum = maxOf(rc, whole, minOf(rc, whole, wanted, c.guaranteed), c.ideal)
      c.toTake = rc.compare(whole, c.used, minimum) > 0 ? multiplyDown(subtract(c.used, minimum), scaling) : NONE
      this.#distribute(c, allowed)
    }
  }

  /** Gives out what is left, to those furthest from their guarantee first, until nobody wants more. @returns what nobody wanted */
  #fill(whole: Resource, queues: readonly Share[], unassigned: Resource, ignoreGuarantee: boolean): Resource {
    const rc = this.scheduler.settings.calculator
    let left = unassigned
    let needy: Share[] = []
    for (const q of queues) {
      q.ideal = rc.compare(whole, q.used, q.guaranteed) > 0 ? add(componentwiseMin(q.guaranteed, q.used), q.untouchable) : q.used
      left = subtract(left, q.ideal)
      if (rc.compare(whole, q.ideal, add(q.used, q.pending)) < 0) needy.push(q)
    }
    const served = (q: Share) => (rc.compare(whole, q.guaranteed, NONE) > 0 ? rc.divide(whole, q.ideal, q.guaranteed) : 2 ** 31 - 1)
    const order = (a: Share, b: Share) => compareUsed(served(a), served(b), a.priority, b.priority)
    while (needy.length > 0 && rc.compare(whole, left, NONE) > 0) {
      normalize(needy, ignoreGuarantee)
      needy.sort(order)
      const first = needy[0]!
      const round = needy.filter((q) => order(first, q) >= 0)
      needy = needy.filter((q) => !round.includes(q))
      const offered = left
      for (const q of round) {
        if (!rc.anyAboveZero(left)) break
        const part =
          rc.name === 'default'
            ? ofMemory(Math.trunc(offered.memory * q.memoryPart + 0.5))
            : { memory: Math.ceil(offered.memory * q.memoryPart), vcores: Math.ceil(offered.vcores * q.vcoresPart) }
        const taken = this.#offer(q, componentwiseMin(part, left), whole)
        if (rc.compare(whole, taken, NONE) > 0) needy.push(q)
        left = componentwiseMax(subtract(left, taken), NONE)
      }
    }
    return left
  }

  #offer(q: Share, available: Resource, whole: Resource): Resource {
    const rc = this.scheduler.settings.calculator
    const toMaximum = componentwiseMax(subtract(q.maximum, q.ideal), NONE)
    let accepted = componentwiseMin(toMaximum, minOf(rc, whole, available, subtract(add(q.used, q.pending), q.ideal)))
    if (q.children.length === 0) {
      // Nobody is helped beyond the guarantee, nor beyond what it has.
      const most = maxOf(rc, whole, subtract(maxOf(rc, whole, q.used, q.guaranteed), q.ideal), NONE)
      accepted = minOf(rc, whole, accepted, most)
    }
    accepted = componentwiseMin(componentwiseMax(accepted, NONE), available)
    q.ideal = add(q.ideal, accepted)
    return accepted
  }

  /** Which containers give a queue's excess back: of the last in its order first, the youngest and least important first, masters last. */
  #select(queue: LeafQueue, partition: string, toObtain: Resource, allowed: Resource): { containers: RMContainer[]; allowed: Resource } {
    const rc = this.scheduler.settings.calculator
    const whole = this.scheduler.cluster.total
    const containers: RMContainer[] = []
    let wanted = toObtain
    let left = allowed
    const done = () => rc.compare(whole, wanted, NONE) <= 0
    const take = (c: RMContainer): boolean => {
      if (c.node.partition !== partition || !rc.anyAboveZero(wanted) || !fitsIn(c.resource, left)) return false
      const after = componentwiseMax(subtract(wanted, c.resource), NONE)
      if (rc.compare(whole, after, componentwiseMax(wanted, NONE)) >= 0) return false
      wanted = subtract(wanted, c.resource)
      left = subtract(left, c.resource)
      containers.push(c)
      return true
    }
    const masters: RMContainer[] = []
    let mastersSize = NONE
    for (const attempt of [...queue.active.inOrder()].reverse()) {
      if (done()) break
      for (const c of attempt.reservations()) {
        if (done()) break
        if (c.node.partition !== partition) continue
        wanted = subtract(wanted, c.resource)
        left = subtract(left, c.resource)
        if (!this.settings.observeOnly) this.scheduler.giveUpReservation(c)
      }
      const live = [...attempt.live.values()].sort((a, b) => b.ask.priority - a.ask.priority || b.name().id - a.name().id)
      for (const c of live) {
        if (done()) break
        if (c.isAM) {
          masters.push(c)
          mastersSize = add(mastersSize, c.resource)
        } else take(c)
      }
    }
    const mastersMayHold = multiply(queue.effectiveMin(''), queue.spec.maximumAMPercent)
    for (const c of masters) {
      if (done() || rc.compare(whole, mastersSize, mastersMayHold) <= 0) break
      if (take(c)) mastersSize = subtract(mastersSize, c.resource)
    }
    return { containers, allowed: left }
  }
}

const ofMemory = (memory: number): Resource => ({ memory, vcores: memory > 0 ? 1 : 0 })

const leavesOf = (s: Share): Share[] => (s.queue.kind === 'leaf' ? [s] : s.children.flatMap(leavesOf))

function normalize(queues: readonly Share[], ignoreGuarantee: boolean): void {
  const active = queues.reduce((sum, q) => add(sum, q.guaranteed), NONE)
  for (const q of queues) {
    if (ignoreGuarantee || isNone(active)) {
      q.memoryPart = q.vcoresPart = float(1 / queues.length)
      continue
    }
    if (active.memory !== 0) q.memoryPart = float(q.guaranteed.memory / active.memory)
    if (active.vcores !== 0) q.vcoresPart = float(q.guaranteed.vcores / active.vcores)
  }
}
