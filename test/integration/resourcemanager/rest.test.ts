import http from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseApplicationId } from '../../../common/records/ids.js'
import { FakeNode, Folder, QUEUES, TestRm, amRmToken, connectMaster, report, submit } from './harness.js'

let folder: Folder
let rm: TestRm
let node: FakeNode

beforeAll(async () => {
  folder = new Folder({
    'hadoop.http.staticuser.user': 'root',
    'yarn.resourcemanager.webapp.cross-origin.enabled': 'true',
    'hadoop.http.cross-origin.allowed-origins': 'http://good.example,https://*.board.example,regex:http://localhost:[0-9]+',
  })
  rm = await TestRm.start(folder)
  node = await new FakeNode(rm).register()
})
afterAll(async () => {
  await rm.stop()
  await node.stop()
  folder.remove()
})

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(`${rm.web}${path}`, {
    method,
    redirect: 'manual',
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, text, json: text.startsWith('{') ? JSON.parse(text) : undefined }
}
const get = (path: string, headers?: Record<string, string>) => call('GET', `/ws/v1/cluster${path}`, undefined, headers)
const put = (path: string, body: unknown) => call('PUT', `/ws/v1/cluster${path}`, body)
const post = (path: string, body?: unknown) => call('POST', `/ws/v1/cluster${path}`, body)

async function newId(): Promise<string> {
  return (await post('/apps/new-application')).json['application-id']
}

/** As in Hadoop's own documentation of the call. */
const submission = (id: string, more: Record<string, unknown> = {}) => ({
  'application-id': id,
  'application-name': 'rest-sleep',
  queue: 'default',
  priority: 0,
  'am-container-spec': {
    'local-resources': { entry: [] },
    commands: { command: 'sleep 100' },
    environment: { entry: [{ key: 'GREETING', value: 'hello' }] },
  },
  'unmanaged-AM': false,
  'max-app-attempts': 1,
  resource: { memory: 256, vCores: 1 },
  'application-type': 'YARN',
  'keep-containers-across-application-attempts': false,
  'application-tags': { tag: ['tag1', 'tag2'] },
  ...more,
})

const problem = (exception: string, message: string) => ({
  RemoteException: { exception, message, javaClassName: `org.apache.hadoop.yarn.webapp.${exception}` },
})

describe('submitting over REST', () => {
  it('starts the application with what was asked for', async () => {
    const id = await newId()
    const answer = await post('/apps', submission(id))
    expect(answer.status).toBe(202)
    expect(answer.headers.get('location')).toBe(`${rm.web}/ws/v1/cluster/apps/${id}`)
    await node.heartbeat()
    await node.until(() => node.started.some((s) => s.containerLaunchContext!.command[0] === 'sleep 100'))
    const { environment } = node.started.at(-1)!.containerLaunchContext!
    expect(environment).toContainEqual({ key: 'GREETING', value: 'hello' })
    expect((await get(`/apps/${id}/state`)).json).toEqual({ state: 'ACCEPTED' })
    expect((await get(`/apps/${id}`)).json.app).toMatchObject({
      id,
      name: 'rest-sleep',
      applicationTags: 'tag1,tag2',
      trackingUI: 'UNASSIGNED',
      allocatedMB: 256,
      runningContainers: 1,
      amNodeLabelExpression: '',
      appNodeLabelExpression: '',
    })
    expect(await post('/apps', submission(id))).toMatchObject({ status: 202 })
    expect((await get(`/apps/${id}/appattempts`)).json.appAttempts.appAttempt).toHaveLength(1)
    await put(`/apps/${id}/state`, { state: 'KILLED' })
  })

  it('takes a call that needs no body whether or not it names the type of one', async () => {
    for (const type of ['application/json', 'application/xml', undefined]) {
      const answer = await call('POST', '/ws/v1/cluster/apps/new-application', undefined, type ? { 'content-type': type } : {})
      expect(answer.json['application-id'], type).toMatch(/^application_/)
    }
    expect(await call('POST', '/ws/v1/cluster/apps', undefined, { 'content-type': 'application/json' })).toMatchObject({ status: 400 })
  })

  it('takes XML as well', async () => {
    const id = await newId()
    const xml = `<application-submission-context><application-id>${id}</application-id><application-name>from-xml</application-name>
      <am-container-spec><commands><command>run</command></commands><environment><entry><key>A</key><value>b</value></entry></environment></am-container-spec>
      <resource><memory>128</memory><vCores>1</vCores></resource></application-submission-context>`
    expect((await call('POST', '/ws/v1/cluster/apps', xml, { 'content-type': 'application/xml' })).status).toBe(202)
    expect((await get(`/apps/${id}`)).json.app).toMatchObject({ name: 'from-xml', queue: 'default' })
    await put(`/apps/${id}/state`, { state: 'KILLED' })
  })

  it('to a queue that is not there is taken, and the application fails', async () => {
    const id = await newId()
    expect((await post('/apps', submission(id, { queue: 'nosuch' }))).status).toBe(202)
    expect((await get(`/apps/${id}`)).json.app).toMatchObject({
      state: 'FAILED',
      finalStatus: 'FAILED',
      queue: 'nosuch',
      masterNodeId: '',
      resourceSecondsMap: {},
    })
  })

  it.each([
    ['a bad id', { 'application-id': 'wrong' }, 'Could not parse application id wrong'],
    ['too much memory', { resource: { memory: 999_999, vCores: 1 } }, 'Requested more memory than configured max'],
    ['too many cores', { resource: { memory: 128, vCores: 99 } }, 'Requested more cores than configured max'],
  ])('is refused for %s', async (_what, more, message) => {
    const answer = await post('/apps', submission(await newId(), more))
    expect(answer.status).toBe(400)
    expect(answer.json).toEqual(problem('BadRequestException', `java.lang.Exception: ${message}`))
  })

  it('is refused for a body that is no JSON', async () => {
    expect((await call('POST', '/ws/v1/cluster/apps', '{')).status).toBe(400)
    expect((await call('POST', '/ws/v1/cluster/apps', '<a', { 'content-type': 'application/xml' })).status).toBe(400)
  })
})

