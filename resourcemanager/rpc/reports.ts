/** From the core's reports to protobuf: what clients see of applications, attempts, containers, nodes and queues. */
import type {
  ApplicationAttemptReportProtoInit,
  ApplicationReportProtoInit,
  ApplicationResourceUsageReportProtoInit,
  ContainerReportProtoInit,
  QueueInfoProtoInit,
  QueueStateProto,
  YarnApplicationAttemptStateProto,
} from '../../common/proto/gen/application-client.js'
import type {
  ContainerStateProto,
  NodeReportProtoInit,
  NodeStateProto,
  NodeUpdateTypeProto,
  ResourceUtilizationProtoInit,
} from '../../common/proto/gen/yarn.js'
import { type ResourceType, applicationIdProto, attemptIdProto, containerIdProto, resourceProto, tokenProto } from '../../common/protocols/records.js'
import { type ApplicationId, formatApplicationId, formatContainerId } from '../../common/records/ids.js'
import { NONE, type Resource, componentwiseMax, resource, subtract } from '../../common/records/resource.js'
import type { ApplicationReport, AttemptReport, AttemptState, ContainerReport, NodeReport, QueueReport, ResourceUtilization } from '../core/index.js'
import type { ResourceManager } from '../runtime/resource-manager.js'

const UNAVAILABLE = 'N/A'
const DEFAULT_PARTITION = '<DEFAULT_PARTITION>'
const NOT_SET = '<Not set>'
/** As Hadoop's reports give usage that nobody may see, or that there is none of any more. */
const HIDDEN: Resource = { memory: -1, vcores: -1 }

/** Of one that failed or was killed, the ResourceManager's own page: its master is gone. */
export function trackingUrl(rm: ResourceManager, a: ApplicationReport): string {
  const gone = a.currentAttemptId !== undefined && (a.state === 'FAILED' || a.state === 'KILLED')
  return gone ? `http://${rm.proxyAddress}/cluster/app/${formatApplicationId(a.applicationId)}` : proxyUrl(rm, a.applicationId)
}

/** Where the application master's own pages are seen. */
export function proxyUrl(rm: ResourceManager, id: ApplicationId): string {
  return `http://${rm.proxyAddress}/proxy/${formatApplicationId(id)}/`
}

