/** One application: what it is, why it waits, its attempts, what it asks for, its containers and their logs. */
import { formatApplicationId, formatAttemptId, formatContainerId, formatNodeId } from '../../common/records/ids.js'
import { EXIT, type LogAggregationStatus } from '../../common/records/index.js'
import { type Resource, isNone } from '../../common/records/resource.js'
import type { ActivityNode, ApplicationReport, AttemptReport, ContainerReport } from '../core/index.js'
import type { ResourceRequest } from '../core/events.js'
import { byDiagnostic, byRequest, summary } from '../rest/activity-info.js'
import { logUrl } from '../rpc/reports.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { stateOf, tracking } from './applications.js'
import { type Column, type Html, badge, count, definitions, duration, html, memory, shareBar, table, time } from './html.js'

const LOGS: Readonly<Record<LogAggregationStatus, string | undefined>> = {
  DISABLED: undefined,
  NOT_START: 'on the nodes',
  RUNNING: 'being aggregated',
  RUNNING_WITH_FAILURE: 'being aggregated, some in vain',
  SUCCEEDED: 'aggregated',
  FAILED: 'could not be aggregated',
  TIME_OUT: 'not aggregated in time',
}

/** Milliseconds for which what the scheduler did is news; nodes that are named for one reason. */
const RECENT = 10_000
const MOST_PLACES = 5

/** While somebody looks at an application that waits, the scheduler tells why. */
export async function watch(rm: ResourceManager, a: ApplicationReport): Promise<void> {
  const requests = a.finishTime > 0 || !a.currentAttemptId ? [] : (rm.core.attempt(a.currentAttemptId)?.requests ?? [])
  if (requests.length > 0) await rm.step({ type: 'recordApplication', applicationId: a.applicationId, milliseconds: RECENT })
}

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
  const reasons = a.finishTime > 0 ? [] : reasonsOf(rm, a)
  const diagnostics = a.diagnostics.trim()
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
  ['Uses', u.usedContainers >= 0 ? `${count(u.usedContainers, 'container')}, ${size(u.used)}` : undefined],
  ['Used so far', `${u.memorySeconds.toLocaleString('en')} MB-seconds, ${u.vcoreSeconds.toLocaleString('en')} vcore-seconds`],
  [
    'Taken from it',
    u.preemptedContainers + u.preemptedAMContainers > 0 ? `${count(u.preemptedContainers + u.preemptedAMContainers, 'container')} preempted` : undefined,
  ],
  ['Node label', a.nodeLabelExpression],
  ['Logs', LOGS[a.logAggregationStatus]],
  ['Tracking', tracking(a)],
])}
${diagnostics === '' || reasons.includes(diagnostics) ? '' : html`<h2>Diagnostics</h2><pre>${diagnostics}</pre>`}
${why(reasons, wanted)}
<h2>Attempts</h2>${table(attemptColumns(a), [...attempts].reverse(), { caption: 'Attempts', empty: 'No attempt yet.', key: (t) => formatAttemptId(t.attemptId) })}
<h2>Containers</h2>${table(containerColumns(a.user, now), shown, { caption: 'Containers', empty: 'None now.', key: (c) => formatContainerId(c.containerId) })}${
    containers.length > shown.length ? html`<p class="faint">The newest ${shown.length} of ${containers.length}.</p>` : ''
  }`
}

const size = (r: Resource) => `${memory(r.memory)}, ${count(r.vcores, 'vcore')}`

/** What it has asked for and not got, and what the scheduler says of it. */
function why(reasons: readonly string[], wanted: readonly ResourceRequest[]): Html {
  if (reasons.length === 0 && wanted.length === 0) return html``
  const requests: Column<ResourceRequest>[] = [
    { head: 'Each of', kind: 'main', cell: (r) => size(r.capability) },
    { head: 'Containers', kind: 'number', cell: (r) => r.numContainers },
    { head: 'Priority', kind: 'number', cell: (r) => r.priority },
    { head: 'Node label', cell: (r) => r.nodeLabelExpression || '–' },
  ]
  const said = reasons.length > 0 ? reasons : ['It asks for more than it has; the scheduler has not come to it yet.']
  return html`<h2>Why it waits</h2><pre class="why">${said.map(inLines).join('\n')}</pre>
