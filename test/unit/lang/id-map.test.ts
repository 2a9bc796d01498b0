import fc from 'fast-check'
import { expect, it } from 'vitest'
import { IdMap } from '../../../common/lang/id-map.js'

it('holds what a Map would', () => {
  const id = fc.oneof(fc.integer({ min: -300, max: 1200 }), fc.integer({ min: 2 ** 40, max: 2 ** 40 + 300 }))
  const change = fc.record({ id, value: fc.option(fc.string(), { nil: undefined }) })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const ours = new IdMap<{ text: string }>()
      const model = new Map<number, { text: string }>()
      for (const { id, value } of changes) {
        if (value === undefined) expect(ours.delete(id)).toBe(model.delete(id))
        else {
          const v = { text: value }
          ours.set(id, v)
          model.set(id, v)
        }
        expect(ours.get(id)).toBe(model.get(id))
        expect(ours.has(id)).toBe(model.has(id))
        expect(ours.size).toBe(model.size)
      }
      const sorted = (e: Iterable<[number, { text: string }]>) => [...e].sort(([a], [b]) => a - b)
      expect(sorted(ours.entries())).toEqual(sorted(model))
      expect([...ours.values()].length).toBe(model.size)
      expect([...ours.keys()].sort()).toEqual([...model.keys()].sort())
      ours.clear()
      expect([...ours.entries()]).toEqual([])
      expect(ours.size).toBe(0)
    }),
  )
})
