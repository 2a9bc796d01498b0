/** The pages that people read: applications, one of them, nodes, queues. Made on the server, kept fresh by a few lines of script. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { formatApplicationId, formatAttemptId, formatContainerId, formatNodeId } from '../../common/records/ids.js'
import { type Resource, formatResource } from '../../common/records/resource.js'
import { YARN_APPLICATION_STATES } from '../../common/records/states.js'
import type { ApplicationReport, QueueReport } from '../core/index.js'
import { type RmWebOptions, applicationOf } from '../rest/context.js'
import { HADOOP_VERSION } from '../rpc/tracker-service.js'
import { logUrl } from '../rpc/reports.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { type Html, bar, definitions, duration, html, page, table, time } from './html.js'

/** Applications of one page: more than a person reads, few enough to be quick with many thousands. */
const PAGE_SIZE = 100

export function pageRoutes(web: FastifyInstance, options: RmWebOptions, requireActive: () => ResourceManager): void {
  const send = (reply: FastifyReply, title: string, body: Html) => reply.type('text/html; charset=utf-8').send(page(title, body))

  web.get('/', (_request, reply) => reply.redirect('/cluster', 302))
  web.get<{ Querystring: { page?: string } }>('/cluster', (request, reply) =>
    send(reply, 'Applications', applications(requireActive(), undefined, request.query.page)),
  )
  web.get<{ Params: { state: string }; Querystring: { page?: string } }>('/cluster/apps/:state', (request, reply) =>
    send(reply, `${request.params.state} applications`, applications(requireActive(), request.params.state, request.query.page)),
  )
  web.get('/cluster/apps', (_request, reply) => reply.redirect('/cluster', 302))
  web.get<{ Params: { app: string } }>('/cluster/app/:app', (request, reply) => {
    const rm = requireActive()
    return send(reply, request.params.app, application(rm, applicationOf(rm, request.params.app)))
  })
  web.get('/cluster/nodes', (_request, reply) => send(reply, 'Nodes', nodes(requireActive())))
  web.get('/cluster/scheduler', (_request, reply) => send(reply, 'Queues', queues(requireActive())))
  web.get('/cluster/cluster', (_request, reply) => send(reply, 'About this cluster', about(requireActive(), options)))
}

function tiles(rm: ResourceManager): Html {
  const m = rm.core.metrics()
  const tile = (value: number | string, what: string) => html`<span><b>${value}</b>${what}</span>`
  return html`<div class="tiles">${tile(m.appsRunning, 'running')}${tile(m.appsPending, 'pending')}${tile(m.containersAllocated, 'containers')}${tile(
    `${m.allocated.memory} / ${m.total.memory}`,
    'MiB',
  )}${tile(`${m.allocated.vcores} / ${m.total.vcores}`, 'vcores')}${tile(m.nodes.RUNNING, 'nodes')}</div>`
}

function applications(rm: ResourceManager, state: string | undefined, pageText: string | undefined): Html {
  const now = rm.clock.now()
  const all = rm.core.applications(now).reverse()
  const chosen = state === undefined ? all : all.filter((a) => a.yarnState === state)
  const at = Math.max(Math.trunc(Number(pageText ?? 0)) || 0, 0)
  const shown = chosen.slice(at * PAGE_SIZE, (at + 1) * PAGE_SIZE)
  const counts = YARN_APPLICATION_STATES.map((s) => [s, all.filter((a) => a.yarnState === s).length] as const).filter(([s, n]) => n > 0 || s === state)
  const here = state === undefined ? '/cluster' : `/cluster/apps/${state}`
  const rows = shown.map((a) => {
    const id = formatApplicationId(a.applicationId)
    return [
      html`<a href="/cluster/app/${id}">${id}</a>`,
      a.user,
      a.name,
      a.applicationType,
      a.queue,
      html`<span class="${a.yarnState}">${a.yarnState}</span>`,
      a.finalStatus,
      `${Math.round(a.progress * 100)} %`,
      time(a.startTime),
      duration((a.finishTime || now) - a.startTime),
      tracking(a, id),
    ]
  })
  const pages = Math.ceil(chosen.length / PAGE_SIZE)
  return html`${tiles(rm)}
<p><a href="/cluster">all ${all.length}</a> ${counts.map(([s, n]) => html` · <a href="/cluster/apps/${s}">${s} ${n}</a>`)}</p>
${table(['Id', 'User', 'Name', 'Type', 'Queue', 'State', 'Final status', 'Progress', 'Started', 'Time', 'Tracking'], rows, 'No applications.')}
${pages > 1 ? html`<p>Page ${at + 1} of ${pages} ${at > 0 ? html`<a href="${here}?page=${at - 1}">newer</a>` : ''} ${at + 1 < pages ? html`<a href="${here}?page=${at + 1}">older</a>` : ''}</p>` : ''}`
}

function tracking(a: ApplicationReport, id: string): Html {
  if (a.yarnState !== 'RUNNING' || !a.originalTrackingUrl) return html`<span class="faint">–</span>`
  return html`<a href="/proxy/${id}/">${a.applicationType === 'Apache Flink' ? 'Flink' : 'Application master'}</a>`
}

