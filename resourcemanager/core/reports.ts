/** What read-only queries answer: plain data, made when asked. */
import type {
  ApplicationAttemptId,
  ApplicationId,
  ContainerId,
  ContainerState,
  ExecutionType,
  FinalApplicationStatus,
  LogAggregationStatus,
  NodeId,
  NodeState,
  Resource,
  YarnApplicationState,
} from '../../common/records/index.js'
import type { AllocatedContainer } from './answers.js'
import type { ApplicationSubmission, ResourceRequest, ResourceUtilization } from './events.js'
import type { ApplicationState, AttemptState, RMContainerState } from './state.js'

export type * from '../scheduler/activities.js'
export type * from '../scheduler/reports.js'

export interface ApplicationReport {
  readonly applicationId: ApplicationId
  readonly submission: ApplicationSubmission
  readonly user: string
  readonly name: string
  readonly queue: string
  readonly applicationType: string
  readonly tags: readonly string[]
  readonly state: ApplicationState
  /** As clients see it: NEW_SAVING and its like folded away. */
  readonly yarnState: YarnApplicationState
  readonly finalStatus: FinalApplicationStatus
  readonly diagnostics: string
  readonly submitTime: number
  readonly startTime: number
  /** 0 before. */
  readonly launchTime: number
  /** 0 before. */
  readonly finishTime: number
  readonly progress: number
  readonly priority: number
  readonly currentAttemptId: ApplicationAttemptId | undefined
  /** "N/A" before the application master registers. */
  readonly host: string
  /** -1 before. */
  readonly rpcPort: number
  /** As the application master gave it; undefined before. The tracking URL through the proxy is the runtime's. */
  readonly originalTrackingUrl: string | undefined
  readonly unmanagedAM: boolean
  readonly nodeLabelExpression: string | undefined
  readonly amNodeLabelExpression: string | undefined
  readonly logAggregationStatus: LogAggregationStatus
  readonly logAggregation: readonly { readonly nodeId: NodeId; readonly status: LogAggregationStatus; readonly diagnostics: string }[]
  /** Milliseconds since the epoch; undefined: unlimited. */
  readonly lifetimeExpiry: number | undefined
  readonly usage: ApplicationUsage
}

/** What a list of many applications shows of each: quick to make for ten thousand. */
export interface ApplicationSummary
  extends Pick<
    ApplicationReport,
    | 'applicationId'
    | 'user'
    | 'name'
    | 'queue'
    | 'applicationType'
    | 'tags'
    | 'state'
    | 'yarnState'
    | 'finalStatus'
    | 'progress'
    | 'startTime'
    | 'finishTime'
    | 'originalTrackingUrl'
  > {
  /** Undefined once it has ended. */
  readonly containers: number | undefined
  readonly used: Resource
}

export interface ApplicationUsage {
  /** -1 for finished applications, as Hadoop's reports. */
  readonly usedContainers: number
  readonly reservedContainers: number
  readonly used: Resource
  readonly reserved: Resource
  readonly needed: Resource
  readonly memorySeconds: number
  readonly vcoreSeconds: number
  readonly preemptedMemorySeconds: number
  readonly preemptedVcoreSeconds: number
  readonly preempted: Resource
  readonly preemptedContainers: number
  readonly preemptedAMContainers: number
  readonly queueUsagePercentage: number
  readonly clusterUsagePercentage: number
}

export interface AttemptReport {
  readonly attemptId: ApplicationAttemptId
  readonly state: AttemptState
  readonly masterContainer: AllocatedContainer | undefined
  readonly host: string
  readonly rpcPort: number
  readonly originalTrackingUrl: string | undefined
  readonly diagnostics: string
  readonly startTime: number
  readonly finishTime: number
  readonly finalStatus: FinalApplicationStatus | undefined
  readonly exitStatus: number
  readonly progress: number
  readonly blacklistedNodes: readonly string[]
  readonly requests: readonly ResourceRequest[]
}

export interface ContainerReport {
  readonly containerId: ContainerId
  readonly nodeId: NodeId
  readonly nodeHttpAddress: string
  readonly resource: Resource
  readonly priority: number
  readonly state: RMContainerState
  readonly containerState: ContainerState
  readonly exitStatus: number
  readonly diagnostics: string
  readonly creationTime: number
  readonly finishTime: number
  readonly executionType: ExecutionType
  readonly allocationTags: readonly string[]
  readonly isAM: boolean
}

export interface NodeReport {
  readonly nodeId: NodeId
  readonly httpAddress: string
  readonly rack: string
  /** Name in resource requests. */
  readonly name: string
  readonly used: Resource
  readonly capability: Resource
  readonly available: Resource
  readonly physicalResource: Resource | undefined
  readonly numContainers: number
  readonly state: NodeState
  readonly healthReport: string
  readonly lastHealthReportTime: number
  readonly lastHeartbeatTime: number
  readonly version: string
  readonly labels: readonly string[]
  readonly attributes: Readonly<Record<string, string>>
  readonly containersUtilization: ResourceUtilization | undefined
  readonly nodeUtilization: ResourceUtilization | undefined
  readonly decommissioningTimeoutSeconds: number | undefined
  readonly reserved: ContainerId | undefined
}

export interface ClusterMetrics {
  readonly appsSubmitted: number
  readonly appsCompleted: number
  readonly appsPending: number
  readonly appsRunning: number
  readonly appsFailed: number
  readonly appsKilled: number
  readonly total: Resource
  readonly available: Resource
  readonly allocated: Resource
  readonly reserved: Resource
  readonly pending: Resource
  readonly containersAllocated: number
  readonly containersReserved: number
  readonly containersPending: number
  readonly totalNodes: number
  readonly nodes: Readonly<Record<NodeState, number>>
}

/** What a caller is allowed is asked by access type: an application's lists, or a queue's. */
export interface Caller {
  readonly user: string
  readonly groups: readonly string[]
}

/** Something that holds an application back. */
export interface Wait {
  readonly nodeId: NodeId | undefined
  readonly diagnostic: string
}
