/**
 * Whether it pays to wait awake for the next call of the only client. To wake a processor that was halted takes some 20 µs,
 * more than many a call; a client that calls again at once need not wait for that. One that takes its time is not waited for:
 * it may need the processor itself (Hadoop's passes each call through three threads).
 */

/** What a call comes later by when the server has slept. */
const WAKE_UP_MILLIS = 0.02
/** So many calls that came soon, beyond those that did not, make it worthwhile. */
const WORTHWHILE = 8
const MOST = 16
/** A call that was waited for in vain counts as much as so many that came. */
const IN_VAIN = 4

export class Wakefulness {
  #soon = 0
  #answeredAt = Number.NEGATIVE_INFINITY
  #awake = false

  /** @param limit milliseconds from an answer within which the next call must come */
  constructor(private readonly limit: number) {}

  /** A call has come. */
  called(now: number): void {
    const late = now - this.#answeredAt > this.limit + (this.#awake ? 0 : WAKE_UP_MILLIS)
    this.#soon = late ? Math.max(this.#soon - IN_VAIN, 0) : Math.min(this.#soon + 1, MOST)
  }

  /** @returns until when the next one is to be waited for awake; undefined: not at all */
  answered(now: number): number | undefined {
    this.#answeredAt = now
    this.#awake = this.#soon >= WORTHWHILE
    return this.#awake ? now + this.limit : undefined
  }

  /** Somebody else calls, too. */
  forget(): void {
    this.#soon = 0
  }
}
