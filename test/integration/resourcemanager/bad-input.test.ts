/** What a cluster meets sooner or later: configurations that can't be, masters and nodes that err, bytes that lie. It says what is wrong and goes on. */
import { writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isException } from '../../../common/errors.js'
import { resourceProto } from '../../../common/protocols/records.js'
import { resourceTracker } from '../../../common/protocols/resource-tracker.js'
import { parseAddress } from '../../../common/rpc/client.js'
import { FakeNode, Folder, QUEUES, TestRm, amRmToken, connectMaster, containerText, idOfToken, report, submit } from './harness.js'

let folder: Folder
let rm: TestRm
let node: FakeNode

beforeEach(async () => {
  folder = new Folder()
  rm = await TestRm.start(folder)
  node = await new FakeNode(rm).register()
})
afterEach(async () => {
  await rm.stop()
  await node.stop()
  folder.remove()
})

const ask = (count: number, memory = 512, vcores = 1) => ({
  priority: { priority: 1 },
  resourceName: '*',
  capability: resourceProto({ memory, vcores }),
  numContainers: count,
})

async function startMaster() {
  const id = await submit(rm)
  await node.heartbeat()
  await node.until(() => node.started.length > 0)
  const start = node.started.at(-1)!
  const master = connectMaster(rm, amRmToken(start))
  return { id, master, container: idOfToken(start.containerToken!.identifier) }
}

async function registered() {
  const started = await startMaster()
  await started.master.registerApplicationMaster({ host: 'here', rpcPort: 1, trackingUrl: '' })
  return started
}

