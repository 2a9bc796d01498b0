/** capacity-scheduler.xml: the properties of queues, typed, with what Hadoop says of bad ones. */
import { exception } from '../../../common/errors.js'
import { type Resource, resource } from '../../../common/records/index.js'
import { inUnitOf } from '../units.js'

const PREFIX = 'yarn.scheduler.capacity.'
/** `[memory=1024,vcores=2]`: a capacity in absolute amounts. */
const ABSOLUTE = /^\[[\w.,\-_=\s/]+\]$/

export interface QueueProperties {
  readonly path: string
  get(name: string): string | undefined
  number(name: string): number | undefined
  flag(name: string, fallback: boolean): boolean
  list(name: string): readonly string[]
}

export interface CapacityConfig {
  queue(path: string): QueueProperties
  /** Properties of the scheduler as a whole. */
  readonly global: QueueProperties
}

function number(text: string | undefined, name: string): number | undefined {
  if (text === undefined || text.trim() === '') return undefined
  const value = Number(text.trim().replace(/[fFdD]$/, ''))
  if (Number.isNaN(value)) throw exception('IllegalArgumentException', `${name} is "${text}", which is no number`)
  return value
}

export function capacityConfig(properties: Readonly<Record<string, string>>): CapacityConfig {
  const under = (prefix: string, path: string): QueueProperties => ({
    path,
    get: (name) => properties[prefix + name]?.trim(),
    number: (name) => number(properties[prefix + name], prefix + name),
    flag(name, fallback) {
      const text = properties[prefix + name]?.trim().toLowerCase()
      return text === 'true' ? true : text === 'false' ? false : fallback
    },
    list: (name) =>
      (properties[prefix + name] ?? '')
        .split(',')
        .map((s) => s.trim())
        .filter((s) => s !== ''),
  })
  return { queue: (path) => under(`${PREFIX}${path}.`, path), global: under(PREFIX, '') }
}

export const isAbsolute = (text: string | undefined): boolean => text !== undefined && ABSOLUTE.test(text)

/** @throws IllegalArgumentException naming the queue when the text is no list of amounts */
export function absoluteResource(text: string, path: string): Resource {
  let memory = 0
  let vcores = 0
  const extended: Record<string, number> = {}
  for (const part of text.slice(1, -1).split(',')) {
    const m = /^\s*([\w./-]+)\s*=\s*(\d+)\s*([A-Za-z]*)\s*$/.exec(part)
    const illegal = `Illegal resource "${part.trim()}" in ${text} for queue ${path}`
    if (!m) throw exception('IllegalArgumentException', illegal)
    const [, name = '', digits, unit = ''] = m
    const ofMemory = name === 'memory' || name === 'memory-mb'
    const value = inUnitOf(ofMemory ? 'memory' : 'other', Number(digits), unit, illegal)
    if (ofMemory) memory = value
    else if (name === 'vcores') vcores = value
    else extended[name] = value
  }
  return resource(memory, vcores, extended)
}

const SHORT_NAMES: Readonly<Record<string, string>> = { memory: 'memory-mb', gpu: 'yarn.io/gpu', fpga: 'yarn.io/fpga' }

/**
 * `memory-mb=2G,vcores=2`: the largest container of a queue. What is not named it may have nothing of.
 * @param types names of resource types beyond memory and vcores. @throws IllegalArgumentException naming the queue
 */
export function largestContainer(text: string, path: string, types: readonly string[]): Resource {
  const amounts: Record<string, number> = {}
  for (const part of text.split(',')) {
    const m = /^\s*([^=\s]+)\s*=\s*(\d+)\s*([mMgG]?)\s*$/.exec(part)
    const name = m && (SHORT_NAMES[m[1]!] ?? m[1]!)
    const illegal = `Illegal resource "${part.trim()}" in the maximum-allocation of queue ${path}`
    if (!m || !name) throw exception('IllegalArgumentException', `${illegal}. Acceptable units are M/G or empty`)
    if (!['memory-mb', 'vcores', ...types].includes(name)) throw exception('IllegalArgumentException', `${illegal}. Unknown resource: ${name}`)
    amounts[name] = Number(m[2]) * (/[gG]/.test(m[3]!) ? 1024 : 1)
  }
  return resource(amounts['memory-mb'] ?? 0, amounts['vcores'] ?? 0, Object.fromEntries(types.map((t) => [t, amounts[t] ?? 0])))
}

/** Fraction of 1 of the parent, as a Java float; undefined when absolute. */
export function percentage(queue: QueueProperties, name: 'capacity' | 'maximum-capacity', fallback: number): number | undefined {
  const text = queue.get(name)
  if (isAbsolute(text)) return undefined
  const value = number(text, `${PREFIX}${queue.path}.${name}`) ?? fallback
  // An absent maximum and the historic -1 both mean 100.
  const percent = name === 'maximum-capacity' && value === -1 ? 100 : value
  if (percent < 0 || percent > 100) {
    throw exception('IllegalArgumentException', `Illegal ${name === 'capacity' ? 'capacity' : 'max-capacity'} of ${javaFloat(percent)} for queue ${queue.path}`)
  }
  return Math.fround(Math.fround(percent) / 100)
}

/** A float as Java prints it: at least one digit after the point. */
export function javaFloat(n: number): string {
  if (Number.isInteger(n)) return n.toFixed(1)
  for (let digits = 1; digits < 9; digits++) {
    const text = n.toPrecision(digits)
    if (Math.fround(Number(text)) === Math.fround(n)) return String(Number(text))
  }
  return String(n)
}
