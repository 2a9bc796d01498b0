/** Starts a cluster's daemons, watches them, stops them. */
import { spawn } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { loadConfiguration } from '../config/configuration.js'
import { clientProtocol } from '../protocols/client-namenode.js'
import { RpcClient, parseAddress } from '../rpc/client.js'
import { currentUser } from '../security/user.js'
import { YarnClient } from '../yarn-client/index.js'
import { type ConfigureOptions, type PlannedDaemon, chosenAddresses, configure } from './configure.js'
import { requireLocal } from './hosts.js'
import {
  type ClusterRecord,
  type DaemonKind,
  type DaemonRecord,
  type Layout,
  daemonNamed,
  lastLines,
  layout,
  readReady,
  readyFile,
  root,
  writeRecord,
} from './layout.js'
import { type ProcessRef, containerProcesses, isAlive, signal, startTimeOf } from './processes.js'

/**
 * Idle daemons in little memory: small young generations (MiB), few helper threads. Heavy work grows the old generation as
 * ever. A NameNode with many files loads them a quarter quicker with more.
 */
const SEMI_SPACE: Readonly<Partial<Record<DaemonKind, number>>> = { namenode: 8 }
const nodeFlags = (kind: DaemonKind) => [`--max-semi-space-size=${SEMI_SPACE[kind] ?? 1}`]
const DAEMON_ENV = { UV_THREADPOOL_SIZE: '2', MALLOC_ARENA_MAX: '1' }

const POLL = 10
const START_LIMIT = 30_000
/** Milliseconds from TERM to KILL. */
const STOP_LIMIT = 10_000
const KILL_APPLICATIONS_LIMIT = 5_000
/** NodeManagers first, while the store still takes their logs; the NameNode last. */
const STOP_ORDER: readonly (readonly DaemonKind[])[] = [['nodemanager'], ['resourcemanager'], ['datanode'], ['namenode']]

export interface UpOptions extends Omit<ConfigureOptions, 'previous'> {
  readonly dir: string
  /** Gives the start up, whatever moment it comes at. */
  readonly signal?: AbortSignal
}

/** `N` or `name,name…` @throws Error when it is neither */
export function parseNodes(text: string): string[] {
  if (/^\d+$/.test(text)) {
    const n = Number(text)
    // None at all is for `bobbin sim --live`, whose simulated nodes want the cluster to themselves.
    if (n > 1000) throw new Error(`--nodes ${text}: at most 1000 NodeManagers can be started`)
    return Array<string>(n).fill('localhost')
  }
  const names = text.split(',').map((s) => s.trim())
  if (names.some((n) => !/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(n)))
    throw new Error(`--nodes ${text}: give a number, or host names separated by commas`)
  return names
}

export class Cluster {
  readonly #events = new EventEmitter<{ ended: [DaemonRecord] }>()
  readonly #restarting = new Set<string>()
  #record: ClusterRecord
  #stopping = false

  private constructor(
    readonly layout: Layout,
    record: ClusterRecord,
  ) {
    this.#record = record
  }

  get record(): ClusterRecord {
    return this.#record
  }

  /** Calls back for each daemon that ends without having been told to. */
  onEnded(listener: (daemon: DaemonRecord) => void): void {
    this.#events.on('ended', listener)
  }

  /** Configures and starts everything; resolves once applications and files can be used. @throws Error, with nothing left running */
  static async start(options: UpOptions): Promise<Cluster> {
    const startedAt = Date.now()
    const started = performance.now()
    requirePlain(options.dir)
    await requireLocal([...new Set(options.nodes)].filter((n) => n !== 'localhost'))
    const l = layout(options.dir)
    for (const dir of [l.run, l.logs, l.data]) mkdirSync(dir, { recursive: true })
    for (const f of readdirSync(l.run)) rmSync(path.join(l.run, f), { force: true })
    const supervisor = { pid: process.pid, startTime: startTimeOf(process.pid)! }
    const cluster = new Cluster(l, { version: 1, supervisor, startedAt, nodes: options.nodes.length, daemons: [] })
    // From now on `down` finds it, however far it has come.
    cluster.#save({})
    const portsFile = path.join(l.dir, 'ports.json')
    const previous = existsSync(portsFile) ? (JSON.parse(readFileSync(portsFile, 'utf8')) as Record<string, string>) : undefined
    const planned = await configure(l, { ...options, ...(previous && { previous }) })
    writeFileSync(portsFile, `${JSON.stringify(chosenAddresses(planned), null, 2)}\n`)
    try {
      for (const d of planned) cluster.#spawn(d)
      cluster.#save({})
      await cluster.#ready(options.signal)
      cluster.#save({ usableAfter: Math.round(performance.now() - started) })
      return cluster
    } catch (e) {
      await cluster.stop()
      throw e
    }
  }

