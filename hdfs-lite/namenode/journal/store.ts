/**
 * The checkpoint's database, in WAL mode with synchronous=FULL: a commit is on the disk when it returns.
 *
 *   meta(key, value)   identity, epoch, base (epoch of the first edits_* files that count), folded (last record in the
 *                      checkpoint), counters, lease
 *   inode(…)           one row for each node
 *   diffs(id, diffs)   what snapshots show of a node, where it differs: large, and written rarely
 *   retry(client, …)   answers of the folded records that clients may still ask for again
 *
 * One writer at a time: opening for writing raises `epoch`; whoever writes here checks that it still is ours, and records
 * count as acknowledged only if it is after they were written (edit-log.ts).
 */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { RETRY_KEPT_ENTRIES, RETRY_KEPT_MILLIS } from '../core/limits.js'
import {
  type DiffRow,
  type JournalRecord,
  type Row,
  decodeDiffs,
  decodeRecord,
  decodeRest,
  diffsOf,
  encodeDiffs,
  encodeRest,
  withDiffs,
} from '../core/persist.js'
import type { RetryEntry } from '../core/state.js'
import type { Batch } from './edit-log.js'
import { type ActiveLease, type Identity, JournalError, type Receiver } from './journal.js'

export const DATABASE_FILE = 'namespace.db'
const SCHEMA_VERSION = 3

export interface Store {
  readonly epoch: number
  readonly identity: Identity
  /** Last record in the checkpoint. */
  readonly folded: number
  /** Gives the checkpoint. */
  load(receiver: Receiver): void
  /** Folds the next records into the checkpoint, in one transaction. */
  fold(batch: Batch): void
  /** Epoch of the first edit files that count, and how to say that those before ours don't any more. */
  readonly base: number
  rebase(): void
  /** @throws JournalError when another writer has opened the database */
  checkEpoch(): void
  /** Copies the database beside it, a few pages at a time. */
  backup(file: string): Promise<void>
  /** Says who is active. */
  writeLease(lease: ActiveLease): void
  close(): void
}

/** What a standby looks at. */
export interface Watcher {
  readonly identity: Identity
  lease(): ActiveLease | undefined
  close(): void
}

/** Opens the database without taking it over; formats it when it is new. */
export function openWatcher(dir: string, format: () => Identity): Watcher {
  const db = openDatabase(dir)
  try {
    prepare(db, dir, format)
  } catch (e) {
    db.close()
    throw e
  }
  const read = db.prepare('SELECT value FROM meta WHERE key = ?').pluck()
  return {
    identity: JSON.parse(read.get('identity') as string) as Identity,
    lease() {
      const text = read.get('lease') as string | undefined
      return text === undefined ? undefined : (JSON.parse(text) as ActiveLease)
    },
    close: () => db.close(),
  }
}

type Db = Database.Database

function openDatabase(dir: string): Db {
  mkdirSync(dir, { recursive: true })
  const db = new Database(path.join(dir, DATABASE_FILE))
  db.pragma('busy_timeout = 5000')
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('wal_autocheckpoint = 4000')
  const mode = db.pragma('journal_mode', { simple: true })
  const sync = db.pragma('synchronous', { simple: true })
  if (mode !== 'wal' || sync !== 2) {
    db.close()
    throw new JournalError(
      `${dir}: the database can't be put into WAL mode with full synchronisation (journal_mode=${mode}, synchronous=${sync}). Is it on a network file system? Use a local disk.`,
    )
  }
  return db
}

function prepare(db: Db, dir: string, format: () => Identity): void {
  const version = db.pragma('user_version', { simple: true }) as number
  if (version === SCHEMA_VERSION) return
  if (version === 2) return upgrade(db)
  if (version !== 0) throw new JournalError(`${dir}: written by another version (${version}, this one knows ${SCHEMA_VERSION})`)
  const id = format()
  db.transaction(() => {
    // The other one of a pair may have been quicker.
    if (db.pragma('user_version', { simple: true }) !== 0) return
    db.exec(`
      CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE inode(id INTEGER PRIMARY KEY, parent INTEGER, name TEXT, kind TEXT, permission INTEGER, owner TEXT, grp TEXT,
        mtime INTEGER, atime INTEGER, replication INTEGER, block_size INTEGER, blocks TEXT, rest TEXT);
      CREATE INDEX inode_parent ON inode(parent);
      ${DIFFS}
      CREATE TABLE retry(client TEXT, call INTEGER, at INTEGER, answer TEXT, PRIMARY KEY (client, call)) WITHOUT ROWID;
      CREATE INDEX retry_at ON retry(at);
    `)
    const put = db.prepare('INSERT INTO meta VALUES (?, ?)')
    put.run('identity', JSON.stringify(id))
    put.run('epoch', '0')
    put.run('base', '0')
    put.run('folded', '0')
    db.pragma(`user_version = ${SCHEMA_VERSION}`)
  }).immediate()
}

const DIFFS = `
  CREATE TABLE diffs(id INTEGER PRIMARY KEY, diffs TEXT NOT NULL);
  CREATE TRIGGER inode_removed AFTER DELETE ON inode BEGIN DELETE FROM diffs WHERE id = old.id; END;`

/** Version 2 kept diffs in the node's own row. */
function upgrade(db: Db): void {
  db.transaction(() => {
    if (db.pragma('user_version', { simple: true }) !== 2) return
    db.exec(DIFFS)
    const putDiffs = db.prepare('INSERT INTO diffs VALUES (?, ?)')
    const putRest = db.prepare('UPDATE inode SET rest = ? WHERE id = ?')
    for (const raw of db.prepare(`SELECT * FROM inode WHERE rest LIKE '%"diffs"%'`).raw().all()) {
      const row = rowFrom(raw as unknown[])
      const diffs = diffsOf(row) ?? []
      if (diffs.length === 0) continue
      putDiffs.run(row[0], encodeDiffs(diffs))
      putRest.run(encodeRest(withDiffs(row, [])[12]), row[0])
    }
    db.pragma(`user_version = ${SCHEMA_VERSION}`)
  }).immediate()
}

