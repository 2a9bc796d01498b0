/** What runs where, for people and (as JSON) for scripts. */
import type { YarnApplicationStateProto } from '../proto/gen/application-client.js'
import { ClusterView, describeEnd } from './cluster.js'
import { type ClusterRecord, type DaemonRecord, type Layout, lastLines, readReady } from './layout.js'
import { isAlive, memoryKind, memoryOf } from './processes.js'

export type DaemonState = 'running' | 'starting' | 'crashed' | 'stopped'

export interface DaemonStatus {
  readonly name: string
  readonly pid: number
  readonly address: string
  readonly web: string
  /** Bytes; undefined when it does not run. */
  readonly memory: number | undefined
  readonly state: DaemonState
  /** How it ended. */
  readonly reason?: string
  readonly lastLines?: readonly string[]
}

export interface ClusterStatus {
  readonly dir: string
  readonly running: boolean
  readonly supervisor: number
  readonly daemons: readonly DaemonStatus[]
  readonly nodes: { readonly live: number; readonly of: number } | undefined
  readonly applications: number | undefined
}

const UNFINISHED: YarnApplicationStateProto[] = ['NEW', 'NEW_SAVING', 'SUBMITTED', 'ACCEPTED', 'RUNNING']
const LOG_LINES = 5

export async function clusterStatus(l: Layout, record: ClusterRecord): Promise<ClusterStatus> {
  const supervised = isAlive(record.supervisor)
  const daemons = record.daemons.map((d) => daemonStatus(l, d, supervised))
  const base = { dir: l.dir, running: daemons.some((d) => d.state === 'running' || d.state === 'starting'), supervisor: record.supervisor.pid, daemons }
  if (!daemons.some((d) => d.name === 'resourcemanager' && d.state === 'running')) return { ...base, nodes: undefined, applications: undefined }
  const view = new ClusterView(l)
  try {
    const [live, applications] = await Promise.all([view.liveNodes(), view.yarn.getApplications({ applicationStates: UNFINISHED })])
    return { ...base, nodes: { live, of: record.nodes }, applications: applications.length }
  } catch {
    // It runs and does not answer: the table says so by leaving the figures out.
    return { ...base, nodes: undefined, applications: undefined }
  } finally {
    view.close()
  }
}

function daemonStatus(l: Layout, d: DaemonRecord, supervised: boolean): DaemonStatus {
  const base = { name: d.name, pid: d.pid, address: d.address, web: `http://${d.web}` }
  if (isAlive(d)) return { ...base, memory: memoryOf(d.pid), state: readReady(l, d.name) ? 'running' : 'starting' }
  if (!d.ended && !supervised && !readReady(l, d.name)) return { ...base, memory: undefined, state: 'stopped' }
  return { ...base, memory: undefined, state: 'crashed', reason: describeEnd(d), lastLines: lastLines(l, d.name, LOG_LINES) }
}

const mebibytes = (bytes: number | undefined) => (bytes === undefined ? '' : `${Math.round(bytes / 2 ** 20)} MB`)

export function statusText(status: ClusterStatus): string {
  const rows = [
    ['DAEMON', 'PID', 'ADDRESS', 'WEB', `MEMORY (${memoryKind})`, 'STATE'],
    ...status.daemons.map((d) => [d.name, String(d.pid), d.address, d.web, mebibytes(d.memory), d.state]),
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((r) => r[column]!.length)))
  const lines = rows.map((r) =>
    r
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
  const total = status.daemons.reduce((sum, d) => sum + (d.memory ?? 0), 0)
  const facts = [
    status.nodes && `live nodes: ${status.nodes.live} of ${status.nodes.of}`,
    status.applications !== undefined && `applications: ${status.applications}`,
    total > 0 && `memory: ${mebibytes(total)}`,
    `folder: ${status.dir}`,
  ].filter(Boolean)
  lines.push('', facts.join(', '))
  for (const d of status.daemons) {
    if (d.state !== 'crashed') continue
    lines.push(
      '',
      `${d.name} ${d.reason} (start it again: bobbin restart ${d.name}); the last lines of its log:`,
      ...(d.lastLines ?? []).map((line) => `  ${line}`),
    )
  }
  return `${lines.join('\n')}\n`
}
