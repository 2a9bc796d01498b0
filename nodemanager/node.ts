/** A NodeManager: its parts put together, from nothing to serving, and back. */
import os from 'node:os'
import type { Configuration } from '../common/config/configuration.js'
import { nodemanager } from '../common/config/keys/nodemanager.js'
import { yarn } from '../common/config/keys/yarn.js'
import type { Logger, RunningDaemon } from '../common/daemon/daemon.js'
import { listenWhenAsked } from '../common/daemon/lazy-web.js'
import { containerManagementProtocol } from '../common/protocols/container-management.js'
import { exception } from '../common/errors.js'
import { resourceTracker } from '../common/protocols/resource-tracker.js'
import type { NodeId } from '../common/records/ids.js'
import { EXIT } from '../common/records/states.js'
import { RpcClient } from '../common/rpc/client.js'
import { RpcServer } from '../common/rpc/server.js'
import { currentUser } from '../common/security/user.js'
import { rmAddresses } from '../common/yarn-client/addresses.js'
import { Localizer } from './localizer/localizer.js'
import { Sources, type StoreReader } from './localizer/sources.js'
import { AggregatingLogHandler, type LogStore } from './logs/aggregation.js'
import { LocalLogHandler } from './logs/local.js'
import { ContainersMonitor } from './monitor/containers.js'
import { LocalDirs, ensureDir } from './monitor/disks.js'
import { nodeMemoryInUseMb } from './monitor/process-tree.js'
import type { NodeView } from './rest/views.js'
import { ContainerManager } from './runtime/container-manager.js'
import { Deletions } from './runtime/layout.js'
import { clearLeftovers, recover } from './runtime/recovery.js'
import { readSettings } from './runtime/settings.js'
import { ContainerManagement } from './rpc/container-management.js'
import { StatusUpdater } from './rpc/resource-tracker.js'
import { ContainerTokenSecrets, NMTokenSecrets } from './rpc/secrets.js'
import { MAPREDUCE_SHUFFLE, ShuffleService } from './services/shuffle.js'
import { MemoryStore } from './store/memory.js'
import { SqliteStore } from './store/sqlite.js'
import type { NodeStore } from './store/store.js'

/** A client of the store, as far as a NodeManager needs one. */
export type NodeStoreClient = StoreReader & LogStore & { close(): void }

export interface NodeManagerOptions {
  readonly conf: Configuration
  readonly logDir: string
  readonly log: Logger
  readonly openStore: (user: string) => NodeStoreClient
  /** The ResourceManager sent this node away. */
  readonly onShutdown: (message: string) => void
}

const MIB = 2 ** 20
const STOP_PATIENCE = 5_000

