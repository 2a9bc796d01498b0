/** The CRC of joined data from the CRCs of its parts, without the data (org.apache.hadoop.util.CrcComposer). */
import type { Checksum } from '../storage/checksum.js'

const POLYNOMIALS: Readonly<Record<string, number>> = { CHECKSUM_CRC32: 0xedb88320, CHECKSUM_CRC32C: 0x82f63b78 }

/** Product of two polynomials modulo the CRC's, all with bits reflected. */
function multiply(a: number, b: number, polynomial: number): number {
  let p = 0
  let x = b
  for (let m = 0x80000000; m !== 0; m >>>= 1) {
    if (a & m) p ^= x
    x = x & 1 ? (x >>> 1) ^ polynomial : x >>> 1
  }
  return p >>> 0
}

/** x^(8 * bytes), as a multiplier that shifts a CRC by so many bytes. */
function shift(bytes: number, polynomial: number): number {
  let result = 0x80000000
  let factor = 0x00800000
  for (let n = bytes; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result = multiply(factor, result, polynomial)
    factor = multiply(factor, factor, polynomial)
  }
  return result
}

/** @param sums the chunks' checksums, the last chunk's length being what remains of `length` */
export function composeCrcs(c: Checksum, sums: Buffer, length: number): Buffer {
  const polynomial = POLYNOMIALS[c.type]
  if (polynomial === undefined) throw new Error(`${c.type} checksums can't be composed`)
  const whole = shift(c.bytesPerChunk, polynomial)
  let crc = 0
  let left = length
  for (let i = 0; i < sums.length; i += 4) {
    const n = Math.min(left, c.bytesPerChunk)
    left -= n
    const by = n === c.bytesPerChunk ? whole : shift(n, polynomial)
    crc = (multiply(by, crc, polynomial) ^ sums.readUInt32BE(i)) >>> 0
  }
  const out = Buffer.alloc(4)
  out.writeUInt32BE(crc)
  return out
}
