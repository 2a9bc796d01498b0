/** The fair scheduler: queues and applications get equal shares by weight, the one furthest below its share first (FairScheduler). */
import { exception, firstLine, isException } from '../../../common/errors.js'
import {
  type ApplicationId,
  add,
  componentwiseMin,
  fitsIn,
  formatApplicationId,
  isNone,
  multiplyDown,
  NONE,
  type Resource,
  subtract,
} from '../../../common/records/index.js'
import type { Ask, Locality } from '../asks.js'
import { SchedulerApplication, type SchedulerAttempt, type SchedulerHost } from '../attempt.js'
import type { ContainerEventType, FinishedStatus, RMContainer } from '../container.js'
import { ENDED, LOCALITY } from '../counters.js'
import type { SchedulerNode } from '../node.js'
import type { Placement, PlacementRequest } from '../placement.js'
import type { QueueReport } from '../reports.js'
import { applicationKey, type QueueInfo, SchedulerBase, type SchedulerSettings, type SchedulerSubmission } from '../scheduler.js'
import { type Allocations, type FairQueueSpec, parseAllocations } from './allocations.js'
import { placeFairly, rulesOf } from './placement.js'
import { FairApplication, FairQueue } from './queues.js'
import { fairQueueReport } from './report.js'
import { computeShares, orderOf } from './shares.js'

interface Options {
  readonly assignMultiple: boolean
  /** -1: as many as fit, within half of the node when dynamic. */
  readonly maxAssign: number
  readonly dynamicMaxAssign: boolean
  /** Fractions of the nodes that may be missed before the next wider place; negative: none need be. */
  readonly nodeThreshold: number
  readonly rackThreshold: number
  readonly increment: Resource
  readonly userAsDefaultQueue: boolean
  readonly allowUndeclaredPools: boolean
}

function readOptions(properties: Readonly<Record<string, string>>): Options {
  const flag = (name: string, fallback: boolean) => {
    const text = properties[name]?.trim().toLowerCase()
    return text === 'true' ? true : text === 'false' ? false : fallback
  }
  const number = (name: string, fallback: number) => Number(properties[name] ?? fallback)
  const fair = 'yarn.scheduler.fair.'
  return {
    assignMultiple: flag(`${fair}assignmultiple`, false),
    maxAssign: number(`${fair}max.assign`, -1),
    dynamicMaxAssign: flag(`${fair}dynamic.max.assign`, true),
    nodeThreshold: number(`${fair}locality.threshold.node`, -1),
    rackThreshold: number(`${fair}locality.threshold.rack`, -1),
    increment: {
      memory: number('yarn.resource-types.memory-mb.increment-allocation', number('yarn.scheduler.increment-allocation-mb', 1024)),
      vcores: number('yarn.resource-types.vcores.increment-allocation', number('yarn.scheduler.increment-allocation-vcores', 1)),
    },
    userAsDefaultQueue: flag(`${fair}user-as-default-queue`, true),
    allowUndeclaredPools: flag(`${fair}allow-undeclared-pools`, true),
  }
}

export class FairScheduler extends SchedulerBase<FairQueue> {
  readonly root: FairQueue
  #allocations: Allocations
  #options: Options
  #queues = new Map<string, FairQueue>()
  readonly #runningByUser = new Map<string, number>()
  #sharesStale = true

  /** @throws IOException naming line and property of a bad allocation file */
  constructor(settings: SchedulerSettings, host: SchedulerHost, properties: Readonly<Record<string, string>>, allocations: string | undefined) {
    super(settings, host)
    this.#options = readOptions(properties)
    this.#allocations = parseAllocations(allocations)
    this.root = new FairQueue(this, this.#allocations.root, undefined, true)
    this.#queues.set('root', this.root)
    this.#configure(this.#allocations.root)
    this.#queueFor('root.default')
  }

  // ── queues ──

  #configure(spec: FairQueueSpec): void {
    const queue = this.#queues.get(spec.path)
    if (queue) queue.spec = spec
    else this.#add(spec, true)
    for (const child of spec.children) this.#configure(child)
  }

