/** Counts values as results.ts describes. */
import type { Histogram } from '../results.js'

export class Counting {
  #count = 0
  #sum = 0
  #min = 0
  #max = 0
  readonly #buckets = new Map<number, number>()

  add(value: number): void {
    this.#min = this.#count === 0 ? value : Math.min(this.#min, value)
    this.#max = Math.max(this.#max, value)
    this.#count++
    this.#sum += value
    const bucket = Math.round(10 * Math.log10(value + 1))
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1)
  }

  result(): Histogram {
    return { count: this.#count, sum: this.#sum, min: this.#min, max: this.#max, buckets: [...this.#buckets].sort(([a], [b]) => a - b) }
  }
}
