/** What the REST interface offers, as a page for people (/docs) and as OpenAPI for programs (/docs/openapi.json). */
import type { FastifyInstance } from 'fastify'
import { HADOOP_VERSION } from '../rpc/tracker-service.js'
import { ANSWERS, BODIES, COMPONENTS, type Schema } from './schemas.js'

const BASE = '/ws/v1/cluster'

/** By method and path below /ws/v1/cluster: what it does, then what may be asked for with it. */
export const CALLS: Readonly<Record<string, readonly [summary: string, ...query: string[]]>> = {
  'GET ': ['The cluster: id, state, versions'],
  'GET /info': ['The cluster: id, state, versions'],
  'GET /metrics': ['Figures of the whole cluster'],
  'GET /scheduler': ['The queues, with all that the scheduler knows of them'],
  'GET /userinfo': ['Who asks, and as whom the ResourceManager runs'],
  'GET /nodes': ['The NodeManagers that may be used', 'states'],
  'GET /nodes/{node}': ['One NodeManager, as HOST:PORT'],
  'GET /nodes/{node}/resource': ['What a NodeManager has for containers'],
  'POST /nodes/{node}/resource': ['Sets what a NodeManager has for containers: {"resource": {"memory": MIB, "vCores": N}}'],
  'GET /nodes/{node}/get-labels': ['The labels of a node'],
  'POST /nodes/{node}/replace-labels': ['Gives a node other labels', 'labels'],
  'GET /apps': [
    'The applications',
    'states',
    'finalStatus',
    'user',
    'queue',
    'limit',
    'startedTimeBegin',
    'startedTimeEnd',
    'finishedTimeBegin',
    'finishedTimeEnd',
    'applicationTypes',
    'applicationTags',
    'name',
    'deSelects',
  ],
  'GET /appstatistics': ['How many applications there are by state', 'states', 'applicationTypes'],
  'POST /apps/new-application': ['An id for a new application, and the most that a container may have'],
  'POST /apps': ['Submits an application: the submission context as JSON or XML'],
  'GET /apps/{app}': ['One application'],
  'GET /apps/{app}/state': ['Its state'],
  'PUT /apps/{app}/state': ['Kills it: {"state": "KILLED"}'],
  'GET /apps/{app}/queue': ['Its queue'],
  'PUT /apps/{app}/queue': ['Moves it: {"queue": NAME}'],
  'GET /apps/{app}/priority': ['Its priority'],
  'PUT /apps/{app}/priority': ['Sets its priority: {"priority": N}'],
  'GET /apps/{app}/timeouts': ['When it must end'],
  'GET /apps/{app}/timeouts/{type}': ['When it must end, by type of time-out (LIFETIME)'],
  'PUT /apps/{app}/timeout': ['Sets when it must end: {"timeout": {"type": "LIFETIME", "expiryTime": "2031-01-01T00:00:00.000+0000"}}'],
  'GET /apps/{app}/appattempts': ['Its attempts'],
  'GET /apps/{app}/appattempts/{attempt}': ['One attempt'],
  'GET /apps/{app}/appattempts/{attempt}/containers': ['The containers of an attempt'],
  'GET /apps/{app}/appattempts/{attempt}/containers/{container}': ['One container'],
  'POST /containers/{container}/signal/{command}': ['Signals a container: OUTPUT_THREAD_DUMP, GRACEFUL_SHUTDOWN or FORCEFUL_SHUTDOWN'],
  'GET /scheduler/activities': ['What came of the last offer of a node, and records the next: ask twice', 'nodeId', 'groupBy'],
  'GET /scheduler/bulk-activities': ['The same of every node at once', 'activitiesCount', 'groupBy'],
  'GET /scheduler/app-activities/{app}': [
    'Why an application got what it got, or nothing: recorded for a few seconds from now on, ask twice',
    'maxTime',
    'requestPriorities',
    'allocationRequestIds',
    'groupBy',
    'limit',
    'actions',
    'summarize',
  ],
  'GET /scheduler-conf': ["The scheduler's configuration, where it can be changed"],
  'PUT /scheduler-conf': ['Changes it: queues added, removed, updated; global properties'],
  'POST /scheduler-conf/validate': ['Checks a change without making it'],
  'GET /scheduler-conf/version': ['How often it was changed'],
  'GET /scheduler-conf/format': ['Goes back to capacity-scheduler.xml'],
  'GET /get-node-labels': ['The labels of the cluster'],
  'GET /get-node-to-labels': ['Nodes with their labels'],
  'GET /label-mappings': ['Labels with their nodes', 'labels'],
  'POST /add-node-labels': ['Adds labels: {"nodeLabelInfo": [{"name": NAME, "exclusivity": true}]}'],
  'POST /remove-node-labels': ['Removes labels', 'labels'],
  'POST /replace-node-to-labels': ['Gives nodes other labels: {"nodeToLabels": [{"nodeId": HOST:PORT, "labels": [NAME]}]}'],
  'POST /delegation-token': ['A delegation token for who asks: {"renewer": USER}'],
  'POST /delegation-token/expiration': ['Renews the token in the header Hadoop-YARN-RM-Delegation-Token'],
  'DELETE /delegation-token': ['Cancels the token in the header Hadoop-YARN-RM-Delegation-Token'],
  'GET /queues/{queue}/access': ['Whether a user may use a queue', 'user', 'queue-acl-type'],
  'GET /reservation/list': ['Refused: the reservation system is off'],
  'POST /reservation/new-reservation': ['Refused: the reservation system is off'],
  'POST /reservation/submit': ['Refused: the reservation system is off'],
  'POST /reservation/update': ['Refused: the reservation system is off'],
  'POST /reservation/delete': ['Refused: the reservation system is off'],
}

