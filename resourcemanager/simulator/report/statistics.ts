/** Numbers about numbers. Times in, times out: milliseconds. */
import type { Histogram } from '../results.js'

export interface Summary {
  readonly count: number
  readonly mean: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

export const NOTHING: Summary = { count: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 }

/** Of values in rising order, between neighbours in proportion (type 7, as most tools do). NaN of none. */
export function quantile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) return Number.NaN
  const at = (sorted.length - 1) * q
  const below = Math.floor(at)
  const value = sorted[below]!
  const next = sorted[below + 1]
  return next === undefined ? value : value + (next - value) * (at - below)
}

export function mean(values: readonly number[]): number {
  let sum = 0
  for (const v of values) sum += v
  return values.length === 0 ? 0 : sum / values.length
}

export function summaryOf(values: readonly number[]): Summary {
  if (values.length === 0) return NOTHING
  const sorted = [...values].sort((a, b) => a - b)
  return {
    count: sorted.length,
    mean: mean(sorted),
    p50: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    p99: quantile(sorted, 0.99),
    max: sorted.at(-1)!,
  }
}

/** Histograms of many as one. */
export function merged(histograms: readonly Histogram[]): Histogram {
  const buckets = new Map<number, number>()
  let count = 0
  let sum = 0
  let min = Number.POSITIVE_INFINITY
  let max = 0
  for (const h of histograms) {
    if (h.count === 0) continue
    count += h.count
    sum += h.sum
    min = Math.min(min, h.min)
    max = Math.max(max, h.max)
    for (const [i, n] of h.buckets) buckets.set(i, (buckets.get(i) ?? 0) + n)
  }
  return { count, sum, min: count === 0 ? 0 : min, max, buckets: [...buckets].sort(([a], [b]) => a - b) }
}

/** Quantiles are those of the buckets' middles (within 12 % of the true ones), never outside minimum and maximum; mean and maximum are exact. */
export function summaryOfHistogram(h: Histogram): Summary {
  if (h.count === 0) return NOTHING
  const at = (q: number) => {
    let left = q * (h.count - 1) + 1
    for (const [bucket, n] of h.buckets) {
      left -= n
      if (left <= 0) return Math.min(Math.max(10 ** (bucket / 10) - 1, h.min), h.max)
    }
    return h.max
  }
  return { count: h.count, mean: h.sum / h.count, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: h.max }
}

/** Jain's index: 1 when all have the same, 1/n when one has all. 1 of none or of nothing. */
export function jain(shares: readonly number[]): number {
  let sum = 0
  let squares = 0
  for (const s of shares) {
    sum += s
    squares += s * s
  }
  return squares === 0 ? 1 : (sum * sum) / (shares.length * squares)
}

/** Two-sided 95 % quantiles of Student's t by degrees of freedom, from 1. */
const T95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069,
  2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]

export interface Interval {
  readonly mean: number
  /** Ends of the 95 % confidence interval of the mean; absent for one value. */
  readonly low?: number
  readonly high?: number
}

/** Mean of paired differences with its 95 % confidence interval by Student's t. */
export function pairedInterval(differences: readonly number[]): Interval {
  const n = differences.length
  const m = mean(differences)
  if (n < 2) return { mean: m }
  let squares = 0
  for (const d of differences) squares += (d - m) ** 2
  // Beyond the table: the normal quantile with Cornish and Fisher's first correction.
  const t = T95[n - 2] ?? 1.96 + 2.372 / (n - 1)
  const half = t * Math.sqrt(squares / (n - 1) / n)
  return { mean: m, low: m - half, high: m + half }
}
