/**
 * What JobManager and TaskManager share of Flink's memory model. All sizes are bytes.
 * Source of the facts: ProcessMemoryUtils, RangeFraction, JvmMetaspaceAndOverhead.
 */
import { flinkError } from '../config/errors.js'
import { type ConfigOption, type FlinkConfiguration, formatMemorySize } from '../config/index.js'

/** What the JVM itself takes beside Flink's memory. */
export interface JvmMemory {
  readonly metaspace: number
  readonly overhead: number
}

export interface ProcessMemoryOptions {
  readonly totalProcess: ConfigOption<number>
  readonly totalFlink: ConfigOption<number>
  readonly metaspace: ConfigOption<number>
  readonly overheadMin: ConfigOption<number>
  readonly overheadMax: ConfigOption<number>
  readonly overheadFraction: ConfigOption<number>
  readonly legacyHeap: ConfigOption<number>
}

/** How one of the two processes divides its Flink memory. */
export interface FlinkMemoryModel<F> {
  /** With all of these set, everything else follows from them. */
  readonly required: readonly ConfigOption<number>[]
  fromRequired(conf: FlinkConfiguration): F
  fromTotal(conf: FlinkConfiguration, totalFlink: number): F
  total(flink: F): number
}

export const size = formatMemorySize
export const illegal = (message: string, options?: ErrorOptions) => flinkError('IllegalConfigurationException', message, options)

/** As Flink prints an option in its messages. */
export const describeOption = (o: ConfigOption): string => `Key: '${o.key}' , default: ${o.default ?? 'null'} (fallback keys: [])`

export function readSize(conf: FlinkConfiguration, option: ConfigOption<number>): number {
  try {
    return conf.get(option)
  } catch (e) {
    throw illegal(`Cannot read memory size from config option '${option.key}'.`, { cause: e })
  }
}

export interface RangeFraction {
  readonly min: number
  readonly max: number
  readonly fraction: number
}

export function rangeFraction(conf: FlinkConfiguration, fractionOption: ConfigOption<number>, min: number, max: number): RangeFraction {
  // A float option in Flink: 0.1f is a little more than 0.1, and the derived bytes show it.
  const fraction = Math.fround(conf.get(fractionOption))
  const wrong = min > max ? `min value must be less or equal to max value` : fraction < 0 || fraction >= 1 ? `fraction must be in range [0, 1)` : undefined
  if (wrong) {
    const inner = flinkError('IllegalArgumentException', wrong)
    throw illegal(`Inconsistently configured ${describeOption(fractionOption)} (${fraction}) and its min (${size(min)}), max (${size(max)}) value`, {
      cause: inner,
    })
  }
  return { min, max, fraction }
}

/** bytes x factor, exact in decimals and rounded down, as BigDecimal has it. */
export function multiply(bytes: number, factor: number): number {
  const [mantissa, exponent = '0'] = String(factor).split('e')
  const [whole, decimals = ''] = mantissa!.split('.')
  const scale = decimals.length - Number(exponent)
  const product = BigInt(bytes) * BigInt(whole! + decimals)
  return Number(scale >= 0 ? product / 10n ** BigInt(scale) : product * 10n ** BigInt(-scale))
}

const cap = (value: number, range: RangeFraction) => Math.min(Math.max(value, range.min), range.max)

/** A share of `base`, within the range. */
export function withFraction(base: number, range: RangeFraction): number {
  return cap(multiply(base, range.fraction), range)
}

/** What must be added to `base` so that it is its share of the sum, within the range. */
export function withInverseFraction(base: number, range: RangeFraction): number {
  return cap(multiply(base, range.fraction / (1 - range.fraction)), range)
}

