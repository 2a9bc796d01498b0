/** Reading: status, listings, block locations, summaries (FSDirStatAndListingOp). */
import { exception } from '../../../common/errors.js'
import { ACTION } from '../../../common/records/hdfs/index.js'
import type { Block, Storage } from './block.js'
import { liveReplicas } from './blocks.js'
import { type INode, type INodeDirectory, type INodeFile, compareNames, fileLength } from './inode.js'
import { LONG_MAX } from './limits.js'
import { isReservedRoot, lastOf, resolve } from './path.js'
import type { ResolvedPath } from './resolved-path.js'
import { checkPermission } from './permission.js'
import { chargedSpace, isLeftHere, QUOTA_TYPES, policyOf, typeSpaces, usageOf } from './quota.js'
import { childrenAt, diffAt, fileAt, goneFrom } from './snapshot-read.js'
import type { Snapshot } from './snapshot-types.js'
import { STORAGE_POLICIES } from './storage-policy.js'
import { type Caller, type FsState, touch } from './state.js'

/** A node as one caller sees it: now, or in a snapshot. */
export interface StatusView {
  readonly inode: INode
  /** Local name in a listing; empty for the node asked for itself. */
  readonly name: string
  readonly snapshotId: number | undefined
  readonly storagePolicy: number
  readonly length: number
  /** Of a snapshot in a list of snapshots: Hadoop counts what is in the directory now. */
  readonly childrenNow?: true
}

/** Directories that only exist as names: `/.reserved` and `DIR/.snapshot`. */
export type VirtualDirectory = 'reserved' | 'snapshots'

export function viewOf(inode: INode, name: string, snapshotId: number | undefined, policy = inode.kind === 'symlink' ? 0 : policyOf(inode)): StatusView {
  const length = inode.kind === 'file' ? (diffAt(inode, snapshotId)?.length ?? fileLength(inode)) : 0
  return { inode, name, snapshotId, storagePolicy: policy, length }
}

export function getFileInfo(fs: FsState, caller: Caller, src: string, resolveLink: boolean): StatusView | VirtualDirectory | undefined {
  let iip: ResolvedPath
  try {
    iip = resolve(fs, caller, src, resolveLink ? 'read' : 'read-link')
  } catch (e) {
    // A super-user is refused only where an ancestor is a file; clients expect "not there" then.
    if (caller.isSuper && (e as { simpleName?: string }).simpleName === 'AccessControlException') return undefined
    throw e
  }
  if (isReservedRoot(iip.components)) return 'reserved'
  if (iip.dotSnapshot) return 'snapshots'
  const inode = lastOf(iip)
  return inode && viewOf(inode, '', iip.snapshotId)
}

export interface Listing {
  readonly entries: readonly StatusView[]
  readonly remaining: number
}

export function getListing(fs: FsState, caller: Caller, src: string, startAfter: string): Listing | undefined {
  const iip = resolve(fs, caller, src, 'read')
  const inode = lastOf(iip)
  if (iip.dotSnapshot) return listSnapshots(fs, iip, startAfter)
  if (inode?.kind === 'directory') checkPermission(fs, caller, iip, { self: ACTION.READ_EXECUTE })
  if (!inode) return undefined
  if (inode.kind !== 'directory') return { entries: [viewOf(inode, '', iip.snapshotId)], remaining: 0 }
  const { children, names } = childrenAt(inode, iip.snapshotId)
  const nameAt = (i: number) => names?.[i] ?? children[i]!.name
  let low = 0
  let high = children.length
  if (startAfter !== '') {
    while (low < high) {
      const mid = (low + high) >>> 1
      if (compareNames(nameAt(mid), startAfter) <= 0) low = mid + 1
      else high = mid
    }
  }
  const parentPolicy = policyOf(inode)
  const entries: StatusView[] = []
  for (let i = low; i < children.length && entries.length < fs.config.listLimit; i++) {
    const c = children[i]!
    entries.push(viewOf(c, nameAt(i), iip.snapshotId, c.features?.storagePolicy ?? parentPolicy))
  }
  return { entries, remaining: children.length - low - entries.length }
}

export function snapshotsByName(dir: INodeDirectory): Snapshot[] {
  return [...dir.features!.snapshottable!.snapshots].sort((a, b) => compareNames(a.name, b.name))
}

/** The directory as the snapshot shows it, under the snapshot's name. */
export function snapshotView(dir: INodeDirectory, s: Snapshot): StatusView {
  return { ...viewOf(dir, s.name, s.id, 0), childrenNow: true }
}

