/**
 * One task: a chain of operators behind a source or an input. It works in slices on its slot's event loop, takes no
 * record while an output is full, and flushes when it has nothing else to do.
 */
import type { JobGraph, JobVertex } from '../jobgraph/index.js'
import type { InputProto, TaskProto } from '../proto/gen/engine.js'
import type { StreamGraph } from '../streaming/graph.js'
import type { Operator, SourceSpec } from '../streaming/operators.js'
import { type ChannelTransport, type Emit, INITIAL_CREDITS, OutputChannel, type RecordWriter, forwardWriter, hashWriter, rebalanceWriter } from './channels.js'
import { DataInput } from './data.js'
import { COUNTERS, type TaskFailure, type TaskState, channelKey, failureOf } from './messages.js'
import { type RunningOperator, startOperator } from './operators.js'
import { type Serializer, serializerOf } from './serializers.js'
import { type RunningSource, startSource } from './sources.js'

/** Milliseconds that a task works before others get their turn. */
const SLICE_TIME = 8

export interface TaskEnvironment extends ChannelTransport {
  readonly graph: JobGraph
  readonly functions: StreamGraph['functions']
  state(task: Task, state: TaskState, failure?: TaskFailure): void
  /** Asks the producer of an input channel to send. */
  request(task: Task, channel: InputProto['channels'][number], credits: number): void
  credit(channel: string, credits: number): void
  readonly bufferTimeout: number
}

interface InputBuffer {
  readonly channel: string
  readonly bytes: Uint8Array
}

export class Task {
  readonly executionId: string
  readonly vertex: JobVertex
  readonly outputs = new Map<string, OutputChannel>()
  readonly inputs = new Set<string>()
  readonly #proto: TaskProto
  readonly #env: TaskEnvironment
  readonly #counters: Float64Array
  readonly #channels: OutputChannel[] = []
  readonly #operators: RunningOperator[] = []
  #head: Emit = () => {}
  #source: RunningSource | undefined
  #serializer: Serializer | undefined
  #buffers: InputBuffer[] = []
  readonly #input = new DataInput()
  #current: InputBuffer | undefined
  #open = 0
  #scheduled = false
  #waiting = false
  #finishing = false
  #lastFlush = 0
  #flushTimer: NodeJS.Timeout | undefined
  done = false

  constructor(proto: TaskProto, counters: Float64Array, env: TaskEnvironment) {
    this.#proto = proto
    this.#env = env
    this.#counters = counters
    this.executionId = proto.executionId
    this.vertex = env.graph.vertices[proto.vertex]!
  }

