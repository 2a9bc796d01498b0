import { describe, expect, it } from 'vitest'
import { defaultMaxParallelism, hashCode, keyGroupOf, murmur3x128, murmurHash, operatorIndexOf } from '../../../flink-yarn/streaming/keygroups.js'

describe('keys', () => {
  it("have Java's hash codes", () => {
    expect(hashCode('hello')).toBe(99162322)
    expect(hashCode('')).toBe(0)
    expect(hashCode('polygenelubricants')).toBe(-2147483648)
    expect(hashCode(42)).toBe(42)
    expect(hashCode(-1)).toBe(-1)
    expect(hashCode(2 ** 32 + 5)).toBe(4)
    expect(hashCode(10n)).toBe(10)
    expect(hashCode(-1n)).toBe(0)
    expect(hashCode(1.5)).toBe(1073217536)
    expect(hashCode(true)).toBe(1231)
    expect(hashCode(['a', 1])).toBe(31 * 97 + 1)
  })

  it('are refused when they have none', () => {
    expect(() => hashCode(undefined as never)).toThrow('a key must be a string, number, bigint, boolean or an array of them')
    expect(() => hashCode({} as never)).toThrow('a key must be')
    expect(() => hashCode(null as never)).toThrow('not null')
  })

  it('land where Flink puts them', () => {
    // As seen with parallelism 2 on the real one: hello and java at the first instance, world and flink at the second.
    const index = (key: string) => operatorIndexOf(keyGroupOf(key, 128), 128, 2)
    expect(['hello', 'java', 'world', 'flink'].map(index)).toEqual([0, 0, 1, 1])
  })

  it('never have a negative key group', () => {
    for (let i = 0; i < 10_000; i++) expect(murmurHash((i * 0x9e3779b1) | 0)).toBeGreaterThanOrEqual(0)
  })
})

describe('parallelism', () => {
  it('has a default maximum of one and a half times as much, rounded up to a power of two', () => {
    expect([1, 2, 85, 86, 128, 200, 30_000].map(defaultMaxParallelism)).toEqual([128, 128, 128, 256, 256, 512, 32_768])
  })
})

describe('murmur3x128', () => {
  it('gives the known hashes', () => {
    expect(murmur3x128(Buffer.alloc(0)).toString('hex')).toBe('0'.repeat(32))
    expect(murmur3x128(Buffer.from('The quick brown fox jumps over the lazy dog')).toString('hex')).toBe('6c1b07bc7bbc4be347939ac4a93c437a')
  })
})