const rest = async (method: string, at: string, body?: unknown) => {
  const answer = await fetch(`${rm.web}/ws/v1/cluster${at}`, {
    method,
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: answer.status, text: await answer.text() }
}

/** What refusing to start says. */
async function refusedStart(yarnSite: Record<string, string>, queues: Record<string, string> = QUEUES, more: (f: Folder) => void = () => {}): Promise<string> {
  const bad = new Folder(yarnSite, queues)
  more(bad)
  try {
    const started = await TestRm.start(bad)
    await started.stop()
    return 'it started'
  } catch (e) {
    return (e as Error).message
  } finally {
    bad.remove()
  }
}

describe('queues that can’t be', () => {
  const C = 'yarn.scheduler.capacity.root'
  it.each([
    ['capacities that don’t add up', { ...QUEUES, [`${C}.hive.capacity`]: '60' }, /110|root/],
    ['a maximum below the capacity', { ...QUEUES, [`${C}.hive.maximum-capacity`]: '20' }, /hive/],
    ['a capacity that is no number', { ...QUEUES, [`${C}.hive.capacity`]: 'half' }, /half/],
    ['a negative capacity', { ...QUEUES, [`${C}.hive.capacity`]: '-50', [`${C}.default.capacity`]: '150' }, /capacity/i],
    ['the same queue twice', { ...QUEUES, [`${C}.queues`]: 'default,hive,hive' }, /hive|root/],
    ['no queue at all', { [`${C}.queues`]: '' }, /queue/i],
  ])('%s keep it from starting, with the queue’s name', async (_what, queues, said) => {
    const message = await refusedStart({}, queues as Record<string, string>)
    expect(message).not.toBe('it started')
    expect(message).toMatch(said)
  })

  it.each([
    ['leave the old ones in force when they are read anew', { ...QUEUES, [`${C}.hive.capacity`]: '60' }, /root/],
    ['and so do ones that would drop a queue', { [`${C}.queues`]: 'default', [`${C}.default.capacity`]: '100' }, /hive/],
  ])('%s', async (_what, queues, said) => {
    await submit(rm, { queue: 'hive' })
    folder.write('capacity-scheduler.xml', queues as Record<string, string>)
    await expect(rm.admin().refreshQueues({})).rejects.toThrow(said)
    expect((await rm.client().getQueueInfo({ queueName: 'hive' })).queueInfo?.capacity).toBe(0.5)
    expect((await rest('GET', '/scheduler')).text).toContain('"queueName":"hive"')
  })

  it('are refused where they are changed over REST: an unknown parent, itself as its parent', async () => {
    await rm.stop()
    folder.set({ 'yarn.scheduler.configuration.store.class': 'memory', 'yarn.admin.acl': '*' })
    rm = await TestRm.start(folder)
    const add = (name: string) => ({ 'add-queue': { 'queue-name': name, params: { entry: [{ key: 'capacity', value: '10' }] } } })
    for (const name of ['root.nosuch.child', 'root', 'elsewhere.child', '']) {
      const { status, text } = await rest('PUT', '/scheduler-conf', add(name))
      expect([name, status]).toEqual([name, 400])
      expect(text).not.toBe('')
    }
    expect((await rest('PUT', '/scheduler-conf', { 'remove-queue': 'root.nosuch' })).status).toBe(400)
    expect((await rest('GET', '/scheduler')).text).not.toContain('child')
  })
})

describe('an allocation file with an error', () => {
  const FAIR = { 'yarn.resourcemanager.scheduler.class': 'org.apache.hadoop.yarn.server.resourcemanager.scheduler.fair.FairScheduler' }
  const file = () => path.join(folder.dir, 'fair-scheduler.xml')
  const good = '<allocations>\n<queue name="a"><weight>3</weight></queue>\n</allocations>'

  it.each([
    ['<allocations>\n<queue name="a">\n<weight>heavy</weight></queue></allocations>', /line 3.*weight/],
    ['<allocations>\n<queue name="a"><minResources>lots</minResources></queue></allocations>', /line 2.*minResources/],
    ['<allocations>\n\n<queue>\n</queue></allocations>', /line 3/],
    ['<allocations><queue name="a">', /line 1/],
    ['', /line 1|empty/],
  ])('names file, line and property, and the old one stays in force: %j', async (text, said) => {
    await rm.stop()
    folder.set(FAIR)
    writeFileSync(file(), good)
    rm = await TestRm.start(folder)
    writeFileSync(file(), text)
    const refused = await rm
      .admin()
      .refreshQueues({})
      .then(
        () => 'taken',
        (e: Error) => e.message,
      )
    expect(refused).toContain(file())
    expect(refused).toMatch(said)
    expect((await rest('GET', '/scheduler')).text).toContain('"queueName":"root.a"')
    await rm.stop()
    await expect(TestRm.start(folder)).rejects.toThrow(file())
    writeFileSync(file(), good)
    rm = await TestRm.start(folder)
  })
})

describe('resources that can’t be', () => {
  it('are refused in a submission, an ask, a registration, an update and the configuration', async () => {
    await expect(submit(rm, { resource: resourceProto({ memory: -1, vcores: 1 }) })).rejects.toThrow(/less than 0/)
    const { master } = await registered()
    await expect(master.allocate({ responseId: 0, progress: 0, ask: [ask(1, -512)] })).rejects.toThrow(/less than 0/)
    await expect(master.allocate({ responseId: 0, progress: 0, ask: [ask(1, 1_000_000)] })).rejects.toThrow(/greater than maximum allowed allocation/)
    expect((await master.allocate({ responseId: 0, progress: Number.NaN, ask: [ask(1)] })).allocatedContainers).toHaveLength(1)
    const tracker = rm.connect(resourceTracker, 'tracker', 'yarn')
    const tooSmall = await tracker.registerNodeManager({
      nodeId: { host: 'localhost', port: 9 },
      httpPort: 1,
      resource: resourceProto({ memory: -1, vcores: -1 }),
      nmVersion: '3.3.6',
    })
    expect(tooSmall).toMatchObject({ nodeAction: 'SHUTDOWN', diagnosticsMessage: expect.stringMatching(/minimum allocations/) })
    for (const resource of [{ memory: 1.5, vCores: 1 }, { memory: -1, vCores: 1 }, { memory: 'x', vCores: 1 }, {}])
      expect(
        (await rest('POST', `/nodes/localhost:${node.port}/resource?user.name=${process.env.USER ?? 'root'}`, { resource })).status,
      ).toBeGreaterThanOrEqual(400)
    const { text } = await rest('POST', '/apps/new-application')
    const id = (JSON.parse(text) as { 'application-id': string })['application-id']
    for (const resource of [
      { memory: 1.5, vCores: 1 },
      { memory: -5, vCores: 1 },
      { memory: 'a', vCores: 1 },
    ])
      expect((await rest('POST', '/apps', { 'application-id': id, resource, 'am-container-spec': {} })).status).toBe(400)
    for (const [name, value] of [
      ['yarn.scheduler.minimum-allocation-mb', '-128'],
      ['yarn.scheduler.minimum-allocation-mb', '1.5'],
      ['yarn.scheduler.maximum-allocation-vcores', 'many'],
      ['yarn.scheduler.maximum-allocation-mb', '64'],
    ] as const)
      expect(await refusedStart({ [name]: value })).toContain(name.includes('maximum-allocation-mb') ? 'allocation' : name)
  })
})

describe('a master that errs', () => {
  it('may not register twice, nor allocate out of turn; the last answer is given again', async () => {
    const { master } = await registered()
    await expect(master.registerApplicationMaster({ host: 'here', rpcPort: 1, trackingUrl: '' })).rejects.toSatisfy((e) =>
      isException(e, 'InvalidApplicationMasterRequestException'),
    )
    const first = await master.allocate({ responseId: 0, progress: 0, ask: [ask(1)] })
    const again = await master.allocate({ responseId: 0, progress: 0, ask: [ask(5)] })
    expect(again.allocatedContainers.map((c) => c.id)).toEqual(first.allocatedContainers.map((c) => c.id))
    await master.allocate({ responseId: 1, progress: 0 })
    for (const stale of [0, 7, -1])
      await expect(master.allocate({ responseId: stale, progress: 0 })).rejects.toSatisfy((e) => isException(e, 'InvalidApplicationMasterRequestException'))
    expect((await master.allocate({ responseId: 2, progress: 0 })).responseId).toBe(3)
  })

  it('may release what it does not hold, but nothing of another', async () => {
    const { master, container } = await registered()
    const unknown = { ...container, id: 4711 }
    expect((await master.allocate({ responseId: 0, progress: 0, release: [unknown] })).responseId).toBe(1)
    const others = { ...container, appAttemptId: { ...container.appAttemptId!, attemptId: 9 } }
    await expect(master.allocate({ responseId: 1, progress: 0, release: [others] })).rejects.toSatisfy((e) =>
      isException(e, 'InvalidContainerReleaseException'),
    )
    expect((await master.allocate({ responseId: 1, progress: 0 })).responseId).toBe(2)
  })

  it('is told so when it comes before it has registered', async () => {
    const { master } = await startMaster()
    await expect(master.allocate({ responseId: 0, progress: 0 })).rejects.toSatisfy((e) => isException(e, 'ApplicationMasterNotRegisteredException'))
  })
})

describe('a node that errs', () => {
  it('is told to clean up containers that it was never given', async () => {
    const { container } = await registered()
    const never = { ...container, id: 77 }
    const ofNobody = { ...container, id: 1, appAttemptId: { attemptId: 1, applicationId: { clusterTimestamp: 1, id: 1 } } }
    const told = new Set<string>()
    for (let i = 0; i < 3 && told.size < 2; i++) {
      const answer = await node.heartbeat(
        [never, ofNobody].map((containerId) => ({ containerId, state: 'C_RUNNING' as const, exitStatus: -1000, diagnostics: '' })),
      )
      for (const c of answer.containersToCleanup) told.add(containerText(c))
      for (const a of answer.applicationsToCleanup) if (a.clusterTimestamp === 1) told.add(containerText(ofNobody))
    }
    expect(told).toEqual(new Set([containerText(never), containerText(ofNobody)]))
    expect(JSON.parse((await rest('GET', '/metrics')).text).clusterMetrics).toMatchObject({ containersAllocated: 1, activeNodes: 1 })
  })

  it('that registers again counts once, and its containers are known by what it reports', async () => {
    const { id } = await registered()
    await node.register()
    await node.register()
    expect(JSON.parse((await rest('GET', '/metrics')).text).clusterMetrics).toMatchObject({ activeNodes: 1, totalNodes: 1 })
    await report(rm, id)
  })

  it('is to register again after a heartbeat out of turn, or when nobody knows it', async () => {
    const tracker = rm.connect(resourceTracker, 'tracker', 'yarn')
    const beat = (port: number, responseId: number) =>
      tracker.nodeHeartbeat({
        nodeStatus: { nodeId: { host: 'localhost', port }, responseId, nodeHealthStatus: { isNodeHealthy: true, healthReport: '', lastHealthReportTime: 1 } },
      })
    expect((await beat(9, 0)).nodeAction).toBe('RESYNC')
    for (let i = 0; i < 3; i++) await node.heartbeat()
    expect((await beat(node.port, 0)).nodeAction).toBe('RESYNC')
  })
})

describe('a store that can’t be read', () => {
  it('keeps it from starting, and what to do is said', async () => {
    const store = path.join(folder.dir, 'store')
    await submit(rm)
    await rm.stop()
    writeFileSync(path.join(store, 'rmstore.db'), Buffer.alloc(20_000, 0x61))
    await expect(TestRm.start(folder)).rejects.toThrow(/rmstore\.db can't be used.*move it away/)
    const other = new Folder()
    rm = await TestRm.start(other)
    folder.remove()
    folder = other
  })
})

describe('much of it', () => {
  it('is taken or refused, and the pages stay as they are', async () => {
    const mega = 'x'.repeat(1_000_000)
    await submit(rm, { applicationName: mega })
    await expect(submit(rm, { applicationTags: [mega] })).rejects.toThrow(/length/i)
    await submit(rm, { queue: mega }).then(
      (id) => report(rm, id, (s) => s === 'FAILED'),
      () => undefined,
    )
    expect((await rest('GET', `/apps?user=${'u'.repeat(8000)}`)).status).toBeLessThan(500)
    expect((await rest('POST', '/apps', { 'application-id': mega })).status).toBe(400)
    expect((await rest('POST', '/apps', `{"a":${'['.repeat(100_000)}`)).status).toBe(400)
    expect((await rest('PUT', '/apps/application_1_0001/state', `"${mega}`)).status).toBe(400)
    expect((await fetch(`${rm.web}/cluster`)).status).toBe(200)
    expect((await rest('GET', '/info')).status).toBe(200)
  })
})

describe('bytes that lie', () => {
  /** Sends them, and waits for the connection's end. */
  const send = (bytes: Buffer, end = false) =>
    new Promise<void>((resolve) => {
      const { port } = parseAddress(rm.addresses.client!)
      const socket = net.connect(port, '127.0.0.1', () => (end ? socket.end(bytes) : socket.write(bytes)))
      socket.on('error', () => {})
      socket.on('close', () => resolve())
      socket.resume()
    })
  const header = Buffer.from([0x68, 0x72, 0x70, 0x63, 9, 0, 0])
  const frame = (length: number, content = Buffer.alloc(0)) => {
    const head = Buffer.alloc(4)
    head.writeInt32BE(length)
    return Buffer.concat([header, head, content])
  }

  it.each([
    ['a frame of two gigabytes', frame(0x7fffffff)],
    ['a frame of less than nothing', frame(-1)],
    ['a frame whose message is longer than it', frame(8, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07, 1, 2, 3]))],
    ['a frame of noise', frame(64, Buffer.alloc(64, 0xa5))],
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['an unknown version', Buffer.from([0x68, 0x72, 0x70, 0x63, 99, 0, 0])],
    ['a header cut short', header.subarray(0, 3)],
  ])('%s: the connection ends, and the others go on', async (what, bytes) => {
    await send(bytes, what.includes('cut short'))
    expect((await rm.client().getClusterMetrics({})).clusterMetrics?.numNodeManagers).toBe(1)
    expect(rm.failures).toEqual([])
  })
})
