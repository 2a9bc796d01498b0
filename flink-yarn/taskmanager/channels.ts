/** A task's outputs: records become buffers, buffers leave as the consumer gives credit. */
import { keyGroupOf, operatorIndexOf } from '../streaming/keygroups.js'
import type { KeySelector } from '../streaming/operators.js'
import { DataOutput } from './data.js'
import type { Serializer } from './serializers.js'

/** Size at which a buffer leaves (taskmanager.memory.segment-size). */
export const SEGMENT_SIZE = 32 * 1024
/** Buffers that a consumer lets a producer send ahead. */
export const INITIAL_CREDITS = 4
/** Whole buffers that wait for credit before the task takes no more records. */
const MAX_QUEUED = 2

export interface ChannelTransport {
  data(channel: string, bytes: Uint8Array<ArrayBuffer>): void
  end(channel: string): void
}

export class OutputChannel {
  readonly out = new DataOutput(SEGMENT_SIZE)
  readonly #queue: Uint8Array<ArrayBuffer>[] = []
  #credits = 0
  /** Set by the first credit: there is a consumer that the end can be told to. */
  #subscribed = false
  #ending = false
  #ended = false
  bytesOut = 0

  constructor(
    readonly key: string,
    private readonly transport: ChannelTransport,
  ) {}

  /** Called after each record. */
  written(): void {
    if (this.out.pos >= SEGMENT_SIZE - 1024) this.#cut()
  }

  #cut(): void {
    const bytes = this.out.take()
    this.bytesOut += bytes.length
    if (this.#credits > 0) {
      this.#credits--
      this.transport.data(this.key, bytes)
    } else this.#queue.push(bytes)
  }

  get full(): boolean {
    return this.#queue.length >= MAX_QUEUED
  }

  /** Sends what has been written, if the consumer takes it now. */
  flush(): void {
    if (this.out.pos > 0 && this.#credits > 0 && this.#queue.length === 0) this.#cut()
  }

  credit(n: number): void {
    this.#credits += n
    this.#subscribed = true
    while (this.#credits > 0 && this.#queue.length > 0) {
      this.#credits--
      this.transport.data(this.key, this.#queue.shift()!)
    }
    if (this.#ending) this.#tryEnd()
  }

  /** No record follows. */
  end(): void {
    this.#ending = true
    if (this.out.pos > 0) this.#cut()
    this.#tryEnd()
  }

  #tryEnd(): void {
    if (this.#ended || !this.#subscribed || this.#queue.length > 0) return
    this.#ended = true
    this.transport.end(this.key)
  }

  /** Whether everything, the end included, has left. */
  get drained(): boolean {
    return this.#ended
  }
}

export type Emit = (record: any) => void

/** Writes records into one of an edge's channels. */
export interface RecordWriter {
  readonly emit: Emit
  readonly channels: readonly OutputChannel[]
}

export function forwardWriter(channels: readonly OutputChannel[], serializer: Serializer, counted: () => void): RecordWriter {
  const only = channels[0]!
  const emit = (record: unknown) => {
    serializer.write(only.out, record)
    only.written()
    counted()
  }
  return { emit, channels }
}

/** Around in a circle; instances begin at different places, so that few records still spread. */
export function rebalanceWriter(channels: readonly OutputChannel[], serializer: Serializer, subtask: number, counted: () => void): RecordWriter {
  let next = subtask % channels.length
  const emit = (record: unknown) => {
    const channel = channels[next]!
    next = next + 1 === channels.length ? 0 : next + 1
    serializer.write(channel.out, record)
    channel.written()
    counted()
  }
  return { emit, channels }
}

/** To the instance that holds the record's key group. */
export function hashWriter(
  channels: readonly OutputChannel[],
  serializer: Serializer,
  key: KeySelector<any>,
  maxParallelism: number,
  counted: () => void,
): RecordWriter {
  const parallelism = channels.length
  const emit = (record: unknown) => {
    const channel = channels[parallelism === 1 ? 0 : operatorIndexOf(keyGroupOf(key(record), maxParallelism), maxParallelism, parallelism)]!
    serializer.write(channel.out, record)
    channel.written()
    counted()
  }
  return { emit, channels }
}
