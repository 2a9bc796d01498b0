/** The TaskManager process. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { RpcClient } from '../../common/rpc/client.js'
import { RpcServer } from '../../common/rpc/server.js'
import { type FlinkConfiguration, options } from '../config/index.js'
import { listenHost, listenOnFirst } from '../listen.js'
import { logDirectory, openLog } from '../log.js'
import { clusterAuthenticator, clusterToken, jobManagerProtocol, taskExecutorProtocol } from '../proto/protocols.js'
import { readClusterSecret } from '../proto/secret.js'
import { TaskExecutor } from './task-executor.js'

/** Between tries to register while the JobManager does not answer. */
const REGISTRATION_PAUSE = 500

/** @param bundle the file that threads start from */
export async function runTaskManager(conf: FlinkConfiguration, bundle: string): Promise<void> {
  const logDir = logDirectory()
  const log = openLog(path.join(logDir, 'taskmanager.log'), 'TaskManagerRunner')
  const resourceId = conf.get(options.taskManager.resourceId)
  // In a container the node's name counts, whatever a configuration that was made for one machine says.
  const host = process.env._FLINK_NODE_ID ?? conf.optional(options.taskManager.host) ?? '127.0.0.1'
  const bindHost = listenHost(conf.optional(options.taskManager.bindHost) ?? host)
  const slots = conf.get(options.taskManager.slots)
  const secret = readClusterSecret()
  const workDir = workDirectory()
  const end = (code: number, why: string) => {
    log.info(`The TaskManager ends: ${why}`)
    rmSync(workDir, { recursive: true, force: true })
    process.exit(code)
  }
  const address = { host: conf.get(options.jobManager.rpcAddress), port: conf.get(options.jobManager.rpcPort) }
  const client = new RpcClient(jobManagerProtocol, [address], { user: os.userInfo().username, token: clusterToken(secret), maxIdle: 0x7fffffff })
  const heap = conf.optional(options.taskManagerMemory.taskHeap)
  const resourceLimits = heap === undefined ? {} : { maxOldGenerationSizeMb: Math.max(32, Math.floor(heap / slots / 2 ** 20)) }
  const executor = new TaskExecutor({
    resourceId,
    slots,
    secret,
    jobManager: client.proxy,
    workDir,
    logDir,
    log: log.for('TaskExecutor'),
    spawn: () => new Worker(bundle, { resourceLimits }),
    onShutDown: () => end(0, 'the JobManager asked for it'),
  })
  // One thread starts beside all that follows; the others when the JobManager knows of this process.
  executor.warm(1)
  process.on('SIGTERM', () => end(143, 'SIGTERM'))
  process.on('uncaughtException', (e) => {
    log.error('Fatal error occurred in the TaskManager.', e)
    process.exit(1)
  })
  const server = new RpcServer({ tokens: clusterAuthenticator(secret), tokenRequired: true, onError: (e, method) => log.error(`${method} failed`, e) })
  server.serve(taskExecutorProtocol, executor.handlers)
  const [rpcPort, dataPort] = await Promise.all([
    listenOnFirst(conf.get(options.taskManager.rpcPort), 'the TaskManager RPC service', (port) => server.listen(port, bindHost)),
    executor.exchange.listen(conf.get(options.taskManager.dataPort), bindHost),
  ])
  log.info(`Starting TaskManager with ResourceID: ${resourceId} (RPC ${host}:${rpcPort}, data ${host}:${dataPort}, ${slots} slots)`)

  const registration = { resourceId, host, rpcPort, dataPort, slots, cpuCores: os.availableParallelism(), physicalMemory: os.totalmem() }
  await register()
  executor.warm()

  const interval = conf.get(options.heartbeat.interval)
  const timeout = conf.get(options.heartbeat.timeout)
  let lastContact = Date.now()
  setInterval(async () => {
    try {
      const { known } = await client.proxy.heartbeat(
        { resourceId, counters: executor.counters(), heapUsed: process.memoryUsage().heapUsed },
        { timeout: interval },
      )
      lastContact = Date.now()
      if (!known) end(1, 'the JobManager does not know this TaskManager any more')
    } catch (e) {
      log.warn(`No heartbeat of the JobManager at ${address.host}:${address.port}: ${(e as Error).message}`)
      if (Date.now() - lastContact > timeout) end(1, `The heartbeat of JobManager at ${address.host}:${address.port} timed out.`)
    }
  }, interval)

  async function register(): Promise<void> {
    const until = Date.now() + conf.get(options.resourceManager.registrationTimeout)
    for (;;) {
      try {
        const { rejection } = await client.proxy.registerTaskManager(registration)
        if (rejection !== undefined) end(1, `the JobManager refused it: ${rejection}`)
        log.info(`Successful registration at the JobManager at ${address.host}:${address.port}.`)
        return
      } catch (e) {
        log.warn(`Could not register at ${address.host}:${address.port}: ${(e as Error).message}`)
        if (Date.now() > until) end(1, 'Could not register at the ResourceManager within the specified maximum registration duration.')
        await new Promise((r) => setTimeout(r, REGISTRATION_PAUSE))
      }
    }
  }
}

/** Within the container's own folders where there are such; they go with it. */
function workDirectory(): string {
  const base = process.env.LOCAL_DIRS?.split(',')[0] ?? process.env.PWD ?? os.tmpdir()
  mkdirSync(base, { recursive: true })
  return mkdtempSync(path.join(base, 'flink-taskmanager-'))
}