export async function startNodeManager({ conf, logDir, log, openStore, onShutdown }: NodeManagerOptions): Promise<RunningDaemon> {
  const settings = readSettings(conf, logDir)
  const startedAt = Date.now()
  const nodeUser = currentUser()
  let nodeId: NodeId = { host: settings.host, port: settings.rpc.port }
  let httpPort = settings.web.port
  let stopping = false
  let ready = false
  let status: StatusUpdater | undefined

  const store: NodeStore = settings.recovery.enabled ? new SqliteStore(settings.recovery.dir) : new MemoryStore()
  const dirs = new LocalDirs(settings.localDirs, settings.logDirs, settings.disks, (report, healthy) => {
    log.warn(report === '' ? 'all folders can be used again' : `Disk(s) failed: ${report}`)
    if (!healthy) log.error('most of the disks failed: this node takes no more containers')
    status?.heartbeatSoon()
  })
  const deletions = new Deletions(settings.deleteDelay, (path, e) => log.warn({ err: e }, `${path} can't be removed`))
  const stores = new Map<string, NodeStoreClient>()
  const storeFor = (user: string) => {
    let client = stores.get(user)
    if (!client) stores.set(user, (client = openStore(user)))
    return client
  }

  const nmTokens = new NMTokenSecrets(store, () => nodeId)
  const containerTokens = new ContainerTokenSecrets(store, () => nodeId)
  const localizer = new Localizer({
    dirs,
    store,
    sources: new Sources(storeFor),
    nodeUser,
    cacheTarget: settings.localizer.cacheTarget,
    parallel: settings.localizer.parallel,
    onLocalized: (id, resource) => manager.post(id, { type: 'RESOURCE_LOCALIZED', resource }),
    onFailed: (id, resource, diagnostics) => manager.post(id, { type: 'RESOURCE_FAILED', resource, diagnostics }),
    onError: (what, e) => log.warn({ err: e }, what),
  })
  const monitor = new ContainersMonitor(
    settings.memory,
    (id, exitStatus, diagnostics) => {
      log.warn(diagnostics)
      manager.kill(id, exitStatus, diagnostics)
    },
    (e) => log.error({ err: e }, "containers' memory can't be read"),
  )
  const logs = settings.logs.aggregate
    ? new AggregatingLogHandler({ conf, nodeId: () => nodeId, dirs, deletions, storeFor, nodeUser, log, ...settings.logs })
    : new LocalLogHandler(dirs, deletions, settings.logs.retain)
  const manager: ContainerManager = new ContainerManager({
    settings,
    store,
    dirs,
    localizer,
    monitor,
    logs,
    deletions,
    log,
    address: () => ({ ...nodeId, httpPort }),
    onContainerDone: () => status?.heartbeatSoon(),
    onApplicationFinished: (id) => nmTokens.applicationFinished(id),
  })

  const shuffle = settings.services.includes(MAPREDUCE_SHUFFLE)
    ? new ShuffleService({ dirs, userOf: (application) => manager.applications.get(application)?.user, log })
    : undefined
  for (const name of settings.services)
    if (name !== MAPREDUCE_SHUFFLE) log.warn(`the auxiliary service ${name} is a plug-in in Java and can't be loaded: containers that want it are refused`)

  // Ports first: a node that can't listen must not touch what is in its folders.
  const management: ContainerManagement = new ContainerManagement({
    manager,
    status: () => status!,
    store,
    monitor,
    nmTokens,
    containerTokens,
    services: new Map(shuffle && [[MAPREDUCE_SHUFFLE, shuffle]]),
    nodeId: () => nodeId,
    vmemRatio: settings.memory.vmemRatio,
    stopping: () => stopping,
    log,
  })
  const rpc = new RpcServer({
    tokens: nmTokens,
    tokenRequired: true,
    onError: (e, method) => log.error({ err: e }, `${method} failed`),
    before: () => {
      if (!ready) throw exception('NMNotYetReadyException', 'the NodeManager is still taking up the containers of its earlier run')
    },
  })
  rpc.serve(containerManagementProtocol, management.handlers)
  const { port } = await onKnownPort(settings.rpc, store, 'rpc.port', async ({ host, port }) => ({ port: await rpc.listen(port, host) }))
  nodeId = { host: settings.host, port }

  if (shuffle) await onKnownPort(settings.shuffle, store, 'shuffle.port', (at) => shuffle.listen(at))

  const node = (): NodeView => ({
    nodeId,
    httpPort,
    resource: status?.resource ?? settings.resource,
    vmemRatio: settings.memory.vmemRatio,
    vmemCheck: settings.memory.vmemCheck,
    pmemCheck: settings.memory.pmemCheck,
    healthy: dirs.healthy,
    healthReport: dirs.healthReport,
    lastHealthCheck: dirs.lastCheck,
    startedAt,
  })
  const web = await onKnownPort(settings.web, store, 'web.port', (at) =>
    listenWhenAsked(at, async () => {
      const { buildWeb } = await import('../common/daemon/web.js')
      const { addRoutes } = await import('./rest/rest.js')
      const { beans } = await import('./rest/beans.js')
      const app = buildWeb({
        conf,
        logDir,
        beans: () => beans({ manager, dirs, resource: () => node().resource, usage: () => monitor.total, cache: localizer.figures }),
      })
      if (conf.get(nodemanager.crossOrigin)) (await import('../common/daemon/cross-origin.js')).allowCrossOrigin(app, conf)
      addRoutes(app, { manager, dirs, node, rmWeb: conf.get(yarn.rmWebAddress) })
      return app
    }),
  )
  httpPort = web.port

  for (const local of dirs.good('local')) ensureDir(local, 0o755)
  const client = new RpcClient(resourceTracker, rmAddresses(conf, 'tracker'), { user: nodeUser, timeout: 30_000 })
  status = new StatusUpdater(
    {
      tracker: client.proxy,
      manager,
      logs,
      nmTokens,
      containerTokens,
      node: { nodeId, httpPort, physical: { memory: Math.floor(os.totalmem() / MIB), vcores: os.availableParallelism() } },
      health: () => ({ isNodeHealthy: dirs.healthy, healthReport: dirs.healthReport, lastHealthReportTime: dirs.lastCheck }),
      containersUtilization: () => utilization(monitor.total.pmem / MIB, monitor.total.vmem / MIB, monitor.total.cpu),
      nodeUtilization: () => {
        const { used } = nodeMemoryInUseMb()
        return utilization(used, used, Math.min(os.loadavg()[0]!, os.availableParallelism()))
      },
      outOfBand: settings.outOfBandHeartbeat,
      trackStopped: settings.trackStopped,
      // Sooner than application masters look: what the ResourceManager knows when it is back comes from its nodes.
      retryInterval: Math.min(conf.get(yarn.rmConnectRetryInterval), 1_000),
      onUpdate: (c) => c.containerToken && management.updateFromResourceManager(c.containerToken.identifier),
      onSignal: (id, command) => {
        try {
          management.signal(id, command)
        } catch (e) {
          log.warn((e as Error).message)
        }
      },
      // Sent away, it is not coming back: its containers end with it, recovery or not.
      onShutdown: (message) =>
        stop(true).then(
          () => onShutdown(message),
          (e) => {
            log.error({ err: e }, 'the node did not stop in good order')
            onShutdown(message)
          },
        ),
      log,
    },
    settings.resource,
  )
  if (store.recovers) recover(store.load(), manager, localizer, log)
  else clearLeftovers(settings.localDirs, deletions, log)
  if (logs instanceof LocalLogHandler) logs.takeUp(new Set(manager.applications.keys()))
  dirs.start()
  status.start()
  ready = true

  /** @param forGood nobody takes the containers up again */
  async function stop(forGood: boolean): Promise<void> {
    if (stopping) return
    stopping = true
    dirs.stop()
    if (forGood) await endContainers(manager)
    await status!.stop(forGood)
    client.close()
    await Promise.all([rpc.close(), web.close(), shuffle?.close(), withinPatience(logs.stop())])
    monitor.stop()
    if (!forGood) for (const c of manager.containers.values()) c.process?.abandon()
    await deletions.stop()
    for (const s of stores.values()) s.close()
    store.close()
  }

  return {
    addresses: { rpc: `${settings.rpc.host}:${nodeId.port}`, web: `${settings.web.host}:${httpPort}`, node: `${nodeId.host}:${nodeId.port}` },
    stop: () => stop(!(settings.recovery.enabled && settings.recovery.supervised)),
  }
}

