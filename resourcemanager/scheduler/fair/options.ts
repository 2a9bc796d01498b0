/** The fair scheduler's own properties of yarn-site.xml (FairSchedulerConfiguration). */
import type { Resource } from '../../../common/records/index.js'

export interface FairOptions {
  readonly assignMultiple: boolean
  /** Not above zero: as many as fit. */
  readonly maxAssign: number
  /** Up to half of what is free on the node goes at one heartbeat. */
  readonly dynamicMaxAssign: boolean
  /** Fractions of the nodes that may be missed before the next wider place; negative: none need be. */
  readonly nodeThreshold: number
  readonly rackThreshold: number
  readonly increment: Resource
  readonly userAsDefaultQueue: boolean
  readonly allowUndeclaredPools: boolean
  /** Larger applications weigh more. */
  readonly sizeBasedWeight: boolean
  /** Part of the nodes that one application may reserve. */
  readonly reservableNodes: number
  /** Nothing smaller than this is reserved for. */
  readonly reservationThreshold: Resource
  readonly preemption: boolean
  /** How much of the cluster must be in use before anything is preempted. */
  readonly preemptionUtilization: number
  readonly waitBeforeKill: number
  /** After it was preempted for, an application's hunger is looked at again. */
  readonly waitBeforeNextCheck: number
  readonly updateInterval: number
  preemptsMastersIn(queue: string): boolean
}

const PREFIX = 'yarn.scheduler.fair.'
const HEARTBEATS_TO_ALLOCATE = 4
const DEFAULT_UPDATE_INTERVAL = 500

export function readOptions(properties: Readonly<Record<string, string>>): FairOptions {
  const flag = (name: string, fallback: boolean) => {
    const text = properties[name]?.trim().toLowerCase()
    return text === 'true' ? true : text === 'false' ? false : fallback
  }
  const number = (name: string, fallback: number) => Number(properties[name]?.trim() || fallback)
  const float = (name: string, fallback: number) => Math.fround(number(name, fallback))
  const increment = {
    memory: number('yarn.resource-types.memory-mb.increment-allocation', number('yarn.scheduler.increment-allocation-mb', 1024)),
    vcores: number('yarn.resource-types.vcores.increment-allocation', number('yarn.scheduler.increment-allocation-vcores', 1)),
  }
  const multiple = float('yarn.scheduler.reservation-threshold.increment-multiple', 2)
  const waitBeforeKill = number(`${PREFIX}waitTimeBeforeKill`, 15_000)
  const heartbeat = number('yarn.resourcemanager.nodemanagers.heartbeat-interval-ms', 1000)
  const updateInterval = number(`${PREFIX}update-interval-ms`, DEFAULT_UPDATE_INTERVAL)
  return {
    assignMultiple: flag(`${PREFIX}assignmultiple`, false),
    maxAssign: number(`${PREFIX}max.assign`, -1),
    dynamicMaxAssign: flag(`${PREFIX}dynamic.max.assign`, true),
    nodeThreshold: float(`${PREFIX}locality.threshold.node`, -1),
    rackThreshold: float(`${PREFIX}locality.threshold.rack`, -1),
    increment,
    userAsDefaultQueue: flag(`${PREFIX}user-as-default-queue`, true),
    allowUndeclaredPools: flag(`${PREFIX}allow-undeclared-pools`, true),
    sizeBasedWeight: flag(`${PREFIX}sizebasedweight`, false),
    reservableNodes: float(`${PREFIX}reservable-nodes`, 0.05),
    reservationThreshold: { memory: Math.trunc(increment.memory * multiple), vcores: Math.trunc(increment.vcores * multiple) },
    preemption: flag(`${PREFIX}preemption`, false),
    preemptionUtilization: float(`${PREFIX}preemption.cluster-utilization-threshold`, 0.8),
    waitBeforeKill,
    waitBeforeNextCheck: waitBeforeKill + HEARTBEATS_TO_ALLOCATE * heartbeat + number(`${PREFIX}waitTimeBeforeNextStarvationCheck`, 10_000),
    updateInterval: updateInterval > 0 ? updateInterval : DEFAULT_UPDATE_INTERVAL,
    preemptsMastersIn: (queue) => flag(`${PREFIX}am.preemption.${queue}`, true),
  }
}
