/** chmod, chown, chgrp. */
import { firstLine } from '../../../../common/errors.js'
import { exception, isException } from '../../../../common/errors.js'
import { UsageError } from '../errors.js'
import { parseMode } from '../modes.js'
import { contentsOf, isDirectory, type PathData } from '../path-data.js'
import type { Verb, VerbRun } from '../verb.js'

const NAME = '[-_./@a-zA-Z0-9]'

/** Visits the arguments, and with -R all below them. */
async function change(run: VerbRun, args: readonly string[], recursive: boolean, what: string, visit: (item: PathData) => Promise<void>): Promise<void> {
  const named = async (item: PathData) => {
    try {
      await visit(item)
    } catch (e) {
      if (!isException(e)) throw e
      throw exception('IOException', `changing ${what} of '${item.text}': ${firstLine(e)}`, { cause: e })
    }
  }
  await run.forEach(args, (item) => (recursive ? run.walk(item, named, contentsOf) : named(item)))
}

export const chmod: Verb = {
  async run(run, args) {
    // -w is a mode.
    const recursive = run.options(args, { min: 2, flags: ['R'], lenient: true }).has('R')
    const text = args.shift()!
    const mode = parseMode(text)
    if (!mode) throw new UsageError(`chmod : mode '${text}' does not match the expected pattern.`)
    await change(run, args, recursive, 'permissions', async (item) => {
      const { permission } = item.status!
      const wanted = mode(permission, isDirectory(item))
      if (wanted !== permission) await item.fs.setPermission(item.path, wanted)
    })
  },
}

async function setOwner(item: PathData, owner: string | undefined, group: string | undefined): Promise<void> {
  const s = item.status!
  const newOwner = owner === s.owner ? undefined : owner
  const newGroup = group === s.group ? undefined : group
  if (newOwner !== undefined || newGroup !== undefined) await item.fs.setOwner(item.path, newOwner, newGroup)
}

export const chown: Verb = {
  async run(run, args) {
    const recursive = run.options(args, { min: 2, flags: ['R'] }).has('R')
    const text = args.shift()!
    const m = new RegExp(`^\\s*(${NAME}+)?(?::(${NAME}*))?\\s*$`).exec(text)
    if (!m) throw new UsageError(`'${text}' does not match expected pattern for [owner][:group].`)
    const [owner, group] = [m[1], m[2] || undefined]
    if (owner === undefined && group === undefined) throw new UsageError(`'${text}' does not specify owner or group.`)
    await change(run, args, recursive, 'ownership', (item) => setOwner(item, owner, group))
  },
}

export const chgrp: Verb = {
  async run(run, args) {
    const recursive = run.options(args, { min: 2, flags: ['R'] }).has('R')
    const text = args.shift()!
    const m = new RegExp(`^\\s*(${NAME}+)\\s*$`).exec(text)
    if (!m) throw new UsageError(`'${text}' does not match expected pattern for group`)
    await change(run, args, recursive, 'ownership', (item) => setOwner(item, undefined, m[1]))
  },
}
