/** The list of applications, with the cluster's figures above it. */
import { compareApplicationIds, formatApplicationId } from '../../common/records/ids.js'
import { YARN_APPLICATION_STATES, type YarnApplicationState } from '../../common/records/states.js'
import type { ApplicationSummary } from '../core/index.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { type Column, type Html, badge, duration, html, memory, shareBar, table, time } from './html.js'
import { type ListView, chips, paged, searchField, sortRows } from './list.js'

export function clusterTiles(rm: ResourceManager): Html {
  const m = rm.core.metrics()
  const tile = (value: number | string, what: string, bar?: Html) => html`<div><b>${value}</b><span>${what}</span>${bar}</div>`
  const unwell = m.nodes.UNHEALTHY + m.nodes.LOST
  return html`<div class="tiles">${tile(m.appsRunning, 'running')}${tile(m.appsPending, 'waiting')}${tile(m.containersAllocated, 'containers')}${tile(
    `${memory(m.allocated.memory)}`,
    `of ${memory(m.total.memory)} memory`,
    shareBar(m.allocated.memory, m.total.memory, 'Memory in use'),
  )}${tile(m.allocated.vcores, `of ${m.total.vcores} vcores`, shareBar(m.allocated.vcores, m.total.vcores, 'Vcores in use'))}${tile(
    m.nodes.RUNNING,
    unwell > 0 ? `nodes, and ${unwell} lost or unhealthy` : 'nodes',
  )}</div>`
}

const SORTS: Readonly<Record<string, (a: ApplicationSummary) => string | number>> = {
  id: (a) => a.applicationId.clusterTimestamp * 1e7 + a.applicationId.id,
  user: (a) => a.user,
  name: (a) => a.name.toLowerCase(),
  queue: (a) => a.queue,
  state: (a) => YARN_APPLICATION_STATES.indexOf(a.yarnState),
  progress: (a) => a.progress,
  started: (a) => a.startTime,
  memory: (a) => a.used.memory,
}

export function applications(rm: ResourceManager, state: string | undefined, view: ListView, visible: (a: ApplicationSummary) => boolean): Html {
  const now = rm.clock.now()
  const apps = rm.core
    .applicationSummaries()
    .filter(visible)
    .sort((a, b) => compareApplicationIds(b.applicationId, a.applicationId))
  const counts = new Map<YarnApplicationState, number>()
  for (const a of apps) counts.set(a.yarnState, (counts.get(a.yarnState) ?? 0) + 1)
  const { text } = view
  const { queue } = view.query
  const chosen = apps.filter(
    (a) =>
      (state === undefined || a.yarnState === state) &&
      (queue === undefined || a.queue === queue || a.queue === queue.slice(queue.lastIndexOf('.') + 1)) &&
      (text === '' ||
        [formatApplicationId(a.applicationId), a.user, a.name, a.queue, a.applicationType, ...a.tags].some((s) => s.toLowerCase().includes(text))),
  )
  const { rows, by } = sortRows(chosen, view, SORTS, 'id')
  const { shown, links } = paged(rows, view)
  const query = view.link({}).slice(view.path.length)
  const stateChips = [
    ['All', apps.length, `/cluster${query}`, state === undefined] as const,
    ...YARN_APPLICATION_STATES.filter((s) => counts.has(s) || s === state).map(
      (s) => [nice(s), counts.get(s) ?? 0, `/cluster/apps/${s}${query}`, s === state] as const,
    ),
  ]
  return html`<h1>Applications</h1>${clusterTiles(rm)}
<div class="tools">${searchField(view, 'Search name, id, user, queue, type, tag')}${chips('By state', stateChips)}${queue === undefined ? '' : html`<span>in queue <b>${queue}</b> <a href="${view.link({ queue: undefined })}">show all</a></span>`}</div>
${table(columns(now), shown, {
  caption: 'Applications',
  empty: apps.length === 0 ? 'No application has been submitted yet.' : 'No application is like that.',
  key: (a) => formatApplicationId(a.applicationId),
  sorted: { by, descending: view.descending, link: (sort, descending) => view.link({ sort, order: descending ? undefined : 'asc' }) },
})}${links}`
}

const nice = (s: string) => s.charAt(0) + s.slice(1).toLowerCase().replace(/_/g, ' ')

function columns(now: number): Column<ApplicationSummary>[] {
  return [
    {
      head: 'Application',
      kind: 'main',
      sort: 'name',
      cell: (a) => {
        const id = formatApplicationId(a.applicationId)
        return html`<a href="/cluster/app/${id}">${a.name}</a><small>${id}</small>`
      },
    },
    { head: 'User', sort: 'user', cell: (a) => a.user },
    { head: 'Type', kind: 'minor', cell: (a) => a.applicationType },
    { head: 'Queue', sort: 'queue', cell: (a) => a.queue },
    { head: 'State', sort: 'state', cell: (a) => stateOf(a) },
    { head: 'Progress', sort: 'progress', cell: (a) => html`${shareBar(a.progress, 1, 'Progress')}` },
    { head: 'Started', kind: 'minor', sort: 'started', cell: (a) => time(a.startTime) },
    { head: 'Time', kind: 'number', cell: (a) => duration(a.startTime, a.finishTime, now) },
    { head: 'Containers', kind: 'number', cell: (a) => a.containers ?? '–' },
    { head: 'Memory', kind: 'number', sort: 'memory', cell: (a) => (a.containers === undefined ? '–' : memory(a.used.memory)) },
    { head: 'Tracking', cell: (a) => tracking(a) },
  ]
}

/** Where it stands and, once it has ended, how. */
export function stateOf(a: Pick<ApplicationSummary, 'yarnState' | 'finalStatus'>): Html {
  return html`${badge(a.yarnState === 'FINISHED' ? a.finalStatus : a.yarnState)}`
}

export function tracking(a: Pick<ApplicationSummary, 'applicationId' | 'name' | 'yarnState' | 'originalTrackingUrl' | 'applicationType'>): Html {
  if (a.yarnState !== 'RUNNING' || !a.originalTrackingUrl) return html`<span class="faint">–</span>`
  const name = a.applicationType === 'Apache Flink' ? 'Flink' : 'Master'
  return html`<a href="/proxy/${formatApplicationId(a.applicationId)}/" aria-label="${name} of ${a.name}">${name}</a>`
}
