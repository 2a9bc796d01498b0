/** Directories with snapshots can't be deleted or moved. */
import { exception } from '../../../common/errors.js'
import { type INode, pathOf } from './inode.js'

/** @throws SnapshotException when the node or one below it has snapshots */
export function checkNoSnapshots(top: INode): void {
  const stack: INode[] = [top]
  while (stack.length > 0) {
    const n = stack.pop()!
    if (n.kind !== 'directory') continue
    const table = n.features?.snapshottable
    if (table && table.snapshots.length > 0) {
      throw exception('SnapshotException', `The directory ${pathOf(n)} cannot be deleted since ${pathOf(n)} is snapshottable and already has snapshots`)
    }
    for (const c of n.children) if (c.kind === 'directory') stack.push(c)
  }
}
