/** What every scheduler does alike (AbstractYarnScheduler): applications, attempts, nodes, containers that end. */
import { exception } from '../../common/errors.js'
import {
  type ApplicationAttemptId,
  type ApplicationId,
  add,
  componentwiseMin,
  type ContainerId,
  EXIT,
  fitsIn,
  formatApplicationId,
  type Resource,
  subtract,
  componentwiseMax,
  sameResource,
} from '../../common/records/index.js'
import type { Activities } from './activities.js'
import { type AMWait, type AttemptQueue, applicationKey, type SchedulerApplication, SchedulerAttempt, type SchedulerHost } from './attempt.js'

import type { Ask, Locality } from './asks.js'
import type { Placement, PlacementRequest } from './placement.js'
import type { HealthReport, QueueReport } from './reports.js'
import { containerKey, type ContainerEventType, type ContainerOnNode, type EndedContainer, type FinishedStatus, RMContainer } from './container.js'
import { AllocationTags, satisfies, unsatisfied } from './constraints.js'
import { Cluster, SchedulerNode } from './node.js'
import type { AllocateRequest, NodeInfo, QueueInfo, RecoveredContainer, SchedulerSettings, SchedulerSubmission } from './inputs.js'
import { invariantsOf } from './invariants.js'
import type { SchedulingRequest, UpdateContainerRequest } from './requests.js'
import type { Usage } from './usage.js'

export { applicationKey } from './attempt.js'
export * from './inputs.js'

export const RELEASED_CONTAINER = 'Container released by application'
export const LOST_CONTAINER = 'Container released on a *lost* node'
export const PREEMPTED_CONTAINER = 'Container preempted by scheduler'
export const COMPLETED_APPLICATION = 'Container of a completed application'
export const EXPIRED_CONTAINER = 'Container expired since it was unused'
export const UNRESERVED_CONTAINER = 'Container reservation no longer required.'

const START = { type: 'START' } as const
const ACQUIRED = { type: 'ACQUIRED' } as const
const LAUNCHED = { type: 'LAUNCHED' } as const

export const aborted = (diagnostics: string): FinishedStatus => ({ exitStatus: EXIT.ABORTED, diagnostics })
export const preempted = (): FinishedStatus => ({ exitStatus: EXIT.PREEMPTED, diagnostics: PREEMPTED_CONTAINER })

const isSome = (r: Resource) => r.memory > 0 || r.vcores > 0
const changesAnything = (r: AllocateRequest) =>
  r.asks.length + r.schedulingRequests.length + r.releases.length + r.blacklistAdditions.length + r.blacklistRemovals.length + r.updates.length > 0

export abstract class SchedulerBase<Q extends AttemptQueue> {
  readonly cluster: Cluster
  readonly tags = new AllocationTags()
  /** What is recorded of offers, by schedulers that do so. */
  readonly activities: Activities | undefined = undefined
  protected readonly applications = new Map<string, SchedulerApplication<Q>>()
  /** Counts what changes: between two of the same number offers of the same node end alike, but for what they count. */
  protected changes = 0

  constructor(
    readonly settings: SchedulerSettings,
    readonly host: SchedulerHost,
  ) {
    const { calculator, minimumAllocation } = settings
    this.cluster = new Cluster((node) => calculator.availableContainers(node.obtainable, minimumAllocation) > 0)
  }

  // ── what each scheduler decides ──

  /** Why the application is refused; undefined: it is in. @param recovering it was accepted before a restart */
  abstract submit(submission: SchedulerSubmission, recovering: boolean): string | undefined
  abstract finishApplication(id: ApplicationId, how: 'FINISHED' | 'FAILED' | 'KILLED'): void
  /** Offers a node to the queues, as its heartbeat does. */
  protected abstract offer(node: SchedulerNode): void
  protected abstract clusterChanged(): void
  protected abstract attemptAdded(attempt: SchedulerAttempt, queue: Q): void
  protected abstract attemptRemoved(attempt: SchedulerAttempt, queue: Q): void
  /** Takes an ended container, or a reservation given up, off the books of attempt and queue. */
  protected abstract containerEnded(c: RMContainer, attempt: SchedulerAttempt, node: SchedulerNode, status: FinishedStatus, event: ContainerEventType): void
  protected abstract containerRecovered(c: RMContainer, attempt: SchedulerAttempt, node: SchedulerNode): void
  /** What a container holds is charged to another partition. */
  protected abstract partitionChanged(c: RMContainer, attempt: SchedulerAttempt, from: string, to: string): void
  protected abstract headroom(attempt: SchedulerAttempt): Resource
  protected abstract demandUpdated(attempt: SchedulerAttempt): void
  abstract maximumAllocation(queue?: string): Resource

