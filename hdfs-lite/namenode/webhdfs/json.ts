/** WebHDFS's answers as JSON (org.apache.hadoop.hdfs.web.JsonUtil). */
import type { HdfsFileStatusProtoInit, LocatedBlocksProtoInit } from '../../../common/proto/gen/client-namenode.js'
import type { DatanodeInfoProtoInit, LocatedBlockProtoInit } from '../../../common/proto/gen/hdfs.js'
import type { XAttr } from '../../../common/records/hdfs/index.js'
import type { StoragePolicy } from '../core/storage-policy.js'

const FLAG_ACL = 1
const MODE_BITS = 0o1777
const FLAG_SNAPSHOTS = 8
const decoder = new TextDecoder()
const text = (name: Uint8Array | string) => (typeof name === 'string' ? name : decoder.decode(name))

export const octal = (permission: number) => permission.toString(8)

export function fileStatus(s: HdfsFileStatusProtoInit): Record<string, unknown> {
  const flags = s.flags ?? 0
  return {
    accessTime: s.accessTime,
    ...(flags & FLAG_ACL && { aclBit: true }),
    blockSize: s.blocksize ?? 0,
    childrenNum: s.childrenNum ?? 0,
    fileId: s.fileId ?? 0,
    group: s.group,
    length: s.length,
    modificationTime: s.modificationTime,
    owner: s.owner,
    pathSuffix: text(s.path),
    permission: octal(s.permission.perm & MODE_BITS),
    replication: s.blockReplication ?? 0,
    ...(flags & FLAG_SNAPSHOTS && { snapshotEnabled: true }),
    storagePolicy: s.storagePolicy ?? 0,
    ...(s.symlink && { symlink: text(s.symlink) }),
    type: s.fileType === 'IS_DIR' ? 'DIRECTORY' : s.fileType === 'IS_FILE' ? 'FILE' : 'SYMLINK',
  }
}

/** A FileStatus under the names that Hadoop gives what is not of HDFS alone (JsonUtil.toJsonMap(FileStatus)). */
export function plainStatus(path: string, s: HdfsFileStatusProtoInit): Record<string, unknown> {
  return {
    path,
    length: s.length,
    isdir: s.fileType === 'IS_DIR',
    block_replication: s.blockReplication ?? 0,
    blocksize: s.blocksize ?? 0,
    modification_time: s.modificationTime,
    access_time: s.accessTime,
    permission: octal(s.permission.perm & MODE_BITS),
    owner: s.owner,
    group: s.group,
    ...(s.symlink && { symlink: text(s.symlink) }),
  }
}

export function datanode(d: DatanodeInfoProtoInit): Record<string, unknown> {
  const { id } = d
  return {
    adminState: d.adminState ?? 'NORMAL',
    blockPoolUsed: d.blockPoolUsed ?? 0,
    cacheCapacity: 0,
    cacheUsed: 0,
    capacity: d.capacity ?? 0,
    dfsUsed: d.dfsUsed ?? 0,
    hostName: id.hostName,
    infoPort: id.infoPort,
    infoSecurePort: id.infoSecurePort ?? 0,
    ipAddr: id.ipAddr,
    ipcPort: id.ipcPort,
    lastBlockReportMonotonic: d.lastBlockReportMonotonic ?? 0,
    lastBlockReportTime: d.lastBlockReportTime ?? 0,
    lastUpdate: d.lastUpdate ?? 0,
    lastUpdateMonotonic: d.lastUpdateMonotonic ?? 0,
    name: `${id.ipAddr}:${id.xferPort}`,
    networkLocation: d.location ?? '/default-rack',
    remaining: d.remaining ?? 0,
    storageID: id.datanodeUuid,
    xceiverCount: d.xceiverCount ?? 0,
    xferPort: id.xferPort,
  }
}

export function locatedBlock(b: LocatedBlockProtoInit): Record<string, unknown> {
  return {
    block: { blockId: b.b.blockId, blockPoolId: b.b.poolId, generationStamp: b.b.generationStamp, numBytes: b.b.numBytes ?? 0 },
    blockToken: { urlString: 'AAAAAA' },
    cachedLocations: [],
    isCorrupt: b.corrupt,
    locations: (b.locs ?? []).map(datanode),
    startOffset: b.offset,
    storageTypes: b.storageTypes ?? [],
  }
}

export function locatedBlocks(l: LocatedBlocksProtoInit): Record<string, unknown> {
  return {
    fileLength: l.fileLength,
    isLastBlockComplete: l.isLastBlockComplete,
    isUnderConstruction: l.underConstruction,
    lastLocatedBlock: l.lastBlock ? locatedBlock(l.lastBlock) : null,
    locatedBlocks: (l.blocks ?? []).map(locatedBlock),
  }
}

export function blockLocation(b: LocatedBlockProtoInit): Record<string, unknown> {
  const nodes = b.locs ?? []
  const name = (d: DatanodeInfoProtoInit) => `${d.id.ipAddr}:${d.id.xferPort}`
  return {
    topologyPaths: nodes.map((d) => `${d.location}/${name(d)}`),
    corrupt: b.corrupt,
    cachedHosts: [],
    names: nodes.map(name),
    offset: b.offset,
    hosts: nodes.map((d) => d.id.hostName),
    length: b.b.numBytes ?? 0,
    storageTypes: b.storageTypes ?? [],
  }
}

export function storagePolicy(p: StoragePolicy): Record<string, unknown> {
  return {
    copyOnCreateFile: p.name === 'LAZY_PERSIST',
    creationFallbacks: p.creationFallback,
    id: p.id,
    name: p.name,
    replicationFallbacks: p.replicationFallback,
    storageTypes: p.types,
  }
}

export type XattrEncoding = 'TEXT' | 'HEX' | 'BASE64'

export function xattrName(x: Pick<XAttr, 'namespace' | 'name'>): string {
  return `${x.namespace.toLowerCase()}.${x.name}`
}

export function xattr(x: XAttr, encoding: XattrEncoding | undefined): Record<string, unknown> {
  const bytes = Buffer.from(x.value ?? new Uint8Array(0))
  const value =
    x.value === undefined
      ? null
      : encoding === 'TEXT'
        ? `"${bytes.toString('utf8')}"`
        : encoding === 'BASE64'
          ? `0s${bytes.toString('base64')}`
          : `0x${bytes.toString('hex')}`
  return { name: xattrName(x), value }
}
