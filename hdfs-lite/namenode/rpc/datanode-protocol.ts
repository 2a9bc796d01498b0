/** DatanodeProtocol: what DataNodes report, and the commands they are given. */
import { exception } from '../../../common/errors.js'
import type { DatanodeCommandProtoInit, DatanodeRegistrationProto } from '../../../common/proto/gen/datanode.js'
import type { NamespaceInfoProtoInit, StorageInfoProto, StorageTypeProto } from '../../../common/proto/gen/hdfs.js'
import type { DatanodeProtocol } from '../../../common/protocols/datanode.js'
import { DEFAULT_RACK, type Racks } from '../../../common/net/racks.js'
import { BLOCK_POOL_LAYOUT, NAMENODE_LAYOUT, SOFTWARE_VERSION, decodeBlockReport } from '../../../common/records/hdfs/index.js'
import type { Handlers } from '../../../common/rpc/protocol.js'
import type { Datanode } from '../core/block.js'
import { markCorrupt } from '../core/blocks.js'
import { type Commands, bury, deleted, fullReport, heartbeat, incrementalReport, isAllowed, register, registered, updateStorage } from '../core/datanodes.js'
import { commitBlockSynchronization } from '../core/recovery.js'
import type { Identity } from '../journal/journal.js'
import type { Namesystem } from '../namesystem.js'
import { updateSafeMode } from '../core/safe-mode.js'
import { blockRef, datanodeInfo, locatedBlockOf } from './convert.js'
import type { HaState } from './ha-state.js'

export function namespaceInfo(identity: Identity, state: HaState['state']): NamespaceInfoProtoInit {
  return {
    buildVersion: '',
    unused: 0,
    blockPoolID: identity.blockPoolId,
    storageInfo: {
      layoutVersion: NAMENODE_LAYOUT >>> 0,
      namespceID: identity.namespaceId,
      clusterID: identity.clusterId,
      cTime: identity.creationTime,
    },
    softwareVersion: SOFTWARE_VERSION,
    capabilities: 1,
    state: state === 'active' ? 'ACTIVE' : 'STANDBY',
  }
}

function checkNamespace(ns: Namesystem, info: StorageInfoProto, who: string): void {
  const { identity } = ns
  if (info.layoutVersion >>> 0 !== BLOCK_POOL_LAYOUT >>> 0)
    throw exception('IOException', `Unexpected version of storage directory of ${who}. Reported: ${info.layoutVersion | 0}. Expecting = ${BLOCK_POOL_LAYOUT}.`)
  if (info.namespceID !== identity.namespaceId || info.clusterID !== identity.clusterId)
    throw exception(
      'IOException',
      `${who} belongs to another file system: its namespaceID is ${info.namespceID} and clusterID ${info.clusterID}, the NameNode's are ${identity.namespaceId} and ${identity.clusterId}`,
    )
}

function commandProtos(ns: Namesystem, commands: Commands): DatanodeCommandProtoInit[] {
  const pool = ns.identity.blockPoolId
  const out: DatanodeCommandProtoInit[] = []
  const { transfers } = commands
  if (transfers.length > 0) {
    out.push({
      cmdType: 'BlockCommand',
      blkCmd: {
        action: 'TRANSFER',
        blockPoolId: pool,
        blocks: transfers.map((t) => ({ blockId: t.block.id, genStamp: t.block.generationStamp, numBytes: t.block.length })),
        targets: transfers.map((t) => ({ datanodes: t.targets.map((s) => datanodeInfo(s.node)) })),
        targetStorageUuids: transfers.map((t) => ({ storageUuids: t.targets.map((s) => s.id) })),
        targetStorageTypes: transfers.map((t) => ({ storageTypes: t.targets.map((s) => s.type as StorageTypeProto) })),
      },
    })
  }
  if (commands.recoveries.length > 0) {
    out.push({
      cmdType: 'BlockRecoveryCommand',
      recoveryCmd: {
        blocks: commands.recoveries.map((b) => {
          const c = b.construction!
          const source = (c.copyOf === undefined ? undefined : ns.fs.blocks.get(c.copyOf)) ?? b
          return {
            newGenStamp: c.recoveryId,
            block: locatedBlockOf(pool, source, 0, source.length, c.expected),
            truncateBlock: c.truncateTo === undefined ? undefined : { blockId: b.id, genStamp: c.recoveryId, numBytes: c.truncateTo },
          }
        }),
      },
    })
  }
  if (commands.invalidate.length > 0) {
    out.push({
      cmdType: 'BlockCommand',
      blkCmd: {
        action: 'INVALIDATE',
        blockPoolId: pool,
        blocks: commands.invalidate.map((b) => ({ blockId: b.id, genStamp: b.generationStamp, numBytes: b.length })),
      },
    })
  }
  return out
}

