/**
 * The state as rows, and changes as journal records. A record holds whole rows of what changed, so that replaying it
 * needs no rule of the namespace, and applying it twice changes nothing.
 */
import { IdMap } from '../../../common/lang/id-map.js'
import { type Block, NO_REPLICAS, newConstruction } from './block.js'
import { type Features, type INode, type INodeFile, ROOT_ID, compareNames, newDirectory, newFile, newSymlink } from './inode.js'
import { addLease } from './lease.js'
import { hasQuota, usageOf } from './quota.js'
import type { Diff } from './snapshot-types.js'
import type { FsState, RetryEntry } from './state.js'

/** Kind: d, f or l. `rest` is what few rows have, as JSON. */
export type Row = readonly [
  id: number,
  parent: number,
  name: string,
  kind: 'd' | 'f' | 'l',
  permission: number,
  owner: string,
  group: string,
  mtime: number,
  atime: number,
  replication: number,
  blockSize: number,
  /** id, generation stamp, length of each block */
  blocks: readonly number[],
  rest: Rest | null,
]

export interface DiffRow extends Omit<Diff, 'children' | 'blocks'> {
  readonly children: readonly number[] | undefined
  readonly blocks: readonly number[] | undefined
}

/**
 * Diffs that the journal holds already. They never change, only their list does; and a directory's holds all its children,
 * which would be written anew for each entry that is made or removed.
 */
const AS_BEFORE = 'as before'

export interface Rest {
  features?: Omit<Features, 'diffs'>
  diffs?: readonly DiffRow[] | typeof AS_BEFORE
  /** holder, machine */
  writer?: readonly [string, string]
  /** State of the last blocks that are not complete: index from the end, state, length to cut to, id of the block to cut it from. */
  open?: readonly (readonly [number, string, number | null, number?])[]
  target?: string
  /** A deleted node that a snapshot still shows: it is no child of its parent. */
  detached?: true
}

export interface JournalRecord {
  readonly puts: readonly Row[]
  /** Ids of removed nodes, with all that is below them. */
  readonly removes: readonly number[]
  /** last inode id, last block id, generation stamp, last snapshot id */
  readonly counters: readonly [number, number, number, number] | null
  readonly retries?: readonly RetryEntry[]
}

function blockNumbers(blocks: readonly Block[]): number[] {
  const out: number[] = []
  for (const b of blocks) out.push(b.id, b.generationStamp, b.length)
  return out
}

const bytes = (_k: string, v: unknown) => (v instanceof Uint8Array ? { $bytes: [...v] } : v)
const unbytes = (_k: string, v: unknown) => (v !== null && typeof v === 'object' && '$bytes' in v ? Uint8Array.from((v as { $bytes: number[] }).$bytes) : v)

/** Few texts hold bytes, and to look for them value by value takes longer than all the rest. */
const parsed = (text: string) => JSON.parse(text, text.includes('$bytes') ? unbytes : undefined)

const diffRow = (d: Diff): DiffRow => ({ ...d, children: d.children?.map((c) => c.id), blocks: d.blocks && blockNumbers(d.blocks) })

