/** Verbs that copy: put, get, cp, moveFromLocal, appendToFile, getmerge; and mv, which has the same notion of a destination. */
import { availableParallelism } from 'node:os'
import { exception } from '../../../../common/errors.js'
import { baseName } from '../../../client/index.js'
import { FatalError, PathError, UsageError } from '../errors.js'
import type { Source } from '../file-system.js'
import {
  childOf,
  contentsOf,
  expandGlob,
  isDirectory,
  lookedUpChild,
  namesDirectory,
  parentExists,
  type PathData,
  pathData,
  qualified,
  refreshed,
} from '../path-data.js'
import { progressLine } from '../progress.js'
import { notFound, type Options, type Verb, type VerbRun } from '../verb.js'

interface CopyOptions {
  readonly overwrite: boolean
  /** Writes the file itself, without NAME._COPYING_ first. */
  readonly direct: boolean
  readonly verifyChecksum: boolean
  /** Letters of what to keep: t times, o owner and group, p permission, a ACL, x extended attributes. */
  readonly preserve: string
  /** Files of a directory, or named side by side, that are copied at the same time. */
  readonly threads: number
  readonly lazyPersist: boolean
  /** Leaves a file of checksums beside each local one. */
  readonly writeChecksums: boolean
}

const VALUED = ['t', 'q']

function copyOptions(o: Options): CopyOptions {
  return {
    overwrite: o.has('f'),
    direct: o.has('d'),
    verifyChecksum: !o.has('ignoreCrc'),
    preserve: o.has('p') ? 'top' : '',
    threads: threads(o.value('t')),
    lazyPersist: o.has('l'),
    writeChecksums: o.has('crc'),
  }
}

/** More than the machine has processors are of no use twice over (CopyCommandWithMultiThread). */
function threads(text: string | undefined): number {
  if (!text) return 1
  const n = Number(text)
  if (!Number.isInteger(n)) throw new UsageError(`For input string: "${text}"`)
  return Math.min(Math.max(1, n), 2 * availableParallelism())
}

/** Does it for each, so many at a time. */
async function inParallel<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < items.length) await work(items[next++]!)
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
}

/** The last argument, as far as there is more than one. @throws PathError when a pattern doesn't match exactly once */
async function remoteDestination(run: VerbRun, args: string[]): Promise<PathData> {
  const text = args.length < 2 ? '.' : args.pop()!
  const items = await expandGlob(run.systems, text)
  if (items.length === 0) throw new PathError('notFound', text)
  if (items.length > 1) throw new PathError(undefined, text, { reason: 'Too many matches' })
  // What the user wrote tells whether a directory was meant.
  return items[0]!.status ? items[0]! : { ...items[0]!, text }
}

function localDestination(run: VerbRun, args: string[]): Promise<PathData> {
  return localItem(run, args.length < 2 ? '.' : args.pop()!)
}

/** A path of the local file system, with or without file: in front. */
function localItem(run: VerbRun, arg: string): Promise<PathData> {
  return pathData(run.systems, arg, run.systems.local)
}

/** Several sources need a directory; one may become a file in a directory that is there. */
async function checkDestination(items: readonly PathData[], destination: PathData, overwrite: boolean): Promise<void> {
  if (items.length > 1) {
    if (!destination.status) throw new PathError('notFound', destination.text)
    if (!isDirectory(destination)) throw new PathError('notDirectory', destination.text)
  } else if (destination.status) {
    if (!isDirectory(destination) && !overwrite) throw new PathError('exists', destination.text)
  } else if (!(await parentExists(destination))) throw new PathError('notFound', destination.text, { qualified: qualified(destination) })
}

async function targetOf(source: PathData, destination: PathData): Promise<PathData> {
  return isDirectory(destination) || namesDirectory(destination.text) ? lookedUpChild(destination, baseName(source.path)) : destination
}

async function eachTo(
  run: VerbRun,
  sources: readonly PathData[],
  destination: PathData,
  { overwrite, threads: limit }: Pick<CopyOptions, 'overwrite' | 'threads'>,
  process: (source: PathData, target: PathData) => Promise<void>,
): Promise<void> {
  await checkDestination(sources, destination, overwrite)
  await inParallel(sources, limit, (source) =>
    run.attempt(async () => {
      if (!source.status) return notFound(source)
      const target = await targetOf(source, destination)
      if (isDirectory(source) && source.fs === destination.fs) checkNotInside(source, target)
      await process(source, target)
    }),
  )
}

