/** A leaf queue: its applications, which of them are active, and which one gets what a node offers (LeafQueue). */
import { exception } from '../../../common/errors.js'
import {
  type ApplicationId,
  add,
  componentwiseMax,
  componentwiseMin,
  fitsIn,
  formatApplicationId,
  isNone,
  NONE,
  type Resource,
  subtract,
} from '../../../common/records/index.js'
import type { AttemptQueue, SchedulerAttempt } from '../attempt.js'
import { minOf, subtractNonNegative } from '../calculator.js'
import type { SchedulerNode } from '../node.js'
import { applicationKey } from '../scheduler.js'
import { type Assignment, allocate, allocateReserved } from './allocator.js'
import type { CapacityScheduler } from './capacity.js'
import { Ordering, orderingPolicy, pendingOrder } from './ordering.js'
import type { ParentQueue } from './parent.js'
import { CapacityQueue, type Limits, type SchedulingMode } from './queue.js'
import { NO_HEADROOM, QUEUE_FIFO, QUEUE_FULL, USER_FULL } from './recording.js'
import type { QueueSpec } from './spec.js'
import { type User, Users } from './users.js'

const float = Math.fround

export const QUEUE_AM_LIMIT = "Queue's AM resource limit exceeded. "
export const USER_AM_LIMIT = "User's AM resource limit exceeded. "
export const CLUSTER_EMPTY = 'Skipping AM assignment as cluster resource is empty. '
export const USER_LIMIT = 'User capacity has reached its maximum limit.'

export interface HeadroomBasis {
  readonly queue: LeafQueue
  readonly user: User
}

export class LeafQueue extends CapacityQueue implements AttemptQueue {
  readonly kind = 'leaf'
  readonly users = new Users(this)
  readonly attempts = new Set<SchedulerAttempt>()
  active: Ordering
  readonly pending = new Ordering('pending', pendingOrder)
  /** Beyond the number that may run at a time. */
  readonly nonRunnable = new Set<SchedulerAttempt>()
  readonly runnable = new Set<SchedulerAttempt>()
  maximumApplications = 0
  maximumApplicationsPerUser = 0
  /** Highest share of the largest container that the smallest leaves free: damps starvation. */
  minimumAllocationFactor = 0
  /** What the queue may use, as of the last offer: headroom is computed from it when asked. */
  #currentLimit: Resource = NONE
  /** As the headroom of applications sees it. */
  #knownLimit: Resource = NONE

  constructor(scheduler: CapacityScheduler, spec: QueueSpec, parent: ParentQueue) {
    super(scheduler, spec, parent)
    this.active = orderingPolicy(spec.orderingPolicy, spec.sizeBasedWeight, spec.exclusivePartitions)
    this.#currentLimit = this.clusterTotal
    this.#knownLimit = this.clusterTotal
  }

  override leaves(): LeafQueue[] {
    return [this]
  }

  override configure(spec: QueueSpec): void {
    const policyChanged =
      spec.orderingPolicy !== this.spec.orderingPolicy || spec.sizeBasedWeight !== this.spec.sizeBasedWeight || spec.orderingPolicy === 'fifo-with-partitions'
    super.configure(spec)
    if (policyChanged) {
      const before = this.active.inOrder()
      this.active = orderingPolicy(spec.orderingPolicy, spec.sizeBasedWeight, spec.exclusivePartitions)
      for (const attempt of before) this.active.add(attempt)
    }
    const rc = this.calculator
    this.minimumAllocationFactor = rc.ratio(subtract(spec.maximumAllocation, this.minimumAllocation), spec.maximumAllocation)
    this.users.userLimit = spec.userLimit
    this.users.userLimitFactor = spec.userLimitFactor
    this.users.weights = spec.userWeights
    this.users.updateWeights()
    this.updateMaximumApplications()
  }

