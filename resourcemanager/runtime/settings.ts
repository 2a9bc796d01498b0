/** What the ResourceManager reads from its configuration folder: one value for the whole daemon. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type Configuration, ConfigurationError, readSiteFile } from '../../common/config/configuration.js'
import { yarn } from '../../common/config/keys/yarn.js'
import { HadoopException } from '../../common/errors.js'
import { BUILT_IN_TYPES, type ResourceType } from '../../common/protocols/records.js'
import type { Address } from '../../common/rpc/client.js'
import { RM_SERVICES, type RmService, rmAddress, rmIds } from '../../common/yarn-client/addresses.js'

const CAPACITY_FILE = 'capacity-scheduler.xml'
const MEMORY_STORES = ['MemoryRMStateStore', 'NullRMStateStore']

export interface Settings {
  readonly conf: Configuration
  readonly confDir: string
  /** Which member of a pair; undefined when it stands alone. */
  readonly id: string | undefined
  readonly ids: readonly string[]
  readonly addresses: Readonly<Record<RmService, Address>>
  /** What each port listens on. */
  readonly bindHosts: Readonly<Record<RmService, string>>
  /** Undefined: nothing survives. */
  readonly storeDir: string | undefined
  readonly resourceTypes: readonly ResourceType[]
}

export function readSettings(conf: Configuration, confDir: string): Settings {
  const ids = rmIds(conf)
  const id = ids.length === 0 ? undefined : ownId(conf, ids)
  const services = Object.keys(RM_SERVICES) as RmService[]
  const addresses = Object.fromEntries(services.map((s) => [s, rmAddress(conf, s, id)])) as Record<RmService, Address>
  const bindHosts = Object.fromEntries(services.map((s) => [s, bindHost(conf, s, id, addresses[s])])) as Record<RmService, string>
  const storeDir = conf.get(yarn.rmRecoveryEnabled) || id !== undefined ? storeFolder(conf) : undefined
  if (id !== undefined && storeDir === undefined)
    throw new ConfigurationError(`${yarn.rmHaEnabled.name} is true: a pair shares a state store, but ${yarn.rmStoreClass.name} names one that keeps nothing`)
  return { conf, confDir, id, ids, addresses, bindHosts, storeDir, resourceTypes: resourceTypes(conf) }
}

function ownId(conf: Configuration, ids: readonly string[]): string {
  const given = conf.optional(yarn.rmId)
  if (given !== undefined) {
    if (!ids.includes(given)) throw new ConfigurationError(`${yarn.rmId.name} is ${given}, which is not among ${yarn.rmHaIds.name} (${ids.join(', ')})`)
    return given
  }
  throw new ConfigurationError(`${yarn.rmHaEnabled.name} is true: set ${yarn.rmId.name} to the member that this process is (one of ${ids.join(', ')})`)
}

/** The address's own host, unless another one is told; a configuration that names no host stays on this machine. */
function bindHost(conf: Configuration, service: RmService, id: string | undefined, address: Address): string {
  const told = (id && conf.raw(`${yarn.rmBindHost.name}.${id}`)) ?? conf.optional(yarn.rmBindHost)
  if (told) return told
  const suffix = id === undefined ? '' : `.${id}`
  const named = conf.raw(`${RM_SERVICES[service].name}${suffix}`) ?? conf.raw(`${yarn.rmHostname.name}${suffix}`)
  if (named === undefined) return '127.0.0.1'
  if (address.host === 'localhost') return '127.0.0.1'
  return address.host
}

