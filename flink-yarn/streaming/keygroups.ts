/**
 * Which instance of an operator a key belongs to, and the ids of operators. Keys land where Flink's own land:
 * its KeyGroupRangeAssignment over Java's hashCode; ids are those of its StreamGraphHasherV2.
 */
import type { Key } from './operators.js'

/** Flink's upper bound of a maximum parallelism (key groups are counted in 15 bits). */
export const MAX_PARALLELISM = 1 << 15
const MIN_DEFAULT = 1 << 7

/** The number of key groups of an operator that names none. */
export function defaultMaxParallelism(parallelism: number): number {
  const wanted = parallelism + (parallelism >> 1)
  const rounded = 2 ** Math.ceil(Math.log2(Math.max(wanted, 1)))
  return Math.min(Math.max(rounded, MIN_DEFAULT), MAX_PARALLELISM)
}

const rotl = (n: number, by: number) => (n << by) | (n >>> (32 - by))

function mix32(h: number): number {
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** MathUtils.murmurHash: never negative. */
export function murmurHash(code: number): number {
  let h = rotl(Math.imul(code, 0xcc9e2d51), 15)
  h = rotl(Math.imul(h, 0x1b873593), 13)
  h = (Math.imul(h, 5) + 0xe6546b64) | 0
  h = mix32(h ^ 4)
  if (h >= 0) return h
  return h === -0x80000000 ? 0 : -h
}

const double = new DataView(new ArrayBuffer(8))

/** Java's hashCode of the same key: String, Integer (or Long where it needs 64 bits), Double, Boolean, Tuple. */
export function hashCode(key: Key): number {
  switch (typeof key) {
    case 'string': {
      let h = 0
      for (let i = 0; i < key.length; i++) h = (Math.imul(h, 31) + key.charCodeAt(i)) | 0
      return h
    }
    case 'number':
      if ((key | 0) === key) return key
      if (Number.isSafeInteger(key)) return hashLong(BigInt(key))
      double.setFloat64(0, key)
      return double.getInt32(0) ^ double.getInt32(4)
    case 'bigint':
      return hashLong(key)
    case 'boolean':
      return key ? 1231 : 1237
    default: {
      if (!Array.isArray(key))
        throw new TypeError(`a key must be a string, number, bigint, boolean or an array of them, not ${key === null ? 'null' : typeof key}`)
      let h = 0
      for (let i = 0; i < key.length; i++) h = i === 0 ? hashCode(key[0]!) : (Math.imul(h, 31) + hashCode(key[i]!)) | 0
      return h
    }
  }
}

function hashLong(n: bigint): number {
  return Number(BigInt.asIntN(32, n ^ (BigInt.asUintN(64, n) >> 32n)))
}

export function keyGroupOf(key: Key, maxParallelism: number): number {
  return murmurHash(hashCode(key)) % maxParallelism
}

/** The index of the instance that holds a key group. */
export function operatorIndexOf(keyGroup: number, maxParallelism: number, parallelism: number): number {
  return Math.floor((keyGroup * parallelism) / maxParallelism)
}

const MASK = (1n << 64n) - 1n
const rotl64 = (n: bigint, by: bigint) => ((n << by) | (n >> (64n - by))) & MASK
const C1 = 0x87c37b91114253d5n
const C2 = 0x4cf5ad432745937fn

function mix64(h: bigint): bigint {
  h ^= h >> 33n
  h = (h * 0xff51afd7ed558ccdn) & MASK
  h ^= h >> 33n
  h = (h * 0xc4ceb9fe1a85ec53n) & MASK
  return h ^ (h >> 33n)
}

/** MurmurHash3 x64 128 with seed 0, as 16 little-endian bytes. */
export function murmur3x128(data: Buffer): Buffer {
  let h1 = 0n
  let h2 = 0n
  const mixK1 = (k: bigint) => (rotl64((k * C1) & MASK, 31n) * C2) & MASK
  const mixK2 = (k: bigint) => (rotl64((k * C2) & MASK, 33n) * C1) & MASK
  const whole = data.length - (data.length % 16)
  for (let i = 0; i < whole; i += 16) {
    h1 ^= mixK1(data.readBigUInt64LE(i))
    h1 = ((((rotl64(h1, 27n) + h2) & MASK) * 5n) & MASK) + 0x52dce729n
    h1 &= MASK
    h2 ^= mixK2(data.readBigUInt64LE(i + 8))
    h2 = ((((rotl64(h2, 31n) + h1) & MASK) * 5n) & MASK) + 0x38495ab5n
    h2 &= MASK
  }
  if (whole < data.length) {
    const tail = Buffer.alloc(16)
    data.copy(tail, 0, whole)
    h1 ^= mixK1(tail.readBigUInt64LE(0))
    h2 ^= mixK2(tail.readBigUInt64LE(8))
  }
  h1 ^= BigInt(data.length)
  h2 ^= BigInt(data.length)
  h1 = (h1 + h2) & MASK
  h2 = (h2 + h1) & MASK
  h1 = mix64(h1)
  h2 = mix64(h2)
  h1 = (h1 + h2) & MASK
  h2 = (h2 + h1) & MASK
  const out = Buffer.alloc(16)
  out.writeBigUInt64LE(h1, 0)
  out.writeBigUInt64LE(h2, 8)
  return out
}