describe('changing an application', () => {
  let id: string
  beforeAll(async () => {
    id = await newId()
    await post('/apps', submission(id))
  })

  it('moves it, sets its priority and its lifetime', async () => {
    expect((await put(`/apps/${id}/queue`, { queue: 'hive' })).json).toEqual({ queue: 'hive' })
    expect((await put(`/apps/${id}/priority`, { priority: 3 })).json).toEqual({ priority: 0 })
    const timeout = { type: 'LIFETIME', expiryTime: '2099-01-01T00:00:00.000+0000' }
    const set = await put(`/apps/${id}/timeout`, { timeout })
    expect(Date.parse(set.json.timeout.expiryTime.replace(/(\d\d)$/, ':$1'))).toBe(Date.parse('2099-01-01T00:00:00Z'))
    expect(set.json.timeout.remainingTimeInSeconds).toBeGreaterThan(1e6)
    expect((await get(`/apps/${id}/timeouts/LIFETIME`)).json.timeout.type).toBe('LIFETIME')
  })

  it('kills it once, and says what is already so', async () => {
    expect(await put(`/apps/${id}/state`, { state: 'RUNNING' })).toMatchObject({
      status: 400,
      json: problem('BadRequestException', "java.lang.Exception: Only 'KILLED' is allowed as a target state."),
    })
    const killed = await put(`/apps/${id}/state`, { state: 'KILLED' })
    expect(killed.status).toBe(202)
    expect(killed.headers.get('location')).toBe(`${rm.web}/ws/v1/cluster/apps/${id}/state`)
    await report(rm, parseApplicationId(id), (s) => s === 'KILLED')
    expect(await put(`/apps/${id}/state`, { state: 'KILLED' })).toMatchObject({ status: 200, json: { state: 'KILLED' } })
  })
})

