/**
 * What each queue holds, wants and would hold if all were fair, in one partition (TempQueuePerPartition, PreemptableResourceCalculator). From
 * the difference comes what is to be taken from it.
 */
import { add, componentwiseMax, componentwiseMin, isNone, multiplyDown, NONE, type Resource, resource, subtract } from '../../../../common/records/index.js'
import { maxOf, minOf, type ResourceCalculator } from '../../calculator.js'
import type { CapacityScheduler } from '../capacity.js'
import type { LeafQueue } from '../leaf.js'
import type { ParentQueue } from '../parent.js'
import { type CapacityQueue, compareUsed } from '../queue.js'

const float = Math.fround
const ONE: Resource = { memory: 1, vcores: 1 }

/** A queue in one partition while a round is computed. */
export interface Share {
  readonly queue: CapacityQueue
  readonly partition: string
  readonly children: readonly Share[]
  readonly used: Resource
  /** Of that, what goes as soon as it is needed. */
  readonly killable: Resource
  readonly reserved: Resource
  readonly pending: Resource
  /** Without what is reserved for it. */
  readonly pendingLessReserved: Resource
  readonly guaranteed: Resource
  readonly maximum: Resource
  readonly priority: number
  ideal: Resource
  /** Part of what is given out that falls to it, of each resource type. */
  part: Resource
  /** Beyond its guarantee, and not to be touched; or to be. */
  untouchable: Resource
  preemptable: Resource
  toTake: Resource
  /** Of that, what this round takes. */
  toObtain: Resource
}

export function shareOf(scheduler: CapacityScheduler, queue: CapacityQueue, partition: string, priority = 0): Share {
  const children =
    queue.kind === 'parent'
      ? (queue as ParentQueue).children.map((c) => shareOf(scheduler, c, partition, queue.spec.respectPriority ? c.spec.priority : 0))
      : []
  const pending = (lessReserved: boolean) =>
    queue.kind === 'leaf'
      ? (queue as LeafQueue).pendingWithinLimits(partition, lessReserved)
      : children.reduce((sum, c) => add(sum, lessReserved ? c.pendingLessReserved : c.pending), NONE)
  const whole = scheduler.cluster.ofPartition(partition)
  const { absoluteCapacity, absoluteMaximumCapacity, effectiveMin, effectiveMax } = queue.share(partition)
  const mayTakeAll = partition !== '' && !scheduler.host.isExclusive(partition)
  return {
    queue,
    partition,
    children,
    used: queue.usage.of(partition).used,
    killable: queue.killables?.total(partition) ?? NONE,
    reserved: queue.usage.of(partition).reserved,
    pending: pending(false),
    pendingLessReserved: pending(true),
    guaranteed: isNone(effectiveMin) ? multiplyDown(whole, absoluteCapacity) : effectiveMin,
    maximum: isNone(effectiveMax) ? multiplyDown(whole, mayTakeAll ? 1 : absoluteMaximumCapacity) : effectiveMax,
    priority,
    ideal: NONE,
    part: NONE,
    untouchable: NONE,
    preemptable: NONE,
    toTake: NONE,
    toObtain: NONE,
  }
}

export const leavesOf = (s: Share): Share[] => (s.queue.kind === 'leaf' ? [s] : s.children.flatMap(leavesOf))

/** What counts when queues are compared. */
export interface How {
  /** Queues may grow beyond their guarantee at the cost of others beyond theirs. */
  readonly balance: boolean
  /** What nodes are reserved for counts as wanted. */
  readonly reserved: boolean
}

/** Fills in what each queue of the tree would ideally hold and what must be taken for that. */
export class IdealShares {
  readonly #rc: ResourceCalculator

  constructor(
    rc: ResourceCalculator,
    /** What may be taken in a round. */
    private readonly allowed: Resource,
    private readonly how: How,
    /** Told of queues that want more than they would get, the neediest first. */
    private readonly underServed: (s: Share) => void,
  ) {
    this.#rc = rc
  }

  compute(root: Share): void {
    this.#extras(root)
    root.ideal = root.guaranteed
    this.#distribute(root)
  }

