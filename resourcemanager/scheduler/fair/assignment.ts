/** Who gets what a node has to offer (FairScheduler.attemptScheduling, FSParentQueue, FSLeafQueue and FSAppAttempt.assignContainer). */
import { add, fitsIn, formatResource, isNone, multiplyDown, NONE, type Resource } from '../../../common/records/index.js'
import type { Ask, Locality } from '../asks.js'
import { defaultCalculator, subtractNonNegative } from '../calculator.js'
import type { RMContainer } from '../container.js'
import type { SchedulerNode } from '../node.js'
import type { FairApplication } from './application.js'
import type { FairScheduler } from './fair.js'
import type { FairQueue } from './queues.js'
import { inOrder } from './shares.js'

/** What was given; RESERVED: the node is reserved; undefined: nothing. */
type Given = Resource | 'RESERVED' | undefined

export function assignNode(scheduler: FairScheduler, node: SchedulerNode): void {
  assignPreempted(scheduler, node)
  const reserved = node.reserved && scheduler.applicationOf(node.reserved)
  if (node.reserved && reserved && assignReserved(scheduler, reserved, node.reserved, node)) return
  const { assignMultiple, maxAssign, dynamicMaxAssign } = scheduler.options
  const half = multiplyDown(node.available, 0.5)
  let assigned = NONE
  for (let n = 1; !node.reserved; n++) {
    const given = assignQueue(scheduler, scheduler.root, node)
    if (!given || given === 'RESERVED' || !assignMultiple) return
    assigned = add(assigned, given)
    if (dynamicMaxAssign ? !fitsIn(assigned, half) : maxAssign > 0 && n >= maxAssign) return
  }
}

/** What was preempted here goes to those it was preempted for. */
function assignPreempted(scheduler: FairScheduler, node: SchedulerNode): void {
  for (const [app, kept] of scheduler.preemption.keptFor(node)) {
    for (let left = kept; !app.attempt.stopped && !isNone(left); ) {
      const given = assignApplication(scheduler, app, node)
      if (!given || given === 'RESERVED') break
      left = subtractNonNegative(left, given)
    }
  }
}

/** False: the reservation is no longer wanted, and is given up. */
function assignReserved(scheduler: FairScheduler, app: FairApplication, c: RMContainer, node: SchedulerNode): boolean {
  if (!hasContainerFor(scheduler, app, c.ask, node) || overAMLimit(app)) {
    scheduler.unreserve(c, app.attempt)
    return false
  }
  if (fitsIn(c.resource, node.available)) assignAsk(scheduler, app, c.ask, node, c)
  return true
}

/** Whether an offer of the node would leave its reservation as it is. */
export function stillWaits(scheduler: FairScheduler, c: RMContainer, node: SchedulerNode): boolean {
  const app = scheduler.applicationOf(c)
  if (!app || !isPlaceFor(scheduler, app, c.ask, node) || !app.queue.fitsInMaxShare(c.ask.capability) || overAMLimit(app)) return false
  return !fitsIn(c.resource, node.available)
}

function assignQueue(scheduler: FairScheduler, queue: FairQueue, node: SchedulerNode): Given {
  if (node.reserved || !fitsIn(queue.usage, queue.maxShare)) return undefined
  const { cluster, resourceTypes } = scheduler
  if (!queue.isLeaf) {
    for (const child of inOrder(queue.children, queue.spec.policy, cluster.total, resourceTypes)) {
      const given = assignQueue(scheduler, child, node)
      if (given) return given
    }
    return undefined
  }
  const wanting = [...queue.applications.values()].filter((a) => !isNone(a.pending))
  for (const app of inOrder(wanting, queue.spec.policy, cluster.total, resourceTypes)) {
    if (app.attempt.blacklist.size > 0) scheduler.looks.nodeMattered = true
    const given = app.attempt.isBlacklisted(node) ? undefined : assignApplication(scheduler, app, node)
    if (given) return given
  }
  return undefined
}

const waitsForMaster = (app: FairApplication): boolean => !app.amRunning && !app.attempt.application.unmanagedAM

/** Its application master does not fit in what the queue's may use together. */
function overAMLimit(app: FairApplication): boolean {
  const [ask] = app.attempt.asks.active
  const limit = app.queue.amLimit()
  return waitsForMaster(app) && ask !== undefined && limit !== undefined && !fitsIn(add(app.queue.amUsed, ask.capability), limit)
}

function assignApplication(scheduler: FairScheduler, app: FairApplication, node: SchedulerNode): Given {
  const { attempt } = app
  if (overAMLimit(app)) {
    explain(scheduler, app, attempt.asks.active[0]!.capability, ' exceeds maximum AM resource allowed).')
    return undefined
  }
  for (const ask of attempt.asks.active) {
    if (!hasContainerFor(scheduler, app, ask, node)) continue
    const given = assignAsk(scheduler, app, ask, node, undefined)
    if (given !== 'ELSEWHERE') return given
  }
  return undefined
}

