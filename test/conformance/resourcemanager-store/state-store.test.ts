import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ApplicationRecord, AttemptRecord } from '../../../resourcemanager/core/index.js'
import { MemoryDisk, openMemoryStore } from '../../../resourcemanager/store/memory.js'
import { leaseOf, openDatabase, openSqliteStore } from '../../../resourcemanager/store/sqlite.js'
import { FencedError, type StateStore, StoreError } from '../../../resourcemanager/store/state-store.js'

const application = (id: number, more: Partial<ApplicationRecord> = {}): ApplicationRecord => ({
  applicationId: { clusterTimestamp: 7, id },
  submission: { applicationId: { clusterTimestamp: 7, id }, user: 'ann', amRequests: [] },
  submitTime: 1,
  startTime: 2,
  ...more,
})
const attempt = (id: number, number: number, more: Partial<AttemptRecord> = {}): AttemptRecord => ({
  attemptId: { applicationId: { clusterTimestamp: 7, id }, attemptId: number },
  startTime: 3,
  ...more,
})

let dir: string
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'rmstore-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const KINDS: { name: string; opener: () => () => StateStore }[] = [
  {
    name: 'memory',
    opener: () => {
      const disk = new MemoryDisk()
      return () => openMemoryStore(disk)
    },
  },
  { name: 'SQLite', opener: () => () => openSqliteStore(dir) },
]

describe.each(KINDS)('the $name state store', ({ opener }) => {
  let open: () => StateStore
  const opened: StateStore[] = []
  const next = () => {
    const store = open()
    opened.push(store)
    return store
  }
  beforeEach(() => {
    open = opener()
  })
  afterEach(() => {
    for (const s of opened.splice(0)) s.close()
  })

  it('is empty at first', () => {
    expect(next().load()).toEqual({ applications: [], contexts: new Map(), settings: new Map() })
  })

  it('gives back what was committed, in order of ids, with attempts in theirs', () => {
    const store = next()
    store.commit([
      { op: 'putApplication', record: application(10_001) },
      { op: 'putApplication', record: application(2) },
      { op: 'putAttempt', record: attempt(2, 10) },
      { op: 'putAttempt', record: attempt(2, 9) },
      { op: 'putContext', applicationId: { clusterTimestamp: 7, id: 2 }, context: Uint8Array.of(0, 255, 1) },
      { op: 'putSetting', name: 'keys/nm', value: { current: { keyId: -5, bytes: 'AAE=' } } },
    ])
    const state = next().load()
    expect(state.applications.map((a) => a.applicationId.id)).toEqual([2, 10_001])
    expect(state.applications[0]!.attempts!.map((a) => a.attemptId.attemptId)).toEqual([9, 10])
    expect([...state.contexts.get('application_7_0002')!]).toEqual([0, 255, 1])
    expect(state.settings.get('keys/nm')).toEqual({ current: { keyId: -5, bytes: 'AAE=' } })
  })

  it('keeps the last of several records', () => {
    const store = next()
    store.commit([
      { op: 'putApplication', record: application(1) },
      { op: 'putAttempt', record: attempt(1, 1) },
    ])
    store.commit([{ op: 'putApplication', record: application(1, { state: 'FINISHED', finishTime: 9 }) }])
    const [found] = next().load().applications
    expect(found).toMatchObject({ state: 'FINISHED', finishTime: 9 })
    expect(found!.attempts).toHaveLength(1)
  })

  it('removes an application with all that belongs to it, and nothing else', () => {
    const store = next()
    const id = { clusterTimestamp: 7, id: 1 }
    store.commit([
      { op: 'putApplication', record: application(1) },
      { op: 'putAttempt', record: attempt(1, 1) },
      { op: 'putContext', applicationId: id, context: Uint8Array.of(1) },
      { op: 'putApplication', record: application(11) },
      { op: 'putAttempt', record: attempt(11, 1) },
      { op: 'removeApplication', applicationId: id },
    ])
    const state = next().load()
    expect(state.applications.map((a) => a.applicationId.id)).toEqual([11])
    expect(state.applications[0]!.attempts).toHaveLength(1)
    expect(state.contexts.size).toBe(0)
  })

  it('removes single attempts, contexts and settings', () => {
    const store = next()
    store.commit([
      { op: 'putApplication', record: application(1) },
      { op: 'putAttempt', record: attempt(1, 1) },
      { op: 'putAttempt', record: attempt(1, 2) },
      { op: 'putContext', applicationId: { clusterTimestamp: 7, id: 1 }, context: Uint8Array.of(1) },
      { op: 'putSetting', name: 'nodeLabels', value: [] },
    ])
    store.commit([
      { op: 'removeAttempt', attemptId: attempt(1, 1).attemptId },
      { op: 'removeContext', applicationId: { clusterTimestamp: 7, id: 1 } },
      { op: 'removeSetting', name: 'nodeLabels' },
    ])
    const state = next().load()
    expect(state.applications[0]!.attempts!.map((a) => a.attemptId.attemptId)).toEqual([2])
    expect([state.contexts.size, state.settings.size]).toEqual([0, 0])
  })

  it('counts its openings as epochs', () => {
    expect([next().epoch, next().epoch, next().epoch]).toEqual([0, 1, 2])
  })

  it('refuses all writes of one that was taken over, and keeps nothing of them', () => {
    const old = next()
    const taker = next()
    expect(() => old.commit([{ op: 'putApplication', record: application(1) }])).toThrow(FencedError)
    taker.commit([{ op: 'putApplication', record: application(2) }])
    expect(taker.load().applications.map((a) => a.applicationId.id)).toEqual([2])
  })
})

