/**
 * The same traces on Hadoop's Scheduler Load Simulator and on ours. That one runs in real time, three minutes a run: only when docs/fidelity.md
 * is written, or with BOBBIN_SLS=1. BOBBIN_SLS_RUNS says how often it runs the trace whose waits are judged.
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
import { type Figure, type Job, figures, ourJobs, realJobs } from './measure.js'

const here = path.dirname(fileURLToPath(import.meta.url))
const conf = path.join(here, 'conf')
const wanted = writesFidelity || process.env.BOBBIN_SLS === '1'
const RUNS = Number(process.env.BOBBIN_SLS_RUNS ?? (writesFidelity ? 3 : 1))
const SEEDS = [1, 2, 3, 4, 5]
/** What may differ. */
const MOST = 0.02
/** Shorter than this is told, not judged: of a second's wait most is how quickly a JVM begins on the machine it has. */
const LONG_ENOUGH = 10_000

interface Case {
  readonly title: string
  readonly about: string
  readonly jobs: string
  readonly nodes: string
  readonly runs: number
}

const CASES: readonly Case[] = [
  {
    title: 'room for all',
    about: 'Fifty jobs on a hundred nodes: nothing waits for room, a wait is the second until a master hears of its containers.',
    jobs: 'jobs.sls',
    nodes: 'nodes.sls',
    runs: 1,
  },
  {
    title: 'waiting for room',
    about: '240 jobs within 40 seconds on twelve nodes: three minutes in which all of them wait for one another.',
    jobs: 'queueing.sls',
    nodes: 'twelve-nodes.sls',
    runs: RUNS,
  },
]

interface Outcome {
  readonly rows: readonly Figure[]
  readonly realMillis: number
  readonly ourMillis: number
}

async function outcome({ jobs, nodes, runs }: Case): Promise<Outcome> {
  const [jobsFile, nodesFile] = [path.join(here, jobs), path.join(here, nodes)]
  const workload = readWorkload({ files: [jobsFile], nodes: nodesFile, confDir: conf, seed: 1 })
  const configuration = readSimulatedConfiguration(conf)
  const started = performance.now()
  const ours = SEEDS.map((seed) => simulate({ workload, config: coreConfigOf(configuration), configurationName: configuration.name, seed }))
  const ourMillis = (performance.now() - started) / SEEDS.length
  const real: Job[][] = []
  const before = performance.now()
  while (real.length < runs) {
    const out = mkdtempSync(path.join(os.tmpdir(), 'bobbin-sls-'))
    try {
      const { code, stderr } = await finished(slsRunner(conf, jobsFile, nodesFile, out))
      expect(code, stderr.slice(-2000)).toBe(0)
      const queues = workload.applications.map((a) => a.queue)
      real.push(realJobs(stderr, queues))
    } finally {
      rmSync(out, { recursive: true, force: true })
    }
  }
  return { rows: figures(real, ours.map(ourJobs)), realMillis: (performance.now() - before) / runs, ourMillis }
}

const sections: string[] = []

describe.skipIf(!wanted || whyNot() !== undefined)("Hadoop's load simulator and ours", () => {
  it.each(CASES)('$title: come out alike', { timeout: RUNS * 600_000 }, async (c) => {
    const { rows, realMillis, ourMillis } = await outcome(c)
    sections.push(...table(c, rows, realMillis, ourMillis))
    if (writesFidelity) {
      writeSection("Simulator, beside Hadoop's", [
        "SLS traces (`test/interop/sls`) in Hadoop's Scheduler Load Simulator 3.3.5 and in `bobbin sim`, same configuration. Ours is the mean over",
        `${SEEDS.length} seeds: both sides draw when each node reports. A wait is from submission to the first container beside the master's.`,
        ...sections,
      ])
    }
    for (const r of rows) if (r.usual >= LONG_ENOUGH) expect(Math.abs(r.deviation), `${r.what}: ${r.real.join(', ')} and ${r.ours}`).toBeLessThan(MOST)
  })
})

function table({ about, runs }: Case, rows: readonly Figure[], realMillis: number, ourMillis: number): string[] {
  const several = runs > 1
  const spread = (r: Figure) => (several ? ` ${seconds(r.real[0]!)} … ${seconds(r.real.at(-1)!)} |` : '')
  return [
    '',
    several ? `${about} SLS ran it ${runs} times; the median is compared.` : about,
    '',
    `| | SLS |${several ? ' from … to |' : ''} bobbin sim | deviation |`,
    `| --- | ---: |${several ? ' ---: |' : ''} ---: | ---: |`,
    ...rows.map((r) => `| ${r.what} | ${seconds(r.usual)} |${spread(r)} ${seconds(r.ours)} | ${(r.deviation * 100).toFixed(1)} % |`),
    `| wall time | ${seconds(realMillis)} |${several ? ' |' : ''} ${seconds(ourMillis)} | |`,
  ]
}

const seconds = (millis: number) => `${(millis / 1000).toFixed(millis < 10_000 ? 2 : 1)} s`
