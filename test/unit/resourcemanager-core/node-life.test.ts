import { describe, expect, it } from 'vitest'
import type { NodeState } from '../../../common/records/index.js'
import type { AllocatedContainer, ContainerStatus, RegisterNode } from '../../../resourcemanager/core/index.js'
import { NODE_LIFECYCLE, Node, type NodeEvent, type NodeEventType } from '../../../resourcemanager/core/node.js'
import type { ResourceManager } from '../../../resourcemanager/core/resourcemanager.js'
import { gb } from './cluster.js'
import { happens, listener } from './lives.js'

const applicationId = { clusterTimestamp: 1, id: 1 }
const containerId = { applicationAttemptId: { applicationId, attemptId: 1 }, id: 1 }
const registration = (more: Partial<RegisterNode> = {}): RegisterNode => ({
  type: 'registerNode',
  nodeId: { host: 'n1', port: 1 },
  httpPort: 8042,
  resource: gb(8, 8),
  containers: [],
  runningApplications: [],
  ...more,
})
const report = (healthy: boolean, containers: readonly ContainerStatus[] = []): NodeEvent => ({
  type: 'STATUS_UPDATE',
  heartbeat: {
    type: 'nodeHeartbeat',
    nodeId: { host: 'n1', port: 1 },
    responseId: 0,
    containers,
    health: { healthy, report: 'disk', lastReportTime: 9 },
    keepAliveApplications: [],
    increasedContainers: [{ containerId, resource: gb(2), version: 1 }],
    logAggregation: [{ applicationId, status: 'SUCCEEDED', diagnostics: '' }],
  },
})
const running: ContainerStatus = { containerId, state: 'RUNNING', exitStatus: -1000, diagnostics: '' }

/** What comes with an event. */
const CARRIED: Partial<Record<NodeEventType, Omit<NodeEvent, 'type'>>> = {
  STARTED: { registration: registration() },
  RESOURCE_UPDATE: { resource: gb(4, 4) },
  CLEANUP_APP: { applicationId },
  CLEANUP_CONTAINER: { containerId },
  FINISHED_CONTAINERS_PULLED_BY_AM: { containers: [containerId] },
  UPDATE_CONTAINER: { update: { container: { containerId } as AllocatedContainer, decrease: true } },
  SIGNAL_CONTAINER: { containerId, command: 'GRACEFUL_SHUTDOWN' },
  GRACEFUL_DECOMMISSION: { timeoutSeconds: 5 },
}

function node() {
  const { outside, said } = listener<ResourceManager>({
    now: 100,
    inactiveNodes: new Map(),
    applications: new Map([['1_1', { name: 'application' }]]),
  })
  const it = new Node(outside, { host: 'n1', port: 1 }, 'n1', '/r', registration())
  const send = (state: NodeState, event: NodeEventType | NodeEvent) =>
    happens(NODE_LIFECYCLE, it, state, typeof event === 'string' ? { type: event, ...CARRIED[event] } : event, said)
  /** What it is told with its next heartbeat. */
  const told = () =>
    Object.entries(it.pullAnswer())
      .filter(([, of]) => of !== undefined && (!Array.isArray(of) || of.length > 0))
      .map(([what]) => what)
  return { node: it, send, told }
}

const LEAVES = 'removeFromCluster, nodeChanged NODE_UNUSABLE'
const REPORTED = 'noteStatuses, noteIncreased, noteLogAggregation, offer'

