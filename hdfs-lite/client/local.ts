/** Copies between local files and HDFS without a detour through streams: packets are filled by, and drained into, the file. */
import fs from 'node:fs'
import type { CreateOptions, DfsClient, ReadOptions } from './dfs-client.js'
import type { FileReader } from './file-reader.js'
import type { FileWriter } from './file-writer.js'

const read = (fd: number, buffer: Buffer, at: number, length: number, position: number | null) =>
  new Promise<number>((resolve, reject) => fs.read(fd, buffer, at, length, position, (e, n) => (e ? reject(e) : resolve(n))))
const writev = (fd: number, buffers: Buffer[]) => new Promise<number>((resolve, reject) => fs.writev(fd, buffers, (e, n) => (e ? reject(e) : resolve(n))))

export interface CopyProgress {
  /** Called with the bytes done so far. */
  readonly onProgress?: (bytes: number) => void
}

/** Feeds a descriptor (a file, a pipe) to a writer, up to its end. */
export async function feed(fd: number, writer: FileWriter, expected: number | undefined, progress: CopyProgress = {}): Promise<void> {
  await writer.fill(async (buffer, at, length) => {
    progress.onProgress?.(writer.position)
    for (;;) {
      try {
        return await read(fd, buffer, at, length, null)
      } catch (e) {
        // A terminal or pipe in non-blocking mode has nothing at the moment.
        if ((e as NodeJS.ErrnoException).code === 'EOF') return 0
        if ((e as NodeJS.ErrnoException).code !== 'EAGAIN') throw e
        await new Promise((r) => setTimeout(r, 10))
      }
    }
  }, expected)
}

/** Writes all that a reader gives to a descriptor. */
export async function drain(reader: FileReader, fd: number, progress: CopyProgress = {}): Promise<void> {
  let next = reader.nextBatch()
  for (let batch = await next; batch; batch = await next) {
    // The next packets arrive while these are written.
    next = reader.nextBatch()
    next.catch(() => {})
    await writeAll(fd, batch)
    progress.onProgress?.(reader.position)
  }
}

/** All of the buffers, also where the system takes only part of them at a time. */
export async function writeAll(fd: number, buffers: Buffer[]): Promise<void> {
  let left = buffers
  while (left.length > 0) {
    let written: number
    try {
      written = await writev(fd, left.slice(0, 512))
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EAGAIN') throw e
      await new Promise((r) => setTimeout(r, 1))
      continue
    }
    let i = 0
    while (i < left.length && written >= left[i]!.length) written -= left[i++]!.length
    left = left.slice(i)
    if (written > 0) left[0] = left[0]!.subarray(written)
  }
}

export async function copyFromLocal(client: DfsClient, local: string, p: string, options: CreateOptions & CopyProgress = {}): Promise<void> {
  const file = await fs.promises.open(local, 'r')
  try {
    const { size } = await file.stat()
    const writer = await client.createWriter(p, options)
    try {
      await feed(file.fd, writer, size, options)
      await writer.close()
    } catch (e) {
      writer.abort()
      throw e
    }
  } finally {
    await file.close()
  }
}

export async function copyToLocal(client: DfsClient, p: string, local: string, options: ReadOptions & CopyProgress = {}): Promise<void> {
  const reader = await client.openReader(p, options)
  try {
    const file = await fs.promises.open(local, 'w')
    try {
      await drain(reader, file.fd, options)
    } finally {
      await file.close()
    }
  } finally {
    reader.close()
  }
}
