/**
 * Brings resources to this node, each once for all who may share it: PUBLIC ones for everybody, PRIVATE ones for a
 * user's containers, APPLICATION ones for an application's (Hadoop's ResourceLocalizationService).
 *
 *   LOCAL/filecache/N/NAME                                 PUBLIC
 *   LOCAL/usercache/USER/filecache/N/NAME                  PRIVATE
 *   LOCAL/usercache/USER/appcache/APPID/filecache/N/NAME   APPLICATION
 */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { LocalResourceProto } from '../../common/proto/gen/yarn.js'
import { type ResourceEvent, type ResourceLife, newResourceLife, stepResource } from '../core/resource.js'
import type { LocalDirs } from '../monitor/disks.js'
import { ensureDir, isDiskFull } from '../monitor/disks.js'
import type { NodeStore, StoredResource } from '../store/store.js'
import { download, javaText } from './download.js'
import { type ResourceRequest, describe, identityOf, requestOf } from './request.js'
import type { SourceStatus, Sources } from './sources.js'

/** Whose resources: the container that asks, its user, its application. */
export interface Asker {
  readonly containerId: string
  readonly user: string
  readonly applicationId: string
}

export interface LocalizerOptions {
  readonly dirs: LocalDirs
  readonly store: NodeStore
  readonly sources: Sources
  /** The user that public resources are read as. */
  readonly nodeUser: string
  /** Bytes of unused copies that are kept. */
  readonly cacheTarget: number
  /** Downloads at once. */
  readonly parallel: number
  readonly onLocalized: (containerId: string, resource: string) => void
  readonly onFailed: (containerId: string, resource: string, diagnostics: string) => void
  /** Something went wrong that no container waits for. */
  readonly onError: (what: string, error: unknown) => void
}

interface Entry {
  readonly id: string
  readonly tracker: string
  readonly request: ResourceRequest
  readonly proto: LocalResourceProto
  readonly user: string
  readonly life: ResourceLife
  /** The copy's own folder. */
  dir: string | undefined
  lastUse: number
}

/** The first number that Hadoop gives a copy. */
const FIRST = 10

export const trackerOf = (r: ResourceRequest, asker: Asker): string =>
  r.visibility === 'PUBLIC' ? 'PUBLIC' : r.visibility === 'PRIVATE' ? `PRIVATE:${asker.user}` : `APPLICATION:${asker.user}:${asker.applicationId}`

/** A resource's id towards a container: the same for equal requests. */
export const resourceId = (r: ResourceRequest, asker: Asker): string => `${trackerOf(r, asker)}|${identityOf(r)}`

function folderOf(tracker: string): string {
  const [visibility, user, app] = tracker.split(':')
  if (visibility === 'PUBLIC') return 'filecache'
  if (visibility === 'PRIVATE') return `usercache/${user}/filecache`
  return `usercache/${user}/appcache/${app}/filecache`
}

export interface CacheFigures {
  hits: number
  hitBytes: number
  misses: number
  missBytes: number
  deletedBytes: number
}

export class Localizer {
  readonly #entries = new Map<string, Entry>()
  readonly #byContainer = new Map<string, Set<Entry>>()
  readonly #numbers = new Map<string, number>()
  readonly #ancestors = new Map<string, Promise<SourceStatus>>()
  readonly #waiting: Entry[] = []
  #running = 0
  readonly figures: CacheFigures = { hits: 0, hitBytes: 0, misses: 0, missBytes: 0, deletedBytes: 0 }

  constructor(private readonly options: LocalizerOptions) {}

  /** Takes up what an earlier run had localised; half-made copies are removed. */
  recover(stored: Iterable<StoredResource>): void {
    for (const s of stored) {
      const dir = path.dirname(s.path)
      const number = Number(path.basename(dir))
      if (Number.isInteger(number)) this.#numbers.set(s.tracker, Math.max(this.#numbers.get(s.tracker) ?? FIRST, number + 1))
      if (s.size === undefined || !existsSync(s.path)) {
        this.options.store.removeResource(s.path)
        this.#remove(dir)
        this.#remove(`${dir}_tmp`)
        continue
      }
      const proto = LocalResourceProto.decode(s.resource)
      const request = requestOf(proto)
      const entry = this.#add(`${s.tracker}|${identityOf(request)}`, s.tracker, request, proto, s.tracker.split(':')[1] ?? this.options.nodeUser)
      entry.dir = dir
      stepResource(entry.life, { type: 'RECOVERED', path: s.path, size: s.size })
    }
  }

