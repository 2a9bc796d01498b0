/**
 * The ResourceManager's deterministic core: `step(event, now)` is the only way in, what it answers and the effects it returns the only way
 * out. No clock, randomness, I/O or timers; the same events at the same times give the same effects. It owns its state and mutates it in place.
 *
 *   const core = createCore(coreConfig(properties, { clusterTimestamp, epoch }))
 *   const { answer, effects, error } = core.step({ type: 'registerNode', … }, now)
 *   commit persist effects; carry out the others; then send `answer`, or throw `error`
 *   wake at core.nextTimer() with core.step({ type: 'tick' }, now)
 */
import type { HadoopException } from '../../common/errors.js'
import type { ApplicationAttemptId, ApplicationId, ContainerId, NodeId, Resource } from '../../common/records/index.js'
import type { Answer } from './answers.js'
import type { Effect } from './effects.js'
import type { Event } from './events.js'
import type { SchedulerNode as NodeView } from '../scheduler/node.js'
import type {
  ApplicationAllocation,
  ApplicationReport,
  ApplicationSummary,
  AttemptReport,
  Caller,
  ClusterMetrics,
  ContainerReport,
  HealthReport,
  NodeAllocation,
  NodeReport,
  QueueReport,
  Wait,
} from './reports.js'

export type * from './answers.js'
export type * from './effects.js'
export type { Observer } from './observer.js'
export * from './events.js'
export type * from './reports.js'
export * from './state.js'

/** What a step gives back. Effects stand even beside an error (an audit line, say). */
export interface Outcome<E extends Event = Event> {
  readonly effects: readonly Effect[]
  /** The answer to the caller; undefined when there is an error. */
  readonly answer: Answer<E> | undefined
  /** What the caller is to get thrown. The core's state is consistent all the same. */
  readonly error: HadoopException | undefined
}

export interface Core extends Queries {
  step<E extends Event>(event: E, now: number): Outcome<E>
  /** When the next `tick` is due, milliseconds since the epoch; undefined: nothing is waiting. May change with every step. */
  nextTimer(): number | undefined
  /** What does not add up in the core's state, one line for each; empty when all is well. Costs a walk over everything that lives. */
  checkInvariants(): string[]
}

/** Read-only questions. Reports are made anew when asked; unknown ids answer undefined. */
export interface Queries {
  application(id: ApplicationId, now: number): ApplicationReport | undefined
  /** Of all of them, oldest first. */
  applicationSummaries(): ApplicationSummary[]
  /** The first of those that are wanted, oldest first. What decides is quickly had of all of them; reports are made of these alone. */
  applications(now: number, wanted: (application: ApplicationSummary) => boolean, limit?: number): ApplicationReport[]
  attempts(id: ApplicationId): AttemptReport[] | undefined
  attempt(id: ApplicationAttemptId): AttemptReport | undefined
  /** Live containers of an attempt and those that completed while it lived on. */
  containers(id: ApplicationAttemptId): ContainerReport[] | undefined
  container(id: ContainerId): ContainerReport | undefined
  nodes(): NodeReport[]
  /** The node as its scheduler keeps it: not a copy, to be read only. Undefined when it is not among the cluster's. */
  nodeView(id: NodeId): NodeView | undefined
  /**
   * Whether a heartbeat of the node that says nothing new could change anything but when it was last heard of. Where it could not, what it
   * would have counted is counted: it need not be made. The node must be RUNNING with nothing to be told.
   */
  heartbeatMatters(node: NodeView): boolean
  /** Whether `heartbeatMatters` may hold for any node. */
  offersMatter(): boolean
  /** The smallest amounts that any pending request wants; undefined: nothing is pending. */
  smallestPending(partition: string): Resource | undefined
  node(id: NodeId): NodeReport | undefined
  containersOnNode(id: NodeId): ContainerReport[]
  /** The root of the queues. */
  queues(): QueueReport
  /** By name or path. */
  queue(name: string): QueueReport | undefined
  /** What the scheduler did last; undefined: it does not keep that in mind. */
  health(): HealthReport | undefined
  metrics(): ClusterMetrics
  maximumAllocation(queue?: string): Resource
  clusterResource(): Resource
  /** Of the nodes with this label, or without any: ''. */
  partitionResource(label: string): Resource
  nodeLabels(): readonly { readonly name: string; readonly exclusive: boolean; readonly nodes: readonly NodeId[] }[]
  mayAccess(caller: Caller, application: ApplicationId, access: 'VIEW_APP' | 'MODIFY_APP'): boolean
  mayAccessQueue(caller: Caller, queue: string, access: 'SUBMIT_APPLICATIONS' | 'ADMINISTER_QUEUE'): boolean
  /** What holds an application back. */
  waits(application: ApplicationId): readonly Wait[]
  /** What was recorded of the last offer of a node, or of any; undefined: nothing yet. */
  nodeActivities(node: NodeId | undefined, now: number): readonly NodeAllocation[] | undefined
  /** Of an application, oldest first; undefined: nothing yet. */
  applicationActivities(application: ApplicationId, now: number): readonly ApplicationAllocation[] | undefined
}

export type { CoreConfig } from './config.js'
export type { SchedulerNode as NodeView } from '../scheduler/node.js'
export { coreConfig } from './config.js'
export { createCore } from './core.js'
