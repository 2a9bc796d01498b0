/** Everything that is asked of both. */
import type { Lived } from './scenario.js'

export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly path: string
  /** JSON, or as text what is of another type. */
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
}

const get = (...paths: string[]): Call[] => paths.map((path) => ({ method: 'GET', path }))

/** Before there is any node or application. */
export const IDLE = get(
  '/',
  '/info',
  '/metrics',
  '/scheduler',
  '/nodes',
  '/apps',
  '/appstatistics',
  '/get-node-labels',
  '/get-node-to-labels',
  '/label-mappings',
  '/scheduler/activities',
  '/userinfo',
)

export function reads({ apps, attempt, container, nodes, gone }: Lived): Call[] {
  const node = `localhost:${nodes[0]!.port}`
  const one = `/apps/${apps.running}`
  const json = [
    ...get(
      '/info',
      '/metrics',
      '/scheduler',
      '/userinfo',
      '/nodes',
      '/nodes?states=RUNNING',
      '/nodes?states=LOST',
      '/nodes?states=wrong',
      `/nodes/${node}`,
      '/nodes/nohost:1',
      '/nodes/nohost',
    ),
    ...get(
      '/apps',
      '/apps?states=RUNNING',
      '/apps?states=FINISHED,KILLED',
      '/apps?state=RUNNING',
      '/apps?states=wrong',
      '/apps?finalStatus=SUCCEEDED',
      '/apps?finalStatus=wrong',
    ),
    ...get('/apps?user=ann', '/apps?user=nobody', '/apps?queue=main', '/apps?queue=root.main', '/apps?queue=nosuch', '/apps?limit=0', '/apps?limit=x'),
    ...get(
      '/apps?applicationTypes=MAPREDUCE,YARN',
      '/apps?applicationTags=one',
      '/apps?applicationTags=nosuch',
      '/apps?name=running',
      '/apps?deSelects=resourceRequests',
      '/apps?deSelects=resourceInfo',
      '/apps?deSelects=appTimeouts',
      '/apps?deSelects=wrong',
    ),
    ...get(
      '/apps?startedTimeBegin=1',
      '/apps?startedTimeEnd=1',
      '/apps?finishedTimeBegin=1',
      '/apps?startedTimeBegin=5&startedTimeEnd=1',
      '/apps?startedTimeBegin=-1',
    ),
    ...get(
      '/appstatistics',
      '/appstatistics?states=running',
      '/appstatistics?applicationTypes=YARN',
      '/appstatistics?applicationTypes=a,b',
      '/appstatistics?states=wrong',
    ),
    ...Object.values(apps).flatMap((id) =>
      get(`/apps/${id}`, `/apps/${id}/appattempts`, `/apps/${id}/state`, `/apps/${id}/queue`, `/apps/${id}/priority`, `/apps/${id}/timeouts`),
    ),
    ...get(
      `${one}/timeouts/LIFETIME`,
      `${one}/timeouts/wrong`,
      `${one}/appattempts/${attempt}`,
      `${one}/appattempts/wrong`,
      `${one}/appattempts/${attempt}/containers`,
    ),
    ...get(
      `${one}/appattempts/${attempt}/containers/${container}`,
      `${one}/appattempts/${attempt}/containers/wrong`,
      `/apps/${apps.finished}/appattempts/${attempt.replace(/_\d{4}_/, '_0001_')}/containers`,
    ),
    ...get(
      '/apps/application_1_0001',
      '/apps/wrong',
      '/apps/application_1_0001/state',
      '/apps/application_1_0001/appattempts',
      '/apps/application_1_0001/timeouts',
    ),
    ...get('/get-node-labels', '/get-node-to-labels', '/label-mappings', `/nodes/${node}/get-labels`, '/reservation/list?queue=main'),
    ...get(
      '/queues/main/access?user=ann&queue-acl-type=SUBMIT_APPLICATIONS&user.name=ann',
      '/queues/nosuch/access?user=ann&queue-acl-type=SUBMIT_APPLICATIONS&user.name=ann',
      '/queues/main/access?user=ann&queue-acl-type=wrong&user.name=ann',
    ),
    ...get('/scheduler-conf', '/scheduler-conf/version', '/nosuch'),
    // Given several times, with commas, in another case, or empty.
    ...get(
      '/apps?states=RUNNING&states=FINISHED',
      '/apps?states=running',
      '/apps?states=',
      '/apps?states=accepted,wrong',
      '/apps?state=FINISHED&states=RUNNING',
      '/apps?state=FINISHED,RUNNING',
      '/apps?applicationTypes=MAPREDUCE&applicationTypes=YARN',
      '/apps?applicationTypes=mapreduce',
      '/apps?applicationTags=one,flink',
      '/apps?applicationTags=one&applicationTags=flink',
      '/apps?applicationTags=ONE',
      '/apps?user=ann&user=bob',
      '/apps?user=',
      '/apps?queue=',
      '/apps?queue=hive',
      '/apps?queue=root',
      '/apps?queue=default',
      '/apps?name=',
      '/apps?name=RUNNING',
      '/apps?finalStatus=',
      '/apps?finalStatus=succeeded',
      '/apps?finalStatus=UNDEFINED',
      '/apps?limit=100',
      '/apps?limit=-1',
      '/apps?limit=',
    ),
    ...get(
      '/apps?startedTimeBegin=x',
      '/apps?startedTimeBegin=',
      '/apps?startedTimeEnd=-1',
      '/apps?finishedTimeBegin=x',
      '/apps?finishedTimeEnd=1',
      '/apps?finishedTimeEnd=-1',
      '/apps?finishedTimeBegin=5&finishedTimeEnd=1',
      '/apps?deSelects=all',
      '/apps?deSelects=resourceRequests,timeouts',
      '/apps?deSelects=resourceRequests&deSelects=timeouts',
      '/apps?deSelects=',
      `${one}?deSelects=all`,
      `${one}?deSelects=wrong`,
    ),
    ...get(
      '/appstatistics?states=running&states=killed',
      '/appstatistics?states=running,accepted&applicationTypes=MAPREDUCE',
      '/appstatistics?states=',
      '/appstatistics?applicationTypes=a&applicationTypes=b',
      '/appstatistics?applicationTypes=',
    ),
    ...get('/nodes?states=RUNNING,LOST', '/nodes?states=running', '/nodes?states=', '/nodes?states=SHUTDOWN', `/nodes/${gone}`, '/nodes/'),
    ...get(
      '/queues/main/access?user.name=ann',
      '/queues/main/access?user=ann&user.name=ann',
      '/queues/main/access?queue-acl-type=SUBMIT_APPLICATIONS&user.name=ann',
      '/queues/root.main/access?user=ann&queue-acl-type=ADMINISTER_QUEUE&user.name=ann',
      '/queues/main/access?user=bob&queue-acl-type=SUBMIT_APPLICATIONS&user.name=cid',
    ),
    ...get('/label-mappings?labels=x', '/nodes/wrong/get-labels', '/nodes/nohost:1/get-labels', '/reservation/list', '/reservation/list?queue=nosuch'),
    ...['state', 'queue', 'priority', 'timeouts', 'timeouts/LIFETIME', 'appattempts'].flatMap((of) =>
      get(`/apps/wrong/${of}`, `/apps/application_1_0001/${of}`),
    ),
    ...get(
      `/apps/${apps.finished}/appattempts/${attempt}`,
      `${one}/appattempts/${attempt.replace(/1$/, '9')}`,
      `${one}/appattempts/wrong/containers`,
      `${one}/appattempts/${attempt.replace(/1$/, '9')}/containers`,
      `${one}/appattempts/${attempt}/containers/${container.replace(/1$/, '9')}`,
      '/apps/application_1_0001/appattempts/wrong',
      '/apps/',
      '/info/',
      '/scheduler/nosuch',
    ),
    ...get(`/nodes/${node}/resource`),
  ]
  const xml = get(
    '/info',
    '/metrics',
    '/scheduler',
    '/nodes',
    `/nodes/${node}`,
    '/apps',
    one,
    `${one}/appattempts`,
    `${one}/appattempts/${attempt}`,
    `${one}/appattempts/${attempt}/containers`,
    `${one}/state`,
    `${one}/timeouts`,
    '/appstatistics',
    '/apps/wrong',
    '/userinfo',
    '/',
    '/apps?states=NEW',
    '/nodes?states=LOST',
    `${one}/queue`,
    `${one}/priority`,
    `${one}/timeouts/LIFETIME`,
    `${one}/appattempts/${attempt}/containers/${container}`,
    `/apps/${apps.finished}/appattempts`,
    '/get-node-labels',
    '/get-node-to-labels',
    '/label-mappings',
    `/nodes/${node}/get-labels`,
    '/queues/main/access?user=ann&queue-acl-type=SUBMIT_APPLICATIONS&user.name=ann',
    '/scheduler-conf/version',
    '/nosuch',
    '/apps?limit=x',
  )
  const accepts = ['*/*', 'text/xml', 'application/json, application/xml', 'application/xml;q=0.9, application/json;q=0.5', 'text/plain', 'text/html,*/*;q=0.8']
  const wrongMethods: Call[] = [
    { method: 'POST', path: '/info' },
    { method: 'DELETE', path: one },
    { method: 'PUT', path: '/nodes' },
  ]
  return [
    ...json,
    ...xml.map((c) => ({ ...c, accept: 'application/xml' })),
    ...accepts.map((accept): Call => ({ method: 'GET', path: '/info', accept })),
    ...wrongMethods,
  ]
}

