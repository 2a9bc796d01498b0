/** How records of each type go over the wire. Declared types are compact; GENERIC values carry a tag. */
import type { TypeInformation } from '../streaming/types.js'
import type { DataInput, DataOutput } from './data.js'

export interface Serializer<T = unknown> {
  /** @throws TypeError when the value is not of the type */
  write(out: DataOutput, value: T): void
  read(input: DataInput): T
}

/** @throws TypeError naming the wanted type and what came */
function mismatch(wanted: string, value: unknown): never {
  throw new TypeError(`a record (or a field of one) is ${describe(value)}, but ${wanted} was declared by returns(…)`)
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'object') return Array.isArray(value) ? `an array of ${value.length}` : `a ${value.constructor?.name ?? 'object'}`
  const text = String(value)
  return `the ${typeof value} ${text.length > 40 ? `${text.slice(0, 40)}…` : text}`
}

const STRING: Serializer<string> = {
  write: (out, v) => (typeof v === 'string' ? out.string(v) : mismatch('STRING', v)),
  read: (input) => input.string(),
}
const BOOLEAN: Serializer<boolean> = {
  write: (out, v) => (typeof v === 'boolean' ? out.byte(v ? 1 : 0) : mismatch('BOOLEAN', v)),
  read: (input) => input.byte() !== 0,
}
const INT: Serializer<number> = {
  write: (out, v) => ((v | 0) === v ? out.long(v) : mismatch('INT', v)),
  read: (input) => input.long(),
}
const LONG: Serializer<number> = {
  write: (out, v) => (Number.isSafeInteger(v) ? out.long(v) : mismatch('LONG', v)),
  read: (input) => input.long(),
}
const DOUBLE: Serializer<number> = {
  write: (out, v) => (typeof v === 'number' ? out.double(v) : mismatch('DOUBLE', v)),
  read: (input) => input.double(),
}
const BYTES: Serializer<Uint8Array> = {
  write: (out, v) => (v instanceof Uint8Array ? out.bytes(v) : mismatch('BYTES', v)),
  read: (input) => input.bytes(),
}

function tuple(fields: readonly Serializer[]): Serializer<unknown[]> {
  const n = fields.length
  const check = (v: unknown[]) => (Array.isArray(v) && v.length === n ? v : mismatch(`a TUPLE of ${n} fields`, v))
  if (n === 2) {
    // The most frequent shape, without a loop.
    const [a, b] = fields as [Serializer, Serializer]
    return {
      write(out, v) {
        check(v)
        a.write(out, v[0])
        b.write(out, v[1])
      },
      read: (input) => [a.read(input), b.read(input)],
    }
  }
  return {
    write(out, v) {
      check(v)
      for (let i = 0; i < n; i++) fields[i]!.write(out, v[i])
    },
    read: (input) => fields.map((f) => f.read(input)),
  }
}

function object(fields: readonly (readonly [string, Serializer])[]): Serializer<Record<string, unknown>> {
  return {
    write(out, v) {
      if (typeof v !== 'object' || v === null) mismatch('an OBJECT', v)
      for (const [name, f] of fields) f.write(out, v[name])
    },
    read: (input) => Object.fromEntries(fields.map(([name, f]) => [name, f.read(input)])),
  }
}

function list(element: Serializer): Serializer<unknown[]> {
  return {
    write(out, v) {
      if (!Array.isArray(v)) mismatch('a LIST', v)
      out.varint(v.length)
      for (const e of v) element.write(out, e)
    },
    read: (input) => readMany(input, () => element.read(input)),
  }
}

/** A count that a peer chose is only believed as far as there are bytes for it. */
function readMany<T>(input: DataInput, read: () => T): T[] {
  const n = input.varint()
  const all: T[] = []
  for (let i = 0; i < n; i++) all.push(read())
  return all
}

const TAG = {
  null: 0,
  undefined: 1,
  false: 2,
  true: 3,
  long: 4,
  double: 5,
  string: 6,
  array: 7,
  object: 8,
  bigint: 9,
  date: 10,
  bytes: 11,
  map: 12,
  set: 13,
} as const