  /** Builds the chain and begins; a failure in it is the task's. */
  start(): void {
    this.#guard(() => {
      this.#env.state(this, 'INITIALIZING')
      const build = (id: string): Emit => {
        const operator = this.#operator(id)
        const running = startOperator(operator, this.#context, this.#outputOf(id, operator, build))
        this.#operators.push(running)
        return running.process
      }
      const head = this.#operator(this.vertex.id)
      if (this.#proto.inputs.length === 0) {
        this.#head = this.#outputOf(head.id, head, build)
        this.#source = startSource(head.spec as SourceSpec, { ...this.#context, wake: () => this.#schedule() })
      } else {
        this.#head = build(head.id)
        this.#openInputs()
      }
      this.#env.state(this, 'RUNNING')
      this.#schedule()
    })
  }

  get #context() {
    return { subtask: this.#proto.subtask, parallelism: this.vertex.parallelism }
  }

  #operator(id: string): Operator {
    const operator = this.#env.functions.get(id)
    if (!operator) throw new Error(`the program has no operator ${id}`)
    return operator
  }

  /** What takes an operator's records: operators chained to it, and channels to other tasks. */
  #outputOf(id: string, operator: Operator, build: (id: string) => Emit): Emit {
    const { edges } = this.#env.graph
    const chained = edges.filter((e) => e.chained && e.source === id).map((e) => build(e.target))
    const written = this.#proto.outputs.flatMap((o, index) => {
      const edge = edges[o.edge]!
      if (edge.source !== id) return []
      const channels = Array.from({ length: o.subpartitions }, (_, n) => {
        // A forward edge has one consumer, the subtask of the same number.
        const subpartition = edge.partitioner === 'FORWARD' ? this.#proto.subtask : n
        const channel = new OutputChannel(channelKey({ producer: this.executionId, output: index, subpartition }), this.#env)
        this.outputs.set(channel.key, channel)
        this.#channels.push(channel)
        return channel
      })
      return [this.#writer(edge.partitioner, channels, operator, edge.target, o.maxParallelism).emit]
    })
    const all = [...chained, ...written]
    if (all.length === 1) return all[0]!
    return (record) => {
      for (const emit of all) emit(record)
    }
  }

  #writer(partitioner: string, channels: readonly OutputChannel[], operator: Operator, target: string, maxParallelism: number): RecordWriter {
    const serializer = serializerOf(operator.outputType)
    const counters = this.#counters
    const counted = () => {
      counters[COUNTERS.recordsOut]!++
    }
    if (partitioner === 'HASH') return hashWriter(channels, serializer, this.#operator(target).key!, maxParallelism, counted)
    if (partitioner === 'REBALANCE') return rebalanceWriter(channels, serializer, this.#proto.subtask, counted)
    return forwardWriter(channels, serializer, counted)
  }

  #openInputs(): void {
    for (const input of this.#proto.inputs) {
      const edge = this.#env.graph.edges[input.edge]!
      this.#serializer = serializerOf(this.#operator(edge.source).outputType)
      for (const channel of input.channels) {
        this.inputs.add(channelKey(channel))
        this.#open++
        this.#env.request(this, channel, INITIAL_CREDITS)
      }
    }
  }

  receive(channel: string, bytes: Uint8Array): void {
    if (this.done) return
    this.#buffers.push({ channel, bytes })
    this.#counters[COUNTERS.bytesIn]! += bytes.length
    this.#schedule()
  }

  endOfInput(channel: string): void {
    if (!this.inputs.delete(channel)) return
    this.#open--
    this.#schedule()
  }

  credit(channel: string, credits: number): void {
    this.outputs.get(channel)?.credit(credits)
    this.#schedule()
  }

  cancel(): void {
    this.#end('CANCELED')
  }

  fail(e: unknown): void {
    this.#end('FAILED', failureOf(e))
  }

  #end(state: TaskState, failure?: TaskFailure): void {
    if (this.done) return
    this.done = true
    clearTimeout(this.#flushTimer)
    this.#source?.close()
    this.#buffers = []
    // What the job printed before it ended is seen, however it ended.
    for (const o of this.#operators) o.flush?.()
    this.#count()
    this.#env.state(this, state, failure)
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (e) {
      this.fail(e)
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.done) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (!this.done) this.#guard(() => this.#run())
    })
  }

  readonly #full = (): boolean => {
    for (const c of this.#channels) if (c.full) return true
    return false
  }

  #run(): void {
    if (this.#finishing) return this.#tryFinish()
    const stop = performance.now() + SLICE_TIME
    const sliceOver = () => this.#full() || performance.now() > stop
    this.#waiting = false
    while (!this.#full()) {
      const more = this.#source ? this.#poll(sliceOver) : this.#work(stop)
      if (!more || this.#finishing) break
      if (performance.now() > stop) break
    }
    this.#count()
    if (this.#finishing) return this.#tryFinish()
    if (this.#waiting) return this.#flush()
    this.#flushInTime()
    // With a full output, its consumer's credit wakes the task.
    if (!this.#full()) this.#schedule()
  }

  #poll(sliceOver: () => boolean): boolean {
    const status = this.#source!.poll(this.#countedHead, sliceOver)
    if (status === 'wait') this.#waiting = true
    if (status === 'end') this.#finishing = true
    return status === 'more'
  }

  readonly #countedHead: Emit = (record) => this.#head(record)

  /** Works on buffers that have come. @returns false when there is none */
  #work(stop: number): boolean {
    if (!this.#current) {
      this.#current = this.#buffers.shift()
      if (!this.#current) {
        if (this.#open === 0) this.#finishing = true
        else this.#waiting = true
        return false
      }
      this.#input.reset(this.#current.bytes)
    }
    const input = this.#input
    const serializer = this.#serializer!
    const head = this.#head
    let n = 0
    while (input.remaining > 0) {
      head(serializer.read(input))
      // Whether to stop costs more to find out than a record to handle.
      if ((++n & 31) === 0 && (this.#full() || performance.now() > stop)) break
    }
    this.#counters[COUNTERS.recordsIn]! += n
    if (input.remaining === 0) {
      this.#env.credit(this.#current.channel, 1)
      this.#current = undefined
    }
    return true
  }

  #count(): void {
    let bytes = 0
    for (const c of this.#channels) bytes += c.bytesOut
    this.#counters[COUNTERS.bytesOut] = bytes
  }

  #flush(): void {
    this.#lastFlush = performance.now()
    clearTimeout(this.#flushTimer)
    this.#flushTimer = undefined
    for (const o of this.#operators) o.flush?.()
    for (const c of this.#channels) c.flush()
  }

  /** A busy task flushes every buffer timeout; one that can't go on flushes then too. */
  #flushInTime(): void {
    const { bufferTimeout } = this.#env
    if (performance.now() - this.#lastFlush >= bufferTimeout) return this.#flush()
    this.#flushTimer ??= setTimeout(() => {
      if (!this.done) this.#guard(() => this.#flush())
    }, bufferTimeout)
  }

  #tryFinish(): void {
    for (const c of this.#channels) c.end()
    this.#count()
    // What has not left yet leaves with the consumers' credit, which comes back here.
    if (this.#channels.every((c) => c.drained)) this.#end('FINISHED')
  }
}
