/** An application goes from one queue of the fair scheduler to another. */
import { exception } from '../../../common/errors.js'
import { add, fitsIn, formatAttemptId, NONE, subtract } from '../../../common/records/index.js'
import type { SchedulerAttempt } from '../attempt.js'
import type { FairQueue } from './queues.js'

/** @throws YarnException in Hadoop's words when more would run or be used in the queue, or above it, than may */
export function checkMove(attempt: SchedulerAttempt, source: FairQueue, dest: FairQueue): void {
  const used = attempt.usage.total('used')
  for (let q: FairQueue | undefined = dest; q && !isAncestor(q, source); q = q.parent) {
    const refuse = (limit: string) =>
      exception(
        'YarnException',
        `Moving app attempt ${formatAttemptId(attempt.id)} to queue ${dest.path} would violate queue ${limit} constraints on queue ${q!.path}`,
      )
    if (q.runnable === q.spec.maxRunningApps) throw refuse('maxRunningApps')
    if (!fitsIn(add(q.usage, used), q.maxShare)) throw refuse('maxShare')
  }
}

/** What the attempt holds and wants counts for the other queue from now on. */
export function moveBooks(attempt: SchedulerAttempt, source: FairQueue, dest: FairQueue): void {
  const used = attempt.usage.total('used')
  source.charge(subtract(NONE, used), -attempt.live.size)
  dest.charge(used, attempt.live.size)
  const reserved = attempt.usage.total('reserved')
  const reservations = attempt.reservations().length
  source.reserve(subtract(NONE, reserved), -reservations)
  dest.reserve(reserved, reservations)
  for (const partition of attempt.usage.partitions()) {
    const pending = attempt.usage.of(partition).pending
    const count = attempt.asks.active.filter((a) => a.partition === partition).reduce((n, a) => n + a.count, 0)
    source.pendingChanged(attempt, partition, subtract(NONE, pending), -count)
    dest.pendingChanged(attempt, partition, pending, count)
  }
  const counter = attempt.running ? 'appsRunning' : 'appsPending'
  source.count(counter, -1)
  dest.count(counter)
}

function isAncestor(queue: FairQueue, of: FairQueue): boolean {
  for (let q: FairQueue | undefined = of; q; q = q.parent) if (q === queue) return true
  return false
}
