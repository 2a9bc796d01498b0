/**
 * Preemption within a queue: what each application would hold if the more important ones, or users below their limit, came first, and which
 * containers the others give back for that (IntraQueueCandidatesSelector, FifoIntraQueuePreemptionPlugin).
 */
import { add, compareApplicationIds, multiplyDown, NONE, type Resource, sameResource, subtract } from '../../../../common/records/index.js'
import type { SchedulerAttempt } from '../../attempt.js'
import { maxOf, minOf } from '../../calculator.js'
import type { CapacityScheduler } from '../capacity.js'
import type { LeafQueue } from '../leaf.js'
import { isKillable } from './killable.js'
import { inOrderOfLoss, type Selection, type ToObtain } from './selection.js'
import type { PreemptionSettings } from './settings.js'
import type { Share } from './shares.js'

/** A user of the queue in one partition; masters are left out of what is used, limited and ideal. */
interface UserShare {
  readonly used: Resource
  readonly limit: Resource
  /** What the masters hold. */
  readonly masters: Resource
  ideal: Resource
  selected: Resource
  /** Those beyond the limit have given back all that they are beyond it. */
  quotaDone: boolean
}

interface ApplicationShare {
  readonly attempt: SchedulerAttempt
  readonly user: UserShare
  readonly held: Resource
  /** Without its master. */
  readonly used: Resource
  readonly master: Resource
  readonly pending: Resource
  ideal: Resource
  selected: Resource
  /** What it would get from others. */
  wanted: Resource
  toTake: Resource
  toObtain: Resource
}

export class WithinQueues {
  /** Applications of a leaf in a partition, the least important first. */
  readonly #applications = new Map<Share, readonly ApplicationShare[]>()

  constructor(
    private readonly scheduler: CapacityScheduler,
    private readonly settings: PreemptionSettings,
    private readonly selection: Selection,
  ) {}

