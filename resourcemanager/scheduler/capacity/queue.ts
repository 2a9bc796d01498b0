/** Queues of the capacity scheduler: what leaf and parent queues have in common, and the parents (AbstractCSQueue, ParentQueue). */
import { exception } from '../../../common/errors.js'
import {
  type ApplicationId,
  add,
  formatApplicationId,
  multiplyDown,
  NONE,
  type QueueState,
  type Resource,
  sameResource,
  subtract,
} from '../../../common/records/index.js'
import { aclAllows } from '../acl.js'
import { maxOf, minOf, type ResourceCalculator } from '../calculator.js'
import { type QueueCounters, queueCounters } from '../counters.js'
import type { SchedulerNode } from '../node.js'
import { Usage } from '../usage.js'
import type { Assignment } from './allocator.js'
import type { CapacityScheduler } from './capacity.js'
import type { LeafQueue } from './leaf.js'
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
}

export abstract class CapacityQueue {
  abstract readonly kind: 'parent' | 'leaf'
  readonly usage = new Usage()
  readonly shares = new Map<string, Shares>()
  readonly counters = queueCounters()
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

  /** Whether the queue is below what it may use, or would be if reservations were given up; notes the headroom. */
  canAssign(partition: string, limits: Limits, couldUnreserve: Resource, mode: SchedulingMode): boolean {
    const rc = this.calculator
    const cluster = this.clusterTotal
    const most = mode === 'RESPECT' ? minOf(rc, cluster, this.effectiveMax(partition), limits.limit) : this.partitionTotal(partition)
    const used = this.usage.of(partition).used
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

export class ParentQueue extends CapacityQueue {
  readonly kind = 'parent'
  children: CapacityQueue[] = []
  /** Applications in all queues below that count as running. */
  runnableApplications = 0

  override leaves(): LeafQueue[] {
    return this.children.flatMap((c) => c.leaves())
  }

  override stop(): void {
    super.stop()
    for (const child of this.children) child.stop()
  }

  /** @throws AccessControlException in Hadoop's words when the queue takes no applications */
  checkSubmission(id: ApplicationId, queue: string): void {
    if (queue === this.name) throw exception('AccessControlException', `Cannot submit application to non-leaf queue: ${this.name}`)
    if (this.state !== 'RUNNING') {
      throw exception('AccessControlException', `Queue ${this.path} is STOPPED. Cannot accept submission of application: ${formatApplicationId(id)}`)
    }
    this.parent?.checkSubmission(id, queue)
  }

  addApplication(): void {
    for (let q: ParentQueue | undefined = this; q; q = q.parent) q.numApplications++
  }

  removeApplication(): void {
    for (let q: ParentQueue | undefined = this; q; q = q.parent) {
      q.numApplications--
      q.applicationLeft()
    }
  }

  assign(node: SchedulerNode, limits: Limits, mode: SchedulingMode): Assignment | undefined | 'QUEUE_LIMIT' {
    const partition = node.partition
    if (mode === 'RESPECT' && !this.accessible(partition)) return undefined
    if (!this.hasPending(partition, mode)) return undefined
    const rc = this.calculator
    if (node.reserved || rc.compare(this.clusterTotal, node.available, this.minimumAllocation) < 0) return undefined
    if (!this.canAssign(partition, limits, this.usage.of('').reserved, mode)) return undefined
    let skipped: 'QUEUE_LIMIT' | undefined
    for (const child of this.inOrder(partition)) {
      const childLimits = this.limitsOfChild(child, subtract(limits.limit, limits.blocked), partition)
      const assigned = child.assign(node, childLimits, mode)
      if (assigned === 'QUEUE_LIMIT') {
        skipped = assigned
        // What this child is held back from must not be handed to a lesser one.
        const held = child.kind === 'leaf' ? childLimits.headroom : childLimits.blocked
        limits.blocked = add(limits.blocked, maxOf(rc, this.clusterTotal, held, NONE))
      } else if (assigned) {
        return assigned
      }
    }
    return skipped
  }

  limitsOfChild(child: CapacityQueue, own: Resource, partition: string): Limits {
    const rc = this.calculator
    const left = add(subtract(own, this.usage.of(partition).used), child.usage.of(partition).used)
    const most = rc.roundDown(child.effectiveMax(partition), this.minimumAllocation)
    return limitsOf(rc.roundDown(minOf(rc, this.clusterTotal, left, most), this.minimumAllocation))
  }

  /** Children, those furthest below their share first (PriorityUtilizationQueueOrderingPolicy). */
  inOrder(partition: string): CapacityQueue[] {
    if (this.children.length <= 1) return this.children
    const respectPriority = this.spec.respectPriority
    return this.children.toSorted((a, b) => {
      if (partition !== '') {
        const access = Number(b.accessible(partition)) - Number(a.accessible(partition))
        if (access !== 0) return access
      }
      const x = a.share(partition)
      const y = b.share(partition)
      if (x.absoluteCapacity > 0 !== y.absoluteCapacity > 0) return x.absoluteCapacity > 0 ? -1 : 1
      const both = x.absoluteCapacity > 0
      return (
        compareUsed(
          both ? x.used : x.absoluteUsed,
          both ? y.used : y.absoluteUsed,
          respectPriority ? a.spec.priority : 0,
          respectPriority ? b.spec.priority : 0,
        ) || this.#compareGuarantee(a, b, partition)
      )
    })
  }

  #compareGuarantee(a: CapacityQueue, b: CapacityQueue, partition: string): number {
    const x = a.spec.labels.get(partition)?.minResource ?? NONE
    const y = b.spec.labels.get(partition)?.minResource ?? NONE
    if (!sameResource(x, NONE) && !sameResource(y, NONE)) return y.memory - x.memory || y.vcores - x.vcores
    return b.share(partition).absoluteCapacity - a.share(partition).absoluteCapacity
  }

  override updateCluster(limits: Resource): void {
    for (const label of this.spec.labels.keys()) this.#effective(label)
    for (const child of this.children) child.updateCluster(this.limitsOfChild(child, limits, '').limit)
    for (const label of new Set([...this.shares.keys(), ...this.usage.partitions()])) this.updateUsedCapacity(label)
  }

  /** What each child is guaranteed and may have at most of the partition as it is now. */
  #effective(label: string): void {
    const whole = this.partitionTotal(label)
    const own = this.share(label)
    if (!this.parent) {
      own.effectiveMin = whole
      own.effectiveMax = whole
      own.absoluteCapacity = 1
    }
    let configured = NONE
    for (const child of this.children) configured = add(configured, child.spec.labels.get(label)?.minResource ?? NONE)
    const guaranteed = this.parent ? own.effectiveMin : whole
    const scarce = this.calculator.compare(this.clusterTotal, guaranteed, configured) < 0 && !sameResource(guaranteed, NONE)
    for (const child of this.children) {
      const spec = child.spec.labels.get(label)
      if (!spec) continue
      const share = child.share(label)
      if (child.spec.absolute) this.#effectiveAbsolute(child, label, scarce ? guaranteed : undefined, configured)
      else {
        share.effectiveMin = multiplyDown(whole, share.absoluteCapacity)
        share.effectiveMax = multiplyDown(whole, share.absoluteMaximumCapacity)
      }
    }
  }

