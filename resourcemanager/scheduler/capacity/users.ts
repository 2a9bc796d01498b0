/** The users of a leaf queue and what each may have of it (UsersManager). */
import { add, isNone, multiplyDown, NONE, type Resource } from '../../../common/records/index.js'
import { maxOf, minOf } from '../calculator.js'
import { Usage } from '../usage.js'
import type { LeafQueue } from './leaf.js'
import type { SchedulingMode } from './queue.js'

const float = Math.fround

export class User {
  readonly usage = new Usage()
  pendingApplications = 0
  activeApplications = 0
  weight = 1
  limit: Resource | undefined
  /** What the limit was made from: as long as that is the same, so is the limit. */
  limitOf: Resource | undefined
  /** Share of the partition, as it was last summed into the queue's. */
  readonly ratios = new Map<string, number>()
  /** Applications that want something. */
  wanting = new Set<string>()
  /** Shares what the queue has: wants something, and has since it came. */
  shares = false
  /** That it was found at its limit, with what reserved: true until the state of users changes. */
  blocked: { readonly version: number; readonly partition: string; readonly mode: SchedulingMode; readonly reservation: Resource } | undefined
  constructor(readonly name: string) {}

  get applications(): number {
    return this.pendingApplications + this.activeApplications
  }
}

interface CachedLimit {
  version: number
  limit: Resource
}

export class Users {
  userLimit = 100
  userLimitFactor = 1
  weights: ReadonlyMap<string, number> = new Map()
  readonly #users = new Map<string, User>()
  /** Of users without attempts: applications that wanted something and are not over. */
  readonly #left = new Map<string, Set<string>>()
  readonly #usedByActive = new Usage()
  readonly #ratios = new Map<string, number>()
  #active = 0
  #onlyPending = 0
  #activeWeight = 0
  #version = 0
  readonly #limits = new Map<string, CachedLimit>()

  constructor(private readonly queue: LeafQueue) {}

  get version(): number {
    return this.#version
  }

  all(): Iterable<User> {
    return this.#users.values()
  }

  get(name: string): User | undefined {
    return this.#users.get(name)
  }

  getOrAdd(name: string): User {
    let user = this.#users.get(name)
    if (!user) {
      user = new User(name)
      user.weight = this.weights.get(name) ?? 1
      const wanting = this.#left.get(name)
      if (wanting) user.wanting = wanting
      this.#left.delete(name)
      this.#users.set(name, user)
    }
    return user
  }

  /**
   * Forgets a user who has no attempt and holds nothing: containers kept for the next attempt count for their user meanwhile. The user goes on being
   * counted as active until the application is over, and has no part in what the active ones share.
   */
  removeIdle(name: string): void {
    const user = this.#users.get(name)
    if (!user || user.applications > 0) return
    if (user.shares) this.#setShares(user, false)
    if (user.usage.partitions().some((p) => !isNone(user.usage.of(p).used))) return
    this.#users.delete(name)
    if (user.wanting.size > 0) this.#left.set(name, user.wanting)
  }

