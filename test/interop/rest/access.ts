/** What is asked where not everybody may see and do everything, nodes have labels, and the scheduler's configuration can be changed. */
import os from 'node:os'
import type { Call } from './calls.js'
import type { Lived } from './scenario.js'

const ADMIN = os.userInfo().username
const as = (user: string, path: string) => `${path}${path.includes('?') ? '&' : '?'}user.name=${user}`
const get = (user: string, ...paths: string[]): Call[] => paths.map((path) => ({ method: 'GET', path: user === '' ? path : as(user, path) }))
const send = (method: 'PUT' | 'POST', user: string, path: string, body?: unknown): Call => ({ method, path: as(user, path), body })
const xml = (method: 'PUT' | 'POST', user: string, path: string, body: string): Call => ({
  method,
  path: as(user, path),
  body,
  contentType: 'application/xml',
})

/** The owner, one who administers the queue, one who may nothing, an administrator, and nobody in particular. */
export function ofOthers({ apps, attempt, container }: Lived): Call[] {
  const one = `/apps/${apps.running}`
  const seen = ['ann', 'cid', 'bob', ADMIN, ''].flatMap((user) => [
    ...get(user, '/apps', one, `${one}/appattempts`, `${one}/appattempts/${attempt}`, `${one}/appattempts/${attempt}/containers`),
    ...get(user, `${one}/appattempts/${attempt}/containers/${container}`, `${one}/state`, `${one}/timeouts`, `/apps/${apps.finished}`),
    ...get(user, '/queues/main/access?user=bob', '/queues/main/access?user=ann&queue-acl-type=SUBMIT_APPLICATIONS'),
  ])
  const refused = ['bob'].flatMap((user) => [
    send('PUT', user, `${one}/state`, { state: 'KILLED' }),
    send('PUT', user, `${one}/queue`, { queue: 'hive' }),
    send('PUT', user, `${one}/priority`, { priority: 3 }),
    send('PUT', user, `${one}/timeout`, { timeout: { type: 'LIFETIME', expiryTime: '2099-01-01T00:00:00.000+0000' } }),
    send('POST', user, `/containers/${container}/signal/OUTPUT_THREAD_DUMP`),
  ])
  return [...seen, ...refused]
}

export function labels({ nodes }: Lived): Call[] {
  const node = `localhost:${nodes[0]!.port}`
  const all = get('', '/get-node-labels', '/get-node-to-labels', '/label-mappings', '/label-mappings?labels=x', `/nodes/${node}/get-labels`)
  const look = [...all, ...all.map((c): Call => ({ ...c, accept: 'application/xml' }))]
  return [
    send('POST', 'bob', '/add-node-labels', { nodeLabelInfo: [{ name: 'x', exclusivity: true }] }),
    send('POST', ADMIN, '/add-node-labels', {
      nodeLabelInfo: [
        { name: 'x', exclusivity: true },
        { name: 'y', exclusivity: false },
      ],
    }),
    ...look,
    send('POST', ADMIN, '/add-node-labels', { nodeLabelInfo: [{ name: 'x', exclusivity: false }] }),
    send('POST', ADMIN, '/add-node-labels', { nodeLabelInfo: [{ name: 'not a name', exclusivity: true }] }),
    xml('POST', ADMIN, '/add-node-labels', '<nodeLabelsInfo><nodeLabelInfo><name>z</name><exclusivity>true</exclusivity></nodeLabelInfo></nodeLabelsInfo>'),
    send('POST', ADMIN, '/replace-node-to-labels', { nodeToLabels: [{ nodeId: node, labels: ['x'] }] }),
    ...look,
    send('POST', ADMIN, `/nodes/${node}/replace-labels?labels=y`),
    ...look,
    send('POST', ADMIN, `/nodes/${node}/replace-labels?labels=nosuch`),
    send('POST', ADMIN, '/replace-node-to-labels', { nodeToLabels: [{ nodeId: node, labels: ['x', 'y'] }] }),
    send('POST', 'bob', `/nodes/${node}/replace-labels?labels=y`),
    send('POST', ADMIN, '/remove-node-labels?labels=nosuch'),
    send('POST', 'bob', '/remove-node-labels?labels=x'),
    send('POST', ADMIN, '/remove-node-labels?labels=x&labels=z'),
    send('POST', ADMIN, `/nodes/${node}/replace-labels?labels=`),
    ...look,
  ]
}

export function schedulerConf(): Call[] {
  const update = (queue: string, key: string, value: string) => ({ 'queue-name': queue, params: { entry: [{ key, value }] } })
  const whole = { 'update-queue': [update('root.hive', 'maximum-capacity', '60')] }
  const added = {
    'add-queue': [update('root.new', 'capacity', '20')],
    'update-queue': [update('root.main', 'capacity', '40'), update('root.hive', 'capacity', '40')],
  }
  const change = (body: unknown) => send('PUT', ADMIN, '/scheduler-conf', body)
  const version = get(ADMIN, '/scheduler-conf/version')
  return [
    ...version,
    ...get('bob', '/scheduler-conf', '/scheduler-conf/version', '/scheduler-conf/format'),
    send('PUT', 'bob', '/scheduler-conf', whole),
    send('POST', 'bob', '/scheduler-conf/validate', whole),
    change(whole),
    ...version,
    change({ 'update-queue': [update('root.hive', 'capacity', '90')] }),
    change({ 'update-queue': [update('root.nosuch', 'capacity', '90')] }),
    change({ 'remove-queue': ['root.hive'] }),
    change({ 'global-updates': [{ entry: [{ key: 'yarn.scheduler.capacity.maximum-applications', value: '50' }] }] }),
    change(added),
    ...get('', '/scheduler'),
    ...version,
    { ...version[0]!, accept: 'application/xml' },
    xml(
      'PUT',
      ADMIN,
      '/scheduler-conf',
      '<sched-conf><update-queue><queue-name>root.new</queue-name><params><entry><key>maximum-capacity</key><value>30</value></entry></params></update-queue></sched-conf>',
    ),
    send('POST', ADMIN, '/scheduler-conf/validate', { 'update-queue': [update('root.hive', 'capacity', '90')] }),
    ...get('', '/scheduler'),
  ]
}
