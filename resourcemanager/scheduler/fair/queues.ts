/** Queues of the fair scheduler: parents and leaves (FSParentQueue, FSLeafQueue). */
import { add, componentwiseMin, fitsIn, NONE, type Resource } from '../../../common/records/index.js'
import { aclAllows } from '../acl.js'
import type { AttemptQueue, SchedulerAttempt } from '../attempt.js'
import { queueCounters } from '../counters.js'
import { Usage } from '../usage.js'
import { type FairQueueSpec, resolve } from './allocations.js'
import type { FairScheduler } from './fair.js'
import type { Schedulable } from './shares.js'

export class FairApplication implements Schedulable {
  fairShare: Resource = NONE
  amRunning = false
  readonly weight = 1
  readonly minShare = NONE
  readonly active = true
  readonly sortName: string

  constructor(
    readonly attempt: SchedulerAttempt,
    readonly startTime: number,
    private readonly scheduler: FairScheduler,
  ) {
    this.sortName = attempt.prefix
  }

  get priority(): number {
    return this.attempt.priority
  }

  get maxShare(): Resource {
    return this.scheduler.cluster.total
  }

  get usage(): Resource {
    return this.attempt.usage.total('used')
  }

  get pending(): Resource {
    return this.attempt.usage.total('pending')
  }

  get demand(): Resource {
    return add(this.usage, this.pending)
  }
}

export class FairQueue implements AttemptQueue, Schedulable {
  fairShare: Resource = NONE
  readonly children: FairQueue[] = []
  readonly applications = new Map<SchedulerAttempt, FairApplication>()
  /** Beyond the number that may run at a time. */
  readonly waiting = new Map<SchedulerAttempt, FairApplication>()
  readonly books = new Usage()
  readonly counters = queueCounters()
  amUsed: Resource = NONE
  containers = 0
  assigned = 0

  constructor(
    readonly scheduler: FairScheduler,
    public spec: FairQueueSpec,
    readonly parent: FairQueue | undefined,
    readonly configured: boolean,
  ) {}

  get path(): string {
    return this.spec.path
  }

  get isLeaf(): boolean {
    return !this.spec.parent && this.children.length === 0
  }

  get sortName(): string {
    return this.path
  }

  readonly startTime = 0
  readonly priority = 0

  get weight(): number {
    return this.spec.weight
  }

  get minShare(): Resource {
    return this.spec.minShare
  }

  get maxShare(): Resource {
    const own = resolve(this.spec.maxShare, this.scheduler.cluster.total)
    return this.parent ? own : componentwiseMin(own, this.scheduler.cluster.total)
  }

  get usage(): Resource {
    return this.books.total('used')
  }

  get demand(): Resource {
    return componentwiseMin(add(this.usage, this.books.total('pending')), this.maxShare)
  }

  get active(): boolean {
    return this.applications.size > 0 || this.children.some((c) => c.active)
  }

  get runnable(): number {
    return this.applications.size + this.children.reduce((n, c) => n + c.runnable, 0)
  }

  leaves(): FairQueue[] {
    return this.isLeaf ? [this] : this.children.flatMap((c) => c.leaves())
  }

  fitsInMaxShare(more: Resource): boolean {
    if (!fitsIn(add(this.usage, more), this.maxShare)) return false
    return this.parent?.fitsInMaxShare(more) ?? true
  }

  mayAccess(user: string, groups: readonly string[], access: 'SUBMIT_APPLICATIONS' | 'ADMINISTER_QUEUE'): boolean {
    const acl = access === 'SUBMIT_APPLICATIONS' ? this.spec.submitAcl : this.spec.administerAcl
    return aclAllows(acl, user, groups) || (this.parent?.mayAccess(user, groups, access) ?? false)
  }

  /** What application masters may use together; undefined: anything. */
  amLimit(): Resource | undefined {
    const percent = this.spec.maxAMShare
    if (percent < 0) return undefined
    const free = this.scheduler.free()
    const base = {
      memory: this.fairShare.memory || Math.min(free.memory, this.maxShare.memory),
      vcores: this.fairShare.vcores || Math.min(free.vcores, this.maxShare.vcores),
    }
    return { memory: Math.ceil(base.memory * Math.fround(percent)), vcores: Math.ceil(base.vcores * Math.fround(percent)) }
  }

  pendingChanged(_attempt: SchedulerAttempt, partition: string, by: Resource, containers: number): void {
    for (let q: FairQueue | undefined = this; q; q = q.parent) {
      q.books.inc('pending', partition, by)
      q.counters.pendingContainers += containers
    }
    this.scheduler.sharesChanged()
  }

  attemptWantsMore(): void {}

  attemptWantsNothing(): void {}

  charge(by: Resource, containers: number): void {
    for (let q: FairQueue | undefined = this; q; q = q.parent) {
      q.books.inc('used', '', by)
      q.containers += containers
    }
  }

  count(what: keyof ReturnType<typeof queueCounters>, by = 1): void {
    for (let q: FairQueue | undefined = this; q; q = q.parent) q.counters[what] += by
  }
}
