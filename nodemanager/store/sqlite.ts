/**
 * The recovery store: one table of named entries. WAL with synchronous=NORMAL, as losing the machine loses the
 * containers too; what must survive is only the death of this process.
 */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import type { MasterKey } from '../../common/security/tokens.js'
import { MemoryStore } from './memory.js'
import type { KeyName, NodeStore, StoreContents, StoredApplication, StoredContainer, StoredResource } from './store.js'

const SCHEMA_VERSION = 1
type Kind = 'application' | 'container' | 'resource' | 'key' | 'setting'

const BYTES = '\u0000bytes:'
/** Buffers say what they are themselves (toJSON) before a replacer sees them: it looks at the holder. */
function bytesAsText(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const held = this[key]
  return held instanceof Uint8Array ? BYTES + Buffer.from(held).toString('base64') : value
}
const encode = (value: unknown) => JSON.stringify(value, bytesAsText)
const decode = (text: string) => JSON.parse(text, (_k, v) => (typeof v === 'string' && v.startsWith(BYTES) ? Buffer.from(v.slice(BYTES.length), 'base64') : v))

export class SqliteStore implements NodeStore {
  readonly recovers = true
  readonly #db: Database.Database
  readonly #put: Database.Statement<[Kind, string, string]>
  readonly #remove: Database.Statement<[Kind, string]>
  /** What is stored, so that a change of some fields needs no read. */
  readonly #twin = new MemoryStore(true)

  /** @param dir is made when it is not there. @throws Error for a store of another version */
  constructor(dir: string) {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const file = path.join(dir, 'nm-state.db')
    this.#db = new Database(file)
    this.#db.pragma('journal_mode = WAL')
    this.#db.pragma('synchronous = NORMAL')
    const version = this.#db.pragma('user_version', { simple: true }) as number
    if (version > SCHEMA_VERSION)
      throw new Error(`${file} was written by a newer NodeManager (version ${version}, here ${SCHEMA_VERSION}); remove it to start afresh`)
    this.#db.exec('CREATE TABLE IF NOT EXISTS entries (kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID')
    this.#db.pragma(`user_version = ${SCHEMA_VERSION}`)
    this.#put = this.#db.prepare('INSERT OR REPLACE INTO entries (kind, id, value) VALUES (?, ?, ?)')
    this.#remove = this.#db.prepare('DELETE FROM entries WHERE kind = ? AND id = ?')
    for (const row of this.#db.prepare('SELECT kind, id, value FROM entries').all() as { kind: Kind; id: string; value: string }[]) {
      const value = decode(row.value)
      if (row.kind === 'application') this.#twin.putApplication(row.id, value)
      if (row.kind === 'container') this.#twin.putContainer(row.id, value)
      if (row.kind === 'resource') this.#twin.putResource(row.id, value)
      if (row.kind === 'key') this.#twin.putKey(row.id as KeyName, value)
      if (row.kind === 'setting') this.#twin.putSetting(row.id, value)
    }
  }

  load(): StoreContents {
    return this.#twin.load()
  }

  #set(kind: Kind, id: string, value: unknown): void {
    this.#put.run(kind, id, encode(value))
  }

  putApplication(id: string, application: StoredApplication): void {
    this.#twin.putApplication(id, application)
    this.#set('application', id, application)
  }

  removeApplication(id: string): void {
    this.#twin.removeApplication(id)
    this.#remove.run('application', id)
  }

  putContainer(id: string, container: StoredContainer): void {
    this.#twin.putContainer(id, container)
    this.#set('container', id, container)
  }

  updateContainer(id: string, changes: Partial<StoredContainer>): void {
    this.#twin.updateContainer(id, changes)
    this.#set('container', id, this.#twin.container(id))
  }

  removeContainer(id: string): void {
    this.#twin.removeContainer(id)
    this.#remove.run('container', id)
  }

  putResource(path: string, resource: StoredResource): void {
    this.#twin.putResource(path, resource)
    this.#set('resource', path, resource)
  }

  removeResource(path: string): void {
    this.#twin.removeResource(path)
    this.#remove.run('resource', path)
  }

  putKey(name: KeyName, key: MasterKey): void {
    this.#twin.putKey(name, key)
    this.#set('key', name, key)
  }

  removeKey(name: KeyName): void {
    this.#twin.removeKey(name)
    this.#remove.run('key', name)
  }

  putSetting(name: string, value: string): void {
    this.#twin.putSetting(name, value)
    this.#set('setting', name, value)
  }

  close(): void {
    this.#db.close()
  }
}
