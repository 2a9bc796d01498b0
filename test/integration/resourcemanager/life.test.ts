import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isException } from '../../../common/errors.js'
import { ContainerTokenIdentifierProto, NMTokenIdentifierProto } from '../../../common/proto/gen/yarn-security.js'
import { applicationClientProtocol } from '../../../common/protocols/application-client.js'
import { resourceProto } from '../../../common/protocols/records.js'
import { tokenPassword } from '../../../common/security/tokens.js'
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

/** Submits, and waits until the application master's container was started. */
async function started() {
  const id = await submit(rm)
  await node.heartbeat()
  await node.until(() => node.started.length > 0)
  const start = node.started[0]!
  return { id, start, master: connectMaster(rm, amRmToken(start)) }
}

const ask = (count: number, memory = 512) => ({
  priority: { priority: 1 },
  resourceName: '*',
  capability: resourceProto({ memory, vcores: 1 }),
  numContainers: count,
})

describe('an application', () => {
  it('runs from submission to its end', async () => {
    const { id, start, master } = await started()
    expect((await report(rm, id)).yarnApplicationState).toBe('ACCEPTED')
    const registered = await master.registerApplicationMaster({ host: 'here', rpcPort: 4711, trackingUrl: 'http://localhost:1/' })
    expect(registered).toMatchObject({ queue: 'default', maximumCapability: { memory: 8192, virtualCores: 4 } })
    expect(await report(rm, id)).toMatchObject({ yarnApplicationState: 'RUNNING', host: 'here', rpcPort: 4711, originalTrackingUrl: 'http://localhost:1/' })

    const answer = await master.allocate({ responseId: 0, progress: 0.5, ask: [ask(3)] })
    expect(answer.responseId).toBe(1)
    expect(answer.allocatedContainers).toHaveLength(3)
    expect(answer.nmTokens.map((t) => t.nodeId)).toEqual([node.id])

    const amContainer = idOfToken(start.containerToken!.identifier)
    expect(containerText(amContainer)).toMatch(/_01_000001$/)
    expect((await master.finishApplicationMaster({ finalApplicationStatus: 'APP_SUCCEEDED', diagnostics: 'well done' })).isUnregistered).toBeDefined()
    await node.heartbeat([{ containerId: amContainer, state: 'C_COMPLETE', exitStatus: 0, diagnostics: '' }])
    const final = await report(rm, id, (s) => s === 'FINISHED')
    expect(final).toMatchObject({ finalApplicationStatus: 'APP_SUCCEEDED', diagnostics: 'well done', progress: 1 })
  })

  it('is started with its own launch context, a token and the variables of the real one', async () => {
    const { start } = await started()
    const context = start.containerLaunchContext!
    expect(context.command).toEqual(['run'])
    const environment = Object.fromEntries(context.environment.map((e) => [e.key, e.value]))
    expect(environment).toMatchObject({ A: 'b', APPLICATION_WEB_PROXY_BASE: expect.stringMatching(/^\/proxy\/application_\d+_0001$/) })
    expect(Number(environment.APP_SUBMIT_TIME_ENV)).toBeGreaterThan(1e12)
    const identifier = ContainerTokenIdentifierProto.decode(start.containerToken!.identifier)
    expect(identifier).toMatchObject({
      appSubmitter: 'ann',
      containerType: 'APPLICATION_MASTER',
      nmHostAddr: `localhost:${node.port}`,
      resource: { memory: 256, virtualCores: 1 },
    })
    const key = node.registration.containerTokenMasterKey!
    expect(identifier.masterKeyId).toBe(key.keyId)
    expect(Buffer.from(start.containerToken!.password)).toEqual(tokenPassword(start.containerToken!.identifier, { keyId: key.keyId!, bytes: key.bytes! }))
  })

  it('gets NMTokens that the node can check, once for each node', async () => {
    const { master } = await started()
    await master.registerApplicationMaster({ host: 'here', rpcPort: 0, trackingUrl: '' })
    const first = await master.allocate({ responseId: 0, ask: [ask(1)] })
    const second = await master.allocate({ responseId: 1, ask: [ask(1)] })
    expect([first.nmTokens.length, second.nmTokens.length]).toEqual([1, 0])
    const { token } = first.nmTokens[0]!
    const key = node.registration.nmTokenMasterKey!
    expect(NMTokenIdentifierProto.decode(token!.identifier)).toMatchObject({ appSubmitter: 'ann', keyId: key.keyId, nodeId: node.id })
    expect(Buffer.from(token!.password)).toEqual(tokenPassword(token!.identifier, { keyId: key.keyId!, bytes: key.bytes! }))
  })

  it('fails with the words of the NodeManager when its container is refused', async () => {
    node.refuse = 'no room on this node'
    const id = await submit(rm)
    await node.heartbeat()
    const failed = await report(rm, id, (s) => s === 'FAILED')
    expect(failed.diagnostics).toMatch(/Error launching appattempt_\d+_0001_000001\. Got exception: java\.lang\.Exception: no room on this node/)
  })

  it('is killed, and its container stopped', async () => {
    const { id, master } = await started()
    await master.registerApplicationMaster({ host: 'here', rpcPort: 0, trackingUrl: '' })
    const client = rm.client()
    await client.forceKillApplication({ applicationId: id })
    expect((await report(rm, id, (s) => s === 'KILLED')).diagnostics).toMatch(/was killed by user ann at 127\.0\.0\.1/)
    await node.until(() => node.stopped.length > 0)
    expect((await client.forceKillApplication({ applicationId: id })).isKillCompleted).toBe(true)
  })

  it('that is submitted twice is one', async () => {
    const id = await submit(rm)
    await rm
      .client()
      .submitApplication({ applicationSubmissionContext: { applicationId: id, amContainerSpec: {}, resource: resourceProto({ memory: 128, vcores: 1 }) } })
    expect((await rm.client().getApplications({})).applications).toHaveLength(1)
  })

  it('that nobody knows is answered in Hadoop’s words', async () => {
    const applicationId = { id: 9, clusterTimestamp: 1 }
    const client = rm.client()
    await expect(client.getApplicationReport({ applicationId })).rejects.toThrow("Application with id 'application_1_0009' doesn't exist in RM.")
    await expect(client.forceKillApplication({ applicationId })).rejects.toThrow('Trying to kill an absent application application_1_0009')
  })
})