${wanted.length > 0 ? html`<h2>Asked for and not given</h2>${table(requests, wanted, { caption: 'Requests', empty: '' })}` : ''}`
}

/** The limits that a waiting master is told one below the other. */
const inLines = (reason: string) => reason.replace(/ Details : /, '\n').replace(/ ?; (?=\S)/g, '\n')

/** What a master that has no container yet is told; else what came of its requests lately, and what its queue has left. */
function reasonsOf(rm: ResourceManager, a: ApplicationReport): string[] {
  const now = rm.clock.now()
  const looks = rm.core.applicationActivities(a.applicationId, now)?.filter((l) => now - l.timestamp <= RECENT)
  const tried = summary(looks ?? [], RECENT).flatMap((l) => byRequest(l.attempts.filter((n) => n.diagnostic !== undefined)).flatMap(triedLines))
  const waits = rm.core.waits(a.applicationId)
  const kept = waits.flatMap((w) => (w.nodeId ? [`${formatNodeId(w.nodeId)}: ${w.diagnostic}`] : []))
  // The last word of all is no news where each request has its own.
  const held = tried.length > 0 ? [] : waits.flatMap((w) => (w.nodeId ? [] : [w.diagnostic]))
  const reasons = [...kept, ...held, ...tried]
  return reasons.length > 0 && !reasons.includes(a.diagnostics.trim()) ? [...reasons, ...queueLines(rm, a)] : reasons
}

/** Of one request, where it was tried and why that came to nothing. */
function triedLines(attempts: readonly ActivityNode[]): string[] {
  return byDiagnostic(attempts).map(({ diagnostic, nodes }) => {
    const places = nodes.flatMap((n) => (n.nodeId ? [formatNodeId(n.nodeId)] : []))
    const where =
      places.length > MOST_PLACES ? `${places.slice(0, MOST_PLACES).join(', ')} and ${count(places.length - MOST_PLACES, 'other node')}` : places.join(', ')
    return `Priority ${nodes[0]!.requestPriority}${where && `, on ${where}`}: ${diagnostic}`
  })
}

function queueLines(rm: ResourceManager, a: ApplicationReport): string[] {
  const q = rm.core.queue(a.queue)
  if (!q) return []
  const user = q.users.find((u) => u.user === a.user)
  return [
    `Queue ${q.path} uses ${size(q.used)} of ${size(q.effectiveMax)} at most${q.reservedContainers > 0 ? `, of that ${size(q.reserved)} kept on full nodes` : ''}`,
    ...(user && !isNone(user.userLimit) ? [`User ${a.user} uses ${size(user.used)} there, and may use ${size(user.userLimit)}`] : []),
  ]
}

function attemptColumns(a: ApplicationReport): Column<AttemptReport>[] {
  return [
    { head: 'Attempt', kind: 'main', cell: (t) => formatAttemptId(t.attemptId) },
    { head: 'State', cell: (t) => badge(t.state) },
    { head: 'Started', cell: (t) => time(t.startTime) },
    { head: 'Ended', kind: 'minor', cell: (t) => time(t.finishTime) },
    { head: 'Master on', cell: (t) => (t.masterContainer ? formatNodeId(t.masterContainer.nodeId) : '–') },
    {
      head: 'Exit code',
      kind: 'number',
      cell: (t) => (t.finishTime > 0 && t.masterContainer && (t.exitStatus !== EXIT.INVALID || t.state === 'FAILED') ? t.exitStatus : '–'),
    },
    {
      head: 'Logs',
      cell: (t) => {
        const m = t.masterContainer
        if (!m) return '–'
        return html`<a href="http://${m.nodeHttpAddress}/node/containerlogs/${formatContainerId(m.containerId)}/${a.user}" aria-label="Logs of ${formatAttemptId(t.attemptId)}">logs</a>`
      },
    },
    { head: 'Said', kind: 'text', cell: (t) => (t.diagnostics.trim() === a.diagnostics.trim() ? '' : t.diagnostics.trim()) || '–' },
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