function listSnapshots(fs: FsState, iip: ResolvedPath, startAfter: string): Listing {
  const dir = iip.inodes[iip.inodes.length - 2] as INodeDirectory
  const rest = snapshotsByName(dir).filter((s) => startAfter === '' || compareNames(s.name, startAfter) > 0)
  const entries = rest.slice(0, fs.config.listLimit).map((s) => snapshotView(dir, s))
  return { entries, remaining: rest.length - entries.length }
}

export interface LocatedBlockView {
  readonly block: Block
  readonly offset: number
  /** Bytes that this view shows of the block. */
  readonly length: number
  readonly storages: readonly Storage[]
  readonly corrupt: boolean
}

export interface LocatedBlocksView {
  readonly fileLength: number
  readonly blocks: readonly LocatedBlockView[]
  readonly underConstruction: boolean
  readonly last: LocatedBlockView | undefined
  readonly lastComplete: boolean
}

export function openFile(fs: FsState, caller: Caller, src: string): { file: INodeFile; iip: ResolvedPath } {
  const iip = resolve(fs, caller, src, 'read')
  const file = lastOf(iip)
  if (!file) throw exception('FileNotFoundException', `File does not exist: ${iip.path}`)
  if (file.kind !== 'file') throw exception('FileNotFoundException', `Path is not a file: ${iip.path}`)
  checkPermission(fs, caller, iip, { self: ACTION.READ })
  return { file, iip }
}

export function getBlockLocations(fs: FsState, caller: Caller, src: string, offset: number, length: number, now: number): LocatedBlocksView {
  const { file, iip } = openFile(fs, caller, src)
  const view = locate(file, iip.snapshotId, offset, length)
  const { accessTimePrecision } = fs.config
  if (accessTimePrecision > 0 && iip.snapshotId === undefined && now > file.atime + accessTimePrecision && fs.safeMode.status === 'off') {
    file.atime = now
    touch(fs, file)
  }
  return view
}

export function locatedBlock(block: Block, offset: number, length = block.length): LocatedBlockView {
  const c = block.construction
  const live = c && c.state !== 'COMMITTED' ? c.expected : liveReplicas(block)
  const storages = c && live.length === 0 ? c.expected : live
  const corrupt = !c && storages.length === 0 && block.corrupt !== undefined
  return { block, offset, length, storages: corrupt ? block.replicas.storages : storages, corrupt }
}

export function locate(file: INodeFile, snapshotId: number | undefined, offset: number, length: number): LocatedBlocksView {
  const at = fileAt(file, snapshotId)
  const blocks = at.blocks
  const underConstruction = snapshotId === undefined && file.writer !== undefined
  const total = at.length ?? fileLength(file, !underConstruction)
  const end = Math.min(length >= LONG_MAX ? Number.MAX_SAFE_INTEGER : offset + length, snapshotId === undefined ? Number.MAX_SAFE_INTEGER : total)
  const found: LocatedBlockView[] = []
  let position = 0
  let last: LocatedBlockView | undefined
  for (let i = 0; i < blocks.length; i++) {
    const b = blocks[i]!
    const shown = snapshotId === undefined ? b.length : Math.min(b.length, Math.max(0, total - position))
    const isLast = i === blocks.length - 1
    const view = isLast || (position < end && position + shown > offset) ? locatedBlock(b, position, shown) : undefined
    if (isLast) last = view
    // An unfinished last block is told of apart from the others.
    if (view && position < end && position + shown > offset && !(b.construction && underConstruction && b.construction.state !== 'COMMITTED')) found.push(view)
    position += shown
  }
  const lastBlock = blocks.at(-1)
  return { fileLength: total, blocks: found, underConstruction, last, lastComplete: snapshotId !== undefined || lastBlock?.construction === undefined }
}

export interface Summary {
  length: number
  files: number
  directories: number
  space: number
  snapshotLength: number
  snapshotFiles: number
  snapshotDirectories: number
  snapshotSpace: number
  readonly quota: number
  readonly spaceQuota: number
  /** Empty where no type has a limit and none is used. */
  types: readonly TypeUsage[]
  /** Of erasure coding: a file that is copied whole says so, a directory without a policy is silent. */
  readonly policy: 'Replicated' | ''
}

export interface TypeUsage {
  readonly type: (typeof QUOTA_TYPES)[number]
  /** -1: no limit. */
  readonly quota: number
  readonly consumed: number
}

function typeUsages(limits: Readonly<Record<string, number>> | undefined, used: Readonly<Record<string, number>>): TypeUsage[] {
  const all = QUOTA_TYPES.map((type) => ({ type, quota: limits?.[type] ?? -1, consumed: used[type] ?? 0 }))
  return all.some((t) => t.quota > 0 || t.consumed > 0) ? all : []
}

