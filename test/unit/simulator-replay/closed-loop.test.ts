import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openEventLog, replayEventLog } from '../../../resourcemanager/runtime/event-log.js'
import { attempt } from '../../../resourcemanager/simulator/compare/jobs.js'
import { coreConfigOf, readSimulatedConfiguration } from '../../../resourcemanager/simulator/configuration.js'
import { BUILT_IN } from '../../../resourcemanager/simulator/models/models.js'
import { closedLoop, closedLoopJobs, deviations, simulatedWaits } from '../../../resourcemanager/simulator/replay/closed-loop.js'
import { type RecordedLife, recordLife } from '../../../resourcemanager/simulator/replay/record.js'
import type { RunResult } from '../../../resourcemanager/simulator/results.js'
import { simulate } from '../../../resourcemanager/simulator/simulate.js'
import type { ApplicationSpec, Workload } from '../../../resourcemanager/simulator/workload.js'

const dir = mkdtempSync(path.join(os.tmpdir(), 'replay-'))
const file = path.join(dir, 'events.jsonl')

/** Maps, then reduces; more than the cluster holds at a time. */
const job = (i: number): ApplicationSpec => ({
  id: `job ${i}`,
  at: i * 4000,
  user: ['ann', 'bob', 'cem'][i % 3]!,
  queue: i % 3 === 0 ? 'hive' : 'default',
  am: { resource: { memory: 1024, vcores: 1 } },
  model: 'stages',
  stages: [
    { name: 'map', count: 6 + (i % 5), resource: { memory: 1024, vcores: 1 }, priority: 20, duration: { kind: 'lognormal', mean: 20_000, deviation: 5000 } },
    { name: 'reduce', count: 2, resource: { memory: 2048, vcores: 1 }, priority: 10, duration: 15_000, after: [{ stage: 'map', fraction: 0.5 }] },
  ],
})

const workload: Workload = {
  name: 'recorded',
  nodes: Array.from({ length: 6 }, (_, i) => ({
    host: `node-${i}`,
    resource: { memory: 8192, vcores: 8 },
    ...(i === 5 && { outages: [{ kind: 'failure' as const, from: 60_000, to: 700_000 }] }),
  })),
  applications: [...Array.from({ length: 30 }, (_, i) => job(i)), { ...job(1), id: 'killed', at: 50_000, killedAfter: 30_000 }],
}

const configuration = {
  ...readSimulatedConfiguration(undefined),
  properties: {
    'yarn.scheduler.capacity.root.queues': 'default,hive',
    'yarn.scheduler.capacity.root.default.capacity': '50',
    'yarn.scheduler.capacity.root.hive.capacity': '50',
    'yarn.scheduler.capacity.root.default.user-limit-factor': '2',
    'yarn.scheduler.capacity.root.hive.user-limit-factor': '2',
    'yarn.scheduler.capacity.maximum-am-resource-percent': '0.4',
    'yarn.nm.liveness-monitor.expiry-interval-ms': '60000',
  },
}

let recorded: RunResult
let life: RecordedLife

