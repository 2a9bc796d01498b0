/** A queue of queues: which of them is offered a node first, and what each is guaranteed and may have of the cluster as it is (ParentQueue). */
import { exception } from '../../../common/errors.js'
import { type ApplicationId, add, formatApplicationId, multiplyDown, NONE, type Resource, sameResource, subtract } from '../../../common/records/index.js'
import { maxOf, minOf } from '../calculator.js'
import type { SchedulerNode } from '../node.js'
import type { Assignment } from './allocator.js'
import type { LeafQueue } from './leaf.js'
import { ManagedQueues } from './managed.js'
import { CapacityQueue, compareUsed, type Limits, limitsOf, type SchedulingMode } from './queue.js'
import { QUEUE_FULL, QUEUE_NODE_RESERVED, QUEUE_NODE_TOO_FULL } from './recording.js'

const float = Math.fround

const FEW_CHILDREN = 16

export class ParentQueue extends CapacityQueue {
  readonly kind = 'parent'
  children: CapacityQueue[] = []
  /** Applications in all queues below that count as running. */
  runnableApplications = 0
  /** Of the queues that are made below it. */
  readonly managed = new ManagedQueues(this)

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

  protected override usedToAssign(partition: string): Resource {
    const { used } = this.usage.of(partition)
    return this.killables ? subtract(used, this.killables.total(partition)) : used
  }

  assign(node: SchedulerNode, limits: Limits, mode: SchedulingMode): Assignment | undefined | 'QUEUE_LIMIT' {
    const partition = node.partition
    const { recording } = this.scheduler
    if (!this.isInterested(partition, mode)) return undefined
    const rc = this.calculator
    if (node.reserved || rc.compare(this.clusterTotal, node.obtainable, this.minimumAllocation) < 0) {
      recording?.queue(this, 'REJECTED', node.reserved ? QUEUE_NODE_RESERVED : QUEUE_NODE_TOO_FULL)
      this.scheduler.looks.nodeMattered = true
      return undefined
    }
    if (!this.canAssign(partition, limits, this.usage.of('').reserved, mode)) {
      recording?.queue(this, 'REJECTED', QUEUE_FULL)
      return undefined
    }
    let skipped: 'QUEUE_LIMIT' | undefined
    for (const child of this.inOrder(partition)) {
      const own = limits.blocked === NONE ? limits.limit : subtract(limits.limit, limits.blocked)
      const childLimits = this.limitsOfChild(child, own, partition)
      const assigned = child.assign(node, childLimits, mode)
      if (assigned === 'QUEUE_LIMIT') {
        skipped = assigned
        // What this child is held back from must not be handed to a lesser one.
        const held = child.kind === 'leaf' ? childLimits.headroom : childLimits.blocked
        limits.blocked = add(limits.blocked, maxOf(rc, this.clusterTotal, held, NONE))
      } else if (assigned) {
        recording?.accepted(this, assigned)
        return assigned
      }
    }
    recording?.queue(this, 'SKIPPED')
    return skipped
  }

  limitsOfChild(child: CapacityQueue, own: Resource, partition: string): Limits {
    const rc = this.calculator
    const left = add(subtract(own, this.usedToAssign(partition)), child.usage.of(partition).used)
    const most = child.roundedMax(partition)
    return limitsOf(rc.roundDown(minOf(rc, this.clusterTotal, left, most), this.minimumAllocation))
  }

  /** Children, those furthest below their share first (PriorityUtilizationQueueOrderingPolicy). */
  inOrder(partition: string): readonly CapacityQueue[] {
    const { children } = this
    if (children.length <= 1) return children
    if (children.length > FEW_CHILDREN) return children.toSorted((a, b) => this.#compare(a, b, partition))
    // For each container anew: putting a few in place by hand spares what toSorted makes to work on, an eighth of all that the core made.
    const sorted: CapacityQueue[] = []
    for (const child of children) {
      let at = sorted.push(child) - 1
      for (; at > 0 && this.#compare(sorted[at - 1]!, child, partition) > 0; at--) sorted[at] = sorted[at - 1]!
      sorted[at] = child
    }
    return sorted
  }

  #compare(a: CapacityQueue, b: CapacityQueue, partition: string): number {
    if (partition !== '') {
      const access = Number(b.accessible(partition)) - Number(a.accessible(partition))
      if (access !== 0) return access
    }
    const x = a.share(partition)
    const y = b.share(partition)
    if (x.absoluteCapacity > 0 !== y.absoluteCapacity > 0) return x.absoluteCapacity > 0 ? -1 : 1
    const both = x.absoluteCapacity > 0
    const { respectPriority } = this.spec
    return (
      compareUsed(
        both ? x.used : x.absoluteUsed,
        both ? y.used : y.absoluteUsed,
        respectPriority ? a.spec.priority : 0,
        respectPriority ? b.spec.priority : 0,
      ) || this.#compareGuarantee(a, b, partition)
    )
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
