/**
 * What was done with a node that was offered, and for an application while it was looked at: written down when somebody has asked beforehand
 * (ActivitiesManager). Nobody asking, a scheduler has nothing to look at but `recording`, which is not there.
 */
import type { ContainerId, NodeId } from '../../common/records/index.js'

export type ActivityState = 'ACCEPTED' | 'SKIPPED' | 'REJECTED' | 'ALLOCATED' | 'RESERVED' | 'RE_RESERVED'
/** What became of an offer; DEFAULT: of a reservation that could not even be looked at. */
export type AllocationState = 'DEFAULT' | 'SKIPPED' | 'ALLOCATED' | 'ALLOCATED_FROM_RESERVED' | 'RESERVED'

/** A queue, application, request or node in the tree of an offer; in an application's list, a request or a node. */
export interface ActivityNode {
  /** Of queue, application, request; of a node, the container that it was given. */
  readonly name: string | undefined
  readonly appPriority: number | undefined
  readonly requestPriority: number | undefined
  readonly allocationRequestId: number | undefined
  readonly state: ActivityState
  /** One line, and a second one with details. */
  readonly diagnostic: string | undefined
  /** Set for a node only. */
  readonly nodeId: NodeId | undefined
  readonly children: ActivityNode[]
}

/** One offer of a node. */
export interface NodeAllocation {
  readonly nodeId: NodeId
  readonly partition: string
  readonly timestamp: number
  /** Of a reservation that was looked at again, or fulfilled. */
  readonly containerId: ContainerId | undefined
  readonly state: AllocationState
  readonly root: ActivityNode
}

/** One look at an application. */
export interface ApplicationAllocation {
  readonly nodeId: NodeId
  readonly timestamp: number
  readonly queue: string
  readonly priority: number
  readonly state: ActivityState
  readonly diagnostic: string | undefined
  readonly attempts: readonly ActivityNode[]
}

export interface ActivitySettings {
  /** Milliseconds after which what was recorded is forgotten. */
  readonly nodeTtl: number
  readonly applicationTtl: number
  /** Looks at one application that are kept, at least. */
  readonly applicationLength: number
}

interface RecordedApplication {
  readonly allocations: ApplicationAllocation[]
  until: number
}

/** What has been asked for and what has been recorded. */
export class Activities {
  /** Nobody having asked, there is no need to look further: offers are many. */
  asked = false
  /** The next node that is offered, whichever it is. */
  #next = false
  readonly #nodes = new Set<string>()
  /** When nodes that were asked for, and are not offered, are given up; 0: none is waited for. */
  #nodesUntil = 0
  readonly #applications = new Map<string, RecordedApplication>()
  #applicationsUntil = 0
  /** By node; empty: it was offered and there was nothing to be told. */
  readonly #offers = new Map<string, readonly NodeAllocation[]>()
  #last: readonly NodeAllocation[] | undefined

  constructor(readonly settings: ActivitySettings) {}

  /** Whether somebody has asked for something that may come with the next offer. */
  watching(now: number): boolean {
    if (this.asked) this.asked = now < this.#nodesUntil || now < this.#applicationsUntil
    return this.asked
  }

  /** The next offer of a node, or of any. */
  recordNode(key: string | undefined, now: number): void {
    this.#forgetOld(now)
    if (key === undefined) this.#next = true
    else this.#nodes.add(key)
    this.#nodesUntil = now + this.settings.nodeTtl
    this.asked = true
  }

  /** All looks at an application until then. */
  recordApplication(key: string, until: number, now: number): void {
    this.#forgetOld(now)
    const known = this.#applications.get(key)
    if (known) known.until = until
    else this.#applications.set(key, { allocations: [], until })
    this.#applicationsUntil = Math.max(until, this.#applicationsUntil)
    this.asked = true
  }

  #forgetOld(now: number): void {
    for (const [key, [first]] of this.#offers) if (first && now - first.timestamp > this.settings.nodeTtl) this.#offers.delete(key)
    for (const [key, { allocations, until }] of this.#applications) {
      while (allocations.length > 0 && now - allocations[0]!.timestamp > this.settings.applicationTtl) allocations.shift()
      if (allocations.length === 0 && until <= now) this.#applications.delete(key)
    }
  }

  /** The application is over. */
  forget(key: string): void {
    this.#applications.delete(key)
  }

  /** A node is offered: whether that is to be recorded. It is so once. */
  startNode(key: string): boolean {
    return this.#nodes.delete(key) || this.#next
  }

  finishNode(key: string, offers: readonly NodeAllocation[]): void {
    this.#offers.set(key, offers)
    if (offers.length > 0) {
      this.#last = offers
      this.#next = false
    }
    if (!this.#next && this.#nodes.size === 0) this.#nodesUntil = 0
  }

  startApplication(key: string, now: number): boolean {
    return now < (this.#applications.get(key)?.until ?? 0)
  }

  /** @param nodes in the cluster: what a round over them brings is kept */
  finishApplication(key: string, allocation: ApplicationAllocation, nodes: number): void {
    const { allocations } = this.#applications.get(key)!
    const most = Math.max(this.settings.applicationLength, Math.trunc(nodes * 1.2))
    allocations.push(allocation)
    if (allocations.length > most) allocations.splice(0, allocations.length - most)
  }

  /** The last offer of a node or, without one, of any that there was something to be told of; undefined: none since somebody asked. */
  offers(key: string | undefined, now: number): readonly NodeAllocation[] | undefined {
    if (key === undefined) return this.#last
    const offers = this.#offers.get(key)
    const [first] = offers ?? []
    return first && now - first.timestamp > this.settings.nodeTtl ? undefined : offers
  }

  /** Looks at an application, oldest first; undefined: none since somebody asked. */
  allocations(key: string, now: number): readonly ApplicationAllocation[] | undefined {
    const fresh = this.#applications.get(key)?.allocations.filter((a) => now - a.timestamp <= this.settings.applicationTtl)
    return fresh && fresh.length > 0 ? fresh : undefined
  }
}
