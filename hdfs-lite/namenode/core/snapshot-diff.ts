/** What differs between two states of a directory, in the order of Hadoop's reports. */
import { type Features, type INode, type INodeDirectory, compareNames } from './inode.js'
import { attributesAt, childrenAt, diffAt } from './snapshot-read.js'

export interface Difference {
  /** Relative to the directory. */
  readonly path: string
  readonly label: 'M' | '+' | '-' | 'R'
  readonly target: string | undefined
}

type Seen = { readonly path: string; readonly inode: INode; readonly parent: number }

const below = (path: string, name: string) => (path === '' ? name : `${path}/${name}`)

function collectTree(dir: INodeDirectory, at: number | undefined, prefix: string, into: Map<number, Seen>): void {
  const { children, names } = childrenAt(dir, at)
  children.forEach((c, i) => {
    const path = below(prefix, names?.[i] ?? c.name)
    into.set(c.id, { path, inode: c, parent: dir.id })
    if (c.kind === 'directory') collectTree(c, at, path, into)
  })
}

function changed(inode: INode, from: number | undefined, to: number | undefined): boolean {
  const a = diffAt(inode, from)
  const b = diffAt(inode, to)
  if (a === b) return false
  const x = attributesAt(inode, from)
  const y = attributesAt(inode, to)
  const rare = (f: Features | undefined) => JSON.stringify([f?.acl, f?.defaultAcl, f?.xattrs?.map((v) => [v.namespace, v.name, v.value ? [...v.value] : null])])
  if (x.mtime !== y.mtime || x.permission !== y.permission || x.owner !== y.owner || x.group !== y.group) return true
  return rare(x.features) !== rare(y.features)
}

/** @param from, to ids of snapshots; undefined for the present */
export function compareTrees(dir: INodeDirectory, from: number | undefined, to: number | undefined): Difference[] {
  const inOrder = isEarlier(from, to)
  const forward = (inOrder ? changesBetween(dir, from, to) : changesBetween(dir, to, from)).flatMap(({ path, made, left }) => [
    { path, label: 'M', target: undefined } as const,
    ...made.map((c) => ({ path: c.path, label: '+', target: undefined }) as const),
    ...left.map((c) => ({ path: c.path, label: c.target === undefined ? '-' : 'R', target: c.target }) as const),
  ])
  return inOrder ? forward : forward.map(reversed)
}

export const isEarlier = (from: number | undefined, to: number | undefined): boolean => (from ?? Infinity) <= (to ?? Infinity)

/** The report the other way round tells the same in the same order. */
function reversed(d: Difference): Difference {
  if (d.label === 'R') return { path: d.target!, label: 'R', target: d.path }
  return d.label === 'M' ? d : { ...d, label: d.label === '+' ? '-' : '+' }
}

/** A child that was made in a directory, or left it. */
export interface ChangedChild {
  readonly id: number
  readonly path: string
  /** Where it went; undefined: nowhere. */
  readonly target: string | undefined
}

/** A node that differs; of a directory, also what was made in it and what left it. */
export interface Changed {
  readonly id: number
  readonly path: string
  readonly isDirectory: boolean
  readonly made: ChangedChild[]
  readonly left: ChangedChild[]
}

/** What changed from an earlier state to a later one, level by level. */
export function changesBetween(dir: INodeDirectory, from: number | undefined, to: number | undefined): Changed[] {
  const before = new Map<number, Seen>([[dir.id, { path: '', inode: dir, parent: 0 }]])
  const after = new Map(before)
  collectTree(dir, from, '', before)
  collectTree(dir, to, '', after)
  const nodes = new Map<string, Changed>()
  const at = ({ path, inode }: Seen) => {
    let c = nodes.get(path)
    if (!c) nodes.set(path, (c = { id: inode.id, path, isDirectory: inode.kind === 'directory', made: [], left: [] }))
    return c
  }
  for (const [id, b] of before) {
    const a = after.get(id)
    if (a && changed(b.inode, from, to)) at(b)
    const parent = before.get(b.parent)
    // What goes with its directory is not told of one by one.
    if (!parent || (!a && !after.has(b.parent))) continue
    if (!a) at(parent).left.push({ id, path: b.path, target: undefined })
    else if (a.parent !== b.parent || nameOf(a) !== nameOf(b)) at(parent).left.push({ id, path: b.path, target: a.path })
  }
  for (const [id, a] of after) {
    const parent = before.get(a.parent)
    if (before.has(id) || !parent) continue
    at(parent).made.push({ id, path: below(parent.path, nameOf(a)), target: undefined })
  }
  const byName = (x: ChangedChild, y: ChangedChild) => compareNames(x.path, y.path)
  for (const c of nodes.values()) {
    c.made.sort(byName)
    c.left.sort(byName)
  }
  return [...nodes.values()].sort((x, y) => comparePaths(x.path, y.path))
}

/** Where a listing of changes goes on: before entry `index` of the node `path`; -1: before the node itself. */
export interface DiffCursor {
  readonly path: string
  readonly index: number
}

export const DIFF_START: DiffCursor = { path: '', index: -1 }

export interface DiffPage {
  readonly modified: Changed[]
  readonly made: (ChangedChild & { readonly dir: number })[]
  readonly left: (ChangedChild & { readonly dir: number })[]
  /** DIFF_START: that was all. */
  readonly next: DiffCursor
}

/** A part of what changed: so many entries from `start` on (SnapshotDiffListingInfo). Undefined: there is no such place. */
export function pageOfChanges(changes: readonly Changed[], start: DiffCursor, limit: number): DiffPage | undefined {
  const first = start.path === '' && start.index < 0 ? 0 : changes.findIndex((c) => c.path === start.path)
  if (first < 0) return undefined
  const page = { modified: [] as Changed[], made: [] as DiffPage['made'], left: [] as DiffPage['left'] }
  let room = limit
  for (let i = first, index = start.index; i < changes.length; i++, index = -1) {
    const c = changes[i]!
    if (index < 0) {
      if (room-- <= 0) return { ...page, next: { path: c.path, index: -1 } }
      page.modified.push(c)
      index = 0
    }
    for (; index < c.made.length + c.left.length; index++) {
      if (room-- <= 0) return { ...page, next: { path: c.path, index } }
      const of = index < c.made.length ? page.made : page.left
      of.push({ ...(c.made[index] ?? c.left[index - c.made.length]!), dir: c.id })
    }
  }
  return { ...page, next: DIFF_START }
}

const nameOf = (s: Seen) => s.path.slice(s.path.lastIndexOf('/') + 1)

/** Level by level, each in the order of names. */
function comparePaths(a: string, b: string): number {
  const x = a === '' ? [] : a.split('/')
  const y = b === '' ? [] : b.split('/')
  if (x.length !== y.length) return x.length - y.length
  for (let i = 0; i < x.length; i++) {
    const c = compareNames(x[i]!, y[i]!)
    if (c !== 0) return c
  }
  return 0
}
