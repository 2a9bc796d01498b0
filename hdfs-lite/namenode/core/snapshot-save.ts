/** Copy on write for snapshots: a node keeps its state in a diff the first time it changes after a snapshot. */
import type { Block } from './block.js'
import { type INode, type INodeFile, fileLength } from './inode.js'
import type { Diff } from './snapshot-types.js'

/** Id of the newest snapshot that shows this place of the tree; 0: none. */
export function latestSnapshotOver(inode: INode): number {
  let latest = 0
  for (let n: INode | undefined = inode; n; n = n.parent) {
    const f = n.features
    if (!f) continue
    const last = f.snapshottable?.snapshots.at(-1)
    if (last && last.id > latest) latest = last.id
    if (f.coveredBy !== undefined && f.coveredBy > latest) latest = f.coveredBy
  }
  return latest
}

/** Whether the newest snapshot over the node shows it. */
export function isInSnapshot(inode: INode): boolean {
  const latest = latestSnapshotOver(inode)
  return latest > 0 && (inode.features?.bornAfter ?? 0) < latest
}

/** Whether a snapshot shows the block in the file as it was. */
export function isHeld(file: INodeFile, block: Block): boolean {
  return file.features?.diffs?.some((d) => d.blocks?.includes(block)) ?? false
}

/** Whether a snapshot will show the block once the file's present state is saved for it. */
export function willBeHeld(file: INodeFile, block: Block): boolean {
  const latest = latestSnapshotOver(file)
  const saved = (file.features?.diffs?.at(-1)?.id ?? 0) >= latest
  return isHeld(file, block) || (!saved && (file.features?.bornAfter ?? 0) < latest)
}

export function saveForSnapshots(inode: INode): void {
  const latest = latestSnapshotOver(inode)
  if (latest === 0 || (inode.features?.bornAfter ?? 0) >= latest) return
  const diffs = inode.features?.diffs
  if (diffs && diffs.at(-1)!.id >= latest) return
  const { diffs: _own, ...features } = inode.features ?? {}
  const diff: Diff = {
    id: latest,
    permission: inode.permission,
    owner: inode.owner,
    group: inode.group,
    mtime: inode.mtime,
    atime: inode.atime,
    features: Object.keys(features).length > 0 ? features : undefined,
    children: inode.kind === 'directory' ? [...inode.children] : undefined,
    names: inode.kind === 'directory' ? inode.children.map((c) => c.name) : undefined,
    replication: inode.kind === 'file' ? inode.replication : 0,
    blocks: inode.kind === 'file' ? [...inode.blocks] : undefined,
    length: inode.kind === 'file' ? fileLength(inode) : 0,
  }
  inode.features = { ...inode.features, diffs: [...(diffs ?? []), diff] }
}