/** Changes, and what is wrong with them; the last ones leave the running application killed. */
export function writes({ apps, container, nodes }: Lived): Call[] {
  const put = (path: string, body: unknown): Call => ({ method: 'PUT', path: `${path}?user.name=ann`, body })
  const post = (path: string, body: unknown): Call => ({ method: 'POST', path: path.includes('?') ? path : `${path}?user.name=ann`, body })
  const xml = (method: 'PUT' | 'POST', path: string, body: string): Call => ({ method, path: `${path}?user.name=ann`, body, contentType: 'application/xml' })
  const one = `/apps/${apps.running}`
  const fresh = apps.running.replace(/\d+$/, '9999')
  const wrongBodies: Call[] = ['state', 'queue', 'priority', 'timeout'].flatMap((of) => [
    { method: 'PUT', path: `${one}/${of}?user.name=ann`, body: '{', contentType: 'application/json' },
    { method: 'PUT', path: `${one}/${of}?user.name=ann`, body: 'x=y', contentType: 'application/x-www-form-urlencoded' },
    { method: 'PUT', path: `${one}/${of}?user.name=ann` },
  ])
  return [
    put(`${one}/priority`, { priority: 5 }),
    put(`${one}/priority`, { priority: 'x' }),
    put(`${one}/queue`, { queue: 'nosuch' }),
    put(`${one}/timeout`, { timeout: { type: 'LIFETIME', expiryTime: '2099-01-01T00:00:00.000+0000' } }),
    put(`${one}/timeout`, { timeout: { type: 'LIFETIME', expiryTime: '1999-01-01T00:00:00.000+0000' } }),
    put(`${one}/timeout`, { timeout: { type: 'LIFETIME' } }),
    put(`${one}/state`, { state: 'RUNNING' }),
    put(`/apps/${apps.finished}/state`, { state: 'KILLED' }),
    put(`/apps/${apps.finished}/queue`, { queue: 'hive' }),
    put(`/apps/${apps.finished}/priority`, { priority: 5 }),
    put('/apps/application_1_0001/state', { state: 'KILLED' }),
    post('/apps', { 'application-id': 'wrong' }),
    post('/apps', {}),
    post('/apps/new-application', undefined),
    post('/delegation-token', { renewer: 'bob' }),
    post('/delegation-token', {}),
    post('/delegation-token/expiration', undefined),
    post('/reservation/new-reservation', {}),
    post(`/containers/${container}/signal/OUTPUT_THREAD_DUMP`, undefined),
    post(`/containers/${container}/signal/WRONG`, undefined),
    post('/add-node-labels', { nodeLabelInfo: [{ name: 'x', exclusivity: true }] }),
    post(`/nodes/localhost:${nodes[0]!.port}/resource`, { resource: { memory: 4096, vCores: 4 } }),
    ...wrongBodies,
    post('/apps', submission(fresh, 'nosuch')),
    post('/apps', submission(apps.running, 'main')),
    xml('PUT', `${one}/priority`, '<applicationpriority><priority>3</priority></applicationpriority>'),
    xml('PUT', `${one}/timeout`, '<timeout><type>LIFETIME</type><expiryTime>2098-01-01T00:00:00.000+0000</expiryTime></timeout>'),
    put(`${one}/priority`, { priority: -1 }),
    put('/apps/application_1_0001/priority', { priority: 1 }),
    put('/apps/application_1_0001/queue', { queue: 'hive' }),
    put('/apps/application_1_0001/timeout', { timeout: { type: 'LIFETIME', expiryTime: '2099-01-01T00:00:00.000+0000' } }),
    put('/apps/wrong/state', { state: 'KILLED' }),
    put(`/apps/${apps.refused}/state`, { state: 'KILLED' }),
    put(`${one}/timeout`, { timeout: { type: 'WRONG', expiryTime: '2099-01-01T00:00:00.000+0000' } }),
    put(`${one}/timeout`, { timeout: { type: 'LIFETIME', expiryTime: 'tomorrow' } }),
    put(`${one}/queue`, {}),
    { method: 'PUT', path: `${one}/state`, body: { state: 'KILLED' } },
    post('/remove-node-labels?labels=x&user.name=ann', undefined),
    post('/replace-node-to-labels', { nodeToLabels: [{ nodeId: 'localhost:1', labels: ['x'] }] }),
    post(`/nodes/localhost:${nodes[0]!.port}/replace-labels?labels=x&user.name=ann`, undefined),
    post('/add-node-labels?user.name=cid', { nodeLabelInfo: [{ name: 'x', exclusivity: true }] }),
    post('/nodes/nohost:1/resource', { resource: { memory: 4096, vCores: 4 } }),
    post(`/nodes/localhost:${nodes[0]!.port}/resource?user.name=cid`, { resource: { memory: 4096, vCores: 4 } }),
    post('/containers/wrong/signal/OUTPUT_THREAD_DUMP', undefined),
    post(`/containers/${container.replace(/1$/, '9')}/signal/OUTPUT_THREAD_DUMP`, undefined),
    put('/scheduler-conf', { 'global-updates': {} }),
    { method: 'DELETE', path: '/delegation-token?user.name=ann' },
    put(`${one}/state`, { state: 'KILLED' }),
  ]
}

/** As in Hadoop's own documentation of the call. */
const submission = (id: string, queue: string) => ({
  'application-id': id,
  'application-name': 'rest',
  queue,
  'am-container-spec': { commands: { command: 'sleep 100' } },
  'max-app-attempts': 1,
  resource: { memory: 256, vCores: 1 },
  'application-type': 'YARN',
})

/** All who ask are one of the administrators, or ann. */
export async function ask(web: string, call: Call): Promise<{ status: number; type: string; text: string }> {
  const answer = await fetch(`${web}/ws/v1/cluster${call.path}`, {
    method: call.method,
    redirect: 'manual',
    headers: { accept: call.accept ?? 'application/json', ...(call.body !== undefined && { 'content-type': call.contentType ?? 'application/json' }) },
    ...(call.body !== undefined && { body: call.contentType ? String(call.body) : JSON.stringify(call.body) }),
  })
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() }
}
