/** The JobManager's memory. Sources of the facts: JobManagerProcessUtils, JobManagerFlinkMemoryUtils. */
import { type FlinkConfiguration, options } from '../config/index.js'
import { type FlinkMemoryModel, illegal, type JvmMemory, processMemory, readSize, size } from './common.js'

interface JobManagerFlinkMemory {
  readonly heap: number
  readonly offHeap: number
}

export interface JobManagerProcessSpec extends JobManagerFlinkMemory, JvmMemory {
  readonly totalFlink: number
  readonly totalProcess: number
}

const o = options.jobManagerMemory

const model: FlinkMemoryModel<JobManagerFlinkMemory> = {
  required: [o.heap],
  fromRequired(conf) {
    const heap = readSize(conf, o.heap)
    if (!conf.contains(o.totalFlink)) return { heap, offHeap: readSize(conf, o.offHeap) }
    const totalFlink = readSize(conf, o.totalFlink)
    if (totalFlink <= heap) {
      throw illegal(
        `The configured JVM Heap Memory (${size(heap)}) exceeds the configured Total Flink Memory (${size(totalFlink)}). Please, make the configuration consistent or configure only one option: either JVM Heap or Total Flink Memory.`,
      )
    }
    // Both totals are given: what they leave is the off-heap memory, whatever else was said of it.
    return { heap, offHeap: totalFlink - heap }
  },
  fromTotal(conf, totalFlink) {
    const offHeap = readSize(conf, o.offHeap)
    if (totalFlink <= offHeap) {
      throw illegal(`The configured Total Flink Memory (${size(totalFlink)}) is less than the configured Off-heap Memory (${size(offHeap)}).`)
    }
    return { heap: totalFlink - offHeap, offHeap }
  },
  total: (flink) => flink.heap + flink.offHeap,
}

/** @throws FlinkError (IllegalConfigurationException) when the options contradict one another */
export function jobManagerProcessSpec(conf: FlinkConfiguration): JobManagerProcessSpec {
  try {
    const { flink, jvm, totalFlink, totalProcess } = processMemory(conf, o, model)
    return { ...flink, ...jvm, totalFlink, totalProcess }
  } catch (e) {
    throw illegal(`JobManager memory configuration failed: ${(e as Error).message}`, { cause: e })
  }
}

/** What a JobManager is told of its own memory, beside the file. */
export function jobManagerDynamicProperties(spec: JobManagerProcessSpec): readonly (readonly [key: string, value: string])[] {
  return [
    [o.offHeap.key, `${spec.offHeap}b`],
    [o.overheadMin.key, `${spec.overhead}b`],
    [o.metaspace.key, `${spec.metaspace}b`],
    [o.heap.key, `${spec.heap}b`],
    [o.overheadMax.key, `${spec.overhead}b`],
  ]
}