  updateMaximumApplications(): void {
    const { global } = this.scheduler.config
    this.maximumApplications =
      this.spec.maximumApplications ??
      global.number('global-queue-max-application') ??
      Math.trunc(float((global.number('maximum-applications') ?? 10_000) * this.share('').absoluteCapacity))
    this.maximumApplicationsPerUser = Math.min(
      this.maximumApplications,
      Math.trunc(float(float(this.maximumApplications * float(this.users.userLimit / 100)) * this.users.userLimitFactor)),
    )
  }

  /** What its template says is guaranteed, or nothing is: all else stays as the template has it. */
  guarantee(label: string, asTemplate: boolean): void {
    const share = this.share(label)
    share.capacity = asTemplate ? (this.spec.labels.get(label)?.capacity ?? 0) : 0
    share.absoluteCapacity = float(share.capacity * this.parent!.share(label).absoluteCapacity)
  }

  /** Sequence number of the application that has been here, or has waited, the longest. */
  get oldestApplication(): number | undefined {
    const ids = [...this.pending.inOrder(), ...this.active.inOrder()].map((a) => a.id.applicationId.id)
    return ids.length === 0 ? undefined : Math.min(...ids)
  }

  // ── applications ──

  get applicationCount(): number {
    return this.pending.size + this.active.size + this.nonRunnable.size
  }

  /** @throws AccessControlException in Hadoop's words when the application can't be taken */
  submit(id: ApplicationId, userName: string, queueName: string): void {
    const application = formatApplicationId(id)
    if (this.state !== 'RUNNING') {
      throw exception('AccessControlException', `Queue ${this.path} is STOPPED. Cannot accept submission of application: ${application}`)
    }
    if (this.applicationCount >= this.maximumApplications) {
      throw exception(
        'AccessControlException',
        `Queue ${this.path} already has ${this.applicationCount} applications, cannot accept submission of application: ${application}`,
      )
    }
    const user = this.users.getOrAdd(userName)
    if (user.applications >= this.maximumApplicationsPerUser) {
      throw exception(
        'AccessControlException',
        `Queue ${this.path} already has ${user.applications} applications from user ${userName} cannot accept submission of application: ${application}`,
      )
    }
    this.parent!.checkSubmission(id, queueName)
    this.enter()
  }

  enter(): void {
    this.numApplications++
    this.parent!.addApplication()
  }

  finish(id: ApplicationId, user: string): void {
    this.users.deactivate(user, applicationKey(id))
    this.leave()
  }

  leave(): void {
    this.numApplications--
    this.applicationLeft()
    this.parent!.removeApplication()
  }

  addAttempt(attempt: SchedulerAttempt): void {
    this.attempts.add(attempt)
    const user = this.users.getOrAdd(attempt.user)
    if (!attempt.runnable) {
      this.nonRunnable.add(attempt)
      return
    }
    this.runnable.add(attempt)
    user.pendingApplications++
    this.pending.add(attempt)
    if (this.calculator.compare(this.clusterTotal, this.clusterTotal, NONE) > 0) this.activateApplications()
    else this.scheduler.noteWait(attempt, 'INACTIVATED', CLUSTER_EMPTY)
  }

  removeAttempt(attempt: SchedulerAttempt): void {
    this.attempts.delete(attempt)
    if (this.nonRunnable.delete(attempt)) {
      this.users.removeIdle(attempt.user)
      return
    }
    this.runnable.delete(attempt)
    const user = this.users.getOrAdd(attempt.user)
    if (this.active.remove(attempt)) {
      this.usage.dec('amUsed', attempt.amPartition, attempt.amResource)
      user.usage.dec('amUsed', attempt.amPartition, attempt.amResource)
      user.activeApplications--
    } else if (this.pending.remove(attempt)) {
      user.pendingApplications--
    }
    this.users.removeIdle(attempt.user)
    this.activateApplications()
  }

  reorder(attempt: SchedulerAttempt, change: () => void): void {
    const active = this.active.remove(attempt)
    if (!active) this.pending.remove(attempt)
    change()
    if (active) this.active.add(attempt)
    else if (attempt.runnable) this.pending.add(attempt)
  }

