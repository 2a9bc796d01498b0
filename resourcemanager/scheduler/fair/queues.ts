/** Queues of the fair scheduler: parents and leaves (FSParentQueue, FSLeafQueue). */
import { add, componentwiseMax, componentwiseMin, fitsIn, isNone, NONE, type Resource, resource } from '../../../common/records/index.js'
import { aclAllows } from '../acl.js'
import type { AttemptQueue, SchedulerAttempt } from '../attempt.js'
import { subtractNonNegative } from '../calculator.js'
import { queueCounters } from '../counters.js'
import { Usage } from '../usage.js'
import { type FairQueueSpec, resolve } from './allocations.js'
import type { FairApplication } from './application.js'
import type { FairScheduler } from './fair.js'
import type { Schedulable } from './shares.js'

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
  /** Applications accepted, with attempt or without. */
  assigned = 0
  readonly startTime = 0
  #lastTimeAtMinShare: number

  constructor(
    readonly scheduler: FairScheduler,
    public spec: FairQueueSpec,
    readonly parent: FairQueue | undefined,
    readonly isLeaf: boolean,
    /** Named in the allocation file; the others were made on the way and go when they are empty. */
    public configured: boolean,
  ) {
    this.#lastTimeAtMinShare = scheduler.host.now
  }

  get path(): string {
    return this.spec.path
  }

  get sortName(): string {
    return this.path
  }

  get weight(): number {
    return this.spec.weight
  }

  get minShare(): Resource {
    return this.spec.minShare
  }

  get maxShare(): Resource {
    const own = (!this.configured && this.parent?.spec.maxChildShare) || this.spec.maxShare
    return componentwiseMax(resolve(own, this.scheduler.cluster.total), this.minShare)
  }

  get usage(): Resource {
    return this.books.total('used')
  }

  get demand(): Resource {
    const wanted = this.isLeaf ? add(this.usage, this.books.total('pending')) : this.children.reduce((sum, c) => add(sum, c.demand), NONE)
    return componentwiseMin(wanted, this.maxShare)
  }

  get active(): boolean {
    return this.applications.size > 0 || this.children.some((c) => c.active)
  }

  get runnable(): number {
    return this.applications.size + this.children.reduce((n, c) => n + c.runnable, 0)
  }

  get empty(): boolean {
    return this.assigned === 0 && this.children.every((c) => c.empty)
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

  /** The largest container, as the nearest queue upwards says that says anything. */
  get maxContainer(): Resource | undefined {
    return this.spec.maxContainer ?? this.parent?.maxContainer
  }

  /** What application masters may use together; undefined: anything. */
  amLimit(): Resource | undefined {
    const percent = this.spec.maxAMShare
    if (Math.abs(percent + 1) < 0.0001) return undefined
    const { free, resourceTypes } = this.scheduler
    const most = this.maxShare
    const base = (share: number, left: number, limit: number) => Math.ceil((share || Math.min(left, limit)) * Math.fround(percent))
    const more = (r: Resource, type: string) => r.extended?.[type] ?? 0
    return resource(
      base(this.fairShare.memory, free.memory, most.memory),
      base(this.fairShare.vcores, free.vcores, most.vcores),
      Object.fromEntries(resourceTypes.map((t) => [t, base(more(this.fairShare, t), more(free, t), more(most, t))])),
    )
  }

  // ── preemption ──

  /** How long, and how far, it may be below its shares; what it does not say its parent does. */
  get preemptionLimits(): { threshold: number; fairShareTimeout: number; minShareTimeout: number; preemptable: boolean } {
    const above = this.parent?.preemptionLimits
    const { spec } = this
    return {
      threshold: spec.fairSharePreemptionThreshold ?? above?.threshold ?? 0.5,
      fairShareTimeout: spec.fairSharePreemptionTimeout ?? above?.fairShareTimeout ?? Number.MAX_SAFE_INTEGER,
      minShareTimeout: spec.minSharePreemptionTimeout ?? above?.minShareTimeout ?? Number.MAX_SAFE_INTEGER,
      preemptable: spec.allowPreemptionFrom && (above?.preemptable ?? true),
    }
  }

  /** What of the cluster this is, by the amounts that the queue's policy looks at. */
  dominantShare(r: Resource): number {
    if (this.spec.policy !== 'drf') return r.memory
    const { total } = this.scheduler.cluster
    const of = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)
    const more = this.scheduler.resourceTypes.map((t) => of(r.extended?.[t] ?? 0, total.extended?.[t] ?? 0))
    return Math.max(of(r.memory, total.memory), of(r.vcores, total.vcores), ...more)
  }

  /** What it lacks of its minimum, once that has lasted too long. */
  minShareStarvation(now: number): Resource {
    const starvation = subtractNonNegative(componentwiseMin(this.minShare, this.demand), this.usage)
    if (isNone(starvation)) this.#lastTimeAtMinShare = now
    return now - this.#lastTimeAtMinShare < this.preemptionLimits.minShareTimeout ? NONE : starvation
  }

  // ── books ──

  pendingChanged(_attempt: SchedulerAttempt, partition: string, by: Resource, containers: number): void {
    for (let q: FairQueue | undefined = this; q; q = q.parent) {
      q.books.inc('pending', partition, by)
      q.counters.pendingContainers += containers
    }
    this.scheduler.demandChanged()
  }

  attemptWantsMore(): void {}

  attemptWantsNothing(): void {}

  charge(by: Resource, containers: number): void {
    for (let q: FairQueue | undefined = this; q; q = q.parent) {
      q.books.inc('used', '', by)
      q.containers += containers
    }
  }

  /** Reservations are no use: they count beside it. */
  reserve(by: Resource, containers: number): void {
    for (let q: FairQueue | undefined = this; q; q = q.parent) {
      q.books.inc('reserved', '', by)
      q.counters.reservedContainers += containers
    }
  }

  count(what: keyof ReturnType<typeof queueCounters>, by = 1): void {
    for (let q: FairQueue | undefined = this; q; q = q.parent) q.counters[what] += by
  }
}
