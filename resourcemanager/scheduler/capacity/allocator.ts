/**
 * Whether an application takes what a node offers: at the node, in its rack or off-switch, now or by reserving the node
 * (RegularContainerAllocator). Counts of missed opportunities are compared, never awaited.
 */
import { bucketsFor } from '../../../common/lang/javahash.js'
import { add, NONE, type Resource, subtract } from '../../../common/records/index.js'
import type { Ask, Locality } from '../asks.js'
import type { SchedulerAttempt } from '../attempt.js'
import { maxOf, type ResourceCalculator } from '../calculator.js'
import type { RMContainer } from '../container.js'
import type { SchedulerNode } from '../node.js'
import type { LeafQueue } from './leaf.js'
import type { Limits, SchedulingMode } from './queue.js'
import {
  APPLICATION_NEEDS_NOTHING,
  NO_HEADROOM,
  NODE_BLACKLISTED,
  NODE_ELSEWHERE,
  NODE_LACKS,
  NODE_NOTHING_TO_UNRESERVE,
  NODE_NOWHERE,
  NODE_OFF_SWITCH_LATER,
  NODE_TOO_SMALL,
  REQUEST_HAS_RESERVED,
  REQUEST_IS_MASTER,
  REQUEST_NEEDS_NOTHING,
  REQUEST_UNLABELLED_FIRST,
} from './recording.js'

/** What is to be done on a node, before it is checked against the whole tree and booked. */
export interface Assignment {
  readonly attempt: SchedulerAttempt
  readonly node: SchedulerNode
  readonly ask: Ask
  readonly asked: Resource
  /** What is booked. */
  readonly resource: Resource
  readonly locality: Locality
  /** The nearest place that was asked for. */
  readonly requestLocality: Locality
  readonly mode: SchedulingMode
  /** Not allocated, but the node kept for it. */
  readonly reserve: boolean
  /** The reservation that it fulfils or renews. */
  readonly reservation: RMContainer | undefined
  /** A reservation elsewhere that must be given up for it. */
  readonly unreserve: RMContainer | undefined
  /** Containers on the node that make room for it. */
  readonly kill: readonly RMContainer[] | undefined
}

type Skip = 'PRIORITY_SKIPPED' | 'APP_SKIPPED' | 'QUEUE_LIMIT' | 'LOCALITY_SKIPPED'

/** undefined: the application stops the search in its queue. */
export function allocate(
  queue: LeafQueue,
  attempt: SchedulerAttempt,
  node: SchedulerNode,
  limits: Limits,
  mode: SchedulingMode,
): Assignment | 'APP_SKIPPED' | 'QUEUE_LIMIT' | undefined {
  const rc = queue.calculator
  const pending = attempt.usage.of(mode === 'IGNORE' ? '' : node.partition).pending
  if (rc.compare(queue.clusterTotal, pending, NONE) <= 0) {
    queue.scheduler.recording?.application(attempt, 'SKIPPED', APPLICATION_NEEDS_NOTHING)
    return 'APP_SKIPPED'
  }
  for (const ask of attempt.asks.active) {
    const skip = precheck(queue, attempt, ask, node, limits, mode)
    const result = skip ?? tryNode(queue, attempt, ask, node, limits, mode, undefined)
    if (result === 'PRIORITY_SKIPPED') continue
    if (result === 'LOCALITY_SKIPPED') return undefined
    return result
  }
  return 'APP_SKIPPED'
}

/** The node is reserved: its reservation is fulfilled, renewed, or given up when no longer wanted. */
export function allocateReserved(
  queue: LeafQueue,
  attempt: SchedulerAttempt,
  node: SchedulerNode,
  limits: Limits,
  mode: SchedulingMode,
  reservation: RMContainer,
): Assignment | undefined {
  const ask = reservation.ask
  if (ask.count === 0) {
    queue.scheduler.giveUpReservation(reservation)
    return undefined
  }
  const result = tryNode(queue, attempt, ask, node, limits, mode, reservation)
  return typeof result === 'string' ? undefined : result
}

