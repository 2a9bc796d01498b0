/** What is booked when a container is allocated, reserved, resized or ended: on attempt, node, user and every queue up to the root. */
import { add, NONE, type Resource, subtract } from '../../../common/records/index.js'
import type { AMState, SchedulerAttempt } from '../attempt.js'
import { type ContainerEventType, type FinishedStatus, RMContainer } from '../container.js'
import { Ask } from '../asks.js'
import { LOCALITY } from '../counters.js'
import type { SchedulerNode } from '../node.js'
import type { HealthReport } from '../reports.js'
import type { SchedulingRequest } from '../requests.js'
import { aborted, preempted, SchedulerBase, UNRESERVED_CONTAINER } from '../scheduler.js'
import type { Assignment } from './allocator.js'
import { Health } from './health.js'
import { queueInvariants } from './invariants.js'
import type { LeafQueue } from './leaf.js'
import type { ParentQueue } from './parent.js'
import { isKillable, markKillable, unmarkKillable } from './preemption/killable.js'
import type { CapacityQueue } from './queue.js'
import { waitDetails } from './report.js'

const PREEMPTED = -102

export abstract class CapacityBooks extends SchedulerBase<LeafQueue> {
  abstract readonly root: ParentQueue
  rackLocalityFullReset = true
  readonly #health = new Health()

  /** Checks an assignment against the whole tree and books it; false: it goes beyond a limit and nothing has happened. */
  protected commit(a: Assignment): boolean {
    const { ask, node, attempt } = a
    if (!a.reserve) this.noteWait(attempt, 'ASSIGNED', '')
    if (!a.reservation) {
      if (a.locality === 'NODE_LOCAL' || (a.locality === 'RACK_LOCAL' && this.rackLocalityFullReset)) ask.opportunities = 0
      if (node.partition === '') ask.missedNonPartitioned = 0
    }
    if (!this.#accepts(a)) return false
    const leaf = attempt.queue as LeafQueue
    if (a.unreserve) this.giveUpReservation(a.unreserve)
    if (a.kill) for (const c of a.kill) this.complete(c, preempted(), 'KILL')
    if (a.reserve) this.#reserve(a, leaf)
    else this.#allocate(a, leaf)
    this.cluster.updateRoom(node)
    return true
  }

  #accepts(a: Assignment): boolean {
    const { node, kill } = a
    const rc = this.settings.calculator
    // One that was killed and still runs must be gone first.
    if (kill?.some((c) => c.ended)) return false
    const killed = kill ? kill.reduce((sum, c) => add(sum, c.resource), NONE) : NONE
    if (!a.reserve) {
      if (!a.ask.has(a.locality, node)) return false
      if (!rc.fitsIn(a.asked, kill ? add(node.available, killed) : node.available)) return false
    }
    if (a.reservation) return true
    return this.#withinLimits(a, kill ? add(a.unreserve?.resource ?? NONE, killed) : (a.unreserve?.resource ?? NONE))
  }

  #withinLimits({ attempt, node, mode, resource }: Assignment, released: Resource): boolean {
    const leaf = attempt.queue as LeafQueue
    const user = leaf.users.get(attempt.user)
    const limit = leaf.setHeadroom(attempt, user, node.partition, mode)
    const used = user?.usage.of(node.partition).used
    if (!used || this.settings.calculator.compare(this.cluster.total, subtract(used, released), limit) > 0) return false
    return leaf.accepts(subtract(resource, released), node.partition, mode)
  }

  override allocateOn(attempt: SchedulerAttempt, request: SchedulingRequest, node: SchedulerNode): boolean {
    if (attempt.stopped) return false
    const { resource } = request
    const ask = new Ask('', request.priority, request.allocationRequestId)
    ask.scheduling = request
    const a: Assignment = {
      attempt,
      node,
      ask,
      asked: resource,
      resource,
      locality: 'NODE_LOCAL',
      requestLocality: 'NODE_LOCAL',
      mode: 'RESPECT',
      reserve: false,
      reservation: undefined,
      unreserve: undefined,
      kill: undefined,
    }
    const free = this.cluster.nodes.get(node.key) === node && node.usable && !node.reserved && this.settings.calculator.fitsIn(resource, node.available)
    if (!free || !this.satisfiesConstraint(attempt, request, node) || !this.#withinLimits(a, NONE)) {
      // The id is taken before anything is checked.
      attempt.nextContainerId()
      return false
    }
    this.#allocate(a, attempt.queue as LeafQueue)
    this.cluster.updateRoom(node)
    return true
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

  /** Its time is up: it goes when another takes its place. */
  protected kill(c: RMContainer): void {
    const attempt = c.attempt.application.current
    if (!attempt?.live.has(c) || isKillable(c)) return
    markKillable(c, attempt.queue as LeafQueue)
    this.cluster.updateRoom(c.node)
    this.stir()
  }

  /** It is killable no longer: elsewhere, its time has to be up anew. */
  protected spare(c: RMContainer, leaf: LeafQueue): void {
    unmarkKillable(c, leaf)
    c.node.killable?.delete(c)
    this.cluster.updateRoom(c.node)
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
    this.#health.allocated(c)
    leaf.count(LOCALITY[a.locality])
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
    this.changed()
    const c = new RMContainer(attempt, node, a.resource, ask, this.host.now, ask.partition)
    c.id = attempt.nextContainerId()
    c.handle({ type: 'RESERVED' })
    ask.reReservations = 0
    ask.reserved.set(node.key, c)
    node.reserved = c
    this.#health.reserved(c)
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

  /** To another node of the same partition; false: that is reserved already. */
  moveReservation(c: RMContainer, to: SchedulerNode): boolean {
    const { node: from, ask } = c
    if (from.reserved !== c || to.reserved || from.partition !== to.partition) return false
    from.reserved = undefined
    ask.reserved.delete(from.key)
    c.node = to
    to.reserved = c
    ask.reserved.set(to.key, c)
    c.handle({ type: 'RESERVED' })
    this.stir()
    return true
  }

  giveUpReservation(c: RMContainer): void {
    this.complete(c, aborted(UNRESERVED_CONTAINER), 'RELEASED')
    c.handle({ type: 'RELEASED' })
  }

  protected containerEnded(c: RMContainer, attempt: SchedulerAttempt, node: SchedulerNode, status: FinishedStatus, event: ContainerEventType): void {
    const leaf = attempt.queue as LeafQueue
    this.#health.ended(c, status.exitStatus === PREEMPTED)
    if (leaf.killables) unmarkKillable(c, leaf)
    if (c.state === 'RESERVED') {
      if (!this.#unreserve(c, attempt, leaf)) return
    } else {
      if (!this.takeOffAttempt(c, attempt, node.partition)) return
      c.handle({ type: event, status })
      node.release(c, false)
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
    if (!attempt.live.has(c)) return
    const leaf = attempt.queue as LeafQueue
    if (isKillable(c)) this.spare(c, leaf)
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

  // ── what was done last ──

  override health(): HealthReport {
    return this.#health.report()
  }

  protected override heard(): void {
    this.#health.begin(this.host.now)
  }

  protected override reportedEnd(c: RMContainer): void {
    this.#health.reportedEnd(c)
  }

  // ── checks ──

  override checkInvariants(): string[] {
    return [...super.checkInvariants(), ...queueInvariants(this.root, this.applications)]
  }
}
