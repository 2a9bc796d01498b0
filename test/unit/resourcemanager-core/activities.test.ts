import { describe, expect, it } from 'vitest'
import type { ApplicationAttemptId } from '../../../common/records/index.js'
import type { ActivityNode, NodeAllocation } from '../../../resourcemanager/core/index.js'
import { Cluster, gb, request, type SimNode } from './cluster.js'

/** A line for each part of the tree: its name, what became of it and why. */
function lines(n: ActivityNode, depth = 0): string[] {
  const name = n.name ?? n.nodeId?.host ?? ''
  const line = `${'  '.repeat(depth)}${name.replace(/^Container: .*Priority: (\d).*/, 'container of priority $1')} ${n.state}`
  return [n.diagnostic ? `${line}: ${n.diagnostic}` : line, ...n.children.flatMap((c) => lines(c, depth + 1))]
}
const tree = ([offer, ...more]: readonly NodeAllocation[] = []) => {
  expect(more).toEqual([])
  return offer && [`${offer.nodeId.host} ${offer.state}`, ...lines(offer.root)]
}

/** What comes of the node's next offer. */
function offer(c: Cluster, node: SimNode) {
  c.ok({ type: 'recordNode', nodeId: node.nodeId })
  c.heartbeat(node)
  return c.core.nodeActivities(node.nodeId, c.now)
}

function record(c: Cluster, { applicationId }: ApplicationAttemptId, milliseconds = 3000) {
  c.ok({ type: 'recordApplication', applicationId, milliseconds })
}
const looks = (c: Cluster, { applicationId }: ApplicationAttemptId) => c.core.applicationActivities(applicationId, c.now)
const name = ({ applicationId: { id } }: ApplicationAttemptId) => `application_1700000000000_000${id}`

