/** What is booked when a container is allocated, reserved, resized or ended: on attempt, node, user and every queue up to the root. */
import { NONE, type Resource, subtract } from '../../../common/records/index.js'
import type { AMState, SchedulerAttempt } from '../attempt.js'
import { type ContainerEventType, type FinishedStatus, RMContainer } from '../container.js'
import { LOCALITY } from '../counters.js'
import type { SchedulerNode } from '../node.js'
import type { HealthReport } from '../reports.js'
import { aborted, SchedulerBase, UNRESERVED_CONTAINER } from '../scheduler.js'
import type { Assignment } from './allocator.js'
import { Health } from './health.js'
import { queueInvariants } from './invariants.js'
import type { LeafQueue } from './leaf.js'
import type { ParentQueue } from './parent.js'
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
      if (!rc.fitsIn(a.asked, node.available)) return false
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
    this.#health.allocated(c)
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
    this.changed()
    const c = new RMContainer(attempt, node, a.resource, ask, this.host.now, ask.partition)
    c.assignId(attempt.nextContainerId())
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

  giveUpReservation(c: RMContainer): void {
    this.complete(c, aborted(UNRESERVED_CONTAINER), 'RELEASED')
    c.handle({ type: 'RELEASED' })
  }

  protected containerEnded(c: RMContainer, attempt: SchedulerAttempt, node: SchedulerNode, status: FinishedStatus, event: ContainerEventType): void {
    const leaf = attempt.queue as LeafQueue
    this.#health.ended(c, status.exitStatus === PREEMPTED)
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
