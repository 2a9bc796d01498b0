/** The cluster itself: overview, configuration, TaskManagers, logs, the end. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { options } from '../config/index.js'
import { type TaskManagerProcessSpec, taskManagerProcessSpec } from '../memory/index.js'
import type { Cluster } from '../jobmanager/cluster.js'
import type { TaskManager } from '../jobmanager/slot-manager.js'
import type { JobStatus } from '../jobmanager/states.js'
import { listLogFiles, readLogFile } from '../log.js'
import { send } from './answers.js'
import { RestError, internalError } from './errors.js'

/** The release whose API this is. */
export const FLINK_VERSION = '1.17.2'
const FLINK_COMMIT = 'c0027e5'

export function clusterRoutes(app: FastifyInstance, cluster: Cluster): void {
  const { dispatcher, slots, conf } = cluster

  app.get('/overview', (_request, reply) => {
    const count = (...states: JobStatus[]) => dispatcher.jobs.filter((j) => states.includes(j.status)).length
    const all = slots.taskManagers.flatMap((tm) => tm.slots)
    const ended = count('FINISHED') + count('CANCELED') + count('FAILED')
    return send(reply, {
      taskmanagers: slots.taskManagers.length,
      'slots-total': all.length,
      'slots-available': all.filter((holder) => holder === undefined).length,
      'jobs-running': dispatcher.jobs.length - ended,
      'jobs-finished': count('FINISHED'),
      'jobs-cancelled': count('CANCELED'),
      'jobs-failed': count('FAILED'),
      'flink-version': FLINK_VERSION,
      'flink-commit': FLINK_COMMIT,
    })
  })

  app.get('/config', (_request, reply) => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
    const timezone = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'long' })
      .formatToParts(new Date())
      .find((p) => p.type === 'timeZoneName')!.value
    return send(reply, {
      'refresh-interval': 3000,
      'timezone-name': timezone,
      'timezone-offset': -new Date().getTimezoneOffset() * 60_000,
      'flink-version': FLINK_VERSION,
      'flink-revision': `${FLINK_COMMIT} @ embedded engine`,
      features: { 'web-submit': false, 'web-cancel': true, 'web-history': false },
    })
  })

  app.delete('/cluster', (_request, reply) => {
    reply.raw.once('finish', () => cluster.shutDown('SUCCEEDED', ''))
    return send(reply, {})
  })

  app.get('/jobmanager/config', (_request, reply) =>
    send(
      reply,
      conf.entries().map(([key, value]) => ({ key, value: SENSITIVE.test(key) ? '******' : value })),
    ),
  )
  app.get('/jobmanager/logs', (_request, reply) => send(reply, { logs: listLogFiles(cluster.logDir) }))
  app.get('/jobmanager/log', (_request, reply) => sendLog(reply, readLogFile(cluster.logDir, 'jobmanager.log')))
  app.get('/jobmanager/stdout', (_request, reply) => sendLog(reply, readLogFile(cluster.logDir, 'jobmanager.out')))
  app.get('/jobmanager/logs/:name', (request, reply) => sendLog(reply, readLogFile(cluster.logDir, (request.params as { name: string }).name)))

  const taskManagerOf = (request: FastifyRequest): TaskManager => {
    const { id } = request.params as { id: string }
    const found = slots.get(id)
    if (!found) {
      throw internalError('org.apache.flink.runtime.resourcemanager.exceptions.UnknownTaskExecutorException', `No TaskExecutor registered under ${id}.`)
    }
    return found
  }
  const logRoute = (name: (request: FastifyRequest) => string) => async (request: FastifyRequest, reply: FastifyReply) =>
    sendLog(reply, await taskManagerOf(request).gateway.readLog({ name: name(request) }))
  app.get('/taskmanagers', (_request, reply) => send(reply, { taskmanagers: slots.taskManagers.map((tm) => taskManagerView(tm, specOf(cluster))) }))
  app.get('/taskmanagers/:id', (request, reply) => {
    const tm = taskManagerOf(request)
    const allocated = tm.slots.flatMap((jobId) => (jobId === undefined ? [] : [{ jobId, resource: resourceOf(specOf(cluster), 1 / tm.slots.length) }]))
    return send(reply, { ...taskManagerView(tm, specOf(cluster)), allocatedSlots: allocated, metrics: { heapUsed: tm.heapUsed } })
  })
  app.get(
    '/taskmanagers/:id/log',
    logRoute(() => 'log'),
  )
  app.get(
    '/taskmanagers/:id/stdout',
    logRoute(() => 'stdout'),
  )
  app.get(
    '/taskmanagers/:id/logs/:name',
    logRoute((request) => (request.params as { name: string }).name),
  )
  app.get('/taskmanagers/:id/logs', async (request, reply) => send(reply, { logs: (await taskManagerOf(request).gateway.listLogs({})).logs }))
}

