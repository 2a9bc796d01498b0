/** /ws/v1/cluster/apps and what belongs to applications: lists with filters, one, attempts, containers, submission, changes. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { yarn } from '../../common/config/keys/yarn.js'
import { HadoopException, exception } from '../../common/errors.js'
import { ApplicationSubmissionContextProto } from '../../common/proto/gen/application-client.js'
import { formatApplicationId, formatContainerId } from '../../common/records/ids.js'
import { FINAL_APPLICATION_STATUSES, YARN_APPLICATION_STATES, type YarnApplicationState } from '../../common/records/states.js'
import type { ApplicationReport } from '../core/index.js'
import { parseIso8601 } from '../rpc/client-service.js'
import { submissionOf } from '../rpc/requests.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { type AppField, appInfo, attemptInfo, attemptListInfo, containerInfo, resourceInfo, timeoutInfo } from './app-info.js'
import {
  type Query,
  type RmWebOptions,
  absent,
  applicationOf,
  attemptOf,
  badRequest,
  callerOf,
  containerIdFrom,
  firstOf,
  forbidden,
  listOf,
  notFound,
  queryOf,
  schedulerName,
} from './context.js'
import { type Tree, answer, answerText } from './render.js'
import { type AppSubmission, contextOf } from './submission.js'

type App = { Params: { app: string } }
type Attempt = { Params: { app: string; attempt: string } }

const SIGNALS = ['OUTPUT_THREAD_DUMP', 'GRACEFUL_SHUTDOWN', 'FORCEFUL_SHUTDOWN'] as const

export function appRoutes(web: FastifyInstance, options: RmWebOptions, requireActive: () => ResourceManager): void {
  const base = '/ws/v1/cluster/apps'
  /** Refuses who may not change the application. */
  const mayModify = (rm: ResourceManager, request: FastifyRequest, reply: FastifyReply, app: ApplicationReport, what: string) => {
    const { user } = callerOf(request, options)
    if (rm.core.mayAccess(callerOf(request, options), app.applicationId, 'MODIFY_APP')) return user
    answerText(request, reply, 403, `Unauthorized attempt to ${what} ${formatApplicationId(app.applicationId)} by remote user ${user}`)
    return undefined
  }
  const mayView = (rm: ResourceManager, request: FastifyRequest, app: ApplicationReport) =>
    rm.core.mayAccess(callerOf(request, options), app.applicationId, 'VIEW_APP')
  /** The attempt that is asked for. @throws ForbiddenException when the caller may not see it */
  const viewed = (rm: ResourceManager, request: FastifyRequest<Attempt>) => {
    const found = attemptOf(rm, request.params)
    if (!mayView(rm, request, found.app))
      throw forbidden(`User ${callerOf(request, options).user} does not have privilege to see this attempt ${request.params.attempt}`)
    return found
  }

  web.get(base, (request, reply) => {
    const rm = requireActive()
    const query = queryOf(request)
    const without = deselected(query)
    const caller = callerOf(request, options)
    const apps = matching(rm, query).map((a) => ({ a, view: rm.core.mayAccess(caller, a.applicationId, 'VIEW_APP') }))
    const shown = options.settings.conf.get(yarn.filterByUser) ? apps.filter(({ view }) => view) : apps
    return answer(request, reply, 'apps', shown.length > 0 ? { app: shown.map(({ a, view }) => appInfo(rm, a, { without, view })) } : {})
  })

  web.get('/ws/v1/cluster/appstatistics', (request, reply) => answer(request, reply, 'appStatInfo', statistics(requireActive(), queryOf(request))))

  web.post(`${base}/new-application`, (request, reply) => {
    const rm = requireActive()
    const id = formatApplicationId(rm.newApplicationId())
    const tree = { 'application-id': id, 'maximum-resource-capability': resourceInfo(rm, rm.core.maximumAllocation()) }
    return answer(request, reply, 'NewApplication', tree, { bare: true })
  })

  web.post<{ Body: AppSubmission }>(base, async (request, reply) => {
    const rm = requireActive()
    const caller = callerOf(request, options)
    const context = ApplicationSubmissionContextProto.encode(contextOf(rm, request.body))
    await rm.submit(submissionOf(ApplicationSubmissionContextProto.decode(context), caller.user, caller.groups, rm.settings.resourceTypes), context, request.ip)
    const url = `http://${request.headers.host ?? rm.proxyAddress}${base}/${request.body['application-id']}`
    return reply.code(202).header('location', url).type('application/json;charset=utf-8').send()
  })

  web.get<App>(`${base}/:app`, (request, reply) => {
    const rm = requireActive()
    const app = applicationOf(rm, request.params.app)
    return answer(request, reply, 'app', appInfo(rm, app, { without: deselected(queryOf(request)), view: mayView(rm, request, app) }))
  })

  web.get<App>(`${base}/:app/appattempts`, (request, reply) => {
    const rm = requireActive()
    const app = applicationOf(rm, request.params.app)
    const attempts = rm.core.attempts(app.applicationId) ?? []
    const view = mayView(rm, request, app)
    return answer(request, reply, 'appAttempts', attempts.length > 0 ? { appAttempt: attempts.map((a) => attemptListInfo(a, app.user, view)) } : {})
  })
  web.get<Attempt>(`${base}/:app/appattempts/:attempt`, (request, reply) => {
    const rm = requireActive()
    return answer(request, reply, 'appAttempt', attemptInfo(rm, viewed(rm, request).attempt), { bare: true })
  })
  web.get<Attempt>(`${base}/:app/appattempts/:attempt/containers`, (request, reply) => {
    const rm = requireActive()
    const { app, attempt } = viewed(rm, request)
    const live = (rm.core.containers(attempt.attemptId) ?? []).filter((c) => c.containerState !== 'COMPLETE')
    const infos = live.map((c) => containerInfo(rm, c, app.user))
    return answer(request, reply, 'containers', infos.length === 0 ? {} : { container: infos.length === 1 ? infos[0] : infos }, { bare: true })
  })
  web.get<{ Params: { app: string; attempt: string; container: string } }>(`${base}/:app/appattempts/:attempt/containers/:container`, (request, reply) => {
    const rm = requireActive()
    const containerId = containerIdFrom(request.params.container)
    const { app } = viewed(rm, request)
    const container = rm.core.container(containerId)
    if (!container) throw absent('ContainerNotFoundException', 'Container', request.params.container)
    return answer(request, reply, 'container', containerInfo(rm, container, app.user), { bare: true })
  })

  web.get<App>(`${base}/:app/state`, (request, reply) => {
    const rm = requireActive()
    return answer(request, reply, 'appstate', { state: applicationOf(rm, request.params.app).state }, { bare: true })
  })
  web.put<App & { Body: { state?: string; diagnostics?: string } }>(`${base}/:app/state`, async (request, reply) => {
    const rm = requireActive()
    const app = applicationOf(rm, request.params.app)
    if (app.yarnState === 'KILLED' || app.yarnState === 'FINISHED' || app.yarnState === 'FAILED')
      return answer(request, reply, 'appstate', { state: app.state }, { bare: true })
    const wanted = request.body?.state
    if (wanted === app.state) return answer(request, reply, 'appstate', { state: app.state }, { bare: true })
    if (wanted !== 'KILLED') throw badRequest("Only 'KILLED' is allowed as a target state.")
    const user = mayModify(rm, request, reply, app, 'kill appid')
    if (user === undefined) return reply
    const { diagnostics } = request.body
    await rm.step({ type: 'killApplication', applicationId: app.applicationId, user, ...(diagnostics !== undefined && { diagnostics }) })
    reply.header('location', `http://${request.headers.host ?? rm.proxyAddress}${base}/${request.params.app}/state`)
    return answer(request, reply, 'appstate', { state: applicationOf(rm, request.params.app).state }, { status: 202, bare: true })
  })

  web.get<App>(`${base}/:app/queue`, (request, reply) => {
    const rm = requireActive()
    return answer(request, reply, 'appqueue', { queue: applicationOf(rm, request.params.app).queue }, { bare: true })
  })
  web.put<App & { Body: { queue?: string } }>(`${base}/:app/queue`, async (request, reply) => {
    const rm = requireActive()
    const app = applicationOf(rm, request.params.app)
    const user = mayModify(rm, request, reply, app, 'move appid')
    if (user === undefined) return reply
    const queue = request.body?.queue
    if (!queue) throw badRequest('the body must hold {"queue": NAME}')
    try {
      await rm.step({ type: 'moveApplication', applicationId: app.applicationId, queue, user })
    } catch (e) {
      if (e instanceof HadoopException && e.is('YarnException')) return answerText(request, reply, 400, e.message)
      throw e
    }
    return answer(request, reply, 'appqueue', { queue: applicationOf(rm, request.params.app).queue }, { bare: true })
  })

  web.get<App>(`${base}/:app/priority`, (request, reply) => {
    const rm = requireActive()
    return answer(request, reply, 'applicationpriority', { priority: applicationOf(rm, request.params.app).priority }, { bare: true })
  })
  web.put<App & { Body: { priority?: number } }>(`${base}/:app/priority`, async (request, reply) => {
    const rm = requireActive()
    const app = applicationOf(rm, request.params.app)
    const user = mayModify(rm, request, reply, app, 'change priority of appid')
    if (user === undefined) return reply
    const wanted = Number(request.body?.priority)
    if (!Number.isInteger(wanted)) throw badRequest('the body must hold {"priority": NUMBER}')
    const { priority } = await rm.step({ type: 'updatePriority', applicationId: app.applicationId, priority: wanted, user })
    return answer(request, reply, 'applicationpriority', { priority }, { bare: true })
  })

  web.get<App>(`${base}/:app/timeouts`, (request, reply) => {
    const rm = requireActive()
    return answer(request, reply, 'timeouts', { timeout: [timeoutInfo(rm, applicationOf(rm, request.params.app))] })
  })
  web.get<{ Params: { app: string; type: string } }>(`${base}/:app/timeouts/:type`, (request, reply) => {
    const rm = requireActive()
    if (request.params.type !== 'LIFETIME') throw badRequest(`Invalid application-state ${request.params.type} specified. It should be one of [LIFETIME]`)
    return answer(request, reply, 'timeout', timeoutInfo(rm, applicationOf(rm, request.params.app)))
  })
  web.put<App & { Body: { timeout?: TimeoutBody } & TimeoutBody }>(`${base}/:app/timeout`, async (request, reply) => {
    const rm = requireActive()
    const app = applicationOf(rm, request.params.app)
    const user = mayModify(rm, request, reply, app, 'change timeout of app')
    if (user === undefined) return reply
    const { type, expiryTime } = request.body?.timeout ?? request.body ?? {}
    if (type !== 'LIFETIME' || expiryTime === undefined) return answerText(request, reply, 400, 'Timeout type or ExpiryTime is null.')
    await rm.step({ type: 'updateTimeouts', applicationId: app.applicationId, lifetimeExpiry: parseIso8601(expiryTime), user })
    return answer(request, reply, 'timeout', timeoutInfo(rm, applicationOf(rm, request.params.app)))
  })

  web.post<{ Params: { container: string; command: string } }>('/ws/v1/cluster/containers/:container/signal/:command', async (request, reply) => {
    const rm = requireActive()
    const containerId = containerIdFrom(request.params.container)
    const command = SIGNALS.find((s) => s === request.params.command.toUpperCase())
    if (!command)
      return answerText(request, reply, 400, `Invalid command: ${request.params.command.toUpperCase()}, valid commands are: [${SIGNALS.join(', ')}]`)
    if (!rm.core.container(containerId)) throw notFound(`container with id: ${formatContainerId(containerId)} not found`)
    const app = applicationOf(rm, formatApplicationId(containerId.applicationAttemptId.applicationId))
    if (mayModify(rm, request, reply, app, 'signal a container of') === undefined) return reply
    await rm.step({ type: 'signalContainer', containerId, command })
    return reply.type('application/json;charset=utf-8').send()
  })
}

