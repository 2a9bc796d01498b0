/** What may happen to a World, each with three numbers to choose by: a list of such numbers is a history, and shrinks. */
import { formatContainerId } from '../../../common/records/index.js'
import type { PlacementConstraint, ResourceRequest, SchedulingRequest } from '../../../resourcemanager/core/index.js'
import { gb, request } from '../../unit/resourcemanager-core/cluster.js'
import type { Master, SimNode, World } from './world.js'

/** Kind and three choices. Kind 0 is nothing. */
export type Operation = readonly [kind: number, a: number, b: number, c: number]

type Act = (world: World, a: number, b: number, c: number) => void

export interface Variant {
  readonly queues: readonly string[]
  readonly labels: readonly string[]
  readonly schedulingRequests: boolean
  /** Configurations that may be read anew, good ones and bad ones. */
  readonly refreshes: readonly { readonly properties: Readonly<Record<string, string>>; readonly allocations?: string }[]
}

/** At a time, and ever. */
const MOST_NODES = 7
const MOST_HOSTS = 60

function pick<T>(of: readonly T[], at: number): T | undefined {
  return of[at % Math.max(of.length, 1)]
}

const onMaster =
  (act: (world: World, master: Master, b: number, c: number) => void): Act =>
  (world, a, b, c) => {
    const master = pick(world.masters, a)
    if (master) act(world, master, b, c)
  }

const onNode =
  (act: (world: World, node: SimNode, b: number, c: number) => void): Act =>
  (world, a, b, c) => {
    const node = pick(world.nodes, a)
    if (node) act(world, node, b, c)
  }

