import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FakeNode, Folder, TestRm, containerText, idOfToken, report, submit } from './harness.js'

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

const read = async (path: string) => {
  const answer = await fetch(`${rm.web}${path}`)
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
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
    expect(list.text).toContain(`<a href="/cluster/app/${text}">${text}</a>`)
    expect(list.text).toContain('&#60;b&#62;&#38;&#34;name&#34;')
    expect(list.text).not.toContain('<b>&"name"')
    const one = (await read(`/cluster/app/${text}`)).text
    const container = containerText(idOfToken(node.started[0]!.containerToken!.identifier))
    expect(one).toContain(`http://localhost:8042/node/containerlogs/${container}/ann`)
    expect((await read('/cluster/apps/ACCEPTED')).text).toContain(text)
    expect((await read('/cluster/apps/RUNNING')).text).not.toContain(text)
    expect((await read('/cluster/nodes')).text).toContain(`localhost:${node.port}`)
    expect((await read('/cluster/scheduler')).text).toContain('root.hive')
    expect((await read('/cluster/cluster')).text).toContain('CapacityScheduler')
  })

  it('say that an application is not there', async () => {
    expect((await read('/cluster/app/application_1_0001')).status).toBe(404)
  })
})
