/**
 * Flink's configuration: flink-conf.yaml (the flat `key: value` lines of Flink 1.17) below what the command line sets.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { ConfigurationError } from '../../common/config/configuration.js'
import type { ConfigOption } from './option.js'

export const CONF_FILE = 'flink-conf.yaml'

interface Entry {
  readonly value: string
  readonly source: string
}

/** Values under these names are not shown. */
const SENSITIVE = /password|secret|fs\.azure\.account\.key|apikey|auth-params|service-key|token|basic-auth|jaas\.config|http-headers/i

export class FlinkConfiguration {
  readonly #entries = new Map<string, Entry>()

  static of(entries: Iterable<readonly [string, string]> | Readonly<Record<string, string>>, source = 'programmatically'): FlinkConfiguration {
    const conf = new FlinkConfiguration()
    for (const [k, v] of Symbol.iterator in entries ? entries : Object.entries(entries)) conf.set(k, v, source)
    return conf
  }

  /** Sets by key or by option. `source` is named in errors about the value. */
  set(key: string | ConfigOption, value: string | number | boolean, source = 'programmatically'): this {
    this.#entries.set(typeof key === 'string' ? key : key.key, { value: String(value), source })
    return this
  }

  unset(key: string | ConfigOption): void {
    this.#entries.delete(typeof key === 'string' ? key : key.key)
  }

  /** Later values win. */
  addAll(other: FlinkConfiguration): this {
    for (const [k, e] of other.#entries) this.#entries.set(k, e)
    return this
  }

  /** The text by bare key; undefined when it is not set. */
  raw(key: string): string | undefined {
    return this.#entries.get(key)?.value
  }

  #entry(option: ConfigOption): { key: string; entry: Entry } | undefined {
    for (const key of [option.key, ...option.fallbackKeys]) {
      const entry = this.#entries.get(key)
      if (entry) return { key, entry }
    }
    return undefined
  }

  /** Whether the option is set (a default does not count). */
  contains(option: ConfigOption): boolean {
    return this.#entry(option) !== undefined
  }

  /** The value or the default. @throws ConfigurationError when it is not of its type, or there is neither */
  get<T>(option: ConfigOption<T>): T {
    const value = this.optional(option)
    if (value === undefined) throw new ConfigurationError(`${option.key} is not set (${option.meaning})`)
    return value
  }

  /** As `get`, but undefined when the option has neither value nor default. */
  optional<T>(option: ConfigOption<T>): T | undefined {
    const found = this.#entry(option)
    if (!found) return option.default === undefined ? undefined : option.parse(option.default)
    try {
      return option.parse(found.entry.value)
    } catch (e) {
      const shown = SENSITIVE.test(found.key) ? '' : ` '${found.entry.value}'`
      throw new ConfigurationError(`Could not parse value${shown} for key '${found.key}' (from ${found.entry.source}). ${(e as Error).message}`, { cause: e })
    }
  }

  sourceOf(key: string): string {
    return this.#entries.get(key)?.source ?? 'default'
  }

  /** All that is set, in order of keys. */
  entries(): readonly (readonly [key: string, value: string])[] {
    return [...this.#entries].map(([k, e]) => [k, e.value] as const).sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** Set keys below `prefix`, without it. */
  withPrefix(prefix: string): readonly (readonly [key: string, value: string])[] {
    return this.entries().flatMap(([k, v]) => (k.startsWith(prefix) && k.length > prefix.length ? [[k.slice(prefix.length), v] as const] : []))
  }

  copy(): FlinkConfiguration {
    return new FlinkConfiguration().addAll(this)
  }

  /** As a flink-conf.yaml that reads back the same, but for what `unwritable` gives. */
  toText(): string {
    return this.entries()
      .filter(isWritable)
      .map(([k, v]) => `${k}: ${v}\n`)
      .join('')
  }

  /** Set, but beyond the file's format: empty values, and those with a `#`, a line break or blanks around. */
  unwritable(): readonly (readonly [key: string, value: string])[] {
    return this.entries().filter((e) => !isWritable(e))
  }
}

function isWritable([key, value]: readonly [key: string, value: string]): boolean {
  return value !== '' && value === value.trim() && key === key.trim() && !/[#\r\n]/.test(key + value) && !key.includes(': ')
}

/**
 * The lines of a flink-conf.yaml: `key: value`, `#` begins a comment.
 * @throws ConfigurationError naming file and line for a line that is neither
 */
export function parseFlinkConf(text: string, file: string = CONF_FILE): FlinkConfiguration {
  const conf = new FlinkConfiguration()
  text.split(/\r?\n/).forEach((line, index) => {
    const content = line.split('#', 1)[0]!
    if (content.trim() === '') return
    const where = `${file}:${index + 1}`
    const colon = content.indexOf(': ')
    const key = colon < 0 ? '' : content.slice(0, colon).trim()
    const value = colon < 0 ? '' : content.slice(colon + 2).trim()
    if (key === '' || value === '') throw new ConfigurationError(`${where}: not a line "key: value": ${JSON.stringify(content.trim())}`)
    if (/^\s/.test(content)) {
      throw new ConfigurationError(`${where}: the line is indented; ${CONF_FILE} has flat keys only, for example "taskmanager.numberOfTaskSlots: 2"`)
    }
    conf.set(key, value, where)
  })
  return conf
}

/** Reads CONF_FILE of a folder. @throws ConfigurationError naming what is missing or wrong */
export function loadFlinkConfiguration(dir: string): FlinkConfiguration {
  const absolute = path.resolve(dir)
  if (!existsSync(absolute) || !statSync(absolute).isDirectory()) {
    throw new ConfigurationError(`The given configuration directory name '${dir}' (${absolute}) does not describe an existing directory.`)
  }
  const file = path.join(absolute, CONF_FILE)
  if (!existsSync(file)) throw new ConfigurationError(`The Flink config file '${file}' (${file}) does not exist.`)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (e) {
    throw new ConfigurationError(`${file} can't be read: ${(e as Error).message}`, { cause: e })
  }
  return parseFlinkConf(text, file)
}

/**
 * The folder that a client reads: FLINK_CONF_DIR, else FLINK_HOME/conf; undefined when neither is set.
 * @throws ConfigurationError when the variable names no folder
 */
export function findFlinkConfDir(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.FLINK_CONF_DIR) {
    if (existsSync(env.FLINK_CONF_DIR)) return path.resolve(env.FLINK_CONF_DIR)
    throw new ConfigurationError(`The configuration directory '${env.FLINK_CONF_DIR}', specified in the 'FLINK_CONF_DIR' environment variable, does not exist.`)
  }
  const shipped = env.FLINK_HOME && path.join(env.FLINK_HOME, 'conf')
  return shipped && existsSync(path.join(shipped, CONF_FILE)) ? shipped : undefined
}

/** `key=value` of a -D. @throws ConfigurationError for an empty key; a key alone is `true`, as commons-cli has it */
export function parseDynamicProperty(text: string): readonly [key: string, value: string] {
  const equals = text.indexOf('=')
  const key = (equals < 0 ? text : text.slice(0, equals)).trim()
  if (key === '') throw new ConfigurationError(`-D${text}: there is no key before the "="`)
  return [key, equals < 0 ? 'true' : text.slice(equals + 1)]
}
