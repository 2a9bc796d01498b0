/**
 * A cluster's folder and what is known of the cluster in it:
 *
 *   cluster.json          who runs: written by the supervisor, read by status, env, down
 *   conf/                 HADOOP_CONF_DIR of clients and of all daemons but the NodeManagers
 *   conf-NODEMANAGER/     one for each NodeManager
 *   flink-conf/           FLINK_CONF_DIR
 *   flink/                Flink's yarn-properties files
 *   run/NAME.json         a daemon's ready file
 *   logs/NAME.log, .out   what it logs; what it prints
 *   data/                 the store's blocks and journal, the ResourceManager's state, the NodeManagers' work folders
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ReadyFile } from '../daemon/daemon.js'
import type { ProcessRef } from './processes.js'

export type DaemonKind = 'namenode' | 'datanode' | 'resourcemanager' | 'nodemanager'

export interface DaemonRecord extends ProcessRef {
  /** Unique in the cluster: `nodemanager-2`. */
  readonly name: string
  readonly kind: DaemonKind
  /** What others connect to, as HOST:PORT. */
  readonly address: string
  readonly web: string
  readonly confDir: string
  /** Set once it ended without having been told to. */
  readonly ended?: { readonly code: number | null; readonly signal: string | null; readonly at: number }
}

export interface ClusterRecord {
  readonly version: 1
  readonly supervisor: ProcessRef
  readonly startedAt: number
  /** Milliseconds from the start until all could be used; unset while it comes up. */
  readonly usableAfter?: number
  readonly nodes: number
  readonly daemons: readonly DaemonRecord[]
}

export interface Layout {
  readonly dir: string
  readonly record: string
  readonly conf: string
  readonly flinkConf: string
  readonly flink: string
  readonly run: string
  readonly logs: string
  readonly data: string
  nodeConf(name: string): string
}

/** The project's own folder: where dist/ and scripts/ are. */
export const root = findRoot(path.dirname(fileURLToPath(import.meta.url)))

function findRoot(from: string): string {
  for (let dir = from; ; dir = path.dirname(dir)) {
    if (existsSync(path.join(dir, 'scripts/launch.cjs'))) return dir
    if (dir === path.dirname(dir)) throw new Error(`${from} is not within the project: no folder above it has scripts/launch.cjs`)
  }
}

/** --dir, else BOBBIN_DIR (which `bobbin env` exports), else the user's data home. */
export function clusterDir(option?: string): string {
  const dataHome = process.env.XDG_DATA_HOME || path.join(os.homedir(), '.local/share')
  return path.resolve(option ?? (process.env.BOBBIN_DIR || path.join(dataHome, 'bobbin')))
}

export function layout(dir: string): Layout {
  const at = (name: string) => path.join(dir, name)
  return {
    dir,
    record: at('cluster.json'),
    conf: at('conf'),
    flinkConf: at('flink-conf'),
    flink: at('flink'),
    run: at('run'),
    logs: at('logs'),
    data: at('data'),
    nodeConf: (name) => at(`conf-${name}`),
  }
}

/** Undefined when no cluster was ever up in this folder. @throws Error naming the file when it can't be understood */
export function readRecord(l: Layout): ClusterRecord | undefined {
  if (!existsSync(l.record)) return undefined
  try {
    const record = JSON.parse(readFileSync(l.record, 'utf8')) as ClusterRecord
    if (record.version !== 1) throw new Error(`version ${record.version} is not known`)
    return record
  } catch (e) {
    throw new Error(`${l.record} can't be read (${(e as Error).message}); if no cluster runs there, remove it`)
  }
}

export function writeRecord(l: Layout, record: ClusterRecord): void {
  writeFileSync(`${l.record}.tmp`, `${JSON.stringify(record, null, 2)}\n`)
  renameSync(`${l.record}.tmp`, l.record)
}

/** @throws Error naming those that there are */
export function daemonNamed(record: ClusterRecord, name: string): DaemonRecord {
  const found = record.daemons.find((d) => d.name === name)
  if (!found) throw new Error(`there is no daemon "${name}"; there are ${record.daemons.map((d) => d.name).join(', ')}`)
  return found
}

export function readyFile(l: Layout, name: string): string {
  return path.join(l.run, `${name}.json`)
}

export function readReady(l: Layout, name: string): ReadyFile | undefined {
  const file = readyFile(l, name)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ReadyFile) : undefined
}

/** The last `count` lines of a daemon's log that tell something; what it printed when it logged nothing. */
export function lastLines(l: Layout, name: string, count: number): string[] {
  for (const file of [`${name}.out`, `${name}.log`]) {
    const full = path.join(l.logs, file)
    if (!existsSync(full)) continue
    const lines = readFileSync(full, 'utf8').trimEnd().split('\n')
    if (lines.length > 1 || lines[0] !== '') return lines.slice(-count).map(readable)
  }
  return []
}

/** A line of a daemon's log, which is JSON, as a person reads it. */
function readable(line: string): string {
  if (!line.startsWith('{')) return line
  try {
    const { time, level, msg, err } = JSON.parse(line) as { time?: string; level?: string; msg?: string; err?: { message?: string } }
    const reason = err?.message !== undefined && err.message !== msg ? `: ${err.message}` : ''
    return `${time ?? ''} ${(level ?? '').toUpperCase()} ${msg ?? ''}${reason}`.trim()
  } catch {
    return line
  }
}
