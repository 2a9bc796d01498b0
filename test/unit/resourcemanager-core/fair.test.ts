import { describe, expect, it } from 'vitest'
import { Cluster, gb, request } from './cluster.js'

const FAIR = { 'yarn.resourcemanager.scheduler.class': 'org.apache.hadoop.yarn.server.resourcemanager.scheduler.fair.FairScheduler' }
const fair = (queues: string, properties: Record<string, string> = {}) =>
  new Cluster({ ...FAIR, ...properties }, { allocations: `<?xml version="1.0"?>\n<allocations>\n${queues}\n</allocations>` })

const heldBy = (c: Cluster, queue: string) => c.core.queue(queue)!.used.memory / 1024

describe('the fair scheduler', () => {
  it('gives queues their shares by weight', () => {
    const c = fair('<queue name="a"><weight>3</weight></queue><queue name="b"/>')
    const n1 = c.addNode('n1', gb(16, 32))
    const a = c.run({ queue: 'a' })
    const b = c.run({ queue: 'b' })
    c.allocate(a, [request(gb(1), 20)])
    c.allocate(b, [request(gb(1), 20)])
    expect(c.core.queue('a')!.effectiveMin.memory).toBe(12 * 1024)
    for (let i = 0; i < 16; i++) c.heartbeat(n1)
    expect([heldBy(c, 'a'), heldBy(c, 'b')]).toEqual([12, 4])
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('serves a queue below its minimum first', () => {
    const c = fair('<queue name="a"><minResources>6144 mb, 6 vcores</minResources></queue><queue name="b"/>')
    const n1 = c.addNode('n1', gb(10, 32))
    const a = c.run({ queue: 'a' })
    const b = c.run({ queue: 'b' })
    c.allocate(a, [request(gb(1), 20)])
    c.allocate(b, [request(gb(1), 20)])
    for (let i = 0; i < 5; i++) c.heartbeat(n1)
    expect([heldBy(c, 'a'), heldBy(c, 'b')]).toEqual([6, 1])
  })

  it('stops at the maximum', () => {
    const c = fair('<queue name="a"><maxResources>3072 mb, 8 vcores</maxResources></queue>')
    const n1 = c.addNode('n1', gb(10, 32))
    const a = c.run({ queue: 'a' })
    c.allocate(a, [request(gb(1), 20)])
    for (let i = 0; i < 6; i++) c.heartbeat(n1)
    expect(heldBy(c, 'a')).toBe(3)
  })

  it('compares the dominant resource where told to', () => {
    const c = fair('<queue name="a"/><queue name="b"/><defaultQueueSchedulingPolicy>drf</defaultQueueSchedulingPolicy>')
    const n1 = c.addNode('n1', gb(100, 20))
    const a = c.run({ queue: 'a' })
    const b = c.run({ queue: 'b' })
    c.allocate(a, [request(gb(1, 2), 20)])
    c.allocate(b, [request(gb(5, 1), 20)])
    for (let i = 0; i < 12; i++) c.heartbeat(n1)
    const [x, y] = [c.core.queue('a')!.used, c.core.queue('b')!.used]
    expect(Math.abs(x.vcores / 20 - y.memory / (100 * 1024))).toBeLessThan(0.11)
  })

  it('puts users into queues of their own unless they name one, and lets these go', () => {
    const c = fair('')
    c.addNode('n1')
    const am = c.run({ user: 'alice.smith' })
    expect(c.report(am.applicationId).queue).toBe('root.alice_dot_smith')
    c.finish(am)
    c.advance(10_000)
    expect(c.core.queue('root.alice_dot_smith')).toBeUndefined()
  })

  it('follows the rules of the file', () => {
    const c = fair(
      '<queue name="dev" type="parent"/><queuePlacementPolicy><rule name="specified" create="false"/><rule name="nestedUserQueue"><rule name="primaryGroup" create="false"/></rule><rule name="reject"/></queuePlacementPolicy>',
    )
    c.addNode('n1')
    expect(c.report(c.submit({ user: 'bob', groups: ['dev'] })).queue).toBe('root.dev.bob')
    const id = c.submit({ user: 'eve', groups: ['other'] })
    expect(c.report(id)).toMatchObject({
      state: 'FAILED',
      diagnostics: 'Reject application application_1700000000000_0002 submitted by user eve application rejected by placement rules.',
    })
  })

  it('lets no more applications run at a time than the file says', () => {
    const c = fair('<queue name="a"><maxRunningApps>1</maxRunningApps></queue>')
    const n1 = c.addNode('n1')
    const first = c.run({ queue: 'a' })
    const second = c.submit({ queue: 'a' })
    c.heartbeat(n1)
    expect(c.core.attempt(c.attemptOf(second))!.state).toBe('SCHEDULED')
    c.finish(first)
    c.heartbeat(n1)
    expect(c.core.attempt(c.attemptOf(second))!.state).toBe('ALLOCATED')
  })

  it('refuses a bad file whole, naming line and property, and keeps the old one', () => {
    expect(() => fair('<queue name="a">')).toThrow('Bad fair scheduler config file: line 4: </allocations> closes <queue> of line 3')
    const c = fair('<queue name="a"><weight>3</weight></queue>')
    const allocations = '<allocations>\n<queue name="a">\n<weight>heavy</weight></queue></allocations>'
    expect(c.refused({ type: 'refreshQueues', properties: c.properties, allocations })).toBe(
      'IOException: Failed to reload allocations file: Bad fair scheduler config file: line 3: <weight> is "heavy", which is no number',
    )
    expect(c.core.queue('a')!.capacities.weight).toBe(3)
  })
})

describe('sizes', () => {
  it('are those asked for at the place, and those reserved', () => {
    const c = fair('', { 'yarn.scheduler.fair.reservable-nodes': '1.0' })
    const n1 = c.addNode('n1', gb(4, 8))
    const attempt = c.run()
    const at = (resourceName: string, size: number, count = 1) => request(gb(size), count, { resourceName })
    c.allocate(attempt, [at('n1', 2), at('/default-rack', 2), at('*', 2)])
    c.allocate(attempt, [at('*', 1)])
    c.heartbeat(n1)
    const [first] = c.allocate(attempt).allocated
    expect(first!.resource.memory).toBe(2048)
    c.start(first!)
    // There is room for one.
    c.allocate(attempt, [request(gb(3), 1, { priority: 2 })])
    c.heartbeat(n1)
    c.allocate(attempt, [request(gb(2), 1, { priority: 2 })])
    c.heartbeat(n1, [{ id: first!.containerId }])
    expect(c.allocate(attempt).allocated[0]!.resource.memory).toBe(3072)
    expect(c.core.checkInvariants()).toEqual([])
  })
})

describe('a queue that may have nothing of a resource type', () => {
  const nothing = '<queue name="a"><maxResources>8192 mb, 0 vcores</maxResources></queue><queue name="b"/>'

  it('refuses applications whose masters want some', () => {
    const c = fair(nothing)
    c.addNode('n1', gb(8, 8))
    const refused = c.submit({ queue: 'a' })
    expect(c.report(refused).state).toBe('FAILED')
    expect(c.report(refused).diagnostics).toContain('to queue root.a because it has zero amount of resource for a requested resource!')
    expect(c.report(c.submit({ queue: 'b' })).state).toBe('ACCEPTED')
  })

  it('refuses requests of those that are in', () => {
    const c = fair('<queue name="a"/>')
    c.addNode('n1', gb(8, 8))
    const attempt = c.run({ queue: 'a' })
    const reload = (queues: string) => c.ok({ type: 'refreshQueues', properties: c.properties, allocations: `<allocations>${queues}</allocations>` })
    reload(nothing)
    expect(() => c.allocate(attempt, [request(gb(1), 1)])).toThrow('has 0 amount of resource for a resource type!')
    reload('<queue name="a"/>')
    c.allocate(attempt, [request(gb(1), 1)])
  })
})

describe('an application that is in a queue when its limit becomes nothing', () => {
  it('waits with its next attempt', () => {
    const c = fair('<queue name="a"/>', { 'yarn.resourcemanager.am.max-attempts': '2' })
    const n1 = c.addNode('n1', gb(8, 8))
    const attempt = c.run({ queue: 'a', maxAppAttempts: 2 })
    const limits = '<allocations><queue name="a"><maxResources>0 mb, 8 vcores</maxResources></queue></allocations>'
    c.ok({ type: 'refreshQueues', properties: c.properties, allocations: limits })
    c.ok({ type: 'failAttempt', attemptId: attempt, user: 'alice' })
    c.heartbeat(n1)
    expect(c.report(attempt.applicationId)).toMatchObject({ state: 'ACCEPTED', currentAttemptId: { attemptId: 2 } })
    expect(c.report(attempt.applicationId).diagnostics).toContain('exceeds maximum AM resource allowed')
  })
})

describe('continuous scheduling', () => {
  const on = { 'yarn.scheduler.fair.continuous-scheduling-enabled': 'true', 'yarn.scheduler.fair.continuous-scheduling-sleep-ms': '5' }

  it('offers nodes without their reports, the freest first, one container each', () => {
    const c = fair('', on)
    c.addNode('n1', gb(4, 8))
    c.addNode('n2', gb(8, 8))
    c.advance(1)
    const id = c.submit()
    expect(c.core.nextTimer()).toBe(c.now + 4)
    c.advance(5)
    expect(c.core.attempt(c.attemptOf(id))!.masterContainer!.nodeId.host).toBe('n2')
    const attempt = c.attemptOf(id)
    c.launch(attempt)
    c.register(attempt)
    c.allocate(attempt, [request(gb(1), 3)])
    c.advance(5)
    c.advance(5)
    expect(c.allocate(attempt).allocated.map((a) => a.nodeId.host)).toEqual(['n2', 'n1', 'n2'])
    // Nothing is left to do.
    expect(c.core.nextTimer() ?? Number.POSITIVE_INFINITY).toBeGreaterThan(c.now + 5)
  })

  it('rests while nothing changes', () => {
    const c = fair('', on)
    c.addNode('n1', gb(2, 8))
    c.advance(5)
    const attempt = c.run()
    c.allocate(attempt, [request(gb(2), 1)])
    c.advance(5)
    c.advance(5)
    expect(c.core.nextTimer() ?? Number.POSITIVE_INFINITY).toBeGreaterThan(c.now + 5)
    c.addNode('n2', gb(16, 8))
    expect(c.core.nextTimer()).toBeLessThanOrEqual(c.now + 5)
  })

  it('names what can’t be used', () => {
    expect(() => fair('', { ...on, 'yarn.scheduler.fair.continuous-scheduling-sleep-ms': '0' })).toThrow('yarn.scheduler.fair.continuous-scheduling-sleep-ms')
    expect(() => fair('', { 'yarn.scheduler.fair.max.assign': 'many' })).toThrow('yarn.scheduler.fair.max.assign is "many"')
    expect(() => fair('', { 'yarn.resource-types.memory-mb.increment-allocation': 'much' })).toThrow('"value [unit]" format: much')
  })

  it('counts increments in their units', () => {
    const c = fair('', { 'yarn.resource-types.memory-mb.increment-allocation': '2 Gi' })
    const n1 = c.addNode('n1', gb(16, 8))
    const attempt = c.run()
    c.allocate(attempt, [request(gb(1), 1)])
    c.heartbeat(n1)
    expect(c.allocate(attempt).allocated[0]!.resource.memory).toBe(2048)
  })
})
