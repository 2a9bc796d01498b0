import { describe, expect, it } from 'vitest'
import type { ContainerProto, ResourceRequestProtoInit } from '../../../common/proto/gen/yarn.js'
import { ANY, Asks } from '../../../common/yarn-client/asks.js'

const ask = (over: Partial<ResourceRequestProtoInit>): ResourceRequestProtoInit => ({
  priority: { priority: 1 },
  resourceName: ANY,
  capability: { memory: 1000, virtualCores: 1 },
  numContainers: 1,
  ...over,
})

const given = (memory: number, host = 'n1', over: object = {}) => ({
  allocatedContainers: [
    {
      nodeId: { host, port: 1 },
      resource: { memory, virtualCores: 1, resourceValueMap: [] },
      priority: { priority: 1 },
      allocationRequestId: -1,
      ...over,
    } as unknown as ContainerProto,
  ],
})

const counts = (asks: Asks) => asks.outstanding().map((a) => [a.resourceName, a.capability?.memory, a.numContainers])

describe('outstanding asks', () => {
  it('hold the last count for each key; none for a count of zero', () => {
    const asks = new Asks()
    asks.record([ask({ numContainers: 3 }), ask({ numContainers: 5 }), ask({ priority: { priority: 2 } })])
    expect(counts(asks)).toEqual([
      [ANY, 1000, 5],
      [ANY, 1000, 1],
    ])
    asks.record([ask({ numContainers: 0 })])
    expect(counts(asks)).toEqual([[ANY, 1000, 1]])
  })

  it('count down with each container, at the place and everywhere above it', () => {
    const asks = new Asks()
    asks.record([ask({ numContainers: 2 }), ask({ resourceName: 'n1', numContainers: 1 }), ask({ resourceName: 'n2', numContainers: 1 })])
    asks.allocated(given(1024, 'n1'))
    expect(counts(asks)).toEqual([
      [ANY, 1000, 1],
      ['n2', 1000, 1],
    ])
  })

  it('take a container as the largest ask that it holds', () => {
    const asks = new Asks()
    asks.record([ask({ capability: { memory: 500, virtualCores: 1 } }), ask({ capability: { memory: 1000, virtualCores: 1 } })])
    asks.allocated(given(1024))
    expect(counts(asks)).toEqual([[ANY, 500, 1]])
  })

  it('tell apart by priority and allocation request', () => {
    const asks = new Asks()
    asks.record([ask({ allocationRequestId: 4 }), ask({ allocationRequestId: 5 })])
    asks.allocated(given(1024, 'n1', { allocationRequestId: 5 }))
    expect(asks.outstanding().map((a) => a.allocationRequestId)).toEqual([4])
    asks.allocated(given(1024, 'n1', { priority: { priority: 9 }, allocationRequestId: 4 }))
    expect(asks.outstanding()).toHaveLength(1)
  })
})
