/**
 * What an attempt still wants (AppSchedulingInfo, LocalityAppPlacementAllocator): by priority and allocation request id, and within these by
 * place. The count at ANY rules; counts at nodes and racks only say where.
 */
import { multiply, NONE, type Resource } from '../../common/records/index.js'
import type { RMContainer } from './container.js'
import type { SchedulerNode } from './node.js'
import { ANY, NODE_PARTITION, type PlacementConstraint, type ResourceRequest, type SchedulingRequest } from './requests.js'

export type Locality = 'NODE_LOCAL' | 'RACK_LOCAL' | 'OFF_SWITCH'

export interface Pending {
  capability: Resource
  count: number
  relaxLocality: boolean
  label: string
  /** One of them as containers keep it that took it: the same for all of them. */
  taken: TakenRequest | undefined
}

/** One request less at a place, by what was allocated. */
export interface TakenRequest {
  readonly place: string
  readonly capability: Resource
  readonly relaxLocality: boolean
  readonly label: string
}

export class Ask {
  readonly places = new Map<string, Pending>()
  any: Pending | undefined
  /** A request by placement constraint, instead of places. */
  scheduling: SchedulingRequest | undefined
  /** How often the node of a heartbeat could have been taken since the last local one. */
  opportunities = 0
  missedNonPartitioned = 0
  reReservations = 0
  /** By node. */
  readonly reserved = new Map<string, RMContainer>()
  /** Among those that want something. */
  active = false

  constructor(
    readonly key: string,
    readonly priority: number,
    readonly allocationRequestId: number,
    /** The container that is to grow by what is asked; undefined: a new one is. */
    readonly grows: RMContainer | undefined = undefined,
  ) {}

  get count(): number {
    return this.any?.count ?? 0
  }

  get capability(): Resource {
    return this.any?.capability ?? NONE
  }

  get partition(): string {
    return this.any?.label ?? ''
  }

  countAt(place: string): number {
    return this.places.get(place)?.count ?? 0
  }

  canDelayTo(place: string): boolean {
    return this.places.get(place)?.relaxLocality ?? true
  }

  /** Whether it still has what an allocation of this locality takes. */
  has(locality: Locality, node: SchedulerNode): boolean {
    if (this.count <= 0) return false
    if (locality === 'OFF_SWITCH') return true
    if (this.countAt(node.rack) <= 0) return false
    return locality === 'RACK_LOCAL' || this.countAt(node.name) > 0
  }
}

/** Told of every change of what is pending, so that queues and users keep their sums. */
export interface PendingListener {
  pendingChanged(partition: string, by: Resource, containers: number): void
  /** Something is wanted where nothing was, or the other way round. */
  wantsMore(): void
  wantsNothing(): void
}

/** The node partition that a constraint names. */
function partitionOf(constraint: PlacementConstraint | undefined): string {
  if (constraint?.kind === 'single') {
    const target = constraint.targets.find((t) => t.type === 'NODE_ATTRIBUTE' && t.key === NODE_PARTITION)
    return target?.values[0] ?? ''
  }
  if (constraint?.kind !== 'and') return ''
  return constraint.children.map(partitionOf).find((label) => label !== '') ?? ''
}

/** What grows comes after all that is new. */
const byKey = (a: Ask, b: Ask) =>
  Number(a.grows !== undefined) - Number(b.grows !== undefined) || a.priority - b.priority || a.allocationRequestId - b.allocationRequestId

function takenOf(pending: Pending, place: string): TakenRequest {
  const { taken, capability, relaxLocality, label } = pending
  if (taken?.label === label) return taken
  return (pending.taken = { place, capability, relaxLocality, label })
}

const growthKey = (c: RMContainer): string => `grow|${c.key}`

export class AskBook {
  readonly #asks = new Map<string, Ask>()
  /** How many of these are for containers to grow. */
  #growing = 0
  /** Those that want something, most important first. */
  readonly active: Ask[] = []
  /** Partitions ever asked for. */
  readonly requestedPartitions = new Set<string>()

  constructor(private listener: PendingListener) {}

  /** After a move to another queue. */
  setListener(listener: PendingListener): void {
    this.listener = listener
  }

  ask(priority: number, allocationRequestId: number): Ask {
    const key = `${priority}|${allocationRequestId}`
    let ask = this.#asks.get(key)
    if (!ask) this.#asks.set(key, (ask = new Ask(key, priority, allocationRequestId)))
    return ask
  }

  get(priority: number, allocationRequestId: number): Ask | undefined {
    return this.#asks.get(`${priority}|${allocationRequestId}`)
  }

  all(): Iterable<Ask> {
    return this.#asks.values()
  }

  /** New totals for the places named; true when what is wanted anywhere has changed. */
  update(requests: readonly ResourceRequest[]): boolean {
    let changed = false
    for (const r of requests) {
      const ask = this.ask(r.priority, r.allocationRequestId ?? -1)
      // Nodes and racks follow the label of ANY, whichever comes first.
      const label = r.resourceName === ANY ? (r.nodeLabelExpression ?? '') : (ask.any?.label ?? r.nodeLabelExpression ?? '')
      const pending: Pending = { capability: r.capability, count: r.numContainers, relaxLocality: r.relaxLocality ?? true, label, taken: undefined }
      if (r.resourceName === ANY) {
        this.#setAny(ask, pending)
        changed = true
      } else {
        ask.places.set(r.resourceName, pending)
      }
    }
    return changed
  }

