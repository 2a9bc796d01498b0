/**
 * The exchange between TaskManagers on the wire, without I/O.
 *
 *   hello (server)   = "BXCH" version(1) nonce(16)
 *   hello (client)   = "BXCH" version(1) nonce(16) proof(32)     proof = HMAC-SHA256(secret, "client" server's nonce)
 *   welcome (server) = proof(32)                                 proof = HMAC-SHA256(secret, "server" client's nonce)
 *   frame            = length(uint32) type(1) keyLength(1) key body
 *
 * The client consumes: it asks for channels and gives credit; the server sends buffers, one for each credit.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { MAX_RECORD_BYTES } from './data.js'

export const MAGIC = Buffer.from('BXCH\x01', 'latin1')
export const NONCE_LENGTH = 16
export const PROOF_LENGTH = 32
/** A buffer holds whole records, so the longest record bounds it; the segment before it may be part of it. */
export const MAX_FRAME = MAX_RECORD_BYTES + 64 * 1024

export const FRAME = { request: 1, credit: 2, data: 3, end: 4, lost: 5 } as const
const TYPES = new Set<number>(Object.values(FRAME))

export interface Frame {
  readonly type: number
  readonly channel: string
  readonly body: Buffer
}

export class ExchangeError extends Error {
  override name = 'ExchangeError'
}

export function proof(secret: Uint8Array, role: 'client' | 'server', nonce: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(role).update(nonce).digest()
}

export function proves(given: Uint8Array, secret: Uint8Array, role: 'client' | 'server', nonce: Uint8Array): boolean {
  return timingSafeEqual(given, proof(secret, role, nonce))
}

/** Length, type and key; the body follows it unchanged. */
export function frameHead(type: number, channel: string, bodyLength: number): Buffer {
  const key = Buffer.from(channel, 'latin1')
  const head = Buffer.allocUnsafe(6 + key.length)
  head.writeUInt32BE(2 + key.length + bodyLength, 0)
  head[4] = type
  head[5] = key.length
  key.copy(head, 6)
  return head
}

export function creditFrame(type: number, channel: string, credits: number): Buffer {
  const body = Buffer.alloc(4)
  body.writeUInt32BE(credits)
  return Buffer.concat([frameHead(type, channel, 4), body])
}

export function creditOf(frame: Frame): number {
  if (frame.body.length !== 4) throw new ExchangeError(`a credit of ${frame.body.length} bytes`)
  return frame.body.readUInt32BE(0)
}

/** What comes before the first frame: so many bytes, and who looks at them. */
export interface Prelude {
  readonly length: number
  /** @throws ExchangeError to end the connection */
  handle(bytes: Buffer): void
}

/** Cuts a stream into preludes and then frames. Each frame's body has memory of its own, so that it can be handed to another thread. */
export class ExchangeParser {
  #chunks: Buffer[] = []
  #size = 0
  readonly #preludes: Prelude[]

  constructor(
    preludes: readonly Prelude[],
    private readonly onFrame: (frame: Frame) => void,
  ) {
    this.#preludes = [...preludes]
  }

  /** @throws ExchangeError when the peer breaks the protocol */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    for (let next = this.#preludes[0]; next; next = this.#preludes[0]) {
      if (this.#size < next.length) return
      this.#preludes.shift()
      next.handle(this.#take(next.length))
    }
    for (;;) {
      if (this.#size < 4) return
      if (this.#chunks[0]!.length < 4) this.#chunks = [Buffer.concat(this.#chunks)]
      const length = this.#chunks[0]!.readUInt32BE(0)
      if (length < 2 || length > MAX_FRAME) throw new ExchangeError(`a frame of ${length} bytes`)
      if (this.#size < 4 + length) return
      this.#frame(this.#take(4 + length))
    }
  }

  #frame(bytes: Buffer): void {
    const type = bytes[4]!
    const keyEnd = 6 + bytes[5]!
    if (!TYPES.has(type) || keyEnd > bytes.length) throw new ExchangeError(`a frame of type ${type} that this version does not know`)
    this.onFrame({ type, channel: bytes.toString('latin1', 6, keyEnd), body: bytes.subarray(keyEnd) })
  }

  /** A copy of the first `n` bytes. */
  #take(n: number): Buffer {
    const out = Buffer.from(new ArrayBuffer(n))
    let at = 0
    while (at < n) {
      const first = this.#chunks[0]!
      const part = Math.min(first.length, n - at)
      first.copy(out, at, 0, part)
      at += part
      if (part === first.length) this.#chunks.shift()
      else this.#chunks[0] = first.subarray(part)
    }
    this.#size -= n
    return out
  }
}
