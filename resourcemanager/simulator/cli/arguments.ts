/** Values of options, in the words that people write. */
import { existsSync, mkdirSync } from 'node:fs'
import { ConfigurationError } from '../../../common/config/configuration.js'
import type { Resource } from '../../../common/records/index.js'
import { type SimulatedConfiguration, readSimulatedConfiguration } from '../configuration.js'
import { fullName } from '../sweep/space.js'

const MILLIS: Readonly<Record<string, number>> = { ms: 1, s: 1000, '': 1000, min: 60_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** `90`, `90s`, `15min`, `2h`, `1d`: milliseconds. */
export function parseDuration(text: string, option: string): number {
  const [, number, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/.exec(text) ?? []
  const factor = MILLIS[unit]
  if (number === undefined || factor === undefined || Number(number) === 0)
    throw new ConfigurationError(`${option} ${text}: give a time above 0, such as 90s, 15min, 2h or 1d`)
  return Math.round(Number(number) * factor)
}

export function parseCount(text: string, option: string): number {
  if (!/^\d+$/.test(text) || Number(text) < 1) throw new ConfigurationError(`${option} ${text}: give a whole number from 1`)
  return Number(text)
}

/** A folder to write to is there before anything is run. */
export function makeFolder(dir: string | undefined, option: string): void {
  if (dir === undefined) return
  try {
    mkdirSync(dir, { recursive: true })
  } catch (e) {
    throw new ConfigurationError(`${option} ${dir}: it can't be made a folder: ${(e as Error).message}`)
  }
}

/** `5` is the seeds 1 to 5; `3,7` and `10..14` are those. */
export function parseSeeds(text: string): number[] {
  const range = /^(\d+)\.\.(\d+)$/.exec(text)
  const from = range ? Number(range[1]) : 1
  const to = range ? Number(range[2]) : /^\d+$/.test(text) ? Number(text) : 0
  const seeds = /^\d+(,\d+)+$/.test(text) ? text.split(',').map(Number) : Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)
  if (seeds.length === 0 || seeds.length > 1000 || new Set(seeds).size < seeds.length)
    throw new ConfigurationError(`--seeds ${text}: give how many (5), a range (10..14) or a list (3,7)`)
  return seeds
}

/** `2048,1` or `2G,1`: memory and vcores. */
export function parseResource(text: string, option: string): Resource {
  const [, number, unit, vcores] = /^(\d+(?:\.\d+)?)([MG]?)i?B?(?:,(\d+))?$/i.exec(text.trim()) ?? []
  const memory = Number(number) * (unit?.toUpperCase() === 'G' ? 1024 : 1)
  if (!(memory > 0)) throw new ConfigurationError(`${option} ${text}: give memory in MiB and vcores, such as 2048,1 or 2G,1`)
  return { memory: Math.round(memory), vcores: Number(vcores ?? 1) }
}

/** A configuration with what else differs for it. */
export interface Case {
  /** The configuration's folder, unless it has none. */
  readonly confDir?: string
  readonly configuration: SimulatedConfiguration
  /** In place of the command's own. */
  readonly nodes?: string
  readonly traces?: readonly string[]
  /** A models file. */
  readonly models?: string
}

/**
 * `[NAME=]DIR[,PROPERTY=VALUE…]`; `nodes=…`, `trace=FILE` and `models=FILE` among them change what is run. DIR may be left out: a scheduler's defaults.
 * @throws ConfigurationError
 */
export function parseCase(text: string): Case {
  const [first = '', ...settings] = splitSettings(text)
  const equals = first.indexOf('=')
  const named = equals > 0 && !existsSync(first)
  const dir = named ? first.slice(equals + 1) : first
  const base = readSimulatedConfiguration(dir === '' ? undefined : dir)
  let properties = base.properties
  let nodes: string | undefined
  let models: string | undefined
  const traces: string[] = []
  for (const s of settings) {
    const at = s.indexOf('=')
    if (at < 1)
      throw new ConfigurationError(
        `${text}: "${s}" is no setting; after the folder come PROPERTY=VALUE, nodes=…, trace=FILE or models=FILE, separated by commas`,
      )
    const [name, value] = [s.slice(0, at), s.slice(at + 1)]
    if (name === 'nodes') nodes = value
    else if (name === 'trace') traces.push(value)
    else if (name === 'models') models = value
    else properties = { ...properties, [fullName(name)]: value }
  }
  const name = named ? first.slice(0, equals) : settings.length > 0 ? `${base.name}, ${settings.join(', ')}` : base.name
  return {
    configuration: { ...base, name, properties },
    ...(dir !== '' && { confDir: dir }),
    ...(nodes !== undefined && { nodes }),
    ...(traces.length > 0 && { traces }),
    ...(models !== undefined && { models }),
  }
}

/** At commas that begin a setting: values may hold commas of their own (nodes=100x16G,8). */
function splitSettings(text: string): string[] {
  return text.split(/,(?=[A-Za-z][\w.-]*=)/)
}

/** Names that reports tell configurations apart by: a number where two are called alike. */
export function distinct(cases: readonly Case[]): Case[] {
  const seen = new Map<string, number>()
  return cases.map((c) => {
    const { name } = c.configuration
    const times = (seen.get(name) ?? 0) + 1
    seen.set(name, times)
    return times === 1 ? c : { ...c, configuration: { ...c.configuration, name: `${name} (${times})` } }
  })
}
