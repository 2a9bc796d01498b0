import { describe, expect, it } from 'vitest'
import { formatContainerId } from '../../../common/records/index.js'
import type { ApplicationRecord, AttemptRecord, NMContainerStatus } from '../../../resourcemanager/core/index.js'
import { Cluster, gb, request, TIMESTAMP } from './cluster.js'

const MINUTES = 60_000

describe('an application master that ends', () => {
  it('is tried again as often as allowed, then the application fails with the reason', () => {
    const c = new Cluster({}, {})
    const n1 = c.addNode('n1')
    const first = c.run()
    const crash = (id: typeof first) => {
      const master = c.core.attempt(id)!.masterContainer!
      c.heartbeat(n1, [{ id: master.containerId, exitStatus: 1, diagnostics: 'boom' }])
    }
    crash(first)
    expect(c.report(first.applicationId)).toMatchObject({ state: 'ACCEPTED', currentAttemptId: { attemptId: 2 } })
    for (let i = 0; i < 2; i++) c.heartbeat(n1)
    const second = c.attemptOf(first.applicationId)
    c.launch(second)
    crash(second)
    const report = c.report(first.applicationId)
    expect(report.state).toBe('FAILED')
    expect(report.diagnostics).toBe(
      'Application application_1700000000000_0001 failed 2 times due to AM Container for appattempt_1700000000000_0001_000002 exited with  exitCode: 1\n' +
        'Failing this attempt.Diagnostics: boomFor more detailed output, check the application tracking page: http://0.0.0.0:8088/cluster/app/application_1700000000000_0001 Then click on links to logs of each attempt.\n' +
        '. Failing the application.',
    )
  })

  it('names its own limit where it is lower', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    const am = c.run({ maxAppAttempts: 1 })
    c.heartbeat(n1, [{ id: c.core.attempt(am)!.masterContainer!.containerId, exitStatus: 2 }])
    expect(c.report(am.applicationId).diagnostics).toContain('failed 1 times (global limit =2; local limit is =1) due to AM Container for')
  })

  it('is kept from the node where it failed when that is configured', () => {
    const c = new Cluster({
      'yarn.resourcemanager.am-scheduling.node-blacklisting-enabled': 'true',
      'yarn.resourcemanager.am-scheduling.node-blacklisting-disable-threshold': '0.8',
    })
    const n1 = c.addNode('n1')
    const id = c.submit()
    c.heartbeat(n1)
    const first = c.attemptOf(id)
    c.launch(first)
    const n2 = c.addNode('n2')
    c.heartbeat(n1, [{ id: c.core.attempt(first)!.masterContainer!.containerId, exitStatus: 1 }])
    for (let i = 0; i < 3; i++) c.heartbeat(n1)
    expect(c.core.attempt(c.attemptOf(id))!.state).toBe('SCHEDULED')
    c.heartbeat(n2)
    expect(c.core.attempt(c.attemptOf(id))!.masterContainer!.nodeId.host).toBe('n2')
  })

  it('leaves its containers to the next attempt when they are to be kept', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    const am = c.run({ keepContainers: true })
    c.allocate(am, [request(gb(1), 2)])
    c.heartbeat(n1)
    c.heartbeat(n1)
    const { allocated } = c.allocate(am)
    for (const a of allocated) c.start(a)
    c.heartbeat(n1)
    c.heartbeat(n1, [{ id: c.core.attempt(am)!.masterContainer!.containerId, exitStatus: 1 }])
    for (let i = 0; i < 2; i++) c.heartbeat(n1)
    const next = c.attemptOf(am.applicationId)
    expect(next.attemptId).toBe(2)
    c.launch(next)
    const { containersFromPreviousAttempts } = c.register(next)
    expect(containersFromPreviousAttempts.map((k) => formatContainerId(k.containerId))).toEqual([
      'container_1700000000000_0001_01_000002',
      'container_1700000000000_0001_01_000003',
    ])
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('is given up after its silence', () => {
    const c = new Cluster()
    c.addNode('n1')
    const am = c.run({ maxAppAttempts: 1 })
    expect(c.core.nextTimer()).toBe(TIMESTAMP + 10 * MINUTES)
    c.advance(5 * MINUTES)
    c.allocate(am)
    c.heartbeat(c.nodes.get('n1')!)
    c.advance(6 * MINUTES)
    c.heartbeat(c.nodes.get('n1')!)
    expect(c.report(am.applicationId).state).toBe('RUNNING')
    c.advance(5 * MINUTES)
    expect(c.report(am.applicationId).state).toBe('FAILED')
    expect(c.report(am.applicationId).diagnostics).toContain('ApplicationMaster for attempt appattempt_1700000000000_0001_000001 timed out')
    expect(c.ofType('cleanupAM')).toHaveLength(1)
  })

  it('whose launch fails says why', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    const id = c.submit({ maxAppAttempts: 1 })
    c.heartbeat(n1)
    c.ok({ type: 'amLaunchFailed', attemptId: c.attemptOf(id), diagnostics: 'Error launching appattempt. Got exception: connection refused' })
    expect(c.report(id).diagnostics).toContain('due to Error launching appattempt. Got exception: connection refused. Failing the application.')
  })
})

