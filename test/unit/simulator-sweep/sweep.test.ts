import { describe, expect, test } from 'vitest'
import { readSimulatedConfiguration } from '../../../resourcemanager/simulator/configuration.js'
import { type Search, search } from '../../../resourcemanager/simulator/sweep/search.js'
import { type Settings, balanced, configured, grid, parseAxis, settingsText } from '../../../resourcemanager/simulator/sweep/space.js'

const HIVE = 'yarn.scheduler.capacity.root.hive.capacity'
const base = {
  ...readSimulatedConfiguration(undefined),
  properties: {
    'yarn.scheduler.capacity.root.queues': 'default,hive',
    'yarn.scheduler.capacity.root.default.capacity': '50',
    [HIVE]: '50',
  },
}

describe('what is varied', () => {
  test('a range with a step, or a list', () => {
    expect(parseAxis('root.hive.capacity=10..60/10')).toEqual({
      name: HIVE,
      values: ['10', '20', '30', '40', '50', '60'],
      range: { from: 10, to: 60, step: 10 },
    })
    expect(parseAxis('a.b=0.1..0.3/0.1').values).toEqual(['0.1', '0.2', '0.3'])
    expect(parseAxis('x=fifo,fair').values).toEqual(['fifo', 'fair'])
    expect(parseAxis('nodes=100x16G,8,150x16G,8,nodes.json').values).toEqual(['100x16G,8', '150x16G,8', 'nodes.json'])
  })

  test.each(['root.hive.capacity', 'x=', 'x=5..1/1', 'x=1..2/0', 'x=1,1', 'x=1,,2', 'x=0..1/0.00001'])('%s is refused with how to write it', (text) => {
    expect(() => parseAxis(text)).toThrow(/Give PROPERTY=FROM\.\.TO\/STEP/)
  })

  test('the grid is every combination, within reason', () => {
    expect(grid([parseAxis('a=1,2'), parseAxis('b=x,y')]).map(settingsText)).toEqual(['a=1, b=x', 'a=1, b=y', 'a=2, b=x', 'a=2, b=y'])
    expect(() => grid([parseAxis('a=1..200/1'), parseAxis('b=1..200/1')])).toThrow(/40000 combinations/)
  })
})

describe('a candidate', () => {
  test('that does not add up is refused in words', () => {
    expect(configured(base, { [HIVE]: '70' })).toEqual({
      refused: expect.stringContaining('the queues of root add up to 120 %, not 100 (default 50 + hive 70)'),
    })
  })

  test('is balanced by a sibling', () => {
    const made = configured(base, { [HIVE]: '70' }, ['root.default.capacity'])
    expect('configuration' in made && made.configuration.properties['yarn.scheduler.capacity.root.default.capacity']).toBe('30')
  })

  test('is refused when nothing is left for the sibling, or more than its maximum', () => {
    expect(balanced({ ...base.properties, [HIVE]: '110' }, 'root.default')).toEqual({ refused: expect.stringContaining('nothing is left for root.default') })
    const capped = { ...base.properties, [HIVE]: '20', 'yarn.scheduler.capacity.root.default.maximum-capacity': '60' }
    expect(balanced(capped, 'root.default.capacity')).toEqual({ refused: expect.stringContaining('more than its maximum-capacity of 60 %') })
  })

  test('that the scheduler refuses is refused in its words', () => {
    expect(configured(base, { 'yarn.scheduler.capacity.root.hive.maximum-capacity': '10' })).toEqual({ refused: expect.stringMatching(/capacity/i) })
  })

  test('can only be balanced by a queue that is there', () => {
    expect(() => balanced(base.properties, 'root.spark.capacity')).toThrow(/root has no such queue; it has default, hive/)
    expect(() => balanced(base.properties, 'spark')).toThrow(/name a queue's capacity/)
  })
})

/** A goal with its best at 30, the worse the further away; seeds shift it a little. 90 can't be run. */
function searching(more: Partial<Search>): { readonly search: Search; readonly asked: string[] } {
  const asked: string[] = []
  const evaluate = async (candidates: readonly Settings[], seeds: readonly number[]) =>
    candidates.map((c) => {
      const value = Number(c.x)
      asked.push(`${c.x} with ${seeds.length}`)
      return value === 90 ? { refused: 'too much' } : seeds.map((s) => (value - 30) ** 2 + s / 10)
    })
  return { asked, search: { method: 'grid', axes: [parseAxis('x=10..90/10')], better: 'less', seeds: [1, 2, 3, 4], evaluate, ...more } }
}

describe('a search', () => {
  test('by grid tries all, ranks them and keeps what was refused', async () => {
    const { tried, refused } = await search(searching({}).search)
    expect(tried.map((t) => t.settings.x).slice(0, 3)).toEqual(['30', '20', '40'])
    expect(tried).toHaveLength(8)
    expect(refused).toEqual([{ settings: { x: '90' }, reason: 'too much' }])
  })

  test('for more of something ranks the other way round', async () => {
    expect((await search(searching({ better: 'more' }).search)).tried[0]!.settings.x).toBe('80')
  })

  test('at random takes its budget, the same for the same seed', async () => {
    const { search: s } = searching({ method: 'random', budget: 4 })
    const found = await search(s)
    expect(found.tried.length + found.refused.length).toBe(4)
    expect(await search(s)).toEqual(found)
  })

  test('by golden section finds the valley in fewer runs than the grid', async () => {
    const { search: s, asked } = searching({ method: 'golden', axes: [parseAxis('x=0..85/1')] })
    expect((await search(s)).tried[0]!.settings.x).toBe('30')
    expect(asked.length).toBeLessThanOrEqual(12)
  })

  test('by golden section wants one range', async () => {
    await expect(search(searching({ method: 'golden', axes: [parseAxis('x=1,2')] }).search)).rejects.toThrow(/goes along one range/)
  })

  test('by halving gives most seeds to the best', async () => {
    const { search: s, asked } = searching({ method: 'halving' })
    const { tried } = await search(s)
    expect(tried[0]!.settings.x).toBe('30')
    expect(tried[0]!.bySeed).toHaveLength(4)
    expect(tried.at(-1)!.bySeed).toHaveLength(1)
    expect(tried).toHaveLength(8)
    expect(asked.filter((a) => a.endsWith('with 4'))).toHaveLength(2)
  })
})
