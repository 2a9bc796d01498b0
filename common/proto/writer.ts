/**
 * Writes protobuf's wire format straight into one buffer. protobufjs' own writer makes an object and a function call of every
 * field and puts them together at the end, which takes three times as long; a NameNode that lists, or a ResourceManager that
 * answers heartbeats, does little else.
 */

const FIRST_SIZE = 4096
/** A larger buffer is not kept for the next message. */
const KEPT_SIZE = 1024 * 1024
/** Longer strings are quicker in the engine's own encoder. */
const SHORT_STRING = 64
const TWO_32 = 2 ** 32
const TWO_63 = 2 ** 63

const NOTHING = Buffer.alloc(0)

/** The last message's buffer, for the next one; whoever writes has it to itself. */
let spare: Buffer | undefined

export class Writer {
  #buffer: Buffer
  #at = 0
  /** Where the lengths of the messages go that are being written, the innermost last. */
  readonly #forks: number[] = []

  private constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  static create(): Writer {
    const buffer = spare ?? Buffer.allocUnsafeSlow(FIRST_SIZE)
    spare = undefined
    return new Writer(buffer)
  }

  /** The message's bytes, a copy. Nothing can be written after it. */
  finish(): Buffer {
    const out = Buffer.allocUnsafe(this.#at)
    this.#buffer.copy(out, 0, 0, this.#at)
    this.#release()
    return out
  }

  /** The same with its length in front, as four bytes. */
  finishFramed(): Buffer {
    const out = Buffer.allocUnsafe(4 + this.#at)
    out.writeInt32BE(this.#at, 0)
    this.#buffer.copy(out, 4, 0, this.#at)
    this.#release()
    return out
  }

  #release(): void {
    if (this.#buffer.length <= KEPT_SIZE) spare = this.#buffer
    this.#buffer = NOTHING
    this.#at = 0
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#at + bytes, FIRST_SIZE))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }

  #varint(value: number): void {
    const b = this.#buffer
    let at = this.#at
    let v = value >>> 0
    while (v > 127) {
      b[at++] = (v & 127) | 128
      v >>>= 7
    }
    b[at++] = v
    this.#at = at
  }

  #varint64(low: number, high: number): void {
    const b = this.#buffer
    let at = this.#at
    let lo = low >>> 0
    let hi = high >>> 0
    while (hi > 0) {
      b[at++] = (lo & 127) | 128
      lo = ((lo >>> 7) | (hi << 25)) >>> 0
      hi >>>= 7
    }
    this.#at = at
    this.#varint(lo)
  }

  uint32(value: number): this {
    this.#room(5)
    if (value >= 0 && value < 128) this.#buffer[this.#at++] = value
    else this.#varint(value)
    return this
  }

  int32(value: number): this {
    if (value >= 0) return this.uint32(value)
    this.#room(10)
    this.#varint64(value, -1)
    return this
  }

  sint32(value: number): this {
    return this.uint32((value << 1) ^ (value >> 31))
  }

  /** Whole numbers up to 2^63 - 1, which is what 2^63 and more are written as; negative ones as two's complement. */
  uint64(value: number): this {
    if (value >= 0 && value < TWO_32) return this.uint32(value)
    this.#room(10)
    if (value >= TWO_63) this.#varint64(-1, 0x7fffffff)
    else this.#varint64(value % TWO_32, Math.floor(value / TWO_32))
    return this
  }

  int64(value: number): this {
    return this.uint64(value)
  }

  sint64(value: number): this {
    const low = value >= TWO_63 ? -1 : (value % TWO_32) | 0
    const high = value >= TWO_63 ? 0x7fffffff : Math.floor(value / TWO_32) | 0
    const sign = high >> 31
    this.#room(10)
    this.#varint64((low << 1) ^ sign, ((high << 1) | (low >>> 31)) ^ sign)
    return this
  }

  sfixed32(value: number): this {
    this.#room(4)
    this.#at = this.#buffer.writeInt32LE(value | 0, this.#at)
    return this
  }

  fixed64(value: number): this {
    this.#room(8)
    const most = value >= TWO_63
    this.#at = this.#buffer.writeInt32LE((most ? -1 : value % TWO_32) | 0, this.#at)
    this.#at = this.#buffer.writeInt32LE((most ? 0x7fffffff : Math.floor(value / TWO_32)) | 0, this.#at)
    return this
  }

  sfixed64(value: number): this {
    return this.fixed64(value)
  }

  float(value: number): this {
    this.#room(4)
    this.#at = this.#buffer.writeFloatLE(value, this.#at)
    return this
  }

  double(value: number): this {
    this.#room(8)
    this.#at = this.#buffer.writeDoubleLE(value, this.#at)
    return this
  }

  bool(value: boolean): this {
    this.#room(1)
    this.#buffer[this.#at++] = value ? 1 : 0
    return this
  }

  /** @param value text is written as its UTF-8 */
  bytes(value: Uint8Array | string): this {
    if (typeof value === 'string') return this.string(value)
    const { length } = value
    this.#room(5 + length)
    this.#varint(length)
    this.#buffer.set(value, this.#at)
    this.#at += length
    return this
  }

  string(value: string): this {
    const { length } = value
    if (length <= SHORT_STRING) {
      this.#room(5 + length)
      const b = this.#buffer
      // As long as all is ASCII: the length takes one byte, and every character one.
      let at = this.#at + 1
      let i = 0
      for (; i < length; i++) {
        const c = value.charCodeAt(i)
        if (c > 127) break
        b[at++] = c
      }
      if (i === length) {
        b[this.#at] = length
        this.#at = at
        return this
      }
    }
    const size = Buffer.byteLength(value)
    this.#room(5 + size)
    this.#varint(size)
    this.#at += this.#buffer.write(value, this.#at)
    return this
  }

  /** Begins a message within the message, of which one byte is kept free for its length. */
  fork(): this {
    this.#room(1)
    this.#forks.push(this.#at++)
    return this
  }

  /** Ends it: a length that takes more than a byte moves what was written on. */
  ldelim(): this {
    const from = this.#forks.pop()!
    const length = this.#at - from - 1
    if (length < 128) {
      this.#buffer[from] = length
      return this
    }
    const more = length < 2 ** 14 ? 1 : length < 2 ** 21 ? 2 : length < 2 ** 28 ? 3 : 4
    this.#room(more)
    this.#buffer.copyWithin(from + 1 + more, from + 1, this.#at)
    this.#at = from
    this.#varint(length)
    this.#at += length
    return this
  }
}
