/** What if: a recorded life again, as its users and machines made it, under this configuration or that; and how far the simulation is from the record. */
import path from 'node:path'
import { type SimulationJob, jobsOf } from '../compare/jobs.js'
import type { SimulatedConfiguration } from '../configuration.js'
import type { Models } from '../models/models.js'
import { type Summary, mean, summaryOf } from '../report/statistics.js'
import { waitOf } from '../report/measures.js'
import type { RunResult } from '../results.js'
import { type Extracted, extract } from './extract.js'
import type { RecordedLife } from './record.js'

/** Waits as they were: submission to the master's container, and to the first container that its master was given. */
export interface RecordedWaits {
  readonly amWait: Summary
  readonly wait: Summary
  readonly makespan: number
}

export function recordedWaits(life: RecordedLife): RecordedWaits {
  const amWaits: number[] = []
  const waits: number[] = []
  let makespan = 0
  for (const app of life.applications) {
    const first = app.attempts[0]
    if (first?.amAllocatedAt !== undefined) amWaits.push(first.amAllocatedAt - app.submittedAt)
    const began = app.attempts
      .flatMap((a) => a.allocates.flatMap((x) => x.given.map((c) => c.allocatedAt)))
      .reduce<number | undefined>((least, at) => (least === undefined || at < least ? at : least), undefined)
    const asked = app.attempts.some((a) => a.allocates.some((x) => x.asks.length > 0))
    const wait = began ?? (asked ? undefined : first?.launchedAt)
    waits.push((wait ?? app.endedAt ?? life.end) - app.submittedAt)
    makespan = Math.max(makespan, app.endedAt ?? life.end)
  }
  return { amWait: summaryOf(amWaits), wait: summaryOf(waits), makespan }
}

/** The same, of runs under the recorded configuration: the mean over their seeds. */
export function simulatedWaits(runs: readonly RunResult[]): RecordedWaits {
  const averaged = (of: (r: RunResult) => Summary): Summary => {
    const all = runs.map(of)
    const one = (k: keyof Summary) => mean(all.map((s) => s[k]))
    return { count: one('count'), mean: one('mean'), p50: one('p50'), p95: one('p95'), p99: one('p99'), max: one('max') }
  }
  return {
    amWait: averaged((r) => summaryOf(r.applications.flatMap((a) => (a.amAllocatedAt === undefined ? [] : [a.amAllocatedAt - a.submittedAt])))),
    wait: averaged((r) => summaryOf(r.applications.flatMap((a) => waitOf(a, r.simulated)?.millis ?? []))),
    makespan: mean(runs.map((r) => r.makespan)),
  }
}

export interface Deviation {
  readonly measure: string
  readonly recorded: number
  readonly simulated: number
  /** Of the recorded one; undefined where that is 0. */
  readonly relative: number | undefined
}

export function deviations(recorded: RecordedWaits, simulated: RecordedWaits): Deviation[] {
  const row = (measure: string, of: (w: RecordedWaits) => number): Deviation => {
    const [a, b] = [of(recorded), of(simulated)]
    return { measure, recorded: a, simulated: b, relative: a === 0 ? undefined : (b - a) / a }
  }
  return [
    row('mean wait', (w) => w.wait.mean),
    row('p95 wait', (w) => w.wait.p95),
    row('mean AM wait', (w) => w.amWait.mean),
    row('p95 AM wait', (w) => w.amWait.p95),
    row('makespan', (w) => w.makespan),
  ]
}

export interface ClosedLoop {
  readonly extracted: Extracted
  readonly recorded: RecordedWaits
  /** The configuration that the log was recorded under. */
  readonly configuration: SimulatedConfiguration
}

/** Simulated nodes have a host of their own each; their names carry no port. */
const PORT_IN_NAME = 'yarn.scheduler.include-port-in-node-name'

export function closedLoop(life: RecordedLife, file: string): ClosedLoop {
  const { properties, allocations } = life.config
  return {
    extracted: extract(life, path.basename(file)),
    recorded: recordedWaits(life),
    configuration: { name: 'as recorded', properties: { ...properties, [PORT_IN_NAME]: 'false' }, ...(allocations !== undefined && { allocations }) },
  }
}

/** Models that were inferred, one for each application. */
export const recordedModels = (loop: ClosedLoop): string[] => loop.extracted.workload.applications.map((a) => a.model)

/**
 * @param cases the recorded configuration first; models: in place of those that were inferred
 * @param until default: the end of the record, where applications were running still
 */
export function closedLoopJobs(
  loop: ClosedLoop,
  cases: readonly { readonly configuration: SimulatedConfiguration; readonly models?: Models }[],
  seeds: readonly number[],
  until?: number,
): SimulationJob[] {
  const { workload, length } = loop.extracted
  // What was running still at the recording's end has no end of its own.
  const open = workload.applications.some((a) => a.killedAfter === undefined && a.stages?.at(-1)?.name !== 'closing')
  return jobsOf(
    cases.map(({ configuration, models = loop.extracted.models }) => ({
      workload,
      models,
      configuration: { ...configuration, properties: { ...configuration.properties, [PORT_IN_NAME]: 'false' } },
    })),
    seeds,
    until !== undefined ? { until } : open ? { until: length } : {},
  )
}