export function processMemory<F>(
  conf: FlinkConfiguration,
  options: ProcessMemoryOptions,
  model: FlinkMemoryModel<F>,
): { flink: F; jvm: JvmMemory; totalFlink: number; totalProcess: number } {
  const settled = withLegacyHeap(conf, options, model)
  const { flink, jvm } = derive(settled, options, model)
  const totalFlink = model.total(flink)
  return { flink, jvm, totalFlink, totalProcess: totalFlink + jvm.metaspace + jvm.overhead }
}

/** jobmanager.heap.size and taskmanager.heap.size meant all memory of the container, when nothing newer is set. */
function withLegacyHeap<F>(conf: FlinkConfiguration, options: ProcessMemoryOptions, model: FlinkMemoryModel<F>): FlinkConfiguration {
  const newer = [options.totalProcess, options.totalFlink, ...model.required].some((o) => conf.contains(o))
  return newer || !conf.contains(options.legacyHeap) ? conf : conf.copy().set(options.totalProcess, `${readSize(conf, options.legacyHeap)}b`)
}

function derive<F>(conf: FlinkConfiguration, options: ProcessMemoryOptions, model: FlinkMemoryModel<F>): { flink: F; jvm: JvmMemory } {
  if (model.required.every((o) => conf.contains(o))) {
    const flink = model.fromRequired(conf)
    return { flink, jvm: jvmFromFlink(conf, options, model.total(flink)) }
  }
  if (conf.contains(options.totalFlink)) {
    const totalFlink = readSize(conf, options.totalFlink)
    return { flink: model.fromTotal(conf, totalFlink), jvm: jvmFromFlink(conf, options, totalFlink) }
  }
  if (conf.contains(options.totalProcess)) {
    const totalProcess = readSize(conf, options.totalProcess)
    const jvm = jvmFromProcess(conf, options, totalProcess)
    return { flink: model.fromTotal(conf, totalProcess - jvm.metaspace - jvm.overhead), jvm }
  }
  throw illegal(
    `Either required fine-grained memory (${model.required.map((o) => o.key).join(' and ')}), or Total Flink Memory size (${describeOption(options.totalFlink)}), or Total Process Memory size (${describeOption(options.totalProcess)}) need to be configured explicitly.`,
  )
}

function overheadRange(conf: FlinkConfiguration, options: ProcessMemoryOptions): RangeFraction {
  return rangeFraction(conf, options.overheadFraction, readSize(conf, options.overheadMin), readSize(conf, options.overheadMax))
}

function jvmFromProcess(conf: FlinkConfiguration, options: ProcessMemoryOptions, totalProcess: number): JvmMemory {
  const metaspace = readSize(conf, options.metaspace)
  const overhead = withFraction(totalProcess, overheadRange(conf, options))
  if (metaspace + overhead > totalProcess) {
    throw illegal(
      `Sum of configured JVM Metaspace (${size(metaspace)}) and JVM Overhead (${size(overhead)}) exceed configured Total Process Memory (${size(totalProcess)}).`,
    )
  }
  return { metaspace, overhead }
}

function jvmFromFlink(conf: FlinkConfiguration, options: ProcessMemoryOptions, totalFlink: number): JvmMemory {
  const metaspace = readSize(conf, options.metaspace)
  const range = overheadRange(conf, options)
  if (!conf.contains(options.totalProcess)) return { metaspace, overhead: withInverseFraction(totalFlink + metaspace, range) }
  const totalProcess = readSize(conf, options.totalProcess)
  const overhead = totalProcess - totalFlink - metaspace
  if (overhead < 0) {
    throw illegal(
      `The configured Total Process Memory size (${size(totalProcess)}) is less than the sum of the derived Total Flink Memory size (${size(totalFlink)}) and the configured or default JVM Metaspace size  (${size(metaspace)}).`,
    )
  }
  if (overhead > range.max || overhead < range.min) {
    throw illegal(`Derived JVM Overhead size (${size(overhead)}) is not in configured JVM Overhead range [${size(range.min)}, ${size(range.max)}].`)
  }
  return { metaspace, overhead }
}