interface Counted {
  readonly n: INode
  /** The snapshot it is counted as of. */
  readonly at: number | undefined
  /** Only snapshots show it here. */
  readonly kept: boolean
  /** It was deleted from there: all that snapshots hold of it counts. */
  readonly left?: boolean
}

/** Counts what snapshots alone still hold as well, and also apart. */
export function getContentSummary(fs: FsState, caller: Caller, src: string): Summary {
  const iip = resolve(fs, caller, src, 'read-link')
  const top = lastOf(iip)
  if (!top) throw exception('FileNotFoundException', `File does not exist: ${iip.path}`)
  checkPermission(fs, caller, iip, { below: ACTION.READ_EXECUTE })
  const quota = top.features?.quota
  const s: Summary = {
    length: 0,
    files: 0,
    directories: 0,
    space: 0,
    snapshotLength: 0,
    snapshotFiles: 0,
    snapshotDirectories: 0,
    snapshotSpace: 0,
    quota: quota?.namespace ?? -1,
    spaceQuota: quota?.space ?? -1,
    types: [],
    policy: top.kind === 'file' ? 'Replicated' : '',
  }
  const used: Record<string, number> = {}
  const stack: Counted[] = [{ n: top, at: iip.snapshotId, kept: false }]
  while (stack.length > 0) {
    const { n, at, kept, left } = stack.pop()!
    if (n.kind === 'directory') {
      s.directories++
      if (kept) s.snapshotDirectories++
      for (const c of childrenAt(n, at).children) stack.push({ n: c, at, kept })
      if (at === undefined) for (const c of goneFrom(n)) stack.push({ ...c, kept: true, left: isLeftHere(n, c) })
      continue
    }
    s.files++
    if (kept) s.snapshotFiles++
    if (n.kind !== 'file') continue
    const length = diffAt(n, at)?.length ?? fileLength(n)
    const { replication } = fileAt(n, at)
    const space = (at === undefined || left) && n.features?.diffs ? chargedSpace(n) : length * replication
    s.length += length
    s.space += space
    if (kept) {
      s.snapshotLength += length
      s.snapshotSpace += space
    }
    const shares = typeSpaces(policyOf(n), space, replication)
    for (const t in shares) used[t] = (used[t] ?? 0) + shares[t]!
  }
  s.types = typeUsages(quota?.types, used)
  return s
}

export interface QuotaUsageView {
  readonly namespace: number
  readonly space: number
  readonly quota: number
  readonly spaceQuota: number
  readonly types: readonly TypeUsage[]
}

export function getQuotaUsage(fs: FsState, caller: Caller, src: string): QuotaUsageView {
  const iip = resolve(fs, caller, src, 'read-link')
  const top = lastOf(iip)
  if (!top) throw exception('FileNotFoundException', `File/Directory does not exist: ${iip.path}`)
  checkPermission(fs, caller, iip, { below: ACTION.READ_EXECUTE })
  const u = (top.kind === 'directory' ? top.usage : undefined) ?? usageOf(top)
  const quota = top.features?.quota
  return { namespace: u.namespace, space: u.space, quota: quota?.namespace ?? -1, spaceQuota: quota?.space ?? -1, types: typeUsages(quota?.types, u.types) }
}

export function isFileClosed(fs: FsState, caller: Caller, src: string): boolean {
  const iip = resolve(fs, caller, src, 'read')
  const file = lastOf(iip)
  if (!file) throw exception('FileNotFoundException', `File does not exist: ${src}`)
  if (file.kind !== 'file') throw exception('FileNotFoundException', `Path is not a file: ${src}`)
  return file.writer === undefined
}

export function checkAccess(fs: FsState, caller: Caller, src: string, action: number): void {
  const iip = resolve(fs, caller, src, 'read')
  if (!lastOf(iip)) throw exception('FileNotFoundException', `Path not found: ${iip.path}`)
  checkPermission(fs, caller, iip, { self: action })
}

export function getStoragePolicy(fs: FsState, caller: Caller, src: string) {
  const iip = resolve(fs, caller, src, 'read-link')
  checkPermission(fs, caller, iip, { self: ACTION.READ })
  const inode = lastOf(iip)
  if (!inode) throw exception('FileNotFoundException', `File/Directory does not exist: ${iip.path}`)
  const id = policyOf(inode)
  return STORAGE_POLICIES.find((p) => p.id === id)
}

export function preferredBlockSize(fs: FsState, caller: Caller, src: string): number {
  const iip = resolve(fs, caller, src, 'read')
  const file = lastOf(iip)
  if (!file) throw exception('FileNotFoundException', `File does not exist: ${src}`)
  if (file.kind !== 'file') throw exception('FileNotFoundException', `Path is not a file: ${src}`)
  return file.blockSize
}
