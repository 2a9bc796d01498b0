/** Applications, attempts and containers as REST gives them (webapp.dao.{AppInfo,AppAttemptInfo,ContainerInfo}). */
import { LONG_MAX } from '../../common/proto/runtime.js'
import { BUILT_IN_TYPES } from '../../common/protocols/records.js'
import { formatApplicationId, formatAttemptId, formatContainerId, formatNodeId } from '../../common/records/ids.js'
import { NONE, type Resource, add, amountOf, multiply } from '../../common/records/resource.js'
import type { ApplicationReport, AttemptReport, ContainerReport } from '../core/index.js'
import { formatIso8601, logUrl, proxyUrl, trackingUrl } from '../rpc/reports.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { schedulerName } from './context.js'
import { Repeated, type Tree, float } from './render.js'

/** @param limits what a container may have at least and at most, where the real one says so */
export function resourceInfo(rm: ResourceManager, r: Resource, limits?: { readonly min: Resource; readonly max: Resource }): Tree {
  const types = rm.settings.resourceTypes.length > 0 ? rm.settings.resourceTypes : BUILT_IN_TYPES
  return {
    memory: r.memory,
    vCores: r.vcores,
    resourceInformations: {
      resourceInformation: types.map((t) => ({
        attributes: {},
        maximumAllocation: limits ? amountOf(limits.max, t.name) : LONG_MAX,
        minimumAllocation: limits ? amountOf(limits.min, t.name) : 0,
        name: t.name,
        resourceType: 'COUNTABLE',
        units: t.units,
        value: amountOf(r, t.name),
      })),
    },
  }
}

const ENDED: readonly ApplicationReport['state'][] = ['FINISHED', 'FAILED', 'KILLED', 'FINISHING']

/** What a reader may do without: some of it is costly to make. */
export type AppField = 'resourceRequests' | 'timeouts' | 'appNodeLabelExpression' | 'amNodeLabelExpression' | 'resourceInfo'

export interface AppInfoOptions {
  readonly without: readonly AppField[]
  /** The reader may see all of it: times, where it runs, what it has and asks for. */
  readonly view: boolean
}

const secondsMap = (memory: number, vcores: number) =>
  new Repeated('entry', [
    { key: 'memory-mb', value: String(memory) },
    { key: 'vcores', value: String(vcores) },
  ])

export function appInfo(rm: ResourceManager, a: ApplicationReport, { without, view }: AppInfoOptions): Tree {
  const unless = <T>(field: AppField, value: () => T) => (without.includes(field) ? undefined : value())
  const attempt = a.currentAttemptId && rm.core.attempt(a.currentAttemptId)
  const master = view ? attempt?.masterContainer : undefined
  const { usage: u } = a
  const live = u.usedContainers >= 0
  const shown = view && live
  const ended = ENDED.includes(a.state)
  const registered = a.originalTrackingUrl !== undefined || a.host !== 'N/A'
  const hasUi = ended || registered
  const hasAttempt = attempt !== undefined
  const zero = view && hasAttempt && !live ? -1 : 0
  const preempted = u.preemptedMemorySeconds > 0 || u.preemptedVcoreSeconds > 0
  return {
    id: id(a),
    user: a.user,
    name: a.name,
    queue: a.queue,
    state: a.yarnState,
    finalStatus: a.finalStatus,
    progress: float(a.progress * 100),
    trackingUI: ended && hasAttempt ? 'History' : hasUi && hasAttempt ? 'ApplicationMaster' : 'UNASSIGNED',
    trackingUrl: hasUi && hasAttempt ? trackingUrl(rm, a) : undefined,
    diagnostics: a.diagnostics,
    clusterId: rm.clusterTimestamp,
    applicationType: a.applicationType,
    applicationTags: a.tags.join(','),
    priority: a.priority,
    startedTime: view ? a.startTime : 0,
    launchTime: view ? a.launchTime : 0,
    finishedTime: view ? a.finishTime : 0,
    elapsedTime: view ? (a.finishTime || rm.clock.now()) - a.startTime : 0,
    amContainerLogs: master && `http://${master.nodeHttpAddress}/node/containerlogs/${formatContainerId(master.containerId)}/${a.user}`,
    amHostHttpAddress: master?.nodeHttpAddress,
    amRPCAddress: view && a.rpcPort > 0 ? `${a.host}:${a.rpcPort}` : undefined,
    masterNodeId: master ? formatNodeId(master.nodeId) : '',
    allocatedMB: shown ? u.used.memory : zero,
    allocatedVCores: shown ? u.used.vcores : zero,
    reservedMB: shown ? u.reserved.memory : zero,
    reservedVCores: shown ? u.reserved.vcores : zero,
    runningContainers: shown ? u.usedContainers : zero,
    memorySeconds: u.memorySeconds,
    vcoreSeconds: u.vcoreSeconds,
    queueUsagePercentage: float(shown ? u.queueUsagePercentage : 0),
    clusterUsagePercentage: float(shown ? u.clusterUsagePercentage : 0),
    resourceSecondsMap: hasAttempt ? secondsMap(u.memorySeconds, u.vcoreSeconds) : {},
    preemptedResourceMB: u.preempted.memory,
    preemptedResourceVCores: u.preempted.vcores,
    numNonAMContainerPreempted: u.preemptedContainers,
    numAMContainerPreempted: u.preemptedAMContainers,
    preemptedMemorySeconds: u.preemptedMemorySeconds,
    preemptedVcoreSeconds: u.preemptedVcoreSeconds,
    preemptedResourceSecondsMap: preempted ? secondsMap(u.preemptedMemorySeconds, u.preemptedVcoreSeconds) : {},
    resourceRequests: unless('resourceRequests', () =>
      view && attempt && attempt.requests.length > 0 ? attempt.requests.map((r) => requestInfo(rm, r)) : undefined,
    ),
    logAggregationStatus: view ? a.logAggregationStatus : undefined,
    unmanagedApplication: a.unmanagedAM,
    appNodeLabelExpression: unless('appNodeLabelExpression', () => a.nodeLabelExpression),
    amNodeLabelExpression: unless('amNodeLabelExpression', () => (a.unmanagedAM || !hasAttempt ? undefined : (a.amNodeLabelExpression ?? ''))),
    resourceInfo: unless('resourceInfo', () =>
      live && schedulerName(rm) === 'CapacityScheduler' ? { resourceUsagesByPartition: [usageByPartition(rm, a, attempt)] } : undefined,
    ),
    timeouts: unless('timeouts', () => ({ timeout: [timeoutInfo(rm, a)] })),
  }
}

