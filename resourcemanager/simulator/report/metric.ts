/** One number of a run, named in words: what configurations are compared by and what a search looks for. */
import { ConfigurationError } from '../../../common/config/configuration.js'
import type { Unit } from './format.js'
import type { GroupMeasures, Measures } from './measures.js'
import type { Summary } from './statistics.js'

export interface Metric {
  /** In full: `p95 wait of queue root.hive`. */
  readonly text: string
  readonly unit: Unit
  readonly better: 'less' | 'more'
  /** NaN where the run has no such queue or user, or nothing was measured. */
  readonly of: (measures: Measures) => number
}

type Statistic = 'mean' | 'p50' | 'p95' | 'p99' | 'max'
const STATISTICS: Readonly<Record<string, Statistic>> = {
  mean: 'mean',
  average: 'mean',
  p50: 'p50',
  median: 'p50',
  p95: 'p95',
  p99: 'p99',
  max: 'max',
  maximum: 'max',
}

/** Quantities of which a statistic is taken. */
const DISTRIBUTED: Readonly<Record<string, { readonly unit: Unit; readonly of: (g: GroupMeasures) => Summary }>> = {
  wait: { unit: 'time', of: (g) => g.wait },
  'AM wait': { unit: 'time', of: (g) => g.amWait },
  'run time': { unit: 'time', of: (g) => g.runTime },
  'allocation latency': { unit: 'time', of: (g) => g.allocationLatency },
  slowdown: { unit: 'ratio', of: (g) => g.slowdown },
}

/** Quantities that are one number, of the whole run or of a queue or user. */
const COUNTED: Readonly<Record<string, { readonly unit: Unit; readonly better: Metric['better']; readonly of: (g: GroupMeasures) => number }>> = {
  'SLO misses': { unit: 'count', better: 'less', of: (g) => g.slo.missed },
  'preempted memory': { unit: 'memory-time', better: 'less', of: (g) => g.preemptedMemorySeconds },
  'preempted containers': { unit: 'count', better: 'less', of: (g) => g.containers.preempted },
  'finished applications': { unit: 'count', better: 'more', of: (g) => g.applications.finished },
  'still waiting': { unit: 'count', better: 'less', of: (g) => g.stillWaiting },
}

/** Quantities of the whole run alone. */
const WHOLE: Readonly<Record<string, { readonly unit: Unit; readonly better: Metric['better']; readonly of: (m: Measures) => number }>> = {
  makespan: { unit: 'time', better: 'less', of: (m) => m.makespan },
  utilisation: { unit: 'part', better: 'more', of: (m) => m.utilisation[0]?.memory ?? Number.NaN },
  'vcore utilisation': { unit: 'part', better: 'more', of: (m) => m.utilisation[0]?.vcores ?? Number.NaN },
  reserved: { unit: 'part', better: 'less', of: (m) => m.utilisation[0]?.reserved ?? Number.NaN },
  fragmented: { unit: 'part', better: 'less', of: (m) => m.utilisation[0]?.fragmented ?? Number.NaN },
  fairness: { unit: 'ratio', better: 'more', of: (m) => m.fairness.users },
  'queue fairness': { unit: 'ratio', better: 'more', of: (m) => m.fairness.queues },
  'slowdown fairness': { unit: 'ratio', better: 'more', of: (m) => m.fairness.slowdown },
}

const SPELLINGS: Readonly<Record<string, string>> = {
  utilization: 'utilisation',
  'vcore utilization': 'vcore utilisation',
  waits: 'wait',
  'slo misses': 'SLO misses',
  'am wait': 'AM wait',
}

export const METRICS_HELP =
  `[mean|p50|p95|p99|max] ${Object.keys(DISTRIBUTED).join('|')}, or ${Object.keys(COUNTED).join('|')}, each with "of queue NAME" or "of user NAME"; ` +
  `or ${Object.keys(WHOLE).join('|')}`

/** @throws ConfigurationError saying what there is */
export function parseMetric(text: string): Metric {
  const wrong = (why: string) => new ConfigurationError(`"${text}" ${why}. Give ${METRICS_HELP}`)
  const [, words = '', kind, name] = /^\s*(?:min(?:imi[sz]e)?\s+|max(?:imi[sz]e)\s+)?(.*?)(?:\s+of\s+(queue|user)\s+(\S+))?\s*$/.exec(text) ?? []
  const [first = '', ...rest] = words.split(/\s+/)
  const statistic = STATISTICS[first.toLowerCase()]
  const spelt = (statistic ? rest.join(' ') : words).trim()
  const quantity = SPELLINGS[spelt.toLowerCase()] ?? spelt
  const whole = WHOLE[quantity]
  if (whole) {
    if (statistic || kind) throw wrong('is a number of the whole run: it takes no statistic, queue or user')
    return { text: quantity, unit: whole.unit, better: whole.better, of: whole.of }
  }
  const scope = kind && name ? ` of ${kind} ${name}` : ''
  const groupOf = (m: Measures): GroupMeasures | undefined =>
    kind === 'queue' ? m.queues.find((q) => q.queue === name || q.queue.endsWith(`.${name}`)) : kind === 'user' ? m.users.find((u) => u.user === name) : m
  const of = (value: (g: GroupMeasures) => number) => (m: Measures) => {
    const group = groupOf(m)
    return group ? value(group) : Number.NaN
  }
  const counted = COUNTED[quantity]
  if (counted) {
    if (statistic) throw wrong('is one number: it takes no statistic')
    return { text: `${quantity}${scope}`, unit: counted.unit, better: counted.better, of: of(counted.of) }
  }
  const distributed = DISTRIBUTED[quantity]
  if (!distributed) throw wrong('is nothing that is measured')
  const taken = statistic ?? 'p95'
  return {
    text: `${taken} ${quantity}${scope}`,
    unit: distributed.unit,
    better: 'less',
    of: of((g) => {
      const summary = distributed.of(g)
      return summary.count === 0 ? Number.NaN : summary[taken]
    }),
  }
}
