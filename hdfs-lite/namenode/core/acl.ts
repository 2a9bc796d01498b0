/** Access control lists (FSDirAclOp, AclTransformation, AclStorage). */
import { exception } from '../../../common/errors.js'
import { type AclEntry, type AclScope, type AclType, actionSymbol } from '../../../common/records/hdfs/index.js'
import { existing } from './attributes.js'
import { type INode, pathOf, setFeatures } from './inode.js'
import { attributesOf, lastOf, resolve } from './path.js'
import type { ResolvedPath } from './resolved-path.js'
import { checkPermission } from './permission.js'
import { checkSafeMode } from './safe-mode.js'
import type { Caller, FsState } from './state.js'
import { modify } from './tree.js'

const MAX_ENTRIES = 32
const SCOPES: readonly AclScope[] = ['ACCESS', 'DEFAULT']
const TYPES: readonly AclType[] = ['USER', 'GROUP', 'MASK', 'OTHER']

/** An entry of a specification; removals name no permission. */
export type AclSpec = readonly AclEntry[]

const same = (a: AclEntry, b: AclEntry) => a.scope === b.scope && a.type === b.type && a.name === b.name

function compare(a: AclEntry, b: AclEntry): number {
  return (
    SCOPES.indexOf(a.scope) - SCOPES.indexOf(b.scope) ||
    TYPES.indexOf(a.type) - TYPES.indexOf(b.type) ||
    (a.name === b.name ? 0 : a.name === undefined ? -1 : b.name === undefined ? 1 : a.name < b.name ? -1 : 1)
  )
}

export function aclEntryText(e: AclEntry): string {
  const type = e.type.toLowerCase()
  return `${e.scope === 'DEFAULT' ? 'default:' : ''}${type}:${e.name ?? ''}:${actionSymbol(e.permission)}`
}

const entry = (scope: AclScope, type: AclType, name: string | undefined, permission: number): AclEntry => ({ scope, type, name, permission: permission & 7 })

/** All entries, those of the mode included. */
function logicalAcl(inode: INode): AclEntry[] {
  const mode = inode.permission
  const extended = inode.features?.acl
  const list: AclEntry[] = [entry('ACCESS', 'USER', undefined, mode >> 6)]
  if (extended) list.push(...extended, entry('ACCESS', 'MASK', undefined, mode >> 3))
  else list.push(entry('ACCESS', 'GROUP', undefined, mode >> 3))
  list.push(entry('ACCESS', 'OTHER', undefined, mode), ...(inode.features?.defaultAcl ?? []))
  return list.sort(compare)
}

function checkSpec(spec: AclSpec): readonly AclEntry[] {
  if (spec.length > MAX_ENTRIES * 2) throw exception('AclException', `Invalid ACL: ACL has ${spec.length} entries, which exceeds maximum of ${MAX_ENTRIES}.`)
  return spec
}

interface Draft {
  entries: AclEntry[]
  readonly givenMask: Map<AclScope, AclEntry>
  readonly maskDirty: Set<AclScope>
  readonly scopeDirty: Set<AclScope>
}

/** Missing default entries for owner, group and others are those of the access list. */
function copyDefaults(entries: AclEntry[]): AclEntry[] {
  if (!entries.some((e) => e.scope === 'DEFAULT')) return entries
  const out = [...entries]
  for (const type of ['USER', 'GROUP', 'OTHER'] as const) {
    if (out.some((e) => e.scope === 'DEFAULT' && e.type === type && e.name === undefined)) continue
    const access = out.find((e) => e.scope === 'ACCESS' && e.type === type && e.name === undefined)
    if (access) out.push({ ...access, scope: 'DEFAULT' })
  }
  return out
}

/** The mask is what was given, or the union of what it limits. */
function withMasks(d: Draft): AclEntry[] {
  const out = d.entries.filter((e) => e.type !== 'MASK')
  for (const scope of SCOPES) {
    const own = out.filter((e) => e.scope === scope)
    if (own.length === 0) continue
    const limited = own.filter((e) => e.type === 'GROUP' || e.name !== undefined)
    const needed = own.some((e) => e.name !== undefined)
    const given = d.givenMask.get(scope)
    if (!given && needed && d.maskDirty.has(scope)) throw exception('AclException', 'Invalid ACL: mask is required and cannot be deleted.')
    if (given && (!d.scopeDirty.has(scope) || d.maskDirty.has(scope))) out.push(given)
    else if (needed || given)
      out.push(
        entry(
          scope,
          'MASK',
          undefined,
          limited.reduce((m, e) => m | e.permission, 0),
        ),
      )
  }
  return out
}

function validate(entries: AclEntry[]): AclEntry[] {
  const list = [...entries].sort(compare)
  for (let i = 0; i < list.length; i++) {
    const e = list[i]!
    if (i > 0 && same(e, list[i - 1]!)) throw exception('AclException', 'Invalid ACL: multiple entries with same scope, type and name.')
    if (e.name !== undefined && (e.type === 'MASK' || e.type === 'OTHER'))
      throw exception('AclException', `Invalid ACL: this entry type must not have a name: ${aclEntryText(e)}.`)
  }
  for (const scope of SCOPES) {
    const own = list.filter((e) => e.scope === scope)
    if (own.length > MAX_ENTRIES)
      throw exception('AclException', `Invalid ACL: ACL has ${own.length} ${scope.toLowerCase()} entries, which exceeds maximum of ${MAX_ENTRIES}.`)
    if (own.length === 0 && scope === 'DEFAULT') continue
    const whole = (['USER', 'GROUP', 'OTHER'] as const).every((t) => own.some((e) => e.type === t && e.name === undefined))
    if (!whole)
      throw exception(
        'AclException',
        scope === 'ACCESS'
          ? 'Invalid ACL: the user, group and other entries are required.'
          : 'Invalid default ACL: the user, group and other entries are required.',
      )
  }
  return list
}