function application(rm: ResourceManager, a: ApplicationReport): Html {
  const now = rm.clock.now()
  const id = formatApplicationId(a.applicationId)
  const { usage: u } = a
  const attempts = rm.core.attempts(a.applicationId) ?? []
  const current = a.currentAttemptId && rm.core.attempt(a.currentAttemptId)
  const waiting = current?.requests.filter((r) => r.numContainers > 0 && r.resourceName === '*') ?? []
  const activities = rm.core.activities(a.applicationId)
  const containers = a.currentAttemptId ? (rm.core.containers(a.currentAttemptId) ?? []) : []
  const amLog =
    current?.masterContainer &&
    `http://${current.masterContainer.nodeHttpAddress}/node/containerlogs/${formatContainerId(current.masterContainer.containerId)}/${a.user}`
  return html`${definitions([
    ['Name', a.name],
    ['User', a.user],
    ['Type', a.applicationType],
    ['Queue', a.queue],
    ['Tags', a.tags.join(', ')],
    ['State', html`<span class="${a.yarnState}">${a.yarnState}</span>`],
    ['Final status', a.finalStatus],
    ['Progress', `${Math.round(a.progress * 100)} %`],
    ['Priority', a.priority],
    ['Started', time(a.startTime)],
    ['Time', duration((a.finishTime || now) - a.startTime)],
    ['Must end by', a.lifetimeExpiry === undefined ? undefined : time(a.lifetimeExpiry)],
    ['Uses', u.usedContainers >= 0 ? `${u.usedContainers} containers, ${formatResource(u.used)}` : undefined],
    ['Used so far', `${u.memorySeconds} MB-seconds, ${u.vcoreSeconds} vcore-seconds`],
    ['Tracking', tracking(a, id)],
    ['Diagnostics', a.diagnostics],
  ])}
${
  waiting.length > 0 || activities.length > 0
    ? html`<h2>Why it waits</h2>${table(
        ['Priority', 'Containers', 'Of'],
        waiting.map((r) => [r.priority, r.numContainers, formatResource(r.capability)]),
        'It asks for nothing now.',
      )}${table(
        ['Queue', 'Node', 'State', 'Because'],
        activities.map((x) => [x.queue, x.nodeId ? formatNodeId(x.nodeId) : '', x.state, x.diagnostic]),
        'The scheduler has not looked at it yet.',
      )}`
    : ''
}
<h2>Attempts</h2>${table(
    ['Id', 'State', 'Started', 'Master', 'Exit', 'Logs', 'Diagnostics'],
    attempts.map((t) => [
      formatAttemptId(t.attemptId),
      t.state,
      time(t.startTime),
      t.masterContainer ? formatNodeId(t.masterContainer.nodeId) : '–',
      t.finishTime > 0 ? t.exitStatus : '',
      t === current || t.attemptId.attemptId === current?.attemptId.attemptId ? (amLog ? html`<a href="${amLog}">logs</a>` : '') : '',
      t.diagnostics,
    ]),
    'No attempt yet.',
  )}
<h2>Containers</h2>${table(
    ['Id', 'Node', 'State', 'Size', 'Started', 'Logs'],
    containers.map((c) => [
      formatContainerId(c.containerId),
      formatNodeId(c.nodeId),
      c.state,
      formatResource(c.resource),
      time(c.creationTime),
      html`<a href="${logUrl(c, a.user)}">logs</a>`,
    ]),
    'None now.',
  )}`
}

function share(part: Resource, whole: Resource): number {
  return whole.memory > 0 ? part.memory / whole.memory : 0
}

function nodes(rm: ResourceManager): Html {
  const now = rm.clock.now()
  return table(
    ['Node', 'State', 'Rack', 'Labels', 'Containers', 'Memory', 'Vcores', 'Last heard of', 'Web', 'Health'],
    rm.core
      .nodes()
      .map((n) => [
        formatNodeId(n.nodeId),
        html`<span class="${n.state}">${n.state}</span>`,
        n.rack,
        n.labels.join(', '),
        n.numContainers,
        html`${bar(share(n.used, n.capability), 1, 1)}${n.used.memory} of ${n.capability.memory} MiB`,
        `${n.used.vcores} of ${n.capability.vcores}`,
        n.lastHeartbeatTime > 0 ? `${duration(now - n.lastHeartbeatTime)} ago` : '–',
        html`<a href="http://${n.httpAddress}/">${n.httpAddress}</a>`,
        n.healthReport,
      ]),
    'No NodeManager has registered.',
  )
}

function queues(rm: ResourceManager): Html {
  const flat = (q: QueueReport): QueueReport[] => [q, ...q.children.flatMap(flat)]
  return html`<p class="faint">The bar is what is used of the cluster; the mark is what the queue is guaranteed.</p>${table(
    ['Queue', 'State', 'Used', 'Guaranteed', 'Most', 'Applications', 'Containers', 'Pending'],
    flat(rm.core.queues()).map((q) => [
      q.path,
      q.state,
      html`${bar(q.capacities.absoluteUsedCapacity, q.capacities.absoluteCapacity, q.capacities.absoluteMaximumCapacity)}${formatResource(q.used)}`,
      formatResource(q.effectiveMin),
      formatResource(q.effectiveMax),
      q.kind === 'leaf' ? `${q.activeApplications} active, ${q.pendingApplications} pending` : '',
      q.numContainers,
      q.pendingContainers > 0 ? `${q.pendingContainers} (${formatResource(q.pending)})` : 0,
    ]),
    'No queues.',
  )}`
}

function about(rm: ResourceManager, options: RmWebOptions): Html {
  const { settings } = options
  return definitions([
    ['Cluster id', rm.clusterTimestamp],
    ['This process since', time(options.startedAt)],
    ['Active since', time(rm.clusterTimestamp)],
    ['Member', settings.id],
    ['Scheduler', rm.schedulerClass.replace(/^.*\./, '')],
    ['Speaks as Hadoop', HADOOP_VERSION],
    ['Restart', settings.storeDir === undefined ? 'nothing survives (yarn.resourcemanager.recovery.enabled is false)' : 'applications survive'],
  ])
}