export function operationsOf({ queues, labels, schedulingRequests, refreshes }: Variant): readonly Act[] {
  const label = (at: number) => (labels.length === 0 || at % 3 !== 0 ? '' : pick(labels, at)!)

  function asks(world: World, a: number, b: number, c: number): ResourceRequest[] {
    const size = gb(1 + (a % 6), 1 + (b % 3))
    const count = b % 5
    const more = { priority: 1 + (c % 3), ...(c % 4 === 0 && { allocationRequestId: b % 3 }), ...(label(c) !== '' && { nodeLabelExpression: label(c) }) }
    const any = request(size, count, { ...more, relaxLocality: c % 7 !== 0 || a % 2 === 0 })
    const node = pick(world.nodes, c)
    if (a % 3 !== 0 || !node) return [any]
    return [any, request(size, count, { ...more, resourceName: node.nodeId.host }), request(size, count, { ...more, resourceName: node.rack })]
  }

  function constraint(a: number, b: number): PlacementConstraint {
    const targets = [{ type: 'ALLOCATION_TAG' as const, values: [b % 2 === 0 ? 'x' : 'y'], ...(a % 4 === 0 && { key: 'all' }) }]
    const single = { kind: 'single' as const, scope: a % 2 === 0 ? 'node' : 'rack', targets }
    const least = a % 5 === 0 ? 1 : 0
    const one: PlacementConstraint = { ...single, minCardinality: least, maxCardinality: least === 1 ? 0x7fffffff : a % 3 }
    return a % 7 === 0 ? { kind: b % 2 === 0 ? 'and' : 'or', children: [one, { ...single, minCardinality: 0, maxCardinality: 2 }] } : one
  }

  const submit: Act = (world, a, b, c) =>
    world.submit({
      user: `u${b % 3}`,
      queue: c % 31 === 30 ? 'no-such-queue' : pick(queues, a)!,
      priority: c % 4,
      maxAppAttempts: 1 + (a % 3),
      keepContainers: b % 4 === 0,
      unmanagedAM: c % 11 === 0,
      amRequests: [request(gb(1 + (c % 2)), 1, { priority: 0 })],
      ...(a % 9 === 0 && { lifetimeSeconds: 60 + b }),
      ...(b % 5 === 0 && { attemptFailuresValidityInterval: 10_000 * (1 + (c % 5)) }),
    })
  const heartbeat = onNode((world, node) => world.heartbeat(node))
  const ask: Act = (world, a, b, c) => {
    const master = pick(world.masters, a)
    if (!master) return
    for (const container of world.allocate(master, { asks: asks(world, a, b, c) })?.allocated ?? []) if (b % 4 !== 0) world.start(container)
  }
  const fetch = onMaster((world, master, b) => {
    for (const container of world.allocate(master, {})?.allocated ?? []) if (b % 4 !== 0) world.start(container)
  })
  const containerEnds = onNode((world, node, b, c) => {
    const container = pick([...node.running.values()], b)
    if (container) world.end(node, container.containerId, [0, 1, -100, -102, 137][c % 5]!)
    if (c % 2 === 0) world.heartbeat(node)
  })
  const release = onMaster((world, master, b) => {
    const container = pick(master.containers, b)
    if (container) world.allocate(master, { releases: [container.containerId] })
  })
  const pass: Act = (world, a) => {
    world.now += a % 8 === 0 ? 1000 * (a % 200) : 1000 * (a % 10)
    world.step({ type: 'tick' })
  }
  /** Every node in its turn, as in a second of a cluster's life. */
  const allReport: Act = (world) => {
    world.now += 1000
    if (world.nodes.length < 2) world.addNode(8)
    for (const node of [...world.nodes]) world.heartbeat(node)
  }

  const common: readonly Act[] = [submit, heartbeat, heartbeat, allReport, allReport, allReport, ask, ask, ask, ask, fetch, fetch, containerEnds, release, pass]
  const rare: readonly Act[] = [
    onMaster((world, { id }) => {
      world.step({ type: 'finishApplicationMaster', attemptId: id, finalStatus: 'SUCCEEDED', diagnostics: 'done' })
    }),
    (world, a) => {
      const applicationId = pick(world.live, a)
      if (applicationId) world.step({ type: 'killApplication', applicationId, user: 'root' })
    },
    onMaster((world, { id }) => {
      world.step({ type: 'failAttempt', attemptId: id, user: 'root' })
    }),
    (world, a, b) => {
      const applicationId = pick(world.live, a)
      if (applicationId) world.step({ type: 'moveApplication', applicationId, queue: pick(queues, b)!, user: 'root' })
    },
    (world, a, b) => {
      const applicationId = pick(world.live, a)
      if (applicationId) world.step({ type: 'updatePriority', applicationId, priority: b % 6, user: 'root' })
    },
    (world, a, b) => {
      const applicationId = pick(world.live, a)
      if (applicationId) world.step({ type: 'updateTimeouts', applicationId, lifetimeExpiry: world.now + 1000 * (b % 600), user: 'root' })
    },
    onMaster((world, master, b) => {
      const container = pick(master.containers, b)
      if (container) world.step({ type: 'signalContainer', containerId: container.containerId, command: 'OUTPUT_THREAD_DUMP' })
    }),
    (world, a) => {
      const applicationId = pick(world.live, a)
      if (applicationId) world.step({ type: 'recordApplication', applicationId, milliseconds: 3000 })
      const node = pick(world.nodes, a)
      world.step({ type: 'recordNode', ...(node && a % 2 === 0 && { nodeId: node.nodeId }) })
    },
    onMaster((world, master, b, c) => {
      const host = pick(world.nodes, b)?.nodeId.host ?? 'gone'
      world.allocate(master, c % 2 === 0 ? { blacklistAdditions: [host] } : { blacklistRemovals: [host] })
    }),
    onMaster((world, master, b, c) => {
      const container = pick(master.containers, b)
      if (!container) return
      const updateType = c % 2 === 0 ? 'INCREASE_RESOURCE' : 'DECREASE_RESOURCE'
      const containerVersion = master.versions.get(formatContainerId(container.containerId)) ?? container.version
      world.allocate(master, { updates: [{ containerId: container.containerId, containerVersion, updateType, capability: gb(1 + (c % 6), 1) }] })
    }),
    onMaster((world, master, b, c) => {
      const { responseId } = master
      world.allocate(master, { responseId: b % 2 === 0 ? responseId - 1 : responseId + c })
    }),
    onMaster((world, master, b, c) => {
      if (!schedulingRequests) return
      const asked: SchedulingRequest = {
        allocationRequestId: 10 + (b % 3),
        priority: 5,
        allocationTags: b % 3 === 0 ? [] : [c % 2 === 0 ? 'x' : 'y'],
        numAllocations: c % 4,
        resource: gb(1 + (b % 2)),
        ...(c % 5 !== 0 && { constraint: constraint(b, c) }),
      }
      for (const container of world.allocate(master, { schedulingRequests: [asked] })?.allocated ?? []) world.start(container)
    }),
    onNode((world, node) => {
      world.step({ type: 'unregisterNode', nodeId: node.nodeId })
      world.forget(node)
    }),
    onNode((world, { nodeId }, b) => {
      world.step({ type: 'updateNodeResource', nodeId, resource: gb(4 + (b % 8), 4 + (b % 8)) })
    }),
    onNode((world, node, b) => world.heartbeat(node, { health: { healthy: b % 2 === 0, report: 'disk', lastReportTime: world.now } })),
    (world, a) => {
      if (world.nodes.length < MOST_NODES && world.hosts < MOST_HOSTS) world.addNode(4 + (a % 3) * 4)
    },
    onNode((world, node, b) => {
      // It was started again: with what it ran, or without.
      if (b % 2 === 0) node.running.clear()
      if (b % 3 === 0) node.total = gb(4 + (b % 8), 8)
      world.register(node)
    }),
    onNode((world, node, b) => world.heartbeat(node, { responseId: node.responseId - (b % 3) })),
    (world, a, b, c) => {
      const mode = (['NORMAL', 'GRACEFUL', 'FORCEFUL'] as const)[b % 3]!
      const node = pick(world.nodes, a)
      const exclude = c % 2 === 0 || !node ? [] : [{ host: node.nodeId.host, ...(c % 3 === 0 && { timeoutSeconds: c % 100 }) }]
      world.step({ type: 'refreshNodes', include: [], exclude, mode })
    },
    (world, a) => {
      const refresh = pick(refreshes, a)
      if (refresh) world.step({ type: 'refreshQueues', ...refresh })
    },
    (world, a) => {
      // Both ways: a clock may be set back.
      world.now += a % 2 === 0 ? -1000 * (a % 500) : 60_000 * (a % 30)
      world.step({ type: 'tick' })
    },
    (world, a) => {
      if (a % 4 === 0) world.restart()
    },
    (world, a, b, c) => {
      const node = pick(world.nodes, a)
      if (labels.length === 0 || !node) return
      if (c % 5 === 0) world.step({ type: 'addNodeLabels', labels: labels.map((name, i) => ({ name, exclusive: i % 2 === 0 })) })
      else if (c % 17 === 1) world.step({ type: 'removeNodeLabels', labels: [pick(labels, b)!] })
      else world.step({ type: 'replaceLabelsOnNodes', nodes: [{ nodeId: { ...node.nodeId, port: c % 2 }, labels: b % 3 === 0 ? [] : [pick(labels, b)!] }] })
    },
  ]
  const nothing: Act = () => {}
  return [nothing, ...common, ...common, ...common, ...rare]
}

export function act(world: World, acts: readonly Act[], [kind, a, b, c]: Operation): void {
  acts[kind % acts.length]!(world, a, b, c)
  world.collect((id) => (a % 13 === 12 && id.attemptId === 1 ? 'refuse' : b % 7 === 6 ? 'wait' : 'launch'))
}
