/** The capacity scheduler: queues with guaranteed shares; nodes are offered to them as they report (CapacityScheduler). */
import { exception, firstLine, HadoopException, isException } from '../../../common/errors.js'
import { type ApplicationId, componentwiseMin, formatApplicationId, NONE, type Resource, subtract } from '../../../common/records/index.js'
import { Activities, type ActivitySettings } from '../activities.js'
import type { SchedulerAttempt, SchedulerHost } from '../attempt.js'
import { SchedulerApplication } from '../attempt.js'
import { ENDED } from '../counters.js'
import type { SchedulerNode } from '../node.js'
import type { Placement, PlacementRequest } from '../placement.js'
import type { QueueReport } from '../reports.js'
import type { RMContainer } from '../container.js'
import type { Usage } from '../usage.js'
import { applicationKey, preempted, type QueueInfo, type SchedulerSettings, type SchedulerSubmission } from '../scheduler.js'
import { type Assignment, mayAllocateOrReserve, stillWaits } from './allocator.js'
import { CapacityBooks } from './books.js'
import { type CapacityConfig, capacityConfig } from './config.js'
import { Futility, Looks } from './futility.js'
import type { HeadroomBasis, LeafQueue } from './leaf.js'
import type { ParentQueue } from './parent.js'
import { type CapacityQueue, limitsOf } from './queue.js'
import { QUEUE_MANAGEMENT } from './managed.js'
import { ParallelApplications } from './parallel.js'
import { NODE_TOO_FULL, Recording } from './recording.js'
import { isKillable } from './preemption/killable.js'
import { Preemption } from './preemption/preemption.js'
import { monitors, preemptionSettings } from './preemption/settings.js'
import { checkMappings, placementRules } from './placement.js'
import { QueueTree } from './tree.js'
import { queueReport } from './report.js'
import { checkRefused } from './refused.js'
import { parseQueues } from './spec.js'
import { type WorkflowPriorities, workflowPriorities } from './workflow.js'

export class CapacityScheduler extends CapacityBooks {
  config: CapacityConfig
  properties: Readonly<Record<string, string>>
  #place: ReturnType<typeof placementRules>
  #workflows: WorkflowPriorities
  readonly #tree: QueueTree
  readonly parallel = new ParallelApplications(this)
  nodeLocalityDelay = 40
  rackLocalityAdditionalDelay = -1
  reservationsContinueLooking = true
  asynchronous = false
  /** Set while nodes are offered when an application declined only because better placed nodes may come. */
  waitsForLocality = false
  /** Off while nodes are offered out of turn: a node is kept for a large request only when it reports. */
  mayReserve = true
  readonly looks = new Looks()
  override readonly activities: Activities
  /** Set while an offer is recorded. */
  recording: Recording | undefined
  /** By partition: the last offer that came to nothing. */
  readonly #futile = new Map<string, Futility>()
  /** Somebody asks whether offers matter: what they come to is remembered. */
  #watched = false
  /** The last assignment was beyond a limit and was not booked. */
  #refused = false
  #preemption: Preemption | undefined
  /** What is to be taken goes only when another really takes its place. */
  #lazyPreemption = false
  #lastRound = 0
  /** Whether guarantees of queues made for applications follow their use. */
  #managesQueues = false
  #managementInterval = 1500
  #lastManagement = 0
  #offSwitchPerHeartbeat = 1
  #assignMultiple = true
  #maxAssignPerHeartbeat = 100
  /** Where the next round over the nodes begins, so that containers spread. */
  #cursor = 0
  /** Something has changed since the last round that may let a waiting request be placed. */
  #stirred = false

  /** @throws IllegalArgumentException in Hadoop's words when the queues can't be as configured */
  constructor(settings: SchedulerSettings, host: SchedulerHost, properties: Readonly<Record<string, string>>, activities: ActivitySettings) {
    super(settings, host)
    this.activities = new Activities(activities)
    this.config = capacityConfig(properties)
    this.properties = properties
    checkRefused(properties)
    this.#place = placementRules(properties)
    this.#workflows = workflowPriorities(properties)
    const spec = parseQueues(this.config, properties, settings.maximumAllocation)
    this.#readSettings()
    this.#tree = new QueueTree(this, spec)
    checkMappings(properties, this)
    this.clusterChanged()
  }

