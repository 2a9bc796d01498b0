/** What one DataNode and one NameNode tell each other (BPServiceActor). */
import type { Logger } from '../../../common/daemon/daemon.js'
import { isException } from '../../../common/errors.js'
import type { DatanodeCommandProto, DatanodeRegistrationProtoInit, ReceivedDeletedBlockInfoProtoInit } from '../../../common/proto/gen/datanode.js'
import type { NamespaceInfoProto, RecoveringBlockProto, StorageReportProtoInit } from '../../../common/proto/gen/hdfs.js'
import { datanodeProtocol } from '../../../common/protocols/datanode.js'
import { BLOCK_POOL_LAYOUT, SOFTWARE_VERSION, encodeBlockReport } from '../../../common/records/hdfs/index.js'
import { type Address, RpcClient, formatAddress } from '../../../common/rpc/client.js'
import type { BlockStore } from '../storage/block-store.js'
import type { Replica } from '../storage/replica.js'
import { type Volume, spaceOf } from '../storage/volume.js'
import type { CopyTarget } from '../transfer/context.js'

export interface OwnId {
  readonly uuid: string
  readonly hostName: string
  readonly address: string
  readonly xferPort: number
  readonly infoPort: number
  readonly ipcPort: number
}

export interface Duties {
  remove(id: number, generationStamp: number): boolean
  copy(replica: Replica, targets: readonly CopyTarget[]): Promise<void>
  recover(block: RecoveringBlockProto, service: NamenodeService): Promise<void>
}

export interface ServiceOptions {
  readonly address: Address
  readonly user: string
  readonly id: OwnId
  readonly volumes: readonly Volume[]
  readonly heartbeatMillis: number
  readonly reportMillis: number
  readonly transfers: () => number
  readonly duties: Duties
  readonly log: Logger
  /** Called once the NameNode has told which file system it is of; opens the block pool. */
  readonly store: (info: NamespaceInfoProto) => BlockStore
  readonly fatal: (e: Error) => void
}

type Received = ReceivedDeletedBlockInfoProtoInit & { readonly storageId: string }

export interface NamenodeService {
  readonly proxy: RpcClient<typeof datanodeProtocol>['proxy']
  readonly address: Address
  readonly active: boolean
  start(): Promise<void>
  /** Tells of a change. Resolves when the NameNode has heard of it, or can't be told now (a full report follows then). */
  report(replica: Pick<Replica, 'id' | 'generationStamp' | 'length' | 'volume'>, status: ReceivedDeletedBlockInfoProtoInit['status']): Promise<void>
  reportBad(replica: Replica): Promise<void>
  fullReport(): Promise<void>
  stop(): void
}

const RETRY_MILLIS = 1000
const FIRST_RETRY_MILLIS = 50

