/** createSnapshot, deleteSnapshot, renameSnapshot, expunge. */
import { core } from '../../../../common/config/keys/core.js'
import { join } from '../../../client/index.js'
import { PathError, UsageError } from '../errors.js'
import { clientOf } from '../hdfs-only.js'
import { isDirectory, pathData, type PathData, qualified } from '../path-data.js'
import type { Verb, VerbRun } from '../verb.js'

function check(args: readonly string[], counts: readonly number[]): void {
  if (args.length === 0) throw new UsageError('<snapshotDir> is missing.')
  if (args.length > counts.at(-1)!) throw new UsageError('Too many arguments.')
  if (!counts.includes(args.length)) throw new UsageError('args number not 2: 1')
}

/** The one directory that is meant. */
async function forDirectory(run: VerbRun, text: string, act: (item: PathData) => Promise<void>): Promise<void> {
  await run.forEach([text], async (item) => {
    if (!isDirectory(item)) throw new PathError('notDirectory', item.text)
    await act(item)
  })
}

export const createSnapshot: Verb = {
  async run(run, args) {
    check(args, [1, 2])
    const [root, name] = args
    await forDirectory(run, root!, async (item) => {
      const { snapshotPath } = await clientOf(item, 'snapshots').namenode.createSnapshot({
        snapshotRoot: item.path,
        ...(name !== undefined && { snapshotName: name }),
      })
      run.console.line(`Created snapshot ${snapshotPath}`)
    })
  },
}

export const deleteSnapshot: Verb = {
  async run(run, args) {
    if (args.length !== 2) throw new UsageError('Incorrect number of arguments.')
    const [root, name] = args
    await forDirectory(run, root!, async (item) => {
      await clientOf(item, 'snapshots').namenode.deleteSnapshot({ snapshotRoot: item.path, snapshotName: name! })
      run.console.line(`Deleted snapshot ${name} under ${qualified(item)}`)
    })
  },
}

export const renameSnapshot: Verb = {
  async run(run, args) {
    if (args.length !== 3) throw new UsageError('Incorrect number of arguments.')
    const [root, from, to] = args
    await forDirectory(run, root!, async (item) => {
      await clientOf(item, 'snapshots').namenode.renameSnapshot({ snapshotRoot: item.path, snapshotOldName: from!, snapshotNewName: to! })
      run.console.line(`Renamed snapshot ${from} to ${to} under ${qualified(item)}`)
    })
  },
}

export const expunge: Verb = {
  async run(run, args) {
    const o = run.options(args, { min: 0, max: 1, flags: ['immediate'], valued: ['fs'] })
    const { expunge: sweep } = await import('../trash.js')
    const fs = run.systems.of(o.value('fs') || '/')
    const minutes = (await fs.trashInterval?.()) || run.conf.get(core.trashInterval)
    if (minutes <= 0 && !o.has('immediate')) return
    const root = await pathData(run.systems, join(fs.home, '.Trash'), fs)
    const { deleted, made } = await sweep(root, minutes, o.has('immediate'))
    if (made !== undefined) run.console.error(`Created trash checkpoint: ${made}`)
    for (const path of deleted) run.console.error(`Deleted trash checkpoint: ${path}`)
  },
}
