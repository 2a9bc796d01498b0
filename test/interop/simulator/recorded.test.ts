/** How near the simulation comes to a real cluster: a hundred small applications on `bobbin up`, recorded; then simulated. */
import { describe, expect, test } from 'vitest'
import type { Deviation } from '../../../resourcemanager/simulator/replay/closed-loop.js'
import { recordLife } from '../../../resourcemanager/simulator/replay/record.js'
import { replayEventLog } from '../../../resourcemanager/runtime/event-log.js'
import { writeSection, writesFidelity } from '../fidelity.js'
import { whyNot } from '../peers/layout.js'
import { NODES, type SmallApplication, recordRun } from './recorded-run.js'
import { reproduce } from './reproduce.js'

const APPLICATIONS = 100

/** One every 600 ms on average, in bursts of four; every third in queue hive. */
const HUNDRED: readonly SmallApplication[] = Array.from({ length: APPLICATIONS }, (_, i) => ({
  at: Math.floor(i / 4) * 2400 + (i % 4) * 150,
  queue: i % 3 === 0 ? 'hive' : 'default',
  containers: 1 + (i % 3),
  seconds: 2 + (i % 4),
}))
/** On the idle cluster, for what starting costs here. */
const CALIBRATION: readonly SmallApplication[] = [0, 1, 2].map((i) => ({ at: i * 7000, queue: 'default', containers: 2, seconds: 1 }))

const seconds = (ms: number) => (ms / 1000).toFixed(2)
const relative = (d: Deviation) => (d.relative === undefined ? '-' : `${(d.relative * 100).toFixed(1)} %`)

describe.skipIf(whyNot() !== undefined)('a recorded run of bobbin up', () => {
  test('is reproduced: effects exactly, waits and makespan nearly', async () => {
    const run = await recordRun([CALIBRATION, HUNDRED])
    try {
      expect((await replayEventLog(run.log)).steps).toBeGreaterThan(1000)
      const { life } = await recordLife(run.log)
      expect(life.applications).toHaveLength(CALIBRATION.length + APPLICATIONS)
      const { fromSubmissions, fromLog } = reproduce(life, CALIBRATION, HUNDRED, run.confDir)
      const rows = fromSubmissions.map((d, i) => {
        const log = fromLog[i]!
        return `| ${d.measure} | ${seconds(d.recorded)} | ${seconds(d.simulated)} | ${relative(d)} | ${seconds(log.simulated)} | ${relative(log)} |`
      })
      // A loaded machine starts processes more slowly than it did when it was idle: far off is wrong all the same.
      for (const d of fromLog) expect(Math.abs(d.relative ?? 0), `${d.measure} from the log`).toBeLessThan(0.4)
      if (!writesFidelity) return
      writeSection('A simulated cluster against a real one', [
        `${APPLICATIONS} small applications (a master and one to three containers that sleep for 2 to 5 s) on \`bobbin up --nodes ${NODES}\`, the`,
        "ResourceManager's events recorded; then simulated, five seeds each: from the submission times alone, with what starting a process takes",
        'measured on three applications on the idle cluster; and from the log (`bobbin replay LOG --what-if`), which knows how long each container',
        'ran. Seconds; waits are until the first container.',
        '',
        '| measure | real | from submission times | deviation | from the log | deviation |',
        '|---|---:|---:|---:|---:|---:|',
        ...rows,
        '',
        'The open loop (`bobbin replay LOG`) gives every effect as recorded.',
      ])
    } finally {
      run.remove()
    }
  })
})
