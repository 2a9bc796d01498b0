import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resourceProto } from '../../../common/protocols/records.js'
import { FakeNode, Folder, TestRm, amRmToken, connectMaster, containerText, idOfToken, report, submit } from './harness.js'

let folder: Folder
let rm: TestRm
let node: FakeNode
beforeAll(async () => {
  folder = new Folder()
  rm = await TestRm.start(folder)
  node = await new FakeNode(rm).register()
})
afterAll(async () => {
  await rm.stop()
  await node.stop()
  folder.remove()
})

const read = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${rm.web}${path}`, { headers })
  return { status: answer.status, type: answer.headers.get('content-type'), tag: answer.headers.get('x-tag'), text: await answer.text() }
}

describe('the pages', () => {
  it('begin at /', async () => {
    const answer = await fetch(`${rm.web}/`, { redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/cluster'])
  })

  it('show applications, one of them with its containers and logs, nodes and queues', async () => {
    const id = await submit(rm, { applicationName: '<b>&"name"', applicationType: 'Apache Flink' })
    await node.heartbeat()
    await node.until(() => node.started.length > 0)
    await report(rm, id)
    const text = `application_${id.clusterTimestamp}_0001`
    const list = await read('/cluster')
    expect(list).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' })
    expect(list.text).toContain(`<a href="/cluster/app/${text}">&#60;b&#62;&#38;&#34;name&#34;</a><small>${text}</small>`)
    expect(list.text).not.toContain('<b>&"name"')
    const one = (await read(`/cluster/app/${text}`)).text
    const container = containerText(idOfToken(node.started[0]!.containerToken!.identifier))
    expect(one).toContain(`http://localhost:8042/node/containerlogs/${container}/ann`)
    expect(one).toContain('waiting for AM container to Register with RM')
    expect((await read('/cluster/apps/ACCEPTED')).text).toContain(text)
    expect((await read('/cluster/apps/RUNNING')).text).not.toContain(text)
    expect((await read('/cluster/nodes')).text).toContain(`localhost:${node.port}`)
    expect((await read('/cluster/scheduler')).text).toContain('root.hive')
    expect((await read('/cluster/cluster')).text).toContain('CapacityScheduler')
  })

  it('say why an application waits, as the scheduler does while somebody looks', async () => {
    const master = connectMaster(rm, amRmToken(node.started[0]!))
    await master.registerApplicationMaster({ host: 'here', rpcPort: 1, trackingUrl: '' })
    const capability = resourceProto({ memory: 6144, vcores: 1 })
    await master.allocate({ responseId: 0, progress: 0, ask: [{ priority: { priority: 7 }, resourceName: '*', capability, numContainers: 2 }] })
    const page = `/cluster/app/${containerText(idOfToken(node.started[0]!.containerToken!.identifier)).replace(/^container_(\d+_\d+)_.*/, 'application_$1')}`
    expect((await read(page)).text).toContain('Queue does not have enough headroom for request.')
    await node.heartbeat()
    const { text } = await read(page)
    expect(text).toContain('Priority 7: Queue does not have enough headroom for inner highest-priority request')
    expect(text).toContain('Queue root.default uses 6.25 GiB, 2 vcores of 8 GiB')
    expect(text).not.toContain('enough headroom for request.')
  })

  it('find, order and page long lists', async () => {
    for (let i = 0; i < 60; i++) await submit(rm, { applicationName: `many-${i}`, queue: i % 2 === 0 ? 'default' : 'hive' })
    const rows = (text: string) => [...text.matchAll(/>many-(\d+)<\/a>/g)].map((m) => Number(m[1]))
    expect(rows((await read('/cluster')).text)).toEqual(Array.from({ length: 50 }, (_, i) => 59 - i))
    expect(rows((await read('/cluster?page=2&q=many')).text)).toEqual(Array.from({ length: 10 }, (_, i) => 9 - i))
    expect(rows((await read('/cluster?q=many-3')).text)).toEqual([39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 3])
    expect(rows((await read('/cluster?q=many-1&sort=name&order=asc')).text)).toEqual([1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    expect(rows((await read('/cluster?queue=hive&q=many-2')).text)).toEqual([29, 27, 25, 23, 21])
    expect((await read('/cluster?sort=nosuch&order=nosuch&page=-7')).status).toBe(200)
    expect(rows((await read('/cluster?q=many-3&q=many-4')).text)).toHaveLength(11)
    expect((await read('/cluster?q=nothing-is-called-so')).text).toContain('No application is like that.')
  })

  it('give who has one its content alone, and nothing when that is unchanged', async () => {
    const first = await read('/cluster/scheduler', { 'x-live': 'none' })
    expect(first.text).toMatch(/^<h1>Queues<\/h1>/)
    expect(await read('/cluster/scheduler', { 'x-live': first.tag! })).toMatchObject({ status: 204, text: '' })
    await submit(rm, { applicationName: 'one more' })
    expect(await read('/cluster/scheduler', { 'x-live': first.tag! })).toMatchObject({ status: 200 })
  })

  it('load nothing from elsewhere, and what they load is kept under a name of its own', async () => {
    const answer = await fetch(`${rm.web}/cluster`)
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    const text = await answer.text()
    const loaded = [...text.matchAll(/(?:src|<link rel="stylesheet" href)="([^"]+)"/g)].map((m) => m[1]!)
    expect(loaded).toHaveLength(2)
    for (const path of loaded) expect((await fetch(rm.web + path)).headers.get('cache-control')).toContain('immutable')
  })

  it('say that an application is not there', async () => {
    expect((await read('/cluster/app/application_1_0001')).status).toBe(404)
  })
})
