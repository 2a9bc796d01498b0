/** An application attempt as a scheduler sees it: what it holds, what it wants, what it has reserved. */
import type { InvalidTransition } from '../../common/lang/lifecycle.js'
import {
  type ApplicationAttemptId,
  type ApplicationId,
  add,
  type ContainerId,
  containerIdOf,
  multiply,
  NONE,
  type Resource,
} from '../../common/records/index.js'
import { AskBook, type PendingListener } from './asks.js'
import type { RMContainer } from './container.js'
import { LiveContainers } from './live.js'
import type { SchedulerNode } from './node.js'
import type { ContainerUpdateType, PlacementConstraint, SchedulingRequest, UpdateContainerRequest } from './requests.js'
import { Usage } from './usage.js'

/** What a scheduler tells those who keep the life cycles. */
export interface SchedulerHost {
  /** An event that a container's state has no arc for. */
  invalid(error: InvalidTransition): void
  /** Whether requests without a label may use idle nodes of the partition. */
  isExclusive(label: string): boolean
  /** Of the cluster, without the default partition's. */
  labelNames(): Iterable<string>
  readonly now: number
  /** Allocated: the attempt may fetch it. */
  containerStarted(c: RMContainer): void
  /** Handed to the application master: it must be started before the allocation expires. */
  containerAcquired(c: RMContainer): void
  /** It has grown: its node must have made it so before that expires. */
  growthAcquired(c: RMContainer): void
  containerFinished(c: RMContainer): void
  allocationNoLongerPending(c: RMContainer): void
  /** The node shall stop it. */
  cleanContainer(c: RMContainer): void
  cleanUnknownContainer(node: SchedulerNode, id: ContainerId): void
  applicationRunsOnNode(c: RMContainer): void
  /** Does something at the end of the step, before anything else happens. */
  later(run: () => void): void
  /** The node shall change its size. */
  updateContainerOnNode(c: RMContainer, type: ContainerUpdateType): void
  killApplication(id: ApplicationId, diagnostics: string): void
  auditContainer(
    operation: string,
    result: 'SUCCESS' | 'FAILURE',
    of: {
      readonly user: string
      readonly applicationId: ApplicationId
      readonly containerId?: ContainerId
      readonly resource?: Resource
      readonly queue?: string
      readonly description?: string
    },
  ): void
}

/** The queue that an attempt is in, as far as all schedulers have it in common. */
export interface AttemptQueue {
  readonly path: string
  pendingChanged(attempt: SchedulerAttempt, partition: string, by: Resource, containers: number): void
  attemptWantsMore(attempt: SchedulerAttempt): void
  attemptWantsNothing(attempt: SchedulerAttempt): void
}

/** The key of maps of applications. */
export const applicationKey = (id: ApplicationId): string => `${id.clusterTimestamp}_${id.id}`

export class SchedulerApplication<Q extends AttemptQueue = AttemptQueue> {
  readonly key: string
  /** The attempt that is served; none once the application is over. */
  current: SchedulerAttempt | undefined
  /** Registered by the application master for all requests that carry the tags. */
  constraints: readonly { readonly tags: readonly string[]; readonly constraint: PlacementConstraint }[] = []
  constructor(
    readonly id: ApplicationId,
    readonly user: string,
    public queue: Q,
    public priority: number,
    readonly unmanagedAM: boolean,
    readonly keepContainers: boolean,
    readonly label: string | undefined,
    readonly tags: readonly string[],
  ) {
    this.key = applicationKey(id)
  }
}

/** How far the scheduler has come with the application master's container. */
export type AMState = 'UNMANAGED' | 'INACTIVATED' | 'ACTIVATED' | 'ASSIGNED' | 'LAUNCHED'

export interface AMWait {
  readonly state: AMState
  readonly message: string
  readonly at: number
  /** The limits as they were then. */
  readonly details?: () => string
  readonly node?: { readonly id: string; readonly partition: string; readonly total: Resource; readonly available: Resource }
}

