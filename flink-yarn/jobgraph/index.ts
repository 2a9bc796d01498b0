/**
 * A job as plain data: what a client hands to a JobManager, and a JobManager to its TaskManagers. It names the jar, the entry
 * class, its arguments and which execute() of that main it stands for; functions are not in it. A task runs main again up to
 * that execute(), compares the hash and takes its functions by operator id.
 */

export const JOB_GRAPH_FORMAT = 1

export type OperatorKind = 'source' | 'operator' | 'sink'

/** How records find their channel. */
export type Partitioner = 'FORWARD' | 'REBALANCE' | 'HASH'

export interface OperatorDescriptor {
  /** 32 hexadecimal digits: from the uid when the job gives one, else from the position in the graph. */
  readonly id: string
  /** Number within the program, counted from 1 in the order of the calls: the `id` of an execution plan. */
  readonly node: number
  readonly name: string
  readonly kind: OperatorKind
  /** What it does: `map`, `flatMap`, `socketTextStream`, … */
  readonly type: string
  readonly uid?: string
  readonly parallelism: number
}

/** Operators that run in one task: a head and what is chained to it, in order of the records' way. */
export interface JobVertex {
  /** The head's operator id. */
  readonly id: string
  /** `Keyed Aggregation -> Sink: Print to Std. Out` */
  readonly name: string
  readonly parallelism: number
  readonly maxParallelism: number
  readonly operators: readonly string[]
}

/** Between operators; within a vertex it is a call, between vertices an exchange. */
export interface JobEdge {
  readonly source: string
  readonly target: string
  readonly partitioner: Partitioner
  readonly chained: boolean
  /** The type of its records, as text (see streaming/types); `GENERIC` where nothing is known. */
  readonly recordType: string
}

/** What an earlier execute() of the same main answered: main gets the same again when it is run for its functions. */
export interface RecordedExecution {
  readonly jobId: string
  readonly detached: boolean
  /** Milliseconds; of attached executions. */
  readonly netRuntime?: number
  /** What it threw instead, when main went on after that. */
  readonly failure?: string
}

export interface JobGraph {
  readonly format: typeof JOB_GRAPH_FORMAT
  /** 32 hexadecimal digits. */
  readonly jobId: string
  readonly name: string
  readonly jar: { readonly name: string; readonly size: number; readonly sha256: string }
  readonly entryClass: string
  readonly arguments: readonly string[]
  /** Which execute() of main, counted from 0. */
  readonly execution: number
  readonly earlier: readonly RecordedExecution[]
  /** The environment's default parallelism when main was run (from -p, the configuration, or 1). */
  readonly defaultParallelism: number
  /** Flink options that the job was submitted with. */
  readonly configuration: Readonly<Record<string, string>>
  readonly operators: readonly OperatorDescriptor[]
  readonly edges: readonly JobEdge[]
  /** Sources first. */
  readonly vertices: readonly JobVertex[]
  /** Of operators, edges and vertices: two runs of the same main must agree on it. */
  readonly hash: string
}

export function isJobId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text)
}

/** Slots that a job needs: all its vertices share slots, one subtask of each in a slot. */
export function requiredSlots(graph: JobGraph): number {
  return graph.vertices.reduce((most, v) => Math.max(most, v.parallelism), 0)
}

/** @throws Error naming what is wrong, for bytes that are no job graph of this format */
export function parseJobGraph(text: string): JobGraph {
  let value: Partial<JobGraph>
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(
      'the job graph is not JSON; graphs of Apache Flink (Java serialization) need a JobManager of Apache Flink: set FLINK_HOME where the cluster is started',
    )
  }
  if (typeof value !== 'object' || value === null || value.format !== JOB_GRAPH_FORMAT) {
    throw new Error(`the job graph has format ${JSON.stringify(value?.format)}, this JobManager reads ${JOB_GRAPH_FORMAT}`)
  }
  if (typeof value.jobId !== 'string' || !isJobId(value.jobId)) throw new Error(`the job graph's job id ${JSON.stringify(value.jobId)} is no job id`)
  const texts = ['name', 'entryClass', 'hash'] as const
  for (const t of texts) if (typeof value[t] !== 'string') throw new Error(`the job graph has no ${t}`)
  const lists = ['arguments', 'earlier', 'operators', 'edges', 'vertices'] as const
  for (const l of lists) if (!Array.isArray(value[l])) throw new Error(`the job graph has no ${l}`)
  if (typeof value.jar?.sha256 !== 'string' || typeof value.jar.name !== 'string') throw new Error('the job graph names no jar')
  if (!Number.isInteger(value.execution) || !Number.isInteger(value.defaultParallelism)) throw new Error('the job graph has no execution index')
  for (const v of value.vertices as JobVertex[]) {
    if (typeof v?.id !== 'string' || !Number.isInteger(v.parallelism) || v.parallelism < 1 || v.parallelism > v.maxParallelism || !Array.isArray(v.operators)) {
      throw new Error(`the job graph's vertex ${JSON.stringify(v?.name ?? v)} is malformed`)
    }
  }
  const known = new Set((value.operators as OperatorDescriptor[]).map((o) => o.id))
  for (const e of value.edges as JobEdge[]) {
    if (!known.has(e.source) || !known.has(e.target)) throw new Error(`the job graph has an edge ${e.source} -> ${e.target} between operators it does not have`)
  }
  return { ...(value as JobGraph), configuration: value.configuration ?? {} }
}

/** Flink's JSON plan (`flink info`): one node for each operator, with the nodes it reads from. */
export function executionPlan(graph: JobGraph): string {
  const node = new Map(graph.operators.map((o) => [o.id, o.node]))
  const pact = { source: 'Data Source', operator: 'Operator', sink: 'Data Sink' } as const
  const nodes = graph.operators.map((o) => {
    const inputs = graph.edges.filter((e) => e.target === o.id)
    return {
      id: o.node,
      type: o.name,
      pact: pact[o.kind],
      contents: o.name,
      parallelism: o.parallelism,
      ...(inputs.length > 0 && { predecessors: inputs.map((e) => ({ id: node.get(e.source), ship_strategy: e.partitioner, side: 'second' })) }),
    }
  })
  return jacksonText({ nodes }, '')
}

/** As Jackson's default pretty printer writes it: arrays stay on the line, only objects indent. */
function jacksonText(value: unknown, indent: string): string {
  if (Array.isArray(value)) return `[ ${value.map((v) => jacksonText(v, indent)).join(', ')} ]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const inner = `${indent}  `
  return `{\n${Object.entries(value)
    .map(([k, v]) => `${inner}${JSON.stringify(k)} : ${jacksonText(v, inner)}`)
    .join(',\n')}\n${indent}}`
}
