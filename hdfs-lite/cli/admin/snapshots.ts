/** `hdfs lsSnapshottableDir` and `hdfs snapshotDiff`. */
import { clientProtocol } from '../../../common/protocols/client-namenode.js'
import { snapshotDifferences } from '../../client/index.js'
import { readGenericOptions } from '../generic-options.js'
import { parsePath } from '../shell/file-system.js'
import { minuteTime, symbolicMode } from '../shell/format.js'
import { Terminal } from './terminal.js'

export async function lsSnapshottableDir(args: readonly string[]): Promise<number> {
  const { conf, rest } = readGenericOptions(args)
  const t = new Terminal(conf)
  if (rest.length > 0) {
    t.error(
      'Usage: \nhdfs lsSnapshottableDir: \n\tGet the list of snapshottable directories that are owned by the current user.\n\tReturn all the snapshottable directories if the current user is a super user.\n',
    )
    return 1
  }
  return t.finish('lsSnapshottableDir', async () => {
    const { snapshottableDirList } = await t.proxy(clientProtocol, ...t.namenodes.map((n) => n.rpc)).getSnapshottableDirListing({})
    const rows = (snapshottableDirList?.snapshottableDirListing ?? []).map(({ dirStatus: d, snapshotNumber, snapshotQuota, parentFullpath }) => {
      const parent = Buffer.from(parentFullpath).toString()
      const path = `${parent === '/' ? '' : parent}/${Buffer.from(d.path).toString()}`
      return [
        'd' + symbolicMode(d.permission.perm),
        String(d.blockReplication),
        d.owner,
        d.group,
        String(d.length),
        minuteTime(d.modificationTime),
        String(snapshotNumber),
        String(snapshotQuota),
        path,
      ]
    })
    const widths = (i: number) => Math.max(...rows.map((r) => r[i]!.length))
    if (rows.length === 0) t.line('')
    const padded = rows.map((r) => r.map((c, i) => (i === 2 || i === 3 ? c.padEnd(widths(i)) : [1, 4, 6, 7].includes(i) ? c.padStart(widths(i)) : c)))
    for (const row of padded) t.line(row.join(' '))
    return 0
  })
}

const current = (name: string) => name === '' || name === '.'
const describe = (name: string) => (current(name) ? 'current directory' : `snapshot ${name}`)

/** s1, .snapshot/s1 or . for what is there now. */
function snapshotName(text: string): string {
  return current(text) ? '' : text.replace(/^\.snapshot\//, '')
}

export async function snapshotDiff(args: readonly string[]): Promise<number> {
  const { conf, rest } = readGenericOptions(args)
  const t = new Terminal(conf)
  if (rest.length !== 3) {
    t.error(
      'Usage: \nhdfs snapshotDiff <snapshotDir> <from> <to>:\n\tGet the difference between two snapshots, \n\tor between a snapshot and the current tree of a directory.\n\tFor <from>/<to>, users can use "." to present the current status,\n\tand use ".snapshot/snapshot_name" to present a snapshot,\n\twhere ".snapshot/" can be omitted\n',
    )
    return 1
  }
  const [root, from, to] = [parsePath(rest[0]!).path.replace(/(.)\/+$/, '$1'), snapshotName(rest[1]!), snapshotName(rest[2]!)]
  return t.finish(
    'snapshotDiff',
    async () => {
      const differences = await snapshotDifferences(t.proxy(clientProtocol, ...t.namenodes.map((n) => n.rpc)), root, from, to)
      t.line(`Difference between ${describe(from)} and ${describe(to)} under directory ${root}:`)
      const shown = (path: string) => (path === '' ? '.' : `./${path}`)
      for (const e of differences) t.line(`${e.label}\t${shown(e.path)}${e.target === undefined ? '' : ` -> ${shown(e.target)}`}`)
      t.line('')
      return 0
    },
    1,
  )
}
