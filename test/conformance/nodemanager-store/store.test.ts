import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import { MemoryStore } from '../../../nodemanager/store/memory.js'
import { SqliteStore } from '../../../nodemanager/store/sqlite.js'
import type { NodeStore, StoredContainer } from '../../../nodemanager/store/store.js'

const container = (changes: Partial<StoredContainer> = {}): StoredContainer => ({
  startTime: 1,
  request: Buffer.of(0, 1, 255),
  token: undefined,
  progress: 'REQUESTED',
  exitCode: undefined,
  killed: undefined,
  diagnostics: '',
  workDir: undefined,
  logDir: undefined,
  restarts: [],
  ...changes,
})

const dirs: string[] = []
function folder(): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'nm-store-'))
  dirs.push(dir)
  return dir
}
afterEach(() => {
  for (const d of dirs.splice(0)) rmSync(d, { recursive: true })
})

/** `reopen`: what a later run of the NodeManager finds. */
const kinds: Record<string, () => { store: NodeStore; reopen: () => NodeStore }> = {
  memory: () => {
    const store = new MemoryStore(true)
    return { store, reopen: () => store }
  },
  sqlite: () => {
    const dir = folder()
    const store = new SqliteStore(dir)
    const reopen = () => {
      store.close()
      return new SqliteStore(dir)
    }
    return { store, reopen }
  },
  'sqlite, killed': () => {
    const dir = folder()
    return { store: new SqliteStore(dir), reopen: () => new SqliteStore(dir) }
  },
}

describe.each(Object.entries(kinds))("a NodeManager's store (%s)", (_name, make) => {
  it('gives back what was put, bytes as bytes', () => {
    const { store, reopen } = make()
    store.putApplication('app', { user: 'u', logAggregationContext: Buffer.of(1, 2), acls: [['VIEW_APP', '*']], finished: false })
    store.putContainer('c', container({ token: Buffer.of(9), diagnostics: 'é\u0000x' }))
    store.putResource('/p', { tracker: 'PUBLIC', resource: Buffer.of(3), path: '/p', size: undefined })
    store.putKey('nmToken.current', { keyId: -5, bytes: Buffer.of(200, 0) })
    store.putSetting('rpc.port', '77')
    const found = reopen().load()
    expect(found.applications.get('app')).toMatchObject({ user: 'u', acls: [['VIEW_APP', '*']], finished: false })
    expect(Buffer.from(found.applications.get('app')!.logAggregationContext!)).toEqual(Buffer.of(1, 2))
    const c = found.containers.get('c')!
    expect([Buffer.from(c.request), Buffer.from(c.token!), c.diagnostics]).toEqual([Buffer.of(0, 1, 255), Buffer.of(9), 'é\u0000x'])
    expect(found.resources.get('/p')).toMatchObject({ tracker: 'PUBLIC', path: '/p' })
    expect(found.resources.get('/p')!.size).toBeUndefined()
    expect(found.keys.get('nmToken.current')!.keyId).toBe(-5)
    expect(Buffer.from(found.keys.get('nmToken.current')!.bytes)).toEqual(Buffer.of(200, 0))
    expect(found.settings.get('rpc.port')).toBe('77')
  })

  it('changes some fields of a container and keeps the others', () => {
    const { store, reopen } = make()
    store.putContainer('c', container({ workDir: '/w' }))
    store.updateContainer('c', { progress: 'LAUNCHED' })
    store.updateContainer('c', { progress: 'COMPLETED', exitCode: 3, killed: { exitStatus: -105 } })
    expect(reopen().load().containers.get('c')).toMatchObject({ progress: 'COMPLETED', exitCode: 3, killed: { exitStatus: -105 }, workDir: '/w', startTime: 1 })
  })

  it('refuses to change a container that is not there', () => {
    expect(() => make().store.updateContainer('nobody', { exitCode: 1 })).toThrow('container nobody is not in the NodeManager')
  })

  it('forgets what is removed', () => {
    const { store, reopen } = make()
    store.putApplication('app', { user: 'u', logAggregationContext: undefined, acls: [], finished: false })
    store.putContainer('c', container())
    store.putResource('/p', { tracker: 'PUBLIC', resource: Buffer.of(), path: '/p', size: 1 })
    store.putKey('nmToken.previous', { keyId: 1, bytes: Buffer.of(1) })
    store.removeApplication('app')
    store.removeContainer('c')
    store.removeResource('/p')
    store.removeKey('nmToken.previous')
    const found = reopen().load()
    expect([found.applications.size, found.containers.size, found.resources.size, found.keys.size]).toEqual([0, 0, 0, 0])
  })

  it('answers from a copy: what is done to it changes nothing', () => {
    const { store } = make()
    ;(store.load().settings as Map<string, string>).set('x', 'y')
    expect(store.load().settings.size).toBe(0)
  })
})

describe('the SQLite store', () => {
  it('refuses a file of a newer version by name', () => {
    const dir = folder()
    new SqliteStore(dir).close()
    const db = new Database(path.join(dir, 'nm-state.db'))
    db.pragma('user_version = 99')
    db.close()
    expect(() => new SqliteStore(dir)).toThrow(/nm-state\.db was written by a newer NodeManager \(version 99/)
  })
})
