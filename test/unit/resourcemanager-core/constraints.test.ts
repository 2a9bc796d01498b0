import { describe, expect, it } from 'vitest'
import type { PlacementConstraint, SchedulingRequest } from '../../../resourcemanager/core/index.js'
import { Cluster, gb } from './cluster.js'

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
