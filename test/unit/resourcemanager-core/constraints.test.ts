import { describe, expect, it } from 'vitest'
import type { PlacementConstraint, SchedulingRequest } from '../../../resourcemanager/core/index.js'
import { Cluster, gb, request } from './cluster.js'

const MAX = 0x7fffffff
const tags = (values: string[], minCardinality: number, maxCardinality: number, scope = 'node', key?: string): PlacementConstraint => ({
  kind: 'single',
  scope,
  minCardinality,
  maxCardinality,
  targets: [{ type: 'ALLOCATION_TAG', values, ...(key !== undefined && { key }) }],
})

function setUp() {
  const c = new Cluster({ 'yarn.resourcemanager.placement-constraints.handler': 'scheduler' })
  const nodes = ['n1', 'n2', 'n3'].map((h, i) =>
    c.addNode(h, gb(8, 8), { rack: i < 2 ? '/a' : '/b', attributes: { 'rm.yarn.io/os': i === 2 ? 'windows' : 'linux' } }),
  )
  const am = c.run()
  let id = 0
  const ask = (constraint: PlacementConstraint | undefined, numAllocations: number, allocationTags = ['web']) => {
    const r: SchedulingRequest = { allocationRequestId: ++id, priority: 1, allocationTags, numAllocations, resource: gb(1), ...(constraint && { constraint }) }
    c.allocate(am, [], { schedulingRequests: [r] })
    for (let i = 0; i < 12; i++) for (const n of nodes) c.heartbeat(n)
    return c.allocate(am).allocated.map((a) => a.nodeId.host)
  }
  return { c, am, ask }
}

