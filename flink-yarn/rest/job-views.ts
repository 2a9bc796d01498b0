/** A job in the shapes of Flink's REST API. */
import type { JobGraph } from '../jobgraph/index.js'
import type { Execution, ExecutionVertex } from '../jobmanager/execution-graph.js'
import { stackTrace } from '../jobmanager/failure.js'
import type { JobMaster, JobOutcome } from '../jobmanager/job-master.js'
import { EXECUTION_STATES, type ExecutionState, type JOB_STATUSES } from '../jobmanager/states.js'

/** The order of keys in Flink's own answers. */
const STATE_ORDER: readonly ExecutionState[] = [
  'DEPLOYING',
  'RUNNING',
  'CANCELED',
  'FINISHED',
  'INITIALIZING',
  'FAILED',
  'SCHEDULED',
  'CREATED',
  'CANCELING',
  'RECONCILING',
]
const OVERVIEW_ORDER = [
  'running',
  'canceling',
  'canceled',
  'total',
  'created',
  'scheduled',
  'deploying',
  'reconciling',
  'finished',
  'initializing',
  'failed',
] as const

function countStates(states: readonly ExecutionState[]): Record<ExecutionState, number> {
  return Object.fromEntries(STATE_ORDER.map((s) => [s, states.filter((x) => x === s).length])) as Record<ExecutionState, number>
}

/** A vertex's state, from those of its subtasks (ExecutionJobVertex.getAggregateJobVertexState). */
function vertexStatus(v: ExecutionVertex): ExecutionState {
  const states = new Set(v.executions.map((e) => e.state))
  for (const s of ['FAILED', 'CANCELING', 'CANCELED', 'INITIALIZING', 'RUNNING'] as const) if (states.has(s)) return s
  if (states.has('FINISHED')) return states.size === 1 ? 'FINISHED' : 'RUNNING'
  return EXECUTION_STATES.findLast((s) => states.has(s)) ?? 'CREATED'
}

/** From deployment on; -1 where it has not begun or not ended. */
function times(executions: readonly Execution[], now: number): { 'start-time': number; 'end-time': number; duration: number } {
  const starts = executions.flatMap((e) => e.timestamps.DEPLOYING ?? [])
  const start = starts.length > 0 ? Math.min(...starts) : -1
  const end = executions.every((e) => e.terminal) ? Math.max(...executions.map((e) => e.timestamps[e.state] ?? -1)) : -1
  return { 'start-time': start, 'end-time': start < 0 ? -1 : end, duration: start < 0 ? -1 : (end < 0 ? now : end) - start }
}

function metrics(executions: readonly Execution[]): Record<string, unknown> {
  const sum = (key: 'bytesIn' | 'bytesOut' | 'recordsIn' | 'recordsOut') => executions.reduce((n, e) => n + e.counters[key], 0)
  return {
    'read-bytes': sum('bytesIn'),
    'read-bytes-complete': true,
    'write-bytes': sum('bytesOut'),
    'write-bytes-complete': true,
    'read-records': sum('recordsIn'),
    'read-records-complete': true,
    'write-records': sum('recordsOut'),
    'write-records-complete': true,
    'accumulated-backpressured-time': 0,
    'accumulated-idle-time': 0,
    'accumulated-busy-time': 0,
  }
}

export function overviewView(job: JobMaster): Record<string, unknown> {
  const now = Date.now()
  const states = countStates(job.executionGraph.executions.map((e) => e.state))
  const tasks: Record<string, number> = { total: job.executionGraph.executions.length }
  for (const s of EXECUTION_STATES) tasks[s.toLowerCase()] = states[s]
  return {
    jid: job.graph.jobId,
    name: job.graph.name,
    'start-time': job.startTime,
    'end-time': job.endTime,
    duration: (job.endTime < 0 ? now : job.endTime) - job.startTime,
    state: job.status,
    'last-modification': job.lastModification,
    tasks: Object.fromEntries(OVERVIEW_ORDER.map((k) => [k, tasks[k]])),
  }
}

const TIMESTAMP_ORDER = [
  'FINISHED',
  'RUNNING',
  'FAILING',
  'FAILED',
  'RECONCILING',
  'CANCELED',
  'SUSPENDED',
  'INITIALIZING',
  'CANCELLING',
  'CREATED',
  'RESTARTING',
] as const satisfies readonly (typeof JOB_STATUSES)[number][]

export function detailsView(job: JobMaster): Record<string, unknown> {
  const now = Date.now()
  const { vertices } = job.executionGraph
  return {
    jid: job.graph.jobId,
    name: job.graph.name,
    isStoppable: false,
    state: job.status,
    'start-time': job.startTime,
    'end-time': job.endTime,
    duration: (job.endTime < 0 ? now : job.endTime) - job.startTime,
    maxParallelism: -1,
    now,
    timestamps: Object.fromEntries(TIMESTAMP_ORDER.map((s) => [s, job.timestamps[s] ?? 0])),
    vertices: vertices.map((v) => ({
      id: v.vertex.id,
      name: v.vertex.name,
      maxParallelism: v.vertex.maxParallelism,
      parallelism: v.vertex.parallelism,
      status: vertexStatus(v),
      ...times(v.executions, now),
      tasks: countStates(v.executions.map((e) => e.state)),
      metrics: metrics(v.executions),
    })),
    'status-counts': countStates(vertices.map(vertexStatus)),
    plan: planOf(job.graph),
  }
}

