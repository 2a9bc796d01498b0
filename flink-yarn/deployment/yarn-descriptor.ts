/** Deploys a cluster on YARN: a session, a cluster for one job, or an application whose main runs in the JobManager. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ApplicationReportProto } from '../../common/proto/gen/application-client.js'
import { type ApplicationId, formatApplicationId } from '../../common/records/ids.js'
import { pauses, sleep } from '../../common/yarn-client/retry.js'
import { DfsClient } from '../../hdfs-lite/client/index.js'
import { flinkError } from '../config/errors.js'
import { type FlinkConfiguration, options } from '../config/index.js'
import type { JobGraph } from '../jobgraph/index.js'
import { type JobManagerProcessSpec, containerMemoryMb, jobManagerProcessSpec, taskManagerProcessSpec } from '../memory/index.js'
import { type ClusterSpecification, checkMaximum, checkQueue, checkVcores, describeMemory } from './checks.js'
import type { YarnEnvironment } from './environment.js'
import { ApplicationFiles, allDone, isRemote, localFiles, localPath } from './files.js'
import { type Log, detachedHint } from './log.js'
import { type RestAddress, RestClient } from './rest-client.js'
import { finalStatus, webInterface } from './retrieve.js'
import { type DeployMode, FLINK_CONF_KEY, JOB_GRAPH_KEY, type Submission, submissionContext } from './submission.js'

export interface Deployment {
  readonly mode: DeployMode
  readonly conf: FlinkConfiguration
  readonly env: YarnEnvironment
  readonly log: Log
  /** Gives the deployment up: what has been begun is undone. */
  readonly signal: AbortSignal
  /** Of a per-job cluster. `jar` is a local file. */
  readonly job?: { readonly graph: JobGraph; readonly jar: string; readonly detached: boolean }
  /** Of an application. `jar` is a local file, or one of the store by its URI. */
  readonly program?: { readonly jar: string; readonly entryClass?: string | undefined; readonly args: readonly string[] }
}

export interface DeployedCluster {
  readonly applicationId: string
  /** Undefined when an application has ended before it was seen to run. */
  readonly rest: RestClient | undefined
}

const KINDS = {
  session: { name: 'Flink session cluster', failure: "Couldn't deploy Yarn session cluster" },
  'per-job': { name: 'Flink per-job cluster', failure: 'Could not deploy Yarn job cluster.' },
  application: { name: 'Flink Application Cluster', failure: "Couldn't deploy Yarn Application Cluster" },
} as const satisfies Record<DeployMode, object>

const DIST = 'flink-dist.cjs'
/** Until the application runs, its report is asked for at pauses that grow to this. */
const LONGEST_PAUSE = 100
const SLOW_DEPLOYMENT = 60_000

/** @throws FlinkError (ClusterDeploymentException) whose cause says why */
export async function deployCluster(deployment: Deployment): Promise<DeployedCluster> {
  try {
    return await new Deploying(deployment).run()
  } catch (e) {
    if (deployment.signal.aborted) throw deployment.signal.reason
    throw flinkError('ClusterDeploymentException', KINDS[deployment.mode].failure, { cause: e })
  }
}

/** The engine's own lib folder, beside the commands' bundles. */
export function engineLib(): string {
  return path.join(path.dirname(fileURLToPath(import.meta.url)), 'engine/lib')
}

class Deploying {
  readonly #d: Deployment
  readonly #spec: JobManagerProcessSpec
  readonly #sizes: ClusterSpecification

  constructor(deployment: Deployment) {
    this.#d = deployment
    const { conf } = deployment
    this.#spec = jobManagerProcessSpec(conf)
    const task = taskManagerProcessSpec(conf)
    this.#sizes = {
      masterMemoryMb: containerMemoryMb(this.#spec.totalProcess),
      taskManagerMemoryMb: containerMemoryMb(task.totalProcess),
      slots: task.slots,
    }
  }

