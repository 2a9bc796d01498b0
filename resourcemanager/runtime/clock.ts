/**
 * The time that the core is given: milliseconds since the epoch that never run backwards. The wall clock may jump (set by hand, a
 * laptop that slept): back, and time goes on from where it was; forward, and it follows, but the jump is told, since every peer then
 * looks silent for as long as the jump was.
 */
export interface Clock {
  now(): number
  /** Milliseconds that the wall clock has leapt ahead since the last call. */
  leap(): number
}

/** A difference between wall clock and monotonic clock below this is drift or a busy process. */
const LEAP = 5_000

export function createClock(wall: () => number = Date.now, monotonic: () => number = () => performance.now()): Clock {
  let lastWall = wall()
  let lastMonotonic = monotonic()
  let time = lastWall
  let leapt = 0
  return {
    now() {
      const w = wall()
      const m = monotonic()
      const gone = m - lastMonotonic
      if (w - lastWall - gone > LEAP) leapt += w - lastWall - gone
      time = Math.max(Math.floor(time + (w < lastWall ? gone : 0)), w)
      lastWall = w
      lastMonotonic = m
      return time
    },
    leap() {
      const l = leapt
      leapt = 0
      return l
    },
  }
}
