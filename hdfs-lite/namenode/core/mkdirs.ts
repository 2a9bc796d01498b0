/** Making directories (FSDirMkdirOp). */
import { exception } from '../../../common/errors.js'
import { ACTION } from '../../../common/records/hdfs/index.js'
import { inheritAcl } from './acl-inherit.js'
import { type INodeDirectory, newDirectory } from './inode.js'
import { existingCount, lastOf, resolve } from './path.js'
import { type ResolvedPath, joinPath } from './resolved-path.js'
import { checkPermission } from './permission.js'
import { NO_USAGE, verifyQuota } from './quota.js'
import { checkSafeMode } from './safe-mode.js'
import { type Caller, type FsState, nextInodeId } from './state.js'
import { insert, verifyLimits, verifyParent } from './tree.js'

/** The client's permission with and without its umask; the latter counts where a default ACL takes the umask's place. */
export interface CreateMode {
  readonly masked: number
  readonly unmasked: number | undefined
}

export function mkdirs(fs: FsState, caller: Caller, src: string, mode: CreateMode, createParent: boolean, now: number): boolean {
  checkSafeMode(fs, `Cannot create directory ${src}`)
  const iip = resolve(fs, caller, src, 'create')
  const last = lastOf(iip)
  if (last?.kind === 'file') throw exception('FileAlreadyExistsException', `Path is not a directory: ${src}`)
  if (last) return true
  checkPermission(fs, caller, iip, { ancestor: ACTION.WRITE })
  if (!createParent) verifyParent(iip)
  const parent = makeParents(fs, caller, iip, mode, now, false, 1)
  makeDirectory(fs, caller, parent, iip.components.at(-1)!, mode, now)
  return true
}

/**
 * Makes the missing ancestors of a path and returns its parent. Nothing is made unless `extra` further names
 * fit below it as well.
 * @param inherit ancestors take the existing ancestor's permission (create) or the given one (mkdirs)
 */
export function makeParents(fs: FsState, caller: Caller, iip: ResolvedPath, mode: CreateMode, now: number, inherit: boolean, extra: number): INodeDirectory {
  const existing = existingCount(iip)
  let dir = iip.inodes[existing - 1]!
  if (dir.kind !== 'directory')
    throw exception('FileAlreadyExistsException', `Parent path is not a directory: ${joinPath(iip.components.slice(0, existing))} ${iip.components[existing]}`)
  const missing = iip.components.slice(existing, -1)
  verifyQuota(dir, { ...NO_USAGE, namespace: missing.length + extra })
  for (let i = existing; i < iip.components.length; i++)
    verifyLimits(fs, iip.components[i]!, joinPath(iip.components.slice(0, i)), i === existing ? dir : undefined)
  const base: CreateMode = inherit ? { masked: dir.permission, unmasked: undefined } : mode
  // Whoever makes a tree must be able to go down it: the owner gets write and execute.
  // As FSDirMkdirOp.addImplicitUwx makes it anew of what user, group and others may: the sticky bit is left behind.
  const implicit = (permission: number) => (permission & 0o777) | 0o300
  const implied: CreateMode = { masked: implicit(base.masked), unmasked: base.unmasked === undefined ? undefined : implicit(base.unmasked) }
  for (const name of missing) dir = makeDirectory(fs, caller, dir as INodeDirectory, name, implied, now)
  return dir as INodeDirectory
}

function makeDirectory(fs: FsState, caller: Caller, parent: INodeDirectory, name: string, mode: CreateMode, now: number): INodeDirectory {
  const dir = newDirectory({ id: nextInodeId(fs), name, permission: mode.masked & 0o1777, owner: caller.user, group: parent.group, now })
  inheritAcl(fs, parent, dir, mode)
  insert(fs, parent, dir, now)
  return dir
}
