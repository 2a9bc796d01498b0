/** Sources at run time: they give out records in slices, and say when they have to wait. */
import net from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import type { SourceSpec } from '../streaming/operators.js'
import type { Emit } from './channels.js'

export type SourceStatus = 'more' | 'wait' | 'end'

export interface RunningSource {
  /** Gives records out until `full()` says to stop, there is nothing to give now (`wait`), or ever (`end`). */
  poll(emit: Emit, full: () => boolean): SourceStatus
  close(): void
}

export interface SourceContext {
  readonly subtask: number
  readonly parallelism: number
  /** Tells the task that a source that waited has records, or has failed: it will be polled. */
  wake(): void
}

/** Records between two looks at whether the outputs are full. */
const SLICE = 256

export function startSource(spec: SourceSpec, context: SourceContext): RunningSource {
  switch (spec.type) {
    case 'fromCollection':
      return collection(spec.elements)
    case 'fromSequence':
      return sequence(spec.from, spec.to, context)
    case 'socketTextStream':
      return new SocketSource(spec, context)
  }
}

function collection(elements: readonly unknown[]): RunningSource {
  let next = 0
  return {
    poll(emit, full) {
      while (next < elements.length) {
        const end = Math.min(next + SLICE, elements.length)
        while (next < end) emit(elements[next++])
        if (full()) break
      }
      return next < elements.length ? 'more' : 'end'
    },
    close() {},
  }
}

/** Each instance takes a stretch of its own, the first ones one number more where it doesn't divide. */
function sequence(from: number, to: number, { subtask, parallelism }: SourceContext): RunningSource {
  const count = to - from + 1
  const least = Math.floor(count / parallelism)
  const more = count % parallelism
  let next = from + subtask * least + Math.min(subtask, more)
  const end = next + least + (subtask < more ? 1 : 0)
  return {
    poll(emit, full) {
      while (next < end) {
        const stop = Math.min(next + SLICE, end)
        while (next < stop) emit(next++)
        if (full()) break
      }
      return next < end ? 'more' : 'end'
    },
    close() {},
  }
}

/** Between two tries to connect. */
const RETRY_DELAY = 500
/** Lines that wait for the task before no more is read. */
const MAX_WAITING = 4096
/** A line may not be longer: a peer that never sends the delimiter must not fill memory. */
const MAX_LINE = 64 * 1024 * 1024

const JAVA_NAMES: Record<string, readonly [className: string, text: string]> = {
  ECONNREFUSED: ['java.net.ConnectException', 'Connection refused'],
  EHOSTUNREACH: ['java.net.NoRouteToHostException', 'No route to host'],
  ENETUNREACH: ['java.net.ConnectException', 'Network is unreachable'],
  ETIMEDOUT: ['java.net.ConnectException', 'Connection timed out'],
  ECONNRESET: ['java.net.SocketException', 'Connection reset'],
}

class SocketError extends Error {
  constructor(
    readonly className: string,
    message: string,
  ) {
    super(message)
  }
}

class SocketSource implements RunningSource {
  readonly #spec: SourceSpec & { type: 'socketTextStream' }
  readonly #context: SourceContext
  #socket: net.Socket | undefined
  #timer: NodeJS.Timeout | undefined
  #decoder = new StringDecoder('utf8')
  #rest = ''
  #lines: string[] = []
  #next = 0
  #attempts = 0
  #ended = false
  #failure: Error | undefined

  constructor(spec: SourceSpec & { type: 'socketTextStream' }, context: SourceContext) {
    this.#spec = spec
    this.#context = context
    this.#connect()
  }

  #connect(): void {
    const { host, port } = this.#spec
    const socket = net.connect({ host, port })
    this.#socket = socket
    socket.on('data', (chunk) => this.#data(chunk))
    socket.on('error', (e) => this.#fail(e))
    socket.on('end', () => this.#end())
  }

  #data(chunk: Buffer): void {
    const { delimiter } = this.#spec
    const parts = (this.#rest + this.#decoder.write(chunk)).split(delimiter)
    this.#rest = parts.pop()!
    if (this.#rest.length > MAX_LINE) return this.#fail(new Error(`a line from ${this.#spec.host}:${this.#spec.port} is longer than ${MAX_LINE} characters`))
    for (const line of parts) this.#lines.push(delimiter === '\n' && line.endsWith('\r') ? line.slice(0, -1) : line)
    if (this.#lines.length - this.#next > MAX_WAITING) this.#socket?.pause()
    if (parts.length > 0) this.#context.wake()
  }

  #fail(e: NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] }): void {
    const code = e.code ?? e.errors?.[0]?.code ?? ''
    const { host, port } = this.#spec
    const known = JAVA_NAMES[code]
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') this.#failure = new SocketError('java.net.UnknownHostException', host)
    else this.#failure = known ? new SocketError(known[0], `${known[1]}: ${host}:${port}`) : e
    this.#context.wake()
  }

  /** The peer closed. What it sent without a delimiter stays, and is a line of its own when nothing follows. */
  #end(): void {
    this.#socket?.destroy()
    this.#attempts++
    const { maxRetry } = this.#spec
    if (maxRetry === -1 || this.#attempts < maxRetry) {
      this.#timer = setTimeout(() => this.#connect(), RETRY_DELAY)
      return
    }
    const last = this.#rest + this.#decoder.end()
    if (last !== '') this.#lines.push(last)
    this.#rest = ''
    this.#ended = true
    this.#context.wake()
  }

  poll(emit: Emit, full: () => boolean): SourceStatus {
    while (this.#next < this.#lines.length) {
      const stop = Math.min(this.#next + SLICE, this.#lines.length)
      while (this.#next < stop) emit(this.#lines[this.#next++])
      if (full()) break
    }
    if (this.#next < this.#lines.length) return 'more'
    this.#lines = []
    this.#next = 0
    if (this.#failure) throw this.#failure
    if (this.#ended) return 'end'
    if (this.#socket?.isPaused()) this.#socket.resume()
    return 'wait'
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#socket?.destroy()
  }
}
