/** Bytes of records: a growing output and a bounded input. Numbers are little endian; whole numbers are varints. */

/** A single record may not be longer: it has to be in memory at both ends. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024

export class DataOutput {
  #buffer: Buffer
  pos = 0

  constructor(readonly initialSize: number) {
    this.#buffer = Buffer.from(new ArrayBuffer(initialSize))
  }

  /** What was written since the last take; the output goes on with fresh memory. */
  take(): Uint8Array<ArrayBuffer> {
    if (this.pos * 4 < this.initialSize) {
      // Little was written (a flush before the buffer was full): a copy is cheaper than new memory.
      const copy = new Uint8Array(this.#buffer.subarray(0, this.pos))
      this.pos = 0
      return copy
    }
    const bytes = new Uint8Array(this.#buffer.buffer as ArrayBuffer, 0, this.pos)
    this.#buffer = Buffer.from(new ArrayBuffer(this.initialSize))
    this.pos = 0
    return bytes
  }

  #ensure(more: number): void {
    const need = this.pos + more
    if (need <= this.#buffer.length) return
    if (need > MAX_RECORD_BYTES) throw new RangeError(`a record is longer than ${MAX_RECORD_BYTES} bytes, the most that goes between tasks`)
    const grown = Buffer.from(new ArrayBuffer(Math.max(need, this.#buffer.length * 2)))
    this.#buffer.copy(grown, 0, 0, this.pos)
    this.#buffer = grown
  }

  byte(n: number): void {
    this.#ensure(1)
    this.#buffer[this.pos++] = n
  }

  /** A whole number from 0 to 2^32 - 1. */
  varint(n: number): void {
    this.#ensure(5)
    const b = this.#buffer
    let pos = this.pos
    while (n > 0x7f) {
      b[pos++] = (n & 0x7f) | 0x80
      n >>>= 7
    }
    b[pos++] = n
    this.pos = pos
  }

  /** A safe integer: sign and six bits first, then seven bits a byte. */
  long(n: number): void {
    this.#ensure(9)
    const b = this.#buffer
    const negative = n < 0 ? 0x40 : 0
    let rest = negative ? -n : n
    let pos = this.pos
    if (rest < 0x40) {
      b[pos++] = rest | negative
      this.pos = pos
      return
    }
    b[pos++] = (rest & 0x3f) | negative | 0x80
    rest = Math.floor(rest / 64)
    while (rest > 0x7fffffff) {
      b[pos++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    while (rest > 0x7f) {
      b[pos++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    b[pos++] = rest
    this.pos = pos
  }

  double(n: number): void {
    this.#ensure(8)
    this.pos = this.#buffer.writeDoubleLE(n, this.pos)
  }

  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length)
    this.#ensure(bytes.length)
    this.#buffer.set(bytes, this.pos)
    this.pos += bytes.length
  }

  string(s: string): void {
    const n = s.length
    if (n < 64) {
      this.#ensure(n + 1)
      const b = this.#buffer
      const start = this.pos
      let i = 0
      for (; i < n; i++) {
        const c = s.charCodeAt(i)
        if (c > 0x7f) break
        b[start + 1 + i] = c
      }
      if (i === n) {
        b[start] = n
        this.pos = start + 1 + n
        return
      }
    }
    const length = Buffer.byteLength(s, 'utf8')
    this.varint(length)
    this.#ensure(length)
    this.pos += this.#buffer.write(s, this.pos, length, 'utf8')
  }
}

/** Short strings that came lately, by their bytes: words and keys come again and again. */
const CACHE_SIZE = 4096
const MAX_CACHED = 24

export class DataInput {
  #buffer: Buffer = Buffer.alloc(0)
  #strings: (string | undefined)[] = new Array(CACHE_SIZE)
  pos = 0

  reset(bytes: Uint8Array): void {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.pos = 0
  }

  get remaining(): number {
    return this.#buffer.length - this.pos
  }

  #need(n: number): void {
    if (n > this.#buffer.length - this.pos) throw new RangeError(`a record runs past the end of its buffer (${n} bytes wanted, ${this.remaining} left)`)
  }

  byte(): number {
    this.#need(1)
    return this.#buffer[this.pos++]!
  }

  varint(): number {
    let result = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const b = this.byte()
      result |= (b & 0x7f) << shift
      if (b < 0x80) return result >>> 0
    }
    throw new RangeError('a number in a record has too many bytes')
  }

  long(): number {
    const first = this.byte()
    let result = first & 0x3f
    if (first & 0x80) {
      let factor = 64
      for (let n = 0; ; n++) {
        if (n > 8) throw new RangeError('a number in a record has too many bytes')
        const b = this.byte()
        result += (b & 0x7f) * factor
        if (b < 0x80) break
        factor *= 128
      }
    }
    return first & 0x40 ? -result : result
  }

  double(): number {
    this.#need(8)
    this.pos += 8
    return this.#buffer.readDoubleLE(this.pos - 8)
  }

  /** A copy: buffers of the exchange are used again. */
  bytes(): Uint8Array {
    const n = this.varint()
    this.#need(n)
    this.pos += n
    return new Uint8Array(this.#buffer.subarray(this.pos - n, this.pos))
  }

  string(): string {
    const n = this.varint()
    this.#need(n)
    const start = this.pos
    this.pos += n
    if (n > MAX_CACHED) return this.#buffer.toString('utf8', start, start + n)
    const b = this.#buffer
    let hash = n
    for (let i = start; i < start + n; i++) hash = (Math.imul(hash, 31) + b[i]!) | 0
    const slot = (hash ^ (hash >>> 15)) & (CACHE_SIZE - 1)
    const cached = this.#strings[slot]
    if (cached !== undefined && cached.length === n) {
      // Equal length in code units and bytes means ASCII, or it can't be equal.
      let i = 0
      while (i < n && cached.charCodeAt(i) === b[start + i]) i++
      if (i === n) return cached
    }
    const s = b.toString('utf8', start, start + n)
    this.#strings[slot] = s
    return s
  }
}
