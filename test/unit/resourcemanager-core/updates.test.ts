import { describe, expect, it } from 'vitest'
import type { AllocatedContainer, ContainerUpdateType } from '../../../resourcemanager/core/index.js'
import { Cluster, gb, request } from './cluster.js'

function running() {
  const c = new Cluster()
  const n1 = c.addNode('n1')
  const am = c.run()
  c.allocate(am, [request(gb(2))])
  c.heartbeat(n1)
  const [container] = c.allocate(am).allocated
  c.start(container!)
  c.heartbeat(n1)
  const update = (updateType: ContainerUpdateType, size: number, more: { containerVersion?: number } = {}) =>
    c.allocate(am, [], { updates: [{ containerId: container!.containerId, containerVersion: 0, updateType, capability: gb(size), ...more }] })
  return { c, n1, am, container: container as AllocatedContainer, update }
}

describe('a running container', () => {
  it('shrinks at once, and its node is told', () => {
    const { c, n1, update } = running()
    const { updated } = update('DECREASE_RESOURCE', 1)
    expect(updated).toMatchObject([{ updateType: 'DECREASE_RESOURCE', container: { resource: gb(1), version: 1 } }])
    expect(c.core.node(n1.nodeId)!.used.memory).toBe(2048)
    expect(c.heartbeat(n1).containersToDecrease).toMatchObject([{ resource: gb(1) }])
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('grows when its node has room', () => {
    const { c, n1, am, update } = running()
    expect(update('INCREASE_RESOURCE', 4).updated).toEqual([])
    expect(c.core.queue('default')!.pending.memory).toBe(2048)
    c.heartbeat(n1)
    expect(c.allocate(am).updated).toMatchObject([{ updateType: 'INCREASE_RESOURCE', container: { resource: { memory: 4096 }, version: 1 } }])
    expect(c.core.queue('default')).toMatchObject({ used: { memory: 5120 }, pending: { memory: 0 }, numContainers: 2 })
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('that ends while it is to grow leaves nothing behind', () => {
    const { c, n1, container, update } = running()
    update('INCREASE_RESOURCE', 8)
    c.heartbeat(n1)
    c.heartbeat(n1, [{ id: container.containerId }])
    expect(c.core.queue('default')).toMatchObject({ used: { memory: 1024 }, pending: { memory: 0 }, reserved: { memory: 0 } })
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('is not changed by what is asked amiss', () => {
    const { update } = running()
    expect(update('INCREASE_RESOURCE', 3, { containerVersion: 7 }).updateErrors).toMatchObject([
      { reason: 'INCORRECT_CONTAINER_VERSION_ERROR', currentVersion: 0 },
    ])
    expect(update('INCREASE_RESOURCE', 100).updateErrors).toMatchObject([{ reason: 'RESOURCE_OUTSIDE_ALLOWED_RANGE' }])
    update('INCREASE_RESOURCE', 3)
    expect(update('INCREASE_RESOURCE', 4).updateErrors).toMatchObject([{ reason: 'UPDATE_OUTSTANDING_ERROR' }])
  })

  it('falls back to its size when its node never makes it larger', () => {
    const { c, n1, am, update } = running()
    update('INCREASE_RESOURCE', 4)
    c.heartbeat(n1)
    expect(c.allocate(am).updated).toHaveLength(1)
    c.advance(400_000)
    c.heartbeat(n1)
    c.allocate(am)
    c.advance(300_000)
    expect(c.allocate(am).updated).toMatchObject([{ updateType: 'DECREASE_RESOURCE', container: { resource: { memory: 2048 }, version: 2 } }])
    expect(c.core.queue('default')!.used.memory).toBe(3072)
    expect(c.core.checkInvariants()).toEqual([])
  })
})