export function namenodeService(o: ServiceOptions): NamenodeService {
  const { log, id } = o
  const client = new RpcClient(datanodeProtocol, [o.address], { user: o.user, maxIdle: 3_600_000, connectTimeout: 5000 })
  const proxy = client.proxy
  let registration: DatanodeRegistrationProtoInit | undefined
  let info: NamespaceInfoProto
  let store: BlockStore
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let active = true
  let lastFullReport = 0
  let queue: Received[] = []
  let waiting: (() => void)[] = []
  let sending = false

  const sleep = (ms: number) => new Promise<void>((r) => setTimeout(r, ms))

  async function untilAnswered<T>(what: string, call: () => Promise<T>): Promise<T> {
    for (let wait = FIRST_RETRY_MILLIS; ; wait = Math.min(RETRY_MILLIS, wait * 2)) {
      try {
        return await call()
      } catch (e) {
        if (stopped || (isException(e) && !isException(e, 'RetriableException', 'StandbyException'))) throw e
        log.warn(`${what} at ${formatAddress(o.address)} failed, trying again: ${(e as Error).message}`)
        await sleep(wait)
      }
    }
  }

  async function register(): Promise<void> {
    info = (await untilAnswered('versionRequest', () => proxy.versionRequest({}))).info
    store = o.store(info)
    const wanted: DatanodeRegistrationProtoInit = {
      datanodeID: {
        ipAddr: id.address,
        hostName: id.hostName,
        datanodeUuid: id.uuid,
        xferPort: id.xferPort,
        infoPort: id.infoPort,
        ipcPort: id.ipcPort,
        infoSecurePort: 0,
      },
      storageInfo: {
        layoutVersion: BLOCK_POOL_LAYOUT >>> 0,
        namespceID: info.storageInfo.namespceID,
        clusterID: info.storageInfo.clusterID,
        cTime: info.storageInfo.cTime,
      },
      keys: { isBlockTokenEnabled: false, keyUpdateInterval: 0, tokenLifeTime: 0, currentKey: { keyId: 0, expiryDate: 0, keyBytes: new Uint8Array(0) } },
      softwareVersion: SOFTWARE_VERSION,
    }
    registration = (await untilAnswered('registerDatanode', () => proxy.registerDatanode({ registration: wanted }))).registration
    await heartbeat(true)
    await fullReport()
  }

  const storageReports = (): StorageReportProtoInit[] =>
    o.volumes.map((v) => {
      const s = spaceOf(v)
      return {
        storageUuid: v.storageId,
        failed: v.failed,
        capacity: s.capacity,
        dfsUsed: s.used,
        remaining: s.remaining,
        blockPoolUsed: s.used,
        storage: { storageUuid: v.storageId, state: 'NORMAL', storageType: v.type },
        nonDfsUsed: s.nonDfsUsed,
      }
    })

  async function heartbeat(wantReport = false): Promise<void> {
    const answer = await proxy.sendHeartbeat({
      registration: registration!,
      reports: storageReports(),
      xmitsInProgress: 0,
      xceiverCount: o.transfers(),
      failedVolumes: o.volumes.filter((v) => v.failed).length,
      requestFullBlockReportLease: wantReport,
    })
    active = answer.haStatus.state === 'ACTIVE'
    for (const c of answer.cmds) await obey(c)
  }

  async function fullReport(): Promise<void> {
    const reports = o.volumes.map((v) => ({
      storage: { storageUuid: v.storageId, state: 'NORMAL' as const, storageType: v.type },
      ...encodeBlockReport(
        (function* () {
          for (const r of store.replicas.values()) if (r.volume === v && r.state !== 'TEMPORARY') yield r
        })(),
      ),
    }))
    await proxy.blockReport({
      registration: registration!,
      blockPoolId: store.poolId,
      reports,
      context: { totalRpcs: 1, curRpc: 0, id: Date.now(), leaseId: 0 },
    })
    lastFullReport = performance.now()
  }

  async function obey(c: DatanodeCommandProto): Promise<void> {
    if (c.cmdType === 'RegisterCommand') return register()
    if (c.cmdType === 'BlockCommand' && c.blkCmd) {
      const { blkCmd } = c
      if (blkCmd.action === 'INVALIDATE') {
        for (const b of blkCmd.blocks) {
          const r = store.replicas.get(b.blockId)
          if (r && o.duties.remove(b.blockId, b.genStamp)) void report(r, 'DELETED')
        }
      } else if (blkCmd.action === 'TRANSFER') {
        blkCmd.blocks.forEach((b, i) => {
          const r = store.replicas.get(b.blockId)
          const targets = (blkCmd.targets[i]?.datanodes ?? []).map((node, k) => ({
            info: node,
            storageId: blkCmd.targetStorageUuids[i]?.storageUuids[k],
            storageType: blkCmd.targetStorageTypes[i]?.storageTypes[k],
          }))
          if (r?.state === 'FINALIZED')
            o.duties.copy(r, targets).catch((e) => log.warn(`copying blk_${b.blockId}_${b.genStamp} failed: ${(e as Error).message}`))
        })
      }
    }
    if (c.cmdType === 'BlockRecoveryCommand')
      for (const b of c.recoveryCmd?.blocks ?? [])
        o.duties.recover(b, service).catch((e) => log.warn(`recovery of blk_${b.block.b.blockId} failed: ${(e as Error).message}`))
  }

  function report(r: Pick<Replica, 'id' | 'generationStamp' | 'length' | 'volume'>, status: Received['status']): Promise<void> {
    if (!registration) return Promise.resolve()
    queue.push({ storageId: r.volume.storageId, block: { blockId: r.id, genStamp: r.generationStamp, numBytes: r.length }, status })
    return new Promise((resolve) => {
      waiting.push(resolve)
      if (!sending) queueMicrotask(send)
    })
  }

  /** One call at a time; what comes meanwhile goes with the next. */
  async function send(): Promise<void> {
    if (sending || queue.length === 0) return
    sending = true
    const batch = queue
    const told = waiting
    queue = []
    waiting = []
    try {
      await proxy.blockReceivedAndDeleted(
        {
          registration: registration!,
          blockPoolId: store.poolId,
          blocks: o.volumes
            .map((v) => ({ volume: v, blocks: batch.filter((b) => b.storageId === v.storageId) }))
            .filter((s) => s.blocks.length > 0)
            .map((s) => ({
              storageUuid: s.volume.storageId,
              storage: { storageUuid: s.volume.storageId, state: 'NORMAL', storageType: s.volume.type },
              blocks: s.blocks,
            })),
        },
        { timeout: 5000 },
      )
    } catch (e) {
      log.warn(`block report to ${formatAddress(o.address)} failed, a full one follows: ${(e as Error).message}`)
      lastFullReport = Number.NEGATIVE_INFINITY
    } finally {
      sending = false
      for (const done of told) done()
      if (queue.length > 0) void send()
    }
  }

  async function loop(): Promise<void> {
    try {
      if (!registration) await register()
      await heartbeat()
      if (performance.now() - lastFullReport > o.reportMillis) await fullReport()
    } catch (e) {
      if (stopped) return
      if (isException(e, 'UnregisteredNodeException')) registration = undefined
      else if (isException(e, 'DisallowedDatanodeException')) return o.fatal(e)
      log.warn(`heartbeat to ${formatAddress(o.address)} failed: ${(e as Error).message}`)
    } finally {
      if (!stopped) timer = setTimeout(loop, o.heartbeatMillis)
    }
  }

  const service: NamenodeService = {
    proxy,
    address: o.address,
    get active() {
      return active
    },
    async start() {
      await register()
      timer = setTimeout(loop, o.heartbeatMillis)
    },
    report,
    async reportBad(r) {
      await proxy.reportBadBlocks({
        blocks: [
          {
            b: { poolId: store.poolId, blockId: r.id, generationStamp: r.generationStamp, numBytes: r.length },
            offset: 0,
            locs: [{ id: registration!.datanodeID, location: '/default-rack' }],
            corrupt: true,
            blockToken: { identifier: new Uint8Array(0), password: new Uint8Array(0), kind: '', service: '' },
            storageIDs: [r.volume.storageId],
          },
        ],
      })
    },
    fullReport,
    stop() {
      stopped = true
      clearTimeout(timer)
      client.close()
    },
  }
  return service
}
