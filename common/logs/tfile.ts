/**
 * TFile, the container of aggregated logs (org.apache.hadoop.io.file.tfile.{TFile,BCFile,Utils,Chunk}), version 1.0:
 *
 *   file   = magic data-block* TFile.meta TFile.index BCFile.index meta-index offset-of-meta-index(int64) version magic
 *   block  = (vint key-length, key, value in chunks)*, compressed as a whole
 *   chunks = (vint -n, n bytes)* vint n, n bytes          n of the last chunk may be 0
 */
import { deflateSync, inflateSync } from 'node:zlib'

const MAGIC = Buffer.from('d111d36891b5d7b639df414092bae150', 'hex')
const VERSION = Buffer.of(0, 1, 0, 0)
const TRAILER = 8 + VERSION.length + MAGIC.length
const MIN_BLOCK = 256 * 1024
/** Nobody writes an index, a key or a chunk beyond these; what says so is damaged. */
const MAX_INDEX = 64 * 2 ** 20
const MAX_KEY = 64 * 1024
const MAX_COMPRESSED_BLOCK = 256 * 2 ** 20

/** `gz` is Hadoop's name; the bytes are zlib's. */
export type Compression = 'none' | 'gz'

/** A file that is no TFile, or a damaged one. */
export class TFileError extends Error {
  override name = 'TFileError'
}

/** Hadoop's tfile Utils.writeVLong, which is not that of WritableUtils. */
export function encodeVLong(n: number): Buffer {
  if (n >= -32 && n < 128) return Buffer.of(n & 0xff)
  const within = (bits: number) => n >= -(2 ** bits) && n < 2 ** bits
  const big = BigInt.asUintN(64, BigInt(n))
  const byte = (i: number) => Number((big >> BigInt(8 * i)) & 0xffn)
  const high = (bytes: number) => Math.floor(n / 2 ** (8 * bytes))
  if (n >= -20 * 256 && n < 20 * 256) return Buffer.of((high(1) - 52) & 0xff, byte(0))
  if (within(20)) return Buffer.of((high(2) - 88) & 0xff, byte(1), byte(0))
  if (within(27)) return Buffer.of((high(3) - 112) & 0xff, byte(2), byte(1), byte(0))
  let length = 4
  while (length < 8 && !within(8 * length - 1)) length++
  const out = Buffer.alloc(length + 1)
  out.writeInt8(length - 129, 0)
  for (let i = 0; i < length; i++) out[i + 1] = byte(length - 1 - i)
  return out
}

const string = (s: string) => {
  const bytes = Buffer.from(s, 'utf8')
  return Buffer.concat([encodeVLong(bytes.length), bytes])
}

interface Region {
  readonly offset: number
  readonly compressed: number
  readonly raw: number
}

const regionBytes = (r: Region) => Buffer.concat([encodeVLong(r.offset), encodeVLong(r.compressed), encodeVLong(r.raw)])

/**
 * Makes a TFile of unsorted keys, piece by piece: each method gives the bytes that come next in the file. With
 * compression `none` nothing is held back, so values may be of any size.
 */
export class TFileWriter {
  #offset = 0
  #blockStart = 0
  #blockRaw = 0
  #blockRecords = 0
  #records = 0
  #firstKey: Buffer | undefined
  #lastKey: Buffer = Buffer.alloc(0)
  #held: Buffer[] = []
  readonly #data: Region[] = []
  readonly #index: Buffer[] = []

  constructor(private readonly compression: Compression = 'none') {}

  begin(): Buffer {
    this.#offset = this.#blockStart = MAGIC.length
    return MAGIC
  }

  /** Starts a record. Its value follows in chunks, ended by `end`. */
  key(key: Uint8Array): Buffer {
    this.#lastKey = Buffer.from(key)
    this.#firstKey ??= this.#lastKey
    return this.#put(Buffer.concat([encodeVLong(key.length), key]))
  }

  /** A part of the value; empty parts are nothing. */
  chunk(bytes: Uint8Array): Buffer {
    return bytes.length === 0 ? Buffer.alloc(0) : this.#put(Buffer.concat([encodeVLong(-bytes.length), bytes]))
  }

  end(): Buffer {
    const last = this.#put(encodeVLong(0))
    this.#blockRecords++
    this.#records++
    return this.#blockRaw >= MIN_BLOCK ? Buffer.concat([last, this.#endBlock()]) : last
  }

