/** Extended attributes (FSDirXAttrOp). */
import { exception } from '../../../common/errors.js'
import { ACTION, type XAttr } from '../../../common/records/hdfs/index.js'
import { existing } from './attributes.js'
import { setFeatures } from './inode.js'
import { attributesOf, lastOf, resolve } from './path.js'
import type { ResolvedPath } from './resolved-path.js'
import { checkPermission } from './permission.js'
import { checkSafeMode } from './safe-mode.js'
import type { Caller, FsState } from './state.js'
import { modify } from './tree.js'

export type XAttrName = Pick<XAttr, 'namespace' | 'name'>

const UNREADABLE = 'security.hdfs.unreadable.by.superuser'

const fullName = (x: XAttrName) => `${x.namespace.toLowerCase()}.${x.name}`
const same = (a: XAttrName, b: XAttrName) => a.namespace === b.namespace && a.name === b.name

function checkEnabled(fs: FsState): void {
  if (!fs.config.xattrsEnabled)
    throw exception(
      'IOException',
      'The XAttr operation has been rejected.  Support for XAttrs has been disabled by setting dfs.namenode.xattrs.enabled to false.',
    )
}

function mayUse(caller: Caller, x: XAttrName, raw: boolean): boolean {
  return x.namespace === 'USER' || (x.namespace === 'TRUSTED' && caller.isSuper) || (x.namespace === 'RAW' && raw) || fullName(x) === UNREADABLE
}

function checkName(caller: Caller, x: XAttrName, raw: boolean): void {
  if (!mayUse(caller, x, raw)) throw exception('AccessControlException', `User doesn't have permission for xattr: ${fullName(x)}`)
}

const isRaw = (src: string) => src.startsWith('/.reserved/raw')

/** User attributes need the right to write (or read) the node; trusted ones are the super-user's. */
function checkNode(fs: FsState, caller: Caller, iip: ResolvedPath, x: XAttrName, action: number): void {
  if (x.namespace === 'USER') {
    const inode = lastOf(iip)
    // In a sticky directory only the owner may.
    if (action === ACTION.WRITE && inode?.kind === 'directory' && inode.permission & 0o1000) checkPermission(fs, caller, iip, { owner: true })
    else checkPermission(fs, caller, iip, { self: action })
  } else checkPermission(fs, caller, iip, { ancestor: ACTION.EXECUTE })
}

export function setXattr(fs: FsState, caller: Caller, src: string, x: XAttr, flags: { readonly create: boolean; readonly replace: boolean }): void {
  checkEnabled(fs)
  const { maxXattrSize, maxXattrsPerInode } = fs.config
  const size = new TextEncoder().encode(x.name).length + (x.value?.length ?? 0)
  if (size > maxXattrSize)
    throw exception(
      'HadoopIllegalArgumentException',
      `The XAttr is too big. The maximum combined size of the name and value is ${maxXattrSize}, but the total size is ${size}`,
    )
  checkName(caller, x, isRaw(src))
  checkSafeMode(fs, `Cannot set XAttr on ${src}`)
  const iip = resolve(fs, caller, src, 'write')
  const inode = existing(iip)
  checkNode(fs, caller, iip, x, ACTION.WRITE)
  const old = inode.features?.xattrs ?? []
  const known = old.some((o) => same(o, x))
  if (!flags.create && !flags.replace) throw exception('HadoopIllegalArgumentException', 'A flag must be specified.')
  if (known && !flags.replace) throw exception('IOException', `XAttr: ${x.name} already exists. The REPLACE flag must be specified.`)
  if (!known && !flags.create) throw exception('IOException', `XAttr: ${x.name} does not exist. The CREATE flag must be specified.`)
  // What was set last comes first (FSDirXAttrOp.setINodeXAttrs).
  const next = [x, ...old.filter((o) => !same(o, x))]
  if (next.filter((n) => n.namespace === 'USER' || n.namespace === 'TRUSTED').length > maxXattrsPerInode)
    throw exception('IOException', `Cannot add additional XAttr to inode, would exceed limit of ${maxXattrsPerInode}`)
  if (fullName(x) === UNREADABLE && inode.kind !== 'file') throw exception('IOException', `Can only set '${UNREADABLE}' on a file.`)
  modify(fs, inode)
  setFeatures(inode, { xattrs: next })
}

function read(fs: FsState, caller: Caller, src: string): { iip: ResolvedPath; all: readonly XAttr[] } {
  checkEnabled(fs)
  const iip = resolve(fs, caller, src, 'read')
  const inode = lastOf(iip)
  if (!inode) throw exception('FileNotFoundException', `cannot find ${iip.path}`)
  return { iip, all: attributesOf(iip, inode).features?.xattrs ?? [] }
}

/** @param names those wanted; none: all that the caller may see */
export function getXattrs(fs: FsState, caller: Caller, src: string, names: readonly XAttrName[]): readonly XAttr[] {
  const raw = isRaw(src)
  for (const n of names) checkName(caller, n, raw)
  const { iip, all } = read(fs, caller, src)
  checkPermission(fs, caller, iip, { self: ACTION.READ })
  if (names.length === 0) return all.filter((x) => mayUse(caller, x, raw))
  return names.map((n) => {
    const found = all.find((x) => same(x, n))
    if (!found) throw exception('XAttrNotFoundException', 'At least one of the attributes provided was not found.')
    return found
  })
}

export function listXattrs(fs: FsState, caller: Caller, src: string): readonly XAttr[] {
  const { iip, all } = read(fs, caller, src)
  checkPermission(fs, caller, iip, { ancestor: ACTION.EXECUTE })
  return all.filter((x) => mayUse(caller, x, isRaw(src)))
}

export function removeXattr(fs: FsState, caller: Caller, src: string, x: XAttrName): void {
  checkEnabled(fs)
  checkName(caller, x, isRaw(src))
  checkSafeMode(fs, `Cannot remove XAttr entry on ${src}`)
  const iip = resolve(fs, caller, src, 'write')
  const inode = existing(iip)
  checkNode(fs, caller, iip, x, ACTION.WRITE)
  const old = inode.features?.xattrs ?? []
  if (!old.some((o) => same(o, x))) throw exception('IOException', 'No matching attributes found for remove operation')
  if (fullName(x) === UNREADABLE) throw exception('AccessControlException', `The xattr '${UNREADABLE}' can not be deleted.`)
  modify(fs, inode)
  const next = old.filter((o) => !same(o, x))
  setFeatures(inode, { xattrs: next.length > 0 ? next : undefined })
}
