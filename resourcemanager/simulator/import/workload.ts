/**
 * A workload out of what a ResourceManager tells anybody: submissions, queues and users are told; containers are inferred from
 * memory-seconds, vcore-seconds and the time between launch and end.
 */
import type { Resource } from '../../../common/records/index.js'
import type { ApplicationSpec, NodeSpec, Workload } from '../workload.js'
import type { AppInfo, Dump, NodeInfo } from './answers.js'

export interface ImportOptions {
  readonly name: string
  /** What the dump does not tell. */
  readonly am: Resource
}

export interface Imported {
  readonly workload: Workload
  /** What was inferred or left out, for the reader of the trace. */
  readonly notes: readonly string[]
}

const GONE: ReadonlySet<string> = new Set(['LOST', 'DECOMMISSIONED', 'SHUTDOWN', 'REBOOTED'])
const WORK = 'work'

function nodesOf(nodes: readonly NodeInfo[], note: (text: string) => void): NodeSpec[] {
  const present = nodes.filter((n) => !GONE.has(n.state))
  if (present.length < nodes.length) note(`${nodes.length - present.length} nodes that are lost, shut down or decommissioned are left out`)
  const hosts = new Set(present.map((n) => n.nodeHostName))
  // NodeManagers that share a host stay nodes of their own.
  const shared = hosts.size < present.length
  if (shared) note('NodeManagers of one host are named by host and port')
  return present.map((n) => ({
    host: shared ? n.id.replace(':', '-') : n.nodeHostName,
    ...(n.rack !== undefined && n.rack !== '/default-rack' && { rack: n.rack }),
    resource: { memory: n.usedMemoryMB + n.availMemoryMB, vcores: (n.usedVirtualCores ?? 0) + (n.availableVirtualCores ?? 0) },
    ...(n.nodeLabels && n.nodeLabels.length > 0 && { labels: n.nodeLabels }),
  }))
}

/** How many containers of which size for how long come to the work that was done, all at once from the launch to the end. */
export function inferContainers(
  a: AppInfo,
  am: Resource,
  runMillis: number,
): { readonly count: number; readonly resource: Resource; readonly duration: number } | undefined {
  const seconds = runMillis / 1000
  const memory = a.memorySeconds - am.memory * seconds
  const vcores = a.vcoreSeconds - am.vcores * seconds
  // Less than one small container's for a tenth of the time is rounding.
  if (seconds < 1 || memory <= 0 || vcores < 0.1 * seconds) return undefined
  // One vcore each: what every framework asks for unless it is told otherwise.
  const size = Math.max(1, Math.round(memory / vcores))
  const count = Math.max(1, Math.round(vcores / seconds))
  return { count, resource: { memory: size, vcores: 1 }, duration: Math.max(1, Math.round((vcores * 1000) / count)) }
}

function applicationOf(a: AppInfo, first: number, am: Resource): { readonly spec: ApplicationSpec; readonly inferred: boolean; readonly open: boolean } {
  const launched = (a.launchTime ?? a.startedTime) || 0
  const open = a.finishedTime === 0
  const end = open ? a.startedTime + a.elapsedTime : a.finishedTime
  const ran = launched > 0 ? Math.max(0, end - launched) : 0
  const work = inferContainers(a, am, ran)
  const killed = a.state === 'KILLED'
  const duration = work?.duration ?? ran
  const label = a.appNodeLabelExpression
  const amLabel = a.amNodeLabelExpression
  const tags = a.applicationTags ? a.applicationTags.split(',').filter((t) => t !== '') : []
  // What was running still, or was cut short, lasts as long as it is let.
  const lasts = open || killed ? {} : { duration }
  return {
    open,
    inferred: work !== undefined,
    spec: {
      id: a.id,
      at: Math.max(0, a.startedTime - first),
      user: a.user,
      queue: a.queue,
      name: a.name,
      ...(a.applicationType && { type: a.applicationType }),
      ...(a.priority && a.priority > 0 && { priority: a.priority }),
      ...(label && { nodeLabelExpression: label }),
      ...(tags.length > 0 && { tags }),
      am: { resource: am, ...(amLabel && { nodeLabelExpression: amLabel }) },
      model: 'stages',
      stages: work
        ? [{ name: WORK, count: work.count, resource: work.resource, priority: 1, ...lasts }]
        : // Its master did everything itself: a stage of none, that lasts as long.
          [{ name: WORK, count: 0, resource: am, priority: 1, delay: duration }],
      ...(killed && { killedAfter: Math.max(1, a.finishedTime - a.startedTime) }),
    },
  }
}

/** What was never taken up by a scheduler has no place in a workload. */
const refused = (a: AppInfo) => a.state === 'FAILED' && (a.launchTime === 0 || (a.launchTime === undefined && a.memorySeconds === 0))

export function workloadOf(dump: Dump, options: ImportOptions): Imported {
  const notes: string[] = []
  const note = (text: string) => void notes.push(text)
  const nodes = nodesOf(dump.nodes, note)
  const managed = dump.applications.filter((a) => !a.unmanagedApplication)
  const taken = managed.filter((a) => !refused(a))
  const unmanaged = dump.applications.length - managed.length
  if (unmanaged > 0) note(`${unmanaged} applications with unmanaged masters are left out`)
  if (taken.length < managed.length) note(`${managed.length - taken.length} applications that failed before they were launched are left out`)
  const first = taken.reduce((m, a) => Math.min(m, a.startedTime), Number.POSITIVE_INFINITY)
  const made = taken.map((a) => applicationOf(a, first, options.am)).sort((a, b) => a.spec.at - b.spec.at || (a.spec.id < b.spec.id ? -1 : 1))
  const inferred = made.filter((m) => m.inferred).length
  const open = made.filter((m) => m.open).length
  note(`the application masters' size is not told: ${options.am.memory} MiB and ${options.am.vcores} vcores are assumed (--am)`)
  if (inferred > 0)
    note(
      `containers of ${inferred} applications are inferred from their memory-seconds and vcore-seconds: one vcore each, all at once, from the launch to the end`,
    )
  if (made.length > inferred) note(`${made.length - inferred} applications used nothing beside their master: they are masters that run as long`)
  if (open > 0) note(`${open} applications were running still: their containers run to the end of the simulation`)
  return { workload: { name: options.name, nodes, applications: made.map((m) => m.spec) }, notes }
}
