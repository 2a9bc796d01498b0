import { describe, expect, it } from 'vitest'
import type { ApplicationId } from '../../../common/records/index.js'
import { ANY, type ResourceRequest } from '../../../resourcemanager/core/index.js'
import { Cluster, gb, request } from './cluster.js'

/** A node, its rack, and anywhere, as application masters ask for places. */
function at(host: string, rack: string, count: number): ResourceRequest[] {
  return [ANY, rack, host].map((resourceName) => request(gb(1), count, { resourceName }))
}

const used = (c: Cluster, queue: string) => c.core.queue(queue)!.used.memory / 1024

describe('a heartbeat', () => {
  it('gives one off-switch container, as Hadoop’s default', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    const am = c.run()
    c.allocate(am, [request(gb(1), 3)])
    for (let i = 1; i <= 3; i++) {
      c.heartbeat(n1)
      expect(used(c, 'default')).toBe(1 + i)
    }
    expect(c.allocate(am).allocated.map((a) => a.containerId.id)).toEqual([2, 3, 4])
  })

  it('gives as many as fit where the limit on off-switch assignments is lifted', () => {
    const c = new Cluster({ 'yarn.scheduler.capacity.per-node-heartbeat.maximum-offswitch-assignments': '100' })
    const n1 = c.addNode('n1')
    const am = c.run()
    c.allocate(am, [request(gb(1), 3)])
    c.heartbeat(n1)
    expect(c.allocate(am).allocated).toHaveLength(3)
  })

  it('gives the application master’s containers one vcore each under the default resource calculator', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    const am = c.run()
    c.allocate(am, [request({ memory: 1500, vcores: 3 })])
    c.heartbeat(n1)
    expect(c.allocate(am).allocated[0]!.resource).toEqual({ memory: 2048, vcores: 1 })
  })
})

describe('locality', () => {
  it('lets a few containers go off-switch as soon as one offer is missed', () => {
    const c = new Cluster()
    const [, n2] = ['n1', 'n2', 'n3'].map((h) => c.addNode(h))
    const am = c.run()
    c.allocate(am, at('n1', '/default-rack', 1))
    c.heartbeat(n2!)
    expect(c.allocate(am).allocated.map((a) => a.nodeId.host)).toEqual(['n2'])
  })

  it('takes the node asked for at once, its rack after as many missed offers as nodes', () => {
    const c = new Cluster()
    const [n1, n2, n3] = ['n1', 'n2', 'n3'].map((h, i) => c.addNode(h, gb(8, 8), { rack: i < 2 ? '/a' : '/b' }))
    const am = c.run()
    c.allocate(am, at('n1', '/a', 2))
    c.heartbeat(n1!)
    expect(c.allocate(am).allocated.map((a) => a.nodeId.host)).toEqual(['n1', 'n1'])

    c.allocate(am, at('n1', '/a', 9))
    for (let i = 0; i < 3; i++) {
      c.heartbeat(i % 2 === 0 ? n2! : n3!)
      expect(c.allocate(am).allocated).toEqual([])
    }
    c.heartbeat(n2!)
    expect(c.allocate(am).allocated.map((a) => a.nodeId.host)).toEqual(['n2'])
    expect(c.core.queue('default')!.metrics).toMatchObject({ aggregateNodeLocalContainersAllocated: 2, aggregateRackLocalContainersAllocated: 1 })
  })

  it('never leaves the node when it is not to be relaxed', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    const n2 = c.addNode('n2')
    const am = c.run()
    const strict = at('n1', '/default-rack', 1).map((r) => (r.resourceName === 'n1' ? r : { ...r, relaxLocality: false }))
    c.allocate(am, strict)
    for (let i = 0; i < 10; i++) c.heartbeat(n2)
    expect(c.allocate(am).allocated).toEqual([])
    c.heartbeat(n1)
    expect(c.allocate(am).allocated.map((a) => a.nodeId.host)).toEqual(['n1'])
  })
})