/** @param diffsAreKnown the journal holds its diffs */
function rowOf(inode: INode, diffsAreKnown = false): Row {
  const rest: Rest = {}
  if (inode.features) {
    const { diffs, ...features } = inode.features
    if (Object.keys(features).length > 0) rest.features = features
    if (diffs) rest.diffs = diffsAreKnown ? AS_BEFORE : diffs.map(diffRow)
  }
  if (inode.features?.coveredBy !== undefined && inode.parent && !inode.parent.children.includes(inode)) rest.detached = true
  if (inode.kind === 'file') {
    if (inode.writer) rest.writer = [inode.writer.holder, inode.writer.machine]
    const open: [number, string, number | null, number?][] = []
    for (let i = 1; i <= Math.min(2, inode.blocks.length); i++) {
      const c = inode.blocks[inode.blocks.length - i]!.construction
      if (c) open.push(c.copyOf === undefined ? [i, c.state, c.truncateTo ?? null] : [i, c.state, c.truncateTo ?? null, c.copyOf])
    }
    if (open.length > 0) rest.open = open
  }
  if (inode.kind === 'symlink') rest.target = inode.target
  return [
    inode.id,
    inode.parent?.id ?? 0,
    inode.name,
    inode.kind === 'directory' ? 'd' : inode.kind === 'file' ? 'f' : 'l',
    inode.permission,
    inode.owner,
    inode.group,
    inode.mtime,
    inode.atime,
    inode.kind === 'file' ? inode.replication : 0,
    inode.kind === 'file' ? inode.blockSize : 0,
    inode.kind === 'file' ? blockNumbers(inode.blocks) : [],
    Object.keys(rest).length > 0 ? rest : null,
  ]
}

/** What changed since the last call; undefined when nothing did. */
export function takeRecord(fs: FsState): JournalRecord | undefined {
  const { changes } = fs
  // A call that changed nothing may as well be carried out again.
  const retries = changes.retries.splice(0)
  if (changes.puts.size === 0 && changes.removes.length === 0 && !changes.counters) return undefined
  const puts: Row[] = []
  for (const inode of changes.puts) {
    if (fs.inodes.get(inode.id) !== inode) continue
    const diffs = inode.features?.diffs
    puts.push(rowOf(inode, diffs !== undefined && changes.journalledDiffs.get(inode) === diffs))
    if (diffs) changes.journalledDiffs.set(inode, diffs)
  }
  const c = fs.counters
  const record: JournalRecord = {
    puts,
    removes: changes.removes.length > 0 ? changes.removes.splice(0) : [],
    counters: changes.counters ? [c.lastInodeId, c.lastBlockId, c.generationStamp, c.lastSnapshotId] : null,
    ...(retries.length > 0 && { retries }),
  }
  changes.puts.clear()
  changes.counters = false
  return record
}

export function encodeRecord(record: JournalRecord): string {
  const { removes, puts, counters, retries } = record
  // Few records hold bytes, and to look for them value by value takes longer than all the rest.
  const anyBytes = puts.some((r) => r[12] !== null && holdsBytes(r[12])) || retries?.some((r) => holdsBytes(r[3]))
  return JSON.stringify(retries ? [removes, puts, counters, retries] : [removes, puts, counters], anyBytes ? bytes : undefined)
}

function holdsBytes(v: unknown): boolean {
  if (typeof v !== 'object' || v === null) return false
  return v instanceof Uint8Array || Object.values(v).some(holdsBytes)
}

/** @throws Error when the text is no record */
export function decodeRecord(text: string): JournalRecord {
  const value: unknown = parsed(text)
  if (!Array.isArray(value) || !Array.isArray(value[0]) || !Array.isArray(value[1])) throw new Error('not a journal record')
  return { removes: value[0], puts: value[1], counters: value[2] ?? null, ...(value[3] && { retries: value[3] }) }
}

export function encodeRest(rest: Rest | null): string | null {
  return rest === null ? null : JSON.stringify(rest, bytes)
}

/** The row's diffs, for who keeps them apart from it; undefined when they are those that were there before. */
export function diffsOf(row: Row): readonly DiffRow[] | undefined {
  const diffs = row[12]?.diffs
  return diffs === AS_BEFORE ? undefined : (diffs ?? [])
}

/** The row with these diffs in place of its own. */
export function withDiffs(row: Row, diffs: readonly DiffRow[]): Row {
  const { diffs: _own, ...others } = row[12] ?? {}
  const rest: Rest = diffs.length > 0 ? { ...others, diffs } : others
  return [...row.slice(0, 12), Object.keys(rest).length > 0 ? rest : null] as unknown as Row
}

export function encodeDiffs(diffs: readonly DiffRow[]): string {
  return JSON.stringify(diffs, bytes)
}

