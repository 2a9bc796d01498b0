import { expect, it } from 'vitest'
import { Wakefulness } from '../../../common/rpc/wakefulness.js'

const LIMIT = 0.05

/** Calls that come so many milliseconds after the answer before. @returns after which answers the next was waited for awake */
function answers(w: Wakefulness, gaps: readonly number[], begin = 0): boolean[] {
  let now = begin
  return gaps.map((gap) => {
    now += gap
    w.called(now)
    const until = w.answered(now)
    if (until !== undefined) expect(until).toBe(now + LIMIT)
    return until !== undefined
  })
}

const times = (n: number, gap: number) => Array.from({ length: n }, () => gap)

it('sleeps until calls have come at once for a while, and stays awake then', () => {
  const awake = answers(new Wakefulness(LIMIT), times(20, 0.03))
  expect(awake.indexOf(true)).toBeGreaterThan(5)
  expect(awake.slice(awake.indexOf(true))).not.toContain(false)
})

it('counts what waking up takes for who has slept, not for who was awake', () => {
  const gap = LIMIT + 0.01
  const awake = answers(new Wakefulness(LIMIT), times(40, gap))
  expect(awake).toContain(true)
  // What comes after that is too late for one that waits: it goes to sleep again.
  expect(awake.slice(awake.indexOf(true) + 1)).toContain(false)
})

it('never waits for a client that takes its time', () => {
  expect(answers(new Wakefulness(LIMIT), times(100, 0.09))).not.toContain(true)
})

it('lets one late call pass, not several', () => {
  const w = new Wakefulness(LIMIT)
  answers(w, times(20, 0.03))
  expect(answers(w, [5, 0.03], 10)).toEqual([true, true])
  expect(answers(w, [5, 5, 5], 30).at(-1)).toBe(false)
})

it('begins anew once somebody else has called', () => {
  const w = new Wakefulness(LIMIT)
  expect(answers(w, times(20, 0.03)).at(-1)).toBe(true)
  w.forget()
  expect(answers(w, [0.03], 10)).toEqual([false])
})
