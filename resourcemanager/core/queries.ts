/** Reports, made from the state when asked. */
import {
  add,
  type ApplicationId,
  type FinalApplicationStatus,
  formatResource,
  NODE_STATES,
  type LogAggregationStatus,
  NONE,
  type NodeId,
  type NodeState,
  type Resource,
  type YarnApplicationState,
} from '../../common/records/index.js'
import { aclAllows } from '../scheduler/acl.js'
import type { RMContainer } from '../scheduler/container.js'
import type { Application } from './application.js'
import type { Attempt } from './attempt.js'
import { formatDate } from './calendar.js'
import type { Node } from './node.js'
import type {
  ApplicationReport,
  ApplicationSummary,
  ApplicationUsage,
  AttemptReport,
  Caller,
  ClusterMetrics,
  ContainerReport,
  NodeReport,
  Wait,
} from './reports.js'
import type { ResourceManager } from './resourcemanager.js'
import type { ApplicationState } from './state.js'

// ── applications ──

const YARN_STATE: Record<ApplicationState, YarnApplicationState> = {
  NEW: 'NEW',
  NEW_SAVING: 'NEW_SAVING',
  SUBMITTED: 'SUBMITTED',
  ACCEPTED: 'ACCEPTED',
  RUNNING: 'RUNNING',
  FINAL_SAVING: 'RUNNING',
  FINISHING: 'FINISHED',
  FINISHED: 'FINISHED',
  FAILED: 'FAILED',
  KILLING: 'RUNNING',
  KILLED: 'KILLED',
}

export function yarnState(app: Application): YarnApplicationState {
  let { state } = app
  if (state === 'FINAL_SAVING') state = app.stateBeforeFinalSaving
  if (state === 'KILLING') state = app.stateBeforeKilling
  return YARN_STATE[state]
}

function finalStatus(app: Application): FinalApplicationStatus {
  if (app.current?.finalStatus) return app.current.finalStatus
  if (app.state === 'FAILED') return 'FAILED'
  if (app.state === 'KILLED') return 'KILLED'
  return 'UNDEFINED'
}

/** What every report of it begins with. */
function outline(app: Application) {
  const attempt = app.current
  return {
    applicationId: app.id,
    user: app.user,
    name: app.submission.name ?? 'N/A',
    queue: app.queue,
    applicationType: app.submission.applicationType ?? 'YARN',
    tags: app.submission.tags ?? [],
    state: app.state,
    yarnState: yarnState(app),
    finalStatus: finalStatus(app),
    progress: attempt && (app.state === 'FINISHED' || app.state === 'KILLED') ? 1 : (attempt?.progress ?? 0),
    startTime: app.startTime,
    finishTime: app.finishTime,
    originalTrackingUrl: attempt?.originalTrackingUrl,
  }
}

export function applicationSummary(rm: ResourceManager, app: Application): ApplicationSummary {
  const held = app.ended ? undefined : rm.scheduler.application(app.id)?.current
  return { ...outline(app), containers: held?.live.size, used: held?.usage.total('used') ?? NONE }
}

export function applicationReport(rm: ResourceManager, app: Application, now: number): ApplicationReport {
  const attempt = app.current
  return {
    ...outline(app),
    submission: app.submission,
    diagnostics: app.diagnostics !== '' || !attempt ? app.diagnostics : attemptDiagnostics(rm, attempt),
    submitTime: app.submitTime,
    launchTime: app.launchTime,
    priority: app.priority,
    currentAttemptId: attempt?.id,
    host: attempt?.host ?? 'N/A',
    rpcPort: attempt?.rpcPort ?? -1,
    unmanagedAM: app.submission.unmanagedAM ?? false,
    nodeLabelExpression: app.submission.nodeLabelExpression,
    amNodeLabelExpression: app.amRequests[0]?.nodeLabelExpression,
    logAggregationStatus: logAggregation(rm, app),
    logAggregation: [...app.logAggregation.values()],
    lifetimeExpiry: app.lifetimeExpiry,
    usage: usage(rm, app, now),
  }
}

/** One status for all nodes: what is worst or least far. */
function logAggregation(rm: ResourceManager, app: Application): LogAggregationStatus {
  if (!rm.config.logAggregationEnabled) return 'DISABLED'
  const all = [...app.logAggregation.values()].map((l) => l.status)
  if (all.length === 0 || all.every((s) => s === 'NOT_START')) return 'NOT_START'
  if (all.includes('RUNNING_WITH_FAILURE')) return 'RUNNING_WITH_FAILURE'
  if (all.every((s) => s === 'SUCCEEDED' || s === 'FAILED' || s === 'TIME_OUT' || s === 'DISABLED')) {
    if (all.includes('FAILED')) return 'FAILED'
    if (all.includes('TIME_OUT')) return 'TIME_OUT'
    return app.ended ? 'SUCCEEDED' : 'RUNNING'
  }
  return 'RUNNING'
}

