import { describe, expect, it } from 'vitest'
import { diskTrust } from '../../../hdfs-lite/disk-trust.js'

describe('trust in a disk', () => {
  const LIMITS = { quick: 1, slow: 10 }
  /** Quick writes until it is trusted. */
  const toTrust = (t: ReturnType<typeof diskTrust>) => {
    let writes = 0
    for (; !t.trusted && writes < 100_000; writes++) t.note(0.1)
    return writes
  }

  it('comes with writes that are quick', () => {
    const t = diskTrust(LIMITS)
    expect(t.trusted).toBe(false)
    expect(toTrust(t)).toBeGreaterThan(1)
  })

  it('is gone for a while after one that is not quick, and for long after a slow one', () => {
    const t = diskTrust(LIMITS)
    toTrust(t)
    t.note(5)
    expect(t.trusted).toBe(false)
    const short = toTrust(t)
    t.note(50)
    const long = toTrust(t)
    expect(long).toBeGreaterThan(short * 10)
    t.note(50)
    t.note(5)
    expect(toTrust(t)).toBe(long)
  })

  it('never comes where no write is quick', () => {
    const t = diskTrust(LIMITS)
    for (let i = 0; i < 10_000; i++) t.note(2)
    expect(t.trusted).toBe(false)
  })
})