  #readSettings(): void {
    const { global } = this.config
    this.nodeLocalityDelay = global.number('node-locality-delay') ?? 40
    this.rackLocalityAdditionalDelay = global.number('rack-locality-additional-delay') ?? -1
    this.rackLocalityFullReset = global.flag('rack-locality-full-reset', true)
    this.reservationsContinueLooking = global.flag('reservations-continue-look-all-nodes', true)
    this.asynchronous = global.flag('schedule-asynchronously.enable', false)
    this.#offSwitchPerHeartbeat = Math.max(global.number('per-node-heartbeat.maximum-offswitch-assignments') ?? 1, 1)
    this.#assignMultiple = global.flag('per-node-heartbeat.multiple-assignments-enabled', true)
    this.#maxAssignPerHeartbeat = global.number('per-node-heartbeat.maximum-container-assignments') ?? 100
    this.#managesQueues = monitors(this.properties).includes(QUEUE_MANAGEMENT)
    this.#managementInterval = global.number('queue-management.monitoring-interval') ?? 1500
    this.#lazyPreemption = global.flag('lazy-preemption-enabled', false)
    const preemption = preemptionSettings(this.properties)
    if (this.#preemption && preemption) this.#preemption.settings = preemption
    else this.#preemption = preemption && new Preemption(this, preemption)
  }

  // ── the tree ──

  get root(): ParentQueue {
    return this.#tree.root
  }

  queue(name: string): CapacityQueue | undefined {
    return this.#tree.queue(name)
  }

  isAmbiguous(name: string): boolean {
    return this.#tree.isAmbiguous(name)
  }

  leaf(name: string): LeafQueue | undefined {
    return this.#tree.leaf(name)
  }

  /** Where the rules put an application; undefined: where it asks to be. @throws YarnException when a rule rejects it */
  place(request: PlacementRequest): Placement | undefined {
    return this.#place(request, this)
  }

  queueInfo(name: string): QueueInfo | undefined {
    const queue = this.queue(name)
    return (
      queue && {
        name: queue.name,
        path: queue.path,
        state: queue.state,
        accessibleLabels: queue.spec.accessibleLabels,
        defaultLabel: queue.spec.defaultLabel,
      }
    )
  }

  /**
   * A new configuration, in force as a whole or not at all.
   * @throws IOException naming the queue that can't be changed so, IllegalArgumentException for a bad value
   */
  refresh(properties: Readonly<Record<string, string>>): void {
    const config = capacityConfig(properties)
    try {
      const spec = parseQueues(config, properties, this.settings.maximumAllocation)
      checkRefused(properties)
      const place = placementRules(properties)
      const workflows = workflowPriorities(properties)
      this.#tree.checkChange(spec)
      this.config = config
      this.properties = properties
      this.#place = place
      this.#workflows = workflows
      this.#readSettings()
      this.#tree.apply(spec)
    } catch (e) {
      if (!(e instanceof HadoopException)) throw e
      throw exception('IOException', `Failed to re-init queues : ${firstLine(e)}`)
    }
    this.clusterChanged()
    this.parallel.startWaiting()
  }

  protected clusterChanged(): void {
    this.root.updateCluster(this.cluster.total)
    this.stir()
  }

  maximumAllocation(queue?: string): Resource {
    const own = (queue === undefined ? undefined : this.queue(queue)?.spec.maximumAllocation) ?? this.settings.maximumAllocation
    const largest = this.cluster.largest()
    if (!largest) return own
    return componentwiseMin(own, largest)
  }

  // ── applications ──

