/**
 * The ResourceManager's core alone, in one thread: a cluster whose nodes are full, applications that always want more, with places they
 * prefer and some containers so large that nodes are reserved for them. Every node reports once a round; what has run for its rounds ends.
 * RmCore.java does the same to the real one; what both take alike is in rm-load.json.
 *
 *   node --expose-gc rm-core.cjs '{"nodes": 1000, "seconds": 8, "finished": 0, "ends": "soon"}'
 */
import type { ApplicationAttemptId, ContainerId, NodeId } from '../../common/records/index.js'
import {
  type AllocatedContainer,
  ANY,
  type ContainerStatus,
  type Core,
  coreConfig,
  createCore,
  type Event,
  type ResourceRequest,
} from '../../resourcemanager/core/index.js'
import load from './rm-load.json'

interface Options {
  readonly nodes: number
  readonly seconds: number
  /** Applications that are over, and remembered. */
  readonly finished: number
  /** When containers end: after a report or two of their node, after some, never. */
  readonly ends: 'soon' | 'later' | 'never'
}

const { nodes = 1000, seconds = 5, finished = 0, ends = 'soon' } = JSON.parse(process.argv[2] ?? '{}') as Partial<Options>
const { queues: QUEUES, applications: APPLICATIONS, users: USERS, nodesPerRack: NODES_PER_RACK, node: NODE, priorities: PRIORITIES } = load
/** A container runs for as many reports of its node, at least and beyond that. */
const [LEAST_ROUNDS, MORE_ROUNDS] = load.rounds[ends] as [number, number]
const TIMESTAMP = 1_700_000_000_000

function heap(): number {
  global.gc?.()
  return process.memoryUsage().heapUsed
}

interface SimNode {
  readonly nodeId: NodeId
  readonly rack: string
  responseId: number
  /** What runs, and with which report it ends. */
  readonly running: { readonly status: ContainerStatus; readonly ends: number }[]
  /** Its report, made again and again. */
  readonly statuses: ContainerStatus[]
}

interface Master {
  readonly id: ApplicationAttemptId
  responseId: number
}

let spent = 0
let now = TIMESTAMP

/** Only the core's own time counts, not that of making up what happens. */
function step<E extends Event>(core: Core, event: E) {
  const started = performance.now()
  const { answer, error } = core.step(event, now)
  spent += performance.now() - started
  if (error) throw error
  return answer!
}

// The same numbers in every run.
let state = 12345
function random(below: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
  return state % below
}

const core = createCore(coreConfig(load.properties, { clusterTimestamp: TIMESTAMP }))
const cluster: SimNode[] = []
for (let i = 0; i < nodes; i++) {
  const node: SimNode = { nodeId: { host: `node${i}`, port: 45454 }, rack: `/rack${Math.floor(i / NODES_PER_RACK)}`, responseId: 0, running: [], statuses: [] }
  cluster.push(node)
  step(core, { type: 'registerNode', nodeId: node.nodeId, httpPort: 8042, resource: NODE, rack: node.rack, containers: [], runningApplications: [] })
}
const byHost = new Map(cluster.map((n) => [n.nodeId.host, n]))

let round = 0
let allocations = 0

function start(container: AllocatedContainer): void {
  byHost.get(container.nodeId.host)!.running.push({ status: statusOf(container.containerId, false), ends: round + LEAST_ROUNDS + random(MORE_ROUNDS) })
}

const statusOf = (id: ContainerId, complete: boolean): ContainerStatus => ({
  containerId: id,
  state: complete ? 'COMPLETE' : 'RUNNING',
  exitStatus: complete ? 0 : -1000,
  diagnostics: '',
})

function report(node: SimNode): void {
  const { running, statuses: containers } = node
  containers.length = 0
  for (let i = running.length - 1; i >= 0; i--) {
    const { status, ends } = running[i]!
    if (ends > round) {
      containers.push(status)
      continue
    }
    containers.push(statusOf(status.containerId, true))
    running[i] = running.at(-1)!
    running.pop()
  }
  const health = { healthy: true, report: '', lastReportTime: now }
  const answer = step(core, { type: 'nodeHeartbeat', nodeId: node.nodeId, responseId: node.responseId, containers, health, keepAliveApplications: [] })
  node.responseId = answer.responseId
}

