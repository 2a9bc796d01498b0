import fs, { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { describeShares, shareOut } from '../../../hdfs-lite/datanode/descriptors.js'
import { type Descriptors, filePool } from '../../../hdfs-lite/datanode/storage/block-files.js'
import { type BlockStore, openBlockStore } from '../../../hdfs-lite/datanode/storage/block-store.js'
import { checksum, checksumsOf, lengthWithChecksum } from '../../../hdfs-lite/datanode/storage/checksum.js'
import { openVolume } from '../../../hdfs-lite/datanode/storage/volume.js'
import { type BlockWriter, openBlockWriter } from '../../../hdfs-lite/datanode/transfer/block-writer.js'

const CRC = checksum('CHECKSUM_CRC32C', 512)
const fail = (e: Error) => {
  throw e
}

describe('files of blocks', () => {
  let dir: string

  beforeEach(() => {
    dir = mkdtempSync(path.join(os.tmpdir(), 'block-files-'))
  })
  afterEach(() => {
    vi.restoreAllMocks()
    rmSync(dir, { recursive: true, force: true })
  })

  function store(openFiles: number): BlockStore {
    mkdirSync(path.join(dir, 'current/BP-1/current/rbw'), { recursive: true })
    mkdirSync(path.join(dir, 'current/BP-1/tmp'), { recursive: true })
    return openBlockStore('BP-1', [openVolume('[DISK]', dir, 0)], () => {}, openFiles)
  }

  /** Descriptors below the folder that this process has. */
  const openHere = () =>
    fs.readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(dir)
      } catch {
        return false
      }
    }).length

  const append = (w: BlockWriter, offset: number, bytes: Buffer, sync = false) =>
    new Promise<void>((resolve) => w.write(offset, bytes, checksumsOf(CRC, bytes), sync, resolve))

  it('are open for fewer writers than there are, and every byte is where it belongs', async () => {
    const s = store(3)
    const replicas = Array.from({ length: 20 }, (_, i) => s.create({ id: i, generationStamp: 1000 }, 0, CRC, false))
    const writers = await Promise.all(replicas.map((r) => openBlockWriter(s, r, fail)))
    expect(openHere()).toBe(6)
    for (let round = 0; round < 4; round++) {
      await Promise.all(writers.map((w, i) => append(w, round * 700, Buffer.alloc(700, i + round), i % 5 === 0)))
      expect(openHere()).toBe(6)
    }
    await Promise.all(writers.map((w) => w.close()))
    expect(openHere()).toBe(0)
    for (const [i, r] of replicas.entries()) {
      const whole = Buffer.concat([0, 1, 2, 3].map((round) => Buffer.alloc(700, i + round)))
      expect(readFileSync(s.dataPath(r)).equals(whole)).toBe(true)
      expect(readFileSync(s.metaPath(r)).subarray(7).equals(checksumsOf(CRC, whole))).toBe(true)
    }
  })

  it('of a writer that was killed keep every byte whose checksum was written, whatever data came after it', async () => {
    const content = Buffer.from(Array.from({ length: 2000 }, (_, i) => (i * 31) & 255))
    for (const [acknowledged, torn] of [
      [700, 701],
      [700, 1024],
      [700, 2000],
      [1024, 1300],
      [3, 512],
    ] as const) {
      const s = store(10)
      const replica = s.create({ id: acknowledged * 10_000 + torn, generationStamp: 1000 }, 0, CRC, false)
      const writer = await openBlockWriter(s, replica, fail)
      await append(writer, 0, content.subarray(0, acknowledged))
      await writer.close()
      // Killed after the data of the next packet, before its checksums.
      fs.appendFileSync(s.dataPath(replica), content.subarray(acknowledged, torn))
      const again = store(10).get(replica)
      expect([again.state, again.length]).toEqual(['RWR', acknowledged])
      expect(readFileSync(s.dataPath(again)).equals(content.subarray(0, acknowledged))).toBe(true)
      expect(
        readFileSync(s.metaPath(again))
          .subarray(7)
          .equals(checksumsOf(CRC, content.subarray(0, acknowledged))),
      ).toBe(true)
    }
  })

  it.each(['CHECKSUM_CRC32', 'CHECKSUM_CRC32C'] as const)('tell by %s how much of a chunk its checksum is of', (type) => {
    const c = checksum(type, 1024 * 1024)
    const chunk = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i) & 255))
    for (const n of [1, 2, 513, 99_999, 100_000]) expect(lengthWithChecksum(c, chunk, c.of(chunk.subarray(0, n)))).toBe(n)
    expect(lengthWithChecksum(c, chunk, c.of(Buffer.from('something else')))).toBe(0)
  })

  it('are written data first, then their checksums', async () => {
    const s = store(10)
    const replica = s.create({ id: 1, generationStamp: 1000 }, 0, CRC, false)
    const writer = await openBlockWriter(s, replica, fail)
    // So much that another thread writes the data.
    const bytes = Buffer.alloc(1024 * 1024, 'x')
    let sumsBeforeData = false
    const write = vi.spyOn(fs, 'writevSync').mockImplementation((fd, parts, position) => {
      sumsBeforeData ||= fs.statSync(s.dataPath(replica)).size < bytes.length
      return fs.writeSync(fd, Buffer.concat(parts as Buffer[]), 0, undefined, position ?? undefined)
    })
    await append(writer, 0, bytes)
    expect(write).toHaveBeenCalled()
    expect(sumsBeforeData).toBe(false)
    await writer.close()
  })

  it('that can not be opened again fail their writer alone, and leave the place to others', async () => {
    const s = store(1)
    const [lost, kept] = [1, 2].map((id) => s.create({ id, generationStamp: 1000 }, 0, CRC, false))
    const errors: Error[] = []
    const first = await openBlockWriter(s, lost!, (e) => errors.push(e))
    const second = await openBlockWriter(s, kept!, fail)
    rmSync(s.dataPath(lost!))
    first.write(0, Buffer.from('gone'), checksumsOf(CRC, Buffer.from('gone')), false, () => {})
    await append(second, 0, Buffer.from('here'))
    await expect(first.flush()).rejects.toThrow(/ENOENT/)
    expect(errors).toHaveLength(1)
    await append(second, 4, Buffer.from(' too'))
    await Promise.all([first.close(), second.close()])
    expect(readFileSync(s.dataPath(kept!), 'utf8')).toBe('here too')
    expect(openHere()).toBe(0)
  })

  it('are waited for while all are in use', async () => {
    for (const name of ['a', 'b', 'c']) fs.writeFileSync(path.join(dir, name), '')
    const pool = filePool(1)
    const [a, b, c] = ['a', 'b', 'c'].map((name) => pool.files(() => ({ data: path.join(dir, name), meta: path.join(dir, name) }), 'r'))
    await a!.take()
    const order: string[] = []
    const waits = [
      ['b', b!],
      ['c', c!],
    ].map(async ([name, f]) => {
      const files = f as typeof a
      await (files!.take() as Promise<Descriptors>)
      order.push(name as string)
      expect(pool.open).toBe(1)
      files!.rest()
    })
    await Promise.resolve()
    expect(order).toEqual([])
    a!.rest()
    await Promise.all(waits)
    expect(order).toEqual(['b', 'c'])
    for (const f of [a, b, c]) f!.close()
    expect(pool.open).toBe(0)
  })

  it('go to the disk, with their names, when a packet without bytes asks for it', async () => {
    const s = store(4)
    const r = s.create({ id: 1, generationStamp: 1000 }, 0, CRC, false)
    const w = await openBlockWriter(s, r, fail)
    await append(w, 0, Buffer.from('flushed'))
    const data = vi.spyOn(fs, 'fdatasync')
    const names = vi.spyOn(fs, 'fsync')
    await w.flush()
    expect(data).not.toHaveBeenCalled()
    await w.flush(true)
    expect(data).toHaveBeenCalledTimes(2)
    expect(names).toHaveBeenCalledTimes(1)
    await append(w, 7, Buffer.from(', synced'), true)
    expect(data).toHaveBeenCalledTimes(4)
    expect(names).toHaveBeenCalledTimes(1)
    await w.close()
  })
})

describe('descriptors', () => {
  it('are enough for 10,000 open files where 20,000 are allowed', () => {
    const shares = shareOut(20_000, undefined)
    expect(shares.connections).toBeGreaterThan(10_000)
    expect(shares.connections + 2 * shares.replicas).toBeLessThan(20_000 - 1000)
    expect(describeShares(20_000, shares, undefined)).toMatchObject({ warn: false })
  })

  it('are told with the remedy where they are few', () => {
    const shares = shareOut(1024, undefined)
    expect(shares.connections + 2 * shares.replicas).toBeLessThan(1024)
    const { warn, text } = describeShares(1024, shares, undefined)
    expect(warn).toBe(true)
    expect(text).toMatch(/takes \d+ connections at once; 1024 descriptors are allowed, less than the 4096 that are usual: raise the hard limit \(ulimit -Hn\)/)
  })

  it('are shared as dfs.datanode.max.transfer.threads says', () => {
    expect(shareOut(20_000, 16).connections).toBe(16)
    const more = shareOut(20_000, 40_000)
    expect(more.connections).toBe(shareOut(20_000, undefined).connections)
    expect(describeShares(20_000, more, 40_000).text).toContain('less than the 40000 of dfs.datanode.max.transfer.threads')
  })
})