  #extras(s: Share): void {
    for (const child of s.children) this.#extras(child)
    const rc = this.#rc
    const whole = s.queue.partitionTotal(s.partition)
    const beyond = subtract(s.used, s.guaranteed)
    const extra = rc.compare(whole, beyond, NONE) < 0 ? NONE : beyond
    s.untouchable = NONE
    s.preemptable = NONE
    if (s.children.length === 0) {
      if (s.queue.spec.preemptionDisabled) s.untouchable = extra
      else s.preemptable = extra
      return
    }
    const below = s.children.reduce((sum, c) => add(sum, c.preemptable), NONE)
    s.untouchable = rc.compare(whole, below, extra) >= 0 ? NONE : subtract(extra, below)
    s.preemptable = minOf(rc, whole, below, extra)
  }

  #distribute(parent: Share): void {
    if (parent.children.length === 0) return
    const rc = this.#rc
    const whole = parent.ideal
    const guaranteed = parent.children.filter((c) => rc.compare(whole, c.guaranteed, NONE) > 0)
    const others = parent.children.filter((c) => !guaranteed.includes(c))
    const left = this.#fill(whole, guaranteed, whole, false)
    if (others.length > 0 && rc.compare(whole, left, NONE) > 0) this.#fill(whole, others, left, true)
    let needed = NONE
    for (const c of parent.children) if (rc.compare(whole, c.used, c.ideal) > 0) needed = add(needed, subtract(c.used, c.ideal))
    const scaling = rc.compare(whole, needed, this.allowed) > 0 ? rc.divide(whole, this.allowed, needed) : 1
    for (const c of parent.children) {
      const wanted = add(c.used, c.pending)
      const minimum = maxOf(rc, whole, minOf(rc, whole, wanted, c.guaranteed), c.ideal)
      const held = subtract(c.used, c.killable)
      c.toTake = rc.compare(whole, held, minimum) > 0 ? multiplyDown(subtract(held, minimum), scaling) : NONE
      this.#distribute(c)
    }
  }

  /**
   * Gives out what is left, to those furthest from their guarantee first, until nobody wants more.
   * @returns what is left for queues without a guarantee: as Hadoop has it, less what the queues hold and the first of them was given
   */
  #fill(whole: Resource, queues: readonly Share[], unassigned: Resource, ignoreGuarantee: boolean): Resource {
    const rc = this.#rc
    let left = unassigned
    let leftForOthers: Resource | undefined
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
      const round = this.#neediest(needy, order)
      needy = needy.slice(round.length)
      const offered = left
      for (const q of round) {
        if (!rc.anyAboveZero(left)) break
        const taken = this.#offer(q, componentwiseMin(rc.multiplyEachAndNormalizeUp(offered, q.part, ONE), left), whole)
        if (rc.compare(whole, taken, NONE) > 0) needy.push(q)
        left = subtract(left, taken)
        leftForOthers ??= left
        left = componentwiseMax(left, NONE)
      }
    }
    for (const q of needy.sort(order)) this.underServed(q)
    return leftForOthers ?? left
  }

  /** Those at the head that are equally far from their guarantee. */
  #neediest(sorted: readonly Share[], order: (a: Share, b: Share) => number): Share[] {
    for (const [i, q] of sorted.entries()) {
      this.underServed(q)
      const next = sorted[i + 1]
      if (!next || order(q, next) >= 0) continue
      this.underServed(next)
      return sorted.slice(0, i + 1)
    }
    return [...sorted]
  }

  #offer(q: Share, available: Resource, whole: Resource): Resource {
    const rc = this.#rc
    const toMaximum = componentwiseMax(subtract(q.maximum, q.ideal), NONE)
    let accepted = componentwiseMin(
      toMaximum,
      minOf(rc, whole, available, subtract(add(q.used, this.how.reserved ? q.pending : q.pendingLessReserved), q.ideal)),
    )
    if (!this.how.balance && q.children.length === 0) {
      // Nobody is helped beyond the guarantee, nor beyond what it has.
      const most = maxOf(rc, whole, subtract(maxOf(rc, whole, q.used, q.guaranteed), q.ideal), NONE)
      accepted = minOf(rc, whole, accepted, most)
    }
    accepted = componentwiseMin(componentwiseMax(accepted, NONE), available)
    q.ideal = add(q.ideal, accepted)
    return accepted
  }
}

function normalize(queues: readonly Share[], ignoreGuarantee: boolean): void {
  const active = queues.reduce((sum, q) => add(sum, q.guaranteed), NONE)
  const equal = float(1 / queues.length)
  const part = (own: number, all: number, before: number) => (ignoreGuarantee ? equal : all === 0 ? before : float(own / all))
  for (const q of queues) {
    const names = Object.keys({ ...active.extended, ...q.part.extended })
    q.part = resource(
      part(q.guaranteed.memory, active.memory, q.part.memory),
      part(q.guaranteed.vcores, active.vcores, q.part.vcores),
      names.length === 0
        ? undefined
        : Object.fromEntries(names.map((n) => [n, part(q.guaranteed.extended?.[n] ?? 0, active.extended?.[n] ?? 0, q.part.extended?.[n] ?? 0)])),
    )
  }
}
