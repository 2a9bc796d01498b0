/** When heartbeats come, and who must be heard. */
import { describe, expect, it } from 'vitest'
import { Ring } from '../../../resourcemanager/simulator/engine/ring.js'

const INTERVAL = 1000
const phases = Array.from({ length: 40 }, (_, i) => (i * 377) % INTERVAL)

/** Every heartbeat until a time, by node. */
function heartbeats(ring: Ring, until: number): number[][] {
  const times: number[][] = phases.map(() => [])
  let before = 0
  while (ring.base < until) {
    for (let place = 0; place < ring.length; place++) {
      expect(ring.at(place)).toBeGreaterThanOrEqual(before)
      before = ring.at(place)
      times[ring.node(place)]!.push(before)
    }
    ring.nextRound()
  }
  return times
}

describe('the ring of heartbeats', () => {
  it('turns evenly without jitter', () => {
    const times = heartbeats(new Ring({ phases, interval: INTERVAL, jitter: 0, seed: 1 }), 20_000)
    for (const [node, of] of times.entries()) expect(of).toEqual(of.map((_, i) => (i + 1) * INTERVAL + phases[node]!))
  })

  it('lets a node that has reported out of turn wait a whole interval again, wherever the ring stands', () => {
    const told = new Ring({ phases: [100, 900, 400], interval: INTERVAL, jitter: 0, seed: 1, restarts: true })
    const places = () => Array.from({ length: told.length }, (_, place) => [told.node(place), told.at(place)])
    told.moveTo(1)
    told.restart(1, 1300)
    expect(places().slice(told.cursor)).toEqual([[2, 1400]])
    told.moveTo(2)
    told.nextRound()
    expect(places()).toEqual([
      [0, 2100],
      [1, 2300],
      [2, 2400],
    ])
    // The ring has gone on to a round that time has not reached.
    told.restart(1, 1950)
    expect(places()).toEqual([
      [0, 2100],
      [2, 2400],
      [1, 2950],
    ])
  })

  it.each([1, 100, 999, INTERVAL])('brings each heartbeat up to %i ms late, and the next one from the beat', (jitter) => {
    const times = heartbeats(new Ring({ phases, interval: INTERVAL, jitter, seed: 1 }), 200_000)
    const delays = times.flatMap((of, node) => of.map((at) => (at - phases[node]!) % INTERVAL))
    for (const of of times) {
      const gaps = of.slice(1).map((at, i) => at - of[i]!)
      expect(Math.min(...gaps)).toBeGreaterThan(INTERVAL - jitter)
      expect(Math.max(...gaps)).toBeLessThan(INTERVAL + jitter)
    }
    expect(Math.max(...delays)).toBeLessThan(jitter)
    const mean = delays.reduce((sum, d) => sum + d, 0) / delays.length
    expect(mean).toBeGreaterThanOrEqual(((jitter - 1) / 2) * 0.97)
    expect(mean).toBeLessThanOrEqual(((jitter - 1) / 2) * 1.03)
  })

  it('draws the same for the same seed, whatever rounds were left out', () => {
    const make = (seed: number) => new Ring({ phases, interval: INTERVAL, jitter: 500, seed })
    const whole = heartbeats(make(3), 90_000)
    const late = make(3)
    expect(late.jumpTo(80_400)).toBe(78)
    expect(heartbeats(late, 90_000)).toEqual(whole.map((of) => of.filter((at) => at >= 80_000)))
    expect(heartbeats(make(4), 90_000)).not.toEqual(whole)
  })

  it('knows the last heartbeat of a node, of the present time only when the cursor is past it', () => {
    const ring = new Ring({ phases, interval: INTERVAL, jitter: 500, seed: 1 })
    const times = heartbeats(new Ring({ phases, interval: INTERVAL, jitter: 500, seed: 1 }), 10_000)
    ring.jumpTo(8000)
    for (let place = 0; place < ring.length; place++) {
      const [node, now] = [ring.node(place), ring.at(place)]
      ring.moveTo(place)
      expect(ring.last(node, now)).toBe(times[node]!.findLast((at) => at < now))
      ring.moveTo(place + 1)
      expect(ring.last(node, now)).toBe(now)
      expect(ring.last(node, now + 1)).toBe(now)
    }
  })

  it.each([0, 500])('finds those that must be heard, with jitter %i', (jitter) => {
    const ring = new Ring({ phases, interval: INTERVAL, jitter, seed: 1 })
    expect(ring.quiet).toBe(true)
    expect(ring.nextDue(0, ring.length)).toBe(ring.length)
    ring.setDue(7, true)
    ring.setDue(7, true)
    const at = ring.nextDue(0, ring.length)
    expect(ring.node(at)).toBe(7)
    expect(ring.isDue(at)).toBe(true)
    expect(ring.nextDue(0, at)).toBe(at)
    ring.setDue(7, false)
    expect(ring.quiet).toBe(true)
  })
})
