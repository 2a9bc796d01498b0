/** What every journal does, wherever it keeps its records. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RETRY_KEPT_ENTRIES } from '../../../hdfs-lite/namenode/core/limits.js'
import { type JournalRecord, type Row, encodeRecord } from '../../../hdfs-lite/namenode/core/persist.js'
import type { RetryEntry } from '../../../hdfs-lite/namenode/core/state.js'
import { type Identity, type Journal, JournalError } from '../../../hdfs-lite/namenode/journal/journal.js'
import { memoryStore, openMemoryJournal } from '../../../hdfs-lite/namenode/journal/memory.js'
import { openDiskJournal } from '../../../hdfs-lite/namenode/journal/disk.js'
import { openStore } from '../../../hdfs-lite/namenode/journal/store.js'

const identity: Identity = { namespaceId: 1, clusterId: 'CID-1', blockPoolId: 'BP-1', creationTime: 1 }
const WORKER = path.resolve('dist/namenode-journal-worker.cjs')

const row = (id: number, parent: number, name: string): Row => [id, parent, name, 'd', 0o755, 'root', 'supergroup', 1, 0, 0, 0, [], null]
const put = (...rows: Row[]) => encodeRecord({ puts: rows, removes: [], counters: [rows.at(-1)![0], 0, 0, 0] })
const remove = (id: number) => encodeRecord({ puts: [], removes: [id], counters: null })

/** Ids that are there after a load: rows, then records over them. */
function contents(journal: Journal): { ids: number[]; txid: number } {
  const parents = new Map<number, number>()
  const apply = (r: JournalRecord) => {
    for (const id of r.removes) {
      const gone = [id]
      while (gone.length > 0) {
        const at = gone.pop()!
        parents.delete(at)
        for (const [c, p] of parents) if (p === at) gone.push(c)
      }
    }
    for (const p of r.puts) parents.set(p[0], p[1])
  }
  const { txid } = journal.load({ row: (r) => parents.set(r[0], r[1]), record: apply })
  return { ids: [...parents.keys()].sort((a, b) => a - b), txid }
}

const dirs: string[] = []
function tempDir(): string {
  const d = mkdtempSync(path.join(os.tmpdir(), 'journal-'))
  dirs.push(d)
  return d
}

beforeAll(() => {
  if (!existsSync(WORKER)) execFileSync(process.execPath, ['common/build/build.mjs'])
})

afterEach(() => {
  for (const d of dirs.splice(0)) rmSync(d, { recursive: true, force: true })
})

const KINDS: Record<string, () => () => Journal> = {
  memory: () => {
    const store = memoryStore(identity)
    return () => openMemoryJournal(store)
  },
  disk: () => {
    const dir = tempDir()
    return () => openDiskJournal(dir, WORKER, () => identity)
  },
}

