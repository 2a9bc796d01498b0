/** The scheduler's queues as a tree of bars: what each uses of what it is guaranteed and of the most that it may have. */
import { type Resource, formatResource } from '../../common/records/resource.js'
import type { QueueReport, QueueUserReport } from '../core/index.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { clusterTiles } from './applications.js'
import { type Column, type Html, badge, count, definitions, html, memory, queueBar, table } from './html.js'

export function queues(rm: ResourceManager): Html {
  const cluster = rm.core.clusterResource()
  return html`<h1>Queues</h1>${clusterTiles(rm)}
<p class="legend"><span><i class="used"></i>used, within what is guaranteed</span><span><i class="over"></i>used beyond it</span><span><i class="own"></i>guaranteed</span><span><i class="may"></i>up to the maximum</span><span>The bar is the whole cluster; ${rm.schedulerClass.replace(/^.*\./, '')}.</span></p>
${tree(rm.core.queues(), cluster)}`
}

/** The greatest share of the cluster that a resource is: of memory, vcores or another type. */
function shareOf(part: Resource, whole: Resource): number {
  const of = (a: number, b: number) => (b > 0 ? a / b : 0)
  return Math.max(of(part.memory, whole.memory), of(part.vcores, whole.vcores))
}

function tree(q: QueueReport, cluster: Resource): Html {
  const used = shareOf(q.used, cluster)
  const guaranteed = Math.min(shareOf(q.effectiveMin, cluster), 1)
  const maximum = Math.min(shareOf(q.effectiveMax, cluster), 1)
  const percent = (share: number) => `${Math.round(share * 1000) / 10}\u00a0%`
  const leaf = q.kind === 'leaf'
  return html`<section class="queue" id="queue-${q.path}"><div class="line"><h2>${leaf ? html`<a href="/cluster?queue=${q.path}">${q.name}</a>` : q.name}${q.state === 'RUNNING' ? '' : badge(q.state)}</h2>
${queueBar(used, guaranteed, maximum)}<span><b>${percent(used)}</b> used · ${percent(guaranteed)} guaranteed · ${percent(maximum)} at most<br><span class="faint">${memory(q.used.memory)}, ${count(q.used.vcores, 'vcore')} in ${count(q.numContainers, 'container')}${
    q.reservedContainers > 0 ? `, of that ${memory(q.reserved.memory)} kept on full nodes` : ''
  }${
    q.pendingContainers > 0 ? ` · ${q.pendingContainers} more asked for` : ''
  }${leaf ? ` · ${q.activeApplications} active, ${q.pendingApplications} waiting` : ''}</span></span></div>
${leaf ? details(q) : ''}</section>
${q.children.length > 0 ? html`<div class="level">${q.children.map((c) => tree(c, cluster))}</div>` : ''}`
}

function details(q: QueueReport): Html {
  const users: Column<QueueUserReport>[] = [
    { head: 'User', kind: 'main', cell: (u) => u.user },
    { head: 'Uses', cell: (u) => formatResource(u.used) },
    { head: 'May use', cell: (u) => formatResource(u.userLimit) },
    { head: 'For masters', cell: (u) => formatResource(u.amUsed) },
    { head: 'Active', kind: 'number', cell: (u) => u.activeApplications },
    { head: 'Waiting', kind: 'number', cell: (u) => u.pendingApplications },
  ]
  return html`<details id="details-${q.path}"><summary>Limits and users of ${q.path}</summary>${definitions([
    ['Uses', formatResource(q.used)],
    ['Guaranteed', formatResource(q.effectiveMin)],
    ['At most', formatResource(q.effectiveMax)],
    ['Waiting for', q.pendingContainers > 0 ? formatResource(q.pending) : undefined],
    ['Kept on full nodes', q.reservedContainers > 0 ? formatResource(q.reserved) : undefined],
    ['Masters use', formatResource(q.amUsed)],
    ['Masters may use', formatResource(q.amLimit)],
    ['Largest container', formatResource(q.maximumAllocation)],
    ['Applications at most', q.maximumApplications > 0 ? q.maximumApplications : undefined],
    ['A user’s share at least', `${q.userLimit} %, at most ${q.userLimitFactor} times the guaranteed`],
    ['Order', q.orderingPolicy],
    ['Preemption', q.preemptionDisabled ? 'nothing is taken from it' : 'may be taken from it'],
    ['Node labels', q.labels.join(', ')],
  ])}${table(users, q.users, { caption: `Users of ${q.path}`, empty: 'Nobody uses it now.' })}</details>`
}
