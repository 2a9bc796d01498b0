/** A container as the ResourceManager knows it, and its life cycle (RMContainerImpl). Kept small: there are many. */
import { InvalidTransition, type Lifecycle, transition } from '../../common/lang/lifecycle.js'
import type { ApplicationAttemptId, ContainerId, ExecutionType, Resource } from '../../common/records/index.js'
import { EXIT, formatContainerId } from '../../common/records/index.js'
import type { Ask, TakenRequest } from './asks.js'
import type { SchedulerAttempt } from './attempt.js'
import type { SchedulerNode } from './node.js'

export const CONTAINER_STATES = ['NEW', 'RESERVED', 'ALLOCATED', 'ACQUIRED', 'RUNNING', 'COMPLETED', 'EXPIRED', 'RELEASED', 'KILLED'] as const
export type RMContainerState = (typeof CONTAINER_STATES)[number]

/** How a container ended. */
export interface FinishedStatus {
  readonly exitStatus: number
  readonly diagnostics: string
}

export type ContainerEventType =
  | 'START'
  | 'ACQUIRED'
  | 'LAUNCHED'
  | 'FINISHED'
  | 'RELEASED'
  | 'EXPIRE'
  | 'KILL'
  | 'RESERVED'
  | 'RECOVER'
  | 'ACQUIRE_UPDATED_CONTAINER'
  | 'NM_DONE_CHANGE_RESOURCE'

export interface ContainerEvent {
  readonly type: ContainerEventType
  /** With what ends a container, and with RECOVER when it had ended. */
  readonly status?: FinishedStatus
}

/** Unique over all attempts and short; the key of every map of containers. */
export function containerKey(id: ContainerId): string {
  return attemptKey(id.applicationAttemptId) + id.id
}

/** A container as its node's reports name it. */
export interface ContainerOnNode {
  readonly id: ContainerId
  /** The key of its application. */
  application: string
  /** Put there by the scheduler when it has started, so that it need not be looked for when it ends. */
  container: RMContainer | undefined
}

/** One that a report says has ended. */
export interface EndedContainer {
  readonly reported: ContainerOnNode
  readonly status: FinishedStatus
}

export function sameContainer(a: ContainerId, b: ContainerId): boolean {
  const x = a.applicationAttemptId
  const y = b.applicationAttemptId
  return (
    a.id === b.id &&
    x.attemptId === y.attemptId &&
    x.applicationId.id === y.applicationId.id &&
    x.applicationId.clusterTimestamp === y.applicationId.clusterTimestamp
  )
}

export function attemptKey(id: ApplicationAttemptId): string {
  return `${id.applicationId.clusterTimestamp}_${id.applicationId.id}_${id.attemptId}_`
}

const nameOf = (c: RMContainer) => formatContainerId(c.name())

export class RMContainer {
  state: RMContainerState = 'NEW'
  id: ContainerId | undefined
  executionType: ExecutionType = 'GUARANTEED'
  version = 0
  isAM = false
  /** Among the live ones of its attempt. */
  live = false
  /** The node has reported it running: its resources are free only once the node reports it gone. */
  startedOnNode = false
  /** When it must have started at the latest; 0: nothing is waited for. */
  startBy = 0
  finishTime = 0
  exitStatus: number = EXIT.INVALID
  diagnostics = ''
  /** The queue that it is charged to. */
  queue: unknown
  tags: readonly string[] | undefined
  /** What it took from the asks, to be given back when it ends before the application master got it. */
  taken: TakenRequest[] | undefined

  /** The size that its node is known to have given it: what it falls back to when growth is never made. */
  confirmed: Resource

  constructor(
    readonly attempt: SchedulerAttempt,
    public node: SchedulerNode,
    public resource: Resource,
    readonly ask: Ask,
    readonly creationTime: number,
    /** The node label expression it was asked with. */
    readonly label: string,
  ) {
    this.confirmed = resource
  }

  name(): ContainerId {
    if (!this.id) throw new Error('a container without an id was asked for it')
    return this.id
  }

  /** Made anew each time: no place for it is kept in each of many containers. */
  get key(): string {
    return containerKey(this.name())
  }

