/** The fair scheduler: queues and applications get equal shares by weight, the one furthest below its share first (FairScheduler). */
import { exception, firstLine, isException } from '../../../common/errors.js'
import { type ApplicationId, add, componentwiseMin, formatApplicationId, formatResource, NONE, type Resource, subtract } from '../../../common/records/index.js'
import type { Ask, Locality } from '../asks.js'
import { SchedulerApplication, type SchedulerAttempt, type SchedulerHost } from '../attempt.js'
import { subtractNonNegative } from '../calculator.js'
import { type ContainerEventType, type FinishedStatus, RMContainer } from '../container.js'
import { ENDED, LOCALITY } from '../counters.js'
import type { SchedulerNode } from '../node.js'
import type { Placement, PlacementRequest } from '../placement.js'
import type { QueueReport } from '../reports.js'
import type { Usage } from '../usage.js'
import {
  aborted,
  type AllocateRequest,
  applicationKey,
  preempted,
  type QueueInfo,
  SchedulerBase,
  type SchedulerSettings,
  type SchedulerSubmission,
  UNRESERVED_CONTAINER,
} from '../scheduler.js'
import { type Allocations, parseAllocations } from './allocations.js'
import { FairApplication } from './application.js'
import { assignNode, stillWaits } from './assignment.js'
import { ContinuousScheduling } from './continuous.js'
import { Looks } from '../futility.js'
import { Futility } from './futility.js'
import { type FairOptions, readOptions } from './options.js'
import { placeFairly, rulesOf } from './placement.js'
import { queueInvariants } from './invariants.js'
import { checkMove, moveBooks } from './moving.js'
import { FairPreemption } from './preemption.js'
import { QueueManager } from './queue-manager.js'
import type { FairQueue } from './queues.js'
import { fairQueueReport } from './report.js'
import { RunningApps } from './running-apps.js'
import { computeShares } from './shares.js'
import { neverServed } from './zero.js'

const INVALID_REQUEST = 'org.apache.hadoop.yarn.exceptions.SchedulerInvalidResoureRequestException'

export class FairScheduler extends SchedulerBase<FairQueue> {
  options: FairOptions
  readonly queues: QueueManager
  readonly preemption: FairPreemption
  #allocations: Allocations
  readonly #running: RunningApps
  /** What the offer that is being made looks at. */
  readonly looks = new Looks()
  #futile: Futility | undefined
  /** Somebody asks whether offers matter. */
  #watched = false
  readonly #continuous = new ContinuousScheduling(this, (node) => this.offer(node))
  #sharesStale = true
  #lastUpdate = 0