describe('the offer of a node', () => {
  it('is recorded when somebody has asked, once', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    c.heartbeat(n1)
    expect(c.core.nodeActivities(n1.nodeId, c.now)).toBeUndefined()
    const first = offer(c, n1)
    expect(tree(first)).toEqual(['n1 SKIPPED', 'root SKIPPED: Queue does not need more resource'])
    c.advance(1000)
    c.heartbeat(n1)
    expect(c.core.nodeActivities(n1.nodeId, c.now)).toBe(first)
  })

  it('is a tree of queues, applications, requests and the node', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    const am = c.run()
    c.allocate(am, [request(gb(1), 1, { priority: 2 })])
    expect(tree(offer(c, n1))).toEqual([
      'n1 ALLOCATED',
      'root ACCEPTED',
      '  root.hive SKIPPED: Queue does not need more resource',
      '  root.default ACCEPTED',
      `    ${name(am)} ALLOCATED`,
      '      request_2_-1 ALLOCATED',
      '        container of priority 2 ALLOCATED',
    ])
  })

  it('shows every application that has been looked at, though their requests have the same name', () => {
    const c = new Cluster({ 'yarn.scheduler.maximum-allocation-mb': '65536' })
    const n1 = c.addNode('n1')
    c.addNode('n2', gb(64, 64))
    const [one, two] = [c.run(), c.run()]
    for (const am of [one, two]) c.allocate(am, [request(gb(20))])
    const lacks =
      "n1 SKIPPED: Node's total resource is insufficient for request, insufficient resources=[memory-mb]\nrequired=<memory:20480, vCores:1>, available=<memory:8192, vCores:8>"
    expect(tree(offer(c, n1))).toEqual([
      'n1 SKIPPED',
      'root SKIPPED',
      '  root.hive SKIPPED: Queue does not need more resource',
      '  root.default SKIPPED',
      ...[one, two].flatMap((am) => [`    ${name(am)} SKIPPED`, '      request_1_-1 SKIPPED', `        ${lacks}`]),
    ])
  })

  it('names every resource that is short', () => {
    const c = new Cluster({ 'yarn.scheduler.capacity.resource-calculator': 'org.apache.hadoop.yarn.util.resource.DominantResourceCalculator' })
    c.addNode('n1', gb(8, 8))
    const am = c.run()
    c.allocate(am, [request(gb(8, 4))])
    expect(tree(offer(c, c.addNode('n3', gb(8, 3))))!.at(-1)).toMatch(
      /insufficient resources=\[vcores\]\nrequired=<memory:8192, vCores:4>, available=<memory:8192, vCores:3>$/,
    )
    expect(tree(offer(c, c.addNode('n2', gb(4, 3))))!.at(-1)).toMatch(/insufficient resources=\[memory-mb, vcores\]\n/)
  })

  it('is rejected by limits of the user and of the queue', () => {
    const ofUser = new Cluster({ 'yarn.scheduler.capacity.root.default.user-limit-factor': '0.5' })
    const n1 = ofUser.addNode('n1', gb(16, 16))
    const am = ofUser.run()
    ofUser.allocate(am, [request(gb(4), 4)])
    for (let i = 0; i < 2; i++) ofUser.heartbeat(n1)
    expect(tree(offer(ofUser, n1))!.slice(-2)).toEqual(['  root.default SKIPPED', `    ${name(am)} REJECTED: Queue hits user max-capacity limit`])

    const ofQueue = new Cluster({ 'yarn.scheduler.capacity.root.default.maximum-capacity': '50' })
    const node = ofQueue.addNode('n1', gb(16, 16))
    const master = ofQueue.run()
    ofQueue.allocate(master, [request(gb(7), 2)])
    ofQueue.heartbeat(node)
    expect(tree(offer(ofQueue, node))!.slice(-2)).toEqual([
      '  root.default REJECTED: Queue hits max-capacity limit',
      `    ${name(master)} REJECTED: Queue hits max-capacity limit`,
    ])
  })

  it('waits for one of which there is something to tell', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1', gb(4, 4))
    const am = c.run()
    c.addNode('n2', gb(4, 4))
    c.allocate(am, [request(gb(4))])
    c.heartbeat(n1)
    c.allocate(am, [request(gb(4), 0)])
    c.ok({ type: 'recordNode' })
    // The reservation is given up: nothing is told.
    c.heartbeat(n1)
    expect(c.core.nodeActivities(undefined, c.now)).toBeUndefined()
    expect(c.core.nodeActivities(n1.nodeId, c.now)).toEqual([])
    c.heartbeat(n1)
    expect(tree(c.core.nodeActivities(undefined, c.now))).toEqual(['n1 SKIPPED', 'root SKIPPED: Queue does not need more resource'])
  })

  it('is of another partition first, and of requests without a label afterwards', () => {
    const c = new Cluster({
      'yarn.node-labels.enabled': 'true',
      'yarn.scheduler.capacity.root.accessible-node-labels.gpu.capacity': '100',
      'yarn.scheduler.capacity.root.default.accessible-node-labels': '*',
      'yarn.scheduler.capacity.root.default.accessible-node-labels.gpu.capacity': '100',
      'yarn.scheduler.capacity.root.hive.accessible-node-labels': '',
    })
    c.ok({ type: 'addNodeLabels', labels: [{ name: 'gpu', exclusive: false }] })
    c.addNode('n1')
    const g1 = c.addNode('g1')
    c.ok({ type: 'replaceLabelsOnNodes', nodes: [{ nodeId: g1.nodeId, labels: ['gpu'] }] })
    const am = c.run()
    c.allocate(am, [request(gb(1), 1, { priority: 1 }), request(gb(8), 2, { priority: 2, nodeLabelExpression: 'gpu' })])
    const [labelled, ...rest] = offer(c, g1)!
    expect(rest).toEqual([])
    expect(lines(labelled!.root).filter((l) => /g1|request/.test(l))).toEqual([
      '      request_1_-1 SKIPPED',
      '        g1 SKIPPED: Node does not match partition or placement constraints, unsatisfied node partition=gpu, required-partition=',
      '      request_2_-1 ALLOCATED',
    ])
    const { allocated } = c.allocate(am, [request(gb(8), 0, { priority: 2, nodeLabelExpression: 'gpu' })])
    c.allocate(am, [], { releases: [allocated[0]!.containerId] })
    const told = (o: NodeAllocation) => [
      o.partition,
      o.state,
      lines(o.root)
        .findLast((l) => /^root|request/.test(l))
        ?.trim(),
    ]
    const offers = () => offer(c, g1)!.map(told)
    const nothing = ['gpu', 'SKIPPED', 'root SKIPPED: Queue does not need more resource']
    expect(offers()).toEqual([
      nothing,
      [
        'gpu',
        'SKIPPED',
        'request_1_-1 SKIPPED: Request skipped because non-partitioned resource request should be scheduled to non-partitioned partition first',
      ],
    ])
    expect(offers()).toEqual([nothing, ['gpu', 'ALLOCATED', 'request_1_-1 ALLOCATED']])
  })

  it('is forgotten after a while', () => {
    const c = new Cluster({ 'yarn.resourcemanager.activities-manager.scheduler-activities.ttl-ms': '5000' })
    const n1 = c.addNode('n1')
    offer(c, n1)
    c.advance(5000)
    expect(c.core.nodeActivities(n1.nodeId, c.now)).toHaveLength(1)
    c.advance(1)
    expect(c.core.nodeActivities(n1.nodeId, c.now)).toBeUndefined()
  })
})

