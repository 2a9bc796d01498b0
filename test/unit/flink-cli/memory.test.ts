/** Every expected line is what Flink 1.17.2's own BashJavaUtils (GET_JM_RESOURCE_PARAMS, GET_TM_RESOURCE_PARAMS) answers. */
import { describe, expect, it } from 'vitest'
import { FlinkConfiguration, flinkError, parseDynamicProperty } from '../../../flink-yarn/config/index.js'
import {
  containerMemoryMb,
  jobManagerDynamicProperties,
  jobManagerProcessSpec,
  taskManagerDynamicProperties,
  taskManagerProcessSpec,
} from '../../../flink-yarn/memory/index.js'

const conf = (properties: readonly string[]) => FlinkConfiguration.of(properties.map(parseDynamicProperty))
const text = (properties: readonly (readonly [string, string])[]) => properties.map(([k, v]) => `-D ${k}=${v}`).join(' ')
const resources = (role: string, properties: readonly string[]) =>
  role === 'JM'
    ? text(jobManagerDynamicProperties(jobManagerProcessSpec(conf(properties))))
    : text(taskManagerDynamicProperties(taskManagerProcessSpec(conf(properties))))

describe('Flink memory model', () => {
  it.each([
    [
      'JM',
      ['jobmanager.memory.flink.size=1g'],
      '-D jobmanager.memory.off-heap.size=134217728b -D jobmanager.memory.jvm-overhead.min=201326592b -D jobmanager.memory.jvm-metaspace.size=268435456b -D jobmanager.memory.heap.size=939524096b -D jobmanager.memory.jvm-overhead.max=201326592b',
    ],
    [
      'JM',
      ['jobmanager.memory.heap.size=700m'],
      '-D jobmanager.memory.off-heap.size=134217728b -D jobmanager.memory.jvm-overhead.min=201326592b -D jobmanager.memory.jvm-metaspace.size=268435456b -D jobmanager.memory.heap.size=734003200b -D jobmanager.memory.jvm-overhead.max=201326592b',
    ],
    [
      'JM',
      ['jobmanager.memory.heap.size=700m', 'jobmanager.memory.flink.size=1g'],
      '-D jobmanager.memory.off-heap.size=339738624b -D jobmanager.memory.jvm-overhead.min=201326592b -D jobmanager.memory.jvm-metaspace.size=268435456b -D jobmanager.memory.heap.size=734003200b -D jobmanager.memory.jvm-overhead.max=201326592b',
    ],
    [
      'TM',
      ['taskmanager.memory.flink.size=1000m'],
      '-D taskmanager.memory.network.min=104857601b -D taskmanager.cpu.cores=1.0 -D taskmanager.memory.task.off-heap.size=0b -D taskmanager.memory.jvm-metaspace.size=268435456b -D external-resources=none -D taskmanager.memory.jvm-overhead.min=201326592b -D taskmanager.memory.framework.off-heap.size=134217728b -D taskmanager.memory.network.max=104857601b -D taskmanager.memory.framework.heap.size=134217728b -D taskmanager.memory.managed.size=419430406b -D taskmanager.memory.task.heap.size=255852537b -D taskmanager.numberOfTaskSlots=1 -D taskmanager.memory.jvm-overhead.max=201326592b',
    ],
    [
      'TM',
      ['taskmanager.memory.task.heap.size=300m', 'taskmanager.memory.managed.size=100m'],
      '-D taskmanager.memory.network.min=76429540b -D taskmanager.cpu.cores=1.0 -D taskmanager.memory.task.off-heap.size=0b -D taskmanager.memory.jvm-metaspace.size=268435456b -D external-resources=none -D taskmanager.memory.jvm-overhead.min=201326592b -D taskmanager.memory.framework.off-heap.size=134217728b -D taskmanager.memory.network.max=76429540b -D taskmanager.memory.framework.heap.size=134217728b -D taskmanager.memory.managed.size=104857600b -D taskmanager.memory.task.heap.size=314572800b -D taskmanager.numberOfTaskSlots=1 -D taskmanager.memory.jvm-overhead.max=201326592b',
    ],
    [
      'TM',
      ['taskmanager.memory.process.size=10g', 'taskmanager.numberOfTaskSlots=4'],
      '-D taskmanager.memory.network.min=939524110b -D taskmanager.cpu.cores=4.0 -D taskmanager.memory.task.off-heap.size=0b -D taskmanager.memory.jvm-metaspace.size=268435456b -D external-resources=none -D taskmanager.memory.jvm-overhead.min=1073741824b -D taskmanager.memory.framework.off-heap.size=134217728b -D taskmanager.memory.network.max=939524110b -D taskmanager.memory.framework.heap.size=134217728b -D taskmanager.memory.managed.size=3758096440b -D taskmanager.memory.task.heap.size=4429184954b -D taskmanager.numberOfTaskSlots=4 -D taskmanager.memory.jvm-overhead.max=1073741824b',
    ],
    [
      'JM',
      ['jobmanager.memory.process.size=1600m'],
      '-D jobmanager.memory.off-heap.size=134217728b -D jobmanager.memory.jvm-overhead.min=201326592b -D jobmanager.memory.jvm-metaspace.size=268435456b -D jobmanager.memory.heap.size=1073741824b -D jobmanager.memory.jvm-overhead.max=201326592b',
    ],
    [
      'TM',
      ['taskmanager.memory.process.size=1728m'],
      '-D taskmanager.memory.network.min=134217730b -D taskmanager.cpu.cores=1.0 -D taskmanager.memory.task.off-heap.size=0b -D taskmanager.memory.jvm-metaspace.size=268435456b -D external-resources=none -D taskmanager.memory.jvm-overhead.min=201326592b -D taskmanager.memory.framework.off-heap.size=134217728b -D taskmanager.memory.network.max=134217730b -D taskmanager.memory.framework.heap.size=134217728b -D taskmanager.memory.managed.size=536870920b -D taskmanager.memory.task.heap.size=402653174b -D taskmanager.numberOfTaskSlots=1 -D taskmanager.memory.jvm-overhead.max=201326592b',
    ],
  ])('%s %j', (role, properties, expected) => expect(resources(role, properties)).toBe(expected))

  it.each([
    [
      'JM',
      [],
      "JobManager memory configuration failed: Either required fine-grained memory (jobmanager.memory.heap.size), or Total Flink Memory size (Key: 'jobmanager.memory.flink.size' , default: null (fallback keys: [])), or Total Process Memory size (Key: 'jobmanager.memory.process.size' , default: null (fallback keys: [])) need to be configured explicitly.",
    ],
    [
      'JM',
      ['jobmanager.memory.heap.size=1100m', 'jobmanager.memory.flink.size=1g'],
      'JobManager memory configuration failed: The configured JVM Heap Memory (1.074gb (1153433600 bytes)) exceeds the configured Total Flink Memory (1024.000mb (1073741824 bytes)). Please, make the configuration consistent or configure only one option: either JVM Heap or Total Flink Memory.',
    ],
    [
      'JM',
      ['jobmanager.memory.flink.size=1g', 'jobmanager.memory.process.size=1200m'],
      'JobManager memory configuration failed: The configured Total Process Memory size (1.172gb (1258291200 bytes)) is less than the sum of the derived Total Flink Memory size (1024.000mb (1073741824 bytes)) and the configured or default JVM Metaspace size  (256.000mb (268435456 bytes)).',
    ],
    [
      'TM',
      ['taskmanager.memory.task.heap.size=300m', 'taskmanager.memory.flink.size=1g'],
      'TaskManager memory configuration failed: If Total Flink, Task Heap and (or) Managed Memory sizes are explicitly configured then the Network Memory size is the rest of the Total Flink memory after subtracting all other configured types of memory, but the derived Network Memory is inconsistent with its configuration.',
    ],
    [
      'TM',
      ['taskmanager.memory.process.size=600m'],
      'TaskManager memory configuration failed: Sum of configured Framework Heap Memory (128.000mb (134217728 bytes)), Framework Off-Heap Memory (128.000mb (134217728 bytes)), Task Off-Heap Memory (0 bytes), Managed Memory (60.800mb (63753421 bytes)) and Network Memory (64.000mb (67108864 bytes)) exceed configured Total Flink Memory (152.000mb (159383552 bytes)).',
    ],
    [
      'TM',
      ['taskmanager.memory.process.size=1728x'],
      "TaskManager memory configuration failed: Cannot read memory size from config option 'taskmanager.memory.process.size'.",
    ],
    [
      'JM',
      ['jobmanager.memory.process.size=500m'],
      'JobManager memory configuration failed: The configured Total Flink Memory (52.000mb (54525952 bytes)) is less than the configured Off-heap Memory (128.000mb (134217728 bytes)).',
    ],
    [
      'TM',
      ['taskmanager.memory.process.size=1g', 'taskmanager.memory.jvm-overhead.fraction=1.2'],
      "TaskManager memory configuration failed: Inconsistently configured Key: 'taskmanager.memory.jvm-overhead.fraction' , default: 0.1 (fallback keys: []) (1.2000000476837158) and its min (192.000mb (201326592 bytes)), max (1024.000mb (1073741824 bytes)) value",
    ],
    [
      'JM',
      ['jobmanager.memory.process.size=300m'],
      'JobManager memory configuration failed: Sum of configured JVM Metaspace (256.000mb (268435456 bytes)) and JVM Overhead (192.000mb (201326592 bytes)) exceed configured Total Process Memory (300.000mb (314572800 bytes)).',
    ],
  ])('%s %j is refused', (role, properties, message) => expect(() => resources(role, properties)).toThrow(flinkError('IllegalConfigurationException', message)))

  it('takes older names for all memory of a container', () => {
    expect(containerMemoryMb(jobManagerProcessSpec(conf(['jobmanager.heap.size=1024m'])).totalProcess)).toBe(1024)
    expect(containerMemoryMb(taskManagerProcessSpec(conf(['taskmanager.heap.size=2048m', 'taskmanager.numberOfTaskSlots=2'])).totalProcess)).toBe(2048)
  })

  it('names the value that is no size', () => {
    try {
      taskManagerProcessSpec(conf(['taskmanager.memory.process.size=1728x']))
      expect.unreachable()
    } catch (e) {
      const cause = ((e as Error).cause as Error).cause as Error
      expect(cause.message).toContain("Could not parse value '1728x' for key 'taskmanager.memory.process.size'")
    }
  })
})