  amLimit(partition: string): Resource {
    const guaranteed = this.effectiveMin(partition)
    const current = partition === '' ? this.#knownLimit : NONE
    const usable = this.calculator.fitsIn(guaranteed, current) ? current : guaranteed
    const percent = this.spec.labels.get(partition)?.amPercent ?? float(this.spec.maximumAMPercent)
    const limit = this.calculator.multiplyAndNormalizeUp(usable, percent, this.minimumAllocation)
    this.usage.of(partition).amLimit = limit
    return limit
  }

  userAMLimit(partition: string, userName: string | undefined): Resource {
    const rc = this.calculator
    const fair = Math.max(float(this.users.userLimit / 100), float(1 / Math.max(this.users.activeUsers, 1)))
    const weight = (userName === undefined ? undefined : this.users.get(userName)?.weight) ?? 1
    const percent = this.spec.labels.get(partition)?.amPercent ?? float(this.spec.maximumAMPercent)
    const of = (share: number) =>
      minOf(
        rc,
        this.clusterTotal,
        rc.multiplyAndNormalizeUp(this.effectiveMin(partition), float(float(percent * share) * this.users.userLimitFactor), this.minimumAllocation),
        this.usage.of(partition).amLimit,
      )
    this.usage.of(partition).userAMLimit = of(fair)
    return of(Math.min(float(fair * weight), 1))
  }

  /** Starts as many of the waiting applications as their application masters fit. */
  activateApplications(): void {
    // Known, whether anybody waits for it or not.
    for (const label of this.spec.labels.keys()) this.amLimit(label)
    if (this.pending.size === 0) return
    const rc = this.calculator
    const userLimits = new Map<string, Resource>()
    for (const attempt of [...this.pending.inOrder()]) {
      const partition = attempt.amPartition
      const limit = this.amLimit(partition)
      const amUsed = this.usage.of(partition).amUsed
      /** One may always start: a share set too small must not stop the queue. */
      const first = this.active.size < 1 || rc.compare(this.clusterTotal, amUsed, NONE) <= 0
      if (!rc.fitsIn(add(attempt.amResource, amUsed), limit) && !first) {
        this.scheduler.noteWait(attempt, 'INACTIVATED', QUEUE_AM_LIMIT)
        continue
      }
      const user = this.users.getOrAdd(attempt.user)
      let userLimit = userLimits.get(partition)
      if (!userLimit) userLimits.set(partition, (userLimit = this.userAMLimit(partition, attempt.user)))
      if (!rc.fitsIn(add(attempt.amResource, user.usage.of(partition).amUsed), userLimit) && !first) {
        this.scheduler.noteWait(attempt, 'INACTIVATED', USER_AM_LIMIT)
        continue
      }
      user.pendingApplications--
      user.activeApplications++
      this.pending.remove(attempt)
      this.active.add(attempt)
      this.scheduler.noteWait(attempt, 'ACTIVATED', '')
      this.usage.inc('amUsed', partition, attempt.amResource)
      user.usage.inc('amUsed', partition, attempt.amResource)
      user.usage.of(partition).amLimit = userLimit
    }
  }

  // ── what attempts want ──

  pendingChanged(_attempt: SchedulerAttempt, partition: string, by: Resource, containers: number): void {
    for (let q: CapacityQueue | undefined = this; q; q = q.parent) {
      q.usage.inc('pending', partition, by)
      q.counters.pendingContainers += containers
    }
  }

  attemptWantsMore(attempt: SchedulerAttempt): void {
    this.users.activate(attempt.user, attempt.application.key)
  }

  attemptWantsNothing(attempt: SchedulerAttempt): void {
    this.users.deactivate(attempt.user, attempt.application.key)
  }

  // ── offers ──