/** Sinks first. */
export function planOf(graph: JobGraph): Record<string, unknown> {
  const vertexOf = (operator: string) => graph.vertices.find((v) => v.operators.includes(operator))!
  const nodes = graph.vertices.toReversed().map((v) => {
    const inputs = graph.edges.filter((e) => !e.chained && v.operators.includes(e.target))
    return {
      id: v.id,
      parallelism: v.parallelism,
      operator: '',
      operator_strategy: '',
      description: describeChain(graph, v.id, 0),
      ...(inputs.length > 0 && {
        inputs: inputs.map((e, num) => ({ num, id: vertexOf(e.source).id, ship_strategy: e.partitioner, exchange: 'pipelined_bounded' })),
      }),
      optimizer_properties: {},
    }
  })
  return { jid: graph.jobId, name: graph.name, type: 'STREAMING', nodes }
}

function describeChain(graph: JobGraph, operator: string, depth: number): string {
  const { name } = graph.operators.find((o) => o.id === operator)!
  const behind = graph.edges.filter((e) => e.chained && e.source === operator).map((e) => describeChain(graph, e.target, depth + 1))
  return `${depth === 0 ? '' : `${'   '.repeat(depth - 1)}+- `}${name}<br/>${behind.join('')}`
}

export function vertexView(v: ExecutionVertex): Record<string, unknown> {
  const now = Date.now()
  return {
    id: v.vertex.id,
    name: v.vertex.name,
    parallelism: v.vertex.parallelism,
    maxParallelism: v.vertex.maxParallelism,
    now,
    subtasks: v.executions.map((e) => {
      const tm = e.slot?.taskManager.registration
      const t = times([e], now)
      return {
        subtask: e.subtask,
        status: e.state,
        attempt: e.attempt,
        host: tm?.host ?? '(unassigned)',
        ...t,
        metrics: metrics([e]),
        'taskmanager-id': tm?.resourceId ?? '(unassigned)',
        'status-duration': durations(e, now),
        start_time: t['start-time'],
      }
    }),
  }
}

/** How long an execution was in each state. */
function durations(e: Execution, now: number): Record<string, number> {
  const seen = Object.entries(e.timestamps).sort(([, a], [, b]) => a - b)
  return Object.fromEntries(seen.map(([state, since], i) => [state, (seen[i + 1]?.[1] ?? (e.terminal ? since : now)) - since]))
}

export function exceptionsView(job: JobMaster, max: number): Record<string, unknown> {
  const root = job.exceptions[0]
  const entries = job.exceptions.slice(0, max).map((x) => ({
    exceptionName: x.failure.className,
    stacktrace: stackTrace(x.failure),
    timestamp: x.timestamp,
    taskName: x.taskName ?? null,
    location: x.location ?? null,
    taskManagerId: x.taskManagerId ?? null,
    concurrentExceptions: [],
  }))
  return {
    'root-exception': root ? stackTrace(root.failure) : null,
    timestamp: root?.timestamp ?? null,
    'all-exceptions': job.exceptions
      .filter((x) => x.taskName !== undefined)
      .slice(0, max)
      .map((x) => ({
        exception: stackTrace(x.failure),
        task: x.taskName,
        location: x.location ?? null,
        timestamp: x.timestamp,
        taskManagerId: x.taskManagerId ?? null,
      })),
    truncated: job.exceptions.length > max,
    exceptionHistory: { entries, truncated: job.exceptions.length > max },
  }
}

export function configView(job: JobMaster): Record<string, unknown> {
  return {
    jid: job.graph.jobId,
    name: job.graph.name,
    'execution-config': {
      'execution-mode': 'PIPELINED',
      'restart-strategy': 'Cluster level default restart strategy',
      'job-parallelism': job.graph.defaultParallelism,
      'object-reuse-mode': false,
      'user-config': {},
    },
  }
}

const STATUS = { FINISHED: 'SUCCEEDED', FAILED: 'FAILED', CANCELED: 'CANCELED' } as const

export function executionResultView(job: JobMaster, outcome: JobOutcome | undefined): Record<string, unknown> {
  if (!outcome) return { status: { id: 'IN_PROGRESS' } }
  const { failure } = outcome
  return {
    status: { id: 'COMPLETED' },
    'job-execution-result': {
      id: job.graph.jobId,
      'application-status': STATUS[outcome.status],
      'accumulator-results': {},
      'net-runtime': outcome.netRuntime,
      ...(failure && { 'failure-cause': { class: failure.className, 'stack-trace': stackTrace(failure), 'serialized-throwable': '' } }),
    },
  }
}
