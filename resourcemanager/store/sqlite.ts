/**
 * The store as one SQLite file on a local disk. WAL with synchronous=FULL: a commit survives power loss. Each transaction first
 * checks the epoch row, so a ResourceManager that was taken over can't write any more.
 */
import { existsSync, linkSync, mkdirSync, rmSync, statSync, statfsSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { compareApplicationIds, formatApplicationId, formatAttemptId } from '../../common/records/ids.js'
import type { ApplicationRecord, AttemptRecord } from '../core/index.js'
import { FencedError, type Lease, type SettingName, type StateStore, StoreError, type StoreOperation, type StoredState } from './state-store.js'

const FILE = 'rmstore.db'
const LAYOUT = 1

/** File systems whose locks and shared memory SQLite's WAL can't rely on (linux/magic.h). */
const NETWORK_FILE_SYSTEMS: Record<number, string> = {
  26985: 'NFS',
  20859: 'SMB',
  4283649346: 'CIFS',
  4266872130: 'SMB2',
  16914839: '9P',
  12805120: 'Ceph',
}

const SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
  CREATE TABLE application (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE attempt (id TEXT PRIMARY KEY, application TEXT NOT NULL, record TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX attempt_of ON attempt (application);
  CREATE TABLE context (id TEXT PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
`

function broken(file: string, why: string, instead = 'Put back a copy of it'): StoreError {
  return new StoreError(
    `the state store ${file} can't be used: ${why}. ${instead}, or move it away (all of ${FILE}*) to start without the applications that it remembers`,
  )
}

/** Opens (or makes) the file, without taking it over. @throws StoreError */
export function openDatabase(dir: string): Database.Database {
  mkdirSync(dir, { recursive: true })
  const network = NETWORK_FILE_SYSTEMS[statfsSync(dir).type]
  if (network) throw new StoreError(`the state store's folder ${dir} is on ${network}, a network file system, where its locks don't hold; use a local disk`)
  const file = path.join(dir, FILE)
  // Looked for before the file itself: another process that makes the store now adds them in the other order.
  const hasLog = existsSync(`${file}-wal`)
  const isNew = !existsSync(file)
  // SQLite would play it into whatever file it finds.
  if (isNew && hasLog) throw broken(file, `it is gone, but its log ${FILE}-wal is there`)
  let db: Database.Database | undefined
  try {
    if (isNew) make(file)
    else if (statSync(file).size === 0) throw broken(file, 'it is empty')
    db = new Database(file, { timeout: 5000 })
    checkLayout(db)
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    const mode = [db.pragma('journal_mode', { simple: true }), db.pragma('synchronous', { simple: true })]
    if (mode[0] !== 'wal' || mode[1] !== 2) throw broken(file, `journal_mode is ${mode[0]} and synchronous ${mode[1]}, not wal and 2 (FULL)`)
    const check = isNew ? 'ok' : db.pragma('quick_check(1)', { simple: true })
    if (check !== 'ok') throw broken(file, String(check))
    return db
  } catch (e) {
    db?.close()
    if (e instanceof StoreError) throw e
    throw broken(file, (e as Error).message)
  }
}

/** The file appears whole or not at all, so that an empty one is always a loss. Of two that make it at once, one is first and both use its. */
function make(file: string): void {
  const draft = `${file}.${process.pid}.new`
  rmSync(draft, { force: true })
  try {
    const db = new Database(draft)
    db.pragma('journal_mode = WAL')
    db.exec(SCHEMA)
    db.prepare("INSERT INTO meta VALUES ('layout', ?), ('epoch', 0)").run(LAYOUT)
    db.close()
    linkSync(draft, file)
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw e
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Before anything is written: a file of another version, or of something else, stays as it is. */
function checkLayout(db: Database.Database): void {
  if (!db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'meta'").get()) throw broken(db.name, 'it is no state store of a ResourceManager')
  const layout = meta(db, 'layout')
  if (layout !== LAYOUT) throw broken(db.name, `its layout is ${layout}, this version knows ${LAYOUT}`, 'Start the version that wrote it')
}

function meta(db: Database.Database, name: string): unknown {
  return (db.prepare('SELECT value FROM meta WHERE name = ?').get(name) as { value: unknown } | undefined)?.value
}

/** Takes the store over: whoever held it before can write no more. @throws StoreError */
export function openSqliteStore(dir: string): StateStore {
  const db = openDatabase(dir)
  const epoch = db
    .transaction(() => {
      const before = Number(meta(db, 'epoch'))
      db.prepare("UPDATE meta SET value = ? WHERE name = 'epoch'").run(before + 1)
      return before
    })
    .immediate()
  const statements = {
    epoch: db.prepare("SELECT value FROM meta WHERE name = 'epoch'").pluck(),
    putApplication: db.prepare('INSERT OR REPLACE INTO application VALUES (?, ?)'),
    removeApplication: db.prepare('DELETE FROM application WHERE id = ?'),
    putAttempt: db.prepare('INSERT OR REPLACE INTO attempt VALUES (?, ?, ?)'),
    removeAttempt: db.prepare('DELETE FROM attempt WHERE id = ?'),
    removeAttempts: db.prepare('DELETE FROM attempt WHERE application = ?'),
    putContext: db.prepare('INSERT OR REPLACE INTO context VALUES (?, ?)'),
    removeContext: db.prepare('DELETE FROM context WHERE id = ?'),
    putSetting: db.prepare('INSERT OR REPLACE INTO setting VALUES (?, ?)'),
    removeSetting: db.prepare('DELETE FROM setting WHERE name = ?'),
  }
  const apply = (o: StoreOperation): void => {
    switch (o.op) {
      case 'putApplication':
        statements.putApplication.run(formatApplicationId(o.record.applicationId), JSON.stringify({ ...o.record, attempts: undefined }))
        return
      case 'removeApplication': {
        const id = formatApplicationId(o.applicationId)
        statements.removeApplication.run(id)
        statements.removeAttempts.run(id)
        statements.removeContext.run(id)
        return
      }
      case 'putAttempt': {
        const { attemptId } = o.record
        statements.putAttempt.run(formatAttemptId(attemptId), formatApplicationId(attemptId.applicationId), JSON.stringify(o.record))
        return
      }
      case 'removeAttempt':
        statements.removeAttempt.run(formatAttemptId(o.attemptId))
        return
      case 'putContext':
        statements.putContext.run(formatApplicationId(o.applicationId), o.context)
        return
      case 'removeContext':
        statements.removeContext.run(formatApplicationId(o.applicationId))
        return
      case 'putSetting':
        statements.putSetting.run(o.name, JSON.stringify(o.value))
        return
      case 'removeSetting':
        statements.removeSetting.run(o.name)
    }
  }
  const commit = db.transaction((operations: readonly StoreOperation[]) => {
    const now = Number(statements.epoch.get())
    if (now !== epoch + 1) throw new FencedError(`another ResourceManager has taken the state store over (epoch ${now - 1}, this one has ${epoch})`)
    for (const o of operations) apply(o)
  })
  return {
    epoch,
    load: () => load(db),
    commit: (operations) => commit.immediate(operations),
    close: () => db.close(),
  }
}

function load(db: Database.Database): StoredState {
  const file = db.name
  const parsed = <T>(text: string, where: string): T => {
    try {
      return JSON.parse(text) as T
    } catch (e) {
      throw broken(file, `the record of ${where} is damaged (${(e as Error).message})`)
    }
  }
  const rows = <T>(sql: string) => db.prepare(sql).all() as T[]
  const attempts = new Map<string, AttemptRecord[]>()
  for (const r of rows<{ id: string; application: string; record: string }>('SELECT * FROM attempt ORDER BY id')) {
    const list = attempts.get(r.application) ?? []
    list.push(parsed<AttemptRecord>(r.record, r.id))
    attempts.set(r.application, list)
  }
  const applications = rows<{ id: string; record: string }>('SELECT * FROM application').map((r) => ({
    ...parsed<ApplicationRecord>(r.record, r.id),
    attempts: (attempts.get(r.id) ?? []).sort((a, b) => a.attemptId.attemptId - b.attemptId.attemptId),
  }))
  const settings = new Map<SettingName, unknown>()
  for (const r of rows<{ name: SettingName; value: string }>('SELECT * FROM setting')) settings.set(r.name, parsed(r.value, r.name))
  return {
    applications: applications.sort((a, b) => compareApplicationIds(a.applicationId, b.applicationId)),
    contexts: new Map(rows<{ id: string; bytes: Buffer }>('SELECT * FROM context').map((r) => [r.id, r.bytes])),
    settings,
  }
}

/** The lease of an active ResourceManager of a pair. Kept beside the state, in transactions of its own. */
export function leaseOf(db: Database.Database) {
  const read = (): Lease | undefined => {
    const text = meta(db, 'lease')
    return typeof text === 'string' ? (JSON.parse(text) as Lease) : undefined
  }
  const write = db.prepare("INSERT OR REPLACE INTO meta VALUES ('lease', ?)")
  return {
    read,
    /** Takes or renews the lease when it is free, expired, its own, or `forced`. @returns whether `lease.owner` now holds it */
    acquire: db.transaction((lease: Lease, now: number, forced: boolean): boolean => {
      const held = read()
      if (!forced && held && held.owner !== lease.owner && held.expires > now) return false
      write.run(JSON.stringify(lease))
      return true
    }).immediate,
    /** Gives it up, if it is `owner`'s. */
    release: db.transaction((owner: string): void => {
      if (read()?.owner === owner) db.prepare("DELETE FROM meta WHERE name = 'lease'").run()
    }).immediate,
  }
}
