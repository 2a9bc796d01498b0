/** Node streams over files: what the library's users pipe from and into. */
import { Readable, Writable } from 'node:stream'
import type { FileReader } from './file-reader.js'
import type { FileWriter } from './file-writer.js'

/** Several packets may be on their way while the consumer works. */
const READ_AHEAD = 1024 * 1024

export class DfsReadable extends Readable {
  #reader: Promise<FileReader>
  #reading = false

  constructor(reader: Promise<FileReader>) {
    super({ highWaterMark: READ_AHEAD })
    this.#reader = reader
  }

  override _read(): void {
    if (this.#reading) return
    this.#reading = true
    this.#next().catch((e) => this.destroy(e))
  }

  async #next(): Promise<void> {
    const batch = await (await this.#reader).nextBatch()
    this.#reading = false
    if (!batch) this.push(null)
    else for (const chunk of batch) this.push(chunk)
  }

  override _destroy(error: Error | null, done: (e: Error | null) => void): void {
    this.#reader.then(
      (r) => r.close(),
      () => {},
    )
    done(error)
  }
}

export class DfsWritable extends Writable {
  #writer: Promise<FileWriter>

  constructor(writer: Promise<FileWriter>) {
    super({ highWaterMark: READ_AHEAD })
    this.#writer = writer
    // A file that can't be created is an error without a first write, too.
    writer.catch((e) => this.destroy(e))
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (e?: Error | null) => void): void {
    this.#writer.then((w) => w.write(chunk)).then(() => done(), done)
  }

  override _final(done: (e?: Error | null) => void): void {
    this.#writer.then((w) => w.close()).then(() => done(), done)
  }

  override _destroy(error: Error | null, done: (e: Error | null) => void): void {
    if (!this.writableFinished) {
      this.#writer.then(
        (w) => w.abort(),
        () => {},
      )
    }
    done(error)
  }

  /** What was written so far is with the DataNodes, and readers see it. */
  async hflush(): Promise<void> {
    await this.#drained()
    await (await this.#writer).flush()
  }

  /** As hflush, and on the DataNodes' disks. */
  async hsync(): Promise<void> {
    await this.#drained()
    await (await this.#writer).flush(true)
  }

  #drained(): Promise<void> {
    return new Promise((resolve, reject) => this.write(new Uint8Array(0), (e) => (e ? reject(e) : resolve())))
  }
}
