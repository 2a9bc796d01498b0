/** Queues of the capacity scheduler: what leaf and parent queues have in common (AbstractCSQueue). */
import { exception } from '../../../common/errors.js'
import { add, NONE, type QueueState, type Resource, subtract } from '../../../common/records/index.js'
import { aclAllows } from '../acl.js'
import { maxOf, minOf, type ResourceCalculator } from '../calculator.js'
import { type QueueCounters, queueCounters } from '../counters.js'
import type { SchedulerNode } from '../node.js'
import { Usage } from '../usage.js'
import type { Assignment } from './allocator.js'
import type { CapacityScheduler } from './capacity.js'
import type { LeafQueue } from './leaf.js'
import type { ParentQueue } from './parent.js'
import type { Killables } from './preemption/killable.js'
import { NO_ACCESS, QUEUE_NEEDS_NOTHING } from './recording.js'
import type { QueueSpec } from './spec.js'

const float = Math.fround

/** Whether requests without a label may use nodes of a non-exclusive partition. */
export type SchedulingMode = 'RESPECT' | 'IGNORE'

/** What a queue may use, handed down while a node is offered, and what it found out on the way. */
export interface Limits {
  readonly limit: Resource
  headroom: Resource
  /** What skipped queues below must be left. */
  blocked: Resource
  needUnreserve: Resource
}

export const limitsOf = (limit: Resource): Limits => ({ limit, headroom: limit, blocked: NONE, needUnreserve: NONE })

/** Shares of one partition: fractions of 1, as Java floats. */
export interface Shares {
  capacity: number
  maximumCapacity: number
  absoluteCapacity: number
  absoluteMaximumCapacity: number
  used: number
  absoluteUsed: number
  effectiveMin: Resource
  effectiveMax: Resource
  /** What it was last rounded from, and to: every offer asks for it. */
  rounded: { readonly of: Resource; readonly to: Resource } | undefined
}

export abstract class CapacityQueue {
  abstract readonly kind: 'parent' | 'leaf'
  readonly usage = new Usage()
  readonly shares = new Map<string, Shares>()
  readonly counters = queueCounters()
  /** Of it and all below; undefined: there never was one. */
  killables: Killables | undefined
  numContainers = 0
  numApplications = 0
  state: QueueState = 'RUNNING'
  /** Made by a placement rule, not by the configuration. */
  autoCreated = false

  constructor(
    readonly scheduler: CapacityScheduler,
    public spec: QueueSpec,
    readonly parent: ParentQueue | undefined,
  ) {
    this.initialState(spec)
  }

  get name(): string {
    return this.spec.name
  }

  get path(): string {
    return this.spec.path
  }

  get calculator(): ResourceCalculator {
    return this.scheduler.settings.calculator
  }

  get minimumAllocation(): Resource {
    return this.scheduler.settings.minimumAllocation
  }

  get clusterTotal(): Resource {
    return this.scheduler.cluster.total
  }

  partitionTotal(partition: string): Resource {
    return this.scheduler.cluster.ofPartition(partition)
  }

  share(partition: string): Shares {
    let s = this.shares.get(partition)
    if (!s) {
      s = {
        capacity: 0,
        maximumCapacity: 0,
        absoluteCapacity: 0,
        absoluteMaximumCapacity: 0,
        used: 0,
        absoluteUsed: 0,
        effectiveMin: NONE,
        effectiveMax: NONE,
        rounded: undefined,
      }
      this.shares.set(partition, s)
    }
    return s
  }

  effectiveMin(partition: string): Resource {
    return this.shares.get(partition)?.effectiveMin ?? NONE
  }

  effectiveMax(partition: string): Resource {
    return this.shares.get(partition)?.effectiveMax ?? NONE
  }

  /** At most so much, in steps of the smallest container. */
  roundedMax(partition: string): Resource {
    const share = this.shares.get(partition)
    if (!share) return this.calculator.roundDown(NONE, this.minimumAllocation)
    if (share.rounded?.of !== share.effectiveMax) {
      share.rounded = { of: share.effectiveMax, to: this.calculator.roundDown(share.effectiveMax, this.minimumAllocation) }
    }
    return share.rounded!.to
  }

  /** Takes over a configuration that has been checked. */
  configure(spec: QueueSpec): void {
    this.spec = spec
    for (const label of [...this.shares.keys()]) if (!spec.labels.has(label)) this.shares.delete(label)
    for (const [label, of] of spec.labels) {
      const share = this.share(label)
      const above = this.parent?.shares.get(label)
      share.capacity = of.capacity
      share.maximumCapacity = of.maximumCapacity
      share.absoluteCapacity = float(of.capacity * (this.parent ? (above?.absoluteCapacity ?? 0) : 1))
      share.absoluteMaximumCapacity = float(of.maximumCapacity * (this.parent ? (above?.absoluteMaximumCapacity ?? 0) : 1))
    }
  }

  private initialState(spec: QueueSpec): void {
    const above = this.parent?.state
    this.state = spec.state ?? (above === 'DRAINING' ? 'STOPPED' : (above ?? 'RUNNING'))
  }

  /** Follows a configured state: a queue with applications drains before it stops. */
  followState(spec: QueueSpec): void {
    if (this.state === 'RUNNING' && spec.state === 'STOPPED') this.stop()
    else if (this.state !== 'RUNNING' && spec.state === 'RUNNING') this.activate()
  }