function precheck(queue: LeafQueue, attempt: SchedulerAttempt, ask: Ask, node: SchedulerNode, limits: Limits, mode: SchedulingMode): Skip | undefined {
  const { recording } = queue.scheduler
  if (ask.grows) queue.scheduler.looks.nodeMattered = true
  if (ask.count <= 0) {
    recording?.request(attempt, ask, 'SKIPPED', REQUEST_NEEDS_NOTHING)
    return 'PRIORITY_SKIPPED'
  }
  if (ask.grows && ask.grows.node !== node) {
    recording?.skip(attempt, ask, NODE_ELSEWHERE)
    return 'PRIORITY_SKIPPED'
  }
  if (mode === 'IGNORE' && attempt.waitingForAM) {
    recording?.request(attempt, ask, 'SKIPPED', REQUEST_IS_MASTER)
    attempt.skipped = attempt.nodeSkipped = 'Skipping assigning to Node in Ignore Exclusivity mode. '
    return 'APP_SKIPPED'
  }
  const scheduler = queue.scheduler
  if (ask.scheduling || !scheduler.reservationsContinueLooking) scheduler.looks.nodeMattered = true
  const partition = mode === 'RESPECT' ? node.partition : ''
  const rightPartition = ask.partition === partition
  if (!rightPartition || (ask.scheduling && !scheduler.satisfiesConstraint(attempt, ask.scheduling, node))) {
    const constraint = recording && rightPartition && ask.scheduling ? scheduler.unsatisfiedConstraint(attempt, ask.scheduling, node) : undefined
    recording?.mismatch(attempt, ask, partition, constraint)
    attempt.skipped = 'Node does not match partition or placement constraints, '
    return 'PRIORITY_SKIPPED'
  }
  if (!scheduler.reservationsContinueLooking && !mayAllocateOrReserve(queue, ask)) {
    recording?.request(attempt, ask, 'SKIPPED', REQUEST_HAS_RESERVED)
    return 'PRIORITY_SKIPPED'
  }
  const couldUnreserve = scheduler.reservationsContinueLooking ? attempt.usage.of(node.partition).reserved : NONE
  const most = couldUnreserve === NONE ? limits.headroom : add(limits.headroom, couldUnreserve)
  if (queue.calculator.compare(queue.clusterTotal, most, ask.capability) < 0) {
    recording?.request(attempt, ask, 'REJECTED', NO_HEADROOM)
    attempt.skipped = 'Queue does not have enough headroom for request. '
    return 'QUEUE_LIMIT'
  }
  if (mode === 'IGNORE') scheduler.looks.nodeMattered = true
  if (ask.partition === '') ask.missedNonPartitioned++
  // Nodes of the request's own partition come first, for as many offers as there are nodes.
  if (mode === 'IGNORE' && ask.missedNonPartitioned < scheduler.cluster.size) {
    recording?.request(attempt, ask, 'SKIPPED', REQUEST_UNLABELLED_FIRST)
    return 'APP_SKIPPED'
  }
  return undefined
}

function tryNode(
  queue: LeafQueue,
  attempt: SchedulerAttempt,
  ask: Ask,
  node: SchedulerNode,
  limits: Limits,
  mode: SchedulingMode,
  reservation: RMContainer | undefined,
): Assignment | Skip {
  if (attempt.hasBlacklist || node.partition !== '' || ask.places.size > 1 || !ask.any?.relaxLocality) queue.scheduler.looks.nodeMattered = true
  if (attempt.isBlacklisted(node)) {
    queue.scheduler.recording?.skip(attempt, ask, NODE_BLACKLISTED)
    attempt.skipped = attempt.nodeSkipped = 'Skipped scheduling for this Node as its black listed. '
    return 'APP_SKIPPED'
  }
  ask.opportunities++
  const result = byLocality(queue, attempt, ask, node, limits, mode, reservation)
  if (result === 'PRIORITY_SKIPPED' && !reservation) ask.opportunities--
  return result
}

