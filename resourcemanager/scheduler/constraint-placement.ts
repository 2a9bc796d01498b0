/**
 * Where a batch of requests by placement constraint goes when all of it is placed at once, before anything is allocated (DefaultPlacementAlgorithm). What
 * would run counts for the constraints of the others.
 */
import { add, type Resource, subtract } from '../../common/records/index.js'
import type { ResourceCalculator } from './calculator.js'
import type { AllocationTags } from './constraints.js'
import type { SchedulerNode } from './node.js'
import type { SchedulingRequest } from './requests.js'

export type RequestOrder = 'SERIAL' | 'POPULAR_TAGS'

export interface Batch {
  /** How often these have been tried, with this time. */
  readonly attempt: number
  readonly requests: SchedulingRequest[]
  /** Nodes, by key, that the scheduler has refused for a tag. */
  readonly refused: Map<string, Set<string>>
}

export interface PlacedRequest {
  readonly request: SchedulingRequest
  readonly attempt: number
  /** One for each container. */
  readonly nodes: SchedulerNode[]
}

export interface PlacementContext {
  readonly calculator: ResourceCalculator
  /** In the scheduler's order. */
  readonly nodes: readonly SchedulerNode[]
  readonly tags: AllocationTags
  /** Key of the application. */
  readonly application: string
  satisfies(request: SchedulingRequest, node: SchedulerNode): boolean
}

/** What could not be placed is tried once more in the same round. */
const ROUNDS = 2

/** The tag by which refused nodes are remembered: requests are taken to have one. */
export const firstTag = (request: SchedulingRequest): string => request.allocationTags[0] ?? ''

/** @returns where requests go, and what finds no place with the number that is left of it */
export function placeBatch(batch: Batch, order: RequestOrder, context: PlacementContext): { placed: PlacedRequest[]; rejected: SchedulingRequest[] } {
  const placing = new Placing(context)
  let { requests, refused } = batch
  let rejected: SchedulingRequest[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    const left = placing.place(order === 'SERIAL' ? requests : byPopularity(requests), batch.attempt, refused)
    rejected = requests.flatMap((r) => (left.has(r) ? [{ ...r, numAllocations: left.get(r)! }] : []))
    rejected.push(...placing.check())
    if (rejected.length === 0) break
    requests = rejected
    refused = new Map()
  }
  placing.forget()
  return { placed: placing.placed, rejected }
}

function byPopularity(requests: readonly SchedulingRequest[]): SchedulingRequest[] {
  const counts = new Map<string, number>()
  for (const r of requests) for (const tag of new Set(r.allocationTags)) counts.set(tag, (counts.get(tag) ?? 0) + 1)
  const popularity = (r: SchedulingRequest) => Math.max(0, ...r.allocationTags.map((t) => counts.get(t) ?? 0))
  return requests.toSorted((a, b) => popularity(b) - popularity(a))
}

class Placing {
  readonly placed: PlacedRequest[] = []
  readonly #room = new Map<SchedulerNode, Resource>()
  /** Tags that count while this goes on, by node. */
  readonly #held: { readonly node: SchedulerNode; readonly tags: readonly string[] }[] = []

  constructor(private readonly context: PlacementContext) {}

  /** @returns how many containers of which requests have found no place */
  place(requests: readonly SchedulingRequest[], attempt: number, refused: Batch['refused']): Map<SchedulingRequest, number> {
    const { nodes, calculator } = this.context
    const without = new Map<SchedulingRequest, number>()
    if (nodes.length === 0) return new Map(requests.map((r) => [r, r.numAllocations]))
    const cursor = new Cursor(nodes)
    let last: SchedulerNode | undefined
    for (const request of requests) {
      const here: PlacedRequest = { request, attempt, nodes: [] }
      this.placed.push(here)
      const refusing = refused.get(firstTag(request))
      const round = new Round(last, cursor, nodes)
      let left = request.numAllocations
      while (round.hasNext() && left > 0) {
        const node = round.next()
        const room = this.#room.get(node) ?? node.available
        this.#room.set(node, room)
        if (refusing?.has(node.key) || !calculator.fitsIn(request.resource, room) || !this.context.satisfies(request, node)) continue
        left--
        // As Hadoop has it, what is placed makes more room: only the scheduler sees that a node is full.
        this.#room.set(node, add(room, request.resource))
        here.nodes.push(node)
        this.#hold(node, request.allocationTags)
        last = node
      }
      if (left > 0) without.set(request, left)
    }
    return without
  }

  /** Takes back what no longer satisfies its constraint, now that all others are placed. */
  check(): SchedulingRequest[] {
    const rejected: SchedulingRequest[] = []
    for (const p of [...this.placed]) {
      const { request } = p
      let lost = 0
      for (const node of [...p.nodes]) {
        this.#release(node, request.allocationTags)
        if (this.context.satisfies(request, node)) this.#hold(node, request.allocationTags)
        else {
          p.nodes.splice(p.nodes.indexOf(node), 1)
          this.#room.set(node, subtract(this.#room.get(node)!, request.resource))
          lost++
        }
      }
      if (lost > 0) rejected.push({ ...request, numAllocations: lost })
      if (p.nodes.length === 0) this.placed.splice(this.placed.indexOf(p), 1)
    }
    return rejected
  }

  /** The tags of what is only placed count no longer. */
  forget(): void {
    for (const { node, tags } of this.#held.splice(0)) this.context.tags.count(node, this.context.application, tags, -1)
  }

  #hold(node: SchedulerNode, tags: readonly string[]): void {
    this.#held.push({ node, tags })
    this.context.tags.count(node, this.context.application, tags, 1)
  }

  #release(node: SchedulerNode, tags: readonly string[]): void {
    const at = this.#held.findIndex((h) => h.node === node && h.tags === tags)
    this.#held.splice(at, 1)
    this.context.tags.count(node, this.context.application, tags, -1)
  }
}

class Cursor {
  #at = 0
  constructor(private readonly nodes: readonly SchedulerNode[]) {}

  hasNext(): boolean {
    return this.#at < this.nodes.length
  }

  next(): SchedulerNode {
    return this.nodes[this.#at++]!
  }
}

/** Once around the nodes: the last one that was taken first, then from where the request before has stopped (CircularIterator). */
class Round {
  #cursor: Cursor
  readonly #start: SchedulerNode
  #next: SchedulerNode | undefined

  constructor(
    private first: SchedulerNode | undefined,
    shared: Cursor,
    private readonly nodes: readonly SchedulerNode[],
  ) {
    this.#cursor = shared.hasNext() ? shared : new Cursor(nodes)
    this.#start = this.#cursor.next()
    this.#next = this.#start
  }

  hasNext(): boolean {
    if (this.#next || this.first) return true
    if (!this.#cursor.hasNext()) this.#cursor = new Cursor(this.nodes)
    const next = this.#cursor.next()
    if (next === this.#start) return false
    this.#next = next
    return true
  }

  next(): SchedulerNode {
    const node = this.first ?? this.#next!
    if (this.first) this.first = undefined
    else this.#next = undefined
    return node
  }
}
