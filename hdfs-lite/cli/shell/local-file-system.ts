/** The local file system with HDFS's notions of it. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { exception } from '../../../common/errors.js'
import type { FileStatus } from '../../client/index.js'
import { writeAll } from '../../client/local.js'
import { PathError } from './errors.js'
import type { FileSystem, Source } from './file-system.js'

const BLOCK_SIZE = 32 * 1024 * 1024
const PIECE = 64 * 1024
const { promises } = fs
/** How a file of checksums begins (ChecksumFileSystem): its version, and the bytes that each CRC covers. */
const CRC_CHUNK = 512
const CRC_HEAD = Buffer.from([0x63, 0x72, 0x63, 0, 0, 0, CRC_CHUNK >> 8, CRC_CHUNK & 255])

export function localFileSystem(): FileSystem {
  const status = async (p: string): Promise<FileStatus | undefined> => {
    try {
      return toStatus(p, await promises.stat(p))
    } catch (e) {
      if (['ENOENT', 'ENOTDIR'].includes((e as NodeJS.ErrnoException).code ?? '')) return undefined
      throw named(e, p)
    }
  }
  const list = async (p: string): Promise<FileStatus[]> => {
    const names = (await promises.readdir(p).catch((e) => Promise.reject(named(e, p)))).sort()
    // A link that leads nowhere, or a file that is just being removed.
    return (await Promise.all(names.map((n) => status(path.join(p, n))))).filter((s) => s !== undefined)
  }
  return {
    uri: 'file:',
    workingDirectory: process.cwd(),
    home: os.homedir(),
    status,
    list,
    async mkdirs(p) {
      await promises.mkdir(p, { recursive: true })
      return true
    },
    async delete(p, recursive) {
      const s = await status(p)
      if (!s) return false
      if (s.type === 'DIRECTORY' && !recursive) await promises.rmdir(p)
      else await promises.rm(p, { recursive })
      return true
    },
    async rename(from, to) {
      const target = (await status(to))?.type === 'DIRECTORY' ? path.join(to, path.basename(from)) : to
      await promises.rename(from, target)
      return true
    },
    replace: (from, to) => promises.rename(from, to),
    touch: (p) => promises.writeFile(p, ''),
    async read(p, { start = 0, end = Number.POSITIVE_INFINITY } = {}): Promise<Source> {
      const file = await promises.open(p, 'r').catch((e) => Promise.reject(named(e, p)))
      const { size } = await file.stat()
      if (start > 0 || end < size) {
        let at = start
        const next = async () => {
          const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(PIECE), 0, Math.min(PIECE, end - at), at)
          at += bytesRead
          return bytesRead > 0 ? [buffer.subarray(0, bytesRead)] : undefined
        }
        return { kind: 'buffers', next, close: () => file.close() }
      }
      return { kind: 'descriptor', fd: file.fd, size, close: () => file.close() }
    },
    async write(p, source, { overwrite, onProgress }) {
      const open = () => promises.open(p, overwrite ? 'w' : 'wx')
      const file = await open()
        .catch(async (e: NodeJS.ErrnoException) => {
          if (!['ENOENT', 'ENOTDIR'].includes(e.code!)) throw e
          await makeParents(p)
          return open()
        })
        .catch((e) => Promise.reject(named(e, p)))
      try {
        let done = 0
        for await (const batch of buffersOf(source)) {
          await writeAll(file.fd, batch)
          for (const b of batch) done += b.length
          onProgress?.(done)
        }
      } finally {
        await file.close()
      }
    },
    async writeChecksums(p) {
      const { crcOf } = await import('../../client/transfer/checksum.js')
      const crc = crcOf('CHECKSUM_CRC32')
      const sums: Buffer[] = [CRC_HEAD]
      const file = await promises.open(p)
      try {
        const chunk = Buffer.alloc(CRC_CHUNK * 128)
        for (let n = (await file.read(chunk)).bytesRead; n > 0; n = (await file.read(chunk)).bytesRead) {
          const of = Buffer.alloc(4 * Math.ceil(n / CRC_CHUNK))
          for (let at = 0, i = 0; at < n; at += CRC_CHUNK, i += 4) of.writeUInt32BE(crc(chunk, at, Math.min(n, at + CRC_CHUNK)), i)
          sums.push(of)
        }
      } finally {
        await file.close()
      }
      await promises.writeFile(path.join(path.dirname(p), `.${path.basename(p)}.crc`), Buffer.concat(sums))
    },
    setPermission: (p, mode) => promises.chmod(p, mode),
    async setOwner(p, owner, group) {
      const { uid, gid } = await promises.stat(p)
      await promises.chown(
        p,
        owner === undefined ? uid : idOf(accounts('passwd'), owner, 'user', `${owner}:${group ?? ''}`),
        group === undefined ? gid : idOf(accounts('group'), group, 'group', `${owner ?? ''}:${group}`),
      )
    },
    async setTimes(p, modification, access) {
      const s = await promises.stat(p)
      await promises.utimes(p, access < 0 ? s.atimeMs / 1000 : access / 1000, modification < 0 ? s.mtimeMs / 1000 : modification / 1000)
    },
    async contentSummary(p) {
      const s = await status(p)
      if (!s) throw new PathError('notFound', p)
      const sum = { length: 0, fileCount: 0, directoryCount: 0 }
      const add = async (f: FileStatus): Promise<void> => {
        if (f.type === 'DIRECTORY') {
          sum.directoryCount++
          for (const child of await list(f.path)) await add(child)
        } else {
          sum.fileCount++
          sum.length += f.length
        }
      }
      await add(s)
      return { ...sum, spaceConsumed: sum.length, quota: -1, spaceQuota: -1 }
    },
    async mayAccess(p, permission) {
      return promises.access(p, permission).then(
        () => true,
        () => false,
      )
    },
    async capacity() {
      const s = await promises.statfs('/')
      const capacity = s.blocks * s.bsize
      const remaining = s.bavail * s.bsize
      return { capacity, used: capacity - remaining, remaining }
    },
  }
}

