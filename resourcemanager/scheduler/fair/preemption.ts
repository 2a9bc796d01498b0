/** Containers that go because others are below their shares (FSLeafQueue.updateStarvedApps, FSPreemptionThread, FSSchedulerNode). */
import { add, componentwiseMin, fitsIn, isNone, multiply, NONE, type Resource, subtract } from '../../../common/records/index.js'
import type { Ask, Pending } from '../asks.js'
import { defaultCalculator, subtractNonNegative } from '../calculator.js'
import type { RMContainer } from '../container.js'
import type { SchedulerNode } from '../node.js'
import { ANY } from '../requests.js'
import type { FairApplication } from './application.js'
import type { FairScheduler } from './fair.js'
import type { FairQueue } from './queues.js'
import { inOrder } from './shares.js'

/** Containers to go from one node to make room for one request. */
interface Victims {
  readonly containers: readonly RMContainer[]
  readonly masters: number
}

export class FairPreemption {
  /** Containers that go when the time given to their masters is over. */
  #doomed: { readonly at: number; readonly containers: readonly RMContainer[] }[] = []
  /** What is preempted on a node is kept for whom it was preempted for. */
  readonly #kept = new Map<SchedulerNode, Map<FairApplication, Resource>>()

  constructor(private readonly scheduler: FairScheduler) {}

  nextTimer(): number | undefined {
    return this.#doomed[0]?.at
  }

  /** Looks who starves, and for how long; what is to go for them is told at once and taken after the wait. */
  update(now: number): void {
    const { options, root, cluster } = this.scheduler
    const used = Math.max(Math.fround(root.usage.memory / cluster.total.memory), Math.fround(root.usage.vcores / cluster.total.vcores))
    if (options.preemptionUtilization < used) {
      for (const app of root.leaves().flatMap((q) => this.#starved(q, now))) {
        const containers = this.#choose(app)
        if (containers.length > 0) this.#doomed.push({ at: now + options.waitBeforeKill, containers })
        app.preemptionTriggered(now + options.waitBeforeNextCheck)
      }
    }
    while (this.#doomed.length > 0 && this.#doomed[0]!.at <= now) for (const c of this.#doomed.shift()!.containers) this.scheduler.preempt(c)
  }

  #starved(queue: FairQueue, now: number): FairApplication[] {
    const wanting = inOrder(
      [...queue.applications.values()].filter((a) => !isNone(a.pending) && a.mayCheckStarvation(now)),
      queue.spec.policy,
      this.scheduler.cluster.total,
      this.scheduler.resourceTypes,
    )
    const starved = new Set<FairApplication>()
    let ofFairShares = NONE
    for (const app of wanting) {
      const starvation = app.updateFairShareStarvation(now)
      if (isNone(starvation)) break
      starved.add(app)
      ofFairShares = add(ofFairShares, starvation)
    }
    let left = subtractNonNegative(queue.minShareStarvation(now), ofFairShares)
    for (const app of wanting) {
      if (isNone(left)) {
        app.minShareStarvation = NONE
        continue
      }
      let own = subtractNonNegative(app.pending, app.fairShareStarvation)
      if (queue.dominantShare(own) > queue.dominantShare(left)) {
        own = subtractNonNegative(own, left)
        left = NONE
      } else {
        left = subtractNonNegative(left, own)
      }
      app.minShareStarvation = own
      starved.add(app)
    }
    return [...starved]
  }

  // ── choosing ──

  #choose(app: FairApplication): RMContainer[] {
    const chosen: RMContainer[] = []
    for (const { place, capability, count, relaxLocality } of this.#requestsOf(app)) {
      const nodes = this.#nodesAt(place)
      for (let n = 0; n < count; n++) {
        const victims = this.#best(capability, place, relaxLocality, nodes)
        const [first] = victims?.containers ?? []
        if (!victims || !first) continue
        chosen.push(...victims.containers)
        this.#keep(first.node, app, victims.containers)
        for (const c of victims.containers) c.attempt.application.current?.beingPreempted.add(c)
      }
    }
    return chosen
  }

  /** What of its requests its hunger is for; where a request for a rack or anywhere stands beside one for a node, only one of them counts. */
  #requestsOf(app: FairApplication): (Pending & { place: string })[] {
    let left = app.starvation
    const wanted: (Pending & { place: string })[] = []
    const seen = new Map<string, Visited>()
    for (const ask of app.attempt.asks.all()) {
      for (const [place, pending] of ask.places) {
        if (isNone(left)) return wanted
        if (!this.#visit(seen, ask, place, pending)) continue
        const { capability } = pending
        const count = Math.min(Math.floor(defaultCalculator.ratio(left, capability)), pending.count)
        if (count <= 0) continue
        wanted.push({ ...pending, place, count })
        left = subtractNonNegative(left, multiply(capability, count))
      }
    }
    return wanted
  }

