/** COMPOSITE_CRC: the CRC of a block from the CRCs of its chunks (org.apache.hadoop.util.CrcComposer). */
import { POLYNOMIALS, crcShifter, shiftCrc } from '../../client/transfer/crc-shift.js'
import type { Checksum } from '../storage/checksum.js'

/** @param sums the chunks' checksums, the last chunk's length being what remains of `length` */
export function composeCrcs(c: Checksum, sums: Buffer, length: number): Buffer {
  if (c.type === 'CHECKSUM_NULL') throw new Error(`${c.type} checksums can't be composed`)
  const polynomial = POLYNOMIALS[c.type]
  const byChunk = crcShifter(c.bytesPerChunk, polynomial)
  let crc = 0
  let left = length
  for (let i = 0; i < sums.length; i += 4) {
    const n = Math.min(left, c.bytesPerChunk)
    left -= n
    crc = (n === c.bytesPerChunk ? byChunk(crc) : shiftCrc(crc, n, polynomial)) ^ sums.readInt32BE(i)
  }
  const out = Buffer.alloc(4)
  out.writeInt32BE(crc | 0)
  return out
}
