/** Hadoop's scheduler classes by name. */
import { exception } from '../../common/errors.js'
import type { AttemptQueue, SchedulerHost } from '../scheduler/attempt.js'
import { defaultCalculator, dominantCalculator, type ResourceCalculator } from '../scheduler/calculator.js'
import { CapacityScheduler } from '../scheduler/capacity/capacity.js'
import { FairScheduler } from '../scheduler/fair/fair.js'
import { FifoScheduler } from '../scheduler/fifo.js'
import type { SchedulerBase } from '../scheduler/scheduler.js'
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

/** Any of them. */
export type Scheduler = SchedulerBase<AttemptQueue>

/** @throws IllegalArgumentException when the scheduler is unknown or can't be configured so */
export function makeScheduler(config: CoreConfig, host: SchedulerHost): Scheduler {
  const settings = {
    calculator: calculatorOf(config),
    minimumAllocation: config.minimumAllocation,
    maximumAllocation: config.maximumAllocation,
    epoch: config.epoch,
    clusterTimestamp: config.clusterTimestamp,
    recoveryWindow: config.nodeExpiry,
  }
  switch (config.schedulerClass) {
    case `${PACKAGE}.capacity.CapacityScheduler`:
      return new CapacityScheduler(settings, host, config.properties, config.activities)
    case `${PACKAGE}.fifo.FifoScheduler`:
      return new FifoScheduler(settings, host)
    case `${PACKAGE}.fair.FairScheduler`:
      return new FairScheduler(
        { ...settings, calculator: dominantCalculator(config.resourceTypes) },
        host,
        config.properties,
        config.allocations,
        config.resourceTypes,
      )
    default:
      throw exception(
        'IllegalArgumentException',
        `yarn.resourcemanager.scheduler.class is "${config.schedulerClass}"; known are CapacityScheduler, FairScheduler and FifoScheduler of ${PACKAGE}.{capacity,fair,fifo}`,
      )
  }
}
