import { describe, expect, it } from 'vitest'
import { Cluster, gb, request } from './cluster.js'

const ON = {
  'yarn.resourcemanager.scheduler.monitor.enable': 'true',
  'yarn.resourcemanager.monitor.capacity.preemption.total_preemption_per_round': '1.0',
  'yarn.resourcemanager.monitor.capacity.preemption.natural_termination_factor': '1.0',
}

/** One queue uses all; the other wants its half. */
function crowded(properties: Record<string, string> = {}) {
  const c = new Cluster({ ...ON, ...properties })
  const n1 = c.addNode('n1', gb(16, 16))
  const greedy = c.run({ queue: 'default', user: 'alice' })
  const modest = c.run({ queue: 'hive', user: 'bob' })
  c.allocate(greedy, [request(gb(1), 20)])
  for (let i = 0; i < 20; i++) c.heartbeat(n1)
  for (const a of c.allocate(greedy).allocated) c.start(a)
  c.heartbeat(n1)
  c.allocate(modest, [request(gb(1), 4)])
  return { c, n1, greedy, modest }
}

describe('preemption', () => {
  it('asks for what a queue holds beyond its share, then takes it', () => {
    const { c, n1, greedy, modest } = crowded()
    expect(c.core.nextTimer()).toBeLessThan(c.now + 3001)
    c.advance(3000)
    // The youngest go first.
    const asked = c.allocate(greedy).preemption!.contract.map((id) => id.id)
    expect(asked).toEqual([15, 14, 13, 12])
    expect(c.core.queue('default')!.used.memory).toBe(15 * 1024)
    c.advance(15_000)
    expect(c.core.queue('default')!.used.memory).toBe(11 * 1024)
    expect(c.allocate(greedy).completed.map((s) => s.exitStatus)).toEqual([-102, -102, -102, -102])
    c.heartbeat(n1)
    c.heartbeat(
      n1,
      [...n1.running.values()].filter((id) => asked.includes(id.id) && id.applicationAttemptId.applicationId.id === 1).map((id) => ({ id, exitStatus: 137 })),
    )
    for (let i = 0; i < 4; i++) c.heartbeat(n1)
    expect(c.allocate(modest).allocated).toHaveLength(4)
    expect(c.report(greedy.applicationId).usage.preemptedContainers).toBe(4)
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('leaves a queue alone that is not to be preempted', () => {
    const { c, greedy } = crowded({ 'yarn.scheduler.capacity.root.default.disable_preemption': 'true' })
    c.advance(3000)
    expect(c.allocate(greedy).preemption).toBeUndefined()
  })

  it('only looks when told so', () => {
    const { c, greedy } = crowded({ 'yarn.resourcemanager.monitor.capacity.preemption.observe_only': 'true' })
    c.advance(3000)
    c.advance(30_000)
    expect(c.allocate(greedy).preemption).toBeUndefined()
    expect(c.core.queue('default')!.used.memory).toBe(15 * 1024)
  })

  it('is off by default', () => {
    const { c, greedy } = crowded({ 'yarn.resourcemanager.scheduler.monitor.enable': 'false' })
    c.advance(3000)
    expect(c.allocate(greedy).preemption).toBeUndefined()
  })

  it('takes from the less important for the more important within a queue, when that is enabled', () => {
    const within = 'yarn.resourcemanager.monitor.capacity.preemption.intra-queue-preemption.'
    const c = new Cluster({
      ...ON,
      [`${within}enabled`]: 'true',
      [`${within}max-allowable-limit`]: '1.0',
      [`${within}preemption-order-policy`]: 'priority_first',
      'yarn.cluster.max-application-priority': '10',
    })
    const n1 = c.addNode('n1', gb(16, 16))
    const low = c.run({ queue: 'default', user: 'alice', priority: 1 })
    c.allocate(low, [request(gb(1), 20)])
    for (let i = 0; i < 20; i++) c.heartbeat(n1)
    const held = c.allocate(low).allocated.length
    expect(held).toBe(15)
    c.submit({ queue: 'default', user: 'alice', priority: 5 })
    c.advance(3000)
    // One container for the master of the more important.
    expect(c.allocate(low).preemption!.contract).toHaveLength(1)
    c.advance(15_000)
    expect(c.allocate(low).completed).toMatchObject([{ exitStatus: -102 }])
    expect(c.core.checkInvariants()).toEqual([])
  })
})

describe('lazy preemption', () => {
  const LAZY = { ...ON, 'yarn.scheduler.capacity.lazy-preemption-enabled': 'true' }
  const held = (c: Cluster, queue: string) => c.core.queue(queue)!.used.memory / 1024

  /** All of the node is used by one queue, and it is long past the wait for what the other wants. */
  function ripe(want: number, size = 1) {
    const c = new Cluster(LAZY)
    const n1 = c.addNode('n1', gb(16, 32))
    const n2 = c.addNode('n2', gb(1, 1))
    const greedy = c.submit({ queue: 'default', user: 'alice' })
    c.heartbeat(n1)
    c.launch(c.attemptOf(greedy))
    c.register(c.attemptOf(greedy))
    const alice = c.attemptOf(greedy)
    c.allocate(alice, [request(gb(1), 20)])
    for (let i = 0; i < 20; i++) c.heartbeat(n1)
    for (const a of c.allocate(alice).allocated) c.start(a)
    c.heartbeat(n1)
    const modest = c.submit({ queue: 'hive', user: 'bob' })
    c.heartbeat(n2)
    c.launch(c.attemptOf(modest))
    c.register(c.attemptOf(modest))
    const bob = c.attemptOf(modest)
    c.allocate(bob, [request(gb(size), want)])
    c.advance(3000)
    c.advance(15_000)
    return { c, n1, alice, bob }
  }

  it('kills when another really takes the place, and no more than that takes', () => {
    const { c, n1, alice, bob } = ripe(3)
    expect(held(c, 'default')).toBe(16)
    c.heartbeat(n1)
    expect([held(c, 'default'), held(c, 'hive')]).toEqual([15, 2])
    expect(c.allocate(alice).completed).toMatchObject([{ exitStatus: -102 }])
    expect(c.allocate(bob).allocated).toHaveLength(1)
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('waits for what was killed to be gone before it kills more of the node', () => {
    const { c, n1 } = ripe(2)
    c.heartbeat(n1)
    expect([held(c, 'default'), held(c, 'hive')]).toEqual([15, 2])
    for (const node of [n1, n1]) c.heartbeat(node)
    expect([held(c, 'default'), held(c, 'hive')]).toEqual([14, 3])
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('kills nobody for what is wanted no longer', () => {
    const { c, n1, bob } = ripe(3)
    c.allocate(bob, [request(gb(1), 0)])
    for (let i = 0; i < 3; i++) c.heartbeat(n1)
    expect(held(c, 'default')).toBe(16)
  })

  it('takes the place of several for one that is large', () => {
    const { c, n1 } = ripe(1, 4)
    c.heartbeat(n1)
    expect([held(c, 'default'), held(c, 'hive')]).toEqual([12, 5])
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('spares what has moved to another queue', () => {
    const { c, n1, alice } = ripe(3)
    c.ok({ type: 'moveApplication', applicationId: alice.applicationId, queue: 'hive', user: 'alice' })
    for (let i = 0; i < 3; i++) c.heartbeat(n1)
    expect(held(c, 'hive')).toBe(17)
    expect(c.core.checkInvariants()).toEqual([])
  })
})

describe('preemption for nodes that are kept', () => {
  const BY_PRIORITY = 'yarn.scheduler.capacity.ordering-policy.priority-utilization.underutilized-preemption.'

  /** Queue default is within its share of a node that is kept for a large request of queue hive. */
  function kept(properties: Record<string, string>) {
    const c = new Cluster({
      ...ON,
      'yarn.scheduler.capacity.root.default.capacity': '65',
      'yarn.scheduler.capacity.root.hive.capacity': '35',
      ...properties,
    })
    const n1 = c.addNode('n1', gb(8, 32))
    const low = c.run({ queue: 'default', user: 'alice' })
    c.allocate(low, [request(gb(1), 5)])
    for (let i = 0; i < 5; i++) c.heartbeat(n1)
    for (const a of c.allocate(low).allocated) c.start(a)
    const high = c.run({ queue: 'hive', user: 'bob' })
    c.heartbeat(n1)
    for (const name of ['n8', 'n9']) c.addNode(name, { memory: 1536, vcores: 32 })
    c.allocate(high, [request(gb(2), 1)])
    c.heartbeat(n1)
    expect(c.core.node(n1.nodeId)!.used.memory).toBe(7 * 1024)
    return { c, n1, low, high }
  }
  const priorities = {
    'yarn.scheduler.capacity.root.ordering-policy': 'priority-utilization',
    [`${BY_PRIORITY}enabled`]: 'true',
    'yarn.scheduler.capacity.root.default.priority': '1',
    'yarn.scheduler.capacity.root.hive.priority': '5',
  }

  it('clears them of less important queues, once the request has waited', () => {
    const { c, low } = kept({ ...priorities, [`${BY_PRIORITY}reserved-container-delay-ms`]: '10000' })
    c.advance(5000)
    expect(c.allocate(low).preemption).toBeUndefined()
    c.advance(6000)
    // The oldest that is no master.
    expect(c.allocate(low).preemption!.contract.map((id) => id.id)).toEqual([2])
  })

  it('moves the reservation to a node where more can be had, where that is configured', () => {
    const c = new Cluster({
      ...ON,
      ...priorities,
      [`${BY_PRIORITY}reserved-container-delay-ms`]: '0',
      [`${BY_PRIORITY}allow-move-reservation`]: 'true',
    })
    const n1 = c.addNode('n1', gb(4, 32))
    const high = c.run({ queue: 'hive', user: 'bob' })
    c.allocate(high, [request(gb(1), 2)])
    c.heartbeat(n1)
    c.heartbeat(n1)
    const n2 = c.addNode('n2', gb(8, 32))
    const id = c.submit({ queue: 'default', user: 'alice' })
    c.heartbeat(n2)
    const low = c.attemptOf(id)
    c.launch(low)
    c.register(low)
    c.allocate(low, [request(gb(1), 6)])
    for (let i = 0; i < 6; i++) c.heartbeat(n2)
    for (const name of ['n8', 'n9']) c.addNode(name, { memory: 1536, vcores: 32 })
    c.allocate(high, [request(gb(2), 1)])
    c.heartbeat(n1)
    const reservedOn = () => c.core.containers(high)!.find((x) => x.state === 'RESERVED')?.nodeId.host
    expect(reservedOn()).toBe('n1')
    c.advance(3000)
    expect(reservedOn()).toBe('n2')
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('does so neither for equal priorities nor where queues are not served by priority', () => {
    for (const off of [{ 'yarn.scheduler.capacity.root.hive.priority': '1' }, { 'yarn.scheduler.capacity.root.ordering-policy': 'utilization' }]) {
      const { c, low } = kept({ ...priorities, [`${BY_PRIORITY}reserved-container-delay-ms`]: '0', ...off })
      c.advance(5000)
      expect(c.allocate(low).preemption).toBeUndefined()
    }
  })

  it('makes room on them first where that is configured, instead of taking the youngest anywhere', () => {
    const run = (properties: Record<string, string>) => {
      const c = new Cluster({ ...ON, ...properties, 'yarn.scheduler.capacity.root.default.user-limit-factor': '10' })
      const [n1, n2] = [c.addNode('n1', gb(9, 32)), c.addNode('n2', gb(9, 32))]
      const fill = (node: typeof n1) => {
        const id = c.submit({ queue: 'default', user: 'alice' })
        c.heartbeat(node)
        const attempt = c.attemptOf(id)
        c.launch(attempt)
        c.register(attempt)
        c.allocate(attempt, [request(gb(1), 7)])
        for (let i = 0; i < 7; i++) c.heartbeat(node)
        for (const a of c.allocate(attempt).allocated) c.start(a)
        c.heartbeat(node)
        return attempt
      }
      const [first, second] = [fill(n1), fill(n2)]
      const small = ['n6', 'n7', 'n8', 'n9'].map((name) => c.addNode(name, { memory: 1536, vcores: 32 }))
      const wanting = c.submit({ queue: 'hive', user: 'bob' })
      c.heartbeat(small[0]!)
      c.launch(c.attemptOf(wanting))
      c.register(c.attemptOf(wanting))
      c.allocate(c.attemptOf(wanting), [request(gb(4), 1)])
      c.heartbeat(n1)
      for (const node of small.slice(1)) c.ok({ type: 'unregisterNode', nodeId: node.nodeId })
      c.advance(3000)
      const asked = (attempt: typeof first) => c.allocate(attempt).preemption?.contract.map((id) => id.id) ?? []
      return [asked(first).length, asked(second).length]
    }
    expect(run({})).toEqual([0, 2])
    expect(run({ 'yarn.resourcemanager.monitor.capacity.preemption.select_based_on_reserved_containers': 'true' })[0]).toBe(3)
  })
})
