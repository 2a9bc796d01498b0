import { appendFileSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isException } from '../../../common/errors.js'
import type { ContainerStatusProtoInit } from '../../../common/proto/gen/yarn.js'
import { resourceProto } from '../../../common/protocols/records.js'
import { replayEventLog } from '../../../resourcemanager/runtime/event-log.js'
import { FakeNode, Folder, TestRm, amRmToken, connectMaster, idOfToken, report, submit } from './harness.js'

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

async function running() {
  const before = node.started.length
  const id = await submit(rm)
  await node.heartbeat()
  await node.until(() => node.started.length > before)
  const start = node.started.at(-1)!
  const token = amRmToken(start)
  const master = connectMaster(rm, token)
  await master.registerApplicationMaster({ host: 'here', rpcPort: 1, trackingUrl: 'http://localhost:1/' })
  return { id, token, master, amContainer: idOfToken(start.containerToken!.identifier) }
}

async function restart() {
  await rm.stop()
  rm = await TestRm.start(folder)
  node.follow(rm)
}

const live = (containerId: ContainerStatusProtoInit['containerId'], memory: number): ContainerStatusProtoInit => ({
  containerId,
  state: 'C_RUNNING',
  exitStatus: -1000,
  capability: resourceProto({ memory, vcores: 1 }),
})

describe('a ResourceManager that was restarted', () => {
  it('knows the applications that had ended', async () => {
    const { id } = await running()
    await rm.client().forceKillApplication({ applicationId: id })
    const before = await report(rm, id, (s) => s === 'KILLED')
    await restart()
    const after = await report(rm, id)
    expect(after).toMatchObject({
      yarnApplicationState: 'KILLED',
      diagnostics: before.diagnostics,
      user: 'ann',
      finishTime: before.finishTime,
      startTime: before.startTime,
    })
  })

  it('goes on with one that runs: its master registers again with its old token, its node brings its containers', async () => {
    const { id, token, master, amContainer } = await running()
    const { allocatedContainers } = await master.allocate({
      responseId: 0,
      ask: [{ priority: { priority: 1 }, resourceName: '*', capability: resourceProto({ memory: 512, vcores: 1 }), numContainers: 2 }],
    })
    expect(allocatedContainers).toHaveLength(2)
    await restart()

    expect((await node.heartbeat()).nodeAction).toBe('RESYNC')
    await node.register([live(amContainer, 256), ...allocatedContainers.map((c) => live(c.id, 512))])
    const again = connectMaster(rm, token)
    await expect(again.allocate({ responseId: 1 })).rejects.toSatisfy((e) => isException(e, 'ApplicationMasterNotRegisteredException'))
    await again.registerApplicationMaster({ host: 'here', rpcPort: 1, trackingUrl: 'http://localhost:1/' })
    await node.heartbeat([live(amContainer, 256), ...allocatedContainers.map((c) => live(c.id, 512))])
    expect(await report(rm, id, (s) => s === 'RUNNING')).toMatchObject({ appResource_Usage: { numUsedContainers: 3, usedResources: { memory: 1280 } } })

    await again.finishApplicationMaster({ finalApplicationStatus: 'APP_SUCCEEDED' })
    await node.heartbeat([{ containerId: amContainer, state: 'C_COMPLETE', exitStatus: 0 }])
    await report(rm, id, (s) => s === 'FINISHED')
  })

  it('starts an application that was waiting, with the launch context as it was submitted', async () => {
    await rm.stop()
    rm = await TestRm.start(folder)
    const id = await submit(rm, { amContainerSpec: { command: ['as submitted'] } })
    await restart()
    expect((await report(rm, id)).yarnApplicationState).toBe('ACCEPTED')
    await node.register()
    await node.heartbeat()
    await node.until(() => node.started.length > 0)
    expect(node.started[0]!.containerLaunchContext!.command).toEqual(['as submitted'])
  })

  it('gives new applications ids that no earlier one has', async () => {
    const first = await submit(rm)
    await restart()
    const second = await submit(rm)
    expect(second.clusterTimestamp).toBeGreaterThan(first.clusterTimestamp!)
    expect((await rm.client().getApplications({})).applications).toHaveLength(2)
  })

  it('hands out the same keys', async () => {
    const before = node.registration
    await restart()
    await node.register()
    expect(node.registration.nmTokenMasterKey).toEqual(before.nmTokenMasterKey)
    expect(node.registration.containerTokenMasterKey).toEqual(before.containerTokenMasterKey)
    expect(node.registration.rmIdentifier).not.toBe(before.rmIdentifier)
  })
})

describe('a store that is taken over', () => {
  it('stops the one that had it at its next write', async () => {
    const other = await TestRm.start(folder)
    try {
      submit(rm).catch(() => {})
      while (rm.failures.length === 0) await new Promise((r) => setTimeout(r, 5))
      expect(String(rm.failures[0])).toMatch(/another ResourceManager has taken the state store over/)
    } finally {
      await other.stop()
    }
  })
})

describe('the event log', () => {
  it('replays to the same effects, over restarts and a line that was cut short', async () => {
    await rm.stop()
    folder.remove()
    folder = new Folder()
    const file = path.join(folder.dir, 'events.jsonl')
    folder.set({ 'bobbin.resourcemanager.event-log': file })
    rm = await TestRm.start(folder)
    node.follow(rm)
    await node.register()
    const { id, master } = await running()
    await master.allocate({
      responseId: 0,
      ask: [{ priority: { priority: 1 }, resourceName: '*', capability: resourceProto({ memory: 512, vcores: 1 }), numContainers: 2 }],
    })
    appendFileSync(file, '{"now":1,"event":{"ty')
    await restart()
    await rm.client().forceKillApplication({ applicationId: id })
    await report(rm, id, (s) => s === 'KILLED')
    await rm.stop()
    const { lives, steps } = await replayEventLog(file)
    expect(lives).toBe(2)
    expect(steps).toBeGreaterThan(8)
    expect(readFileSync(file, 'utf8')).not.toContain('"command"')
    rm = await TestRm.start(folder)
  })
})

describe('node labels', () => {
  it('are known after a restart, and so is what nodes carry', async () => {
    await rm.stop()
    folder.remove()
    folder = new Folder({ 'yarn.node-labels.enabled': 'true' })
    rm = await TestRm.start(folder)
    await rm.admin().addToClusterNodeLabels({ nodeLabels: [{ name: 'gpu', isExclusive: false }] })
    await rm.admin().replaceLabelsOnNodes({ nodeToLabels: [{ nodeId: { host: 'localhost', port: 0 }, nodeLabels: ['gpu'] }] })
    await restart()
    await node.register()
    const client = rm.client()
    expect((await client.getClusterNodeLabels({})).nodeLabels).toEqual([{ name: 'gpu', isExclusive: false }])
    expect((await client.getNodeToLabels({})).nodeToLabels).toEqual([{ nodeId: node.id, nodeLabels: ['gpu'] }])
  })
})
