/** A node's life (RMNodeImpl): it registers, reports, falls ill, is lost or taken out; and what it is to be told with its next heartbeat. */
import type { Lifecycle } from '../../common/lang/lifecycle.js'
import {
  type ApplicationId,
  type ContainerId,
  EXIT,
  formatContainerId,
  formatNodeId,
  type NodeId,
  type NodeState,
  type Resource,
  sameResource,
} from '../../common/records/index.js'
import { containerKey, type EndedContainer, type FinishedStatus } from '../scheduler/container.js'
import { applicationKey } from '../scheduler/scheduler.js'
import type { AllocatedContainer, NodeHeartbeatAnswer } from './answers.js'
import type { ContainerStatus, NMContainerStatus, NodeHealth, NodeHeartbeat, RegisterNode, ResourceUtilization } from './events.js'
import { type ReportedContainer, ReportedContainers } from './reported.js'
import type { ResourceManager } from './resourcemanager.js'

export type NodeEventType =
  | 'STARTED'
  | 'STATUS_UPDATE'
  | 'DECOMMISSION'
  | 'GRACEFUL_DECOMMISSION'
  | 'RECOMMISSION'
  | 'EXPIRE'
  | 'REBOOTING'
  | 'SHUTDOWN'
  | 'RECONNECTED'
  | 'RESOURCE_UPDATE'
  | 'CLEANUP_APP'
  | 'CLEANUP_CONTAINER'
  | 'FINISHED_CONTAINERS_PULLED_BY_AM'
  | 'UPDATE_CONTAINER'
  | 'SIGNAL_CONTAINER'

export interface NodeEvent {
  readonly type: NodeEventType
  readonly registration?: RegisterNode
  readonly heartbeat?: NodeHeartbeat
  readonly applicationId?: ApplicationId
  readonly containerId?: ContainerId
  readonly containers?: readonly ContainerId[]
  readonly resource?: Resource
  readonly timeoutSeconds?: number
  readonly update?: { readonly container: AllocatedContainer; readonly decrease: boolean }
  readonly command?: string
}

export class Node {
  readonly key: string
  state: NodeState = 'NEW'
  httpPort: number
  httpAddress: string
  total: Resource
  /** Said when it registered again: the scheduler hears of it with the next heartbeat. */
  reported: ReturnType<Node['readStatuses']>[] = []
  /** Before graceful decommissioning shrank it. */
  originalTotal: Resource | undefined
  physical: Resource | undefined
  version: string
  healthReport = ''
  lastHealthReportTime = 0
  lastHeartbeat = 0
  labels: readonly string[] = []
  attributes: Readonly<Record<string, string>> = {}
  containersUtilization: ResourceUtilization | undefined
  nodeUtilization: ResourceUtilization | undefined
  decommissioningTimeout: number | undefined
  responseId = 0
  lastAnswer: NodeHeartbeatAnswer | undefined
  /** The node is to take over the size that the ResourceManager gives it. */
  resourceToTell: Resource | undefined
  readonly containers = new ReportedContainers()
  #reports = 0
  readonly runningApplications = new Set<string>()
  /** How many applications have gone from these. */
  #lostApplications = 0
  readonly containersToClean = new Map<string, ContainerId>()
  readonly finishedApplications = new Map<string, ApplicationId>()
  readonly toUpdate = new Map<string, AllocatedContainer>()
  readonly toDecrease = new Map<string, AllocatedContainer>()
  toSignal: { containerId: ContainerId; command: string }[] = []

  constructor(
    readonly rm: ResourceManager,
    readonly nodeId: NodeId,
    /** As resource requests name it. */
    readonly name: string,
    readonly rack: string,
    registration: RegisterNode,
  ) {
    this.key = formatNodeId(nodeId)
    this.httpPort = registration.httpPort
    this.httpAddress = `${nodeId.host}:${registration.httpPort}`
    this.total = registration.resource
    this.physical = registration.physicalResource
    this.version = registration.version ?? ''
    this.attributes = registration.attributes ?? {}
  }

  noteHealth(health: NodeHealth | undefined): boolean {
    if (!health) return true
    this.healthReport = health.report
    this.lastHealthReportTime = health.lastReportTime
    return health.healthy
  }