  #add(spec: FairQueueSpec, configured: boolean): FairQueue {
    const parent = this.#queues.get(spec.path.slice(0, spec.path.lastIndexOf('.')))!
    const queue = new FairQueue(this, spec, parent, configured)
    parent.children.push(queue)
    this.#queues.set(spec.path, queue)
    return queue
  }

  /** The leaf queue of the path, made with all above it when it is missing; undefined when something on the way is no such queue. */
  #queueFor(path: string): FairQueue | undefined {
    const known = this.#queues.get(path)
    if (known) return known.isLeaf ? known : undefined
    const parts = path.split('.')
    for (let depth = 2; depth <= parts.length; depth++) {
      const at = parts.slice(0, depth).join('.')
      const leaf = depth === parts.length
      const there = this.#queues.get(at)
      if (there && !leaf && there.isLeaf && (there.configured || there.assigned > 0)) return undefined
      if (there && !leaf) there.spec = { ...there.spec, parent: true }
      if (!there) this.#add({ ...this.#allocations.queueDefaults, name: parts[depth - 1]!, path: at, parent: !leaf, children: [] }, false)
    }
    return this.#queues.get(path)
  }

  #find(name: string): FairQueue | undefined {
    return this.#queues.get(name) ?? this.#queues.get(`root.${name}`)
  }

  /** A queue made on the way goes with its last application. */
  #dropEmpty(queue: FairQueue): void {
    for (
      let q: FairQueue | undefined = queue;
      q?.parent && !q.configured && q.assigned === 0 && q.children.length === 0 && q.path !== 'root.default';
      q = q.parent
    ) {
      q.parent.children.splice(q.parent.children.indexOf(q), 1)
      this.#queues.delete(q.path)
    }
  }

  refresh(properties: Readonly<Record<string, string>>, allocations: string | undefined): void {
    try {
      const parsed = parseAllocations(allocations)
      this.#allocations = parsed
      this.#options = readOptions(properties)
    } catch (e) {
      if (!isException(e)) throw e
      throw exception('IOException', `Failed to reload allocations file: ${firstLine(e)}`)
    }
    this.#configure(this.#allocations.root)
    this.sharesChanged()
    this.#startWaiting()
  }

  place(request: PlacementRequest): Placement | undefined {
    return placeFairly(rulesOf(this.#allocations, this.#options), request, (path) => this.#queues.has(path))
  }

  queueInfo(name: string): QueueInfo | undefined {
    const queue = this.#find(name)
    return queue && { name: queue.path, path: queue.path, state: 'RUNNING', accessibleLabels: new Set(), defaultLabel: undefined }
  }

  mayAccess(name: string, user: string, groups: readonly string[], access: 'SUBMIT_APPLICATIONS' | 'ADMINISTER_QUEUE'): boolean {
    return this.#find(name)?.mayAccess(user, groups, access) ?? false
  }

  maximumAllocation(queue?: string): Resource {
    const { maximumAllocation: most } = this.settings
    const own = queue === undefined ? undefined : this.#find(queue)?.spec.maxContainer
    const largest = this.cluster.largest()
    let limit = largest ? { ...most, memory: Math.min(most.memory, largest.memory), vcores: Math.min(most.vcores, largest.vcores) } : most
    if (own) limit = componentwiseMin(limit, own)
    return limit
  }

  override normalized(r: Resource, maximum: Resource): Resource {
    return this.settings.calculator.normalize(r, this.settings.minimumAllocation, maximum, this.#options.increment)
  }

  // ── applications ──

  submit(submission: SchedulerSubmission, recovering: boolean): string | undefined {
    const { id, user, groups } = submission
    const application = formatApplicationId(id)
    if (!recovering && submission.placedUnder === undefined)
      return `Reject application ${application} submitted by user ${user} application rejected by placement rules.`
    const queue = this.#queueFor(submission.queue) ?? (recovering ? this.#queueFor('root.recovery') : undefined)
    if (!queue) return `${submission.queue} is not a leaf queue`
    if (!recovering && !queue.mayAccess(user, groups, 'SUBMIT_APPLICATIONS') && !queue.mayAccess(user, groups, 'ADMINISTER_QUEUE')) {
      return `User ${user} does not have permission to submit ${application} to queue ${submission.queue}`
    }
    queue.assigned++
    queue.count('appsSubmitted')
    this.applications.set(
      applicationKey(id),
      new SchedulerApplication(id, user, queue, submission.priority, submission.unmanagedAM, submission.keepContainers, submission.label, submission.tags),
    )
    return undefined
  }

  finishApplication(id: ApplicationId, how: keyof typeof ENDED): void {
    const application = this.application(id)
    if (!application) return
    const { queue } = application
    queue.count(ENDED[how])
    queue.assigned--
    application.current = undefined
    this.applications.delete(application.key)
    this.#dropEmpty(queue)
    this.sharesChanged()
  }

  protected attemptAdded(attempt: SchedulerAttempt, queue: FairQueue): void {
    queue.count('appsPending')
    this.#enter(new FairApplication(attempt, this.host.now, this), queue)
  }

  #enter(app: FairApplication, queue: FairQueue): void {
    const { attempt } = app
    attempt.runnable = this.#mayRun(attempt, queue)
    if (attempt.runnable) this.#run(app, queue)
    else queue.waiting.set(attempt, app)
    this.sharesChanged()
  }

  #run(app: FairApplication, queue: FairQueue): void {
    const { attempt } = app
    attempt.runnable = true
    queue.applications.set(attempt, app)
    this.#runningByUser.set(attempt.user, (this.#runningByUser.get(attempt.user) ?? 0) + 1)
  }

  #mayRun(attempt: SchedulerAttempt, queue: FairQueue): boolean {
    const { userMaxApps, userMaxAppsDefault } = this.#allocations
    if ((this.#runningByUser.get(attempt.user) ?? 0) >= (userMaxApps.get(attempt.user) ?? userMaxAppsDefault)) return false
    for (let q: FairQueue | undefined = queue; q; q = q.parent) if (q.runnable >= q.spec.maxRunningApps) return false
    return true
  }

  #startWaiting(): void {
    const waiting = this.root.leaves().flatMap((q) => [...q.waiting.values()].map((app) => ({ app, q })))
    waiting.sort((a, b) => a.app.startTime - b.app.startTime || (a.app.sortName < b.app.sortName ? -1 : 1))
    for (const { app, q } of waiting) {
      if (!this.#mayRun(app.attempt, q)) continue
      q.waiting.delete(app.attempt)
      this.#run(app, q)
    }
  }

  protected attemptRemoved(attempt: SchedulerAttempt, queue: FairQueue): void {
    queue.count(attempt.running ? 'appsRunning' : 'appsPending', -1)
    this.#leave(attempt, queue)
    this.#startWaiting()
    this.sharesChanged()
  }

  #leave(attempt: SchedulerAttempt, queue: FairQueue): FairApplication | undefined {
    const app = queue.applications.get(attempt) ?? queue.waiting.get(attempt)
    if (queue.applications.delete(attempt)) {
      const left = (this.#runningByUser.get(attempt.user) ?? 1) - 1
      if (left === 0) this.#runningByUser.delete(attempt.user)
      else this.#runningByUser.set(attempt.user, left)
      if (app?.amRunning) queue.amUsed = subtract(queue.amUsed, attempt.amResource)
    }
    queue.waiting.delete(attempt)
    return app
  }

  /** @throws YarnException when the queue is no leaf, or more would run or be used in it than may */
  move(id: ApplicationId, target: string): string {
    const application = this.applicationOrThrow(id)
    const path = target.startsWith('root') ? target : `root.${target}`
    const dest = this.#queues.get(path)
    if (!dest?.isLeaf) throw exception('YarnException', `Target queue ${path} not found or is not a leaf queue.`)
    const source = application.queue
    if (dest === source) return dest.path
    const attempt = application.current
    if (attempt) {
      const used = attempt.usage.total('used')
      for (let q: FairQueue | undefined = dest; q && !isAncestor(q, source); q = q.parent) {
        if (!fitsIn(add(q.usage, used), q.maxShare)) {
          throw exception(
            'YarnException',
            `Moving app attempt ${attempt.prefix} to queue ${q.path} would violate queue maxShare constraints: max share exceeded`,
          )
        }
        if (attempt.runnable && q.runnable + 1 > q.spec.maxRunningApps) {
          throw exception(
            'YarnException',
            `Moving app attempt ${attempt.prefix} to queue ${q.path} would violate queue maxRunningApps constraints: max running apps ${q.spec.maxRunningApps}`,
          )
        }
      }
      const app = this.#leave(attempt, source)
      const containers = attempt.live.size
      source.charge(subtract(NONE, used), -containers)
      dest.charge(used, containers)
      for (const partition of attempt.usage.partitions()) {
        const pending = attempt.usage.of(partition).pending
        const count = attempt.asks.active.filter((a) => a.partition === partition).reduce((n, a) => n + a.count, 0)
        source.pendingChanged(attempt, partition, subtract(NONE, pending), -count)
        dest.pendingChanged(attempt, partition, pending, count)
      }
      const counter = attempt.running ? 'appsRunning' : 'appsPending'
      source.count(counter, -1)
      dest.count(counter)
      application.queue = dest
      if (app && !attempt.stopped) {
        this.#enter(app, dest)
        if (app.amRunning && attempt.runnable) dest.amUsed = add(dest.amUsed, attempt.amResource)
      }
    }
    application.queue = dest
    source.assigned--
    dest.assigned++
    this.#dropEmpty(source)
    this.#startWaiting()
    this.sharesChanged()
    return dest.path
  }

  setPriority(id: ApplicationId, priority: number): void {
    const application = this.application(id)
    if (application) application.priority = priority
  }

  priorityFor(requested: number | undefined, _queue: string, maximum: number): number {
    return Math.min(requested ?? 0, maximum)
  }

  lifetimeFor(_queue: string, seconds: number): number {
    return seconds
  }

  // ── shares ──

  protected clusterChanged(): void {
    this.sharesChanged()
  }

  protected demandUpdated(): void {
    this.sharesChanged()
  }

  sharesChanged(): void {
    this.#sharesStale = true
  }

  updateShares(): void {
    if (!this.#sharesStale) return
    this.#sharesStale = false
    this.root.fairShare = this.cluster.total
    const update = (queue: FairQueue) => {
      computeShares(queue.isLeaf ? [...queue.applications.values()] : queue.children, queue.fairShare, queue.spec.policy)
      for (const child of queue.children) update(child)
    }
    update(this.root)
  }

  free(): Resource {
    return subtract(this.cluster.total, this.root.usage)
  }

  protected headroom(attempt: SchedulerAttempt): Resource {
    this.updateShares()
    const queue = attempt.queue as FairQueue
    const most = componentwiseMin(this.free(), subtract(queue.maxShare, queue.usage))
    if (queue.spec.policy === 'fifo') return most
    const left = subtract(queue.fairShare, queue.usage)
    const memory = Math.min(Math.max(left.memory, 0), most.memory)
    return { memory, vcores: queue.spec.policy === 'fair' ? most.vcores : Math.min(Math.max(left.vcores, 0), most.vcores) }
  }

  // ── offers ──

  protected offer(node: SchedulerNode): void {
    this.updateShares()
    const { assignMultiple, maxAssign, dynamicMaxAssign } = this.#options
    const half = multiplyDown(node.available, 0.5)
    let assigned = NONE
    for (let n = 1; ; n++) {
      const given = this.#assign(this.root, node)
      if (!given) return
      assigned = add(assigned, given)
      if (!assignMultiple || (dynamicMaxAssign ? !fitsIn(assigned, half) : maxAssign > 0 && n >= maxAssign)) return
    }
  }

  #assign(queue: FairQueue, node: SchedulerNode): Resource | undefined {
    if (!fitsIn(queue.usage, queue.maxShare)) return undefined
    const order = orderOf(queue.spec.policy, () => this.cluster.total)
    if (!queue.isLeaf) {
      for (const child of queue.children.toSorted(order)) {
        const given = this.#assign(child, node)
        if (given) return given
      }
      return undefined
    }
    const wanting = [...queue.applications.values()].filter((a) => !isNone(a.pending)).sort(order)
    for (const app of wanting) {
      if (app.attempt.isBlacklisted(node)) continue
      const given = this.#assignTo(app, queue, node)
      if (given) return given
    }
    return undefined
  }

  #assignTo(app: FairApplication, queue: FairQueue, node: SchedulerNode): Resource | undefined {
    const { attempt } = app
    if (!app.amRunning && !attempt.application.unmanagedAM) {
      const [ask] = attempt.asks.active
      const limit = queue.amLimit()
      if (ask && limit && !fitsIn(add(queue.amUsed, ask.capability), limit)) {
        attempt.skipped = 'Exceeds maximum AM resource allowed. '
        this.note(attempt, { state: 'ACTIVATED', message: '(Resource request exceeds maximum AM resource allowed).' })
        return undefined
      }
    }
    for (const ask of attempt.asks.active) {
      if (!this.#hasContainerFor(attempt, ask, queue, node)) continue
      ask.opportunities++
      const locality = this.#locality(ask, node)
      if (!locality) continue
      if (!fitsIn(ask.capability, node.available)) {
        attempt.skipped = 'Node does not have sufficient resource for request. '
        return undefined
      }
      this.#allocate(app, ask, queue, node, locality)
      return ask.capability
    }
    return undefined
  }

  #hasContainerFor(attempt: SchedulerAttempt, ask: Ask, queue: FairQueue, node: SchedulerNode): boolean {
    if (ask.count <= 0 || (ask.grows && ask.grows.node !== node)) return false
    if (ask.scheduling && !this.satisfiesConstraint(attempt, ask.scheduling, node)) return false
    const atRack = ask.countAt(node.rack) > 0
    if (!ask.any!.relaxLocality && !atRack) return false
    if (atRack && !ask.canDelayTo(node.rack) && ask.countAt(node.name) <= 0) return false
    if (!fitsIn(ask.capability, node.total)) return false
    if (queue.fitsInMaxShare(ask.capability)) return true
    attempt.skipped = 'Exceeds current queue or its parents maximum resource allowed. '
    return false
  }

  /** The nearest place the node is; undefined: better placed nodes are waited for. */
  #locality(ask: Ask, node: SchedulerNode): Locality | undefined {
    const atRack = ask.countAt(node.rack) > 0
    if (atRack && ask.countAt(node.name) > 0) return 'NODE_LOCAL'
    if (!ask.canDelayTo(node.rack)) return undefined
    const { nodeThreshold, rackThreshold } = this.#options
    const missed = ask.opportunities
    const wide = nodeThreshold < 0 || rackThreshold < 0
    const rackAllowed = wide || missed > this.cluster.size * nodeThreshold
    const anyAllowed = wide || missed > this.cluster.size * (nodeThreshold + rackThreshold)
    if (atRack && rackAllowed) return 'RACK_LOCAL'
    if (!ask.any!.relaxLocality) return undefined
    return ask.places.size <= 1 || anyAllowed ? 'OFF_SWITCH' : undefined
  }

  #allocate(app: FairApplication, ask: Ask, queue: FairQueue, node: SchedulerNode, locality: Locality): void {
    const { attempt } = app
    const { capability } = ask
    if (locality !== 'OFF_SWITCH') ask.opportunities = 0
    if (!attempt.running) {
      attempt.running = true
      queue.count('appsPending', -1)
      queue.count('appsRunning')
    }
    if (!app.amRunning && !attempt.application.unmanagedAM) {
      app.amRunning = true
      attempt.amResource = capability
      queue.amUsed = add(queue.amUsed, capability)
    }
    const c = this.newContainer(attempt, node, ask, capability, locality)
    if (ask.grows) this.growthAllocated(c, attempt)
    queue.charge(capability, 1)
    queue.count('allocated')
    queue.count(LOCALITY[locality])
    this.note(attempt, { state: 'ASSIGNED', message: '' })
    this.cluster.updateRoom(node)
  }

  // ── books ──

  protected containerEnded(c: RMContainer, attempt: SchedulerAttempt, node: SchedulerNode, status: FinishedStatus, event: ContainerEventType): void {
    if (!this.takeOffAttempt(c, attempt, node.partition)) return
    c.handle({ type: event, status })
    node.release(c.key, false)
    const queue = attempt.queue as FairQueue
    queue.count('released')
    queue.charge(subtract(NONE, c.resource), -1)
    this.sharesChanged()
  }

  protected containerRecovered(c: RMContainer, attempt: SchedulerAttempt): void {
    const queue = attempt.queue as FairQueue
    if (!attempt.running) {
      attempt.running = true
      queue.count('appsPending', -1)
      queue.count('appsRunning')
    }
    queue.charge(c.resource, 1)
    const app = queue.applications.get(attempt)
    if (app && !app.amRunning && !attempt.application.unmanagedAM) {
      // The first container of an attempt is its application master's.
      app.amRunning = true
      attempt.amResource = c.resource
      queue.amUsed = add(queue.amUsed, c.resource)
    }
    this.sharesChanged()
  }

  protected growthMerged(attempt: SchedulerAttempt): void {
    ;(attempt.queue as FairQueue).charge(NONE, -1)
  }

  protected containerResized(_c: RMContainer, attempt: SchedulerAttempt, by: Resource): void {
    ;(attempt.queue as FairQueue).charge(by, 0)
    this.sharesChanged()
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

  rootReport(): QueueReport {
    this.updateShares()
    return fairQueueReport(this, this.root)
  }

  queueReport(name: string): QueueReport | undefined {
    this.updateShares()
    const queue = this.#find(name)
    return queue && fairQueueReport(this, queue)
  }

  override checkInvariants(): string[] {
    const wrong = super.checkInvariants()
    const same = (a: Resource, b: Resource) => a.memory === b.memory && a.vcores === b.vcores
    for (const queue of this.#queues.values()) {
      let used = NONE
      let pending = NONE
      if (queue.isLeaf) {
        for (const application of this.applications.values()) {
          if (application.queue !== queue || !application.current) continue
          used = add(used, application.current.sumOfLive())
          pending = add(pending, application.current.sumOfAsks())
        }
      } else {
        for (const child of queue.children) {
          used = add(used, child.usage)
          pending = add(pending, child.books.total('pending'))
        }
      }
      if (!same(used, queue.usage)) wrong.push(`queue ${queue.path}: used is not the sum of what is in it`)
      if (!same(pending, queue.books.total('pending'))) wrong.push(`queue ${queue.path}: pending is not the sum of what is in it`)
    }
    return wrong
  }
}

function isAncestor(queue: FairQueue, of: FairQueue): boolean {
  for (let q: FairQueue | undefined = of; q; q = q.parent) if (q === queue) return true
  return false
}
