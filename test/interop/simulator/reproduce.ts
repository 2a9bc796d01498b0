/** A recorded run simulated twice: from its submission times alone, and from all that its log tells. */
import { attempt, jobsOf } from '../../../resourcemanager/simulator/compare/jobs.js'
import { readSimulatedConfiguration } from '../../../resourcemanager/simulator/configuration.js'
import { BUILT_IN, type Models } from '../../../resourcemanager/simulator/models/models.js'
import {
  type Deviation,
  type RecordedWaits,
  closedLoop,
  closedLoopJobs,
  deviations,
  recordedWaits,
  simulatedWaits,
} from '../../../resourcemanager/simulator/replay/closed-loop.js'
import type { RecordedLife } from '../../../resourcemanager/simulator/replay/record.js'
import type { Workload } from '../../../resourcemanager/simulator/workload.js'
import { AM, CONTAINER, NODE, NODES, type SmallApplication } from './recorded-run.js'

const SEEDS = [1, 2, 3, 4, 5]

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!

/** What starting and ending take here, from applications on the idle cluster. @param slept how long their containers sleep, milliseconds */
function calibrated(idle: RecordedLife, slept: number): Models {
  const attempts = idle.applications.map((a) => a.attempts[0]!)
  const given = attempts.flatMap((a) => a.allocates.flatMap((x) => x.given))
  return {
    node: { outOfBand: true },
    masters: {
      small: {
        ...BUILT_IN.masters.stages!,
        heartbeat: 500,
        start: median(attempts.map((a) => a.registeredAt! - a.amAllocatedAt!)),
        // Their ends are told at once; that they run, only with the next heartbeat.
        launch: Math.max(0, median(given.map((c) => c.completeAt! - c.givenAt)) - slept),
        exit: Math.max(0, median(attempts.map((a) => (a.exitedAt ?? a.finishedAt!) - a.finishedAt!))),
      },
    },
  }
}

/** @param calibration applications that came before, on the idle cluster */
export function reproduce(
  life: RecordedLife,
  calibration: readonly SmallApplication[],
  applications: readonly SmallApplication[],
  confDir: string,
): { readonly fromSubmissions: Deviation[]; readonly fromLog: Deviation[] } {
  const part = (from: number, to: number): RecordedLife => ({ ...life, applications: life.applications.slice(from, to) })
  const measured = part(calibration.length, life.applications.length)
  const start = measured.applications[0]!.submittedAt
  const workload: Workload = {
    name: 'submission times alone',
    nodes: Array.from({ length: NODES }, (_, i) => ({ host: `node-${i}`, resource: NODE })),
    applications: measured.applications.map((a, i) => ({
      id: `small ${i}`,
      at: a.submittedAt - start,
      user: a.submission.user,
      queue: a.submission.queue!,
      am: { resource: AM },
      model: 'small',
      stages: [{ name: 'sleep', count: applications[i]!.containers, resource: CONTAINER, priority: 1, duration: applications[i]!.seconds * 1000 }],
    })),
  }
  // `bobbin up` lays the folder's properties over its own.
  const given = readSimulatedConfiguration(confDir)
  const configuration = { ...given, properties: { ...life.config.properties, ...given.properties, 'yarn.scheduler.include-port-in-node-name': 'false' } }
  const alone = jobsOf([{ workload, configuration, models: calibrated(part(0, calibration.length), calibration[0]!.seconds * 1000) }], SEEDS).map(attempt)
  const recorded = recordedWaits(measured)
  const loop = closedLoop(measured, 'recorded')
  const closed = closedLoopJobs(loop, [{ configuration: loop.configuration }], SEEDS).map(attempt)
  // What is simulated from the log keeps the log's times.
  const sinceStart = (waits: RecordedWaits): RecordedWaits => ({ ...waits, makespan: waits.makespan - start })
  return {
    fromSubmissions: deviations(sinceStart(recorded), simulatedWaits(alone)),
    fromLog: deviations(sinceStart(recorded), sinceStart(simulatedWaits(closed))),
  }
}
