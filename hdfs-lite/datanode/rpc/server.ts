/** The DataNode's RPC server: clients, administrators and other DataNodes. */
import { exception } from '../../../common/errors.js'
import type { Logger } from '../../../common/daemon/daemon.js'
import { clientDatanodeProtocol } from '../../../common/protocols/client-datanode.js'
import { interDatanodeProtocol } from '../../../common/protocols/inter-datanode.js'
import { SOFTWARE_VERSION } from '../../../common/records/hdfs/index.js'
import { RpcServer } from '../../../common/rpc/server.js'
import type { BlockStore } from '../storage/block-store.js'
import { spaceOf } from '../storage/volume.js'
import { type RecoveryContext, initRecovery, updateReplica } from './recovery.js'

export interface DatanodeRpcOptions {
  readonly recovery: () => RecoveryContext | undefined
  readonly startedAt: number
  readonly log: Logger
  readonly reportBlocks: (incremental: boolean) => Promise<void>
  readonly evictWriters: () => void
  readonly shutdown: () => void
  readonly superUser: string
}

export function buildDatanodeRpc(o: DatanodeRpcOptions): RpcServer {
  const context = (): RecoveryContext => {
    const c = o.recovery()
    if (!c) throw exception('RetriableException', 'the DataNode has not registered with a NameNode yet')
    return c
  }
  const store = (): BlockStore => context().store
  const superuser = (user: string) => {
    if (user !== o.superUser) throw exception('AccessControlException', `Access denied for user ${user}. Superuser privilege is required`)
  }
  return new RpcServer({ onError: (e, method) => o.log.error({ err: e }, `${method} failed`) })
    .serve(clientDatanodeProtocol, {
      getReplicaVisibleLength({ block }) {
        const r = store().get({ id: block.blockId, generationStamp: block.generationStamp })
        if (r.generationStamp < block.generationStamp)
          throw exception(
            'IOException',
            `Replica generation stamp < block generation stamp, block=blk_${block.blockId}_${block.generationStamp}, replica=blk_${r.id}_${r.generationStamp}`,
          )
        return { length: r.state === 'FINALIZED' ? r.length : r.visible }
      },
      getDatanodeInfo: () => ({
        localInfo: { softwareVersion: SOFTWARE_VERSION, configVersion: 'core-3.0.0,hdfs-1', uptime: Math.floor((Date.now() - o.startedAt) / 1000) },
      }),
      getVolumeReport: () => ({
        volumeInfo: store().volumes.map((v) => {
          const s = spaceOf(v)
          let numBlocks = 0
          for (const r of store().replicas.values()) if (r.volume === v) numBlocks++
          return {
            path: v.dir,
            storageType: v.type,
            usedSpace: s.used,
            freeSpace: s.remaining,
            reservedSpace: v.reserved,
            reservedSpaceForReplicas: 0,
            numBlocks,
          }
        }),
      }),
      async triggerBlockReport(q, call) {
        superuser(call.user)
        await o.reportBlocks(q.incremental)
        return {}
      },
      refreshNamenodes(_q, call) {
        superuser(call.user)
        return {}
      },
      evictWriters(_q, call) {
        superuser(call.user)
        o.evictWriters()
        return {}
      },
      shutdownDatanode(_q, call) {
        superuser(call.user)
        setImmediate(o.shutdown)
        return {}
      },
      getBalancerBandwidth: () => ({ bandwidth: 104857600 }),
      getBlockLocalPathInfo() {
        throw exception(
          'AccessControlException',
          "Can't continue with getBlockLocalPathInfo() authorization. The user is not configured in dfs.block.local-path-access.user",
        )
      },
    })
    .serve(interDatanodeProtocol, {
      initReplicaRecovery: ({ block }) => initRecovery(context(), block.block.b, block.newGenStamp),
      updateReplicaUnderRecovery: async (q) => ({
        storageUuid: await updateReplica(context(), q.block, q.recoveryId, q.newLength, q.newBlockId || q.block.blockId),
      }),
    })
}
