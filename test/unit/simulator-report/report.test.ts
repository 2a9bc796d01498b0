import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { inflateSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { compareRuns } from '../../../resourcemanager/simulator/compare/comparison.js'
import { png } from '../../../resourcemanager/simulator/report/plots/heat.js'
import { summarize, summarizeComparison, summarizeSweep, writeReport, writeSweep } from '../../../resourcemanager/simulator/report/index.js'
import type { RunResult } from '../../../resourcemanager/simulator/results.js'
import type { Sweep } from '../../../resourcemanager/simulator/sweep/sweep.js'
import { outcome, simulatedRun } from '../../builders/simulated-run.js'

const folders: string[] = []
afterEach(() => {
  for (const f of folders.splice(0)) rmSync(f, { recursive: true, force: true })
})

function written(write: (dir: string) => void): Record<string, string> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'report-'))
  folders.push(dir)
  write(dir)
  return Object.fromEntries(readdirSync(dir).map((f) => [f, readFileSync(path.join(dir, f), 'utf8')]))
}

/** Nothing that a page loads: addresses may stand in text and namespaces only. */
function expectSelfContained(html: string): void {
  const page = html.replace(/<script>[\s\S]*?<\/script>/g, '')
  expect(/(?:src|href)="(?!data:)[^"]*"/.exec(page)?.[0]).toBeUndefined()
  expect(/@import|url\((?!data:)/.exec(html)?.[0]).toBeUndefined()
  expect(/.{0,60}\b(?:NaN|undefined|Infinity)\b/.exec(page)?.[0]).toBeUndefined()
}

const runs = (configuration: string, crowded: number, seeds = [1, 2, 3, 4]): { name: string; runs: RunResult[] } => ({
  name: configuration,
  runs: seeds.map((seed) => simulatedRun({ seed, configuration, crowded })),
})

describe('the report of a run', () => {
  test('is a page, JSON and CSV files; the same run gives the same bytes', () => {
    const files = written((dir) => writeReport(simulatedRun(), dir))
    expect(Object.keys(files).sort()).toEqual(['applications.csv', 'cluster.csv', 'queues.csv', 'report.html', 'result.json', 'timeline.csv', 'users.csv'])
    expect(written((dir) => writeReport(simulatedRun(), dir))).toEqual(files)
    expectSelfContained(files['report.html']!)
    expect(files['report.html']).toContain('root.hive: memory in use')
    const json = JSON.parse(files['result.json']!)
    expect(json).toMatchObject({ schema: 1, kind: 'run', run: { workload: 'evening peak' }, measures: { applications: { submitted: 60 } } })
    expect(files['applications.csv']!.split('\n')).toHaveLength(62)
    expect(files['queues.csv']!.split('\n')[0]).toMatch(/^queue,applications,finished,.*wait_p95_s/)
    expect(files['timeline.csv']!.split('\n')).toHaveLength(2 + 3 * 300)
  })

  test('shows names of applications as text, whatever they hold', () => {
    const applications = [outcome({ id: '<script>alert(1)</script>', name: 'a,"b"\nc', state: 'FAILED', reason: '<b>no</b>' })]
    const files = written((dir) => writeReport({ ...simulatedRun(), applications }, dir))
    expect(files['report.html']).not.toContain('<script>alert')
    expect(files['report.html']).not.toContain('<b>no</b>')
    expect(files['applications.csv']).toContain('"a,""b""\nc"')
  })

  test('a run of nothing is a report too', () => {
    const empty: RunResult = { ...simulatedRun({ applications: 0 }), applications: [], makespan: 0 }
    const files = written((dir) => writeReport(empty, dir))
    expectSelfContained(files['report.html']!)
    expect(summarize(empty)).toContain('makespan 0 s')
  })

  test('the table on the terminal names queues, and what came to nothing', () => {
    const result = simulatedRun()
    const stuck = outcome({ id: 'too big', state: 'NEVER_SCHEDULABLE', reason: 'no node has 1 TiB' })
    const text = summarize({ ...result, applications: [...result.applications, stuck] })
    expect(text).toMatch(/^root\.hive\s+20\s+20/m)
    expect(text).toContain('NEVER_SCHEDULABLE: too big: no node has 1 TiB')
    expect(text).toContain('note: durations of map tasks were drawn from the trace')
  })

  test('the heat map is a PNG whose bytes depend on nothing but its values', () => {
    const image = png(
      [
        [0, 0.5, 1],
        [1, 0, 2],
      ],
      3,
    )
    expect(image.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))
    const at = image.indexOf('IDAT')
    expect([...inflateSync(image.subarray(at + 4, at + 4 + image.readUInt32BE(at - 4)))]).toEqual([0, 0, 16, 31, 0, 31, 0, 31])
  })
})