  async run(): Promise<DeployedCluster> {
    const { conf, env, log, signal, mode } = this.#d
    const { yarn } = env
    const provided = providedLibDirs(conf)
    if (mode === 'per-job')
      log('WARN', 'descriptor', 'Job Clusters are deprecated since Flink 1.15. Please use an Application Cluster/Application Mode instead.')
    const [nodes, queues] = await Promise.all([
      yarn.getClusterNodes(['NS_RUNNING']),
      yarn.getQueueInfo('root', { includeApplications: false, includeChildQueues: true, recursive: true }),
    ])
    checkVcores(conf, this.#sizes, nodes)
    checkQueue(conf, queues, log)
    const { applicationId, maximumCapability } = await yarn.getNewApplication()
    describeMemory(env, this.#sizes, nodes, log)
    checkMaximum(this.#sizes, maximumCapability)
    const files = this.#stagingOf(applicationId)
    let submitted = false
    try {
      signal.throwIfAborted()
      const submission = await this.#prepare(files, applicationId, provided)
      signal.throwIfAborted()
      log('INFO', 'descriptor', `Submitting application master ${formatApplicationId(applicationId)}`)
      submitted = true
      await yarn.submitApplication(submissionContext(submission))
      log('INFO', 'yarnClient', `Submitted application ${formatApplicationId(applicationId)}`)
      return this.#deployed(applicationId, await this.#waitUntilRunning(applicationId))
    } catch (e) {
      if (submitted) await this.#kill(applicationId)
      await this.#removeFiles(files)
      throw e
    } finally {
      files.dfs.close()
    }
  }

  #stagingOf(id: ApplicationId): ApplicationFiles {
    const { conf, env } = this.#d
    const base = conf.optional(options.yarn.stagingDirectory)
    const service = base !== undefined && isRemote(base) ? base.replace(/^(\w+:\/\/[^/]*).*/, '$1') : undefined
    const dfs = new DfsClient(env.hadoop, { user: env.user, ...(service !== undefined && { service }) })
    const home = base === undefined ? dfs.home : base.replace(/^\w+:\/\/[^/]*/, '') || '/'
    const replication = conf.get(options.yarn.fileReplication)
    return new ApplicationFiles(dfs, path.posix.join(home, '.flink', formatApplicationId(id)), replication > 0 ? replication : undefined)
  }

  /** Brings all files to the store. */
  async #prepare(files: ApplicationFiles, applicationId: ApplicationId, provided: readonly string[]): Promise<Submission> {
    const { env, mode, job, program } = this.#d
    await files.prepare()
    const id = formatApplicationId(applicationId)
    const effective = this.#clusterConfiguration(id)
    const jar = job?.jar ?? program?.jar
    // The jar may be among what is provided: then it is there already, under that key.
    const inPlace = provided.length > 0 ? await this.#useProvided(files, provided) : undefined
    const [dist, jarKey] = await allDone([
      inPlace ?? this.#uploadEngine(files),
      jar === undefined ? '' : this.#addJar(files, jar),
      files.uploadText(FLINK_CONF_KEY, effective.toText(), `${id}-flink-conf.yaml${randomDigits()}.tmp`, { ship: true }),
      job && files.uploadText(JOB_GRAPH_KEY, JSON.stringify(job.graph), `${id}${randomDigits()}.tmp`, { ship: false }),
      this.#ship(files),
      this.#usrlib(files),
    ])
    return {
      applicationId,
      conf: effective,
      mode,
      name: KINDS[mode].name,
      user: env.user,
      spec: this.#spec,
      files,
      dist,
      ...(program && { program: { ...program, jar: jarKey } }),
    }
  }

  /** What the containers read: addresses of this machine say nothing to them. */
  #clusterConfiguration(id: string): FlinkConfiguration {
    const { conf, log, job, mode } = this.#d
    const copy = conf.copy()
    for (const option of [options.jobManager.bindHost, options.taskManager.bindHost, options.taskManager.host, options.rest.bindAddress]) {
      if (copy.optional(option) !== 'localhost') continue
      copy.unset(option)
      if (option.key.endsWith('bind-host')) {
        log(
          'INFO',
          'descriptor',
          `Removing 'localhost' Key: '${option.key}' , default: null (fallback keys: []) setting from effective configuration; using '0.0.0.0' instead.`,
        )
      }
    }
    copy.set('high-availability.cluster-id', id)
    if (mode === 'per-job') copy.set('internal.cluster.execution-mode', job!.detached ? 'DETACHED' : 'NORMAL')
    return copy
  }

