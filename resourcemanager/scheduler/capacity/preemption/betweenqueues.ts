/**
 * Which containers queues beyond their share give back: of the last application in its queue's order first, masters last (FifoCandidatesSelector).
 */
import { add, multiplyDown, NONE, type Resource, subtract } from '../../../../common/records/index.js'
import type { SchedulerAttempt } from '../../attempt.js'
import type { RMContainer } from '../../container.js'
import type { CapacityScheduler } from '../capacity.js'
import type { LeafQueue } from '../leaf.js'
import { isKillable } from './killable.js'
import { inOrderOfLoss, latestFirst, type Selection, type ToObtain } from './selection.js'
import type { PreemptionSettings } from './settings.js'
import type { Share } from './shares.js'

const ONE: Resource = { memory: 1, vcores: 1 }

/** How much of the excess this round takes from a leaf queue. @param whole all of it: a part of a large container is of no use */
export function dampen(scheduler: CapacityScheduler, settings: PreemptionSettings, leaf: Share, whole: boolean): void {
  const rc = scheduler.settings.calculator
  const cluster = scheduler.cluster.total
  leaf.toObtain = NONE
  if (rc.compare(cluster, leaf.used, multiplyDown(leaf.guaranteed, 1 + settings.ignoredOverCapacity)) <= 0) return
  leaf.toObtain = !whole && rc.compare(cluster, leaf.toTake, NONE) > 0 ? rc.multiplyAndNormalizeUp(leaf.toTake, settings.naturalTermination, ONE) : leaf.toTake
}

/** @param partitions the leaf queue in each partition */
export function selectBetweenQueues(
  scheduler: CapacityScheduler,
  settings: PreemptionSettings,
  leaf: LeafQueue,
  partitions: readonly Share[],
  selection: Selection,
): void {
  const rc = scheduler.settings.calculator
  const cluster = scheduler.cluster.total
  const toObtain: ToObtain = new Map()
  for (const s of partitions) if (rc.compare(cluster, s.toObtain, NONE) > 0) toObtain.set(s.partition, s.toObtain)
  // First what has only been lent to requests without the partition's label.
  for (const partition of [...toObtain.keys()]) {
    for (const c of lent(leaf, partition)) selection.take(c, toObtain, settings.conservative)
  }
  const masters: RMContainer[] = []
  let mastersSize = NONE
  for (const attempt of [...leaf.active.inOrder()].reverse()) {
    if (toObtain.size === 0) break
    takeReservations(scheduler, settings, attempt, selection, toObtain)
    for (const c of inOrderOfLoss(attempt.live.values())) {
      if (toObtain.size === 0) break
      if (selection.has(c) || isKillable(c)) continue
      if (c.isAM) {
        masters.push(c)
        mastersSize = add(mastersSize, c.resource)
      } else selection.take(c, toObtain, settings.conservative)
    }
  }
  const mastersMayHold = multiplyDown(leaf.effectiveMin(''), Math.fround(leaf.spec.maximumAMPercent))
  for (const c of masters) {
    if (toObtain.size === 0 || rc.compare(cluster, mastersSize, mastersMayHold) <= 0) break
    if (selection.take(c, toObtain, settings.conservative)) mastersSize = subtract(mastersSize, c.resource)
  }
}

function takeReservations(
  scheduler: CapacityScheduler,
  settings: PreemptionSettings,
  attempt: SchedulerAttempt,
  selection: Selection,
  toObtain: ToObtain,
): void {
  for (const c of attempt.reservations()) {
    if (toObtain.size === 0) return
    if (selection.has(c)) continue
    selection.take(c, toObtain, settings.conservative)
    if (!settings.observeOnly) scheduler.giveUpReservation(c)
  }
}

/** Containers without a label on nodes of the partition, the youngest of the last application first. */
function lent(leaf: LeafQueue, partition: string): RMContainer[] {
  if (partition === '') return []
  return latestFirst([...leaf.attempts].flatMap((a) => [...a.live.values()].filter((c) => c.label === '' && c.node.partition === partition)))
}
