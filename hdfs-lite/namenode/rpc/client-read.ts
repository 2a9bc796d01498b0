/** ClientProtocol: calls that change nothing. */
import { core } from '../../../common/config/keys/core.js'
import { hdfs } from '../../../common/config/keys/hdfs.js'
import { exception } from '../../../common/errors.js'
import type { DatanodeReportTypeProto, HdfsFileStatusProtoInit } from '../../../common/proto/gen/client-namenode.js'
import type { ChecksumTypeProto, StorageTypeProto } from '../../../common/proto/gen/hdfs.js'
import type { ClientProtocol } from '../../../common/protocols/client-namenode.js'
import type { CallContext, Handlers } from '../../../common/rpc/protocol.js'
import type { Datanode } from '../core/block.js'
import { corruptFileBlocks } from '../core/corrupt.js'
import { pathOf } from '../core/inode.js'
import { checkSuperuser } from '../core/permission.js'
import {
  type TypeUsage,
  type StatusView,
  type VirtualDirectory,
  checkAccess,
  getBlockLocations,
  getContentSummary,
  getFileInfo,
  getListing,
  getQuotaUsage,
  getStoragePolicy,
  isFileClosed,
  preferredBlockSize,
} from '../core/status.js'
import { DEFAULT_POLICY, STORAGE_POLICIES, type StoragePolicy } from '../core/storage-policy.js'
import { resolve, lastOf } from '../core/path.js'
import type { Namesystem } from '../namesystem.js'
import { datanodeInfo, locatedBlocksProto, statusProto, virtualStatus } from './convert.js'
import type { HaState } from './ha-state.js'
import { fsStats } from './statistics.js'

const ACTION_NUMBERS = { NONE: 0, EXECUTE: 1, WRITE: 2, WRITE_EXECUTE: 3, READ: 4, READ_EXECUTE: 5, READ_WRITE: 6, PERM_ALL: 7 } as const
const decoder = new TextDecoder()

const typeQuotaInfos = (types: readonly TypeUsage[]) => (types.length > 0 ? { typeQuotaInfo: types } : undefined)

export function policyProto(p: StoragePolicy) {
  const types = (t: readonly string[]) => ({ storageTypes: t as StorageTypeProto[] })
  return {
    policyId: p.id,
    name: p.name,
    creationPolicy: types(p.types),
    creationFallbackPolicy: types(p.creationFallback),
    replicationFallbackPolicy: types(p.replicationFallback),
  }
}

export function nodesOfType(ns: Namesystem, type: DatanodeReportTypeProto): Datanode[] {
  const all = [...ns.fs.datanodes.values()].sort((a, b) => (a.uuid < b.uuid ? -1 : 1))
  switch (type) {
    case 'ALL':
      return all
    case 'LIVE':
      return all.filter((d) => d.alive)
    case 'DEAD':
      return all.filter((d) => !d.alive)
    case 'DECOMMISSIONING':
      return all.filter((d) => d.alive && d.adminState === 'DECOMMISSION_INPROGRESS')
    case 'ENTERING_MAINTENANCE':
    case 'IN_MAINTENANCE':
      return all.filter((d) => d.adminState === type)
  }
}

