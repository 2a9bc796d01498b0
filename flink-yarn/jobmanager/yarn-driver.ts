/** TaskManagers in containers of YARN's: asked for by need, started on NodeManagers, given back (YarnResourceManagerDriver). */
import { loadConfiguration } from '../../common/config/configuration.js'
import type { AllocateResponseProto } from '../../common/proto/gen/application-master.js'
import type { ContainerProto, ContainerStatusProto, FinalApplicationStatusProto } from '../../common/proto/gen/yarn.js'
import { containerIdOfProto, containerIdProto, nodeIdOf, resourceProto } from '../../common/protocols/records.js'
import { type ContainerId, type NodeId, formatContainerId, formatNodeId } from '../../common/records/ids.js'
import { AMRMClient, ANY, NMClient } from '../../common/yarn-client/index.js'
import { DfsClient } from '../../hdfs-lite/client/index.js'
import { type FlinkConfiguration, options } from '../config/index.js'
import type { Log } from '../log.js'
import { containerMemoryMb, taskManagerProcessSpec } from '../memory/index.js'
import type { ApplicationStatus, ClusterEndpoints, DriverEvents, ResourceManagerDriver } from './driver.js'
import { type LaunchEnvironment, launchContext } from './yarn-launch.js'

export interface YarnDriverOptions {
  readonly conf: FlinkConfiguration
  readonly secret: Uint8Array
  readonly log: Log
  readonly env?: NodeJS.ProcessEnv
}

/** All TaskManagers are of one size, so one priority tells them apart from anything else. */
const PRIORITY = 1
/** Between heartbeats while something is awaited; the configured one is for clusters whose ResourceManager would mind. */
const FAST_HEARTBEAT = 50

const FINAL: Record<ApplicationStatus, FinalApplicationStatusProto> = {
  SUCCEEDED: 'APP_SUCCEEDED',
  FAILED: 'APP_FAILED',
  CANCELED: 'APP_KILLED',
  UNKNOWN: 'APP_UNDEFINED',
}

interface Worker {
  readonly id: ContainerId
  readonly node: NodeId
  registered: boolean
}

