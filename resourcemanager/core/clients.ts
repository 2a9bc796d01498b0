/** What clients ask (ClientRMService, RMAppManager): submit, kill, move, priorities, lifetimes, signals. */
import { exception, isException } from '../../common/errors.js'
import { formatApplicationId, formatAttemptId, formatContainerId } from '../../common/records/index.js'
import type { Answers } from './answers.js'
import { Application } from './application.js'
import type {
  FailAttempt,
  KillApplication,
  MoveApplication,
  RecordApplication,
  SignalContainer,
  SubmitApplication,
  UpdatePriority,
  UpdateTimeouts,
} from './events.js'
import type { ResourceManager } from './resourcemanager.js'
import { checkTags, masterRequests } from './validation.js'

const SUBMIT = 'Submit Application Request'
const TYPE_LENGTH = 20

export function submitApplication(rm: ResourceManager, event: SubmitApplication): undefined {
  const given = event.submission
  const id = given.applicationId
  checkTags(given.tags ?? [])
  // A second submission is the client's retry of the first.
  if (rm.application(id)) return
  let queue = given.queue ?? 'default'
  try {
    const placement = rm.scheduler.place({ user: given.user, groups: given.groups ?? [], queue, name: given.name ?? 'N/A' })
    if (placement && placement.queue.toLowerCase() !== queue.toLowerCase()) queue = placement.queue
    const submission = { ...given, queue, name: given.name ?? 'N/A', applicationType: (given.applicationType ?? 'YARN').slice(0, TYPE_LENGTH) }
    if (submission.lifetimeSeconds !== undefined && submission.lifetimeSeconds <= 0) {
      throw exception('YarnException', `Invalid application timeout, value=${submission.lifetimeSeconds} for type=LIFETIME`)
    }
    const amRequests = masterRequests(rm, submission, queue, false)
    const priority = rm.scheduler.priorityFor(submission.priority, queue, rm.config.maximumApplicationPriority, submission.tags ?? [])
    const target = rm.scheduler.queueInfo(queue) ? queue : placement?.parent
    if (rm.config.aclEnabled && target !== undefined && rm.scheduler.queueInfo(target)) {
      const groups = submission.groups ?? []
      const may =
        rm.scheduler.mayAccess(target, submission.user, groups, 'SUBMIT_APPLICATIONS') ||
        rm.scheduler.mayAccess(target, submission.user, groups, 'ADMINISTER_QUEUE')
      if (!may) {
        throw exception(
          'YarnException',
          `org.apache.hadoop.security.AccessControlException: User ${submission.user} does not have permission to submit ${formatApplicationId(id)} to queue ${queue}`,
        )
      }
    }
    const app = new Application(rm, submission, amRequests, maxAttempts(rm, submission.maxAppAttempts), rm.now, rm.now, queue, priority, placement?.parent)
    rm.applications.set(app.key, app)
    rm.send(app, { type: 'START' })
    rm.audit(given.user, SUBMIT, 'ClientRMService', 'SUCCESS', { applicationId: id, queue })
  } catch (e) {
    if (isException(e)) {
      rm.audit(given.user, SUBMIT, 'ClientRMService', 'FAILURE', { applicationId: id, queue, description: 'Exception in submitting application' })
    }
    throw e
  }
}

/** What the application asks, if anything, within the cluster's limit. */
export function maxAttempts(rm: ResourceManager, asked: number | undefined): number {
  const global = rm.config.maxAppAttempts
  return asked === undefined || asked <= 0 || asked > global ? global : asked
}

function live(rm: ResourceManager, id: Parameters<typeof formatApplicationId>[0], doing: string): Application {
  const app = rm.application(id)
  if (!app) throw exception('ApplicationNotFoundException', `Trying to ${doing} an absent application ${formatApplicationId(id)}`)
  return app
}

export function killApplication(rm: ResourceManager, event: KillApplication): Answers['killApplication'] {
  const app = rm.application(event.applicationId)
  if (!app) {
    rm.audit(event.user, 'Kill Application Request', 'ClientRMService', 'FAILURE', {
      applicationId: event.applicationId,
      description: 'Trying to kill an absent application',
    })
    return live(rm, event.applicationId, 'kill') as never
  }
  if (app.finalStateStored) return { completed: true }
  const at = event.callerAddress ? ` at ${event.callerAddress}` : ''
  const why = event.diagnostics?.trim() ? ` with diagnostic message: ${event.diagnostics.trim()}` : ''
  rm.send(app, { type: 'KILL', diagnostics: `Application ${app.name} was killed by user ${event.user}${at}${why}`, user: event.user })
  return { completed: app.submission.unmanagedAM ?? false }
}

