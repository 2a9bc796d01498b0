/** A run or a comparison as files for other programs: JSON and CSV. docs/simulator.md describes them. */
import type { Comparison } from '../compare/comparison.js'
import type { RunResult } from '../results.js'
import type { Sweep } from '../sweep/sweep.js'
import { type GroupMeasures, type Measures, measure, missed, slowdownOf, waitOf } from './measures.js'
import { summaryOfHistogram } from './statistics.js'

/** Changes when a field goes or changes its meaning; new fields may come without. */
export const SCHEMA = 1

const rounded = (_: string, value: unknown) => (typeof value === 'number' && !Number.isInteger(value) ? Math.round(value * 1e6) / 1e6 : value)
const json = (value: unknown) => `${JSON.stringify(value, rounded)}\n`

type Field = string | number | boolean | undefined

const field = (value: Field) => {
  if (value === undefined) return ''
  const text = typeof value === 'number' ? String(rounded('', value)) : String(value)
  return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text
}

/** RFC 4180, with a header; lines end in a line feed. */
function csv<T>(rows: Iterable<T>, columns: Readonly<Record<string, (row: T) => Field>>): string {
  const lines = [Object.keys(columns).join(',')]
  const values = Object.values(columns)
  for (const row of rows) lines.push(values.map((v) => field(v(row))).join(','))
  return `${lines.join('\n')}\n`
}

const seconds = (millis: number | undefined) => (millis === undefined ? undefined : millis / 1000)

function applications(r: RunResult): string {
  return csv(r.applications, {
    id: (a) => a.id,
    application: (a) => a.applicationId,
    name: (a) => a.name,
    type: (a) => a.type,
    user: (a) => a.user,
    queue: (a) => a.queue,
    state: (a) => a.state,
    reason: (a) => a.reason,
    submitted_s: (a) => seconds(a.submittedAt),
    am_allocated_s: (a) => seconds(a.amAllocatedAt),
    am_started_s: (a) => seconds(a.amStartedAt),
    registered_s: (a) => seconds(a.registeredAt),
    first_container_s: (a) => seconds(a.firstContainerAt),
    finished_s: (a) => seconds(a.finishedAt),
    wait_s: (a) => seconds(waitOf(a, r.simulated)?.millis),
    still_waiting: (a) => waitOf(a, r.simulated)?.ended === false,
    am_wait_s: (a) => (a.amAllocatedAt === undefined ? undefined : seconds(a.amAllocatedAt - a.submittedAt)),
    slowdown: slowdownOf,
    attempts: (a) => a.attempts,
    containers_asked: (a) => a.containers.asked,
    containers_allocated: (a) => a.containers.allocated,
    containers_completed: (a) => a.containers.completed,
    containers_preempted: (a) => a.containers.preempted,
    containers_failed: (a) => a.containers.failed,
    containers_lost: (a) => a.containers.lost,
    memory_mib_s: (a) => a.memorySeconds,
    vcore_s: (a) => a.vcoreSeconds,
    preempted_memory_mib_s: (a) => a.preemptedMemorySeconds,
    preempted_vcore_s: (a) => a.preemptedVcoreSeconds,
    allocation_latency_mean_s: (a) => seconds(summaryOfHistogram(a.allocationLatency).mean),
    allocation_latency_p95_s: (a) => seconds(summaryOfHistogram(a.allocationLatency).p95),
    deadline_s: (a) => seconds(a.deadline),
    deadline_missed: (a) => missed(a, r.simulated),
  })
}

const STATISTICS = ['mean', 'p50', 'p95', 'p99', 'max'] as const

function groupColumns(): Record<string, (g: GroupMeasures) => Field> {
  const columns: Record<string, (g: GroupMeasures) => Field> = {
    applications: (g) => g.applications.submitted,
    finished: (g) => g.applications.finished,
    failed: (g) => g.applications.failed,
    killed: (g) => g.applications.killed,
    rejected: (g) => g.applications.rejected,
    never_schedulable: (g) => g.applications.neverSchedulable,
    unfinished: (g) => g.applications.unfinished,
    still_waiting: (g) => g.stillWaiting,
  }
  for (const s of STATISTICS) columns[`wait_${s}_s`] = (g) => seconds(g.wait[s])
  for (const s of STATISTICS) columns[`am_wait_${s}_s`] = (g) => seconds(g.amWait[s])
  for (const s of STATISTICS) columns[`run_time_${s}_s`] = (g) => seconds(g.runTime[s])
  for (const s of STATISTICS) columns[`slowdown_${s}`] = (g) => (g.slowdown.count > 0 ? g.slowdown[s] : undefined)
  for (const s of STATISTICS) columns[`allocation_latency_${s}_s`] = (g) => seconds(g.allocationLatency[s])
  return {
    ...columns,
    containers_allocated: (g) => g.containers.allocated,
    containers_preempted: (g) => g.containers.preempted,
    memory_mib_s: (g) => g.memorySeconds,
    vcore_s: (g) => g.vcoreSeconds,
    preempted_memory_mib_s: (g) => g.preemptedMemorySeconds,
    preempted_vcore_s: (g) => g.preemptedVcoreSeconds,
    deadlines: (g) => g.slo.promised,
    deadlines_missed: (g) => g.slo.missed,
  }
}

