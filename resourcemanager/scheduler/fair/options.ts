/** The fair scheduler's own properties of yarn-site.xml (FairSchedulerConfiguration). */
import { exception } from '../../../common/errors.js'
import { type Resource, resource } from '../../../common/records/index.js'
import { inUnitOf } from '../units.js'

export interface FairOptions {
  readonly assignMultiple: boolean
  /** Not above zero: as many as fit. */
  readonly maxAssign: number
  /** Up to half of what is free on the node goes at one heartbeat. */
  readonly dynamicMaxAssign: boolean
  /** Fractions of the nodes that may be missed before the next wider place; negative: none need be. */
  readonly nodeThreshold: number
  readonly rackThreshold: number
  /** Nodes are offered without waiting for their reports: how often, in milliseconds; undefined: they are not. */
  readonly continuous: number | undefined
  /** Then how long nearer places are waited for; negative: not at all. */
  readonly nodeDelay: number
  readonly rackDelay: number
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

const bad = (message: string) => exception('IllegalArgumentException', message)
const PREFIX = 'yarn.scheduler.fair.'
const HEARTBEATS_TO_ALLOCATE = 4
const PASSES_TO_ALLOCATE = 10
const DEFAULT_UPDATE_INTERVAL = 500

/** @param types names of resource types beyond memory and vcores. @throws IllegalArgumentException naming a property that can't be used */
export function readOptions(properties: Readonly<Record<string, string>>, types: readonly string[]): FairOptions {
  const flag = (name: string, fallback: boolean) => {
    const text = properties[name]?.trim().toLowerCase()
    return text === 'true' ? true : text === 'false' ? false : fallback
  }
  const number = (name: string, fallback: number) => {
    const value = Number(properties[name]?.trim() || fallback)
    if (Number.isNaN(value)) throw bad(`${name} is "${properties[name]}", which is no number`)
    return value
  }
  const float = (name: string, fallback: number) => Math.fround(number(name, fallback))
  const incrementOf = (type: string) => {
    const name = `yarn.resource-types.${type}.increment-allocation`
    const text = properties[name]?.trim()
    if (text === undefined) return undefined
    const m = /^([0-9]+) ?([a-zA-Z]*)$/.exec(text)
    if (!m) throw bad(`Property ${name} is not in "value [unit]" format: ${text}`)
    return inUnitOf(type === 'memory-mb' ? 'memory' : 'other', Number(m[1]), m[2]!, `${name} is "${text}"`)
  }
  const increment = resource(
    incrementOf('memory-mb') ?? number('yarn.scheduler.increment-allocation-mb', 1024),
    incrementOf('vcores') ?? number('yarn.scheduler.increment-allocation-vcores', 1),
    Object.fromEntries(types.flatMap((t) => (incrementOf(t) === undefined ? [] : [[t, incrementOf(t)!]]))),
  )
  for (const [what, amount] of [
    ['mb', increment.memory],
    ['vcores', increment.vcores],
  ] as const) {
    if (amount <= 0) throw bad(`yarn.scheduler.increment-allocation-${what} is ${amount}. Values must be greater than 0.`)
  }
  const multiple = float('yarn.scheduler.reservation-threshold.increment-multiple', 2)
  const waitBeforeKill = number(`${PREFIX}waitTimeBeforeKill`, 15_000)
  const continuous = flag(`${PREFIX}continuous-scheduling-enabled`, false) ? number(`${PREFIX}continuous-scheduling-sleep-ms`, 5) : undefined
  if (continuous !== undefined && !(continuous > 0)) throw bad(`${PREFIX}continuous-scheduling-sleep-ms is ${continuous}; it must be above zero`)
  const heartbeat = number('yarn.resourcemanager.nodemanagers.heartbeat-interval-ms', 1000)
  const updateInterval = number(`${PREFIX}update-interval-ms`, DEFAULT_UPDATE_INTERVAL)
  return {
    assignMultiple: flag(`${PREFIX}assignmultiple`, false),
    maxAssign: number(`${PREFIX}max.assign`, -1),
    dynamicMaxAssign: flag(`${PREFIX}dynamic.max.assign`, true),
    nodeThreshold: float(`${PREFIX}locality.threshold.node`, -1),
    rackThreshold: float(`${PREFIX}locality.threshold.rack`, -1),
    continuous,
    nodeDelay: number(`${PREFIX}locality-delay-node-ms`, -1),
    rackDelay: number(`${PREFIX}locality-delay-rack-ms`, -1),
    increment,
    userAsDefaultQueue: flag(`${PREFIX}user-as-default-queue`, true),
    allowUndeclaredPools: flag(`${PREFIX}allow-undeclared-pools`, true),
    sizeBasedWeight: flag(`${PREFIX}sizebasedweight`, false),
    reservableNodes: float(`${PREFIX}reservable-nodes`, 0.05),
    reservationThreshold: { memory: Math.trunc(increment.memory * multiple), vcores: Math.trunc(increment.vcores * multiple) },
    preemption: flag(`${PREFIX}preemption`, false),
    preemptionUtilization: float(`${PREFIX}preemption.cluster-utilization-threshold`, 0.8),
    waitBeforeKill,
    waitBeforeNextCheck:
      waitBeforeKill +
      (continuous === undefined ? HEARTBEATS_TO_ALLOCATE * heartbeat : PASSES_TO_ALLOCATE * continuous) +
      number(`${PREFIX}waitTimeBeforeNextStarvationCheck`, 10_000),
    updateInterval: updateInterval > 0 ? updateInterval : DEFAULT_UPDATE_INTERVAL,
    preemptsMastersIn: (queue) => flag(`${PREFIX}am.preemption.${queue}`, true),
  }
}
