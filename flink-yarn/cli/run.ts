/** `flink run`: main runs here; each execute() goes to a session, or gets a cluster of its own. */
import type { CommandLine } from '../../common/cli/options.js'
import { parseApplicationId } from '../../common/records/ids.js'
import { FlinkError, flinkError } from '../config/errors.js'
import { type FlinkConfiguration, options } from '../config/index.js'
import { type YarnEnvironment, yarnEnvironment } from '../deployment/environment.js'
import type { JobExecutionResult, RestClient } from '../deployment/rest-client.js'
import { type Cluster, finalStatus, retrieveCluster, unknownTarget } from '../deployment/retrieve.js'
import { deployCluster } from '../deployment/yarn-descriptor.js'
import type { JobGraph } from '../jobgraph/index.js'
import { ProgramInvocationException } from '../program/errors.js'
import type { JobJar } from '../program/jar.js'
import { type JobResult, type PipelineExecutor, type SubmittedJob, runMain } from '../program/run.js'
import { Interrupted, interruption, untilInterrupted } from './interruption.js'
import { type Output, withoutFrames } from './output.js'
import { openJar, programOf, programOptions } from './program.js'
import { effectiveConfiguration } from './targets.js'

export async function run(line: CommandLine, base: FlinkConfiguration, output: Output): Promise<number> {
  const given = base.copy()
  const program = programOf(line, given)
  const conf = effectiveConfiguration(line, given, output)
  const jar = await openJar(program.jar)
  const { signal, release } = interruption()
  const jobs = new JobClients(conf, jar, output, signal)
  try {
    const { jobs: submitted } = await untilInterrupted(signal, runMain(jar, { ...programOptions(program, conf), executor: jobs }))
    if (submitted > 0) return 0
    output.err()
    output.err("The program didn't contain a Flink job. Perhaps you forgot to call execute() on the execution environment.")
    return 1
  } catch (e) {
    const interrupted = e instanceof Interrupted ? e : signal.aborted ? (signal.reason as Interrupted) : undefined
    if (!interrupted) throw e
    await jobs.interrupted()
    return interrupted.exitCode
  } finally {
    release()
    jobs.close()
  }
}

/** A JobManager's endpoint is up a moment before its own job is. */
const UNKNOWN_AT_FIRST = 10_000
/** How long a JobManager that answered once may stay away, unless YARN says that it has ended. */
const LOST_AFTER = 10_000

interface JobCluster {
  readonly rest: RestClient
  readonly applicationId?: string
}

/** Where the program's jobs go: the executor of the target. */
class JobClients implements PipelineExecutor {
  readonly #closers: (() => void)[] = []
  readonly #running = new Map<string, RestClient>()
  #session: Cluster | undefined
  #yarn: YarnEnvironment | undefined
  #pending: Promise<unknown> = Promise.resolve()
  readonly #target: string | undefined
  readonly #detached: boolean

  constructor(
    readonly conf: FlinkConfiguration,
    readonly jar: JobJar,
    readonly output: Output,
    readonly signal: AbortSignal,
  ) {
    this.#target = conf.optional(options.deployment.target)
    this.#detached = !conf.get(options.deployment.attached)
  }

  submit(graph: JobGraph): Promise<SubmittedJob> {
    const submitted = this.#submit(graph)
    this.#pending = submitted.catch(() => {})
    return submitted
  }

  async #submit(graph: JobGraph): Promise<SubmittedJob> {
    const { rest, applicationId } = await this.#clusterFor(graph)
    this.output.out(`Job has been submitted with JobID ${graph.jobId}`)
    if (this.#detached) return { jobId: graph.jobId, result: undefined }
    this.#running.set(graph.jobId, rest)
    return { jobId: graph.jobId, result: () => this.#result(graph.jobId, rest, applicationId) }
  }

  async #clusterFor(graph: JobGraph): Promise<JobCluster> {
    switch (this.#target) {
      case 'remote':
      case 'yarn-session':
        return this.#toSession(graph)
      case 'yarn-per-job':
        return this.#toOwnCluster(graph)
      case 'yarn-application':
        throw flinkError('IllegalStateException', 'The target "yarn-application" is for the action "run-application".')
      default:
        throw unknownTarget(this.#target ?? '')
    }
  }

  async #toSession(graph: JobGraph): Promise<JobCluster> {
    if (!this.#session) {
      const session = await retrieveCluster(this.conf, this.output.log)
      this.#session = session
      this.#closers.push(() => session.close())
    }
    try {
      await this.#session.rest.submit(graph, this.jar.path)
      return this.#session
    } catch (e) {
      // Apache Flink's JobManager expects a Java object.
      const foreign = /Failed to deserialize JobGraph/.test((e as Error).message)
      const hint = foreign
        ? ` ${this.#session.rest.url} is a JobManager of Apache Flink, which runs jars of Java classes; ${this.jar.name} holds JavaScript.`
        : ''
      const inner = flinkError('JobSubmissionException', `Failed to submit JobGraph.${hint}`, { cause: e })
      throw flinkError('FlinkException', `Failed to execute job '${graph.name}'.`, { cause: inner })
    }
  }