/** `yyyy-MM-dd'T'HH:mm:ss.SSSZ` in local time, as Times.formatISO8601. */
export function formatIso8601(time: number): string {
  const d = new Date(time)
  const offset = -d.getTimezoneOffset()
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0')
  const local = new Date(time + offset * 60_000).toISOString().slice(0, -1)
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}${two(Math.abs(offset) % 60)}`
}

const ENDED: readonly ApplicationReport['state'][] = ['FINISHED', 'FAILED', 'KILLED']

/** @param caller sees everything when `allowed`; otherwise names and states only */
export function applicationReportProto(rm: ResourceManager, a: ApplicationReport, caller: string, allowed: boolean): ApplicationReportProtoInit {
  const proxied = a.currentAttemptId !== undefined
  const url = a.unmanagedAM && a.originalTrackingUrl ? a.originalTrackingUrl : proxied || ENDED.includes(a.state) ? trackingUrl(rm, a) : UNAVAILABLE
  const lifetime = a.lifetimeExpiry
  const remaining = lifetime === undefined ? -1 : ENDED.includes(a.state) ? 0 : Math.max(Math.floor((lifetime - rm.clock.now()) / 1000), 0)
  const ownToken =
    a.unmanagedAM && allowed && caller === a.user && a.currentAttemptId && a.yarnState === 'ACCEPTED' ? rm.tokens.amRmToken(a.currentAttemptId) : undefined
  return {
    applicationId: applicationIdProto(a.applicationId),
    user: a.user,
    queue: a.queue,
    name: a.name,
    host: allowed ? a.host : UNAVAILABLE,
    rpcPort: allowed ? a.rpcPort : -1,
    yarnApplicationState: a.yarnState,
    trackingUrl: allowed ? url : UNAVAILABLE,
    diagnostics: allowed ? a.diagnostics : '',
    startTime: a.startTime,
    finishTime: a.finishTime,
    finalApplicationStatus: `APP_${a.finalStatus}`,
    appResource_Usage: usageProto(a, allowed, rm.settings.resourceTypes),
    originalTrackingUrl: allowed ? (a.originalTrackingUrl ?? UNAVAILABLE) : UNAVAILABLE,
    currentApplicationAttemptId: a.currentAttemptId && attemptIdProto(a.currentAttemptId),
    progress: a.progress,
    applicationType: a.applicationType,
    amRmToken: ownToken && tokenProto(ownToken),
    applicationTags: a.tags,
    logAggregationStatus: `LOG_${a.logAggregationStatus}`,
    unmanagedApplication: a.unmanagedAM,
    priority: { priority: a.priority },
    appNodeLabelExpression: labelText(a.nodeLabelExpression, NOT_SET),
    amNodeLabelExpression: labelText(a.amNodeLabelExpression, a.unmanagedAM ? NOT_SET : DEFAULT_PARTITION),
    appTimeouts: [
      {
        applicationTimeoutType: 'APP_TIMEOUT_LIFETIME',
        applicationTimeout: {
          applicationTimeoutType: 'APP_TIMEOUT_LIFETIME',
          expireTime: lifetime === undefined ? 'UNLIMITED' : formatIso8601(lifetime),
          remainingTime: remaining,
        },
      },
    ],
    launchTime: a.launchTime,
  }
}

function labelText(expression: string | undefined, unset: string): string {
  return expression === undefined ? unset : expression === '' ? DEFAULT_PARTITION : expression
}

function usageProto({ usage: u }: ApplicationReport, allowed: boolean, types: readonly ResourceType[]): ApplicationResourceUsageReportProtoInit {
  const live = allowed && u.usedContainers >= 0
  const pairs = (memory: number, vcores: number) => [
    { key: 'memory-mb', value: memory },
    { key: 'vcores', value: vcores },
  ]
  return {
    numUsedContainers: live ? u.usedContainers : -1,
    numReservedContainers: live ? u.reservedContainers : -1,
    usedResources: resourceProto(live ? u.used : HIDDEN, types),
    reservedResources: resourceProto(live ? u.reserved : HIDDEN, types),
    neededResources: resourceProto(live ? u.needed : HIDDEN, types),
    memorySeconds: allowed ? u.memorySeconds : 0,
    vcoreSeconds: allowed ? u.vcoreSeconds : 0,
    ...(live && { queueUsagePercentage: u.queueUsagePercentage, clusterUsagePercentage: u.clusterUsagePercentage }),
    preemptedMemorySeconds: allowed ? u.preemptedMemorySeconds : 0,
    preemptedVcoreSeconds: allowed ? u.preemptedVcoreSeconds : 0,
    applicationResourceUsageMap: allowed ? pairs(u.memorySeconds, u.vcoreSeconds) : [],
    applicationPreemptedResourceUsageMap: allowed ? pairs(u.preemptedMemorySeconds, u.preemptedVcoreSeconds) : [],
  }
}

const ATTEMPT_STATES: Record<AttemptState, YarnApplicationAttemptStateProto> = {
  NEW: 'APP_ATTEMPT_NEW',
  SUBMITTED: 'APP_ATTEMPT_SUBMITTED',
  SCHEDULED: 'APP_ATTEMPT_SCHEDULED',
  ALLOCATED_SAVING: 'APP_ATTEMPT_ALLOCATED_SAVING',
  ALLOCATED: 'APP_ATTEMPT_ALLOCATED',
  LAUNCHED: 'APP_ATTEMPT_LAUNCHED',
  // Clients know no state for what is just being saved: they see the one before.
  LAUNCHED_UNMANAGED_SAVING: 'APP_ATTEMPT_SCHEDULED',
  FINAL_SAVING: 'APP_ATTEMPT_RUNNING',
  RUNNING: 'APP_ATTEMPT_RUNNING',
  FINISHING: 'APP_ATTEMPT_FINISHING',
  FINISHED: 'APP_ATTEMPT_FINISHED',
  FAILED: 'APP_ATTEMPT_FAILED',
  KILLED: 'APP_ATTEMPT_KILLED',
}

export function attemptReportProto(rm: ResourceManager, a: AttemptReport): ApplicationAttemptReportProtoInit {
  return {
    applicationAttemptId: attemptIdProto(a.attemptId),
    host: a.host,
    rpcPort: a.rpcPort,
    trackingUrl: proxyUrl(rm, a.attemptId.applicationId),
    diagnostics: a.diagnostics,
    yarnApplicationAttemptState: ATTEMPT_STATES[a.state],
    amContainerId: a.masterContainer && containerIdProto(a.masterContainer.containerId),
    originalTrackingUrl: a.originalTrackingUrl ?? UNAVAILABLE,
    startTime: a.startTime,
    finishTime: a.finishTime,
  }
}

const CONTAINER_STATES: Record<ContainerReport['containerState'], ContainerStateProto> = { NEW: 'C_NEW', RUNNING: 'C_RUNNING', COMPLETE: 'C_COMPLETE' }

/** Where a container's logs are read while its node has them. */
export function logUrl(c: ContainerReport, user: string): string {
  return `http://${c.nodeHttpAddress}/node/containerlogs/${formatContainerId(c.containerId)}/${user}`
}

export function containerReportProto(rm: ResourceManager, c: ContainerReport, user: string): ContainerReportProtoInit {
  return {
    containerId: containerIdProto(c.containerId),
    resource: resourceProto(c.resource, rm.settings.resourceTypes),
    nodeId: c.nodeId,
    priority: { priority: c.priority },
    creationTime: c.creationTime,
    finishTime: c.finishTime,
    ...(c.diagnostics !== '' && { diagnosticsInfo: c.diagnostics }),
    logUrl: logUrl(c, user),
    containerExitStatus: c.exitStatus,
    containerState: CONTAINER_STATES[c.containerState],
    nodeHttpAddress: `http://${c.nodeHttpAddress}`,
    executionType: c.executionType,
    exposedPorts: '',
  }
}

