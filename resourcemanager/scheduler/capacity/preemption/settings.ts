/** What is configured of preemption: yarn.resourcemanager.monitor.capacity.preemption.* */
import { exception } from '../../../../common/errors.js'

const POLICY = 'org.apache.hadoop.yarn.server.resourcemanager.monitor.capacity.ProportionalCapacityPreemptionPolicy'
const PREFIX = 'yarn.resourcemanager.monitor.capacity.preemption.'
const UNDER_UTILIZED = 'yarn.scheduler.capacity.ordering-policy.priority-utilization.underutilized-preemption.'

export type OrderWithinQueues = 'userlimit_first' | 'priority_first'

export interface PreemptionSettings {
  readonly interval: number
  readonly waitBeforeKill: number
  /** Of the cluster, for each round. */
  readonly perRound: number
  /** How far beyond its guarantee a queue may be before anything is taken from it. */
  readonly ignoredOverCapacity: number
  /** Part of the excess that is taken in a round: containers also end by themselves. */
  readonly naturalTermination: number
  readonly observeOnly: boolean
  /** Stop when one resource type is satisfied, rather than go on until all are. */
  readonly conservative: boolean
  /** Room on nodes that are reserved is made first. */
  readonly forReservations: boolean
  /** What nodes are reserved for counts as wanted when queues are compared. */
  readonly countReserved: boolean
  /** Nodes reserved by more important queues are cleared of less important ones', whether these have their guarantee or not. */
  readonly byPriority: {
    readonly enabled: boolean
    /** How old a reservation must be. */
    readonly delay: number
    /** Reservations go to nodes where more can be had. */
    readonly moveReservations: boolean
  }
  /** Queues that all have their guarantee are balanced too. */
  readonly balance: { readonly enabled: boolean; readonly waitBeforeKill: number }
  readonly withinQueues: {
    readonly enabled: boolean
    /** Of its guarantee a queue must use at least this. */
    readonly minimumThreshold: number
    /** Of its guarantee at most this is taken. */
    readonly maximum: number
    readonly order: OrderWithinQueues
    readonly conservative: boolean
  }
}

/** Class names of the policies that look at the queues from time to time. */
export function monitors(properties: Readonly<Record<string, string>>): string[] {
  if (properties['yarn.resourcemanager.scheduler.monitor.enable']?.trim() !== 'true') return []
  return (properties['yarn.resourcemanager.scheduler.monitor.policies'] ?? POLICY).split(',').map((p) => p.trim())
}

/** undefined: preemption is off. @throws IllegalArgumentException for a value that can't be used, naming the property */
export function preemptionSettings(properties: Readonly<Record<string, string>>): PreemptionSettings | undefined {
  if (!monitors(properties).includes(POLICY)) return undefined
  const text = (name: string, prefix = PREFIX) => properties[prefix + name]?.trim()
  const number = (name: string, fallback: number, prefix = PREFIX) => {
    const value = Number(text(name, prefix) ?? fallback)
    if (Number.isNaN(value)) throw exception('IllegalArgumentException', `${prefix}${name} is "${text(name, prefix)}", which is no number`)
    return value
  }
  const flag = (name: string, fallback: boolean) => (text(name) === undefined ? fallback : text(name) === 'true')
  const order = (text('intra-queue-preemption.preemption-order-policy') ?? 'userlimit_first').toLowerCase()
  if (order !== 'userlimit_first' && order !== 'priority_first') {
    throw exception(
      'IllegalArgumentException',
      `${PREFIX}intra-queue-preemption.preemption-order-policy is "${order}"; known are userlimit_first and priority_first`,
    )
  }
  return {
    interval: number('monitoring_interval', 3000),
    waitBeforeKill: number('max_wait_before_kill', 15_000),
    perRound: Math.fround(number('total_preemption_per_round', 0.1)),
    ignoredOverCapacity: number('max_ignored_over_capacity', 0.1),
    naturalTermination: number('natural_termination_factor', 0.2),
    observeOnly: flag('observe_only', false),
    conservative: flag('conservative-drf', false),
    forReservations: flag('select_based_on_reserved_containers', false),
    countReserved: flag('additional_res_balance_based_on_reserved_containers', false),
    byPriority: {
      enabled: properties[`${UNDER_UTILIZED}enabled`]?.trim() === 'true',
      delay: number('reserved-container-delay-ms', 60_000, UNDER_UTILIZED),
      moveReservations: properties[`${UNDER_UTILIZED}allow-move-reservation`]?.trim() === 'true',
    },
    balance: {
      enabled: flag('preemption-to-balance-queue-after-satisfied.enabled', false),
      waitBeforeKill: number('preemption-to-balance-queue-after-satisfied.max-wait-before-kill', 300_000),
    },
    withinQueues: {
      enabled: flag('intra-queue-preemption.enabled', false),
      minimumThreshold: Math.fround(number('intra-queue-preemption.minimum-threshold', 0.5)),
      maximum: Math.fround(number('intra-queue-preemption.max-allowable-limit', 0.2)),
      order,
      conservative: flag('intra-queue-preemption.conservative-drf', true),
    },
  }
}
