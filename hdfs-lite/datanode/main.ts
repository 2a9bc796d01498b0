/** The DataNode: puts its parts together. */
import { randomUUID } from 'node:crypto'
import os from 'node:os'
import path from 'node:path'
import type { Configuration } from '../../common/config/configuration.js'
import { ConfigurationError } from '../../common/config/configuration.js'
import { core } from '../../common/config/keys/core.js'
import { hdfs, namenodeRpcAddress, namenodesOf } from '../../common/config/keys/hdfs.js'
import { runDaemon } from '../../common/daemon/daemon.js'
import { buildWeb } from '../../common/daemon/web.js'
import { type Address, formatAddress, parseAddress } from '../../common/rpc/client.js'
import { lockDirectory } from '../directory-lock.js'
import { localDirectory } from '../local-directory.js'
import { beans } from './beans.js'
import { describeShares, descriptorLimit, shareOut } from './descriptors.js'
import { type NamenodeService, namenodeService } from './rpc/namenode-service.js'
import { type RecoveryContext, recoverBlock } from './rpc/recovery.js'
import { buildDatanodeRpc } from './rpc/server.js'
import { type BlockStore, openBlockStore } from './storage/block-store.js'
import { readVersion } from './storage/layout.js'
import type { Replica } from './storage/replica.js'
import { bindVolume, openVolume } from './storage/volume.js'
import { type VolumeScanner, startVolumeScanner } from './storage/volume-scanner.js'
import { copyReplica } from './transfer/block-copier.js'
import type { TransferContext } from './transfer/context.js'
import { places } from './transfer/places.js'
import { buildTransferServer } from './transfer/server.js'
import { registerWebHdfs } from './webhdfs/routes.js'

const COPY_TIMEOUT = 60_000
const HOUR = 3_600_000

/** All NameNodes of the service. */
function namenodeAddresses(conf: Configuration): Address[] {
  const [service] = conf.get(hdfs.nameservices)
  const ids = service === undefined ? [] : conf.get(namenodesOf(service))
  if (service !== undefined && ids.length > 0) return ids.map((id) => parseAddress(conf.get(namenodeRpcAddress(service, id)), 8020))
  const own = conf.optional(hdfs.namenodeRpcAddress) ?? /^hdfs:\/\/([^/]+)/.exec(conf.get(core.defaultFs))?.[1]
  if (!own) throw new ConfigurationError(`no NameNode is configured: set ${hdfs.namenodeRpcAddress.name}, or ${hdfs.nameservices.name} and its members`)
  return [parseAddress(own, 8020)]
}

const listenHost = (host: string) => (host === 'localhost' ? '127.0.0.1' : host)