  assign(node: SchedulerNode, limits: Limits, mode: SchedulingMode): Assignment | undefined | 'QUEUE_LIMIT' {
    this.#setLimit(limits.limit)
    const partition = node.partition
    const { recording } = this.scheduler
    const reserved = node.reserved
    if (reserved && this.attempts.has(reserved.attempt)) {
      recording?.look(reserved.attempt)
      const assigned = allocateReserved(this, reserved.attempt, node, limits, mode, reserved)
      recording?.looked(reserved.attempt, assigned)
      return assigned
    }
    if (!this.isInterested(partition, mode)) return undefined
    let checkQueue = true
    for (const attempt of this.active.inOrderFor(partition)) {
      recording?.look(attempt)
      const reservation = attempt.currentReservation
      if (checkQueue) {
        if (!this.canAssign(partition, limits, reservation, mode)) {
          attempt.skipped = 'Queue hits max-capacity limit. '
          recording?.rejected(attempt, QUEUE_FULL)
          recording?.queue(this, 'REJECTED', QUEUE_FULL)
          return undefined
        }
        if (!this.scheduler.reservationsContinueLooking || (reservation.memory === 0 && reservation.vcores === 0)) checkQueue = false
      }
      if (!this.#userMayTake(attempt, partition, limits, mode)) {
        this.scheduler.noteWait(attempt, 'ACTIVATED', USER_LIMIT)
        attempt.skipped = 'Queue hits user max-capacity limit. '
        recording?.rejected(attempt, USER_FULL)
        continue
      }
      const assigned = allocate(this, attempt, node, limits, mode)
      recording?.looked(attempt, assigned)
      if (assigned === 'APP_SKIPPED') {
        this.scheduler.noteNode(attempt, node)
        continue
      }
      // An application that stops the search holds its turn: those behind it wait.
      if (!assigned) recording?.queue(this, 'SKIPPED', QUEUE_FIFO)
      else if (assigned === 'QUEUE_LIMIT') recording?.queue(this, 'REJECTED', `${NO_HEADROOM} from ${formatApplicationId(attempt.id.applicationId)}`)
      else recording?.accepted(this, assigned)
      return assigned
    }
    recording?.queue(this, 'SKIPPED')
    return undefined
  }

  /** Only a queue below its guarantee takes the place of others' containers. */
  mayPreempt(partition: string): boolean {
    const guaranteed = this.effectiveMin(partition)
    const { used } = this.usage.of(partition)
    if (!isNone(guaranteed)) return this.calculator.compare(this.clusterTotal, used, guaranteed) < 0
    const share = this.share(partition)
    return share.absoluteUsed < share.absoluteCapacity
  }