export function yarnDriver(o: YarnDriverOptions): ResourceManagerDriver {
  const env = o.env ?? process.env
  const { conf, log } = o
  const confDir = env.HADOOP_CONF_DIR
  if (!confDir) throw new Error('HADOOP_CONF_DIR is not set in the container of the JobManager; NodeManagers hand it on (yarn.nodemanager.env-whitelist)')
  const hadoop = loadConfiguration(confDir)
  const spec = taskManagerProcessSpec(conf)
  const vcores = conf.get(options.yarn.vcores)
  const capability = resourceProto({ memory: containerMemoryMb(spec.totalProcess), vcores: vcores > 0 ? vcores : Math.max(1, Math.ceil(spec.cpuCores)) })
  const rm = new AMRMClient(hadoop, { onResync: () => log.warn('The ResourceManager restarted; registered anew.') })
  const nm = new NMClient(hadoop)
  const workers = new Map<string, Worker>()
  const releases: ContainerId[] = []
  const suspects = new Set<string>()
  let launch: LaunchEnvironment
  let events: DriverEvents
  let required = 0
  let asked = 0
  /** Flink's progress is 0 until the first TaskManager is asked for, and 1 from then on. */
  let requested = false
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let beating = false

  const coming = () => [...workers.values()].filter((w) => !w.registered).length

  /** The next heartbeat, now or when its time comes. */
  const schedule = (soon: boolean) => {
    if (stopped || beating) return
    clearTimeout(timer)
    const waiting = asked > 0 || suspects.size > 0 || releases.length > 0
    const fast = Math.min(FAST_HEARTBEAT, conf.get(options.yarn.requestHeartbeatInterval))
    timer = setTimeout(beat, soon ? 0 : waiting ? fast : conf.get(options.yarn.heartbeatInterval) * 1000)
  }

  const beat = async () => {
    beating = true
    try {
      const wanted = Math.max(0, required - coming())
      const ask = wanted === asked ? [] : [request(wanted)]
      asked = wanted
      requested ||= wanted > 0
      take(await rm.allocate({ ask, release: releases.splice(0).map(containerIdProto), blacklistRequest: {}, progress: requested ? 1 : 0 }))
    } catch (e) {
      if (stopped) return
      events.fatal(new Error(`The ResourceManager of YARN can't be reached or refused the JobManager: ${(e as Error).message}`, { cause: e }))
    } finally {
      beating = false
    }
    schedule(Math.max(0, required - coming()) !== asked)
  }

  const request = (count: number) => {
    log.info(`Requesting ${count} TaskExecutor containers with resource ${spec.totalProcess} bytes, priority ${PRIORITY}.`)
    return {
      priority: { priority: PRIORITY },
      resourceName: ANY,
      capability,
      numContainers: count,
      relaxLocality: true,
      executionTypeRequest: { executionType: 'GUARANTEED' as const, enforceExecutionType: false },
      allocationRequestId: 0,
    }
  }

  const take = (answer: AllocateResponseProto) => {
    for (const c of answer.allocatedContainers) {
      if (asked > 0) {
        asked--
        void startContainer(c)
      } else {
        log.info(`Returning container ${formatContainerId(containerIdOfProto(c.id))}, which is one too many.`)
        releases.push(containerIdOfProto(c.id))
      }
    }
    for (const status of answer.completedContainerStatuses) completed(status)
    if (answer.aMCommand === 'AM_SHUTDOWN') events.fatal(new Error('Received shutdown request from YARN ResourceManager.'))
  }

  const startContainer = async (c: ContainerProto) => {
    const id = containerIdOfProto(c.id)
    const node = nodeIdOf(c.nodeId)
    const name = formatContainerId(id)
    workers.set(name, { id, node, registered: false })
    try {
      const token = rm.nmToken(node)
      if (!token) throw new Error(`the ResourceManager gave no token for ${formatNodeId(node)}`)
      await nm.startContainer(c, token, launchContext(launch, name, node))
      log.info(`TaskExecutor ${name} is started on ${formatNodeId(node)}.`)
    } catch (e) {
      workers.delete(name)
      releases.push(id)
      events.workerTerminated(name, `Container ${name} could not be started on ${formatNodeId(node)}: ${(e as Error).message}`)
      schedule(true)
    }
  }

  const completed = (status: ContainerStatusProto) => {
    const name = formatContainerId(containerIdOfProto(status.containerId))
    const worker = workers.get(name)
    suspects.delete(name)
    if (!worker || !workers.delete(name)) return
    const where = formatNodeId(worker.node)
    events.workerTerminated(
      name,
      `Container ${name} on host ${where} terminated with exit status ${status.exitStatus}. Diagnostics: ${status.diagnostics.trim()}`,
    )
  }

  const stopWorker = async (w: Worker) => {
    const token = rm.nmToken(w.node)
    if (!token) return
    await nm.stopContainer(w.id, w.node, token)
  }

  return {
    async start(endpoints: ClusterEndpoints, ev: DriverEvents) {
      events = ev
      launch = { conf, secret: o.secret, spec, endpoints, env }
      const { host, restPort } = endpoints
      const answer = await rm.registerApplicationMaster({ host, rpcPort: restPort, trackingUrl: `http://${host}:${restPort}` })
      log.info(
        `Registered at YARN's ResourceManager; largest container ${answer.maximumCapability?.memory} MB, ${answer.maximumCapability?.virtualCores} vcores.`,
      )
      schedule(false)
    },
    requireWorkers(count) {
      if (required === count && Math.max(0, count - coming()) === asked) return
      required = count
      schedule(true)
    },
    workerRegistered(resourceId) {
      const worker = workers.get(resourceId)
      if (worker) worker.registered = true
    },
    releaseWorker(resourceId) {
      const worker = workers.get(resourceId)
      if (!worker || !workers.delete(resourceId)) return
      log.info(`Stopping container ${resourceId}.`)
      stopWorker(worker)
        .catch((e) => log.warn(`Container ${resourceId} could not be stopped at ${formatNodeId(worker.node)}: ${e.message}`))
        .finally(() => {
          releases.push(worker.id)
          schedule(true)
        })
    },
    suspectWorker(resourceId) {
      if (!workers.has(resourceId)) return
      suspects.add(resourceId)
      schedule(true)
      setTimeout(() => suspects.delete(resourceId), 30_000).unref()
    },
    async deregister(status, diagnostics) {
      stopped = true
      clearTimeout(timer)
      // Ended from outside (the application was killed): YARN knows, and what is in the staging folder may still be wanted.
      if (status !== 'UNKNOWN') {
        log.info(`Unregister application from the YARN Resource Manager with final status ${FINAL[status]}.`)
        await rm.finishApplicationMaster({ diagnostics, trackingUrl: '', finalApplicationStatus: FINAL[status] })
        await Promise.all([deleteStaging(hadoop, env, log), ...[...workers.values()].map((w) => stopWorker(w).catch((e) => log.warn((e as Error).message)))])
      }
      rm.close()
      nm.close()
    },
  }
}

async function deleteStaging(hadoop: ConstructorParameters<typeof DfsClient>[0], env: NodeJS.ProcessEnv, log: Log): Promise<void> {
  const staging = env._FLINK_YARN_FILES
  if (!staging) return
  try {
    const dfs = new DfsClient(hadoop, env.HADOOP_USER_NAME ? { user: env.HADOOP_USER_NAME } : {})
    log.info(`Deleting yarn application files under ${staging}.`)
    await dfs.delete(staging, true)
    dfs.close()
  } catch (e) {
    log.warn(`Could not properly clean up ${staging}: ${(e as Error).message}`)
  }
}
