/** Snapshots of directories: made, listed, compared, deleted (SnapshotManager, FSDirSnapshotOp). */
import { exception } from '../../../common/errors.js'
import { ACTION } from '../../../common/records/hdfs/index.js'
import { removeBlock } from './blocks.js'
import { destroy } from './delete.js'
import { type INode, type INodeDirectory, compareNames, pathOf, setFeatures } from './inode.js'
import { lastOf, resolve } from './path.js'
import { joinPath } from './resolved-path.js'
import { checkPermission, checkSuperuser } from './permission.js'
import { usageOf } from './quota.js'
import { checkSafeMode } from './safe-mode.js'
import { changesBetween, compareTrees, type DiffCursor, type DiffPage, type Difference, isEarlier, pageOfChanges } from './snapshot-diff.js'
import { snapshotNamed } from './snapshot-read.js'
import type { Snapshot } from './snapshot-types.js'
import { snapshotsByName } from './status.js'
import { type Caller, type FsState, touch } from './state.js'

const fail = (message: string) => exception('SnapshotException', message)

function directoryAt(fs: FsState, caller: Caller, path: string, use: 'read' | 'write'): INodeDirectory {
  const iip = resolve(fs, caller, path, use)
  const inode = lastOf(iip)
  if (!inode) throw exception('FileNotFoundException', `Directory does not exist: ${iip.path}`)
  if (inode.kind !== 'directory') throw exception('PathIsNotDirectoryException', `\`${iip.path}': Is not a directory`)
  return inode
}

function snapshottableAt(fs: FsState, caller: Caller, path: string, use: 'read' | 'write' = 'write'): INodeDirectory {
  const dir = directoryAt(fs, caller, path, use)
  if (!dir.features?.snapshottable || (dir === fs.root && !fs.snapshottable.has(dir))) throw fail(`Directory is not a snapshottable directory: ${path}`)
  return dir
}

export function allowSnapshot(fs: FsState, caller: Caller, path: string): void {
  checkSafeMode(fs, `Cannot allow snapshot for ${path}`)
  checkSuperuser(fs, caller)
  const dir = directoryAt(fs, caller, path, 'write')
  if (fs.snapshottable.has(dir)) return
  for (const other of fs.snapshottable) {
    const p = pathOf(other)
    if (isBelow(other, dir))
      throw fail(`Nested snapshottable directories not allowed: path=${path}, the subdirectory ${p} is already a snapshottable directory.`)
    if (isBelow(dir, other)) throw fail(`Nested snapshottable directories not allowed: path=${path}, the ancestor ${p} is already a snapshottable directory.`)
  }
  setFeatures(dir, { snapshottable: dir.features?.snapshottable ?? { snapshots: [] } })
  fs.snapshottable.add(dir)
  touch(fs, dir)
}

function isBelow(inode: INode, dir: INode): boolean {
  for (let n = inode.parent; n; n = n.parent) if (n === dir) return true
  return false
}

export function disallowSnapshot(fs: FsState, caller: Caller, path: string): void {
  checkSafeMode(fs, `Cannot disallow snapshot for ${path}`)
  checkSuperuser(fs, caller)
  const dir = directoryAt(fs, caller, path, 'write')
  const table = dir.features?.snapshottable
  if (!table) return
  if (table.snapshots.length > 0) throw fail(`The directory ${path} has snapshot(s). Please redo the operation after removing all the snapshots.`)
  fs.snapshottable.delete(dir)
  // The root keeps an empty table: `/.snapshot` is a name of its own.
  if (dir !== fs.root) setFeatures(dir, { snapshottable: undefined })
  touch(fs, dir)
}

function checkSnapshotName(name: string): void {
  if (name.includes('/')) throw exception('HadoopIllegalArgumentException', 'Snapshot name cannot contain "/"')
  if (name === '' || name === '.' || name === '..' || name.includes(':')) throw exception('InvalidPathException', `Invalid snapshot name: ${name}`)
  if (name === '.snapshot') throw exception('HadoopIllegalArgumentException', '".snapshot" is a reserved name.')
}

