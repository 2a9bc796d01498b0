/** A path as it was given, with what is there (org.apache.hadoop.fs.shell.PathData): messages show it as the user wrote it. */
import type { Configuration } from '../../../common/config/configuration.js'
import { core } from '../../../common/config/keys/core.js'
import { hdfs } from '../../../common/config/keys/hdfs.js'
import { exception } from '../../../common/errors.js'
import { DfsClient, type FileStatus, join, normalize, parentOf } from '../../client/index.js'
import { PathError, UsageError } from './errors.js'
import { type FileSystem, parsePath } from './file-system.js'
import { globMatches, hasWildcard, unescapeGlob } from './glob.js'
import { hdfsFileSystem } from './hdfs-file-system.js'
import { localFileSystem } from './local-file-system.js'

/** The file systems of one command, each made when it is first named. */
export class FileSystems {
  readonly #known = new Map<string, FileSystem>()

  constructor(readonly conf: Configuration) {}

  /** @throws HadoopException when there is none for the path's scheme */
  of(text: string): FileSystem {
    if (text === '') throw new UsageError('Can not create a Path from an empty string')
    const { scheme, authority } = parsePath(text)
    if (scheme === undefined && authority !== undefined) throw exception('IOException', 'No FileSystem for scheme "null"')
    const fallback = parsePath(this.conf.get(core.defaultFs))
    if (scheme === undefined || (scheme === fallback.scheme && !authority)) return this.#get(fallback.scheme ?? 'file', fallback.authority)
    return this.#get(scheme, authority)
  }

  get local(): FileSystem {
    return this.#get('file', undefined)
  }

  #get(scheme: string, authority: string | undefined): FileSystem {
    const key = `${scheme}://${authority ?? ''}`
    const known = this.#known.get(key) ?? this.#make(scheme, authority)
    this.#known.set(key, known)
    return known
  }

  #make(scheme: string, authority: string | undefined): FileSystem {
    if (scheme === 'file') return localFileSystem()
    if (scheme !== 'hdfs') throw exception('IOException', `No FileSystem for scheme "${scheme}"`)
    if (!authority) throw exception('IOException', 'Incomplete HDFS URI, no host: hdfs:///')
    return hdfsFileSystem(new DfsClient(impatient(this.conf), { service: authority }))
  }

  close(): void {
    for (const fs of this.#known.values()) if ('client' in fs) (fs.client as DfsClient).close()
  }
}

/** A person waits: three rounds over a pair of NameNodes, some seconds, unless the configuration says how many. */
function impatient(conf: Configuration): Configuration {
  return conf.has(hdfs.clientFailoverMaxAttempts) ? conf : conf.copy().set(hdfs.clientFailoverMaxAttempts.name, '6', 'the shell')
}

export interface PathData {
  readonly fs: FileSystem
  /** Absolute, within the file system. */
  readonly path: string
  /** As it is shown. */
  readonly text: string
  readonly status: FileStatus | undefined
}

/** hdfs://AUTHORITY/path, or file:/path */
export function qualified(item: { fs: FileSystem; path: string }): string {
  return item.fs.uri + item.path
}

export const isDirectory = (item: PathData): boolean => item.status?.type === 'DIRECTORY'

export function resolveIn(fs: FileSystem, text: string): string {
  const { path } = parsePath(text)
  return normalize(path.startsWith('/') ? path : `${fs.workingDirectory}/${path}`)
}

/** A path without wildcards, looked up. */
export async function pathData(systems: FileSystems, text: string, fs = systems.of(text)): Promise<PathData> {
  const path = resolveIn(fs, text)
  return { fs, path, text, status: await fs.status(path) }
}

export async function refreshed(item: PathData): Promise<PathData> {
  return { ...item, status: await item.fs.status(item.path) }
}

/** An entry of a directory, shown below the text of the directory. */
export function childOf(parent: PathData, name: string, status?: FileStatus): PathData {
  const text = parent.text === '.' ? name : parent.text.endsWith('/') ? parent.text + name : `${parent.text}/${name}`
  return { fs: parent.fs, path: join(parent.path, name), text, status }
}

export async function lookedUpChild(parent: PathData, name: string): Promise<PathData> {
  return refreshed(childOf(parent, name))
}

/** @throws PathError when it is not there or no directory */
export async function contentsOf(item: PathData): Promise<PathData[]> {
  if (!item.status) throw new PathError('notFound', item.text)
  if (!isDirectory(item)) throw new PathError('notDirectory', item.text)
  return (await item.fs.list(item.path)).map((s) => childOf(item, s.path.slice(s.path.lastIndexOf('/') + 1), s))
}

/** Whether what a path that isn't there would be in is. */
export async function parentExists(item: PathData): Promise<boolean> {
  return item.path === '/' || (await item.fs.status(namesDirectory(item.text) ? item.path : parentOf(item.path))) !== undefined
}

/** Ends in a slash or a dot component: a directory is meant, even if there is none. */
export function namesDirectory(text: string): boolean {
  return /(^|\/)\.{0,2}$/.test(text)
}

/**
 * What a pattern stands for: what is there of it, in order of names, shown the way the pattern was written (with scheme, absolute, relative).
 * Without wildcards also what isn't there, as it was written.
 */
export async function expandGlob(systems: FileSystems, pattern: string): Promise<PathData[]> {
  const fs = systems.of(pattern)
  const { scheme, authority, path } = parsePath(pattern)
  checkComponents(path)
  const show = (p: string) => (scheme !== undefined ? `${scheme}://${authority ?? ''}${p}` : path.startsWith('/') ? p : relativeTo(fs.workingDirectory, p))
  if (!hasWildcard(pattern)) {
    const item = await pathData(systems, unescapeGlob(pattern), fs)
    return [item.status ? { ...item, text: show(item.path) } : item]
  }
  const matches = await globMatches(fs, path.startsWith('/') ? path : `${fs.workingDirectory}/${path}`)
  return matches.map((status) => ({ fs, path: status.path, text: show(status.path), status })).sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** A component with a colon is a scheme for Hadoop's Globber. @throws UsageError */
function checkComponents(path: string): void {
  const wrong = path.split('/').find((component) => component.includes(':'))
  if (wrong === undefined) return
  throw new UsageError(`java.net.URISyntaxException: ${wrong.startsWith(':') ? 'Expected scheme name at index 0' : 'Relative path in absolute URI'}: ${wrong}`)
}

function relativeTo(directory: string, path: string): string {
  if (path === directory) return '.'
  const from = directory.split('/').filter(Boolean)
  const to = path.split('/').filter(Boolean)
  let common = 0
  while (common < from.length && common < to.length && from[common] === to[common]) common++
  return [...from.slice(common).map(() => '..'), ...to.slice(common)].join('/')
}