const id = (a: ApplicationReport) => formatApplicationId(a.applicationId)

function usageByPartition(rm: ResourceManager, a: ApplicationReport, attempt: AttemptReport | undefined): Tree {
  const { usage: u } = a
  const am = attempt?.masterContainer?.resource ?? (a.unmanagedAM ? rm.core.queues().minimumAllocation : NONE)
  const pending = (attempt?.requests ?? []).filter((r) => r.resourceName === '*').reduce((sum, r) => add(sum, multiply(r.capability, r.numContainers)), NONE)
  const info = (r: Resource) => resourceInfo(rm, r)
  return {
    partitionName: '',
    used: info(u.used),
    reserved: info(u.reserved),
    pending: info(pending),
    amUsed: info(am),
    amLimit: info(NONE),
    userAmLimit: info(NONE),
  }
}

function requestInfo(rm: ResourceManager, r: AttemptReport['requests'][number]): Tree {
  return {
    priority: r.priority,
    allocationRequestId: r.allocationRequestId ?? -1,
    resourceName: r.resourceName,
    capability: resourceInfo(rm, r.capability),
    numContainers: r.numContainers,
    relaxLocality: r.relaxLocality ?? true,
    nodeLabelExpression: r.nodeLabelExpression ?? '',
    ...(r.executionType && {
      executionTypeRequest: { executionType: r.executionType, enforceExecutionType: false },
      enforceExecutionType: false,
    }),
  }
}

export function timeoutInfo(rm: ResourceManager, a: ApplicationReport): Tree {
  const expiry = a.lifetimeExpiry
  if (expiry === undefined) return { type: 'LIFETIME', expiryTime: 'UNLIMITED', remainingTimeInSeconds: -1 }
  const remaining = ENDED.includes(a.state) ? 0 : Math.max(Math.floor((expiry - rm.clock.now()) / 1000), 0)
  return { type: 'LIFETIME', expiryTime: formatIso8601(expiry), remainingTimeInSeconds: remaining }
}

/** As the list of an application's attempts gives each. */
/** @param view the reader may see where it runs */
export function attemptListInfo(a: AttemptReport, user: string, view: boolean): Tree {
  const master = view ? a.masterContainer : undefined
  return {
    id: a.attemptId.attemptId,
    startTime: a.startTime,
    finishedTime: a.finishTime,
    containerId: master ? formatContainerId(master.containerId) : '',
    nodeHttpAddress: master?.nodeHttpAddress ?? '',
    nodeId: master ? formatNodeId(master.nodeId) : '',
    logsLink: master ? `http://${master.nodeHttpAddress}/node/containerlogs/${formatContainerId(master.containerId)}/${user}` : '',
    blacklistedNodes: master ? a.blacklistedNodes.join(', ') : '',
    nodesBlacklistedBySystem: master && '',
    appAttemptId: formatAttemptId(a.attemptId),
    exportPorts: master ? 'null' : '',
  }
}

/** As one attempt by its id: here every value is text. */
export function attemptInfo(rm: ResourceManager, a: AttemptReport): Tree {
  return {
    appAttemptId: formatAttemptId(a.attemptId),
    host: a.host,
    rpcPort: String(a.rpcPort),
    trackingUrl: proxyUrl(rm, a.attemptId.applicationId),
    originalTrackingUrl: a.originalTrackingUrl ?? 'N/A',
    diagnosticsInfo: a.diagnostics,
    appAttemptState: a.state,
    amContainerId: a.masterContainer && formatContainerId(a.masterContainer.containerId),
    startedTime: String(a.startTime),
    finishedTime: String(a.finishTime),
  }
}

export function containerInfo(rm: ResourceManager, c: ContainerReport, user: string): Tree {
  const elapsed = (c.finishTime || rm.clock.now()) - c.creationTime
  return {
    containerId: formatContainerId(c.containerId),
    allocatedMB: String(c.resource.memory),
    allocatedVCores: String(c.resource.vcores),
    assignedNodeId: formatNodeId(c.nodeId),
    priority: String(c.priority),
    startedTime: String(c.creationTime),
    finishedTime: String(c.finishTime),
    elapsedTime: String(elapsed),
    diagnosticsInfo: c.diagnostics === '' ? undefined : c.diagnostics,
    logUrl: logUrl(c, user),
    containerExitStatus: String(c.exitStatus),
    containerState: c.containerState,
    nodeHttpAddress: `http://${c.nodeHttpAddress}`,
    nodeId: formatNodeId(c.nodeId),
    allocatedResources: { entry: rm.settings.resourceTypes.map((t) => ({ key: t.name, value: String(amountOf(c.resource, t.name)) })) },
    exposedPorts: '',
  }
}