  /** Where rules put an application; undefined: where it asks to be. @throws YarnException when a rule rejects it */
  abstract place(request: PlacementRequest): Placement | undefined
  abstract queueInfo(name: string): QueueInfo | undefined
  abstract mayAccess(queue: string, user: string, groups: readonly string[], access: 'SUBMIT_APPLICATIONS' | 'ADMINISTER_QUEUE'): boolean
  /** What an application gets that asks for `requested` or, when it is submitted, has tags that stand for a priority. */
  abstract priorityFor(requested: number | undefined, queue: string, maximum: number, tags: readonly string[]): number
  /** Seconds, -1 without limit: what is asked, within what the queue allows. */
  abstract lifetimeFor(queue: string, seconds: number): number
  /** @throws YarnException when the scheduler knows no priorities */
  checkPriorityChange(): void {}
  abstract setPriority(id: ApplicationId, priority: number): void
  /** @returns the queue's name from then on. @throws YarnException when the queue doesn't take it */
  abstract move(id: ApplicationId, target: string): string
  /** A new configuration, in force as a whole or not at all. @throws IOException saying why it can't be */
  abstract refresh(properties: Readonly<Record<string, string>>, allocations: string | undefined): void
  abstract rootReport(): QueueReport
  /** What was done last, by schedulers that keep that in mind. */
  health(): HealthReport | undefined {
    return undefined
  }
  /** A node is heard of. */
  protected heard(): void {}
  /** It has reported a container's end. */
  protected reportedEnd(_c: RMContainer): void {}
  abstract queueReport(name: string): QueueReport | undefined
  /** What the attempt's queue is guaranteed. */
  abstract guaranteed(attempt: SchedulerAttempt): Resource
  /** Of the whole cluster. */
  protected abstract get whole(): Usage
  /** Something has changed that may let a waiting request be placed. */
  stir(): void {}

  /** Places what can be placed without waiting for a node's report, where that is configured. */
  schedule(): void {}

  // ── applications and attempts ──

  application(id: ApplicationId): SchedulerApplication<Q> | undefined {
    return this.applications.get(applicationKey(id))
  }

  /** The live attempt of the application, whichever attempt the id names. */
  attempt(id: ApplicationAttemptId): SchedulerAttempt | undefined {
    return this.application(id.applicationId)?.current
  }

  addAttempt(
    id: ApplicationAttemptId,
    options: { readonly inherit: boolean; readonly recovering: boolean; readonly amResource: Resource; readonly amPartition: string },
  ): void {
    const application = this.application(id.applicationId)
    if (!application) return
    const attempt = new SchedulerAttempt(id, application, this.host, this.settings.epoch, options.recovering)
    this.changed()
    attempt.amResource = options.amResource
    attempt.amPartition = options.amPartition
    if (options.inherit && application.current) attempt.inherit(application.current)
    application.current = attempt
    this.attemptAdded(attempt, application.queue)
  }

  finishAttempt(id: ApplicationAttemptId, keepContainers: boolean): void {
    const application = this.application(id.applicationId)
    const attempt = application?.current
    if (!application || !attempt) return
    this.changed()
    for (const c of [...attempt.live.values()]) {
      if (keepContainers && c.state === 'RUNNING') continue
      this.complete(c, aborted(COMPLETED_APPLICATION), 'KILL')
    }
    for (const c of attempt.reservations()) this.complete(c, aborted('Application Complete'), 'KILL')
    attempt.stopped = true
    attempt.asks.clear()
    this.attemptRemoved(attempt, application.queue)
  }

  // ── containers ──

  container(id: ContainerId): RMContainer | undefined {
    return this.attempt(id.applicationAttemptId)?.live.get(id)
  }

  /** Ends a container and gives back what it took, when its application master never saw it. */
  complete(c: RMContainer | undefined, status: FinishedStatus, event: ContainerEventType): void {
    if (!c) return
    const attempt = c.attempt.application.current
    this.changed()
    const { node } = c
    if (attempt && this.cluster.nodes.get(node.key) === node) {
      this.containerEnded(c, attempt, node, status, event)
      this.cluster.updateRoom(node)
    }
    if (attempt && c.state !== 'RESERVED') this.#endGrowth(c, attempt)
    if (c.taken && attempt && !attempt.stopped) {
      const taken = c.taken
      c.taken = undefined
      attempt.asks.restore(attempt.asks.ask(c.ask.priority, c.ask.allocationRequestId), taken)
    }
  }

