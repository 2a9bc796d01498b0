/**
 * The records since the checkpoint, as files that are only ever appended to:
 *
 *   edits_EPOCH_NUMBER   batch* zeros
 *   batch = magic(4) crc of the rest of the header(4) epoch(4) records(4) first txid(double) length(4) crc(4), then
 *           `length` bytes: the records, a line each
 *
 * Files are filled with zeros and synchronised before they are used, so that a batch is one write (O_DSYNC) that changes no
 * metadata. A batch is written when the one before it is on the disk. So what is broken is a torn last write where nothing
 * comes after it, which nobody was told of, and damage where a later batch shows that it was whole once.
 */
import { closeSync, constants, fdatasyncSync, fsyncSync, openSync, readFileSync, readdirSync, rmSync, writeSync } from 'node:fs'
import fs from 'node:fs'
import path from 'node:path'
import { crcOf } from '../../client/transfer/checksum.js'
import { type DiskTrust, diskTrust } from '../../disk-trust.js'
import { JournalError } from './journal.js'

const MAGIC = Buffer.from([0xb0, 0xbb, 0x1e, 0xd7])
const HEADER = 32
/** An epoch's first file is small: it is made while everybody waits. */
const FIRST_SEGMENT_BYTES = 256 * 1024
export const SEGMENT_BYTES = 4 * 1024 * 1024
/** The longest text that V8 makes of bytes, about. */
const MAX_BATCH_BYTES = 2 ** 29 - 4096

const crc32c = crcOf('CHECKSUM_CRC32C')

export interface Batch {
  readonly first: number
  readonly records: readonly string[]
}

interface Header {
  readonly epoch: number
  readonly count: number
  readonly first: number
  readonly length: number
  readonly crc: number
}

export function encodeBatch(epoch: number, first: number, records: readonly string[]): Buffer {
  const text = records.join('\n')
  const length = Buffer.byteLength(text)
  const b = Buffer.allocUnsafe(HEADER + length)
  b.write(text, HEADER)
  MAGIC.copy(b)
  b.writeUInt32BE(epoch, 8)
  b.writeUInt32BE(records.length, 12)
  b.writeDoubleBE(first, 16)
  b.writeUInt32BE(length, 24)
  b.writeUInt32BE(crc32c(b, HEADER, b.length), 28)
  b.writeUInt32BE(crc32c(b, 8, HEADER), 4)
  return b
}

function readHeader(b: Buffer, at: number): Header | undefined {
  if (at + HEADER > b.length || MAGIC.compare(b, at, at + 4) !== 0 || b.readUInt32BE(at + 4) !== crc32c(b, at + 8, at + HEADER)) return undefined
  return {
    epoch: b.readUInt32BE(at + 8),
    count: b.readUInt32BE(at + 12),
    first: b.readDoubleBE(at + 16),
    length: b.readUInt32BE(at + 24),
    crc: b.readUInt32BE(at + 28),
  }
}

interface Segment {
  readonly file: string
  readonly epoch: number
  readonly number: number
}

const fileName = (epoch: number, number: number) => `edits_${String(epoch).padStart(10, '0')}_${String(number).padStart(10, '0')}`

/** The files of `epoch` and later, oldest first. */
export function segments(dir: string, epoch: number): Segment[] {
  return readdirSync(dir)
    .flatMap((name) => {
      const m = /^edits_(\d{10})_(\d{10})$/.exec(name)
      return m ? [{ file: path.join(dir, name), epoch: Number(m[1]), number: Number(m[2]) }] : []
    })
    .filter((s) => s.epoch >= epoch)
    .sort((a, b) => a.epoch - b.epoch || a.number - b.number)
}

/** Whether a batch of records after `txid` begins anywhere from `at` on. */
function hasLaterBatch(b: Buffer, at: number, txid: number): boolean {
  for (let found = b.indexOf(MAGIC, at); found >= 0; found = b.indexOf(MAGIC, found + 1)) {
    const h = readHeader(b, found)
    if (h && h.first > txid) return true
  }
  return false
}