describe('a comparison', () => {
  test('tells better from worse, and what chance may have made', () => {
    const c = compareRuns([runs('today', 1), runs('better', 0.5), runs('same', 1)])
    const p95 = c.metrics.find((m) => m.metric === 'p95 wait')!
    expect(p95.differences.map((d) => [d.configuration, d.verdict])).toEqual([
      ['better', 'better'],
      ['same', 'no difference shown'],
    ])
    expect(p95.differences[0]!.interval.high!).toBeLessThan(0)
    expect(p95.differences[0]!.relative!).toBeLessThan(-0.3)
    const text = summarizeComparison(c)
    expect(text).toMatch(/^p95 wait .*better/m)
    const files = written((dir) => writeReport(c, dir))
    expect(Object.keys(files).sort()).toEqual(['comparison.csv', 'report.html', 'result.json'])
    expect(files['report.html']).toMatch(/better is shown to be better in .*mean wait \(.* → .*\)/)
    expect(files['report.html']).toContain('No difference is shown between today and same.')
    expect(files['report.html']).toContain('of 240 finished')
    expectSelfContained(files['report.html']!)
    expect(JSON.parse(files['result.json']!)).toMatchObject({ schema: 1, kind: 'comparison', seeds: [1, 2, 3, 4] })
  })

  test('of one seed claims nothing', () => {
    const c = compareRuns([runs('today', 1, [7]), runs('better', 0.5, [7])])
    expect(c.metrics.find((m) => m.metric === 'p95 wait')!.differences[0]!.verdict).toBe('one seed')
    expect(summarizeComparison(c)).toContain('--seeds 5')
  })
})

describe('a sweep', () => {
  const sweep: Sweep = {
    workload: 'evening peak',
    configuration: 'today',
    goal: 'p95 wait of queue hive',
    unit: 'time',
    better: 'less',
    method: 'grid',
    seeds: [1, 2],
    axes: [{ name: 'yarn.scheduler.capacity.root.hive.capacity', values: ['30', '50', '70'] }],
    start: [9000, 11_000],
    tried: [
      { settings: { 'yarn.scheduler.capacity.root.hive.capacity': '50' }, bySeed: [5000, 7000], interval: { mean: 6000, low: 5000, high: 7000 } },
      { settings: { 'yarn.scheduler.capacity.root.hive.capacity': '30' }, bySeed: [8000, 9000], interval: { mean: 8500, low: 8000, high: 9000 } },
    ],
    refused: [{ settings: { 'yarn.scheduler.capacity.root.hive.capacity': '70' }, reason: 'the queues of root add up to 120 %, not 100' }],
  }

  test('ranks candidates and names why others were refused', () => {
    const text = summarizeSweep(sweep)
    expect(text.indexOf('root.hive.capacity=50')).toBeLessThan(text.indexOf('root.hive.capacity=30'))
    expect(text).toContain('−4 s')
    expect(text).toContain('refused: root.hive.capacity=70: the queues of root add up to 120 %, not 100')
    const files = written((dir) => writeSweep(sweep, dir))
    expect(Object.keys(files).sort()).toEqual(['report.html', 'result.json', 'sweep.csv'])
    expectSelfContained(files['report.html']!)
    expect(files['sweep.csv']!.split('\n')).toHaveLength(5)
  })
})