const utilization = (pmem: number, vmem: number, cpu: number) => ({ pmem: Math.floor(pmem), vmem: Math.min(Math.floor(vmem), 2 ** 31 - 1), cpu })

/**
 * With port 0 and recovery, the port of the earlier run: containers, tokens and links hold it. When somebody else has
 * it by now, any port will do for a node without containers.
 */
async function onKnownPort<T extends { readonly port: number }>(
  at: { host: string; port: number },
  store: NodeStore,
  setting: string,
  listen: (at: { host: string; port: number }) => Promise<T>,
): Promise<T> {
  const { settings, containers } = store.load()
  const before = at.port === 0 ? settings.get(setting) : undefined
  const listening = await listen({ host: at.host, port: before === undefined ? at.port : Number(before) }).catch((e: NodeJS.ErrnoException) => {
    if (e.code !== 'EADDRINUSE' || before === undefined || containers.size > 0) throw e
    return listen(at)
  })
  store.putSetting(setting, String(listening.port))
  return listening
}

/** A store that is gone may keep its client trying for long; a node that is told to stop does not wait for that. */
function withinPatience(work: Promise<void>): Promise<void> {
  return Promise.race([work, new Promise<void>((r) => setTimeout(r, STOP_PATIENCE).unref())])
}

/** Nobody takes them up again: all end, and are waited for. */
async function endContainers(manager: ContainerManager): Promise<void> {
  for (const name of manager.applications.keys()) manager.finishApplication(name, 'Application killed on shutdown')
  for (const [id, c] of manager.containers) if (c.life.state !== 'DONE') manager.kill(id, EXIT.KILLED_BY_RESOURCEMANAGER, 'Container killed on shutdown')
  const deadline = performance.now() + STOP_PATIENCE
  while ([...manager.containers.values()].some((c) => c.life.state !== 'DONE') && performance.now() < deadline) await new Promise((r) => setTimeout(r, 10))
}
