/** A workload on a simulated cluster under one configuration: what came of it. */
import { ConfigurationError, readValue } from '../../common/config/keys/value.js'
import { yarn } from '../../common/config/keys/yarn.js'
import type { CoreConfig } from '../core/index.js'
import type { EventLog } from '../runtime/event-log.js'
import { Run } from './engine/run.js'
import { BUILT_IN, type Models } from './models/models.js'
import type { RunResult } from './results.js'
import type { Workload } from './workload.js'

export interface SimulateOptions {
  readonly workload: Workload
  readonly config: CoreConfig
  /** What reports call the configuration. */
  readonly configurationName: string
  readonly seed: number
  /** Milliseconds of virtual time after which the run is over, whatever is left. */
  readonly until?: number
  readonly models?: Models
  /** False: every heartbeat and allocate is made, also those that change nothing. */
  readonly skipping?: boolean
  /** Called now and then with the milliseconds simulated and the steps taken. */
  readonly onProgress?: (simulated: number, events: number) => void
  /** Records the run, as a ResourceManager's event log: `bobbin replay` reads it. Nothing is passed over then. */
  readonly onStep?: EventLog['append']
}

/** @throws ConfigurationError, IllegalArgumentException when the scheduler can't be configured so */
export function simulate(options: SimulateOptions): RunResult {
  const { workload, config, configurationName, seed, until, models = BUILT_IN, onProgress, onStep } = options
  // A log holds what was said, not what was passed over: liveness counts by it.
  const skipping = options.skipping ?? onStep === undefined
  if (!config.nodeLabelsEnabled && workload.nodes.some((n) => n.labels !== undefined && n.labels.length > 0))
    throw new ConfigurationError(`the nodes of ${workload.name} have labels: set ${yarn.nodeLabelsEnabled.name} to true in the configuration`)
  const heartbeatInterval = models.node.heartbeat?.every ?? readValue(config.properties, yarn.nmHeartbeatInterval)
  const run = new Run({ workload, config, models, seed, heartbeatInterval, until, skipping, onProgress, onStep })
  const { simulated, outcomes } = run.run()
  const applications = [...outcomes]
  return {
    workload: workload.name,
    configuration: configurationName,
    scheduler: config.schedulerClass.replace(/^.*\./, ''),
    seed,
    nodes: workload.nodes.length,
    simulated,
    makespan: applications.reduce((last, a) => Math.max(last, a.finishedAt ?? (isOver(a.state) ? 0 : simulated)), 0),
    events: run.events,
    skippedHeartbeats: run.nodes.skipped,
    applications,
    timeline: run.sampler.timeline(),
    notes: run.notes,
  }
}

const isOver = (state: string) => state !== 'RUNNING' && state !== 'WAITING'
