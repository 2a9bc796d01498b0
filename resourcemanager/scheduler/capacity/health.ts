/** What the scheduler did last (SchedulerHealth): the last container of each kind, and what came of the last heartbeat of a node. */
import { add, NONE, type Resource } from '../../../common/records/index.js'
import type { RMContainer } from '../container.js'
import type { HealthOperation, HealthReport } from '../reports.js'
import type { LeafQueue } from './leaf.js'

export class Health {
  #lastRun = 0
  #allocated: RMContainer | undefined
  #released: RMContainer | undefined
  #preempted: RMContainer | undefined
  #reserved: RMContainer | undefined
  #releases = 0
  #releasedResource: Resource = NONE
  /** Of the last assignment since the heartbeat. */
  #allocation: Resource | undefined
  #reservation: Resource | undefined

  /** A node reports. */
  begin(now: number): void {
    this.#lastRun = now
    this.#releases = 0
    this.#releasedResource = NONE
    this.#allocation = undefined
    this.#reservation = undefined
  }

  /** It has reported the container's end. */
  reportedEnd(c: RMContainer): void {
    this.#releases++
    this.#releasedResource = add(this.#releasedResource, c.resource)
  }

  allocated(c: RMContainer): void {
    this.#allocated = c
    this.#allocation = c.resource
    this.#reservation = undefined
  }

  reserved(c: RMContainer): void {
    this.#reserved = c
    this.#reservation = c.resource
    this.#allocation = undefined
  }

  ended(c: RMContainer, preempted: boolean): void {
    if (preempted) this.#preempted = c
    else this.#released = c
  }

  report(): HealthReport {
    const one = (resource: Resource | undefined) => ({ count: resource ? 1 : 0, resource: resource ?? NONE })
    return {
      lastRun: this.#lastRun,
      allocation: operation(this.#allocated),
      release: operation(this.#released),
      preemption: operation(this.#preempted),
      reservation: operation(this.#reserved),
      releases: { count: this.#releases, resource: this.#releasedResource },
      allocations: one(this.#allocation),
      reservations: one(this.#reservation),
    }
  }
}

function operation(c: RMContainer | undefined): HealthOperation | undefined {
  return c && { nodeId: c.node.nodeId, containerId: c.name(), queue: (c.attempt.queue as LeafQueue).path }
}