  submit(submission: SchedulerSubmission, recovering: boolean): string | undefined {
    const { id, user } = submission
    const application = formatApplicationId(id)
    const most = this.config.global.number('maximum-applications') ?? 10_000
    if (!recovering && this.root.numApplications >= most) {
      return `Maximum system application limit reached,cannot accept submission of application: ${application}`
    }
    let queue = this.queue(submission.queue)
    if (!queue && submission.placedUnder !== undefined) {
      try {
        queue = this.#tree.autoCreate(submission.queue, submission.placedUnder)
        this.clusterChanged()
      } catch (e) {
        if (!isException(e)) throw e
        if (recovering) return `Application killed on recovery as it was submitted to queue ${submission.queue} which could not be auto-created`
        return `Application ${application} submission by user : ${user} to  queue : ${submission.queue} failed : ${e.message}`
      }
    }
    if (recovering && queue?.kind !== 'leaf') {
      const what = queue
        ? `submitted to queue ${submission.queue} which is no longer a leaf queue`
        : `was submitted to queue ${submission.queue} which no longer exists`
      return `Application killed on recovery as it ${what} after restart.`
    }
    if (!queue) {
      return this.isAmbiguous(submission.queue)
        ? `Application ${application} submitted by user ${user} to ambiguous queue: ${submission.queue} please use full queue path instead.`
        : `Application ${application} submitted by user ${user} to unknown queue: ${submission.queue}`
    }
    if (queue.kind !== 'leaf') return `Application ${application} submitted by user : ${user} to non-leaf queue : ${submission.queue}`
    const leaf = queue as LeafQueue
    if (leaf.autoCreated && submission.placedUnder === undefined && !recovering) {
      return `Application ${application} submission by user : ${user} to specified queue : ${submission.queue}  is prohibited. Verify automatic queue mapping for user exists in yarn.scheduler.capacity.queue-mappings`
    }
    try {
      leaf.submit(id, user, submission.queue)
    } catch (e) {
      if (!isException(e, 'AccessControlException')) throw e
      // What was accepted before a restart stays: the queue drains.
      if (!recovering) return `${e.className}: ${e.message}`
      leaf.enter()
    }
    leaf.count('appsSubmitted')
    this.applications.set(
      applicationKey(id),
      new SchedulerApplication(id, user, leaf, submission.priority, submission.unmanagedAM, submission.keepContainers, submission.label, submission.tags),
    )
    return undefined
  }

  finishApplication(id: ApplicationId, how: 'FINISHED' | 'FAILED' | 'KILLED'): void {
    const application = this.application(id)
    if (!application) return
    this.changed()
    application.queue.finish(id, application.user)
    application.queue.count(ENDED[how])
    application.current = undefined
    this.applications.delete(application.key)
    this.activities.forget(application.key)
  }

  protected attemptAdded(attempt: SchedulerAttempt, queue: LeafQueue): void {
    queue.count('appsPending')
    this.parallel.track(attempt)
    queue.addAttempt(attempt)
  }

  protected attemptRemoved(attempt: SchedulerAttempt, queue: LeafQueue): void {
    queue.count(attempt.running ? 'appsRunning' : 'appsPending', -1)
    queue.removeAttempt(attempt)
    this.parallel.untrack(attempt)
    this.parallel.startWaiting()
    this.stir()
  }

  protected demandUpdated(attempt: SchedulerAttempt): void {
    ;(attempt.queue as LeafQueue).active.demandChanged(attempt)
  }

  protected headroom(attempt: SchedulerAttempt): Resource {
    const basis = attempt.headroomBasis as HeadroomBasis | undefined
    return basis ? basis.queue.headroomOf(attempt, basis.user) : NONE
  }

  /** @throws YarnException when the queue doesn't take it */
  move(id: ApplicationId, target: string): string {
    const application = this.applicationOrThrow(id)
    const source = application.queue
    const dest = this.queue(target)
    if (!dest) throw exception('YarnException', `The specified Queue: ${target} doesn't exist`)
    if (dest.kind !== 'leaf') throw exception('YarnException', `The specified Queue: ${target} is not a Leaf Queue.`)
    const leaf = dest as LeafQueue
    if (leaf === source) return target
    try {
      leaf.submit(id, application.user, target)
    } catch (e) {
      if (isException(e)) throw exception('YarnException', `${e.className}: ${e.message}`)
      throw e
    }
    const attempt = application.current
    if (attempt) {
      const held = [...attempt.live.values(), ...attempt.reservations()]
      for (const c of held) {
        if (isKillable(c)) this.spare(c, source)
        source.dischargeAttempt(attempt, c.resource, c.node.partition)
        leaf.chargeAttempt(attempt, c.resource, c.node.partition)
      }
      for (const c of attempt.reservations()) {
        source.unreserve(c.resource, c.node.partition)
        leaf.reserve(c.resource, c.node.partition)
      }
      for (const partition of attempt.usage.partitions()) {
        const pending = attempt.usage.of(partition).pending
        const containers = attempt.asks.active.filter((a) => a.partition === partition).reduce((n, a) => n + a.count, 0)
        source.pendingChanged(attempt, partition, subtract(NONE, pending), -containers)
        leaf.pendingChanged(attempt, partition, pending, containers)
      }
      source.count(attempt.running ? 'appsRunning' : 'appsPending', -1)
      leaf.count(attempt.running ? 'appsRunning' : 'appsPending')
      if (!attempt.stopped) {
        source.removeAttempt(attempt)
        this.parallel.untrack(attempt)
      }
      source.users.deactivate(application.user, applicationKey(id))
      application.queue = leaf
      if (!attempt.stopped) {
        this.parallel.track(attempt)
        leaf.addAttempt(attempt)
      }
      if (attempt.asks.active.length > 0) leaf.attemptWantsMore(attempt)
    }
    application.queue = leaf
    source.leave()
    this.parallel.startWaiting()
    this.stir()
    return target
  }