describe('queues', () => {
  it('are served by how far they are below their share', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1', gb(20, 20))
    const a = c.run({ queue: 'default' })
    const b = c.run({ queue: 'hive' })
    c.allocate(a, [request(gb(1), 10)])
    c.allocate(b, [request(gb(1), 10)])
    const order: number[] = []
    for (let i = 0; i < 6; i++) {
      c.heartbeat(n1)
      order.push(c.allocate(a).allocated.length - c.allocate(b).allocated.length)
    }
    expect(order).toEqual([1, -1, 1, -1, 1, -1])
  })

  it('stop at their maximum capacity', () => {
    const c = new Cluster({ 'yarn.scheduler.capacity.root.default.maximum-capacity': '60' })
    const n1 = c.addNode('n1', gb(10, 10))
    const am = c.run()
    c.allocate(am, [request(gb(1), 20)])
    for (let i = 0; i < 20; i++) c.heartbeat(n1)
    expect(used(c, 'default')).toBe(6)
    expect(c.allocate(am).available.memory).toBe(0)
  })

  it('hold a user to its limit', () => {
    const c = new Cluster({
      'yarn.scheduler.capacity.root.default.user-limit-factor': '1',
      'yarn.scheduler.capacity.root.default.minimum-user-limit-percent': '50',
    })
    const n1 = c.addNode('n1', gb(20, 20))
    const am = c.run()
    c.allocate(am, [request(gb(1), 20)])
    for (let i = 0; i < 20; i++) c.heartbeat(n1)
    // A user at the limit is not yet beyond it: one container more is given.
    expect(used(c, 'default')).toBe(11)
  })

  it('refuse applications beyond their number', () => {
    const c = new Cluster({ 'yarn.scheduler.capacity.root.default.maximum-applications': '1' })
    c.addNode('n1')
    c.submit()
    const id = c.submit()
    expect(c.report(id).diagnostics).toBe(
      'org.apache.hadoop.security.AccessControlException: Queue root.default already has 1 applications, cannot accept submission of application: application_1700000000000_0002',
    )
  })

  it('let no more applications run at a time than they are to', () => {
    const c = new Cluster({ 'yarn.scheduler.capacity.root.default.max-parallel-apps': '1' })
    const n1 = c.addNode('n1')
    const am = c.run()
    const waiting = c.submit()
    c.heartbeat(n1)
    expect(c.core.attempt(c.attemptOf(waiting))!.state).toBe('SCHEDULED')
    c.finish(am)
    c.heartbeat(n1)
    expect(c.core.attempt(c.attemptOf(waiting))!.state).toBe('ALLOCATED')
    expect(c.core.metrics()).toMatchObject({ appsSubmitted: 2, appsCompleted: 1, appsRunning: 1, appsPending: 0 })
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('refuse applications when stopped, and drain', () => {
    const c = new Cluster()
    c.addNode('n1')
    const am = c.run()
    c.ok({
      type: 'refreshQueues',
      properties: { ...c.properties, 'yarn.scheduler.capacity.root.default.state': 'STOPPED' },
    })
    expect(c.core.queue('default')!.state).toBe('DRAINING')
    const late = c.submit()
    expect(c.report(late).diagnostics).toBe(
      'org.apache.hadoop.security.AccessControlException: Queue root.default is STOPPED. Cannot accept submission of application: application_1700000000000_0002',
    )
    c.finish(am)
    expect(c.core.queue('default')!.state).toBe('STOPPED')
  })

  it('keep the old configuration when the new one is bad', () => {
    const c = new Cluster()
    const message = c.refused({ type: 'refreshQueues', properties: { ...c.properties, 'yarn.scheduler.capacity.root.hive.capacity': '70' } })
    expect(message).toBe('IOException: Failed to re-init queues : Illegal capacity of 1.2 for children of queue root')
    expect(c.core.queue('hive')!.capacities.capacity).toBe(0.5)
  })

  it('let no more application masters start than their share allows, and say so', () => {
    const c = new Cluster({ 'yarn.scheduler.capacity.maximum-am-resource-percent': '0.1' })
    const n1 = c.addNode('n1', gb(20, 20))
    c.run()
    c.submit()
    const waiting = c.submit()
    c.heartbeat(n1)
    c.heartbeat(n1)
    expect(c.report(waiting).state).toBe('ACCEPTED')
    expect(c.report(waiting).diagnostics).toMatch(
      /^\[... ... .. ..:..:.. \+0000 ....\] Application is added to the scheduler and is not yet activated\. Queue's AM resource limit exceeded\. {2}Details : AM Partition = <DEFAULT_PARTITION>; AM Resource Request = <memory:1024, vCores:1>; Queue Resource Limit for AM = <memory:2048, vCores:1>; User AM Resource Limit of the queue = <memory:2048, vCores:1>; Queue AM Resource Usage = <memory:2048, vCores:2>; $/,
    )
  })

  it('count a user whose application ends as active until it is over', () => {
    const c = new Cluster({
      'yarn.scheduler.capacity.maximum-am-resource-percent': '0.1',
      'yarn.scheduler.capacity.root.default.minimum-user-limit-percent': '50',
      'yarn.scheduler.capacity.root.default.user-limit-factor': '1',
    })
    const n1 = c.addNode('n1', gb(40, 40))
    const userLimit = (id: ApplicationId) => /User AM Resource Limit of the queue = <memory:(\d+)/.exec(c.report(id).diagnostics)?.[1]
    c.run({ user: 'alice', amRequests: [{ ...request(gb(2)), priority: 0 }] })
    const first = c.run({ user: 'bob' })
    c.allocate(first, [request(gb(1), 9)])
    c.heartbeat(n1)
    const waiting = c.submit({ user: 'alice', amRequests: [{ ...request(gb(3)), priority: 0 }] })
    c.ok({ type: 'killApplication', applicationId: first.applicationId, user: 'bob' })
    expect(userLimit(waiting)).toBe('1024')
    c.submit({ user: 'alice', amRequests: [{ ...request(gb(3)), priority: 0 }] })
    expect(userLimit(waiting)).toBe('2048')
    expect(c.core.checkInvariants()).toEqual([])
  })
})

describe('a large request', () => {
  it('reserves a full node, and gets it when it is free', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1', gb(8, 8))
    const am = c.run({ queue: 'hive' })
    c.addNode('n2', gb(4, 4))
    c.allocate(am, [request(gb(1), 5)])
    for (let i = 0; i < 5; i++) c.heartbeat(n1)
    const small = c.allocate(am).allocated
    for (const s of small) c.start(s)
    c.heartbeat(n1)
    c.allocate(am, [request(gb(4), 1, { priority: 2 })])
    c.heartbeat(n1)
    expect(c.core.node(n1.nodeId)!.reserved).toBeDefined()
    expect(c.core.queue('hive')!.reserved).toEqual({ memory: 4096, vcores: 1 })
    c.heartbeat(n1, [{ id: small[0]!.containerId }, { id: small[1]!.containerId }])
    expect(c.core.node(n1.nodeId)!.reserved).toBeUndefined()
    expect(c.allocate(am).allocated.map((a) => a.resource.memory)).toEqual([4096])
    expect(c.core.checkInvariants()).toEqual([])
  })
})