/** Where each event leads and what it says. */
describe('a node', () => {
  it.each<[NodeState, NodeEventType, string]>([
    ['NEW', 'STARTED', 'RUNNING: addToCluster, nodeChanged NODE_USABLE'],
    ['NEW', 'DECOMMISSION', 'DECOMMISSIONED: nodeChanged NODE_UNUSABLE DECOMMISSIONED, deactivateNode'],
    ['RUNNING', 'DECOMMISSION', `DECOMMISSIONED: ${LEAVES} DECOMMISSIONED, deactivateNode`],
    ['RUNNING', 'EXPIRE', `LOST: ${LEAVES} LOST, deactivateNode`],
    ['RUNNING', 'REBOOTING', `REBOOTED: ${LEAVES} REBOOTED, deactivateNode`],
    ['RUNNING', 'SHUTDOWN', `SHUTDOWN: ${LEAVES} SHUTDOWN, deactivateNode`],
    ['RUNNING', 'GRACEFUL_DECOMMISSION', 'DECOMMISSIONING: setDecommissioningTimeout, nodeChanged NODE_DECOMMISSIONING DECOMMISSIONING'],
    ['RUNNING', 'RESOURCE_UPDATE', 'RUNNING: resizeInCluster'],
    ['UNHEALTHY', 'DECOMMISSION', 'DECOMMISSIONED: nodeChanged NODE_UNUSABLE DECOMMISSIONED, deactivateNode'],
    ['UNHEALTHY', 'EXPIRE', 'LOST: nodeChanged NODE_UNUSABLE LOST, deactivateNode'],
    ['UNHEALTHY', 'REBOOTING', 'REBOOTED: nodeChanged NODE_UNUSABLE REBOOTED, deactivateNode'],
    ['UNHEALTHY', 'SHUTDOWN', 'SHUTDOWN: nodeChanged NODE_UNUSABLE SHUTDOWN, deactivateNode'],
    ['UNHEALTHY', 'GRACEFUL_DECOMMISSION', 'DECOMMISSIONING: setDecommissioningTimeout, nodeChanged NODE_DECOMMISSIONING DECOMMISSIONING'],
    ['DECOMMISSIONING', 'DECOMMISSION', `DECOMMISSIONED: ${LEAVES} DECOMMISSIONED, deactivateNode`],
    ['DECOMMISSIONING', 'EXPIRE', `LOST: ${LEAVES} LOST, deactivateNode`],
    ['DECOMMISSIONING', 'REBOOTING', `REBOOTED: ${LEAVES} REBOOTED, deactivateNode`],
    ['DECOMMISSIONING', 'SHUTDOWN', `SHUTDOWN: ${LEAVES} SHUTDOWN, deactivateNode`],
    ['DECOMMISSIONING', 'RECOMMISSION', 'RUNNING: resizeInCluster, nodeChanged NODE_USABLE RUNNING'],
    ['DECOMMISSIONING', 'GRACEFUL_DECOMMISSION', 'DECOMMISSIONING: setDecommissioningTimeout'],
    ['DECOMMISSIONING', 'RESOURCE_UPDATE', 'DECOMMISSIONING: resizeInCluster'],
  ])('at %s, %s', (state, event, expected) => {
    expect(node().send(state, event)).toBe(expected)
  })

  it.each<[NodeState, NodeEventType, string]>([
    ['NEW', 'FINISHED_CONTAINERS_PULLED_BY_AM', 'containersToBeRemoved'],
    ['RUNNING', 'FINISHED_CONTAINERS_PULLED_BY_AM', 'containersToBeRemoved'],
    ['UNHEALTHY', 'FINISHED_CONTAINERS_PULLED_BY_AM', 'containersToBeRemoved'],
    ['DECOMMISSIONING', 'FINISHED_CONTAINERS_PULLED_BY_AM', 'containersToBeRemoved'],
    ['DECOMMISSIONED', 'FINISHED_CONTAINERS_PULLED_BY_AM', 'containersToBeRemoved'],
    ['LOST', 'FINISHED_CONTAINERS_PULLED_BY_AM', 'containersToBeRemoved'],
    ['SHUTDOWN', 'FINISHED_CONTAINERS_PULLED_BY_AM', 'containersToBeRemoved'],
    ['RUNNING', 'CLEANUP_APP', 'applicationsToCleanup'],
    ['UNHEALTHY', 'CLEANUP_APP', 'applicationsToCleanup'],
    ['DECOMMISSIONING', 'CLEANUP_APP', 'applicationsToCleanup'],
    ['RUNNING', 'CLEANUP_CONTAINER', 'containersToCleanup'],
    ['UNHEALTHY', 'CLEANUP_CONTAINER', 'containersToCleanup'],
    ['DECOMMISSIONING', 'CLEANUP_CONTAINER', 'containersToCleanup'],
    ['RUNNING', 'SIGNAL_CONTAINER', 'containersToSignal'],
    ['UNHEALTHY', 'SIGNAL_CONTAINER', 'containersToSignal'],
    ['RUNNING', 'UPDATE_CONTAINER', 'containersToUpdate,containersToDecrease'],
    ['NEW', 'RESOURCE_UPDATE', 'resource'],
    ['RUNNING', 'RESOURCE_UPDATE', 'resource'],
    ['UNHEALTHY', 'RESOURCE_UPDATE', 'resource'],
    ['DECOMMISSIONING', 'RESOURCE_UPDATE', 'resource'],
    ['DECOMMISSIONED', 'RESOURCE_UPDATE', 'resource'],
    ['LOST', 'RESOURCE_UPDATE', 'resource'],
    ['REBOOTED', 'RESOURCE_UPDATE', 'resource'],
    ['SHUTDOWN', 'RESOURCE_UPDATE', 'resource'],
  ])('at %s is told after %s: %s', (state, event, expected) => {
    const { send, told } = node()
    send(state, event)
    expect(told().join()).toBe(expected)
  })

  it('that registers ill is not counted on', () => {
    const { send } = node()
    const health = { healthy: false, report: 'disk', lastReportTime: 9 }
    expect(send('NEW', { type: 'STARTED', registration: registration({ health }) })).toBe('UNHEALTHY: nodeChanged NODE_UNUSABLE UNHEALTHY')
  })

  it('that registers with applications tells them', () => {
    expect(node().send('NEW', { type: 'STARTED', registration: registration({ runningApplications: [applicationId] }) })).toBe(
      'RUNNING: send APP_RUNNING_ON_NODE, addToCluster, nodeChanged NODE_USABLE',
    )
  })

  it.each<[NodeState, boolean, string]>([
    ['RUNNING', true, `RUNNING: ${REPORTED}`],
    ['RUNNING', false, 'UNHEALTHY: removeFromCluster, nodeChanged NODE_UNUSABLE UNHEALTHY'],
    ['UNHEALTHY', true, 'RUNNING: addToCluster, nodeChanged NODE_USABLE'],
    ['UNHEALTHY', false, 'UNHEALTHY'],
    ['DECOMMISSIONING', true, `DECOMMISSIONED: ${LEAVES} DECOMMISSIONED, deactivateNode`],
    ['DECOMMISSIONING', false, `DECOMMISSIONED: ${LEAVES} DECOMMISSIONED, deactivateNode`],
  ])('at %s that reports, healthy: %s', (state, healthy, expected) => {
    expect(node().send(state, report(healthy))).toBe(expected)
  })

  it.each<[boolean, string]>([
    [true, `DECOMMISSIONING: ${REPORTED}`],
    [false, 'DECOMMISSIONING'],
  ])('that is to go stays while an application runs there, healthy: %s', (healthy, expected) => {
    const { node: n, send } = node()
    n.runningApplications.add('1_1')
    expect(send('DECOMMISSIONING', report(healthy))).toBe(expected)
  })

  it('tells an application of the first container that runs there', () => {
    const { send } = node()
    expect(send('RUNNING', report(true, [running]))).toBe(`RUNNING: send APP_RUNNING_ON_NODE, ${REPORTED}`)
    expect(send('RUNNING', report(true, [running]))).toBe(`RUNNING: ${REPORTED}`)
  })

  it.each<[NodeState, string]>([
    ['RUNNING', 'RUNNING: removeFromCluster, addToCluster'],
    ['UNHEALTHY', 'UNHEALTHY: removeFromCluster'],
    ['DECOMMISSIONING', `DECOMMISSIONED: ${LEAVES} DECOMMISSIONED, deactivateNode`],
  ])('at %s that comes again with nothing is empty', (state, expected) => {
    const { node: n, send } = node()
    n.containers.starts(n.containers.add(containerId), 0)
    expect(send(state, { type: 'RECONNECTED', registration: registration() })).toBe(expected)
  })

  it.each<[NodeState, string]>([
    ['RUNNING', 'RUNNING: send APP_RUNNING_ON_NODE, resizeInCluster'],
    ['UNHEALTHY', 'UNHEALTHY: send APP_RUNNING_ON_NODE'],
    ['DECOMMISSIONING', 'DECOMMISSIONING: send APP_RUNNING_ON_NODE'],
  ])('at %s that comes again with its applications goes on, as large as it says', (state, expected) => {
    const { node: n, send } = node()
    expect(send(state, { type: 'RECONNECTED', registration: registration({ runningApplications: [applicationId], resource: gb(4, 4) }) })).toBe(expected)
    expect(n.total).toEqual(gb(4, 4))
  })

  it('that was to go and may stay is as large as before, and told so', () => {
    const { node: n, send, told } = node()
    send('RUNNING', 'GRACEFUL_DECOMMISSION')
    send('DECOMMISSIONING', 'RESOURCE_UPDATE')
    told()
    send('DECOMMISSIONING', 'RECOMMISSION')
    expect(n.total).toEqual(gb(8, 8))
    expect(told()).toEqual(['resource'])
  })
})