function checkNotInside(source: PathData, target: PathData): void {
  if (target.path === source.path) throw new PathError(undefined, source.text, { reason: 'are identical', target: qualified(target) })
  if (target.path.startsWith(source.path === '/' ? '/' : `${source.path}/`)) {
    throw new PathError(undefined, source.text, { reason: 'is a subdirectory of itself', target: target.text })
  }
}

/** Copies a file, or a directory with all that is in it. */
async function copyTree(run: VerbRun, source: PathData, target: PathData, o: CopyOptions): Promise<void> {
  if (!isDirectory(source)) {
    await copyFile(source, target, o)
    return
  }
  let directory = target
  if (!directory.status) {
    if (!(await directory.fs.mkdirs(directory.path))) throw new PathError('io', directory.text)
    directory = await refreshed(directory)
  } else if (!isDirectory(directory)) throw new PathError('notDirectory', directory.text)
  const there = new Map((await contentsOf(directory)).map((c) => [c.path, c]))
  await inParallel(await contentsOf(source), o.threads, (child) => {
    const place = childOf(directory, baseName(child.path))
    return run.attempt(() => copyTree(run, child, there.get(place.path) ?? place, o))
  })
  await preserve(source, directory, o.preserve)
}

async function copyFile(source: PathData, target: PathData, o: CopyOptions): Promise<void> {
  checkTarget(target, o.overwrite)
  const from = await source.fs.read(source.path, { verifyChecksum: o.verifyChecksum })
  try {
    await copyStream(from, target, o, source.status!.length)
  } finally {
    await from.close()
  }
  if (o.writeChecksums) await target.fs.writeChecksums?.(target.path)
  await preserve(source, target, o.preserve)
}

function checkTarget(target: PathData, overwrite: boolean): void {
  if (target.status && (isDirectory(target) || !overwrite)) throw new PathError('exists', target.text)
}

/** Readers never see half a file: it is written beside its place and moved. */
async function copyStream(source: Source, target: PathData, o: CopyOptions, length?: number): Promise<void> {
  checkTarget(target, o.overwrite)
  const { fs } = target
  const temporary = o.direct ? target.path : `${target.path}._COPYING_`
  const progress = progressLine(target.text, length)
  try {
    await fs.write(temporary, source, { overwrite: true, lazyPersist: o.lazyPersist, onProgress: progress.update })
    if (o.direct) return
    if (target.status) await fs.replace(temporary, target.path)
    else if (!(await fs.rename(temporary, target.path))) {
      throw new PathError('io', `${target.text}._COPYING_`, { operation: 'rename', target: target.text })
    }
  } catch (e) {
    if (!o.direct) await fs.delete(temporary, false).catch(() => {})
    throw e
  } finally {
    progress.end()
  }
}

async function preserve(source: PathData, target: PathData, letters: string): Promise<void> {
  const s = source.status!
  const { fs, path } = target
  if (letters.includes('t')) await fs.setTimes(path, s.modificationTime, s.accessTime)
  if (letters.includes('o')) await fs.setOwner(path, s.owner, s.group)
  if (/[pa]/.test(letters)) await fs.setPermission(path, s.permission)
  if (/[ax]/.test(letters) && fs === source.fs) await fs.copyAttributes?.(s, path, letters)
}

export const put: Verb = {
  async run(run, args) {
    const options = run.options(args, { min: 1, flags: ['f', 'p', 'l', 'd'], valued: VALUED })
    await upload(run, args, options, async () => {})
  },
}

export const moveFromLocal: Verb = {
  async run(run, args) {
    const options = run.options(args, { min: 1, flags: ['f', 'p', 'l', 'd'], valued: VALUED })
    // Each source is deleted as soon as it is copied: one after the other.
    await upload(run, args, { ...options, value: () => undefined }, async (source) => {
      if (!(await source.fs.delete(source.path, true))) throw new PathError(undefined, source.text, { operation: 'delete', reason: 'Input/output error' })
    })
  },
}

async function upload(run: VerbRun, args: string[], options: Options, done: (source: PathData) => Promise<void>): Promise<void> {
  const o = copyOptions(options)
  const destination = await remoteDestination(run, args)
  if (args.length === 1 && args[0] === '-') {
    const child = isDirectory(destination) || namesDirectory(destination.text)
    return copyStream(standardInput(), child ? await lookedUpChild(destination, '-') : destination, o)
  }
  const sources = await Promise.all(args.map((a) => localItem(run, a)))
  await eachTo(run, sources, destination, o, async (source, target) => {
    const before = run.errors
    await copyTree(run, source, target, o)
    if (run.errors === before) await done(source)
  })
}

function standardInput(): Source {
  return { kind: 'descriptor', fd: 0, size: undefined, close: async () => {} }
}