describe('killing', () => {
  it('ends an application, names who did it, and cleans up', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    const am = c.run()
    const kill = () => c.ok({ type: 'killApplication', applicationId: am.applicationId, user: 'bob', callerAddress: '127.0.0.1', diagnostics: ' enough ' })
    expect(kill()).toEqual({ completed: false })
    expect(c.report(am.applicationId)).toMatchObject({
      state: 'KILLED',
      finalStatus: 'KILLED',
      diagnostics: 'Application application_1700000000000_0001 was killed by user bob at 127.0.0.1 with diagnostic message: enough',
    })
    expect(kill()).toEqual({ completed: true })
    expect(c.heartbeat(n1).applicationsToCleanup).toEqual([am.applicationId])
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('of an application that isn’t there says so', () => {
    const c = new Cluster()
    expect(c.refused({ type: 'killApplication', applicationId: { clusterTimestamp: 1, id: 7 }, user: 'bob' })).toBe(
      'ApplicationNotFoundException: Trying to kill an absent application application_1_0007',
    )
  })
})

describe('a container', () => {
  it('that is never started is taken back', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    const am = c.run()
    c.allocate(am, [request(gb(1))])
    c.heartbeat(n1)
    expect(c.allocate(am).allocated).toHaveLength(1)
    for (let i = 0; i < 3; i++) {
      c.advance(4 * MINUTES)
      c.allocate(am)
      c.heartbeat(n1)
    }
    expect(c.log.flatMap((l) => (l.event.type === 'allocate' ? [l] : [])).length).toBeGreaterThan(2)
    expect(c.core.queue('default')!.used.memory).toBe(1024)
  })

  it('that its application master releases is reported to it as such', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    const am = c.run()
    c.allocate(am, [request(gb(1))])
    c.heartbeat(n1)
    const [container] = c.allocate(am).allocated
    c.start(container!)
    c.heartbeat(n1)
    c.allocate(am, [], { releases: [container!.containerId] })
    expect(c.allocate(am).completed).toMatchObject([{ exitStatus: -100, diagnostics: 'Container released by application' }])
    expect(c.heartbeat(n1).containersToCleanup).toEqual([container!.containerId])
    // The node holds it until it says that it is gone.
    expect(c.core.node(n1.nodeId)!.used.memory).toBe(2048)
    c.heartbeat(n1, [{ id: container!.containerId, exitStatus: 143 }])
    expect(c.core.node(n1.nodeId)!.used.memory).toBe(1024)
  })

  it('that is not the application’s own can’t be released', () => {
    const c = new Cluster()
    c.addNode('n1')
    const am = c.run()
    const containerId = { applicationAttemptId: { applicationId: { clusterTimestamp: TIMESTAMP, id: 9 }, attemptId: 1 }, id: 1 }
    expect(c.refused({ type: 'allocate', attemptId: am, responseId: 0, progress: 0, asks: [], releases: [containerId] })).toBe(
      'InvalidContainerReleaseException: Cannot release container : container_1700000000000_0009_01_000001 not belonging to this application attempt : appattempt_1700000000000_0001_000001',
    )
  })
})

