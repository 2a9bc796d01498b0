/** The replicas of one block pool: found at the start, made, finalized, deleted (FsDatasetImpl). */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { exception } from '../../../common/errors.js'
import { type BlockFiles, filePool } from './block-files.js'
import { type Checksum, META_HEADER, checksumsOf, chunkCount, lengthWithChecksum, metaHeader, parseMetaHeader } from './checksum.js'
import { blockFile, metaFile, subdirOf } from './layout.js'
import type { Replica } from './replica.js'
import { type Volume, spaceOf } from './volume.js'

export interface BlockId {
  readonly id: number
  readonly generationStamp: number
}

export interface BlockStore {
  readonly poolId: string
  readonly volumes: readonly Volume[]
  readonly replicas: ReadonlyMap<number, Replica>
  /** @throws ReplicaNotFoundException */
  get(block: BlockId): Replica
  /** A replica that a client writes into. @throws when it exists, or no volume has room for `expected` bytes */
  create(block: BlockId, expected: number, checksum: Checksum, temporary: boolean): Replica
  /** Makes a replica's name and generation stamp final. */
  finalize(replica: Replica): void
  /** Finalized back to being written (append). */
  reopen(replica: Replica, generationStamp: number): void
  restamp(replica: Replica, generationStamp: number): void
  /** Cuts to `length` bytes, with the last checksum made anew. */
  truncate(replica: Replica, length: number): void
  /** A finalized replica of another block that begins as this one does. */
  copy(replica: Replica, to: BlockId, length: number): Replica
  remove(replica: Replica): void
  dataPath(replica: Replica): string
  metaPath(replica: Replica): string
  checksumOf(replica: Replica): Checksum
  /** A way to its files, to be closed. Of a replica that was just created, its first writer takes over the open ones. */
  files(replica: Replica, flags: 'r' | 'r+'): BlockFiles
}

const notFound = (poolId: string, b: BlockId) => exception('ReplicaNotFoundException', `Replica not found for ${poolId}:blk_${b.id}_${b.generationStamp}`)

