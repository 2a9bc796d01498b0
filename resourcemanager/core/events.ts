/**
 * What happens to the ResourceManager: the only way into the core. Events are plain data (an event log is a list of them), in Hadoop's
 * words; each names the answer that `step` gives for it in `Answers`.
 *
 * Times are milliseconds since the epoch, memory is MiB. An absent field is "not said", never zero.
 */
import type {
  ApplicationAttemptId,
  ApplicationId,
  ContainerId,
  ContainerState,
  ExecutionType,
  FinalApplicationStatus,
  LogAggregationStatus,
  NodeId,
  Resource,
} from '../../common/records/index.js'
import type { PlacementConstraint, ResourceRequest, SchedulingRequest, UpdateContainerRequest } from '../scheduler/requests.js'
import type { ApplicationRecord } from './effects.js'

export * from '../scheduler/requests.js'

/** The part of an ApplicationSubmissionContext that decides anything, and the rest carried unread. */
export interface ApplicationSubmission {
  readonly applicationId: ApplicationId
  readonly user: string
  /** The user's groups, primary first; placement rules and access lists read them. */
  readonly groups?: readonly string[]
  readonly name?: string
  /** Default `default`. */
  readonly queue?: string
  readonly priority?: number
  readonly applicationType?: string
  readonly tags?: readonly string[]
  readonly unmanagedAM?: boolean
  readonly maxAppAttempts?: number
  readonly keepContainers?: boolean
  /** -1 or absent: all failed attempts count. */
  readonly attemptFailuresValidityInterval?: number
  /** The application master's container: one request for ANY at least; requests for a node and its rack may stand beside it. */
  readonly amRequests: readonly ResourceRequest[]
  readonly nodeLabelExpression?: string
  /** Seconds from submission, as the client asks. */
  readonly lifetimeSeconds?: number
  /** Access lists as text ("user,user group,group" or "*"). */
  readonly acls?: { readonly VIEW_APP?: string; readonly MODIFY_APP?: string }
  readonly schedulingProperties?: Readonly<Record<string, string>>
  /** The container launch context, log aggregation context and all else that the core never reads; must survive JSON where the event log does. */
  readonly carried?: unknown
}

/** A container as a NodeManager reports it in a heartbeat. */
export interface ContainerStatus {
  readonly containerId: ContainerId
  readonly state: ContainerState
  readonly exitStatus: number
  readonly diagnostics: string
  readonly executionType?: ExecutionType
}

/** A container as a NodeManager reports it when it registers: enough to build it anew. */
export interface NMContainerStatus extends ContainerStatus {
  readonly resource: Resource
  readonly priority: number
  readonly creationTime: number
  readonly version?: number
  readonly allocationRequestId?: number
  readonly allocationTags?: readonly string[]
  readonly nodeLabelExpression?: string
}

export interface NodeHealth {
  readonly healthy: boolean
  readonly report: string
  readonly lastReportTime: number
}

export interface ResourceUtilization {
  readonly physicalMemory: number
  readonly virtualMemory: number
  readonly cpu: number
}

export interface LogAggregationReport {
  readonly applicationId: ApplicationId
  readonly status: LogAggregationStatus
  readonly diagnostics: string
}

// ── clients ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface SubmitApplication {
  readonly type: 'submitApplication'
  readonly submission: ApplicationSubmission
  /** The caller's address, for the audit log. */
  readonly callerAddress?: string
}

export interface KillApplication {
  readonly type: 'killApplication'
  readonly applicationId: ApplicationId
  readonly user: string
  readonly callerAddress?: string
  /** Appended to "Application … was killed by user … at …". */
  readonly diagnostics?: string
}

export interface FailAttempt {
  readonly type: 'failAttempt'
  readonly attemptId: ApplicationAttemptId
  readonly user: string
}

export interface MoveApplication {
  readonly type: 'moveApplication'
  readonly applicationId: ApplicationId
  readonly queue: string
  readonly user: string
}

export interface UpdatePriority {
  readonly type: 'updatePriority'
  readonly applicationId: ApplicationId
  readonly priority: number
  readonly user: string
}

export interface UpdateTimeouts {
  readonly type: 'updateTimeouts'
  readonly applicationId: ApplicationId
  /** When the application shall end at the latest, milliseconds since the epoch. */
  readonly lifetimeExpiry: number
  readonly user: string
}

export interface SignalContainer {
  readonly type: 'signalContainer'
  readonly containerId: ContainerId
  readonly command: 'OUTPUT_THREAD_DUMP' | 'GRACEFUL_SHUTDOWN' | 'FORCEFUL_SHUTDOWN'
}

// ── application masters ──────────────────────────────────────────────────────────────────────────────────────────────

export interface RegisterApplicationMaster {
  readonly type: 'registerApplicationMaster'
  readonly attemptId: ApplicationAttemptId
  readonly host: string
  readonly rpcPort: number
  readonly trackingUrl: string
  /** Constraints for all scheduling requests that carry these tags. */
  readonly placementConstraints?: readonly { readonly tags: readonly string[]; readonly constraint: PlacementConstraint }[]
}

export interface Allocate {
  readonly type: 'allocate'
  readonly attemptId: ApplicationAttemptId
  readonly responseId: number
  readonly progress: number
  readonly asks: readonly ResourceRequest[]
  readonly releases: readonly ContainerId[]
  readonly blacklistAdditions?: readonly string[]
  readonly blacklistRemovals?: readonly string[]
  readonly updates?: readonly UpdateContainerRequest[]
  readonly schedulingRequests?: readonly SchedulingRequest[]
  readonly trackingUrl?: string
}