/** @returns the first transaction in a segment, if there is one */
export function firstOf(s: Segment): number | undefined {
  const head = Buffer.alloc(HEADER)
  const fd = openSync(s.file, 'r')
  try {
    fs.readSync(fd, head, 0, HEADER, 0)
  } finally {
    closeSync(fd)
  }
  return readHeader(head, 0)?.first
}

/** The transaction that the epoch goes on with after a segment; -1: it ends there. */
function firstAfter(all: readonly Segment[], i: number): number {
  for (const s of all.slice(i + 1)) {
    const first = s.epoch === all[i]!.epoch ? firstOf(s) : -1
    if (first !== undefined) return first
  }
  return -1
}

/**
 * The batches with records after `from`, in order, each record once; a batch begins at the first record that is wanted.
 * @param epoch files of earlier epochs do not count
 * @throws JournalError naming the file and the offset where acknowledged records are damaged or missing
 */
export function* readBatches(dir: string, epoch: number, from: number, until = Number.POSITIVE_INFINITY): Generator<Batch> {
  let last = from
  const all = segments(dir, epoch)
  for (let i = 0; i < all.length && last < until; i++) {
    const { file } = all[i]!
    const b = readFileSync(file)
    let at = 0
    for (;;) {
      const h = readHeader(b, at)
      const end = at + HEADER + (h?.length ?? 0)
      if (!h || end > b.length || crc32c(b, at + HEADER, end) !== h.crc) {
        // A batch that is there but was not finished may itself be found by its header: only one after it counts.
        const expected = h ? h.first : last + 1
        if (hasLaterBatch(b, at + 1, expected) || firstAfter(all, i) > expected)
          throw new JournalError(
            `${file}: damaged at offset ${at}, transaction ${expected}; transactions after it are there, so this is no write that a crash cut off. Put the file back from a copy, or start from an older checkpoint_*.db of the folder (as namespace.db, without the edits_* files), which loses what came after it.`,
          )
        break
      }
      if (h.first > last + 1)
        throw new JournalError(`${file}: transactions ${last + 1} to ${h.first - 1} are missing. A file of the folder was removed: put it back.`)
      const lastOfBatch = h.first + h.count - 1
      if (lastOfBatch > last) {
        const records = b.toString('utf8', at + HEADER, end).split('\n')
        if (records.length !== h.count) throw new JournalError(`${file}: ${records.length} records instead of ${h.count} at offset ${at}`)
        yield { first: last + 1, records: records.slice(last + 1 - h.first) }
        last = lastOfBatch
        if (last >= until) break
      }
      at = end
    }
  }
}

/** Removes files whose records are all in the checkpoint: those before a file that begins at or before the next record. */
export function removeFolded(dir: string, epoch: number, folded: number): void {
  const all = segments(dir, epoch)
  let keep = 0
  for (let i = 1; i < all.length; i++) {
    const first = firstOf(all[i]!)
    if (first !== undefined && first <= folded + 1) keep = i
  }
  for (const s of all.slice(0, keep)) rmSync(s.file, { force: true })
}

export function removeBefore(dir: string, epoch: number): void {
  for (const s of segments(dir, 0)) if (s.epoch < epoch) rmSync(s.file, { force: true })
}

function syncDirectory(dir: string): void {
  const fd = openSync(dir, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

export interface EditLog {
  /**
   * Puts a batch on the disk. One at a time.
   * @param inPlace nobody else waits for this thread: it may make the write itself, where the disk is quick
   */
  append(first: number, records: readonly string[], inPlace?: boolean): Promise<void>
  close(): Promise<void>
}

const open = (file: string, flags: number) => new Promise<number>((resolve, reject) => fs.open(file, flags, 0o644, (e, fd) => (e ? reject(e) : resolve(fd))))
const close = (fd: number) => new Promise<void>((resolve, reject) => fs.close(fd, (e) => (e ? reject(e) : resolve())))
const fdatasync = (fd: number) => new Promise<void>((resolve, reject) => fs.fdatasync(fd, (e) => (e ? reject(e) : resolve())))

function write(fd: number, b: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.write(fd, b, 0, b.length, position, (e, n) => {
      if (e) reject(e)
      else if (n === b.length) resolve()
      else resolve(write(fd, b.subarray(n), position + n))
    })
  })
}

