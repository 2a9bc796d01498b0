/** What application masters ask (ApplicationMasterService, DefaultAMSProcessor). */
import { exception, isException } from '../../common/errors.js'
import { type ApplicationAttemptId, add, formatApplicationId, formatAttemptId, NONE } from '../../common/records/index.js'
import type { AllocateAnswer, Answers } from './answers.js'
import type { Application } from './application.js'
import type { Attempt } from './attempt.js'
import type { Allocate, AMLaunched, AMLaunchFailed, FinishApplicationMaster, RegisterApplicationMaster, ResourceRequest } from './events.js'
import { nodeReport } from './queries.js'
import type { ResourceManager } from './resourcemanager.js'
import { checkBlacklist, checkReleases, normalizeRequest } from './validation.js'

const MAX_INT = 0x7fffffff
const nextResponseId = (id: number) => (id + 1) & MAX_INT

export function registerApplicationMaster(rm: ResourceManager, event: RegisterApplicationMaster): Answers['registerApplicationMaster'] {
  const attempt = rm.attempt(event.attemptId)
  const user = attempt?.application.user ?? ''
  const ids = { applicationId: event.attemptId.applicationId, attemptId: event.attemptId }
  if (attempt?.responseId === undefined) {
    rm.audit(user, 'Register App Master', 'ApplicationMasterService', 'FAILURE', { ...ids, description: 'Error in registering application master' })
    throw exception('InvalidApplicationMasterRequestException', `Application doesn't exist in cache ${formatAttemptId(event.attemptId)}`)
  }
  const { application } = attempt
  const { unmanagedAM, keepContainers } = application.submission
  if (attempt.responseId >= 0 && !(unmanagedAM && keepContainers)) {
    const message = `Application Master is already registered : ${formatApplicationId(application.id)}`
    rm.audit(user, 'Register App Master', 'ApplicationMasterService', 'FAILURE', { ...ids, description: message })
    throw exception('InvalidApplicationMasterRequestException', message)
  }
  const constraints = event.placementConstraints ?? []
  if (constraints.length > 0 && !rm.config.placementConstraintsEnabled) {
    throw exception(
      'YarnException',
      constraintsDisabled('placement constraints map in RegisterApplicationMasterRequest', event.attemptId, 'registerApplicationMaster'),
    )
  }
  ping(rm, attempt)
  attempt.responseId = 0
  attempt.lastAnswer = undefined
  rm.send(attempt, { type: 'REGISTERED', registration: { host: event.host, rpcPort: event.rpcPort, trackingUrl: event.trackingUrl } })
  rm.audit(user, 'Register App Master', 'ApplicationMasterService', 'SUCCESS', ids)
  const held = rm.scheduler.attempt(event.attemptId)
  if (held) held.application.constraints = constraints
  const kept = keepContainers && held ? [...held.live.values()].filter((c) => !attempt.isMaster(c.name()) && c.state === 'RUNNING') : []
  if (held && kept.length > 0) held.recovered = []
  return {
    maximumCapability: rm.scheduler.maximumAllocation(application.queue),
    queue: application.queue,
    acls: application.submission.acls,
    schedulerResourceTypes: rm.scheduler.settings.calculator.name === 'default' ? ['MEMORY'] : ['MEMORY', 'CPU'],
    containersFromPreviousAttempts: kept.map((c) => rm.describe(c)),
  }
}

function constraintsDisabled(what: string, attempt: ApplicationAttemptId, operation: string): string {
  return `Found non empty ${what} for application=${formatAttemptId(attempt)}, but the configured yarn.resourcemanager.placement-constraints.handler cannot handle placement constraints. Rejecting this ${operation} operation`
}

function ping(rm: ResourceManager, attempt: Attempt): void {
  if (rm.amSilence.has(attempt)) rm.expectPing(attempt)
}

