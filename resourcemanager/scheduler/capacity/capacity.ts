/** The capacity scheduler: queues with guaranteed shares; nodes are offered to them as they report (CapacityScheduler). */
import { exception, firstLine, HadoopException, isException } from '../../../common/errors.js'
import { type ApplicationId, add, formatApplicationId, NONE, type Resource, subtract } from '../../../common/records/index.js'
import type { AMState, SchedulerAttempt, SchedulerHost } from '../attempt.js'
import { SchedulerApplication } from '../attempt.js'
import { type ContainerEventType, type FinishedStatus, RMContainer } from '../container.js'
import { ENDED, LOCALITY } from '../counters.js'
import type { SchedulerNode } from '../node.js'
import type { Placement, PlacementRequest } from '../placement.js'
import type { QueueReport } from '../reports.js'
import {
  aborted,
  applicationKey,
  preempted,
  type QueueInfo,
  SchedulerBase,
  type SchedulerSettings,
  type SchedulerSubmission,
  UNRESERVED_CONTAINER,
} from '../scheduler.js'
import type { Assignment } from './allocator.js'
import { type CapacityConfig, capacityConfig } from './config.js'
import { type HeadroomBasis, LeafQueue } from './leaf.js'
import { type CapacityQueue, limitsOf, ParentQueue } from './queue.js'
import { ParallelApplications } from './parallel.js'
import { Preemption, preemptionSettings } from './preemption.js'
import { placementRules } from './placement.js'
import { queueReport, waitDetails } from './report.js'
import { autoCreatedQueue, parseQueues, type QueueSpec } from './spec.js'

export class CapacityScheduler extends SchedulerBase<LeafQueue> {
  config: CapacityConfig
  #properties: Readonly<Record<string, string>>
  #place: ReturnType<typeof placementRules>
  root: ParentQueue
  readonly parallel = new ParallelApplications(this)
  nodeLocalityDelay = 40
  rackLocalityAdditionalDelay = -1
  rackLocalityFullReset = true
  reservationsContinueLooking = true
  asynchronous = false
  /** Set while nodes are offered when an application declined only because better placed nodes may come. */
  waitsForLocality = false
  /** Off while nodes are offered out of turn: a node is kept for a large request only when it reports. */
  mayReserve = true
  #preemption: Preemption | undefined
  #lastRound = 0
  #offSwitchPerHeartbeat = 1
  #assignMultiple = true
  #maxAssignPerHeartbeat = 100
  #byPath = new Map<string, CapacityQueue>()
  #byName = new Map<string, CapacityQueue[]>()
  /** Where the next round over the nodes begins, so that containers spread. */
  #cursor = 0
  /** Something has changed since the last round that may let a waiting request be placed. */
  #stirred = false

  /** @throws IllegalArgumentException in Hadoop's words when the queues can't be as configured */
  constructor(settings: SchedulerSettings, host: SchedulerHost, properties: Readonly<Record<string, string>>) {
    super(settings, host)
    this.config = capacityConfig(properties)
    this.#properties = properties
    this.#place = placementRules(properties)
    const spec = parseQueues(this.config, properties, settings.maximumAllocation)
    this.#readSettings()
    this.root = new ParentQueue(this, spec, undefined)
    this.#build(this.root, spec)
    this.#index()
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
    const preemption = preemptionSettings(this.#properties)
    this.#preemption = preemption && new Preemption(this, preemption)
  }

  // ── the tree ──

  #build(queue: CapacityQueue, spec: QueueSpec): void {
    queue.configure(spec)
    if (queue.kind === 'leaf') return
    const parent = queue as ParentQueue
    for (const child of spec.children) {
      const made = this.makeQueue(child, parent)
      parent.children.push(made)
      this.#build(made, child)
    }
  }

  makeQueue(spec: QueueSpec, parent: ParentQueue): CapacityQueue {
    return spec.children.length > 0 || spec.autoCreate ? new ParentQueue(this, spec, parent) : new LeafQueue(this, spec, parent)
  }

