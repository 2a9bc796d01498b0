/** How many applications of a user and in a queue may run at a time; the others wait, oldest first (MaxRunningAppsEnforcer). */
import type { SchedulerAttempt } from '../attempt.js'
import type { Allocations } from './allocations.js'
import type { FairApplication } from './application.js'
import type { FairQueue } from './queues.js'

export class RunningApps {
  readonly #byUser = new Map<string, number>()

  constructor(private readonly limits: () => Allocations) {}

  /** Why the attempt must wait; undefined: it may run. */
  refusal(attempt: SchedulerAttempt, queue: FairQueue): string | undefined {
    const { userMaxApps, userMaxAppsDefault } = this.limits()
    if ((this.#byUser.get(attempt.user) ?? 0) >= (userMaxApps.get(attempt.user) ?? userMaxAppsDefault)) {
      return `The user "${attempt.user}" has reached the maximum limit of runnable applications.`
    }
    for (let q: FairQueue | undefined = queue; q; q = q.parent) {
      if (q.runnable >= q.spec.maxRunningApps) return `The queue "${queue.path}" has reached the maximum limit of runnable applications.`
    }
    return undefined
  }

  run(app: FairApplication, queue: FairQueue): void {
    const { attempt } = app
    attempt.runnable = true
    queue.waiting.delete(attempt)
    queue.applications.set(attempt, app)
    this.#byUser.set(attempt.user, (this.#byUser.get(attempt.user) ?? 0) + 1)
  }

  wait(app: FairApplication, queue: FairQueue): void {
    app.attempt.runnable = false
    queue.waiting.set(app.attempt, app)
  }

  /** Takes it out of its queue. */
  leave(attempt: SchedulerAttempt, queue: FairQueue): FairApplication | undefined {
    const waiting = queue.waiting.get(attempt)
    if (waiting) {
      queue.waiting.delete(attempt)
      return waiting
    }
    const app = queue.applications.get(attempt)
    if (!app) return undefined
    queue.applications.delete(attempt)
    const left = (this.#byUser.get(attempt.user) ?? 1) - 1
    if (left === 0) this.#byUser.delete(attempt.user)
    else this.#byUser.set(attempt.user, left)
    return app
  }
}
