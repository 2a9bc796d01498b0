/** What simulated nodes, masters and applications do, seen in what a run says of them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { coreConfigOf } from '../../../resourcemanager/simulator/configuration.js'
import { readModels } from '../../../resourcemanager/simulator/models/file.js'
import { BUILT_IN, type MasterModel, type Models } from '../../../resourcemanager/simulator/models/models.js'
import type { ApplicationOutcome, RunResult } from '../../../resourcemanager/simulator/results.js'
import { simulate } from '../../../resourcemanager/simulator/simulate.js'
import { TraceError } from '../../../resourcemanager/simulator/traces/index.js'
import type { ApplicationSpec, FlinkPlan, NodeSpec, Stage } from '../../../resourcemanager/simulator/workload.js'

/** Everything that takes time by itself takes none. */
const instant = (model: MasterModel): MasterModel => ({ ...model, start: 0, launch: 0, exit: 0 })
const INSTANT: Models = { node: {}, masters: Object.fromEntries(Object.entries(BUILT_IN.masters).map(([name, m]) => [name, instant(m)])) }
const QUEUES = {
  'yarn.scheduler.capacity.root.queues': 'default',
  'yarn.scheduler.capacity.root.default.capacity': '100',
  'yarn.scheduler.capacity.root.default.user-limit-factor': '10',
  'yarn.scheduler.capacity.maximum-am-resource-percent': '0.5',
}

const nodes = (count: number, more: Partial<NodeSpec> = {}): NodeSpec[] =>
  Array.from({ length: count }, (_, i) => ({ host: `n${i}`, resource: { memory: 8192, vcores: 8 }, ...more }))
const stage = (more: Partial<Stage> = {}): Stage => ({ name: 'work', count: 4, resource: { memory: 1024, vcores: 1 }, priority: 1, duration: 10_000, ...more })
const application = (more: Partial<ApplicationSpec> = {}): ApplicationSpec => ({
  id: 'app',
  at: 0,
  user: 'ann',
  queue: 'default',
  am: { resource: { memory: 1024, vcores: 1 } },
  model: 'stages',
  stages: [stage()],
  ...more,
})

function run(
  applications: readonly ApplicationSpec[],
  more: { nodes?: readonly NodeSpec[]; models?: Models; seed?: number; until?: number; properties?: object } = {},
): RunResult {
  return simulate({
    workload: { name: 'test', nodes: more.nodes ?? nodes(3), applications },
    config: coreConfigOf({ name: 'test', properties: { ...QUEUES, ...more.properties } }),
    configurationName: 'test',
    seed: more.seed ?? 1,
    models: more.models ?? INSTANT,
    ...(more.until !== undefined && { until: more.until }),
  })
}

const one = (a: ApplicationSpec, more: Parameters<typeof run>[1] = {}): ApplicationOutcome => run([a], more).applications[0]!