function storeFolder(conf: Configuration): string | undefined {
  const className = conf.get(yarn.rmStoreClass).replace(/^.*\./, '')
  if (MEMORY_STORES.includes(className)) return undefined
  if (className === 'ZKRMStateStore')
    throw new ConfigurationError(
      `${yarn.rmStoreClass.name} is ZKRMStateStore: ZooKeeper is not used here. Leave the property out; the state is kept in the folder that ${yarn.rmStoreDir.name} names`,
    )
  const text = conf.get(yarn.rmStoreDir)
  const uri = /^([a-z][a-z0-9+.-]*):(.*)$/i.exec(text)
  if (!uri) return text
  if (uri[1] !== 'file')
    throw new ConfigurationError(`${yarn.rmStoreDir.name} is ${text}: the state store is a folder on a local disk, such as file:///var/lib/rmstore`)
  return uri[2]!.replace(/^\/\/[^/]*/, '')
}

function resourceTypes(conf: Configuration): readonly ResourceType[] {
  const more = conf.get(yarn.resourceTypes).filter((name) => !BUILT_IN_TYPES.some((t) => t.name === name))
  return [...BUILT_IN_TYPES, ...more.map((name) => ({ name, units: conf.raw(`yarn.resource-types.${name}.units`)?.trim() ?? '' }))]
}

/** Properties of capacity-scheduler.xml, none when there is no such file. @throws ConfigurationError naming file and line */
export function readSchedulerFile(confDir: string): Record<string, string> {
  const file = path.join(confDir, CAPACITY_FILE)
  if (!existsSync(file)) return {}
  return Object.fromEntries(readSiteFile(file).map((p) => [p.name, p.value.trim()]))
}

function allocationsFile(conf: Configuration, confDir: string): string {
  return path.resolve(confDir, conf.raw('yarn.scheduler.fair.allocation.file') ?? 'fair-scheduler.xml')
}

/** The core knows the text of the allocation file alone: what it says of an error is completed by the file's name. */
export function namingAllocations<T>(conf: Configuration, confDir: string, use: () => T): T {
  const named = (e: unknown) =>
    e instanceof HadoopException
      ? new HadoopException(
          e.className,
          e.message.replace('Bad fair scheduler config file:', `Bad fair scheduler config file ${allocationsFile(conf, confDir)}:`),
        )
      : e
  try {
    const result = use()
    return result instanceof Promise
      ? (result.catch((e) => {
          throw named(e)
        }) as T)
      : result
  } catch (e) {
    throw named(e)
  }
}

/** Text of the fair scheduler's allocation file, if there is one. */
export function readAllocations(conf: Configuration, confDir: string): string | undefined {
  const file = allocationsFile(conf, confDir)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

/** All properties as the core reads them: the site files', then the scheduler's own. */
export function coreProperties(conf: Configuration, scheduler: Readonly<Record<string, string>>): Record<string, string> {
  const properties: Record<string, string> = {}
  for (const e of conf.entries()) properties[e.name] = e.value
  return { ...properties, ...scheduler }
}

/** Host names of a list file: one a line, # begins a comment; an XML file gives each its own time-out. @throws ConfigurationError */
export function readHostList(file: string): { host: string; timeoutSeconds?: number }[] {
  if (file === '') return []
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (e) {
    throw new ConfigurationError(`the list of hosts ${file} can't be read: ${(e as Error).message}`)
  }
  if (file.endsWith('.xml')) return hostsOfXml(text)
  return text
    .split('\n')
    .map((line) => line.replace(/#.*$/, ''))
    .flatMap((line) => line.split(/\s+/))
    .filter((host) => host !== '')
    .map((host) => ({ host }))
}

function hostsOfXml(text: string): { host: string; timeoutSeconds?: number }[] {
  const hosts: { host: string; timeoutSeconds?: number }[] = []
  for (const [, body = ''] of text.matchAll(/<host>([\s\S]*?)<\/host>/g)) {
    const name = /<name>\s*([^<]*?)\s*<\/name>/.exec(body)?.[1]
    const timeout = /<timeout>\s*(-?\d+)\s*<\/timeout>/.exec(body)?.[1]
    for (const host of name?.split(',') ?? []) {
      if (host.trim() !== '') hosts.push({ host: host.trim(), ...(timeout !== undefined && { timeoutSeconds: Number(timeout) }) })
    }
  }
  return hosts
}
