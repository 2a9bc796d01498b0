/** The files that an application's containers get: uploaded to its staging directory, or used where they lie. */
import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { exception, isException } from '../../common/errors.js'
import type { LocalResourceProtoInit, StringLocalResourceMapProtoInit } from '../../common/proto/gen/yarn.js'
import { type DfsClient, absolutePath, copyFromLocal } from '../../hdfs-lite/client/index.js'
import type { FileStatus } from '../../hdfs-lite/client/index.js'

type Visibility = 'PUBLIC' | 'APPLICATION'
type ResourceType = 'FILE' | 'ARCHIVE'

const DIRECTORY_MODE = 0o700
const FILE_MODE = 0o644
/** Files that are written at once: each has a connection to a DataNode. */
const UPLOADS = 8

export interface Registration {
  /** Whether TaskManagers get it too. */
  readonly ship: boolean
  readonly type?: ResourceType
}

export const isRemote = (p: string): boolean => /^(?!file:)[a-z][a-z0-9+.-]*:\/\//i.test(p)
/** The local path of `/a/b` or `file:///a/b`. */
export const localPath = (p: string): string => (p.startsWith('file:') ? fileURLToPath(p.replace(/^file:\/*/, 'file:///')) : p)

/** As Promise.all, but settles when nothing is under way any more: what is undone then stays undone. */
export async function allDone<const T extends readonly unknown[]>(work: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work)
  return Promise.all(work)
}

export class ApplicationFiles {
  readonly #resources = new Map<string, LocalResourceProtoInit>()
  readonly #shipped = new Map<string, string>()
  readonly #descriptors = new Map<string, string>()
  #free = UPLOADS
  readonly #waiting: (() => void)[] = []

  constructor(
    readonly dfs: DfsClient,
    /** The staging directory, as a path of `dfs`. */
    readonly directory: string,
    readonly replication: number | undefined,
  ) {}

  /** Its URI. */
  get uri(): string {
    return this.dfs.uri + this.directory
  }

  async prepare(): Promise<void> {
    await this.dfs.mkdirs(this.directory, DIRECTORY_MODE)
  }

  async remove(): Promise<void> {
    await this.dfs.delete(this.directory, true)
  }

  /** Uploads a local file to `name` in the staging directory. @param key its path in the container */
  uploadFile(key: string, local: string, name: string, how: Registration): Promise<void> {
    return this.#upload(key, name, how, (target) => copyFromLocal(this.dfs, local, target, this.#options()))
  }

  uploadText(key: string, text: string, name: string, how: Registration): Promise<void> {
    return this.#upload(key, name, how, (target) => this.dfs.writeFile(target, text, this.#options()))
  }

  async #upload(key: string, name: string, how: Registration, write: (target: string) => Promise<void>): Promise<void> {
    const target = path.posix.join(this.directory, name)
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      await write(target)
      this.#register(key, await this.dfs.getFileStatus(target), 'APPLICATION', how)
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }

  /** A file or, below its own name, all files of a folder. */
  async uploadTree(local: string, how: Registration, under = ''): Promise<void> {
    const files = statSync(local).isDirectory()
      ? [...localFiles(local)].map((f) => [path.join(local, f), path.posix.join(path.basename(local), f)])
      : [[local, path.basename(local)]]
    await allDone(files.map(([file, key]) => this.uploadFile(path.posix.join(under, key!), file!, path.posix.join(under, key!), how)))
  }

  /** Uses a file of the store in place. */
  async useRemote(key: string, file: string, visibility: Visibility, how: Registration): Promise<void> {
    this.#register(key, await this.#existing(file), visibility, how)
  }

  /** Uses all files below a directory of the store in place, under the directory's own name. Their keys. */
  async useRemoteTree(directory: string, visibility: Visibility): Promise<string[]> {
    const root = await this.#existing(directory)
    const base = path.posix.dirname(root.path)
    const keys: string[] = []
    for (const status of await this.#filesBelow(root.path)) {
      const key = path.posix.relative(base, status.path)
      this.#register(key, status, visibility, { ship: true })
      keys.push(key)
    }
    return keys
  }

  async #existing(file: string): Promise<FileStatus> {
    try {
      return await this.dfs.getFileStatus(file)
    } catch (e) {
      if (!isException(e, 'FileNotFoundException')) throw e
      throw exception('FileNotFoundException', `File does not exist: ${isRemote(file) ? file : this.dfs.uri + file}`, { cause: e.cause })
    }
  }

  async #filesBelow(directory: string): Promise<FileStatus[]> {
    const entries = await this.dfs.listStatus(directory)
    return (await Promise.all(entries.map((e) => (e.type === 'DIRECTORY' ? this.#filesBelow(e.path) : [e])))).flat()
  }

  #options() {
    return { permission: FILE_MODE, ...(this.replication !== undefined && { replication: this.replication }) }
  }

  #register(key: string, status: FileStatus, visibility: Visibility, { ship, type = 'FILE' }: Registration): void {
    const [host, port] = this.dfs.service.authority.split(':')
    this.#resources.set(key, {
      resource: { scheme: 'hdfs', host: host!, port: port === undefined ? -1 : Number(port), file: status.path },
      size: status.length,
      timestamp: status.modificationTime,
      type,
      visibility,
    })
    const text = `YarnLocalResourceDescriptor{key=${key}, path=${this.dfs.uri}${status.path}, size=${status.length}, modificationTime=${status.modificationTime}, visibility=${visibility}, type=${type}}`
    this.#descriptors.set(key, text)
    if (ship) this.#shipped.set(key, text)
  }

  /** The key of a file of the store that is registered already. */
  keyOf(file: string): string | undefined {
    const wanted = absolutePath(file)
    return [...this.#resources].find(([, r]) => r.resource?.file === wanted)?.[0]
  }

  localResources(): StringLocalResourceMapProtoInit[] {
    return [...this.#resources].map(([key, value]) => ({ key, value }))
  }

  /** How the JobManager is told of one file. */
  descriptor(key: string): string {
    return this.#descriptors.get(key)!
  }

  /** How the JobManager is told of the files for TaskManagers. */
  shipped(without: string): string {
    return [...this.#shipped].flatMap(([key, text]) => (key === without ? [] : [text])).join(';')
  }
}

/** Files below a folder, relative to it. */
export function* localFiles(folder: string, prefix = ''): Iterable<string> {
  for (const entry of readdirSync(path.join(folder, prefix), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = path.posix.join(prefix, entry.name)
    if (entry.isDirectory()) yield* localFiles(folder, name)
    else yield name
  }
}
