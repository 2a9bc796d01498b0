/** Two NameNodes on one journal: one serves, the other takes over when it dies, clients go on. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { haServiceProtocol } from '../../../common/protocols/ha-service.js'
import { clientProtocol } from '../../../common/protocols/client-namenode.js'
import { RpcClient, parseAddress } from '../../../common/rpc/client.js'
import { DfsClient } from '../../../hdfs-lite/client/index.js'
import { type HdfsCluster, hdfsCluster, until } from '../../harness/hdfs.js'

let cluster: HdfsCluster

beforeAll(async () => {
  cluster = await hdfsCluster(1, {}, 2)
  await cluster.start('namenode')
  await cluster.start('namenode-2')
  await cluster.start('datanode-1')
})
afterAll(() => cluster.close())

async function stateOf(id: 'nn1' | 'nn2'): Promise<string> {
  const client = new RpcClient(haServiceProtocol, [parseAddress(cluster.conf.raw(`dfs.namenode.rpc-address.mycluster.${id}`)!)], {
    user: process.env['USER'] ?? 'root',
  })
  try {
    return (await client.proxy.getServiceStatus({})).state
  } catch {
    return 'GONE'
  } finally {
    client.close()
  }
}

it('serves from one of the two', async () => {
  expect([await stateOf('nn1'), await stateOf('nn2')]).toEqual(['ACTIVE', 'STANDBY'])
  expect((await fetch(`${cluster.namenodeHttp}/isActive`)).status).toBe(200)
})

it('lets administrators have each of the two in safe mode', async () => {
  const { defaultUser } = await import('../../../hdfs-lite/client/index.js')
  const at = (id: 'nn1' | 'nn2', user = defaultUser()) =>
    new RpcClient(clientProtocol, [parseAddress(cluster.conf.raw(`dfs.namenode.rpc-address.mycluster.${id}`)!)], { user })
  const [active, standby, alice] = [at('nn1'), at('nn2'), at('nn2', 'alice')]
  expect(await standby.proxy.setSafeMode({ action: 'SAFEMODE_GET' })).toEqual({ result: false })
  await expect(standby.proxy.saveNamespace({})).rejects.toThrow('Safe mode should be turned ON')
  await expect(alice.proxy.setSafeMode({ action: 'SAFEMODE_ENTER' })).rejects.toThrow('Superuser privilege is required')
  expect(await standby.proxy.setSafeMode({ action: 'SAFEMODE_ENTER' })).toEqual({ result: true })
  expect(await active.proxy.setSafeMode({ action: 'SAFEMODE_GET' })).toEqual({ result: false })
  expect(await standby.proxy.saveNamespace({})).toEqual({ saved: true })
  expect(await standby.proxy.refreshNodes({})).toEqual({})
  expect(await standby.proxy.setSafeMode({ action: 'SAFEMODE_LEAVE' })).toEqual({ result: false })
  await expect(standby.proxy.mkdirs({ src: '/x', masked: { perm: 0o755 }, createParent: true })).rejects.toThrow('not supported in state standby')
  for (const c of [active, standby, alice]) c.close()
})

it('goes on when the active is killed, also in the middle of a file', async () => {
  const client = new DfsClient(cluster.conf)
  await client.writeFile('/before', 'kept')
  const stream = client.create('/across')
  const write = (text: string) => new Promise<void>((resolve, reject) => stream.write(Buffer.from(text), (e) => (e ? reject(e) : resolve())))
  await write('one ')
  await stream.hflush()
  await cluster.kill('namenode')
  await until('the other takes over', async () => (await stateOf('nn2')) === 'ACTIVE')
  await write('two')
  await new Promise<void>((resolve, reject) => stream.end((e?: Error | null) => (e ? reject(e) : resolve())))
  expect((await client.readFile('/before')).toString()).toBe('kept')
  expect((await client.readFile('/across')).toString()).toBe('one two')
  await client.mkdirs('/after')
  client.close()
}, 40_000)

it('takes the old one back as the standby, and changes over when told to', async () => {
  await cluster.start('namenode')
  expect(await stateOf('nn1')).toBe('STANDBY')
  const nn2 = new RpcClient(haServiceProtocol, [parseAddress(cluster.conf.raw('dfs.namenode.rpc-address.mycluster.nn2')!)], {
    user: (await import('node:os')).userInfo().username,
  })
  await nn2.proxy.transitionToStandby({ reqInfo: { reqSource: 'REQUEST_BY_USER' } })
  nn2.close()
  await until('nn1 serves', async () => (await stateOf('nn1')) === 'ACTIVE')
  expect(await stateOf('nn2')).toBe('STANDBY')
  const client = new DfsClient(cluster.conf)
  expect((await client.listStatus('/')).map((s) => s.path.replace(/^.*\//, '')).sort()).toEqual(['across', 'after', 'before'])
  client.close()
}, 40_000)
