/**
 * Hadoop IPC version 9 on the wire, without I/O: parsers take chunks as they come, writers return bytes.
 * Facts: org.apache.hadoop.ipc.{Client,Server}, RpcHeader.proto.
 *
 *   connection = "hrpc" version(1) serviceClass(1) auth(1) frame*
 *   frame      = length(int32, big endian) bytes
 *   request    = delimited RpcRequestHeaderProto, delimited RequestHeaderProto, delimited request message
 *   response   = delimited RpcResponseHeaderProto, delimited response message (only with status SUCCESS)
 */
import {
  RequestHeaderProto,
  type RequestHeaderProtoInit,
  RpcRequestHeaderProto,
  type RpcRequestHeaderProtoInit,
  RpcResponseHeaderProto,
  type RpcResponseHeaderProtoInit,
} from '../proto/gen/rpc.js'
import { type Codec, ProtobufError, Reader, Writer } from '../proto/runtime.js'

export const IPC_VERSION = 9
export const AUTH_NONE = 0
/** -33 as an unsigned byte. */
export const AUTH_SASL = 0xdf

export const CALL_ID_INVALID = -2
export const CALL_ID_CONNECTION_CONTEXT = -3
export const CALL_ID_PING = -4
export const CALL_ID_SASL = -33
export const CALL_ID_AUTHENTICATION_FAILED = -1

/** ipc.maximum.data.length */
export const MAX_FRAME_LENGTH = 128 * 1024 * 1024
const PREAMBLE_LENGTH = 7

/** A peer that does not speak the protocol, or lies about a length. The connection can't go on. */
export class FramingError extends Error {
  override name = 'FramingError'
  constructor(
    message: string,
    readonly kind: 'magic' | 'version' | 'length' | 'http' | 'auth' | 'message' = 'message',
  ) {
    super(message)
  }
}

export function preamble(auth: number): Buffer {
  return Buffer.from([0x68, 0x72, 0x70, 0x63, IPC_VERSION, 0, auth])
}

/** Cuts a byte stream into frames; holds at most one incomplete frame. */
export class FrameParser {
  #chunks: Buffer[] = []
  #size = 0
  #auth: number | undefined

  /**
   * @param expectPreamble true on a server: the stream starts with the connection preamble
   * @param onFrame called with each whole frame's content, in order
   */
  constructor(
    private readonly expectPreamble: boolean,
    private readonly onFrame: (frame: Buffer) => void,
    private readonly onAuth: (auth: number) => void = () => {},
    private readonly maxLength = MAX_FRAME_LENGTH,
  ) {}

  /** @throws FramingError when the peer breaks the protocol */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    if (this.expectPreamble && this.#auth === undefined && !this.#readPreamble()) return
    for (;;) {
      if (this.#size < 4) return
      const length = this.#peek(4).readInt32BE(0)
      if (length < 0 || length > this.maxLength) {
        throw new FramingError(`Requested data length ${length} is longer than maximum configured RPC length ${this.maxLength}.`, 'length')
      }
      if (this.#size < 4 + length) return
      this.#take(4)
      this.onFrame(this.#take(length))
    }
  }

  #readPreamble(): boolean {
    if (this.#size >= 4) {
      const magic = this.#peek(4).toString('latin1')
      if (magic === 'GET ') throw new FramingError('It looks like you are making an HTTP request to a Hadoop IPC port. ', 'http')
      if (magic !== 'hrpc') throw new FramingError('not a Hadoop RPC connection (no "hrpc" at its start)', 'magic')
    }
    if (this.#size < PREAMBLE_LENGTH) return false
    const head = this.#take(PREAMBLE_LENGTH)
    if (head[4] !== IPC_VERSION) throw new FramingError(`Server IPC version ${IPC_VERSION} cannot communicate with client version ${head[4]}`, 'version')
    const auth = head[6]!
    if (auth !== AUTH_NONE && auth !== AUTH_SASL) throw new FramingError(`unknown authentication protocol ${auth}`, 'auth')
    this.#auth = auth
    this.onAuth(auth)
    return true
  }

  #peek(n: number): Buffer {
    if (this.#chunks[0]!.length < n) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0]!.subarray(0, n)
  }

  #take(n: number): Buffer {
    if (n === 0) return Buffer.alloc(0)
    if (this.#chunks[0]!.length < n && this.#chunks.length > 1) {
      // Join only what the frame needs: a large frame arrives in many chunks.
      let have = 0
      let count = 0
      while (have < n) have += this.#chunks[count++]!.length
      this.#chunks.splice(0, count, Buffer.concat(this.#chunks.slice(0, count), have))
    }
    const first = this.#chunks[0]!
    this.#size -= n
    if (first.length === n) {
      this.#chunks.shift()
      return first
    }
    this.#chunks[0] = first.subarray(n)
    return first.subarray(0, n)
  }
}

function delimited<I>(w: Writer, codec: Codec<unknown, I>, message: I): void {
  w.fork()
  codec.write(message, w)
  w.ldelim()
}

/** One request frame. Without `call` the payload follows the RPC header at once (SASL, connection context). */
export function requestFrame<I>(header: RpcRequestHeaderProtoInit, call: RequestHeaderProtoInit | undefined, codec: Codec<unknown, I>, message: I): Buffer {
  const w = Writer.create()
  delimited(w, RpcRequestHeaderProto, header)
  if (call) delimited(w, RequestHeaderProto, call)
  delimited(w, codec, message)
  return w.finishFramed()
}

export function responseFrame<I>(header: RpcResponseHeaderProtoInit, codec?: Codec<unknown, I>, message?: I): Buffer {
  const w = Writer.create()
  delimited(w, RpcResponseHeaderProto, header)
  if (codec) delimited(w, codec, message as I)
  return w.finishFramed()
}

/** The empty frame that keeps an idle connection's read time-out from firing: a request header with call id -4. */
export function pingFrame(): Buffer {
  const w = Writer.create()
  delimited(w, RpcRequestHeaderProto, {
    rpcKind: 'RPC_PROTOCOL_BUFFER',
    rpcOp: 'RPC_FINAL_PACKET',
    callId: CALL_ID_PING,
    clientId: new Uint8Array(0),
    retryCount: -1,
  })
  return w.finishFramed()
}

/** Reads the delimited messages of one frame, one after the other. */
export class FrameReader {
  readonly #reader: Reader
  constructor(bytes: Uint8Array) {
    this.#reader = Reader.create(bytes)
  }

  /** @throws FramingError when the next message is cut short or is not of this type */
  next<T>(codec: Codec<T, never>): T {
    try {
      return codec.read(this.#reader, this.#reader.uint32())
    } catch (e) {
      throw new FramingError(e instanceof ProtobufError ? e.message : `${codec.typeName}: ${(e as Error).message}`)
    }
  }

  get empty(): boolean {
    return this.#reader.pos >= this.#reader.len
  }
}
