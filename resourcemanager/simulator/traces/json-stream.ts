/**
 * The JSON values of a file one after another, or the elements of one array that holds them, as a file of any size is read: only one of them is
 * in memory at a time. What gzip has compressed is unpacked first.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { gunzipSync } from 'node:zlib'
import { fail } from './problems.js'

const CHUNK = 1 << 20
/** Characters of one value. */
const LARGEST = 64 << 20
const LARGE_FILE = 64 << 20

const QUOTE = 34
const BACKSLASH = 92
const NEWLINE = 10
const COMMA = 44
const OPEN_ARRAY = 91
const CLOSE_ARRAY = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125
const isBlank = (c: number) => c === 32 || (c >= 9 && c <= 13) || c === 0xfeff

export interface JsonValue {
  readonly value: unknown
  /** Where it begins. */
  readonly line: number
}

/** @throws TraceError naming the line where the file is no JSON, or where what is cut short begins */
export function* jsonValues(file: string): Generator<JsonValue> {
  const source = open(file)
  try {
    // What is made of a large file takes memory: that it is whole is known before.
    if (source.size > LARGE_FILE) for (const _ of scan(file, source, true));
    yield* scan(file, source, false)
  } finally {
    source.close()
  }
}

/** A file's bytes, wherever they are. */
interface Source {
  readonly size: number
  /** @returns how many were put into the buffer; 0: there are no more */
  read(into: Buffer, offset: number): number
  close(): void
}

function open(file: string): Source {
  try {
    if (file.endsWith('.gz')) return unpacked(file)
    const fd = openSync(file, 'r')
    const stat = fstatSync(fd)
    if (!stat.isDirectory()) return { size: stat.size, read: (into, offset) => readSync(fd, into, 0, into.length, offset), close: () => closeSync(fd) }
    closeSync(fd)
  } catch (e) {
    fail({ file }, `it can't be read: ${(e as Error).message}`)
  }
  fail({ file }, 'it is a folder', 'give the trace in it')
}

function unpacked(file: string): Source {
  const bytes = gunzipSync(readFileSync(file))
  return { size: bytes.length, read: (into, offset) => bytes.copy(into, 0, offset, offset + into.length), close: () => {} }
}

/** @param skim nothing is kept or parsed: only the outline is checked */
function* scan(file: string, source: Source, skim: boolean): Generator<JsonValue> {
  let offset = 0
  const buffer = Buffer.allocUnsafe(CHUNK)
  const decoder = new StringDecoder('utf8')
  let line = 1
  let depth = 0
  let inString = false
  let escaped = false
  let inArray = false
  let beginLine = 1
  let parts: string[] = []
  let size = 0
  const parsed = (text: string): JsonValue => {
    try {
      return { value: JSON.parse(text), line: beginLine }
    } catch (e) {
      const at = Number(/position (\d+)/.exec((e as Error).message)?.[1] ?? 0)
      const down = text.slice(0, at).split('\n').length - 1
      fail({ file, line: beginLine + down }, `it is no JSON: ${(e as Error).message.replace(/ in JSON at position.*| \(line.*\)$/s, '')}`)
    }
  }
  for (;;) {
    const read = source.read(buffer, offset)
    offset += read
    const text = read === 0 ? decoder.end() : decoder.write(buffer.subarray(0, read))
    let begin = depth > 0 ? 0 : -1
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (c === NEWLINE) line++
      if (inString) {
        if (escaped) escaped = false
        else if (c === BACKSLASH) escaped = true
        else if (c === QUOTE) inString = false
        continue
      }
      if (depth === 0) {
        if (isBlank(c)) continue
        if (c === OPEN_OBJECT) {
          depth = 1
          begin = i
          beginLine = line
        } else if (c === OPEN_ARRAY && !inArray) inArray = true
        else if (c === CLOSE_ARRAY && inArray) inArray = false
        else if (c !== COMMA || !inArray)
          fail({ file, line }, `${JSON.stringify(text[i])} stands where an object { … } is to begin`, 'a trace is a series of JSON objects')
        continue
      }
      if (c === QUOTE) inString = true
      else if (c === OPEN_OBJECT || c === OPEN_ARRAY) depth++
      else if (c === CLOSE_OBJECT || c === CLOSE_ARRAY) {
        depth--
        if (depth > 0) continue
        if (skim) {
          size = 0
          begin = -1
          continue
        }
        parts.push(text.slice(begin, i + 1))
        const whole = parts.length === 1 ? parts[0]! : parts.join('')
        parts = []
        size = 0
        begin = -1
        yield parsed(whole)
      }
    }
    if (depth > 0 && begin >= 0) {
      if (!skim) parts.push(text.slice(begin))
      size += text.length - begin
      if (size > LARGEST) fail({ file, line: beginLine }, `the object that begins here has more than ${LARGEST >> 20} MiB`)
    }
    if (read > 0) continue
    if (depth > 0) fail({ file, line }, `it ends within the object that begins in line ${beginLine}`, 'the file was cut short')
    if (inArray) fail({ file, line }, 'it ends within its list', 'the file was cut short')
    return
  }
}