  /** What a report says of containers: those that started and those that ended since the last. */
  readStatuses(statuses: readonly ContainerStatus[]): { launched: ReportedContainer[]; completed: EndedContainer[] } {
    const launched: ReportedContainer[] = []
    const completed: EndedContainer[] = []
    const { containers } = this
    const report = ++this.#reports
    let running = 0
    let before = containers.head
    for (const s of statuses) {
      let known = containers.findAfter(before, s.containerId)
      if (known?.running && s.state === 'RUNNING' && known.report !== report) {
        known.report = report
        running++
      }
      if (this.containersToClean.size > 0 && this.containersToClean.has(containerKey(s.containerId))) continue
      if (known?.noted !== this.#lostApplications) {
        const { applicationId } = s.containerId.applicationAttemptId
        const app = known?.application ?? applicationKey(applicationId)
        if (this.finishedApplications.size > 0 && this.finishedApplications.has(app)) continue
        if (!this.runningApplications.has(app)) this.noteApplication(applicationId)
        known ??= s.state === 'RUNNING' || s.state === 'COMPLETE' ? containers.add(s.containerId, app) : undefined
        if (known && this.runningApplications.has(app)) known.noted = this.#lostApplications
      }
      if (!known) continue
      before.after = known
      before = known
      if (s.state === 'COMPLETE') {
        containers.stops(known)
        this.#ended(known, s, completed)
      } else if (s.state === 'RUNNING' && !known.running) {
        running++
        containers.starts(known, report)
        launched.push(known)
      }
    }
    if (running < containers.running) {
      for (const lost of containers.missing(report)) {
        containers.stops(lost)
        const diagnostics = `Container ${formatContainerId(lost.id)} was running but not reported from ${this.key}`
        this.#ended(lost, { exitStatus: EXIT.ABORTED, diagnostics }, completed)
      }
    }
    return { launched, completed }
  }

  /** Told once, until the node may forget it. */
  #ended(reported: ReportedContainer, status: FinishedStatus, completed: EndedContainer[]): void {
    if (reported.ended) return
    reported.ended = true
    completed.push({ reported, status })
  }

  noteApplication(id: ApplicationId): void {
    const key = applicationKey(id)
    const app = this.rm.applications.get(key)
    if (!app) {
      this.applicationFinished(key, id)
      return
    }
    this.runningApplications.add(key)
    this.rm.send(app, { type: 'APP_RUNNING_ON_NODE', nodeKey: this.key })
  }

  /** The node is to clean up what is left of it. */
  applicationFinished(key: string, id: ApplicationId): void {
    this.finishedApplications.set(key, id)
    this.runningApplications.delete(key)
    this.#lostApplications++
  }

  /** What waits for the node, taken out for its answer. */
  pullAnswer(): Omit<NodeHeartbeatAnswer, 'action' | 'responseId' | 'labelsAccepted'> {
    const answer = {
      containersToCleanup: drained(this.containersToClean),
      applicationsToCleanup: drained(this.finishedApplications),
      containersToBeRemoved: this.containers.takeLeaving(),
      containersToSignal: this.toSignal,
      containersToUpdate: drained(this.toUpdate),
      containersToDecrease: drained(this.toDecrease),
      resource: this.resourceToTell,
    }
    if (this.toSignal.length > 0) this.toSignal = []
    this.resourceToTell = undefined
    return answer
  }
}

/** Most answers hold nothing: what is empty is shared. */
const EMPTY: readonly never[] = []

/** What a map holds; from then on it holds nothing. */
function drained<T>(map: Map<string, T>): readonly T[] {
  if (map.size === 0) return EMPTY
  const all = [...map.values()]
  map.clear()
  return all
}

function started(node: Node, event: NodeEvent): NodeState {
  const registration = event.registration!
  const rejoined = node.rm.inactiveNodes.get(node.key)
  node.rm.inactiveNodes.delete(node.key)
  const containers = rejoined ? [] : registration.containers
  for (const c of containers) {
    if (c.state === 'RUNNING' && !node.containers.find(c.containerId)) node.containers.starts(node.containers.add(c.containerId), 0)
  }
  for (const id of registration.runningApplications) node.noteApplication(id)
  const healthy = node.noteHealth(registration.health)
  // One that was lost comes back empty: what it still runs is told to be stopped.
  if (healthy) running(node, containers)
  else unusable(node, 'UNHEALTHY')
  return healthy ? 'RUNNING' : 'UNHEALTHY'
}

function running(node: Node, containers: readonly NMContainerStatus[]): void {
  node.rm.addToCluster(node, containers)
  node.rm.nodeChanged(node, 'NODE_USABLE')
}