export class SchedulerAttempt implements PendingListener {
  readonly usage = new Usage()
  live: LiveContainers
  newlyAllocated: RMContainer[] = []
  /** Found on nodes after a restart; told to the application master when it has registered again. */
  recovered: RMContainer[] = []
  /** Sizes that its application master has yet to hear of. */
  newlyUpdated: { type: ContainerUpdateType; container: RMContainer; resource: Resource; version: number }[] = []
  /** What has been allocated for containers to grow by: theirs when it is fetched. */
  growths: RMContainer[] = []
  /** Containers whose growth has expired: they shrink when the application master comes next. */
  expiredGrowths: RMContainer[] = []
  updateErrors: { reason: string; request: UpdateContainerRequest; currentVersion: number }[] = []
  rejected: SchedulingRequest[] = []
  readonly asks = new AskBook(this)
  readonly blacklist = new Set<string>()
  /** Where the application master's container shall not go. */
  readonly amBlacklist = new Set<string>()
  /** Released before their nodes reported them after a restart. */
  readonly pendingRelease = new Set<string>()
  toPreempt = new Set<RMContainer>()
  /** Those that go in any case when the wait is over: its application master is told until they are gone. */
  readonly beingPreempted = new Set<RMContainer>()
  /** The size of the application master's container and its partition. */
  amResource: Resource = NONE
  amPartition = ''
  /** Until its container is known; false when unmanaged. */
  waitingForAM: boolean
  amWait: AMWait | undefined
  /** Why the node last looked at was not taken. */
  skipped: string | undefined
  /** The same for the diagnostics of an application master that waits, where Hadoop names the reason there. */
  nodeSkipped: string | undefined
  stopped = false
  runnable = true
  /** Counts as running in the metrics of queues. */
  running = false
  /** Sort keys of the fair ordering policy, as they were when the application was last put in order. */
  sortedUsed = 0
  sortedPending = 0
  /** What its headroom is computed from: its queue's own. */
  headroomBasis: unknown
  allocatedContainers = 0
  #lastContainer = 0

  constructor(
    readonly id: ApplicationAttemptId,
    readonly application: SchedulerApplication,
    readonly host: SchedulerHost,
    readonly epoch: number,
    readonly recovering: boolean,
  ) {
    this.live = new LiveContainers(id.attemptId)
    this.waitingForAM = !application.unmanagedAM
  }

  get user(): string {
    return this.application.user
  }

  get queue(): AttemptQueue {
    return this.application.queue
  }

  get priority(): number {
    return this.application.priority
  }

  nextContainerId(): ContainerId {
    return containerIdOf(this.id, ++this.#lastContainer, this.epoch)
  }

  get hasBlacklist(): boolean {
    return (this.waitingForAM ? this.amBlacklist : this.blacklist).size > 0
  }

  isBlacklisted(node: SchedulerNode): boolean {
    const places = this.waitingForAM ? this.amBlacklist : this.blacklist
    return places.size > 0 && (places.has(node.name) || places.has(node.rack))
  }

  updateBlacklist(additions: readonly string[], removals: readonly string[]): void {
    const places = this.waitingForAM ? this.amBlacklist : this.blacklist
    for (const place of additions) places.add(place)
    for (const place of removals) places.delete(place)
  }

  /** What all its reservations hold in the default partition. */
  get currentReservation(): Resource {
    return this.usage.of('').reserved
  }

  reservations(): RMContainer[] {
    const all: RMContainer[] = []
    for (const ask of this.asks.all()) all.push(...ask.reserved.values())
    return all
  }

  pendingChanged(partition: string, by: Resource, containers: number): void {
    this.usage.inc('pending', partition, by)
    this.queue.pendingChanged(this, partition, by, containers)
  }

  wantsMore(): void {
    this.queue.attemptWantsMore(this)
  }

  wantsNothing(): void {
    this.queue.attemptWantsNothing(this)
  }

  /** Takes over what a failed attempt leaves alive. */
  inherit(previous: SchedulerAttempt): void {
    this.live = previous.live
    this.usage.of('').used = previous.usage.of('').used
    for (const partition of previous.usage.partitions()) {
      this.usage.of(partition).used = previous.usage.of(partition).used
    }
    this.headroomBasis = previous.headroomBasis
    for (const place of previous.blacklist) this.blacklist.add(place)
  }

  /** MiB- and vcore-milliseconds of its live containers until now. */
  usedSoFar(now: number): { readonly memory: number; readonly vcores: number } {
    let memory = 0
    let vcores = 0
    for (const { resource, creationTime } of this.live.values()) {
      const millis = Math.max(0, now - creationTime)
      memory += resource.memory * millis
      vcores += resource.vcores * millis
    }
    return { memory, vcores }
  }

  /** What its live containers sum up to; for checks. */
  sumOfLive(): Resource {
    let sum = NONE
    for (const c of this.live.values()) sum = add(sum, c.resource)
    return sum
  }

  /** What its asks sum up to; for checks. */
  sumOfAsks(): Resource {
    let sum = NONE
    for (const ask of this.asks.active) sum = add(sum, multiply(ask.capability, ask.count))
    return sum
  }
}
