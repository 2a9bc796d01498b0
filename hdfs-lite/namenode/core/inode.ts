/**
 * The namespace's nodes: files, directories, symbolic links. Mutable, owned by one FsState.
 * Sizes matter: a million files are a million of these, so rare attributes live in `features`.
 */
import type { AclEntry } from '../../../common/records/hdfs/acl.js'
import type { XAttr } from '../../../common/records/hdfs/xattr.js'
import type { Block } from './block.js'
import type { Diff, SnapshotTable } from './snapshot-types.js'

export const ROOT_ID = 16385

interface INodeCommon {
  readonly id: number
  name: string
  parent: INodeDirectory | undefined
  /** The low 12 bits: rwxrwxrwx and sticky (01000). */
  permission: number
  owner: string
  group: string
  mtime: number
  atime: number
  features: Features | undefined
}

/** What few nodes have. */
export interface Features {
  /** Access entries beyond the mode's, sorted as AclStorage keeps them; the mode's group bits are then the mask. */
  acl?: readonly AclEntry[] | undefined
  defaultAcl?: readonly AclEntry[] | undefined
  xattrs?: readonly XAttr[] | undefined
  quota?: Quota | undefined
  /** Id of a storage policy that was set here. */
  storagePolicy?: number | undefined
  /** A directory that snapshots may be taken of. */
  snapshottable?: SnapshotTable | undefined
  /** Earlier states that snapshots still show, newest last. */
  diffs?: Diff[] | undefined
  /** Newest snapshot that covered this node when it was moved out of a snapshottable directory. */
  coveredBy?: number | undefined
  /** Id of the newest snapshot when this node was made: older ones do not show it. */
  bornAfter?: number | undefined
}

export interface Quota {
  /** Most files and directories below and including this one; -1: no limit. */
  namespace: number
  /** Most bytes over all replicas; -1: no limit. */
  space: number
  /** Limits by storage type; absent: none. */
  types?: Readonly<Record<string, number>> | undefined
}

export interface INodeFile extends INodeCommon {
  readonly kind: 'file'
  replication: number
  blockSize: number
  blocks: Block[]
  /** Who writes it; undefined when it is closed. */
  writer: Writer | undefined
}

export interface Writer {
  /** The lease holder: the client's name. */
  holder: string
  /** Address the client came from. */
  machine: string
}

export interface INodeDirectory extends INodeCommon {
  readonly kind: 'directory'
  /** Sorted by name, as UTF-8 bytes compare. */
  children: INode[]
  /** Namespace and space used below, kept where a quota is set. */
  usage: Usage | undefined
}

export interface Usage {
  readonly namespace: number
  readonly space: number
  /** Of the space, by storage type: that of files a storage policy was set for. */
  readonly types: Readonly<Record<string, number>>
}

export interface INodeSymlink extends INodeCommon {
  readonly kind: 'symlink'
  readonly target: string
}

export type INode = INodeFile | INodeDirectory | INodeSymlink

export interface NewINode {
  readonly id: number
  readonly name: string
  readonly permission: number
  readonly owner: string
  readonly group: string
  readonly now: number
}

export function newDirectory(n: NewINode): INodeDirectory {
  return {
    kind: 'directory',
    id: n.id,
    name: n.name,
    parent: undefined,
    permission: n.permission,
    owner: n.owner,
    group: n.group,
    mtime: n.now,
    atime: 0,
    features: undefined,
    children: [],
    usage: undefined,
  }
}

export function newFile(n: NewINode, replication: number, blockSize: number): INodeFile {
  return {
    kind: 'file',
    id: n.id,
    name: n.name,
    parent: undefined,
    permission: n.permission,
    owner: n.owner,
    group: n.group,
    mtime: n.now,
    atime: n.now,
    features: undefined,
    replication,
    blockSize,
    blocks: [],
    writer: undefined,
  }
}

export function newSymlink(n: NewINode, target: string): INodeSymlink {
  return {
    kind: 'symlink',
    id: n.id,
    name: n.name,
    parent: undefined,
    permission: n.permission,
    owner: n.owner,
    group: n.group,
    mtime: n.now,
    atime: n.now,
    features: undefined,
    target,
  }
}

/** Order of UTF-8 bytes as Java's signed ones (DFSUtilClient.compareBytes): whatever is not ASCII comes first. */
export function compareNames(a: string, b: string): number {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) {
    let x = a.charCodeAt(i)
    let y = b.charCodeAt(i)
    if (x === y) continue
    if (x < 0x80 !== y < 0x80) return x < 0x80 ? 1 : -1
    if (x >= 0xd800 && y >= 0xd800) {
      // Surrogates stand for code points above U+FFFF.
      if (x <= 0xdfff) x += 0x10000
      if (y <= 0xdfff) y += 0x10000
    }
    return x - y
  }
  return a.length - b.length
}

/** Index of `name` among sorted children, or -(where it would go) - 1. */
export function indexOfName(children: readonly INode[], name: string): number {
  let low = 0
  let high = children.length - 1
  // Names often come in order: look at the end first.
  if (high >= 0) {
    const c = compareNames(children[high]!.name, name)
    if (c < 0) return -children.length - 1
    if (c === 0) return high
  }
  while (low <= high) {
    const mid = (low + high) >>> 1
    const c = compareNames(children[mid]!.name, name)
    if (c < 0) low = mid + 1
    else if (c > 0) high = mid - 1
    else return mid
  }
  return -low - 1
}

export function childOf(children: readonly INode[], name: string): INode | undefined {
  const i = indexOfName(children, name)
  return i < 0 ? undefined : children[i]
}

export function addChild(dir: INodeDirectory, child: INode): void {
  const i = indexOfName(dir.children, child.name)
  if (i >= 0) throw new Error(`${dir.name} already has a child ${child.name}`)
  const at = -i - 1
  if (at === dir.children.length) dir.children.push(child)
  else dir.children.splice(at, 0, child)
  child.parent = dir
}

export function removeChild(dir: INodeDirectory, child: INode): void {
  const i = indexOfName(dir.children, child.name)
  if (i < 0 || dir.children[i] !== child) throw new Error(`${dir.name} has no such child ${child.name}`)
  dir.children.splice(i, 1)
}

export function pathOf(inode: INode): string {
  if (inode.parent === undefined) return inode.name === '' ? '/' : inode.name
  const names: string[] = []
  for (let n: INode = inode; n.parent !== undefined; n = n.parent) names.push(n.name)
  return `/${names.reverse().join('/')}`
}

/** Bytes of a file; those of a block that is still written count as far as they are known. */
export function fileLength(file: INodeFile, includeUnderConstruction = true): number {
  const { blocks } = file
  let length = 0
  for (let i = 0; i < blocks.length; i++) {
    const b = blocks[i]!
    if (!includeUnderConstruction && i === blocks.length - 1 && b.construction !== undefined) break
    length += b.length
  }
  return length
}

/** What the file takes of a space quota: an unfinished block counts as a whole one. */
export function fileSpace(file: INodeFile): number {
  let bytes = 0
  for (const b of file.blocks) bytes += b.construction !== undefined && b.construction.state !== 'COMMITTED' ? Math.max(file.blockSize, b.length) : b.length
  return bytes * file.replication
}

/** Changes rare attributes; features that hold nothing are dropped. */
export function setFeatures(inode: INode, change: Partial<Features>): void {
  const next: Features = { ...inode.features, ...change }
  for (const k of Object.keys(next) as (keyof Features)[]) if (next[k] === undefined) delete next[k]
  inode.features = Object.keys(next).length === 0 ? undefined : next
}