function unusable(node: Node, to: NodeState): void {
  if (node.state !== 'UNHEALTHY' && node.state !== 'NEW') node.rm.removeFromCluster(node)
  node.rm.nodeChanged(node, 'NODE_UNUSABLE', to)
}

function deactivate(to: NodeState) {
  return { to, run: (node: Node) => deactivateNode(node, to) }
}

function deactivateNode(node: Node, to: NodeState): void {
  unusable(node, to)
  node.rm.deactivateNode(node)
}

function reconnected(node: Node, event: NodeEvent): NodeState {
  const registration = event.registration!
  const { rm } = node
  node.version = registration.version ?? node.version
  if (registration.runningApplications.length === 0) {
    if (node.state === 'DECOMMISSIONING') {
      deactivateNode(node, 'DECOMMISSIONED')
      return 'DECOMMISSIONED'
    }
    // Nothing runs there any more: whatever was thought to is gone.
    rm.removeFromCluster(node)
    node.reported = []
    node.containers.clear()
    node.total = registration.resource
    if (node.state === 'RUNNING') rm.addToCluster(node, [])
    return node.state
  }
  node.httpPort = registration.httpPort
  node.httpAddress = `${node.nodeId.host}:${registration.httpPort}`
  const resized = !sameResource(node.total, registration.resource)
  node.total = registration.resource
  node.reported.push(node.readStatuses(registration.containers))
  for (const id of registration.runningApplications) node.noteApplication(id)
  if (resized && node.state === 'RUNNING') rm.resizeInCluster(node)
  return node.state
}

function healthyStatus(node: Node, event: NodeEvent): NodeState {
  const heartbeat = event.heartbeat!
  const { rm } = node
  const healthy = node.noteHealth(heartbeat.health)
  node.containersUtilization = heartbeat.containersUtilization
  node.nodeUtilization = heartbeat.nodeUtilization
  const leaving = node.state === 'DECOMMISSIONING'
  if (leaving && node.runningApplications.size === 0 && heartbeat.keepAliveApplications.length === 0) {
    deactivateNode(node, 'DECOMMISSIONED')
    return 'DECOMMISSIONED'
  }
  if (!healthy) {
    if (leaving) return 'DECOMMISSIONING'
    unusable(node, 'UNHEALTHY')
    return 'UNHEALTHY'
  }
  const statuses = node.readStatuses(heartbeat.containers)
  for (const earlier of node.reported.splice(0)) rm.noteStatuses(node, earlier)
  rm.noteStatuses(node, statuses)
  for (const increased of heartbeat.increasedContainers ?? []) rm.noteIncreased(increased.containerId, increased.resource)
  for (const report of heartbeat.logAggregation ?? []) rm.noteLogAggregation(node, report)
  rm.offer(node)
  return node.state
}

function unhealthyStatus(node: Node, event: NodeEvent): NodeState {
  if (!node.noteHealth(event.heartbeat!.health)) return 'UNHEALTHY'
  node.rm.addToCluster(node, [])
  node.rm.nodeChanged(node, 'NODE_USABLE')
  return 'RUNNING'
}

function decommissioning(node: Node, event: NodeEvent): void {
  if (node.state === 'DECOMMISSIONING') {
    node.rm.setDecommissioningTimeout(node, event.timeoutSeconds)
    return
  }
  node.originalTotal ??= node.total
  node.rm.setDecommissioningTimeout(node, event.timeoutSeconds)
  node.rm.nodeChanged(node, 'NODE_DECOMMISSIONING', 'DECOMMISSIONING')
}

function recommission(node: Node): void {
  if (node.originalTotal) {
    node.total = node.originalTotal
    node.originalTotal = undefined
    node.resourceToTell = node.total
  }
  node.rm.resizeInCluster(node)
  node.rm.nodeChanged(node, 'NODE_USABLE', 'RUNNING')
}

function resize(node: Node, event: NodeEvent): void {
  node.total = event.resource!
  node.resourceToTell = event.resource
  node.rm.resizeInCluster(node)
}

function resizeUnusable(node: Node, event: NodeEvent): void {
  node.total = event.resource!
  node.resourceToTell = event.resource
}

function cleanApplication(node: Node, event: NodeEvent): void {
  node.applicationFinished(applicationKey(event.applicationId!), event.applicationId!)
}

function cleanContainer(node: Node, event: NodeEvent): void {
  node.containersToClean.set(containerKey(event.containerId!), event.containerId!)
}

