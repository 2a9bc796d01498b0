/** Verbs about whole files: test, stat, touch, touchz. */
import { PathError, UsageError } from '../errors.js'
import { symbolicMode, utcTime } from '../format.js'
import { contentsOf, isDirectory, parentExists, type PathData, qualified } from '../path-data.js'
import type { Verb } from '../verb.js'

const TESTS: Record<string, (item: PathData) => boolean | Promise<boolean>> = {
  e: () => true,
  d: isDirectory,
  f: (item) => item.status!.type === 'FILE',
  s: (item) => item.status!.length > 0,
  z: (item) => item.status!.length === 0,
  r: (item) => item.fs.mayAccess(item.path, 4),
  w: (item) => item.fs.mayAccess(item.path, 2),
}

export const test: Verb = {
  async run(run, args) {
    const o = run.options(args, { min: 1, max: 1, flags: Object.keys(TESTS) })
    const given = Object.keys(TESTS).filter((t) => o.has(t))
    if (given.length === 0) throw new UsageError('No test flag given')
    if (given.length > 1) throw new UsageError('Only one test flag is allowed')
    await run.forEach(
      args,
      async (item) => {
        if (!(await TESTS[given[0]!]!(item))) run.exitCode = 1
      },
      async () => {
        run.exitCode = 1
      },
    )
  },
}

const FIELDS: Record<string, (item: PathData) => string> = {
  a: (i) => i.status!.permission.toString(8),
  A: (i) => symbolicMode(i.status!.permission),
  b: (i) => String(i.status!.length),
  F: (i) => ({ FILE: 'regular file', DIRECTORY: 'directory', SYMLINK: 'symlink' })[i.status!.type],
  g: (i) => i.status!.group,
  n: (i) => i.path.slice(i.path.lastIndexOf('/') + 1),
  o: (i) => String(i.status!.blockSize),
  r: (i) => String(i.status!.replication),
  u: (i) => i.status!.owner,
  x: (i) => utcTime(i.status!.accessTime),
  X: (i) => String(i.status!.accessTime),
  y: (i) => utcTime(i.status!.modificationTime),
  Y: (i) => String(i.status!.modificationTime),
}

export const stat: Verb = {
  async run(run, args) {
    const recursive = run.options(args, { min: 1, flags: ['R'] }).has('R')
    let format = '%y'
    if (args[0]!.includes('%')) {
      format = args.shift()!
      run.options(args, { min: 1 })
    }
    const show = async (item: PathData) => run.console.line(format.replace(/%(.?)/gs, (_, c: string) => FIELDS[c]?.(item) ?? c))
    await run.forEach(args, (item) => (recursive ? run.walk(item, show, contentsOf) : show(item)))
  },
}

async function makeEmpty(item: PathData): Promise<void> {
  if (!(await parentExists(item))) throw new PathError('notFound', item.text, { qualified: qualified(item) })
  await item.fs.touch(item.path)
}

export const touchz: Verb = {
  async run(run, args) {
    run.options(args, { min: 1 })
    await run.forEach(
      args,
      async (item) => {
        if (isDirectory(item)) throw new PathError('isDirectory', item.text)
        if (item.status!.length !== 0) throw new PathError(undefined, item.text, { reason: 'Not a zero-length file' })
        await item.fs.touch(item.path)
      },
      makeEmpty,
    )
  },
}

export const touch: Verb = {
  async run(run, args) {
    const o = run.options(args, { min: 0, flags: ['a', 'm', 'c'], valued: ['t'] })
    if (o.value('t') === '') throw new UsageError('option -t requires 1 argument.')
    if (args.length === 0) throw new UsageError('Not enough arguments: expected 1 but got 0')
    const time = timestamp(o.value('t'))
    const both = o.has('a') === o.has('m')
    const stamp = (item: PathData) => item.fs.setTimes(item.path, both || o.has('m') ? time : -1, both || o.has('a') ? time : -1)
    await run.forEach(
      args,
      async (item) => {
        if (isDirectory(item)) throw new PathError('isDirectory', item.text)
        await stamp(item)
      },
      async (item) => {
        if (o.has('c')) return
        await makeEmpty(item)
        if (o.has('t') || !both) await stamp(item)
      },
    )
  },
}

/** yyyyMMdd:HHmmss in local time; now when there is none. */
function timestamp(text: string | undefined): number {
  if (text === undefined) return Date.now()
  const m = /^(\d{4})(\d\d)(\d\d):(\d\d)(\d\d)(\d\d)$/.exec(text)
  if (!m) throw new UsageError(`Unable to parse the specified timestamp ${text}. The expected format is yyyyMMdd:HHmmss`)
  return new Date(Number(m[1]), Number(m[2]) - 1, Number(m[3]), Number(m[4]), Number(m[5]), Number(m[6])).getTime()
}
