/** Plain pages at / and /cluster, made on the server. */
import type { FastifyInstance } from 'fastify'
import { formatApplicationId, formatNodeId } from '../../common/records/ids.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { type RmWebOptions, applicationOf } from '../rest/context.js'

const escaped = (s: unknown) => String(s).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>body{font:14px system-ui,sans-serif;margin:1.5em}table{border-collapse:collapse}td,th{padding:.3em .8em;text-align:left;border-bottom:1px solid #ddd}nav a{margin-right:1em}</style>
<nav><a href="/cluster">Applications</a><a href="/cluster/nodes">Nodes</a><a href="/conf">Configuration</a><a href="/logs">Logs</a></nav>
<h1>${escaped(title)}</h1>${body}`
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((h) => `<th>${escaped(h)}`).join('')
  return `<table><tr>${head}${rows.map((r) => `<tr>${r.map((c) => `<td>${c}`).join('')}`).join('')}</table>`
}

export function pageRoutes(web: FastifyInstance, _options: RmWebOptions, requireActive: () => ResourceManager): void {
  const html = 'text/html; charset=utf-8'
  web.get('/', (_request, reply) => reply.redirect('/cluster', 302))
  web.get('/cluster', (_request, reply) => {
    const rm = requireActive()
    const rows = rm.core
      .applications(rm.clock.now())
      .reverse()
      .map((a) => {
        const id = formatApplicationId(a.applicationId)
        return [
          `<a href="/cluster/app/${id}">${id}</a>`,
          ...[a.user, a.name, a.applicationType, a.queue, a.yarnState, a.finalStatus, `${Math.round(a.progress * 100)}%`].map(escaped),
          `<a href="/proxy/${id}/">Tracking</a>`,
        ]
      })
    reply.type(html).send(page('Applications', table(['Id', 'User', 'Name', 'Type', 'Queue', 'State', 'Final status', 'Progress', ''], rows)))
  })
  web.get('/cluster/nodes', (_request, reply) => {
    const rm = requireActive()
    const rows = rm.core
      .nodes()
      .map((n) => [
        escaped(formatNodeId(n.nodeId)),
        ...[n.state, n.rack, n.numContainers, `${n.used.memory} of ${n.capability.memory} MiB`, `${n.used.vcores} of ${n.capability.vcores}`].map(escaped),
        `<a href="http://${escaped(n.httpAddress)}/">${escaped(n.httpAddress)}</a>`,
      ])
    reply.type(html).send(page('Nodes', table(['Node', 'State', 'Rack', 'Containers', 'Memory', 'Vcores', 'Web'], rows)))
  })
  web.get<{ Params: { app: string } }>('/cluster/app/:app', (request, reply) => {
    const rm = requireActive()
    const a = applicationOf(rm, request.params.app)
    const rows = [
      ['Name', a.name],
      ['User', a.user],
      ['Queue', a.queue],
      ['State', a.yarnState],
      ['Final status', a.finalStatus],
      ['Diagnostics', a.diagnostics],
      ['Attempts', (rm.core.attempts(a.applicationId) ?? []).map((t) => `${t.attemptId.attemptId}: ${t.state}`).join(', ')],
    ].map((r) => r.map(escaped))
    reply.type(html).send(page(request.params.app, table([], rows)))
  })
}
