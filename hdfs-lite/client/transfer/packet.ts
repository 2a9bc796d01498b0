/**
 * Packets of the data transfer protocol, without I/O (org.apache.hadoop.hdfs.protocol.datatransfer.{PacketHeader,PacketReceiver}):
 *
 *   payloadLength(int32: itself + checksums + data) headerLength(int16) PacketHeaderProto checksums data
 */
import { PacketHeaderProto } from '../../../common/proto/gen/data-transfer.js'
import { type ChecksumSpec, checksumLength, writeChecksums } from './checksum.js'

/** The most that a peer may claim: PacketReceiver's limit. */
export const MAX_PACKET_SIZE = 16 * 1024 * 1024
const LENGTHS = 6
const HEADER = 25
const MAX_HEADER = LENGTHS + HEADER + 2

export class PacketError extends Error {
  override name = 'PacketError'
}

/** A packet that is being filled and sent: header, checksums and data lie side by side in one buffer that is used again. */
export class OutgoingPacket {
  readonly buffer: Buffer
  readonly dataAt: number
  length = 0
  offsetInBlock = 0
  seqno = 0
  last = false
  sync = false
  #wire: Buffer | undefined

  constructor(readonly capacity: number) {
    this.dataAt = MAX_HEADER + Math.ceil(capacity / 512) * 4
    this.buffer = Buffer.allocUnsafeSlow(this.dataAt + capacity)
  }

  reset(): void {
    this.length = 0
    this.last = false
    this.sync = false
    this.#wire = undefined
  }

  /** The bytes to send. Made once; what is filled in afterwards is not in them. */
  seal(checksum: ChecksumSpec): Buffer {
    if (this.#wire) return this.#wire
    const sums = checksumLength(checksum, this.length)
    const sumsAt = this.dataAt - sums
    writeChecksums(checksum, this.buffer, this.dataAt, this.dataAt + this.length, this.buffer, sumsAt)
    const header = HEADER + (this.sync ? 2 : 0)
    const at = sumsAt - header - LENGTHS
    const b = this.buffer
    b.writeInt32BE(4 + sums + this.length, at)
    b.writeInt16BE(header, at + 4)
    let p = at + LENGTHS
    b[p] = 0x09
    b.writeBigInt64LE(BigInt(this.offsetInBlock), p + 1)
    b[p + 9] = 0x11
    b.writeBigInt64LE(BigInt(this.seqno), p + 10)
    b[p + 18] = 0x18
    b[p + 19] = this.last ? 1 : 0
    b[p + 20] = 0x25
    b.writeInt32LE(this.length, p + 21)
    p += HEADER
    if (this.sync) {
      b[p] = 0x28
      b[p + 1] = 1
    }
    this.#wire = b.subarray(at, this.dataAt + this.length)
    return this.#wire
  }
}

/** One whole packet within a buffer. */
export interface PacketView {
  readonly header: PacketHeaderProto
  readonly sumsAt: number
  readonly dataAt: number
  readonly end: number
}

/**
 * Reads the packet that starts at `at`.
 * @returns how many bytes it takes, when it is not there as a whole yet (at least the lengths are needed to know)
 * @throws PacketError for lengths that can't be
 */
export function readPacket(buffer: Buffer, at: number, end: number): PacketView | number {
  if (end - at < LENGTHS) return LENGTHS
  const payload = buffer.readInt32BE(at)
  const headerLength = buffer.readInt16BE(at + 4)
  const size = LENGTHS + headerLength + payload - 4
  if (payload < 4 || headerLength <= 0 || size > MAX_PACKET_SIZE) {
    throw new PacketError(`a packet of payload length ${payload} and header length ${headerLength} can't be (at most ${MAX_PACKET_SIZE} bytes)`)
  }
  if (end - at < size) return size
  const header = PacketHeaderProto.decode(buffer.subarray(at + LENGTHS, at + LENGTHS + headerLength))
  const dataAt = at + size - header.dataLen
  const sumsAt = at + LENGTHS + headerLength
  if (header.dataLen < 0 || dataAt < sumsAt) throw new PacketError(`a packet of payload length ${payload} can't hold ${header.dataLen} bytes of data`)
  return { header, sumsAt, dataAt, end: at + size }
}
