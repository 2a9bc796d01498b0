/** One storage folder. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, statfsSync } from 'node:fs'
import path from 'node:path'
import type { StorageTypeProto } from '../../../common/proto/gen/hdfs.js'
import { type DiskTrust, diskTrust } from '../../disk-trust.js'
import { readVersion, writeVersion } from './layout.js'

export interface Volume {
  readonly dir: string
  readonly storageId: string
  readonly type: StorageTypeProto
  readonly reserved: number
  /** Bytes of blocks and their meta files. */
  used: number
  failed: boolean
  /** Of writes that the system's cache takes. */
  readonly trust: DiskTrust
}

/** When the cache is full it lets writers wait for the disk. */
const CACHED_MILLIS = { quick: 2, slow: 10 }

export interface Space {
  readonly capacity: number
  readonly used: number
  readonly remaining: number
  readonly nonDfsUsed: number
}

/** Opens a folder; a new one is given an id. @throws Error naming the folder when it can't be used */
export function openVolume(text: string, dir: string, reserved: number): Volume {
  const type = (/^\[([A-Z_]+)\]/.exec(text.trim())?.[1] ?? 'DISK') as StorageTypeProto
  const current = path.join(dir, 'current')
  try {
    mkdirSync(current, { recursive: true, mode: 0o700 })
  } catch (e) {
    throw new Error(`dfs.datanode.data.dir: ${dir} can't be used: ${(e as Error).message}`)
  }
  const storageId = readVersion(current)?.get('storageID') ?? `DS-${randomUUID()}`
  return { dir, storageId, type, reserved, used: 0, failed: false, trust: diskTrust(CACHED_MILLIS) }
}

/** Notes to which file system the folder belongs. @throws Error when it belongs to another one */
export function bindVolume(
  v: Volume,
  owner: { clusterId: string; namespaceId: number; blockPoolId: string; creationTime: number; datanodeUuid: string },
): void {
  const current = path.join(v.dir, 'current')
  const old = readVersion(current)
  const cluster = old?.get('clusterID')
  if (cluster !== undefined && cluster !== owner.clusterId)
    throw new Error(`Incompatible clusterIDs in ${v.dir}: namenode clusterID = ${owner.clusterId}; datanode clusterID = ${cluster}`)
  if (cluster === undefined)
    writeVersion(current, { storageID: v.storageId, clusterID: owner.clusterId, cTime: 0, datanodeUuid: owner.datanodeUuid, storageType: 'DATA_NODE' })
  const pool = path.join(current, owner.blockPoolId, 'current')
  for (const d of ['finalized', 'rbw']) mkdirSync(path.join(pool, d), { recursive: true })
  mkdirSync(path.join(current, owner.blockPoolId, 'tmp'), { recursive: true })
  if (!readVersion(pool)) writeVersion(pool, { namespaceID: owner.namespaceId, cTime: owner.creationTime, blockpoolID: owner.blockPoolId })
}

export function spaceOf(v: Volume): Space {
  const s = statfsSync(v.dir)
  const capacity = Math.max(0, s.blocks * s.bsize - v.reserved)
  const free = Math.max(0, s.bavail * s.bsize - v.reserved)
  return { capacity, used: v.used, remaining: free, nonDfsUsed: Math.max(0, (s.blocks - s.bfree) * s.bsize - v.used) }
}