  #spawn(planned: PlannedDaemon): void {
    const { name, kind, confDir } = planned
    if (!existsSync(path.join(root, 'dist', `${kind}.cjs`))) throw new Error(`dist/${kind}.cjs is not built; run: npm run build`)
    const out = openSync(path.join(this.layout.logs, `${name}.out`), 'w')
    const child = spawn(process.execPath, [...nodeFlags(kind), path.join(root, 'scripts/launch.cjs'), kind], {
      // A session of its own: Ctrl-C in the terminal is the supervisor's to carry out, in order.
      detached: true,
      stdio: ['ignore', out, out],
      cwd: this.layout.dir,
      env: {
        ...process.env,
        ...DAEMON_ENV,
        HADOOP_CONF_DIR: confDir,
        HADOOP_LOG_DIR: this.layout.logs,
        BOBBIN_RUN_DIR: this.layout.run,
        BOBBIN_DAEMON_NAME: name,
        BOBBIN_DIR: this.layout.dir,
      },
    })
    closeSync(out)
    const startTime = child.pid === undefined ? undefined : startTimeOf(child.pid)
    if (child.pid === undefined || startTime === undefined) throw new Error(`${name} can't be started (${process.execPath})`)
    const { pid } = child
    const made: DaemonRecord = { name, kind, confDir, address: planned.address, web: planned.web, pid, startTime }
    const known = this.#record.daemons.some((d) => d.name === name)
    const daemons = known ? this.#record.daemons.map((d) => (d.name === name ? made : d)) : [...this.#record.daemons, made]
    this.#record = { ...this.#record, daemons }
    child.once('exit', (code, sig) => this.#exited(pid, code, sig))
  }

  #exited(pid: number, code: number | null, sig: string | null): void {
    const daemon = this.#record.daemons.find((d) => d.pid === pid)
    if (this.#stopping || !daemon || this.#restarting.has(daemon.name)) return
    const ended = { ...daemon, ended: { code, signal: sig, at: Date.now() } }
    this.#save({ daemons: this.#record.daemons.map((d) => (d === daemon ? ended : d)) })
    this.#events.emit('ended', ended)
  }

  /** Starts a daemon anew on its old configuration, after ending it if it runs. @throws Error when there is none of that name, or when it does not come up */
  async restart(name: string): Promise<void> {
    const daemon = this.daemon(name)
    this.#restarting.add(name)
    try {
      await end(daemon)
      rmSync(readyFile(this.layout, name), { force: true })
      this.#spawn(daemon)
      this.#save({})
    } finally {
      this.#restarting.delete(name)
    }
    await this.#waitFor(
      `${name} did not start`,
      () => readReady(this.layout, name) !== undefined,
      (d) => d.name === name,
    )
  }

  /** @throws Error naming those that there are */
  daemon(name: string): DaemonRecord {
    return daemonNamed(this.#record, name)
  }

  #save(change: Partial<ClusterRecord>): void {
    this.#record = { ...this.#record, ...change }
    writeRecord(this.layout, this.#record)
  }

  async #ready(abort: AbortSignal | undefined): Promise<void> {
    const waiting = new Set(this.#record.daemons.map((d) => d.name))
    const ready = () => {
      for (const name of waiting) if (readReady(this.layout, name)) waiting.delete(name)
      return waiting.size === 0
    }
    await this.#waitFor(`${[...waiting].join(', ')} did not start`, ready, () => true, abort)
    const view = new ClusterView(this.layout)
    const registered = async () => {
      const [nodes, datanodes] = await Promise.all([view.liveNodes(), view.liveDatanodes()])
      return nodes === this.#record.nodes && datanodes === 1
    }
    try {
      await this.#waitFor('the NodeManagers and the DataNode did not register', registered, () => true, abort)
    } finally {
      view.close()
    }
  }

  /** @param needed daemons whose end makes waiting vain */
  async #waitFor(what: string, done: () => Promise<boolean> | boolean, needed: (d: DaemonRecord) => boolean, abort?: AbortSignal): Promise<void> {
    const limit = performance.now() + START_LIMIT
    for (;;) {
      const gone = this.#record.daemons.find((d) => d.ended && needed(d))
      if (gone) throw new Error(startFailure(this.layout, gone))
      abort?.throwIfAborted()
      if (await done()) return
      if (performance.now() > limit) throw new Error(`${what} within ${START_LIMIT / 1000} s; logs are in ${this.layout.logs}`)
      await new Promise((r) => setTimeout(r, POLL))
    }
  }

  async stop(report: (line: string) => void = () => {}): Promise<void> {
    this.#stopping = true
    await stopDaemons(this.layout, this.#record, report)
  }
}