describe('what is not there', () => {
  it.each([
    ['/apps/application_1_0001', 404, 'NotFoundException', 'java.lang.Exception: app with id: application_1_0001 not found'],
    [
      '/apps/wrong',
      400,
      'BadRequestException',
      'java.lang.IllegalArgumentException: Invalid ApplicationId prefix: wrong. The valid ApplicationId should start with prefix application',
    ],
    ['/nodes/nohost:1', 404, 'NotFoundException', 'java.lang.Exception: nodeId, nohost:1, is not found'],
    ['/apps?queue=nosuch', 400, 'BadRequestException', 'java.lang.Exception: Unknown queue: nosuch'],
    [
      '/apps?states=wrong',
      400,
      'BadRequestException',
      'java.lang.Exception: Invalid application-state wrong specified. It should be one of [NEW, NEW_SAVING, SUBMITTED, ACCEPTED, RUNNING, FINISHED, FAILED, KILLED]',
    ],
    ['/apps/application_1_0001/appattempts/wrong', 400, 'BadRequestException', 'java.lang.IllegalArgumentException: Invalid AppAttemptId prefix: wrong'],
    ['/apps/application_1_0001/appattempts/appattempt_1_0002_000001', 404, 'NotFoundException', "java.lang.Exception: appId and appAttemptId don't match"],
    ['/apps?limit=x', 400, 'BadRequestException', 'java.lang.Exception: limit value must be a number!'],
    ['/apps?finishedTimeBegin=2&finishedTimeEnd=1', 400, 'BadRequestException', 'java.lang.Exception: finishTimeEnd must be greater than finishTimeBegin'],
    ['/reservation/list?queue=default', 400, 'BadRequestException', 'java.lang.Exception: Reservation is not enabled. Please enable & try again'],
  ])('%s is answered in Hadoop’s words', async (path, status, exception, message) => {
    expect(await get(path)).toMatchObject({ status, json: problem(exception, message) })
  })

  it('is a page of its own when it is no call of ours', async () => {
    const answer = await get('/nothing')
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toBe('text/html;charset=utf-8')
  })
})

describe('a list of applications', () => {
  it('is asked for by values given several times, with commas, or both', async () => {
    const [one, two] = [await newId(), await newId()]
    await post('/apps', submission(one, { 'application-name': 'one', 'application-type': 'ONE' }))
    await post('/apps', submission(two, { 'application-name': 'two', 'application-type': 'TWO' }))
    const names = async (query: string) => ((await get(`/apps?${query}`)).json.apps.app ?? []).map((a: { name: string }) => a.name)
    expect(await names('applicationTypes=ONE&applicationTypes=TWO')).toEqual(['one', 'two'])
    expect(await names('applicationTypes=ONE,TWO&states=ACCEPTED&states=RUNNING')).toEqual(['one', 'two'])
    expect(await names('applicationTypes=ONE,TWO&limit=1')).toEqual(['one'])
    expect(await names('name=two&name=one')).toEqual(['two'])
    expect(await names('name=')).toEqual([])
    expect((await get('/appstatistics?states=accepted&states=killed')).json.appStatInfo.statItem).toHaveLength(2)
    for (const id of [one, two]) await put(`/apps/${id}/state`, { state: 'KILLED' })
  })
})

describe('answers', () => {
  it('are XML for who wants it', async () => {
    const answer = await get('/apps?states=NEW', { accept: 'application/xml' })
    expect(answer.headers.get('content-type')).toBe('application/xml; charset=utf-8')
    expect(answer.text).toBe('<?xml version="1.0" encoding="UTF-8" standalone="yes"?><apps/>')
    expect((await get('/metrics', { accept: 'application/xml' })).text).toContain('<activeNodes>1</activeNodes>')
  })

  it('write floats, longs and maps as Java does', async () => {
    const id = await newId()
    await post('/apps', submission(id))
    await node.heartbeat()
    await node.until(() => node.started.length > 0)
    const { text } = await get(`/apps/${id}`)
    expect(text).toContain('"progress":0.0')
    expect(text).toContain('"maximumAllocation":9223372036854775807')
    expect(text).toMatch(/"resourceSecondsMap":\{"entry":\{"key":"memory-mb","value":"\d+"\},"entry":\{"key":"vcores","value":"\d+"\}\}/)
    await put(`/apps/${id}/state`, { state: 'KILLED' })
  })
})

describe('/proxy', () => {
  it('brings the pages of a running application’s master, and of no one else', async () => {
    const seen: string[] = []
    const master = http.createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`)
      if (request.url === '/away') response.writeHead(302, { location: '/there' }).end()
      else request.pipe(response.writeHead(200, { 'content-type': 'text/plain' }))
    })
    await new Promise<void>((resolve) => master.listen(0, '127.0.0.1', resolve))
    const { port } = master.address() as { port: number }
    const before = node.started.length
    const id = await newId()
    await post('/apps', submission(id))
    await node.heartbeat()
    await node.until(() => node.started.length > before)
    expect((await call('GET', `/proxy/${id}/`)).headers.get('location')).toBe(`${rm.web}/cluster/app/${id}`)
    await connectMaster(rm, amRmToken(node.started.at(-1)!)).registerApplicationMaster({ host: 'h', rpcPort: 1, trackingUrl: `http://localhost:${port}` })
    expect((await call('POST', `/proxy/${id}/jobs/1?x=y`, '{"a":1}')).text).toBe('{"a":1}')
    expect((await call('GET', `/proxy/${id}/away`)).headers.get('location')).toBe(`/proxy/${id}/there`)
    expect(seen).toEqual(['POST /jobs/1?x=y', 'GET /away'])
    await put(`/apps/${id}/state`, { state: 'KILLED' })
    await new Promise((resolve) => master.close(resolve))
  })
})

