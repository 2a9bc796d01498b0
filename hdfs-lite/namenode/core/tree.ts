/** Changing the tree: every change of a node passes here, so that snapshots, quotas and the journal see it. */
import { exception } from '../../../common/errors.js'
import { type INode, type INodeDirectory, addChild, pathOf, removeChild } from './inode.js'
import { type ResolvedPath, joinPath } from './resolved-path.js'
import { NO_USAGE, addUsage, heldUsage, minus, plus, underQuota, usageOf } from './quota.js'
import { latestSnapshotOver, saveForSnapshots } from './snapshot-save.js'
import { type FsState, touch } from './state.js'

/** To be called before a node changes. */
export function modify(fs: FsState, inode: INode): void {
  if (fs.snapshottable.size > 0) saveForSnapshots(inode)
  touch(fs, inode)
}

/** V8 makes a longer part of a text a view of it: a name that is kept would keep its path. */
const VIEW_LENGTH = 13

function ofItsOwn(name: string): string {
  return name.length < VIEW_LENGTH ? name : Buffer.from(name, 'utf8').toString('utf8')
}

/** Puts a new or moved node into `parent`. */
export function attach(fs: FsState, parent: INodeDirectory, child: INode, now: number): void {
  modify(fs, parent)
  const charged = underQuota(parent)
  const held = charged ? heldUsage(parent, child) : NO_USAGE
  child.name = ofItsOwn(child.name)
  addChild(parent, child)
  parent.mtime = Math.max(parent.mtime, now)
  touch(fs, child)
  if (charged) addUsage(parent, minus(plus(usageOf(child), heldUsage(parent, child)), held))
}

/** A node that did not exist before. */
export function insert(fs: FsState, parent: INodeDirectory, child: INode, now: number): void {
  fs.inodes.set(child.id, child)
  const covered = fs.snapshottable.size > 0 ? latestSnapshotOver(parent) : 0
  if (covered > 0) child.features = { ...child.features, bornAfter: covered }
  attach(fs, parent, child, now)
}

/** Takes a node out of its directory; it keeps its parent pointer for whoever still shows it. */
export function detach(fs: FsState, child: INode, now: number): void {
  const parent = child.parent!
  modify(fs, parent)
  const charged = underQuota(parent)
  const before = charged ? plus(usageOf(child), heldUsage(parent, child)) : NO_USAGE
  removeChild(parent, child)
  if (charged) addUsage(parent, minus(heldUsage(parent, child), before))
  parent.mtime = Math.max(parent.mtime, now)
}

const utf8Length = (s: string) => {
  let n = 0
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i)
    n += c < 0x80 ? 1 : c < 0x800 ? 2 : c >= 0xd800 && c <= 0xdfff ? 2 : 3
  }
  return n
}

/** Limits on names and on the size of a directory. */
export function verifyLimits(fs: FsState, name: string, parentPath: string, parent: INodeDirectory | undefined): void {
  const { maxComponentLength, maxDirectoryItems } = fs.config
  const length = utf8Length(name)
  if (maxComponentLength !== 0 && length > maxComponentLength) {
    throw exception(
      'FSLimitPathComponentTooLongException',
      `The maximum path component name limit of ${name} in directory ${parentPath} is exceeded: limit=${maxComponentLength} length=${length}`,
    )
  }
  if (parent && parent.children.length >= maxDirectoryItems) {
    throw exception(
      'FSLimitMaxDirectoryItemsExceededException',
      `The directory item limit of ${pathOf(parent)} is exceeded: limit=${maxDirectoryItems} items=${parent.children.length + 1}`,
    )
  }
  if (name === '.snapshot') throw exception('IllegalArgumentException', '".snapshot" is a reserved name.')
}

/** The parent of a path that is to be made without making parents. */
export function verifyParent(iip: ResolvedPath): void {
  if (iip.inodes.length <= 2) return
  const parent = iip.inodes[iip.inodes.length - 2]
  const path = joinPath(iip.components.slice(0, -1))
  if (!parent) throw exception('FileNotFoundException', `Parent directory doesn't exist: ${path}`)
  if (parent.kind !== 'directory') throw exception('ParentNotDirectoryException', `Parent path is not a directory: ${path}`)
}
