/** Our simulated NodeManagers and masters on the real ResourceManager, and its REST answers as a trace. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfiguration } from '../../../common/config/configuration.js'
import { askResourceManager } from '../../../resourcemanager/simulator/import/answers.js'
import { configurationOf } from '../../../resourcemanager/simulator/import/configuration.js'
import { workloadOf } from '../../../resourcemanager/simulator/import/workload.js'
import { runLive } from '../../../resourcemanager/simulator/live/run.js'
import { BUILT_IN } from '../../../resourcemanager/simulator/models/models.js'
import type { ApplicationSpec, Workload } from '../../../resourcemanager/simulator/workload.js'
import { whyNot } from '../peers/layout.js'
import { type RealResourceManager, startRealResourceManager } from './real-resourcemanager.js'

const application = (i: number): ApplicationSpec => ({
  id: `job ${i}`,
  at: i * 200,
  user: ['ann', 'bob'][i % 2]!,
  queue: ['default', 'hive'][i % 2]!,
  am: { resource: { memory: 256, vcores: 1 } },
  model: 'stages',
  stages: [
    { name: 'map', count: 4, resource: { memory: 512, vcores: 1 }, priority: 20, duration: 600 },
    { name: 'reduce', count: 1, resource: { memory: 1024, vcores: 1 }, priority: 10, duration: 400, after: [{ stage: 'map' }] },
  ],
})

const flink: ApplicationSpec = {
  id: 'flink',
  at: 100,
  user: 'cem',
  queue: 'default',
  type: 'Apache Flink',
  am: { resource: { memory: 512, vcores: 1 } },
  model: 'flink',
  flink: { mode: 'application', slotsPerTaskManager: 2, taskManager: { memory: 512, vcores: 1 }, jobs: [{ at: 0, slots: 3, duration: 1000 }] },
}

const workload: Workload = {
  name: 'on the real one',
  nodes: [1, 2, 3, 4].map((i) => ({ host: `node-${i}`, resource: { memory: 4096, vcores: 8 } })),
  applications: [...Array.from({ length: 8 }, (_, i) => application(i)), flink],
}

describe.skipIf(whyNot() !== undefined)('the real ResourceManager', () => {
  let real: RealResourceManager

  beforeAll(async () => {
    real = await startRealResourceManager()
  })
  afterAll(() => real?.stop())

  test('runs simulated NodeManagers and masters, whose applications can be imported', async () => {
    const masters = Object.fromEntries(Object.entries(BUILT_IN.masters).map(([name, m]) => [name, { ...m, start: 50, launch: 50, exit: 50, heartbeat: 200 }]))
    const result = await runLive({ workload, conf: loadConfiguration(real.confDir), configurationName: 'live', models: { ...BUILT_IN, masters }, seed: 1 })
    expect(result.applications.map((a) => [a.id, a.state, a.reason])).toEqual(workload.applications.map((a) => [a.id, 'FINISHED', undefined]))
    for (const a of result.applications.filter((x) => x.id !== 'flink')) expect(a.containers).toMatchObject({ asked: 5, allocated: 5, completed: 5 })
    expect(Math.max(...result.timeline.queues.find((q) => q.queue === 'root')!.usedMemory)).toBeGreaterThan(0)

    const dump = await askResourceManager(real.web)
    const imported = workloadOf(dump, { name: 'imported', am: { memory: 256, vcores: 1 } })
    expect(imported.workload.applications).toHaveLength(workload.applications.length)
    expect(configurationOf(dump.scheduler!).properties).toMatchObject({
      'yarn.scheduler.capacity.root.queues': 'default,hive',
      'yarn.scheduler.capacity.root.hive.capacity': '50',
      'yarn.scheduler.capacity.root.hive.maximum-am-resource-percent': '0.6',
    })
  })
})
