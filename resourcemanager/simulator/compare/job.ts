/** One run, as it is handed to a worker: plain data. */
import { type SimulatedConfiguration, coreConfigOf } from '../configuration.js'
import type { Models } from '../models/models.js'
import type { RunResult } from '../results.js'
import { simulate } from '../simulate.js'
import type { Workload } from '../workload.js'

export interface SimulationJob {
  readonly workload: Workload
  readonly configuration: SimulatedConfiguration
  readonly seed: number
  /** Milliseconds from the start; absent: until nothing more happens. */
  readonly until?: number
  /** Absent: those built in. */
  readonly models?: Models
}

export function runJob({ workload, configuration, seed, until, models }: SimulationJob): RunResult {
  return simulate({
    workload,
    config: coreConfigOf(configuration),
    configurationName: configuration.name,
    seed,
    ...(until !== undefined && { until }),
    ...(models && { models }),
  })
}