function pulled(node: Node, event: NodeEvent): void {
  for (const id of event.containers!) node.containers.leave(id)
}

function updateContainer(node: Node, event: NodeEvent): void {
  const { container, decrease } = event.update!
  const key = containerKey(container.containerId)
  if (decrease) node.toDecrease.set(key, container)
  node.toUpdate.set(key, container)
}

function signal(node: Node, event: NodeEvent): void {
  node.toSignal.push({ containerId: event.containerId!, command: event.command! })
}

const PULLED = <S extends NodeState>(to: S) => ({ to, run: pulled })
const CLEAN = <S extends NodeState>(to: S) => ({
  CLEANUP_APP: { to, run: cleanApplication },
  CLEANUP_CONTAINER: { to, run: cleanContainer },
  FINISHED_CONTAINERS_PULLED_BY_AM: { to, run: pulled },
})
const LEAVE = {
  DECOMMISSION: deactivate('DECOMMISSIONED'),
  EXPIRE: deactivate('LOST'),
  REBOOTING: deactivate('REBOOTED'),
  SHUTDOWN: deactivate('SHUTDOWN'),
} as const

export const NODE_LIFECYCLE: Lifecycle<NodeState, NodeEventType, Node, NodeEvent> = {
  NEW: {
    STARTED: { to: ['RUNNING', 'UNHEALTHY'], choose: started },
    RESOURCE_UPDATE: { to: 'NEW', run: resizeUnusable },
    DECOMMISSION: LEAVE.DECOMMISSION,
    FINISHED_CONTAINERS_PULLED_BY_AM: PULLED('NEW'),
  },
  RUNNING: {
    ...LEAVE,
    ...CLEAN('RUNNING'),
    STATUS_UPDATE: { to: ['RUNNING', 'UNHEALTHY'], choose: healthyStatus },
    GRACEFUL_DECOMMISSION: { to: 'DECOMMISSIONING', run: decommissioning },
    RECONNECTED: { to: ['RUNNING'], choose: reconnected },
    RESOURCE_UPDATE: { to: 'RUNNING', run: resize },
    UPDATE_CONTAINER: { to: 'RUNNING', run: updateContainer },
    SIGNAL_CONTAINER: { to: 'RUNNING', run: signal },
  },
  UNHEALTHY: {
    ...LEAVE,
    ...CLEAN('UNHEALTHY'),
    STATUS_UPDATE: { to: ['UNHEALTHY', 'RUNNING'], choose: unhealthyStatus },
    GRACEFUL_DECOMMISSION: { to: 'DECOMMISSIONING', run: decommissioning },
    RECONNECTED: { to: ['UNHEALTHY'], choose: reconnected },
    RESOURCE_UPDATE: { to: 'UNHEALTHY', run: resizeUnusable },
    SIGNAL_CONTAINER: { to: 'UNHEALTHY', run: signal },
  },
  DECOMMISSIONING: {
    ...LEAVE,
    ...CLEAN('DECOMMISSIONING'),
    RECOMMISSION: { to: 'RUNNING', run: recommission },
    RESOURCE_UPDATE: { to: 'DECOMMISSIONING', run: resize },
    STATUS_UPDATE: { to: ['DECOMMISSIONING', 'DECOMMISSIONED'], choose: healthyStatus },
    GRACEFUL_DECOMMISSION: { to: 'DECOMMISSIONING', run: decommissioning },
    RECONNECTED: { to: ['DECOMMISSIONING', 'DECOMMISSIONED'], choose: reconnected },
  },
  DECOMMISSIONED: {
    RESOURCE_UPDATE: { to: 'DECOMMISSIONED', run: resizeUnusable },
    FINISHED_CONTAINERS_PULLED_BY_AM: PULLED('DECOMMISSIONED'),
  },
  LOST: {
    RESOURCE_UPDATE: { to: 'LOST', run: resizeUnusable },
    FINISHED_CONTAINERS_PULLED_BY_AM: PULLED('LOST'),
  },
  REBOOTED: {
    RESOURCE_UPDATE: { to: 'REBOOTED', run: resizeUnusable },
  },
  SHUTDOWN: {
    RESOURCE_UPDATE: { to: 'SHUTDOWN', run: resizeUnusable },
    FINISHED_CONTAINERS_PULLED_BY_AM: PULLED('SHUTDOWN'),
  },
}