  /** The key of the engine among what a provided folder holds. */
  async #useProvided(files: ApplicationFiles, directories: readonly string[]): Promise<string> {
    const keys = (await allDone(directories.map((d) => files.useRemoteTree(d, 'PUBLIC')))).flat()
    const dist = keys.find((k) => path.posix.basename(k) === DIST)
    if (dist !== undefined) return dist
    throw flinkError(
      'ClusterDeploymentException',
      `The "${options.yarn.providedLibDirs.key}" has to also include the lib/, plugin/ and flink-dist jar. In other case, it cannot be used. (${DIST} is not below ${directories.join(', ')}; the engine's lib folder is ${engineLib()}.)`,
    )
  }

  async #uploadEngine(files: ApplicationFiles): Promise<string> {
    const { conf } = this.#d
    const own = conf.optional(options.yarn.flinkDistJar)
    const key = `lib/${DIST}`
    if (own !== undefined) {
      if (isRemote(own)) await files.useRemote(key, own, 'APPLICATION', { ship: true })
      else await files.uploadFile(key, requireFile(localPath(own), options.yarn.flinkDistJar.key), key, { ship: true })
      return key
    }
    const lib = engineLib()
    if (!existsSync(path.join(lib, DIST))) throw flinkError('FlinkException', `The engine ${path.join(lib, DIST)} has not been built: npm run build`)
    await allDone([...localFiles(lib)].map((f) => files.uploadFile(`lib/${f}`, path.join(lib, f), `lib/${f}`, { ship: true })))
    return key
  }

  /** The jar's key. */
  async #addJar(files: ApplicationFiles, jar: string): Promise<string> {
    const name = path.posix.basename(jar)
    if (!isRemote(jar)) {
      await files.uploadFile(name, localPath(jar), name, { ship: true })
      return name
    }
    // A NodeManager links a file that it got once under one name only.
    const provided = files.keyOf(jar)
    if (provided === undefined) await files.useRemote(name, jar, 'APPLICATION', { ship: true })
    return provided ?? name
  }

  async #ship(files: ApplicationFiles): Promise<void> {
    const { conf } = this.#d
    const add = async (option: typeof options.yarn.shipFiles, type: 'FILE' | 'ARCHIVE') => {
      const paths = conf.optional(option) ?? []
      await allDone(
        paths.map((p) => {
          if (path.posix.basename(p.replace(/\/+$/, '')) === 'usrlib') {
            throw flinkError('IllegalArgumentException', `User-shipped directories configured via : ${option.key} should not include usrlib.`)
          }
          if (isRemote(p)) return files.useRemote(path.posix.basename(p), p, 'APPLICATION', { ship: true, type })
          return files.uploadTree(requireFile(localPath(p), option.key), { ship: true, type })
        }),
      )
    }
    await allDone([add(options.yarn.shipFiles, 'FILE'), add(options.yarn.shipArchives, 'ARCHIVE')])
  }

  /** Jars of an application beside its own, from yarn.provided.usrlib.dir. */
  async #usrlib(files: ApplicationFiles): Promise<void> {
    const directory = this.#d.conf.optional(options.yarn.providedUsrLibDir)
    if (directory === undefined || this.#d.mode !== 'application') return
    const key = options.yarn.providedUsrLibDir.key
    if (directory.startsWith('file:'))
      throw flinkError('IllegalArgumentException', `The "${key}" should be a directory accessible from all worker nodes, while the "${directory}" is local.`)
    if (path.posix.basename(directory.replace(/\/+$/, '')) !== 'usrlib')
      throw flinkError('IllegalArgumentException', `The "${key}" should be named with "usrlib".`)
    await files.useRemoteTree(directory, 'PUBLIC')
  }

  async #waitUntilRunning(id: ApplicationId): Promise<ApplicationReportProto> {
    const { env, log, signal } = this.#d
    const name = formatApplicationId(id)
    log('INFO', 'descriptor', 'Waiting for the cluster to be allocated')
    const started = performance.now()
    let slow = false
    let last: string | undefined
    for (const pause of pauses(LONGEST_PAUSE)) {
      const report = await env.yarn.getApplicationReport(id)
      const state = report.yarnApplicationState ?? 'NEW'
      switch (state) {
        case 'FAILED':
        case 'KILLED':
          throw flinkError(
            'YarnDeploymentException',
            `The YARN application unexpectedly switched to state ${state} during deployment. \nDiagnostics from YARN: ${report.diagnostics}\nIf log aggregation is enabled on your cluster, use this command to further investigate the issue:\nyarn logs -applicationId ${name}`,
          )
        case 'RUNNING':
          log('INFO', 'descriptor', 'YARN application has been deployed successfully.')
          return report
        case 'FINISHED':
          log('INFO', 'descriptor', 'YARN application has been finished successfully.')
          return report
        default:
          if (state !== last) log('INFO', 'descriptor', `Deploying cluster, current state ${state}`)
          last = state
      }
      if (!slow && performance.now() - started > SLOW_DEPLOYMENT) {
        slow = true
        log('INFO', 'descriptor', 'Deployment took more than 60 seconds. Please check if the requested resources are available in the YARN cluster')
      }
      await sleep(pause, signal)
    }
    throw new Error('unreachable')
  }

  #deployed(id: ApplicationId, report: ApplicationReportProto): DeployedCluster {
    const { conf, log, mode, job } = this.#d
    const applicationId = formatApplicationId(id)
    if (mode === 'per-job' && job!.detached) log('INFO', 'descriptor', detachedHint(applicationId))
    if (report.yarnApplicationState === 'FINISHED' && mode === 'application') {
      log('INFO', 'descriptor', `The application ${applicationId} has ended with final status ${finalStatus(report)}.`)
      return { applicationId, rest: undefined }
    }
    const address: RestAddress = webInterface(report, applicationId, log)
    return { applicationId, rest: new RestClient(address, conf.get(options.client.timeout)) }
  }

  /** Failing at what is undone must not hide why it is. */
  async #kill(id: ApplicationId): Promise<void> {
    const { env, log } = this.#d
    const name = formatApplicationId(id)
    log('INFO', 'descriptor', 'Cancelling deployment from Deployment Failure Hook')
    log('INFO', 'descriptor', 'Killing YARN application')
    try {
      await env.yarn.forceKillApplication(id)
      log('INFO', 'yarnClient', `Killed application ${name}`)
    } catch (e) {
      log('WARN', 'descriptor', `The application ${name} could not be killed: ${(e as Error).message}`)
    }
  }

  async #removeFiles(files: ApplicationFiles): Promise<void> {
    const { log } = this.#d
    log('INFO', 'descriptor', `Deleting files in ${files.uri}.`)
    try {
      await files.remove()
    } catch (e) {
      log('WARN', 'descriptor', `The files in ${files.uri} could not be deleted: ${(e as Error).message}`)
    }
  }
}

/** @throws FlinkError for a folder that only this machine has */
function providedLibDirs(conf: FlinkConfiguration): readonly string[] {
  const directories = conf.optional(options.yarn.providedLibDirs) ?? []
  for (const directory of directories) {
    if (directory.startsWith('file:')) {
      throw flinkError(
        'IllegalArgumentException',
        `The "${options.yarn.providedLibDirs.key}" should only contain dirs accessible from all worker nodes, while the "${directory}" is local.`,
      )
    }
  }
  return directories
}

function requireFile(file: string, option: string): string {
  if (!existsSync(file)) throw flinkError('FileNotFoundException', `File ${file} does not exist (named by ${option})`)
  return file
}

const randomDigits = () => `${Math.floor(Math.random() * 1e9)}${Math.floor(Math.random() * 1e9)}`
