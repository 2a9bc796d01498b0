/** What /docs says of bodies and answers, held against what is really taken and given. */
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ANSWERS, COMPONENTS, type Schema } from '../../../resourcemanager/rest/schemas.js'
import { FakeNode, Folder, TestRm, amRmToken, connectMaster, submit } from './harness.js'

let folder: Folder
let rm: TestRm
let node: FakeNode
beforeAll(async () => {
  folder = new Folder({ 'yarn.admin.acl': '*' })
  rm = await TestRm.start(folder)
  node = await new FakeNode(rm).register()
})
afterAll(async () => {
  await rm.stop()
  await node.stop()
  folder.remove()
})

/** Components in the places where they are named. */
function resolved(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(resolved)
  if (schema === null || typeof schema !== 'object') return schema
  const { $ref } = schema as { $ref?: string }
  if ($ref !== undefined) return resolved(COMPONENTS[$ref.replace(/^.*\//, '')])
  return Object.fromEntries(Object.entries(schema).map(([k, v]) => [k, resolved(v)]))
}

/** Why the value is not as the schema says. */
async function problem(schema: Schema, value: unknown): Promise<string | undefined> {
  // Nothing is coerced, added or removed, so that what is checked is what was sent.
  const web = Fastify({ ajv: { customOptions: { allowUnionTypes: true, coerceTypes: false, removeAdditional: false, useDefaults: false } } })
  web.post('/', { schema: { body: resolved(schema) } }, () => 'as it should be')
  const answer = await web.inject({ method: 'POST', url: '/', payload: value as object })
  await web.close()
  return answer.statusCode === 200 ? undefined : answer.body
}

describe('answers are as /docs says', () => {
  it('for a cluster with a running and an ended application', async () => {
    const ended = await submit(rm, { unmanagedAm: true })
    await rm.client().forceKillApplication({ applicationId: ended })
    const id = await submit(rm, { applicationTags: ['a'] })
    await node.heartbeat()
    await node.until(() => node.started.length > 0)
    const master = connectMaster(rm, amRmToken(node.started[0]!))
    await master.registerApplicationMaster({ host: 'h', rpcPort: 1, trackingUrl: '' })
    const capability = { memory: 512, virtualCores: 1 }
    await master.allocate({ responseId: 0, progress: 0, ask: [{ priority: { priority: 1 }, resourceName: '*', capability, numContainers: 100 }] })
    const app = `application_${id.clusterTimestamp}_${String(id.id).padStart(4, '0')}`
    const attempt = `appattempt_${app.slice('application_'.length)}_000001`
    const container = `container_${app.slice('application_'.length)}_01_000001`
    const named: Record<string, string> = { app, attempt, container, node: `localhost:${node.port}`, type: 'LIFETIME', queue: 'default' }
    // Activities are of the offer after somebody has asked.
    for (const path of ['activities', 'bulk-activities', `app-activities/${app}`]) await fetch(`${rm.web}/ws/v1/cluster/scheduler/${path}`)
    await node.heartbeat()
    const bodies: Record<string, unknown> = {
      'PUT /apps/{app}/priority': { priority: 3 },
      'PUT /apps/{app}/queue': { queue: 'hive' },
      'PUT /apps/{app}/timeout': { timeout: { type: 'LIFETIME', expiryTime: '2099-01-01T00:00:00.000+0000' } },
      'PUT /apps/{app}/state': { state: 'RUNNING' },
      'POST /nodes/{node}/resource': { resource: { memory: 8192, vCores: 8 } },
      'POST /delegation-token': { renewer: 'ann' },
    }
    let token = ''
    for (const [call, schema] of Object.entries(ANSWERS)) {
      const [method = '', below = ''] = call.split(' ', 2)
      const path = below.replace(/\{(\w+)\}/g, (_, name: string) => named[name]!)
      const query = path.includes('/access') ? '?user=ann&queue-acl-type=SUBMIT_APPLICATIONS' : '?user.name=ann'
      const answer = await fetch(`${rm.web}/ws/v1/cluster${path}${query}`, {
        method,
        headers: { ...(bodies[call] !== undefined && { 'content-type': 'application/json' }), ...(token && { 'hadoop-yarn-rm-delegation-token': token }) },
        ...(bodies[call] !== undefined && { body: JSON.stringify(bodies[call]) }),
      })
      const text = await answer.text()
      expect([call, answer.status, answer.status === 200 ? '' : text]).toEqual([call, 200, ''])
      if (call === 'POST /delegation-token/expiration') expect(JSON.parse(text)).toEqual({ 'expiration-time': expect.any(Number) })
      if (call === 'POST /delegation-token') token = (JSON.parse(text) as { token: string }).token
      // A map's entries share their key: what a parser makes of it is the last one.
      expect([call, await problem(schema, JSON.parse(text))]).toEqual([call, undefined])
    }
  })

  it('and a refusal too, also of a body that is not as it says', async () => {
    const put = async (path: string, body: unknown) => {
      const answer = await fetch(`${rm.web}/ws/v1/cluster${path}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      return { status: answer.status, json: await answer.json() }
    }
    const refused = await put('/apps/application_1_0001/priority', { priority: { nested: 1 } })
    expect(refused).toMatchObject({
      status: 400,
      json: { RemoteException: { exception: 'BadRequestException', message: expect.stringContaining('priority must be integer') } },
    })
    expect(await problem(COMPONENTS.RemoteException!, refused.json)).toBeUndefined()
    expect((await put('/apps/application_1_0001/state', [])).status).toBe(400)
  })
})

describe('/docs', () => {
  it('shows every call with what it takes and answers, and as OpenAPI', async () => {
    const page = await (await fetch(`${rm.web}/docs`)).text()
    for (const said of ['new-application', 'takes', 'answers', 'am-container-spec', 'appsSubmitted']) expect(page).toContain(said)
    const api = (await (await fetch(`${rm.web}/docs/openapi.json`)).json()) as {
      openapi: string
      paths: Record<string, Record<string, unknown>>
      components: { schemas: object }
    }
    expect(api.openapi).toBe('3.1.0')
    expect(api.paths['/ws/v1/cluster/apps']!.post).toMatchObject({
      requestBody: { content: { 'application/json': { schema: { properties: { queue: { type: 'string' } } } } } },
    })
    const names = new Set([...JSON.stringify(api).matchAll(/#\/components\/schemas\/(\w+)/g)].map((m) => m[1]!))
    expect([...names].filter((n) => !(n in api.components.schemas))).toEqual([])
  })
})
