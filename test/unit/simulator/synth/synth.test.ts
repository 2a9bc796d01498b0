/** The jobs of SYNTH traces are those that Hadoop's own generator draws. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { JavaRandom, priorityQueueOrder } from '../../../../resourcemanager/simulator/traces/java.js'
import { captured, ourJobs, realJobs } from './jobs.js'

describe('SYNTH traces', () => {
  it('give the jobs that Hadoop draws with their seed', () => {
    const real = realJobs(readFileSync(captured, 'utf8'))
    expect(ourJobs()).toEqual(real)
    expect(real.length).toBe(100)
  })

  it('give others with another seed', () => {
    expect(ourJobs(2)).not.toEqual(ourJobs(1))
  })
})

describe('java.util.Random', () => {
  // Captured from JDK 17.
  it('draws the same', () => {
    const random = new JavaRandom(-42n)
    expect([random.nextInt(1000), random.nextInt(1024), random.nextInt(2 ** 30 + 1)]).toEqual([265, 419, 130888552])
    expect(random.nextLong()).toBe(-5475790311413849495n)
    expect(random.nextDouble()).toBe(0.7862180522524824)
  })
})

describe('java.util.PriorityQueue', () => {
  it('gives equals in the order of its heap', () => {
    const items = [...'abcdefghij'].map((name, i) => ({ name, at: i % 3 }))
    expect(
      priorityQueueOrder(items, (a, b) => a.at - b.at)
        .map((x) => x.name)
        .join(''),
    ).toBe('adjgbhecif')
  })
})