export function failAttempt(rm: ResourceManager, event: FailAttempt): undefined {
  const app = live(rm, event.attemptId.applicationId, 'fail')
  const attempt = app.attempts.get(event.attemptId.attemptId)
  if (!attempt) throw exception('ApplicationAttemptNotFoundException', `ApplicationAttempt with id ${formatAttemptId(event.attemptId)} not found.`)
  if (app.completing || attempt.ended) return
  rm.send(attempt, { type: 'FAIL', diagnostics: `Attempt failed by user. User: ${event.user}` })
}

export function moveApplication(rm: ResourceManager, event: MoveApplication): Answers['moveApplication'] {
  const app = live(rm, event.applicationId, 'move')
  if (app.state !== 'ACCEPTED' && app.state !== 'RUNNING' && app.state !== 'SUBMITTED') {
    throw exception('YarnException', `App in ${app.state} state cannot be moved.`)
  }
  app.queue = rm.scheduler.move(app.id, event.queue)
  rm.persistApplication(app, {})
  rm.audit(event.user, 'Move Application Request', 'ClientRMService', 'SUCCESS', { applicationId: app.id, queue: event.queue })
  return { queue: app.queue }
}

export function updatePriority(rm: ResourceManager, event: UpdatePriority): Answers['updatePriority'] {
  const app = live(rm, event.applicationId, 'update priority of')
  if (app.state !== 'ACCEPTED' && app.state !== 'RUNNING') {
    // What is about to end keeps its priority, without complaint.
    if (app.completing) return { priority: app.priority }
    throw exception('YarnException', `Application in ${app.state} state cannot update priority.`)
  }
  rm.scheduler.checkPriorityChange()
  const priority = rm.scheduler.priorityFor(event.priority, app.queue, rm.config.maximumApplicationPriority, [])
  if (priority !== app.priority) {
    app.priority = priority
    rm.scheduler.setPriority(app.id, priority)
    rm.persistApplication(app, {})
  }
  rm.audit(event.user, 'Update Application Priority', 'ClientRMService', 'SUCCESS', { applicationId: app.id })
  return { priority }
}

export function updateTimeouts(rm: ResourceManager, event: UpdateTimeouts): Answers['updateTimeouts'] {
  const app = live(rm, event.applicationId, 'update timeout of')
  if (app.completing) return { lifetimeExpiry: event.lifetimeExpiry }
  if (event.lifetimeExpiry < rm.now) {
    throw exception('YarnException', `Expire time is less than current time, current-time=${rm.now} expire-time=${event.lifetimeExpiry}`)
  }
  const most = rm.scheduler.lifetimeFor(app.queue, Number.MAX_SAFE_INTEGER)
  const expiry = most < Number.MAX_SAFE_INTEGER ? Math.min(event.lifetimeExpiry, app.submitTime + most * 1000) : event.lifetimeExpiry
  rm.setLifetime(app, expiry)
  rm.persistApplication(app, {})
  return { lifetimeExpiry: expiry }
}

export function signalContainer(rm: ResourceManager, event: SignalContainer): undefined {
  const app = live(rm, event.containerId.applicationAttemptId.applicationId, 'signal')
  const container = rm.scheduler.container(event.containerId)
  if (!container) {
    throw exception('ContainerNotFoundException', `Failed to signal container as container not exists: ${formatContainerId(event.containerId)} of ${app.name}`)
  }
  const node = rm.nodes.get(container.node.key)
  if (node) rm.send(node, { type: 'SIGNAL_CONTAINER', containerId: event.containerId, command: event.command })
}

/** What the scheduler does for it is recorded for a while, if it is one that still runs. */
export function recordApplication(rm: ResourceManager, event: RecordApplication): undefined {
  const app = rm.application(event.applicationId)
  if (app && !app.ended) rm.scheduler.activities?.recordApplication(app.key, rm.now + event.milliseconds, rm.now)
}
