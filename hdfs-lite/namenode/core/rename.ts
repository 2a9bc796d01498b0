/** Renaming, with both of Hadoop's calls and their different ways to refuse (FSDirRenameOp). */
import { exception, isException } from '../../../common/errors.js'
import { ACTION } from '../../../common/records/hdfs/index.js'
import { removeNode } from './delete.js'
import type { INode, INodeDirectory } from './inode.js'
import { lastOf, resolve } from './path.js'
import { type ResolvedPath, joinPath } from './resolved-path.js'
import { checkPermission } from './permission.js'
import { NO_USAGE, minus, policyOf, recounted, underQuota, usageOf, verifyQuota } from './quota.js'
import { checkSafeMode } from './safe-mode.js'
import { checkNoSnapshots } from './snapshot-check.js'
import { latestSnapshotOver } from './snapshot-save.js'
import type { Caller, FsState } from './state.js'
import { attach, detach, modify, verifyLimits } from './tree.js'

function checkSource(iip: ResolvedPath): INode {
  const inode = lastOf(iip)
  if (!inode) throw exception('FileNotFoundException', `rename source ${iip.path} is not found.`)
  if (iip.inodes.length === 1) throw exception('IOException', 'rename source cannot be the root')
  checkNoSnapshots(inode)
  return inode
}

function checkDestination(src: string, dst: string, inode: INode): void {
  if (inode.kind === 'symlink' && dst === inode.target) throw exception('FileAlreadyExistsException', `Cannot rename symlink ${src} to its target ${dst}`)
  if (dst.startsWith(`${src}/`)) throw exception('IOException', `Rename destination ${dst} is a directory or file under source ${src}`)
  if (src === '/.reserved' || dst === '/.reserved') throw exception('InvalidPathException', 'Cannot rename to or from /.reserved')
}

/** The old rename: a destination that is a directory means "into it"; most refusals are the answer false. */
export function renameOld(fs: FsState, caller: Caller, source: string, destination: string, now: number): boolean {
  checkSafeMode(fs, `Cannot rename ${source}`)
  const src = resolve(fs, caller, source, 'write-link')
  let dst = resolve(fs, caller, destination, 'create-link')
  const into = lastOf(dst)
  if (into?.kind === 'directory') {
    const name = src.components.at(-1)!
    if (src.components.length > 1) {
      const child = into.children.find((c) => c.name === name)
      dst = { ...dst, path: dst.path === '/' ? `/${name}` : `${dst.path}/${name}`, components: [...dst.components, name], inodes: [...dst.inodes, child] }
    }
  }
  checkPermission(fs, caller, src, { parent: ACTION.WRITE })
  checkPermission(fs, caller, dst, { ancestor: ACTION.WRITE })
  const refused = (check: () => void): boolean => {
    try {
      check()
      return false
    } catch (e) {
      if (!isException(e) || isException(e, 'SnapshotException')) throw e
      return true
    }
  }
  if (refused(() => checkSource(src))) return false
  if (dst.path === src.path) return true
  const inode = lastOf(src)!
  if (refused(() => checkDestination(src.path, dst.path, inode))) return false
  if (lastOf(dst)) return false
  const parent = dst.inodes[dst.inodes.length - 2]
  if (parent?.kind !== 'directory') return false
  prepareMove(fs, src, dst, inode, parent, undefined)
  move(fs, inode, parent, dst.components.at(-1)!, now)
  return true
}

/** The new rename: POSIX's, every refusal is an exception. */
export function rename(fs: FsState, caller: Caller, source: string, destination: string, overwrite: boolean, toTrash: boolean, now: number): void {
  checkSafeMode(fs, `Cannot rename ${source}`)
  const src = resolve(fs, caller, source, 'write-link')
  const dst = resolve(fs, caller, destination, 'create-link')
  // Moving into the trash is deleting: it needs the same rights.
  checkPermission(fs, caller, src, { parent: ACTION.WRITE, ...(toTrash && { below: ACTION.ALL, ignoreEmpty: true }) })
  checkPermission(fs, caller, dst, { ancestor: ACTION.WRITE })
  const inode = checkSource(src)
  if (dst.path === src.path) throw exception('FileAlreadyExistsException', `The source ${src.path} and destination ${dst.path} are the same`)
  checkDestination(src.path, dst.path, inode)
  if (dst.inodes.length === 1) throw exception('IOException', 'rename destination cannot be the root')
  const old = lastOf(dst)
  if (old) {
    if ((old.kind === 'directory') !== (inode.kind === 'directory'))
      throw exception('IOException', `Source ${src.path} and destination ${dst.path} must both be directories`)
    if (!overwrite) throw exception('FileAlreadyExistsException', `rename destination ${dst.path} already exists`)
    if (old.kind === 'directory' && old.children.length > 0) throw exception('IOException', `rename destination directory is not empty: ${dst.path}`)
    checkNoSnapshots(old)
  }
  const parent = dst.inodes[dst.inodes.length - 2]
  if (!parent) throw exception('FileNotFoundException', `rename destination parent ${dst.path} not found.`)
  if (parent.kind !== 'directory') throw exception('ParentNotDirectoryException', `rename destination parent ${dst.path} is a file.`)
  prepareMove(fs, src, dst, inode, parent, old)
  if (old) removeNode(fs, old, now)
  move(fs, inode, parent, dst.components.at(-1)!, now)
}

/** Everything that may refuse, before anything changes. */
function prepareMove(fs: FsState, src: ResolvedPath, dst: ResolvedPath, inode: INode, parent: INodeDirectory, old: INode | undefined): void {
  const sameDirectory = inode.parent === parent
  verifyLimits(fs, dst.components.at(-1)!, joinPath(dst.components.slice(0, -1)), sameDirectory ? undefined : parent)
  if (!underQuota(parent)) return
  let i = 0
  while (i < src.inodes.length && src.inodes[i] === dst.inodes[i]) i++
  const u = usageOf(inode, inode.features?.storagePolicy ?? policyOf(parent))
  verifyQuota(parent, minus(u, old ? usageOf(old) : NO_USAGE), src.inodes[i - 1] as INodeDirectory)
}

function move(fs: FsState, inode: INode, parent: INodeDirectory, name: string, now: number): void {
  const covered = fs.snapshottable.size > 0 ? latestSnapshotOver(inode) : 0
  const from = inode.parent!
  // Snapshots of where it came from go on to show it as it is now.
  if (covered > 0 && (inode.features?.bornAfter ?? 0) < covered) inode.features = { ...inode.features, coveredBy: covered }
  detach(fs, inode, now)
  modify(fs, inode)
  inode.name = name
  if (from === parent) attach(fs, parent, inode, now)
  else recounted(from, inode, () => attach(fs, parent, inode, now))
}