function usage(rm: ResourceManager, app: Application, now: number): ApplicationUsage {
  const held = app.ended ? undefined : rm.scheduler.application(app.id)?.current
  let memoryMillis = 0
  let vcoreMillis = 0
  let preemptedMemoryMillis = 0
  let preemptedVcoreMillis = 0
  let preempted = NONE
  let preemptedContainers = 0
  let preemptedAMContainers = 0
  for (const attempt of app.attempts.values()) {
    memoryMillis += attempt.memoryMillis
    vcoreMillis += attempt.vcoreMillis
    preemptedMemoryMillis += attempt.preemptedMemoryMillis
    preemptedVcoreMillis += attempt.preemptedVcoreMillis
    preempted = add(preempted, attempt.preempted)
    preemptedContainers += attempt.preemptedContainers
    if (attempt.preemptedAM) preemptedAMContainers++
  }
  const soFar = held?.usedSoFar(now)
  memoryMillis += soFar?.memory ?? 0
  vcoreMillis += soFar?.vcores ?? 0
  const used = held?.usage.total('used') ?? NONE
  const reserved = held?.usage.total('reserved') ?? NONE
  const rc = rm.scheduler.settings.calculator
  const cluster = rm.scheduler.cluster.total
  const guaranteed = held ? rm.scheduler.guaranteed(held) : NONE
  const percent = (part: Resource, whole: Resource) => (whole.memory === 0 ? 0 : rc.divide(cluster, part, whole) * 100)
  return {
    usedContainers: held ? held.live.size : -1,
    reservedContainers: held ? held.reservations().length : -1,
    used,
    reserved,
    needed: add(used, reserved),
    memorySeconds: Math.trunc(memoryMillis / 1000),
    vcoreSeconds: Math.trunc(vcoreMillis / 1000),
    preemptedMemorySeconds: Math.trunc(preemptedMemoryMillis / 1000),
    preemptedVcoreSeconds: Math.trunc(preemptedVcoreMillis / 1000),
    preempted,
    preemptedContainers,
    preemptedAMContainers,
    queueUsagePercentage: percent(used, guaranteed),
    clusterUsagePercentage: percent(used, cluster),
  }
}

// ── attempts ──

const LAUNCHED = 'AM container is launched, waiting for AM container to Register with RM'
const AM_STATE = {
  UNMANAGED: LAUNCHED,
  INACTIVATED: 'Application is added to the scheduler and is not yet activated. ',
  ACTIVATED: 'Application is Activated, waiting for resources to be assigned for AM. ',
  ASSIGNED: 'Scheduler has assigned a container for AM, waiting for AM container to be launched',
  LAUNCHED,
} as const

/** What it ended with or, before it runs, why it waits. */
export function attemptDiagnostics(rm: ResourceManager, attempt: Attempt): string {
  if (attempt.diagnostics !== '') return attempt.diagnostics
  if (attempt.refusal !== undefined) return attempt.refusal
  const held = rm.scheduler.attempt(attempt.id)
  const wait = held?.amWait
  if (!held || !wait || held.id.attemptId !== attempt.id.attemptId) return ''
  if (wait.state === 'LAUNCHED' || wait.state === 'UNMANAGED') return LAUNCHED
  const { node } = wait
  let text = `[${formatDate(wait.at)}] ${AM_STATE[wait.state]}${wait.message}`
  if (node) {
    const partition = node.partition === '' ? '' : node.partition
    text += `${node.id} ( Partition : [${partition}], Total resource : ${formatResource(node.total)}, Available resource : ${formatResource(node.available)} ).`
  }
  return text + (wait.details?.() ?? '')
}

export function attemptReport(rm: ResourceManager, attempt: Attempt): AttemptReport {
  const held = rm.scheduler.attempt(attempt.id)
  const own = held?.id.attemptId === attempt.id.attemptId ? held : undefined
  return {
    attemptId: attempt.id,
    state: attempt.state === 'FINAL_SAVING' ? attempt.stateBeforeFinalSaving : attempt.state,
    masterContainer: attempt.masterContainer,
    host: attempt.host,
    rpcPort: attempt.rpcPort,
    originalTrackingUrl: attempt.originalTrackingUrl,
    diagnostics: attemptDiagnostics(rm, attempt),
    startTime: attempt.startTime,
    finishTime: attempt.finishTime,
    finalStatus: attempt.finalStatus,
    exitStatus: attempt.exitStatus,
    progress: attempt.progress,
    blacklistedNodes: own ? [...own.blacklist] : [],
    requests: own ? own.asks.requests() : [],
  }
}

// ── containers ──

