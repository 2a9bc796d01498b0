/** Where resources are read from: the store, or this machine's files. */
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { exception } from '../../common/errors.js'

export interface SourceStatus {
  /** As given: a path or URI that `status`, `list` and `open` take. */
  readonly path: string
  readonly type: 'FILE' | 'DIRECTORY' | 'SYMLINK'
  readonly length: number
  readonly modificationTime: number
  /** Octal permission bits. */
  readonly permission: number
}

export interface Source {
  status(location: string): Promise<SourceStatus>
  list(location: string): Promise<SourceStatus[]>
  open(location: string): Readable
}

/** What of a store's client is needed here. */
export interface StoreReader {
  getFileStatus(path: string): Promise<SourceStatus>
  listStatus(path: string): Promise<SourceStatus[]>
  open(path: string): Readable
}

function storeSource(client: StoreReader, uri: string): Source {
  const prefix = /^[a-z]+:\/\/[^/]*/.exec(uri)?.[0] ?? ''
  // Listings answer bare paths; they are of the same store.
  const qualify = (p: string) => (p.startsWith('/') ? prefix + p : p)
  return {
    status: async (p) => ({ ...(await client.getFileStatus(qualify(p))), path: p }),
    list: async (p) => (await client.listStatus(qualify(p))).map((s) => ({ ...s, path: `${p.replace(/\/+$/, '')}/${s.path.replace(/^.*\//, '')}` })),
    open: (p) => client.open(qualify(p)),
  }
}

const localPath = (location: string) => (location.startsWith('file:') ? fileURLToPath(location.replace(/^file:\/*/, 'file:///')) : location)

const localSource: Source = {
  async status(location) {
    try {
      const s = await stat(localPath(location))
      return {
        path: location,
        type: s.isDirectory() ? 'DIRECTORY' : 'FILE',
        length: s.size,
        modificationTime: Math.floor(s.mtimeMs),
        permission: s.mode & 0o1777,
      }
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code === 'ENOENT') throw exception('FileNotFoundException', `File ${location} does not exist`, { cause: e })
      throw e
    }
  },
  async list(location) {
    const names = await readdir(localPath(location))
    return Promise.all(names.map((n) => this.status(`${location.replace(/\/+$/, '')}/${n}`)))
  },
  open: (location) => createReadStream(localPath(location)),
}

/** Chooses by the URI's scheme. @param storeFor a client of the store that acts as this user */
export class Sources {
  constructor(private readonly storeFor: (user: string) => StoreReader) {}

  for(uri: string, user: string): Source {
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase()
    if (scheme === 'file') return localSource
    if (scheme === undefined || scheme === 'hdfs') return storeSource(this.storeFor(user), uri)
    throw exception('IOException', `No FileSystem for scheme "${scheme}" (${uri}); hdfs:// and file:// are known`)
  }
}

/** True when everybody may read it, and reach it from the root (Hadoop's FSDownload.isPublic). */
export async function isPublic(source: Source, status: SourceStatus, known: Map<string, Promise<SourceStatus>>): Promise<boolean> {
  if (!(await readableByAll(source, status))) return false
  const m = /^([a-z]+:\/\/[^/]*)?(\/.*)$/i.exec(status.path)
  const prefix = m?.[1] ?? ''
  for (let dir = path.posix.dirname(m?.[2] ?? '/'); ; dir = path.posix.dirname(dir)) {
    const location = prefix + dir
    if (!known.has(location)) known.set(location, source.status(location))
    if (((await known.get(location)!).permission & 0o1) === 0) return false
    if (dir === '/' || dir === '.') return true
  }
}

async function readableByAll(source: Source, status: SourceStatus): Promise<boolean> {
  if (status.type !== 'DIRECTORY') return (status.permission & 0o4) !== 0
  if ((status.permission & 0o5) !== 0o5) return false
  for (const child of await source.list(status.path)) if (!(await readableByAll(source, child))) return false
  return true
}