  setPriority(id: ApplicationId, priority: number): void {
    const application = this.application(id)
    if (!application) return
    this.changed()
    const change = () => {
      application.priority = priority
    }
    if (application.current) application.queue.reorder(application.current, change)
    else change()
  }

  /** What an application gets that asks for `requested`. */
  priorityFor(requested: number | undefined, queue: string, maximum: number, tags: readonly string[]): number {
    const leaf = this.leaf(queue)
    const ofWorkflow = leaf && this.#workflows.of(tags, leaf)
    return Math.min(ofWorkflow ?? requested ?? leaf?.spec.defaultApplicationPriority ?? 0, maximum)
  }

  /** Seconds, -1 without limit: what is asked, within what the queue allows. */
  lifetimeFor(queue: string, seconds: number): number {
    const leaf = this.leaf(queue)
    if (!leaf) return seconds
    const { maximumLifetime, defaultLifetime } = leaf.spec
    if (seconds <= 0) return defaultLifetime
    return maximumLifetime > 0 ? Math.min(seconds, maximumLifetime) : seconds
  }

  // ── offers ──

  protected offer(node: SchedulerNode): void {
    if (this.asynchronous && !this.#mayGainFrom(node) && !this.activities.watching(this.host.now)) return
    for (const futile of this.#futile.values()) futile.settle()
    this.looks.begin()
    if (node.killable) this.looks.nodeMattered = true
    const { changes } = this
    this.#assignAll(node)
    if (this.#watched && changes === this.changes && !node.reserved && !this.looks.nodeMattered)
      this.#futile.set(node.partition, new Futility(changes, this.looks))
  }

  #assignAll(node: SchedulerNode): void {
    let offSwitch = 0
    let assigned = 0
    for (;;) {
      const assignment = this.#assignOn(node)
      if (!assignment) return
      if (assignment.locality === 'OFF_SWITCH') offSwitch++
      assigned++
      if (offSwitch >= this.#offSwitchPerHeartbeat || assignment.reserve || !this.#assignMultiple) return
      if (this.#maxAssignPerHeartbeat !== -1 && assigned >= this.#maxAssignPerHeartbeat) return
    }
  }

  #mayGainFrom(node: SchedulerNode): boolean {
    return node.reserved !== undefined || this.root.hasPending(node.partition, 'RESPECT') || (node.partition !== '' && this.root.hasPending('', 'RESPECT'))
  }

  /** One container, or one reservation, on the node. */
  #assignOn(node: SchedulerNode): Assignment | undefined {
    if (!this.activities.asked || !this.activities.watching(this.host.now)) return this.#assignOnNode(node)
    const { now } = this.host
    const dominant = this.settings.calculator.name === 'dominant'
    this.recording = new Recording(this.activities, node, now, this.cluster.size, dominant, this.activities.startNode(node.key))
    const assignment = this.#assignOnNode(node)
    this.recording.end()
    this.recording = undefined
    return assignment
  }

  #assignOnNode(node: SchedulerNode): Assignment | undefined {
    const { reserved } = node
    if (reserved) {
      const queue = reserved.attempt.application.current?.queue as LeafQueue | undefined
      const assignment = queue?.assign(node, limitsOf(this.cluster.ofPartition('')), 'RESPECT')
      if (queue && assignment && assignment !== 'QUEUE_LIMIT') {
        this.recording?.reserved(queue, assignment, reserved)
        this.commit(assignment)
      }
      return undefined
    }
    if (this.settings.calculator.availableContainers(node.obtainable, this.settings.minimumAllocation) <= 0) {
      this.recording?.queue(this.root, 'REJECTED', NODE_TOO_FULL)
      this.looks.nodeMattered = true
      return undefined
    }
    const respecting = this.root.assign(node, limitsOf(this.cluster.ofPartition(node.partition)), 'RESPECT')
    if (respecting && respecting !== 'QUEUE_LIMIT') {
      this.#refused = !this.commit(respecting)
      return respecting
    }
    if (node.partition === '' || this.host.isExclusive(node.partition)) return undefined
    const ignoring = this.root.assign(node, limitsOf(this.cluster.ofPartition('')), 'IGNORE')
    if (!ignoring || ignoring === 'QUEUE_LIMIT') return undefined
    this.#refused = !this.commit(ignoring)
    return ignoring
  }

  /** A round over the nodes is worth while again. */
  override stir(): void {
    this.changed()
    this.#stirred = true
  }

  /**
   * Places all that can be placed now, one container on each node in turn: asynchronous scheduling without its threads. Passes go on while
   * requests wait only for better placed nodes.
   */
  override schedule(): void {
    if (!this.asynchronous || !this.#stirred) return
    for (const futile of this.#futile.values()) futile.settle()
    this.#stirred = false
    this.mayReserve = false
    const { room } = this.cluster
    let idlePasses = 0
    while (idlePasses <= this.cluster.size && room.length > 0 && this.anythingPending()) {
      this.waitsForLocality = false
      let placed = false
      for (let tried = 0, n = room.length; tried < n && room.length > 0 && this.anythingPending(); tried++) {
        const node = room[this.#cursor % room.length]!
        this.#cursor = (this.#cursor + 1) % Math.max(room.length, 1)
        if (node.reserved) continue
        const assignment = this.#assignOn(node)
        if (assignment && !this.#refused) placed = true
      }
      if (placed) idlePasses = 0
      else if (this.waitsForLocality) idlePasses++
      else break
    }
    this.mayReserve = true
  }

  protected get whole(): Usage {
    return this.root.usage
  }

  override offersMatter(): boolean {
    return super.offersMatter() || this.activities.watching(this.host.now)
  }

  override offerMatters(node: SchedulerNode): boolean {
    this.#watched = true
    if (!node.usable) return false
    if (this.activities.watching(this.host.now)) return true
    if (node.killable) return true
    if (node.reserved) return !this.#stillWaits(node, node.reserved)
    if (node.roomIndex < 0 || !this.#mayGainFrom(node)) return false
    const futile = this.#futile.get(node.partition)
    return futile?.changes !== this.changes || !futile.covers(node, this.settings.calculator, mayAllocateOrReserve)
  }

  #stillWaits(node: SchedulerNode, reservation: RMContainer): boolean {
    const attempt = reservation.attempt.application.current
    const leaf = attempt?.queue as LeafQueue | undefined
    return attempt === reservation.attempt && leaf !== undefined && leaf.attempts.has(attempt) && stillWaits(leaf, attempt, node, reservation)
  }

  // ── what is done from time to time ──

  /** When something is due that no event brings about; undefined: nothing is. */
  override nextTimer(): number | undefined {
    const preemption = this.#preemption && this.anythingPending() ? this.#lastRound + this.#preemption.settings.interval : undefined
    const management = this.#managesQueues && this.#managedParents().some((q) => q.managed.isDue) ? this.#lastManagement + this.#managementInterval : undefined
    return preemption === undefined || management === undefined ? (preemption ?? management) : Math.min(preemption, management)
  }

  override tick(): void {
    const now = this.host.now
    if (this.#preemption && this.anythingPending() && this.#lastRound + this.#preemption.settings.interval <= now) {
      this.#lastRound = now
      for (const c of this.#preemption.round(now)) {
        if (this.#lazyPreemption) this.kill(c)
        else this.complete(c, preempted(), 'KILL')
      }
    }
    if (this.#managesQueues && this.#lastManagement + this.#managementInterval <= now) {
      this.#lastManagement = now
      const changed = this.#managedParents().filter((q) => q.managed.manage())
      if (changed.length > 0) this.clusterChanged()
    }
  }

  #managedParents(): ParentQueue[] {
    const found: ParentQueue[] = []
    const walk = (queue: ParentQueue) => {
      if (queue.spec.autoCreate) found.push(queue)
      for (const child of queue.children) if (child.kind === 'parent') walk(child as ParentQueue)
    }
    walk(this.root)
    return found
  }

  // ── reports ──

  rootReport(): QueueReport {
    return queueReport(this.root, this.#preemption?.settings)
  }

  queueReport(name: string): QueueReport | undefined {
    const queue = this.queue(name)
    return queue && queueReport(queue, this.#preemption?.settings)
  }

  guaranteed(attempt: SchedulerAttempt): Resource {
    return (attempt.queue as LeafQueue).effectiveMin(attempt.amPartition)
  }

  mayAccess(name: string, user: string, groups: readonly string[], access: 'SUBMIT_APPLICATIONS' | 'ADMINISTER_QUEUE'): boolean {
    return this.queue(name)?.mayAccess(user, groups, access) ?? false
  }
}
