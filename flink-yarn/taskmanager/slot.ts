/** One slot: a thread, and the tasks of the job that holds it. A slot that is freed gets a new thread: nothing of a job stays. */
import type { Worker } from 'node:worker_threads'
import type { JobGraph } from '../jobgraph/index.js'
import type { TaskProto } from '../proto/gen/engine.js'
import { COUNTERS, type FromSlot, type TaskFailure, type TaskState, type ToSlot } from './messages.js'

export interface SlotEvents {
  taskState(executionId: string, state: TaskState, failure: TaskFailure | undefined): void
  exchange(slot: Slot, message: Exclude<FromSlot, { type: 'state' }>): void
}

export interface SlotOptions {
  /** Starts the thread; its entry is this bundle. */
  readonly spawn: () => Worker
  readonly events: SlotEvents
  /** Milliseconds that tasks have to end by themselves when they are cancelled. */
  readonly cancelGrace: number
}

interface SlotTask {
  readonly counters: Float64Array
  terminal: boolean
}

const TERMINAL: ReadonlySet<TaskState> = new Set(['FINISHED', 'CANCELED', 'FAILED'])

export class Slot {
  readonly #options: SlotOptions
  readonly #tasks = new Map<string, SlotTask>()
  #worker: Worker | undefined
  jobId: string | undefined

  constructor(
    readonly index: number,
    options: SlotOptions,
  ) {
    this.#options = options
  }

  /** Starts the thread ahead of need. */
  warm(): void {
    this.#thread()
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker
    const worker = this.#options.spawn()
    this.#worker = worker
    worker.on('message', (m: FromSlot) => {
      if (worker !== this.#worker) return
      if (m.type === 'state') this.#state(m.executionId, m.state, m.failure)
      else this.#options.events.exchange(this, m)
    })
    let failure: TaskFailure | undefined
    worker.on('error', (e: Error & { code?: string }) => {
      const className = e.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'java.lang.OutOfMemoryError' : e.name
      failure = { className, message: e.message, stack: `${className}: ${e.message}\n${(e.stack ?? '').split('\n').slice(1).join('\n')}` }
    })
    worker.on('exit', (code) => {
      if (worker !== this.#worker) return
      this.#worker = undefined
      const text = `The thread of slot ${this.index} ended with code ${code}. A function of the job may have called process.exit().`
      this.#endAll('FAILED', failure ?? { className: 'org.apache.flink.util.FlinkException', message: text, stack: text })
    })
    return worker
  }

  post(message: ToSlot, transfer: ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, transfer)
  }

  deploy(folder: string, graph: JobGraph, tasks: readonly TaskProto[]): void {
    const thread = this.#thread()
    if (this.jobId !== graph.jobId) {
      this.jobId = graph.jobId
      thread.postMessage({ type: 'job', folder, graph } satisfies ToSlot)
    }
    const counters = tasks.map(() => new Float64Array(new SharedArrayBuffer(8 * Object.keys(COUNTERS).length)))
    tasks.forEach((t, i) => {
      this.#tasks.set(t.executionId, { counters: counters[i]!, terminal: false })
    })
    thread.postMessage({ type: 'deploy', tasks, counters } satisfies ToSlot)
  }

  /** Ends tasks; a thread that does not answer is ended with them. */
  cancel(executionIds: readonly string[]): void {
    const mine = executionIds.filter((id) => this.#tasks.get(id)?.terminal === false)
    if (mine.length === 0) return
    this.post({ type: 'cancel', executionIds: mine })
    setTimeout(() => {
      if (mine.every((id) => this.#tasks.get(id)?.terminal !== false)) return
      this.#stopThread()
      this.#endAll('CANCELED', undefined)
    }, this.#options.cancelGrace)
  }

  counters(): { readonly executionId: string; readonly values: Float64Array }[] {
    return [...this.#tasks].map(([executionId, t]) => ({ executionId, values: t.counters }))
  }

  counterOf(executionId: string): Float64Array | undefined {
    return this.#tasks.get(executionId)?.counters
  }

  has(executionId: string): boolean {
    return this.#tasks.has(executionId)
  }

  /** Takes the slot from its job. */
  free(): void {
    this.#tasks.clear()
    this.jobId = undefined
    this.#stopThread()
  }

  #stopThread(): void {
    const worker = this.#worker
    this.#worker = undefined
    void worker?.terminate()
  }

  #state(executionId: string, state: TaskState, failure: TaskFailure | undefined): void {
    const task = this.#tasks.get(executionId)
    if (!task || task.terminal) return
    task.terminal = TERMINAL.has(state)
    this.#options.events.taskState(executionId, state, failure)
  }

  #endAll(state: TaskState, failure: TaskFailure | undefined): void {
    for (const id of this.#tasks.keys()) this.#state(id, state, failure)
  }
}
