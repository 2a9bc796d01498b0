/** The NodeManagers: what each has, gives and says of itself. */
import { formatNodeId } from '../../common/records/ids.js'
import { NODE_STATES } from '../../common/records/states.js'
import type { NodeReport } from '../core/index.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { clusterTiles } from './applications.js'
import { type Column, type Html, badge, duration, html, memory, shareBar, table } from './html.js'
import { ListView, chips, paged, searchField, sortRows } from './list.js'

/** Longer than any usual time between two heartbeats. */
const SILENT_MS = 10_000

const share = (used: number, whole: number) => (whole > 0 ? used / whole : 0)

const SORTS: Readonly<Record<string, (n: NodeReport) => string | number>> = {
  node: (n) => formatNodeId(n.nodeId),
  state: (n) => NODE_STATES.indexOf(n.state),
  rack: (n) => n.rack,
  containers: (n) => n.numContainers,
  memory: (n) => share(n.used.memory, n.capability.memory),
  vcores: (n) => share(n.used.vcores, n.capability.vcores),
}

export function nodes(rm: ResourceManager, state: string | undefined, view: ListView): Html {
  const now = rm.clock.now()
  const all = rm.core.nodes()
  const { text } = view
  const chosen = all.filter(
    (n) =>
      (state === undefined || n.state === state) && (text === '' || [formatNodeId(n.nodeId), n.rack, ...n.labels].some((s) => s.toLowerCase().includes(text))),
  )
  // By name, from its beginning, unless told otherwise.
  const ordered = view.query.sort === undefined ? new ListView(view.path, { ...view.query, order: 'asc' }) : view
  const { rows, by } = sortRows(chosen, ordered, SORTS, 'node')
  const { shown, links } = paged(rows, view)
  const stateChips = [
    ['All', all.length, view.link({ state: undefined }), state === undefined] as const,
    ...NODE_STATES.filter((s) => s === state || all.some((n) => n.state === s)).map(
      (s) => [s.charAt(0) + s.slice(1).toLowerCase(), all.filter((n) => n.state === s).length, view.link({ state: s }), s === state] as const,
    ),
  ]
  return html`<h1>Nodes</h1>${clusterTiles(rm)}
<div class="tools">${searchField(view, 'Search name, rack, label')}${chips('By state', stateChips)}</div>
${table(columns(now), shown, {
  caption: 'NodeManagers',
  empty: all.length === 0 ? 'No NodeManager has registered.' : 'No node is like that.',
  key: (n) => formatNodeId(n.nodeId),
  sorted: { by, descending: ordered.descending, link: (sort, descending) => view.link({ sort, order: descending ? undefined : 'asc' }) },
})}${links}`
}

function columns(now: number): Column<NodeReport>[] {
  return [
    {
      head: 'Node',
      kind: 'main',
      sort: 'node',
      cell: (n) =>
        html`<a href="http://${n.httpAddress}/">${formatNodeId(n.nodeId)}</a>${n.labels.length > 0 ? html`<small>${n.labels.join(', ')}</small>` : ''}`,
    },
    { head: 'State', sort: 'state', cell: (n) => badge(n.state) },
    { head: 'Rack', kind: 'minor', sort: 'rack', cell: (n) => n.rack },
    { head: 'Containers', kind: 'number', sort: 'containers', cell: (n) => n.numContainers },
    {
      head: 'Memory',
      sort: 'memory',
      cell: (n) =>
        html`<span>${shareBar(n.used.memory, n.capability.memory, 'Memory in use')}${memory(n.used.memory)} of ${memory(n.capability.memory)}</span>`,
    },
    {
      head: 'Vcores',
      sort: 'vcores',
      cell: (n) => html`<span>${shareBar(n.used.vcores, n.capability.vcores, 'Vcores in use')}${n.used.vcores} of ${n.capability.vcores}</span>`,
    },
    { head: 'Last heard of', kind: 'minor', cell: (n) => (n.state === 'RUNNING' ? heard(n, now) : duration(n.lastHeartbeatTime, 0, now)) },
    { head: 'Version', kind: 'minor', cell: (n) => n.version },
    { head: 'Says', kind: 'text', cell: (n) => n.healthReport || 'healthy' },
  ]
}

/** A node that beats has nothing to show of it; only one that has been silent. */
function heard(n: NodeReport, now: number): Html {
  const silent = now - n.lastHeartbeatTime
  return silent < SILENT_MS ? html`just now` : html`${duration(n.lastHeartbeatTime, 0, now)} ago`
}
