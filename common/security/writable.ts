/** The few of Hadoop's Writable encodings that files and tokens still use (org.apache.hadoop.io.{WritableUtils,Text}). */

export class WritableWriter {
  readonly #parts: Buffer[] = []

  bytes(b: Uint8Array): this {
    this.#parts.push(Buffer.from(b))
    return this
  }

  byte(n: number): this {
    return this.bytes(Buffer.of(n & 0xff))
  }

  int(n: number): this {
    const b = Buffer.alloc(4)
    b.writeInt32BE(n)
    return this.bytes(b)
  }

  long(n: number): this {
    const b = Buffer.alloc(8)
    b.writeBigInt64BE(BigInt(n))
    return this.bytes(b)
  }

  /** WritableUtils.writeVLong: one byte for -112..127, else a length byte and the magnitude. */
  vlong(n: number): this {
    if (n >= -112 && n <= 127) return this.byte(n)
    let value = BigInt(n)
    let marker = -112
    if (value < 0n) {
      value = ~value
      marker = -120
    }
    const magnitude: number[] = []
    for (let v = value; v !== 0n; v >>= 8n) magnitude.unshift(Number(v & 0xffn))
    return this.byte(marker - magnitude.length).bytes(Buffer.from(magnitude))
  }

  text(s: string): this {
    return this.vbytes(Buffer.from(s, 'utf8'))
  }

  vbytes(b: Uint8Array): this {
    return this.vlong(b.length).bytes(b)
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

/** Every read checks its bounds. @throws RangeError past the end or for a length that lies */
export class WritableReader {
  readonly #buffer: Buffer
  pos = 0
  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.#buffer.length - this.pos
  }

  bytes(n: number): Buffer {
    if (n < 0 || n > this.remaining) throw new RangeError(`${n} bytes wanted at offset ${this.pos}, ${this.remaining} left`)
    this.pos += n
    return this.#buffer.subarray(this.pos - n, this.pos)
  }

  byte(): number {
    return this.bytes(1).readInt8(0)
  }

  int(): number {
    return this.bytes(4).readInt32BE(0)
  }

  long(): number {
    return Number(this.bytes(8).readBigInt64BE(0))
  }

  vlong(): number {
    const first = this.byte()
    if (first >= -112) return first
    const negative = first < -120
    const length = negative ? -120 - first : -112 - first
    let value = 0n
    for (const b of this.bytes(length)) value = (value << 8n) | BigInt(b)
    return Number(negative ? ~value : value)
  }

  text(): string {
    return this.vbytes().toString('utf8')
  }

  vbytes(): Buffer {
    return this.bytes(this.vlong())
  }
}
