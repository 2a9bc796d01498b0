import { describe, expect, it } from 'vitest'
import { Configuration } from '../../../common/config/configuration.js'
import type { QueueInfoProto } from '../../../common/proto/gen/application-client.js'
import type { NodeReportProto } from '../../../common/proto/gen/yarn.js'
import type { YarnClient } from '../../../common/yarn-client/index.js'
import { clusterDescription } from '../../../flink-yarn/cli/query.js'
import { FlinkConfiguration } from '../../../flink-yarn/config/index.js'
import { checkMaximum, checkQueue, checkVcores, describeMemory } from '../../../flink-yarn/deployment/checks.js'
import type { YarnEnvironment } from '../../../flink-yarn/deployment/environment.js'
import { recordedOutput } from '../../harness/flink-output.js'

const resource = (memory: number, virtualCores: number) => ({ memory, virtualCores, resourceValueMap: [] })
const node = (port: number, numContainers = 0, used = 0) =>
  ({
    nodeId: { host: 'localhost', port },
    capability: resource(8192, 8),
    used: resource(used, 0),
    numContainers,
    healthReport: '',
  }) as unknown as NodeReportProto
const queue = (queueName: string, currentCapacity = 0, childQueues: QueueInfoProto[] = []) =>
  ({ queueName, currentCapacity, maximumCapacity: 1, applications: [], childQueues }) as unknown as QueueInfoProto
const spec = { masterMemoryMb: 1600, taskManagerMemoryMb: 1728, slots: 1 }

describe('before a cluster is deployed', () => {
  it('the virtual cores of a TaskManager must be on a node', () => {
    expect(() => checkVcores(FlinkConfiguration.of({}), { ...spec, slots: 8 }, [node(1)])).not.toThrow()
    expect(() => checkVcores(FlinkConfiguration.of({}), { ...spec, slots: 9 }, [node(1)])).toThrow(
      'virtual cores per node 9 exceeds the maximum number of virtual cores 8',
    )
    expect(() => checkVcores(FlinkConfiguration.of({ 'yarn.containers.vcores': '2' }), { ...spec, slots: 9 }, [node(1)])).not.toThrow()
  })

  it.each([
    ['hive', []],
    ['root.hive', []],
    ['root.team.b', []],
    ['nosuch', ["WARN The specified queue 'nosuch' does not exist. Available queues: default, hive, b"]],
  ])('queue %s', (name, logged) => {
    const output = recordedOutput()
    checkQueue(
      FlinkConfiguration.of({ 'yarn.application.queue': name }),
      queue('root', 0, [queue('default'), queue('hive'), queue('team', 0, [queue('b')])]),
      output.log,
    )
    expect(output.logged).toEqual(logged)
  })

  it('no container may be above the maximum', () => {
    expect(() => checkMaximum(spec, resource(1728, 4))).not.toThrow()
    expect(() => checkMaximum(spec, resource(1727, 4))).toThrow('for the TaskManagers available!\nMaximum Memory: 1727 Requested: 1728MB.')
    expect(() => checkMaximum(spec, resource(1599, 4))).toThrow('for the JobManager available!\nMaximum Memory: 1599MB Requested: 1600MB.')
  })

  it('what YARN rounds up is told', () => {
    const output = recordedOutput()
    const env = { hadoop: new Configuration().set('yarn.scheduler.minimum-allocation-mb', '128') } as unknown as YarnEnvironment
    describeMemory(env, spec, [node(1)], output.log)
    expect(output.logged).toEqual([
      "INFO The configured JobManager memory is 1600 MB. YARN will allocate 1664 MB to make up an integer multiple of its minimum allocation memory (128 MB, configured via 'yarn.scheduler.minimum-allocation-mb'). The extra 64 MB may not be used by Flink.",
      "INFO The configured TaskManager memory is 1728 MB. YARN will allocate 1792 MB to make up an integer multiple of its minimum allocation memory (128 MB, configured via 'yarn.scheduler.minimum-allocation-mb'). The extra 64 MB may not be used by Flink.",
      'INFO Cluster specification: ClusterSpecification{masterMemoryMB=1600, taskManagerMemoryMB=1728, slotsPerTaskManager=1}',
    ])
  })
})

it("describes the cluster in Flink's table", async () => {
  const yarn = {
    getClusterMetrics: async () => ({ numNodeManagers: 2 }),
    getClusterNodes: async () => [node(19041), node(19042, 1)],
    getQueueInfo: async () => queue('root', 0, [queue('default'), queue('hive', 0.125)]),
  } as unknown as YarnClient
  expect(await clusterDescription(yarn)).toBe(
    [
      'NodeManagers in the ClusterClient 2|Property         |Value          ',
      '+---------------------------------------+',
      '|NodeID           |localhost:19041  ',
      '|Memory           |8192 MB          ',
      '|vCores           |8                ',
      '|HealthReport     |                 ',
      '|Containers       |0                ',
      '+---------------------------------------+',
      '|NodeID           |localhost:19042  ',
      '|Memory           |8192 MB          ',
      '|vCores           |8                ',
      '|HealthReport     |                 ',
      '|Containers       |1                ',
      '+---------------------------------------+',
      'Summary: totalMemory 16384 totalCores 16',
      'Queue: default, Current Capacity: 0.0 Max Capacity: 1.0 Applications: 0',
      'Queue: hive, Current Capacity: 0.125 Max Capacity: 1.0 Applications: 0',
      '',
    ].join('\n'),
  )
})
