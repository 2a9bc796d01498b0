/** The same workload under several configurations: what differs, and how sure that is. */
import { type Measures, measure } from '../report/measures.js'
import { type Metric, parseMetric } from '../report/metric.js'
import type { Unit } from '../report/format.js'
import { type Interval, mean, pairedInterval } from '../report/statistics.js'
import type { RunResult } from '../results.js'

export type Verdict = 'better' | 'worse' | 'no difference shown' | 'one seed'

export interface Difference {
  readonly configuration: string
  /** Of the differences to the first configuration, seed by seed. */
  readonly interval: Interval
  /** The mean difference as a part of the first one's mean; absent where that is 0. */
  readonly relative?: number
  readonly verdict: Verdict
}

export interface ComparedMetric {
  readonly metric: string
  readonly unit: Unit
  readonly better: 'less' | 'more'
  readonly values: readonly { readonly configuration: string; readonly bySeed: readonly number[]; readonly interval: Interval }[]
  readonly differences: readonly Difference[]
}

export interface ComparedConfiguration {
  readonly name: string
  /** One for each seed. */
  readonly measures: readonly Measures[]
  /** Of the first seed: what plots show. */
  readonly run: RunResult
}

export interface Comparison {
  readonly workload: string
  readonly seeds: readonly number[]
  /** How the intervals were made. */
  readonly method: string
  /** The first is what the others are held against. */
  readonly configurations: readonly ComparedConfiguration[]
  readonly metrics: readonly ComparedMetric[]
}

export const METHOD = 'paired by seed: the mean of the differences with its 95 % confidence interval by Student’s t'

/** What is compared when nothing else is asked: the cluster, then each queue. */
export function usualMetrics(queues: readonly string[]): Metric[] {
  const whole = [
    'makespan',
    'utilisation',
    'mean wait',
    'p95 wait',
    'p95 AM wait',
    'mean slowdown',
    'fairness',
    'queue fairness',
    'preempted memory',
    'SLO misses',
  ]
  return [...whole, ...queues.flatMap((q) => [`mean wait of queue ${q}`, `p95 wait of queue ${q}`])].map(parseMetric)
}

/** Less than this part of what is compared is no difference to anybody, however sure it is. */
const NEGLIGIBLE = 0.0005

function verdictOf(interval: Interval, base: number, better: Metric['better']): Verdict {
  const { mean, low, high } = interval
  if (Math.abs(mean) <= NEGLIGIBLE * Math.abs(base)) return 'no difference shown'
  if (low === undefined || high === undefined) return 'one seed'
  if (low <= 0 && high >= 0) return 'no difference shown'
  return mean < 0 === (better === 'less') ? 'better' : 'worse'
}

function compareMetric(metric: Metric, configurations: readonly ComparedConfiguration[]): ComparedMetric | undefined {
  const values = configurations.map((c) => ({ configuration: c.name, bySeed: c.measures.map(metric.of) }))
  if (values.some((v) => v.bySeed.some(Number.isNaN))) return undefined
  if (values.every((v) => v.bySeed.every((n) => n === 0))) return undefined
  const first = values[0]!
  const base = mean(first.bySeed)
  return {
    metric: metric.text,
    unit: metric.unit,
    better: metric.better,
    values: values.map((v) => ({ ...v, interval: pairedInterval(v.bySeed) })),
    differences: values.slice(1).map(({ configuration, bySeed }) => {
      const interval = pairedInterval(bySeed.map((v, i) => v - first.bySeed[i]!))
      return { configuration, interval, ...(base !== 0 && { relative: interval.mean / base }), verdict: verdictOf(interval, base, metric.better) }
    }),
  }
}

/**
 * @param runs of each configuration, seed by seed, in the same order of seeds
 * @param metrics unset: the usual ones. What no run has a number for, or all have 0, is left out.
 */
export function compareRuns(runs: readonly { readonly name: string; readonly runs: readonly RunResult[] }[], metrics?: readonly Metric[]): Comparison {
  const configurations = runs.map(({ name, runs }) => ({ name, measures: runs.map(measure), run: runs[0]! }))
  const queues = configurations[0]!.measures[0]!.queues.map((q) => q.queue)
  const wanted = metrics ?? usualMetrics(queues.filter((q) => configurations.every((c) => c.measures[0]!.queues.some((x) => x.queue === q))))
  return {
    workload: runs[0]!.runs[0]!.workload,
    seeds: runs[0]!.runs.map((r) => r.seed),
    method: METHOD,
    configurations,
    metrics: wanted.flatMap((m) => compareMetric(m, configurations) ?? []),
  }
}
