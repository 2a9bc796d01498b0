/** Who runs a program's main, and what its execute() does: a client submits, a task only wants the graph. */
import type { StreamExecutionEnvironment } from './environment.js'

export interface JobResultData {
  readonly jobId: string
  readonly detached: boolean
  /** Milliseconds that the job ran; undefined when it was submitted detached. */
  readonly netRuntime: number | undefined
}

export interface ProgramContext {
  readonly defaultParallelism: number
  readonly configuration: Readonly<Record<string, string>>
  /** @param attached false for executeAsync(), which does not wait for the job's end */
  execute(environment: StreamExecutionEnvironment, jobName: string, attached: boolean): Promise<JobResultData>
}

let current: ProgramContext | undefined

export function currentContext(): ProgramContext | undefined {
  return current
}

/** Runs `main` with its environments bound to `context`. One program at a time in a thread: environments are found by it. */
export async function withContext<T>(context: ProgramContext, main: () => Promise<T>): Promise<T> {
  if (current) throw new Error('another program runs in this thread')
  current = context
  try {
    return await main()
  } finally {
    current = undefined
  }
}
