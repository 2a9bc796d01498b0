import { describe, expect, it } from 'vitest'
import { Cluster, gb, request } from './cluster.js'

const ASYNC = { 'yarn.scheduler.capacity.schedule-asynchronously.enable': 'true' }

describe('an application', () => {
  it('runs from submission to the end', () => {
    const c = new Cluster()
    c.addNode('n1')
    const id = c.submit()
    expect(c.report(id).state).toBe('ACCEPTED')
    c.heartbeat(c.nodes.get('n1')!)
    const attempt = c.attemptOf(id)
    expect(c.core.attempt(attempt)!.state).toBe('ALLOCATED')
    expect(c.ofType('launchAM').map((e) => e.container.resource)).toEqual([gb(1)])
    c.launch(attempt)
    c.register(attempt)
    expect(c.report(id).state).toBe('RUNNING')
    expect(c.report(id).host).toBe('am')
    c.finish(attempt)
    expect(c.report(id)).toMatchObject({ state: 'FINISHED', finalStatus: 'SUCCEEDED' })
    expect(c.core.checkInvariants()).toEqual([])
    expect(c.core.metrics().allocated).toEqual({ memory: 0, vcores: 0 })
  })

  it('gets its containers in the step that asks for them when scheduling is asynchronous', () => {
    const c = new Cluster(ASYNC)
    for (const host of ['n1', 'n2', 'n3']) c.addNode(host)
    const id = c.submit()
    const attempt = c.attemptOf(id)
    expect(c.core.attempt(attempt)!.state).toBe('ALLOCATED')
    c.launch(attempt)
    c.register(attempt)
    const { allocated } = c.allocate(attempt, [request(gb(1), 6)])
    expect(allocated).toHaveLength(6)
    expect(new Set(allocated.map((a) => a.nodeId.host)).size).toBe(3)
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('of an unknown queue is accepted and then fails, in Hadoop’s words', () => {
    const c = new Cluster()
    const id = c.submit({ queue: 'nope' })
    expect(c.report(id)).toMatchObject({
      state: 'FAILED',
      finalStatus: 'FAILED',
      diagnostics: 'Application application_1700000000000_0001 submitted by user alice to unknown queue: nope',
    })
  })
})