describe.each(Object.keys(KINDS))('the %s journal', (kind) => {
  it('gives back what was acknowledged, in order', async () => {
    const open = KINDS[kind]!()
    const first = open()
    expect(contents(first)).toEqual({ ids: [], txid: 0 })
    first.append(put(row(1, 0, '')))
    first.append(put(row(2, 1, 'a'), row(3, 2, 'b')))
    expect(first.append(put(row(4, 1, 'c')))).toBe(3)
    await first.sync()
    await first.close()
    const second = open()
    expect(contents(second)).toEqual({ ids: [1, 2, 3, 4], txid: 3 })
    second.append(remove(2))
    await second.sync()
    await second.close()
    const third = open()
    expect(contents(third)).toEqual({ ids: [1, 4], txid: 4 })
    await third.close()
  })

  it('gives the same before and after a checkpoint, also with records after it', async () => {
    const open = KINDS[kind]!()
    const journal = open()
    contents(journal)
    for (let i = 1; i <= 50; i++) journal.append(put(row(i, i === 1 ? 0 : i - 1, `n${i}`)))
    journal.append(remove(40))
    await journal.sync()
    await journal.checkpoint()
    expect(journal.status.checkpointTxid).toBe(51)
    journal.append(put(row(99, 1, 'late')))
    await journal.sync()
    await journal.close()
    const again = open()
    expect(contents(again)).toEqual({ ids: [...Array.from({ length: 39 }, (_, i) => i + 1), 99], txid: 52 })
    await again.close()
  })

  it('gives in a checkpoint what comes of rows that are put again, moved, and removed with what is below them', async () => {
    const open = KINDS[kind]!()
    const journal = open()
    contents(journal)
    journal.append(put(row(1, 0, ''), row(2, 1, 'a'), row(3, 2, 'b'), row(4, 3, 'c')))
    await journal.sync()
    await journal.checkpoint()
    // b leaves a before that goes; d comes into e, and goes with it; f is put three times.
    journal.append(put(row(3, 1, 'b'), row(2, 1, 'a')))
    journal.append(remove(2))
    journal.append(put(row(5, 1, 'e')))
    journal.append(put(row(6, 5, 'd')))
    journal.append(remove(5))
    for (const name of ['f', 'g', 'h']) journal.append(put(row(7, 1, name)))
    await journal.sync()
    await journal.checkpoint()
    await journal.close()
    const again = open()
    const rows = new Map<number, string>()
    again.load({ row: (r) => rows.set(r[0], `${r[1]}/${r[2]}`), record: () => {} })
    expect([...rows].sort(([a], [b]) => a - b)).toEqual([
      [1, '0/'],
      [3, '1/b'],
      [4, '3/c'],
      [7, '1/h'],
    ])
    await again.close()
  })

  it('keeps what snapshots show of a node until it is given anew, also in a checkpoint', async () => {
    const open = KINDS[kind]!()
    const diffs = (id: number, name: string) => [{ id, name, permission: 0o755, children: [2], names: [name] }]
    const given = (rest: object | null, name: string) =>
      encodeRecord({ puts: [[...row(1, 0, name).slice(0, 12), rest] as unknown as Row], removes: [], counters: null })
    const asBefore = { diffs: 'as before', features: { quota: { namespace: 5, space: -1 } } }
    const shown = async () => {
      const journal = open()
      const last = new Map<number, unknown>()
      const take = (r: Row) => {
        const rest = r[12] as { diffs?: unknown } | null
        if (rest?.diffs !== 'as before') last.set(r[0], rest?.diffs)
      }
      journal.load({ row: take, record: (r) => r.puts.forEach(take) })
      return { journal, diffs: last.get(1) }
    }
    const { journal } = await shown()
    journal.append(given({ diffs: diffs(1, 'a') }, 'one'))
    journal.append(given(asBefore, 'two'))
    await journal.checkpoint()
    journal.append(given(asBefore, 'three'))
    await journal.checkpoint()
    journal.append(given(asBefore, 'four'))
    await journal.sync()
    await journal.close()
    const again = await shown()
    expect(again.diffs).toEqual(diffs(1, 'a'))
    again.journal.append(given({ diffs: diffs(2, 'b') }, 'five'))
    again.journal.append(given(asBefore, 'six'))
    await again.journal.checkpoint()
    await again.journal.close()
    const third = await shown()
    expect(third.diffs).toEqual(diffs(2, 'b'))
    third.journal.append(given(null, 'seven'))
    await third.journal.checkpoint()
    await third.journal.close()
    const last = await shown()
    expect(last.diffs).toBeUndefined()
    await last.journal.close()
  })

  it('keeps answers that clients may ask for again, also in a checkpoint', async () => {
    const open = KINDS[kind]!()
    const journal = open()
    contents(journal)
    const entries: RetryEntry[] = [
      ['aa', 7, Date.now(), { answer: { result: true } }],
      ['aa', 8, Date.now(), { created: 4 }],
    ]
    const remembering = (id: number, entry: RetryEntry) =>
      journal.append(encodeRecord({ puts: [row(id, 0, `n${id}`)], removes: [], counters: [id, 0, 0, 0], retries: [entry] }))
    remembering(1, entries[0]!)
    await journal.sync()
    await journal.checkpoint()
    remembering(2, entries[1]!)
    await journal.sync()
    await journal.close()
    const again = open()
    const found: RetryEntry[] = []
    again.load({ row: () => {}, record: (r) => found.push(...(r.retries ?? [])) })
    expect(found).toEqual(entries)
    await again.close()
  })

  it('takes the same record twice', async () => {
    const open = KINDS[kind]!()
    const journal = open()
    contents(journal)
    for (let i = 0; i < 2; i++) journal.append(put(row(1, 0, ''), row(2, 1, 'a')))
    await journal.sync()
    await journal.close()
    const again = open()
    expect(contents(again).ids).toEqual([1, 2])
    await again.close()
  })
})

