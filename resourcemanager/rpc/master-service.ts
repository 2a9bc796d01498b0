/** ApplicationMasterProtocol: application masters register, allocate and finish (ApplicationMasterService). */
import { exception } from '../../common/errors.js'
import type { AllocateResponseProtoInit, NMTokenProtoInit, PreemptionMessageProtoInit } from '../../common/proto/gen/application-master.js'
import type { ApplicationACLMapProtoInit } from '../../common/proto/gen/yarn.js'
import type { ApplicationMasterProtocol } from '../../common/protocols/application-master.js'
import { containerIdProto, resourceProto, tokenProto } from '../../common/protocols/records.js'
import { type ApplicationAttemptId, type NodeId, formatAttemptId } from '../../common/records/ids.js'
import type { FinalApplicationStatus } from '../../common/records/states.js'
import type { CallContext, Handlers } from '../../common/rpc/protocol.js'
import type { TokenAuthenticator } from '../../common/rpc/server.js'
import type { AllocateAnswer, ApplicationSubmission, RegisterApplicationMasterAnswer, UpdateContainerRequest } from '../core/index.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { andThen } from '../runtime/stepper.js'
import { attemptOfAmRmToken } from '../runtime/tokens.js'
import { completedContainerProto, containerProto } from './containers.js'
import { nodeReportProto } from './reports.js'
import { allocateOf, placementConstraintOf } from './requests.js'

/** Proves application masters by their AMRMTokens; their user is the attempt's id, as in Hadoop. */
export function amRmAuthenticator(rm: ResourceManager): TokenAuthenticator {
  return {
    passwordOf: (identifier) => rm.tokens.amRmPassword(identifier),
    userOf: (identifier) => formatAttemptId(attemptOfAmRmToken(identifier)),
  }
}

function caller(call: CallContext): ApplicationAttemptId {
  if (!call.tokenIdentifier) throw exception('AccessControlException', 'an application master proves itself with its AMRMToken')
  return attemptOfAmRmToken(call.tokenIdentifier)
}