export interface FinishApplicationMaster {
  readonly type: 'finishApplicationMaster'
  readonly attemptId: ApplicationAttemptId
  readonly finalStatus: FinalApplicationStatus
  readonly diagnostics: string
  readonly trackingUrl?: string
}

/** startContainers for the application master succeeded. */
export interface AMLaunched {
  readonly type: 'amLaunched'
  readonly attemptId: ApplicationAttemptId
}

export interface AMLaunchFailed {
  readonly type: 'amLaunchFailed'
  readonly attemptId: ApplicationAttemptId
  readonly diagnostics: string
}

// ── nodes ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface RegisterNode {
  readonly type: 'registerNode'
  readonly nodeId: NodeId
  readonly httpPort: number
  readonly resource: Resource
  readonly physicalResource?: Resource
  readonly version?: string
  /** Default `/default-rack`. */
  readonly rack?: string
  /** The name in resource requests and lists; default the host, or host:port when includePortInNodeName is on. */
  readonly containers: readonly NMContainerStatus[]
  readonly runningApplications: readonly ApplicationId[]
  readonly labels?: readonly string[]
  readonly attributes?: Readonly<Record<string, string>>
  readonly health?: NodeHealth
  readonly logAggregation?: readonly LogAggregationReport[]
}

export interface NodeHeartbeat {
  readonly type: 'nodeHeartbeat'
  readonly nodeId: NodeId
  readonly responseId: number
  readonly containers: readonly ContainerStatus[]
  readonly health: NodeHealth
  readonly keepAliveApplications: readonly ApplicationId[]
  readonly increasedContainers?: readonly { readonly containerId: ContainerId; readonly resource: Resource; readonly version: number }[]
  readonly containersUtilization?: ResourceUtilization
  readonly nodeUtilization?: ResourceUtilization
  readonly logAggregation?: readonly LogAggregationReport[]
  readonly labels?: readonly string[]
  readonly attributes?: Readonly<Record<string, string>>
}

/** The NodeManager stops for good. */
export interface UnregisterNode {
  readonly type: 'unregisterNode'
  readonly nodeId: NodeId
}

// ── administration ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Properties of the scheduler read anew (capacity-scheduler.xml, allocation file, node lists); a bad one leaves the old in force. */
export interface RefreshQueues {
  readonly type: 'refreshQueues'
  readonly properties: Readonly<Record<string, string>>
  /** Text of the fair scheduler's allocation file. */
  readonly allocations?: string
}

export interface RefreshNodes {
  readonly type: 'refreshNodes'
  /** Host names that may register; empty: every one. */
  readonly include: readonly string[]
  /** Host names that are to go; the value is the grace in seconds, undefined: the default one. */
  readonly exclude: readonly { readonly host: string; readonly timeoutSeconds?: number }[]
  readonly mode: 'NORMAL' | 'GRACEFUL' | 'FORCEFUL'
  /** Grace for hosts without their own; -1: until their applications are done. */
  readonly timeoutSeconds?: number
}

export interface UpdateNodeResource {
  readonly type: 'updateNodeResource'
  readonly nodeId: NodeId
  readonly resource: Resource
}

export interface AddNodeLabels {
  readonly type: 'addNodeLabels'
  readonly labels: readonly { readonly name: string; readonly exclusive: boolean }[]
}

export interface RemoveNodeLabels {
  readonly type: 'removeNodeLabels'
  readonly labels: readonly string[]
}

export interface ReplaceLabelsOnNodes {
  readonly type: 'replaceLabelsOnNodes'
  /** Port 0: all NodeManagers on the host. */
  readonly nodes: readonly { readonly nodeId: NodeId; readonly labels: readonly string[] }[]
}

// ── what the scheduler does ──────────────────────────────────────────────────────────────────────────────────────────

/** Somebody asks what comes of the next offer of a node, or of any that something comes of: it is recorded. */
export interface RecordNode {
  readonly type: 'recordNode'
  readonly nodeId?: NodeId
}

/** Somebody asks what the scheduler does for an application from now on. */
export interface RecordApplication {
  readonly type: 'recordApplication'
  readonly applicationId: ApplicationId
  readonly milliseconds: number
}

// ── time and recovery ────────────────────────────────────────────────────────────────────────────────────────────────

/** `core.nextTimer()` has come: whatever is due at `now` is done. A tick too early or too late is harmless. */
export interface Tick {
  readonly type: 'tick'
}

/** First event after a restart: what the state store holds, in any order. */
export interface Recover {
  readonly type: 'recover'
  readonly applications: readonly ApplicationRecord[]
}

export type Event =
  | SubmitApplication
  | KillApplication
  | FailAttempt
  | MoveApplication
  | UpdatePriority
  | UpdateTimeouts
  | SignalContainer
  | RegisterApplicationMaster
  | Allocate
  | FinishApplicationMaster
  | AMLaunched
  | AMLaunchFailed
  | RegisterNode
  | NodeHeartbeat
  | UnregisterNode
  | RefreshQueues
  | RefreshNodes
  | UpdateNodeResource
  | AddNodeLabels
  | RemoveNodeLabels
  | ReplaceLabelsOnNodes
  | RecordNode
  | RecordApplication
  | Tick
  | Recover