describe('the scheduler port', () => {
  it('refuses who has no token', async () => {
    await expect(connectMaster(rm, undefined).allocate({ responseId: 0 })).rejects.toThrow('SIMPLE authentication is not enabled.  Available:[TOKEN]')
  })

  it('refuses a token with a wrong password', async () => {
    const { start } = await started()
    const token = amRmToken(start)
    const wrong = { identifier: token.identifier, password: Buffer.alloc(20) }
    await expect(connectMaster(rm, wrong).allocate({ responseId: 0 })).rejects.toSatisfy((e) => isException(e, 'SaslException'))
  })

  it('refuses the token of an application that has ended', async () => {
    const { id, start } = await started()
    await rm.client().forceKillApplication({ applicationId: id })
    await report(rm, id, (s) => s === 'KILLED')
    await expect(connectMaster(rm, amRmToken(start)).allocate({ responseId: 0 })).rejects.toSatisfy((e) => isException(e, 'InvalidToken'))
  })

  it('tells an application master that did not register', async () => {
    const { master } = await started()
    await expect(master.allocate({ responseId: 0 })).rejects.toSatisfy((e) => isException(e, 'ApplicationMasterNotRegisteredException'))
  })
})

describe('delegation tokens', () => {
  it('stand for their owner until they are cancelled, and are known after a restart', async () => {
    const { token } = await rm.client('ann').getDelegationToken({ renewer: 'bob' })
    const withToken = () => rm.connect(applicationClientProtocol, 'client', 'whoever', token)
    const { applicationId } = await withToken().getNewApplication({})
    await withToken().submitApplication({
      applicationSubmissionContext: { applicationId, amContainerSpec: {}, resource: resourceProto({ memory: 128, vcores: 1 }) },
    })
    expect((await report(rm, applicationId!)).user).toBe('ann')
    await rm.stop()
    rm = await TestRm.start(folder)
    expect((await rm.client('bob').renewDelegationToken({ token: token! })).newExpiryTime).toBeGreaterThan(Date.now())
    await expect(rm.client('eve').renewDelegationToken({ token: token! })).rejects.toThrow('eve tries to renew a token with renewer bob')
    await rm.client('ann').cancelDelegationToken({ token: token! })
    await expect(withToken().getNewApplication({})).rejects.toSatisfy((e) => isException(e, 'InvalidToken'))
  })
})