function explain(scheduler: FairScheduler, app: FairApplication, capability: Resource, why: string): void {
  app.attempt.skipped = `Resource request: ${formatResource(capability)}${why.replace(/\)\.?$/, '')}. `
  scheduler.noteWait(app.attempt, ` (Resource request: ${formatResource(capability)}${why}`)
}

/** Whether the request may be served on the node at all, were it empty. */
function isPlaceFor(scheduler: FairScheduler, app: FairApplication, ask: Ask, node: SchedulerNode): boolean {
  if (!ask.any || ask.count <= 0 || (ask.grows && ask.grows.node !== node)) return false
  if (ask.scheduling && !scheduler.satisfiesConstraint(app.attempt, ask.scheduling, node)) return false
  const atRack = ask.countAt(node.rack) > 0
  if (!ask.any.relaxLocality && !atRack) return false
  if (atRack && !ask.canDelayTo(node.rack) && ask.countAt(node.name) <= 0) return false
  return fitsIn(ask.capability, node.total)
}

function hasContainerFor(scheduler: FairScheduler, app: FairApplication, ask: Ask, node: SchedulerNode): boolean {
  const { queue } = app
  const anywhere = ask.places.size <= 1 && ask.any?.relaxLocality === true && !ask.grows && !ask.scheduling
  const place = isPlaceFor(scheduler, app, ask, node)
  if (!anywhere || !place) scheduler.looks.nodeMattered = true
  if (!place) return false
  if (queue.fitsInMaxShare(ask.capability)) return true
  explain(
    scheduler,
    app,
    ask.capability,
    ` exceeds current queue or its parents maximum resource allowed). Max share of queue: ${formatResource(queue.maxShare)}`,
  )
  return false
}

/** ELSEWHERE: better placed nodes are waited for. */
function assignAsk(scheduler: FairScheduler, app: FairApplication, ask: Ask, node: SchedulerNode, reserved: RMContainer | undefined): Given | 'ELSEWHERE' {
  ask.opportunities++
  const allowed = app.allowedLocality(ask)
  // How far it may go widens as offers are missed.
  if (allowed !== 'OFF_SWITCH') scheduler.looks.nodeMattered = true
  const atRack = ask.countAt(node.rack) > 0
  const sizeAt = (place: string) => ask.places.get(place)?.capability ?? NONE
  if (atRack && ask.countAt(node.name) > 0) return assignHere(scheduler, app, ask, node, 'NODE_LOCAL', sizeAt(node.name), reserved)
  if (!ask.canDelayTo(node.rack)) return 'ELSEWHERE'
  if (atRack && allowed !== 'NODE_LOCAL') return assignHere(scheduler, app, ask, node, 'RACK_LOCAL', sizeAt(node.rack), reserved)
  if (!ask.any?.relaxLocality) return 'ELSEWHERE'
  if (ask.count > 0 && (ask.places.size <= 1 || allowed === 'OFF_SWITCH')) return assignHere(scheduler, app, ask, node, 'OFF_SWITCH', ask.capability, reserved)
  return 'ELSEWHERE'
}

function assignHere(
  scheduler: FairScheduler,
  app: FairApplication,
  ask: Ask,
  node: SchedulerNode,
  locality: Locality,
  /** As asked for at the place: it may be another one than anywhere. */
  capability: Resource,
  reserved: RMContainer | undefined,
): Given {
  if (fitsIn(capability, node.available)) {
    app.narrowLocality(ask, locality)
    scheduler.allocate(app, ask, node, locality, capability, reserved)
    return capability
  }
  scheduler.looks.asks.push(ask)
  if (mayReserve(scheduler, app, node, locality, capability)) {
    scheduler.reserve(app, ask, node, capability)
    explain(scheduler, app, capability, ' exceeds the available resources of the node and the request is reserved)')
    return 'RESERVED'
  }
  explain(scheduler, app, capability, ' exceeds the available resources of the node and the request cannot be reserved)')
  return undefined
}

/** Only those below their share reserve, and only for what is large; not more than a part of the nodes. */
function mayReserve(scheduler: FairScheduler, app: FairApplication, node: SchedulerNode, locality: Locality, capability: Resource): boolean {
  const { cluster, options } = scheduler
  if (!app.starved || !isLarge(scheduler, app.queue, capability) || scheduler.preemption.isKeptFor(node, app)) return false
  if (node.reserved && node.reserved.attempt !== app.attempt) return false
  if (locality === 'NODE_LOCAL') return true
  const anywhere = locality === 'OFF_SWITCH'
  const nodes = anywhere ? cluster.size : cluster.sizeOfRack(node.rack)
  const reserved = app.attempt.reservations().filter((c) => anywhere || c.node.rack === node.rack).length
  return reserved < Math.ceil(nodes * options.reservableNodes)
}

function isLarge(scheduler: FairScheduler, queue: FairQueue, capability: Resource): boolean {
  const threshold = scheduler.options.reservationThreshold
  const calculator = queue.spec.policy === 'drf' ? scheduler.settings.calculator : defaultCalculator
  return calculator.compare(scheduler.cluster.total, capability, threshold) >= 0
}
