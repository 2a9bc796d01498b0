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
  const [earlier, later] = (from ?? Infinity) <= (to ?? Infinity) ? [from, to] : [to, from]
  const forward = compareInTime(dir, earlier, later)
  return earlier === from ? forward : forward.map(reversed)
}

/** The report the other way round tells the same in the same order. */
function reversed(d: Difference): Difference {
  if (d.label === 'R') return { path: d.target!, label: 'R', target: d.path }
  return d.label === 'M' ? d : { ...d, label: d.label === '+' ? '-' : '+' }
}

/** A node that differs, and what was made in it or left it. */
interface Changed {
  modified: boolean
  readonly made: Difference[]
  readonly left: Difference[]
}

function compareInTime(dir: INodeDirectory, from: number | undefined, to: number | undefined): Difference[] {
  const before = new Map<number, Seen>([[dir.id, { path: '', inode: dir, parent: 0 }]])
  const after = new Map(before)
  collectTree(dir, from, '', before)
  collectTree(dir, to, '', after)
  const nodes = new Map<string, Changed>()
  const at = (path: string) => {
    let c = nodes.get(path)
    if (!c) nodes.set(path, (c = { modified: false, made: [], left: [] }))
    return c
  }
  for (const [id, b] of before) {
    const a = after.get(id)
    if (a && changed(b.inode, from, to)) at(b.path).modified = true
    const parent = before.get(b.parent)
    // What goes with its directory is not told of one by one.
    if (!parent || (!a && !after.has(b.parent))) continue
    if (!a) at(parent.path).left.push({ path: b.path, label: '-', target: undefined })
    else if (a.parent !== b.parent || nameOf(a) !== nameOf(b)) at(parent.path).left.push({ path: b.path, label: 'R', target: a.path })
  }
  for (const [id, a] of after) {
    const parent = before.get(a.parent)
    if (before.has(id) || !parent) continue
    at(parent.path).made.push({ path: below(parent.path, nameOf(a)), label: '+', target: undefined })
  }
  const byName = (x: Difference, y: Difference) => compareNames(x.path, y.path)
  return [...nodes]
    .sort(([x], [y]) => comparePaths(x, y))
    .flatMap(([path, c]) => [...(c.modified ? [{ path, label: 'M', target: undefined } as const] : []), ...c.made.sort(byName), ...c.left.sort(byName)])
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
