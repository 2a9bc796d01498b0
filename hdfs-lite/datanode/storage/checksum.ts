/** Checksums of chunks, and the file that keeps them. */
import type { ChecksumTypeProto } from '../../../common/proto/gen/hdfs.js'
import { crcOf, findCorruption } from '../../client/transfer/checksum.js'
import { POLYNOMIALS, crcShifter } from '../../client/transfer/crc-shift.js'

export interface Checksum {
  readonly type: ChecksumTypeProto
  readonly bytesPerChunk: number
  /** Bytes of one checksum. */
  readonly size: number
  of(data: Buffer): number
}

/** The byte that stands for the type in a meta file, and its protocol number. */
const TYPES: readonly ChecksumTypeProto[] = ['CHECKSUM_NULL', 'CHECKSUM_CRC32', 'CHECKSUM_CRC32C']
const MAX_CHUNK = 16 * 1024 * 1024

/** @throws Error for a chunk size that can't be */
export function checksum(type: ChecksumTypeProto, bytesPerChunk: number): Checksum {
  if (!Number.isInteger(bytesPerChunk) || bytesPerChunk <= 0 || bytesPerChunk > MAX_CHUNK)
    throw new Error(`${bytesPerChunk} bytes per checksum are not possible`)
  if (type === 'CHECKSUM_NULL') return { type, bytesPerChunk, size: 0, of: () => 0 }
  const crc = crcOf(type)
  return { type, bytesPerChunk, size: 4, of: (data) => crc(data, 0, data.length) }
}

/** A meta file begins with version 1 (short), checksum type (byte), bytes per checksum (int). */
export const META_HEADER = 7
const META_VERSION = 1

export function metaHeader(c: Checksum): Buffer {
  const b = Buffer.alloc(META_HEADER)
  b.writeInt16BE(META_VERSION, 0)
  b.writeInt8(TYPES.indexOf(c.type), 2)
  b.writeInt32BE(c.bytesPerChunk, 3)
  return b
}

/** @throws Error for bytes that are no such header */
export function parseMetaHeader(b: Buffer): Checksum {
  if (b.length < META_HEADER) throw new Error(`the meta file has ${b.length} bytes, its header alone takes ${META_HEADER}`)
  const type = TYPES[b.readInt8(2)]
  if (b.readInt16BE(0) !== META_VERSION || type === undefined) throw new Error(`the meta file has an unknown header ${b.toString('hex', 0, META_HEADER)}`)
  return checksum(type, b.readInt32BE(3))
}

/** Number of checksums that so many bytes have. */
export function chunkCount(bytes: number, c: Checksum): number {
  return Math.ceil(bytes / c.bytesPerChunk)
}

/** @returns the offset of the first chunk whose checksum is wrong, or -1 */
export function verify(c: Checksum, data: Buffer, sums: Buffer): number {
  return findCorruption({ type: c.type, bytesPerChecksum: c.bytesPerChunk }, data, 0, data.length, sums, 0)
}

/** @returns how many bytes from its start, at most, the checksum is of; 0: it is of none of it */
export function lengthWithChecksum(c: Checksum, chunk: Buffer, sum: number): number {
  if (c.type === 'CHECKSUM_NULL' || c.of(chunk) === sum) return chunk.length
  // Byte by byte, each CRC from the one before: a chunk may have megabytes.
  const shift = crcShifter(1, POLYNOMIALS[c.type])
  const ofByte = Int32Array.from({ length: 256 }, (_, byte) => c.of(Buffer.of(byte)))
  let crc = 0
  let longest = 0
  for (let n = 0; n < chunk.length; n++) {
    crc = shift(crc) ^ ofByte[chunk[n]!]!
    if (crc >>> 0 === sum) longest = n + 1
  }
  return longest
}

/** Checksums of whole data, chunk by chunk. */
export function checksumsOf(c: Checksum, data: Buffer): Buffer {
  const out = Buffer.allocUnsafe(chunkCount(data.length, c) * c.size)
  if (c.size === 0) return out
  for (let at = 0, i = 0; at < data.length; at += c.bytesPerChunk, i += 4) out.writeUInt32BE(c.of(data.subarray(at, at + c.bytesPerChunk)), i)
  return out
}
