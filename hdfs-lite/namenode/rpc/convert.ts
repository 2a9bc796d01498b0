/** The core's answers as protocol messages. */
import type { DatanodeInfoProtoInit, ExtendedBlockProtoInit, LocatedBlockProtoInit, StorageTypeProto } from '../../../common/proto/gen/hdfs.js'
import type { HdfsFileStatusProtoInit, LocatedBlocksProtoInit } from '../../../common/proto/gen/client-namenode.js'
import type { ExtendedBlockProto } from '../../../common/proto/gen/hdfs.js'
import type { Block, Datanode, Storage } from '../core/block.js'
import { childrenAt, attributesAt, fileAt } from '../core/snapshot-read.js'
import { type LocatedBlockView, type LocatedBlocksView, type StatusView, locate } from '../core/status.js'
import type { BlockRef } from '../core/open-file.js'

export const EMPTY_TOKEN = { identifier: new Uint8Array(0), password: new Uint8Array(0), kind: '', service: '' }
const FLAG_ACL = 1
const FLAG_SNAPSHOTS = 8
/** Clients of Hadoop 2 see by this bit of the permission that there is an ACL (FsPermissionExtension). */
const PERMISSION_ACL_BIT = 0o10000

const NO_BYTES = new Uint8Array(0)

export function blockRef(b: ExtendedBlockProto): BlockRef {
  return { poolId: b.poolId, blockId: b.blockId, generationStamp: b.generationStamp, numBytes: b.numBytes }
}

export function extendedBlock(poolId: string, block: Pick<Block, 'id' | 'generationStamp'>, numBytes: number): ExtendedBlockProtoInit {
  return { poolId, blockId: block.id, generationStamp: block.generationStamp, numBytes }
}

export function statusProto(poolId: string, v: StatusView, needLocation = false): HdfsFileStatusProtoInit {
  const { inode, snapshotId } = v
  const at = attributesAt(inode, snapshotId)
  const dir = inode.kind === 'directory'
  const acl = at.features?.acl !== undefined || at.features?.defaultAcl !== undefined
  return {
    fileType: dir ? 'IS_DIR' : inode.kind === 'file' ? 'IS_FILE' : 'IS_SYMLINK',
    path: v.name,
    length: v.length,
    permission: { perm: acl ? at.permission | PERMISSION_ACL_BIT : at.permission },
    owner: at.owner,
    group: at.group,
    modificationTime: at.mtime,
    accessTime: at.atime,
    symlink: inode.kind === 'symlink' ? inode.target : undefined,
    blockReplication: inode.kind === 'file' ? fileAt(inode, snapshotId).replication : 0,
    blocksize: inode.kind === 'file' ? inode.blockSize : 0,
    locations: needLocation && inode.kind === 'file' ? locatedBlocksProto(poolId, locate(inode, snapshotId, 0, Number.MAX_SAFE_INTEGER)) : undefined,
    fileId: inode.id,
    childrenNum: dir ? childrenAt(inode, v.childrenNow ? undefined : snapshotId).children.length : 0,
    storagePolicy: v.storagePolicy,
    flags: (acl ? FLAG_ACL : 0) | (dir && at.features?.snapshottable ? FLAG_SNAPSHOTS : 0),
  }
}

/** `.reserved` and `.snapshot`: directories that nobody made. */
export function virtualStatus(superGroup: string, superUser: string, kind: 'reserved' | 'snapshots'): HdfsFileStatusProtoInit {
  return {
    fileType: 'IS_DIR',
    path: NO_BYTES,
    length: 0,
    permission: { perm: kind === 'reserved' ? 0o770 : 0 },
    owner: kind === 'reserved' ? superUser : '',
    group: kind === 'reserved' ? superGroup : '',
    modificationTime: 0,
    accessTime: 0,
    blockReplication: 0,
    blocksize: 0,
    fileId: 0,
    childrenNum: 0,
    storagePolicy: 0,
    flags: 0,
  }
}

/** Wall clock for a monotonic time of the core's. */
function wall(tick: number): number {
  return Math.max(0, Math.round(Date.now() - (performance.now() - tick)))
}

export function datanodeInfo(node: Datanode): DatanodeInfoProtoInit {
  let capacity = 0
  let used = 0
  let remaining = 0
  let pool = 0
  let nonDfs = 0
  let blocks = 0
  for (const s of node.storages.values()) {
    capacity += s.capacity
    used += s.used
    remaining += s.remaining
    pool += s.blockPoolUsed
    nonDfs += s.nonDfsUsed
    blocks += s.blockCount
  }
  return {
    id: datanodeId(node),
    capacity,
    dfsUsed: used,
    remaining,
    blockPoolUsed: pool,
    lastUpdate: wall(node.lastHeartbeat),
    xceiverCount: node.xceivers,
    location: node.location,
    nonDfsUsed: nonDfs,
    adminState: node.adminState,
    cacheCapacity: 0,
    cacheUsed: 0,
    lastUpdateMonotonic: Math.round(node.lastHeartbeat),
    lastBlockReportTime: node.lastBlockReport === 0 ? 0 : wall(node.lastBlockReport),
    lastBlockReportMonotonic: Math.round(node.lastBlockReport),
    numBlocks: blocks,
  }
}

export function datanodeId(node: Datanode) {
  return {
    ipAddr: node.address,
    hostName: node.hostName,
    datanodeUuid: node.uuid,
    xferPort: node.xferPort,
    infoPort: node.infoPort,
    ipcPort: node.ipcPort,
    infoSecurePort: node.infoSecurePort,
  }
}

export function locatedBlockOf(
  poolId: string,
  block: Block,
  offset: number,
  length: number,
  storages: readonly Storage[],
  corrupt = false,
): LocatedBlockProtoInit {
  return {
    b: extendedBlock(poolId, block, length),
    offset,
    locs: storages.map((s) => datanodeInfo(s.node)),
    corrupt,
    blockToken: EMPTY_TOKEN,
    isCached: storages.map(() => false),
    storageTypes: storages.map((s) => s.type as StorageTypeProto),
    storageIDs: storages.map((s) => s.id),
  }
}

export function locatedBlockProto(poolId: string, v: LocatedBlockView): LocatedBlockProtoInit {
  return locatedBlockOf(poolId, v.block, v.offset, v.length, v.storages, v.corrupt)
}

export function locatedBlocksProto(poolId: string, v: LocatedBlocksView): LocatedBlocksProtoInit {
  return {
    fileLength: v.fileLength,
    blocks: v.blocks.map((b) => locatedBlockProto(poolId, b)),
    underConstruction: v.underConstruction,
    lastBlock: v.last && locatedBlockProto(poolId, v.last),
    isLastBlockComplete: v.lastComplete,
  }
}
