/** The FIFO scheduler: one queue, applications in the order they came, as many containers on a node as fit (FifoScheduler). */
import { exception } from '../../common/errors.js'
import { type ApplicationId, compareApplicationIds, NONE, type Resource, subtract } from '../../common/records/index.js'
import type { Ask, Locality } from './asks.js'
import { type AttemptQueue, SchedulerApplication, type SchedulerAttempt } from './attempt.js'
import type { ContainerEventType, FinishedStatus, RMContainer } from './container.js'
import { ENDED, LOCALITY, queueCounters, queueMetrics } from './counters.js'
import type { SchedulerNode } from './node.js'
import type { QueueCapacities, QueueReport } from './reports.js'
import { applicationKey, type QueueInfo, SchedulerBase, type SchedulerSubmission } from './scheduler.js'
import { Usage } from './usage.js'

const NAME = 'default'
const LOCALITIES: readonly Locality[] = ['NODE_LOCAL', 'RACK_LOCAL', 'OFF_SWITCH']

class FifoQueue implements AttemptQueue {
  readonly path = NAME
  readonly usage = new Usage()
  readonly counters = queueCounters()
  containers = 0

  pendingChanged(_attempt: SchedulerAttempt, partition: string, by: Resource, containers: number): void {
    this.usage.inc('pending', partition, by)
    this.counters.pendingContainers += containers
  }

  attemptWantsMore(): void {}

  attemptWantsNothing(): void {}
}

export class FifoScheduler extends SchedulerBase<FifoQueue> {
  readonly #queue = new FifoQueue()
  /** In order of submission. */
  #order: SchedulerApplication<FifoQueue>[] = []
  /** Offers of nodes until now. */
  #offers = 0
  #headroom: Resource = NONE
  /** Of all that is wanted, at that count of changes. */
  #leastMemory = { changes: -1, memory: 0 }

  submit(submission: SchedulerSubmission): string | undefined {
    const application = new SchedulerApplication(
      submission.id,
      submission.user,
      this.#queue,
      submission.priority,
      submission.unmanagedAM,
      submission.keepContainers,
      submission.label,
      submission.tags,
    )
    this.applications.set(application.key, application)
    this.#order.push(application)
    this.#order.sort((a, b) => compareApplicationIds(a.id, b.id))
    this.#queue.counters.appsSubmitted++
    return undefined
  }

  finishApplication(id: ApplicationId, how: keyof typeof ENDED): void {
    const application = this.application(id)
    if (!application) return
    this.#queue.counters[ENDED[how]]++
    application.current = undefined
    this.applications.delete(applicationKey(id))
    this.#order = this.#order.filter((a) => a !== application)
  }

  protected attemptAdded(attempt: SchedulerAttempt): void {
    this.#queue.counters.appsPending++
    attempt.headroomBasis = this.#offers
  }

  protected attemptRemoved(attempt: SchedulerAttempt): void {
    this.#queue.counters[attempt.running ? 'appsRunning' : 'appsPending']--
  }

  protected clusterChanged(): void {}

  protected demandUpdated(): void {}

  // ── offers ──

  protected get whole(): Usage {
    return this.#queue.usage
  }

