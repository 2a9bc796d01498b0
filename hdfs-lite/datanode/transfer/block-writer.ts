/** Writes a replica's two files: packets gather while a write is under way. */
import fs from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
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
  /** Resolves when all that was queued is written. @throws what the disk said */
  flush(): Promise<void>
  close(): Promise<void>
}

export async function openBlockWriter(store: BlockStore, replica: Replica, onError: (e: Error) => void): Promise<BlockWriter> {
  const checksum: Checksum = store.checksumOf(replica)
  const data: FileHandle = await fs.open(store.dataPath(replica), 'r+')
  const meta: FileHandle = await fs.open(store.metaPath(replica), 'r+').catch(async (e) => {
    await data.close()
    throw e
  })
  let queue: Piece[] = []
  let pending = 0
  let running: Promise<void> | undefined
  let failure: Error | undefined
  let closed = false

  async function writeAll(handle: FileHandle, parts: Buffer[], position: number): Promise<void> {
    const total = parts.reduce((n, p) => n + p.length, 0)
    if (total === 0) return
    const { bytesWritten } = await handle.writev(parts, position)
    if (bytesWritten === total) return
    // A short write: the disk is nearly full, or a signal came. Write the rest piece by piece, which says which.
    const rest = Buffer.concat(parts).subarray(bytesWritten)
    for (let at = 0; at < rest.length; ) at += (await handle.write(rest, at, rest.length - at, position + bytesWritten + at)).bytesWritten
  }

  /** Checksums where the data does not begin at a chunk: the first chunk's is made from what is there already. */
  async function realign(p: Piece): Promise<{ start: number; sums: Buffer }> {
    const start = Math.floor(p.offset / checksum.bytesPerChunk) * checksum.bytesPerChunk
    const before = Buffer.alloc(p.offset - start)
    await data.read(before, 0, before.length, start)
    return { start, sums: checksumsOf(checksum, Buffer.concat([before, p.data])) }
  }

  async function run(): Promise<void> {
    while (queue.length > 0 && !failure) {
      const batch = queue
      queue = []
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
        const fixed = aligned ? { start: first.offset, sums: undefined } : await realign(first)
        const metaParts = fixed.sums ? [fixed.sums] : sums
        await Promise.all([
          writeAll(data, parts, first.offset),
          writeAll(meta, metaParts, META_HEADER + (fixed.start / checksum.bytesPerChunk) * checksum.size),
        ])
        if (end > replica.length) replica.length = end
        const group = batch.slice(i, i + n)
        if (group.some((p) => p.sync)) await Promise.all([data.datasync(), meta.datasync()])
        for (const p of group) {
          pending -= p.data.length
          p.done()
        }
        i += n
      }
    }
  }

  const start = () => {
    running ??= run()
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
    async flush() {
      while (running) await running
      if (failure) throw failure
    },
    async close() {
      if (closed) return
      closed = true
      while (running) await running
      await Promise.all([data.close(), meta.close()])
    },
  }
}