  stop(): void {
    this.state = this.numApplications > 0 ? 'DRAINING' : 'STOPPED'
  }

  activate(): void {
    if (this.state === 'RUNNING') return
    if (this.parent && this.parent.state !== 'RUNNING') {
      throw exception('YarnException', `The parent Queue:${this.parent.path} is not running. Please activate the parent queue first`)
    }
    this.state = 'RUNNING'
  }

  protected applicationLeft(): void {
    if (this.state === 'DRAINING' && this.numApplications === 0) this.state = 'STOPPED'
  }

  accessible(partition: string): boolean {
    return partition === '' || this.spec.accessibleLabels.has('*') || this.spec.accessibleLabels.has(partition)
  }

  mayAccess(user: string, groups: readonly string[], access: 'SUBMIT_APPLICATIONS' | 'ADMINISTER_QUEUE'): boolean {
    const acl = access === 'SUBMIT_APPLICATIONS' ? this.spec.submitAcl : this.spec.administerAcl
    return aclAllows(acl, user, groups) || (this.parent?.mayAccess(user, groups, access) ?? false)
  }

  // ── books ──

  charge(by: Resource, partition: string): void {
    this.usage.inc('used', partition, by)
    this.numContainers++
    this.updateUsedCapacity(partition)
  }

  discharge(by: Resource, partition: string): void {
    this.usage.dec('used', partition, by)
    this.numContainers--
    this.updateUsedCapacity(partition)
  }

  /** A container that stays changes its size. */
  recharge(by: Resource, partition: string): void {
    this.usage.inc('used', partition, by)
    this.updateUsedCapacity(partition)
  }

  updateUsedCapacity(partition: string): void {
    const share = this.share(partition)
    const rc = this.calculator
    const whole = this.partitionTotal(partition)
    if (rc.compare(whole, whole, NONE) <= 0) {
      share.used = 0
      share.absoluteUsed = 0
      return
    }
    const used = this.usage.of(partition).used
    share.absoluteUsed = rc.divide(whole, used, whole)
    share.used = rc.divide(whole, used, maxOf(rc, whole, share.effectiveMin, this.minimumAllocation))
  }

  reserve(by: Resource, partition: string): void {
    for (let q: CapacityQueue | undefined = this; q; q = q.parent) {
      q.usage.inc('reserved', partition, by)
      q.counters.reservedContainers++
    }
  }

  unreserve(by: Resource, partition: string): void {
    for (let q: CapacityQueue | undefined = this; q; q = q.parent) {
      q.usage.dec('reserved', partition, by)
      q.counters.reservedContainers--
    }
  }

  count(what: keyof QueueCounters, by = 1): void {
    for (let q: CapacityQueue | undefined = this; q; q = q.parent) q.counters[what] += by
  }

  // ── decisions ──

  hasPending(partition: string, mode: SchedulingMode): boolean {
    const pending = this.usage.of(mode === 'IGNORE' ? '' : partition).pending
    return this.calculator.compare(this.clusterTotal, pending, NONE) > 0
  }

  /** Whether it may use nodes of the partition and wants something there; which of these fails is recorded. */
  protected isInterested(partition: string, mode: SchedulingMode): boolean {
    const accessible = mode === 'IGNORE' || this.accessible(partition)
    if (accessible && this.hasPending(partition, mode)) return true
    this.scheduler.recording?.queue(this, accessible ? 'SKIPPED' : 'REJECTED', accessible ? QUEUE_NEEDS_NOTHING : NO_ACCESS)
    return false
  }

  /** What it uses; for queues above leaves less what may be killed for others below. */
  protected usedToAssign(partition: string): Resource {
    return this.usage.of(partition).used
  }

  /** Whether the queue is below what it may use, or would be if reservations were given up; notes the headroom. */
  canAssign(partition: string, limits: Limits, couldUnreserve: Resource, mode: SchedulingMode): boolean {
    const rc = this.calculator
    const cluster = this.clusterTotal
    const most = mode === 'RESPECT' ? minOf(rc, cluster, this.effectiveMax(partition), limits.limit) : this.partitionTotal(partition)
    const used = this.usedToAssign(partition)
    limits.headroom = subtract(most, used)
    if (rc.compare(cluster, used, most) < 0) return true
    return (
      this.scheduler.reservationsContinueLooking &&
      rc.compare(cluster, couldUnreserve, NONE) > 0 &&
      rc.compare(cluster, subtract(used, couldUnreserve), most) < 0
    )
  }

  /** Whether an allocation leaves this queue and all above it within their maximum. */
  accepts(net: Resource, partition: string, mode: SchedulingMode): boolean {
    const most = mode === 'RESPECT' ? this.effectiveMax(partition) : this.partitionTotal(partition)
    if (!this.calculator.fitsIn(add(this.usage.of(partition).used, net), most)) return false
    return this.parent?.accepts(net, partition, mode) ?? true
  }

  abstract assign(node: SchedulerNode, limits: Limits, mode: SchedulingMode): Assignment | undefined | 'QUEUE_LIMIT'
  abstract updateCluster(limits: Resource): void
  abstract leaves(): LeafQueue[]
}

/** Priority decides among queues on the same side of their share; a queue below its share goes before one at or above it. */
export function compareUsed(a: number, b: number, priorityA: number, priorityB: number): number {
  if (priorityA === priorityB) return a - b
  if ((a < 1 && b < 1) || (a >= 1 && b >= 1)) return priorityB - priorityA
  return a - b
}
