import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { type AppInfo, type NodeInfo, readAnswer } from '../../../resourcemanager/simulator/import/answers.js'
import { configurationOf } from '../../../resourcemanager/simulator/import/configuration.js'
import { inferContainers, workloadOf } from '../../../resourcemanager/simulator/import/workload.js'
import { readWorkload } from '../../../resourcemanager/simulator/traces/index.js'

/** As Apache Hadoop 3.3.6 answers for a finished DistributedShell. */
const APP: AppInfo = {
  id: 'application_1795231898457_0005',
  user: 'root',
  name: 'DistributedShell',
  queue: 'default',
  state: 'FINISHED',
  finalStatus: 'SUCCEEDED',
  diagnostics: '',
  applicationType: 'YARN',
  applicationTags: '',
  priority: 0,
  startedTime: 1795231945666,
  launchTime: 1795231947214,
  finishedTime: 1795231990103,
  elapsedTime: 44437,
  memorySeconds: 16329,
  vcoreSeconds: 125,
  unmanagedApplication: false,
  amNodeLabelExpression: '',
}
const NODE: NodeInfo = {
  rack: '/default-rack',
  state: 'RUNNING',
  id: 'localhost:38041',
  nodeHostName: 'localhost',
  usedMemoryMB: 256,
  availMemoryMB: 7936,
  usedVirtualCores: 2,
  availableVirtualCores: 6,
}
const AM = { memory: 128, vcores: 1 }
const imported = (applications: readonly AppInfo[], nodes: readonly NodeInfo[] = [NODE]) => workloadOf({ applications, nodes }, { name: 'x', am: AM })

describe('the answers of a REST API', () => {
  test('are told apart by what they hold', () => {
    expect(readAnswer(JSON.stringify({ apps: { app: [APP] } }), 'a').applications).toHaveLength(1)
    expect(readAnswer('{"apps":{}}', 'a').applications).toEqual([])
    expect(readAnswer('{"apps":null}', 'a').applications).toEqual([])
    expect(readAnswer(JSON.stringify({ apps: { app: APP } }), 'a').applications).toHaveLength(1)
    expect(readAnswer(JSON.stringify({ nodes: { node: [NODE] } }), 'a').nodes).toHaveLength(1)
  })

  test.each([
    ['<apps/>', /a is XML/],
    ['{"apps":{"app":[{"id":"x"', /a is no JSON.*saved whole/],
    ['{"jobs":[]}', /the answer of none of/],
    ['[]', /the answer of none of/],
    ['{"apps":{"app":[{"id":"x"}]}}', /app\[0\] has no "user"/],
    [JSON.stringify({ apps: { app: [{ ...APP, startedTime: 'soon' }] } }), /app\[0\]\.startedTime is "soon", not a number/],
    ['{"scheduler":{}}', /schedulerInfo\.type/],
  ])('%s is refused by name', (text, message) => {
    expect(() => readAnswer(text, 'a')).toThrow(message)
  })
})