describe('applications of stages', () => {
  it('run one stage after the other, or when enough of it is done', () => {
    const stages = [stage({ name: 'a', duration: 10_000 }), stage({ name: 'b', after: [{ stage: 'a' }], duration: 20_000, delay: 5000 })]
    const outcome = one(application({ stages }))
    expect(outcome).toMatchObject({ state: 'FINISHED', attempts: 1, aloneMillis: 35_000, containers: { asked: 8, allocated: 8, completed: 8, failed: 0 } })
    const took = outcome.finishedAt! - outcome.registeredAt!
    expect(took).toBeGreaterThanOrEqual(35_000)
    // Heartbeats of nodes and master between each step.
    expect(took).toBeLessThan(35_000 + 12_000)
  })

  it('ask again for containers that fail', () => {
    const outcome = one(application({ stages: [stage({ count: 30, failureProbability: 0.3 })] }))
    expect(outcome.state).toBe('FINISHED')
    expect(outcome.containers.failed).toBeGreaterThan(0)
    expect(outcome.containers.completed).toBe(30)
    expect(outcome.containers.allocated).toBe(30 + outcome.containers.failed)
  })

  it('prefer the hosts that they name', () => {
    const hosts = [['n2'], ['n2'], ['n1'], ['n1']]
    const near = one(application({ stages: [stage({ hosts })] }), { nodes: nodes(3).map((n, i) => ({ ...n, rack: `/r${i}` })) })
    expect(near).toMatchObject({ state: 'FINISHED', containers: { allocated: 4, completed: 4 } })
  })

  it('lose what ran on a failed node, and ask again', () => {
    const failing = nodes(3).map((n, i) => (i === 0 ? { ...n, outages: [{ kind: 'failure' as const, from: 30_000 }] } : n))
    const outcome = one(application({ maxAttempts: 3, stages: [stage({ count: 20, duration: 60_000 })] }), { nodes: failing })
    expect(outcome.state).toBe('FINISHED')
    expect(outcome.containers.completed).toBe(20)
    // The ResourceManager finds out when the node has been silent for ten minutes.
    expect(outcome.finishedAt).toBeGreaterThan(630_000)
  })

  it('begin again, or go on, when their master fails', () => {
    const models = (recovers: boolean): Models => ({
      ...INSTANT,
      masters: { stages: { ...INSTANT.masters.stages!, recovers, failure: { probability: 0.7, after: 15_000 } } },
    })
    const stages = [stage({ name: 'a', duration: 5000 }), stage({ name: 'b', duration: 20_000, after: [{ stage: 'a' }] })]
    for (const recovers of [true, false]) {
      const outcomes = Array.from({ length: 8 }, (_, i) => one(application({ maxAttempts: 20, stages }), { models: models(recovers), seed: i + 1 }))
      const again = outcomes.find((o) => o.attempts > 1 && o.state === 'FINISHED')!
      expect(again).toBeDefined()
      // Stage a is asked for again only by those that begin again.
      expect(again.containers.asked).toBe(recovers ? 4 + 4 * again.attempts : 8 * again.attempts)
    }
  })

  it('start what ends again until their time is over', () => {
    const outcome = one(application({ lasts: 60_000, stages: [stage({ count: 2, duration: 10_000 })] }))
    expect(outcome).toMatchObject({ state: 'FINISHED', aloneMillis: 60_000 })
    expect(outcome.finishedAt! - outcome.submittedAt).toBeGreaterThanOrEqual(60_000)
    expect(outcome.finishedAt! - outcome.submittedAt).toBeLessThan(63_000)
    expect(outcome.containers.completed).toBeGreaterThanOrEqual(6)
  })

  it('are killed by their users', () => {
    expect(one(application({ killedAfter: 5000 }))).toMatchObject({ state: 'KILLED' })
  })

  it('run for ever as services, which ends a run of nothing else', () => {
    const { applications, simulated } = run([application({ stages: [{ name: 'serve', count: 2, resource: { memory: 1024, vcores: 1 }, priority: 1 }] })])
    expect(applications).toMatchObject([{ state: 'RUNNING', containers: { allocated: 2 } }])
    expect(simulated).toBeLessThan(120_000)
  })

  it('end their services when their other stages have ended', () => {
    const serve: Stage = { name: 'serve', count: 2, resource: { memory: 1024, vcores: 1 }, priority: 1 }
    expect(one(application({ stages: [serve, stage({ duration: 30_000 })] }))).toMatchObject({ state: 'FINISHED', aloneMillis: 30_000 })
  })
})

describe('what can not be', () => {
  it.each([
    [
      'larger than any node',
      application({ stages: [stage({ resource: { memory: 8000, vcores: 9 } })] }),
      'NEVER_SCHEDULABLE',
      'stage work asks for <memory:8000, vCores:9>; yarn.scheduler.maximum-allocation is',
    ],
    [
      'larger than the largest node',
      application({ am: { resource: { memory: 8193, vcores: 1 } } }),
      'NEVER_SCHEDULABLE',
      'its application master asks for <memory:8193, vCores:1>; ',
    ],
    ['for a label that no node has', application({ nodeLabelExpression: 'gpu' }), 'NEVER_SCHEDULABLE', 'there is no node labelled gpu'],
    ['for an unknown queue', application({ queue: 'nowhere', place: { file: 'x.json', line: 7 } }), 'REJECTED', 'to unknown queue: nowhere (x.json:7)'],
  ])('is told: %s', (_what, spec, state, reason) => {
    const outcome = one(spec)
    expect(outcome.state).toBe(state)
    expect(outcome.reason).toContain(reason)
  })

  it('waits until the run ends', () => {
    const full = application({ id: 'full', stages: [{ name: 'serve', count: 21, resource: { memory: 1024, vcores: 1 }, priority: 1 }] })
    const late = application({ id: 'late', at: 60_000, stages: [stage({ resource: { memory: 3072, vcores: 1 } })] })
    const { applications, simulated } = run([full, late])
    expect(applications.map((a) => [a.state, a.containers.allocated])).toEqual([
      ['RUNNING', 21],
      ['RUNNING', 0],
    ])
    expect(simulated).toBeLessThan(3 * 3_600_000)
  })

  it('is refused as the scheduler refuses it', () => {
    expect(() => run([application()], { properties: { 'yarn.scheduler.capacity.root.default.capacity': '70' } })).toThrow(/capacity|Illegal/i)
  })
})

