/** What comes into a scheduler: applications, nodes, what masters ask; and what it is told once. */
import type { ApplicationId, ContainerId, NodeId, QueueState, Resource } from '../../common/records/index.js'
import type { ResourceCalculator } from './calculator.js'
import type { FinishedStatus } from './container.js'
import type { ResourceRequest, SchedulingRequest, UpdateContainerRequest } from './requests.js'

/** What an application brings to its scheduler. */
export interface SchedulerSubmission {
  readonly id: ApplicationId
  readonly user: string
  readonly groups: readonly string[]
  readonly queue: string
  readonly priority: number
  readonly unmanagedAM: boolean
  readonly keepContainers: boolean
  readonly label: string | undefined
  /** Path of the parent under which a rule placed it: its queue is made there when it is missing. */
  readonly placedUnder: string | undefined
  /** What is asked for its application master. */
  readonly amRequests: readonly ResourceRequest[]
  readonly tags: readonly string[]
}

export interface NodeInfo {
  readonly nodeId: NodeId
  readonly name: string
  readonly rack: string
  readonly httpAddress: string
  readonly total: Resource
  readonly partition: string
  readonly attributes: Readonly<Record<string, string>>
}

/** A container that a node reports when it registers. */
export interface RecoveredContainer {
  readonly containerId: ContainerId
  readonly running: boolean
  readonly status: FinishedStatus
  readonly resource: Resource
  readonly priority: number
  readonly creationTime: number
  readonly version: number
  readonly allocationRequestId: number
  readonly label: string
  readonly tags: readonly string[] | undefined
}

export interface AllocateRequest {
  readonly asks: readonly ResourceRequest[]
  readonly schedulingRequests: readonly SchedulingRequest[]
  readonly releases: readonly ContainerId[]
  readonly blacklistAdditions: readonly string[]
  readonly blacklistRemovals: readonly string[]
  readonly updates: readonly UpdateContainerRequest[]
}

export const EMPTY_ALLOCATE: AllocateRequest = {
  asks: [],
  schedulingRequests: [],
  releases: [],
  blacklistAdditions: [],
  blacklistRemovals: [],
  updates: [],
}

export interface QueueInfo {
  readonly name: string
  readonly path: string
  readonly state: QueueState
  /** undefined: none; holds `*` for all. */
  readonly accessibleLabels: ReadonlySet<string>
  readonly defaultLabel: string | undefined
}

export interface SchedulerSettings {
  readonly calculator: ResourceCalculator
  readonly minimumAllocation: Resource
  readonly maximumAllocation: Resource
  readonly epoch: number
  readonly clusterTimestamp: number
  /** How long a release of an unknown container may be meant for one that its node has yet to report. */
  readonly recoveryWindow: number
}
