/**
 * The state of the ResourceManager and what its life cycles do to it. Events between them are queued and handled in order, within the step
 * that caused them; what must be durable is an effect, and counts as stored from then on: whoever carries effects out commits before it answers.
 */
import { InvalidTransition, transition } from '../../common/lang/lifecycle.js'
import {
  type ApplicationAttemptId,
  type ApplicationId,
  type ContainerId,
  NONE,
  type NodeId,
  type NodeState,
  type Resource,
} from '../../common/records/index.js'
import type { ContainerOnNode, EndedContainer, RMContainer } from '../scheduler/container.js'
import { applicationKey, EMPTY_ALLOCATE, type RecoveredContainer } from '../scheduler/scheduler.js'
import type { AllocatedContainer } from './answers.js'
import { APPLICATION_LIFECYCLE, Application, type ApplicationEvent, type NodeUpdateType } from './application.js'
import { Attempt, type AttemptEvent, type FinishedContainer } from './attempt.js'
import { ATTEMPT_LIFECYCLE } from './attempt-lifecycle.js'
import type { CoreConfig } from './config.js'
import type { ApplicationRecord, AttemptRecord, Effect } from './effects.js'
import { ANY, type LogAggregationReport, type NMContainerStatus } from './events.js'
import { NODE_LIFECYCLE, type Node, type NodeEvent, type NodeEventType } from './node.js'
import type { Observer } from './observer.js'
import { schedulerHost } from './scheduler-host.js'
import { PlacementProcessor } from './placement-processor.js'
import { makeScheduler, type Scheduler } from './schedulers.js'
import type { ApplicationState, AttemptState } from './state.js'
import { Allocations, Deadlines } from './timers.js'

type Message =
  | { readonly to: Application; readonly event: ApplicationEvent }
  | { readonly to: Attempt; readonly event: AttemptEvent }
  | { readonly to: Node; readonly event: NodeEvent }
  | { readonly to: () => void; readonly event: undefined }

/** Priority of the request for an application master's container. */
const AM_PRIORITY = 0

const nameOf = (of: Application | Attempt) => of.name
const keyOf = (node: Node) => node.key

/** What a node must act on when its next heartbeat is answered, or in being asked to leave. */
const NODE_NEWS: ReadonlySet<NodeEventType> = new Set([
  'CLEANUP_CONTAINER',
  'UPDATE_CONTAINER',
  'SIGNAL_CONTAINER',
  'RESOURCE_UPDATE',
  'GRACEFUL_DECOMMISSION',
  'RECOMMISSION',
])

export class ResourceManager {
  readonly scheduler: Scheduler
  /** Of requests by constraint, where these are placed together. */
  readonly processor: PlacementProcessor | undefined
  readonly applications = new Map<string, Application>()
  readonly nodes = new Map<string, Node>()
  /** Gone, but remembered. */
  readonly inactiveNodes = new Map<string, Node>()
  /** Ended applications, oldest first. */
  readonly completed: Application[] = []
  readonly nodeSilence = new Deadlines<Node>()
  readonly amSilence = new Deadlines<Attempt>()
  /** Unregistered application masters that have yet to exit. */
  readonly amExits = new Deadlines<Attempt>()
  /** Containers handed out and not yet started. */
  readonly allocations = new Allocations()
  readonly lifetimes = new Deadlines<Application>()
  readonly decommissions = new Deadlines<Node>()
  now = 0
  effects: Effect[] = []
  #messages: Message[] = []
  /** Hosts that may register; empty: all. */
  included: ReadonlySet<string> = new Set()
  excluded: ReadonlySet<string> = new Set()
  /** Label of a node by its key or, for all on a host, by host. */
  readonly nodeLabels = new Map<string, readonly string[]>()
  readonly labels = new Map<string, { readonly exclusive: boolean }>()

