/** What NodeManagers say (ResourceTrackerService), and what administrators say about nodes (NodesListManager, AdminService). */
import { formatResource } from '../../common/records/index.js'
import type { NodeHeartbeatAnswer, RegisterNodeAnswer } from './answers.js'
import type {
  AddNodeLabels,
  NodeHeartbeat,
  RefreshNodes,
  RegisterNode,
  RemoveNodeLabels,
  ReplaceLabelsOnNodes,
  UnregisterNode,
  UpdateNodeResource,
} from './events.js'
import { Node } from './node.js'
import type { ResourceManager } from './resourcemanager.js'
import { exception } from '../../common/errors.js'
import type { QueueReport } from '../scheduler/reports.js'

const MAX_INT = 0x7fffffff
const nextResponseId = (id: number) => (id + 1) & MAX_INT
const EMPTY = {
  containersToCleanup: [],
  applicationsToCleanup: [],
  containersToBeRemoved: [],
  containersToSignal: [],
  containersToUpdate: [],
  containersToDecrease: [],
} as const

const mayJoin = (rm: ResourceManager, host: string) => (rm.included.size === 0 || rm.included.has(host)) && !rm.excluded.has(host)

export function registerNode(rm: ResourceManager, event: RegisterNode): RegisterNodeAnswer {
  const { host } = event.nodeId
  const key = `${host}:${event.nodeId.port}`
  const old = rm.nodes.get(key)
  const refuse = (diagnostics: string): RegisterNodeAnswer => {
    rm.log('info', diagnostics)
    return { action: 'SHUTDOWN', diagnostics, labelsAccepted: false }
  }
  if (!mayJoin(rm, host) && old?.state !== 'DECOMMISSIONING') {
    return refuse(`Disallowed NodeManager from  ${host}, Sending SHUTDOWN signal to the NodeManager.`)
  }
  const { minimumAllocation: minimum } = rm.config
  if (event.resource.memory < minimum.memory || event.resource.vcores < minimum.vcores) {
    return refuse(
      `NodeManager from  ${host} doesn't satisfy minimum allocations, Sending SHUTDOWN signal to the NodeManager. Node capabilities are ${formatResource(event.resource)}; minimums are ${minimum.memory}mb and ${minimum.vcores} vcores`,
    )
  }
  const fresh = () => {
    const name = rm.config.includePortInNodeName ? key : host
    const node = new Node(rm, event.nodeId, name, event.rack ?? '/default-rack', event)
    node.labels = labelsOf(rm, node)
    rm.nodes.set(key, node)
    rm.send(node, { type: 'STARTED', registration: event })
    return node
  }
  let node = old
  if (!old) node = fresh()
  else if (event.runningApplications.length === 0 && old.state !== 'DECOMMISSIONING' && old.httpPort !== event.httpPort) {
    // Another NodeManager has taken the address.
    rm.removeFromCluster(old)
    rm.nodeSilence.delete(old)
    node = fresh()
  } else {
    old.responseId = 0
    old.lastAnswer = undefined
    rm.send(old, { type: 'RECONNECTED', registration: event })
  }
  node!.lastHeartbeat = rm.now
  rm.nodeSilence.set(node!, rm.now + rm.config.nodeExpiry)
  rm.log(
    'info',
    `NodeManager from node ${host}(cmPort: ${event.nodeId.port} httpPort: ${event.httpPort}) registered with capability: ${formatResource(event.resource)}, assigned nodeId ${key}`,
  )
  return { action: 'NORMAL', labelsAccepted: false }
}

