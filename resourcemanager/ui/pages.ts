/** The pages that people read: applications, one of them, nodes, queues, the cluster. Made on the server, kept fresh by a small script. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { yarn } from '../../common/config/keys/yarn.js'
import { formatApplicationId, parseAttemptId, parseContainerId } from '../../common/records/ids.js'
import { type RmWebOptions, applicationOf, callerOf, firstOf, queryOf } from '../rest/context.js'
import type { ApplicationSummary } from '../core/index.js'
import { HADOOP_VERSION } from '../rpc/tracker-service.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { application, watch } from './application.js'
import { applications, clusterTiles } from './applications.js'
import { type Html, definitions, html, time } from './html.js'
import { assetRoutes, send } from './layout.js'
import { ListView } from './list.js'
import { nodes } from './nodes.js'
import { queues } from './queues.js'

export function pageRoutes(web: FastifyInstance, options: RmWebOptions, requireActive: () => ResourceManager): void {
  assetRoutes(web)
  /** Of which applications a list may tell. */
  const visible = (request: FastifyRequest) => {
    if (!options.settings.conf.get(yarn.filterByUser)) return () => true
    const caller = callerOf(request, options)
    return (a: ApplicationSummary) => requireActive().core.mayAccess(caller, a.applicationId, 'VIEW_APP')
  }
  web.get('/', (_request, reply) => reply.redirect('/cluster', 302))
  web.get('/cluster', (request, reply) =>
    send(request, reply, {
      title: 'Applications',
      under: '/cluster',
      body: applications(requireActive(), undefined, viewOf(request, '/cluster'), visible(request)),
    }),
  )
  web.get<{ Params: { state: string } }>('/cluster/apps/:state', (request, reply) => {
    const { state } = request.params
    const view = viewOf(request, `/cluster/apps/${encodeURIComponent(state)}`)
    return send(request, reply, { title: `${state} applications`, under: '/cluster', body: applications(requireActive(), state, view, visible(request)) })
  })
  web.get('/cluster/apps', (_request, reply) => reply.redirect('/cluster', 302))
  web.get<{ Params: { app: string } }>('/cluster/app/:app', async (request, reply) => {
    const rm = requireActive()
    const app = applicationOf(rm, request.params.app)
    const caller = callerOf(request, options)
    if (!rm.core.mayAccess(caller, app.applicationId, 'VIEW_APP')) {
      const body = html`<h1>${app.name}</h1><p class="empty">User ${caller.user} may not see this application.</p>`
      return send(request, reply, { title: app.name, under: '/cluster', body })
    }
    await watch(rm, app)
    return send(request, reply, { title: app.name, under: '/cluster', body: application(rm, app) })
  })
  // Attempts and containers are part of their application's page.
  web.get<{ Params: { attempt: string } }>('/cluster/appattempt/:attempt', (request, reply) => {
    const { applicationId } = parseAttemptId(request.params.attempt)
    return reply.redirect(`/cluster/app/${formatApplicationId(applicationId)}#${request.params.attempt}`, 302)
  })
  web.get<{ Params: { container: string } }>('/cluster/container/:container', (request, reply) => {
    const { applicationId } = parseContainerId(request.params.container).applicationAttemptId
    return reply.redirect(`/cluster/app/${formatApplicationId(applicationId)}#${request.params.container}`, 302)
  })
  web.get('/cluster/nodes', (request, reply) => {
    const view = viewOf(request, '/cluster/nodes')
    return send(request, reply, { title: 'Nodes', under: '/cluster/nodes', body: nodes(requireActive(), view.query.state, view) })
  })
  web.get('/cluster/scheduler', (request, reply) => send(request, reply, { title: 'Queues', under: '/cluster/scheduler', body: queues(requireActive()) }))
  web.get('/cluster/cluster', (request, reply) => send(request, reply, { title: 'About', under: '/cluster/cluster', body: about(requireActive(), options) }))
}

/** What is given several times counts once. */
const viewOf = (request: FastifyRequest, path: string) =>
  new ListView(path, Object.fromEntries(Object.entries(queryOf(request)).map(([name, value]) => [name, firstOf(value)])))

function about(rm: ResourceManager, options: RmWebOptions): Html {
  const { settings } = options
  const link = (path: string, text: string) => html`<li><a href="${path}">${text}</a></li>`
  return html`<h1>About this cluster</h1>${clusterTiles(rm)}${definitions([
    ['Cluster id', rm.clusterTimestamp],
    ['This process since', time(options.startedAt)],
    ['Active since', time(rm.clusterTimestamp)],
    ['Member', settings.id],
    ['Scheduler', rm.schedulerClass.replace(/^.*\./, '')],
    ['Speaks as Hadoop', HADOOP_VERSION],
    ['State store', settings.storeDir ?? 'none: nothing survives a restart'],
    ['Resource types', settings.resourceTypes.map((t) => t.name).join(', ')],
  ])}<h2>For programs</h2><ul>${link('/docs', 'REST, with examples of every body')}${link('/prom', 'Figures for Prometheus')}${link('/jmx', 'Figures as JMX beans')}${link(
    '/conf',
    'Configuration in force',
  )}${link('/logs', 'Logs of this process')}</ul>`
}
