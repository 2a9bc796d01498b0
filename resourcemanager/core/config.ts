/** The core's configuration: a value, made from the properties of yarn-site.xml and the scheduler's own file. */
import { yarn } from '../../common/config/keys/yarn.js'
import { readValue } from '../../common/config/keys/value.js'

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
}

/**
 * @param properties all of yarn-site.xml and the scheduler's file, expanded
 * @throws ConfigurationError naming the property that can't be used
 */
export function coreConfig(
  properties: Readonly<Record<string, string>>,
  given: { readonly clusterTimestamp: number; readonly epoch?: number; readonly allocations?: string },
): CoreConfig {
  const includePortInNodeName = readValue(properties, yarn.includePortInNodeName)
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
    logAggregationEnabled: readValue(properties, yarn.logAggregationEnabled),
  }
}
