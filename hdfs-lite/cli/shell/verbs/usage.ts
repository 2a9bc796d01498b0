/** Verbs about space: du, df, count. */
import { columns, humanSize } from '../format.js'
import { contentsOf, isDirectory, type PathData } from '../path-data.js'
import type { Verb } from '../verb.js'

export const du: Verb = {
  async run(run, args) {
    const o = run.options(args, { min: 0, flags: ['h', 's', 'v', 'x'] })
    const size = (n: number) => (o.has('h') ? humanSize(n) : String(n))
    const rows: string[][] = []
    const add = async (item: PathData) => {
      const s = await item.fs.contentSummary(item.path)
      const length = s.length - (o.has('x') ? (s.snapshotLength ?? 0) : 0)
      const space = s.spaceConsumed - (o.has('x') ? (s.snapshotSpaceConsumed ?? 0) : 0)
      rows.push([size(length), size(space), item.text])
    }
    await run.forEach(args.length > 0 ? args : ['.'], async (item) => {
      if (o.has('s') || !isDirectory(item)) return add(item)
      for (const child of await contentsOf(item)) await run.attempt(() => add(child))
    })
    if (rows.length === 0) return
    const head = o.has('v') ? [['SIZE', 'DISK_SPACE_CONSUMED_WITH_ALL_REPLICAS', 'FULL_PATH_NAME']] : []
    for (const line of columns([...head, ...rows])) run.console.line(line)
  },
}

export const df: Verb = {
  async run(run, args) {
    const human = run.options(args, { min: 0, flags: ['h'] }).has('h')
    const size = (n: number) => (human ? humanSize(n) : String(n))
    const rows: string[][] = []
    await run.forEach(args.length > 0 ? args : ['/'], async (item) => {
      const { capacity, used, remaining } = await item.fs.capacity()
      rows.push([item.fs.uri, size(capacity), size(used), size(remaining), `${capacity > 0 ? Math.floor((100 * used) / capacity) : 0}%`])
    })
    if (rows.length === 0) return
    for (const line of columns([['Filesystem', 'Size', 'Used', 'Available', 'Use%'], ...rows], [1, 2, 3, 4])) run.console.line(line)
  },
}

const QUOTA_HEAD = ['QUOTA', 'REM_QUOTA', 'SPACE_QUOTA', 'REM_SPACE_QUOTA']
const USAGE_HEAD = ['DIR_COUNT', 'FILE_COUNT', 'CONTENT_SIZE']
const QUOTA_WIDTHS = [12, 15, 15, 15]
const USAGE_WIDTHS = [12, 12, 18]

const right = (cells: readonly string[], widths: readonly number[]) => cells.map((c, i) => c.padStart(widths[i]!)).join(' ')

export const count: Verb = {
  async run(run, args) {
    const o = run.options(args, { min: 1, flags: ['q', 'h', 'v', 'u', 'x', 'e', 's'], valued: ['t'] })
    const size = (n: number) => (o.has('h') ? humanSize(n) : String(n))
    const quotas = o.has('q') || o.has('u')
    const usage = !o.has('u')
    const line = (quota: readonly string[], used: readonly string[], name: string) =>
      run.console.line(`${[...(quotas ? [right(quota, QUOTA_WIDTHS)] : []), ...(usage ? [right(used, USAGE_WIDTHS)] : [])].join(' ')} ${name}`)
    if (o.has('v')) line(QUOTA_HEAD, USAGE_HEAD, 'PATHNAME')
    const quotaCells = (quota: number, used: number, show: (n: number) => string) => (quota > 0 ? [show(quota), show(quota - used)] : ['none', 'inf'])
    await run.forEach(args, async (item) => {
      const s = await item.fs.contentSummary(item.path)
      const minus = (n: number, snapshots: number | undefined) => n - (o.has('x') ? (snapshots ?? 0) : 0)
      line(
        [...quotaCells(s.quota, s.fileCount + s.directoryCount, size), ...quotaCells(s.spaceQuota, s.spaceConsumed, size)],
        [size(minus(s.directoryCount, s.snapshotDirectoryCount)), size(minus(s.fileCount, s.snapshotFileCount)), size(minus(s.length, s.snapshotLength))],
        item.text,
      )
    })
  },
}