  #userMayTake(attempt: SchedulerAttempt, partition: string, limits: Limits, mode: SchedulingMode): boolean {
    const user = this.users.get(attempt.user)
    const limit = this.setHeadroom(attempt, user, partition, mode)
    if (!user) return false
    const reservation = attempt.currentReservation
    const { blocked } = user
    const known = blocked?.version === this.users.version && blocked.partition === partition && blocked.mode === mode
    if (known && fitsIn(reservation, blocked.reservation)) return false
    const may = this.#canAssignToUser(user, limit, reservation, partition, limits)
    if (!may && (!known || fitsIn(blocked.reservation, reservation))) user.blocked = { version: this.users.version, partition, mode, reservation }
    return may
  }

  #canAssignToUser(user: User, limit: Resource, reservation: Resource, partition: string, limits: Limits): boolean {
    const rc = this.calculator
    const used = user.usage.of(partition).used
    limits.needUnreserve = NONE
    if (rc.compare(this.clusterTotal, used, limit) <= 0) return true
    if (!this.scheduler.reservationsContinueLooking) return false
    if (rc.compare(this.clusterTotal, subtract(user.usage.of('').used, reservation), limit) > 0) return false
    limits.needUnreserve = subtract(used, limit)
    return true
  }

  /** The user's limit; from now on the attempt's headroom is known. */
  setHeadroom(attempt: SchedulerAttempt, user: User | undefined, partition: string, mode: SchedulingMode): Resource {
    this.#knownLimit = this.#currentLimit
    const basis = attempt.headroomBasis as HeadroomBasis | undefined
    // After a move the old queue answers until the new one has looked at the application.
    if (user && (basis?.queue !== this || basis.user !== user)) attempt.headroomBasis = { queue: this, user } satisfies HeadroomBasis
    return this.users.limitFor(user, partition, mode)
  }

  #setLimit(limit: Resource): void {
    this.#currentLimit = minOf(this.calculator, this.clusterTotal, this.roundedMax(''), limit)
  }

  /** What its applications want, no more for each user than the user's limit leaves. */
  pendingWithinLimits(partition: string, lessReserved: boolean): Resource {
    const left = new Map<string, Resource>()
    let sum = NONE
    for (const attempt of this.active.inOrder()) {
      const user = this.users.get(attempt.user)
      if (!user) continue
      const may = left.get(user.name) ?? componentwiseMax(subtract(this.users.limitFor(user, partition, 'RESPECT'), user.usage.of(partition).used), NONE)
      const { pending, reserved } = attempt.usage.of(partition)
      const wants = componentwiseMin(may, componentwiseMax(lessReserved ? subtract(pending, reserved) : pending, NONE))
      sum = add(sum, wants)
      left.set(user.name, subtract(may, wants))
    }
    return sum
  }

  headroomOf(attempt: SchedulerAttempt, user: User): Resource {
    const partitions = attempt.asks.requestedPartitions
    if (partitions.size === 0 || (partitions.size === 1 && partitions.has(''))) return notNegative(this.#headroom(user, ''))
    let sum = NONE
    for (const p of partitions) sum = add(sum, this.#headroom(user, p))
    return notNegative(sum)
  }

  #headroom(user: User, partition: string): Resource {
    const rc = this.calculator
    const queueLimit = partition === '' ? this.#knownLimit : this.effectiveMax(partition)
    const userLimit = this.users.limitFor(user, partition, 'RESPECT')
    const left = componentwiseMin(subtractNonNegative(userLimit, user.usage.of(partition).used), subtractNonNegative(queueLimit, this.usage.of(partition).used))
    const whole = this.partitionTotal(partition)
    const free = subtract(whole, this.scheduler.root.usage.of(partition).used)
    return minOf(rc, whole, free, rc.roundDown(left, this.minimumAllocation))
  }

  override updateCluster(limits: Resource): void {
    this.#setLimit(limits)
    this.#knownLimit = this.#currentLimit
    for (const partition of new Set([...this.shares.keys(), ...this.usage.partitions()])) {
      this.users.updateRatios(partition)
      this.updateUsedCapacity(partition)
    }
    this.activateApplications()
    this.users.recompute()
    for (const attempt of this.active.inOrder()) this.setHeadroom(attempt, this.users.get(attempt.user), '', 'RESPECT')
  }

  // ── books ──

  chargeAttempt(attempt: SchedulerAttempt, by: Resource, partition: string): void {
    for (let q: CapacityQueue | undefined = this; q; q = q.parent) q.charge(by, partition)
    this.users.charge(attempt.user, by, partition, true)
  }

  /** A container that stays changes its size. */
  rechargeAttempt(attempt: SchedulerAttempt, by: Resource, partition: string): void {
    for (let q: CapacityQueue | undefined = this; q; q = q.parent) q.recharge(by, partition)
    this.users.charge(attempt.user, by, partition, true)
  }

  dischargeAttempt(attempt: SchedulerAttempt, by: Resource, partition: string): void {
    for (let q: CapacityQueue | undefined = this; q; q = q.parent) q.discharge(by, partition)
    this.users.charge(attempt.user, by, partition, false)
  }
}

const notNegative = (r: Resource): Resource => (r.memory < 0 ? { ...r, memory: 0 } : r)