function parts(call: string): { method: string; path: string; parameters: string[] } {
  const [method = '', below = ''] = call.split(' ', 2)
  return { method, path: BASE + below, parameters: [...below.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!) }
}

const content = (schema: Schema) => ({ 'application/json': { schema }, 'application/xml': { schema } })

export function openApi() {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [call, [summary, ...query]] of Object.entries(CALLS)) {
    const { method, path, parameters } = parts(call)
    const text = { schema: { type: 'string' } }
    paths[path] ??= {}
    paths[path][method.toLowerCase()] = {
      summary,
      parameters: [...parameters.map((name) => ({ name, in: 'path', required: true, ...text })), ...query.map((name) => ({ name, in: 'query', ...text }))],
      ...(BODIES[call] && { requestBody: { content: content(BODIES[call]) } }),
      responses: {
        ...(ANSWERS[call] && { 200: { description: 'JSON, or XML with Accept: application/xml', content: content(ANSWERS[call]) } }),
        default: { description: 'what is wrong', content: content({ $ref: '#/components/schemas/RemoteException' }) },
      },
    }
  }
  const info = { title: 'ResourceManager', version: HADOOP_VERSION, description: "YARN's ResourceManager REST interface" }
  return { openapi: '3.1.0', info, paths, components: { schemas: COMPONENTS } }
}

const escaped = (s: string) => s.replace(/&/g, '&amp;').replace(/</g, '&lt;')

/** What a schema describes, with the kinds in the places of values. */
function example(schema: Schema): unknown {
  if (typeof schema.$ref === 'string') return example(COMPONENTS[schema.$ref.replace(/^.*\//, '')]!)
  if (Array.isArray(schema.anyOf)) return example(schema.anyOf[0] as Schema)
  if (Array.isArray(schema.enum)) return schema.enum.join(' | ')
  const kind = Array.isArray(schema.type) ? schema.type[0] : schema.type
  if (kind === 'array') return [example((schema.items ?? {}) as Schema)]
  if (kind !== 'object') return kind ?? 'anything'
  return Object.fromEntries(Object.entries((schema.properties ?? {}) as Record<string, Schema>).map(([name, s]) => [name, example(s)]))
}

export function docRoutes(web: FastifyInstance): void {
  web.get('/docs/openapi.json', (_request, reply) => reply.send(openApi()))
  web.get('/docs', (_request, reply) => {
    const rows = Object.entries(CALLS).map(([call, [summary, ...query]]) => {
      const { method, path } = parts(call)
      const shown = method === 'GET' && !path.includes('{') ? `<a href="${path}">${path}</a>` : path
      const shape = (what: string, schema: Schema | undefined) =>
        schema === undefined ? '' : `<details><summary>${what}</summary><pre>${escaped(JSON.stringify(example(schema), null, 2))}</pre></details>`
      return `<section><h2><code>${method}</code> <code>${shown}</code></h2><p>${escaped(summary)}${
        query.length > 0 ? ` <small>?${query.join(' ?')}</small>` : ''
      }</p>${shape('takes', BODIES[call])}${shape('answers', ANSWERS[call])}</section>`
    })
    return reply
      .type('text/html; charset=utf-8')
      .send(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>REST</title><link rel="icon" href="data:,"><style>:root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;margin:1rem auto;padding:0 1rem;max-width:70rem;overflow-wrap:anywhere}h2{font-size:1rem;margin:1.3rem 0 0}p{margin:.1rem 0}pre{white-space:pre-wrap;border:1px solid #8885;border-radius:8px;padding:.6rem}summary{cursor:pointer;color:GrayText}</style>
<p><a href="/">Back to the pages</a></p><h1>REST</h1><p>As YARN's own ResourceManager REST interface; JSON, or XML with <code>Accept: application/xml</code>. <a href="/docs/openapi.json">OpenAPI</a></p>${rows.join('')}`)
  })
}