  /** Asks for more for a container, on its node only; undefined when that is asked already. */
  grow(c: RMContainer, by: Resource): Ask | undefined {
    const key = growthKey(c)
    if (this.#asks.has(key)) return undefined
    const ask = new Ask(key, c.ask.priority, c.ask.allocationRequestId, c)
    this.#asks.set(key, ask)
    this.#growing++
    const at = (relaxLocality: boolean): Pending => ({ capability: by, count: 1, relaxLocality, label: c.node.partition, taken: undefined })
    ask.places.set(c.node.name, at(true))
    ask.places.set(c.node.rack, at(false))
    this.#setAny(ask, at(false))
    return ask
  }

  isGrowing(c: RMContainer): boolean {
    return this.#growing > 0 && this.#asks.has(growthKey(c))
  }

  /** The container has grown, or never will. */
  endGrowth(c: RMContainer): Ask | undefined {
    const ask = this.#growing === 0 ? undefined : this.#asks.get(growthKey(c))
    if (!ask) return undefined
    this.#growing--
    if (ask.any) this.#setAny(ask, { ...ask.any, count: 0 })
    this.#asks.delete(ask.key)
    return ask
  }

  updateScheduling(request: SchedulingRequest): void {
    const ask = this.ask(request.priority, request.allocationRequestId)
    ask.scheduling = request
    this.#setAny(ask, {
      capability: request.resource,
      count: request.numAllocations,
      relaxLocality: true,
      label: partitionOf(request.constraint),
      taken: undefined,
    })
  }

  #setAny(ask: Ask, pending: Pending): void {
    const last = ask.any
    const lastCount = last?.count ?? 0
    ask.any = pending
    ask.places.set(ANY, pending)
    // Headroom is told for the partitions of requests by place.
    if (!ask.scheduling) this.requestedPartitions.add(pending.label)
    if (last) for (const [place, p] of ask.places) if (place !== ANY && last.label !== pending.label) p.label = pending.label
    if (pending.count <= 0) {
      this.#deactivate(ask)
      ask.places.clear()
      ask.any = undefined
    } else if (lastCount <= 0) {
      this.#activate(ask)
    }
    if (last && lastCount > 0) this.listener.pendingChanged(last.label, multiply(last.capability, -lastCount), -lastCount)
    if (pending.count > 0) this.listener.pendingChanged(pending.label, multiply(pending.capability, pending.count), pending.count)
  }

  /** One less, at the place taken and all that stand for it. */
  take(ask: Ask, locality: Locality, node: SchedulerNode): TakenRequest[] {
    const taken: TakenRequest[] = []
    if (locality === 'NODE_LOCAL') this.#takeAt(ask, node.name, taken)
    if (locality !== 'OFF_SWITCH') this.#takeAt(ask, node.rack, taken)
    const any = ask.any!
    taken.push(takenOf(any, ANY))
    any.count--
    if (any.count === 0) {
      this.#deactivate(ask)
      ask.any = undefined
      ask.places.delete(ANY)
    }
    this.listener.pendingChanged(any.label, multiply(any.capability, -1), -1)
    return taken
  }

  #takeAt(ask: Ask, place: string, taken: TakenRequest[]): void {
    const pending = ask.places.get(place)
    if (!pending) return
    taken.push(takenOf(pending, place))
    pending.count--
    if (pending.count === 0) ask.places.delete(place)
  }

  /** Gives back what an allocation took that came to nothing. */
  restore(ask: Ask, taken: readonly TakenRequest[]): void {
    for (const t of taken) {
      const present = t.place === ANY ? ask.any : ask.places.get(t.place)
      const pending: Pending = { capability: t.capability, count: (present?.count ?? 0) + 1, relaxLocality: t.relaxLocality, label: t.label, taken: t }
      if (t.place === ANY) this.#setAny(ask, pending)
      else ask.places.set(t.place, pending)
    }
  }

  /** Nothing is wanted any more: the attempt is over. Its application counts as one that wants something until it is over too. */
  clear(): void {
    for (const ask of this.active.splice(0)) {
      const any = ask.any!
      ask.active = false
      this.listener.pendingChanged(any.label, multiply(any.capability, -any.count), -any.count)
    }
    this.#asks.clear()
    this.#growing = 0
  }

  requests(): ResourceRequest[] {
    const all: ResourceRequest[] = []
    for (const ask of this.#asks.values()) {
      if (ask.grows) continue
      for (const [resourceName, p] of ask.places) {
        all.push({
          priority: ask.priority,
          resourceName,
          capability: p.capability,
          numContainers: p.count,
          relaxLocality: p.relaxLocality,
          nodeLabelExpression: p.label,
          allocationRequestId: ask.allocationRequestId,
        })
      }
    }
    return all
  }

  #activate(ask: Ask): void {
    if (!ask.active) {
      ask.active = true
      let at = this.active.length
      while (at > 0 && byKey(this.active[at - 1]!, ask) > 0) at--
      this.active.splice(at, 0, ask)
    }
    this.listener.wantsMore()
  }

  #deactivate(ask: Ask): void {
    if (ask.active) {
      ask.active = false
      this.active.splice(this.active.indexOf(ask), 1)
    }
    if (this.active.length === 0) this.listener.wantsNothing()
  }
}