export function clientReadHandlers(ns: Namesystem, ha: HaState): Handlers<ClientProtocol> {
  const { fs, conf } = ns
  const pool = ns.identity.blockPoolId
  const caller = (call: CallContext) => ns.caller(call.user)
  const shown = (v: StatusView | VirtualDirectory | undefined, needLocation = false): HdfsFileStatusProtoInit | undefined =>
    v === undefined ? undefined : typeof v === 'string' ? virtualStatus(fs.config.superGroup, fs.config.superUser, v) : statusProto(pool, v, needLocation)
  return {
    getServerDefaults: () => ({
      serverDefaults: {
        blockSize: fs.config.blockSize,
        bytesPerChecksum: conf.get(hdfs.bytesPerChecksum),
        writePacketSize: conf.get(hdfs.clientWritePacketSize),
        replication: fs.config.replication,
        fileBufferSize: conf.get(core.ioFileBufferSize),
        encryptDataTransfer: false,
        trashInterval: conf.get(core.trashInterval),
        checksumType: `CHECKSUM_${conf.get(hdfs.checksumType)}` as ChecksumTypeProto,
        keyProviderUri: '',
        policyId: DEFAULT_POLICY.id,
      },
    }),
    getFileInfo: (q, call) => ({ fs: shown(getFileInfo(fs, caller(call), q.src, true)) }),
    getFileLinkInfo: (q, call) => ({ fs: shown(getFileInfo(fs, caller(call), q.src, false)) }),
    getLocatedFileInfo: (q, call) => ({ fs: shown(getFileInfo(fs, caller(call), q.src ?? '/', true), true) }),
    getListing(q, call) {
      const listing = getListing(fs, caller(call), q.src, decoder.decode(q.startAfter))
      return { dirList: listing && { partialListing: listing.entries.map((e) => statusProto(pool, e, q.needLocation)), remainingEntries: listing.remaining } }
    },
    getBatchedListing(q, call) {
      const listings = q.paths.map((p, parentIdx) => {
        try {
          const l = getListing(fs, caller(call), p, decoder.decode(q.startAfter))
          if (!l) throw exception('FileNotFoundException', `File ${p} does not exist`)
          return { partialListing: l.entries.map((e) => statusProto(pool, e, q.needLocation)), parentIdx }
        } catch (e) {
          const { className, message } = e as { className?: string; message: string }
          if (className === undefined) throw e
          return { parentIdx, exception: { className, message } }
        }
      })
      return { listings, hasMore: false, startAfter: new Uint8Array(0) }
    },
    getBlockLocations: (q, call) =>
      ns.read(() => ({ locations: locatedBlocksProto(pool, getBlockLocations(fs, caller(call), q.src, q.offset, q.length, Date.now())) })),
    getContentSummary(q, call) {
      const s = getContentSummary(fs, caller(call), q.path)
      return {
        summary: {
          length: s.length,
          fileCount: s.files,
          directoryCount: s.directories,
          quota: s.quota,
          spaceConsumed: s.space,
          spaceQuota: s.spaceQuota,
          typeQuotaInfos: typeQuotaInfos(s.types),
          snapshotLength: s.snapshotLength,
          snapshotFileCount: s.snapshotFiles,
          snapshotDirectoryCount: s.snapshotDirectories,
          snapshotSpaceConsumed: s.snapshotSpace,
          erasureCodingPolicy: s.policy,
        },
      }
    },
    getQuotaUsage(q, call) {
      const u = getQuotaUsage(fs, caller(call), q.path)
      return {
        usage: {
          fileAndDirectoryCount: u.namespace,
          quota: u.quota,
          spaceConsumed: u.space,
          spaceQuota: u.spaceQuota,
          typeQuotaInfos: typeQuotaInfos(u.types),
        },
      }
    },
    getFsStats() {
      const s = fsStats(fs)
      return {
        capacity: s.capacity,
        used: s.used,
        remaining: s.remaining,
        underReplicated: s.underReplicated,
        corruptBlocks: s.corrupt,
        missingBlocks: s.missing,
        missingReplOneBlocks: s.missingOne,
        blocksInFuture: 0,
        pendingDeletionBlocks: s.pendingDeletion,
      }
    },
    getFsReplicatedBlockStats() {
      const s = fsStats(fs)
      return {
        lowRedundancy: s.underReplicated,
        corruptBlocks: s.corrupt,
        missingBlocks: s.missing,
        missingReplOneBlocks: s.missingOne,
        blocksInFuture: 0,
        pendingDeletionBlocks: s.pendingDeletion,
        highestPrioLowRedundancyBlocks: s.urgent,
      }
    },
    getFsECBlockGroupStats: () => ({
      lowRedundancy: 0,
      corruptBlocks: 0,
      missingBlocks: 0,
      blocksInFuture: 0,
      pendingDeletionBlocks: 0,
      highestPrioLowRedundancyBlocks: 0,
    }),
    getDatanodeReport(q, call) {
      checkSuperuser(fs, caller(call))
      return { di: nodesOfType(ns, q.type).map(datanodeInfo) }
    },
    getDatanodeStorageReport(q, call) {
      checkSuperuser(fs, caller(call))
      return {
        datanodeStorageReports: nodesOfType(ns, q.type).map((d) => ({
          datanodeInfo: datanodeInfo(d),
          storageReports: [...d.storages.values()].map((s) => ({
            storageUuid: s.id,
            failed: s.failed,
            capacity: s.capacity,
            dfsUsed: s.used,
            remaining: s.remaining,
            blockPoolUsed: s.blockPoolUsed,
            nonDfsUsed: s.nonDfsUsed,
            storage: { storageUuid: s.id, state: s.state, storageType: s.type as StorageTypeProto },
          })),
        })),
      }
    },
    getSlowDatanodeReport: () => ({ datanodeInfoProto: [] }),
    getPreferredBlockSize: (q, call) => ({ bsize: preferredBlockSize(fs, caller(call), q.filename) }),
    isFileClosed: (q, call) => ({ result: isFileClosed(fs, caller(call), q.src) }),
    checkAccess(q, call) {
      checkAccess(fs, caller(call), q.path, ACTION_NUMBERS[q.mode])
      return {}
    },
    getStoragePolicies: () => ({ policies: STORAGE_POLICIES.map(policyProto) }),
    getStoragePolicy: (q, call) => ({ storagePolicy: policyProto(getStoragePolicy(fs, caller(call), q.path) ?? DEFAULT_POLICY) }),
    getLinkTarget(q, call) {
      const iip = resolve(fs, caller(call), q.path, 'read-link')
      const inode = lastOf(iip)
      if (!inode) throw exception('FileNotFoundException', `File does not exist: ${q.path}`)
      if (inode.kind !== 'symlink') throw exception('IOException', `Path ${q.path} is not a symbolic link`)
      return { targetPath: inode.target }
    },
    listCorruptFileBlocks(q, call) {
      checkSuperuser(fs, caller(call))
      const skip = Number(q.cookie ?? '0')
      const files = corruptFileBlocks(fs, q.path, skip).map((c) => c.path)
      return { corrupt: { files, cookie: String(skip + files.length) } }
    },
    listOpenFiles(q, call) {
      checkSuperuser(fs, caller(call))
      const LIMIT = 1000
      const open = [...fs.leases.values()]
        .flatMap((l) => [...l.files].map((f) => ({ id: f.id, path: pathOf(f), clientName: l.holder, clientMachine: f.writer?.machine ?? '' })))
        .filter((o) => o.id > q.id && (q.path === undefined || o.path.startsWith(q.path)))
        .sort((a, b) => a.id - b.id)
      return { entries: open.slice(0, LIMIT), hasMore: open.length > LIMIT, types: q.types }
    },
    getCurrentEditLogTxid: () => ({ txid: ns.journal.status.txid }),
    msync: () => ({}),
    getHAServiceState: () => ({ state: ha.state === 'active' ? 'ACTIVE' : 'STANDBY' }),
    upgradeStatus: () => ({ upgradeFinalized: true }),
    // Without Kerberos no token is handed out; clients go on without one.
    getDelegationToken: () => ({}),
    getDataEncryptionKey: () => ({}),
    getErasureCodingPolicies: () => ({ ecPolicies: [] }),
    getErasureCodingPolicy(q, call) {
      if (!lastOf(resolve(fs, caller(call), q.src, 'read'))) throw exception('FileNotFoundException', `Path not found: ${q.src}`)
      return {}
    },
    getErasureCodingCodecs: () => ({ codec: [] }),
    getEZForPath: () => ({}),
    // Of the encryption zone, or the whole.
    getEnclosingRoot: () => ({ enclosingRootPath: '/' }),
    listEncryptionZones: () => ({ zones: [], hasMore: false }),
    listReencryptionStatus: () => ({ statuses: [], hasMore: false }),
    listCacheDirectives: () => ({ elements: [], hasMore: false }),
    listCachePools: () => ({ entries: [], hasMore: false }),
  }
}
