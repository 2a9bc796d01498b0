/** Failures with their causes, as clients and people get to see them: Flink's classes and words. */

export interface Failure {
  readonly className: string
  readonly message: string
  /** `\tat …` lines; none where nothing is known of the place. */
  readonly frames?: readonly string[]
  readonly cause?: Failure
}

const runtime = 'org.apache.flink.runtime'

export const CLASSES = {
  jobException: `${runtime}.JobException`,
  jobExecutionException: `${runtime}.client.JobExecutionException`,
  jobCancellationException: `${runtime}.client.JobCancellationException`,
  noResource: `${runtime}.jobmanager.scheduler.NoResourceAvailableException`,
  flinkException: 'org.apache.flink.util.FlinkException',
  timeout: 'java.util.concurrent.TimeoutException',
  remoteTransport: `${runtime}.io.network.netty.exception.RemoteTransportException`,
} as const

export function failure(className: string, message: string, cause?: Failure): Failure {
  return { className, message, ...(cause && { cause }) }
}

/** From what a task reported: `stack` has the first line and then its frames. */
export function failureOfStack(className: string, message: string, stack: string | undefined): Failure {
  const frames = (stack ?? '').split('\n').filter((line) => line.startsWith('\tat '))
  return { className, message, ...(frames.length > 0 && { frames }) }
}

/** As Throwable.printStackTrace: one block for each cause. */
export function stackTrace(f: Failure): string {
  const blocks: string[] = []
  for (let at: Failure | undefined = f; at; at = at.cause) {
    blocks.push([`${blocks.length === 0 ? '' : 'Caused by: '}${at.className}: ${at.message}`, ...(at.frames ?? [])].join('\n'))
  }
  return `${blocks.join('\n')}\n`
}

export function rootCause(f: Failure): Failure {
  return f.cause ? rootCause(f.cause) : f
}