describe('Flink', () => {
  const plan = (more: Partial<FlinkPlan> = {}): FlinkPlan => ({
    mode: 'application',
    slotsPerTaskManager: 2,
    taskManager: { memory: 2048, vcores: 2 },
    jobs: [{ at: 0, slots: 3, duration: 60_000 }],
    ...more,
  })
  const flink = (p: FlinkPlan, more: Partial<ApplicationSpec> = {}) => application({ model: 'flink', flink: p, stages: [], ...more })

  it('asks for TaskManagers as slots are needed, and ends with its job', () => {
    expect(one(flink(plan()))).toMatchObject({ state: 'FINISHED', aloneMillis: 60_000, containers: { asked: 2, allocated: 2 } })
  })

  it('lets TaskManagers of a session go when they are idle, and asks anew', () => {
    const jobs = [
      { at: 0, slots: 2, duration: 10_000 },
      { at: 300_000, slots: 2, duration: 10_000 },
    ]
    const outcome = one(flink(plan({ mode: 'session', jobs, idleTimeout: 30_000 }), { killedAfter: 600_000 }))
    expect(outcome).toMatchObject({ state: 'KILLED', containers: { asked: 2, allocated: 2, completed: 2 } })
    const kept = one(flink(plan({ mode: 'session', jobs, idleTimeout: 900_000 }), { killedAfter: 600_000 }))
    expect(kept.containers.asked).toBe(1)
  })

  it('grows with its job', () => {
    const jobs = [{ at: 0, slots: 2, duration: 120_000, rescale: [{ at: 30_000, slots: 6 }] }]
    expect(one(flink(plan({ jobs })))).toMatchObject({ state: 'FINISHED', containers: { asked: 3 } })
  })

  it('restarts its job when a TaskManager is lost, keeping what it has done', () => {
    const away = (i: number) => ({ kind: 'maintenance' as const, from: 60_000 + i * 60_000, to: 90_000 + i * 60_000 })
    const outcome = one(flink(plan({ jobs: [{ at: 0, slots: 6, duration: 300_000 }] }), { maxAttempts: 4 }), {
      nodes: nodes(3).map((n, i) => ({ ...n, outages: [away(i)] })),
    })
    expect(outcome.state).toBe('FINISHED')
    expect(outcome.containers.asked).toBeGreaterThan(3)
    expect(outcome.finishedAt).toBeLessThan(600_000)
  })
})

describe('nodes', () => {
  it('bring what containers need once, one thing at a time', () => {
    const model = { ...INSTANT.masters.stages!, image: { megabytes: 1000, shared: 'base' } }
    const models: Models = { node: { bandwidth: 100 }, masters: { stages: model } }
    const slow = one(application(), { models, nodes: nodes(1) })
    const quick = one(application(), { nodes: nodes(1) })
    // Ten seconds for the first, which is its master; the others find it there.
    const more = slow.finishedAt! - quick.finishedAt!
    expect(more).toBeGreaterThanOrEqual(9000)
    expect(more).toBeLessThan(12_000)
  })

  it('fail and come back as their model draws', () => {
    const models: Models = { ...INSTANT, node: { failure: { every: { kind: 'exponential', mean: 300_000 }, repair: 30_000 } } }
    const spec = application({ maxAttempts: 50, stages: [stage({ count: 12, duration: 60_000 })] })
    const outcomes = Array.from({ length: 8 }, (_, i) => one(spec, { models, seed: i + 1, until: 86_400_000 }))
    expect(outcomes.map((o) => o.state)).toEqual(outcomes.map(() => 'FINISHED'))
    expect(outcomes.some((o) => o.containers.lost > 0 || o.attempts > 1)).toBe(true)
  })
})