  constructor(
    readonly config: CoreConfig,
    readonly observer: Observer,
  ) {
    this.scheduler = makeScheduler(config, schedulerHost(this))
    this.processor = config.placementProcessor && new PlacementProcessor(config.placementProcessor, this.scheduler)
  }

  // ── messages ──

  send(to: Application, event: ApplicationEvent): void
  send(to: Attempt, event: AttemptEvent): void
  send(to: Node, event: NodeEvent): void
  send(to: Application | Attempt | Node, event: ApplicationEvent | AttemptEvent | NodeEvent): void {
    this.#messages.push({ to, event } as Message)
  }

  /** Handles what is queued, and what that queues, until all is quiet. */
  settle(): void {
    do {
      for (let i = 0; i < this.#messages.length; i++) this.#deliver(this.#messages[i]!)
      this.#messages = []
      this.scheduler.schedule()
    } while (this.#messages.length > 0)
  }

  #deliver(message: Message): void {
    const { to } = message
    try {
      if (typeof to === 'function') {
        to()
      } else if (to instanceof Application) {
        transition(APPLICATION_LIFECYCLE, to, message.event as ApplicationEvent, nameOf)
      } else if (to instanceof Attempt) {
        transition(ATTEMPT_LIFECYCLE, to, message.event as AttemptEvent, nameOf)
      } else if (this.nodes.get(to.key) === to) {
        // What comes too late for a node that is gone concerns nobody.
        const from = to.state
        transition(NODE_LIFECYCLE, to, message.event as NodeEvent, keyOf)
        if (to.state !== from) this.effect({ type: 'nodeStateChanged', nodeId: to.nodeId, from, to: to.state })
        if (NODE_NEWS.has(message.event!.type as NodeEventType)) this.observer.nodeHasNews(to.nodeId)
      }
    } catch (e) {
      if (!(e instanceof InvalidTransition)) throw e
      this.invalid(e)
    }
  }

  invalid(error: InvalidTransition): void {
    this.log('error', `Can't handle this event at current state: ${error.message}`)
  }

  later(run: () => void): void {
    this.#messages.push({ to: run, event: undefined })
  }

  effect(effect: Effect): void {
    this.effects.push(effect)
  }

  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void {
    this.effects.push({ type: 'log', level, message })
  }

  audit(
    user: string,
    operation: string,
    target: string,
    result: 'SUCCESS' | 'FAILURE',
    more: {
      readonly description?: string
      readonly applicationId?: ApplicationId
      readonly attemptId?: ApplicationAttemptId
      readonly containerId?: ContainerId
      readonly resource?: Resource
      readonly queue?: string
    } = {},
  ): void {
    this.effects.push({ type: 'audit', user, operation, target, result, ...more })
  }

  // ── look-ups ──

  application(id: ApplicationId): Application | undefined {
    return this.applications.get(applicationKey(id))
  }

  attempt(id: ApplicationAttemptId): Attempt | undefined {
    return this.application(id.applicationId)?.attempts.get(id.attemptId)
  }

  nodeName(id: NodeId): string {
    return this.nodes.get(`${id.host}:${id.port}`)?.name ?? (this.config.includePortInNodeName ? `${id.host}:${id.port}` : id.host)
  }

  // ── what applications do ──

  record(app: Application): ApplicationRecord {
    return {
      applicationId: app.id,
      submission: { ...app.submission, queue: app.queue, priority: app.priority },
      submitTime: app.submitTime,
      startTime: app.startTime,
      ...(app.launchTime !== 0 && { launchTime: app.launchTime }),
      ...(app.lifetimeExpiry !== undefined && { lifetimeExpiry: app.lifetimeExpiry }),
    }
  }

  persistApplication(app: Application, more: Partial<ApplicationRecord>): void {
    this.effect({ type: 'persist', what: 'application', record: { ...this.record(app), ...more } })
  }

  saveNewApplication(app: Application): void {
    const seconds = this.scheduler.lifetimeFor(app.queue, app.submission.lifetimeSeconds ?? -1)
    if (seconds > 0) this.setLifetime(app, app.submitTime + seconds * 1000)
    this.persistApplication(app, {})
    this.send(app, { type: 'APP_NEW_SAVED' })
  }

  setLifetime(app: Application, expiry: number): void {
    app.lifetimeExpiry = expiry
    this.lifetimes.set(app, expiry)
  }

  submitToScheduler(app: Application, recovering: boolean): void {
    const refusal = this.scheduler.submit(
      {
        id: app.id,
        user: app.user,
        groups: app.submission.groups ?? [],
        queue: app.queue,
        priority: app.priority,
        unmanagedAM: app.submission.unmanagedAM ?? false,
        keepContainers: app.submission.keepContainers ?? false,
        label: app.submission.nodeLabelExpression,
        placedUnder: app.placedUnder,
        amRequests: app.amRequests,
        tags: app.submission.tags ?? [],
      },
      recovering,
    )
    if (refusal !== undefined) this.send(app, { type: recovering ? 'KILL' : 'APP_REJECTED', diagnostics: refusal })
    else if (!recovering) this.send(app, { type: 'APP_ACCEPTED' })
  }

  startAttempt(app: Application, inherit: boolean): void {
    const attempt = new Attempt(this, { applicationId: app.id, attemptId: app.nextAttemptId++ }, app)
    app.attempts.set(attempt.id.attemptId, attempt)
    app.current = attempt
    this.send(attempt, { type: 'START', inherit })
  }

  noteRanOn(app: Application, nodeKey: string): void {
    app.ranNodes.add(nodeKey)
    const node = this.nodes.get(nodeKey)
    if (this.config.logAggregationEnabled && node && !app.logAggregation.has(nodeKey)) {
      app.logAggregation.set(nodeKey, { nodeId: node.nodeId, status: 'NOT_START', diagnostics: '' })
    }
  }

  cleanApplicationOn(nodeKey: string, app: Application): void {
    const node = this.nodes.get(nodeKey)
    if (node) this.send(node, { type: 'CLEANUP_APP', applicationId: app.id })
  }

  applicationEnded(app: Application, state: ApplicationState): void {
    for (const nodeKey of app.ranNodes) this.cleanApplicationOn(nodeKey, app)
    app.ranNodes.clear()
    this.scheduler.finishApplication(app.id, state as 'FINISHED' | 'FAILED' | 'KILLED')
    app.finishTime = app.storedFinishTime === 0 ? this.now : app.storedFinishTime
    this.lifetimes.delete(app)
    this.effect({ type: 'applicationFinished', applicationId: app.id, state })
    // What only a live application needs goes: many ended ones are kept.
    const { carried: _, ...rest } = app.submission
    app.submission = rest
    this.completed.push(app)
    while (this.completed.length > this.config.maxCompletedApplications) this.#forget(this.completed.shift()!)
  }

  #forget(app: Application): void {
    this.applications.delete(app.key)
    this.effect({ type: 'persist', what: 'removeApplication', applicationId: app.id })
    this.effect({ type: 'applicationForgotten', applicationId: app.id })
  }