describe('the lists of hosts', () => {
  it('keep nodes out from the start, and when they are read anew', async () => {
    const list = path.join(folder.dir, 'exclude')
    writeFileSync(list, 'elsewhere\n')
    folder.set({ 'yarn.resourcemanager.nodes.exclude-path': list })
    await rm.stop()
    rm = await TestRm.start(folder)
    node.follow(rm)
    await node.register()
    expect(node.registration.nodeAction).toBe('NORMAL')
    writeFileSync(list, 'localhost\n')
    await rm.admin().refreshNodes({ decommissionType: 'NORMAL' })
    expect((await node.heartbeat()).nodeAction).toBe('SHUTDOWN')
    await rm.stop()
    rm = await TestRm.start(folder)
    node.follow(rm)
    await node.register()
    expect(node.registration).toMatchObject({ nodeAction: 'SHUTDOWN', diagnosticsMessage: expect.stringMatching(/^Disallowed NodeManager from {2}localhost/) })
  })
})

describe('racks', () => {
  it.each([
    ['a table', { 'net.topology.table.file.name': 'table' }],
    ['a script', { 'net.topology.script.file.name': 'script' }],
  ])('are known from %s', async (_what, property) => {
    const [[name, file]] = Object.entries(property) as [[string, string]]
    const at = path.join(folder.dir, file)
    writeFileSync(at, file === 'table' ? '# host rack\nlocalhost /rack7\n' : '#!/bin/sh\n[ "$1" = localhost ] && echo /rack7\n', { mode: 0o755 })
    folder.set({ [name]: at })
    await rm.stop()
    rm = await TestRm.start(folder)
    node.follow(rm)
    await node.register()
    expect((await rm.client().getClusterNodes({})).nodeReports.map((n) => n.rackName)).toEqual(['/rack7'])
  })
})

describe('the scheduler’s file', () => {
  it('that can’t be read is refused with file and line, and the old one stays in force', async () => {
    writeFileSync(path.join(folder.dir, 'capacity-scheduler.xml'), '<configuration>\n<property>\n<name>x')
    await expect(rm.admin().refreshQueues({})).rejects.toThrow(/capacity-scheduler\.xml:3/)
    folder.write('capacity-scheduler.xml', { ...QUEUES, 'yarn.scheduler.capacity.root.hive.capacity': '70' })
    await expect(rm.admin().refreshQueues({})).rejects.toThrow(/root/)
    expect((await rm.client().getQueueInfo({ queueName: 'hive' })).queueInfo?.capacity).toBe(0.5)
    await rm.stop()
    writeFileSync(path.join(folder.dir, 'capacity-scheduler.xml'), '<configuration>')
    await expect(TestRm.start(folder)).rejects.toThrow(/capacity-scheduler\.xml:1/)
    folder.write('capacity-scheduler.xml', QUEUES)
    rm = await TestRm.start(folder)
  })
})