  #setShares(user: User, shares: boolean): void {
    user.shares = shares
    const kind = shares ? 'inc' : 'dec'
    for (const p of user.usage.partitions()) this.#usedByActive[kind]('used', p, user.usage.of(p).used)
    this.#activeWeight = this.#sumWeights()
  }

  recompute(): void {
    this.#version++
  }

  /** Counts for the share of the queue's application masters. */
  get activeUsers(): number {
    return this.#active + this.#onlyPending
  }

  /** An application of the user wants something: the user counts when limits are computed. */
  activate(name: string, application: string): void {
    const user = this.#users.get(name)
    // Who has no application beyond the pending ones is no active user yet.
    if (user && user.activeApplications <= 0) return
    const u = user ?? this.getOrAdd(name)
    if (u.wanting.size === 0) {
      this.#active++
      this.recompute()
      this.#setShares(u, true)
    }
    u.wanting.add(application)
  }

  deactivate(name: string, application: string): void {
    const user = this.#users.get(name)
    const wanting = user?.wanting ?? this.#left.get(name)
    if (!wanting?.delete(application) || wanting.size > 0) return
    this.#left.delete(name)
    this.#active--
    this.recompute()
    if (user?.shares) this.#setShares(user, false)
  }

  charge(name: string, by: Resource, partition: string, allocate: boolean): User {
    const user = this.getOrAdd(name)
    const kind = allocate ? 'inc' : 'dec'
    user.usage[kind]('used', partition, by)
    if (user.shares) this.#usedByActive[kind]('used', partition, by)
    this.recompute()
    this.#addRatio(user, partition)
    if (!allocate) this.removeIdle(name)
    return user
  }

  /** Ratios anew: the cluster has another size. */
  updateRatios(partition: string): void {
    let sum = 0
    for (const user of this.#users.values()) {
      const ratio = this.queue.calculator.ratio(user.usage.of(partition).used, this.queue.partitionTotal(partition))
      user.ratios.set(partition, ratio)
      sum = float(sum + ratio)
    }
    this.#ratios.set(partition, sum)
  }

  #addRatio(user: User, partition: string): void {
    const ratio = this.queue.calculator.ratio(user.usage.of(partition).used, this.queue.partitionTotal(partition))
    const delta = float(ratio - (user.ratios.get(partition) ?? 0))
    user.ratios.set(partition, ratio)
    this.#ratios.set(partition, float((this.#ratios.get(partition) ?? 0) + delta))
  }

  updateWeights(): void {
    for (const user of this.#users.values()) user.weight = this.weights.get(user.name) ?? 1
    this.#activeWeight = this.#sumWeights()
    this.recompute()
  }

  #sumWeights(all = false): number {
    let sum = 0
    for (const user of this.#users.values()) if (all || user.shares) sum = float(sum + user.weight)
    return sum
  }

  /** What the user may hold of the partition while those who want something share it. */
  limitFor(user: User | undefined, partition: string, mode: SchedulingMode): Resource {
    const key = mode === 'RESPECT' ? partition : `${partition}|ignore`
    let cached = this.#limits.get(key)
    if (!cached || cached.version !== this.#version) {
      cached = { version: this.#version, limit: this.#compute(partition, mode) }
      this.#limits.set(key, cached)
      this.#countOnlyPending()
    }
    if (user?.limit && user.limitOf === cached.limit) return user.limit
    const limit = this.queue.calculator.multiplyAndNormalizeDown(cached.limit, user?.weight ?? 1, this.queue.minimumAllocation)
    if (user) {
      user.limit = limit
      user.limitOf = cached.limit
    }
    return limit
  }

  /** What the user may hold of the partition if all users, not only those who want something, shared it. */
  limitAmongAll(name: string, partition: string): Resource {
    const limit = this.#compute(partition, 'RESPECT', true)
    return this.queue.calculator.multiplyAndNormalizeDown(limit, this.#users.get(name)?.weight ?? 1, this.queue.minimumAllocation)
  }

  #countOnlyPending(): void {
    let n = 0
    for (const user of this.#users.values()) if (user.pendingApplications > 0 && user.activeApplications <= 0) n++
    this.#onlyPending = n
  }

  #compute(partition: string, mode: SchedulingMode, amongAll = false): Resource {
    const { calculator: rc, minimumAllocation } = this.queue
    const whole = this.queue.partitionTotal(partition)
    const capacity = maxOf(rc, whole, this.queue.effectiveMin(partition), minimumAllocation)
    const consumed = rc.multiplyAndNormalizeUp(whole, this.#ratios.get(partition) ?? 0, minimumAllocation)
    // Below its capacity a queue shares out that; above it, what it has and one container more.
    const current = rc.compare(whole, consumed, capacity) < 0 ? capacity : add(consumed, minimumAllocation)
    const used = amongAll ? current : add(this.#usedByActive.of(partition).used, minimumAllocation)
    const weights = amongAll ? this.#sumWeights(true) : this.#activeWeight
    const share = maxOf(rc, whole, rc.divideAndCeil(used, weights), rc.divideAndCeil(multiplyDown(current, this.userLimit), 100))
    const most = mode === 'RESPECT' ? multiplyDown(capacity, this.userLimitFactor) : whole
    return rc.roundUp(minOf(rc, whole, share, most), minimumAllocation)
  }

  checkInvariants(path: string): string[] {
    const wrong: string[] = []
    let active = NONE
    let all = NONE
    for (const user of this.#users.values()) {
      all = add(all, user.usage.total('used'))
      if (user.shares) active = add(active, user.usage.total('used'))
    }
    const same = (a: Resource, b: Resource) => a.memory === b.memory && a.vcores === b.vcores
    if (!same(active, this.#usedByActive.total('used'))) wrong.push(`queue ${path}: what its active users use does not add up`)
    if (!same(all, this.queue.usage.total('used'))) wrong.push(`queue ${path}: used is not the sum of what its users use`)
    return wrong
  }
}
