/** Cases with their workloads, and a line that shows how far their runs are. */
import type { JobsOptions } from '../compare/jobs.js'
import { duration } from '../report/format.js'
import { readWorkload } from '../traces/index.js'
import type { Workload } from '../workload.js'
import type { Case } from './arguments.js'
import { type Terminal, progressLine } from './terminal.js'

export interface WorkloadOptions {
  readonly trace: readonly string[]
  readonly nodes?: string | undefined
  /** Folder of the configuration that a trace's own settings may stand in. */
  readonly confDir?: string | undefined
  /** Names of models that applications may have. */
  readonly modelNames: readonly string[]
}

/** The workload of a case with a seed, which decides what a trace leaves to chance; the same one is read once. */
export function workloadReader(options: WorkloadOptions): (c: Pick<Case, 'nodes' | 'traces'>, seed: number) => Workload {
  const known = new Map<string, Workload>()
  const { modelNames, confDir } = options
  return (c, seed) => {
    const files = c.traces ?? options.trace
    const nodes = c.nodes ?? options.nodes
    const key = JSON.stringify([files, nodes, seed])
    const before = known.get(key)
    if (before) return before
    const workload = readWorkload({ files, seed, modelNames, ...(nodes !== undefined && { nodes }), ...(confDir !== undefined && { confDir }) })
    known.set(key, workload)
    return workload
  }
}

/** Tells of each run that is done. */
export function showJobs(terminal: Terminal): Required<Pick<JobsOptions, 'onDone'>> & { clear(): void } {
  const line = progressLine(terminal)
  const started = performance.now()
  let simulated = 0
  return {
    onDone(result, done, of) {
      simulated += result.simulated
      const real = performance.now() - started
      line.show(`${done} of ${of} runs; ${duration(simulated)} simulated in ${duration(real)} (${Math.round(simulated / Math.max(real, 1))} times real time)`)
    },
    clear: () => line.clear(),
  }
}