describe('the scheduler’s configuration', () => {
  it('is not to be changed where it is a file', async () => {
    expect(await get('/scheduler-conf')).toMatchObject({
      status: 400,
      text: expect.stringMatching(/^This API only supports to retrieve scheduler configuration/),
    })
  })

  it('is changed, checked and kept where it is in the store', async () => {
    const own = new Folder({ 'yarn.scheduler.configuration.store.class': 'fs', 'yarn.admin.acl': '*' })
    let other = await TestRm.start(own)
    const at = async (method: string, path: string, body?: unknown, type = 'application/json') => {
      const answer = await fetch(`${other.web}/ws/v1/cluster${path}`, {
        method,
        ...(body !== undefined && { headers: { 'content-type': type }, body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      return { status: answer.status, text: await answer.text() }
    }
    const change = {
      // As Hadoop's own client sends what there is none of.
      'remove-queue': null,
      'global-updates': null,
      'add-queue': { 'queue-name': 'root.new', params: { entry: [{ key: 'capacity', value: '20' }] } },
      'update-queue': [
        { 'queue-name': 'root.default', params: { entry: { key: 'capacity', value: '40' } } },
        { 'queue-name': 'root.hive', params: { entry: { key: 'capacity', value: '40' } } },
      ],
    }
    expect(await at('POST', '/scheduler-conf/validate', change)).toMatchObject({ status: 200 })
    expect(
      await at('PUT', '/scheduler-conf', { 'update-queue': { 'queue-name': 'root.hive', params: { entry: { key: 'capacity', value: '90' } } } }),
    ).toMatchObject({
      status: 400,
    })
    expect(await at('PUT', '/scheduler-conf', change)).toEqual({ status: 200, text: 'Configuration change successfully applied.' })
    expect((await at('GET', '/scheduler')).text).toContain('"queueName":"new"')
    await other.stop()
    other = await TestRm.start(own)
    expect((await at('GET', '/scheduler')).text).toContain('"queueName":"new"')
    expect(JSON.parse((await at('GET', '/scheduler-conf/version')).text)).toEqual({ versionID: '2' })
    const xml = `<sched-conf><remove-queue>root.new</remove-queue><update-queue><queue-name>root.default</queue-name>
      <params><entry><key>capacity</key><value>60</value></entry></params></update-queue></sched-conf>`
    const answer = await at('PUT', '/scheduler-conf', xml, 'application/xml')
    expect(answer.text).not.toContain('successfully')
    await other.stop()
    own.remove()
  })
})

describe('where access lists are checked', () => {
  it('who may not see an application is told that there is one, and no more', async () => {
    const own = new Folder(
      { 'yarn.acl.enable': 'true', 'yarn.admin.acl': 'root', 'yarn.webapp.filter-entity-list-by-user': 'true' },
      {
        ...QUEUES,
        'yarn.scheduler.capacity.root.acl_submit_applications': ' ',
        'yarn.scheduler.capacity.root.acl_administer_queue': ' ',
        'yarn.scheduler.capacity.root.default.acl_submit_applications': '*',
      },
    )
    const other = await TestRm.start(own)
    const there = await new FakeNode(other).register()
    const id = await submit(other, { applicationName: 'secret' })
    await there.heartbeat()
    await there.until(() => there.started.length > 0)
    const app = `application_${id.clusterTimestamp}_0001`
    const at = async (user: string, of: string) => {
      const answer = await fetch(`${other.web}${of}${of.includes('?') ? '&' : '?'}user.name=${user}`)
      return { status: answer.status, text: await answer.text() }
    }
    const seen = JSON.parse((await at('ann', `/ws/v1/cluster/apps/${app}`)).text).app
    expect(seen).toMatchObject({ masterNodeId: `localhost:${there.port}`, logAggregationStatus: 'DISABLED', runningContainers: 1 })
    const hidden = JSON.parse((await at('bob', `/ws/v1/cluster/apps/${app}`)).text).app
    expect(hidden).toMatchObject({ name: 'secret', state: 'ACCEPTED', masterNodeId: '', startedTime: 0, runningContainers: 0 })
    expect(hidden).not.toHaveProperty('amContainerLogs')
    const attempt = app.replace('application', 'appattempt')
    expect(await at('bob', `/ws/v1/cluster/apps/${app}/appattempts/${attempt}_000001`)).toMatchObject({ status: 403 })
    expect(await at('ann', `/ws/v1/cluster/apps/${app}/appattempts/${attempt}_000001`)).toMatchObject({ status: 200 })
    expect((await at('bob', '/ws/v1/cluster/apps')).text).toBe('{"apps":{}}')
    expect((await at('ann', '/ws/v1/cluster/apps')).text).toContain(app)
    expect((await at('bob', '/cluster')).text).not.toContain(app)
    expect((await at('ann', '/cluster')).text).toContain(app)
    expect((await at('bob', `/cluster/app/${app}`)).text).toContain('User bob may not see this application.')
    expect((await at('ann', `/cluster/app/${app}`)).text).toContain('Attempts')
    await there.stop()
    await other.stop()
    own.remove()
  })
})

describe('delegation tokens over REST', () => {
  it('are given, renewed by who may, and cancelled', async () => {
    const at = '/ws/v1/cluster/delegation-token'
    const { json } = await call('POST', `${at}?user.name=ann`, { renewer: 'bob' })
    expect(json).toMatchObject({ owner: 'ann', renewer: 'bob', kind: 'RM_DELEGATION_TOKEN' })
    const header = { 'Hadoop-YARN-RM-Delegation-Token': json.token }
    expect((await call('POST', `${at}/expiration?user.name=bob`, undefined, header)).json['expiration-time']).toBeGreaterThanOrEqual(json['expiration-time'])
    expect((await call('POST', `${at}/expiration?user.name=eve`, undefined, header)).status).toBe(403)
    expect((await call('DELETE', `${at}?user.name=ann`, undefined, header)).status).toBe(200)
    expect((await call('POST', `${at}/expiration?user.name=bob`, undefined, header)).status).toBe(403)
    expect((await call('DELETE', at)).status).toBe(400)
  })
})

describe('pages of other origins', () => {
  const allowed = async (headers: Record<string, string>, method = 'GET') => {
    const answer = await call(method, '/ws/v1/cluster/info', undefined, headers)
    expect(answer.status).toBe(200)
    return answer.headers.get('access-control-allow-origin')
  }

  it('may read what they are allowed to, asked before or not', async () => {
    for (const origin of ['http://good.example', 'https://a.board.example', 'http://localhost:3000']) expect(await allowed({ origin })).toBe(origin)
    for (const origin of ['http://bad.example', 'http://good.example.bad', 'http://localhost:x']) expect(await allowed({ origin })).toBeNull()
    expect(await allowed({})).toBeNull()
    const origin = 'http://good.example'
    const preflight = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'Content-Type, Accept' }
    expect(await allowed(preflight, 'OPTIONS')).toBe(origin)
    expect(await allowed({ ...preflight, 'access-control-request-method': 'PUT' }, 'OPTIONS')).toBeNull()
    expect(await allowed({ ...preflight, 'access-control-request-headers': 'X-Other' }, 'OPTIONS')).toBeNull()
  })
})

describe('metrics', () => {
  it('are beans under Hadoop’s names', async () => {
    const bean = async (query: string) => (await call('GET', `/jmx?${query}`)).json.beans[0]
    expect(await bean('get=Hadoop:service=ResourceManager,name=ClusterMetrics::NumActiveNMs')).toEqual({
      name: 'Hadoop:service=ResourceManager,name=ClusterMetrics',
      modelerType: 'ClusterMetrics',
      NumActiveNMs: 1,
    })
    expect(await bean('qry=Hadoop:service=ResourceManager,name=QueueMetrics,q0=root,q1=hive')).toMatchObject({ 'tag.Queue': 'root.hive', GuaranteedMB: 4096 })
    expect(JSON.parse((await bean('qry=Hadoop:service=ResourceManager,name=RMNMInfo')).LiveNodeManagers)).toMatchObject([{ NodeId: `localhost:${node.port}` }])
  })

  it('are there for Prometheus', async () => {
    const { text } = await call('GET', '/prom')
    expect(text).toContain('yarn_nodes{state="running"} 1')
    expect(text).toContain('yarn_memory_mib{state="total"} 8192')
  })
})