async function makeParents(p: string): Promise<void> {
  for (let at = path.dirname(p); at !== '/'; at = path.dirname(at)) {
    const s = await promises.stat(at).catch(() => undefined)
    if (s && !s.isDirectory()) throw exception('IOException', `Destination exists and is not a directory: ${at}`)
  }
  await promises.mkdir(path.dirname(p), { recursive: true })
}

/** A source's buffers; those of a descriptor are used again after each turn. */
export async function* buffersOf(source: Source): AsyncGenerator<Buffer[]> {
  if (source.kind === 'buffers') {
    for (let batch = await source.next(); batch; batch = await source.next()) yield batch
    return
  }
  const buffer = Buffer.allocUnsafeSlow(1024 * 1024)
  for (;;) {
    const n = await new Promise<number>((resolve, reject) => fs.read(source.fd, buffer, 0, buffer.length, null, (e, k) => (e ? reject(e) : resolve(k))))
    if (n === 0) return
    yield [buffer.subarray(0, n)]
  }
}

function toStatus(p: string, s: fs.Stats): FileStatus {
  return {
    path: p,
    type: s.isDirectory() ? 'DIRECTORY' : 'FILE',
    length: s.size,
    replication: 1,
    blockSize: BLOCK_SIZE,
    modificationTime: Math.floor(s.mtimeMs),
    accessTime: Math.floor(s.atimeMs),
    permission: s.mode & 0o1777,
    owner: nameOf(accounts('passwd'), s.uid),
    group: nameOf(accounts('group'), s.gid),
    fileId: s.ino,
    hasAcl: false,
    encrypted: false,
    erasureCoded: false,
    symlink: undefined,
    storagePolicy: 0,
  }
}

const known = new Map<string, Map<string, number>>()

/** Names and numbers of /etc/passwd or /etc/group. */
function accounts(file: 'passwd' | 'group'): Map<string, number> {
  let map = known.get(file)
  if (!map) {
    const text = fs.existsSync(`/etc/${file}`) ? fs.readFileSync(`/etc/${file}`, 'utf8') : ''
    const rows = text.split('\n').map((line) => line.split(':'))
    map = new Map(rows.flatMap(([name, , id]) => (name && id ? [[name, Number(id)] as const] : [])))
    known.set(file, map)
  }
  return map
}

function nameOf(map: Map<string, number>, id: number): string {
  for (const [name, number] of map) if (number === id) return name
  return String(id)
}

function idOf(map: Map<string, number>, name: string, what: string, spec: string): number {
  const id = map.get(name) ?? (/^\d+$/.test(name) ? Number(name) : undefined)
  if (id === undefined) throw exception('IOException', `chown: invalid ${what}: \u2018${spec}\u2019`)
  return id
}

/** What the system said, in the words that Java has for it. */
function named(e: unknown, p: string): Error {
  const { code } = e as NodeJS.ErrnoException
  if (code === 'ENOENT') return new PathError('notFound', p)
  if (code === 'EEXIST') return new PathError('exists', p)
  if (code === 'EISDIR') return new PathError('isDirectory', p)
  if (code === 'EACCES') return Object.assign(new Error(`${p} (Permission denied)`), { code, syscall: 'open' })
  return e as Error
}
