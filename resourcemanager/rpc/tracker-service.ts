/** ResourceTracker: NodeManagers register, beat and leave (ResourceTrackerService). */
import type { NodeHeartbeatResponseProtoInit, RegisterNodeManagerResponseProtoInit } from '../../common/proto/gen/resource-tracker.js'
import { yarn } from '../../common/config/keys/yarn.js'
import {
  applicationIdOf,
  applicationIdProto,
  containerIdOfProto,
  containerIdProto,
  nodeIdOf,
  resourceOf,
  resourceProto,
} from '../../common/protocols/records.js'
import type { ResourceTracker } from '../../common/protocols/resource-tracker.js'
import type { Handlers } from '../../common/rpc/protocol.js'
import type { MasterKey } from '../../common/security/tokens.js'
import type { NodeHeartbeatAnswer, RegisterNodeAnswer } from '../core/index.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { andThen } from '../runtime/stepper.js'
import { containerProto } from './containers.js'
import { attributesOf, containerStatusOf, labelsOf, logAggregationOf, nmContainerStatusOf, utilizationOf } from './requests.js'

/** The Hadoop version that we are in the eyes of NodeManagers that compare. */
export const HADOOP_VERSION = '3.3.6'

const NONE: readonly never[] = []
const some = <T>(list: readonly T[]): readonly T[] | undefined => (list.length > 0 ? list : undefined)

export function trackerService(rm: ResourceManager): Handlers<ResourceTracker> {
  const { tokens, settings } = rm
  const { resourceTypes: types } = settings
  const heartbeatInterval = settings.conf.get(yarn.nmHeartbeatInterval)
  return {
    registerNodeManager(request) {
      const nodeId = nodeIdOf(request.nodeId)
      const health = request.nodeStatus?.nodeHealthStatus
      const register = (rack: string) =>
        andThen(
          rm.step({
            type: 'registerNode',
            nodeId,
            httpPort: request.httpPort ?? 0,
            rack,
            resource: resourceOf(request.resource, types),
            ...(request.physicalResource && { physicalResource: resourceOf(request.physicalResource, types) }),
            ...(request.nmVersion !== undefined && { version: request.nmVersion }),
            containers: request.containerStatuses.map((c) => nmContainerStatusOf(c, types)),
            runningApplications: request.runningApplications.map(applicationIdOf),
            ...optional('labels', labelsOf(request.nodeLabels)),
            ...optional('attributes', attributesOf(request.nodeAttributes)),
            ...optional(
              'health',
              health && { healthy: health.isNodeHealthy ?? true, report: health.healthReport ?? '', lastReportTime: health.lastHealthReportTime ?? 0 },
            ),
            logAggregation: logAggregationOf(request.logAggregationReportsForApps),
          }),
          answer,
        )
      const answer = (a: RegisterNodeAnswer): RegisterNodeManagerResponseProtoInit => {
        if (a.action === 'SHUTDOWN') return { nodeAction: 'SHUTDOWN', diagnosticsMessage: a.diagnostics }
        tokens.forgetNmTokensFor(nodeId)
        return {
          containerTokenMasterKey: masterKey(tokens.keys('container').current),
          nmTokenMasterKey: masterKey(tokens.keys('nm').current),
          nodeAction: 'NORMAL',
          rmIdentifier: rm.clusterTimestamp,
          rmVersion: HADOOP_VERSION,
          diagnosticsMessage: a.diagnostics,
          areNodeLabelsAcceptedByRM: a.labelsAccepted || undefined,
          resource: a.resource && resourceProto(a.resource, types),
        }
      }
      const learning = rm.hosts.learn(nodeId.host)
      const rack = rm.racks.of(nodeId.host)
      if (learning === undefined && typeof rack === 'string') return register(rack)
      return Promise.all([rack, learning]).then(([r]) => register(r))
    },

    nodeHeartbeat(request) {
      const status = request.nodeStatus
      const health = status?.nodeHealthStatus
      return andThen(
        rm.step({
          type: 'nodeHeartbeat',
          nodeId: nodeIdOf(status?.nodeId),
          responseId: status?.responseId ?? 0,
          containers: status ? status.containersStatuses.map(containerStatusOf) : NONE,
          health: { healthy: health?.isNodeHealthy ?? true, report: health?.healthReport ?? '', lastReportTime: health?.lastHealthReportTime ?? 0 },
          keepAliveApplications: status ? status.keepAliveApplications.map(applicationIdOf) : NONE,
          ...optional(
            'increasedContainers',
            some(status?.increasedContainers ?? NONE)?.map((c) => ({
              containerId: containerIdOfProto(c.id),
              resource: resourceOf(c.resource, types),
              version: c.version,
            })),
          ),
          ...optional('containersUtilization', utilizationOf(status?.containersUtilization)),
          ...optional('nodeUtilization', utilizationOf(status?.nodeUtilization)),
          ...optional('logAggregation', some(logAggregationOf(request.logAggregationReportsForApps))),
          ...optional('labels', labelsOf(request.nodeLabels)),
          ...optional('attributes', attributesOf(request.nodeAttributes)),
        }),
        (a: NodeHeartbeatAnswer): NodeHeartbeatResponseProtoInit => {
          if (a.action !== 'NORMAL') return { nodeAction: a.action, diagnosticsMessage: a.diagnostics }
          return {
            responseId: a.responseId,
            nodeAction: 'NORMAL',
            nextHeartBeatInterval: heartbeatInterval,
            tokenSequenceNo: 1,
            containerTokenMasterKey: nextKey(tokens.keys('container').next, request.lastKnownContainerTokenMasterKey?.keyId),
            nmTokenMasterKey: nextKey(tokens.keys('nm').next, request.lastKnownNmTokenMasterKey?.keyId),
            containersToCleanup: a.containersToCleanup.map(containerIdProto),
            applicationsToCleanup: a.applicationsToCleanup.map(applicationIdProto),
            containersToBeRemovedFromNm: a.containersToBeRemoved.map(containerIdProto),
            containersToSignal: a.containersToSignal.map((s) => ({
              containerId: containerIdProto(s.containerId),
              command: s.command as 'OUTPUT_THREAD_DUMP',
            })),
            containersToUpdate: a.containersToUpdate.map((c) => containerProto(rm, c)),
            containersToDecrease: a.containersToDecrease.map((c) => containerProto(rm, c)),
            resource: a.resource && resourceProto(a.resource, types),
            areNodeLabelsAcceptedByRM: a.labelsAccepted || undefined,
          }
        },
      )
    },

    unRegisterNodeManager(request) {
      return andThen(rm.step({ type: 'unregisterNode', nodeId: nodeIdOf(request.nodeId) }), () => ({}))
    },
  }
}

/** A property that is there only when it has a value: absent and undefined differ under exact optional types and in event logs. */
function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return (value === undefined ? {} : { [key]: value }) as Partial<Record<K, V>>
}

function masterKey(key: MasterKey) {
  return { keyId: key.keyId, bytes: key.bytes }
}

/** The next key, for a node that does not have it yet. */
function nextKey(next: MasterKey | undefined, known: number | undefined) {
  return next && next.keyId !== known ? masterKey(next) : undefined
}