  get #userLimitFirst(): boolean {
    return this.settings.withinQueues.order === 'userlimit_first'
  }

  /** @param leaves leaf queues that want more than they have in each partition, the neediest first */
  select(leaves: readonly Share[]): void {
    const { cluster } = this.scheduler
    const { minimumThreshold } = this.settings.withinQueues
    for (const s of leaves) {
      if (s.queue.share(s.partition).used < minimumThreshold) continue
      this.#computeIdeal(s, subtract(s.used, s.toObtain))
    }
    this.#deductSelected(leaves)
    for (const s of leaves) {
      const leaf = s.queue as LeafQueue
      if (leaf.spec.preemptionDisabled || leaf.spec.intraQueuePreemptionDisabled) continue
      const applications = this.#applications.get(s) ?? []
      const toObtain: ToObtain = new Map([[s.partition, applications.reduce((sum, a) => add(sum, a.toObtain), NONE)]])
      const used = new Map([...leaf.users.all()].map((u) => [u.name, u.usage.of(s.partition).used]))
      for (const a of applications) if (!sameResource(a.toObtain, NONE)) this.#take(a, toObtain, used, cluster.total)
    }
  }

  #take(a: ApplicationShare, toObtain: ToObtain, used: Map<string, Resource>, whole: Resource): void {
    const rc = this.scheduler.settings.calculator
    const { user } = a.attempt
    const limit = add(a.user.limit, a.user.masters)
    for (const c of inOrderOfLoss(a.attempt.live.values())) {
      if (toObtain.size === 0) return
      if (this.selection.has(c) || isKillable(c) || c.isAM) continue
      const has = used.get(user) ?? NONE
      // Nobody is brought below the limit.
      if (this.#userLimitFirst && rc.compare(whole, subtract(has, c.resource), limit) <= 0) return
      const taken = this.selection.take(c, toObtain, this.settings.withinQueues.conservative)
      if (taken && this.#userLimitFirst) used.set(user, subtract(has, c.resource))
    }
  }

  /** What other selectors have chosen already is not taken again. */
  #deductSelected(leaves: readonly Share[]): void {
    const rc = this.scheduler.settings.calculator
    for (const c of this.selection.all()) {
      const s = leaves.find((l) => l.queue.path === c.attempt.queue.path && l.partition === c.node.partition)
      if (!s) continue
      const whole = s.queue.partitionTotal(s.partition)
      for (const a of this.#applications.get(s) ?? []) {
        if (rc.compare(whole, a.toObtain, c.resource) > 0) a.toObtain = subtract(a.toObtain, c.resource)
      }
    }
  }

  #computeIdeal(s: Share, reassignable: Resource): void {
    const leaf = s.queue as LeafQueue
    const { calculator: rc } = this.scheduler.settings
    const whole = this.scheduler.cluster.total
    const mastersOf = new Map<string, Resource>()
    let masters = NONE
    for (const attempt of leaf.active.inOrder()) {
      const master = masterIn(attempt, s.partition)
      mastersOf.set(attempt.user, add(mastersOf.get(attempt.user) ?? NONE, master))
      masters = add(masters, master)
    }
    const attempts = [...leaf.pending.inOrder(), ...leaf.active.inOrder()]
    if (attempts.length === 1) return
    const important = this.#applicationsOf(leaf, s.partition, attempts, mastersOf)
    this.#assignIdeal(important, s.partition, subtract(reassignable, masters))
    const least = important.toReversed()
    const most = multiplyDown(s.guaranteed, this.settings.withinQueues.maximum)
    const preemptable = rc.compare(whole, most, s.toObtain) > 0 ? subtract(most, s.toObtain) : NONE
    this.#limitTaking(least, minOf(rc, whole, preemptable, this.selection.allowed))
    this.#applications.set(s, least)
    this.#match(least)
  }

  /** Applications, the most important first. */
  #applicationsOf(leaf: LeafQueue, partition: string, attempts: readonly SchedulerAttempt[], mastersOf: ReadonlyMap<string, Resource>): ApplicationShare[] {
    const users = new Map<string, UserShare>()
    const all = attempts.map((attempt): ApplicationShare => {
      let user = users.get(attempt.user)
      if (!user) {
        const masters = mastersOf.get(attempt.user) ?? NONE
        user = {
          used: subtract(leaf.users.getOrAdd(attempt.user).usage.of(partition).used, masters),
          limit: subtract(leaf.users.limitAmongAll(attempt.user, partition), masters),
          masters,
          ideal: NONE,
          selected: NONE,
          quotaDone: false,
        }
        users.set(attempt.user, user)
      }
      const held = attempt.usage.of(partition).used
      const master = attempt.waitingForAM ? NONE : masterIn(attempt, partition)
      return {
        attempt,
        user,
        held,
        used: subtract(held, master),
        master,
        pending: attempt.usage.of(partition).pending,
        ideal: NONE,
        selected: NONE,
        wanted: NONE,
        toTake: NONE,
        toObtain: NONE,
      }
    })
    const byId = (a: ApplicationShare, b: ApplicationShare) => compareApplicationIds(a.attempt.id.applicationId, b.attempt.id.applicationId)
    if (leaf.active.kind === 'fair' && this.#userLimitFirst) {
      const rc = this.scheduler.settings.calculator
      const rank = new Map(attempts.map((a, i) => [a, i]))
      return all.sort((a, b) =>
        a.attempt.user === b.attempt.user
          ? leaf.active.compare(a.attempt, b.attempt) || rank.get(a.attempt)! - rank.get(b.attempt)!
          : sameResource(a.user.used, b.user.used)
            ? byId(a, b)
            : rc.compare(this.scheduler.cluster.total, a.user.used, b.user.used) < 0
              ? -1
              : 1,
      )
    }
    return all.sort((a, b) => b.attempt.priority - a.attempt.priority || byId(a, b))
  }

  /** What each would hold of what the queue has, within the limits of users. */
  #assignIdeal(applications: readonly ApplicationShare[], partition: string, reassignable: Resource): void {
    const rc = this.scheduler.settings.calculator
    const whole = this.scheduler.cluster.total
    let left = reassignable
    for (const a of applications) {
      if (rc.compare(whole, left, NONE) <= 0) continue
      if (rc.anyZeroOrBelow(left) && this.settings.withinQueues.conservative) continue
      const { user } = a
      for (const c of this.selection.all()) {
        if (c.attempt.application !== a.attempt.application || c.label !== partition) continue
        a.selected = add(a.selected, c.resource)
        user.selected = add(user.selected, c.resource)
      }
      if (rc.compare(whole, user.ideal, user.limit) >= 0) continue
      const wanted = subtract(add(a.used, a.pending), a.selected)
      a.ideal = minOf(rc, whole, left, minOf(rc, whole, wanted, subtract(user.limit, user.ideal)))
      user.ideal = add(user.ideal, a.ideal)
      const has = subtract(a.used, a.selected)
      if (rc.compare(whole, a.ideal, has) > 0) a.wanted = subtract(a.ideal, has)
      left = notBelowZero(subtract(left, a.ideal))
    }
  }

  /** What may be taken from each, from the least important on, up to the limit. */
  #limitTaking(applications: readonly ApplicationShare[], limit: Resource): void {
    const { calculator: rc, minimumAllocation } = this.scheduler.settings
    const whole = this.scheduler.cluster.total
    let left = limit
    for (const a of applications) {
      if (rc.compare(whole, left, NONE) <= 0 || rc.compare(whole, a.held, NONE) <= 0) continue
      let beyond = notBelowZero(subtract(notBelowZero(subtract(subtract(a.held, a.ideal), a.selected)), a.master))
      if (this.#userLimitFirst) beyond = notBelowZero(subtract(beyond, minimumAllocation))
      a.toTake = minOf(rc, whole, maxOf(rc, whole, beyond, NONE), left)
      left = notBelowZero(subtract(left, a.toTake))
    }
  }

  /** Takes from the least important what the most important want: nothing for one's own equal, nor from users below their limit where that counts. */
  #match(applications: readonly ApplicationShare[]): void {
    const rc = this.scheduler.settings.calculator
    const whole = this.scheduler.cluster.total
    for (const high of applications.toReversed()) {
      if (rc.compare(whole, high.wanted, NONE) <= 0) continue
      for (const low of applications) {
        if (rc.compare(whole, low.toTake, NONE) <= 0) continue
        const sameUser = high.attempt.user === low.attempt.user
        if (sameUser && low.attempt.priority >= high.attempt.priority) continue
        if (rc.compare(whole, low.toTake, low.toObtain) <= 0 || sameResource(high.wanted, NONE)) continue
        const overLimit = rc.compare(whole, low.user.used, low.user.limit) > 0
        if (!sameUser && !overLimit && this.#userLimitFirst) continue
        let available = subtract(low.toTake, low.toObtain)
        if (!sameUser && low.attempt.priority === high.attempt.priority && overLimit) {
          const beyond = low.user.quotaDone ? NONE : subtract(subtract(low.user.used, low.user.selected), low.user.limit)
          if (rc.compare(whole, beyond, available) < 0) {
            low.user.quotaDone = true
            available = beyond
          }
        }
        if (rc.compare(whole, available, NONE) <= 0) continue
        const taken = minOf(rc, whole, high.wanted, available)
        high.wanted = subtract(high.wanted, taken)
        low.toObtain = add(low.toObtain, taken)
      }
    }
  }
}

const masterIn = (attempt: SchedulerAttempt, partition: string): Resource => (attempt.amPartition === partition ? attempt.amResource : NONE)

/** Memory and vcores no lower than zero, as Resources.subtractFromNonNegative leaves them. */
const notBelowZero = (r: Resource): Resource => ({ ...r, memory: Math.max(r.memory, 0), vcores: Math.max(r.vcores, 0) })
