/** Many runs, as many at once as there are cores: each in a worker of its own, since a run fills one. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { SimulatedConfiguration } from '../configuration.js'
import type { Models } from '../models/models.js'
import type { RunResult } from '../results.js'
import type { Workload } from '../workload.js'
import { type SimulationJob, runJob } from './job.js'

export type { SimulationJob } from './job.js'

export interface JobsOptions {
  /** At most so many at once; default: the cores that may be used. */
  readonly parallel?: number
  readonly onDone?: (result: RunResult, done: number, of: number) => void
}

/** What a worker is sent, one at a time. */
export interface WorkerMessage {
  readonly index: number
  readonly job: SimulationJob
}

export type WorkerAnswer = { readonly index: number; readonly result: RunResult } | { readonly index: number; readonly error: string }

/** The bundle beside this one; run from its sources, nothing is: the runs then follow one another. */
function workerFile(): URL | undefined {
  return import.meta.url.endsWith('.cjs') ? new URL('./simulator-worker.cjs', import.meta.url) : undefined
}

/** Results in the order of the jobs. @throws Error naming the configuration and seed of the job that failed */
export async function runJobs(jobs: readonly SimulationJob[], options: JobsOptions = {}): Promise<RunResult[]> {
  const results = new Array<RunResult>(jobs.length)
  let done = 0
  const finish = (index: number, result: RunResult) => {
    results[index] = result
    options.onDone?.(result, ++done, jobs.length)
  }
  const parallel = Math.min(options.parallel ?? availableParallelism(), jobs.length)
  const file = workerFile()
  if (parallel <= 1 || !file) {
    for (const [i, job] of jobs.entries()) finish(i, attempt(job))
    return results
  }
  let next = 0
  const workers = Array.from({ length: parallel }, () => new Worker(file))
  const work = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      const give = () => {
        if (next >= jobs.length) return resolve()
        const index = next++
        worker.postMessage({ index, job: jobs[index]! } satisfies WorkerMessage)
      }
      worker.on('message', (answer: WorkerAnswer) => {
        if ('error' in answer) return reject(new Error(answer.error))
        finish(answer.index, answer.result)
        give()
      })
      worker.on('error', reject)
      worker.on('exit', (code) => code !== 0 && reject(new Error(`a worker of the simulator ended with code ${code}`)))
      give()
    })
  try {
    await Promise.all(workers.map(work))
  } finally {
    await Promise.all(workers.map((w) => w.terminate()))
  }
  return results
}

/** Runs it here. @throws Error naming it */
export function attempt(job: SimulationJob): RunResult {
  try {
    return runJob(job)
  } catch (e) {
    throw new Error(`${job.configuration.name}, seed ${job.seed}: ${e instanceof Error ? e.message : String(e)}`, { cause: e })
  }
}

/** One job for each configuration and seed, seeds of one configuration after one another. */
export function jobsOf(
  cases: readonly { readonly workload: Workload; readonly configuration: SimulatedConfiguration; readonly models?: Models }[],
  seeds: readonly number[],
  more: { readonly until?: number } = {},
): SimulationJob[] {
  return cases.flatMap((c) => seeds.map((seed) => ({ ...c, seed, ...more })))
}