function byLocality(
  queue: LeafQueue,
  attempt: SchedulerAttempt,
  ask: Ask,
  node: SchedulerNode,
  limits: Limits,
  mode: SchedulingMode,
  reservation: RMContainer | undefined,
): Assignment | Skip {
  const { recording } = queue.scheduler
  let nearest: Locality | undefined
  if (ask.places.size > 1) {
    const atNode = ask.places.get(node.name)
    if (atNode && atNode.count > 0) {
      nearest = 'NODE_LOCAL'
      if (ask.countAt(node.rack) > 0) {
        const result = onNode(queue, attempt, ask, atNode.capability, 'NODE_LOCAL', nearest, node, limits, mode, reservation)
        if (typeof result !== 'string') return result
      }
    }
    const inRack = ask.places.get(node.rack)
    if (inRack && inRack.count > 0) {
      if (!inRack.relaxLocality) {
        recording?.skip(attempt, ask, NODE_ELSEWHERE)
        return 'PRIORITY_SKIPPED'
      }
      nearest ??= 'RACK_LOCAL'
      if (Math.min(queue.scheduler.cluster.size, queue.scheduler.nodeLocalityDelay) < ask.opportunities) {
        const result = onNode(queue, attempt, ask, inRack.capability, 'RACK_LOCAL', nearest, node, limits, mode, reservation)
        if (typeof result !== 'string') return result
      } else {
        queue.scheduler.waitsForLocality = true
      }
    }
  }
  if (ask.count <= 0) {
    recording?.skip(attempt, ask, NODE_NOWHERE)
    return 'PRIORITY_SKIPPED'
  }
  if (!ask.any!.relaxLocality) {
    recording?.skip(attempt, ask, NODE_ELSEWHERE)
    return 'PRIORITY_SKIPPED'
  }
  nearest ??= 'OFF_SWITCH'
  if (!mayGoOffSwitch(queue, ask, reservation)) {
    queue.scheduler.waitsForLocality = true
    recording?.skip(attempt, ask, NODE_OFF_SWITCH_LATER)
    attempt.skipped = attempt.nodeSkipped = 'Skipping assigning to Node as request locality is not matching. '
    return 'APP_SKIPPED'
  }
  const result = onNode(queue, attempt, ask, ask.capability, 'OFF_SWITCH', nearest, node, limits, mode, reservation)
  return result === 'LOCALITY_SKIPPED' ? 'APP_SKIPPED' : result
}

function mayGoOffSwitch(queue: LeafQueue, ask: Ask, reservation: RMContainer | undefined): boolean {
  if (reservation || ask.places.size === 1) return true
  const { nodeLocalityDelay, rackLocalityAdditionalDelay, cluster } = queue.scheduler
  if (rackLocalityAdditionalDelay > -1) {
    return ask.opportunities > Math.min(cluster.size, nodeLocalityDelay + rackLocalityAdditionalDelay)
  }
  const waitFactor = Math.min(Math.fround(Math.max(ask.places.size - 1, 0) / cluster.size), 1)
  return Math.min(cluster.size, Math.fround(ask.count * waitFactor)) < ask.opportunities
}

