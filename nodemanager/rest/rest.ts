/** /ws/v1/node and the pages below /node. Routes only: what they show is made in views and pages. */
import { closeSync, openSync, readSync } from 'node:fs'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { formatApplicationId, formatNodeId, parseApplicationId, parseContainerId } from '../../common/records/ids.js'
import { containerLogFiles, type LogFile } from '../logs/local.js'
import { javaDate } from '../logs/aggregation.js'
import type { LocalDirs } from '../monitor/disks.js'
import type { ContainerManager } from '../runtime/container-manager.js'
import { logText, parseSize } from './container-logs.js'
import { badRequest, notFound, sendError } from './errors.js'
import { escapeHtml, grid, logList, page, table } from './pages.js'
import { type NodeView, appView, containerView, nodeInfo } from './views.js'
import { toXml } from './xml.js'

export interface RestParts {
  readonly manager: ContainerManager
  readonly dirs: LocalDirs
  readonly node: () => NodeView
  /** HOST:PORT of the ResourceManager's web address. */
  readonly rmWeb: string
}

type Params = { id: string; file: string; user: string }
const APPLICATION_STATES = ['NEW', 'INITING', 'RUNNING', 'FINISHING_CONTAINERS_WAIT', 'APPLICATION_RESOURCES_CLEANINGUP', 'FINISHED']

export function addRoutes(web: FastifyInstance, parts: RestParts): void {
  web.setErrorHandler((e, _request, reply) => sendError(reply, e))
  web.get('/', (request, reply) => reply.code(302).type('text/plain;charset=utf-8').header('Location', `http://${request.host}/node`).send())
  addServices(web, parts)
  addPages(web, parts)
}

function send(request: FastifyRequest, reply: FastifyReply, value: Record<string, unknown>) {
  const accept = request.headers.accept ?? ''
  if (/xml/.test(accept) && !/json/.test(accept)) return reply.type('application/xml;charset=utf-8').send(toXml(value))
  return reply.type('application/json;charset=utf-8').send(JSON.stringify(value))
}

/** @returns the container's name in its usual form, and its application's */
function parseContainer(text: string): { id: string; app: string } {
  try {
    return { id: text, app: formatApplicationId(parseContainerId(text).applicationAttemptId.applicationId) }
  } catch {
    throw badRequest(`invalid container id, ${text}`)
  }
}

function addServices(web: FastifyInstance, { manager, dirs, node }: RestParts): void {
  const logFiles = (id: string): LogFile[] | undefined => {
    const { app } = parseContainer(id)
    return containerLogFiles(dirs, app, id)
  }
  const get = (path: string, handler: (request: FastifyRequest, reply: FastifyReply) => unknown) => web.get(`/ws/v1/node${path}`, handler)
  const info = (request: FastifyRequest, reply: FastifyReply) => send(request, reply, nodeInfo(node()))
  get('', info)
  get('/info', info)
  get('/apps', (request, reply) => {
    const { state, user } = request.query as { state?: string; user?: string }
    if (state !== undefined && !APPLICATION_STATES.includes(state.toUpperCase())) throw badRequest(`Error: You must specify a valid state: ${state}`)
    if (user === '') throw badRequest('Error: You must specify a non-empty string for the user')
    const app = [...manager.applications.values()]
      .filter((a) => (state === undefined || a.life.state === state.toUpperCase()) && (user === undefined || a.user === user))
      .map((a) => appView(a, manager.containers.values()))
    return send(request, reply, { apps: app.length > 0 ? { app } : {} })
  })
  get('/apps/:id', (request, reply) => {
    const { id } = request.params as Params
    try {
      parseApplicationId(id)
    } catch (e) {
      throw badRequest((e as Error).message)
    }
    const app = manager.applications.get(id)
    if (!app) throw notFound(`app with id ${id} not found`)
    return send(request, reply, { app: appView(app, manager.containers.values()) })
  })
  get('/containers', (request, reply) => {
    const container = [...manager.containers.values()].map((c) => containerView(c, node(), logFiles(c.containerId)))
    return send(request, reply, { containers: container.length > 0 ? { container } : {} })
  })
  get('/containers/:id', (request, reply) => {
    const { id } = request.params as Params
    parseContainer(id)
    const c = manager.containers.get(id)
    if (!c) throw notFound(`container with id, ${id}, not found`)
    return send(request, reply, { container: containerView(c, node(), logFiles(id)) })
  })
  get('/containers/:id/logs', (request, reply) => {
    const { id } = request.params as Params
    const files = logFiles(id)
    if (!files) throw notFound(`container with id, ${id}, not found`)
    const containerLogInfo = files.map((f) => ({ fileName: f.name, fileSize: String(f.size), lastModifiedTime: javaDate(f.modified) }))
    return send(request, reply, {
      containerLogsInfo: { containerLogInfo, logAggregationType: 'LOCAL', containerId: id, nodeId: formatNodeId(node().nodeId) },
    })
  })
  const logFile = (request: FastifyRequest, reply: FastifyReply) => {
    const { id, file: name } = request.params as Params
    const { size } = request.query as { size?: string }
    const file = logFiles(id)?.find((f) => f.name === name)
    if (!file) throw notFound(`Cannot find the log file:${name} for the container:${id} on NodeManager ${formatNodeId(node().nodeId)}`)
    const c = manager.containers.get(id)
    const text = logText({
      containerId: id,
      nodeId: formatNodeId(node().nodeId),
      running: c !== undefined && c.life.state !== 'DONE',
      file,
      size: parseSize(size),
    })
    return reply
      .type('text/plain;charset=utf-8')
      .header('X-Content-Type-Options', 'nosniff')
      .send(Readable.from(text, { objectMode: false }))
  }
  get('/containers/:id/logs/:file', logFile)
  get('/containerlogs/:id/:file', logFile)
  get('/auxiliaryservices', () => {
    throw badRequest('Auxiliary services manifest is not enabled')
  })
  get('/resources/:id', (request, reply) => send(request, reply, {}))
}

