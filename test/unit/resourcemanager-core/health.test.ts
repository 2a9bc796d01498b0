import { describe, expect, it } from 'vitest'
import { formatContainerId } from '../../../common/records/index.js'
import type { HealthOperation } from '../../../resourcemanager/core/index.js'
import { Cluster, gb, request } from './cluster.js'

const NOTHING = { count: 0, resource: { memory: 0, vcores: 0 } }
const shown = (o: HealthOperation | undefined) => o && `${formatContainerId(o.containerId).slice(-6)} of ${o.queue} on ${o.nodeId.host}`

describe('what the capacity scheduler did last', () => {
  it('is nothing at first', () => {
    const c = new Cluster()
    expect(c.core.health()).toEqual({
      lastRun: 0,
      allocation: undefined,
      release: undefined,
      preemption: undefined,
      reservation: undefined,
      releases: NOTHING,
      allocations: NOTHING,
      reservations: NOTHING,
    })
  })

  it('is told by kind, and counted from one heartbeat to the next', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1', gb(4, 4))
    const n2 = c.addNode('n2', gb(4, 4))
    const am = c.run()
    c.allocate(am, [request(gb(2), 1, { priority: 1 }), request(gb(3), 1, { priority: 2 })])
    c.advance(1000)
    c.heartbeat(n1)
    expect(c.core.health()).toMatchObject({ lastRun: c.now, allocations: { count: 1, resource: gb(2) }, reservations: NOTHING, releases: NOTHING })
    expect(shown(c.core.health()!.allocation)).toBe('000002 of root.default on n1')
    c.heartbeat(n1)
    expect(c.core.health()).toMatchObject({ allocations: NOTHING, reservations: { count: 1, resource: gb(3) } })
    expect(shown(c.core.health()!.reservation)).toBe('000003 of root.default on n1')
    c.heartbeat(n2)
    expect(c.core.health()).toMatchObject({ allocations: { count: 1 }, reservations: NOTHING })
    const { allocated } = c.allocate(am)
    const given = allocated.find((a) => a.nodeId.host === 'n1')!
    c.start(given)
    c.heartbeat(n1, [{ id: given.containerId }])
    expect(c.core.health()).toMatchObject({ releases: { count: 1, resource: gb(2) }, allocations: NOTHING })
    expect(shown(c.core.health()!.release)).toMatch(/ of root.default on n1$/)
    expect(c.core.health()!.preemption).toBeUndefined()
    c.heartbeat(n2)
    expect(c.core.health()!.releases).toEqual(NOTHING)
  })

  it('is not kept by other schedulers', () => {
    const c = new Cluster({ 'yarn.resourcemanager.scheduler.class': 'org.apache.hadoop.yarn.server.resourcemanager.scheduler.fifo.FifoScheduler' })
    expect(c.core.health()).toBeUndefined()
  })
})