function utilizationProto(u: ResourceUtilization | undefined): ResourceUtilizationProtoInit | undefined {
  return u && { pmem: u.physicalMemory, vmem: u.virtualMemory, cpu: u.cpu }
}

export function nodeReportProto(n: NodeReport, types: readonly ResourceType[], updateType?: NodeUpdateTypeProto): NodeReportProtoInit {
  return {
    nodeId: n.nodeId,
    httpAddress: n.httpAddress,
    rackName: n.rack,
    used: resourceProto(n.used, types),
    capability: resourceProto(n.capability, types),
    numContainers: n.numContainers,
    nodeState: `NS_${n.state}` as NodeStateProto,
    healthReport: n.healthReport,
    lastHealthReportTime: n.lastHealthReportTime,
    nodeLabels: n.labels,
    containersUtilization: utilizationProto(n.containersUtilization),
    nodeUtilization: utilizationProto(n.nodeUtilization),
    ...(n.decommissioningTimeoutSeconds !== undefined && { decommissioningTimeout: n.decommissioningTimeoutSeconds }),
    ...(updateType && { nodeUpdateType: updateType }),
    nodeAttributes: Object.entries(n.attributes).map(([name, value]) => attributeProto(name, value)),
  }
}

/** @param name prefix/name */
export function attributeProto(name: string, value: string) {
  const slash = name.lastIndexOf('/')
  return {
    attributeKey: { attributePrefix: slash < 0 ? '' : name.slice(0, slash), attributeName: name.slice(slash + 1) },
    attributeType: 'STRING' as const,
    attributeValue: value,
  }
}

export interface QueueInfoOptions {
  readonly applications: readonly ApplicationReportProtoInit[]
  readonly includeChildQueues: boolean
  readonly recursive: boolean
}

export function queueInfoProto(q: QueueReport, types: readonly ResourceType[], options: QueueInfoOptions): QueueInfoProtoInit {
  const available = componentwiseMax(subtract(q.effectiveMin, q.used), NONE)
  const children = options.includeChildQueues
    ? q.children.map((c) => queueInfoProto(c, types, { applications: [], includeChildQueues: options.recursive, recursive: options.recursive }))
    : []
  const none = resourceProto(resource(0, 0), types)
  const configurations = Object.entries(q.capacitiesByLabel).length > 0 ? Object.entries(q.capacitiesByLabel) : [['', q.capacities] as const]
  return {
    queueName: q.name,
    capacity: q.capacities.capacity,
    maximumCapacity: q.capacities.maximumCapacity,
    currentCapacity: q.capacities.usedCapacity,
    state: `Q_${q.state}` as QueueStateProto,
    childQueues: children,
    applications: options.applications,
    accessibleNodeLabels: q.labels,
    defaultNodeLabelExpression: q.defaultNodeLabelExpression,
    queueStatistics: {
      numAppsSubmitted: q.metrics.appsSubmitted,
      numAppsRunning: q.metrics.appsRunning,
      numAppsPending: q.metrics.appsPending,
      numAppsCompleted: q.metrics.appsCompleted,
      numAppsKilled: q.metrics.appsKilled,
      numAppsFailed: q.metrics.appsFailed,
      numActiveUsers: q.users.filter((u) => u.activeApplications > 0).length,
      availableMemoryMB: available.memory,
      allocatedMemoryMB: q.used.memory,
      pendingMemoryMB: q.pending.memory,
      reservedMemoryMB: q.reserved.memory,
      availableVCores: available.vcores,
      allocatedVCores: q.used.vcores,
      pendingVCores: q.pending.vcores,
      reservedVCores: q.reserved.vcores,
      allocatedContainers: q.numContainers,
      pendingContainers: q.pendingContainers,
      reservedContainers: q.reservedContainers,
    },
    preemptionDisabled: q.preemptionDisabled,
    queueConfigurationsMap: configurations.map(([partition, c]) => ({
      partitionName: partition,
      queueConfigurations: {
        capacity: c.capacity,
        absoluteCapacity: c.absoluteCapacity,
        maxCapacity: c.maximumCapacity,
        absoluteMaxCapacity: c.absoluteMaximumCapacity,
        maxAMPercentage: c.maximumAMResourcePercent,
        effectiveMinCapacity: resourceProto(q.effectiveMin, types),
        effectiveMaxCapacity: resourceProto(q.effectiveMax, types),
        configuredMinCapacity: none,
        configuredMaxCapacity: none,
      },
    })),
    intraQueuePreemptionDisabled: q.intraQueuePreemptionDisabled,
  }
}