export function containerReport(c: RMContainer): ContainerReport {
  return {
    containerId: c.name(),
    nodeId: c.node.nodeId,
    nodeHttpAddress: c.node.httpAddress,
    resource: c.resource,
    priority: c.ask.priority,
    state: c.state,
    // Hadoop's report calls running what its NodeManager has not told the end of.
    containerState: c.ended ? 'COMPLETE' : 'RUNNING',
    exitStatus: c.exitStatus === -1000 ? 0 : c.exitStatus,
    diagnostics: c.diagnostics,
    creationTime: c.creationTime,
    finishTime: c.finishTime,
    executionType: c.executionType,
    allocationTags: c.tags ?? [],
    isAM: c.isAM,
  }
}

// ── nodes ──

export function nodeReport(rm: ResourceManager, node: Node): NodeReport {
  const held = rm.scheduler.cluster.nodes.get(node.key)
  return {
    nodeId: node.nodeId,
    httpAddress: node.httpAddress,
    rack: node.rack,
    name: node.name,
    used: held?.allocated ?? NONE,
    capability: node.total,
    available: held?.available ?? NONE,
    physicalResource: node.physical,
    numContainers: held?.containers.size ?? 0,
    state: node.state,
    healthReport: node.healthReport,
    lastHealthReportTime: node.lastHealthReportTime,
    lastHeartbeatTime: node.lastHeartbeat,
    version: node.version,
    labels: node.labels,
    attributes: node.attributes,
    containersUtilization: node.containersUtilization,
    nodeUtilization: node.nodeUtilization,
    decommissioningTimeoutSeconds: node.decommissioningTimeout,
    reserved: held?.reserved?.id,
  }
}

// ── the cluster ──

export function clusterMetrics(rm: ResourceManager): ClusterMetrics {
  const { cluster } = rm.scheduler
  const root = rm.scheduler.rootReport()
  const nodes = Object.fromEntries(NODE_STATES.map((s) => [s, 0])) as Record<NodeState, number>
  for (const node of rm.nodes.values()) nodes[node.state]++
  for (const node of rm.inactiveNodes.values()) nodes[node.state]++
  let allocated = NONE
  let available = NONE
  let containers = 0
  for (const node of cluster.nodes.values()) {
    allocated = add(allocated, node.allocated)
    available = add(available, node.available)
    containers += node.containers.size
  }
  const c = root.metrics
  return {
    appsSubmitted: c.appsSubmitted,
    appsCompleted: c.appsCompleted,
    appsPending: c.appsPending,
    appsRunning: c.appsRunning,
    appsFailed: c.appsFailed,
    appsKilled: c.appsKilled,
    total: cluster.total,
    available,
    allocated,
    reserved: root.reserved,
    pending: root.pending,
    containersAllocated: containers,
    containersReserved: root.reservedContainers,
    containersPending: root.pendingContainers,
    totalNodes: rm.nodes.size + rm.inactiveNodes.size,
    nodes,
  }
}

export function nodeLabels(rm: ResourceManager): { name: string; exclusive: boolean; nodes: NodeId[] }[] {
  return [...rm.labels].map(([name, { exclusive }]) => ({
    name,
    exclusive,
    nodes: [...rm.nodes.values()].filter((n) => n.labels.includes(name)).map((n) => n.nodeId),
  }))
}

// ── access ──

export function mayAccess(rm: ResourceManager, caller: Caller, id: ApplicationId, access: 'VIEW_APP' | 'MODIFY_APP'): boolean {
  if (!rm.config.aclEnabled) return true
  const app = rm.application(id)
  if (!app || app.user === caller.user || aclAllows(rm.config.adminAcl, caller.user, caller.groups)) return true
  if (aclAllows(app.submission.acls?.[access] ?? ' ', caller.user, caller.groups)) return true
  // Where its queue is gone, or never was, there is nobody left to keep others out.
  return !rm.scheduler.queueInfo(app.queue) || rm.scheduler.mayAccess(app.queue, caller.user, caller.groups, 'ADMINISTER_QUEUE')
}

export function mayAccessQueue(rm: ResourceManager, caller: Caller, queue: string, access: 'SUBMIT_APPLICATIONS' | 'ADMINISTER_QUEUE'): boolean {
  if (!rm.config.aclEnabled) return true
  return rm.scheduler.mayAccess(queue, caller.user, caller.groups, access)
}

// ── why something waits ──

export function waits(rm: ResourceManager, id: ApplicationId): Wait[] {
  const held = rm.scheduler.application(id)?.current
  const attempt = rm.application(id)?.current
  if (!held || !attempt) return []
  const all: Wait[] = held.reservations().map((c) => ({ nodeId: c.node.nodeId, diagnostic: `Node kept for ${formatResource(c.resource)}` }))
  if (held.waitingForAM && held.amWait) all.push({ nodeId: undefined, diagnostic: attemptDiagnostics(rm, attempt).trim() })
  else if (held.asks.active.length > 0 && held.skipped) all.push({ nodeId: undefined, diagnostic: held.skipped.trim() })
  return all
}
