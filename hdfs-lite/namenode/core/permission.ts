/** Who may do what (FSPermissionChecker), with its exact words. */
import { exception } from '../../../common/errors.js'
import { ACTION, STICKY, actionName, permissionText } from '../../../common/records/hdfs/index.js'
import { type INode, type INodeSymlink, pathOf } from './inode.js'
import { type ResolvedPath, joinPath } from './resolved-path.js'
import { attributesAt, childrenAt } from './snapshot-read.js'
import type { Caller, FsState } from './state.js'

type Attributes = Pick<INode, 'permission' | 'owner' | 'group' | 'features'>

export interface Wanted {
  readonly owner?: boolean
  /** Access to the closest existing ancestor, the parent, the node itself, all directories below it. */
  readonly ancestor?: number
  readonly parent?: number
  readonly self?: number
  readonly below?: number
  readonly ignoreEmpty?: boolean
}

const unchecked = (fs: FsState, caller: Caller) => !fs.config.permissionsEnabled || caller.isSuper

/** @throws AccessControlException in Hadoop's words */
export function checkPermission(fs: FsState, caller: Caller, iip: ResolvedPath, wanted: Wanted): void {
  if (unchecked(fs, caller)) return
  const { inodes } = iip
  let ancestor = inodes.length - 2
  while (ancestor >= 0 && inodes[ancestor] === undefined) ancestor--
  for (let i = 0; i <= ancestor; i++) check(caller, iip, i, ACTION.EXECUTE)
  const last = inodes[inodes.length - 1]
  if (wanted.parent !== undefined && wanted.parent & ACTION.WRITE && inodes.length > 1 && last) checkSticky(caller, iip, last)
  if (wanted.ancestor !== undefined && inodes.length > 1) check(caller, iip, ancestor, wanted.ancestor)
  if (wanted.parent !== undefined && inodes.length > 1) check(caller, iip, inodes.length - 2, wanted.parent)
  if (wanted.self !== undefined) check(caller, iip, inodes.length - 1, wanted.self)
  if (wanted.below !== undefined && last) checkBelow(caller, last, iip.snapshotId, wanted.below, wanted.ignoreEmpty ?? false)
  if (wanted.owner && last && attributesAt(last, iip.snapshotId).owner !== caller.user)
    throw exception('AccessControlException', `Permission denied. user=${caller.user} is not the owner of inode=${iip.path}`)
}

export function checkSuperuser(fs: FsState, caller: Caller): void {
  if (unchecked(fs, caller)) return
  throw exception('AccessControlException', `Access denied for user ${caller.user}. Superuser privilege is required`)
}

/** Every ancestor must be a directory; whoever is no super-user needs its execute bit. */
export function checkTraverse(fs: FsState, caller: Caller, iip: ResolvedPath, resolveLink: boolean, creates: boolean): void {
  const { inodes, components } = iip
  const free = unchecked(fs, caller)
  for (let i = 0; i < inodes.length - 1; i++) {
    const inode = inodes[i]
    if (!inode) break
    if (inode.kind !== 'directory') {
      if (inode.kind === 'symlink') throw unresolved(iip, i, inode)
      const message = `${joinPath(components.slice(0, i + 1))} (is not a directory)`
      throw exception(creates ? 'ParentNotDirectoryException' : 'AccessControlException', message)
    }
    if (!free) check(caller, iip, i, ACTION.EXECUTE)
  }
  const last = inodes.at(-1)
  if (resolveLink && last?.kind === 'symlink') throw unresolved(iip, inodes.length - 1, last)
}

function unresolved(iip: ResolvedPath, i: number, link: INodeSymlink) {
  const rest = iip.components.slice(i + 1)
  const preceding = joinPath(iip.components.slice(0, i))
  const target = link.target.startsWith('/') || link.target.includes('://') ? link.target : `${preceding === '/' ? '' : preceding}/${link.target}`
  return exception('UnresolvedPathException', rest.length > 0 ? `${target}/${rest.join('/')}` : target)
}

function denied(caller: Caller, inode: INode, at: Attributes, path: string, action: number) {
  const aclMark = at.features?.acl ? '+' : ''
  return exception(
    'AccessControlException',
    `Permission denied: user=${caller.user}, access=${actionName(action)}, inode="${path}":${at.owner}:${at.group}:${inode.kind === 'directory' ? 'd' : '-'}${permissionText(at.permission)}${aclMark}`,
  )
}

function check(caller: Caller, iip: ResolvedPath, i: number, action: number): void {
  const inode = i >= 0 ? iip.inodes[i] : undefined
  if (!inode) return
  const at = attributesAt(inode, iip.snapshotId)
  if (!allows(caller, at, action)) throw denied(caller, inode, at, joinPath(iip.components.slice(0, i + 1)), action)
}

/** Owner, group or other bits; with access entries the algorithm of POSIX ACLs. */
export function allows(caller: Caller, at: Attributes, action: number): boolean {
  const mode = at.permission
  const implies = (bits: number) => (bits & action) === action
  if (caller.user === at.owner) return implies(mode >> 6)
  const acl = at.features?.acl
  if (!acl) return implies(caller.groups.includes(at.group) ? mode >> 3 : mode)
  // The mode's group bits are the mask.
  const mask = mode >> 3
  for (const e of acl) if (e.type === 'USER' && e.name === caller.user) return implies(e.permission & mask)
  let member = false
  for (const e of acl) {
    if (e.type !== 'GROUP' || !caller.groups.includes(e.name ?? at.group)) continue
    member = true
    if (implies(e.permission & mask)) return true
  }
  return member ? false : implies(mode)
}

function checkSticky(caller: Caller, iip: ResolvedPath, last: INode): void {
  const parent = iip.inodes[iip.inodes.length - 2]!
  const p = attributesAt(parent, iip.snapshotId)
  const a = attributesAt(last, iip.snapshotId)
  if (!(p.permission & STICKY) || p.owner === caller.user || a.owner === caller.user) return
  throw stickyDenied(caller, last, a, iip.path, p, joinPath(iip.components.slice(0, -1)))
}

function stickyDenied(caller: Caller, inode: INode, a: Attributes, path: string, parent: Attributes, parentPath: string) {
  const shown = (x: Attributes, d: boolean) => `${x.owner}:${x.group}:${d ? 'd' : '-'}${permissionText(x.permission)}`
  return exception(
    'AccessControlException',
    `Permission denied by sticky bit: user=${caller.user}, path="${path}":${shown(a, inode.kind === 'directory')}, parent="${parentPath}":${shown(parent, true)}`,
  )
}

function checkBelow(caller: Caller, top: INode, snapshotId: number | undefined, action: number, ignoreEmpty: boolean): void {
  const stack: INode[] = [top]
  while (stack.length > 0) {
    const dir = stack.pop()!
    if (dir.kind !== 'directory') continue
    const { children } = childrenAt(dir, snapshotId)
    if (!(children.length === 0 && ignoreEmpty)) {
      const at = attributesAt(dir, snapshotId)
      if (!allows(caller, at, action)) throw denied(caller, dir, at, pathOf(dir), action)
      if (at.permission & STICKY && at.owner !== caller.user) {
        for (const c of children) {
          const a = attributesAt(c, snapshotId)
          if (a.owner !== caller.user) throw stickyDenied(caller, c, a, pathOf(c), at, pathOf(dir))
        }
      }
    }
    for (const c of children) if (c.kind === 'directory') stack.push(c)
  }
}