function finish(d: Draft): AclEntry[] {
  d.entries = copyDefaults(d.entries)
  return validate(withMasks(d))
}

const draftOf = (entries: AclEntry[]): Draft => ({
  entries: entries.filter((e) => e.type !== 'MASK'),
  givenMask: new Map(entries.filter((e) => e.type === 'MASK').map((e) => [e.scope, e])),
  maskDirty: new Set(),
  scopeDirty: new Set(),
})

function merged(current: AclEntry[], spec: AclSpec): AclEntry[] {
  const d = draftOf(current)
  for (const s of checkSpec(spec)) {
    d.scopeDirty.add(s.scope)
    if (s.type === 'MASK') {
      d.givenMask.set(s.scope, s)
      d.maskDirty.add(s.scope)
    } else d.entries = [...d.entries.filter((e) => !same(e, s)), s]
  }
  return finish(d)
}

function without(current: AclEntry[], spec: AclSpec): AclEntry[] {
  const d = draftOf(current)
  for (const s of checkSpec(spec)) {
    d.scopeDirty.add(s.scope)
    if (s.type === 'MASK') {
      d.givenMask.delete(s.scope)
      d.maskDirty.add(s.scope)
    } else d.entries = d.entries.filter((e) => !same(e, s))
  }
  return finish(d)
}

function replaced(current: AclEntry[], spec: AclSpec): AclEntry[] {
  const scopes = new Set(checkSpec(spec).map((s) => s.scope))
  const d = draftOf([...current.filter((e) => !scopes.has(e.scope)), ...spec])
  for (const s of spec) {
    d.scopeDirty.add(s.scope)
    if (s.type === 'MASK') d.maskDirty.add(s.scope)
  }
  return finish(d)
}

function store(fs: FsState, inode: INode, entries: AclEntry[]): void {
  const access = entries.filter((e) => e.scope === 'ACCESS')
  const defaults = entries.filter((e) => e.scope === 'DEFAULT')
  if (defaults.length > 0 && inode.kind !== 'directory')
    throw exception('AclException', `Invalid ACL: only directories may have a default ACL. Path: ${pathOf(inode)}`)
  const find = (type: AclType) => access.find((e) => e.type === type && e.name === undefined)
  const extended = access.length > 3
  const group = (extended ? find('MASK') : undefined) ?? find('GROUP')!
  modify(fs, inode)
  inode.permission = (inode.permission & 0o1000) | (find('USER')!.permission << 6) | (group.permission << 3) | find('OTHER')!.permission
  setFeatures(inode, {
    acl: extended ? access.filter((e) => e.name !== undefined || e.type === 'GROUP') : undefined,
    defaultAcl: defaults.length > 0 ? defaults : undefined,
  })
}

/** Adds the path to what is wrong with an ACL. */
function change(fs: FsState, caller: Caller, src: string, what: string, next: (current: AclEntry[]) => AclEntry[]): void {
  checkEnabled(fs)
  checkSafeMode(fs, `Cannot ${what} on ${src}`)
  const iip = resolve(fs, caller, src, 'write')
  const inode = existing(iip)
  checkPermission(fs, caller, iip, { owner: true })
  try {
    store(fs, inode, next(logicalAcl(inode)))
  } catch (e) {
    throw exception('AclException', `${(e as Error).message} Path: ${src}`)
  }
}

function checkEnabled(fs: FsState): void {
  if (!fs.config.aclsEnabled)
    throw exception('AclException', 'The ACL operation has been rejected.  Support for ACLs has been disabled by setting dfs.namenode.acls.enabled to false.')
}

export function modifyAclEntries(fs: FsState, caller: Caller, src: string, spec: AclSpec): void {
  change(fs, caller, src, 'modify ACL entries', (c) => merged(c, spec))
}

export function removeAclEntries(fs: FsState, caller: Caller, src: string, spec: AclSpec): void {
  change(fs, caller, src, 'remove ACL entries', (c) => without(c, spec))
}

export function removeDefaultAcl(fs: FsState, caller: Caller, src: string): void {
  change(fs, caller, src, 'remove default ACL entries', (c) => c.filter((e) => e.scope === 'ACCESS'))
}

export function removeAcl(fs: FsState, caller: Caller, src: string): void {
  change(fs, caller, src, 'remove ACL', (c) => c.filter((e) => e.scope === 'ACCESS' && e.name === undefined && e.type !== 'MASK'))
}

export function setAcl(fs: FsState, caller: Caller, src: string, spec: AclSpec): void {
  change(fs, caller, src, 'set ACL', (c) => replaced(c, spec))
}

export interface AclStatusView {
  readonly owner: string
  readonly group: string
  readonly permission: number
  readonly entries: readonly AclEntry[]
}

export function getAclStatus(fs: FsState, caller: Caller, src: string): AclStatusView {
  checkEnabled(fs)
  const iip: ResolvedPath = resolve(fs, caller, src, 'read')
  if (iip.dotSnapshot) return { owner: '', group: '', permission: 0, entries: [] }
  const inode = lastOf(iip)
  if (!inode) throw exception('FileNotFoundException', `cannot find ${iip.path}`)
  const at = attributesOf(iip, inode)
  return { owner: at.owner, group: at.group, permission: at.permission, entries: [...(at.features?.acl ?? []), ...(at.features?.defaultAcl ?? [])] }
}
