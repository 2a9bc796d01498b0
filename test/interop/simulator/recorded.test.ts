/** How near the simulation comes to a real cluster: a hundred small applications on `bobbin up`, recorded; then simulated. */
import { describe, expect, test } from 'vitest'
import { attempt, jobsOf } from '../../../resourcemanager/simulator/compare/jobs.js'
import { readSimulatedConfiguration } from '../../../resourcemanager/simulator/configuration.js'
import { BUILT_IN, type Models } from '../../../resourcemanager/simulator/models/models.js'
import { type Deviation, closedLoop, closedLoopJobs, deviations, recordedWaits, simulatedWaits } from '../../../resourcemanager/simulator/replay/closed-loop.js'
import { type RecordedLife, recordLife } from '../../../resourcemanager/simulator/replay/record.js'
import { replayEventLog } from '../../../resourcemanager/runtime/event-log.js'
import type { Workload } from '../../../resourcemanager/simulator/workload.js'
import { writeSection, writesFidelity } from '../fidelity.js'
import { AM, CONTAINER, NODE, NODES, type SmallApplication, recordRun } from './recorded-run.js'

const APPLICATIONS = 100
const SEEDS = [1, 2, 3, 4, 5]

/** One every 600 ms on average, in bursts of four; every third in queue hive. */
const HUNDRED: readonly SmallApplication[] = Array.from({ length: APPLICATIONS }, (_, i) => ({
  at: Math.floor(i / 4) * 2400 + (i % 4) * 150,
  queue: i % 3 === 0 ? 'hive' : 'default',
  containers: 1 + (i % 3),
  seconds: 2 + (i % 4),
}))
/** On the idle cluster, for what starting costs here. */
const CALIBRATION: readonly SmallApplication[] = [0, 1, 2].map((i) => ({ at: i * 7000, queue: 'default', containers: 2, seconds: 1 }))

/** A life's part from `from` on: applications submitted since, times from the first of them. */
function since(life: RecordedLife, from: number, to: number): RecordedLife {
  return { ...life, end: life.end, applications: life.applications.slice(from, to) }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!

function row(d: Deviation): string {
  const s = (ms: number) => (ms / 1000).toFixed(2)
  return `${d.measure} | ${s(d.recorded)} | ${s(d.simulated)} | ${d.relative === undefined ? '-' : `${(d.relative * 100).toFixed(1)} %`}`
}

describe('a recorded run of bobbin up', () => {
  test('is reproduced: effects exactly, waits and makespan nearly', async () => {
    const run = await recordRun([CALIBRATION, HUNDRED])
    try {
      expect((await replayEventLog(run.log)).steps).toBeGreaterThan(1000)
      const { life } = await recordLife(run.log)
      expect(life.applications).toHaveLength(CALIBRATION.length + APPLICATIONS)
      const hundred = since(life, CALIBRATION.length, life.applications.length)
      const start = hundred.applications[0]!.submittedAt

      // What starting costs, from the three applications on the idle cluster.
      const idle = since(life, 0, CALIBRATION.length).applications.map((a) => a.attempts[0]!)
      const given = idle.flatMap((a) => a.allocates.flatMap((x) => x.given))
      const models: Models = {
        ...BUILT_IN,
        masters: {
          ...BUILT_IN.masters,
          small: {
            ...BUILT_IN.masters.stages!,
            heartbeat: 500,
            start: median(idle.map((a) => a.registeredAt! - a.launchedAt!)),
            launch: Math.max(0, median(given.map((c) => (c.runningAt ?? c.givenAt) - c.givenAt)) - 500),
            exit: Math.max(0, median(idle.map((a) => (a.exitedAt ?? a.finishedAt!) - a.finishedAt!)) - 500),
          },
        },
      }
      const workload: Workload = {
        name: 'submission times alone',
        nodes: Array.from({ length: NODES }, (_, i) => ({ host: `node-${i}`, resource: NODE })),
        applications: hundred.applications.map((a, i) => ({
          id: `small ${i}`,
          at: a.submittedAt - start,
          user: a.submission.user,
          queue: a.submission.queue!,
          am: { resource: AM },
          model: 'small',
          stages: [{ name: 'sleep', count: HUNDRED[i]!.containers, resource: CONTAINER, priority: 1, duration: HUNDRED[i]!.seconds * 1000 }],
        })),
      }
      const configuration = readSimulatedConfiguration(run.confDir)
      const alone = jobsOf([{ workload, configuration }], SEEDS, { models }).map(attempt)
      const recorded = recordedWaits(hundred)
      const fromSubmissions = deviations({ ...recorded, makespan: recorded.makespan - start }, simulatedWaits(alone))

      const loop = closedLoop(hundred, run.log)
      const closed = closedLoopJobs(loop, [loop.configuration], SEEDS).map(attempt)
      const fromLog = deviations(recorded, simulatedWaits(closed))

      const rows = fromSubmissions.map(
        (d, i) => `| ${row(d)} | ${(fromLog[i]!.simulated / 1000).toFixed(2)} | ${((fromLog[i]!.relative ?? 0) * 100).toFixed(1)} % |`,
      )
      process.stdout.write(`${rows.join('\n')}\n`)
      for (const d of [...fromSubmissions, ...fromLog]) expect(Math.abs(d.relative ?? 0), d.measure).toBeLessThan(0.5)
      if (!writesFidelity) return
      writeSection('A simulated cluster against a real one', [
        `${APPLICATIONS} small applications (a master and one to three containers that sleep for 2 to 5 s) on \`bobbin up --nodes ${NODES}\`, their ResourceManager's`,
        'events recorded; then simulated, five seeds each: from their submission times alone, with what starting takes measured on three applications',
        'on the idle cluster; and from the log (`bobbin replay LOG --what-if`), which knows how long each container ran. Seconds.',
        '',
        '| measure | real | from submission times | deviation | from the log | deviation |',
        '|---|---:|---:|---:|---:|---:|',
        ...rows.map((r) => `|${r.slice(1)}`),
        '',
        'The open loop (`bobbin replay LOG`) gives every effect as recorded.',
      ])
    } finally {
      run.remove()
    }
  })
})
