/** What generated protobuf modules stand on: protobufjs' Reader and a Writer of our own, with 64-bit integers as numbers. */
import protobuf from 'protobufjs/minimal.js'
import { Writer } from './writer.js'

// Numbers instead of Long objects: every 64-bit field of Hadoop's that carries a quantity stays below 2^53.
// What exceeds it is either Long.MAX_VALUE ("no limit", see LONG_MAX) or an opaque random id that nobody echoes.
protobuf.util.Long = null as never
protobuf.configure()

export { Writer }
export type Reader = protobuf.Reader
export const { Reader } = protobuf

/** java.lang.Long.MAX_VALUE as it reads here (2^63); written back exactly. */
export const LONG_MAX = 2 ** 63

/** A message that lacks a required field, or bytes that are no such message. */
export class ProtobufError extends Error {
  override name = 'ProtobufError'
}

/** Encodes and decodes one message type: `T` as read, `I` as written. */
export interface Codec<T, I = T> {
  readonly typeName: string
  encode(message: I): Uint8Array
  /** @throws ProtobufError for bytes that are not such a message. */
  decode(bytes: Uint8Array): T
  /** With the varint length in front, as Hadoop's streams hold messages. */
  encodeDelimited(message: I): Uint8Array
  write(message: I, writer: Writer): void
  read(reader: Reader, length: number): T
}

export interface EnumCodec<E extends string> {
  number(name: E): number
  /** Undefined for a number that this version does not know (proto2: as if unset). */
  name(number: number): E | undefined
  readonly names: readonly E[]
}

export function enumCodec<E extends string>(values: Record<E, number>): EnumCodec<E> {
  const byNumber = new Map<number, E>()
  for (const [name, number] of Object.entries(values) as [E, number][]) if (!byNumber.has(number)) byNumber.set(number, name)
  return {
    number(name) {
      const n = values[name]
      if (n === undefined) throw new ProtobufError(`no such enum value: ${String(name)}`)
      return n
    },
    name: (number) => byNumber.get(number),
    names: Object.keys(values) as E[],
  }
}

export function missing(type: string, field: string): never {
  throw new ProtobufError(`Message missing required fields: ${field} (in ${type})`)
}

export function codec<T, I>(typeName: string, write: (message: I, writer: Writer) => void, readTo: (reader: Reader, end: number) => T): Codec<T, I> {
  return {
    typeName,
    write,
    read(reader, length) {
      const end = reader.pos + length
      if (end > reader.len) throw new ProtobufError(`${typeName}: length ${length} runs past the end of the message`)
      return readTo(reader, end)
    },
    encode(message) {
      const w = Writer.create()
      write(message, w)
      return w.finish()
    },
    encodeDelimited(message) {
      const w = Writer.create()
      w.fork()
      write(message, w)
      return w.ldelim().finish()
    },
    decode(bytes) {
      const r = Reader.create(bytes)
      try {
        return readTo(r, r.len)
      } catch (e) {
        if (e instanceof ProtobufError) throw e
        throw new ProtobufError(`${typeName}: ${(e as Error).message}`)
      }
    },
  }
}