export function masterService(rm: ResourceManager): Handlers<ApplicationMasterProtocol> {
  const { resourceTypes: types } = rm.settings

  const nmTokens = (attemptId: ApplicationAttemptId, nodes: Iterable<NodeId>): NMTokenProtoInit[] => {
    const user = rm.userOf(attemptId.applicationId)
    const made: NMTokenProtoInit[] = []
    for (const nodeId of nodes) {
      const token = rm.tokens.nmTokenFor(attemptId, nodeId, user)
      if (token) made.push({ nodeId, token: tokenProto(token) })
    }
    return made
  }

  return {
    registerApplicationMaster(request, call) {
      const attemptId = caller(call)
      return andThen(
        rm.step({
          type: 'registerApplicationMaster',
          attemptId,
          host: request.host ?? '',
          rpcPort: request.rpcPort ?? 0,
          trackingUrl: request.trackingUrl ?? '',
          ...(request.placementConstraints.length > 0 && {
            placementConstraints: request.placementConstraints.flatMap((e) =>
              e.placementConstraint ? [{ tags: e.allocationTags, constraint: placementConstraintOf(e.placementConstraint) }] : [],
            ),
          }),
        }),
        (a: RegisterApplicationMasterAnswer) => {
          // A registering application master holds no NMToken yet, whatever its attempt was given before.
          rm.tokens.forgetNmTokensOf(attemptId)
          return {
            maximumCapability: resourceProto(a.maximumCapability, types),
            applicationACLs: aclsProto(a.acls),
            queue: a.queue,
            containersFromPreviousAttempts: a.containersFromPreviousAttempts.map((c) => containerProto(rm, c)),
            nmTokensFromPreviousAttempts: nmTokens(
              attemptId,
              a.containersFromPreviousAttempts.map((c) => c.nodeId),
            ),
            schedulerResourceTypes: a.schedulerResourceTypes,
            resourceTypes: types.map((t) => ({ name: t.name, units: t.units, type: 'COUNTABLE' as const })),
          }
        },
      )
    },

    allocate(request, call) {
      const attemptId = caller(call)
      return andThen(rm.step(allocateOf(request, attemptId, types)), (a: AllocateAnswer): AllocateResponseProtoInit => {
        const previous = a.containersFromPreviousAttempts
        const renewed = rm.tokens.renewedAmRmToken(attemptId, call.tokenIdentifier!)
        return {
          responseId: a.responseId,
          allocatedContainers: a.allocated.map((c) => containerProto(rm, c)),
          completedContainerStatuses: a.completed.map((c) => completedContainerProto(rm, c)),
          limit: resourceProto(a.available, types),
          updatedNodes: a.updatedNodes.map((u) => nodeReportProto(u.node, types, u.updateType)),
          numClusterNodes: a.clusterNodes,
          preempt: a.preemption && preemptionProto(a.preemption, rm),
          nmTokens: nmTokens(
            attemptId,
            [...a.allocated, ...previous].map((c) => c.nodeId),
          ),
          amRmToken: renewed && tokenProto(renewed),
          applicationPriority: { priority: a.priority },
          updateErrors: a.updateErrors.map((e) => ({
            reason: e.reason,
            updateRequest: updateProto(e.request, rm),
            currentContainerVersion: e.currentVersion,
          })),
          updatedContainers: a.updated.map((u) => ({ updateType: u.updateType, container: containerProto(rm, u.container) })),
          containersFromPreviousAttempts: previous.map((c) => containerProto(rm, c)),
          rejectedSchedulingRequests: a.rejected.map((r) => ({
            reason: `RRP_${r.reason}` as const,
            request: {
              allocationRequestId: r.request.allocationRequestId,
              priority: { priority: r.request.priority },
              allocationTags: r.request.allocationTags,
              resourceSizing: { numAllocations: r.request.numAllocations, resources: resourceProto(r.request.resource, types) },
            },
          })),
        }
      })
    },

    finishApplicationMaster(request, call) {
      const finalStatus = (request.finalApplicationStatus ?? 'APP_UNDEFINED').slice('APP_'.length) as FinalApplicationStatus
      return andThen(
        rm.step({
          type: 'finishApplicationMaster',
          attemptId: caller(call),
          finalStatus,
          diagnostics: request.diagnostics ?? '',
          ...(request.trackingUrl !== undefined && { trackingUrl: request.trackingUrl }),
        }),
        (a: { isUnregistered: boolean }) => ({ isUnregistered: a.isUnregistered }),
      )
    },
  }
}

function aclsProto(acls: ApplicationSubmission['acls']): ApplicationACLMapProtoInit[] {
  return Object.entries(acls ?? {}).map(([type, acl]) => ({ accessType: type === 'MODIFY_APP' ? 'APPACCESS_MODIFY_APP' : 'APPACCESS_VIEW_APP', acl }))
}

function preemptionProto(p: NonNullable<AllocateAnswer['preemption']>, rm: ResourceManager): PreemptionMessageProtoInit {
  const containers = (ids: typeof p.strict) => ids.map((id) => ({ id: containerIdProto(id) }))
  const contract =
    p.contract.length > 0 || p.resources.length > 0
      ? {
          container: containers(p.contract),
          resource: p.resources.map((r) => ({
            resource: {
              priority: { priority: r.priority },
              resourceName: '*',
              capability: resourceProto(r.resource, rm.settings.resourceTypes),
              numContainers: r.numContainers,
            },
          })),
        }
      : undefined
  return { strictContract: p.strict.length > 0 ? { container: containers(p.strict) } : undefined, contract }
}

function updateProto(u: UpdateContainerRequest, rm: ResourceManager) {
  return {
    containerVersion: u.containerVersion,
    containerId: containerIdProto(u.containerId),
    updateType: u.updateType,
    ...(u.capability && { capability: resourceProto(u.capability, rm.settings.resourceTypes) }),
    ...(u.executionType && { executionType: u.executionType }),
  }
}
