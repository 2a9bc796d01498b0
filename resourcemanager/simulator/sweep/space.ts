/** What a sweep varies, and which of the combinations a cluster could have. */
import { ConfigurationError } from '../../../common/config/configuration.js'
import { HadoopException } from '../../../common/errors.js'
import { createCore } from '../../core/index.js'
import { type SimulatedConfiguration, coreConfigOf } from '../configuration.js'

const CAPACITY = 'yarn.scheduler.capacity.'

/** What is no property. */
const BESIDE = new Set(['nodes', 'trace', 'models'])

/** `nodes`, `trace` and `models` vary what is run; every other name is a property. */
export interface Axis {
  readonly name: string
  readonly values: readonly string[]
  /** Set where the values are steps of a range: what golden section may go between. */
  readonly range?: { readonly from: number; readonly to: number; readonly step: number }
}

export type Settings = Readonly<Record<string, string>>

/** `root.hive.capacity` stands for the capacity scheduler's property. */
export const fullName = (name: string) => (name.startsWith('root.') ? CAPACITY + name : name)
export const shortName = (name: string) => (name.startsWith(`${CAPACITY}root.`) ? name.slice(CAPACITY.length) : name)

/** Numbers as a configuration file has them: no traces of binary fractions. */
export const numberText = (value: number) => String(Math.round(value * 1e6) / 1e6)

const MOST = 10_000

/** `PROPERTY=10..60/10`, `PROPERTY=a,b,c`. @throws ConfigurationError */
export function parseAxis(text: string): Axis {
  const equals = text.indexOf('=')
  const wrong = (why: string) => new ConfigurationError(`--vary ${text}: ${why}. Give PROPERTY=FROM..TO/STEP or PROPERTY=VALUE,VALUE,…`)
  if (equals < 1 || equals === text.length - 1) throw wrong('there are no values')
  const name = fullName(text.slice(0, equals).trim())
  const given = text.slice(equals + 1).trim()
  const range = /^(-?[\d.]+)\.\.(-?[\d.]+)(?:\/([\d.]+))?$/.exec(given)
  if (!range) {
    // A size of nodes holds a comma of its own: nodes=100x16G,8,150x16G,8.
    const values = given.split(name === 'nodes' ? /(?<![x×*]\d+[MGTmgt]?),/ : ',').map((v) => v.trim())
    if (values.some((v) => v === '')) throw wrong('a value is empty')
    if (new Set(values).size < values.length) throw wrong('a value stands twice')
    return { name, values }
  }
  const [from, to] = [Number(range[1]), Number(range[2])]
  const step = range[3] === undefined ? (to - from) / 10 : Number(range[3])
  if (![from, to, step].every(Number.isFinite)) throw wrong('that is no range of numbers')
  if (from >= to || step <= 0) throw wrong('a range rises, by steps above 0')
  const count = Math.floor((to - from) / step + 1e-9) + 1
  if (count > MOST) throw wrong(`that is ${count} values`)
  return { name, values: Array.from({ length: count }, (_, i) => numberText(from + i * step)), range: { from, to, step } }
}

/** All combinations, the last axis changing fastest. */
export function grid(axes: readonly Axis[]): Settings[] {
  const size = axes.reduce((n, a) => n * a.values.length, 1)
  if (size > MOST) throw new ConfigurationError(`the values of --vary make ${size} combinations: take larger steps, or --method random with a --budget`)
  return axes.reduce<Settings[]>((all, axis) => all.flatMap((s) => axis.values.map((v) => ({ ...s, [axis.name]: v }))), [{}])
}

function childrenOf(properties: Settings, parent: string): string[] {
  return (properties[`${CAPACITY}${parent}.queues`] ?? '')
    .split(',')
    .map((q) => q.trim())
    .filter((q) => q !== '')
}

const capacityName = (queue: string) => `${CAPACITY}${queue}.capacity`
const queueOf = (property: string) => /^yarn\.scheduler\.capacity\.(root\..*)\.capacity$/.exec(property)?.[1]

/**
 * Gives the queue that `balance` names what its siblings leave of 100 %.
 * @returns the reason where nothing is left
 */
export function balanced(properties: Settings, balance: string): { readonly properties: Settings } | { readonly refused: string } {
  const queue = queueOf(fullName(balance)) ?? queueOf(fullName(`${balance}.capacity`))
  if (!queue) throw new ConfigurationError(`--balance ${balance}: name a queue's capacity, such as root.default.capacity`)
  const parent = queue.slice(0, queue.lastIndexOf('.'))
  const siblings = childrenOf(properties, parent)
  if (!siblings.includes(queue.slice(parent.length + 1)))
    throw new ConfigurationError(`--balance ${balance}: ${parent} has no such queue; it has ${siblings.join(', ') || 'none'}`)
  let others = 0
  for (const s of siblings) if (`${parent}.${s}` !== queue) others += Number(properties[capacityName(`${parent}.${s}`)] ?? 0)
  const rest = 100 - others
  if (!(rest >= 0)) return { refused: `the other queues of ${parent} take ${numberText(others)} %: nothing is left for ${queue}` }
  const maximum = properties[`${CAPACITY}${queue}.maximum-capacity`]
  if (maximum !== undefined && Number(maximum) >= 0 && Number(maximum) < rest)
    return { refused: `${queue} would get ${numberText(rest)} %, more than its maximum-capacity of ${maximum} %` }
  return { properties: { ...properties, [capacityName(queue)]: numberText(rest) } }
}

/** Queues whose children's percentages do not make 100, in words. */
function doNotAddUp(properties: Settings, settings: Settings): string | undefined {
  for (const name of Object.keys(settings)) {
    const queue = queueOf(name)
    if (!queue) continue
    const parent = queue.slice(0, queue.lastIndexOf('.'))
    const capacities = childrenOf(properties, parent).map((q) => ({ q, text: properties[capacityName(`${parent}.${q}`)] ?? '0' }))
    // Absolute amounts and weights have rules of their own, which the scheduler knows.
    if (capacities.some(({ text }) => !/^-?[\d.]+$/.test(text.trim()))) continue
    const sum = capacities.reduce((n, c) => n + Number(c.text), 0)
    if (Math.abs(sum - 100) > 1e-3)
      return `the queues of ${parent} add up to ${numberText(sum)} %, not 100 (${capacities.map((c) => `${c.q} ${c.text}`).join(' + ')}); --balance ${parent}.QUEUE.capacity lets one of them give way`
  }
  return undefined
}

/** The configuration with the settings in it, or why a ResourceManager would not start with it. */
export function configured(
  base: SimulatedConfiguration,
  settings: Settings,
  balance: readonly string[] = [],
): { readonly configuration: SimulatedConfiguration } | { readonly refused: string } {
  const own = Object.fromEntries(Object.entries(settings).filter(([name]) => !BESIDE.has(name)))
  let properties: Settings = { ...base.properties, ...own }
  for (const b of balance) {
    const made = balanced(properties, b)
    if ('refused' in made) return made
    properties = made.properties
  }
  const refused = doNotAddUp(properties, own)
  if (refused) return { refused }
  const configuration = { ...base, properties }
  try {
    createCore(coreConfigOf(configuration))
  } catch (e) {
    if (e instanceof ConfigurationError || e instanceof HadoopException) return { refused: e.message }
    throw e
  }
  return { configuration }
}

/** `hive.capacity=30, …`: what a candidate is called. */
export function settingsText(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${shortName(name)}=${value}`)
    .join(', ')
}
