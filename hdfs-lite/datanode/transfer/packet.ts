/**
 * Data transfer's packets, without I/O:
 *
 *   packet = length(int32: itself, checksums and data) headerLength(int16) PacketHeaderProto checksums data
 */
import { PacketHeaderProto, type PacketHeaderProtoInit } from '../../../common/proto/gen/data-transfer.js'
import { takeBuffer } from './buffers.js'

const PREFIX = 6
const MAX_PACKET = 16 * 1024 * 1024
const MAX_HEADER = 1024

/** A peer that breaks the protocol. */
export class PacketError extends Error {
  override name = 'PacketError'
}

export interface Packet {
  readonly header: PacketHeaderProto
  /** The whole packet as it came, for the next DataNode. To be given back (giveBuffer) when it is dealt with. */
  readonly raw: Buffer
  readonly checksums: Buffer
  readonly data: Buffer
}

/** Cuts a stream into packets, each copied into a buffer of its own: chunks are not looked at later. */
export class PacketParser {
  #prefix = Buffer.alloc(PREFIX)
  #prefixLength = 0
  #packet: Buffer | undefined
  #filled = 0
  #stopped = false

  constructor(private readonly onPacket: (p: Packet) => void) {}

  /** Ends parsing: what follows is not packets. */
  stop(): void {
    this.#stopped = true
  }

  /**
   * @returns bytes left over after `stop`
   * @throws PacketError for lengths that can't be
   */
  push(chunk: Buffer): Buffer {
    let at = 0
    while (at < chunk.length && !this.#stopped) {
      if (!this.#packet) {
        const take = Math.min(PREFIX - this.#prefixLength, chunk.length - at)
        chunk.copy(this.#prefix, this.#prefixLength, at, at + take)
        this.#prefixLength += take
        at += take
        if (this.#prefixLength < PREFIX) break
        const total = this.#lengths(this.#prefix, 0)
        this.#packet = takeBuffer(total)
        this.#prefix.copy(this.#packet, 0)
        this.#filled = PREFIX
        this.#prefixLength = 0
      }
      const take = Math.min(this.#packet.length - this.#filled, chunk.length - at)
      chunk.copy(this.#packet, this.#filled, at, at + take)
      this.#filled += take
      at += take
      if (this.#filled === this.#packet.length) {
        const whole = this.#packet
        this.#packet = undefined
        this.#emit(whole)
      }
    }
    return chunk.subarray(at)
  }

  #lengths(b: Buffer, at: number): number {
    const payload = b.readInt32BE(at)
    const header = b.readInt16BE(at + 4)
    if (payload < 4 || payload > MAX_PACKET) throw new PacketError(`Incorrect value for packet payload size: ${payload}`)
    if (header < 0 || header > MAX_HEADER) throw new PacketError(`Invalid header length ${header}`)
    return PREFIX + header + payload - 4
  }

  #emit(raw: Buffer): void {
    const headerEnd = PREFIX + raw.readInt16BE(4)
    let header: PacketHeaderProto
    try {
      header = PacketHeaderProto.decode(raw.subarray(PREFIX, headerEnd))
    } catch (e) {
      throw new PacketError(`Invalid packet header: ${(e as Error).message}`)
    }
    const sums = raw.length - headerEnd - header.dataLen
    if (header.dataLen < 0 || sums < 0) throw new PacketError(`Invalid packet: data length in packet header (${header.dataLen}) exceeds data length received`)
    this.onPacket({ header, raw, checksums: raw.subarray(headerEnd, headerEnd + sums), data: raw.subarray(headerEnd + sums) })
  }
}

/** Everything of a packet that comes before its checksums. */
export function packetHead(header: PacketHeaderProtoInit, checksumBytes: number): Buffer {
  const h = PacketHeaderProto.encode(header)
  const out = Buffer.allocUnsafe(PREFIX + h.length)
  out.writeInt32BE(4 + checksumBytes + header.dataLen, 0)
  out.writeInt16BE(h.length, 4)
  out.set(h, PREFIX)
  return out
}

/** Length-delimited messages out of a stream, one at a time: what comes before and after packets. */
export class MessageParser {
  #buffered: Buffer = Buffer.alloc(0)

  constructor(private readonly maxLength = 4 * 1024 * 1024) {}

  /** The chunk is copied. */
  push(chunk: Buffer): void {
    this.#buffered = this.#buffered.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#buffered, chunk])
  }

  /** The next message's bytes; undefined while it is not whole. @param skip bytes in front of its length */
  next(skip = 0): { head: Buffer; message: Buffer } | undefined {
    const b = this.#buffered
    let length = 0
    let at = skip
    for (let shift = 0; ; shift += 7) {
      if (at >= b.length) return undefined
      const byte = b[at++]!
      length += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
      if (shift >= 28) throw new PacketError('a message length is too long')
    }
    if (length > this.maxLength) throw new PacketError(`a message of ${length} bytes is too long`)
    if (b.length < at + length) return undefined
    this.#buffered = b.subarray(at + length)
    return { head: b.subarray(0, skip), message: b.subarray(at, at + length) }
  }

  /** What is left, given up. */
  rest(): Buffer {
    const b = this.#buffered
    this.#buffered = Buffer.alloc(0)
    return b
  }

  get length(): number {
    return this.#buffered.length
  }

  get first(): Buffer {
    return this.#buffered
  }
}
