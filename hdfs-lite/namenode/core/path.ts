/** Paths: their syntax, and which nodes stand along them (INodesInPath). */
import { exception } from '../../../common/errors.js'
import { type INode, type INodeDirectory, childOf, pathOf } from './inode.js'
import { checkSuperuser, checkTraverse } from './permission.js'
import { type ResolvedPath, joinPath } from './resolved-path.js'
import { attributesAt, childrenAt, snapshotNamed } from './snapshot-read.js'
import type { Caller, FsState } from './state.js'

export const DOT_SNAPSHOT = '.snapshot'
const RESERVED = '.reserved'

/** What an operation is about to do with a path. */
export type PathUse = 'read' | 'read-link' | 'write' | 'write-link' | 'create' | 'create-link'

/** DFSUtil.isValidName: absolute, without `.`, `..`, `:` and empty components. */
export function isValidName(src: string): boolean {
  if (!src.startsWith('/')) return false
  const parts = src.split('/')
  for (let i = 0; i < parts.length; i++) {
    const p = parts[i]!
    if (p === '.' || p.includes(':')) return false
    // Paths below /.reserved/.inodes/ID may go up.
    if (p === '..' && !(parts.length > 4 && parts[1] === RESERVED && parts[2] === '.inodes' && i === 4)) return false
    if (p === '' && i !== parts.length - 1 && i !== 0) return false
  }
  return true
}

export function componentsOf(src: string): string[] {
  if (!src.startsWith('/')) throw exception('IllegalArgumentException', `Absolute path required, but got '${src}'`)
  return ['', ...src.split('/').filter((c) => c !== '')]
}

export function isReservedRoot(components: readonly string[]): boolean {
  return components.length === 2 && components[1] === RESERVED
}

export function isExactReserved(src: string): boolean {
  return isReservedRoot(src.startsWith('/') ? componentsOf(src) : [])
}

/** `/.reserved/.inodes/ID/rest` to the path that it means; `/.reserved/raw/rest` to `/rest`. */
function withoutReserved(fs: FsState, components: string[]): string[] {
  if (components[1] !== RESERVED || components.length <= 2) return components
  if (components[2] === 'raw') return ['', ...components.slice(3)]
  if (components[2] !== '.inodes' || components.length < 4) return components
  const text = components[3]!
  if (!/^\d+$/.test(text)) throw exception('FileNotFoundException', `Invalid inode path: ${joinPath(components)}`)
  let inode = fs.inodes.get(Number(text))
  if (!inode) throw exception('FileNotFoundException', `File for given inode path does not exist: ${joinPath(components)}`)
  let rest = components.slice(4)
  if (rest[0] === '..') {
    inode = inode.parent ?? inode
    rest = rest.slice(1)
  }
  return [...componentsOf(pathOf(inode)), ...rest]
}

/** The nodes along `components`; symbolic links are not followed. */
export function walk(fs: FsState, components: readonly string[]): ResolvedPath {
  const inodes: (INode | undefined)[] = [fs.root]
  let at: INode | undefined = fs.root
  let snapshotId: number | undefined
  let dotSnapshot = false
  for (let i = 1; i < components.length; i++) {
    const name = components[i]!
    if (at?.kind === 'directory' && snapshotId === undefined && name === DOT_SNAPSHOT && at.features?.snapshottable) {
      const label = components[i + 1]
      if (label === undefined) {
        dotSnapshot = true
        inodes.push(undefined)
        break
      }
      const found = snapshotNamed(at, label)
      if (!found) {
        while (inodes.length < components.length) inodes.push(undefined)
        at = undefined
        snapshotId = 0
        break
      }
      snapshotId = found.id
      // The snapshot's root is the directory as it was; both components stand for it.
      inodes.push(at, at)
      i++
      continue
    }
    at = at?.kind === 'directory' ? childIn(at, name, snapshotId) : undefined
    inodes.push(at)
  }
  return { path: joinPath(components), components, inodes, snapshotId, dotSnapshot }
}

function childIn(dir: INodeDirectory, name: string, snapshotId: number | undefined): INode | undefined {
  if (snapshotId === undefined) return childOf(dir.children, name)
  const { children, names } = childrenAt(dir, snapshotId)
  if (!names) return childOf(children, name)
  const i = names.indexOf(name)
  return i < 0 ? undefined : children[i]
}

/**
 * Resolves `src` and checks that its ancestors are directories that the caller may traverse.
 * @throws InvalidPathException, ParentNotDirectoryException, AccessControlException, UnresolvedPathException
 */
export function resolve(fs: FsState, caller: Caller, src: string, use: PathUse): ResolvedPath {
  const creates = use === 'create' || use === 'create-link'
  if (creates && !isValidName(src)) throw exception('InvalidPathException', `Invalid file name: ${src}`)
  const given = componentsOf(src)
  const raw = given[1] === RESERVED && given[2] === 'raw'
  if (raw && use !== 'read' && use !== 'read-link') checkSuperuser(fs, caller)
  const iip = walk(fs, withoutReserved(fs, given))
  checkTraverse(fs, caller, iip, use === 'read' || use === 'write' || use === 'create', creates)
  if (iip.snapshotId !== undefined && use !== 'read' && use !== 'read-link')
    throw exception('SnapshotAccessControlException', 'Modification on a read-only snapshot is disallowed')
  if (iip.dotSnapshot && creates) throw exception('IllegalArgumentException', `"${DOT_SNAPSHOT}" is a reserved name.`)
  return iip
}

/** For calls that name a file by id as well: the id wins over the path. */
export function resolveById(fs: FsState, caller: Caller, src: string, fileId: number): ResolvedPath {
  if (fileId === 0) return resolve(fs, caller, src, 'write')
  const inode = fs.inodes.get(fileId)
  if (!inode) {
    const components = componentsOf(src)
    return { path: joinPath(components), components, inodes: components.map(() => undefined), snapshotId: undefined, dotSnapshot: false }
  }
  return resolvedOf(fs, inode)
}

export function resolvedOf(fs: FsState, inode: INode): ResolvedPath {
  const inodes: INode[] = []
  for (let n: INode | undefined = inode; n; n = n.parent) inodes.unshift(n)
  return { path: pathOf(inode), components: inodes.map((n) => (n === fs.root ? '' : n.name)), inodes, snapshotId: undefined, dotSnapshot: false }
}

export function lastOf(iip: ResolvedPath): INode | undefined {
  return iip.dotSnapshot ? undefined : iip.inodes.at(-1)
}

export function parentOf(iip: ResolvedPath): INode | undefined {
  return iip.inodes.at(-2)
}

export function parentPath(iip: ResolvedPath): string {
  return joinPath(iip.components.slice(0, -1))
}

/** How many leading components exist. */
export function existingCount(iip: ResolvedPath): number {
  let n = 0
  while (n < iip.inodes.length && iip.inodes[n] !== undefined) n++
  return n
}

/** The attributes that the path shows: of its snapshot, or present ones. */
export function attributesOf(iip: ResolvedPath, inode: INode) {
  return attributesAt(inode, iip.snapshotId)
}
