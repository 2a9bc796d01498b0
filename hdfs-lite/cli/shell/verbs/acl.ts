/** getfacl, setfacl. */
import type { AclEntryProto, AclEntryProtoInit } from '../../../../common/proto/gen/client-namenode.js'
import { UsageError } from '../errors.js'
import { symbolicMode } from '../format.js'
import { clientOf } from '../hdfs-only.js'
import { contentsOf, isDirectory, type PathData } from '../path-data.js'
import type { Verb } from '../verb.js'

const ACTIONS = ['NONE', 'EXECUTE', 'WRITE', 'WRITE_EXECUTE', 'READ', 'READ_EXECUTE', 'READ_WRITE', 'PERM_ALL'] as const
const TYPES = { user: 'USER', group: 'GROUP', mask: 'MASK', other: 'OTHER' } as const

const bitsOf = (e: AclEntryProto) => ACTIONS.indexOf(e.permissions)
const symbol = (bits: number) => symbolicMode(bits & 7).slice(6, 9)

export const getfacl: Verb = {
  async run(run, args) {
    const recursive = run.options(args, { min: 0, flags: ['R'] }).has('R')
    if (args.length === 0) throw new UsageError('<path> is missing')
    if (args.length > 1) throw new UsageError('Too many arguments')
    const visit = async (item: PathData) => {
      const s = item.status!
      const entries = s.hasAcl ? (await clientOf(item, 'getAclStatus').namenode.getAclStatus({ src: item.path })).result.entries : []
      run.console.line(`# file: ${item.text}\n# owner: ${s.owner}\n# group: ${s.group}`)
      if (s.permission & 0o1000) run.console.line(`# flags: --${s.permission & 1 ? 't' : 'T'}`)
      for (const line of aclLines(s.permission, entries)) run.console.line(line)
      run.console.line('')
    }
    await run.forEach(args, (item) => (recursive ? run.walk(item, visit, contentsOf) : visit(item)))
  },
}

/** The mode's bits are the entries of owner and others; of the group too, unless there is an ACL: then they are its mask. */
export function aclLines(mode: number, entries: readonly AclEntryProto[]): string[] {
  const access = entries.filter((e) => e.scope === 'ACCESS')
  const defaults = entries.filter((e) => e.scope === 'DEFAULT')
  const group = (mode >> 3) & 7
  const defaultMask = defaults.find((e) => e.type === 'MASK')
  const lines = [`user::${symbol(mode >> 6)}`]
  if (access.length === 0) lines.push(`group::${symbol(group)}`)
  else lines.push(...access.map((e) => entryLine(e, '', group)), `mask::${symbol(group)}`)
  lines.push(`other::${symbol(mode)}`)
  return [...lines, ...defaults.map((e) => entryLine(e, 'default:', defaultMask ? bitsOf(defaultMask) : 7))]
}

function entryLine(e: AclEntryProto, prefix: string, mask: number): string {
  const bits = bitsOf(e)
  const masked = (e.name || e.type === 'GROUP') && (bits & mask) !== bits ? `\t#effective:${symbol(bits & mask)}` : ''
  return `${prefix}${e.type.toLowerCase()}:${e.name ?? ''}:${symbol(bits)}${masked}`
}

/** user:alice:rwx,group::r-x,default:mask::r--. @param withPermissions false for what is only to be removed */
export function parseAclSpec(spec: string, withPermissions: boolean): AclEntryProtoInit[] {
  if (spec === '') throw new UsageError('Missing <acl_spec> entry')
  return spec.split(',').map((text) => {
    const parts = text.split(':')
    const scope = parts[0] === 'default' ? ('DEFAULT' as const) : ('ACCESS' as const)
    if (scope === 'DEFAULT') parts.shift()
    const type = TYPES[parts[0] as keyof typeof TYPES]
    if (!type) throw new UsageError(`Invalid type of acl in <aclSpec> :${text}`)
    if (parts.length < (withPermissions ? 3 : 2) || parts.length > 3) throw new UsageError(`Invalid <aclSpec> : ${text}`)
    if (!withPermissions && parts.length > 2 && parts[2] !== '') throw new UsageError(`Invalid <aclSpec> : ${text}`)
    const permissions = withPermissions ? actionOf(parts[2]!, text) : 'NONE'
    return { type, scope, permissions, ...(parts[1] && { name: parts[1] }) }
  })
}

function actionOf(text: string, spec: string) {
  if (!/^[r-][w-][x-]$/.test(text)) throw new UsageError(`Invalid permission in <aclSpec> : ${spec}`)
  return ACTIONS[(text[0] === 'r' ? 4 : 0) | (text[1] === 'w' ? 2 : 0) | (text[2] === 'x' ? 1 : 0)]!
}

export const setfacl: Verb = {
  async run(run, args) {
    const o = run.options(args, { min: 0, flags: ['b', 'k', 'R', 'm', 'x', '-set'] })
    const removes = ['b', 'k'].filter(o.has)
    const modifies = ['m', 'x'].filter(o.has)
    if (removes.length > 1 || modifies.length > 1 || (removes.length > 0 && modifies.length > 0) || (o.has('-set') && removes.length + modifies.length > 0)) {
      throw new UsageError('Specified flags contains both remove and modify flags')
    }
    let entries: AclEntryProtoInit[] = []
    if (modifies.length > 0 || o.has('-set')) {
      if (args.length === 0) throw new UsageError('Missing arguments: <acl_spec> <path>')
      if (args.length < 2) throw new UsageError('Missing either <acl_spec> or <path>')
      entries = parseAclSpec(args.shift()!, !o.has('x'))
    }
    if (args.length === 0) throw new UsageError('<path> is missing')
    if (args.length > 1) throw new UsageError('Too many arguments')
    const visit = async (item: PathData) => {
      const { namenode } = clientOf(item, 'ACLs')
      const src = item.path
      // Files have no default entries.
      const aclSpec = o.has('R') && !isDirectory(item) ? entries.filter((e) => e.scope === 'ACCESS') : entries
      if (o.has('b')) await namenode.removeAcl({ src })
      else if (o.has('k')) await namenode.removeDefaultAcl({ src })
      else if (aclSpec.length === 0) return
      else if (o.has('m')) await namenode.modifyAclEntries({ src, aclSpec })
      else if (o.has('x')) await namenode.removeAclEntries({ src, aclSpec })
      else await namenode.setAcl({ src, aclSpec })
    }
    await run.forEach(args, (item) => (o.has('R') ? run.walk(item, visit, contentsOf) : visit(item)))
  },
}