export function nodeHeartbeat(rm: ResourceManager, event: NodeHeartbeat): NodeHeartbeatAnswer {
  const key = `${event.nodeId.host}:${event.nodeId.port}`
  const node = rm.nodes.get(key)
  const dismiss = (action: 'RESYNC' | 'SHUTDOWN', diagnostics: string): NodeHeartbeatAnswer => ({
    action,
    responseId: 0,
    diagnostics,
    labelsAccepted: false,
    ...EMPTY,
  })
  if (!mayJoin(rm, event.nodeId.host) && node?.state !== 'DECOMMISSIONING') {
    return dismiss('SHUTDOWN', `Disallowed NodeManager nodeId: ${key} hostname: ${event.nodeId.host}`)
  }
  if (!node) return dismiss('RESYNC', `Node not found resyncing ${key}`)
  node.lastHeartbeat = rm.now
  rm.nodeSilence.set(node, rm.now + rm.config.nodeExpiry)
  if (nextResponseId(event.responseId) === node.responseId && node.lastAnswer) return node.lastAnswer
  if (event.responseId !== node.responseId) {
    rm.send(node, { type: 'REBOOTING' })
    return dismiss('RESYNC', `Too far behind rm response id:${node.responseId} nm response id:${event.responseId}`)
  }
  const idle = node.containers.running === 0 && node.runningApplications.size === 0
  if (node.state === 'DECOMMISSIONING' && (idle || (rm.decommissions.get(node) ?? Number.POSITIVE_INFINITY) <= rm.now)) {
    rm.send(node, { type: 'DECOMMISSION' })
    return dismiss('SHUTDOWN', `DECOMMISSIONING ${key} is ready to be decommissioned`)
  }
  node.responseId = nextResponseId(node.responseId)
  // What waited for the node goes out with this answer; what its report causes, with the next.
  const answer: NodeHeartbeatAnswer = { action: 'NORMAL', responseId: node.responseId, labelsAccepted: false, ...node.pullAnswer() }
  node.lastAnswer = answer
  rm.send(node, { type: 'STATUS_UPDATE', heartbeat: event })
  return answer
}

export function unregisterNode(rm: ResourceManager, event: UnregisterNode): undefined {
  const node = rm.nodes.get(`${event.nodeId.host}:${event.nodeId.port}`)
  if (node) rm.send(node, { type: 'SHUTDOWN' })
}

export function refreshNodes(rm: ResourceManager, event: RefreshNodes): undefined {
  rm.included = new Set(event.include)
  rm.excluded = new Set(event.exclude.map((e) => e.host))
  const graces = new Map(event.exclude.map((e) => [e.host, e.timeoutSeconds]))
  for (const node of [...rm.nodes.values()]) {
    const { host } = node.nodeId
    const wanted = (rm.included.size === 0 || rm.included.has(host)) && !rm.excluded.has(host)
    if (wanted) {
      if (node.state === 'DECOMMISSIONING') rm.send(node, { type: 'RECOMMISSION' })
    } else if (event.mode === 'GRACEFUL') {
      const timeoutSeconds = graces.get(host) ?? event.timeoutSeconds ?? rm.config.decommissionTimeout
      rm.send(node, { type: 'GRACEFUL_DECOMMISSION', timeoutSeconds })
    } else {
      rm.send(node, { type: 'DECOMMISSION' })
    }
  }
}

export function updateNodeResource(rm: ResourceManager, event: UpdateNodeResource): undefined {
  const node = rm.nodes.get(`${event.nodeId.host}:${event.nodeId.port}`)
  if (!node)
    throw exception(
      'YarnException',
      `Node ${event.nodeId.host}:${event.nodeId.port} is not registered; updateNodeResource names a node as host:port of a live one`,
    )
  if (event.resource.memory < 0 || event.resource.vcores < 0)
    throw exception('IllegalArgumentException', `Resource ${formatResource(event.resource)} of node ${node.key} is negative`)
  rm.send(node, { type: 'RESOURCE_UPDATE', resource: event.resource })
}

// ── labels ──

export function labelsOf(rm: ResourceManager, node: Node): readonly string[] {
  return rm.nodeLabels.get(node.key) ?? rm.nodeLabels.get(node.nodeId.host) ?? []
}

