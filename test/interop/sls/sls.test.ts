/**
 * The same trace on Hadoop's Scheduler Load Simulator and on ours. That one runs in real time, for three minutes: only when docs/fidelity.md is
 * written, or with BOBBIN_SLS=1.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { coreConfigOf, readSimulatedConfiguration } from '../../../resourcemanager/simulator/configuration.js'
import { simulate } from '../../../resourcemanager/simulator/simulate.js'
import { readWorkload } from '../../../resourcemanager/simulator/traces/index.js'
import { writeSection, writesFidelity } from '../fidelity.js'
import { finished, slsRunner, whyNot } from '../peers/layout.js'
import { figures, ourJobs, realJobs } from './measure.js'

const here = path.dirname(fileURLToPath(import.meta.url))
const conf = path.join(here, 'conf')
const jobs = path.join(here, 'jobs.sls')
const nodes = path.join(here, 'nodes.sls')
const wanted = writesFidelity || process.env.BOBBIN_SLS === '1'
const SEEDS = [1, 2, 3, 4, 5]
/** What may differ. Waits of about a second are told, not judged: that one's hang on how quickly a JVM begins on the machine it has. */
const MOST = 0.02

describe.skipIf(!wanted || whyNot() !== undefined)("Hadoop's load simulator and ours", () => {
  it('end a trace of 50 jobs on 100 nodes alike', { timeout: 600_000 }, async () => {
    const workload = readWorkload({ files: [jobs], nodes, confDir: conf, seed: 1 })
    const configuration = readSimulatedConfiguration(conf)
    const started = performance.now()
    const runs = SEEDS.map((seed) => simulate({ workload, config: coreConfigOf(configuration), configurationName: configuration.name, seed }))
    const ourMillis = (performance.now() - started) / SEEDS.length

    const out = mkdtempSync(path.join(os.tmpdir(), 'bobbin-sls-'))
    try {
      const before = performance.now()
      const { code, stderr } = await finished(slsRunner(conf, jobs, nodes, out))
      const realMillis = performance.now() - before
      expect(code, stderr.slice(-2000)).toBe(0)
      const real = realJobs(
        stderr,
        workload.applications.map((a) => a.queue),
      )
      const rows = figures(real, runs.map(ourJobs))
      const deviation = (r: (typeof rows)[number]) => (r.ours - r.real) / r.real
      if (writesFidelity) {
        writeSection("Simulator, beside Hadoop's", [
          "Fifty jobs on a hundred nodes (`test/interop/sls`), in Hadoop's Scheduler Load Simulator 3.3.5 and in `bobbin sim`, same configuration. Ours is the",
          `mean over ${SEEDS.length} seeds: both sides draw when each node reports. A wait is from submission to the first container beside the master's.`,
          '',
          '| | SLS | bobbin sim | deviation |',
          '| --- | ---: | ---: | ---: |',
          ...rows.map((r) => `| ${r.what} | ${seconds(r.real)} | ${seconds(r.ours)} | ${(deviation(r) * 100).toFixed(1)} % |`),
          `| wall time | ${seconds(realMillis)} | ${seconds(ourMillis)} | |`,
        ])
      }
      for (const r of rows) if (!r.what.includes('wait')) expect(Math.abs(deviation(r)), `${r.what}: ${r.real} and ${r.ours}`).toBeLessThan(MOST)
    } finally {
      rmSync(out, { recursive: true, force: true })
    }
  })
})

const seconds = (millis: number) => `${(millis / 1000).toFixed(millis < 10_000 ? 2 : 1)} s`