  #endGrowth(c: RMContainer, attempt: SchedulerAttempt): void {
    const ask = attempt.asks.endGrowth(c)
    if (ask) for (const reserved of ask.reserved.values()) this.complete(reserved, aborted(UNRESERVED_CONTAINER), 'RELEASED')
    if (attempt.growths.length === 0) return
    const growth = attempt.growths.find((g) => g.ask.grows === c)
    if (growth) this.complete(growth, aborted(RELEASED_CONTAINER), 'KILL')
  }

  expire(c: RMContainer): void {
    if (c.state === 'RUNNING') {
      c.attempt.application.current?.expiredGrowths.push(c)
      return
    }
    this.complete(c, aborted(EXPIRED_CONTAINER), 'EXPIRE')
  }

  protected release(ids: readonly ContainerId[], attempt: SchedulerAttempt): void {
    for (const id of ids) {
      const c = this.container(id)
      if (c) {
        this.complete(c, aborted(RELEASED_CONTAINER), 'RELEASED')
      } else if (this.host.now - this.settings.clusterTimestamp < this.settings.recoveryWindow) {
        attempt.pendingRelease.add(containerKey(id))
      } else {
        this.host.auditContainer('AM Released Container', 'FAILURE', {
          user: attempt.user,
          applicationId: attempt.id.applicationId,
          containerId: id,
          description: 'Trying to release container not owned by app or with invalid id.',
        })
      }
    }
  }

  /** When something is due that no event brings about; undefined: nothing is. */
  nextTimer(): number | undefined {
    return undefined
  }

  /** Does what is due. */
  tick(): void {}

  // ── nodes ──

  addNode(info: NodeInfo, recovered: readonly RecoveredContainer[]): void {
    this.changed()
    const node = new SchedulerNode(info.nodeId, info.name, info.rack, info.httpAddress, info.total)
    node.partition = info.partition
    node.attributes = info.attributes
    this.cluster.add(node)
    this.clusterChanged()
    for (const report of recovered) this.#recover(report, node)
    this.cluster.updateRoom(node)
  }

  removeNode(key: string): void {
    const node = this.cluster.nodes.get(key)
    if (!node) return
    for (const c of [...node.containers]) {
      this.complete(c, aborted(LOST_CONTAINER), 'KILL')
      node.release(c, true)
    }
    if (node.reserved) this.complete(node.reserved, aborted(LOST_CONTAINER), 'KILL')
    this.cluster.remove(node)
    this.clusterChanged()
  }

  resizeNode(key: string, total: Resource): void {
    const node = this.cluster.nodes.get(key)
    if (!node) return
    this.cluster.resize(node, total)
    this.clusterChanged()
  }

  relabelNode(key: string, partition: string): void {
    const node = this.cluster.nodes.get(key)
    if (!node || node.partition === partition) return
    this.changed()
    const before = node.partition
    for (const c of node.containers) {
      const attempt = c.attempt.application.current
      if (attempt) this.partitionChanged(c, attempt, before, partition)
    }
    if (node.reserved) this.complete(node.reserved, aborted(UNRESERVED_CONTAINER), 'KILL')
    this.cluster.relabel(node, partition)
    this.clusterChanged()
  }

  /** A heartbeat: what started, what ended, then the node is offered. */
  nodeUpdate(key: string, launched: readonly ContainerOnNode[], completed: readonly EndedContainer[]): EndedContainer[] {
    const node = this.cluster.nodes.get(key)
    if (!node) return []
    for (const reported of launched) {
      const c = this.#reported(reported)
      if (!c) {
        this.host.cleanUnknownContainer(node, reported.id)
        continue
      }
      reported.container = c
      // One text for all containers of the application instead of one for each.
      reported.application = c.attempt.application.key
      c.handle(LAUNCHED)
      c.startedOnNode = true
    }
    this.heard()
    const unknown: EndedContainer[] = []
    for (const ended of completed) {
      const { reported, status } = ended
      const c = this.#reported(reported)
      // One that is live no more may still hold its room here.
      const held = c ?? reported.container ?? node.find(reported.id)
      if (c) {
        this.complete(c, status, 'FINISHED')
        this.reportedEnd(c)
      } else unknown.push(ended)
      if (held) node.release(held, true)
      reported.container = undefined
    }
    if (completed.length > 0) this.cluster.updateRoom(node)
    return unknown
  }

  /** The live container that a report names. */
  #reported({ id, application, container }: ContainerOnNode): RMContainer | undefined {
    if (!container) return this.applications.get(application)?.current?.live.get(id)
    const { attempt } = container
    // Known from when it started: live still, and not only with an attempt whose containers nobody has taken over?
    return container.live && attempt.application.current?.live === attempt.live ? container : undefined
  }

  /** The second half of a heartbeat. */
  offerNode(key: string): void {
    const node = this.cluster.nodes.get(key)
    if (node?.usable) this.offer(node)
  }

  anythingPending(): boolean {
    return isSome(this.whole.total('pending'))
  }

  /** Whether offering any node could change anything. */
  offersMatter(): boolean {
    return this.anythingPending() || isSome(this.whole.total('reserved'))
  }

  /** Something has changed that an offer's outcome may hang on. */
  changed(): void {
    this.changes++
  }

  /** Whether offering the node could change anything now; where it could not, what an offer would have counted is counted. */
  offerMatters(node: SchedulerNode): boolean {
    return node.usable && this.offersMatter()
  }

  /** The smallest amounts that any pending request for a partition wants; undefined: nothing is pending. */
  smallestPending(partition: string): Resource | undefined {
    let smallest: Resource | undefined
    for (const { current } of this.applications.values()) {
      for (const ask of current?.asks.active ?? []) {
        if (ask.partition === partition) smallest = smallest ? componentwiseMin(smallest, ask.capability) : ask.capability
      }
    }
    return smallest
  }

  /** Whether a node takes containers: not while it is being decommissioned. */
  setUsable(key: string, usable: boolean): void {
    const node = this.cluster.nodes.get(key)
    if (!node) return
    node.usable = usable
    this.cluster.updateRoom(node)
  }

  #recover(report: RecoveredContainer, node: SchedulerNode): void {
    const id = report.containerId
    const application = this.application(id.applicationAttemptId.applicationId)
    const attempt = application?.current
    const stale = !application || !attempt || (!application.keepContainers && (attempt.stopped || attempt.id.attemptId !== id.applicationAttemptId.attemptId))
    if (stale) {
      if (report.running) this.host.cleanUnknownContainer(node, id)
      return
    }
    const ask = attempt.asks.ask(report.priority, report.allocationRequestId)
    const c = new RMContainer(attempt, node, report.resource, ask, report.creationTime, report.label)
    c.id = id
    c.version = report.version
    c.tags = report.tags
    c.handle(report.running ? { type: 'RECOVER' } : { type: 'RECOVER', status: report.status })
    if (c.state === 'COMPLETED') return
    c.startedOnNode = true
    node.allocate(c)
    this.tags.add(c)
    attempt.live.add(c)
    attempt.usage.inc('used', node.partition, c.resource)
    this.containerRecovered(c, attempt, node)
    if (attempt.pendingRelease.delete(c.key)) this.complete(c, aborted(RELEASED_CONTAINER), 'RELEASED')
    else attempt.recovered.push(c)
  }

  // ── asks ──

  normalized(r: Resource, maximum: Resource): Resource {
    const { calculator, minimumAllocation } = this.settings
    return calculator.normalize(r, minimumAllocation, maximum, minimumAllocation)
  }

  /** What a request is cut down to. */
  protected maximumFor(_attempt: SchedulerAttempt): Resource {
    return this.maximumAllocation()
  }

  /** Takes in what an attempt asks; the answer is fetched by `pull`. False: the attempt is gone. */
  ask(attempt: SchedulerAttempt, request: AllocateRequest): boolean {
    if (attempt.stopped) return false
    if (changesAnything(request)) this.changed()
    for (const c of attempt.expiredGrowths.splice(0)) if (!c.ended && fitsIn(c.confirmed, c.resource)) this.#shrink(c, attempt, c.confirmed)
    this.#updateContainers(attempt, request.updates)
    this.release(request.releases, attempt)
    const maximum = this.maximumFor(attempt)
    if (request.asks.length > 0 || request.schedulingRequests.length > 0) {
      const changed = attempt.asks.update(request.asks.map((r) => ({ ...r, capability: this.normalized(r.capability, maximum) })))
      for (const r of request.schedulingRequests) attempt.asks.updateScheduling({ ...r, resource: this.normalized(r.resource, maximum) })
      if ((changed || request.schedulingRequests.length > 0) && !attempt.waitingForAM) this.demandUpdated(attempt)
    }
    attempt.updateBlacklist(request.blacklistAdditions, request.blacklistRemovals)
    return true
  }

  /** Two containers have become one: the queue holds as much, in one container less. */
  protected abstract growthMerged(attempt: SchedulerAttempt): void
  /** Queues and users hold more of a container, or less. */
  protected abstract containerResized(c: RMContainer, attempt: SchedulerAttempt, by: Resource): void

  #updateContainers(attempt: SchedulerAttempt, updates: readonly UpdateContainerRequest[]): void {
    const seen = new Set<string>()
    for (const request of updates) {
      const c = this.container(request.containerId)
      const reason = this.#update(attempt, request, c, seen)
      if (reason) attempt.updateErrors.push({ reason, request, currentVersion: c?.version ?? -1 })
      seen.add(containerKey(request.containerId))
    }
  }

  /** Why the update can't be done; undefined: it is done, or waits for room. */
  #update(attempt: SchedulerAttempt, request: UpdateContainerRequest, c: RMContainer | undefined, seen: ReadonlySet<string>): string | undefined {
    if (!c) return 'INVALID_CONTAINER_ID'
    if (request.containerVersion !== c.version) return 'INCORRECT_CONTAINER_VERSION_ERROR'
    if (seen.has(c.key)) return 'UPDATE_OUTSTANDING_ERROR'
    const { updateType, capability } = request
    if (updateType === 'PROMOTE_EXECUTION_TYPE' || updateType === 'DEMOTE_EXECUTION_TYPE') {
      return request.executionType === c.executionType ? undefined : 'OPPORTUNISTIC_CONTAINERS_NOT_SUPPORTED'
    }
    const maximum = this.maximumAllocation()
    if (!capability || capability.memory < 0 || capability.vcores < 0 || !fitsIn(capability, maximum)) return 'RESOURCE_OUTSIDE_ALLOWED_RANGE'
    const target = this.normalized(capability, maximum)
    if (updateType === 'DECREASE_RESOURCE') {
      if (!fitsIn(target, c.resource)) return 'RESOURCE_OUTSIDE_ALLOWED_RANGE'
      if (attempt.asks.isGrowing(c)) return 'UPDATE_OUTSTANDING_ERROR'
      this.#shrink(c, attempt, target)
      return undefined
    }
    if (!fitsIn(c.resource, target)) return 'RESOURCE_OUTSIDE_ALLOWED_RANGE'
    return attempt.asks.grow(c, subtract(target, c.resource)) ? undefined : 'UPDATE_OUTSTANDING_ERROR'
  }

  /** The application master hears of it in this answer; what becomes free is so after it. */
  #shrink(c: RMContainer, attempt: SchedulerAttempt, target: Resource): void {
    attempt.newlyUpdated.push({ type: 'DECREASE_RESOURCE', container: c, resource: target, version: c.version + 1 })
    this.host.later(() => {
      const holder = c.attempt.application.current
      if (!holder?.live.has(c)) return
      const by = subtract(target, c.resource)
      c.resource = target
      c.version++
      c.node.charge(by)
      this.cluster.updateRoom(c.node)
      holder.usage.inc('used', c.node.partition, by)
      this.containerResized(c, holder, by)
      this.host.updateContainerOnNode(c, 'DECREASE_RESOURCE')
    })
  }

  /** Room for a container to grow is held by a container of its own until the application master fetches it. */
  protected growthAllocated(growth: RMContainer, attempt: SchedulerAttempt): void {
    attempt.newlyAllocated.splice(attempt.newlyAllocated.indexOf(growth), 1)
    attempt.growths.push(growth)
  }

  /** Containers have grown by what was allocated for that. */
  pullGrowths(attempt: SchedulerAttempt): void {
    const growths = attempt.growths
    attempt.growths = []
    for (const growth of growths) {
      const c = growth.ask.grows!
      attempt.asks.endGrowth(c)
      attempt.live.delete(growth)
      growth.node.containers.delete(growth)
      c.resource = add(c.resource, growth.resource)
      c.version++
      this.growthMerged(attempt)
      attempt.newlyUpdated.push({ type: 'INCREASE_RESOURCE', container: c, resource: c.resource, version: c.version })
      this.host.growthAcquired(c)
    }
  }

  /** Its node says how large a container is now. */
  sizeReported(c: RMContainer, size: Resource): void {
    if (c.state !== 'RUNNING') return
    if (fitsIn(c.resource, size)) {
      c.confirmed = c.resource
      this.host.allocationNoLongerPending(c)
      if (!sameResource(c.resource, size)) this.host.updateContainerOnNode(c, 'DECREASE_RESOURCE')
    } else if (fitsIn(size, c.resource)) {
      // Part of the growth: the rest may still come.
      c.confirmed = componentwiseMax(size, c.confirmed)
    } else {
      this.host.cleanContainer(c)
    }
  }

  /** Hands over what has been allocated since the last time. */
  pull(attempt: SchedulerAttempt): RMContainer[] {
    const pulled = attempt.newlyAllocated
    if (pulled.length === 0) return pulled
    this.changed()
    attempt.newlyAllocated = []
    for (const c of pulled) c.handle(ACQUIRED)
    return pulled
  }

  available(attempt: SchedulerAttempt): Resource {
    return this.headroom(attempt)
  }

  /** One container for a request by constraint on the node that was chosen for it, if the scheduler takes it there. */
  abstract allocateOn(attempt: SchedulerAttempt, request: SchedulingRequest, node: SchedulerNode): boolean

  /** A container for what is asked, on the books of attempt and node; its queue's are kept by the scheduler. */
  protected newContainer(attempt: SchedulerAttempt, node: SchedulerNode, ask: Ask, resource: Resource, locality: Locality, id?: ContainerId): RMContainer {
    const c = new RMContainer(attempt, node, resource, ask, this.host.now, ask.partition)
    c.id = id ?? attempt.nextContainerId()
    this.changed()
    c.tags = ask.scheduling?.allocationTags
    attempt.live.add(c)
    attempt.newlyAllocated.push(c)
    attempt.allocatedContainers++
    if (ask.any) c.taken = attempt.asks.take(ask, locality, node)
    attempt.usage.inc('used', node.partition, c.resource)
    node.allocate(c)
    this.tags.add(c)
    c.handle(START)
    return c
  }

  /** Takes an ended container off the books of its attempt. */
  protected takeOffAttempt(c: RMContainer, attempt: SchedulerAttempt, partition: string): boolean {
    if (!attempt.live.delete(c)) return false
    const fresh = attempt.newlyAllocated.indexOf(c)
    if (fresh >= 0) attempt.newlyAllocated.splice(fresh, 1)
    attempt.toPreempt.delete(c)
    attempt.beingPreempted.delete(c)
    const growth = attempt.growths.indexOf(c)
    if (growth >= 0) attempt.growths.splice(growth, 1)
    this.tags.remove(c)
    attempt.usage.dec('used', partition, c.resource)
    return true
  }

  protected applicationOrThrow(id: ApplicationId): SchedulerApplication<Q> {
    const application = this.application(id)
    if (!application) throw exception('YarnException', `App to be moved ${formatApplicationId(id)} not found.`)
    return application
  }

  // ── checks ──

  /** What does not add up, one line for each. */
  checkInvariants(): string[] {
    return invariantsOf(this.settings, this.cluster, this.applications)
  }

  /** Whether what is asked by constraint may go to the node. */
  satisfiesConstraint(attempt: SchedulerAttempt, request: SchedulingRequest, node: SchedulerNode): boolean {
    const { application } = attempt
    const context = { tags: this.tags, applications: this.applications }
    if (request.constraint && !satisfies(request.constraint, application, node, context)) return false
    for (const { tags, constraint } of application.constraints) {
      if (tags.every((t) => request.allocationTags.includes(t)) && !satisfies(constraint, application, node, context)) return false
    }
    return true
  }

  /** Which constraint stands against it, in words. */
  unsatisfiedConstraint(attempt: SchedulerAttempt, request: SchedulingRequest, node: SchedulerNode): string | undefined {
    const { application } = attempt
    const context = { tags: this.tags, applications: this.applications }
    const registered = application.constraints.filter(({ tags }) => tags.every((t) => request.allocationTags.includes(t))).map((c) => c.constraint)
    const all = request.constraint ? [request.constraint, ...registered] : registered
    return all.flatMap((c) => unsatisfied(c, application, node, context) ?? [])[0]
  }

  protected note(attempt: SchedulerAttempt, wait: Omit<AMWait, 'at'>): void {
    if (attempt.waitingForAM) attempt.amWait = { ...wait, at: this.host.now }
  }
}
