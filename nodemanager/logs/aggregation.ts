/**
 * Brings the logs of finished applications to the store (Hadoop's LogAggregationService with the TFile controller):
 * written to NODE_PORT.tmp, then renamed; local copies go when all is there.
 */
import { createReadStream, statSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Writable } from 'node:stream'
import type { Configuration } from '../../common/config/configuration.js'
import { yarn } from '../../common/config/keys/yarn.js'
import type { Logger } from '../../common/daemon/daemon.js'
import { exception, isException } from '../../common/errors.js'
import {
  type Compression,
  type ContainerLogs,
  type LogFileSource,
  TMP_FILE_SUFFIX,
  nodeFileName,
  remoteAppLogDir,
  writeAggregatedLogs,
} from '../../common/logs/index.js'
import type { LogAggregationReportProtoInit } from '../../common/proto/gen/resource-tracker.js'
import type { LogAggregationStatusProto } from '../../common/proto/gen/yarn.js'
import { applicationIdProto } from '../../common/protocols/records.js'
import type { NodeId } from '../../common/records/ids.js'
import type { LocalDirs } from '../monitor/disks.js'
import type { NodeContainer } from '../runtime/container.js'
import type { NodeApplication } from '../runtime/container-manager.js'
import type { Deletions } from '../runtime/layout.js'
import { type LogHandler, POLICIES, policyNamed } from './handler.js'
import { containerLogFiles } from './local.js'

/** What of a store's client is needed here. */
export interface LogStore {
  getFileStatus(path: string): Promise<{ readonly permission: number }>
  mkdirs(path: string, permission?: number): Promise<boolean>
  setPermission(path: string, permission: number): Promise<unknown>
  create(path: string, options: { overwrite?: boolean; permission?: number }): Writable
  rename(from: string, to: string): Promise<boolean>
  delete(path: string, recursive: boolean): Promise<boolean>
}

export interface AggregationOptions {
  readonly conf: Configuration
  readonly nodeId: () => NodeId
  readonly dirs: LocalDirs
  readonly deletions: Deletions
  /** A client of the store that acts as the application's user; and as the node's, which owns the root folder. */
  readonly storeFor: (user: string) => LogStore
  readonly nodeUser: string
  readonly compression: Compression
  readonly policy: string
  readonly attempts: number
  /** Milliseconds before the second try. */
  readonly retryInterval: number
  readonly log: Logger
}

const ROOT_MODE = 0o1777
const DIR_MODE = 0o770
const FILE_MODE = 0o640

export class AggregatingLogHandler implements LogHandler {
  /** Containers whose logs are wanted, by application. */
  readonly #pending = new Map<string, Set<string>>()
  #reports: LogAggregationReportProtoInit[] = []
  readonly #running = new Set<Promise<void>>()
  readonly #stopped = new AbortController()

  constructor(private readonly options: AggregationOptions) {
    if (!policyNamed(options.policy)) options.log.warn(`log aggregation policy ${options.policy} is not known; all containers' logs are aggregated`)
  }

  applicationStarted(app: NodeApplication): void {
    this.#pending.set(app.name, this.#pending.get(app.name) ?? new Set())
  }

  containerFinished(c: NodeContainer, context = c.token.logAggregationContext): void {
    const policy = policyNamed(context?.logAggregationPolicyClassName) ?? policyNamed(this.options.policy) ?? POLICIES.AllContainerLogAggregationPolicy!
    if (!policy(c)) return
    const pending = this.#pending.get(c.applicationId)
    if (pending) pending.add(c.containerId)
    else this.#pending.set(c.applicationId, new Set([c.containerId]))
  }

  applicationFinished(app: NodeApplication): Promise<void> {
    const work = this.#aggregate(app).finally(() => this.#running.delete(work))
    this.#running.add(work)
    return work
  }