describe('the SQLite state store', () => {
  it('commits with synchronous=FULL in WAL mode', () => {
    const db = openDatabase(dir)
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(db.pragma('synchronous', { simple: true })).toBe(2)
    db.close()
  })

  it('refuses a file that is no database, and says what to do', () => {
    writeFileSync(path.join(dir, 'rmstore.db'), 'x'.repeat(10_000))
    expect(() => openSqliteStore(dir)).toThrow(StoreError)
    expect(() => openSqliteStore(dir)).toThrow(/rmstore\.db can't be used.*move it away/)
  })

  it('refuses a damaged record, naming it', () => {
    const store = openSqliteStore(dir)
    store.commit([{ op: 'putApplication', record: application(1) }])
    store.close()
    const db = openDatabase(dir)
    db.prepare("UPDATE application SET record = '{'").run()
    db.close()
    const damaged = openSqliteStore(dir)
    expect(() => damaged.load()).toThrow(/the record of application_7_0001 is damaged/)
    damaged.close()
  })

  it('refuses a layout that it does not know', () => {
    const db = openDatabase(dir)
    db.prepare("UPDATE meta SET value = 99 WHERE name = 'layout'").run()
    db.close()
    expect(() => openSqliteStore(dir)).toThrow(/its layout is 99/)
  })

  it('lends its lease to one at a time', () => {
    const db = openDatabase(dir)
    const lease = leaseOf(db)
    expect(lease.acquire({ owner: 'a', expires: 100 }, 0, false)).toBe(true)
    expect(lease.acquire({ owner: 'b', expires: 150 }, 50, false)).toBe(false)
    expect(lease.acquire({ owner: 'a', expires: 200 }, 50, false)).toBe(true)
    expect(lease.acquire({ owner: 'b', expires: 300 }, 200, false)).toBe(true)
    expect(lease.acquire({ owner: 'a', expires: 400 }, 250, false)).toBe(false)
    expect(lease.acquire({ owner: 'a', expires: 400 }, 250, true)).toBe(true)
    lease.release('b')
    expect(lease.read()).toEqual({ owner: 'a', expires: 400 })
    lease.release('a')
    expect(lease.read()).toBeUndefined()
    db.close()
  })
})
