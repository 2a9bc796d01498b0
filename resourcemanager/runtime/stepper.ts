/**
 * The loop around the core: each event is one step; what is to be persisted is committed in groups (all steps of one turn of the event
 * loop in one transaction) before any later effect of theirs is carried out or any answer goes out. While nothing waits for the disk,
 * a step's answer is there at once.
 */
import type { Answer, Core, Effect, Event, PersistEffect } from '../core/index.js'
import { operationOf, type StateStore, type StoreOperation } from '../store/state-store.js'
import type { Clock } from './clock.js'
import type { EventLog } from './event-log.js'

export interface StepperOptions {
  readonly core: Core
  readonly store: StateStore
  readonly clock: Clock
  /** Carries out what is not to be persisted. */
  readonly carryOut: (effect: Exclude<Effect, PersistEffect>) => void
  /** The store could not commit: nothing may be answered any more. */
  readonly onFailure: (error: unknown) => void
  readonly eventLog?: EventLog | undefined
}

/** setTimeout takes no more. */
const MAX_DELAY = 2 ** 31 - 1
/** After a leap of the clock every peer gets this long to speak before its silence counts. */
const LEAP_GRACE = 15_000

type Deliver = () => void

export class Stepper {
  readonly #options: StepperOptions
  #operations: StoreOperation[] = []
  #waiting: Deliver[] = []
  #timer: NodeJS.Timeout | undefined
  #timerDue = Number.POSITIVE_INFINITY
  #notBefore = 0
  #stopped = false

  constructor(options: StepperOptions) {
    this.#options = options
  }

  /**
   * Takes one step.
   * @param alongside what is to be committed in the same transaction, if the step persists anything
   * @returns the answer: at once, or when it is durable
   * @throws what the core wants the caller to get
   */
  step<E extends Event>(event: E, alongside: readonly StoreOperation[] = []): Answer<E> | Promise<Answer<E>> {
    const { core, clock, eventLog } = this.#options
    const now = clock.now()
    const { answer, effects, error } = core.step(event, now)
    eventLog?.append(now, event, effects)
    let persists = false
    for (const e of effects) {
      if (e.type !== 'persist') continue
      persists = true
      this.#operations.push(operationOf(e))
    }
    if (persists && alongside.length > 0) this.#operations.push(...alongside)
    this.#arm()
    if (this.#operations.length === 0 && this.#waiting.length === 0) {
      this.#carryOut(effects)
      if (error) throw error
      return answer as Answer<E>
    }
    return new Promise((resolve, reject) => {
      this.#deliver(() => {
        this.#carryOut(effects)
        if (error) reject(error)
        else resolve(answer as Answer<E>)
      })
    })
  }

  /** Commits something that is not the core's (keys, tokens). @returns when it is durable */
  persist(operations: readonly StoreOperation[]): Promise<void> {
    this.#operations.push(...operations)
    return new Promise((resolve) => this.#deliver(resolve))
  }

  /** Nothing is stepped, committed or delivered any more. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #carryOut(effects: readonly Effect[]): void {
    for (const e of effects) if (e.type !== 'persist') this.#options.carryOut(e)
  }

  #deliver(deliver: Deliver): void {
    if (this.#waiting.push(deliver) === 1) setImmediate(() => this.#commit())
  }

  #commit(): void {
    if (this.#stopped) return
    const operations = this.#operations
    const waiting = this.#waiting
    this.#operations = []
    this.#waiting = []
    try {
      if (operations.length > 0) this.#options.store.commit(operations)
    } catch (e) {
      this.stop()
      this.#options.onFailure(e)
      return
    }
    for (const deliver of waiting) deliver()
  }

  /** One timer for whatever the core waits for next. */
  #arm(): void {
    const { core, clock } = this.#options
    const leap = clock.leap()
    if (leap > 0) this.#notBefore = clock.now() + LEAP_GRACE
    const next = core.nextTimer()
    if (next === undefined || this.#stopped) return
    const due = Math.max(next, this.#notBefore)
    if (this.#timer && due >= this.#timerDue) return
    clearTimeout(this.#timer)
    this.#timerDue = due
    this.#timer = setTimeout(() => this.#tick(), Math.min(Math.max(due - clock.now(), 0), MAX_DELAY))
    this.#timer.unref()
  }

  #tick(): void {
    this.#timer = undefined
    this.#timerDue = Number.POSITIVE_INFINITY
    if (this.#stopped) return
    const { core, clock } = this.#options
    const now = clock.now()
    if (clock.leap() > 0) this.#notBefore = now + LEAP_GRACE
    const next = core.nextTimer()
    if (next !== undefined && next <= now && now >= this.#notBefore) void this.step({ type: 'tick' })
    else this.#arm()
  }
}

/** `f` of a value that is there, or will be. */
export function andThen<T, R>(value: T | Promise<T>, f: (value: T) => R): R | Promise<R> {
  return value instanceof Promise ? value.then(f) : f(value)
}
