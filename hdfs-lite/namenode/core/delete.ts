/** Deleting (FSDirDeleteOp). */
import { exception } from '../../../common/errors.js'
import { ACTION } from '../../../common/records/hdfs/index.js'
import { removeBlock } from './blocks.js'
import type { INode, INodeDirectory } from './inode.js'
import { removeLease } from './lease.js'
import { isExactReserved, lastOf, resolve } from './path.js'
import { checkPermission } from './permission.js'
import { checkSafeMode } from './safe-mode.js'
import { recounted } from './quota.js'
import { isInSnapshot, latestSnapshotOver } from './snapshot-save.js'
import { checkNoSnapshots } from './snapshot-check.js'
import { type Caller, type FsState, touch } from './state.js'
import { detach } from './tree.js'

export function remove(fs: FsState, caller: Caller, src: string, recursive: boolean, now: number): boolean {
  checkSafeMode(fs, `Cannot delete ${src}`)
  if (isExactReserved(src)) throw exception('InvalidPathException', src)
  const iip = resolve(fs, caller, src, 'write-link')
  checkPermission(fs, caller, iip, { parent: ACTION.WRITE, below: ACTION.ALL, ignoreEmpty: true })
  const inode = lastOf(iip)
  if (inode?.kind === 'directory' && inode.children.length > 0 && !recursive)
    throw exception('PathIsNotEmptyDirectoryException', `\`${iip.path} is non empty': Directory is not empty`)
  if (!inode || inode === fs.root) return false
  checkNoSnapshots(inode)
  removeNode(fs, inode, now)
  return true
}

/** Removes a subtree from the present tree; what a snapshot shows stays for it. */
export function removeNode(fs: FsState, inode: INode, now: number): void {
  const kept = fs.snapshottable.size > 0 && isInSnapshot(inode)
  detach(fs, inode, now)
  if (kept) {
    recounted(inode.parent!, inode, () => keepForSnapshot(fs, inode, latestSnapshotOver(inode)))
    return
  }
  destroy(fs, inode)
  fs.changes.removes.push(inode.id)
}

/** Forgets a subtree for good: names, blocks, leases. */
export function destroy(fs: FsState, top: INode): void {
  const stack: INode[] = [top]
  while (stack.length > 0) {
    const n = stack.pop()!
    fs.inodes.delete(n.id)
    fs.changes.puts.delete(n)
    if (n.kind === 'directory') {
      fs.snapshottable.delete(n)
      for (const c of n.children) stack.push(c)
    } else if (n.kind === 'file') {
      if (n.writer) removeLease(fs, n)
      for (const b of n.blocks) removeBlock(fs, b)
    }
  }
}

/** A deleted subtree that a snapshot shows: what was made after the snapshot goes, the rest is frozen. */
function keepForSnapshot(fs: FsState, inode: INode, snapshotId: number): void {
  inode.features = { ...inode.features, coveredBy: snapshotId }
  touch(fs, inode)
  const stack: INode[] = [inode]
  while (stack.length > 0) {
    const n = stack.pop()!
    if (n.kind === 'file' && n.writer) {
      removeLease(fs, n)
      touch(fs, n)
    }
    if (n.kind !== 'directory') continue
    const gone = n.children.filter((c) => (c.features?.bornAfter ?? 0) >= snapshotId)
    if (gone.length > 0) {
      const dir: INodeDirectory = n
      dir.children = dir.children.filter((c) => !gone.includes(c))
      touch(fs, dir)
      for (const g of gone) {
        destroy(fs, g)
        fs.changes.removes.push(g.id)
      }
    }
    for (const c of n.children) stack.push(c)
  }
}