interface TimeoutBody {
  readonly type?: string
  readonly expiryTime?: string
}

/** What may be left out of an application, by its name in lower case. */
const DESELECTS = ['resourceRequests', 'timeouts', 'appNodeLabelExpression', 'amNodeLabelExpression', 'resourceInfo'] as const

function deselected(query: Query): readonly AppField[] {
  return listOf(query.deSelects).map((name): AppField => {
    const known = DESELECTS.find((d) => d.toLowerCase() === name.toLowerCase())
    if (!known) throw badRequest(`Invalid deSelects string ${name} specified. It should be one of [${DESELECTS.join(', ')}]`)
    return known
  })
}

/** @throws BadRequestException for a state, status, time or limit that is none */
function matching(rm: ResourceManager, query: Query): ApplicationReport[] {
  const states = [...listOf(query.states), ...listOf(firstOf(query.state))].map(applicationState)
  // No value is as good as none, but for a name: that is compared.
  const said = (value: Query[string]) => firstOf(value) || undefined
  const user = said(query.user)
  const queue = said(query.queue)
  const name = firstOf(query.name)
  const types = listOf(query.applicationTypes).map((t) => t.toLowerCase())
  const tags = listOf(query.applicationTags).map((t) => t.toLowerCase())
  if (queue !== undefined && schedulerName(rm) === 'CapacityScheduler' && !rm.core.queue(queue)) throw badRequest(`Unknown queue: ${queue}`)
  const finalStatus = said(query.finalStatus)
  if (finalStatus !== undefined && !(FINAL_APPLICATION_STATUSES as readonly string[]).includes(finalStatus))
    throw exception('IllegalArgumentException', `No enum constant org.apache.hadoop.yarn.api.records.FinalApplicationStatus.${finalStatus}`)
  const limit = numberOf(said(query.limit), 'limit')
  if (limit !== undefined && limit <= 0) throw badRequest('limit value must be greater then 0')
  const started = range(query, 'startedTime', 'startedTime', 'startTimeBegin')
  const finished = range(query, 'finishedTime', 'finishTime', 'finishTimeBegin')
  return rm.core.applications(
    rm.clock.now(),
    (a) =>
      (user === undefined || user === a.user) &&
      (states.length === 0 || states.includes(a.yarnState)) &&
      (finalStatus === undefined || a.finalStatus === finalStatus) &&
      (types.length === 0 || types.includes(a.applicationType.toLowerCase())) &&
      (queue === undefined || queue === a.queue) &&
      (name === undefined || name === a.name) &&
      (tags.length === 0 || tags.some((t) => a.tags.includes(t))) &&
      started(a.startTime) &&
      finished(a.finishTime),
    limit,
  )
}