describe('the disk journal', () => {
  it('is in WAL mode with full synchronisation, and keeps two checkpoints', async () => {
    const dir = tempDir()
    const journal = openDiskJournal(dir, WORKER, () => identity)
    contents(journal)
    for (let i = 0; i < 3; i++) {
      journal.append(put(row(i + 1, 0, '')))
      await journal.sync()
      await journal.checkpoint()
    }
    expect(readdirSync(dir).filter((f) => f.startsWith('checkpoint_'))).toEqual(['checkpoint_0000000000000000002.db', 'checkpoint_0000000000000000003.db'])
    await journal.close()
  })

  it('keeps in a checkpoint the latest answers, so many and in the order of their age', async () => {
    const dir = tempDir()
    const open = () => openDiskJournal(dir, WORKER, () => identity)
    const journal = open()
    contents(journal)
    const begun = Date.now() - 200_000
    const given = 3 * RETRY_KEPT_ENTRIES
    const batch = 1024
    for (let i = 0; i < given; i += batch) {
      const retries = Array.from({ length: batch }, (_, n): RetryEntry => [`client-${(i + n) % 7}`, i + n, begun + i + n, { created: i + n }])
      journal.append(encodeRecord({ puts: [row(1, 0, '')], removes: [], counters: [1, 0, 0, 0], retries }))
    }
    await journal.checkpoint()
    await journal.close()
    const again = open()
    const calls: number[] = []
    again.load({ row: () => {}, record: (r) => r.retries?.forEach((e) => calls.push(e[1])) })
    expect(calls).toEqual(Array.from({ length: RETRY_KEPT_ENTRIES }, (_, n) => given - RETRY_KEPT_ENTRIES + n))
    await again.close()
  })

  it('fences whoever held it before', async () => {
    const dir = tempDir()
    const old = openDiskJournal(dir, WORKER, () => identity)
    contents(old)
    old.append(put(row(1, 0, '')))
    await old.sync()
    const next = openDiskJournal(dir, WORKER, () => identity)
    old.append(put(row(2, 0, 'lost')))
    await expect(old.sync()).rejects.toThrow(/another NameNode has taken over/)
    expect(() => old.append('x')).toThrow(JournalError)
    await old.close()
    // What the old one wrote after it lost the journal was acknowledged to nobody: it may be there or not, but for good.
    const { ids, txid } = contents(next)
    expect(ids).toEqual([1, 2].slice(0, txid))
    next.append(put(row(3, 0, 'next')))
    await next.sync()
    await next.close()
    const third = openDiskJournal(dir, WORKER, () => identity)
    expect(contents(third)).toEqual({ ids: [...ids, 3], txid: txid + 1 })
    await third.close()
  })

  it('does not take up what a fenced writer writes after the next one has loaded', async () => {
    const dir = tempDir()
    const old = openDiskJournal(dir, WORKER, () => identity)
    contents(old)
    old.append(put(row(1, 0, '')))
    await old.sync()
    const next = openDiskJournal(dir, WORKER, () => identity)
    expect(contents(next)).toEqual({ ids: [1], txid: 1 })
    old.append(put(row(2, 0, 'lost')))
    await expect(old.sync()).rejects.toThrow(/another NameNode has taken over/)
    await old.close()
    next.append(put(row(3, 0, 'next')))
    await next.sync()
    await next.checkpoint()
    await next.close()
    const third = openDiskJournal(dir, WORKER, () => identity)
    expect(contents(third)).toEqual({ ids: [1, 3], txid: 2 })
    await third.close()
  })

  it('takes over what version 2 kept of snapshots', () => {
    const dir = tempDir()
    openStore(dir, () => identity).close()
    const diffs = [{ id: 1, name: 'a', children: [2], names: ['a'], features: undefined }]
    const db = new Database(path.join(dir, 'namespace.db'))
    db.exec('DROP TRIGGER inode_removed; DROP TABLE diffs')
    const insert = db.prepare('INSERT INTO inode VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)')
    for (const [id, rest] of [
      [1, { diffs, features: { bornAfter: 0 } }],
      [2, null],
    ] as const)
      insert.run(...row(id, id - 1, `n${id}`).slice(0, 11), '[]', rest && JSON.stringify(rest))
    db.pragma('user_version = 2')
    db.close()
    for (let i = 0; i < 2; i++) {
      const store = openStore(dir, () => identity)
      const rows: Row[] = []
      store.load({ row: (r) => rows.push(r), record: () => {} })
      expect(rows.map((r) => r[12])).toEqual([{ diffs, features: { bornAfter: 0 } }, null])
      store.close()
    }
  })

  it('refuses a database of another version', () => {
    const dir = tempDir()
    const store = openStore(dir, () => identity)
    store.close()
    execFileSync(process.execPath, [
      '-e',
      `const D=require('better-sqlite3');const d=new D(process.argv[1]);d.pragma('user_version=99');d.close()`,
      path.join(dir, 'namespace.db'),
    ])
    expect(() => openStore(dir, () => identity)).toThrow(/written by another version \(99/)
  })
})