export function createSnapshot(fs: FsState, caller: Caller, path: string, name: string, now: number): string {
  checkSafeMode(fs, `Cannot create snapshot for ${path}`)
  const iip = resolve(fs, caller, path, 'write')
  checkPermission(fs, caller, iip, { owner: true })
  checkSnapshotName(name)
  const dir = snapshottableAt(fs, caller, path)
  const table = dir.features!.snapshottable!
  const { snapshotsPerDirectory } = fs.config
  if (table.snapshots.length >= snapshotsPerDirectory)
    throw fail(`Failed to add snapshot: there are already ${table.snapshots.length} snapshot(s) and the snapshot quota is ${snapshotsPerDirectory}`)
  if (snapshotNamed(dir, name)) throw fail(`Failed to add snapshot: there is already a snapshot with the same name "${name}".`)
  fs.changes.counters = true
  const snapshot: Snapshot = { id: ++fs.counters.lastSnapshotId, name, time: now }
  setFeatures(dir, { snapshottable: { snapshots: [...table.snapshots, snapshot] } })
  dir.mtime = now
  touch(fs, dir)
  return joinPath([...iip.components, '.snapshot', name])
}

export function renameSnapshot(fs: FsState, caller: Caller, path: string, oldName: string, newName: string): void {
  checkSafeMode(fs, `Cannot rename snapshot for ${path}`)
  const iip = resolve(fs, caller, path, 'write')
  checkPermission(fs, caller, iip, { owner: true })
  checkSnapshotName(newName)
  const dir = snapshottableAt(fs, caller, path)
  const found = snapshotNamed(dir, oldName)
  if (!found) throw fail(`The snapshot ${oldName} does not exist for directory ${path}`)
  if (oldName === newName) return
  if (snapshotNamed(dir, newName)) throw fail(`The snapshot ${newName} already exists for directory ${path}`)
  const { snapshots } = dir.features!.snapshottable!
  setFeatures(dir, { snapshottable: { snapshots: snapshots.map((s) => (s === found ? { ...s, name: newName } : s)) } })
  touch(fs, dir)
}

export function deleteSnapshot(fs: FsState, caller: Caller, path: string, name: string): void {
  checkSafeMode(fs, `Cannot delete snapshot for ${path}`)
  const iip = resolve(fs, caller, path, 'write')
  checkPermission(fs, caller, iip, { owner: true })
  const dir = snapshottableAt(fs, caller, path)
  const found = snapshotNamed(dir, name)
  if (!found) throw fail(`Cannot delete snapshot ${name} from path ${pathOf(dir)}: the snapshot does not exist.`)
  const rest = dir.features!.snapshottable!.snapshots.filter((s) => s !== found)
  setFeatures(dir, { snapshottable: { snapshots: rest } })
  touch(fs, dir)
  collect(fs)
  for (const inode of fs.inodes.values()) if (inode.kind === 'directory' && inode.usage) inode.usage = usageOf(inode)
}

/** Drops diffs that no snapshot shows any more, and what only they held. */
function collect(fs: FsState): void {
  const ids: number[] = []
  for (const d of fs.snapshottable) for (const s of d.features?.snapshottable?.snapshots ?? []) ids.push(s.id)
  ids.sort((a, b) => a - b)
  // A diff is shown by the snapshots after the diff before it, up to its own id.
  for (const inode of fs.inodes.values()) {
    const diffs = inode.features?.diffs
    if (!diffs) continue
    let after = 0
    const kept = diffs.filter((d) => {
      const shown = ids.some((id) => id > after && id <= d.id && id > (inode.features?.bornAfter ?? 0))
      after = d.id
      return shown
    })
    if (kept.length === diffs.length) continue
    setFeatures(inode, { diffs: kept.length > 0 ? kept : undefined })
    touch(fs, inode)
    if (inode.kind === 'file') {
      const used = new Set([...inode.blocks, ...kept.flatMap((d) => d.blocks ?? [])])
      const source = inode.blocks.at(-1)?.construction?.copyOf
      for (const d of diffs) for (const b of d.blocks ?? []) if (!used.has(b) && b.file === inode && b.id !== source) removeBlock(fs, b)
    }
  }
  // What neither the tree nor a diff leads to is gone.
  const reachable = new Set<INode>()
  const stack: INode[] = [fs.root]
  while (stack.length > 0) {
    const n = stack.pop()!
    if (reachable.has(n)) continue
    reachable.add(n)
    if (n.kind !== 'directory') continue
    for (const child of n.children) stack.push(child)
    for (const d of n.features?.diffs ?? []) for (const child of d.children ?? []) stack.push(child)
  }
  for (const inode of [...fs.inodes.values()]) {
    if (reachable.has(inode)) continue
    for (const d of inode.features?.diffs ?? [])
      for (const b of d.blocks ?? []) if (b.file === inode && inode.kind === 'file' && !inode.blocks.includes(b)) removeBlock(fs, b)
    if (inode.kind === 'directory') inode.children = inode.children.filter((c) => reachable.has(c))
    destroy(fs, inode)
    fs.changes.removes.push(inode.id)
  }
}