function timeline(r: RunResult): string {
  const { interval, queues } = r.timeline
  const rows = queues.flatMap((q) => q.usedMemory.map((_, i) => ({ q, i })))
  return csv(rows, {
    time_s: ({ i }) => (i * interval) / 1000,
    queue: ({ q }) => q.queue,
    label: ({ q }) => q.label,
    used_memory_mib: ({ q, i }) => q.usedMemory[i],
    used_vcores: ({ q, i }) => q.usedVcores[i],
    reserved_memory_mib: ({ q, i }) => q.reservedMemory[i],
    pending_memory_mib: ({ q, i }) => q.pendingMemory[i],
    guaranteed_memory_mib: ({ q, i }) => q.guaranteedMemory[i],
    maximum_memory_mib: ({ q, i }) => q.maximumMemory[i],
    guaranteed_vcores: ({ q, i }) => q.guaranteedVcores[i],
    maximum_vcores: ({ q, i }) => q.maximumVcores[i],
    running_applications: ({ q, i }) => q.runningApplications[i],
    waiting_applications: ({ q, i }) => q.waitingApplications[i],
  })
}

function cluster(r: RunResult): string {
  const { interval, clusters } = r.timeline
  const rows = clusters.flatMap((c) => c.totalMemory.map((_, i) => ({ c, i })))
  return csv(rows, {
    time_s: ({ i }) => (i * interval) / 1000,
    label: ({ c }) => c.label,
    nodes: ({ c, i }) => c.nodes[i],
    containers: ({ c, i }) => c.containers[i],
    total_memory_mib: ({ c, i }) => c.totalMemory[i],
    total_vcores: ({ c, i }) => c.totalVcores[i],
    used_memory_mib: ({ c, i }) => c.usedMemory[i],
    used_vcores: ({ c, i }) => c.usedVcores[i],
    reserved_memory_mib: ({ c, i }) => c.reservedMemory[i],
    fragmented_memory_mib: ({ c, i }) => c.fragmentedMemory[i],
  })
}

/** By name of file. */
export function runFiles(r: RunResult): Record<string, string> {
  const measures: Measures = measure(r)
  return {
    'result.json': json({ schema: SCHEMA, kind: 'run', measures, run: r }),
    'applications.csv': applications(r),
    'queues.csv': csv(measures.queues, {
      queue: (q) => q.queue,
      ...groupColumns(),
      used_memory_mib: (q) => q.usedMemory,
      used_vcores: (q) => q.usedVcores,
      guaranteed_memory_mib: (q) => q.guaranteedMemory,
      waiting_time_part: (q) => q.waitingTime,
    }),
    'users.csv': csv(measures.users, {
      user: (u) => u.user,
      ...groupColumns(),
      dominant_share_mean: (u) => u.dominantShare?.mean,
      dominant_share_max: (u) => u.dominantShare?.max,
    }),
    'timeline.csv': timeline(r),
    'cluster.csv': cluster(r),
  }
}

export function comparisonFiles(c: Comparison): Record<string, string> {
  const rows = c.metrics.flatMap((m) => m.values.map((v, i) => ({ m, v, difference: i === 0 ? undefined : m.differences[i - 1] })))
  return {
    'result.json': json({ schema: SCHEMA, kind: 'comparison', ...c }),
    'comparison.csv': csv(rows, {
      metric: ({ m }) => m.metric,
      unit: ({ m }) => m.unit,
      configuration: ({ v }) => v.configuration,
      mean: ({ v }) => v.interval.mean,
      low: ({ v }) => v.interval.low,
      high: ({ v }) => v.interval.high,
      difference: ({ difference }) => difference?.interval.mean,
      difference_low: ({ difference }) => difference?.interval.low,
      difference_high: ({ difference }) => difference?.interval.high,
      verdict: ({ difference }) => difference?.verdict,
    }),
  }
}

export function sweepFiles(s: Sweep): Record<string, string> {
  const names = s.axes.map((a) => a.name)
  const rows = [
    ...s.tried.map((t) => ({ settings: t.settings, interval: t.interval, seeds: t.bySeed.length, reason: undefined })),
    ...s.refused.map((r) => ({ settings: r.settings, interval: undefined, seeds: 0, reason: r.reason })),
  ]
  return {
    'result.json': json({ schema: SCHEMA, kind: 'sweep', ...s }),
    'sweep.csv': csv(rows, {
      ...Object.fromEntries(names.map((n) => [n, (r: (typeof rows)[number]) => r.settings[n]])),
      goal: () => s.goal,
      mean: (r) => r.interval?.mean,
      low: (r) => r.interval?.low,
      high: (r) => r.interval?.high,
      seeds: (r) => r.seeds,
      refused: (r) => r.reason,
    }),
  }
}