describe('a node', () => {
  it('that falls silent is lost, and its containers with it', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    const n2 = c.addNode('n2')
    const am = c.run()
    const other = c.core.attempt(am)!.masterContainer!.nodeId.host === 'n1' ? n2 : n1
    c.allocate(am, [request(gb(1))])
    c.heartbeat(other)
    const [container] = c.allocate(am).allocated
    c.start(container!)
    c.heartbeat(other)
    for (let i = 0; i < 3; i++) {
      c.advance(4 * MINUTES)
      c.allocate(am)
      c.heartbeat(other === n1 ? n2 : n1)
    }
    expect(c.core.node(other.nodeId)!.state).toBe('LOST')
    expect(c.log.some((l) => l.effects.some((e) => e.type === 'nodeStateChanged' && e.to === 'LOST'))).toBe(true)
    const answer = c.heartbeat(other)
    expect(answer).toMatchObject({ action: 'RESYNC', diagnostics: `Node not found resyncing ${other.nodeId.host}:1234` })
    expect(c.core.checkInvariants()).toEqual([])
  })

  it('that is unhealthy gives no containers until it is well', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    c.heartbeat(n1, [], false)
    expect(c.core.node(n1.nodeId)!.state).toBe('UNHEALTHY')
    const id = c.submit()
    c.heartbeat(n1, [], false)
    expect(c.report(id).state).toBe('ACCEPTED')
    c.heartbeat(n1)
    c.heartbeat(n1)
    expect(c.core.attempt(c.attemptOf(id))!.state).toBe('ALLOCATED')
  })

  it('that is too small or not wanted is sent away', () => {
    const c = new Cluster()
    c.ok({ type: 'refreshNodes', include: [], exclude: [{ host: 'bad' }], mode: 'NORMAL' })
    const register = (host: string, memory: number) =>
      c.ok({ type: 'registerNode', nodeId: { host, port: 1 }, httpPort: 2, resource: { memory, vcores: 1 }, containers: [], runningApplications: [] })
    expect(register('bad', 4096)).toMatchObject({
      action: 'SHUTDOWN',
      diagnostics: 'Disallowed NodeManager from  bad, Sending SHUTDOWN signal to the NodeManager.',
    })
    expect(register('small', 512)).toMatchObject({
      action: 'SHUTDOWN',
      diagnostics:
        "NodeManager from  small doesn't satisfy minimum allocations, Sending SHUTDOWN signal to the NodeManager. Node capabilities are <memory:512, vCores:1>; minimums are 1024mb and 1 vcores",
    })
  })

  it('finishes its work before it is taken out gracefully', () => {
    const c = new Cluster()
    const n1 = c.addNode('n1')
    const am = c.run()
    c.ok({ type: 'refreshNodes', include: [], exclude: [{ host: 'n1' }], mode: 'GRACEFUL', timeoutSeconds: 3600 })
    expect(c.core.node(n1.nodeId)!.state).toBe('DECOMMISSIONING')
    c.heartbeat(n1)
    expect(c.core.node(n1.nodeId)!.capability.memory).toBe(1024)
    c.finish(am)
    c.heartbeat(n1)
    c.step({
      type: 'nodeHeartbeat',
      nodeId: n1.nodeId,
      responseId: n1.responseId,
      containers: [],
      health: { healthy: true, report: '', lastReportTime: 0 },
      keepAliveApplications: [],
    })
    expect(c.core.node(n1.nodeId)!.state).toBe('DECOMMISSIONED')
  })
})

describe('after a restart', () => {
  it('applications, their containers and what they ask go on', () => {
    const before = new Cluster()
    const n1 = before.addNode('n1')
    const am = before.run()
    before.allocate(am, [request(gb(1))])
    before.heartbeat(n1)
    const [container] = before.allocate(am).allocated
    before.start(container!)
    before.heartbeat(n1)

    // As the store has it: the last record of each wins.
    let application: ApplicationRecord | undefined
    const attempts = new Map<number, AttemptRecord>()
    for (const e of before.ofType('persist')) {
      if (e.what === 'application') application = e.record
      if (e.what === 'attempt') attempts.set(e.record.attemptId.attemptId, e.record)
    }
    const after = new Cluster({}, { epoch: 1, clusterTimestamp: TIMESTAMP + 5000 })
    after.now = TIMESTAMP + 5000
    after.ok({ type: 'recover', applications: [{ ...application!, attempts: [...attempts.values()] }] })
    expect(after.report(am.applicationId).state).toBe('ACCEPTED')
    expect(after.ofType('attemptRecovered')).toHaveLength(1)
    const master = after.core.attempt(am)!.masterContainer!
    const running = (c: typeof master): NMContainerStatus => ({
      containerId: c.containerId,
      state: 'RUNNING',
      exitStatus: -1000,
      diagnostics: '',
      resource: c.resource,
      priority: c.priority,
      creationTime: c.creationTime,
    })
    const node = after.addNode('n1', gb(8, 8), { containers: [running(master), running(container!)], runningApplications: [am.applicationId] })
    node.running.set('am', master.containerId)
    node.running.set('c', container!.containerId)
    expect(after.core.queue('default')!.used.memory).toBe(2048)
    expect(after.refused({ type: 'allocate', attemptId: am, responseId: 1, progress: 0, asks: [], releases: [] })).toContain(
      'ApplicationMasterNotRegisteredException',
    )
    after.register(am)
    expect(after.report(am.applicationId).state).toBe('RUNNING')
    const first = after.allocate(am, [request(gb(1))])
    expect(first.containersFromPreviousAttempts.map((c) => c.containerId)).toEqual([container!.containerId])
    after.heartbeat(node)
    expect(after.allocate(am).allocated.map((c) => formatContainerId(c.containerId))).toEqual(['container_e01_1700000000000_0001_01_000001'])
    expect(after.core.checkInvariants()).toEqual([])
  })

  it('finished applications are remembered as they ended', () => {
    const before = new Cluster()
    before.addNode('n1')
    const am = before.run()
    before.advance(90_000)
    before.finish(am)
    const last = before
      .ofType('persist')
      .filter((e) => e.what === 'application')
      .at(-1)!.record
    const attempt = before
      .ofType('persist')
      .filter((e) => e.what === 'attempt')
      .at(-1)!.record
    const after = new Cluster({}, { epoch: 1 })
    after.ok({ type: 'recover', applications: [{ ...last, attempts: [attempt] }] })
    // Its master still ran when its end was saved: that it had used a GiB for so long is known all the same.
    expect(after.report(am.applicationId)).toMatchObject({ state: 'FINISHED', finalStatus: 'SUCCEEDED', usage: { memorySeconds: 92_160, vcoreSeconds: 90 } })
  })
})
