/** Checksums of block data: one CRC for each chunk of bytesPerChecksum bytes, big endian, as Hadoop's DataChecksum lays them out. */
import { createRequire } from 'node:module'
import type { ChecksumTypeProto } from '../../../common/proto/gen/hdfs.js'
import { POLYNOMIALS, crcShifter } from './crc-shift.js'

export interface ChecksumSpec {
  readonly type: ChecksumTypeProto
  readonly bytesPerChecksum: number
}

export const CRC_SIZE = 4

type Crc = (data: Buffer, start: number, end: number) => number

/** How many bytes of checksums `length` bytes of data have. */
export function checksumLength(spec: ChecksumSpec, length: number): number {
  return spec.type === 'CHECKSUM_NULL' ? 0 : Math.ceil(length / spec.bytesPerChecksum) * CRC_SIZE
}

/** Writes the checksums of data[start, end) to `out`. */
export function writeChecksums(spec: ChecksumSpec, data: Buffer, start: number, end: number, out: Buffer, at: number): void {
  if (spec.type === 'CHECKSUM_NULL') return
  const crc = crcOf(spec.type)
  for (; start < end; start += spec.bytesPerChecksum, at += CRC_SIZE) out.writeInt32BE(crc(data, start, Math.min(start + spec.bytesPerChecksum, end)) | 0, at)
}

/** @returns the offset in `data` of the first chunk whose checksum is wrong, or -1 */
export function findCorruption(spec: ChecksumSpec, data: Buffer, start: number, end: number, sums: Buffer, at: number): number {
  if (spec.type === 'CHECKSUM_NULL') return -1
  const { bytesPerChecksum } = spec
  const crc = crcOf(spec.type)
  // One CRC over all whole chunks, against the one that their checksums make together: a call for each chunk costs far more.
  const whole = Math.floor((end - start) / bytesPerChecksum)
  if (whole > 1) {
    const wholeEnd = start + whole * bytesPerChecksum
    if ((crc(data, start, wholeEnd) | 0) === composed(spec.type, bytesPerChecksum, sums, at, whole)) {
      start = wholeEnd
      at += whole * CRC_SIZE
    }
  }
  for (; start < end; start += bytesPerChecksum, at += CRC_SIZE) {
    if ((crc(data, start, Math.min(start + bytesPerChecksum, end)) | 0) !== sums.readInt32BE(at)) return start
  }
  return -1
}

function composed(type: keyof typeof POLYNOMIALS, bytesPerChecksum: number, sums: Buffer, at: number, count: number): number {
  const shift = crcShifter(bytesPerChecksum, POLYNOMIALS[type])
  let crc = 0
  for (let i = 0; i < count; i++, at += CRC_SIZE) crc = shift(crc) ^ ((sums[at]! << 24) | (sums[at + 1]! << 16) | (sums[at + 2]! << 8) | sums[at + 3]!)
  return crc
}

/** CRC32 or CRC32C of data[start, end), unsigned. */
export function crcOf(type: Exclude<ChecksumTypeProto, 'CHECKSUM_NULL'>): Crc {
  const known = loaded.get(type)
  if (known) return known
  const crc = nativeCrc(type) ?? tableCrc(POLYNOMIALS[type])
  loaded.set(type, crc)
  return crc
}

const loaded = new Map<ChecksumTypeProto, Crc>()

/** The processor's own instructions, where the native module is installed: a bundle that travels has none. */
function nativeCrc(type: ChecksumTypeProto): Crc | undefined {
  try {
    const { crc32, crc32c } = createRequire(import.meta.url)('@node-rs/crc32') as Record<'crc32' | 'crc32c', (data: Uint8Array) => number>
    const f = type === 'CHECKSUM_CRC32C' ? crc32c : crc32
    return (data, start, end) => f(new Uint8Array(data.buffer, data.byteOffset + start, end - start))
  } catch {
    return undefined
  }
}

/** Eight bytes at a time by tables. @param polynomial reflected */
export function tableCrc(polynomial: number): Crc {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256))
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array]
  for (let i = 0; i < 256; i++) {
    let c = i
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ polynomial : c >>> 1
    t0[i] = c
  }
  for (let k = 1; k < 8; k++) for (let i = 0; i < 256; i++) tables[k]![i] = (tables[k - 1]![i]! >>> 8) ^ t0[tables[k - 1]![i]! & 255]!
  return (data, start, end) => {
    let c = -1
    let i = start
    for (; i + 8 <= end; i += 8) {
      const a = c ^ (data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24))
      c =
        t7[a & 255]! ^
        t6[(a >>> 8) & 255]! ^
        t5[(a >>> 16) & 255]! ^
        t4[a >>> 24]! ^
        t3[data[i + 4]!]! ^
        t2[data[i + 5]!]! ^
        t1[data[i + 6]!]! ^
        t0[data[i + 7]!]!
    }
    for (; i < end; i++) c = (c >>> 8) ^ t0[(c ^ data[i]!) & 255]!
    return ~c >>> 0
  }
}
