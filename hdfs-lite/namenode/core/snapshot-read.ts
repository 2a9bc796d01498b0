/** Reading nodes as a snapshot shows them. */
import type { INode, INodeDirectory, INodeFile } from './inode.js'
import type { Diff, Snapshot } from './snapshot-types.js'

export function snapshotNamed(dir: INodeDirectory, name: string): Snapshot | undefined {
  return dir.features?.snapshottable?.snapshots.find((s) => s.name === name)
}

/** The oldest diff at or after the snapshot: what it shows. Undefined: nothing changed since. */
export function diffAt(inode: INode, snapshotId: number | undefined): Diff | undefined {
  if (snapshotId === undefined) return undefined
  return inode.features?.diffs?.find((d) => d.id >= snapshotId)
}

/** What permission checks and listings need, present or as of a snapshot. */
export function attributesAt(inode: INode, snapshotId: number | undefined) {
  return diffAt(inode, snapshotId) ?? inode
}

export function childrenAt(dir: INodeDirectory, snapshotId: number | undefined): { children: readonly INode[]; names: readonly string[] | undefined } {
  const diff = diffAt(dir, snapshotId)
  const bornIn = (c: INode) => (c.features?.bornAfter ?? 0) < snapshotId!
  if (diff?.children) return { children: diff.children, names: diff.names }
  if (snapshotId === undefined || dir.children.every(bornIn)) return { children: dir.children, names: undefined }
  return { children: dir.children.filter(bornIn), names: undefined }
}

export function fileAt(file: INodeFile, snapshotId: number | undefined) {
  const diff = diffAt(file, snapshotId)
  return { blocks: diff?.blocks ?? file.blocks, replication: diff?.replication ?? file.replication, length: diff?.length }
}
