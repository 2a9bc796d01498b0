/** One application: what it is, why it waits, its attempts, what it asks for, its containers and their logs. */
import { formatApplicationId, formatAttemptId, formatContainerId, formatNodeId } from '../../common/records/ids.js'
import { type Resource, formatResource } from '../../common/records/resource.js'
import type { ApplicationReport, AttemptReport, ContainerReport, Wait } from '../core/index.js'
import type { ResourceRequest } from '../core/events.js'
import { logUrl } from '../rpc/reports.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { stateOf, tracking } from './applications.js'
import { type Column, type Html, badge, definitions, duration, html, memory, shareBar, table, time } from './html.js'

/** Containers of one page: the newest; a reader of more of them asks REST. */
const MOST_CONTAINERS = 200

export function application(rm: ResourceManager, a: ApplicationReport): Html {
  const now = rm.clock.now()
  const { usage: u } = a
  const attempts = rm.core.attempts(a.applicationId) ?? []
  const current = a.currentAttemptId && rm.core.attempt(a.currentAttemptId)
  const wanted = current?.requests.filter((r) => r.numContainers > 0 && r.resourceName === '*') ?? []
  const containers = a.currentAttemptId ? (rm.core.containers(a.currentAttemptId) ?? []) : []
  const shown = containers.slice(-MOST_CONTAINERS).reverse()
  return html`<h1>${a.name} ${stateOf(a)}</h1>
${definitions([
  ['Id', formatApplicationId(a.applicationId)],
  ['User', a.user],
  ['Queue', html`<a href="/cluster?queue=${a.queue}">${a.queue}</a>`],
  ['Type', a.applicationType],
  ['Tags', a.tags.join(', ')],
  ['State', a.yarnState],
  ['Final status', a.finalStatus],
  ['Progress', html`${shareBar(a.progress, 1, 'Progress')}${Math.round(a.progress * 100)} %`],
  ['Priority', a.priority],
  ['Started', time(a.startTime)],
  ['Ended', a.finishTime > 0 ? time(a.finishTime) : undefined],
  ['Time', duration(a.startTime, a.finishTime, now)],
  ['Must end by', a.lifetimeExpiry === undefined ? undefined : time(a.lifetimeExpiry)],
  ['Uses', u.usedContainers >= 0 ? `${u.usedContainers} containers, ${size(u.used)}` : undefined],
  ['Used so far', `${u.memorySeconds.toLocaleString('en')} MB-seconds, ${u.vcoreSeconds.toLocaleString('en')} vcore-seconds`],
  [
    'Taken from it',
    u.preemptedContainers + u.preemptedAMContainers > 0 ? `${u.preemptedContainers + u.preemptedAMContainers} containers preempted` : undefined,
  ],
  ['Node label', a.nodeLabelExpression],
  ['Logs', a.logAggregationStatus === 'DISABLED' ? undefined : `aggregation ${a.logAggregationStatus.toLowerCase().replace(/_/g, ' ')}`],
  ['Tracking', tracking(a)],
])}
${a.diagnostics.trim() === '' ? '' : html`<h2>Diagnostics</h2><pre>${a.diagnostics.trim()}</pre>`}
${why(rm.core.waits(a.applicationId), wanted)}
<h2>Attempts</h2>${table(attemptColumns(a.user), [...attempts].reverse(), { caption: 'Attempts', empty: 'No attempt yet.', key: (t) => formatAttemptId(t.attemptId) })}
<h2>Containers</h2>${table(containerColumns(a.user, now), shown, { caption: 'Containers', empty: 'None now.', key: (c) => formatContainerId(c.containerId) })}${
    containers.length > shown.length ? html`<p class="faint">The newest ${shown.length} of ${containers.length}.</p>` : ''
  }`
}

const size = (r: Resource) => `${memory(r.memory)}, ${r.vcores} vcores`

/** What it has asked for and not got, and what the scheduler says of it. */
function why(waits: readonly Wait[], wanted: readonly ResourceRequest[]): Html {
  if (waits.length === 0 && wanted.length === 0) return html``
  const requests: Column<ResourceRequest>[] = [
    { head: 'Each of', kind: 'main', cell: (r) => formatResource(r.capability) },
    { head: 'Containers', kind: 'number', cell: (r) => r.numContainers },
    { head: 'Priority', kind: 'number', cell: (r) => r.priority },
    { head: 'Node label', cell: (r) => r.nodeLabelExpression || '–' },
  ]
  return html`<h2>Why it waits</h2>${
    waits.length > 0
      ? html`<pre class="why">${waits.map((x) => `${x.nodeId ? `${formatNodeId(x.nodeId)}: ` : ''}${x.diagnostic}`).join('\n')}</pre>`
      : html`<pre class="why">It asks for more than it has; the scheduler has not come to it yet.</pre>`
  }
${wanted.length > 0 ? html`<h2>Asked for and not given</h2>${table(requests, wanted, { caption: 'Requests', empty: '' })}` : ''}`
}

function attemptColumns(user: string): Column<AttemptReport>[] {
  return [
    { head: 'Attempt', kind: 'main', cell: (t) => formatAttemptId(t.attemptId) },
    { head: 'State', cell: (t) => badge(t.state) },
    { head: 'Started', cell: (t) => time(t.startTime) },
    { head: 'Ended', kind: 'minor', cell: (t) => time(t.finishTime) },
    { head: 'Master on', cell: (t) => (t.masterContainer ? formatNodeId(t.masterContainer.nodeId) : '–') },
    { head: 'Exit code', kind: 'number', cell: (t) => (t.finishTime > 0 && t.masterContainer ? t.exitStatus : '–') },
    {
      head: 'Logs',
      cell: (t) => {
        const m = t.masterContainer
        if (!m) return '–'
        return html`<a href="http://${m.nodeHttpAddress}/node/containerlogs/${formatContainerId(m.containerId)}/${user}" aria-label="Logs of ${formatAttemptId(t.attemptId)}">logs</a>`
      },
    },
    { head: 'Said', kind: 'minor', cell: (t) => t.diagnostics.trim() || '–' },
  ]
}

function containerColumns(user: string, now: number): Column<ContainerReport>[] {
  return [
    { head: 'Container', kind: 'main', cell: (c) => html`${formatContainerId(c.containerId)}${c.isAM ? html`<small>application master</small>` : ''}` },
    { head: 'Node', cell: (c) => formatNodeId(c.nodeId) },
    { head: 'State', cell: (c) => badge(c.state) },
    { head: 'Size', cell: (c) => size(c.resource) },
    { head: 'Priority', kind: 'number', cell: (c) => c.priority },
    { head: 'Started', kind: 'minor', cell: (c) => time(c.creationTime) },
    { head: 'Time', kind: 'number', cell: (c) => duration(c.creationTime, c.finishTime, now) },
    { head: 'Logs', cell: (c) => html`<a href="${logUrl(c, user)}" aria-label="Logs of ${formatContainerId(c.containerId)}">logs</a>` },
  ]
}
