/** ApplicationClientProtocol: clients submit, ask and steer (ClientRMService). */
import { exception } from '../../common/errors.js'
import { ApplicationSubmissionContextProto, type GetApplicationsRequestProto } from '../../common/proto/gen/application-client.js'
import { LONG_MAX } from '../../common/proto/runtime.js'
import type { ApplicationClientProtocol } from '../../common/protocols/application-client.js'
import { applicationIdOf, applicationIdProto, attemptIdOf, containerIdOfProto, resourceProto } from '../../common/protocols/records.js'
import { type ApplicationAttemptId, type ApplicationId, formatApplicationId, formatAttemptId, formatContainerId } from '../../common/records/ids.js'
import { NODE_STATES } from '../../common/records/states.js'
import type { CallContext, Handlers } from '../../common/rpc/protocol.js'
import type { ApplicationReport, AttemptReport, Caller, QueueReport } from '../core/index.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { andThen } from '../runtime/stepper.js'
import { attributeQueries } from './attribute-queries.js'
import { delegationTokens } from './delegation-tokens.js'
import { leftOut } from './left-out.js'
import { applicationReportProto, attemptReportProto, containerReportProto, formatIso8601, nodeReportProto, queueInfoProto } from './reports.js'
import { submissionOf } from './requests.js'