function persistLabels(rm: ResourceManager): void {
  rm.effect({
    type: 'persist',
    what: 'nodeLabels',
    labels: { labels: [...rm.labels].map(([name, { exclusive }]) => ({ name, exclusive })), nodes: [...rm.nodeLabels] },
  })
}

function checkEnabled(rm: ResourceManager): void {
  if (!rm.config.nodeLabelsEnabled) {
    throw exception('IOException', 'Node-label-based scheduling is disabled. Please check yarn.node-labels.enabled')
  }
}

export function addNodeLabels(rm: ResourceManager, event: AddNodeLabels): undefined {
  checkEnabled(rm)
  for (const { name, exclusive } of event.labels) {
    if (!/^[0-9a-zA-Z][0-9a-zA-Z-_]*$/.test(name)) {
      throw exception('IOException', `label name should only contains {0-9, a-z, A-Z, -, _} and should not started with {-,_}, now it is= ${name}`)
    }
    const known = rm.labels.get(name)
    if (known && known.exclusive !== exclusive) {
      throw exception('IOException', `Exclusivity cannot be modified for an existing label with : <${name}:exclusivity=${exclusive}>`)
    }
  }
  for (const { name, exclusive } of event.labels) rm.labels.set(name, { exclusive })
  persistLabels(rm)
}

export function removeNodeLabels(rm: ResourceManager, event: RemoveNodeLabels): undefined {
  checkEnabled(rm)
  for (const name of event.labels) {
    const user = queueOfLabel(rm.scheduler.rootReport(), name)
    if (user !== undefined) {
      throw exception(
        'IOException',
        `Cannot remove label=${name}, because queue=${user} is using this label. Please remove label on queue before remove the label`,
      )
    }
    if (!rm.labels.has(name)) throw exception('IOException', `Node label=${name} to be removed doesn't existed in cluster node labels collection.`)
  }
  for (const name of event.labels) {
    rm.labels.delete(name)
    for (const [where, labels] of [...rm.nodeLabels]) if (labels.includes(name)) rm.nodeLabels.delete(where)
  }
  applyLabels(rm)
  persistLabels(rm)
}

/** The first queue that names the label as accessible; `*` names none. */
function queueOfLabel(queue: QueueReport, label: string): string | undefined {
  if (queue.labels.includes(label)) return queue.path
  for (const child of queue.children) {
    const path = queueOfLabel(child, label)
    if (path !== undefined) return path
  }
  return undefined
}

export function replaceLabelsOnNodes(rm: ResourceManager, event: ReplaceLabelsOnNodes): undefined {
  checkEnabled(rm)
  for (const { labels } of event.nodes) {
    for (const name of labels) {
      if (!rm.labels.has(name)) {
        throw exception('IOException', `Not all labels being replaced contained by known label collections, please check, new labels=[${labels.join(',')}]`)
      }
    }
    if (labels.length > 1)
      throw exception(
        'IOException',
        `${labels.length} labels specified on host=${event.nodes[0]?.nodeId.host}, please note that we do not support specifying multiple labels on a single host for now.`,
      )
  }
  for (const { nodeId, labels } of event.nodes) {
    const where = nodeId.port === 0 ? nodeId.host : `${nodeId.host}:${nodeId.port}`
    rm.nodeLabels.set(where, labels)
    if (nodeId.port === 0) for (const key of [...rm.nodeLabels.keys()]) if (key.startsWith(`${nodeId.host}:`)) rm.nodeLabels.delete(key)
  }
  applyLabels(rm)
  persistLabels(rm)
}

function applyLabels(rm: ResourceManager): void {
  for (const node of rm.nodes.values()) {
    const labels = labelsOf(rm, node)
    if ((labels[0] ?? '') === (node.labels[0] ?? '')) continue
    node.labels = labels
    rm.scheduler.relabelNode(node.key, labels[0] ?? '')
  }
}