export function decodeDiffs(text: string): readonly DiffRow[] {
  return parsed(text)
}

export function decodeRest(text: string | null): Rest | null {
  return text === null ? null : parsed(text)
}

/** Builds a state from rows and records, in any order of parents and children. */
export interface Loader {
  row(row: Row): void
  record(record: JournalRecord): void
  /** Links everything. The state must not be used before. */
  finish(tick: number): void
}

export function loader(fs: FsState): Loader {
  // Until all are linked, a node holds its parent's id where its parent will be.
  const rows = new IdMap<INode>()
  const diffs = new Map<INode, readonly DiffRow[]>()
  const detached = new Set<INode>()
  const names = new Map<string, string>()
  // Users and groups are few: one string object for all their uses.
  const intern = (s: string) => {
    const known = names.get(s)
    if (known !== undefined) return known
    names.set(s, s)
    return s
  }
  const forget = (inode: INode) => {
    diffs.delete(inode)
    detached.delete(inode)
  }
  const put = (row: Row) => {
    const [id, parent, name, kind, permission, owner, group, mtime, atime, replication, blockSize, blocks, rest] = row
    const base = { id, name, permission, owner: intern(owner), group: intern(group), now: mtime }
    const inode: INode = kind === 'd' ? newDirectory(base) : kind === 'f' ? newFile(base, replication, blockSize) : newSymlink(base, rest?.target ?? '')
    inode.atime = atime
    if (rest?.features) inode.features = rest.features
    if (inode.kind === 'file') restoreBlocks(inode, blocks, rest)
    const old = rows.get(id)
    const given = diffsOf(row) ?? (old && (diffs.get(old) ?? []))
    if (!given) throw new Error(`the record of node ${id} goes on from one that is not there`)
    if (old) forget(old)
    rows.set(id, inode)
    setParentId(inode, parent)
    if (given.length > 0) diffs.set(inode, given)
    if (rest?.detached) detached.add(inode)
  }
  const gone = new Set<number>()
  return {
    row: put,
    record(record) {
      for (const id of record.removes) {
        gone.add(id)
        const old = rows.get(id)
        if (old) forget(old)
        rows.delete(id)
      }
      for (const r of record.puts) {
        gone.delete(r[0])
        put(r)
      }
      if (record.counters) {
        const [lastInodeId, lastBlockId, generationStamp, lastSnapshotId] = record.counters
        Object.assign(fs.counters, { lastInodeId, lastBlockId, generationStamp, lastSnapshotId })
      }
    },
    finish(tick) {
      link(fs, rows, detached)
      restoreDiffs(fs, rows, diffs)
      for (const inode of fs.inodes.values()) register(fs, inode, tick)
      for (const inode of fs.inodes.values()) if (inode.kind === 'directory' && hasQuota(inode)) inode.usage = usageOf(inode)
      fs.changes.puts.clear()
      fs.changes.removes.length = 0
      fs.changes.counters = false
    },
  }
}

function restoreBlocks(file: INodeFile, numbers: readonly number[], rest: Rest | null): void {
  const blocks: Block[] = new Array(Math.floor(numbers.length / 3))
  file.blocks = blocks
  for (let i = 0; i + 2 < numbers.length; i += 3) {
    blocks[i / 3] = {
      id: numbers[i]!,
      generationStamp: numbers[i + 1]!,
      length: numbers[i + 2]!,
      file,
      replicas: NO_REPLICAS,
      construction: undefined,
      corrupt: undefined,
    }
  }
  if (rest?.writer) file.writer = { holder: rest.writer[0], machine: rest.writer[1] }
  for (const [fromEnd, state, truncateTo, copyOf] of rest?.open ?? []) {
    const block = file.blocks[file.blocks.length - fromEnd]
    if (!block) continue
    block.construction = newConstruction([])
    // A recovery that was under way is started anew.
    block.construction.state = state as NonNullable<Block['construction']>['state']
    block.construction.truncateTo = truncateTo ?? undefined
    block.construction.copyOf = copyOf
  }
}

