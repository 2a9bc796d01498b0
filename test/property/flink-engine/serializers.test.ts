import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type TypeInformation, Types } from '../../../flink-yarn/streaming/types.js'
import { DataInput, DataOutput } from '../../../flink-yarn/taskmanager/data.js'
import { serializerOf } from '../../../flink-yarn/taskmanager/serializers.js'

function roundTrip(type: TypeInformation, values: readonly unknown[]): unknown[] {
  const serializer = serializerOf(type)
  const out = new DataOutput(16)
  for (const v of values) serializer.write(out, v)
  const input = new DataInput()
  input.reset(out.take())
  const read = values.map(() => serializer.read(input))
  expect(input.remaining).toBe(0)
  return read
}

const int = fc.integer()
const long = fc.maxSafeInteger()
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ minLength: 60, maxLength: 200 }))
const double = fc.double()
const bytes = fc.uint8Array()
const plain = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: false,
  values: [fc.string(), fc.double(), fc.maxSafeInteger(), fc.boolean(), fc.constant(null), fc.constant(undefined), fc.uint8Array()],
})

const CASES: [string, TypeInformation, fc.Arbitrary<unknown>][] = [
  ['STRING', Types.STRING, text],
  ['INT', Types.INT, int],
  ['LONG', Types.LONG, long],
  ['DOUBLE', Types.DOUBLE, double],
  ['BOOLEAN', Types.BOOLEAN, fc.boolean()],
  ['BYTES', Types.BYTES, bytes],
  ['TUPLE', Types.TUPLE(Types.STRING, Types.LONG), fc.tuple(text, long)],
  ['TUPLE of three', Types.TUPLE(Types.LONG, Types.DOUBLE, Types.LIST(Types.STRING)), fc.tuple(long, double, fc.array(text))],
  ['OBJECT', Types.OBJECT({ a: Types.INT, b: Types.STRING }), fc.record({ a: int, b: text })],
  ['GENERIC', Types.GENERIC, plain],
]

describe('records come out as they went in', () => {
  // -0 is written as a whole number where whole numbers are declared.
  const normal = (v: unknown): unknown => (v === 0 ? 0 : Array.isArray(v) ? v.map(normal) : v)
  for (const [name, type, values] of CASES) {
    it(name, () => {
      fc.assert(
        fc.property(fc.array(values, { maxLength: 20 }), (records) => {
          const expected = type.kind === 'GENERIC' || type.kind === 'DOUBLE' ? records : records.map(normal)
          const read = roundTrip(type, records)
          expect(type.kind === 'GENERIC' || type.kind === 'DOUBLE' ? read : read.map(normal)).toEqual(expected)
        }),
      )
    })
  }
})

describe('damaged bytes', () => {
  it('are answered by an error, never by a hang or more memory than there are bytes', () => {
    for (const [, type] of CASES) {
      const serializer = serializerOf(type)
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 64 }), (garbage) => {
          const input = new DataInput()
          input.reset(garbage)
          try {
            while (input.remaining > 0) serializer.read(input)
          } catch (e) {
            expect(e).toBeInstanceOf(Error)
          }
        }),
      )
    }
  })
})

describe('values of another type', () => {
  it('are refused by name', () => {
    expect(() => roundTrip(Types.LONG, [1.5])).toThrow('the number 1.5, but LONG was declared')
    expect(() => roundTrip(Types.STRING, [1])).toThrow('but STRING was declared')
    expect(() => roundTrip(Types.TUPLE(Types.LONG, Types.LONG), [[1]])).toThrow('an array of 1, but a TUPLE of 2 fields was declared')
    expect(() => roundTrip(Types.GENERIC, [() => 1])).toThrow("a record holds a function, which can't be sent to another task")
    expect(() => roundTrip(Types.GENERIC, [Promise.resolve(1)])).toThrow('functions of a stream must not be async')
  })
})