function applicationState(text: string): YarnApplicationState {
  const state = YARN_APPLICATION_STATES.find((s) => s === text.toUpperCase())
  if (!state) throw badRequest(`Invalid application-state ${text} specified. It should be one of [${YARN_APPLICATION_STATES.join(', ')}]`)
  return state
}

function numberOf(text: string | undefined, what: string): number | undefined {
  if (text === undefined) return undefined
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`${what} value must be a number!`)
  return Number(text)
}

/** @param what as the caller names it, told as `name` in errors; `begin`: in the error that both have in common */
function range(query: Query, what: string, name: string, begin: string): (time: number) => boolean {
  const from = numberOf(firstOf(query[`${what}Begin`]) || undefined, `${what}Begin`) ?? 0
  const to = numberOf(firstOf(query[`${what}End`]) || undefined, `${what}End`) ?? Number.POSITIVE_INFINITY
  if (from < 0) throw badRequest(`${name}Begin must be greater than 0`)
  if (to < 0) throw badRequest(`${name}End must be greater than 0`)
  if (from > to) throw badRequest(`${name}End must be greater than ${begin}`)
  return (time) => time >= from && time <= to
}

/** In the order of Hadoop's own (hashed) map, which scripts that compare texts have seen. */
const STATISTICS_ORDER: readonly YarnApplicationState[] = ['NEW_SAVING', 'ACCEPTED', 'FINISHED', 'NEW', 'SUBMITTED', 'FAILED', 'KILLED', 'RUNNING']

function statistics(rm: ResourceManager, query: Query): Tree {
  const types = listOf(query.applicationTypes).map((t) => t.toLowerCase())
  if (types.length > 1) throw badRequest(`# of applicationTypes = ${types.length}, we temporarily support at most one applicationType`)
  const wanted = listOf(query.states).map(applicationState)
  const apps = rm.core.applicationSummaries().filter((a) => types.length === 0 || types[0] === a.applicationType.toLowerCase())
  return {
    statItem: STATISTICS_ORDER.filter((s) => wanted.length === 0 || wanted.includes(s)).map((state) => ({
      state,
      type: types[0] ?? '*',
      count: apps.filter((a) => a.yarnState === state).length,
    })),
  }
}
