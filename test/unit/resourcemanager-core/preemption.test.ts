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