  #add(id: string, tracker: string, request: ResourceRequest, proto: LocalResourceProto, user: string): Entry {
    const entry: Entry = { id, tracker, request, proto, user, life: newResourceLife(), dir: undefined, lastUse: 0 }
    this.#entries.set(id, entry)
    return entry
  }

  /**
   * Asks for a resource; `onLocalized` or `onFailed` follows, at once when it is there already.
   * @returns whether it was there, and the bytes it has
   */
  request(asker: Asker, proto: LocalResourceProto): { cached: boolean; size: number } {
    const request = requestOf(proto)
    const tracker = trackerOf(request, asker)
    const id = `${tracker}|${identityOf(request)}`
    let entry = this.#entries.get(id)
    // Somebody tidied up behind our back.
    if (entry?.life.state === 'LOCALIZED' && !existsSync(entry.life.path!)) {
      this.#forget(entry)
      entry = undefined
    }
    entry ??= this.#add(id, tracker, request, proto, request.visibility === 'PUBLIC' ? this.options.nodeUser : asker.user)
    const used = this.#byContainer.get(asker.containerId)
    if (used) used.add(entry)
    else this.#byContainer.set(asker.containerId, new Set([entry]))
    const cached = entry.life.state === 'LOCALIZED'
    if (cached) {
      this.figures.hits++
      this.figures.hitBytes += entry.life.size
    } else {
      this.figures.misses++
    }
    this.#handle(entry, { type: 'REQUEST', container: asker.containerId })
    return { cached, size: cached ? entry.life.size : request.size }
  }

  /** Where a localised resource is. */
  pathOf(id: string): string | undefined {
    return this.#entries.get(id)?.life.path
  }

  #handle(entry: Entry, event: ResourceEvent): void {
    for (const effect of stepResource(entry.life, event).effects) {
      switch (effect.type) {
        case 'FETCH':
          this.#waiting.push(entry)
          this.#pump()
          break
        case 'TELL_LOCALIZED':
          this.options.onLocalized(effect.container, entry.id)
          break
        case 'TELL_FAILED':
          this.options.onFailed(effect.container, entry.id, effect.diagnostics)
          break
      }
    }
  }

  #pump(): void {
    while (this.#running < this.options.parallel) {
      const entry = this.#waiting.shift()
      if (!entry) return
      this.#running++
      this.#fetch(entry).finally(() => {
        this.#running--
        this.#pump()
      })
    }
  }

  async #fetch(entry: Entry): Promise<void> {
    const { store, dirs, sources } = this.options
    let file: string | undefined
    try {
      const number = this.#numbers.get(entry.tracker) ?? FIRST
      this.#numbers.set(entry.tracker, number + 1)
      const cache = path.join(dirs.pick('local'), folderOf(entry.tracker))
      ensureDir(cache, entry.tracker === 'PUBLIC' ? 0o755 : 0o710)
      entry.dir = path.join(cache, String(number))
      file = path.join(entry.dir, path.posix.basename(entry.request.uri))
      const stored: StoredResource = { tracker: entry.tracker, resource: LocalResourceProto.encode(entry.proto), path: file, size: undefined }
      store.putResource(file, stored)
      const copy = await download(entry.request, sources.for(entry.request.uri, entry.user), entry.dir, this.#ancestors)
      store.putResource(file, { ...stored, size: copy.size })
      this.figures.missBytes += copy.size
      entry.lastUse = Date.now()
      this.#handle(entry, { type: 'LOCALIZED', path: copy.path, size: copy.size })
      if (entry.life.users.size === 0 && !this.#entries.has(entry.id)) this.#remove(entry.dir)
      this.#evict()
    } catch (e) {
      if (file !== undefined) store.removeResource(file)
      this.#entries.delete(entry.id)
      // Permissions may be mended before the next try.
      this.#ancestors.clear()
      if (isDiskFull(e)) dirs.check()
      this.#handle(entry, { type: 'LOCALIZATION_FAILED', diagnostics: failureText(entry, e) })
    }
  }

  /** A container is done with all its resources. */
  release(containerId: string): void {
    const used = this.#byContainer.get(containerId)
    if (!used) return
    this.#byContainer.delete(containerId)
    const now = Date.now()
    for (const entry of used) {
      entry.lastUse = now
      this.#handle(entry, { type: 'RELEASE', container: containerId })
    }
    this.#evict()
  }

  /** Removes unused shared copies, the longest unused first, until the rest is within the target. */
  #evict(): void {
    const kept = [...this.#entries.values()].filter((e) => !e.tracker.startsWith('APPLICATION:') && e.life.state === 'LOCALIZED')
    let total = kept.reduce((sum, e) => sum + e.life.size, 0)
    if (total <= this.options.cacheTarget) return
    for (const entry of kept.filter((e) => e.life.users.size === 0).sort((a, b) => a.lastUse - b.lastUse)) {
      if (total <= this.options.cacheTarget) return
      total -= entry.life.size
      this.figures.deletedBytes += entry.life.size
      this.#forget(entry)
    }
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry.id)
    if (entry.life.path !== undefined) this.options.store.removeResource(entry.life.path)
    if (entry.dir !== undefined) this.#remove(entry.dir)
  }

  /** An application is over: its copies go with its folder, which the caller removes. */
  destroyApplication(user: string, applicationId: string): void {
    const tracker = `APPLICATION:${user}:${applicationId}`
    this.#numbers.delete(tracker)
    for (const entry of [...this.#entries.values()]) {
      if (entry.tracker !== tracker) continue
      this.#entries.delete(entry.id)
      if (entry.life.path !== undefined) this.options.store.removeResource(entry.life.path)
    }
  }

  /** Every copy that is there. */
  *localised(): Iterable<{ readonly request: ResourceRequest; readonly path: string; readonly size: number; readonly users: number }> {
    for (const { request, life } of this.#entries.values())
      if (life.state === 'LOCALIZED') yield { request, path: life.path!, size: life.size, users: life.users.size }
  }

  #remove(dir: string): void {
    rm(dir, { recursive: true, force: true }).catch((e) => this.options.onError(`${dir} can't be removed`, e))
  }
}

/** Hadoop words the failure of a public resource otherwise than that of a user's. */
function failureText(entry: Entry, e: unknown): string {
  if (entry.tracker === 'PUBLIC') {
    const users = [...entry.life.users].map((c) => `(${c})`).join('')
    return `Failed to download resource { ${describe(entry.request)},pending,[${users}],${entry.lastUse},${entry.life.state}} ${javaText(e)}`
  }
  return `${e instanceof Error ? e.message : String(e)}\n${javaText(e)}\n`
}
