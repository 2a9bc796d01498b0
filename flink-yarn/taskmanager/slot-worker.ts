/** A slot's thread: holds the tasks of one job that share the slot, and the program's functions. */
import { parentPort } from 'node:worker_threads'
import type { JobGraph } from '../jobgraph/index.js'
import { ProgramInvocationException } from '../program/errors.js'
import { loadStreamGraph } from '../program/run.js'
import type { StreamGraph } from '../streaming/graph.js'
import { type FromSlot, RemoteTransportException, type TaskFailure, type TaskState, type ToSlot, channelKey, failureOf, producerOf } from './messages.js'
import { writeFully } from './operators.js'
import { Task, type TaskEnvironment } from './task.js'

const DEFAULT_BUFFER_TIMEOUT = 100

/** Serves until the thread is ended. */
export function runSlotWorker(): void {
  const port = parentPort!
  const post = (message: FromSlot, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)
  // What functions print goes to the container's own files at once, in order with print(), even if the thread is ended.
  for (const [stream, fd] of [
    [process.stdout, 1],
    [process.stderr, 2],
  ] as const) {
    stream.write = ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown) => {
      writeFully(fd, typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
      const callback = typeof encoding === 'function' ? encoding : done
      if (typeof callback === 'function') queueMicrotask(() => callback())
      return true
    }) as typeof stream.write
  }
  const slot = new SlotTasks(post)
  port.on('message', (message: ToSlot) => slot.handle(message))
}

class SlotTasks {
  readonly #tasks = new Map<string, Task>()
  readonly #consumers = new Map<string, Task>()
  /** Credit that came before its producer was deployed here. */
  readonly #early = new Map<string, number>()
  #program: Promise<{ graph: JobGraph; functions: StreamGraph['functions'] }> | undefined

  constructor(private readonly post: (message: FromSlot, transfer?: ArrayBuffer[]) => void) {}

  handle(m: ToSlot): void {
    switch (m.type) {
      case 'job':
        this.#program = loadProgram(m.folder, m.graph)
        // Reported by each task that is deployed.
        this.#program.catch(() => {})
        return
      case 'deploy':
        void this.#deploy(m)
        return
      case 'cancel':
        for (const id of m.executionIds) this.#tasks.get(id)?.cancel()
        return
      case 'data':
        return this.#consumers.get(m.channel)?.receive(m.channel, m.bytes)
      case 'end':
        return this.#consumers.get(m.channel)?.endOfInput(m.channel)
      case 'credit':
        return this.#credit(m.channel, m.credits)
      case 'lost':
        return this.#consumers.get(m.channel)?.fail(new RemoteTransportException(m.reason))
    }
  }

  async #deploy(m: ToSlot & { type: 'deploy' }): Promise<void> {
    let program: { graph: JobGraph; functions: StreamGraph['functions'] }
    try {
      if (!this.#program) throw new Error('tasks were deployed before their job')
      program = await this.#program
    } catch (e) {
      for (const t of m.tasks) this.post({ type: 'state', executionId: t.executionId, state: 'FAILED', failure: failureOf(e) })
      return
    }
    const env = this.#environment(program)
    const tasks = m.tasks.map((proto, i) => new Task(proto, m.counters[i]!, env))
    for (const t of tasks) this.#tasks.set(t.executionId, t)
    // Producers first, so that their channels are there when consumers in the same slot ask.
    for (const t of tasks) {
      t.start()
      for (const key of t.outputs.keys()) {
        const early = this.#early.get(key)
        if (early === undefined) continue
        this.#early.delete(key)
        t.credit(key, early)
      }
    }
  }

  #environment(program: { graph: JobGraph; functions: StreamGraph['functions'] }): TaskEnvironment {
    const configured = Number(program.graph.configuration['execution.buffer-timeout'])
    return {
      ...program,
      bufferTimeout: Number.isFinite(configured) && configured >= 0 ? configured : DEFAULT_BUFFER_TIMEOUT,
      state: (task, state, failure) => this.#state(task, state, failure),
      data: (channel, bytes) => {
        const consumer = this.#consumers.get(channel)
        if (consumer) consumer.receive(channel, bytes)
        else this.post({ type: 'data', channel, bytes }, [bytes.buffer])
      },
      end: (channel) => {
        const consumer = this.#consumers.get(channel)
        if (consumer) consumer.endOfInput(channel)
        else this.post({ type: 'end', channel })
      },
      request: (task, channel, credits) => {
        const key = channelKey(channel)
        this.#consumers.set(key, task)
        if (this.#tasks.has(channel.producer)) return this.#credit(key, credits)
        const { resourceId, host, dataPort } = channel
        this.post({ type: 'request', executionId: task.executionId, channel: key, resourceId, host, dataPort, credits })
      },
      credit: (channel, credits) => {
        if (this.#tasks.has(producerOf(channel))) this.#credit(channel, credits)
        else this.post({ type: 'credit', channel, credits })
      },
    }
  }

  #credit(channel: string, credits: number): void {
    const producer = this.#tasks.get(producerOf(channel))
    if (producer?.outputs.has(channel)) producer.credit(channel, credits)
    else this.#early.set(channel, (this.#early.get(channel) ?? 0) + credits)
  }

  #state(task: Task, state: TaskState, failure: TaskFailure | undefined): void {
    this.post({ type: 'state', executionId: task.executionId, state, ...(failure && { failure }) })
    // A finished producer stays known: its consumers' last credits may still come.
    if (state === 'FAILED' || state === 'CANCELED') for (const [key, t] of this.#consumers) if (t === task) this.#consumers.delete(key)
  }
}

/** Runs main for its functions. @throws when it gives another graph than the one that was submitted */
async function loadProgram(folder: string, graph: JobGraph): Promise<{ graph: JobGraph; functions: StreamGraph['functions'] }> {
  const { args, ...rest } = { args: graph.arguments, parallelism: graph.defaultParallelism, configuration: graph.configuration, earlier: graph.earlier }
  const built = await loadStreamGraph(folder, graph.entryClass, { args, ...rest })
  if (built.hash !== graph.hash) {
    throw new ProgramInvocationException(
      `The main method of ${graph.entryClass} is not deterministic: run again with the same arguments, its execute() number ${graph.execution + 1} ` +
        'gave another job graph than the one that was submitted. A graph must not depend on the time, on random numbers, on the machine or on files.',
    )
  }
  return { graph, functions: built.functions }
}