function onNode(
  queue: LeafQueue,
  attempt: SchedulerAttempt,
  ask: Ask,
  capability: Resource,
  locality: Locality,
  requestLocality: Locality,
  node: SchedulerNode,
  limits: Limits,
  mode: SchedulingMode,
  reservation: RMContainer | undefined,
): Assignment | Skip {
  const rc = queue.calculator
  const scheduler = queue.scheduler
  if (!rc.fitsIn(capability, node.total)) {
    scheduler.looks.nodeMattered = true
    scheduler.recording?.skipLacking(attempt, ask, NODE_TOO_SMALL, capability, node.total)
    attempt.skipped = "Node's total resource is insufficient for request. "
    return 'LOCALITY_SKIPPED'
  }
  const mayAdd = mayAllocateOrReserve(queue, ask)
  const over = maxOf(rc, queue.clusterTotal, subtract(capability, limits.headroom), limits.needUnreserve)
  const needUnreserve = rc.anyAboveZero(over)
  const free = rc.availableContainers(node.available, capability) > 0
  const kill = free || !node.killable || !queue.mayPreempt(node.partition) ? undefined : killsFor(capability, node, rc)
  const fits = free || kill !== undefined
  let unreserve: RMContainer | undefined
  if (fits) {
    scheduler.looks.nodeMattered = true
    if (!reservation && scheduler.reservationsContinueLooking && (!mayAdd || needUnreserve)) {
      unreserve = reservationToGiveUp(queue, ask, needUnreserve ? over : capability)
      if (!unreserve) {
        scheduler.recording?.skip(attempt, ask, NODE_NOTHING_TO_UNRESERVE)
        attempt.skipped = 'Node can not find a container to be unreserved when needed. '
        return 'LOCALITY_SKIPPED'
      }
    }
  } else {
    attempt.skipped = 'Node does not have sufficient resource for request. '
    if (!reservation) {
      scheduler.looks.asks.push(ask)
      // What may have more, but for what else stands against it, may still when it has waited longer.
      if (mayAdd) scheduler.looks.nodeMattered = true
      else if (ask.reserved.size > 0) scheduler.looks.waiting.push({ ask, queue })
    }
    if (!reservation && (!mayAdd || !scheduler.mayReserve || (scheduler.reservationsContinueLooking && needUnreserve))) {
      scheduler.recording?.skipLacking(attempt, ask, NODE_LACKS, capability, node.available)
      return 'LOCALITY_SKIPPED'
    }
  }
  return {
    attempt,
    node,
    ask,
    asked: capability,
    // A reservation is fulfilled as it was made, though the request may have changed its size since: that alone is what must fit.
    resource: reservation?.resource ?? capability,
    locality,
    requestLocality,
    mode,
    reserve: !fits,
    reservation,
    unreserve,
    kill,
  }
}

/** The containers that must go for the room wanted; undefined: it can't be had so. */
function killsFor(capability: Resource, node: SchedulerNode, rc: ResourceCalculator): RMContainer[] | undefined {
  const kill: RMContainer[] = []
  let room = node.available
  for (const c of node.killable!) {
    kill.push(c)
    room = add(room, c.resource)
    if (rc.fitsIn(capability, room)) return kill
  }
  return undefined
}

/** More is wanted than is reserved already; the longer reservations wait in vain, the more may be added. */
export function mayAllocateOrReserve(queue: LeafQueue, ask: Ask): boolean {
  const reserved = ask.reserved.size
  let starvation = 0
  if (reserved > 0) {
    const nodeFactor = queue.calculator.ratio(ask.capability, queue.spec.maximumAllocation)
    starvation = Math.trunc(
      Math.fround(Math.fround(ask.reReservations / Math.fround(reserved)) * Math.fround(1 - Math.min(nodeFactor, queue.minimumAllocationFactor))),
    )
  }
  return starvation + ask.count - reserved > 0
}

/** The reserved node has no room yet: being offered again only counts. False: more comes of it. */
export function stillWaits(queue: LeafQueue, attempt: SchedulerAttempt, node: SchedulerNode, reservation: RMContainer): boolean {
  const { ask } = reservation
  const rc = queue.calculator
  const plain = ask.count > 0 && ask.places.size === 1 && !ask.scheduling && ask.any!.relaxLocality && !attempt.hasBlacklist
  if (!plain || !rc.fitsIn(reservation.resource, node.total) || rc.availableContainers(node.available, reservation.resource) > 0) return false
  ask.opportunities++
  ask.reReservations++
  return true
}

function reservationToGiveUp(queue: LeafQueue, ask: Ask, atLeast: Resource): RMContainer | undefined {
  let first: RMContainer | undefined
  let place = Number.POSITIVE_INFINITY
  const buckets = bucketsFor(ask.reserved.size)
  for (const c of ask.reserved.values()) {
    if (!queue.calculator.fitsIn(atLeast, c.resource)) continue
    // Hadoop takes the first in a HashMap by node: in order of the node id's hash.
    const bucket = c.node.javaHash & (buckets - 1)
    if (bucket >= place) continue
    place = bucket
    first = c
  }
  return first
}