  get ended(): boolean {
    return this.state === 'COMPLETED' || this.state === 'EXPIRED' || this.state === 'RELEASED' || this.state === 'KILLED'
  }

  /** An event that its state has no arc for is reported and changes nothing: news of a container may cross. */
  handle(event: ContainerEvent): void {
    try {
      transition(CONTAINER_LIFECYCLE, this, event, nameOf)
    } catch (e) {
      if (!(e instanceof InvalidTransition)) throw e
      this.attempt.host.invalid(e)
    }
  }
}

function started(c: RMContainer): void {
  c.attempt.host.containerStarted(c)
}

function acquired(c: RMContainer): void {
  c.taken = undefined
  c.attempt.host.containerAcquired(c)
}

function finished(c: RMContainer, event: ContainerEvent): void {
  c.finishTime = c.attempt.host.now
  c.exitStatus = event.status?.exitStatus ?? EXIT.INVALID
  c.diagnostics = event.status?.diagnostics ?? ''
  c.attempt.host.containerFinished(c)
}

function killed(c: RMContainer, event: ContainerEvent): void {
  c.attempt.host.allocationNoLongerPending(c)
  c.attempt.host.cleanContainer(c)
  finished(c, event)
}

function recovered(c: RMContainer, event: ContainerEvent): RMContainerState {
  if (event.status) {
    finished(c, event)
    return 'COMPLETED'
  }
  c.attempt.host.applicationRunsOnNode(c)
  return 'RUNNING'
}

const stay = { COMPLETED: { to: 'COMPLETED' }, EXPIRED: { to: 'EXPIRED' }, RELEASED: { to: 'RELEASED' }, KILLED: { to: 'KILLED' } } as const

export const CONTAINER_LIFECYCLE: Lifecycle<RMContainerState, ContainerEventType, RMContainer, ContainerEvent> = {
  NEW: {
    START: { to: 'ALLOCATED', run: started },
    KILL: { to: 'KILLED' },
    RESERVED: { to: 'RESERVED' },
    ACQUIRED: { to: 'ACQUIRED', run: acquired },
    RECOVER: { to: ['RUNNING', 'COMPLETED'], choose: recovered },
  },
  RESERVED: {
    RESERVED: { to: 'RESERVED' },
    START: { to: 'ALLOCATED', run: started },
    KILL: { to: 'KILLED' },
    RELEASED: { to: 'RELEASED' },
  },
  ALLOCATED: {
    ACQUIRED: { to: 'ACQUIRED', run: acquired },
    EXPIRE: { to: 'EXPIRED', run: finished },
    KILL: { to: 'KILLED', run: finished },
  },
  ACQUIRED: {
    LAUNCHED: { to: 'RUNNING', run: (c) => c.attempt.host.allocationNoLongerPending(c) },
    ACQUIRED: { to: 'ACQUIRED' },
    FINISHED: { to: 'COMPLETED', run: finished },
    RELEASED: { to: 'RELEASED', run: killed },
    EXPIRE: { to: 'EXPIRED', run: killed },
    KILL: { to: 'KILLED', run: killed },
  },
  RUNNING: {
    FINISHED: { to: 'COMPLETED', run: finished },
    KILL: { to: 'KILLED', run: killed },
    RELEASED: { to: 'RELEASED', run: killed },
    ACQUIRED: { to: 'RUNNING' },
    RESERVED: { to: 'RUNNING' },
    ACQUIRE_UPDATED_CONTAINER: { to: 'RUNNING' },
    NM_DONE_CHANGE_RESOURCE: { to: 'RUNNING' },
  },
  COMPLETED: { EXPIRE: stay.COMPLETED, RELEASED: stay.COMPLETED, KILL: stay.COMPLETED },
  EXPIRED: { RELEASED: stay.EXPIRED, KILL: stay.EXPIRED },
  RELEASED: { EXPIRE: stay.RELEASED, RELEASED: stay.RELEASED, KILL: stay.RELEASED, FINISHED: stay.RELEASED },
  KILLED: { EXPIRE: stay.KILLED, RELEASED: stay.KILLED, KILL: stay.KILLED, ACQUIRED: stay.KILLED, FINISHED: stay.KILLED },
}
