/** A namespace with valid defaults, its clock in the test's hand. */
import type { Datanode } from '../../hdfs-lite/namenode/core/block.js'
import { processReported } from '../../hdfs-lite/namenode/core/blocks.js'
import { heartbeat, register, updateStorage } from '../../hdfs-lite/namenode/core/datanodes.js'
import { setSafeMode } from '../../hdfs-lite/namenode/core/safe-mode.js'
import { type Caller, type FsConfig, type FsState, newState } from '../../hdfs-lite/namenode/core/state.js'
import { type CreateOptions, addBlock, complete, create } from '../../hdfs-lite/namenode/core/write.js'

export const ROOT: Caller = { user: 'root', groups: ['root'], isSuper: true }
export const ALICE: Caller = { user: 'alice', groups: ['users'], isSuper: false }
export const BOB: Caller = { user: 'bob', groups: ['others'], isSuper: false }

export const MODE = { masked: 0o755, unmasked: undefined }

export function fsConfig(overrides: Partial<FsConfig> = {}): FsConfig {
  return {
    blockPoolId: 'BP-1-127.0.0.1-1',
    permissionsEnabled: true,
    superUser: 'root',
    superGroup: 'supergroup',
    replication: 1,
    minReplication: 1,
    maxReplication: 512,
    blockSize: 1024,
    minBlockSize: 0,
    maxBlocksPerFile: 100,
    maxComponentLength: 255,
    maxDirectoryItems: 1048576,
    accessTimePrecision: 3600_000,
    listLimit: 1000,
    aclsEnabled: true,
    posixAclInheritance: true,
    xattrsEnabled: true,
    maxXattrSize: 16384,
    maxXattrsPerInode: 32,
    deadAfter: 10_000,
    leaseSoftLimit: 60_000,
    leaseHardLimit: 1_200_000,
    safeModeThreshold: 0.999,
    safeModeMinDatanodes: 0,
    safeModeExtension: 0,
    heartbeatInterval: 3000,
    snapshotDiffLimit: 1000,
    snapshotsPerDirectory: 100,
    hostName: 'localhost',
    paired: false,
    ...overrides,
  }
}

export function namespace(overrides: Partial<FsConfig> = {}): FsState {
  const fs = newState(fsConfig(overrides), 1000)
  setSafeMode(fs, false)
  return fs
}

/** Registers a DataNode with one disk. */
export function datanode(fs: FsState, n = 1, tick = 0, location = '/default-rack'): Datanode {
  const node = register(
    fs,
    {
      uuid: `node-${n}`,
      address: `127.0.0.${n}`,
      hostName: `host${n}`,
      xferPort: 9866,
      infoPort: 9864,
      infoSecurePort: 0,
      ipcPort: 9867,
      softwareVersion: '3.3.6',
      location,
    },
    tick,
  )
  beat(fs, node, tick)
  return node
}

export function beat(fs: FsState, node: Datanode, tick: number) {
  return heartbeat(
    fs,
    node.uuid,
    {
      storages: [
        { id: `DS-${node.uuid}`, type: 'DISK', state: 'NORMAL', failed: false, capacity: 1e12, used: 0, remaining: 1e12, blockPoolUsed: 0, nonDfsUsed: 0 },
      ],
      xceivers: 0,
      failedVolumes: 0,
    },
    tick,
  )
}

export function storageOf(node: Datanode) {
  return updateStorage(node, { id: `DS-${node.uuid}`, type: 'DISK', state: 'NORMAL' })
}

export function createOptions(overrides: Partial<CreateOptions> = {}): CreateOptions {
  return {
    mode: { masked: 0o644, unmasked: undefined },
    holder: 'client-1',
    machine: '127.0.0.1',
    create: true,
    overwrite: false,
    createParent: true,
    replication: 1,
    blockSize: 1024,
    storagePolicy: undefined,
    ...overrides,
  }
}

/** Writes a closed file with blocks of the given lengths, each reported by the nodes that got it. */
export function writeFile(fs: FsState, path: string, lengths: readonly number[] = [], options: Partial<CreateOptions> = {}, now = 1000, caller: Caller = ROOT) {
  const o = createOptions(options)
  const file = create(fs, caller, path, o, { now, tick: now })
  let previous: { poolId: string; blockId: number; generationStamp: number; numBytes: number } | undefined
  for (const length of lengths) {
    const added = addBlock(fs, caller, path, { holder: o.holder, fileId: file.id, previous, excluded: new Set(), favored: [], locality: 'near' })
    for (const t of added.targets) processReported(fs, t, { id: added.block.id, generationStamp: added.block.generationStamp, length }, 'FINALIZED')
    previous = { poolId: fs.config.blockPoolId, blockId: added.block.id, generationStamp: added.block.generationStamp, numBytes: length }
  }
  if (!complete(fs, caller, path, file.id, o.holder, previous, now)) throw new Error(`${path} could not be completed`)
  return file
}
