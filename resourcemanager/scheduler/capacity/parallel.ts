/** How many applications run at a time in a queue and for a user (CSMaxRunningAppsEnforcer): the others wait without being looked at. */
import { compareApplicationIds } from '../../../common/records/index.js'
import type { SchedulerAttempt } from '../attempt.js'
import type { CapacityScheduler } from './capacity.js'
import type { LeafQueue } from './leaf.js'

export class ParallelApplications {
  readonly #byUser = new Map<string, number>()

  constructor(private readonly scheduler: CapacityScheduler) {}

  /** Decides whether the attempt may run, and counts it when it does. */
  track(attempt: SchedulerAttempt): void {
    const leaf = attempt.queue as LeafQueue
    attempt.runnable = this.#mayRun(attempt, leaf)
    if (!attempt.runnable) return
    for (let q = leaf.parent; q; q = q.parent) q.runnableApplications++
    this.#byUser.set(attempt.user, (this.#byUser.get(attempt.user) ?? 0) + 1)
  }

  untrack(attempt: SchedulerAttempt): void {
    if (!attempt.runnable) return
    for (let q = (attempt.queue as LeafQueue).parent; q; q = q.parent) q.runnableApplications--
    const left = (this.#byUser.get(attempt.user) ?? 1) - 1
    if (left === 0) this.#byUser.delete(attempt.user)
    else this.#byUser.set(attempt.user, left)
  }

  /** Lets those run that now may, oldest first. */
  startWaiting(): void {
    const waiting = this.scheduler.root.leaves().flatMap((leaf) => [...leaf.nonRunnable])
    if (waiting.length === 0) return
    waiting.sort((a, b) => compareApplicationIds(a.id.applicationId, b.id.applicationId))
    for (const attempt of waiting) {
      const leaf = attempt.queue as LeafQueue
      if (!this.#mayRun(attempt, leaf)) continue
      leaf.nonRunnable.delete(attempt)
      this.track(attempt)
      leaf.addAttempt(attempt)
    }
  }

  #mayRun(attempt: SchedulerAttempt, leaf: LeafQueue): boolean {
    const { global } = this.scheduler.config
    const most = global.number(`user.${attempt.user}.max-parallel-apps`) ?? global.number('user.max-parallel-apps') ?? Number.MAX_SAFE_INTEGER
    if ((this.#byUser.get(attempt.user) ?? 0) >= most) return false
    if (leaf.runnable.size >= leaf.spec.maxParallelApplications) return false
    for (let q = leaf.parent; q; q = q.parent) if (q.runnableApplications >= q.spec.maxParallelApplications) return false
    return true
  }
}