void runDaemon('datanode', 'hdfs', async ({ conf, logDir, log, fatal }) => {
  const startedAt = Date.now()
  const user = os.userInfo().username
  const reserved = conf.get(hdfs.dataDirReserved)
  const dirs = conf.get(hdfs.dataDir)
  if (dirs.length === 0) throw new ConfigurationError(`${hdfs.dataDir.name} names no folder`)
  const unlocks = dirs.map((d) => lockDirectory(localDirectory(d)))
  const volumes = dirs.map((d) => openVolume(d, localDirectory(d), reserved))
  const uuid = volumes.map((v) => readVersion(path.join(v.dir, 'current'))?.get('datanodeUuid')).find((u) => u !== undefined) ?? randomUUID()
  const hostName = conf.optional(hdfs.datanodeHostname) ?? os.hostname()
  const maxTransfers = conf.optional(hdfs.maxTransfers)
  const limit = descriptorLimit()
  const shares = shareOut(limit, maxTransfers)
  const said = describeShares(limit, shares, maxTransfers)
  if (said.warn) log.warn(said.text)
  else log.info(said.text)
  const transferPlaces = places(shares.connections, (problem) => log.warn(problem))
  let store: BlockStore | undefined
  const services: NamenodeService[] = []
  const useHostname = conf.get(hdfs.datanodeUseHostname)

  const received = async (r: Replica) => {
    await Promise.all(services.map((s) => s.report(r, 'RECEIVED')))
  }
  const corrupt = (r: Replica) => {
    for (const s of services) s.reportBad(r).catch((e) => log.warn(`reporting a corrupt replica failed: ${(e as Error).message}`))
  }
  let scanners: VolumeScanner[] = []
  const startScanners = (of: BlockStore): VolumeScanner[] => {
    const hours = conf.get(hdfs.scanPeriod)
    const bytesPerSecond = conf.get(hdfs.scanBytesPerSecond)
    if (hours < 0 || bytesPerSecond <= 0) return []
    const periodMillis = (hours === 0 ? Number(hdfs.scanPeriod.default) : hours) * HOUR
    return volumes.map((volume) => startVolumeScanner({ store: of, volume, periodMillis, bytesPerSecond, corrupt, log }))
  }
  const transferContext = (): TransferContext | undefined =>
    store && {
      store,
      log,
      useHostname,
      places: transferPlaces,
      connectTimeout: 5000,
      keepAlive: conf.get(hdfs.datanodeKeepAlive),
      received,
      corrupt,
      copy: (r, targets, clientName) => copyReplica(store!, r, targets, clientName, useHostname, COPY_TIMEOUT),
    }
  const recovery = (): RecoveryContext | undefined => store && { store, uuid, user, useHostname, log, received }

  const transferAddress = parseAddress(conf.get(hdfs.datanodeAddress), 9866)
  const httpAddress = parseAddress(conf.get(hdfs.datanodeHttpAddress), 9864)
  const ipcAddress = parseAddress(conf.get(hdfs.datanodeIpcAddress), 9867)
  const transfer = buildTransferServer(transferContext)
  const ports = { rpc: 0, data: 0, http: 0 }
  const web = buildWeb({
    conf,
    logDir,
    beans: () =>
      beans({
        store,
        volumes,
        transfers: transfer.connections,
        startedAt,
        hostName,
        ports,
        namenodes: services.map((s) => ({ address: formatAddress(s.address), active: s.active })),
      }),
  })
  registerWebHdfs(web, conf, conf.get(core.staticUser))
  const rpc = buildDatanodeRpc({
    recovery,
    startedAt,
    log,
    superUser: user,
    reportBlocks: async () => {
      await Promise.all(services.map((s) => s.fullReport()))
    },
    evictWriters: () => transfer.evictWriters(),
    shutdown: () => process.kill(process.pid, 'SIGTERM'),
  })
  const [xferPort, ipcPort] = await Promise.all([
    transfer.listen(transferAddress.port, listenHost(transferAddress.host)),
    rpc.listen(ipcAddress.port, listenHost(ipcAddress.host)),
    web.listen({ port: httpAddress.port, host: listenHost(httpAddress.host) }),
  ])
  const infoPort = (web.server.address() as { port: number }).port
  Object.assign(ports, { rpc: ipcPort, data: xferPort, http: infoPort })
  for (const address of namenodeAddresses(conf)) {
    services.push(
      namenodeService({
        address,
        user,
        id: { uuid, hostName, address: transferAddress.host === '0.0.0.0' ? '127.0.0.1' : listenHost(transferAddress.host), xferPort, infoPort, ipcPort },
        volumes,
        heartbeatMillis: conf.get(hdfs.heartbeatInterval) * 1000,
        reportMillis: conf.get(hdfs.blockReportInterval),
        transfers: () => transfer.connections,
        log,
        fatal,
        store(info) {
          if (store) {
            if (store.poolId !== info.blockPoolID) throw new Error(`this DataNode serves ${store.poolId}, the NameNode has ${info.blockPoolID}`)
            return store
          }
          for (const v of volumes)
            bindVolume(v, {
              clusterId: info.storageInfo.clusterID,
              namespaceId: info.storageInfo.namespceID,
              blockPoolId: info.blockPoolID,
              creationTime: info.storageInfo.cTime,
              datanodeUuid: uuid,
            })
          store = openBlockStore(info.blockPoolID, volumes, (problem) => log.warn(problem), shares.replicas)
          scanners = startScanners(store)
          return store
        },
        duties: {
          remove(id, generationStamp) {
            const r = store?.replicas.get(id)
            if (!r || r.generationStamp > generationStamp) return false
            void r.stopWriter?.()
            store!.remove(r)
            return true
          },
          copy: (r, targets) => copyReplica(store!, r, targets, '', useHostname, COPY_TIMEOUT),
          recover: (block, service) => recoverBlock(recovery()!, block, service),
        },
      }),
    )
  }
  // One NameNode that answers is enough to serve; the other one of a pair may come later.
  await Promise.any(services.map((s) => s.start())).catch((e: AggregateError) => {
    throw e.errors[0]
  })
  log.info(`${store?.replicas.size ?? 0} replicas in ${volumes.map((v) => v.dir).join(', ')}`)
  return {
    addresses: { transfer: `${transferAddress.host}:${xferPort}`, http: `${httpAddress.host}:${infoPort}`, rpc: `${ipcAddress.host}:${ipcPort}` },
    async stop() {
      for (const s of services) s.stop()
      await Promise.all(scanners.map((s) => s.stop()))
      await Promise.all([transfer.close(), rpc.close(), web.close()])
      for (const unlock of unlocks) unlock()
    },
  }
})