beforeAll(async () => {
  const config = coreConfigOf(configuration)
  const log = openEventLog(file, config)
  recorded = simulate({ workload, config, configurationName: 'recorded', seed: 1, models: BUILT_IN, onStep: log.append })
  log.close()
  ;({ life } = await recordLife(file))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('a recorded life', () => {
  test('replays with the effects that it was recorded with', async () => {
    expect((await replayEventLog(file)).steps).toBe(recorded.events)
  })

  test('tells when masters and containers came and went', () => {
    expect(life.applications).toHaveLength(31)
    const waits = new Map(life.applications.map((a) => [a.submission.name, a.attempts[0] && a.attempts[0].amAllocatedAt! - a.submittedAt]))
    for (const a of recorded.applications) expect(waits.get(a.name), a.name).toBe(a.amAllocatedAt === undefined ? undefined : a.amAllocatedAt - a.submittedAt)
    expect(life.nodes.map((n) => n.outages.length)).toEqual([0, 0, 0, 0, 0, 1])
  })
})

describe('the closed loop', () => {
  test('makes stages of what was asked, and leaves out what the scheduler and lost nodes did', () => {
    const { workload: made, notes } = closedLoop(life, file).extracted
    const first = made.applications.find((a) => a.at === 0)!
    expect(first.stages!.map((s) => [s.count, s.priority])).toEqual([
      [6, 20],
      [2, 10],
      [0, 0],
    ])
    expect(first.stages![1]!.after).toEqual([{ stage: 'stage-1', fraction: expect.closeTo(0.5, 6) }])
    // Every container is asked for once: what was lost with the node is its simulated master's to ask for again.
    const once = new Set(life.applications.filter((a) => a.attempts.length === 1).map((a) => a.submission.name))
    const asked = (w: Workload) =>
      w.applications.filter((a) => once.has(a.name ?? a.id) && !a.killedAfter).map((a) => (a.stages ?? []).reduce((n, s) => n + s.count, 0))
    expect(once.size).toBeGreaterThan(20)
    expect(asked(made)).toEqual(asked(workload))
    expect(made.applications.filter((a) => a.killedAfter !== undefined)).toHaveLength(1)
    expect(made.nodes[5]!.outages).toEqual([expect.objectContaining({ kind: 'failure' })])
    expect(notes.some((n) => n.includes('asked for again'))).toBe(true)
  })

  test('reproduces the recorded waits within 10 % under the recorded configuration', () => {
    const loop = closedLoop(life, file)
    const runs = closedLoopJobs(loop, [{ configuration: loop.configuration }], [1, 2]).map(attempt)
    for (const d of deviations(loop.recorded, simulatedWaits(runs)))
      expect(Math.abs(d.relative!), `${d.measure}: ${d.recorded} and ${d.simulated}`).toBeLessThan(0.1)
    expect(runs[0]!.applications.filter((a) => a.state === 'FINISHED')).toHaveLength(30)
  })

  test('answers what if: a queue that may not grow takes longer', () => {
    const loop = closedLoop(life, file)
    const capped = {
      ...loop.configuration,
      name: 'capped',
      properties: { ...loop.configuration.properties, 'yarn.scheduler.capacity.root.default.maximum-capacity': '50' },
    }
    const [as, then] = closedLoopJobs(loop, [{ configuration: loop.configuration }, { configuration: capped }], [1]).map(attempt)
    const total = (r: RunResult) => r.applications.filter((a) => a.queue === 'root.default').reduce((n, a) => n + a.finishedAt! - a.submittedAt, 0)
    expect(total(then!)).toBeGreaterThan(total(as!))
  })

  test('a file that is no event log is refused by name', async () => {
    const other = path.join(dir, 'other')
    writeFileSync(other, '{"apps":{}}\n')
    await expect(recordLife(other)).rejects.toThrow(/other is no event log/)
  })
})

describe('a life of a cluster that schedules asynchronously, as bobbin up does', () => {
  test('is reproduced: masters that are launched with the submission, asks with the first allocate, services that end, nodes that leave at the end', async () => {
    const service: ApplicationSpec = {
      ...job(0),
      id: 'service',
      at: 2500,
      stages: [
        { name: 'instances', count: 2, resource: { memory: 2048, vcores: 1 }, priority: 1 },
        { name: 'life', count: 0, resource: { memory: 0, vcores: 0 }, priority: 0, delay: 60_000 },
      ],
    }
    const jobs = Array.from({ length: 10 }, (_, i) => ({ ...job(i), stages: job(i).stages!.slice(0, 1) }))
    const leaving: Workload = { ...workload, nodes: workload.nodes.map(({ host, resource }) => ({ host, resource })), applications: [service, ...jobs] }
    const config = coreConfigOf({
      ...configuration,
      properties: { ...configuration.properties, 'yarn.scheduler.capacity.schedule-asynchronously.enable': 'true' },
    })
    const log = openEventLog(path.join(dir, 'async.jsonl'), config)
    simulate({ workload: leaving, config, configurationName: 'recorded', seed: 1, models: BUILT_IN, onStep: log.append })
    log.close()
    const { life: asynchronous } = await recordLife(path.join(dir, 'async.jsonl'))
    expect(asynchronous.applications.map((a) => a.attempts.length)).toEqual(asynchronous.applications.map(() => 1))
    const loop = closedLoop(asynchronous, file)
    const runs = closedLoopJobs(loop, [{ configuration: loop.configuration }], [1, 2]).map(attempt)
    expect(runs[0]!.applications.map((a) => a.state)).toEqual(runs[0]!.applications.map(() => 'FINISHED'))
    for (const d of deviations(loop.recorded, simulatedWaits(runs)))
      if (d.recorded > 0) expect(Math.abs(d.relative!), `${d.measure}: ${d.recorded} and ${d.simulated}`).toBeLessThan(0.05)
  })
})