  #index(): void {
    this.#byPath = new Map()
    this.#byName = new Map()
    const add = (queue: CapacityQueue) => {
      this.#byPath.set(queue.path, queue)
      const same = this.#byName.get(queue.name)
      if (same) same.push(queue)
      else this.#byName.set(queue.name, [queue])
      if (queue.kind === 'parent') for (const child of (queue as ParentQueue).children) add(child)
    }
    add(this.root)
  }

  /** By path, or by name where only one queue has it. */
  queue(name: string): CapacityQueue | undefined {
    const byPath = this.#byPath.get(name)
    if (byPath) return byPath
    const named = this.#byName.get(name)
    return named?.length === 1 ? named[0] : undefined
  }

  isAmbiguous(name: string): boolean {
    return !this.#byPath.has(name) && (this.#byName.get(name)?.length ?? 0) > 1
  }

  /** Where the rules put an application; undefined: where it asks to be. @throws YarnException when a rule rejects it */
  place(request: PlacementRequest): Placement | undefined {
    return this.#place(request, this)
  }

  /** @throws YarnException in Hadoop's words when the parent makes no queues, or no more */
  #autoCreate(name: string, under: string): LeafQueue {
    const parent = this.queue(under)
    if (parent?.kind !== 'parent' || !parent.spec.autoCreate) {
      throw exception(
        'YarnException',
        `Could not auto-create leaf queue for ${name}. Queue mapping does not specify an existing parent queue that may create queues: ${under}`,
      )
    }
    const path = `${parent.path}.${name}`
    const { children } = parent as ParentQueue
    const most = this.config.queue(parent.path).number('auto-create-child-queue.max-queues') ?? 1000
    if (children.length >= most) {
      throw exception(
        'YarnException',
        `Cannot auto create leaf queue ${path}.Max Child Queue limit exceeded which is configured as : ${most} and number of child queues is : ${children.length}`,
      )
    }
    const leaf = new LeafQueue(this, autoCreatedQueue(parent.spec, name, this.#properties, this.settings.maximumAllocation), parent as ParentQueue)
    leaf.autoCreated = true
    leaf.configure(leaf.spec)
    const guaranteed = children.reduce((sum, c) => sum + c.share('').absoluteCapacity, leaf.share('').absoluteCapacity)
    if (guaranteed > parent.share('').absoluteCapacity + 1e-6) {
      if (this.config.queue(parent.path).flag('auto-create-child-queue.fail-on-exceeding-parent-capacity', false)) {
        throw exception(
          'YarnException',
          `Cannot auto create leaf queue ${path}. Child queues capacities have reached parent queue : ${parent.path}'s guaranteed capacity`,
        )
      }
      // Those beyond the parent's guarantee are guaranteed nothing and live on what is idle.
      leaf.guaranteeNothing()
    }
    children.push(leaf)
    this.#index()
    this.clusterChanged()
    return leaf
  }

  leaf(name: string): LeafQueue | undefined {
    const queue = this.queue(name)
    return queue?.kind === 'leaf' ? (queue as LeafQueue) : undefined
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
      const place = placementRules(properties)
      this.#checkChange(this.root, spec)
      this.config = config
      this.#properties = properties
      this.#place = place
      this.#readSettings()
      this.#apply(this.root, spec)
    } catch (e) {
      if (!(e instanceof HadoopException)) throw e
      throw exception('IOException', `Failed to re-init queues : ${firstLine(e)}`)
    }
    this.#index()
    this.clusterChanged()
    this.parallel.startWaiting()
  }

  #checkChange(queue: CapacityQueue, spec: QueueSpec): void {
    if (queue.kind === 'leaf') {
      if (spec.children.length > 0 && (queue as LeafQueue).applicationCount > 0 && queue.state !== 'STOPPED') {
        throw exception(
          'IOException',
          `Can not convert the leaf queue: ${queue.path} to parent queue since it is not yet in stopped state. Current State : ${queue.state}`,
        )
      }
      const before = queue.spec.maximumAllocation
      if (before.memory > spec.maximumAllocation.memory || before.vcores > spec.maximumAllocation.vcores) {
        const show = (r: Resource) => `<memory:${r.memory}, vCores:${r.vcores}>`
        throw exception(
          'IOException',
          `Trying to reinitialize ${queue.path} the maximum allocation size can not be decreased! Current setting: ${show(before)}, trying to set it to: ${show(spec.maximumAllocation)}`,
        )
      }
      return
    }
    for (const child of (queue as ParentQueue).children) {
      const next = spec.children.find((s) => s.path === child.path)
      if (next) this.#checkChange(child, next)
      else if (!child.autoCreated && child.state !== 'STOPPED') {
        throw exception(
          'IOException',
          `${child.path} cannot be deleted from the capacity scheduler configuration, as the queue is not yet in stopped state. Current State : ${child.state}`,
        )
      }
    }
  }

  #apply(queue: CapacityQueue, spec: QueueSpec): void {
    queue.followState(spec)
    queue.configure(spec)
    if (queue.kind === 'leaf') {
      ;(queue as LeafQueue).activateApplications()
      return
    }
    const parent = queue as ParentQueue
    const before = new Map(parent.children.map((c) => [c.path, c]))
    parent.children = [
      ...spec.children.map((s) => {
        const old = before.get(s.path)
        if (old && (old.kind === 'parent') === (s.children.length > 0 || s.autoCreate)) {
          this.#apply(old, s)
          return old
        }
        const made = this.makeQueue(s, parent)
        this.#build(made, s)
        return made
      }),
      ...parent.children.filter((c) => c.autoCreated),
    ]
    for (const child of parent.children) {
      if (child.autoCreated) child.configure(autoCreatedQueue(spec, child.name, this.#properties, this.settings.maximumAllocation))
    }
  }

  protected clusterChanged(): void {
    this.root.updateCluster(this.cluster.total)
    this.stir()
  }

  maximumAllocation(queue?: string): Resource {
    const own = (queue === undefined ? undefined : this.queue(queue)?.spec.maximumAllocation) ?? this.settings.maximumAllocation
    const largest = this.cluster.largest()
    if (!largest) return own
    return { ...own, memory: Math.min(own.memory, largest.memory), vcores: Math.min(own.vcores, largest.vcores) }
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
        queue = this.#autoCreate(submission.queue, submission.placedUnder)
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
    application.queue.finish(id, application.user)
    application.queue.count(ENDED[how])
    application.current = undefined
    this.applications.delete(application.key)
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
    const change = () => {
      application.priority = priority
    }
    if (application.current) application.queue.reorder(application.current, change)
    else change()
  }

  /** What an application gets that asks for `requested`. */
  priorityFor(requested: number | undefined, queue: string, maximum: number): number {
    return Math.min(requested ?? this.leaf(queue)?.spec.defaultApplicationPriority ?? 0, maximum)
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
    if (this.asynchronous && !this.#mayGainFrom(node)) return
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
    if (node.reserved) {
      const queue = node.reserved.attempt.application.current?.queue as LeafQueue | undefined
      const assignment = queue?.assign(node, limitsOf(this.cluster.ofPartition('')), 'RESPECT')
      if (assignment && assignment !== 'QUEUE_LIMIT') this.#commit(assignment)
      return undefined
    }
    if (this.settings.calculator.availableContainers(node.available, this.settings.minimumAllocation) <= 0) return undefined
    const respecting = this.root.assign(node, limitsOf(this.cluster.ofPartition(node.partition)), 'RESPECT')
    if (respecting && respecting !== 'QUEUE_LIMIT') {
      this.#commit(respecting)
      return respecting
    }
    if (node.partition === '' || this.host.isExclusive(node.partition)) return undefined
    const ignoring = this.root.assign(node, limitsOf(this.cluster.ofPartition('')), 'IGNORE')
    if (!ignoring || ignoring === 'QUEUE_LIMIT') return undefined
    this.#commit(ignoring)
    return ignoring
  }

  /** A round over the nodes is worth while again. */
  override stir(): void {
    this.#stirred = true
  }

  /**
   * Places all that can be placed now, one container on each node in turn: asynchronous scheduling without its threads. Passes go on while
   * requests wait only for better placed nodes.
   */
  override schedule(): void {
    if (!this.asynchronous || !this.#stirred) return
    this.#stirred = false
    this.mayReserve = false
    const { room } = this.cluster
    let idlePasses = 0
    while (idlePasses <= this.cluster.size && room.length > 0 && this.#anythingPending()) {
      this.waitsForLocality = false
      let placed = false
      for (let tried = 0, n = room.length; tried < n && room.length > 0 && this.#anythingPending(); tried++) {
        const node = room[this.#cursor % room.length]!
        this.#cursor = (this.#cursor + 1) % Math.max(room.length, 1)
        if (node.reserved) continue
        const assignment = this.#assignOn(node)
        if (assignment) placed = true
      }
      if (placed) idlePasses = 0
      else if (this.waitsForLocality) idlePasses++
      else break
    }
    this.mayReserve = true
  }

  #anythingPending(): boolean {
    const pending = this.root.usage.total('pending')
    return pending.memory > 0 || pending.vcores > 0
  }

  // ── preemption ──

  /** When something is due that no event brings about; undefined: nothing is. */
  override nextTimer(): number | undefined {
    if (!this.#preemption || !this.#anythingPending()) return undefined
    return this.#lastRound + this.#preemption.settings.interval
  }

  override tick(): void {
    const now = this.host.now
    const due = this.nextTimer()
    if (!this.#preemption || due === undefined || due > now) return
    this.#lastRound = now
    for (const c of this.#preemption.round(now)) this.complete(c, preempted(), 'KILL')
  }

  // ── booking ──

  /** Checks an assignment against the whole tree and books it; false: it goes beyond a limit and nothing has happened. */
  #commit(a: Assignment): boolean {
    const { ask, node, attempt } = a
    if (!a.reservation) {
      if (a.locality === 'NODE_LOCAL' || (a.locality === 'RACK_LOCAL' && this.rackLocalityFullReset)) ask.opportunities = 0
      if (node.partition === '') ask.missedNonPartitioned = 0
    }
    if (!this.#accepts(a)) return false
    const leaf = attempt.queue as LeafQueue
    if (a.unreserve) this.giveUpReservation(a.unreserve)
    if (a.reserve) this.#reserve(a, leaf)
    else this.#allocate(a, leaf)
    this.cluster.updateRoom(node)
    return true
  }

  #accepts(a: Assignment): boolean {
    const { attempt, node } = a
    const rc = this.settings.calculator
    if (!a.reserve) {
      if (!a.ask.has(a.locality, node)) return false
      if (!rc.fitsIn(a.resource, node.available)) return false
    }
    if (a.reservation) return true
    const released = a.unreserve?.resource ?? NONE
    const leaf = attempt.queue as LeafQueue
    const limit = leaf.setHeadroom(attempt, node.partition, a.mode)
    const user = leaf.users.get(attempt.user)
    if (!user || rc.compare(this.cluster.total, subtract(user.usage.of(node.partition).used, released), limit) > 0) return false
    return leaf.accepts(subtract(a.resource, released), node.partition, a.mode)
  }

  protected growthMerged(attempt: SchedulerAttempt): void {
    for (let q: CapacityQueue | undefined = attempt.queue as LeafQueue; q; q = q.parent) q.numContainers--
  }

  protected containerResized(c: RMContainer, attempt: SchedulerAttempt, by: Resource): void {
    const leaf = attempt.queue as LeafQueue
    leaf.rechargeAttempt(attempt, by, c.node.partition)
    leaf.active.usageChanged(attempt)
    this.stir()
  }

  #allocate(a: Assignment, leaf: LeafQueue): void {
    const { attempt, node, ask } = a
    if (a.reservation) this.#unreserve(a.reservation, attempt, leaf)
    this.#startRunning(attempt, leaf)
    const c = this.newContainer(attempt, node, ask, a.resource, a.locality, a.reservation?.id)
    if (ask.grows) this.growthAllocated(c, attempt)
    if (!a.reservation) leaf.chargeAttempt(attempt, c.resource, node.partition)
    leaf.active.usageChanged(attempt)
    leaf.count('allocated')
    leaf.count(LOCALITY[a.locality])
    this.noteWait(attempt, 'ASSIGNED', '')
  }

  #startRunning(attempt: SchedulerAttempt, leaf: LeafQueue): void {
    if (attempt.running) return
    attempt.running = true
    leaf.count('appsPending', -1)
    leaf.count('appsRunning')
  }

  #reserve(a: Assignment, leaf: LeafQueue): void {
    const { attempt, node, ask } = a
    if (a.reservation) {
      ask.reReservations++
      a.reservation.handle({ type: 'RESERVED' })
      return
    }
    const c = new RMContainer(attempt, node, a.resource, ask, this.host.now, ask.partition)
    c.assignId(attempt.nextContainerId())
    c.handle({ type: 'RESERVED' })
    ask.reReservations = 0
    ask.reserved.set(node.key, c)
    node.reserved = c
    attempt.usage.inc('reserved', node.partition, c.resource)
    leaf.chargeAttempt(attempt, c.resource, node.partition)
    leaf.active.usageChanged(attempt)
    leaf.reserve(c.resource, node.partition)
  }

  #unreserve(c: RMContainer, attempt: SchedulerAttempt, leaf: LeafQueue): boolean {
    const { ask, node } = c
    if (ask.reserved.get(node.key) !== c) return false
    ask.reserved.delete(node.key)
    ask.reReservations = 0
    node.reserved = undefined
    attempt.usage.dec('reserved', node.partition, c.resource)
    leaf.unreserve(c.resource, node.partition)
    return true
  }

  giveUpReservation(c: RMContainer): void {
    this.complete(c, aborted(UNRESERVED_CONTAINER), 'RELEASED')
    c.handle({ type: 'RELEASED' })
  }

  protected containerEnded(c: RMContainer, attempt: SchedulerAttempt, node: SchedulerNode, status: FinishedStatus, event: ContainerEventType): void {
    const leaf = attempt.queue as LeafQueue
    if (c.state === 'RESERVED') {
      if (!this.#unreserve(c, attempt, leaf)) return
    } else {
      if (!this.takeOffAttempt(c, attempt, node.partition)) return
      c.handle({ type: event, status })
      node.release(c.key, false)
      leaf.count('released')
      if (status.exitStatus === PREEMPTED) leaf.count('preempted')
    }
    leaf.active.usageChanged(attempt)
    leaf.dischargeAttempt(attempt, c.resource, node.partition)
    this.stir()
  }

  protected containerRecovered(c: RMContainer, attempt: SchedulerAttempt, node: SchedulerNode): void {
    const leaf = attempt.queue as LeafQueue
    leaf.chargeAttempt(attempt, c.resource, node.partition)
    this.#startRunning(attempt, leaf)
  }

  protected partitionChanged(c: RMContainer, attempt: SchedulerAttempt, from: string, to: string): void {
    if (!attempt.live.has(c.key)) return
    const leaf = attempt.queue as LeafQueue
    leaf.dischargeAttempt(attempt, c.resource, from)
    leaf.chargeAttempt(attempt, c.resource, to)
    attempt.usage.dec('used', from, c.resource)
    attempt.usage.inc('used', to, c.resource)
    if (!c.isAM) return
    for (const usage of [leaf.usage, leaf.users.getOrAdd(attempt.user).usage]) {
      usage.dec('amUsed', from, attempt.amResource)
      usage.inc('amUsed', to, attempt.amResource)
    }
    attempt.amPartition = to
  }

  // ── why an application master waits ──

  noteWait(attempt: SchedulerAttempt, state: AMState, message: string): void {
    if (attempt.waitingForAM) this.note(attempt, { state, message, details: waitDetails(attempt, state) })
  }

  noteNode(attempt: SchedulerAttempt, node: SchedulerNode): void {
    if (!attempt.waitingForAM) return
    const message = `${attempt.nodeSkipped ?? ''} Last Node which was processed for the application : `
    attempt.nodeSkipped = undefined
    this.note(attempt, {
      state: 'ACTIVATED',
      message,
      details: waitDetails(attempt, 'ACTIVATED'),
      node: { id: node.key, partition: node.partition, total: node.total, available: node.available },
    })
  }

  // ── reports ──

  rootReport(): QueueReport {
    return queueReport(this.root, this.#preemption !== undefined)
  }

  queueReport(name: string): QueueReport | undefined {
    const queue = this.queue(name)
    return queue && queueReport(queue, this.#preemption !== undefined)
  }

  guaranteed(attempt: SchedulerAttempt): Resource {
    return (attempt.queue as LeafQueue).effectiveMin(attempt.amPartition)
  }

  mayAccess(name: string, user: string, groups: readonly string[], access: 'SUBMIT_APPLICATIONS' | 'ADMINISTER_QUEUE'): boolean {
    return this.queue(name)?.mayAccess(user, groups, access) ?? false
  }

  // ── checks ──

  override checkInvariants(): string[] {
    const wrong = super.checkInvariants()
    const same = (a: Resource, b: Resource) => a.memory === b.memory && a.vcores === b.vcores
    for (const leaf of this.root.leaves()) {
      let used = NONE
      let reserved = NONE
      let pending = NONE
      for (const application of this.applications.values()) {
        const attempt = application.current
        if (application.queue !== leaf || !attempt) continue
        used = add(used, attempt.sumOfLive())
        for (const c of attempt.reservations()) reserved = add(reserved, c.resource)
        pending = add(pending, attempt.sumOfAsks())
      }
      if (!same(add(used, reserved), leaf.usage.total('used'))) wrong.push(`queue ${leaf.path}: used is not the sum of its containers and reservations`)
      if (!same(reserved, leaf.usage.total('reserved'))) wrong.push(`queue ${leaf.path}: reserved is not the sum of its reservations`)
      if (!same(pending, leaf.usage.total('pending'))) wrong.push(`queue ${leaf.path}: pending is not the sum of its asks`)
      wrong.push(...leaf.users.checkInvariants(leaf.path))
    }
    const check = (queue: CapacityQueue) => {
      if (queue.kind !== 'parent') return
      for (const kind of ['used', 'pending', 'reserved'] as const) {
        let sum = NONE
        for (const child of (queue as ParentQueue).children) sum = add(sum, child.usage.total(kind))
        if (!same(sum, queue.usage.total(kind))) wrong.push(`queue ${queue.path}: ${kind} is not the sum of its children's`)
      }
      for (const child of (queue as ParentQueue).children) check(child)
    }
    check(this.root)
    return wrong
  }
}

const PREEMPTED = -102
