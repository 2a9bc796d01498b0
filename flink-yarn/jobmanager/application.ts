/** Application mode: main runs in the JobManager, its execute() calls become jobs of this very cluster. */
import { type FlinkConfiguration, options } from '../config/index.js'
import type { JobGraph } from '../jobgraph/index.js'
import type { Log } from '../log.js'
import { ProgramInvocationException } from '../program/errors.js'
import { loadJobJar } from '../program/jar.js'
import { checkProgram, runMain } from '../program/run.js'
import type { Cluster } from './cluster.js'
import type { ApplicationStatus } from './driver.js'
import { type Failure, rootCause, stackTrace } from './failure.js'
import type { JobOutcome } from './job-master.js'

/** A job of the application did not end well; main may catch it. */
class JobNotSuccessful extends Error {
  override name = 'JobExecutionException'
  readonly className = 'org.apache.flink.client.deployment.application.UnsuccessfulExecutionException'
  constructor(
    readonly outcome: JobOutcome,
    message: string,
  ) {
    super(message)
  }
}

export interface ApplicationEnd {
  readonly status: ApplicationStatus
  /** What YARN shows of it; empty unless it failed. */
  readonly diagnostics: string
}

export function applicationStatus(outcome: JobOutcome): ApplicationStatus {
  return outcome.status === 'FINISHED' ? 'SUCCEEDED' : outcome.status
}

export function diagnosticsOf(outcome: JobOutcome): string {
  if (!outcome.failure) return ''
  const { className, message } = rootCause(outcome.failure)
  return `The job failed: ${className}: ${message}`
}

export interface Application {
  /** @returns how the application ended. @throws what main threw when it was not for the failure of a job */
  run(cluster: Cluster, conf: FlinkConfiguration, log: Log): Promise<ApplicationEnd>
}

/** @throws ProgramInvocationException when the jar or its entry class is not there */
export async function prepareApplication(a: {
  readonly jar: string | undefined
  readonly entryClass: string | undefined
  readonly programArguments: readonly string[]
}): Promise<Application> {
  const jar = await loadJobJar(a.jar!)
  const entryClass = checkProgram(jar, a.entryClass)
  return {
    async run(cluster, conf, log) {
      const outcomes: Promise<JobOutcome>[] = []
      cluster.dispatcher.addJar(jar)
      const submit = async (graph: JobGraph) => {
        const { outcome } = cluster.dispatcher.submit(graph)
        outcomes.push(outcome)
        const result = async () => {
          const o = await outcome
          if (o.status !== 'FINISHED') throw new JobNotSuccessful(o, describe(graph, o.failure))
          return { jobId: graph.jobId, netRuntime: o.netRuntime }
        }
        return { jobId: graph.jobId, result }
      }
      try {
        const { jobs } = await runMain(jar, {
          entryClass,
          args: a.programArguments,
          parallelism: conf.get(options.core.parallelism),
          configuration: Object.fromEntries(conf.entries()),
          executor: { submit },
        })
        if (jobs === 0) throw new ProgramInvocationException('The application contains no execute() calls.')
      } catch (e) {
        // A main that fails by itself takes the cluster with it; one that fails for a job's sake ends as the job did.
        if (!causedByJob(e)) throw e
        log.warn(`Application failed: ${(e as Error).message}`)
      }
      return worst(await Promise.all(outcomes))
    },
  }
}

function describe(graph: JobGraph, reason: Failure | undefined): string {
  return reason ? `Job failed (JobID: ${graph.jobId})\n${stackTrace(reason)}` : `Job was cancelled (JobID: ${graph.jobId})`
}

function causedByJob(e: unknown): boolean {
  for (let at = e; at instanceof Error; at = at.cause) if (at instanceof JobNotSuccessful) return true
  return false
}

function worst(outcomes: readonly JobOutcome[]): ApplicationEnd {
  const decisive = outcomes.find((o) => o.status === 'FAILED') ?? outcomes.find((o) => o.status === 'CANCELED') ?? outcomes[0]
  return decisive ? { status: applicationStatus(decisive), diagnostics: diagnosticsOf(decisive) } : { status: 'SUCCEEDED', diagnostics: '' }
}