export interface SnapshottableView {
  readonly dir: INodeDirectory
  readonly count: number
  readonly limit: number
  readonly parent: string
}

/** Those of the caller; all for a super-user. */
export function listSnapshottable(fs: FsState, caller: Caller): SnapshottableView[] {
  return [...fs.snapshottable]
    .filter((d) => caller.isSuper || d.owner === caller.user)
    .map((dir) => ({
      dir,
      count: dir.features!.snapshottable!.snapshots.length,
      limit: fs.config.snapshotsPerDirectory,
      parent: dir.parent ? pathOf(dir.parent) : '/',
    }))
    .sort((a, b) => compareNames(a.parent, b.parent) || compareNames(a.dir.name, b.dir.name))
}

/** The snapshots of a directory, by name. */
export function listSnapshotsOf(fs: FsState, caller: Caller, path: string): { readonly dir: INodeDirectory; readonly snapshots: readonly Snapshot[] } {
  const dir = snapshottableAt(fs, caller, path, 'read')
  checkPermission(fs, caller, resolve(fs, caller, path, 'read'), { self: ACTION.READ })
  return { dir, snapshots: snapshotsByName(dir) }
}

/** The directory of two states, and the ids of those. @param from, to names of snapshots; '' or '.' for the present */
function twoStates(fs: FsState, caller: Caller, path: string, from: string, to: string) {
  const top = directoryAt(fs, caller, path, 'read')
  const iip = resolve(fs, caller, path, 'read')
  let dir: INode | undefined = top
  while (dir && !(dir.kind === 'directory' && fs.snapshottable.has(dir))) dir = dir.parent
  if (dir?.kind !== 'directory') throw fail(`The path ${iip.path} is neither snapshottable nor under a snapshot root!`)
  checkPermission(fs, caller, iip, { below: ACTION.READ })
  const root = dir
  const idOf = (name: string) => {
    if (name === '' || name === '.') return undefined
    const s = snapshotNamed(root, name)
    if (!s) throw fail(`Cannot find the snapshot of directory ${pathOf(root)} with name ${name}`)
    return s.id
  }
  return { top, from: idOf(from), to: idOf(to) }
}

/** @param from, to names of snapshots; '' or '.' for the present */
export function snapshotDiff(fs: FsState, caller: Caller, path: string, from: string, to: string): { readonly root: string; readonly entries: Difference[] } {
  const states = twoStates(fs, caller, path, from, to)
  return { root: pathOf(states.top), entries: compareTrees(states.top, states.from, states.to) }
}

/** The same in parts, which the caller puts together (SnapshotDiffReportGenerator): always from the earlier state to the later. */
export function snapshotDiffListing(
  fs: FsState,
  caller: Caller,
  path: string,
  [from, to]: readonly [string, string],
  start: DiffCursor,
): DiffPage & { readonly isFromEarlier: boolean } {
  const s = twoStates(fs, caller, path, from, to)
  const isFromEarlier = isEarlier(s.from, s.to)
  const changes = isFromEarlier ? changesBetween(s.top, s.from, s.to) : changesBetween(s.top, s.to, s.from)
  const page = pageOfChanges(changes, start, fs.config.snapshotDiffLimit)
  if (!page) throw fail(`The difference of ${pathOf(s.top)} has no entry ${start.path} to go on from`)
  return { ...page, isFromEarlier }
}

/** Hadoop's name for a snapshot that was given none. */
export function defaultSnapshotName(time: { year: number; month: number; day: number; hour: number; minute: number; second: number; millis: number }): string {
  const p = (n: number, w = 2) => String(n).padStart(w, '0')
  return `s${time.year}${p(time.month)}${p(time.day)}-${p(time.hour)}${p(time.minute)}${p(time.second)}.${p(time.millis, 3)}`
}
