/**
 * Nodes that are kept for queues of high priority below their share are cleared of containers of queues with lower priority, whether these are beyond
 * their share or not (QueuePriorityContainerCandidateSelector).
 */
import { add, type Resource, NONE, subtract } from '../../../../common/records/index.js'
import type { RMContainer } from '../../container.js'
import type { SchedulerNode } from '../../node.js'
import type { CapacityScheduler } from '../capacity.js'
import type { LeafQueue } from '../leaf.js'
import type { CapacityQueue } from '../queue.js'
import type { Selection } from './selection.js'
import type { PreemptionSettings } from './settings.js'
import type { Share } from './shares.js'

export class ByPriority {
  /** Reservations that have found a better node: once is enough. */
  readonly #moved = new WeakSet<RMContainer>()

  constructor(private readonly scheduler: CapacityScheduler) {}

  /** @param nodes in the scheduler's order. @param leaves leaf queues in every partition */
  select(settings: PreemptionSettings['byPriority'], nodes: readonly SchedulerNode[], leaves: readonly Share[], selection: Selection, now: number): void {
    new Round(this.scheduler, settings, nodes, leaves, selection, this.#moved).run(now)
  }
}

class Round {
  readonly #shares = new Map<string, Share>()
  /** Whether the first of two queues comes before the second, by their paths. */
  readonly #before = new Map<string, boolean>()
  /** What will be taken for a queue in a partition. */
  readonly #taken = new Map<string, Resource>()
  /** Nodes that are being cleared, or have got a reservation. */
  readonly #touched = new Set<SchedulerNode>()

  constructor(
    private readonly scheduler: CapacityScheduler,
    private readonly settings: PreemptionSettings['byPriority'],
    private readonly nodes: readonly SchedulerNode[],
    private readonly leaves: readonly Share[],
    private readonly selection: Selection,
    private readonly moved: WeakSet<RMContainer>,
  ) {
    for (const s of leaves) this.#shares.set(`${s.queue.path} ${s.partition}`, s)
  }

  run(now: number): void {
    const reservations = this.nodes.flatMap((n) => (n.reserved && this.#isAboveAny(n.reserved) ? [n.reserved] : []))
    for (const reservation of reservations.sort(this.#byRank)) {
      if (now - reservation.creationTime < this.settings.delay || this.#isSatisfied(reservation)) continue
      const { node } = reservation
      const chosen = this.#clearing(reservation, node, false)
      if (!chosen) {
        if (this.settings.moveReservations) this.#move(reservation)
        continue
      }
      this.#touched.add(node)
      const key = `${reservation.attempt.queue.path} ${node.partition}`
      this.#taken.set(key, add(this.#taken.get(key) ?? NONE, reservation.resource))
      for (const c of chosen) {
        this.selection.add(c)
        this.selection.allowed = subtract(this.selection.allowed, c.resource)
      }
    }
  }

  readonly #byRank = (a: RMContainer, b: RMContainer): number => {
    if (this.#isBefore(a, b)) return -1
    if (this.#isBefore(b, a)) return 1
    return a.creationTime - b.creationTime
  }

  #isAboveAny(c: RMContainer): boolean {
    return this.leaves.some((s) => this.#isBeforeQueue(c.attempt.queue as LeafQueue, s.queue))
  }

  #isBefore(a: RMContainer, b: RMContainer): boolean {
    return this.#isBeforeQueue(a.attempt.queue as LeafQueue, b.attempt.queue as LeafQueue)
  }

  /** By the priorities of the queues just below the one that both have in common. */
  #isBeforeQueue(a: CapacityQueue, b: CapacityQueue): boolean {
    const key = `${a.path} ${b.path}`
    let before = this.#before.get(key)
    if (before === undefined) {
      const p = pathOf(a)
      const q = pathOf(b)
      const at = p.findIndex((queue, i) => queue !== q[i])
      before = at > 0 && p[at - 1]!.spec.respectPriority && q[at] !== undefined && p[at]!.spec.priority > q[at]!.spec.priority
      this.#before.set(key, before)
    }
    return before
  }

  #isSatisfied(reservation: RMContainer): boolean {
    const key = `${reservation.attempt.queue.path} ${reservation.node.partition}`
    const s = this.#shares.get(key)
    if (!s) return false
    const will = add(subtract(s.used, s.reserved), this.#taken.get(key) ?? NONE)
    return this.scheduler.settings.calculator.compare(this.scheduler.cluster.total, will, s.guaranteed) >= 0
  }

  /** What must go from the node for the reservation; undefined: it can't be had there. */
  #clearing(reservation: RMContainer, node: SchedulerNode, instead: boolean): RMContainer[] | undefined {
    if (this.#touched.has(node) || (instead && node.reserved)) return undefined
    const rc = this.scheduler.settings.calculator
    const chosen: RMContainer[] = []
    let lacking = subtract(reservation.resource, node.available)
    const running = [...node.containers.values()].sort(this.#byRank)
    for (const c of running) if (this.selection.has(c)) lacking = subtract(lacking, c.resource)
    if (rc.fitsIn(lacking, NONE)) return chosen
    let { allowed } = this.selection
    for (const c of running) {
      if (this.selection.has(c) || !this.#isBefore(reservation, c) || c.isAM) continue
      if (rc.compare(this.scheduler.cluster.total, allowed, c.resource) >= 0) {
        allowed = subtract(allowed, c.resource)
        lacking = subtract(lacking, c.resource)
        chosen.push(c)
      }
      if (rc.fitsIn(lacking, NONE)) return chosen
    }
    return undefined
  }

  #move(reservation: RMContainer): void {
    const { ask } = reservation
    if (ask.grows || !(ask.any?.relaxLocality ?? true)) return
    for (const node of this.nodes) {
      if (this.moved.has(reservation)) return
      if (reservation.label !== node.partition || !this.#clearing(reservation, node, true)) continue
      if (!this.scheduler.moveReservation(reservation, node)) continue
      this.moved.add(reservation)
      this.#touched.add(node)
    }
  }
}

function pathOf(queue: CapacityQueue): CapacityQueue[] {
  const path: CapacityQueue[] = []
  for (let q: CapacityQueue | undefined = queue; q; q = q.parent) path.unshift(q)
  return path
}
