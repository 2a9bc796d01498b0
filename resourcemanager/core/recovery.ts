/** After a restart: applications and attempts as the store holds them; nodes bring their containers when they register. */
import { isException } from '../../common/errors.js'
import { compareApplicationIds } from '../../common/records/index.js'
import { Application } from './application.js'
import { Attempt } from './attempt.js'
import { maxAttempts } from './clients.js'
import type { Placement } from '../scheduler/placement.js'
import type { ApplicationSubmission, Recover } from './events.js'
import type { ResourceManager } from './resourcemanager.js'
import { masterRequests } from './validation.js'

export function recover(rm: ResourceManager, event: Recover): undefined {
  const records = [...event.applications].sort((a, b) => (a.finishTime ?? 0) - (b.finishTime ?? 0) || compareApplicationIds(a.applicationId, b.applicationId))
  for (const record of records) {
    const { submission } = record
    const queue = submission.queue ?? 'default'
    const placement = record.state === undefined ? placeAgain(rm, submission, queue) : undefined
    const app = new Application(
      rm,
      submission,
      masterRequests(rm, submission, queue, true),
      maxAttempts(rm, submission.maxAppAttempts),
      record.submitTime,
      record.startTime,
      queue,
      submission.priority ?? 0,
      placement?.queue === queue ? placement.parent : undefined,
    )
    app.recoveredFinalState = record.state
    app.diagnostics = record.diagnostics ?? ''
    app.launchTime = record.launchTime ?? 0
    app.storedFinishTime = record.finishTime ?? 0
    app.lifetimeExpiry = record.lifetimeExpiry
    const attempts = [...(record.attempts ?? [])].sort((a, b) => a.attemptId.attemptId - b.attemptId.attemptId)
    for (const stored of attempts) {
      const attempt = new Attempt(rm, stored.attemptId, app)
      attempt.recoveredFinalState = stored.state
      attempt.masterContainer = stored.masterContainer
      attempt.diagnostics = `Attempt recovered after RM restart${stored.diagnostics ?? ''}`
      attempt.startTime = stored.startTime
      attempt.finishTime = stored.finishTime ?? 0
      attempt.finalStatus = stored.finalStatus
      attempt.exitStatus = stored.exitStatus ?? attempt.exitStatus
      attempt.originalTrackingUrl = stored.trackingUrl
      attempt.memoryMillis = (stored.memorySeconds ?? 0) * 1000
      attempt.vcoreMillis = (stored.vcoreSeconds ?? 0) * 1000
      attempt.preemptedMemoryMillis = (stored.preemptedMemorySeconds ?? 0) * 1000
      attempt.preemptedVcoreMillis = (stored.preemptedVcoreSeconds ?? 0) * 1000
      // Containers of earlier attempts that it keeps end in its books.
      if (app.current && submission.keepContainers) attempt.books = app.current.books
      app.attempts.set(stored.attemptId.attemptId, attempt)
      app.current = attempt
      app.nextAttemptId = stored.attemptId.attemptId + 1
    }
    app.firstStoredAttempt = attempts[0]?.attemptId.attemptId ?? 1
    rm.applications.set(app.key, app)
    rm.send(app, { type: 'RECOVER' })
  }
}

/** Where the rules put it now: its queue may have to be made again. What they would refuse stays where it was. */
function placeAgain(rm: ResourceManager, submission: ApplicationSubmission, queue: string): Placement | undefined {
  try {
    return rm.scheduler.place({ user: submission.user, groups: submission.groups ?? [], queue, name: submission.name ?? 'N/A' })
  } catch (e) {
    if (isException(e)) return undefined
    throw e
  }
}