function addPages(web: FastifyInstance, { manager, dirs, node, rmWeb }: RestParts): void {
  const html = (reply: FastifyReply, title: string, body: string) => reply.type('text/html;charset=utf-8').send(page(title, rmWeb, body))
  const containerLink = (id: string) => `<a href="/node/container/${id}">${id}</a>`
  const nodePage = (_request: FastifyRequest, reply: FastifyReply) => {
    const { nodeInfo: info } = nodeInfo(node())
    return html(reply, `NodeManager information for ${info.id}`, table(Object.entries(info).map(([k, v]) => [k, escapeHtml(String(v))] as const)))
  }
  web.get('/node', nodePage)
  web.get('/node/node', nodePage)
  web.get('/node/allApplications', (_request, reply) =>
    html(
      reply,
      'Applications running on this node',
      grid(
        ['ApplicationId', 'ApplicationState', 'User'],
        [...manager.applications.values()].map((a) => [`<a href="/node/application/${a.name}">${a.name}</a>`, a.life.state, escapeHtml(a.user)]),
      ),
    ),
  )
  web.get('/node/application/:id', (request, reply) => {
    const { id } = request.params as Params
    const app = manager.applications.get(id)
    if (!app) throw notFound(`app with id ${id} not found`)
    const containers = [...manager.containers.values()].filter((c) => c.applicationId === id).map((c) => [containerLink(c.containerId), c.life.state])
    return html(
      reply,
      `Application ${id}`,
      `${table([
        ['State', app.life.state],
        ['User', escapeHtml(app.user)],
      ])}${grid(['Container', 'State'], containers)}`,
    )
  })
  web.get('/node/allContainers', (_request, reply) =>
    html(
      reply,
      'All containers running on this node',
      grid(
        ['ContainerId', 'ContainerState', 'logs'],
        [...manager.containers.values()].map((c) => [
          containerLink(c.containerId),
          c.life.state,
          `<a href="/node/containerlogs/${c.containerId}/${encodeURIComponent(c.user)}">logs</a>`,
        ]),
      ),
    ),
  )
  web.get('/node/container/:id', (request, reply) => {
    const { id } = request.params as Params
    const c = manager.containers.get(id)
    if (!c) throw notFound(`container with id, ${id}, not found`)
    const view = containerView(c, node(), containerLogFiles(dirs, c.applicationId, id))
    return html(reply, `Container ${id}`, table(Object.entries(view).map(([k, v]) => [k, escapeHtml(String(v))] as const)))
  })
  const logsOf = (id: string) => containerLogFiles(dirs, parseContainer(id).app, id)
  const gone = (id: string) =>
    `<p>Logs not available for ${escapeHtml(id)}. Aggregation may not be complete, Check back later or try the command yarn logs -applicationId ${escapeHtml(parseContainer(id).app)}</p>`
  web.get('/node/containerlogs/:id/:user', (request, reply) => {
    const { id, user } = request.params as Params
    const files = logsOf(id)
    return html(reply, `Logs for ${id}`, files ? logList(id, user, files) : gone(id))
  })
  web.get('/node/containerlogs/:id/:user/:file', (request, reply) => {
    const { id, user, file: name } = request.params as Params
    const { start, end } = request.query as { start?: string; end?: string }
    const file = logsOf(id)?.find((f) => f.name === name)
    if (!file) return html(reply.code(404), `Logs for ${id}`, gone(id))
    const from = offset(start, file.size, 0)
    const to = offset(end, file.size, file.size)
    const all = `/node/containerlogs/${id}/${encodeURIComponent(user)}/${encodeURIComponent(name)}/?start=0`
    const note = from > 0 ? `<p>Showing ${to - from} bytes of ${file.size} total. Click <a href="${all}">here</a> for the full log.</p>` : ''
    return html(reply, `Logs for ${id}`, `${note}<pre>${escapeHtml(readRange(file.path, from, to))}</pre>`)
  })
}

/** An offset from the front, or from the end when negative. */
function offset(text: string | undefined, size: number, fallback: number): number {
  const n = parseSize(text)
  if (n === undefined) return fallback
  return Math.min(size, Math.max(0, n < 0 ? size + n : n))
}

const MOST_SHOWN = 16 * 2 ** 20

function readRange(file: string, from: number, to: number): string {
  const buffer = Buffer.alloc(Math.min(Math.max(0, to - from), MOST_SHOWN))
  const fd = openSync(file, 'r')
  try {
    return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, from)).toString('utf8')
  } finally {
    closeSync(fd)
  }
}
