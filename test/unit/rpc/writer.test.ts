/** Our writer against protobufjs' own: the same bytes. */
import fc from 'fast-check'
import protobuf from 'protobufjs/minimal.js'
import { describe, expect, it } from 'vitest'
import { Writer } from '../../../common/proto/runtime.js'

type Step = readonly [method: string, value: unknown]
type Any = Record<string, (value?: unknown) => unknown>

const MAX = { low: -1, high: 0x7fffffff, unsigned: false }
const LONGS = new Set(['uint64', 'int64', 'sint64', 'sfixed64'])

const long = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.nat(300),
  fc.constantFrom(2 ** 31, 2 ** 32, 2 ** 32 - 1, -(2 ** 32), 2 ** 52 + 1, -(2 ** 52) - 1, 2 ** 63),
)
const text = fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: 'grapheme', maxLength: 200 }), fc.string({ unit: 'binary', maxLength: 200 }))
const field = fc.oneof(
  fc.tuple(fc.constant('uint32'), fc.oneof(fc.nat(300), fc.nat(0xffffffff))),
  fc.tuple(fc.constantFrom('int32', 'sint32', 'sfixed32'), fc.oneof(fc.integer({ min: -300, max: 300 }), fc.integer())),
  fc.tuple(fc.constantFrom('uint64', 'int64', 'sint64', 'sfixed64'), long),
  fc.tuple(fc.constantFrom('float', 'double'), fc.double()),
  fc.tuple(fc.constant('bool'), fc.boolean()),
  fc.tuple(fc.constant('string'), text),
  fc.tuple(fc.constant('bytes'), fc.uint8Array({ maxLength: 300 })),
)

/** Fields and messages within messages. */
const steps = fc.letrec<{ node: Step[] }>((tie) => ({
  node: fc
    .array(
      fc.oneof(
        { maxDepth: 4 },
        field.map((f): Step[] => [f]),
        tie('node').map((inner): Step[] => [['fork', undefined], ...inner, ['ldelim', undefined]]),
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.flat()),
})).node

function write(w: Any, list: readonly Step[], theirs: boolean): void {
  for (const [method, value] of list) w[method]!(theirs && LONGS.has(method) && value === 2 ** 63 ? MAX : value)
}

describe('the writer', () => {
  it("writes the bytes that protobufjs' writer writes", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const ours = Writer.create()
        const theirs = protobuf.Writer.create()
        write(ours as unknown as Any, list, false)
        write(theirs as unknown as Any, list, true)
        expect(Buffer.from(ours.finish()).equals(Buffer.from(theirs.finish()))).toBe(true)
      }),
    )
  })

  it('keeps messages apart that are written at the same time, and what was given out stays', () => {
    const first = Writer.create().string('first')
    const second = Writer.create().string('second')
    const one = first.finish()
    const third = Writer.create().string('x'.repeat(100_000))
    expect(second.finish().toString('latin1', 1)).toBe('second')
    expect(one.toString('latin1', 1)).toBe('first')
    expect(third.finish()).toHaveLength(100_003)
  })

  it('writes text as the UTF-8 that a name has on the wire', () => {
    for (const name of ['plain', 'd\u00e9j\u00e0', '\u{1f600}', 'x'.repeat(200)]) {
      expect(
        Writer.create()
          .bytes(name)
          .finish()
          .equals(Writer.create().bytes(Buffer.from(name)).finish()),
      ).toBe(true)
    }
  })

  it('puts a length in four bytes before a frame', () => {
    expect(Writer.create().uint32(7).uint32(300).finishFramed().toString('hex')).toBe('0000000307ac02')
  })
})
