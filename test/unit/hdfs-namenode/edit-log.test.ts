/** What crashes and damage leave of the edit log, and what is read from it then. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SEGMENT_BYTES, beginEditLog, encodeBatch, readBatches, removeFolded, segments } from '../../../hdfs-lite/namenode/journal/edit-log.js'
import { JournalError } from '../../../hdfs-lite/namenode/journal/journal.js'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'edits-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const EPOCH = 3
/** As much of a file as the short tests use, and some of the zeros after it. */
const SMALL = 4096
const only = () => segments(dir, 0)[0]!.file
const read = (from = 0, until?: number) => [...readBatches(dir, 0, from, until)].flatMap((b) => b.records.map((r, i) => `${b.first + i}:${r}`))

/** One batch for each list of records. */
async function write(batches: readonly (readonly string[])[], first = 1): Promise<number[]> {
  const log = beginEditLog(dir, EPOCH, [])
  const ends: number[] = []
  let txid = first
  let at = 0
  for (const records of batches) {
    await log.append(txid, records)
    at += encodeBatch(EPOCH, txid, records).length
    ends.push(at)
    txid += records.length
  }
  await log.close()
  return ends
}

describe('the edit log', () => {
  it('gives back what was appended, from any transaction and up to any batch', async () => {
    await write([['a'], ['b', 'c', 'd'], ['e\u{1f600}']])
    expect(read()).toEqual(['1:a', '2:b', '3:c', '4:d', '5:e\u{1f600}'])
    expect(read(2)).toEqual(['3:c', '4:d', '5:e\u{1f600}'])
    expect(read(0, 4)).toEqual(['1:a', '2:b', '3:c', '4:d'])
  })

  it('forgets a last write that was cut off, wherever that was', async () => {
    const [first, second] = await write([
      ['a', 'b'],
      ['c', 'd'],
    ])
    const whole = readFileSync(only()).subarray(0, SMALL)
    for (let cut = first!; cut < second!; cut += 3) {
      // The rest is as it was before: zeros, or, of a file that grew, nothing.
      const torn = Buffer.from(whole)
      torn.fill(0, cut, second)
      writeFileSync(only(), torn)
      expect(read()).toEqual(['1:a', '2:b'])
      truncateSync(only(), cut)
      expect(read()).toEqual(['1:a', '2:b'])
    }
  })

  it('forgets a last write of which only later parts came to the disk', async () => {
    const [first] = await write([['a'], ['b', 'x'.repeat(8000)]])
    const torn = readFileSync(only())
    torn.fill(0, first, first! + 4096)
    writeFileSync(only(), torn)
    expect(read()).toEqual(['1:a'])
  })

  it('refuses damage before the last write, by file, offset and transaction', async () => {
    const [first, second] = await write([['a'], ['b', 'c'], ['d']])
    const whole = readFileSync(only()).subarray(0, SMALL)
    for (let at = first!; at < second!; at += 3) {
      const damaged = Buffer.from(whole)
      damaged[at]! ^= 0x20
      writeFileSync(only(), damaged)
      expect(() => read(), `bit at ${at}`).toThrow(JournalError)
      expect(() => read()).toThrow(new RegExp(`${path.basename(only())}: damaged at offset ${first}, transaction 2;`))
    }
    const zeroed = Buffer.from(whole)
    zeroed.fill(0, 0, second)
    writeFileSync(only(), zeroed)
    expect(() => read()).toThrow(/damaged at offset 0, transaction 1/)
  })

  it('goes on in another file when one is full, and refuses damage at the end of a full one', async () => {
    const large = 'x'.repeat(SEGMENT_BYTES / 4 - 200)
    await write(Array.from({ length: 10 }, () => [large]))
    const files = segments(dir, 0)
    expect(files.length).toBeGreaterThanOrEqual(3)
    expect(read().map((r) => r.split(':')[0])).toEqual(Array.from({ length: 10 }, (_, i) => String(i + 1)))
    const damaged = readFileSync(files[0]!.file)
    damaged[damaged.length - 1000]! ^= 1
    writeFileSync(files[0]!.file, damaged)
    expect(() => read()).toThrow(/damaged at offset/)
  })

  it('keeps the order whoever writes, this thread or another, from file to file', async () => {
    let noted = 0
    let trusted = false
    const trust = {
      get trusted() {
        trusted = !trusted
        return trusted
      },
      note: () => noted++,
    }
    const log = beginEditLog(dir, EPOCH, [], trust)
    const recordOf = (txid: number) => 'x'.repeat(txid % 50 === 0 ? 80_000 : 40_000)
    for (let txid = 1; txid <= 200; txid++) await log.append(txid, [recordOf(txid)], txid % 5 > 0)
    await log.close()
    expect(noted).toBe(200)
    expect(segments(dir, 0).length).toBeGreaterThan(2)
    expect([...readBatches(dir, 0, 0)].map((b) => [b.first, b.records[0]!.length])).toEqual(
      Array.from({ length: 200 }, (_, i) => [i + 1, recordOf(i + 1).length]),
    )
  })

  it('says when a file is missing', async () => {
    await write(Array.from({ length: 10 }, () => ['x'.repeat(SEGMENT_BYTES / 4 - 200)]))
    rmSync(only())
    expect(() => read()).toThrow(/transactions 1 to \d+ are missing/)
  })

  it('removes files that the checkpoint holds, and only those', async () => {
    await write(Array.from({ length: 10 }, () => ['x'.repeat(SEGMENT_BYTES / 4 - 200)]))
    // The small first file takes one of them, each other one four.
    removeFolded(dir, EPOCH, 4)
    expect(segments(dir, 0)[0]!.number).toBe(2)
    removeFolded(dir, EPOCH, 5)
    expect(segments(dir, 0)[0]!.number).toBe(3)
    expect(read(5).map((r) => r.split(':')[0])).toEqual(['6', '7', '8', '9', '10'])
  })

  it('takes a record that is larger than a file', async () => {
    const huge = 'y'.repeat(SEGMENT_BYTES + 10)
    await write([['a'], [huge], ['b']])
    expect(read()).toEqual(['1:a', `2:${huge}`, '3:b'])
  })

  it('copies what earlier epochs left, and reads each record once where a take-over was cut off', async () => {
    await write([['a'], ['b', 'c']])
    const log = beginEditLog(dir, EPOCH + 1, readBatches(dir, 0, 1))
    await log.append(4, ['d'])
    await log.close()
    expect(read()).toEqual(['1:a', '2:b', '3:c', '4:d'])
    expect([...readBatches(dir, EPOCH + 1, 1)].flatMap((b) => b.records)).toEqual(['b', 'c', 'd'])
    expect(readdirSync(dir)).toHaveLength(2)
  })
})