describe('an imported workload', () => {
  test('holds containers that come to the work that was done', () => {
    const ran = APP.finishedTime - APP.launchTime!
    const made = inferContainers(APP, AM, ran)!
    const seconds = (made.count * made.duration) / 1000
    expect(made.resource.vcores).toBe(1)
    expect(seconds).toBeCloseTo(125 - ran / 1000, 0)
    expect(made.resource.memory * seconds).toBeCloseTo(16329 - (128 * ran) / 1000, -2)
  })

  test('keeps who submitted what where and when', () => {
    const { workload } = imported([
      { ...APP, id: 'b', startedTime: APP.startedTime + 500, user: 'ann', queue: 'hive', applicationTags: 'x,y', priority: 3 },
      APP,
    ])
    expect(workload.applications.map((a) => [a.id, a.at, a.user, a.queue])).toEqual([
      [APP.id, 0, 'root', 'default'],
      ['b', 500, 'ann', 'hive'],
    ])
    expect(workload.applications[1]).toMatchObject({ tags: ['x', 'y'], priority: 3 })
    expect(workload.nodes).toEqual([{ host: 'localhost', resource: { memory: 8192, vcores: 8 } }])
  })

  test('leaves out what never was on the cluster, and says so', () => {
    const { workload, notes } = imported(
      [APP, { ...APP, id: 'refused', state: 'FAILED', launchTime: 0 }, { ...APP, id: 'unmanaged', unmanagedApplication: true }],
      [NODE, { ...NODE, id: 'gone:1', nodeHostName: 'gone', state: 'LOST' }],
    )
    expect(workload.applications).toHaveLength(1)
    expect(workload.nodes).toHaveLength(1)
    expect(notes).toEqual(
      expect.arrayContaining([
        expect.stringContaining('1 nodes that are lost'),
        expect.stringContaining('unmanaged'),
        expect.stringContaining('failed before they were launched'),
      ]),
    )
  })

  test('lets run what was running, and kills what was killed', () => {
    const { workload } = imported([
      { ...APP, id: 'running', state: 'RUNNING', finishedTime: 0 },
      { ...APP, id: 'killed', state: 'KILLED' },
      { ...APP, id: 'idle', memorySeconds: 5490, vcoreSeconds: 42 },
    ])
    const [idle, killed, running] = [...workload.applications].sort((a, b) => (a.id < b.id ? -1 : 1))
    expect(running!.stages![0]).not.toHaveProperty('duration')
    expect(killed!.killedAfter).toBe(APP.finishedTime - APP.startedTime)
    expect(idle!.stages).toEqual([expect.objectContaining({ count: 0, delay: APP.finishedTime - APP.launchTime! })])
  })

  test('names NodeManagers of one host apart', () => {
    expect(imported([APP], [NODE, { ...NODE, id: 'localhost:38042' }]).workload.nodes.map((n) => n.host)).toEqual(['localhost-38041', 'localhost-38042'])
  })

  test('is a trace that can be read back', () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'import-'))
    const file = path.join(dir, 'trace.json')
    const { workload } = imported([APP, { ...APP, id: 'idle', memorySeconds: 5490, vcoreSeconds: 42 }])
    writeFileSync(file, JSON.stringify(workload))
    const read = readWorkload({ files: [file], seed: 1 })
    expect(read.applications.map(({ place, ...a }) => a)).toMatchObject(workload.applications as object[])
    expect(read.nodes).toMatchObject(workload.nodes as object[])
    rmSync(dir, { recursive: true })
  })
})

describe('an imported configuration', () => {
  test('has the queues as the scheduler told of them', () => {
    const leaf = (queueName: string, capacity: number) => ({
      type: 'capacitySchedulerLeafQueueInfo',
      queueName,
      capacity,
      maxCapacity: 100,
      state: 'RUNNING',
      userLimit: 100,
      userLimitFactor: 2,
      maxApplications: 5000,
      capacities: { queueCapacitiesByPartition: [{ partitionName: '', maxAMLimitPercentage: 50 }] },
    })
    const root = { type: 'capacityScheduler', queueName: 'root', capacity: 100, maxCapacity: 100, queues: { queue: [leaf('default', 30), leaf('hive', 70)] } }
    expect(configurationOf(root).properties).toMatchObject({
      'yarn.scheduler.capacity.root.queues': 'default,hive',
      'yarn.scheduler.capacity.root.hive.capacity': '70',
      'yarn.scheduler.capacity.root.hive.user-limit-factor': '2',
      'yarn.scheduler.capacity.root.hive.maximum-am-resource-percent': '0.5',
    })
  })

  test('of another scheduler is asked for', () => {
    const { properties, notes } = configurationOf({ type: 'fairScheduler', queueName: 'root', capacity: 0, maxCapacity: 0 })
    expect(properties).toEqual({})
    expect(notes[0]).toMatch(/fairScheduler.*--conf/)
  })
})