/** @param openFiles replicas whose files may be open at the same time */
export function openBlockStore(poolId: string, volumes: readonly Volume[], log: (problem: string) => void, openFiles: number): BlockStore {
  const pool = filePool(openFiles)
  const replicas = new Map<number, Replica>()
  /** Those that exist. */
  const folders = new Set<string>()
  const poolDir = (v: Volume) => path.join(v.dir, 'current', poolId)
  const dataPath = (r: Replica) => path.join(r.dir, blockFile(r.id))
  const metaPath = (r: Replica) => path.join(r.dir, metaFile(r.id, r.generationStamp))
  const metaBytes = (r: Replica) => META_HEADER + (r.checksum ? chunkCount(r.length, r.checksum) * r.checksum.size : 0)

  function adopt(volume: Volume, dir: string, id: number, generationStamp: number, state: 'FINALIZED' | 'RWR'): void {
    const data = path.join(dir, blockFile(id))
    let length: number
    try {
      length = statSync(data).size
    } catch {
      log(`${data} is missing: its meta file is removed`)
      rmSync(path.join(dir, metaFile(id, generationStamp)), { force: true })
      return
    }
    const replica: Replica = { id, generationStamp, state, length, visible: length, volume, dir, checksum: undefined, stopWriter: undefined, recoveryId: 0 }
    const known = replicas.get(id)
    if (known && (known.generationStamp > generationStamp || (known.generationStamp === generationStamp && known.length >= length))) {
      log(`${data} is an older copy of ${dataPath(known)}: it is removed`)
      rmSync(data, { force: true })
      rmSync(metaPath(replica), { force: true })
      return
    }
    if (state === 'RWR') {
      // What was torn by the crash is cut off: only bytes that match their checksums count.
      try {
        replica.length = soundLength(replica)
        replica.visible = replica.length
        if (replica.length < length) store.truncate({ ...replica, length }, replica.length)
      } catch (e) {
        log(`${data} has no usable meta file (${(e as Error).message}): it is taken as empty`)
        replica.length = 0
        replica.visible = 0
      }
    }
    replicas.set(id, replica)
    if (state === 'FINALIZED') volume.used += replica.length + metaBytes(replica)
  }

  /** Bytes from the start whose checksums are right. */
  function soundLength(r: Replica): number {
    const meta = readFileSync(metaPath(r))
    const c = parseMetaHeader(meta)
    r.checksum = c
    const sums = Math.floor((meta.length - META_HEADER) / Math.max(1, c.size))
    const covered = c.size === 0 ? r.length : Math.min(r.length, sums * c.bytesPerChunk)
    if (c.size === 0 || covered === 0) return covered
    // All but the last chunk were whole before the last one was begun.
    const lastStart = Math.floor((covered - 1) / c.bytesPerChunk) * c.bytesPerChunk
    const chunk = Buffer.alloc(covered - lastStart)
    const fd = openSync(dataPath(r), 'r')
    try {
      readSync(fd, chunk, 0, chunk.length, lastStart)
    } finally {
      closeSync(fd)
    }
    const sum = meta.readUInt32BE(META_HEADER + (lastStart / c.bytesPerChunk) * 4)
    // Data is written before its checksum: a chunk that was being continued has more than its checksum is of.
    return lastStart + lengthWithChecksum(c, chunk, sum)
  }

  function choose(expected: number): Volume {
    let best: Volume | undefined
    let most = -1
    for (const v of volumes) {
      if (v.failed) continue
      const free = spaceOf(v).remaining
      if (free > most) {
        most = free
        best = v
      }
    }
    if (!best || most < expected)
      throw exception(
        'DiskOutOfSpaceException',
        `Out of space: The volume with the most available space (=${Math.max(0, most)} B) is less than the block size (=${expected} B).`,
      )
    return best
  }

  function moveFiles(r: Replica, dir: string, generationStamp: number): void {
    const [data, meta] = [dataPath(r), metaPath(r)]
    if (!folders.has(dir)) {
      mkdirSync(dir, { recursive: true })
      folders.add(dir)
    }
    // The meta file first: a block file with no meta file of its own would be taken as sound.
    const newMeta = path.join(dir, metaFile(r.id, generationStamp))
    if (meta !== newMeta) renameSync(meta, newMeta)
    const newData = path.join(dir, blockFile(r.id))
    if (data !== newData) renameSync(data, newData)
    r.dir = dir
    r.generationStamp = generationStamp
  }

  const store: BlockStore = {
    poolId,
    volumes,
    replicas,
    get(block) {
      const r = replicas.get(block.id)
      if (!r) throw notFound(poolId, block)
      return r
    },
    create(block, expected, checksum, temporary) {
      const old = replicas.get(block.id)
      if (old) {
        if (!temporary && old.state === 'TEMPORARY') store.remove(old)
        else
          throw exception(
            'ReplicaAlreadyExistsException',
            `Block ${poolId}:blk_${block.id}_${block.generationStamp} already exists in state ${old.state} and thus cannot be created.`,
          )
      }
      const volume = choose(expected)
      const dir = temporary ? path.join(poolDir(volume), 'tmp') : path.join(poolDir(volume), 'current', 'rbw')
      const replica: Replica = {
        id: block.id,
        generationStamp: block.generationStamp,
        state: temporary ? 'TEMPORARY' : 'RBW',
        length: 0,
        visible: 0,
        volume,
        dir,
        checksum,
        stopWriter: undefined,
        recoveryId: 0,
      }
      const data = openSync(dataPath(replica), 'w+')
      try {
        const meta = openSync(metaPath(replica), 'w+')
        replica.files = { data, meta }
        writeSync(meta, metaHeader(checksum))
      } catch (e) {
        closeSync(data)
        if (replica.files) closeSync(replica.files.meta)
        throw e
      }
      replicas.set(block.id, replica)
      return replica
    },
    finalize(r) {
      if (r.state === 'FINALIZED') return
      moveFiles(r, path.join(poolDir(r.volume), 'current', 'finalized', subdirOf(r.id)), r.generationStamp)
      r.state = 'FINALIZED'
      r.visible = r.length
      r.volume.used += r.length + metaBytes(r)
    },
    reopen(r, generationStamp) {
      if (r.state === 'FINALIZED') r.volume.used -= r.length + metaBytes(r)
      moveFiles(r, path.join(poolDir(r.volume), 'current', 'rbw'), generationStamp)
      r.state = 'RBW'
    },
    restamp(r, generationStamp) {
      moveFiles(r, r.dir, generationStamp)
    },
    truncate(r, length) {
      const c = store.checksumOf(r)
      truncateSync(dataPath(r), length)
      const whole = Math.floor(length / c.bytesPerChunk)
      const meta = metaPath(r)
      truncateSync(meta, META_HEADER + whole * c.size)
      const rest = length - whole * c.bytesPerChunk
      if (rest > 0 && c.size > 0) {
        const chunk = Buffer.alloc(rest)
        const fd = openSync(dataPath(r), 'r')
        try {
          readSync(fd, chunk, 0, rest, whole * c.bytesPerChunk)
        } finally {
          closeSync(fd)
        }
        writeFileSync(meta, checksumsOf(c, chunk), { flag: 'a' })
      }
      r.length = length
      r.visible = Math.min(r.visible, length)
    },
    copy(r, to, length) {
      const dir = path.join(poolDir(r.volume), 'current', 'rbw')
      const made: Replica = { ...r, ...to, state: 'RBW', dir, stopWriter: undefined, recoveryId: 0 }
      copyFileSync(dataPath(r), dataPath(made))
      copyFileSync(metaPath(r), metaPath(made))
      if (length < made.length) store.truncate(made, length)
      replicas.set(made.id, made)
      store.finalize(made)
      return made
    },
    remove(r) {
      if (replicas.get(r.id) === r) replicas.delete(r.id)
      if (r.state === 'FINALIZED') r.volume.used -= r.length + metaBytes(r)
      rmSync(dataPath(r), { force: true })
      rmSync(metaPath(r), { force: true })
    },
    dataPath,
    metaPath,
    checksumOf(r) {
      if (!r.checksum) {
        const fd = openSync(metaPath(r), 'r')
        try {
          const head = Buffer.alloc(META_HEADER)
          readSync(fd, head, 0, META_HEADER, 0)
          r.checksum = parseMetaHeader(head)
        } finally {
          closeSync(fd)
        }
      }
      return r.checksum
    },
    files(r, flags) {
      const opened = flags === 'r+' ? r.files : undefined
      if (opened) r.files = undefined
      return pool.files(() => ({ data: dataPath(r), meta: metaPath(r) }), flags, opened)
    },
  }
  for (const v of volumes) {
    scan(path.join(poolDir(v), 'current', 'finalized'), (dir, id, gs) => adopt(v, dir, id, gs, 'FINALIZED'))
    scan(path.join(poolDir(v), 'current', 'rbw'), (dir, id, gs) => adopt(v, dir, id, gs, 'RWR'))
    // Copies that were under way are made again.
    rmSync(path.join(poolDir(v), 'tmp'), { recursive: true, force: true })
    mkdirSync(path.join(poolDir(v), 'tmp'), { recursive: true })
  }
  return store
}

/** Finds meta files below a folder. */
function scan(dir: string, found: (dir: string, id: number, generationStamp: number) => void): void {
  if (!existsSync(dir)) return
  for (const e of readdirSync(dir, { withFileTypes: true })) {
    if (e.isDirectory()) scan(path.join(dir, e.name), found)
    else {
      const m = /^blk_(-?\d+)_(\d+)\.meta$/.exec(e.name)
      if (m) found(dir, Number(m[1]), Number(m[2]))
    }
  }
}