export function datanodeHandlers(ns: Namesystem, ha: HaState, racks: Racks): Handlers<DatanodeProtocol> {
  const { fs, identity } = ns
  const nodeOf = (r: DatanodeRegistrationProto): Datanode => registered(fs, r.datanodeID.datanodeUuid)
  const checkPoolId = (id: string) => {
    if (id !== identity.blockPoolId) throw exception('IOException', `Unexpected BlockPoolId ${id} - expected ${identity.blockPoolId}`)
  }
  return {
    versionRequest: () => ({ info: namespaceInfo(identity, ha.state) }),
    async registerDatanode({ registration }, call) {
      const id = registration.datanodeID
      checkNamespace(ns, registration.storageInfo, `DataNode ${id.hostName}:${id.xferPort}`)
      const address = call.remoteAddress.replace(/^::ffff:/, '')
      // By address as Hadoop looks it up; by name where nodes share an address.
      const byAddress = await racks.of(address)
      const location = byAddress === DEFAULT_RACK ? await racks.of(id.hostName) : byAddress
      const node = register(
        fs,
        {
          uuid: id.datanodeUuid,
          address,
          hostName: id.hostName,
          xferPort: id.xferPort,
          infoPort: id.infoPort,
          infoSecurePort: id.infoSecurePort,
          ipcPort: id.ipcPort,
          softwareVersion: registration.softwareVersion,
          location,
        },
        performance.now(),
      )
      return { registration: { ...registration, datanodeID: { ...id, ipAddr: node.address } } }
    },
    sendHeartbeat(q) {
      const uuid = q.registration.datanodeID.datanodeUuid
      const node = fs.datanodes.get(uuid)
      const answer = { haStatus: { state: ha.state === 'active' ? ('ACTIVE' as const) : ('STANDBY' as const), txid: ns.journal.status.txid } }
      if (node && !isAllowed(fs, node)) {
        bury(fs, node)
        throw exception(
          'DisallowedDatanodeException',
          `Datanode denied communication with namenode because the host is not in the include-list: ${node.hostName}/${node.address}:${node.xferPort}`,
        )
      }
      const commands = heartbeat(
        fs,
        uuid,
        {
          storages: q.reports.map((r) => ({
            id: r.storageUuid,
            type: r.storage?.storageType ?? 'DISK',
            state: r.storage?.state ?? 'NORMAL',
            failed: r.failed,
            capacity: r.capacity,
            used: r.dfsUsed,
            remaining: r.remaining,
            blockPoolUsed: r.blockPoolUsed,
            nonDfsUsed: r.nonDfsUsed ?? Math.max(0, r.capacity - r.dfsUsed - r.remaining),
          })),
          xceivers: q.xceiverCount,
          failedVolumes: q.failedVolumes,
        },
        performance.now(),
      )
      if (!commands) return { ...answer, cmds: [{ cmdType: 'RegisterCommand', registerCmd: {} }] }
      updateSafeMode(fs, performance.now())
      return { ...answer, cmds: ha.state === 'active' ? commandProtos(ns, commands) : [], fullBlockReportLeaseId: q.requestFullBlockReportLease ? 1 : 0 }
    },
    blockReport(q) {
      checkPoolId(q.blockPoolId)
      const node = nodeOf(q.registration)
      for (const r of q.reports) {
        const storage = updateStorage(node, { id: r.storage.storageUuid, type: r.storage.storageType, state: r.storage.state })
        fullReport(fs, node, storage, decodeBlockReport(r), performance.now())
      }
      updateSafeMode(fs, performance.now())
      return { cmd: { cmdType: 'FinalizeCommand', finalizeCmd: { blockPoolId: identity.blockPoolId } } }
    },
    cacheReport: () => ({}),
    blockReceivedAndDeleted(q) {
      checkPoolId(q.blockPoolId)
      const node = nodeOf(q.registration)
      for (const s of q.blocks) {
        const storage = updateStorage(node, {
          id: s.storage?.storageUuid ?? s.storageUuid,
          type: s.storage?.storageType ?? 'DISK',
          state: s.storage?.state ?? 'NORMAL',
        })
        for (const b of s.blocks) {
          const reported = { id: b.block.blockId, generationStamp: b.block.genStamp, length: b.block.numBytes }
          if (b.status === 'DELETED') deleted(fs, node, reported)
          else incrementalReport(fs, storage, reported, b.status === 'RECEIVED' ? 'FINALIZED' : 'RBW')
        }
      }
      return {}
    },
    errorReport(q) {
      const DISK_ERROR = 1
      const FATAL_DISK_ERROR = 3
      const node = fs.datanodes.get(q.registartion.datanodeID.datanodeUuid)
      if (node && q.errorCode === FATAL_DISK_ERROR) bury(fs, node)
      if (node && q.errorCode === DISK_ERROR) node.failedVolumes++
      return {}
    },
    reportBadBlocks(q) {
      for (const b of q.blocks) {
        const block = fs.blocks.get(b.b.blockId)
        if (block)
          for (const l of b.locs) {
            const node = fs.datanodes.get(l.id.datanodeUuid)
            if (node) markCorrupt(fs, block, node)
          }
      }
      return {}
    },
    commitBlockSynchronization(q) {
      return ns.write((state) => {
        commitBlockSynchronization(
          state,
          {
            block: blockRef(q.block),
            newGenerationStamp: q.newGenStamp,
            newLength: q.newLength,
            closeFile: q.closeFile,
            deleteBlock: q.deleteBlock,
            targets: q.newTaragets.map((t, i) => ({ uuid: t.datanodeUuid, storage: q.newTargetStorages[i] ?? '' })),
          },
          ns.clock().now,
        )
        return {}
      })
    },
  }
}