export function allocate(rm: ResourceManager, event: Allocate): AllocateAnswer {
  const id = event.attemptId
  const attempt = rm.attempt(id)
  if (attempt) ping(rm, attempt)
  if (attempt?.responseId === undefined) {
    throw exception('ApplicationAttemptNotFoundException', `Application attempt ${formatAttemptId(id)} doesn't exist in ApplicationMasterService cache.`)
  }
  const last = attempt.responseId
  if (last < 0) {
    throw exception(
      'ApplicationMasterNotRegisteredException',
      `AM is not registered for known application attempt: ${formatAttemptId(id)} or RM had restarted after AM registered.  AM should re-register.`,
    )
  }
  if (nextResponseId(event.responseId) === last && attempt.lastAnswer) return attempt.lastAnswer
  if (event.responseId !== last) {
    throw exception(
      'InvalidApplicationMasterRequestException',
      `Invalid responseId in AllocateRequest from application attempt: ${formatAttemptId(id)} expect responseId to be ${last} but get ${event.responseId}`,
    )
  }
  const answer: AllocateAnswer = { responseId: nextResponseId(last), ...decide(rm, attempt, event) }
  attempt.responseId = answer.responseId
  attempt.lastAnswer = answer
  return answer
}

function decide(rm: ResourceManager, attempt: Attempt, event: Allocate): Omit<AllocateAnswer, 'responseId'> {
  const app = attempt.application
  rm.send(attempt, { type: 'STATUS_UPDATE', progress: clampProgress(event.progress), trackingUrl: event.trackingUrl })
  if (event.schedulingRequests?.length && !rm.config.placementConstraintsEnabled) {
    throw exception('YarnException', constraintsDisabled('SchedulingRequest in AllocateRequest', event.attemptId, 'allocate'))
  }
  const { scheduler } = rm
  const queue = scheduler.queueInfo(app.queue)
  const maximum = scheduler.maximumAllocation(app.queue)
  let asks: ResourceRequest[]
  try {
    asks = event.asks.map((r) => normalizeRequest(rm, r, maximum, queue, app.submission.nodeLabelExpression))
  } catch (e) {
    if (isException(e, 'InvalidResourceRequestException')) attempt.refusal = e.message
    throw e
  }
  checkBlacklist(event.blacklistAdditions ?? [])
  if (!app.submission.keepContainers) checkReleases(event.releases, event.attemptId)
  const dying = attempt.state === 'FINAL_SAVING' || attempt.state === 'FINISHING' || app.finalStateStored
  const live = scheduler.attempt(event.attemptId)
  const held = live?.id.attemptId === event.attemptId.attemptId ? live : undefined
  const scheduling = event.schedulingRequests ?? []
  const { processor } = rm
  const unplaced =
    processor && held && !dying
      ? processor.process(
          held,
          scheduling.map((r) => ({ ...r, resource: scheduler.normalized(r.resource, maximum) })),
        )
      : []
  const asked =
    !dying &&
    held !== undefined &&
    scheduler.ask(held, {
      asks,
      schedulingRequests: processor ? [] : scheduling,
      releases: event.releases,
      blacklistAdditions: event.blacklistAdditions ?? [],
      blacklistRemovals: event.blacklistRemovals ?? [],
      updates: event.updates ?? [],
    })
  if (!asked || !held) return { ...emptyAnswer(rm, app), completed: attempt.pullFinished() }
  if (asks.length > 0 || scheduling.length > 0) scheduler.stir()
  scheduler.schedule()
  const allocated = scheduler.pull(held).map((c) => rm.describe(c))
  const recovered = held.recovered
  held.recovered = []
  scheduler.pullGrowths(held)
  const updated = held.newlyUpdated
  held.newlyUpdated = []
  const updateErrors = held.updateErrors
  held.updateErrors = []
  const rejected = held.rejected
  held.rejected = []
  return {
    ...emptyAnswer(rm, app),
    allocated,
    completed: attempt.pullFinished(),
    available: scheduler.available(held),
    updatedNodes: pullNodeUpdates(rm, app),
    preemption: pullPreemption(rm, held),
    containersFromPreviousAttempts: recovered.filter((c) => !c.ended && !attempt.isMaster(c.name())).map((c) => rm.describe(c)),
    updated: updated.map((u) => ({ updateType: u.type, container: { ...rm.describe(u.container), resource: u.resource, version: u.version } })),
    updateErrors,
    rejected: [...unplaced, ...rejected.map((request) => ({ reason: 'COULD_NOT_SCHEDULE_ON_NODE' as const, request }))],
  }
}