  recoverApplicationState(app: Application): ApplicationState {
    const ended = app.recoveredFinalState
    if (ended) {
      for (const attempt of app.attempts.values()) this.send(attempt, { type: 'RECOVER' })
      this.applicationEnded(app, ended)
      return ended
    }
    if (app.lifetimeExpiry !== undefined) this.setLifetime(app, app.lifetimeExpiry)
    if (app.attempts.size === 0) {
      this.submitToScheduler(app, false)
      return 'SUBMITTED'
    }
    this.submitToScheduler(app, true)
    for (const attempt of app.attempts.values()) this.send(attempt, { type: 'RECOVER' })
    return 'ACCEPTED'
  }

  // ── what attempts do ──

  persistAttempt(attempt: Attempt, more: Partial<AttemptRecord>): void {
    const held = this.scheduler.attempt(attempt.id)
    const soFar = held?.id.attemptId === attempt.id.attemptId ? held.usedSoFar(this.now) : undefined
    const record: AttemptRecord = {
      attemptId: attempt.id,
      startTime: attempt.startTime,
      ...(attempt.masterContainer && { masterContainer: attempt.masterContainer }),
      ...(attempt.host !== 'N/A' && { host: attempt.host, rpcPort: attempt.rpcPort }),
      ...(attempt.originalTrackingUrl !== undefined && { trackingUrl: attempt.originalTrackingUrl }),
      memorySeconds: Math.trunc((attempt.memoryMillis + (soFar?.memory ?? 0)) / 1000),
      vcoreSeconds: Math.trunc((attempt.vcoreMillis + (soFar?.vcores ?? 0)) / 1000),
      preemptedMemorySeconds: Math.trunc(attempt.preemptedMemoryMillis / 1000),
      preemptedVcoreSeconds: Math.trunc(attempt.preemptedVcoreMillis / 1000),
      ...more,
    }
    this.effect({ type: 'persist', what: 'attempt', record })
  }

