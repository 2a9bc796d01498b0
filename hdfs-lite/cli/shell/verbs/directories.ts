import { parentOf } from '../../../client/index.js'
import { PathError } from '../errors.js'
import { contentsOf, isDirectory, qualified } from '../path-data.js'
import type { Verb } from '../verb.js'

export const mkdir: Verb = {
  async run(run, args) {
    const parents = run.options(args, { min: 1, flags: ['p'] }).has('p')
    await run.forEach(
      args,
      async (item) => {
        if (!isDirectory(item)) throw new PathError('notDirectory', item.text)
        if (!parents) throw new PathError('exists', item.text)
      },
      async (item) => {
        const parent = parentOf(item.path)
        if (!parents && !(await item.fs.status(parent))) throw new PathError('notFound', qualified({ fs: item.fs, path: parent }))
        if (!(await item.fs.mkdirs(item.path))) throw new PathError('io', item.text)
      },
    )
  },
}

export const rmdir: Verb = {
  async run(run, args) {
    const lenient = run.options(args, { min: 1, flags: ['-ignore-fail-on-non-empty'] }).has('-ignore-fail-on-non-empty')
    await run.forEach(args, async (item) => {
      if (!isDirectory(item)) throw new PathError('notDirectory', item.text)
      if ((await contentsOf(item)).length === 0) {
        if (!(await item.fs.delete(item.path, false))) throw new PathError('io', item.text)
      } else if (!lenient) throw new PathError('notEmpty', item.text)
    })
  },
}