describe('requests by placement constraint', () => {
  it('keep apart what must not meet on a node', () => {
    const { c, ask } = setUp()
    expect(ask(tags(['web'], 0, 0), 5).sort()).toEqual(['n1', 'n2', 'n3'])
    expect(c.core.queue('default')!.pendingContainers).toBe(2)
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('keep no more than so many on a node', () => {
    const { ask } = setUp()
    expect(ask(tags(['web'], 0, 1), 10).length).toBe(6)
  })

  it('put together what belongs together', () => {
    const { ask } = setUp()
    const [first] = ask(undefined, 1, ['db'])
    expect(ask(tags(['db'], 1, MAX), 3)).toEqual([first, first, first])
  })

  it('count within a rack', () => {
    const { ask } = setUp()
    expect(ask(tags(['web'], 0, 0, 'rack'), 4)).toHaveLength(2)
  })

  it('look at attributes of nodes', () => {
    const { ask } = setUp()
    const windows: PlacementConstraint = {
      kind: 'single',
      scope: 'node',
      minCardinality: 1,
      maxCardinality: 1,
      attributeOp: 'EQ',
      targets: [{ type: 'NODE_ATTRIBUTE', key: 'rm.yarn.io/os', values: ['windows'] }],
    }
    expect(ask(windows, 2)).toEqual(['n3', 'n3'])
  })

  it('name the constraint that keeps them from a node, while somebody looks', () => {
    const { c, am, ask } = setUp()
    const told = (constraint: PlacementConstraint) => {
      ask(constraint, 9)
      c.ok({ type: 'recordNode', nodeId: { host: 'n1', port: 1234 } })
      c.heartbeat(c.nodes.get('n1')!)
      const lines = JSON.stringify(c.core.nodeActivities({ host: 'n1', port: 1234 }, c.now))
      return /unsatisfied PC expression=(.*?)"(?=,"nodeId")/.exec(lines.replaceAll('\\"', "'"))?.[1]
    }
    expect(told(tags(['web'], 0, 0))).toBe("'notin,node,web', target-type=ALLOCATION_TAG")
    expect(c.core.attempt(am)!.state).toBe('RUNNING')
    const others = setUp()
    const windows: PlacementConstraint = {
      kind: 'single',
      scope: 'node',
      minCardinality: -1,
      maxCardinality: -1,
      attributeOp: 'EQ',
      targets: [{ type: 'NODE_ATTRIBUTE', key: 'rm.yarn.io/os', values: ['windows'] }],
    }
    others.ask({ kind: 'and', children: [windows, tags(['db'], 1, MAX)] }, 1)
    others.c.ok({ type: 'recordNode', nodeId: { host: 'n1', port: 1234 } })
    others.c.heartbeat(others.c.nodes.get('n1')!)
    expect(JSON.stringify(others.c.core.nodeActivities({ host: 'n1', port: 1234 }, others.c.now))).toContain(
      'unsatisfied PC expression=\\"node,EQ,rm.yarn.io/os=[windows]\\", target-type=NODE_ATTRIBUTE',
    )
  })

  it('are refused while no handler is configured', () => {
    const c = new Cluster()
    c.addNode('n1')
    const am = c.run()
    const schedulingRequests: SchedulingRequest[] = [{ allocationRequestId: 1, priority: 1, allocationTags: [], numAllocations: 1, resource: gb(1) }]
    expect(c.refused({ type: 'allocate', attemptId: am, responseId: 0, progress: 0, asks: [], releases: [], schedulingRequests })).toBe(
      'YarnException: Found non empty SchedulingRequest in AllocateRequest for application=appattempt_1700000000000_0001_000001, but the configured yarn.resourcemanager.placement-constraints.handler cannot handle placement constraints. Rejecting this allocate operation',
    )
  })
})

describe('requests by constraint that are placed together', () => {
  const HANDLER = 'yarn.resourcemanager.placement-constraints.'
  const ON = { [`${HANDLER}handler`]: 'placement-processor' }

  function placing(properties: Record<string, string> = {}, hosts = ['n1', 'n2', 'n3']) {
    const c = new Cluster({ ...ON, ...properties })
    for (const h of hosts) c.addNode(h, gb(8, 8))
    const am = c.run()
    const of = (id: number, numAllocations: number, tag: string, constraint?: PlacementConstraint, size = 1): SchedulingRequest => ({
      allocationRequestId: id,
      priority: 1,
      allocationTags: [tag],
      numAllocations,
      resource: gb(size),
      ...(constraint && { constraint }),
    })
    const call = (...schedulingRequests: SchedulingRequest[]) => c.allocate(am, [], { schedulingRequests })
    return { c, am, of, call }
  }
  const hosts = (a: { allocated: readonly { nodeId: { host: string } }[] }) => a.allocated.map((x) => x.nodeId.host).sort()

  it('are there with the answer, without a report of a node', () => {
    const { c, of, call } = placing()
    expect(hosts(call(of(1, 3, 'w', tags(['w'], 0, 0))))).toEqual(['n1', 'n2', 'n3'])
    expect(c.core.queue('default')!.pendingContainers).toBe(0)
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('are tried again with the next calls, and rejected in the end', () => {
    const { of, call } = placing()
    expect(call(of(1, 5, 'w', tags(['w'], 0, 0))).rejected).toEqual([])
    expect(call().rejected).toEqual([])
    const [rejected, ...more] = call().rejected
    expect(more).toEqual([])
    expect(rejected).toMatchObject({ reason: 'COULD_NOT_PLACE_ON_NODE', request: { allocationRequestId: 1, numAllocations: 2 } })
    expect(call().rejected).toEqual([])
  })

  it('are met by what comes meanwhile', () => {
    const { of, call } = placing()
    call(of(1, 2, 'web', tags(['db'], 1, MAX)))
    const [db, ...web] = call(of(2, 1, 'db')).allocated
    expect(web).toEqual([])
    expect(hosts(call())).toEqual([db!.nodeId.host, db!.nodeId.host])
  })

  it('count for each other before anything runs', () => {
    const { of, call } = placing({}, ['n1', 'n2'])
    const answer = call(of(1, 1, 'bar', tags(['foo'], 0, 0)), of(2, 1, 'foo', tags(['foo'], 0, 0)))
    expect(hosts(answer)).toEqual(['n1', 'n2'])
  })

  it('are rejected when the scheduler refuses them, one by one', () => {
    // A user may have 3 GB, and what goes beyond that once.
    const { of, call } = placing({ [`${HANDLER}retry-attempts`]: '2', 'yarn.scheduler.capacity.root.default.user-limit-factor': '0.25' })
    expect(call(of(1, 3, 'w', undefined, 2)).allocated).toHaveLength(2)
    const { allocated, rejected } = call()
    expect(allocated).toEqual([])
    expect(rejected).toMatchObject([{ reason: 'COULD_NOT_SCHEDULE_ON_NODE', request: { allocationRequestId: 1, numAllocations: 1 } }])
  })

  it('are taken in the order of the call, or the most frequent tags first', () => {
    const run = (iterator: string) => {
      const { of, call } = placing({ [`${HANDLER}algorithm.iterator`]: iterator, [`${HANDLER}retry-attempts`]: '1' }, ['n1'])
      return call(of(1, 1, 'a', tags(['b'], 0, 0)), of(2, 1, 'b', tags(['a'], 0, 0)), of(3, 1, 'b', tags(['a'], 0, 0))).allocated.map(
        (a) => a.allocationRequestId,
      )
    }
    expect(run('SERIAL')).toEqual([1])
    expect(run('POPULAR_TAGS')).toEqual([2, 3])
  })

  it('leave requests by place alone', () => {
    const { c, am, of } = placing()
    const answer = c.allocate(am, [request(gb(1), 1)], { schedulingRequests: [of(1, 1, 'w')] })
    expect(answer.allocated).toHaveLength(1)
    expect(c.core.queue('default')!.pendingContainers).toBe(1)
  })

  it('name what can’t be used', () => {
    expect(() => placing({ [`${HANDLER}algorithm.iterator`]: 'RANDOM' })).toThrow(`${HANDLER}algorithm.iterator is "RANDOM"`)
    expect(() => placing({ [`${HANDLER}algorithm.class`]: 'com.example.Mine' })).toThrow(`${HANDLER}algorithm.class is "com.example.Mine"`)
    expect(() => placing({ [`${HANDLER}handler`]: 'mine' })).toThrow(`${HANDLER}handler is "mine"`)
  })

  it('need the capacity scheduler', () => {
    const { of, call } = placing({ 'yarn.resourcemanager.scheduler.class': 'org.apache.hadoop.yarn.server.resourcemanager.scheduler.fair.FairScheduler' })
    expect(() => call(of(1, 1, 'w'))).toThrow('attemptAllocationOnNode not supported for FairScheduler')
  })
})
