/** The core's configuration: a value, made from the properties of yarn-site.xml and the scheduler's own file. */
import { yarn } from '../../common/config/keys/yarn.js'
import { readValue } from '../../common/config/keys/value.js'
import { exception } from '../../common/errors.js'
import { type Resource, resource } from '../../common/records/index.js'
import type { ActivitySettings } from '../scheduler/activities.js'
import type { RequestOrder } from '../scheduler/constraint-placement.js'

export interface CoreConfig {
  /** When this ResourceManager started; part of the ids of new applications. */
  readonly clusterTimestamp: number
  /** How often it has been recovered; part of new container ids. */
  readonly epoch: number
  /** Hadoop's class name of the scheduler. */
  readonly schedulerClass: string
  /** All properties by name, ${} expanded: the schedulers read theirs from it. */
  readonly properties: Readonly<Record<string, string>>
  /** Text of the fair scheduler's allocation file. */
  readonly allocations: string | undefined
  readonly nodeExpiry: number
  readonly amExpiry: number
  readonly allocationExpiry: number
  readonly maxAppAttempts: number
  readonly maxCompletedApplications: number
  readonly includePortInNodeName: boolean
  readonly logAggregationEnabled: boolean
  /** http://host:port of this ResourceManager's pages, as diagnostics name it. */
  readonly webAppUrl: string
  readonly minimumAllocation: Resource
  readonly maximumAllocation: Resource
  /** Names of resource types beyond memory and vcores. */
  readonly resourceTypes: readonly string[]
  readonly maximumApplicationPriority: number
  readonly nodeLabelsEnabled: boolean
  /** Part of the nodes that application masters may be kept from, having failed there; 0: none. */
  readonly amBlacklistThreshold: number
  readonly aclEnabled: boolean
  readonly adminAcl: string
  /** Requests by placement constraint are taken. */
  readonly placementConstraintsEnabled: boolean
  /** They are placed all together before they are scheduled; undefined: the scheduler takes them as its nodes come. */
  readonly placementProcessor: PlacementSettings | undefined
  /** Seconds that a node may take to be decommissioned gracefully. */
  readonly decommissionTimeout: number
  readonly activities: ActivitySettings
}

export interface PlacementSettings {
  /** In which order the requests of a call are placed. */
  readonly order: RequestOrder
  /** How often each is tried. */
  readonly retryAttempts: number
}

/**
 * @param properties all of yarn-site.xml and the scheduler's file, expanded
 * @throws ConfigurationError naming the property that can't be used
 */
export function coreConfig(
  properties: Readonly<Record<string, string>>,
  given: { readonly clusterTimestamp: number; readonly epoch?: number; readonly allocations?: string; readonly webAppUrl?: string },
): CoreConfig {
  const types = readValue(properties, yarn.resourceTypes)
  const includePortInNodeName = readValue(properties, yarn.includePortInNodeName)
  checkLimits('memory', properties, yarn.minAllocationMb, yarn.maxAllocationMb)
  checkLimits('vcores', properties, yarn.minAllocationVcores, yarn.maxAllocationVcores)
  return {
    clusterTimestamp: given.clusterTimestamp,
    epoch: given.epoch ?? 0,
    schedulerClass: readValue(properties, yarn.schedulerClass),
    properties,
    allocations: given.allocations,
    nodeExpiry: readValue(properties, yarn.nmLivenessExpiry),
    amExpiry: readValue(properties, yarn.amLivenessExpiry),
    allocationExpiry: readValue(properties, yarn.containerAllocationExpiry),
    maxAppAttempts: readValue(properties, yarn.rmMaxAppAttempts),
    maxCompletedApplications: readValue(properties, yarn.rmMaxCompletedApps),
    includePortInNodeName,
    webAppUrl: given.webAppUrl ?? `http://${properties[yarn.rmWebAddress.name] ?? '0.0.0.0:8088'}`,
    minimumAllocation: resource(readValue(properties, yarn.minAllocationMb), readValue(properties, yarn.minAllocationVcores)),
    maximumAllocation: resource(readValue(properties, yarn.maxAllocationMb), readValue(properties, yarn.maxAllocationVcores), maximumOf(properties, types)),
    resourceTypes: types,
    maximumApplicationPriority: readValue(properties, yarn.maxApplicationPriority),
    nodeLabelsEnabled: readValue(properties, yarn.nodeLabelsEnabled),
    amBlacklistThreshold: readValue(properties, yarn.amBlacklisting) ? readValue(properties, yarn.amBlacklistingThreshold) : 0,
    aclEnabled: readValue(properties, yarn.aclEnable),
    adminAcl: readValue(properties, yarn.adminAcl),
    placementConstraintsEnabled: readValue(properties, yarn.placementConstraintsHandler) !== 'disabled',
    placementProcessor: placementSettings(properties),
    decommissionTimeout: readValue(properties, yarn.decommissionTimeout),
    activities: {
      nodeTtl: readValue(properties, yarn.schedulerActivitiesTtl),
      applicationTtl: readValue(properties, yarn.appActivitiesTtl),
      applicationLength: readValue(properties, yarn.appActivitiesLength),
    },
    logAggregationEnabled: readValue(properties, yarn.logAggregationEnabled),
  }
}

/** @throws YarnRuntimeException in Hadoop's words, naming the properties */
function checkLimits(
  what: 'memory' | 'vcores',
  properties: Readonly<Record<string, string>>,
  min: typeof yarn.minAllocationMb,
  max: typeof yarn.minAllocationMb,
): void {
  const minimum = readValue(properties, min)
  const maximum = readValue(properties, max)
  if (minimum >= 0 && maximum > 0 && minimum <= maximum) return
  throw exception(
    'YarnRuntimeException',
    `Invalid resource scheduler ${what} allocation configuration: ${min.name}=${minimum}, ${max.name}=${maximum}. min should equal greater than 0, max should be no smaller than min.`,
  )
}

const ALGORITHM = 'org.apache.hadoop.yarn.server.resourcemanager.scheduler.constraint.algorithm.DefaultPlacementAlgorithm'

/** @throws YarnRuntimeException naming a property that can't be used */
function placementSettings(properties: Readonly<Record<string, string>>): PlacementSettings | undefined {
  const refuse = (name: string, value: string, known: string) => exception('YarnRuntimeException', `${name} is "${value}"; known are ${known}`)
  const handler = readValue(properties, yarn.placementConstraintsHandler)
  if (!['disabled', 'scheduler', 'placement-processor'].includes(handler)) {
    throw refuse(yarn.placementConstraintsHandler.name, handler, 'disabled, scheduler, placement-processor')
  }
  if (handler !== 'placement-processor') return undefined
  const algorithm = readValue(properties, yarn.placementConstraintsAlgorithm)
  if (algorithm !== ALGORITHM) throw refuse(yarn.placementConstraintsAlgorithm.name, algorithm, ALGORITHM)
  const order = readValue(properties, yarn.placementConstraintsIterator)
  if (order !== 'SERIAL' && order !== 'POPULAR_TAGS') throw refuse(yarn.placementConstraintsIterator.name, order, 'SERIAL, POPULAR_TAGS')
  return { order, retryAttempts: readValue(properties, yarn.placementConstraintsRetryAttempts) }
}

/** The largest amount of each further type; unlimited where none is configured. */
function maximumOf(properties: Readonly<Record<string, string>>, types: readonly string[]): Record<string, number> | undefined {
  if (types.length === 0) return undefined
  return Object.fromEntries(types.map((t) => [t, Number(properties[`yarn.resource-types.${t}.maximum-allocation`] ?? Number.MAX_SAFE_INTEGER)]))
}