  addToScheduler(attempt: Attempt, inherit: boolean): void {
    attempt.startTime = this.now
    attempt.responseId = -1
    this.#addToScheduler(attempt, inherit, false)
    this.send(attempt, { type: 'ATTEMPT_ADDED' })
  }

  #addToScheduler(attempt: Attempt, inherit: boolean, recovering: boolean): void {
    const any = attempt.application.amRequests.find((r) => r.resourceName === ANY)
    // An unmanaged master counts as the least that a container may have.
    const amResource = any?.capability ?? (attempt.unmanaged ? this.scheduler.settings.minimumAllocation : NONE)
    this.scheduler.addAttempt(attempt.id, { inherit, recovering, amResource, amPartition: any?.nodeLabelExpression ?? '' })
  }

  askForMaster(attempt: Attempt): AttemptState {
    if (attempt.unmanaged) {
      this.persistAttempt(attempt, {})
      this.send(attempt, { type: 'ATTEMPT_NEW_SAVED' })
      return 'LAUNCHED_UNMANAGED_SAVING'
    }
    const asks = attempt.application.amRequests.map((r) => ({ ...r, numContainers: 1, priority: AM_PRIORITY }))
    const held = this.scheduler.attempt(attempt.id)
    if (held) this.scheduler.ask(held, { ...EMPTY_ALLOCATE, asks, blacklistAdditions: this.amBlacklist(attempt) })
    this.scheduler.stir()
    return 'SCHEDULED'
  }

  /** Nodes where its application masters failed, unless these are too many of the cluster to do without. */
  amBlacklist(attempt: Attempt): readonly string[] {
    const most = this.config.amBlacklistThreshold * this.scheduler.cluster.size
    return attempt.amFailedOn.size < most ? [...attempt.amFailedOn] : []
  }

  fetchMaster(attempt: Attempt): AttemptState {
    const held = this.scheduler.attempt(attempt.id)
    const container = held && this.scheduler.pull(held)[0]
    if (!held || !container) return 'SCHEDULED'
    container.isAM = true
    held.waitingForAM = false
    attempt.masterContainer = this.describe(container)
    this.persistAttempt(attempt, {})
    this.send(attempt, { type: 'ATTEMPT_NEW_SAVED' })
    return 'ALLOCATED_SAVING'
  }

  launchMaster(attempt: Attempt): void {
    const app = attempt.application
    this.effect({
      type: 'launchAM',
      attemptId: attempt.id,
      container: attempt.masterContainer!,
      submission: app.submission,
      submitTime: app.submitTime,
      maxAppAttempts: app.maxAppAttempts,
    })
  }

  noteMasterLaunched(attempt: Attempt): void {
    const held = this.scheduler.attempt(attempt.id)
    if (held) held.amWait = { state: attempt.unmanaged ? 'UNMANAGED' : 'LAUNCHED', message: '', at: this.now }
  }

  noteRegistered(attempt: Attempt): void {
    const held = this.scheduler.attempt(attempt.id)
    if (held) held.amWait = undefined
  }

  expectPing(attempt: Attempt): void {
    this.amSilence.set(attempt, this.now + this.config.amExpiry)
  }

  expectExit(attempt: Attempt): void {
    this.amSilence.delete(attempt)
    this.amExits.set(attempt, this.now + this.config.amExpiry)
  }

  forgetLiveness(attempt: Attempt): void {
    this.amSilence.delete(attempt)
    this.amExits.delete(attempt)
  }

  removeFromScheduler(attempt: Attempt, state: AttemptState, keepContainers: boolean): void {
    this.scheduler.finishAttempt(attempt.id, keepContainers)
    this.effect({ type: 'attemptFinished', attemptId: attempt.id, state })
  }

  cleanUpMaster(attempt: Attempt): void {
    if (attempt.masterContainer) this.effect({ type: 'cleanupAM', attemptId: attempt.id, container: attempt.masterContainer })
  }

  recoverAttemptState(attempt: Attempt, launched: () => void, finish: (state: 'FINISHED' | 'KILLED' | 'FAILED') => void): AttemptState {
    const ended = attempt.recoveredFinalState
    const app = attempt.application
    if (ended) {
      attempt.progress = 1
      if (app.current === attempt && !app.ended && !app.recoveredFinalState) {
        this.#addToScheduler(attempt, false, true)
        finish(ended as 'FINISHED' | 'KILLED' | 'FAILED')
      }
      return ended
    }
    if (app.recoveredFinalState) return app.recoveredFinalState as 'FINISHED' | 'FAILED' | 'KILLED'
    attempt.responseId = -1
    this.#addToScheduler(attempt, false, true)
    const held = this.scheduler.attempt(attempt.id)
    if (held && attempt.masterContainer) held.waitingForAM = false
    launched()
    this.effect({ type: 'attemptRecovered', attemptId: attempt.id })
    return 'LAUNCHED'
  }

  /** Nodes may forget these: their ends are known. */
  finishedPulled(containers: readonly FinishedContainer[]): void {
    for (const { nodeKey, containerId } of containers) {
      const node = this.nodes.get(nodeKey)
      if (node) this.send(node, { type: 'FINISHED_CONTAINERS_PULLED_BY_AM', containers: [containerId] })
    }
  }

  // ── what nodes do ──

  addToCluster(node: Node, containers: readonly NMContainerStatus[]): void {
    this.scheduler.addNode(
      {
        nodeId: node.nodeId,
        name: node.name,
        rack: node.rack,
        httpAddress: node.httpAddress,
        total: node.total,
        partition: node.labels[0] ?? '',
        attributes: node.attributes,
      },
      containers.map(recoveredOf),
    )
  }

  removeFromCluster(node: Node): void {
    this.scheduler.removeNode(node.key)
  }

  resizeInCluster(node: Node): void {
    this.scheduler.resizeNode(node.key, node.total)
    this.scheduler.setUsable(node.key, true)
  }

  /** Tells all live applications, as their application masters may want to know. */
  nodeChanged(node: Node, update: NodeUpdateType, _to?: NodeState): void {
    for (const app of this.applications.values()) {
      if (app.ended) continue
      app.updatedNodes.set(node.key, update)
      if (app.current) this.observer.masterHasNews(app.current.id)
    }
  }

  deactivateNode(node: Node): void {
    this.nodes.delete(node.key)
    this.inactiveNodes.set(node.key, node)
    node.containers.clear()
    this.nodeSilence.delete(node)
    this.decommissions.delete(node)
  }

  setDecommissioningTimeout(node: Node, seconds: number | undefined): void {
    node.decommissioningTimeout = seconds
    this.scheduler.setUsable(node.key, false)
    if (seconds !== undefined && seconds >= 0) this.decommissions.set(node, this.now + seconds * 1000)
    else this.decommissions.delete(node)
  }

  noteStatuses(node: Node, read: { readonly launched: readonly ContainerOnNode[]; readonly completed: readonly EndedContainer[] }): void {
    const unknown = this.scheduler.nodeUpdate(node.key, read.launched, read.completed)
    if (unknown.length > 0) this.send(node, { type: 'FINISHED_CONTAINERS_PULLED_BY_AM', containers: unknown.map((c) => c.reported.id) })
    if (node.state === 'DECOMMISSIONING') {
      const allocated = this.scheduler.cluster.nodes.get(node.key)?.allocated
      if (allocated) this.send(node, { type: 'RESOURCE_UPDATE', resource: allocated })
    }
  }

  /** The node has taken over a container's new size. */
  noteIncreased(id: ContainerId, size: Resource): void {
    const c = this.scheduler.container(id)
    if (!c) return
    c.handle({ type: 'NM_DONE_CHANGE_RESOURCE' })
    this.scheduler.sizeReported(c, size)
  }

  noteLogAggregation(node: Node, report: LogAggregationReport): void {
    this.application(report.applicationId)?.logAggregation.set(node.key, { nodeId: node.nodeId, status: report.status, diagnostics: report.diagnostics })
  }

  offer(node: Node): void {
    this.scheduler.offerNode(node.key)
  }

  describe(c: RMContainer): AllocatedContainer {
    const container = {
      containerId: c.name(),
      nodeId: c.node.nodeId,
      nodeHttpAddress: c.node.httpAddress,
      resource: c.resource,
      priority: c.ask.priority,
      executionType: c.executionType,
      allocationRequestId: c.ask.allocationRequestId,
      version: c.version,
      creationTime: c.creationTime,
      nodeLabelExpression: c.label,
    }
    return c.tags ? { ...container, allocationTags: c.tags } : container
  }

  // ── what falls due ──

  tick(): void {
    this.scheduler.tick()
    for (const node of this.nodeSilence.expired(this.now)) {
      const deadline = this.observer.nodeHeard(node.nodeId) + this.config.nodeExpiry
      if (deadline > this.now) this.nodeSilence.set(node, deadline)
      else this.send(node, { type: 'EXPIRE' })
    }
    for (const node of this.decommissions.expired(this.now)) this.send(node, { type: 'DECOMMISSION' })
    for (const attempt of this.amSilence.expired(this.now)) {
      const deadline = this.observer.masterHeard(attempt.id) + this.config.amExpiry
      if (deadline > this.now) this.amSilence.set(attempt, deadline)
      else this.send(attempt, { type: 'EXPIRE' })
    }
    for (const attempt of this.amExits.expired(this.now)) this.send(attempt, { type: 'EXPIRE' })
    for (const app of this.lifetimes.expired(this.now)) {
      this.send(app, { type: 'KILL', diagnostics: 'Application is killed by ResourceManager as it has exceeded the lifetime period.' })
    }
    for (const c of this.allocations.expired(this.now)) this.scheduler.expire(c)
  }

  nextTimer(): number | undefined {
    let next = this.scheduler.nextTimer()
    for (const deadlines of [this.nodeSilence, this.amSilence, this.amExits, this.allocations, this.lifetimes, this.decommissions]) {
      const at = deadlines.next()
      if (at !== undefined && (next === undefined || at < next)) next = at
    }
    return next
  }
}

function recoveredOf(status: NMContainerStatus): RecoveredContainer {
  return {
    containerId: status.containerId,
    running: status.state !== 'COMPLETE',
    status: { exitStatus: status.exitStatus, diagnostics: status.diagnostics },
    resource: status.resource,
    priority: status.priority,
    creationTime: status.creationTime,
    version: status.version ?? 0,
    allocationRequestId: status.allocationRequestId ?? -1,
    label: status.nodeLabelExpression ?? '',
    tags: status.allocationTags,
  }
}