  /**
   * @param resourceTypes names beyond memory and vcores
   * @throws IOException naming line and property of a bad allocation file
   */
  constructor(
    settings: SchedulerSettings,
    host: SchedulerHost,
    properties: Readonly<Record<string, string>>,
    allocations: string | undefined,
    readonly resourceTypes: readonly string[],
  ) {
    super(settings, host)
    this.options = readOptions(properties, this.resourceTypes)
    this.#allocations = parseAllocations(allocations, resourceTypes)
    this.queues = new QueueManager(this, this.#allocations)
    this.preemption = new FairPreemption(this)
    this.#running = new RunningApps(() => this.#allocations)
  }

  get root(): FairQueue {
    return this.queues.root
  }

  /** What nothing uses. */
  get free(): Resource {
    return subtract(this.cluster.total, this.root.usage)
  }

  // ── queues ──

  refresh(properties: Readonly<Record<string, string>>, allocations: string | undefined): void {
    try {
      const parsed = parseAllocations(allocations, this.resourceTypes)
      this.options = readOptions(properties, this.resourceTypes)
      this.#allocations = parsed
    } catch (e) {
      if (!isException(e)) throw e
      throw exception('IOException', `Failed to reload allocations file: ${firstLine(e)}`)
    }
    this.queues.configure(this.#allocations)
    this.sharesChanged()
    this.#startWaiting()
  }

  place(request: PlacementRequest): Placement | undefined {
    return placeFairly(rulesOf(this.#allocations, this.options), request, this.queues)
  }

  queueInfo(name: string): QueueInfo | undefined {
    const queue = this.queues.find(name)
    return queue && { name: queue.path, path: queue.path, state: 'RUNNING', accessibleLabels: new Set(), defaultLabel: undefined }
  }

  mayAccess(name: string, user: string, groups: readonly string[], access: 'SUBMIT_APPLICATIONS' | 'ADMINISTER_QUEUE'): boolean {
    return this.queues.find(name)?.mayAccess(user, groups, access) ?? false
  }

  maximumAllocation(queue?: string): Resource {
    const { maximumAllocation: most } = this.settings
    const largest = this.cluster.largest()
    const limit = largest ? { ...most, memory: Math.min(most.memory, largest.memory), vcores: Math.min(most.vcores, largest.vcores) } : most
    const own = queue === undefined ? undefined : this.queues.find(queue)?.maxContainer
    return own ? componentwiseMin(limit, own) : limit
  }

  protected override maximumFor(attempt: SchedulerAttempt): Resource {
    return this.maximumAllocation(attempt.queue.path)
  }

  override normalized(r: Resource, maximum: Resource): Resource {
    return this.settings.calculator.normalize(r, this.settings.minimumAllocation, maximum, this.options.increment)
  }

  // ── applications ──

  submit(submission: SchedulerSubmission, recovering: boolean): string | undefined {
    const { id, user, groups } = submission
    const application = formatApplicationId(id)
    if (!recovering && submission.placedUnder === undefined)
      return `Reject application ${application} submitted by user ${user} application rejected by placement rules.`
    const queue = this.queues.leafFor(submission.queue) ?? (recovering ? this.queues.leafFor('root.recovery') : undefined)
    if (!queue) return `${submission.queue} is not a leaf queue`
    if (!recovering && !queue.mayAccess(user, groups, 'SUBMIT_APPLICATIONS') && !queue.mayAccess(user, groups, 'ADMINISTER_QUEUE')) {
      return `User ${user} does not have permission to submit ${application} to queue ${submission.queue}`
    }
    const never = recovering ? undefined : neverServed(submission.amRequests, queue.maxShare, this.resourceTypes)
    if (never !== undefined) {
      this.queues.left(queue)
      return (
        `Cannot submit application ${application} to queue ${submission.queue} because it has zero amount of resource for a requested resource! ` +
        `Invalid requested AM resources: ${never}, maximum queue resources: ${formatResource(queue.maxShare)}`
      )
    }
    queue.assigned++
    queue.count('appsSubmitted')
    this.applications.set(
      applicationKey(id),
      new SchedulerApplication(id, user, queue, submission.priority, submission.unmanagedAM, submission.keepContainers, submission.label, submission.tags),
    )
    return undefined
  }

  /** @throws YarnException when the queue may have nothing of a type that is asked for */
  override ask(attempt: SchedulerAttempt, request: AllocateRequest): boolean {
    const queue = attempt.queue as FairQueue
    // The next attempt of an application that is in waits for its master's container.
    const checked = request.asks.length > 0 && !attempt.stopped && !attempt.waitingForAM
    const never = checked ? neverServed(request.asks, queue.maxShare, this.resourceTypes) : undefined
    if (never === undefined) return super.ask(attempt, request)
    throw exception(
      'YarnException',
      `${INVALID_REQUEST}: Resource request is invalid for application ${formatApplicationId(attempt.id.applicationId)} because queue ${queue.path} ` +
        `has 0 amount of resource for a resource type! Validation result: ${never}`,
    )
  }

  finishApplication(id: ApplicationId, how: keyof typeof ENDED): void {
    const application = this.application(id)
    if (!application) return
    const { queue } = application
    queue.count(ENDED[how])
    queue.assigned--
    application.current = undefined
    this.applications.delete(application.key)
    this.queues.left(queue)
    this.sharesChanged()
  }

  /** Of the attempt that is served. */
  applicationOf(c: RMContainer): FairApplication | undefined {
    const attempt = c.attempt.application.current
    const queue = attempt?.queue as FairQueue | undefined
    return attempt && (queue!.applications.get(attempt) ?? queue!.waiting.get(attempt))
  }

  protected attemptAdded(attempt: SchedulerAttempt, queue: FairQueue): void {
    // What was below its share when nothing ran was not starved.
    if (this.applications.size === 1) this.#update()
    queue.count('appsPending')
    this.#enter(new FairApplication(attempt, this.host.now, this), queue)
  }

  #enter(app: FairApplication, queue: FairQueue): void {
    const refusal = this.#running.refusal(app.attempt, queue)
    if (refusal === undefined) this.#running.run(app, queue)
    else {
      this.#running.wait(app, queue)
      this.noteWait(app.attempt, refusal)
    }
    this.sharesChanged()
  }

  #startWaiting(): void {
    const waiting = this.root.leaves().flatMap((q) => [...q.waiting.values()])
    for (const app of waiting.sort((a, b) => a.startTime - b.startTime)) {
      const refusal = this.#running.refusal(app.attempt, app.queue)
      if (refusal === undefined) this.#running.run(app, app.queue)
      else this.noteWait(app.attempt, refusal)
    }
  }

  protected attemptRemoved(attempt: SchedulerAttempt, queue: FairQueue): void {
    queue.count(attempt.running ? 'appsRunning' : 'appsPending', -1)
    this.#leave(attempt, queue)
    this.#startWaiting()
    this.sharesChanged()
  }

  #leave(attempt: SchedulerAttempt, queue: FairQueue): FairApplication | undefined {
    const app = this.#running.leave(attempt, queue)
    if (app?.amRunning && attempt.runnable) queue.amUsed = subtract(queue.amUsed, attempt.amResource)
    return app
  }

  /** @throws YarnException when the queue is no leaf, or more would run or be used in it than may */
  move(id: ApplicationId, target: string): string {
    const application = this.applicationOrThrow(id)
    const dest = this.queues.find(target)
    if (!dest?.isLeaf) throw exception('YarnException', `Target queue ${target} not found or is not a leaf queue.`)
    const source = application.queue
    if (dest === source) return dest.path
    const attempt = application.current
    if (attempt?.stopped) throw exception('YarnException', `Application ${formatApplicationId(id)} is stopped and can't be moved!`)
    if (attempt) {
      if (attempt.runnable) checkMove(attempt, source, dest)
      const app = this.#leave(attempt, source)
      moveBooks(attempt, source, dest)
      application.queue = dest
      if (app) {
        this.#enter(app, dest)
        if (app.amRunning && attempt.runnable) dest.amUsed = add(dest.amUsed, attempt.amResource)
      }
    }
    application.queue = dest
    source.assigned--
    dest.assigned++
    this.queues.left(source)
    this.#startWaiting()
    this.sharesChanged()
    return dest.path
  }

  override checkPriorityChange(): void {
    throw exception('YarnException', 'Update application priority is not supported in Fair Scheduler')
  }

  setPriority(): void {}

  priorityFor(): number {
    return 0
  }

  allocateOn(): boolean {
    throw exception('UnsupportedOperationException', `ResourceScheduler#attemptAllocationOnNode not supported for ${this.constructor.name}`)
  }

  lifetimeFor(_queue: string, seconds: number): number {
    return seconds
  }

  // ── shares ──

  protected clusterChanged(): void {
    this.sharesChanged()
  }

  protected demandUpdated(): void {
    this.demandChanged()
  }

  /** Shares follow from weights; demand makes these only where applications weigh by their size. */
  demandChanged(): void {
    if (this.options.sizeBasedWeight) this.sharesChanged()
  }

  sharesChanged(): void {
    this.#sharesStale = true
    this.changed()
  }

  updateShares(): void {
    if (!this.#sharesStale) return
    this.#sharesStale = false
    this.root.fairShare = this.cluster.total
    const update = (queue: FairQueue) => {
      computeShares(queue.isLeaf ? [...queue.applications.values()] : queue.children, queue.fairShare, queue.spec.policy, this.resourceTypes)
      for (const child of queue.children) update(child)
    }
    update(this.root)
  }

  #update(): void {
    this.#lastUpdate = this.host.now
    this.updateShares()
    if (!this.options.preemption) return
    this.preemption.update(this.host.now)
    // Who is starved may reserve nodes.
    this.changed()
  }

  override nextTimer(): number | undefined {
    const update = this.options.preemption && this.applications.size > 0 ? this.#lastUpdate + this.options.updateInterval : undefined
    const all = [update, this.#continuous.next(), this.preemption.nextTimer(), this.queues.nextTimer()].filter((t) => t !== undefined)
    return all.length === 0 ? undefined : Math.min(...all)
  }

  override tick(): void {
    this.#update()
    this.queues.tick(this.host.now)
    this.#continuous.tick()
  }

  protected headroom(attempt: SchedulerAttempt): Resource {
    this.updateShares()
    const queue = attempt.queue as FairQueue
    let { free } = this
    if (attempt.blacklist.size > 0) {
      for (const node of this.cluster.nodes.values()) if (attempt.isBlacklisted(node)) free = subtractNonNegative(free, node.available)
    }
    const most = componentwiseMin(free, subtract(queue.maxShare, queue.usage))
    const left = subtractNonNegative(queue.fairShare, queue.usage)
    return queue.spec.policy === 'drf' ? componentwiseMin(left, most) : { ...most, memory: Math.min(left.memory, most.memory) }
  }

  // ── offers ──

  protected offer(node: SchedulerNode): void {
    this.#futile?.settle()
    this.#futile = undefined
    this.updateShares()
    const { changes, looks } = this
    const special = node.reserved !== undefined || this.preemption.keepsAnything(node)
    looks.begin()
    assignNode(this, node)
    this.cluster.updateRoom(node)
    if (this.#watched && !special && !looks.nodeMattered && !node.reserved && changes === this.changes) this.#futile = new Futility(changes, looks)
  }

  override offerMatters(node: SchedulerNode): boolean {
    this.#watched = true
    if (!node.usable) return false
    if (this.preemption.keepsAnything(node)) return true
    if (node.reserved) return !stillWaits(this, node.reserved, node)
    return this.#futile?.changes !== this.changes || !this.#futile.covers(node)
  }

  override changed(): void {
    this.#futile?.settle()
    super.changed()
    if (this.options.continuous !== undefined) this.#continuous.changed()
  }

  noteWait(attempt: SchedulerAttempt, message: string): void {
    this.note(attempt, { state: 'INACTIVATED', message })
  }

  #startRunning(attempt: SchedulerAttempt, queue: FairQueue): void {
    if (attempt.running) return
    attempt.running = true
    queue.count('appsPending', -1)
    queue.count('appsRunning')
  }

  /** The first container of an attempt is its application master's. */
  #startMaster(app: FairApplication | undefined, resource: Resource): void {
    if (!app || app.amRunning || app.attempt.application.unmanagedAM) return
    app.amRunning = true
    app.attempt.amResource = resource
    app.queue.amUsed = add(app.queue.amUsed, resource)
  }

  /** A reservation is fulfilled as it was made, whatever is asked for now. */
  allocate(app: FairApplication, ask: Ask, node: SchedulerNode, locality: Locality, capability: Resource, reserved: RMContainer | undefined): void {
    const { attempt, queue } = app
    const size = reserved?.resource ?? capability
    if (reserved) this.#unbook(reserved, attempt)
    this.#startRunning(attempt, queue)
    this.#startMaster(app, capability)
    const c = this.newContainer(attempt, node, ask, size, locality, reserved?.id)
    if (ask.grows) this.growthAllocated(c, attempt)
    this.preemption.allocated(node, app, size)
    queue.charge(size, 1)
    queue.count('allocated')
    queue.count(LOCALITY[locality])
    this.cluster.updateRoom(node)
  }

  // ── reservations ──

  reserve(app: FairApplication, ask: Ask, node: SchedulerNode, capability: Resource): void {
    const { attempt, queue } = app
    if (node.reserved) {
      ask.reReservations++
      node.reserved.handle({ type: 'RESERVED' })
      return
    }
    const c = new RMContainer(attempt, node, capability, ask, this.host.now, ask.partition)
    c.id = attempt.nextContainerId()
    c.handle({ type: 'RESERVED' })
    ask.reReservations = 0
    ask.reserved.set(node.key, c)
    this.changed()
    node.reserved = c
    attempt.usage.inc('reserved', node.partition, c.resource)
    queue.reserve(c.resource, 1)
  }

  unreserve(c: RMContainer, attempt: SchedulerAttempt): void {
    if (this.#unbook(c, attempt)) c.handle({ type: 'RELEASED', status: aborted(UNRESERVED_CONTAINER) })
  }

  #unbook(c: RMContainer, attempt: SchedulerAttempt): boolean {
    const { ask, node } = c
    if (ask.reserved.get(node.key) !== c) return false
    ask.reserved.delete(node.key)
    ask.reReservations = 0
    this.changed()
    node.reserved = undefined
    attempt.usage.dec('reserved', node.partition, c.resource)
    ;(attempt.queue as FairQueue).reserve(subtract(NONE, c.resource), -1)
    return true
  }

  /** Takes a container from its application for another. */
  preempt(c: RMContainer): void {
    if (!c.ended) this.complete(c, preempted(), 'KILL')
  }

  // ── books ──

  protected containerEnded(c: RMContainer, attempt: SchedulerAttempt, node: SchedulerNode, status: FinishedStatus, event: ContainerEventType): void {
    if (c.state === 'RESERVED') {
      this.#unbook(c, attempt)
      return
    }
    if (!this.takeOffAttempt(c, attempt, node.partition)) return
    c.handle({ type: event, status })
    node.release(c, false)
    const queue = attempt.queue as FairQueue
    queue.count('released')
    if (status.exitStatus === preempted().exitStatus) queue.count('preempted')
    queue.charge(subtract(NONE, c.resource), -1)
    this.demandChanged()
  }

  protected containerRecovered(c: RMContainer, attempt: SchedulerAttempt): void {
    const queue = attempt.queue as FairQueue
    this.#startRunning(attempt, queue)
    queue.charge(c.resource, 1)
    this.#startMaster(queue.applications.get(attempt), c.resource)
    this.demandChanged()
  }

  override removeNode(key: string): void {
    const node = this.cluster.nodes.get(key)
    super.removeNode(key)
    if (node) this.preemption.nodeRemoved(node)
  }

  protected growthMerged(attempt: SchedulerAttempt): void {
    ;(attempt.queue as FairQueue).charge(NONE, -1)
  }

  protected containerResized(_c: RMContainer, attempt: SchedulerAttempt, by: Resource): void {
    ;(attempt.queue as FairQueue).charge(by, 0)
    this.demandChanged()
  }

  protected partitionChanged(c: RMContainer, attempt: SchedulerAttempt, from: string, to: string): void {
    attempt.usage.dec('used', from, c.resource)
    attempt.usage.inc('used', to, c.resource)
  }

  // ── reports and checks ──

  guaranteed(attempt: SchedulerAttempt): Resource {
    this.updateShares()
    return (attempt.queue as FairQueue).fairShare
  }

  protected get whole(): Usage {
    return this.root.books
  }

  rootReport(): QueueReport {
    this.updateShares()
    return fairQueueReport(this, this.root)
  }

  queueReport(name: string): QueueReport | undefined {
    this.updateShares()
    const queue = this.queues.find(name)
    return queue && fairQueueReport(this, queue)
  }

  override checkInvariants(): string[] {
    return [...super.checkInvariants(), ...queueInvariants(this.queues.all(), this.applications)]
  }
}
