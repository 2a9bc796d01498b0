/** What `step` answers, by type of event. */
import type { ApplicationId, ContainerId, ContainerState, ExecutionType, NodeId, Resource } from '../../common/records/index.js'
import type { ApplicationSubmission, ContainerUpdateType, Event, SchedulingRequest, UpdateContainerRequest } from './events.js'
import type { NodeReport } from './reports.js'

/** A container as an application master gets it, without its token. */
export interface AllocatedContainer {
  readonly containerId: ContainerId
  readonly nodeId: NodeId
  /** host:port of the NodeManager's web server. */
  readonly nodeHttpAddress: string
  readonly resource: Resource
  readonly priority: number
  readonly executionType: ExecutionType
  readonly allocationRequestId: number
  readonly allocationTags?: readonly string[]
  readonly version: number
  readonly creationTime: number
  readonly nodeLabelExpression?: string
}

export interface CompletedContainer {
  readonly containerId: ContainerId
  readonly state: ContainerState
  readonly exitStatus: number
  readonly diagnostics: string
  readonly resource: Resource
  readonly executionType: ExecutionType
}

export interface RegisterApplicationMasterAnswer {
  readonly maximumCapability: Resource
  readonly queue: string
  readonly acls: ApplicationSubmission['acls']
  /** DefaultResourceCalculator looks at memory alone, the dominant one at both. */
  readonly schedulerResourceTypes: readonly ('MEMORY' | 'CPU')[]
  readonly containersFromPreviousAttempts: readonly AllocatedContainer[]
}

export interface AllocateAnswer {
  readonly responseId: number
  readonly allocated: readonly AllocatedContainer[]
  readonly completed: readonly CompletedContainer[]
  /** Headroom: what the application may still get. */
  readonly available: Resource
  readonly updatedNodes: readonly { readonly node: NodeReport; readonly updateType: 'NODE_USABLE' | 'NODE_UNUSABLE' | 'NODE_DECOMMISSIONING' }[]
  readonly clusterNodes: number
  readonly priority: number
  /** Containers that will be (strict) or may be (contract) taken back. */
  readonly preemption?: {
    readonly strict: readonly ContainerId[]
    readonly contract: readonly ContainerId[]
    readonly resources: readonly { readonly resource: Resource; readonly numContainers: number; readonly priority: number }[]
  }
  readonly containersFromPreviousAttempts: readonly AllocatedContainer[]
  readonly updated: readonly { readonly updateType: ContainerUpdateType; readonly container: AllocatedContainer }[]
  readonly updateErrors: readonly { readonly reason: string; readonly request: UpdateContainerRequest; readonly currentVersion: number }[]
  readonly rejected: readonly { readonly reason: 'COULD_NOT_PLACE_ON_NODE' | 'COULD_NOT_SCHEDULE_ON_NODE'; readonly request: SchedulingRequest }[]
}

export interface RegisterNodeAnswer {
  readonly action: 'NORMAL' | 'SHUTDOWN'
  readonly diagnostics?: string
  /** Set when the administrator's word on the node's size overrides its own. */
  readonly resource?: Resource
  readonly labelsAccepted: boolean
}

export interface NodeHeartbeatAnswer {
  readonly action: 'NORMAL' | 'RESYNC' | 'SHUTDOWN'
  readonly responseId: number
  readonly diagnostics?: string
  readonly containersToCleanup: readonly ContainerId[]
  readonly applicationsToCleanup: readonly ApplicationId[]
  /** Completed containers whose statuses the application master has got: the node may forget them. */
  readonly containersToBeRemoved: readonly ContainerId[]
  readonly containersToSignal: readonly { readonly containerId: ContainerId; readonly command: string }[]
  readonly containersToUpdate: readonly AllocatedContainer[]
  readonly containersToDecrease: readonly AllocatedContainer[]
  readonly resource?: Resource
  readonly labelsAccepted: boolean
}

/** What `step` answers for each type of event. */
export interface Answers {
  submitApplication: undefined
  /** `completed`: nothing more to be done, the application has ended. */
  killApplication: { readonly completed: boolean }
  failAttempt: undefined
  moveApplication: { readonly queue: string }
  updatePriority: { readonly priority: number }
  updateTimeouts: { readonly lifetimeExpiry: number }
  signalContainer: undefined
  registerApplicationMaster: RegisterApplicationMasterAnswer
  allocate: AllocateAnswer
  finishApplicationMaster: { readonly isUnregistered: boolean }
  amLaunched: undefined
  amLaunchFailed: undefined
  registerNode: RegisterNodeAnswer
  nodeHeartbeat: NodeHeartbeatAnswer
  unregisterNode: undefined
  refreshQueues: undefined
  refreshNodes: undefined
  updateNodeResource: undefined
  addNodeLabels: undefined
  removeNodeLabels: undefined
  replaceLabelsOnNodes: undefined
  recordNode: undefined
  recordApplication: undefined
  tick: undefined
  recover: undefined
}
export type Answer<E extends Event> = Answers[E['type']]
