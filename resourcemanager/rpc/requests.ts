/** From protobuf requests to the core's events. */
import { exception } from '../../common/errors.js'
import type { ApplicationSubmissionContextProto } from '../../common/proto/gen/application-client.js'
import type {
  AllocateRequestProto,
  PlacementConstraintProto,
  SchedulingRequestProto,
  UpdateContainerRequestProto,
} from '../../common/proto/gen/application-master.js'
import type { LogAggregationReportProto, NMContainerStatusProto, NodeAttributesProto, NodeLabelsProto } from '../../common/proto/gen/resource-tracker.js'
import type {
  ContainerStateProto,
  ContainerStatusProto,
  LogAggregationStatusProto,
  ResourceRequestProto,
  ResourceUtilizationProto,
} from '../../common/proto/gen/yarn.js'
import { type ResourceType, applicationIdOf, containerIdOfProto, resourceOf } from '../../common/protocols/records.js'
import type { ApplicationAttemptId } from '../../common/records/ids.js'
import type { ContainerState, LogAggregationStatus } from '../../common/records/states.js'
import type {
  Allocate,
  ApplicationSubmission,
  ContainerStatus,
  LogAggregationReport,
  NMContainerStatus,
  PlacementConstraint,
  ResourceRequest,
  ResourceUtilization,
  SchedulingRequest,
  UpdateContainerRequest,
} from '../core/index.js'

/** Longer application types are cut (YarnConfiguration.APPLICATION_TYPE_LENGTH). */
const APPLICATION_TYPE_LENGTH = 20
const MAX_TAGS = 10
const MAX_TAG_LENGTH = 100

export function resourceRequestOf(p: ResourceRequestProto, types: readonly ResourceType[]): ResourceRequest {
  const executionType = p.executionTypeRequest?.executionType
  return {
    priority: p.priority?.priority ?? 0,
    resourceName: p.resourceName ?? '',
    capability: resourceOf(p.capability, types),
    numContainers: p.numContainers ?? 0,
    relaxLocality: p.relaxLocality,
    allocationRequestId: p.allocationRequestId,
    ...(p.nodeLabelExpression !== undefined && { nodeLabelExpression: p.nodeLabelExpression }),
    ...(executionType !== undefined && { executionType }),
  }
}

/** @throws IllegalArgumentException for tags that Hadoop refuses */
export function submissionOf(
  p: ApplicationSubmissionContextProto,
  user: string,
  groups: readonly string[],
  types: readonly ResourceType[],
): ApplicationSubmission {
  checkTags(p.applicationTags)
  const lifetime = p.applicationTimeouts.find((t) => t.applicationTimeoutType === 'APP_TIMEOUT_LIFETIME')?.timeout
  const acls = Object.fromEntries(
    (p.amContainerSpec?.application_ACLs ?? []).map((a) => [a.accessType === 'APPACCESS_MODIFY_APP' ? 'MODIFY_APP' : 'VIEW_APP', a.acl]),
  )
  const properties = Object.fromEntries(p.applicationSchedulingProperties.map((e) => [e.key ?? '', e.value ?? '']))
  return {
    applicationId: applicationIdOf(p.applicationId),
    user,
    groups,
    name: p.applicationName,
    queue: p.queue,
    ...(p.priority?.priority !== undefined && { priority: p.priority.priority }),
    applicationType: p.applicationType.slice(0, APPLICATION_TYPE_LENGTH),
    tags: p.applicationTags.map((t) => t.toLowerCase()),
    unmanagedAM: p.unmanagedAm,
    ...(p.maxAppAttempts > 0 && { maxAppAttempts: p.maxAppAttempts }),
    keepContainers: p.keepContainersAcrossApplicationAttempts,
    attemptFailuresValidityInterval: p.attemptFailuresValidityInterval,
    amRequests: amRequestsOf(p, types),
    ...(p.nodeLabelExpression !== undefined && { nodeLabelExpression: p.nodeLabelExpression }),
    ...(lifetime !== undefined && { lifetimeSeconds: lifetime }),
    acls,
    schedulingProperties: properties,
  }
}

function amRequestsOf(p: ApplicationSubmissionContextProto, types: readonly ResourceType[]): ResourceRequest[] {
  if (p.amContainerResourceRequest.length > 0) return p.amContainerResourceRequest.map((r) => resourceRequestOf(r, types))
  if (!p.resource) return []
  return [{ priority: 0, resourceName: '*', capability: resourceOf(p.resource, types), numContainers: 1 }]
}

function checkTags(tags: readonly string[]): void {
  if (tags.length > MAX_TAGS) throw exception('IllegalArgumentException', `Too many applicationTags, a maximum of only ${MAX_TAGS} are allowed!`)
  for (const tag of tags) {
    if (tag.length > MAX_TAG_LENGTH) throw exception('IllegalArgumentException', `Tag ${tag} is too long, maximum allowed length of a tag is ${MAX_TAG_LENGTH}`)
    if (!/^[\x00-\x7f]*$/.test(tag)) throw exception('IllegalArgumentException', `A tag can only have ASCII characters! Invalid tag - ${tag}`)
  }
}