describe('a run', () => {
  const mixed = Array.from({ length: 6 }, (_, i) =>
    application({ id: `a${i}`, at: i * 7000, stages: [stage({ count: 6, duration: { kind: 'lognormal', mean: 20_000, deviation: 9000 } })] }),
  )

  it('is the same for the same seed, another one for another', () => {
    const text = (seed: number) => JSON.stringify(run(mixed, { models: BUILT_IN, seed }))
    expect(text(3)).toBe(text(3))
    expect(text(3)).not.toBe(text(4))
  })

  it('accounts for all that was used', () => {
    const result = run(mixed)
    const { timeline } = result
    const used = timeline.clusters[0]!.usedMemory.reduce((sum, v) => sum + v, 0) * (timeline.interval / 1000)
    const charged = result.applications.reduce((sum, a) => sum + a.memorySeconds, 0)
    expect(Math.abs(used - charged) / charged).toBeLessThan(0.02)
    const leaf = timeline.queues.find((q) => q.leaf)!
    expect(leaf.usedMemory).toEqual(timeline.clusters[0]!.usedMemory)
    for (const q of timeline.queues) expect(q.usedMemory).toHaveLength(timeline.clusters[0]!.usedMemory.length)
  })

  it('tells what is reserved and fragmented where it is: partition by partition', () => {
    const large = stage({ count: 3, resource: { memory: 5120, vcores: 1 }, nodeLabelExpression: 'gpu', duration: 60_000 })
    const { timeline } = run([application({ stages: [large] })], {
      nodes: [...nodes(2), ...nodes(2, { labels: ['gpu'] }).map((n) => ({ ...n, host: `gpu-${n.host}` }))],
      properties: {
        'yarn.node-labels.enabled': 'true',
        'yarn.scheduler.capacity.root.accessible-node-labels.gpu.capacity': '100',
        'yarn.scheduler.capacity.root.default.accessible-node-labels': 'gpu',
        'yarn.scheduler.capacity.root.default.accessible-node-labels.gpu.capacity': '100',
      },
    })
    const most = (values: readonly number[]) => Math.max(...values)
    const of = (label: string) => ({
      cluster: timeline.clusters.find((c) => c.label === label)!,
      queues: timeline.queues.filter((q) => q.label === label),
    })
    expect(of('gpu').queues.map((q) => most(q.reservedMemory))).toEqual([5120, 5120])
    expect(of('').queues.map((q) => most(q.reservedMemory))).toEqual([0, 0])
    expect(most(of('gpu').cluster.fragmentedMemory)).toBe(6144)
    expect(most(of('').cluster.fragmentedMemory)).toBe(0)
  })

  it('has between 256 and 512 intervals when it is long', () => {
    const { timeline } = run([application({ stages: [stage({ duration: 100_000_000 })] })])
    expect(timeline.clusters[0]!.usedMemory.length).toBeGreaterThan(255)
    expect(timeline.clusters[0]!.usedMemory.length).toBeLessThanOrEqual(512)
  })
})

describe('a models file', () => {
  let dir: string
  beforeAll(() => {
    dir = mkdtempSync(path.join(os.tmpdir(), 'models-'))
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))
  const models = (text: string): Models => {
    const file = path.join(dir, 'm.yaml')
    writeFileSync(file, text)
    return readModels(file)
  }

  it('adds models and changes those that are built in', () => {
    const read = models(`
node: { bandwidth: 125, heartbeat: { every: 2s, jitter: 300ms } }
masters:
  spark: { extends: stages, heartbeat: 3s, start: { lognormal: [8s, 2s] }, image: { megabytes: 300, shared: spark }, stages: [{ name: work, count: 2, memory: 2G, duration: 5s }] }
  stages: { launch: 0 }
`)
    expect(read.node).toEqual({ bandwidth: 125, heartbeat: { every: 2000, jitter: 300 } })
    expect(read.masters.spark).toMatchObject({
      behaviour: 'stages',
      heartbeat: 3000,
      start: { kind: 'lognormal', mean: 8000, deviation: 2000 },
      image: { megabytes: 300, shared: 'spark' },
    })
    expect(read.masters.stages).toEqual({ ...BUILT_IN.masters.stages, launch: 0 })
    const { stages: _, ...bare } = application({ model: 'spark' })
    expect(one(bare, { models: read })).toMatchObject({ state: 'FINISHED', containers: { completed: 2 } })
  })

  it.each([
    ['masters:\n  x: { extends: y }\n', 'm.yaml:2: masters.x.extends: there is no model y'],
    ['masters:\n  x:\n    answers: never\n', 'm.yaml:3: masters.x.answers: there is no "never"; use at-once or next-heartbeat'],
    ['node: { heartbeat: { every: 1s, jitter: 2s } }\n', 'm.yaml:1: node.heartbeat.jitter: 2000 is more than every, 1000: no heartbeat overtakes another'],
    ['node: { bandwith: 1 }\n', 'm.yaml:1: node.bandwith: there is no such field'],
    ['masters: { x: { start: -1 } }\n', 'masters.x.start: -1 is less than 0'],
  ])('says what is wrong with it, and where', (text, expected) => {
    let told = ''
    try {
      models(text)
    } catch (e) {
      if (!(e instanceof TraceError)) throw e
      told = e.message
    }
    expect(told).toContain(expected)
  })
})
