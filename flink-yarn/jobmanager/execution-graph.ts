/** A job as it runs: vertices, their subtasks, and each subtask's current execution. */
import { randomBytes } from 'node:crypto'
import type { JobGraph, JobVertex } from '../jobgraph/index.js'
import type { TaskProtoInit } from '../proto/gen/engine.js'
import type { AllocatedSlot } from './slot-manager.js'
import { EXECUTION, type ExecutionEvent, type ExecutionState, TERMINAL_EXECUTION, next } from './states.js'

export interface Counters {
  readonly recordsIn: number
  readonly recordsOut: number
  readonly bytesIn: number
  readonly bytesOut: number
}

const NO_COUNTERS: Counters = { recordsIn: 0, recordsOut: 0, bytesIn: 0, bytesOut: 0 }

export class Execution {
  readonly id = randomBytes(16).toString('hex')
  state: ExecutionState = 'CREATED'
  readonly timestamps: Partial<Record<ExecutionState, number>> = {}
  slot: AllocatedSlot | undefined
  counters: Counters = NO_COUNTERS

  constructor(
    readonly vertex: ExecutionVertex,
    readonly subtask: number,
    readonly attempt: number,
    now: number,
  ) {
    this.timestamps.CREATED = now
  }

  /** @returns whether the state changed. @throws IllegalTransition */
  apply(event: ExecutionEvent, now: number): boolean {
    const to = next(EXECUTION, this.state, event)
    if (to === this.state) return false
    this.state = to
    this.timestamps[to] = now
    return true
  }

  get terminal(): boolean {
    return TERMINAL_EXECUTION.has(this.state)
  }

  /** `Flat Map (1/2)#0`, as Flink names a task in messages. */
  get taskName(): string {
    return `${this.vertex.vertex.name} (${this.subtask + 1}/${this.vertex.vertex.parallelism})#${this.attempt}`
  }
}

export class ExecutionVertex {
  executions: Execution[] = []
  constructor(
    readonly vertex: JobVertex,
    readonly index: number,
  ) {}
}

export class ExecutionGraph {
  readonly vertices: readonly ExecutionVertex[]
  readonly #byId = new Map<string, Execution>()
  attempt = 0

  constructor(
    readonly graph: JobGraph,
    now: number,
  ) {
    this.vertices = graph.vertices.map((v, i) => new ExecutionVertex(v, i))
    this.#create(now)
  }

  #create(now: number): void {
    this.#byId.clear()
    for (const v of this.vertices) {
      v.executions = Array.from({ length: v.vertex.parallelism }, (_, subtask) => new Execution(v, subtask, this.attempt, now))
      for (const e of v.executions) this.#byId.set(e.id, e)
    }
  }

  /** New executions for all subtasks. */
  restart(now: number): void {
    this.attempt++
    this.#create(now)
  }

  get executions(): readonly Execution[] {
    return [...this.#byId.values()]
  }

  find(executionId: string): Execution | undefined {
    return this.#byId.get(executionId)
  }

  /** What a TaskManager needs to run an execution: with whom it exchanges records, by which edge. */
  deployment(e: Execution): TaskProtoInit {
    const { edges } = this.graph
    const { vertex } = e.vertex
    const own = new Set(vertex.operators)
    const between = edges.map((edge, index) => ({ edge, index })).filter(({ edge }) => !edge.chained)
    const outputs = between
      .filter(({ edge }) => own.has(edge.source))
      .map(({ edge, index }) => {
        const consumer = this.#vertexOf(edge.target).vertex
        return { edge: index, subpartitions: edge.partitioner === 'FORWARD' ? 1 : consumer.parallelism, maxParallelism: consumer.maxParallelism }
      })
    const inputs = between
      .filter(({ edge }) => own.has(edge.target))
      .map(({ edge, index }) => {
        const from = this.#vertexOf(edge.source)
        const ownOutputs = new Set(from.vertex.operators)
        const output = between.filter((b) => ownOutputs.has(b.edge.source)).findIndex((b) => b.index === index)
        const producers = edge.partitioner === 'FORWARD' ? [from.executions[e.subtask]!] : from.executions
        return {
          edge: index,
          channels: producers.map((p) => {
            const { taskManager, index: slot } = p.slot!
            const { resourceId, host, dataPort } = taskManager.registration
            return { producer: p.id, output, subpartition: e.subtask, resourceId, slot, host, dataPort }
          }),
        }
      })
    return { executionId: e.id, vertex: e.vertex.index, subtask: e.subtask, attempt: e.attempt, slot: e.slot!.index, inputs, outputs }
  }

  #vertexOf(operator: string): ExecutionVertex {
    const found = this.vertices.find((v) => v.vertex.operators.includes(operator))
    if (!found) throw new Error(`the job graph has no vertex with operator ${operator}`)
    return found
  }
}