export function clientService(rm: ResourceManager): Handlers<ApplicationClientProtocol> {
  const { core } = rm
  const { resourceTypes: types } = rm.settings
  const callerOf = (call: CallContext): Caller => ({ user: call.user, groups: rm.groups.of(call.user) })

  const application = (id: ApplicationId): ApplicationReport => {
    const report = core.application(id, rm.clock.now())
    if (!report) {
      const message = `Application with id '${formatApplicationId(id)}' doesn't exist in RM. Please check that the job submission was successful.`
      throw exception('ApplicationNotFoundException', message)
    }
    return report
  }
  const mayView = (id: ApplicationId, call: CallContext) => core.mayAccess(callerOf(call), id, 'VIEW_APP')
  /** @throws YarnException in Hadoop's spelling */
  const requireView = (id: ApplicationId, call: CallContext, what: string) => {
    if (!mayView(id, call)) throw exception('YarnException', `User ${call.user} does not have privilage to see this ${what}`)
  }
  const attempt = (id: ApplicationAttemptId): AttemptReport => {
    const report = core.attempt(id)
    if (!report) throw exception('ApplicationAttemptNotFoundException', `ApplicationAttempt with id '${formatAttemptId(id)}' doesn't exist in RM.`)
    return report
  }
  const reportFor = (a: ApplicationReport, call: CallContext) => applicationReportProto(rm, a, call.user, mayView(a.applicationId, call))
  return {
    getNewApplication: () => ({ applicationId: applicationIdProto(rm.newApplicationId()), maximumCapability: resourceProto(core.maximumAllocation(), types) }),

    submitApplication(request, call) {
      const context = request.applicationSubmissionContext
      if (!context?.applicationId) throw exception('YarnException', 'the submission context names no application id')
      return andThen(
        rm.submit(submissionOf(context, call.user, rm.groups.of(call.user), types), ApplicationSubmissionContextProto.encode(context), call.remoteAddress),
        () => ({}),
      )
    },

    forceKillApplication(request, call) {
      return andThen(
        rm.step({
          type: 'killApplication',
          applicationId: applicationIdOf(request.applicationId),
          user: call.user,
          callerAddress: call.remoteAddress,
          ...(request.diagnostics !== undefined && { diagnostics: request.diagnostics }),
        }),
        (a) => ({ isKillCompleted: a.completed }),
      )
    },

    failApplicationAttempt: (request, call) =>
      andThen(rm.step({ type: 'failAttempt', attemptId: attemptIdOf(request.applicationAttemptId), user: call.user }), () => ({})),

    getApplicationReport(request, call) {
      if (!request.applicationId) throw exception('ApplicationNotFoundException', 'Invalid application id: null')
      return { applicationReport: reportFor(application(applicationIdOf(request.applicationId)), call) }
    },

    getApplications(request, call) {
      return {
        applications: applicationsMatching(rm, request, call.user, (id) => mayView(id, call)).map((a) => reportFor(a, call)),
      }
    },

    getApplicationAttemptReport(request, call) {
      const id = attemptIdOf(request.applicationAttemptId)
      application(id.applicationId)
      requireView(id.applicationId, call, `attempt ${formatAttemptId(id)}`)
      return { applicationAttemptReport: attemptReportProto(rm, attempt(id)) }
    },

    getApplicationAttempts(request, call) {
      const id = applicationIdOf(request.applicationId)
      application(id)
      requireView(id, call, `application ${formatApplicationId(id)}`)
      return { applicationAttempts: (core.attempts(id) ?? []).map((a) => attemptReportProto(rm, a)) }
    },

    getContainerReport(request, call) {
      const id = containerIdOfProto(request.containerId)
      const app = application(id.applicationAttemptId.applicationId)
      requireView(app.applicationId, call, `application ${formatApplicationId(app.applicationId)}`)
      attempt(id.applicationAttemptId)
      const report = core.container(id)
      if (!report) throw exception('ContainerNotFoundException', `Container with id '${formatContainerId(id)}' doesn't exist in RM.`)
      return { containerReport: containerReportProto(rm, report, app.user) }
    },

    getContainers(request, call) {
      const id = attemptIdOf(request.applicationAttemptId)
      const app = application(id.applicationId)
      requireView(app.applicationId, call, `application ${formatApplicationId(app.applicationId)}`)
      attempt(id)
      const live = (core.containers(id) ?? []).filter((c) => c.containerState !== 'COMPLETE')
      return { containers: live.map((c) => containerReportProto(rm, c, app.user)) }
    },

    getClusterMetrics() {
      const { nodes, totalNodes } = core.metrics()
      return {
        clusterMetrics: {
          numNodeManagers: totalNodes,
          numDecommissionedNms: nodes.DECOMMISSIONED,
          numActiveNms: nodes.RUNNING,
          numLostNms: nodes.LOST,
          numUnhealthyNms: nodes.UNHEALTHY,
          numRebootedNms: nodes.REBOOTED,
          numDecommissioningNms: nodes.DECOMMISSIONING,
          numShutdownNms: nodes.SHUTDOWN,
        },
      }
    },

    getClusterNodes(request) {
      const states: readonly string[] = request.nodeStates.length > 0 ? request.nodeStates.map((s) => s.slice('NS_'.length)) : NODE_STATES
      return {
        nodeReports: core
          .nodes()
          .filter((n) => states.includes(n.state))
          .map((n) => nodeReportProto(n, types)),
      }
    },

    getQueueInfo(request, call) {
      const queue = core.queue(request.queueName ?? '')
      // No error: an unknown queue is an answer without one, and the clients say so.
      if (!queue) return {}
      const applications = request.includeApplications ? queue.applications.flatMap((id) => core.application(id, rm.clock.now()) ?? []) : []
      return {
        queueInfo: queueInfoProto(queue, types, {
          applications: applications.filter((a) => mayView(a.applicationId, call)).map((a) => reportFor(a, call)),
          includeChildQueues: request.includeChildQueues ?? false,
          recursive: request.recursive ?? false,
        }),
      }
    },

    getQueueUserAcls(_request, call) {
      const caller = callerOf(call)
      const aclsOf = (q: QueueReport): { queueName: string; userAcls: ('QACL_SUBMIT_APPLICATIONS' | 'QACL_ADMINISTER_QUEUE')[] }[] => [
        {
          queueName: q.path,
          userAcls: (['SUBMIT_APPLICATIONS', 'ADMINISTER_QUEUE'] as const)
            .filter((acl) => core.mayAccessQueue(caller, q.path, acl))
            .map((acl) => `QACL_${acl}` as const),
        },
        ...q.children.flatMap(aclsOf),
      ]
      return { queueUserAcls: aclsOf(core.queues()) }
    },

    moveApplicationAcrossQueues: (request, call) =>
      andThen(
        rm.step({ type: 'moveApplication', applicationId: applicationIdOf(request.applicationId), queue: request.targetQueue, user: call.user }),
        () => ({}),
      ),

    updateApplicationPriority: (request, call) =>
      andThen(
        rm.step({
          type: 'updatePriority',
          applicationId: applicationIdOf(request.applicationId),
          priority: request.applicationPriority.priority ?? 0,
          user: call.user,
        }),
        (a) => ({ applicationPriority: { priority: a.priority } }),
      ),

    updateApplicationTimeouts(request, call) {
      const wanted = request.applicationTimeouts.find((t) => t.applicationTimeoutType === 'APP_TIMEOUT_LIFETIME')
      if (!wanted) throw exception('YarnException', 'At least one ApplicationTimeoutType should be configured for updating timeouts.')
      return andThen(
        rm.step({
          type: 'updateTimeouts',
          applicationId: applicationIdOf(request.applicationId),
          lifetimeExpiry: parseIso8601(wanted.expireTime ?? ''),
          user: call.user,
        }),
        (a) => ({ applicationTimeouts: [{ applicationTimeoutType: 'APP_TIMEOUT_LIFETIME' as const, expireTime: formatIso8601(a.lifetimeExpiry) }] }),
      )
    },

    signalToContainer(request, call) {
      const containerId = containerIdOfProto(request.containerId)
      const app = application(containerId.applicationAttemptId.applicationId)
      if (!core.mayAccess(callerOf(call), app.applicationId, 'MODIFY_APP'))
        throw exception('YarnException', `User ${call.user} cannot perform operation MODIFY_APP on ${formatApplicationId(app.applicationId)}`)
      return andThen(rm.step({ type: 'signalContainer', containerId, command: request.command }), () => ({}))
    },

    getResourceTypeInfo: () => ({ resourceTypeInfo: types.map((t) => ({ name: t.name, units: t.units, type: 'COUNTABLE' as const })) }),
    getResourceProfiles: leftOut('getResourceProfiles'),
    getResourceProfile: leftOut('getResourceProfile'),

    getClusterNodeLabels: () => ({
      nodeLabels: core.nodeLabels().map((l) => ({ name: l.name, isExclusive: l.exclusive })),
      deprecatedNodeLabels: core.nodeLabels().map((l) => l.name),
    }),
    getNodeToLabels: () => ({
      nodeToLabels: core
        .nodes()
        .filter((n) => n.labels.length > 0)
        .map((n) => ({ nodeId: n.nodeId, nodeLabels: n.labels })),
    }),
    getLabelsToNodes(request) {
      const labels = core.nodeLabels().filter((l) => request.nodeLabels.length === 0 || request.nodeLabels.includes(l.name))
      return { labelsToNodes: labels.map((l) => ({ nodeLabels: l.name, nodeId: l.nodes })) }
    },

    ...attributeQueries(rm),
    ...delegationTokens(rm),

    getNewReservation: leftOut('getNewReservation'),
    submitReservation: leftOut('submitReservation'),
    updateReservation: leftOut('updateReservation'),
    deleteReservation: leftOut('deleteReservation'),
    listReservations: leftOut('listReservations'),
  }
}

