/**
 * Room on nodes that are kept for large requests: containers of queues beyond their share that run on these nodes go first, where the least must go for it
 * (ReservedContainerCandidatesSelector).
 */
import { add, NONE, type Resource, subtract } from '../../../../common/records/index.js'
import type { ResourceCalculator } from '../../calculator.js'
import type { RMContainer } from '../../container.js'
import type { SchedulerNode } from '../../node.js'
import { isKillable } from './killable.js'
import { latestFirst, type Selection } from './selection.js'

/** What leaf queues give back, by path and partition. */
export type Budget = Map<string, Map<string, Resource>>

/** @param nodes in the scheduler's order */
export function selectForReservations(rc: ResourceCalculator, nodes: readonly SchedulerNode[], budget: Budget, selection: Selection): void {
  const costs = nodes.flatMap((node) => {
    const found = node.reserved && clearing(rc, node, node.reserved, budget, selection, true)
    return found ? [{ node, cost: found.cost }] : []
  })
  for (const { node } of costs.sort((a, b) => a.cost - b.cost)) {
    const found = node.reserved && clearing(rc, node, node.reserved, budget, selection, false)
    for (const c of found?.containers ?? []) selection.add(c)
  }
}

/**
 * Which containers make room for the reservation, and how much they are beside what it wants; undefined: it can't be had, or nobody need go for it.
 * @param dry nothing is taken from budget and allowance
 */
function clearing(
  rc: ResourceCalculator,
  node: SchedulerNode,
  reservation: RMContainer,
  budget: Budget,
  selection: Selection,
  dry: boolean,
): { readonly containers: readonly RMContainer[]; readonly cost: number } | undefined {
  const wanted = reservation.resource
  let room = node.obtainable
  if (rc.fitsIn(wanted, room)) return undefined
  const containers: RMContainer[] = []
  let fresh = NONE
  for (const c of latestFirst(node.containers.values())) {
    if (isKillable(c) || c.isAM) continue
    const { path } = c.attempt.queue
    const left = budget.get(path)?.get(node.partition)
    if (!left || !rc.fitsIn(c.resource, left) || !rc.fitsIn(c.resource, selection.allowed)) continue
    if (!dry) {
      budget.get(path)!.set(node.partition, subtract(left, c.resource))
      selection.allowed = subtract(selection.allowed, c.resource)
    }
    if (!selection.has(c)) {
      containers.push(c)
      fresh = add(fresh, c.resource)
    }
    room = add(room, c.resource)
    if (rc.fitsIn(wanted, room)) return { containers, cost: rc.ratio(fresh, wanted) }
  }
  // Queues get back what would not have helped; what a round may take is not restored.
  if (!dry) {
    for (const c of containers) {
      const of = budget.get(c.attempt.queue.path)
      const left = of?.get(node.partition)
      if (left) of!.set(node.partition, add(left, c.resource))
    }
  }
  return undefined
}
