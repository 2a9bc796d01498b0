/** A cluster of one JobManager: what stands behind the REST endpoint, and how it all ends. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type Deferred, deferred } from '../../common/lang/index.js'
import { RpcServer } from '../../common/rpc/server.js'
import { type FlinkConfiguration, options } from '../config/index.js'
import { listenHost, listenOnFirst } from '../listen.js'
import type { Log } from '../log.js'
import { clusterAuthenticator, jobManagerProtocol } from '../proto/protocols.js'
import { buildRest } from '../rest/server.js'
import { Dispatcher } from './dispatcher.js'
import type { ApplicationStatus, ResourceManagerDriver } from './driver.js'
import { SlotManager } from './slot-manager.js'

export interface ClusterOptions {
  readonly conf: FlinkConfiguration
  readonly secret: Uint8Array
  readonly driver: ResourceManagerDriver
  /** Other hosts find the JobManager by it. */
  readonly host: string
  readonly bindHost: string
  readonly restBindAddress: string
  /** `0`, a port, a range or a list. */
  readonly restPorts: string
  readonly rpcPorts: string
  readonly logDir: string
  readonly log: Log
}

export interface Cluster {
  readonly dispatcher: Dispatcher
  readonly slots: SlotManager
  readonly conf: FlinkConfiguration
  readonly logDir: string
  readonly host: string
  readonly restPort: number
  /** Settles when somebody has been told a job's result. */
  resultFetched(jobId: string): Promise<void>
  /** A job's result goes out. */
  resultSent(jobId: string): void
  /** Ends the cluster; the first call counts. */
  shutDown(status: ApplicationStatus, diagnostics: string): void
  /** Settles when shutDown was called. */
  readonly ended: Promise<{ readonly status: ApplicationStatus; readonly diagnostics: string }>
  /** Tells the resource provider, and closes everything. */
  close(status: ApplicationStatus, diagnostics: string): Promise<void>
}

export async function startCluster(o: ClusterOptions): Promise<Cluster> {
  const { conf, log } = o
  const base = process.env.LOCAL_DIRS?.split(',')[0] ?? os.tmpdir()
  mkdirSync(base, { recursive: true })
  const workDir = mkdtempSync(path.join(base, 'flink-jobmanager-'))
  process.on('exit', () => rmSync(workDir, { recursive: true, force: true }))
  const slots: SlotManager = new SlotManager({
    secret: o.secret,
    driver: o.driver,
    slotsPerTaskManager: conf.get(options.taskManager.slots),
    idleTimeout: conf.get(options.resourceManager.taskManagerTimeout),
    heartbeatTimeout: conf.get(options.heartbeat.timeout),
    onLost: (taskManager, reason) => dispatcher.taskManagerLost(taskManager, reason),
    log: log.for('SlotManager'),
  })
  const dispatcher: Dispatcher = new Dispatcher({ conf, slots, workDir, log: log.for('Dispatcher') })
  const rpc = new RpcServer({ tokens: clusterAuthenticator(o.secret), tokenRequired: true, onError: (e, method) => log.error(`${method} failed`, e) })
  rpc.serve(jobManagerProtocol, dispatcher.handlers)
  const end = deferred<{ status: ApplicationStatus; diagnostics: string }>()
  const fetched = new Map<string, Deferred<void>>()
  const fetchedOf = (jobId: string) => {
    const d = fetched.get(jobId) ?? deferred()
    fetched.set(jobId, d)
    return d
  }
  const state = { restPort: 0 }
  const cluster: Cluster = {
    dispatcher,
    slots,
    conf,
    logDir: o.logDir,
    host: o.host,
    get restPort() {
      return state.restPort
    },
    resultFetched: (jobId) => fetchedOf(jobId).promise,
    resultSent: (jobId) => fetchedOf(jobId).resolve(),
    shutDown: (status, diagnostics) => end.resolve({ status, diagnostics }),
    ended: end.promise,
    async close(status, diagnostics) {
      await o.driver.deregister(status, diagnostics)
      slots.close()
      await Promise.all([rest.close(), rpc.close()])
    },
  }
  const rest = buildRest(cluster, log.for('RestServer'))
  const [rpcPort] = await Promise.all([
    listenOnFirst(o.rpcPorts, 'the JobManager RPC service', (port) => rpc.listen(port, listenHost(o.bindHost))),
    listenOnFirst(o.restPorts, 'rest endpoint', async (port) => {
      await rest.listen({ port, host: listenHost(o.restBindAddress) })
      state.restPort = (rest.server.address() as { port: number }).port
      return state.restPort
    }),
  ])
  log.info(`Rest endpoint listening at ${o.host}:${state.restPort}`)
  log.info(`JobManager RPC listening at ${o.host}:${rpcPort}`)
  await o.driver.start(
    { host: o.host, restPort: state.restPort, rpcPort },
    {
      workerTerminated: (id, reason) => slots.terminated(id, reason),
      fatal: (error) => {
        log.error('Fatal error occurred in the cluster entrypoint.', error)
        process.stderr.write(`${error.message}\n`)
        process.exit(1)
      },
    },
  )
  return cluster
}