describe('what is asked amiss', () => {
  it('is refused in Hadoop’s words', () => {
    const c = new Cluster()
    c.addNode('n1', gb(4, 4))
    const am = c.run()
    const ask = (r: ResourceRequest) => c.refused({ type: 'allocate', attemptId: am, responseId: 0, progress: 0, asks: [r], releases: [] })
    expect(ask(request({ memory: 5000, vcores: 1 }))).toBe(
      'InvalidResourceRequestException: Invalid resource request! Cannot allocate containers as requested resource is greater than maximum allowed allocation. Requested resource type=[memory-mb], Requested resource=<memory:5000, vCores:1>, maximum allowed allocation=<memory:4096, vCores:4>, please note that maximum allowed allocation is calculated by scheduler based on maximum resource of registered NodeManagers, which might be less than configured maximum allocation=<memory:8192, vCores:4>',
    )
    expect(ask(request({ memory: -1, vcores: 1 }))).toBe(
      'InvalidResourceRequestException: Invalid resource request! Cannot allocate containers as requested resource is less than 0! Requested resource type=[memory-mb], Requested resource=<memory:-1, vCores:1>',
    )
    expect(c.refused({ type: 'allocate', attemptId: am, responseId: 7, progress: 0, asks: [], releases: [] })).toBe(
      'InvalidApplicationMasterRequestException: Invalid responseId in AllocateRequest from application attempt: appattempt_1700000000000_0001_000001 expect responseId to be 0 but get 7',
    )
    expect(c.refused({ type: 'submitApplication', submission: c.submission({ amRequests: [] }) })).toBe(
      'InvalidResourceRequestException: Invalid resource request, no resources requested',
    )
  })
})

describe('blacklisted nodes', () => {
  it('are passed over', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    const n2 = c.addNode('n2')
    const am = c.run()
    c.allocate(am, [request(gb(1))], { blacklistAdditions: ['n1'] })
    c.heartbeat(n1)
    expect(c.allocate(am).allocated).toEqual([])
    c.heartbeat(n2)
    expect(c.allocate(am).allocated.map((a) => a.nodeId.host)).toEqual(['n2'])
  })
})
