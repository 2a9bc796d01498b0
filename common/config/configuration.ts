/**
 * Hadoop's Configuration: properties of *-site.xml files over declared defaults, `final`, ${} expansion over
 * properties, system properties and `${env.NAME:-default}`. Source: org.apache.hadoop.conf.Configuration.
 */
import { existsSync, readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { SaxesParser } from 'saxes'
import { core } from './keys/core.js'
import type { Property, PropertyType, ValueOf } from './keys/declare.js'
import { yarn } from './keys/yarn.js'
import { ConfigurationError, parseValue } from './keys/value.js'

export { ConfigurationError } from './keys/value.js'

interface Entry {
  readonly value: string
  readonly final: boolean
  readonly source: string
}

const MAX_EXPANSIONS = 20
/** Properties that other values are built on: their defaults hold inside ${} too. */
const BASES: Readonly<Record<string, string>> = Object.fromEntries([core.tmpDir, yarn.rmHostname, yarn.nmHostname].map((p) => [p.name, p.default!]))

export class Configuration {
  readonly #entries = new Map<string, Entry>()

  /** Reads one resource file. @throws ConfigurationError naming file and line */
  addFile(file: string): this {
    for (const p of readSiteFile(file)) this.#put(p.name, { value: p.value, final: p.final, source: path.basename(file) })
    return this
  }

  #put(name: string, entry: Entry): void {
    if (this.#entries.get(name)?.final) return
    this.#entries.set(name, entry)
  }

  set(name: string, value: string, source = 'programmatically'): this {
    this.#entries.set(name, { value, final: false, source })
    return this
  }

  unset(name: string): void {
    this.#entries.delete(name)
  }

  /** The expanded value by bare name; undefined when the property is not set (declared defaults do not apply). */
  raw(name: string): string | undefined {
    const e = this.#entries.get(name)
    return e && this.#expand(e.value, name)
  }

  has(property: Property): boolean {
    return this.#entries.has(property.name)
  }

  /** @throws ConfigurationError naming the property when the value is not of its type, or is missing without default */
  get<T extends PropertyType>(property: Property<T>): ValueOf<Property<T>> {
    const value = this.optional(property)
    if (value === undefined) throw new ConfigurationError(`${property.name} is not set (${property.meaning})`)
    return value
  }

  /** As `get`, but undefined when the property has neither value nor default. */
  optional<T extends PropertyType>(property: Property<T>): ValueOf<Property<T>> | undefined {
    const text = this.raw(property.name) ?? (property.default === undefined ? undefined : this.#expand(property.default, property.name))
    if (text === undefined) return undefined
    const value = parseValue(property.type, text)
    if (value === undefined) {
      throw new ConfigurationError(`${property.name} is "${text}" (from ${this.sourceOf(property.name)}), which is no ${property.type}`)
    }
    return value as ValueOf<Property<T>>
  }

  sourceOf(name: string): string {
    return this.#entries.get(name)?.source ?? 'default'
  }

  /** All that is set, expanded, in order of names. */
  *entries(): Iterable<{ name: string; value: string; source: string; final: boolean }> {
    for (const name of [...this.#entries.keys()].sort()) {
      const e = this.#entries.get(name)!
      yield { name, value: this.#expand(e.value, name), source: e.source, final: e.final }
    }
  }

  /** Set properties whose names begin with `prefix`. */
  *withPrefix(prefix: string): Iterable<{ name: string; value: string }> {
    for (const e of this.entries()) if (e.name.startsWith(prefix)) yield e
  }

  copy(): Configuration {
    const c = new Configuration()
    for (const [k, v] of this.#entries) c.#entries.set(k, v)
    return c
  }

  #expand(text: string, of: string): string {
    let value = text
    for (let i = 0; i < MAX_EXPANSIONS; i++) {
      const m = /\$\{([^}$\s]+)\}/.exec(value)
      if (!m) return value
      const replacement = this.#variable(m[1]!)
      // An unknown variable stays as it is, as Hadoop leaves it.
      if (replacement === undefined) return value
      value = value.slice(0, m.index) + replacement + value.slice(m.index + m[0].length)
    }
    throw new ConfigurationError(`${of}: more than ${MAX_EXPANSIONS} variables in "${text}" (a cycle?)`)
  }

  #variable(name: string): string | undefined {
    const env = /^env\.([^:-]+)(?:(:?-)(.*))?$/.exec(name)
    if (env) {
      const value = process.env[env[1]!]
      return value === undefined || (env[2] === ':-' && value === '') ? (env[3] ?? value) : value
    }
    if (name === 'user.name') return os.userInfo().username
    if (name === 'user.home') return os.homedir()
    if (name === 'java.io.tmpdir') return os.tmpdir()
    return this.#entries.get(name)?.value ?? BASES[name]
  }
}

interface SiteProperty {
  name: string
  value: string
  final: boolean
}

/** The properties of one *-site.xml. @throws ConfigurationError naming file and line */
export function readSiteFile(file: string): SiteProperty[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (e) {
    throw new ConfigurationError(`${file} can't be read: ${(e as Error).message}`)
  }
  const found: SiteProperty[] = []
  const parser = new SaxesParser({ fileName: file })
  let current: Partial<SiteProperty> | undefined
  let element = ''
  let chars = ''
  let depth = 0
  parser.on('error', (e) => {
    throw new ConfigurationError(`${file}:${parser.line}: not well-formed XML: ${e.message.replace(/^.*?:\d+:\d+: /, '')}`)
  })
  parser.on('opentag', (tag) => {
    if (depth++ === 0 && tag.name !== 'configuration')
      throw new ConfigurationError(`${file}:${parser.line}: the top element is <${tag.name}>, not <configuration>`)
    if (tag.name === 'property') {
      const a = tag.attributes as Record<string, string>
      current = { ...(a.name !== undefined && { name: a.name }), ...(a.value !== undefined && { value: a.value }), final: a.final === 'true' }
    }
    element = tag.name
    chars = ''
  })
  parser.on('text', (t) => {
    chars += t
  })
  parser.on('cdata', (t) => {
    chars += t
  })
  parser.on('closetag', (tag) => {
    depth--
    if (tag.name === 'property') {
      if (current?.name === undefined) throw new ConfigurationError(`${file}:${parser.line}: a <property> without <name>`)
      if (current.value !== undefined) found.push({ name: current.name, value: current.value, final: current.final ?? false })
      current = undefined
    } else if (current && tag.name === element) {
      if (element === 'name') current.name = chars.trim()
      if (element === 'value') current.value = chars
      if (element === 'final') current.final = chars.trim() === 'true'
    }
    element = ''
  })
  parser.write(text).close()
  return found
}

/** Which files each kind of process reads from HADOOP_CONF_DIR, in order. */
export const SITE_FILES = {
  core: ['core-site.xml'],
  hdfs: ['core-site.xml', 'hdfs-site.xml'],
  yarn: ['core-site.xml', 'hdfs-site.xml', 'yarn-site.xml'],
  resourcemanager: ['core-site.xml', 'hdfs-site.xml', 'yarn-site.xml', 'resource-types.xml'],
} as const

/** The configuration of a folder. Files that are not there are passed over; a folder that is not there is an error. */
export function loadConfiguration(dir: string, kind: keyof typeof SITE_FILES = 'yarn'): Configuration {
  if (!existsSync(dir)) throw new ConfigurationError(`HADOOP_CONF_DIR is ${dir}, which does not exist`)
  const conf = new Configuration()
  for (const f of SITE_FILES[kind]) {
    const file = path.join(dir, f)
    if (existsSync(file)) conf.addFile(file)
  }
  return conf
}

/** One property of a *-site.xml as text. */
export function siteFileText(properties: Iterable<readonly [string, string]>, comment?: string): string {
  const escaped = (s: string) => s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
  const lines = [...properties].map(([n, v]) => `  <property><name>${escaped(n)}</name><value>${escaped(v)}</value></property>`)
  return `<?xml version="1.0"?>\n${comment ? `<!-- ${comment} -->\n` : ''}<configuration>\n${lines.join('\n')}\n</configuration>\n`
}