/** Wants: near some nodes, anywhere, and large ones. */
function wants(i: number): ResourceRequest[] {
  const asks: ResourceRequest[] = []
  const ask = (priority: number, resourceName: string, memory: number, numContainers: number) =>
    asks.push({ priority, resourceName, capability: { memory, vcores: 1 }, numContainers })
  const near = Array.from({ length: 20 }, () => cluster[random(nodes)]!)
  const racks = new Set(near.map((n) => n.rack))
  const count = 2 * nodes
  for (const node of new Set(near)) ask(PRIORITIES.near, node.nodeId.host, 2048, count)
  for (const rack of racks) ask(PRIORITIES.near, rack, 2048, count)
  ask(PRIORITIES.near, ANY, 2048, count)
  ask(PRIORITIES.anywhere, ANY, 1024 * (1 + (i % 3)), count)
  if (i % 8 === 0) ask(PRIORITIES.large, ANY, 24 * 1024, 50)
  return asks
}

const empty = heap()
const masters: Master[] = []
for (let i = 0; i < APPLICATIONS; i++) {
  const applicationId = { clusterTimestamp: TIMESTAMP, id: i + 1 }
  const submission = { applicationId, user: `user${i % USERS}`, queue: QUEUES[i % QUEUES.length]!, unmanagedAM: true, amRequests: [] }
  step(core, { type: 'submitApplication', submission })
  const id = { applicationId, attemptId: 1 }
  step(core, { type: 'registerApplicationMaster', attemptId: id, host: '', rpcPort: 0, trackingUrl: '' })
  masters.push({ id, responseId: 0 })
}

for (let i = 0; i < finished; i++) {
  const applicationId = { clusterTimestamp: TIMESTAMP, id: APPLICATIONS + i + 1 }
  const id = { applicationId, attemptId: 1 }
  step(core, { type: 'submitApplication', submission: { applicationId, user: 'past', queue: 'a', unmanagedAM: true, amRequests: [] } })
  step(core, { type: 'registerApplicationMaster', attemptId: id, host: '', rpcPort: 0, trackingUrl: '' })
  step(core, { type: 'finishApplicationMaster', attemptId: id, finalStatus: 'SUCCEEDED', diagnostics: '' })
}

function ask(master: Master, asks: readonly ResourceRequest[]): void {
  const answer = step(core, { type: 'allocate', attemptId: master.id, responseId: master.responseId, progress: 0.5, asks, releases: [] })
  master.responseId = answer.responseId
  allocations += answer.allocated.length
  for (const container of answer.allocated) start(container)
}

function aRound(): void {
  round++
  now += 1000
  for (let i = 0; i < cluster.length; i++) {
    report(cluster[i]!)
    if (i % Math.ceil(cluster.length / masters.length) === 0) {
      const at = Math.floor((i * masters.length) / cluster.length)
      const master = masters[at]!
      // The backlog stands: every so often it is what it was.
      ask(master, round % 8 === at % 8 ? wants(at) : [])
    }
  }
}

for (const [i, master] of masters.entries()) ask(master, wants(i))
const warm = nodes >= 10_000 ? 12 : 30
for (let i = 0; i < warm; i++) aRound()

spent = 0
allocations = 0
let heartbeats = 0
const cpu = process.cpuUsage()
const began = performance.now()
while (performance.now() - began < seconds * 1000) {
  aRound()
  heartbeats += nodes
}
// Processor time: what else runs on the machine is not counted. The core's part of it is as its part of the time that passed.
const { user, system } = process.cpuUsage(cpu)
const microseconds = ((user + system) * spent) / (performance.now() - began)
const running = cluster.reduce((sum, n) => sum + n.running.length, 0)
const used = heap() - empty
const metrics = core.metrics()
const placed = core.queues().metrics
process.stdout.write(
  `${JSON.stringify({
    allocationsPerSecond: (allocations * 1e6) / microseconds,
    microsecondsPerHeartbeat: microseconds / heartbeats,
    allocations,
    heartbeats,
    running,
    bytesPerContainer: used / running,
    reserved: metrics.containersReserved,
    nodeLocal: placed?.aggregateNodeLocalContainersAllocated,
    rackLocal: placed?.aggregateRackLocalContainersAllocated,
    offSwitch: placed?.aggregateOffSwitchContainersAllocated,
  })}\n`,
)