export const get: Verb = {
  async run(run, args) {
    const options = run.options(args, { min: 1, flags: ['crc', 'ignoreCrc', 'p', 'f'], valued: VALUED })
    const destination = await localDestination(run, args)
    const o = copyOptions(options)
    await eachTo(run, await run.expand(args), destination, o, (source, target) => copyTree(run, source, target, o))
  },
}

export const cp: Verb = {
  async run(run, args) {
    const letters = takePreserve(args)
    const options = run.options(args, { min: 2, flags: ['f', 'd'], valued: VALUED })
    const destination = await remoteDestination(run, args)
    const o = { ...copyOptions(options), preserve: letters }
    await eachTo(run, await run.expand(args), destination, o, (source, target) => copyTree(run, source, target, o))
  },
}

/** -p, or -p with letters: the one option whose value is in the same word. */
function takePreserve(args: string[]): string {
  const at = args.findIndex((a) => a.startsWith('-p'))
  const end = args.findIndex((a) => !a.startsWith('-') || a === '--')
  if (at < 0 || (end >= 0 && at > end)) return ''
  const letters = args.splice(at, 1)[0]!.slice(2)
  for (const l of letters) if (!'topax'.includes(l)) throw new FatalError(`java.util.NoSuchElementException: No attribute for ${l}`)
  return letters === '' ? 'top' : letters
}

export const mv: Verb = {
  async run(run, args) {
    run.options(args, { min: 2 })
    const destination = await remoteDestination(run, args)
    await eachTo(run, await run.expand(args), destination, { overwrite: false, threads: 1 }, async (source, target) => {
      if (source.fs !== target.fs) throw new PathError(undefined, source.text, { reason: 'Does not match target filesystem' })
      if (target.status) throw new PathError('exists', target.text)
      if (!(await target.fs.rename(source.path, target.path))) throw new PathError('io', source.text)
    })
  },
}

export const moveToLocal: Verb = {
  async run(run) {
    run.warn("Option '-moveToLocal' is not implemented yet.")
    return 1
  },
}

export const appendToFile: Verb = {
  async run(run, args) {
    const newBlock = run.options(args, { min: 0, flags: ['n'] }).has('n')
    if (args.length < 2) throw exception('IOException', 'missing destination argument')
    const destination = await remoteDestination(run, args)
    if (isDirectory(destination)) throw exception('IOException', `Cannot append to directory ${destination.path}; already exists as a directory.`)
    if (!destination.fs.append) throw new PathError('notSupported', destination.text)
    if (!destination.status) await destination.fs.touch(destination.path)
    const append = (source: Source) => destination.fs.append!(destination.path, source, newBlock)
    if (args.includes('-')) {
      if (args.length > 1) throw exception('IOException', 'stdin (-) must be the sole input argument when present')
      return append(standardInput())
    }
    const sources = await Promise.all(args.map((a) => localItem(run, a)))
    for (const s of sources) if (!s.status) throw exception('FileNotFoundException', s.path)
    for (const s of sources) {
      const source = await s.fs.read(s.path)
      try {
        await append(source)
      } finally {
        await source.close()
      }
    }
  },
}

export const getmerge: Verb = {
  async run(run, args) {
    const o = run.options(args, { min: 2, flags: ['nl', 'skip-empty-file'] })
    const destination = await localDestination(run, args)
    const sources: PathData[] = []
    for (const item of await run.expand(args)) {
      await run.attempt(async () => {
        if (!item.status) return notFound(item)
        for (const source of isDirectory(item) ? await contentsOf(item) : [item]) if (!isDirectory(source)) sources.push(source)
      })
    }
    if (run.errors > 0) return
    if (isDirectory(destination)) throw new PathError('isDirectory', destination.text)
    const wanted = sources.filter((s) => !(o.has('skip-empty-file') && s.status!.length === 0))
    await destination.fs.write(destination.path, await merged(wanted, o.has('nl')), { overwrite: true })
  },
}

/** One file after the other, a newline after each where wanted. */
async function merged(items: readonly PathData[], newline: boolean): Promise<Source> {
  async function* all(): AsyncGenerator<Buffer[]> {
    const { buffersOf } = await import('../local-file-system.js')
    for (const item of items) {
      const source = await item.fs.read(item.path)
      try {
        yield* buffersOf(source)
      } finally {
        await source.close()
      }
      if (newline) yield [Buffer.from('\n')]
    }
  }
  const buffers = all()
  return { kind: 'buffers', next: async () => (await buffers.next()).value ?? undefined, close: async () => void (await buffers.return(undefined)) }
}
