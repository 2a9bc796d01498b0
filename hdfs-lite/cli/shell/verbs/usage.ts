/** Verbs about space: du, df, count. */
import { UsageError } from '../errors.js'
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

/** The columns of -count: heading, width. */
const QUOTA = [
  ['QUOTA', 12],
  ['REM_QUOTA', 15],
  ['SPACE_QUOTA', 15],
  ['REM_SPACE_QUOTA', 15],
] as const
const CONTENT = [
  ['DIR_COUNT', 12],
  ['FILE_COUNT', 12],
  ['CONTENT_SIZE', 18],
] as const
const SNAPSHOT = [
  ['SNAPSHOT_LENGTH', 18],
  ['SNAPSHOT_FILE_COUNT', 24],
  ['SNAPSHOT_DIR_COUNT', 24],
  ['SNAPSHOT_SPACE_CONSUMED', 28],
] as const
const STORAGE_TYPES = ['SSD', 'DISK', 'ARCHIVE', 'PROVIDED'] as const
const QUOTA_TYPE_WIDTHS = [13, 17] as const

type Column = readonly [string, number]

const right = (cells: readonly string[], columns: readonly Column[]) => cells.map((c, i) => `${c.padStart(columns[i]![1])} `).join('')
const heading = (columns: readonly Column[]) =>
  right(
    columns.map((c) => c[0]),
    columns,
  )

export const count: Verb = {
  async run(run, args) {
    const o = run.options(args, { min: 1, flags: ['q', 'h', 'v', 'u', 'x', 'e', 's'], valued: ['t'] })
    const size = (n: number) => (o.has('h') ? humanSize(n) : String(n))
    const left = (quota: number, used: number, show: (n: number) => string) => (quota > 0 ? [show(quota), show(quota - used)] : ['none', 'inf'])
    const quotas = o.has('q') || o.has('u')
    const typed = o.has('t') && quotas ? storageTypes(o.value('t')!) : undefined
    const withoutSnapshots = o.has('x') && !quotas
    if (o.has('x') && quotas) run.console.line('q or u option is given, the -x option is ignored.')
    const usage = !o.has('u')

    const typeColumns: Column[] = (typed ?? []).flatMap((t) => [
      [`${t}_QUOTA`, QUOTA_TYPE_WIDTHS[0]],
      [`REM_${t}_QUOTA`, QUOTA_TYPE_WIDTHS[1]],
    ])
    if (o.has('v')) {
      const content = usage ? heading(CONTENT) + (o.has('e') ? 'ERASURECODING_POLICY ' : '') + (o.has('s') ? heading(SNAPSHOT) : '') : ''
      run.console.line(`${typed ? heading(typeColumns) : (quotas ? heading(QUOTA) : '') + content}PATHNAME`)
    }
    await run.forEach(args, async (item) => {
      const s = await item.fs.contentSummary(item.path)
      if (typed) {
        const cells = typed.flatMap((t) => {
          const info = s.typeQuotaInfos?.typeQuotaInfo.find((i) => i.type === t)
          return left(info && info.quota < 2 ** 63 ? info.quota : -1, info?.consumed ?? 0, size)
        })
        return run.console.line(right(cells, typeColumns) + item.text)
      }
      const minus = (n: number, snapshots: number | undefined) => size(n - (withoutSnapshots ? (snapshots ?? 0) : 0))
      const quota = quotas ? right([...left(s.quota, s.fileCount + s.directoryCount, size), ...left(s.spaceQuota, s.spaceConsumed, size)], QUOTA) : ''
      const content = right(
        [minus(s.directoryCount, s.snapshotDirectoryCount), minus(s.fileCount, s.snapshotFileCount), minus(s.length, s.snapshotLength)],
        CONTENT,
      )
      const replicated = s.erasureCodingPolicy === 'Replicated'
      const policy = o.has('e') ? `${replicated ? '' : 'EC:'}${s.erasureCodingPolicy ?? ''} ` : ''
      const snapshots = o.has('s')
        ? right(
            [s.snapshotLength, s.snapshotFileCount, s.snapshotDirectoryCount, s.snapshotSpaceConsumed].map((n) => size(n ?? 0)),
            SNAPSHOT,
          )
        : ''
      run.console.line(`${quota}${usage ? content + policy + snapshots : ''}${item.text}`)
    })
  },
}

/** @throws UsageError for what is no storage type */
function storageTypes(text: string): readonly string[] {
  if (text === '' || text.toUpperCase() === 'ALL') return STORAGE_TYPES
  const given = text.split(',').map((t) => t.trim().toUpperCase())
  const wrong = given.find((t) => t !== 'RAM_DISK' && !(STORAGE_TYPES as readonly string[]).includes(t))
  if (wrong !== undefined) throw new UsageError(`No enum constant org.apache.hadoop.fs.StorageType.${wrong}`)
  return given
}
