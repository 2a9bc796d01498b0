/**
 * The CRC of joined data from the CRCs of its parts, without the data. CRC(A + B) = shift(CRC(A), length of B) xor CRC(B),
 * where to shift by a length is to multiply by x^(8 * length), modulo the CRC's polynomial.
 */

/** With their bits reflected. */
export const POLYNOMIALS = { CHECKSUM_CRC32: 0xedb88320, CHECKSUM_CRC32C: 0x82f63b78 } as const

function multiply(a: number, b: number, polynomial: number): number {
  let p = 0
  let x = b
  for (let m = 0x80000000; m !== 0; m >>>= 1) {
    if (a & m) p ^= x
    x = x & 1 ? (x >>> 1) ^ polynomial : x >>> 1
  }
  return p >>> 0
}

/** x^(8 * bytes) */
function power(bytes: number, polynomial: number): number {
  let result = 0x80000000
  let factor = 0x00800000
  for (let n = bytes; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result = multiply(factor, result, polynomial)
    factor = multiply(factor, factor, polynomial)
  }
  return result
}

/** A CRC shifted by so many bytes, unsigned. */
export function shiftCrc(crc: number, bytes: number, polynomial: number): number {
  return multiply(power(bytes, polynomial), crc, polynomial)
}

type Shift = (crc: number) => number

const shifters = new Map<string, Shift>()

/** Shifts by one length again and again: four look-ups each. The result is a signed 32-bit number. */
export function crcShifter(bytes: number, polynomial: number): Shift {
  const key = `${polynomial} ${bytes}`
  let known = shifters.get(key)
  if (!known) {
    known = makeShifter(power(bytes, polynomial), polynomial)
    shifters.set(key, known)
  }
  return known
}

function makeShifter(by: number, polynomial: number): Shift {
  const [a, b, c, d] = [0, 8, 16, 24].map((bit) => Int32Array.from({ length: 256 }, (_, i) => multiply(by, (i << bit) >>> 0, polynomial))) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ]
  return (crc) => a[crc & 255]! ^ b[(crc >>> 8) & 255]! ^ c[(crc >>> 16) & 255]! ^ d[crc >>> 24]!
}
