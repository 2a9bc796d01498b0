import { core } from '../../../../common/config/keys/core.js'
import { PathError } from '../errors.js'
import { isDirectory, type PathData } from '../path-data.js'
import type { Verb, VerbRun } from '../verb.js'

export const rm: Verb = {
  async run(run, args) {
    const o = run.options(args, { min: 1, flags: ['f', 'r', 'R', 'skipTrash', 'safely'] })
    await remove(run, args, { recursive: o.has('r') || o.has('R'), force: o.has('f'), skipTrash: o.has('skipTrash'), safely: o.has('safely') })
  },
}

export const rmr: Verb = {
  replacedBy: '-rm -r',
  async run(run, args) {
    const o = run.options(args, { min: 1, flags: ['skipTrash'] })
    await remove(run, args, { recursive: true, force: false, skipTrash: o.has('skipTrash'), safely: false })
  },
}

interface RemoveOptions {
  readonly recursive: boolean
  /** What isn't there is no error. */
  readonly force: boolean
  readonly skipTrash: boolean
  /** Asks before a large directory. */
  readonly safely: boolean
}

async function remove(run: VerbRun, args: readonly string[], o: RemoveOptions): Promise<void> {
  for (const arg of args) {
    await run.attempt(async () => {
      const items = await run.expandOne(arg).catch((e) => {
        if (o.force && e instanceof PathError && e.kind === 'notFound') return []
        throw e
      })
      for (const item of items) await run.attempt(() => removeOne(run, item, o))
    })
  }
}

async function removeOne(run: VerbRun, item: PathData, o: RemoveOptions): Promise<void> {
  if (!item.status) {
    if (o.force) return
    throw new PathError('notFound', item.text)
  }
  if (isDirectory(item) && !o.recursive) throw new PathError('isDirectory', item.text)
  if (!o.skipTrash && (await trashInterval(run, item)) > 0) {
    const { moveToTrash } = await import('../trash.js')
    const target = await moveToTrash(item)
    if (target !== undefined) return run.console.error(`Moved: '${item.fs.uri}${item.path}' to trash at: ${item.fs.uri}${target}`)
  }
  if (o.safely && isDirectory(item)) {
    const { mayDelete } = await import('../trash.js')
    if (!(await mayDelete(run, item))) return
  }
  if (!(await item.fs.delete(item.path, o.recursive))) throw new PathError('io', item.text)
  run.console.line(`Deleted ${item.text}`)
}

/** Minutes. The server's word counts, where it has one. */
async function trashInterval(run: VerbRun, item: PathData): Promise<number> {
  const own = run.conf.get(core.trashInterval)
  return (await item.fs.trashInterval?.()) || own
}
