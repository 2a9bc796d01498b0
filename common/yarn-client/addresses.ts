/** Where the ResourceManager is, or each of a pair (org.apache.hadoop.yarn.conf.{YarnConfiguration,HAUtil}). */
import { type Configuration, ConfigurationError } from '../config/configuration.js'
import { yarn } from '../config/keys/yarn.js'
import type { Property } from '../config/keys/declare.js'
import { type Address, parseAddress } from '../rpc/client.js'

/** The ResourceManager's ports, by who connects. */
export const RM_SERVICES = {
  client: yarn.rmAddress,
  scheduler: yarn.rmSchedulerAddress,
  tracker: yarn.rmTrackerAddress,
  admin: yarn.rmAdminAddress,
  web: yarn.rmWebAddress,
} as const
export type RmService = keyof typeof RM_SERVICES

/** The ids of the members of a pair; empty when the ResourceManager stands alone. */
export function rmIds(conf: Configuration): readonly string[] {
  if (!conf.get(yarn.rmHaEnabled)) return []
  const ids = conf.get(yarn.rmHaIds)
  if (ids.length === 0) throw new ConfigurationError(`${yarn.rmHaEnabled.name} is true, but ${yarn.rmHaIds.name} names no ResourceManager`)
  return ids
}

/** One member's address: its own property, else its host name with the service's usual port. */
export function rmAddress(conf: Configuration, service: RmService, id?: string): Address {
  const property: Property<'address'> = RM_SERVICES[service]
  const port = Number(/:(\d+)$/.exec(property.default!)![1])
  if (id === undefined) return parseAddress(conf.get(property), port)
  const own = conf.raw(`${property.name}.${id}`)
  if (own !== undefined) return parseAddress(own, port)
  const host = conf.raw(`${yarn.rmHostname.name}.${id}`)
  if (host === undefined)
    throw new ConfigurationError(`${yarn.rmHaIds.name} names ${id}, but neither ${property.name}.${id} nor ${yarn.rmHostname.name}.${id} is set`)
  return { host, port }
}

/** All members in order of their ids, or the one there is. */
export function rmAddresses(conf: Configuration, service: RmService): Address[] {
  const ids = rmIds(conf)
  return ids.length === 0 ? [rmAddress(conf, service)] : ids.map((id) => rmAddress(conf, service, id))
}