const GENERIC: Serializer = { write: writeGeneric, read: readGeneric }

function writeGeneric(out: DataOutput, v: unknown): void {
  switch (typeof v) {
    case 'string':
      out.byte(TAG.string)
      return out.string(v)
    case 'number':
      if (Number.isSafeInteger(v) && !Object.is(v, -0)) {
        out.byte(TAG.long)
        return out.long(v)
      }
      out.byte(TAG.double)
      return out.double(v)
    case 'boolean':
      return out.byte(v ? TAG.true : TAG.false)
    case 'undefined':
      return out.byte(TAG.undefined)
    case 'bigint':
      out.byte(TAG.bigint)
      return out.string(String(v))
    case 'object':
      return v === null ? out.byte(TAG.null) : writeObject(out, v)
    default:
      throw new TypeError(`a record holds a ${typeof v}, which can't be sent to another task`)
  }
}

function writeObject(out: DataOutput, v: object): void {
  if (Array.isArray(v)) {
    out.byte(TAG.array)
    out.varint(v.length)
    for (const e of v) writeGeneric(out, e)
  } else if (v instanceof Date) {
    out.byte(TAG.date)
    out.double(v.getTime())
  } else if (v instanceof Uint8Array) {
    out.byte(TAG.bytes)
    out.bytes(v)
  } else if (v instanceof Map) {
    out.byte(TAG.map)
    out.varint(v.size)
    for (const [k, e] of v) {
      writeGeneric(out, k)
      writeGeneric(out, e)
    }
  } else if (v instanceof Set) {
    out.byte(TAG.set)
    out.varint(v.size)
    for (const e of v) writeGeneric(out, e)
  } else {
    const prototype = Object.getPrototypeOf(v)
    if (prototype !== Object.prototype && prototype !== null) {
      const hint = v instanceof Promise ? '; functions of a stream must not be async' : '; give plain objects or arrays out'
      throw new TypeError(`a record holds a ${v.constructor?.name ?? 'object of a class'}, which can't be sent to another task${hint}`)
    }
    const entries = Object.entries(v)
    out.byte(TAG.object)
    out.varint(entries.length)
    for (const [k, e] of entries) {
      out.string(k)
      writeGeneric(out, e)
    }
  }
}

function readGeneric(input: DataInput): unknown {
  const tag = input.byte()
  switch (tag) {
    case TAG.null:
      return null
    case TAG.undefined:
      return undefined
    case TAG.false:
      return false
    case TAG.true:
      return true
    case TAG.long:
      return input.long()
    case TAG.double:
      return input.double()
    case TAG.string:
      return input.string()
    case TAG.array:
      return readMany(input, () => readGeneric(input))
    case TAG.object:
      return Object.fromEntries(readMany(input, () => [input.string(), readGeneric(input)] as const))
    case TAG.bigint:
      return BigInt(input.string())
    case TAG.date:
      return new Date(input.double())
    case TAG.bytes:
      return input.bytes()
    case TAG.map:
      return new Map(readMany(input, () => [readGeneric(input), readGeneric(input)] as const))
    case TAG.set:
      return new Set(readMany(input, () => readGeneric(input)))
    default:
      throw new RangeError(`unknown tag ${tag} in a record`)
  }
}

export function serializerOf(type: TypeInformation): Serializer {
  switch (type.kind) {
    case 'STRING':
      return STRING as Serializer
    case 'BOOLEAN':
      return BOOLEAN as Serializer
    case 'INT':
      return INT as Serializer
    case 'LONG':
      return LONG as Serializer
    case 'DOUBLE':
      return DOUBLE as Serializer
    case 'BYTES':
      return BYTES as Serializer
    case 'TUPLE':
      return tuple(type.fields.map(serializerOf)) as Serializer
    case 'OBJECT':
      return object(Object.entries(type.fields).map(([name, t]) => [name, serializerOf(t)] as const)) as Serializer
    case 'LIST':
      return list(serializerOf(type.element)) as Serializer
    case 'GENERIC':
      return GENERIC
  }
}
