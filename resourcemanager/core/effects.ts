/**
 * What a step wants done, in order. `persist` effects must be durable before any later effect of the step is carried out and before its
 * answer is sent: persist before reply. The core hands out ids only; tokens and keys belong to whoever carries the effects out.
 */
import type { ApplicationAttemptId, ApplicationId, ContainerId, FinalApplicationStatus, NodeId, NodeState, Resource } from '../../common/records/index.js'
import type { AllocatedContainer } from './answers.js'
import type { ApplicationSubmission } from './events.js'
import type { ApplicationState, AttemptState } from './state.js'

// ── what the state store holds ───────────────────────────────────────────────────────────────────────────────────────

export interface AttemptRecord {
  readonly attemptId: ApplicationAttemptId
  readonly masterContainer?: AllocatedContainer
  readonly startTime: number
  /** Absent while the attempt has not ended. */
  readonly state?: AttemptState
  readonly finishTime?: number
  readonly finalStatus?: FinalApplicationStatus
  readonly exitStatus?: number
  readonly diagnostics?: string
  readonly trackingUrl?: string
  readonly host?: string
  readonly rpcPort?: number
  readonly memorySeconds?: number
  readonly vcoreSeconds?: number
  readonly preemptedMemorySeconds?: number
  readonly preemptedVcoreSeconds?: number
}

export interface ApplicationRecord {
  readonly applicationId: ApplicationId
  /** Queue and priority in it are the present ones, after moves and updates. */
  readonly submission: ApplicationSubmission
  readonly submitTime: number
  readonly startTime: number
  readonly launchTime?: number
  readonly finishTime?: number
  /** Absent while the application has not ended. */
  readonly state?: ApplicationState
  readonly diagnostics?: string
  readonly lifetimeExpiry?: number
  /** Filled in what `recover` is given; `persist` effects of kind application leave attempts alone. */
  readonly attempts?: readonly AttemptRecord[]
}

// ── effects ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export type PersistEffect =
  | { readonly type: 'persist'; readonly what: 'application'; readonly record: ApplicationRecord }
  | { readonly type: 'persist'; readonly what: 'attempt'; readonly record: AttemptRecord }
  /** The application, all of its attempts. */
  | { readonly type: 'persist'; readonly what: 'removeApplication'; readonly applicationId: ApplicationId }
  | { readonly type: 'persist'; readonly what: 'removeAttempt'; readonly attemptId: ApplicationAttemptId }
  /** Whole text of a small thing the administrator set: node labels, node resources. */
  | { readonly type: 'persist'; readonly what: 'nodeLabels'; readonly labels: unknown }

export type Effect =
  | PersistEffect
  /** Start the application master: make its AMRM token and container token, call startContainers, feed back amLaunched or amLaunchFailed. */
  | {
      readonly type: 'launchAM'
      readonly attemptId: ApplicationAttemptId
      readonly container: AllocatedContainer
      readonly submission: ApplicationSubmission
      readonly submitTime: number
      /** What counts as the last attempt, for the AM's own max-attempts variable. */
      readonly maxAppAttempts: number
    }
  /** Unmanaged: nothing is started; the client fetches the AMRM token of this attempt. */
  | { readonly type: 'unmanagedAMReady'; readonly attemptId: ApplicationAttemptId }
  /** Stop the application master's container (stopContainers); a failure is harmless, the node's heartbeat cleans up as well. */
  | { readonly type: 'cleanupAM'; readonly attemptId: ApplicationAttemptId; readonly container: AllocatedContainer }
  /** A live attempt found in the state store: accept its AMRM token again. */
  | { readonly type: 'attemptRecovered'; readonly attemptId: ApplicationAttemptId }
  /** The attempt has ended: its AMRM token and NM tokens are void. */
  | { readonly type: 'attemptFinished'; readonly attemptId: ApplicationAttemptId; readonly state: AttemptState }
  | { readonly type: 'applicationFinished'; readonly applicationId: ApplicationId; readonly state: ApplicationState }
  /** The application is no longer remembered. */
  | { readonly type: 'applicationForgotten'; readonly applicationId: ApplicationId }
  | { readonly type: 'nodeStateChanged'; readonly nodeId: NodeId; readonly from: NodeState; readonly to: NodeState }
  /** Hadoop's RMAuditLogger line. */
  | {
      readonly type: 'audit'
      readonly user: string
      readonly operation: string
      readonly target: string
      readonly result: 'SUCCESS' | 'FAILURE'
      readonly description?: string
      readonly applicationId?: ApplicationId
      readonly attemptId?: ApplicationAttemptId
      readonly containerId?: ContainerId
      readonly resource?: Resource
      readonly queue?: string
    }
  | { readonly type: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly message: string }