/** Commands of containers name their log folder unquoted (`1> <LOG_DIR>/stdout`), and properties that name folders split at commas. */
function requirePlain(dir: string): void {
  const odd = /[^\w./+:@%=~-]/u.exec(dir.replace(/[^\0-\x7f]/gu, ''))?.[0]
  if (odd !== undefined)
    throw new Error(
      `the folder "${dir}" has ${odd === ' ' ? 'a blank' : `the character ${odd}`} in its path, which containers' commands can't stand; choose another one with --dir`,
    )
}

/** What clients of a cluster see of it. */
export class ClusterView {
  readonly yarn: YarnClient
  readonly #namenode: RpcClient<typeof clientProtocol>

  constructor(l: Layout) {
    const conf = loadConfiguration(l.conf)
    this.yarn = new YarnClient(conf, { timeout: 5_000 })
    const address = [...conf.withPrefix('dfs.namenode.rpc-address.')][0]
    if (!address) throw new Error(`${l.conf}/hdfs-site.xml names no NameNode`)
    this.#namenode = new RpcClient(clientProtocol, [parseAddress(address.value)], { user: currentUser(), timeout: 5_000 })
  }

  async liveNodes(): Promise<number> {
    return (await this.yarn.getClusterMetrics()).numActiveNms ?? 0
  }

  async liveDatanodes(): Promise<number> {
    return (await this.#namenode.proxy.getDatanodeReport({ type: 'LIVE' })).di.length
  }

  close(): void {
    this.yarn.close()
    this.#namenode.close()
  }
}

function startFailure(l: Layout, d: DaemonRecord): string {
  const lines = lastLines(l, d.name, 10).map((line) => `  ${line}`)
  return [`${d.name} ${describeEnd(d)} while it was starting; its last words:`, ...lines].join('\n')
}

export function describeEnd(d: DaemonRecord): string {
  if (!d.ended) return 'ended'
  return d.ended.signal ? `was ended by ${d.ended.signal}` : `ended with exit code ${d.ended.code}`
}

/** Stops what runs of a cluster, also when its supervisor is gone. Nothing of it is left afterwards, containers neither. */
export async function stopDaemons(l: Layout, record: ClusterRecord, report: (line: string) => void): Promise<void> {
  if (record.usableAfter !== undefined) await killApplications(l, record, report)
  for (const kinds of STOP_ORDER) {
    await Promise.all(record.daemons.filter((d) => kinds.includes(d.kind)).map((d) => end(d)))
  }
  await Promise.all(containerProcesses(l.dir).map((p) => end(p, 1_000)))
}

/** Applications can't outlive their NodeManagers; ended by name, none is tried again when the cluster comes up next. */
async function killApplications(l: Layout, record: ClusterRecord, report: (line: string) => void): Promise<void> {
  const manager = record.daemons.find((d) => d.kind === 'resourcemanager')
  if (!manager || !isAlive(manager)) return
  const yarn = new YarnClient(loadConfiguration(l.conf), { timeout: KILL_APPLICATIONS_LIMIT })
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error('the ResourceManager does not answer')), KILL_APPLICATIONS_LIMIT).unref())
  const kill = async () => {
    const running = await yarn.getApplications({ applicationStates: ['NEW', 'NEW_SAVING', 'SUBMITTED', 'ACCEPTED', 'RUNNING'] })
    if (running.length > 0) report(`killing ${running.length} application${running.length === 1 ? '' : 's'}`)
    await Promise.all(running.map((a) => yarn.forceKillApplication({ id: a.applicationId?.id ?? 0, clusterTimestamp: a.applicationId?.clusterTimestamp ?? 0 })))
    while (containerProcesses(l.dir).length > 0) await new Promise((r) => setTimeout(r, 2 * POLL))
  }
  try {
    await Promise.race([kill(), late])
  } catch (e) {
    report(`applications are ended with their NodeManagers: ${(e as Error).message}`)
  } finally {
    yarn.close()
  }
}

async function end(p: ProcessRef, limit = STOP_LIMIT): Promise<void> {
  if (!signal(p, 'SIGTERM')) return
  const late = performance.now() + limit
  let killed = false
  while (isAlive(p)) {
    if (!killed && performance.now() > late) killed = signal(p, 'SIGKILL')
    await new Promise((r) => setTimeout(r, POLL))
  }
}
