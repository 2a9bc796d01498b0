/** Writes a replica's two files: packets gather while a write is under way. */
import fs from 'node:fs'
import type { DiskTrust } from '../../disk-trust.js'
import type { Descriptors } from '../storage/block-files.js'
import type { BlockStore } from '../storage/block-store.js'
import { type Checksum, META_HEADER, checksumsOf } from '../storage/checksum.js'
import type { Replica } from '../storage/replica.js'

interface Piece {
  readonly offset: number
  readonly data: Buffer
  readonly sums: Buffer
  readonly sync: boolean
  readonly done: () => void
}

export interface BlockWriter {
  /** Bytes that wait to be written. */
  readonly pending: number
  /** Queues data at `offset`; `done` is called, in order, when it is in the file. */
  write(offset: number, data: Buffer, sums: Buffer, sync: boolean, done: () => void): void
  /** Resolves when all that was queued is written; with `sync`, when it is on the disk too. @throws what the disk said */
  flush(sync?: boolean): Promise<void>
  close(): Promise<void>
}

const datasync = (fd: number) => new Promise<void>((resolve, reject) => fs.fdatasync(fd, (e) => (e ? reject(e) : resolve())))
const read = (fd: number, buffer: Buffer, position: number) =>
  new Promise<void>((resolve, reject) => fs.read(fd, buffer, 0, buffer.length, position, (e) => (e ? reject(e) : resolve())))

/** Bytes that are written without another thread: always, and as long as the disk is trusted. */
const SMALL = 32 * 1024
const LARGE = 512 * 1024

/** Writes all of `parts` (not none), also where the system takes only some of it at a time. */
async function writeAll(fd: number, parts: readonly Buffer[], position: number, trust: DiskTrust): Promise<void> {
  const total = parts.reduce((n, p) => n + p.length, 0)
  const started = performance.now()
  const inPlace = total <= SMALL || (trust.trusted && total <= LARGE)
  const written = inPlace ? fs.writevSync(fd, parts, position) : await writev(fd, parts, position)
  // A larger one may take longer in proportion.
  trust.note((performance.now() - started) / Math.max(1, total / LARGE))
  // The disk is nearly full, or a signal came: the next call says which.
  if (written < total) await writeAll(fd, [Buffer.concat(parts).subarray(written)], position + written, trust)
}

const writev = (fd: number, parts: readonly Buffer[], position: number) =>
  new Promise<number>((resolve, reject) => fs.writev(fd, parts, position, (e, written) => (e ? reject(e) : resolve(written))))

/** Puts a name on the disk: after a power failure its bytes would be there, but nobody could find them. */
function syncDirectory(dir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.open(dir, 'r', (failed, fd) => {
      if (failed) return reject(failed)
      fs.fsync(fd, (e) => fs.close(fd, () => (e ? reject(e) : resolve())))
    })
  })
}

export async function openBlockWriter(store: BlockStore, replica: Replica, onError: (e: Error) => void): Promise<BlockWriter> {
  const checksum: Checksum = store.checksumOf(replica)
  const files = store.files(replica, 'r+')
  const { trust } = replica.volume
  // A file that is not there is known before the first packet.
  await files.take()
  files.rest()
  let queue: Piece[] = []
  let pending = 0
  let running: Promise<void> | undefined
  let failure: Error | undefined
  let closed = false
  let named = false

  async function toDisk({ data, meta }: Descriptors): Promise<void> {
    await Promise.all([datasync(data), datasync(meta), named ? undefined : syncDirectory(replica.dir)])
    named = true
  }

  /** Checksums where the data does not begin at a chunk: the first chunk's is made from what is there already. */
  async function realign(data: number, p: Piece): Promise<{ start: number; sums: Buffer }> {
    const start = Math.floor(p.offset / checksum.bytesPerChunk) * checksum.bytesPerChunk
    const before = Buffer.alloc(p.offset - start)
    await read(data, before, start)
    return { start, sums: checksumsOf(checksum, Buffer.concat([before, p.data])) }
  }

  async function run(): Promise<void> {
    for (; queue.length > 0 && !failure; await gathered()) {
      const batch = queue
      queue = []
      const descriptors = await files.take()
      try {
        await writeBatch(descriptors, batch)
      } finally {
        files.rest()
      }
    }
  }

  async function writeBatch(descriptors: Descriptors, batch: readonly Piece[]): Promise<void> {
    const { data, meta } = descriptors
    let i = 0
    while (i < batch.length) {
      const first = batch[i]!
      const aligned = first.offset % checksum.bytesPerChunk === 0
      const parts = [first.data]
      const sums = [first.sums]
      let end = first.offset + first.data.length
      let n = 1
      // Packets that follow each other go out in one call.
      if (aligned) {
        while (i + n < batch.length && batch[i + n]!.offset === end && end % checksum.bytesPerChunk === 0) {
          const next = batch[i + n]!
          parts.push(next.data)
          sums.push(next.sums)
          end += next.data.length
          n++
        }
      }
      const fixed = aligned ? { start: first.offset, sums: undefined } : await realign(data, first)
      const metaParts = fixed.sums ? [fixed.sums] : sums
      // One after the other: a checksum that was there before its data would disown what the chunk held already.
      await writeAll(data, parts, first.offset, trust)
      if (checksum.size > 0) await writeAll(meta, metaParts, META_HEADER + (fixed.start / checksum.bytesPerChunk) * checksum.size, trust)
      if (end > replica.length) replica.length = end
      const group = batch.slice(i, i + n)
      if (group.some((p) => p.sync)) await toDisk(descriptors)
      for (const p of group) {
        pending -= p.data.length
        p.done()
      }
      i += n
    }
  }

  /**
   * What one arrival brings is written at once; what a turn of the event loop brings, where another thread writes. A turn may
   * bring all that the writer sends before it waits for acknowledgements: then it would wait while the disk works, and the
   * disk while it sends.
   */
  const gathered = () => (trust.trusted ? Promise.resolve() : new Promise<void>((resolve) => setImmediate(resolve)))

  const start = () => {
    running ??= gathered()
      .then(run)
      .catch((e) => {
        failure = e as Error
        onError(failure)
      })
      .finally(() => {
        running = undefined
        if (queue.length > 0 && !failure) start()
      })
  }

  return {
    get pending() {
      return pending
    },
    write(offset, bytes, sums, sync, done) {
      if (failure || closed) return
      queue.push({ offset, data: bytes, sums, sync, done })
      pending += bytes.length
      start()
    },
    async flush(sync = false) {
      while (running) await running
      if (failure) throw failure
      if (!sync || closed) return
      const descriptors = await files.take()
      try {
        await toDisk(descriptors)
      } finally {
        files.rest()
      }
    },
    async close() {
      if (closed) return
      closed = true
      while (running) await running
      files.close()
    },
  }
}
