/** A configuration folder as a simulated ResourceManager reads it: the same files, in the same order, as the daemon's. */
import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { ConfigurationError, loadConfiguration } from '../../common/config/configuration.js'
import { type CoreConfig, coreConfig } from '../core/index.js'
import { coreProperties, readAllocations, readSchedulerFile } from '../runtime/settings.js'

/** When every simulated ResourceManager started: ids of applications are the same in every run. */
export const SIMULATED_START = 1_700_000_000_000

/** Plain data: it survives a worker's message. */
export interface SimulatedConfiguration {
  /** What reports call it: the folder's own name. */
  readonly name: string
  /** All properties, ${} expanded. */
  readonly properties: Readonly<Record<string, string>>
  /** Text of the fair scheduler's allocation file. */
  readonly allocations?: string
}

/** What a scheduler needs at least, when no folder is given. */
const DEFAULTS: Readonly<Record<string, string>> = {
  'yarn.scheduler.capacity.root.queues': 'default',
  'yarn.scheduler.capacity.root.default.capacity': '100',
}

/** @throws ConfigurationError naming the folder, or file and line */
export function readSimulatedConfiguration(confDir: string | undefined): SimulatedConfiguration {
  if (confDir === undefined) return { name: 'default', properties: DEFAULTS }
  if (!existsSync(confDir) || !statSync(confDir).isDirectory())
    throw new ConfigurationError(`${confDir} is no folder: --conf names one with yarn-site.xml and capacity-scheduler.xml or fair-scheduler.xml`)
  const conf = loadConfiguration(confDir, 'resourcemanager')
  const scheduler = readSchedulerFile(confDir)
  const properties = coreProperties(conf, Object.keys(scheduler).length > 0 ? scheduler : DEFAULTS)
  const allocations = readAllocations(conf, confDir)
  return { name: path.basename(path.resolve(confDir)), properties, ...(allocations !== undefined && { allocations }) }
}

/** @throws ConfigurationError naming the property that can't be used */
export function coreConfigOf(configuration: SimulatedConfiguration): CoreConfig {
  const { properties, allocations } = configuration
  return coreConfig(properties, { clusterTimestamp: SIMULATED_START, ...(allocations !== undefined && { allocations }) })
}
