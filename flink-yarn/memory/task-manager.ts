/** A TaskManager's memory. Sources of the facts: TaskExecutorProcessUtils, TaskExecutorFlinkMemoryUtils. */
import { type FlinkConfiguration, options } from '../config/index.js'
import {
  type FlinkMemoryModel,
  illegal,
  type JvmMemory,
  processMemory,
  type RangeFraction,
  rangeFraction,
  readSize,
  size,
  withFraction,
  withInverseFraction,
} from './common.js'

interface TaskManagerFlinkMemory {
  readonly frameworkHeap: number
  readonly frameworkOffHeap: number
  readonly taskHeap: number
  readonly taskOffHeap: number
  readonly network: number
  readonly managed: number
}

export interface TaskManagerProcessSpec extends TaskManagerFlinkMemory, JvmMemory {
  readonly cpuCores: number
  readonly slots: number
  readonly totalFlink: number
  readonly totalProcess: number
}

const o = options.taskManagerMemory

function networkRange(conf: FlinkConfiguration): RangeFraction {
  return rangeFraction(conf, o.networkFraction, readSize(conf, o.networkMin), readSize(conf, o.networkMax))
}

/** What is neither derived nor a share. */
function fixedParts(conf: FlinkConfiguration) {
  return { frameworkHeap: readSize(conf, o.frameworkHeap), frameworkOffHeap: readSize(conf, o.frameworkOffHeap), taskOffHeap: readSize(conf, o.taskOffHeap) }
}

const LABELS = {
  frameworkHeap: 'Framework Heap Memory',
  frameworkOffHeap: 'Framework Off-Heap Memory',
  taskHeap: 'Task Heap Memory',
  taskOffHeap: 'Task Off-Heap Memory',
  managed: 'Managed Memory',
  network: 'Network Memory',
} as const

/** What is left of the total. @throws when the parts alone are more */
function rest(totalFlink: number, parts: Partial<TaskManagerFlinkMemory>): number {
  const named = Object.entries(LABELS).flatMap(([key, label]) => {
    const value = parts[key as keyof TaskManagerFlinkMemory]
    return value === undefined ? [] : [{ label, value }]
  })
  const left = totalFlink - named.reduce((sum, p) => sum + p.value, 0)
  if (left >= 0) return left
  const texts = named.map((p) => `${p.label} (${size(p.value)})`)
  throw illegal(`Sum of configured ${texts.slice(0, -1).join(', ')} and ${texts.at(-1)} exceed configured Total Flink Memory (${size(totalFlink)}).`)
}

function networkFromRest(conf: FlinkConfiguration, totalFlink: number, parts: Partial<TaskManagerFlinkMemory>): number {
  const network = rest(totalFlink, parts)
  const range = networkRange(conf)
  if (network >= range.min && network <= range.max) return network
  const cause = illegal(`Derived Network Memory size (${size(network)}) is not in configured Network Memory range [${size(range.min)}, ${size(range.max)}].`)
  throw illegal(
    'If Total Flink, Task Heap and (or) Managed Memory sizes are explicitly configured then the Network Memory size is the rest of the Total Flink memory after subtracting all other configured types of memory, but the derived Network Memory is inconsistent with its configuration.',
    { cause },
  )
}

const model: FlinkMemoryModel<TaskManagerFlinkMemory> = {
  required: [o.taskHeap, o.managed],
  fromRequired(conf) {
    const parts = { ...fixedParts(conf), taskHeap: readSize(conf, o.taskHeap), managed: readSize(conf, o.managed) }
    if (conf.contains(o.totalFlink)) return { ...parts, network: networkFromRest(conf, readSize(conf, o.totalFlink), parts) }
    const others = Object.values(parts).reduce((sum, p) => sum + p, 0)
    return { ...parts, network: withInverseFraction(others, networkRange(conf)) }
  },
  fromTotal(conf, totalFlink) {
    const managed = conf.contains(o.managed)
      ? readSize(conf, o.managed)
      : withFraction(totalFlink, rangeFraction(conf, o.managedFraction, 0, Number.POSITIVE_INFINITY))
    const parts = { ...fixedParts(conf), managed }
    if (conf.contains(o.taskHeap)) {
      const taskHeap = readSize(conf, o.taskHeap)
      return { ...parts, taskHeap, network: networkFromRest(conf, totalFlink, { ...parts, taskHeap }) }
    }
    const network = withFraction(totalFlink, networkRange(conf))
    return { ...parts, network, taskHeap: rest(totalFlink, { ...parts, network }) }
  },
  total: (flink) => flink.frameworkHeap + flink.frameworkOffHeap + flink.taskHeap + flink.taskOffHeap + flink.network + flink.managed,
}

/** @throws FlinkError (IllegalConfigurationException) when the options contradict one another */
export function taskManagerProcessSpec(conf: FlinkConfiguration): TaskManagerProcessSpec {
  const slots = conf.get(options.taskManager.slots)
  try {
    const { flink, jvm, totalFlink, totalProcess } = processMemory(conf, o, model)
    return { ...flink, ...jvm, cpuCores: conf.optional(o.cpuCores) ?? slots, slots, totalFlink, totalProcess }
  } catch (e) {
    throw illegal(`TaskManager memory configuration failed: ${(e as Error).message}`, { cause: e })
  }
}

/** What a TaskManager is told of its own resources, beside the file. */
export function taskManagerDynamicProperties(spec: TaskManagerProcessSpec): readonly (readonly [key: string, value: string])[] {
  const cores = Number.isInteger(spec.cpuCores) ? `${spec.cpuCores}.0` : String(spec.cpuCores)
  return [
    [o.networkMin.key, `${spec.network}b`],
    [o.cpuCores.key, cores],
    [o.taskOffHeap.key, `${spec.taskOffHeap}b`],
    [o.metaspace.key, `${spec.metaspace}b`],
    ['external-resources', 'none'],
    [o.overheadMin.key, `${spec.overhead}b`],
    [o.frameworkOffHeap.key, `${spec.frameworkOffHeap}b`],
    [o.networkMax.key, `${spec.network}b`],
    [o.frameworkHeap.key, `${spec.frameworkHeap}b`],
    [o.managed.key, `${spec.managed}b`],
    [o.taskHeap.key, `${spec.taskHeap}b`],
    [options.taskManager.slots.key, String(spec.slots)],
    [o.overheadMax.key, `${spec.overhead}b`],
  ]
}