  #visit(all: Map<string, Visited>, ask: Ask, place: string, { capability }: Pending): boolean {
    const key = `${ask.priority}|${capability.memory}|${capability.vcores}`
    let seen = all.get(key)
    if (!seen) all.set(key, (seen = { anywhere: false, racks: new Set(), racksOfNodes: new Set() }))
    if (place === ANY) {
      if (seen.racks.size === 0 && seen.racksOfNodes.size === 0) seen.anywhere = true
      return seen.anywhere
    }
    const nodes = this.#nodesAt(place)
    const [node] = nodes
    if (!node || seen.anywhere) return false
    if (node.name === place) {
      if (seen.racks.has(node.rack)) return false
      seen.racksOfNodes.add(node.rack)
    } else {
      if (seen.racksOfNodes.has(place)) return false
      seen.racks.add(place)
    }
    return true
  }

  /** A name is a node's before it is a rack's. */
  #nodesAt(place: string): SchedulerNode[] {
    const nodes = [...this.scheduler.cluster.nodes.values()]
    if (place === ANY) return inHashOrder(nodes)
    const named = nodes.filter((n) => n.name === place)
    return named.length > 0 ? named.slice(-1) : nodes.filter((n) => n.rack === place)
  }

  #best(capability: Resource, place: string, relaxLocality: boolean, nodes: readonly SchedulerNode[]): Victims | undefined {
    const near = this.#among(capability, nodes)
    if (!near || near.masters === 0 || !relaxLocality || place === ANY) return near
    const elsewhere = inHashOrder([...this.scheduler.cluster.nodes.values()].filter((n) => !nodes.includes(n)))
    const far = this.#among(capability, elsewhere)
    return far && far.masters < near.masters ? far : near
  }

  /** From the first node that needs lose no application master, else from the one that loses fewest. */
  #among(capability: Resource, nodes: readonly SchedulerNode[]): Victims | undefined {
    let best: Victims | undefined
    for (const node of nodes) {
      best = this.#onNode(capability, node, best?.masters ?? Number.MAX_SAFE_INTEGER) ?? best
      if (best?.masters === 0) break
    }
    return best
  }

  #onNode(capability: Resource, node: SchedulerNode, maxMasters: number): Victims | undefined {
    let masters = 0
    const containers: RMContainer[] = []
    const byApplication = new Map<string, Resource>()
    let room = subtractNonNegative(node.available, add(node.reserved?.resource ?? NONE, this.#keptOn(node)))
    for (const c of mastersLast(node)) {
      const app = this.scheduler.applicationOf(c)
      if (!app || app.attempt.beingPreempted.has(c)) continue
      const { key } = app.attempt.application
      const considered = byApplication.get(key) ?? NONE
      if (app.mayLose(c, considered)) {
        if (c.isAM && ++masters >= maxMasters) return undefined
        containers.push(c)
        byApplication.set(key, add(considered, c.resource))
        room = add(room, c.resource)
      }
      if (fitsIn(capability, room)) return { containers, masters }
    }
    return undefined
  }

  // ── what is kept ──

  #keptOn(node: SchedulerNode): Resource {
    return [...(this.#kept.get(node)?.values() ?? [])].reduce(add, NONE)
  }

  #keep(node: SchedulerNode, app: FairApplication, containers: readonly RMContainer[]): void {
    let kept = this.#kept.get(node)
    if (!kept) this.#kept.set(node, (kept = new Map()))
    kept.set(app, add(kept.get(app) ?? NONE, containers.map((c) => c.resource).reduce(add, NONE)))
  }

  /** For whom there is something on the node, in the order in which it was preempted. */
  keptFor(node: SchedulerNode): [FairApplication, Resource][] {
    const kept = this.#kept.get(node)
    if (!kept) return []
    for (const app of [...kept.keys()]) if (app.attempt.stopped || !app.starved || isNone(app.starvation)) kept.delete(app)
    if (kept.size === 0) this.#kept.delete(node)
    return [...kept]
  }

  /** Whether an offer must see to what is kept there, if only to give it up. */
  keepsAnything(node: SchedulerNode): boolean {
    return this.#kept.has(node)
  }

  isKeptFor(node: SchedulerNode, app: FairApplication): boolean {
    return this.#kept.get(node)?.has(app) ?? false
  }

  /** It got something on the node. */
  allocated(node: SchedulerNode, app: FairApplication, resource: Resource): void {
    const kept = this.#kept.get(node)
    const own = kept?.get(app)
    if (!kept || !own) return
    const left = subtract(own, componentwiseMin(own, resource))
    if (isNone(left)) kept.delete(app)
    else kept.set(app, left)
  }

  nodeRemoved(node: SchedulerNode): void {
    this.#kept.delete(node)
  }
}

interface Visited {
  anywhere: boolean
  readonly racks: Set<string>
  readonly racksOfNodes: Set<string>
}

/** As Hadoop's HashMap of nodes goes through them. */
function inHashOrder(nodes: SchedulerNode[]): SchedulerNode[] {
  let buckets = 16
  while (nodes.length > buckets * 0.75) buckets *= 2
  const bucket = (n: SchedulerNode) => n.javaHash & (buckets - 1)
  return nodes.sort((a, b) => bucket(a) - bucket(b) || a.ordinal - b.ordinal)
}

/** The youngest first, application masters at the end. */
function mastersLast(node: SchedulerNode): RMContainer[] {
  const all = [...node.containers]
  return [...all.filter((c) => !c.isAM).reverse(), ...all.filter((c) => c.isAM)]
}