function rowFrom(raw: unknown[]): Row {
  raw[11] = JSON.parse(raw[11] as string)
  raw[12] = decodeRest(raw[12] as string | null)
  return raw as unknown as Row
}

/**
 * @param format makes the identity of a new file system, when there is none yet
 * @param epoch the writer's epoch to go on with; undefined takes the database over
 */
export function openStore(dir: string, format: () => Identity, epoch?: number): Store {
  const db = openDatabase(dir)
  try {
    prepare(db, dir, format)
    return buildStore(db, dir, epoch)
  } catch (e) {
    db.close()
    throw e
  }
}

function buildStore(db: Db, dir: string, given: number | undefined): Store {
  const getMeta = db.prepare('SELECT value FROM meta WHERE key = ?').pluck()
  const setMeta = db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)')
  const meta = (key: string) => getMeta.get(key) as string | undefined
  const epoch =
    given ??
    db
      .transaction(() => {
        const next = Number(meta('epoch')) + 1
        setMeta.run('epoch', String(next))
        return next
      })
      .immediate()
  const put = db.prepare('INSERT OR REPLACE INTO inode VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)')
  const putDiffs = db.prepare('INSERT OR REPLACE INTO diffs VALUES (?, ?)')
  const removeDiffs = db.prepare('DELETE FROM diffs WHERE id = ?')
  const putRetry = db.prepare('INSERT OR REPLACE INTO retry VALUES (?,?,?,?)')
  const removeTree = db.prepare(`
    WITH RECURSIVE below(id) AS (VALUES(?) UNION ALL SELECT inode.id FROM inode, below WHERE inode.parent = below.id)
    DELETE FROM inode WHERE id IN below`)
  const checkEpoch = () => {
    const now = Number(meta('epoch'))
    if (now !== epoch) throw new JournalError(`${dir}: another NameNode has taken over (epoch ${now}, ours is ${epoch})`)
  }
  const identity = JSON.parse(meta('identity')!) as Identity
  const dropRetries = db.prepare('DELETE FROM retry WHERE at < ?')
  const oldestKept = db.prepare('SELECT at FROM retry ORDER BY at DESC LIMIT 1 OFFSET ?').pluck()
  let folded = Number(meta('folded'))
  const fold = db.transaction(({ first, records }: Batch) => {
    checkEpoch()
    // Most records put a row that a later one puts again (a directory in which something is made): only the last one counts.
    const rows = new Map<number, Row>()
    const diffs = new Map<number, readonly DiffRow[]>()
    const putRows = () => {
      for (const row of rows.values()) put.run(...row.slice(0, 11), JSON.stringify(row[11]), encodeRest(withDiffs(row, [])[12]))
      for (const [id, list] of diffs) {
        if (list.length > 0) putDiffs.run(id, encodeDiffs(list))
        else removeDiffs.run(id)
      }
      rows.clear()
      diffs.clear()
    }
    let counters: JournalRecord['counters'] = null
    for (const text of records) {
      const r = decodeRecord(text)
      // What is removed with a directory hangs on where everything is at that moment.
      if (r.removes.length > 0) putRows()
      for (const id of r.removes) removeTree.run(id)
      for (const row of r.puts) {
        rows.set(row[0], row)
        const given = diffsOf(row)
        if (given) diffs.set(row[0], given)
      }
      for (const [client, call, at, answer] of r.retries ?? []) putRetry.run(client, call, at, JSON.stringify(answer))
      counters = r.counters ?? counters
    }
    putRows()
    if (counters) setMeta.run('counters', JSON.stringify(counters))
    dropRetries.run(Math.max(Date.now() - RETRY_KEPT_MILLIS, (oldestKept.get(RETRY_KEPT_ENTRIES - 1) as number | undefined) ?? 0))
    setMeta.run('folded', String(first + records.length - 1))
  })
  const rebase = db.transaction(() => {
    checkEpoch()
    setMeta.run('base', String(epoch))
  })
  const writeLease = db.transaction((lease: ActiveLease) => {
    checkEpoch()
    setMeta.run('lease', JSON.stringify(lease))
  })
  return {
    epoch,
    identity,
    get folded() {
      return folded
    },
    load(receiver) {
      const diffs = new Map(db.prepare('SELECT id, diffs FROM diffs').raw().all() as [number, string][])
      for (const raw of db.prepare('SELECT * FROM inode').raw().iterate() as Iterable<unknown[]>) {
        const row = rowFrom(raw)
        const own = diffs.get(row[0])
        receiver.row(own === undefined ? row : withDiffs(row, decodeDiffs(own)))
      }
      const counters = meta('counters')
      const retries = (db.prepare('SELECT * FROM retry ORDER BY at').raw().all() as [string, number, number, string][]).map(
        ([client, call, at, answer]): RetryEntry => [client, call, at, JSON.parse(answer)],
      )
      if (counters) receiver.record({ puts: [], removes: [], counters: JSON.parse(counters), retries })
    },
    fold(batch) {
      fold.immediate(batch)
      folded = batch.first + batch.records.length - 1
    },
    get base() {
      return Number(meta('base'))
    },
    rebase() {
      rebase.immediate()
    },
    checkEpoch,
    async backup(file) {
      await db.backup(file, { progress: () => 256 })
    },
    writeLease(lease) {
      writeLease.immediate(lease)
    },
    close() {
      db.close()
    },
  }
}