const { O_CREAT, O_DSYNC, O_EXCL, O_RDWR, O_WRONLY } = constants

/** A file full of zeros, on the disk with its name. @returns a descriptor whose writes are on the disk when they return */
async function prepare(dir: string, epoch: number, number: number): Promise<number> {
  const file = path.join(dir, fileName(epoch, number))
  const fd = await open(file, O_CREAT | O_EXCL | O_WRONLY)
  try {
    await write(fd, Buffer.alloc(SEGMENT_BYTES), 0)
    await fdatasync(fd)
  } finally {
    await close(fd)
  }
  const parent = await open(dir, constants.O_RDONLY)
  try {
    await new Promise<void>((resolve, reject) => fs.fsync(parent, (e) => (e ? reject(e) : resolve())))
  } finally {
    await close(parent)
  }
  return open(file, O_RDWR | O_DSYNC)
}

/** Of a commit. Who waits for it is alone, so what counts is how long somebody who comes in between is held up. */
const COMMIT_MILLIS = { quick: 2, slow: 20 }
/** Longer batches are copied, and checked by the disk, for longer than the way to another thread takes. */
const IN_PLACE_BYTES = 64 * 1024

/**
 * Begins an epoch's log with what earlier ones left beyond the checkpoint; on the disk when it returns.
 * @param tail their batches
 */
export function beginEditLog(dir: string, epoch: number, tail: Iterable<Batch>, trust: DiskTrust = diskTrust(COMMIT_MILLIS)): EditLog {
  const fd = openSync(path.join(dir, fileName(epoch, 1)), O_CREAT | O_EXCL | O_RDWR, 0o644)
  let position = 0
  writeSync(fd, Buffer.alloc(FIRST_SEGMENT_BYTES), 0, FIRST_SEGMENT_BYTES, 0)
  for (const { first, records } of tail) {
    const b = encodeBatch(epoch, first, records)
    for (let at = 0; at < b.length; ) at += writeSync(fd, b, at, b.length - at, position + at)
    position += b.length
  }
  fdatasyncSync(fd)
  closeSync(fd)
  syncDirectory(dir)
  let current = openSync(path.join(dir, fileName(epoch, 1)), O_RDWR | O_DSYNC)
  let number = 1
  let capacity = FIRST_SEGMENT_BYTES
  let next: Promise<number> | undefined

  const put = async (b: Buffer, inPlace: boolean) => {
    const started = performance.now()
    if (inPlace && trust.trusted && b.length <= IN_PLACE_BYTES) {
      for (let at = 0; at < b.length; ) at += writeSync(current, b, at, b.length - at, position + at)
    } else await write(current, b, position)
    trust.note(performance.now() - started)
  }

  /** The next file is made ready while this one is written. */
  const prepareNext = (): Promise<number> => {
    if (!next) {
      next = prepare(dir, epoch, number + 1)
      // Whoever needs it learns of the failure.
      next.catch(() => {})
    }
    return next
  }
  return {
    async append(first, records, inPlace = false) {
      const batch = encodeBatch(epoch, first, records)
      if (batch.length > MAX_BATCH_BYTES) throw new JournalError(`records of ${batch.length} bytes are too large to be read again`)
      if (position > 0 && position + batch.length > capacity) {
        const fresh = await prepareNext()
        const full = current
        current = fresh
        number++
        next = undefined
        position = 0
        capacity = SEGMENT_BYTES
        await close(full)
      } else if (position > capacity / 2) prepareNext()
      await put(batch, inPlace)
      position += batch.length
    },
    async close() {
      // A file that was made ready and not used holds nothing.
      await next?.then(close, () => {})
      await close(current)
    },
  }
}
