/** Cases with their workloads, and a line that shows how far their runs are. */
import { ConfigurationError } from '../../../common/config/configuration.js'
import type { JobsOptions } from '../compare/jobs.js'
import { duration } from '../report/format.js'
import { readWorkload } from '../traces/index.js'
import type { Workload } from '../workload.js'
import type { Case } from './arguments.js'
import { type Terminal, progressLine } from './terminal.js'

export interface WorkloadOptions {
  readonly trace: readonly string[]
  readonly nodes?: string
  /** Folder of the configuration that a trace's own settings may stand in. */
  readonly confDir?: string
  readonly seed: number
  /** Names of models that applications may have. */
  readonly modelNames?: readonly string[]
}

/** The workload of each case; the same one is read once. */
export function workloadsOf(cases: readonly Case[], options: WorkloadOptions): Workload[] {
  const known = new Map<string, Workload>()
  return cases.map((c) => {
    const files = c.traces ?? options.trace
    if (files.length === 0) throw new ConfigurationError('there is no trace: give --trace FILE (formats: docs/simulator.md)')
    const nodes = c.nodes ?? options.nodes
    const key = JSON.stringify([files, nodes])
    const before = known.get(key)
    if (before) return before
    const workload = readWorkload({
      ...(options.modelNames && { modelNames: options.modelNames }),
      files,
      seed: options.seed,
      ...(nodes !== undefined && { nodes }),
      ...(options.confDir !== undefined && { confDir: options.confDir }),
    })
    known.set(key, workload)
    return workload
  })
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
