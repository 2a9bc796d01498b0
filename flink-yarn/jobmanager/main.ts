/** The JobManager process: `jobmanager --mode session|per-job|application [--class C] [--jar FILE] [--job-graph FILE] [-D k=v]… [-- args]`. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type FlinkConfiguration, options } from '../config/index.js'
import { parseJobGraph } from '../jobgraph/index.js'
import { type Log, logDirectory, openLog } from '../log.js'
import { loadJobJar } from '../program/jar.js'
import { newClusterSecret } from '../proto/secret.js'
import { applicationStatus, diagnosticsOf, prepareApplication } from './application.js'
import { type Cluster, startCluster } from './cluster.js'
import type { ApplicationStatus, ResourceManagerDriver } from './driver.js'
import { standaloneDriver } from './driver.js'
import { localDriver } from './local-driver.js'

export interface JobManagerArguments {
  readonly mode: 'session' | 'per-job' | 'application'
  readonly driver: 'yarn' | 'local' | 'standalone'
  readonly entryClass: string | undefined
  readonly jar: string | undefined
  readonly jobGraph: string
  readonly programArguments: readonly string[]
}

/** What a process of Flink's ends with; a shell sees the lower eight bits. */
const EXIT_CODES: Record<ApplicationStatus, number> = { SUCCEEDED: 0, FAILED: 1443, CANCELED: 0, UNKNOWN: 1445 }
/** Something that the cluster can't live with. */
const FATAL = 2
/** How long a cluster that has done its one job waits for the client to fetch the result. */
const RESULT_GRACE = 10_000

/** @param bundle what TaskManagers are started from */
export async function runJobManager(args: JobManagerArguments, conf: FlinkConfiguration, bundle: string): Promise<void> {
  const logDir = logDirectory()
  const log = openLog(path.join(logDir, 'jobmanager.log'), 'ClusterEntrypoint')
  const fail = (code: number, error: unknown): never => {
    log.error('Could not start the cluster, or it can not go on.', error)
    process.stderr.write(`${(error as Error).message}\n`)
    process.exit(code)
  }
  process.on('uncaughtException', (e) => fail(FATAL, e))
  process.on('unhandledRejection', (e) => fail(FATAL, e))
  try {
    log.info(`Starting the ${args.mode} cluster (driver ${args.driver}).`)
    // What can be seen to be wrong before anything runs ends the process before it registers.
    const application = args.mode === 'application' ? await prepareApplication(args) : undefined
    const secret = newClusterSecret()
    const yarn = args.driver === 'yarn'
    const host = yarn ? requireEnv('NM_HOST') : (conf.optional(options.jobManager.rpcAddress) ?? '127.0.0.1')
    const cluster = await startCluster({
      conf,
      secret,
      driver: await driverOf(args, conf, bundle, secret, log),
      host,
      bindHost: conf.optional(options.jobManager.bindHost) ?? host,
      restBindAddress: restBindAddress(conf, host, yarn),
      restPorts: yarn && !conf.contains(options.rest.bindPort) ? '0' : conf.get(options.rest.bindPort),
      rpcPorts: yarn ? conf.get(options.yarn.applicationMasterPort) : String(conf.get(options.jobManager.rpcPort)),
      logDir,
      log,
    })
    process.on('SIGTERM', () => {
      log.info('RECEIVED SIGNAL 15: SIGTERM. Shutting down as requested.')
      cluster.shutDown('UNKNOWN', 'Cluster entrypoint has been closed externally.')
    })
    if (args.mode === 'per-job') void runJob(cluster, args, conf).catch((e) => fail(FATAL, e))
    if (application) {
      void application
        .run(cluster, conf, log.for('ApplicationDispatcherBootstrap'))
        .then(({ status, diagnostics }) => cluster.shutDown(status, diagnostics))
        .catch((e) => fail(FATAL, e))
    }
    const { status, diagnostics } = await cluster.ended
    log.info(`Shutting ${args.mode} cluster down with application status ${status}. Diagnostics ${diagnostics || 'null'}.`)
    await cluster.close(status, diagnostics)
    log.info('The cluster has ended.')
    process.exit(EXIT_CODES[status] & 0xff)
  } catch (e) {
    fail(1, e)
  }
}

