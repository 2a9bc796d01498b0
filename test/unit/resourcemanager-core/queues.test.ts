import { describe, expect, it } from 'vitest'
import { Cluster, gb, request } from './cluster.js'

const PREFIX = 'yarn.scheduler.capacity.'
const properties = (of: Record<string, string>) => Object.fromEntries(Object.entries(of).map(([k, v]) => [PREFIX + k, v]))

describe('queue mappings', () => {
  const mapped = (mappings: string, more: Record<string, string> = {}) => {
    const c = new Cluster({ ...properties({ 'queue-mappings': mappings }), ...more })
    c.addNode('n1')
    return c
  }

  it('send users and groups to their queues unless they name one', () => {
    const c = mapped('u:alice:hive,g:staff:hive')
    expect(c.report(c.submit({ user: 'alice' })).queue).toBe('hive')
    expect(c.report(c.submit({ user: 'bob', groups: ['users', 'staff'] })).queue).toBe('hive')
    expect(c.report(c.submit({ user: 'carol' })).queue).toBe('default')
  })

  it('win over the queue named when they are to', () => {
    const c = mapped('u:alice:default', properties({ 'queue-mappings-override.enable': 'true' }))
    expect(c.report(c.submit({ user: 'alice', queue: 'hive' })).queue).toBe('default')
  })

  it('find queues by user and by primary group', () => {
    const c = mapped('u:%user:%primary_group')
    expect(c.report(c.submit({ user: 'alice', groups: ['hive'] })).queue).toBe('hive')
  })

  it('may be rules in JSON', () => {
    const rules = {
      rules: [
        { type: 'user', matches: 'alice', policy: 'custom', customPlacement: 'root.hive' },
        { type: 'user', matches: 'eve', policy: 'reject' },
      ],
    }
    const c = new Cluster(properties({ 'mapping-rule-format': 'json', 'mapping-rule-json': JSON.stringify(rules) }))
    c.addNode('n1')
    expect(c.report(c.submit({ user: 'alice' })).queue).toBe('hive')
    expect(c.refused({ type: 'submitApplication', submission: c.submission({ user: 'eve' }) })).toContain('rejected by a mapping rule')
  })

  it('make queues below a parent that allows it, within its guarantee', () => {
    const c = new Cluster(
      properties({
        'root.queues': 'default,teams',
        'root.teams.capacity': '50',
        'root.teams.auto-create-child-queue.enabled': 'true',
        'root.teams.leaf-queue-template.capacity': '60',
        'root.teams.leaf-queue-template.user-limit-factor': '3',
        'queue-mappings': 'u:%user:teams.%user',
      }),
    )
    c.addNode('n1')
    const am = c.run({ user: 'alice' })
    expect(c.core.queue('alice')).toMatchObject({
      path: 'root.teams.alice',
      autoCreated: true,
      userLimitFactor: 3,
      capacities: { absoluteCapacity: Math.fround(0.3) },
    })
    c.run({ user: 'bob' })
    expect(c.core.queue('bob')!.capacities.absoluteCapacity).toBe(0)
    expect(c.report(am.applicationId).queue).toBe('alice')
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('hand the guarantee of a queue made so on to another when it has no applications', () => {
    const c = new Cluster({
      ...properties({
        'root.queues': 'default,teams',
        'root.teams.capacity': '50',
        'root.teams.auto-create-child-queue.enabled': 'true',
        'root.teams.leaf-queue-template.capacity': '60',
        'queue-mappings': 'u:%user:teams.%user',
      }),
      'yarn.resourcemanager.scheduler.monitor.enable': 'true',
      'yarn.resourcemanager.scheduler.monitor.policies': 'org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.QueueManagementDynamicEditPolicy',
    })
    c.addNode('n1')
    const first = c.submit({ user: 'alice' })
    c.submit({ user: 'bob' })
    const guaranteed = (queue: string) => c.core.queue(queue)!.capacities.absoluteCapacity
    expect([guaranteed('alice'), guaranteed('bob')]).toEqual([Math.fround(0.3), 0])
    c.ok({ type: 'killApplication', applicationId: first, user: 'alice' })
    c.advance(2000)
    expect([guaranteed('alice'), guaranteed('bob')]).toEqual([0, Math.fround(0.3)])
    expect(c.core.checkInvariants()).toEqual([])
  })
})

describe('capacities', () => {
  it('may be absolute', () => {
    const c = new Cluster(
      properties({
        'root.default.capacity': '[memory=4096,vcores=4]',
        'root.hive.capacity': '[memory=12288,vcores=12]',
        'root.hive.maximum-capacity': '[memory=14336,vcores=14]',
      }),
    )
    c.addNode('n1', gb(16, 16))
    expect(c.core.queue('hive')).toMatchObject({ effectiveMin: gb(12, 12), effectiveMax: gb(14, 14), capacities: { capacity: 0.75, absoluteCapacity: 0.75 } })
    c.addNode('n2', gb(16, 16))
    expect(c.core.queue('hive')!.effectiveMin).toEqual(gb(12, 12))
    expect(c.core.queue('default')!.effectiveMax).toEqual(gb(32, 32))
  })

  it('shrink in proportion when the cluster is smaller than all that is guaranteed', () => {
    const c = new Cluster(properties({ 'root.default.capacity': '[memory=4096,vcores=4]', 'root.hive.capacity': '[memory=12288,vcores=12]' }))
    c.addNode('n1', gb(8, 8))
    expect(c.core.queue('hive')!.effectiveMin).toEqual(gb(6, 6))
    expect(c.core.queue('default')!.effectiveMin).toEqual(gb(2, 2))
  })

  it('may be weights', () => {
    const c = new Cluster(properties({ 'root.default.capacity': '1w', 'root.hive.capacity': '3w' }))
    c.addNode('n1', gb(8, 8))
    expect(c.core.queue('hive')!.capacities.capacity).toBe(0.75)
  })
})

describe('node labels', () => {
  const labelled = (exclusive: boolean) => {
    const c = new Cluster({
      'yarn.node-labels.enabled': 'true',
      ...properties({
        'root.accessible-node-labels.gpu.capacity': '100',
        'root.default.accessible-node-labels': '',
        'root.hive.accessible-node-labels': 'gpu',
        'root.hive.accessible-node-labels.gpu.capacity': '100',
      }),
    })
    c.ok({ type: 'addNodeLabels', labels: [{ name: 'gpu', exclusive }] })
    c.ok({ type: 'replaceLabelsOnNodes', nodes: [{ nodeId: { host: 'g1', port: 0 }, labels: ['gpu'] }] })
    return { c, n1: c.addNode('n1'), g1: c.addNode('g1') }
  }

  it('keep an exclusive partition to those who ask for it', () => {
    const { c, n1, g1 } = labelled(true)
    const am = c.run({ queue: 'hive' })
    expect(c.core.attempt(am)!.masterContainer!.nodeId.host).toBe('n1')
    c.allocate(am, [request(gb(1), 1, { nodeLabelExpression: 'gpu', priority: 2 }), request(gb(1), 1)])
    c.heartbeat(g1)
    c.heartbeat(g1)
    expect(c.allocate(am).allocated.map((a) => [a.nodeId.host, a.priority])).toEqual([['g1', 2]])
    c.heartbeat(n1)
    expect(c.allocate(am).allocated.map((a) => a.nodeId.host)).toEqual(['n1'])
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('lend a non-exclusive one after as many missed offers as there are nodes', () => {
    const { c, g1 } = labelled(false)
    const am = c.run({ queue: 'default' })
    c.allocate(am, [request(gb(1), 1)])
    c.heartbeat(g1)
    expect(c.allocate(am).allocated).toEqual([])
    c.heartbeat(g1)
    expect(c.allocate(am).allocated.map((a) => a.nodeId.host)).toEqual(['g1'])
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('that a queue may not use are refused', () => {
    const { c } = labelled(true)
    const am = c.run({ queue: 'default' })
    const asks = [request(gb(1), 1, { nodeLabelExpression: 'gpu' })]
    expect(c.refused({ type: 'allocate', attemptId: am, responseId: 0, progress: 0, asks, releases: [] })).toBe(
      "InvalidLabelResourceRequestException: Invalid resource request, queue=default doesn't have permission to access all labels in resource request. labelExpression of resource request=gpu. Queue labels=",
    )
  })

  it('move what runs on a node when it gets another one', () => {
    const { c, n1 } = labelled(true)
    const am = c.run({ queue: 'hive' })
    expect(c.core.attempt(am)!.masterContainer!.nodeId.host).toBe('n1')
    c.ok({ type: 'replaceLabelsOnNodes', nodes: [{ nodeId: n1.nodeId, labels: ['gpu'] }] })
    expect(c.core.queue('hive')!.capacitiesByLabel['gpu']!.absoluteUsedCapacity).toBeGreaterThan(0)
    expect(c.core.checkInvariants()).toEqual([])
  })
})

describe('policies of queues', () => {
  const nested = {
    'root.ordering-policy': 'priority-utilization',
    'root.queues': 'x,y',
    'root.x.capacity': '50',
    'root.y.capacity': '50',
    'root.x.queues': 'a,b',
    'root.x.a.capacity': '50',
    'root.x.b.capacity': '50',
    'root.x.b.priority': '7',
  }
  const first = (more: Record<string, string>) => {
    const c = new Cluster(properties({ ...nested, ...more }))
    const n1 = c.addNode('n1', gb(40, 40))
    const [a, b] = [c.run({ queue: 'a', user: 'alice' }), c.run({ queue: 'b', user: 'bob' })]
    // Queue b uses more of its share.
    c.allocate(b, [request(gb(1), 1)])
    c.heartbeat(n1)
    c.allocate(a, [request(gb(1), 1)])
    c.allocate(b, [request(gb(1), 1)])
    c.heartbeat(n1)
    return c.allocate(a).allocated.length > 0 ? 'a' : 'b'
  }

  it('hold for queues below that name none', () => {
    expect(first({})).toBe('b')
    expect(first({ 'root.x.ordering-policy': 'utilization' })).toBe('a')
  })

  it('are refused when they are none', () => {
    const make = (of: Record<string, string>) => () => new Cluster(properties(of))
    expect(make({ 'root.hive.ordering-policy': 'lifo' })).toThrow(
      'yarn.scheduler.capacity.root.hive.ordering-policy is "lifo"; known are fifo, fair, fifo-with-partitions',
    )
    expect(make({ 'root.ordering-policy': 'fifo' })).toThrow('yarn.scheduler.capacity.root.ordering-policy is "fifo"; known are utilization')
  })

  it('keep nodes of a partition for applications of its label', () => {
    const c = new Cluster({
      'yarn.node-labels.enabled': 'true',
      ...properties({
        'root.accessible-node-labels': 'x',
        'root.accessible-node-labels.x.capacity': '100',
        'root.default.accessible-node-labels': 'x',
        'root.default.accessible-node-labels.x.capacity': '100',
        'root.default.ordering-policy': 'fifo-with-partitions',
        'root.default.ordering-policy.exclusive-enforced-partitions': 'x',
      }),
    })
    c.ok({ type: 'addNodeLabels', labels: [{ name: 'x', exclusive: true }] })
    c.ok({ type: 'replaceLabelsOnNodes', nodes: [{ nodeId: { host: 'n1', port: 0 }, labels: ['x'] }] })
    const n1 = c.addNode('n1')
    c.addNode('n2')
    const other = c.run({ user: 'alice' })
    c.allocate(other, [request(gb(1), 1, { nodeLabelExpression: 'x' })])
    c.heartbeat(n1)
    expect(c.allocate(other).allocated).toHaveLength(0)
    const own = c.run({ user: 'bob', nodeLabelExpression: 'x' })
    c.allocate(own, [request(gb(1), 1, { nodeLabelExpression: 'x' })])
    c.heartbeat(n1)
    expect(c.allocate(own).allocated).toHaveLength(1)
  })
})

describe('priorities of workflows', () => {
  const mapped = (more: Record<string, string>) =>
    new Cluster({ 'yarn.cluster.max-application-priority': '10', ...properties({ 'workflow-priority-mappings': 'Nightly:root.hive:5', ...more }) })
  const on = { 'workflow-priority-mappings-override.enable': 'true' }
  const priority = (c: Cluster, more: object) => c.report(c.submit({ queue: 'hive', priority: 2, tags: ['workflowid:nightly'], ...more })).priority

  it('win over what the application asks', () => {
    expect(priority(mapped(on), {})).toBe(5)
    expect(priority(mapped({ ...on, 'workflow-priority-mappings': 'nightly:root.hive:50' }), {})).toBe(10)
  })

  it('are those of the queue and of what is above it, where they are switched on', () => {
    expect(priority(mapped(on), { queue: 'default' })).toBe(2)
    expect(priority(mapped(on), { tags: ['workflowid:other'] })).toBe(2)
    expect(priority(mapped({}), {})).toBe(2)
  })

  it('are refused when they are none', () => {
    expect(() => mapped({ 'workflow-priority-mappings': 'nightly:5' })).toThrow('Illegal workflow priority mapping nightly:5')
    expect(() => mapped({ 'workflow-priority-mappings': 'nightly:root.hive:high' })).toThrow('Illegal workflow priority for mapping nightly:root.hive:high')
  })
})

describe('what is not served', () => {
  it.each([
    ['multi-node-placement-enabled', 'true'],
    ['application.fail-fast', 'true'],
    ['mapping-rule-json-file', '/etc/rules.json'],
    ['root.hive.reservable', 'true'],
    ['root.auto-queue-creation-v2.enabled', 'true'],
    ['root.hive.auto-create-child-queue.management-policy', 'com.example.Policy'],
  ])('is refused by name: %s', (name, value) => {
    expect(() => new Cluster(properties({ [name]: value }))).toThrow(`${PREFIX}${name} is "${value}"`)
    const c = new Cluster()
    expect(c.refused({ type: 'refreshQueues', properties: { ...c.properties, ...properties({ [name]: value }) } })).toContain(`${PREFIX}${name}`)
  })
})

describe('the largest container of a queue', () => {
  it('may be given for all resource types at once', () => {
    const c = new Cluster(properties({ 'root.hive.maximum-allocation': 'memory=2G,vcores=2' }))
    c.addNode('n1')
    expect(c.core.maximumAllocation('hive')).toMatchObject(gb(2, 2))
    expect(() => new Cluster(properties({ 'root.hive.maximum-allocation': 'memory-mb=2000000,vcores=2' }))).toThrow('cannot be larger than the cluster setting')
    expect(() => new Cluster(properties({ 'root.hive.maximum-allocation': 'memory-mb=2Gi' }))).toThrow('Acceptable units are M/G or empty')
    expect(() => new Cluster(properties({ 'root.hive.maximum-allocation': 'memory-mb=2048,seats=1' }))).toThrow('Unknown resource: seats')
  })
})
