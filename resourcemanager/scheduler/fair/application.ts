/** An application in a queue of the fair scheduler: its share, how far it is below it, how near its containers must be (FSAppAttempt). */
import { add, componentwiseMin, formatApplicationId, isNone, multiply, multiplyDown, NONE, type Resource, UNBOUNDED } from '../../../common/records/index.js'
import type { Ask, Locality } from '../asks.js'
import type { SchedulerAttempt } from '../attempt.js'
import { subtractNonNegative } from '../calculator.js'
import type { RMContainer } from '../container.js'
import type { FairScheduler } from './fair.js'
import type { FairQueue } from './queues.js'
import type { Schedulable } from './shares.js'

const negative = (r: Resource): Resource => multiply(r, -1)

export class FairApplication implements Schedulable {
  fairShare: Resource = NONE
  amRunning = false
  readonly minShare = NONE
  readonly maxShare = UNBOUNDED
  readonly active = true
  readonly sortName: string
  fairShareStarvation: Resource = NONE
  minShareStarvation: Resource = NONE
  readonly #allowed = new Map<string, Locality>()
  /** Since when the locality now allowed is. */
  readonly #waitsSince = new Map<string, number>()
  #lastTimeAtFairShare: number
  #nextStarvationCheck = 0

  constructor(
    readonly attempt: SchedulerAttempt,
    readonly startTime: number,
    private readonly scheduler: FairScheduler,
  ) {
    this.sortName = formatApplicationId(attempt.id.applicationId)
    this.#lastTimeAtFairShare = startTime
  }

  get queue(): FairQueue {
    return this.attempt.queue as FairQueue
  }

  get weight(): number {
    return this.scheduler.options.sizeBasedWeight ? Math.fround(Math.log1p(this.demand.memory) / Math.LN2) : 1
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

  // ── locality ──

  /** The widest place that a container may be given at; it widens as offers are missed. */
  allowedLocality(ask: Ask): Locality {
    const { nodeThreshold, rackThreshold, continuous } = this.scheduler.options
    if (continuous !== undefined) return this.#allowedByTime(ask)
    if (nodeThreshold < 0 || rackThreshold < 0) return 'OFF_SWITCH'
    const allowed = this.#allowed.get(ask.key) ?? 'NODE_LOCAL'
    if (!this.#allowed.has(ask.key)) this.#allowed.set(ask.key, allowed)
    else if (allowed !== 'OFF_SWITCH') {
      const missable = this.scheduler.cluster.size * Math.min(allowed === 'NODE_LOCAL' ? nodeThreshold : rackThreshold, 1)
      if (ask.opportunities > missable) {
        const wider = allowed === 'NODE_LOCAL' ? 'RACK_LOCAL' : 'OFF_SWITCH'
        this.#allowed.set(ask.key, wider)
        ask.opportunities = 0
        return wider
      }
    }
    return allowed
  }

  /** The same where nodes are offered all the time: it widens as time passes. */
  #allowedByTime(ask: Ask): Locality {
    const { nodeDelay, rackDelay } = this.scheduler.options
    if (nodeDelay < 0 || rackDelay < 0) return 'OFF_SWITCH'
    const { now } = this.scheduler.host
    const allowed = this.#allowed.get(ask.key)
    if (allowed === undefined) {
      this.#allowed.set(ask.key, 'NODE_LOCAL')
      this.#waitsSince.set(ask.key, now)
      return 'NODE_LOCAL'
    }
    const waited = now - (this.#waitsSince.get(ask.key) ?? this.startTime)
    if (allowed === 'OFF_SWITCH' || waited <= (allowed === 'NODE_LOCAL' ? nodeDelay : rackDelay)) return allowed
    const wider = allowed === 'NODE_LOCAL' ? 'RACK_LOCAL' : 'OFF_SWITCH'
    this.#allowed.set(ask.key, wider)
    this.#waitsSince.set(ask.key, now)
    ask.opportunities = 0
    return wider
  }

  /** A container went to a nearer place than it had to: the next ones wait for such again. */
  narrowLocality(ask: Ask, to: Locality): void {
    const allowed = this.#allowed.get(ask.key)
    if ((allowed === 'OFF_SWITCH' && to !== 'OFF_SWITCH') || (allowed === 'RACK_LOCAL' && to === 'NODE_LOCAL')) this.#allowed.set(ask.key, to)
  }

  // ── starvation ──

  #below(usage: Resource, of: Resource): boolean {
    return this.queue.dominantShare(usage) < this.queue.dominantShare(of)
  }

  get starved(): boolean {
    return this.#below(this.usage, this.fairShare) || !isNone(this.minShareStarvation)
  }

  get starvation(): Resource {
    return add(this.fairShareStarvation, this.minShareStarvation)
  }

  /** What it lacks of the guarded part of its share, once that has lasted longer than its queue allows. */
  updateFairShareStarvation(now: number): Resource {
    const { threshold, fairShareTimeout } = this.queue.preemptionLimits
    const wanted = componentwiseMin(multiplyDown(this.fairShare, threshold), this.demand)
    const starved = this.#below(this.usage, wanted)
    if (!starved) this.#lastTimeAtFairShare = now
    this.fairShareStarvation = starved && now - this.#lastTimeAtFairShare >= fairShareTimeout ? subtractNonNegative(wanted, this.usage) : NONE
    return this.fairShareStarvation
  }

  preemptionTriggered(nextCheck: number): void {
    this.#nextStarvationCheck = nextCheck
  }

  mayCheckStarvation(now: number): boolean {
    return now >= this.#nextStarvationCheck
  }

  /** Whether a container may be taken from it, with `considered` to go already, without it falling below its share. */
  mayLose(c: RMContainer, considered: Resource): boolean {
    if (!this.queue.preemptionLimits.preemptable) return false
    if (c.isAM && !this.scheduler.options.preemptsMastersIn(this.queue.path)) return false
    const { live, beingPreempted } = this.attempt
    if (!live.has(c) || beingPreempted.has(c)) return false
    let left = this.usage
    for (const other of beingPreempted) left = add(left, negative(other.resource))
    left = add(add(left, negative(c.resource)), negative(considered))
    return !this.#below(left, this.fairShare)
  }
}