  finish(): Buffer {
    const parts = [this.#endBlock()]
    const meta: [string, Compression, Region][] = []
    const block = (name: string, content: Buffer, compression: Compression) => {
      const stored = compression === 'gz' ? deflateSync(content) : content
      meta.push([name, compression, { offset: this.#offset, compressed: stored.length, raw: content.length }])
      this.#offset += stored.length
      parts.push(stored)
    }
    block('TFile.meta', Buffer.concat([VERSION, encodeVLong(this.#records), string('')]), 'none')
    block('TFile.index', this.#indexBytes(), this.compression)
    block('BCFile.index', Buffer.concat([string(this.compression), encodeVLong(this.#data.length), ...this.#data.map(regionBytes)]), this.compression)
    const offset = Buffer.alloc(8)
    offset.writeBigInt64BE(BigInt(this.#offset))
    // Sorted by name, as a reader's map has them.
    meta.sort(([a], [b]) => (a < b ? -1 : 1))
    const entries = meta.map(([name, compression, region]) => Buffer.concat([string(`data:${name}`), string(compression), regionBytes(region)]))
    parts.push(encodeVLong(meta.length), ...entries, offset, VERSION, MAGIC)
    return Buffer.concat(parts)
  }

  #put(bytes: Buffer): Buffer {
    this.#blockRaw += bytes.length
    if (this.compression === 'none') {
      this.#offset += bytes.length
      return bytes
    }
    this.#held.push(bytes)
    return Buffer.alloc(0)
  }

  #endBlock(): Buffer {
    if (this.#blockRecords === 0) return Buffer.alloc(0)
    const stored = this.compression === 'gz' ? deflateSync(Buffer.concat(this.#held)) : Buffer.alloc(0)
    this.#offset += stored.length
    this.#data.push({ offset: this.#blockStart, compressed: this.#offset - this.#blockStart, raw: this.#blockRaw })
    this.#index.push(Buffer.concat([encodeVLong(this.#lastKey.length), this.#lastKey, encodeVLong(this.#blockRecords)]))
    this.#blockStart = this.#offset
    this.#blockRaw = this.#blockRecords = 0
    this.#held = []
    return stored
  }

  #indexBytes(): Buffer {
    if (!this.#firstKey) return encodeVLong(0)
    const first = Buffer.concat([encodeVLong(this.#firstKey.length), this.#firstKey])
    return Buffer.concat([encodeVLong(first.length), first, ...this.#index.flatMap((e) => [encodeVLong(e.length), e])])
  }
}

/** A file to be read in pieces. */
export interface RandomAccess {
  readonly length: number
  /** The bytes from `start` to before `end`. */
  read(start: number, end: number): Promise<Buffer>
}

/** Reads forward through bytes that come in pieces. */
class Cursor {
  #buffer: Buffer = Buffer.alloc(0)
  #pos = 0
  #next: number

  constructor(
    private readonly file: RandomAccess,
    start: number,
    private readonly end: number,
    private readonly piece = 256 * 1024,
  ) {
    this.#next = start
  }

  get atEnd(): boolean {
    return this.#pos === this.#buffer.length && this.#next >= this.end
  }

  async #fill(): Promise<void> {
    if (this.#next >= this.end) throw new TFileError('the TFile ends within a record')
    const to = Math.min(this.end, this.#next + this.piece)
    this.#buffer = await this.file.read(this.#next, to)
    if (this.#buffer.length !== to - this.#next) throw new TFileError(`${to - this.#next} bytes wanted at offset ${this.#next}, ${this.#buffer.length} read`)
    this.#next = to
    this.#pos = 0
  }

  /** At least one byte, at most `most`. */
  async some(most: number): Promise<Buffer> {
    if (this.#pos === this.#buffer.length) await this.#fill()
    const bytes = this.#buffer.subarray(this.#pos, this.#pos + most)
    this.#pos += bytes.length
    return bytes
  }

  async bytes(n: number, limit: number): Promise<Buffer> {
    if (n < 0 || n > limit) throw new TFileError(`a length of ${n} in a TFile`)
    const parts: Buffer[] = []
    for (let left = n; left > 0; ) {
      const part = await this.some(left)
      parts.push(part)
      left -= part.length
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  async vlong(): Promise<number> {
    const first = (await this.bytes(1, 1)).readInt8(0)
    if (first >= -32) return first
    if (first >= -72) return ((first + 52) << 8) | (await this.bytes(1, 1))[0]!
    if (first >= -104) return ((first + 88) << 16) | (await this.bytes(2, 2)).readUInt16BE(0)
    if (first >= -120) return (first + 112) * 2 ** 24 + (await this.bytes(3, 3)).readUIntBE(0, 3)
    const length = first + 129
    if (length < 4) throw new TFileError('a damaged number in a TFile')
    const b = await this.bytes(length, 8)
    return length <= 6
      ? b.readIntBE(0, length)
      : Number(
          BigInt.asIntN(
            length * 8,
            b.reduce((n, x) => (n << 8n) | BigInt(x), 0n),
          ),
        )
  }

  async string(): Promise<string> {
    return (await this.bytes(await this.vlong(), MAX_KEY)).toString('utf8')
  }

  async region(): Promise<Region> {
    return { offset: await this.vlong(), compressed: await this.vlong(), raw: await this.vlong() }
  }
}

/** A value, to be read forward once. */
export class TFileValue {
  #left = 0
  #last = false
  #started = false

  constructor(private readonly cursor: Cursor) {}

  /** Bytes in pieces until the value ends. @param most bytes at a time */
  async some(most: number): Promise<Buffer | undefined> {
    while (this.#left === 0) {
      if (this.#last && this.#started) return undefined
      const length = await this.cursor.vlong()
      this.#started = true
      this.#last = length >= 0
      this.#left = Math.abs(length)
    }
    const bytes = await this.cursor.some(Math.min(most, this.#left))
    this.#left -= bytes.length
    return bytes
  }

  /** Exactly `n` bytes; undefined when the value ends before the first. @throws TFileError when it ends within */
  async exactly(n: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = []
    for (let left = n; left > 0; ) {
      const part = await this.some(left)
      if (!part) {
        if (parts.length === 0) return undefined
        throw new TFileError('a value ends too early')
      }
      parts.push(part)
      left -= part.length
    }
    return Buffer.concat(parts)
  }

  async skipRest(): Promise<void> {
    while (await this.some(MAX_KEY));
  }
}

/** The records in order. A value must be read before the next record is asked for; what is left of it is skipped. */
export async function* readTFile(file: RandomAccess): AsyncGenerator<{ readonly key: Buffer; readonly value: TFileValue }> {
  if (file.length < MAGIC.length + TRAILER) throw new TFileError(`not a TFile: ${file.length} bytes`)
  const trailer = await file.read(file.length - TRAILER, file.length)
  if (!trailer.subarray(8 + VERSION.length).equals(MAGIC)) throw new TFileError('not a TFile: it does not end as one')
  if (trailer.readInt16BE(8) !== 1) throw new TFileError(`TFile version ${trailer.readInt16BE(8)}.${trailer.readInt16BE(10)} is not known`)
  const metaOffset = Number(trailer.readBigInt64BE(0))
  if (metaOffset < MAGIC.length || metaOffset > file.length - TRAILER) throw new TFileError(`a meta index at offset ${metaOffset}`)
  const metaCursor = new Cursor(file, metaOffset, file.length - TRAILER)
  let index: { compression: string; region: Region } | undefined
  for (let n = await metaCursor.vlong(); n > 0; n--) {
    const name = await metaCursor.string()
    const entry = { compression: await metaCursor.string(), region: await metaCursor.region() }
    if (name === 'data:BCFile.index') index = entry
  }
  if (!index) throw new TFileError('the TFile has no index of its blocks')
  const blocks = await blockCursor(file, index.region, index.compression, MAX_INDEX)
  const compression = await blocks.string()
  for (let n = await blocks.vlong(); n > 0; n--) {
    const cursor = await blockCursor(file, await blocks.region(), compression, MAX_COMPRESSED_BLOCK)
    while (!cursor.atEnd) {
      const key = Buffer.from(await cursor.bytes(await cursor.vlong(), MAX_KEY))
      const value = new TFileValue(cursor)
      yield { key, value }
      await value.skipRest()
    }
  }
}

async function blockCursor(file: RandomAccess, r: Region, compression: string, limit: number): Promise<Cursor> {
  if (r.offset < 0 || r.compressed < 0 || r.offset + r.compressed > file.length) throw new TFileError(`a block at offset ${r.offset} of ${r.compressed} bytes`)
  if (compression === 'none') return new Cursor(file, r.offset, r.offset + r.compressed)
  if (compression !== 'gz') throw new TFileError(`compression "${compression}" of a TFile is not known here (none and gz are)`)
  if (r.compressed > limit || r.raw > limit) throw new TFileError(`a compressed block of ${r.compressed} bytes`)
  const raw = inflateSync(await file.read(r.offset, r.offset + r.compressed), { maxOutputLength: Math.max(r.raw, 1) })
  return new Cursor({ length: raw.length, read: async (a, b) => raw.subarray(a, b) }, 0, raw.length)
}