function emptyAnswer(rm: ResourceManager, app: Application): Omit<AllocateAnswer, 'responseId' | 'completed'> {
  return {
    allocated: [],
    available: NONE,
    updatedNodes: [],
    clusterNodes: rm.scheduler.cluster.size,
    priority: app.priority,
    preemption: undefined,
    containersFromPreviousAttempts: [],
    updated: [],
    updateErrors: [],
    rejected: [],
  }
}

function clampProgress(progress: number): number {
  if (Number.isNaN(progress) || progress < 0) return 0
  return Math.min(progress, 1)
}

function pullNodeUpdates(rm: ResourceManager, app: Application): AllocateAnswer['updatedNodes'] {
  if (app.updatedNodes.size === 0) return []
  const updates = app.updatedNodes
  app.updatedNodes = new Map()
  const reports: AllocateAnswer['updatedNodes'][number][] = []
  for (const [key, updateType] of updates) {
    const node = rm.nodes.get(key) ?? rm.inactiveNodes.get(key)
    if (node) reports.push({ node: nodeReport(rm, node), updateType })
  }
  return reports
}

function pullPreemption(rm: ResourceManager, held: NonNullable<ReturnType<ResourceManager['scheduler']['attempt']>>): AllocateAnswer['preemption'] {
  if (held.toPreempt.size === 0 && held.beingPreempted.size === 0) return undefined
  const containers = [...held.toPreempt]
  held.toPreempt = new Set()
  const all = containers.reduce((sum, c) => add(sum, c.resource), NONE)
  const { calculator, minimumAllocation: minimum } = rm.scheduler.settings
  return {
    strict: [...held.beingPreempted].map((c) => c.name()),
    contract: containers.map((c) => c.name()),
    resources: [{ resource: minimum, numContainers: Math.ceil(calculator.divide(rm.scheduler.cluster.total, all, minimum)), priority: -1 }],
  }
}

export function finishApplicationMaster(rm: ResourceManager, event: FinishApplicationMaster): Answers['finishApplicationMaster'] {
  const id = event.attemptId
  const app = rm.application(id.applicationId)
  if (app?.finalStateStored) return { isUnregistered: true }
  const attempt = app?.attempts.get(id.attemptId)
  if (!app || attempt?.responseId === undefined) {
    throw exception('InvalidApplicationMasterRequestException', `Application doesn't exist in cache ${formatAttemptId(id)}`)
  }
  if (attempt.responseId < 0) {
    const message = `Application Master is trying to unregister before registering for: ${formatApplicationId(app.id)}`
    rm.audit(app.user, 'Unregister App Master', 'ApplicationMasterService', 'FAILURE', { applicationId: app.id, attemptId: id, description: message })
    throw exception('ApplicationMasterNotRegisteredException', message)
  }
  ping(rm, attempt)
  if (!attempt.finishing) {
    attempt.finishing = true
    rm.send(attempt, {
      type: 'UNREGISTERED',
      unregistration: { finalStatus: event.finalStatus, diagnostics: event.diagnostics, trackingUrl: event.trackingUrl },
    })
    rm.audit(app.user, 'Unregister App Master', 'ApplicationMasterService', 'SUCCESS', { applicationId: app.id, attemptId: id })
  }
  return { isUnregistered: app.submission.unmanagedAM ?? false }
}

export function amLaunched(rm: ResourceManager, event: AMLaunched): undefined {
  const attempt = rm.attempt(event.attemptId)
  if (attempt) rm.send(attempt, { type: 'LAUNCHED' })
}

export function amLaunchFailed(rm: ResourceManager, event: AMLaunchFailed): undefined {
  const attempt = rm.attempt(event.attemptId)
  if (attempt) rm.send(attempt, { type: 'LAUNCH_FAILED', diagnostics: event.diagnostics })
}
