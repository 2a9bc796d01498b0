import { expect, it } from 'vitest'
import { Cluster, gb, request } from './cluster.js'

const FIFO = { 'yarn.resourcemanager.scheduler.class': 'org.apache.hadoop.yarn.server.resourcemanager.scheduler.fifo.FifoScheduler' }

it('the FIFO scheduler fills a node for the first application before it looks at the second', () => {
  const c = new Cluster(FIFO)
  const n1 = c.addNode('n1', gb(8, 8))
  const first = c.run()
  const second = c.run()
  c.allocate(second, [request(gb(1), 5)])
  c.allocate(first, [request(gb(1), 5)])
  c.heartbeat(n1)
  expect(c.allocate(first).allocated).toHaveLength(5)
  expect(c.allocate(second).allocated).toHaveLength(1)
  expect(c.core.queues()).toMatchObject({ name: 'default', used: { memory: 8192 }, pendingContainers: 4 })
  expect(c.refused({ type: 'moveApplication', applicationId: first.applicationId, queue: 'x', user: 'root' })).toContain('does not support moving')
  expect(c.core.checkInvariants()).toEqual([])
})
