import net from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../../common/config/configuration.js'
import { isException } from '../../../common/errors.js'
import { YarnClient } from '../../../common/yarn-client/index.js'
import { FakeNode, Folder, TestRm, amRmToken, connectMaster, idOfToken, report, submit } from './harness.js'

const SERVICES = ['address', 'scheduler.address', 'resource-tracker.address', 'admin.address', 'webapp.address']

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = net.createServer()
      return new Promise<net.Server>((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
    }),
  )
  const ports = servers.map((s) => (s.address() as net.AddressInfo).port)
  await Promise.all(servers.map((s) => new Promise((resolve) => s.close(resolve))))
  return ports
}

/** The folders of the members of a pair: one configuration but for the id. */
async function pair(automatic: boolean) {
  const ports = await freePorts(10)
  const store = new Folder()
  const site = {
    'yarn.resourcemanager.ha.enabled': 'true',
    'yarn.resourcemanager.ha.rm-ids': 'rm1,rm2',
    'yarn.resourcemanager.ha.automatic-failover.enabled': String(automatic),
    'yarn.resourcemanager.fs.state-store.uri': path.join(store.dir, 'shared'),
    ...Object.fromEntries(['rm1', 'rm2'].flatMap((id, i) => SERVICES.map((s, j) => [`yarn.resourcemanager.${s}.${id}`, `localhost:${ports[5 * i + j]}`]))),
  }
  return { folders: ['rm1', 'rm2'].map((id) => new Folder({ ...site, 'yarn.resourcemanager.ha.id': id })), store, site }
}

const state = async (rm: TestRm) => (await rm.ha().getServiceStatus({})).state
async function until(rm: TestRm, wanted: string) {
  while ((await state(rm)) !== wanted) await new Promise((r) => setTimeout(r, 20))
}

let world: Awaited<ReturnType<typeof pair>>
let first: TestRm
let second: TestRm

async function start(automatic: boolean) {
  world = await pair(automatic)
  first = await TestRm.start(world.folders[0]!)
  second = await TestRm.start(world.folders[1]!)
}
beforeEach(() => start(true))
afterEach(async () => {
  await first.stop()
  await second.stop()
  for (const f of [...world.folders, world.store]) f.remove()
})

describe('a pair of ResourceManagers', () => {
  it('has one that is active, the other one stands by and refers to it', async () => {
    expect([await state(first), await state(second)]).toEqual(['ACTIVE', 'STANDBY'])
    const answer = await fetch(`${second.web}/cluster/apps`, { redirect: 'manual' })
    expect(answer.status).toBe(307)
    expect(answer.headers.get('location')).toBe(`${first.web}/cluster/apps`)
    expect(await (await fetch(`${second.web}/ws/v1/cluster/info`)).json()).toMatchObject({ clusterInfo: { haState: 'STANDBY' } })
    await expect(second.admin().refreshQueues({})).rejects.toSatisfy((e) => isException(e, 'StandbyException'))
  })

  it('goes on with the other one when the active one stops, with what it knew; clients find it', async () => {
    const id = await submit(first)
    await first.stop()
    await until(second, 'ACTIVE')
    expect(await report(second, id)).toMatchObject({ yarnApplicationState: 'ACCEPTED', user: 'ann' })
    const client = new YarnClient(loadConfiguration(world.folders[0]!.dir, 'resourcemanager'), { user: 'ann' })
    expect(await client.getApplications()).toHaveLength(1)
    client.close()
    first = await TestRm.start(world.folders[0]!)
    expect(await state(first)).toBe('STANDBY')
  })

  it('takes over from one that hangs; what that one writes then is refused', async () => {
    const node = await new FakeNode(first).register()
    const id = await submit(first)
    await node.heartbeat()
    await node.until(() => node.started.length > 0)
    const start = node.started[0]!
    await second.ha().transitionToActive({ reqInfo: { reqSource: 'REQUEST_BY_USER_FORCED' } })
    expect(await state(second)).toBe('ACTIVE')
    await until(first, 'STANDBY')
    node.follow(second)
    await node.register([{ containerId: idOfToken(start.containerToken!.identifier), state: 'C_RUNNING', exitStatus: -1000 }])
    const master = connectMaster(second, amRmToken(start))
    await master.registerApplicationMaster({ host: 'here', rpcPort: 0, trackingUrl: '' })
    await report(second, id, (s) => s === 'RUNNING')
    await node.stop()
  })

  it('does not change by hand while it changes by itself', async () => {
    await expect(second.ha().transitionToActive({ reqInfo: { reqSource: 'REQUEST_BY_USER' } })).rejects.toThrow('Manual failover is disallowed')
  })
})

describe('a pair whose failover is by hand', () => {
  it('has no active one until it is told, and changes when it is told', async () => {
    await first.stop()
    await second.stop()
    for (const f of [...world.folders, world.store]) f.remove()
    await start(false)
    const byHand = { reqInfo: { reqSource: 'REQUEST_BY_USER' } } as const
    expect([await state(first), await state(second)]).toEqual(['STANDBY', 'STANDBY'])
    await first.ha().transitionToActive(byHand)
    expect(await state(first)).toBe('ACTIVE')
    await first.ha().transitionToStandby(byHand)
    await second.ha().transitionToActive(byHand)
    expect([await state(first), await state(second)]).toEqual(['STANDBY', 'ACTIVE'])
  })
})