  async #toOwnCluster(graph: JobGraph): Promise<JobCluster> {
    this.#yarn ??= yarnEnvironment()
    const job = { graph, jar: this.jar.path, detached: this.#detached }
    const deployed = await deployCluster({ mode: 'per-job', conf: this.conf, env: this.#yarn, log: this.output.log, signal: this.signal, job })
    const rest = deployed.rest!
    this.#closers.push(() => rest.close())
    try {
      await rest.initialised(graph.jobId, UNKNOWN_AT_FIRST)
    } catch (e) {
      // A short job may be over already, and its cluster with it.
      if (!(e instanceof FlinkError && e.is('ConnectException'))) throw e
    }
    return { rest, applicationId: deployed.applicationId }
  }

  async #result(jobId: string, rest: RestClient, applicationId: string | undefined): Promise<JobResult> {
    let since: number | undefined
    const result = await rest.result(jobId, async (e) => {
      since ??= performance.now()
      if (applicationId !== undefined) await this.#checkApplication(applicationId)
      if (performance.now() - since > LOST_AFTER) throw e
    })
    this.#running.delete(jobId)
    if (result['application-status'] !== 'SUCCEEDED') throw jobFailure(jobId, result)
    this.output.out('Program execution finished')
    this.output.out(`Job with JobID ${jobId} has finished.`)
    this.output.out(`Job Runtime: ${result['net-runtime']} ms`)
    this.output.out()
    return { jobId, netRuntime: result['net-runtime'] }
  }

  /** @throws FlinkError with what YARN knows of the end of an application whose JobManager does not answer */
  async #checkApplication(applicationId: string): Promise<void> {
    this.#yarn ??= yarnEnvironment()
    const report = await this.#yarn.yarn.getApplicationReport(parseApplicationId(applicationId))
    const state = report.yarnApplicationState
    if (state !== 'FINISHED' && state !== 'FAILED' && state !== 'KILLED') return
    const reason = flinkError('FlinkException', `${report.diagnostics}\nIts logs say more: yarn logs -applicationId ${applicationId}`.trim())
    throw flinkError(
      'RuntimeException',
      `The Yarn application ${applicationId} doesn't run anymore. Its state is ${state}, its final status ${finalStatus(report)}.`,
      {
        cause: reason,
      },
    )
  }

  /** A deployment that was under way has been undone when this resolves; running jobs go on unless -sae was given. */
  async interrupted(): Promise<void> {
    await this.#pending
    if (!this.conf.get(options.deployment.shutdownIfAttached)) return
    for (const [jobId, rest] of this.#running) {
      try {
        await rest.cancel(jobId)
      } catch (e) {
        this.output.err(`The job ${jobId} could not be cancelled: ${(e as Error).message}`)
      }
    }
  }

  close(): void {
    for (const close of this.#closers) close()
    this.#yarn?.yarn.close()
  }
}

/** Its message and its causes are what the command shows. */
function jobFailure(jobId: string, result: JobExecutionResult): Error {
  const cause = result['failure-cause']
  const reason =
    cause === undefined
      ? flinkError(
          'JobCancellationException',
          result['application-status'] === 'CANCELED' ? 'Job was cancelled.' : `Job ended as ${result['application-status']}.`,
        )
      : flinkError('JobExecutionException', 'Job execution failed.', { cause: remoteCause(cause) })
  return new ProgramInvocationException(`Job failed (JobID: ${jobId})`, { cause: reason })
}

function remoteCause(cause: NonNullable<JobExecutionResult['failure-cause']>): Error {
  const trace = withoutFrames(cause['stack-trace']).replace(
    /^org\.apache\.flink\.runtime\.client\.JobExecutionException: Job execution failed\.\nCaused by: /,
    '',
  )
  return Object.assign(new Error(trace), { javaClass: cause.class, trace })
}