  #effectiveAbsolute(child: CapacityQueue, label: string, scarce: Resource | undefined, configured: Resource): void {
    const rc = this.calculator
    const whole = this.partitionTotal(label)
    const own = this.share(label)
    const share = child.share(label)
    const spec = child.spec.labels.get(label)!
    const scaled = (of: number, have: number, want: number) => (want === 0 ? of : Math.trunc(of * float(float(have) / float(want))))
    share.effectiveMin = scarce
      ? { memory: scaled(spec.minResource.memory, scarce.memory, configured.memory), vcores: scaled(spec.minResource.vcores, scarce.vcores, configured.vcores) }
      : spec.minResource
    const ownMax = this.spec.labels.get(label)?.maxResource ?? NONE
    const parentMax = !this.parent ? whole : sameResource(ownMax, NONE) ? own.effectiveMax : ownMax
    share.effectiveMax = minOf(rc, whole, sameResource(spec.maxResource, NONE) ? parentMax : spec.maxResource, parentMax)
    const of = (part: Resource, all: Resource) => (sameResource(all, NONE) ? 0 : rc.divide(this.clusterTotal, part, all))
    share.capacity = of(share.effectiveMin, own.effectiveMin)
    share.maximumCapacity = of(share.effectiveMax, own.effectiveMax)
    share.absoluteCapacity = float(share.capacity * own.absoluteCapacity)
    share.absoluteMaximumCapacity = float(share.maximumCapacity * (this.parent ? own.absoluteMaximumCapacity : 1))
    if (child.kind === 'leaf') (child as LeafQueue).updateMaximumApplications()
  }
}

/** Priority decides among queues on the same side of their share; a queue below its share goes before one at or above it. */
export function compareUsed(a: number, b: number, priorityA: number, priorityB: number): number {
  if (priorityA === priorityB) return a - b
  if ((a < 1 && b < 1) || (a >= 1 && b >= 1)) return priorityB - priorityA
  return a - b
}