function setParentId(inode: INode, id: number): void {
  ;(inode as { parent: unknown }).parent = id
}

/** Hangs every node into its parent. What has lost its parent (removed with it) is dropped. */
function link(fs: FsState, rows: IdMap<INode>, detached: Set<INode>): void {
  const root = rows.get(ROOT_ID)
  if (root?.kind === 'directory') fs.root = root
  fs.inodes.clear()
  for (const inode of rows.values()) {
    const parent = inode === fs.root ? undefined : rows.get(inode.parent as unknown as number)
    inode.parent = undefined
    if (parent?.kind !== 'directory') continue
    inode.parent = parent
    if (!detached.has(inode)) parent.children.push(inode)
  }
  for (const inode of rows.values()) if (inode.kind === 'directory' && inode.children.length > 1) inode.children.sort((a, b) => compareNames(a.name, b.name))
  const stack: INode[] = [fs.root, ...detached]
  while (stack.length > 0) {
    const n = stack.pop()!
    fs.inodes.set(n.id, n)
    if (n.kind === 'directory') for (const c of n.children) stack.push(c)
  }
}

/** In the order of names, whatever order they were written in. */
function childrenThen(d: DiffRow, rows: IdMap<INode>): Pick<Diff, 'children' | 'names'> {
  const named = d.children?.flatMap((id, i) => {
    const inode = rows.get(id)
    return inode ? [{ inode, name: d.names?.[i] ?? inode.name }] : []
  })
  named?.sort((a, b) => compareNames(a.name, b.name))
  return { children: named?.map((c) => c.inode), names: d.names && named?.map((c) => c.name) }
}

function restoreDiffs(fs: FsState, rows: IdMap<INode>, diffs: Map<INode, readonly DiffRow[]>): void {
  for (const [inode, list] of diffs) {
    if (fs.inodes.get(inode.id) !== inode) continue
    const own = inode.kind === 'file' ? new Map(inode.blocks.map((b) => [b.id, b])) : undefined
    const restored = list.map((d): Diff => {
      const blocks: Block[] = []
      for (let i = 0; i + 2 < (d.blocks?.length ?? 0); i += 3) {
        const id = d.blocks![i]!
        const known = own?.get(id)
        const block: Block = known ?? {
          id,
          generationStamp: d.blocks![i + 1]!,
          length: d.blocks![i + 2]!,
          file: inode as INodeFile,
          replicas: NO_REPLICAS,
          construction: undefined,
          corrupt: undefined,
        }
        own?.set(id, block)
        blocks.push(block)
      }
      return { ...d, ...childrenThen(d, rows), blocks: d.blocks && blocks }
    })
    inode.features = { ...inode.features, diffs: restored }
    fs.changes.journalledDiffs.set(inode, restored)
  }
}

function register(fs: FsState, inode: INode, tick: number): void {
  if (inode.kind === 'directory') {
    if (inode.features?.snapshottable && inode !== fs.root) fs.snapshottable.add(inode)
    return
  }
  if (inode.kind !== 'file') return
  const add = (b: Block) => {
    if (fs.blocks.has(b.id)) return
    fs.blocks.set(b.id, b)
    if (b.construction === undefined) {
      fs.completeBlocks++
      fs.lowRedundancy.set(b, 0)
    }
  }
  for (const b of inode.blocks) add(b)
  for (const d of inode.features?.diffs ?? []) for (const b of d.blocks ?? []) add(b)
  if (inode.writer) addLease(fs, inode, inode.writer.holder, tick)
}

/** All rows, parents before children: a checkpoint, or what a memory journal keeps. */
export function* allRows(fs: FsState): Iterable<Row> {
  for (const inode of fs.inodes.values()) yield rowOf(inode)
}
