/** Cases with their workloads, and a line that shows how far their runs are. */
import type { JobsOptions } from '../compare/jobs.js'
import { readModels } from '../models/file.js'
import { BUILT_IN, type Models } from '../models/models.js'
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
  /** A models file. */
  readonly models?: string | undefined
}

/** What a case is run on. */
export interface CaseWorkload {
  readonly workload: Workload
  readonly models: Models
}

/** The workload of a case with a seed, which decides what a trace leaves to chance; the same one is read once. */
export function workloadReader(options: WorkloadOptions): (c: Pick<Case, 'nodes' | 'traces' | 'models'>, seed: number) => CaseWorkload {
  const known = new Map<string, CaseWorkload>()
  const modelsOf = modelsReader(BUILT_IN)
  const { confDir } = options
  return (c, seed) => {
    const files = c.traces ?? options.trace
    const nodes = c.nodes ?? options.nodes
    const modelsFile = c.models ?? options.models
    const key = JSON.stringify([files, nodes, modelsFile, seed])
    const before = known.get(key)
    if (before) return before
    const models = modelsOf(modelsFile)
    const modelNames = Object.keys(models.masters)
    const workload = readWorkload({ files, seed, modelNames, ...(nodes !== undefined && { nodes }), ...(confDir !== undefined && { confDir }) })
    const made = { workload, models }
    known.set(key, made)
    return made
  }
}

/** What a models file makes of those that are there without it; each file is read once. */
export function modelsReader(base: Models, recorded: readonly string[] = []): (file: string | undefined) => Models {
  const known = new Map<string, Models>()
  return (file) => {
    if (file === undefined) return base
    const models = known.get(file) ?? readModels(file, base, recorded)
    known.set(file, models)
    return models
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