/** @throws YarnException in Hadoop's words */
export function parseIso8601(text: string): number {
  const m = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})([+-]\d\d):?(\d\d)$/.exec(text)
  const time = m ? Date.parse(`${m[1]}${m[2]}:${m[3]}`) : Number.NaN
  if (Number.isNaN(time)) throw exception('YarnException', "Expire time is not in ISO8601 format. ISO8601 supported format is yyyy-MM-dd'T'HH:mm:ss.SSSZ")
  return time
}

function applicationsMatching(
  rm: ResourceManager,
  r: GetApplicationsRequestProto,
  caller: string,
  mayView: (id: ApplicationId) => boolean,
): ApplicationReport[] {
  const any = <T>(wanted: readonly T[], has: T) => wanted.length === 0 || wanted.includes(has)
  const within = (time: number, begin: number | undefined, end: number | undefined) => time >= (begin ?? 0) && time <= (end ?? LONG_MAX)
  const leaf = (queue: string) => queue.slice(queue.lastIndexOf('.') + 1)
  const tags = r.applicationTags.map((t) => t.toLowerCase())
  return rm.core.applications(
    rm.clock.now(),
    (a) =>
      any(r.users, a.user) &&
      (r.scope !== 'OWN' || a.user === caller) &&
      any(r.applicationTypes, a.applicationType) &&
      any(r.applicationStates, a.yarnState) &&
      (r.queues.length === 0 || r.queues.some((q) => q === a.queue || leaf(q) === leaf(a.queue))) &&
      (r.name === undefined || r.name === a.name) &&
      within(a.startTime, r.startBegin, r.startEnd) &&
      within(a.finishTime, r.finishBegin, r.finishEnd) &&
      (tags.length === 0 || tags.some((t) => a.tags.includes(t))) &&
      (r.scope !== 'VIEWABLE' || mayView(a.applicationId)),
    r.limit,
  )
}
