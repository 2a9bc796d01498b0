import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Configuration } from '../../../common/config/configuration.js'
import { runLive } from '../../../resourcemanager/simulator/live/run.js'
import { BUILT_IN, type Models } from '../../../resourcemanager/simulator/models/models.js'
import type { ApplicationSpec, Workload } from '../../../resourcemanager/simulator/workload.js'
import { FakeNode, Folder, TestRm } from '../resourcemanager/harness.js'

let folder: Folder
let rm: TestRm

beforeEach(async () => {
  folder = new Folder({ 'yarn.resourcemanager.nodemanagers.heartbeat-interval-ms': '100' })
  rm = await TestRm.start(folder)
})
afterEach(async () => {
  await rm.stop()
  folder.remove()
})

function addresses(): Configuration {
  const conf = new Configuration()
  for (const [service, name] of Object.entries({ client: 'address', scheduler: 'scheduler.address', tracker: 'resource-tracker.address' }))
    conf.set(`yarn.resourcemanager.${name}`, rm.addresses[service]!)
  return conf
}

/** Nothing but what the ResourceManager does takes time. */
const QUICK: Models = {
  ...BUILT_IN,
  masters: {
    ...BUILT_IN.masters,
    stages: { ...BUILT_IN.masters.stages!, start: 10, launch: 10, exit: 10, heartbeat: 50 },
    flink: { ...BUILT_IN.masters.flink!, start: 10, launch: 10, exit: 10, heartbeat: 50 },
  },
}

const application = (id: string, more: Partial<ApplicationSpec> = {}): ApplicationSpec => ({
  id,
  at: 0,
  user: 'ann',
  queue: 'default',
  am: { resource: { memory: 256, vcores: 1 } },
  model: 'stages',
  stages: [{ name: 'work', count: 3, resource: { memory: 512, vcores: 1 }, priority: 1, duration: 100 }],
  ...more,
})

const workload = (applications: readonly ApplicationSpec[]): Workload => ({
  name: 'live',
  nodes: [1, 2, 3].map((i) => ({ host: `node-${i}`, resource: { memory: 4096, vcores: 8 } })),
  applications,
})

describe('a live ResourceManager', () => {
  test('runs a workload on simulated nodes', async () => {
    const result = await runLive({
      workload: workload([
        application('one'),
        application('two', {
          user: 'bob',
          queue: 'hive',
          at: 100,
          stages: [
            ...application('x').stages!,
            { name: 'reduce', count: 1, resource: { memory: 1024, vcores: 1 }, priority: 2, duration: 50, after: [{ stage: 'work' }] },
          ],
        }),
        application('flink', {
          model: 'flink',
          stages: [],
          flink: { mode: 'application', slotsPerTaskManager: 2, taskManager: { memory: 512, vcores: 1 }, jobs: [{ at: 0, slots: 3, duration: 100 }] },
        }),
        application('nowhere', { queue: 'no-such' }),
      ]),
      conf: addresses(),
      configurationName: 'live',
      models: QUICK,
      seed: 1,
    })
    expect(result.applications.map((a) => [a.id, a.state, a.containers.completed])).toEqual([
      ['one', 'FINISHED', 3],
      ['two', 'FINISHED', 4],
      ['flink', 'FINISHED', expect.any(Number)],
      ['nowhere', 'REJECTED', 0],
    ])
    const [one, two] = result.applications
    expect(one!.queue).toBe('root.default')
    expect(two!.containers).toMatchObject({ asked: 4, allocated: 4, failed: 0, lost: 0 })
    expect(one!.amAllocatedAt! <= one!.registeredAt! && one!.registeredAt! <= one!.firstContainerAt! && one!.firstContainerAt! < one!.finishedAt!).toBe(true)
    expect(result.timeline.queues.map((q) => q.queue)).toEqual(expect.arrayContaining(['root', 'root.default', 'root.hive']))
    expect(result.timeline.clusters[0]!.totalMemory[0]).toBe(3 * 4096)
  })

  test('kills what its user kills, and what is left at the end', async () => {
    const forever = [{ name: 'service', count: 1, resource: { memory: 256, vcores: 1 }, priority: 1 }]
    const result = await runLive({
      workload: workload([application('killed', { stages: forever, killedAfter: 300 }), application('service', { stages: forever })]),
      conf: addresses(),
      configurationName: 'live',
      models: QUICK,
      seed: 1,
    })
    expect(result.applications.map((a) => a.state)).toEqual(['KILLED', 'RUNNING'])
  })

  test('is not mixed with NodeManagers that run things', async () => {
    const node = await new FakeNode(rm).register()
    await node.heartbeat()
    await expect(runLive({ workload: workload([]), conf: addresses(), configurationName: 'live', models: QUICK, seed: 1 })).rejects.toThrow(
      /has 1 NodeManagers already/,
    )
    await node.stop()
  })
})
