import { describe, expect, test } from 'vitest'
import { duration, memory, percent, textTable } from '../../../resourcemanager/simulator/report/format.js'
import { jain, merged, pairedInterval, quantile, summaryOf, summaryOfHistogram } from '../../../resourcemanager/simulator/report/statistics.js'
import { histogram } from '../../builders/simulated-run.js'

describe('statistics', () => {
  test('quantiles lie between neighbours in proportion', () => {
    expect(quantile([10, 20, 30, 40], 0.5)).toBe(25)
    expect(quantile([10, 20, 30, 40], 1)).toBe(40)
    expect(quantile([7], 0.95)).toBe(7)
    expect(quantile([], 0.5)).toBeNaN()
    expect(summaryOf([3, 1, 2])).toMatchObject({ count: 3, mean: 2, p50: 2, max: 3 })
  })

  test("Jain's index is 1 for the even and 1/n for one that has all", () => {
    expect(jain([2, 2, 2])).toBe(1)
    expect(jain([5, 0, 0, 0])).toBe(0.25)
    expect(jain([])).toBe(1)
    expect(jain([0, 0])).toBe(1)
  })

  test('the interval of paired differences is Student’s', () => {
    // Mean 3, standard deviation 1, four pairs: 3 ± 3.182 · 1/2.
    const found = pairedInterval([2, 4, 3 - Math.sqrt(0.5), 3 + Math.sqrt(0.5)])
    expect(found.mean).toBe(3)
    expect(found.high! - 3).toBeCloseTo(3.182 / 2, 6)
    expect(pairedInterval([5])).toEqual({ mean: 5 })
    expect(pairedInterval([1, 1, 1])).toEqual({ mean: 1, low: 1, high: 1 })
    expect(pairedInterval(Array.from({ length: 200 }, (_, i) => i % 2)).high! - 0.5).toBeCloseTo((1.972 * 0.50125) / Math.sqrt(200), 3)
  })

  test('histograms are merged; quantiles stay within a bucket of the true ones', () => {
    const all = Array.from({ length: 1000 }, (_, i) => i + 1)
    const whole = merged([histogram(all.slice(0, 300)), histogram([]), histogram(all.slice(300))])
    expect(whole).toMatchObject({ count: 1000, sum: 500_500, min: 1, max: 1000 })
    const s = summaryOfHistogram(whole)
    expect(s.mean).toBe(500.5)
    expect(s.max).toBe(1000)
    expect(s.p50).toBeGreaterThan(500 / 1.13)
    expect(s.p50).toBeLessThan(500 * 1.13)
    expect(s.p99).toBeLessThanOrEqual(1000)
  })
})

describe('amounts as people read them', () => {
  test.each([
    [0, '0 s'],
    [850, '850 ms'],
    [1500, '1.50 s'],
    [12_340, '12.3 s'],
    [59_990, '1 min 00 s'],
    [245_000, '4 min 05 s'],
    [7_500_000, '2 h 05 min'],
    [-36_000, '−36 s'],
    [273_600_000, '3 d 4 h'],
  ])('%i ms is %s', (millis, text) => {
    expect(duration(millis)).toBe(text)
  })

  test('memory and parts', () => {
    expect([memory(512), memory(1536), memory(300 * 1024), memory(2.25 * 1024 ** 2)]).toEqual(['512 MiB', '1.5 GiB', '300 GiB', '2.25 TiB'])
    expect(percent(0.842)).toBe('84.2 %')
  })

  test('tables align numbers to the right', () => {
    expect(
      textTable(
        ['queue', 'n'],
        [
          ['a', '10'],
          ['bcdefgh', '5'],
        ],
      ),
    ).toBe('queue     n\na        10\nbcdefgh   5\n')
  })
})
