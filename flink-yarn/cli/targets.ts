/**
 * From a command line to one configuration that says which cluster is meant. In Flink's order: -t (Generic CLI), -m
 * yarn-cluster, -yid or the properties file of a session (yarn-cluster mode), -m HOST:PORT or the configuration (default mode).
 */
import type { CommandLine } from '../../common/cli/options.js'
import { parseAddress } from '../../common/rpc/client.js'
import { type ConfigOption, type FlinkConfiguration, options, parseMemorySize } from '../config/index.js'
import { readYarnProperties } from '../deployment/properties-file.js'
import { CliArgsException, type Output } from './output.js'
import { YARN_RUN } from './tables.js'

const YARN_CLUSTER = 'yarn-cluster'

/** An option of a new cluster: its name with a prefix on the command line, and where it goes. */
interface ClusterOption {
  readonly name: string
  readonly option: ConfigOption
  read?(text: string, shown: string): string
}

function memory(text: string, shown: string): string {
  try {
    return `${parseMemorySize(text, 'm')}b`
  } catch (e) {
    throw new CliArgsException(`${shown} ${text}: ${(e as Error).message}`)
  }
}

function positive(text: string, shown: string): string {
  if (!/^\+?[1-9]\d*$/.test(text)) throw new CliArgsException(`${shown} must be a positive number: ${text}`)
  return text
}

const CLUSTER_OPTIONS: readonly ClusterOption[] = [
  { name: 'at', option: options.yarn.type },
  { name: 'j', option: options.yarn.flinkDistJar },
  { name: 'jm', option: options.jobManagerMemory.totalProcess, read: memory },
  { name: 'tm', option: options.taskManagerMemory.totalProcess, read: memory },
  { name: 's', option: options.taskManager.slots, read: positive },
  { name: 'nl', option: options.yarn.nodeLabel },
  { name: 'nm', option: options.yarn.name },
  { name: 'qu', option: options.yarn.queue },
]

/** -jm 1024, or -yjm 1024 with the prefix `y`, into the configuration; the names of those that were given. */
export function applyClusterOptions(line: CommandLine, prefix: '' | 'y', conf: FlinkConfiguration): string[] {
  const given: string[] = []
  for (const { name, option, read } of CLUSTER_OPTIONS) {
    const shown = `-${prefix}${name}`
    const value = line.value(prefix + name)
    if (value === undefined) continue
    conf.set(option, read ? read(value, shown) : value, shown)
    given.push(shown)
  }
  const ship = line.values(`${prefix}t`)
  if (ship.length > 0) {
    conf.set(options.yarn.shipFiles, ship.join(';'), `-${prefix}t`)
    given.push(`-${prefix}t`)
  }
  if (line.has(`${prefix}z`)) refuseZooKeeper(`-${prefix}z`)
  for (const [key, value] of line.properties(`${prefix}D`)) {
    conf.set(key, value, `-${prefix}D`)
    if (prefix === 'y') given.push('-yD')
  }
  return given
}

function refuseZooKeeper(option: string): never {
  throw new CliArgsException(`${option}: high availability by ZooKeeper is not supported.`)
}

/** Any option of the yarn-cluster mode but -d turns the properties file of a session off. */
function usesPropertiesFile(line: CommandLine): boolean {
  return !YARN_RUN.some((o) => o.short !== 'd' && o.short !== 'yd' && line.has(o.short!))
}

/**
 * The configuration that an action works with.
 * @throws CliArgsException, FlinkError (an unusable properties file)
 */
export function effectiveConfiguration(line: CommandLine, base: FlinkConfiguration, output: Output): FlinkConfiguration {
  const conf = base.copy()
  const session = readYarnProperties(conf)
  if (session) output.log('INFO', 'sessionCli', `Found Yarn properties file under ${session.file}.`)
  if (line.has('z')) refuseZooKeeper('-z')
  const target = line.value('t') ?? line.value('e') ?? conf.optional(options.deployment.target)
  if (target !== undefined) applyGeneric(line, conf, target, output)
  else if (line.value('m') === YARN_CLUSTER || line.has('yid') || conf.contains(options.yarn.applicationId)) applyYarn(line, conf)
  else if (session && usesPropertiesFile(line)) {
    for (const [k, v] of session.dynamicProperties) conf.set(k, v, session.file)
    conf.set(options.yarn.applicationId, session.applicationId, session.file)
    applyDynamic(line, conf)
    conf.set(options.deployment.target, 'yarn-session')
  } else applyDefault(line, conf)
  if (line.has('d') || line.has('yd')) conf.set(options.deployment.attached, false, '-d')
  else if (!conf.contains(options.deployment.attached)) conf.set(options.deployment.attached, true, 'default')
  if (line.has('sae')) conf.set(options.deployment.shutdownIfAttached, true, '-sae')
  return conf
}

function applyDynamic(line: CommandLine, conf: FlinkConfiguration): void {
  for (const [key, value] of line.properties('D')) conf.set(key, value, '-D')
}

function applyGeneric(line: CommandLine, conf: FlinkConfiguration, target: string, output: Output): void {
  // Flink 1.17 drops these without a word; who writes them means them. A -D of the same says it again, and wins.
  const given = applyClusterOptions(line, 'y', conf)
  const id = line.value('yid')
  if (id !== undefined) {
    conf.set(options.yarn.applicationId, id, '-yid')
    given.push('-yid')
  }
  if (given.length > 0) {
    const names = [...new Set(given)].join(', ')
    output.err(
      `${names} beside -t ${target}: used here, but Apache Flink 1.17 ignores ${given.length === 1 ? 'it' : 'them'} there (use -D${example(given)}=…).`,
    )
  }
  applyDynamic(line, conf)
  conf.set(options.deployment.target, target, '-t')
}

const example = (given: readonly string[]) => CLUSTER_OPTIONS.find((o) => given.includes(`-y${o.name}`))?.option.key ?? options.yarn.applicationId.key

function applyYarn(line: CommandLine, conf: FlinkConfiguration): void {
  applyDynamic(line, conf)
  applyClusterOptions(line, 'y', conf)
  const id = line.value('yid')
  if (id !== undefined) conf.set(options.yarn.applicationId, id, '-yid')
  conf.set(options.deployment.target, conf.contains(options.yarn.applicationId) ? 'yarn-session' : 'yarn-per-job')
}

function applyDefault(line: CommandLine, conf: FlinkConfiguration): void {
  applyDynamic(line, conf)
  const address = line.value('m')
  if (address !== undefined) {
    let parsed: { host: string; port: number }
    try {
      parsed = parseAddress(address.replace(/^https?:\/\//, ''))
    } catch (e) {
      throw new CliArgsException(`-m ${address}: ${(e as Error).message} (or yarn-cluster)`)
    }
    conf.set(options.rest.address, parsed.host, '-m').set(options.rest.port, parsed.port, '-m')
  }
  if (!conf.contains(options.rest.address)) conf.set(options.rest.address, 'localhost', 'default')
  conf.set(options.deployment.target, 'remote')
}
