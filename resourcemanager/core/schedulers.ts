/** Hadoop's scheduler classes by name. */
import { exception } from '../../common/errors.js'
import type { SchedulerHost } from '../scheduler/attempt.js'
import { defaultCalculator, dominantCalculator, type ResourceCalculator } from '../scheduler/calculator.js'
import { CapacityScheduler } from '../scheduler/capacity/capacity.js'
import type { CoreConfig } from './config.js'

const PACKAGE = 'org.apache.hadoop.yarn.server.resourcemanager.scheduler'

export function calculatorOf(config: CoreConfig): ResourceCalculator {
  const name = config.properties['yarn.scheduler.capacity.resource-calculator']?.trim() ?? ''
  if (name === '' || name.endsWith('.DefaultResourceCalculator')) return defaultCalculator
  if (name.endsWith('.DominantResourceCalculator')) return dominantCalculator(config.resourceTypes)
  throw exception(
    'IllegalArgumentException',
    `yarn.scheduler.capacity.resource-calculator is "${name}"; known are DefaultResourceCalculator and DominantResourceCalculator`,
  )
}

/** @throws IllegalArgumentException when the scheduler is unknown or can't be configured so */
export function makeScheduler(config: CoreConfig, host: SchedulerHost): CapacityScheduler {
  const settings = {
    calculator: calculatorOf(config),
    minimumAllocation: config.minimumAllocation,
    maximumAllocation: config.maximumAllocation,
    epoch: config.epoch,
    clusterTimestamp: config.clusterTimestamp,
    recoveryWindow: config.nodeExpiry,
  }
  if (config.schedulerClass === `${PACKAGE}.capacity.CapacityScheduler`) return new CapacityScheduler(settings, host, config.properties)
  throw exception(
    'IllegalArgumentException',
    `yarn.resourcemanager.scheduler.class is "${config.schedulerClass}"; known is ${PACKAGE}.capacity.CapacityScheduler`,
  )
}