describe('an application', () => {
  it('is recorded for as long as is asked, with every look at it', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    const am = c.run()
    c.allocate(am, [request(gb(1), 3)])
    record(c, am, 2000)
    expect(looks(c, am)).toBeUndefined()
    for (let i = 0; i < 3; i++) {
      c.heartbeat(n1)
      c.advance(1000)
    }
    expect(looks(c, am)!.map((l) => [l.timestamp - c.now, l.queue, l.state])).toEqual([
      [-3000, 'default', 'ALLOCATED'],
      [-2000, 'default', 'ALLOCATED'],
    ])
    expect(looks(c, am)![0]!.attempts).toMatchObject([
      { name: 'Container-Id-Not-Assigned', requestPriority: 1, allocationRequestId: -1, state: 'ALLOCATED', nodeId: n1.nodeId },
    ])
  })

  it('keeps as many looks as are configured, or a round over the nodes', () => {
    const c = new Cluster({ 'yarn.resourcemanager.activities-manager.app-activities.max-queue-length': '2' })
    const nodes = ['n1', 'n2', 'n3', 'n4', 'n5'].map((h) => c.addNode(h))
    const am = c.run()
    record(c, am)
    c.allocate(am, [request(gb(1), 20)])
    for (let i = 0; i < 2; i++) for (const n of nodes) c.heartbeat(n)
    expect(looks(c, am)!.map((l) => l.nodeId.host)).toEqual(['n5', 'n1', 'n2', 'n3', 'n4', 'n5'])
  })

  it('is forgotten when it has ended, and no other one is asked for in vain', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    const am = c.run()
    record(c, am)
    c.allocate(am, [request(gb(1))])
    c.heartbeat(n1)
    expect(looks(c, am)).toHaveLength(1)
    c.finish(am)
    expect(looks(c, am)).toBeUndefined()
    record(c, am)
    c.ok({ type: 'recordApplication', applicationId: { ...am.applicationId, id: 9 }, milliseconds: 3000 })
    expect(looks(c, am)).toBeUndefined()
  })

  it('is told of where containers are given out of turn', () => {
    const c = new Cluster({ 'yarn.scheduler.capacity.schedule-asynchronously.enable': 'true' })
    c.addNode('n1', gb(4, 4))
    const am = c.run()
    record(c, am)
    c.ok({ type: 'recordNode' })
    c.allocate(am, [request(gb(2), 2)])
    expect(looks(c, am)!.map((l) => l.state)).toEqual(['ALLOCATED', 'SKIPPED'])
    expect(tree(c.core.nodeActivities(undefined, c.now))![0]).toBe('n1 ALLOCATED')
  })
})

describe('other schedulers', () => {
  it('record nothing', () => {
    const c = new Cluster({ 'yarn.resourcemanager.scheduler.class': 'org.apache.hadoop.yarn.server.resourcemanager.scheduler.fifo.FifoScheduler' })
    const n1 = c.addNode('n1')
    expect(offer(c, n1)).toBeUndefined()
  })
})