const SENSITIVE = /password|secret|fs\.azure\.account\.key|apikey|auth-params|service-key|token|basic-auth|jaas\.config|http-headers/i

function sendLog(reply: FastifyReply, file: { found: boolean; bytes: Uint8Array }): FastifyReply {
  if (!file.found) throw new RestError(404, ['This file does not exist in JobManager log dir.'])
  return reply.header('content-type', 'text/plain').send(Buffer.from(file.bytes))
}

const MIB = 2 ** 20

function specOf(cluster: Cluster): TaskManagerProcessSpec {
  const { conf } = cluster
  // A cluster without a configured size (TaskManagers as child processes) counts as one of the shipped configuration.
  const sized = [options.taskManagerMemory.totalProcess, options.taskManagerMemory.totalFlink, options.taskManagerMemory.taskHeap].some((o) => conf.contains(o))
  return taskManagerProcessSpec(sized ? conf : conf.copy().set(options.taskManagerMemory.totalProcess, SHIPPED_PROCESS_SIZE))
}

const SHIPPED_PROCESS_SIZE = '1728m'

/** A share of what a TaskManager is sized to. */
function resourceOf(spec: TaskManagerProcessSpec, share: number): Record<string, unknown> {
  const mib = (bytes: number) => Math.floor((bytes * share) / MIB)
  return {
    cpuCores: spec.cpuCores * share,
    taskHeapMemory: mib(spec.taskHeap),
    taskOffHeapMemory: mib(spec.taskOffHeap),
    managedMemory: mib(spec.managed),
    networkMemory: mib(spec.network),
    extendedResources: {},
  }
}

function taskManagerView(tm: TaskManager, spec: TaskManagerProcessSpec): Record<string, unknown> {
  const { registration: r } = tm
  const free = tm.slots.filter((holder) => holder === undefined).length
  return {
    id: r.resourceId,
    path: `bobbin://${r.host}:${r.rpcPort}/taskmanager`,
    dataPort: r.dataPort,
    jmxPort: -1,
    timeSinceLastHeartbeat: tm.lastHeartbeat,
    slotsNumber: r.slots,
    freeSlots: free,
    totalResource: resourceOf(spec, 1),
    freeResource: resourceOf(spec, free / r.slots),
    hardware: { cpuCores: r.cpuCores, physicalMemory: r.physicalMemory, freeMemory: spec.frameworkHeap + spec.taskHeap, managedMemory: spec.managed },
    memoryConfiguration: {
      frameworkHeap: spec.frameworkHeap,
      taskHeap: spec.taskHeap,
      frameworkOffHeap: spec.frameworkOffHeap,
      taskOffHeap: spec.taskOffHeap,
      networkMemory: spec.network,
      managedMemory: spec.managed,
      jvmMetaspace: spec.metaspace,
      jvmOverhead: spec.overhead,
      totalFlinkMemory: spec.totalFlink,
      totalProcessMemory: spec.totalProcess,
    },
  }
}