  async #aggregate(app: NodeApplication): Promise<void> {
    const containers = [...(this.#pending.get(app.name) ?? [])].sort()
    this.#pending.delete(app.name)
    const { attempts, retryInterval, log, deletions, dirs } = this.options
    for (let attempt = 1; ; attempt++) {
      try {
        const uploaded = await this.#upload(app, containers)
        const words = uploaded
          ? `Log uploaded successfully for Application: ${app.name} in NodeManager: ${nodeFileName(this.options.nodeId())} at ${javaDate(Date.now())}\n`
          : ''
        this.#report(app, 'LOG_RUNNING', words)
        this.#report(app, 'LOG_SUCCEEDED', '')
        for (const dir of dirs.logDirs) deletions.remove(path.join(dir, app.name))
        return
      } catch (e) {
        if (attempt >= attempts || this.#stopped.signal.aborted) {
          this.#report(app, 'LOG_RUNNING_WITH_FAILURE', `${(e as Error).message}\n`)
          this.#report(app, 'LOG_FAILED', '')
          throw e
        }
        log.warn({ err: e }, `The logs of ${app.name} could not be brought to the store (try ${attempt} of ${attempts})`)
        await pause(retryInterval * 2 ** (attempt - 1), this.#stopped.signal)
      }
    }
  }

  /** @returns false when there was nothing to bring */
  async #upload(app: NodeApplication, containers: readonly string[]): Promise<boolean> {
    if (!containers.some((id) => this.#files(app, id).length > 0)) return false
    const { conf, storeFor, nodeId, compression } = this.options
    const store = storeFor(app.user)
    const dir = remoteAppLogDir(conf, app.id, app.user)
    await this.#makeDirs(store, dir)
    const file = `${dir}/${nodeFileName(nodeId())}`
    const self = this
    async function* logs(): AsyncGenerator<ContainerLogs<LogFileSource>> {
      for (const containerId of containers) {
        const files = self.#files(app, containerId)
        if (files.length > 0) yield { containerId, files: asyncOf(files) }
      }
    }
    const out = store.create(file + TMP_FILE_SUFFIX, { overwrite: true, permission: FILE_MODE })
    await pipeline(Readable.from(writeAggregatedLogs(app.user, app.acls, logs(), compression), { objectMode: true }), out)
    // A file of an earlier run of this node, before it recovered.
    await store.delete(file, false)
    if (!(await store.rename(file + TMP_FILE_SUFFIX, file))) throw exception('IOException', `${file}${TMP_FILE_SUFFIX} could not be renamed to ${file}`)
    return true
  }

  #files(app: NodeApplication, containerId: string): LogFileSource[] {
    const wanted = nameFilter(app)
    return (containerLogFiles(this.options.dirs, app.name, containerId) ?? [])
      .filter((f) => wanted(f.name))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map((f) => ({ name: f.name, length: f.size, content: f.size === 0 ? asyncOf([]) : fileContent(f.path, f.size) }))
  }

  /** The root belongs to everybody, what is below only to the user and the group that may read logs. */
  async #makeDirs(store: LogStore, dir: string): Promise<void> {
    const root = this.options.conf.get(yarn.remoteLogDir).replace(/\/+$/, '')
    const nodeStore = this.options.storeFor(this.options.nodeUser)
    if (!(await exists(nodeStore, root))) {
      await nodeStore.mkdirs(root, ROOT_MODE)
      await nodeStore.setPermission(root, ROOT_MODE)
    }
    const missing: string[] = []
    for (let d = dir; d.length > root.length && !(await exists(store, d)); d = path.posix.dirname(d)) missing.unshift(d)
    for (const d of missing) {
      await store.mkdirs(d, DIR_MODE)
      await store.setPermission(d, DIR_MODE)
    }
  }

  #report(app: NodeApplication, status: LogAggregationStatusProto, diagnostics: string): void {
    this.#reports.push({ applicationId: applicationIdProto(app.id), logAggregationStatus: status, diagnostics })
  }

  takeReports(): LogAggregationReportProtoInit[] {
    const taken = this.#reports
    this.#reports = []
    return taken
  }

  giveBack(reports: readonly LogAggregationReportProtoInit[]): void {
    this.#reports.unshift(...reports)
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await Promise.allSettled(this.#running)
  }
}

async function exists(store: LogStore, dir: string): Promise<boolean> {
  try {
    await store.getFileStatus(dir)
    return true
  } catch (e) {
    if (isException(e, 'FileNotFoundException')) return false
    throw e
  }
}

/** An application may name the files it wants kept, and those it doesn't. */
function nameFilter(app: NodeApplication): (name: string) => boolean {
  const pattern = (text: string | undefined) => (text ? new RegExp(text) : undefined)
  const include = pattern(app.logContext?.includePattern)
  const exclude = pattern(app.logContext?.excludePattern)
  return (name) => (include?.test(name) ?? true) && !(exclude?.test(name) ?? false)
}

async function* asyncOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

async function* fileContent(file: string, size: number): AsyncGenerator<Uint8Array> {
  if (statSync(file, { throwIfNoEntry: false })) yield* createReadStream(file, { end: size - 1 })
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}

/** `Sat Feb 03 03:20:33 +0000 2001`: as Hadoop's Times.format prints a time. */
export function javaDate(at: number): string {
  const d = new Date(at)
  const [weekday, month, day, year, time, zone] = d.toString().split(' ')
  return `${weekday} ${month} ${day} ${time} ${zone!.replace('GMT', '')} ${year}`
}
