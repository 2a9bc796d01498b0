/** What a scheduler says of its queues. */
import type { ApplicationId, ContainerId, NodeId, QueueState, Resource } from '../../common/records/index.js'

/** Fractions are of 1. Capacities of a child are relative to its parent, absolute ones to the cluster. */
export interface QueueCapacities {
  readonly capacity: number
  readonly maximumCapacity: number
  readonly absoluteCapacity: number
  readonly absoluteMaximumCapacity: number
  /** Relative to the queue's own capacity: above 1 when it borrows. */
  readonly usedCapacity: number
  readonly absoluteUsedCapacity: number
  readonly maximumAMResourcePercent: number
  readonly weight: number
  readonly normalizedWeight: number
  /** Of the partition as it is. */
  readonly effectiveMin: Resource
  readonly effectiveMax: Resource
}

/** What the fair scheduler alone knows of a queue. */
export interface FairQueueShares {
  readonly minShare: Resource
  readonly fairShare: Resource
  /** The share if every queue had something to run. */
  readonly steadyFairShare: Resource
  readonly demand: Resource
  readonly preemptable: boolean
  /** Applications whose master runs, and those that have none yet. */
  readonly withMaster: number
  readonly withoutMaster: number
}

export interface PartitionUsageReport {
  /** Node label; '' for the default one. */
  readonly partition: string
  readonly used: Resource
  readonly reserved: Resource
  readonly pending: Resource
  readonly amUsed: Resource
  readonly amLimit: Resource
  readonly userAMLimit: Resource
}

export interface QueueUserReport {
  readonly user: string
  readonly used: Resource
  readonly amUsed: Resource
  readonly userLimit: Resource
  readonly activeApplications: number
  readonly pendingApplications: number
  readonly weight: number
  /** An application of the user's asks for something. */
  readonly wanting: boolean
  readonly usages: readonly PartitionUsageReport[]
}

export interface QueueReport {
  /** Last part of the path. */
  readonly name: string
  readonly path: string
  readonly parent: string | undefined
  readonly kind: 'parent' | 'leaf'
  readonly state: QueueState
  /** "user1,user2 group1,group2" or "*": its own, not its parents'. */
  readonly submitAcl: string
  readonly administerAcl: string
  readonly children: readonly QueueReport[]
  readonly capacities: QueueCapacities
  readonly capacitiesByLabel: Readonly<Record<string, QueueCapacities>>
  readonly labels: readonly string[]
  readonly defaultNodeLabelExpression: string | undefined
  readonly effectiveMin: Resource
  readonly effectiveMax: Resource
  readonly used: Resource
  readonly reserved: Resource
  readonly pending: Resource
  readonly amUsed: Resource
  readonly amLimit: Resource
  readonly userAMLimit: Resource
  readonly minimumAllocation: Resource
  readonly maximumAllocation: Resource
  readonly numApplications: number
  readonly activeApplications: number
  readonly pendingApplications: number
  readonly numContainers: number
  readonly reservedContainers: number
  readonly pendingContainers: number
  readonly maximumApplications: number
  readonly maximumApplicationsPerUser: number
  readonly userLimit: number
  readonly userLimitFactor: number
  readonly users: readonly QueueUserReport[]
  /** By partition, as far as the scheduler knows partitions. */
  readonly usages: readonly PartitionUsageReport[]
  readonly applications: readonly ApplicationId[]
  readonly orderingPolicy: string
  readonly preemptionDisabled: boolean
  readonly intraQueuePreemptionDisabled: boolean
  readonly defaultPriority: number
  readonly priority: number
  readonly maximumLifetimeSeconds: number
  readonly defaultLifetimeSeconds: number
  readonly autoCreated: boolean
  readonly autoCreateChildren: boolean
  readonly fair?: FairQueueShares
  /** Counters since start, as QueueMetrics. */
  readonly metrics: QueueMetrics
}

export interface QueueMetrics {
  readonly appsSubmitted: number
  readonly appsRunning: number
  readonly appsPending: number
  readonly appsCompleted: number
  readonly appsKilled: number
  readonly appsFailed: number
  readonly aggregateContainersAllocated: number
  readonly aggregateContainersReleased: number
  readonly aggregateNodeLocalContainersAllocated: number
  readonly aggregateRackLocalContainersAllocated: number
  readonly aggregateOffSwitchContainersAllocated: number
  readonly aggregateContainersPreempted: number
}

/** A container that was the last one with which something was done. */
export interface HealthOperation {
  readonly nodeId: NodeId
  readonly containerId: ContainerId
  readonly queue: string
}

/** What a scheduler did last, as SchedulerHealth. */
export interface HealthReport {
  /** When a node was last heard of; 0: never. */
  readonly lastRun: number
  readonly allocation: HealthOperation | undefined
  readonly release: HealthOperation | undefined
  readonly preemption: HealthOperation | undefined
  readonly reservation: HealthOperation | undefined
  /** Of the last heartbeat. */
  readonly releases: { readonly count: number; readonly resource: Resource }
  readonly allocations: { readonly count: number; readonly resource: Resource }
  readonly reservations: { readonly count: number; readonly resource: Resource }
}
