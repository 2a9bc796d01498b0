/** `.yarn-properties-USER`: by it `flink run` finds the session that yarn-session.sh started. A java.util.Properties file. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseApplicationId } from '../../common/records/ids.js'
import { flinkError } from '../config/errors.js'
import { type FlinkConfiguration, options } from '../config/index.js'

export interface YarnProperties {
  readonly file: string
  readonly applicationId: string
  readonly dynamicProperties: readonly (readonly [key: string, value: string])[]
}

const DYNAMIC_SEPARATOR = '@@'

export function yarnPropertiesFile(conf: FlinkConfiguration): string {
  return path.join(conf.optional(options.yarn.propertiesFileLocation) ?? os.tmpdir(), `.yarn-properties-${os.userInfo().username}`)
}

/** Undefined when there is no file. @throws FlinkError naming the file when it can't be used */
export function readYarnProperties(conf: FlinkConfiguration): YarnProperties | undefined {
  const file = yarnPropertiesFile(conf)
  let text: string
  try {
    text = readFileSync(file, 'latin1')
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw flinkError('FlinkException', `Could not read the Yarn properties file ${file}. Please delete the file at ${file}.`, { cause: e })
  }
  const properties = parseProperties(text)
  const applicationId = properties.get('applicationID')
  if (applicationId === undefined) {
    throw flinkError('FlinkException', `Yarn properties file found but doesn't contain a Yarn application id. Please delete the file at ${file}`)
  }
  try {
    parseApplicationId(applicationId)
  } catch (e) {
    throw flinkError('FlinkException', `YARN properties contain an invalid entry for application id: ${applicationId}. Please delete the file at ${file}`, {
      cause: e,
    })
  }
  const dynamic = (properties.get('dynamicPropertiesString') ?? '').split(DYNAMIC_SEPARATOR).flatMap((pair) => {
    const equals = pair.indexOf('=')
    return equals > 0 ? [[pair.slice(0, equals), pair.slice(equals + 1)] as const] : []
  })
  return { file, applicationId, dynamicProperties: dynamic }
}

export function writeYarnProperties(conf: FlinkConfiguration, applicationId: string, dynamic: ReadonlyMap<string, string>, now: Date): string {
  const file = yarnPropertiesFile(conf)
  const encoded = [...dynamic].map(([k, v]) => `${k}=${v}`).join(DYNAMIC_SEPARATOR)
  const lines = [
    '#Generated YARN properties file',
    `#${javaDate(now)}`,
    `applicationID=${escaped(applicationId)}`,
    `dynamicPropertiesString=${escaped(encoded)}`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o644, encoding: 'latin1' })
  return file
}

/** The file, when there was one for this application; it is gone now. */
export function deleteYarnProperties(conf: FlinkConfiguration, applicationId: string): string | undefined {
  const file = yarnPropertiesFile(conf)
  let found: string | undefined
  try {
    found = parseProperties(readFileSync(file, 'latin1')).get('applicationID')
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ENOENT') throw e
  }
  if (found !== applicationId) return undefined
  rmSync(file, { force: true })
  return file
}

/** java.util.Date.toString(): `Tue Nov 14 22:13:20 UTC 2023` */
function javaDate(at: Date): string {
  const [day, month, date, , time] = at
    .toUTCString()
    .replace(',', '')
    .split(' ')
    .map((w, i, all) => (i === 1 ? all[2]! : i === 2 ? all[1]! : w))
  return `${day} ${month} ${date} ${time} UTC ${at.getUTCFullYear()}`
}

function escaped(value: string): string {
  return value
    .replace(/[\\=:#!]/g, '\\$&')
    .replace(/\n/g, '\\n')
    .replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Lines `key=value`; `#` and `!` begin comments, a backslash escapes and continues lines. */
export function parseProperties(text: string): Map<string, string> {
  const found = new Map<string, string>()
  const logical = text.replace(/\r\n?/g, '\n').replace(/((?:^|[^\\])(?:\\\\)*)\\\n[ \t]*/g, '$1')
  for (const raw of logical.split('\n')) {
    const line = raw.trimStart()
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue
    const m = /^((?:\\.|[^\\=:\s])*)\s*[=:]?\s*(.*)$/.exec(line)!
    found.set(unescaped(m[1]!), unescaped(m[2]!))
  }
  return found
}

function unescaped(text: string): string {
  const controls: Record<string, string> = { n: '\n', t: '\t', r: '\r', f: '\f' }
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, hex: string | undefined, c: string) =>
    hex === undefined ? (controls[c] ?? c) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
