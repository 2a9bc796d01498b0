/** Containers as application masters and NodeManagers get them, with their tokens. */
import type { ContainerProtoInit, ContainerStatusProtoInit } from '../../common/proto/gen/yarn.js'
import { containerIdProto, resourceProto, tokenProto } from '../../common/protocols/records.js'
import type { AllocatedContainer, CompletedContainer } from '../core/index.js'
import type { ResourceManager } from '../runtime/resource-manager.js'

export function containerProto(rm: ResourceManager, c: AllocatedContainer): ContainerProtoInit {
  const { applicationId } = c.containerId.applicationAttemptId
  const token = rm.tokens.containerToken({
    containerId: c.containerId,
    nodeId: c.nodeId,
    user: rm.userOf(applicationId),
    resource: c.resource,
    priority: c.priority,
    createdAt: c.creationTime,
    expiresAt: rm.clock.now() + rm.allocationExpiry,
    containerType: 'TASK',
    executionType: c.executionType,
    version: c.version,
    allocationRequestId: c.allocationRequestId,
    ...(c.allocationTags && { allocationTags: c.allocationTags }),
    nodeLabelExpression: c.nodeLabelExpression ?? '',
    logAggregationContext: rm.contexts.logAggregation(applicationId),
  })
  return {
    id: containerIdProto(c.containerId),
    nodeId: c.nodeId,
    nodeHttpAddress: c.nodeHttpAddress,
    resource: resourceProto(c.resource, rm.settings.resourceTypes),
    priority: { priority: c.priority },
    containerToken: tokenProto(token),
    executionType: c.executionType,
    allocationRequestId: c.allocationRequestId,
    version: c.version > 0 ? c.version : undefined,
    allocationTags: c.allocationTags,
  }
}

export function completedContainerProto(rm: ResourceManager, c: CompletedContainer): ContainerStatusProtoInit {
  return {
    containerId: containerIdProto(c.containerId),
    state: c.state === 'COMPLETE' ? 'C_COMPLETE' : c.state === 'RUNNING' ? 'C_RUNNING' : 'C_NEW',
    diagnostics: c.diagnostics,
    exitStatus: c.exitStatus,
    capability: resourceProto(c.resource, rm.settings.resourceTypes),
    executionType: c.executionType,
  }
}