  #hasRoom(node: SchedulerNode): boolean {
    const { calculator, minimumAllocation } = this.settings
    return calculator.compare(this.cluster.total, node.available, minimumAllocation) >= 0
  }

  protected offer(node: SchedulerNode): void {
    if (!this.#hasRoom(node)) return
    for (const { current: attempt } of this.#order) {
      if (!attempt || attempt.stopped || attempt.isBlacklisted(node)) continue
      for (const ask of [...attempt.asks.active]) {
        if (ask.grows && ask.grows.node !== node) continue
        if (ask.scheduling && !this.satisfiesConstraint(attempt, ask.scheduling, node)) continue
        let assigned = 0
        for (const locality of LOCALITIES) assigned += this.#assign(attempt, ask, node, locality)
        // What is less important must not pass what can't be placed here.
        if (assigned === 0) break
      }
      if (!this.#hasRoom(node)) break
    }
    this.cluster.updateRoom(node)
    this.#offered()
  }

  /** What an offer leaves behind whatever comes of it. */
  #offered(): void {
    this.#offers++
    this.#headroom = this.#free()
  }

  override offerMatters(node: SchedulerNode): boolean {
    if (!node.usable || !this.#hasRoom(node)) return false
    if (this.#leastWanted() <= node.available.memory && this.#wouldAssign(node)) return true
    this.#offered()
    return false
  }

  #leastWanted(): number {
    if (this.#leastMemory.changes !== this.changes) {
      const wanted = this.#order.flatMap(({ current }) => (current?.asks.active ?? []).map((ask) => ask.capability.memory))
      this.#leastMemory = { changes: this.changes, memory: wanted.reduce((least, m) => Math.min(least, m), Number.POSITIVE_INFINITY) }
    }
    return this.#leastMemory.memory
  }

  /** Whether an offer would come to anything: as `offer` goes about it. */
  #wouldAssign(node: SchedulerNode): boolean {
    for (const { current: attempt } of this.#order) {
      if (!attempt || attempt.stopped || attempt.isBlacklisted(node)) continue
      const first = attempt.asks.active.find(
        (ask) => (!ask.grows || ask.grows.node === node) && (!ask.scheduling || this.satisfiesConstraint(attempt, ask.scheduling, node)),
      )
      if (first && first.capability.memory <= node.available.memory) return true
    }
    return false
  }

  #free(): Resource {
    return subtract(this.cluster.total, this.#queue.usage.of('').used)
  }

  #assign(attempt: SchedulerAttempt, ask: Ask, node: SchedulerNode, locality: Locality): number {
    const wanted =
      locality === 'NODE_LOCAL' ? Math.min(ask.countAt(node.name), ask.countAt(node.rack)) : locality === 'RACK_LOCAL' ? ask.countAt(node.rack) : ask.count
    let assigned = 0
    while (assigned < wanted && ask.has(locality, node)) {
      const { capability } = ask
      if (capability.memory > node.available.memory) break
      if (ask.scheduling && !this.satisfiesConstraint(attempt, ask.scheduling, node)) break
      this.#allocate(attempt, ask, node, locality)
      assigned++
    }
    return assigned
  }

  #allocate(attempt: SchedulerAttempt, ask: Ask, node: SchedulerNode, locality: Locality): void {
    this.#startRunning(attempt)
    const c = this.newContainer(attempt, node, ask, ask.capability, locality)
    if (ask.grows) this.growthAllocated(c, attempt)
    this.#charge(c.resource, 1)
    this.#queue.counters.allocated++
    this.#queue.counters[LOCALITY[locality]]++
    this.note(attempt, { state: 'ASSIGNED', message: '' })
  }

  #startRunning(attempt: SchedulerAttempt): void {
    if (attempt.running) return
    attempt.running = true
    this.#queue.counters.appsPending--
    this.#queue.counters.appsRunning++
  }

  #charge(by: Resource, containers: number): void {
    this.#queue.usage.inc('used', '', by)
    this.#queue.containers += containers
  }

  // ── books ──

  protected containerEnded(c: RMContainer, attempt: SchedulerAttempt, node: SchedulerNode, status: FinishedStatus, event: ContainerEventType): void {
    if (!this.takeOffAttempt(c, attempt, node.partition)) return
    c.handle({ type: event, status })
    node.release(c, false)
    this.#queue.counters.released++
    this.#queue.usage.dec('used', '', c.resource)
    this.#queue.containers--
  }

  protected containerRecovered(c: RMContainer, attempt: SchedulerAttempt): void {
    this.#startRunning(attempt)
    this.#charge(c.resource, 1)
    attempt.headroomBasis = undefined
    this.#headroom = this.#free()
  }

  protected growthMerged(): void {
    this.#queue.containers--
  }

  protected containerResized(_c: RMContainer, _attempt: SchedulerAttempt, by: Resource): void {
    this.#charge(by, 0)
  }

  protected partitionChanged(c: RMContainer, attempt: SchedulerAttempt, from: string, to: string): void {
    attempt.usage.dec('used', from, c.resource)
    attempt.usage.inc('used', to, c.resource)
  }

  /** What was free after the last offer since the attempt has been there. */
  protected headroom(attempt: SchedulerAttempt): Resource {
    return attempt.headroomBasis === this.#offers ? NONE : this.#headroom
  }

  // ── its one queue ──

  place(): undefined {
    return undefined
  }

  maximumAllocation(): Resource {
    const { maximumAllocation: most } = this.settings
    const largest = this.cluster.largest()
    return largest ? { ...most, memory: Math.min(most.memory, largest.memory), vcores: Math.min(most.vcores, largest.vcores) } : most
  }

  queueInfo(name: string): QueueInfo | undefined {
    return name === NAME || name === `root.${NAME}`
      ? { name: NAME, path: NAME, state: 'RUNNING', accessibleLabels: new Set(), defaultLabel: undefined }
      : undefined
  }

  mayAccess(): boolean {
    return true
  }

  priorityFor(): number {
    return 0
  }

  allocateOn(): boolean {
    throw exception('UnsupportedOperationException', `ResourceScheduler#attemptAllocationOnNode not supported for ${this.constructor.name}`)
  }

  lifetimeFor(_queue: string, seconds: number): number {
    return seconds
  }

  setPriority(id: ApplicationId, priority: number): void {
    const application = this.application(id)
    if (application) application.priority = priority
  }

  move(): string {
    throw exception('YarnException', 'FifoScheduler does not support moving apps between queues')
  }

  refresh(): void {}

  guaranteed(): Resource {
    return this.cluster.total
  }

  rootReport(): QueueReport {
    const { usage, counters } = this.#queue
    const used = usage.of('').used
    const share = this.cluster.total.memory === 0 ? 0 : Math.fround(used.memory / this.cluster.total.memory)
    const capacities: QueueCapacities = {
      capacity: 1,
      maximumCapacity: 1,
      absoluteCapacity: 1,
      absoluteMaximumCapacity: 1,
      usedCapacity: share,
      absoluteUsedCapacity: share,
      maximumAMResourcePercent: 1,
      weight: -1,
      normalizedWeight: 0,
      effectiveMin: this.cluster.total,
      effectiveMax: this.cluster.total,
    }
    const pending = this.#order.filter((a) => a.current && !a.current.running).length
    return {
      name: NAME,
      path: NAME,
      parent: undefined,
      kind: 'leaf',
      state: 'RUNNING',
      submitAcl: '*',
      administerAcl: '*',
      children: [],
      capacities,
      capacitiesByLabel: { '': capacities },
      labels: [],
      defaultNodeLabelExpression: undefined,
      effectiveMin: this.cluster.total,
      effectiveMax: this.cluster.total,
      used,
      reserved: NONE,
      pending: usage.total('pending'),
      amUsed: NONE,
      amLimit: this.cluster.total,
      userAMLimit: this.cluster.total,
      minimumAllocation: this.settings.minimumAllocation,
      maximumAllocation: this.settings.maximumAllocation,
      numApplications: this.#order.length,
      activeApplications: this.#order.length - pending,
      pendingApplications: pending,
      numContainers: this.#queue.containers,
      reservedContainers: 0,
      pendingContainers: counters.pendingContainers,
      maximumApplications: Number.MAX_SAFE_INTEGER,
      maximumApplicationsPerUser: Number.MAX_SAFE_INTEGER,
      userLimit: 100,
      userLimitFactor: 1,
      users: [],
      usages: [],
      applications: this.#order.map((a) => a.id),
      orderingPolicy: 'fifo',
      preemptionDisabled: true,
      intraQueuePreemptionDisabled: true,
      defaultPriority: 0,
      priority: 0,
      maximumLifetimeSeconds: -1,
      defaultLifetimeSeconds: -1,
      autoCreated: false,
      autoCreateChildren: false,
      metrics: queueMetrics(counters),
    }
  }

  queueReport(name: string): QueueReport | undefined {
    return this.queueInfo(name) && this.rootReport()
  }
}
