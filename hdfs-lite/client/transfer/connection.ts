/** A connection to a DataNode's streaming port: an operation goes out, delimited messages and packets come in. */
import net from 'node:net'
import type { BlockOpResponseProto } from '../../../common/proto/gen/data-transfer.js'
import { type Codec, ProtobufError } from '../../../common/proto/runtime.js'

export const DATA_TRANSFER_VERSION = 28

/** Operation codes (org.apache.hadoop.hdfs.protocol.datatransfer.Op). */
export const OP = { WRITE_BLOCK: 80, READ_BLOCK: 81, TRANSFER_BLOCK: 86, BLOCK_CHECKSUM: 85 } as const

export interface Peer {
  readonly host: string
  readonly port: number
}

/** What went wrong between us and a DataNode. */
export class TransferError extends Error {
  override name = 'TransferError'
  constructor(
    message: string,
    /** The answer, when it was the DataNode that refused. */
    readonly response?: BlockOpResponseProto,
  ) {
    super(message)
  }
}

/** Slabs are handed on, not copied: data keeps living in them after it was read. They grow while data comes. */
const FIRST_SLAB = 16 * 1024
const LARGEST_SLAB = 1024 * 1024
const MAX_MESSAGE = 1024 * 1024

/**
 * Bytes arrive in slabs; `consume` is called with the unread part and says how much it took. It may pause the flow.
 */
export class DataNodeConnection {
  readonly #socket: net.Socket
  #slab = Buffer.allocUnsafeSlow(FIRST_SLAB)
  #readAt = 0
  #writeAt = 0
  #need = 1
  #paused = false
  #failure: TransferError | undefined
  #consume: ((buffer: Buffer, at: number, end: number) => { at: number; need: number }) | undefined
  #onFailure: (e: TransferError) => void = () => {}

  private constructor(
    readonly peer: Peer,
    private readonly timeout: number,
  ) {
    this.#socket = net.connect({
      host: peer.host,
      port: peer.port,
      noDelay: true,
      onread: { buffer: () => this.#room(), callback: (n) => this.#received(n) },
    })
    this.#socket.setTimeout(timeout)
    this.#socket.on('timeout', () => this.#fail(`${this.name} was silent for ${timeout} ms`))
    this.#socket.on('error', (e) => this.#fail(`${this.name}: ${e.message}`))
    this.#socket.on('end', () => this.#fail(`${this.name} closed the connection`))
    this.#socket.on('close', () => this.#fail(`${this.name} closed the connection`))
  }

  get name(): string {
    return `DataNode ${this.peer.host}:${this.peer.port}`
  }

  /** @param timeout milliseconds of silence, and of connecting, after which the connection fails */
  static open(peer: Peer, timeout: number): Promise<DataNodeConnection> {
    return new Promise((resolve, reject) => {
      const c = new DataNodeConnection(peer, timeout)
      c.#onFailure = reject
      c.#socket.once('connect', () => resolve(c))
    })
  }

  /** Sends an operation. */
  request<I>(op: number, codec: Codec<unknown, I>, message: I): void {
    const body = codec.encodeDelimited(message)
    const out = Buffer.allocUnsafe(3 + body.length)
    out.writeInt16BE(DATA_TRANSFER_VERSION, 0)
    out[2] = op
    out.set(body, 3)
    this.#socket.write(out)
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** The next delimited message. */
  message<T>(codec: Codec<T, never>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.receive((buffer, at, end) => {
        const found = readDelimited(codec, buffer, at, end)
        if (typeof found === 'number') return { at, need: found }
        this.#consume = undefined
        resolve(found.message)
        return { at: found.end, need: 1 }
      }, reject)
    })
  }

  /**
   * Hands all that arrives to `consume`, which returns where it stopped and how many bytes from there it needs at least.
   * `onFailure` is called once, when the connection breaks or `consume` throws.
   */
  receive(consume: (buffer: Buffer, at: number, end: number) => { at: number; need: number }, onFailure: (e: TransferError) => void): void {
    if (this.#failure) return onFailure(this.#failure)
    this.#consume = consume
    this.#onFailure = onFailure
    this.#need = 1
    this.#deliver()
  }

  #room(): Buffer {
    const missing = this.#need - (this.#writeAt - this.#readAt)
    if (this.#slab.length - this.#writeAt < Math.max(missing, this.#slab.length >> 3)) {
      const rest = this.#slab.subarray(this.#readAt, this.#writeAt)
      const next = Buffer.allocUnsafeSlow(Math.max(Math.min(this.#slab.length * 4, LARGEST_SLAB), 2 * this.#need))
      rest.copy(next)
      this.#slab = next
      this.#readAt = 0
      this.#writeAt = rest.length
    }
    return this.#slab.subarray(this.#writeAt)
  }

  #received(count: number): boolean {
    this.#writeAt += count
    this.#deliver()
    return !this.#paused
  }

  #deliver(): void {
    while (this.#consume && !this.#paused && !this.#failure && this.#writeAt - this.#readAt >= this.#need) {
      try {
        const { at, need } = this.#consume(this.#slab, this.#readAt, this.#writeAt)
        const stuck = at === this.#readAt
        this.#readAt = at
        this.#need = need
        if (stuck && this.#writeAt - at >= need) return
      } catch (e) {
        return this.#fail(`${this.name}: ${(e as Error).message}`)
      }
    }
  }

  pause(): void {
    this.#paused = true
    this.#socket.setTimeout(0)
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#socket.setTimeout(this.timeout)
    this.#deliver()
    if (!this.#paused) this.#socket.resume()
  }

  #fail(message: string): void {
    if (this.#failure) return
    this.#failure = new TransferError(message)
    this.#socket.destroy()
    this.#onFailure(this.#failure)
  }

  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** Closes without telling anybody. */
  close(): void {
    this.#onFailure = () => {}
    this.#consume = undefined
    this.#failure ??= new TransferError(`the connection to ${this.name} was closed`)
    this.#socket.destroy()
  }

  /** Lets what was written go out, then closes. */
  end(): void {
    this.#onFailure = () => {}
    this.#consume = undefined
    this.#failure ??= new TransferError(`the connection to ${this.name} was closed`)
    this.#socket.end(() => this.#socket.destroy())
  }
}

/** A varint length and a message. @returns how many bytes are needed to go on, when it isn't whole */
function readDelimited<T>(codec: Codec<T, never>, buffer: Buffer, at: number, end: number): { message: T; end: number } | number {
  let length = 0
  for (let i = 0; ; i++) {
    if (at + i >= end) return i + 1
    const byte = buffer[at + i]!
    length += (byte & 127) * 2 ** (7 * i)
    if (length > MAX_MESSAGE) throw new ProtobufError(`a ${codec.typeName} of ${length} bytes or more is not taken`)
    if (byte < 128) {
      const from = at + i + 1
      return end - from < length ? i + 1 + length : { message: codec.decode(buffer.subarray(from, from + length)), end: from + length }
    }
  }
}