/** Clients on other hosts must reach the endpoint; the shipped configuration's `localhost` is for one machine. */
function restBindAddress(conf: FlinkConfiguration, host: string, yarn: boolean): string {
  const configured = conf.optional(options.rest.bindAddress)
  if (configured !== undefined && !(yarn && configured === 'localhost')) return configured
  return conf.optional(options.jobManager.bindHost) ?? host
}

async function runJob(cluster: Cluster, args: JobManagerArguments, conf: FlinkConfiguration): Promise<void> {
  const graph = parseJobGraph(readFileSync(args.jobGraph, 'utf8'))
  const file = args.jar ?? graph.jar.name
  cluster.dispatcher.addJar({ ...(await loadJobJar(file)), name: graph.jar.name })
  const outcome = await cluster.dispatcher.submit(graph).outcome
  const attached = conf.raw('internal.cluster.execution-mode') !== 'DETACHED' && conf.get(options.deployment.attached)
  if (attached && outcome.status !== 'CANCELED') await resultFetched(cluster, graph.jobId)
  cluster.shutDown(applicationStatus(outcome), diagnosticsOf(outcome))
}

/** A client that waits for its job's result must get it before the endpoint goes. */
async function resultFetched(cluster: Cluster, jobId: string): Promise<void> {
  await Promise.race([cluster.resultFetched(jobId), new Promise((r) => setTimeout(r, RESULT_GRACE))])
}

async function driverOf(args: JobManagerArguments, conf: FlinkConfiguration, bundle: string, secret: Uint8Array, log: Log): Promise<ResourceManagerDriver> {
  switch (args.driver) {
    case 'standalone':
      return standaloneDriver()
    case 'local':
      return localDriver({ folder: process.cwd(), bundle, secret, properties: conf.entries().map(([k, v]) => `${k}=${v}`) })
    case 'yarn': {
      const { yarnDriver } = await import('./yarn-driver.js')
      return yarnDriver({ conf, secret, log: log.for('YarnResourceManagerDriver') })
    }
  }
}

function requireEnv(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: the JobManager runs in a container of YARN's, or with --driver standalone or local`)
  return value
}

export function parseJobManagerArguments(argv: readonly string[]): { args: JobManagerArguments; properties: string[] } {
  const properties: string[] = []
  const values = new Map<string, string>()
  const known = ['--mode', '--driver', '--class', '--jar', '--job-graph']
  let i = 0
  for (; i < argv.length && argv[i] !== '--'; i++) {
    const arg = argv[i]!
    const value = argv[i + 1]
    if (arg.startsWith('-D') && arg.length > 2) properties.push(arg.slice(2))
    else if ((arg === '-D' || known.includes(arg)) && value !== undefined) {
      if (arg === '-D') properties.push(value)
      else values.set(arg, value)
      i++
    } else throw new Error(`jobmanager: ${known.includes(arg) || arg === '-D' ? `${arg} needs a value` : `unknown argument ${arg}`}`)
  }
  const mode = values.get('--mode') ?? 'session'
  if (mode !== 'session' && mode !== 'per-job' && mode !== 'application') throw new Error(`--mode is ${mode}; it can be session, per-job or application`)
  const driver = values.get('--driver') ?? (process.env.CONTAINER_ID ? 'yarn' : 'standalone')
  if (driver !== 'yarn' && driver !== 'local' && driver !== 'standalone') throw new Error(`--driver is ${driver}; it can be yarn, local or standalone`)
  const args: JobManagerArguments = {
    mode,
    driver,
    entryClass: values.get('--class'),
    jar: values.get('--jar'),
    jobGraph: values.get('--job-graph') ?? 'job.graph',
    programArguments: argv.slice(i + 1),
  }
  if (mode === 'application' && args.jar === undefined) throw new Error('--mode application needs --jar')
  if (mode === 'per-job' && !existsSync(args.jobGraph)) throw new Error(`the job graph ${args.jobGraph} is not there`)
  return { args, properties }
}
