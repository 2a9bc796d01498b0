/** Everything that is asked of both. */
import type { Lived } from './scenario.js'

export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
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

export function reads({ apps, attempt, container, nodes }: Lived): Call[] {
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
  )
  return [...json, ...xml.map((c) => ({ ...c, accept: 'application/xml' }))]
}

/** Changes, and what is wrong with them; the last ones leave the running application killed. */
export function writes({ apps, container, nodes }: Lived): Call[] {
  const put = (path: string, body: unknown): Call => ({ method: 'PUT', path: `${path}?user.name=ann`, body })
  const post = (path: string, body: unknown): Call => ({ method: 'POST', path: path.includes('?') ? path : `${path}?user.name=ann`, body })
  const one = `/apps/${apps.running}`
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
    put(`${one}/state`, { state: 'KILLED' }),
  ]
}

/** All who ask are one of the administrators, or ann. */
export async function ask(web: string, call: Call): Promise<{ status: number; type: string; text: string }> {
  const answer = await fetch(`${web}/ws/v1/cluster${call.path}`, {
    method: call.method,
    redirect: 'manual',
    headers: { accept: call.accept ?? 'application/json', ...(call.body !== undefined && { 'content-type': 'application/json' }) },
    ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
  })
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() }
}