export function allocateOf(p: AllocateRequestProto, attemptId: ApplicationAttemptId, types: readonly ResourceType[]): Allocate {
  return {
    type: 'allocate',
    attemptId,
    responseId: p.responseId ?? 0,
    progress: p.progress ?? 0,
    asks: p.ask.map((a) => resourceRequestOf(a, types)),
    releases: p.release.map(containerIdOfProto),
    ...(p.blacklistRequest && { blacklistAdditions: p.blacklistRequest.blacklistAdditions, blacklistRemovals: p.blacklistRequest.blacklistRemovals }),
    ...(p.updateRequests.length > 0 && { updates: p.updateRequests.map((u) => updateOf(u, types)) }),
    ...(p.schedulingRequests.length > 0 && { schedulingRequests: p.schedulingRequests.map((s) => schedulingRequestOf(s, types)) }),
    ...(p.trackingUrl !== undefined && { trackingUrl: p.trackingUrl }),
  }
}

function updateOf(p: UpdateContainerRequestProto, types: readonly ResourceType[]): UpdateContainerRequest {
  return {
    containerId: containerIdOfProto(p.containerId),
    containerVersion: p.containerVersion,
    updateType: p.updateType,
    ...(p.capability && { capability: resourceOf(p.capability, types) }),
    ...(p.executionType && { executionType: p.executionType }),
  }
}

export function schedulingRequestOf(p: SchedulingRequestProto, types: readonly ResourceType[]): SchedulingRequest {
  const executionType = p.executionType?.executionType
  return {
    allocationRequestId: p.allocationRequestId,
    priority: p.priority?.priority ?? 0,
    ...(executionType && { executionType }),
    allocationTags: p.allocationTags,
    numAllocations: p.resourceSizing?.numAllocations ?? 1,
    resource: resourceOf(p.resourceSizing?.resources, types),
    ...(p.placementConstraint && { constraint: placementConstraintOf(p.placementConstraint) }),
  }
}

/** @throws YarnException for a constraint that says nothing */
export function placementConstraintOf(p: PlacementConstraintProto): PlacementConstraint {
  const { simpleConstraint: s, compositeConstraint: c } = p
  if (s) {
    return {
      kind: 'single',
      scope: s.scope,
      minCardinality: s.minCardinality ?? 0,
      maxCardinality: s.maxCardinality ?? 0,
      targets: s.targetExpressions.map((t) => ({ type: t.targetType, ...(t.targetKey !== undefined && { key: t.targetKey }), values: t.targetValues })),
      ...(s.attributeOpCode && { attributeOp: s.attributeOpCode }),
    }
  }
  switch (c?.compositeType) {
    case 'AND':
      return { kind: 'and', children: c.childConstraints.map(placementConstraintOf) }
    case 'OR':
      return { kind: 'or', children: c.childConstraints.map(placementConstraintOf) }
    case 'DELAYED_OR':
      return {
        kind: 'delayedOr',
        children: c.timedChildConstraints.map((t) => ({ constraint: placementConstraintOf(t.placementConstraint), delay: t.schedulingDelay })),
      }
    default:
      throw exception('YarnException', 'a placement constraint is neither simple nor composite')
  }
}

const CONTAINER_STATES: Record<ContainerStateProto, ContainerState> = { C_NEW: 'NEW', C_RUNNING: 'RUNNING', C_COMPLETE: 'COMPLETE' }

export function containerStatusOf(p: ContainerStatusProto): ContainerStatus {
  return {
    containerId: containerIdOfProto(p.containerId),
    state: CONTAINER_STATES[p.state ?? 'C_NEW'],
    exitStatus: p.exitStatus,
    diagnostics: p.diagnostics,
    executionType: p.executionType,
  }
}

export function nmContainerStatusOf(p: NMContainerStatusProto, types: readonly ResourceType[]): NMContainerStatus {
  return {
    containerId: containerIdOfProto(p.containerId),
    state: CONTAINER_STATES[p.containerState ?? 'C_NEW'],
    exitStatus: p.containerExitStatus ?? -1000,
    diagnostics: p.diagnostics,
    executionType: p.executionType,
    resource: resourceOf(p.resource, types),
    priority: p.priority?.priority ?? 0,
    creationTime: p.creationTime ?? 0,
    ...(p.version !== undefined && { version: p.version }),
    allocationRequestId: p.allocationRequestId,
    allocationTags: p.allocationTags,
    ...(p.nodeLabelExpression !== undefined && { nodeLabelExpression: p.nodeLabelExpression }),
  }
}

export function utilizationOf(p: ResourceUtilizationProto | undefined): ResourceUtilization | undefined {
  return p && { physicalMemory: p.pmem ?? 0, virtualMemory: p.vmem ?? 0, cpu: p.cpu ?? 0 }
}

export function logAggregationOf(reports: readonly LogAggregationReportProto[]): LogAggregationReport[] {
  return reports.map((r) => ({
    applicationId: applicationIdOf(r.applicationId),
    status: logAggregationStatusOf(r.logAggregationStatus),
    diagnostics: r.diagnostics,
  }))
}

function logAggregationStatusOf(p: LogAggregationStatusProto | undefined): LogAggregationStatus {
  return (p ?? 'LOG_NOT_START').slice('LOG_'.length) as LogAggregationStatus
}

/** Labels that a NodeManager reports of itself; undefined: it says nothing of labels. */
export function labelsOf(p: NodeLabelsProto | undefined): string[] | undefined {
  return p?.nodeLabels.map((l) => l.name ?? '')
}

/** By full name, prefix/name. */
export function attributesOf(p: NodeAttributesProto | undefined): Record<string, string> | undefined {
  return p && Object.fromEntries(p.nodeAttributes.map((a) => [`${a.attributeKey.attributePrefix}/${a.attributeKey.attributeName}`, a.attributeValue]))
}
