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

/** A node that is shown by a snapshot, as of it. */
export interface Gone {
  readonly n: INode
  readonly at: number
}

/** What was deleted from a directory, or left it or its name there, and is still shown by a snapshot. */
export function goneFrom(dir: INodeDirectory): Gone[] {
  const gone: Gone[] = []
  const diffs = dir.features?.diffs ?? []
  diffs.forEach((d, i) => {
    const next = diffs[i + 1]
    const stayed = new Map((next?.children ?? dir.children).map((c, j) => [c.id, next?.names?.[j] ?? c.name]))
    d.children?.forEach((n, j) => {
      if (stayed.get(n.id) !== (d.names?.[j] ?? n.name)) gone.push({ n, at: d.id })
    })
  })
  return gone
}
