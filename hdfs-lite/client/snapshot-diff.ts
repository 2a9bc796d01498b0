/** What differs between two states of a directory, put together from a NameNode's parts (SnapshotDiffReportGenerator). */
import type { SnapshotDiffReportListingEntryProto } from '../../common/proto/gen/client-namenode.js'
import { isException } from '../../common/errors.js'
import type { ClientProtocol } from '../../common/protocols/client-namenode.js'
import type { Proxy as RpcProxy } from '../../common/rpc/protocol.js'

export interface SnapshotDifference {
  /** M changed, + made, - deleted, R renamed. */
  readonly label: string
  /** Relative to the directory; empty for itself. */
  readonly path: string
  /** Of one that was renamed. */
  readonly target: string | undefined
}

type Entry = SnapshotDiffReportListingEntryProto

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

/** @param from, to names of snapshots; '' for the present */
export async function snapshotDifferences(namenode: RpcProxy<ClientProtocol>, root: string, from: string, to: string): Promise<SnapshotDifference[]> {
  // The present may change between one part and the next.
  if (from === '' || to === '') return wholeReport(namenode, root, from, to)
  const modified: Entry[] = []
  const children = new Map<number, { made: Entry[]; left: Entry[] }>()
  const childrenOf = (id: number) => {
    let c = children.get(id)
    if (!c) children.set(id, (c = { made: [], left: [] }))
    return c
  }
  let cursor: { readonly startPath: Uint8Array; readonly index: number } = { startPath: new Uint8Array(0), index: -1 }
  for (;;) {
    try {
      const { diffReport } = await namenode.getSnapshotDiffReportListing({ snapshotRoot: root, fromSnapshot: from, toSnapshot: to, cursor })
      for (const e of diffReport.modifiedEntries) modified.push(e)
      for (const e of diffReport.createdEntries) childrenOf(e.dirId).made.push(e)
      for (const e of diffReport.deletedEntries) childrenOf(e.dirId).left.push(e)
      if (diffReport.cursor && (diffReport.cursor.startPath.length > 0 || diffReport.cursor.index !== -1)) cursor = diffReport.cursor
      else return assembled(modified, children, diffReport.isFromEarlier)
    } catch (e) {
      // Before Hadoop 3.1.
      if (isException(e, 'RpcNoSuchMethodException')) return wholeReport(namenode, root, from, to)
      throw e
    }
  }
}

async function wholeReport(namenode: RpcProxy<ClientProtocol>, snapshotRoot: string, fromSnapshot: string, toSnapshot: string): Promise<SnapshotDifference[]> {
  const { diffReport } = await namenode.getSnapshotDiffReport({ snapshotRoot, fromSnapshot, toSnapshot })
  return diffReport.diffReportEntries.map((e) => ({
    label: e.modificationLabel,
    path: text(e.fullpath),
    target: e.targetPath === undefined ? undefined : text(e.targetPath),
  }))
}

function assembled(modified: readonly Entry[], children: ReadonlyMap<number, { made: Entry[]; left: Entry[] }>, inOrder: boolean): SnapshotDifference[] {
  const renamed = new Set([...children.values()].flatMap((c) => c.left.filter(isRename).map((e) => e.fileId)))
  const made = (e: Entry): SnapshotDifference => ({ label: inOrder ? '+' : '-', path: text(e.fullpath), target: undefined })
  const left = (e: Entry): SnapshotDifference => {
    if (!isRename(e)) return { label: inOrder ? '-' : '+', path: text(e.fullpath), target: undefined }
    const [source, target] = [text(e.fullpath), text(e.targetPath!)]
    return { label: 'R', path: inOrder ? source : target, target: inOrder ? target : source }
  }
  return [...modified].sort(byPath).flatMap((m) => {
    const { made: c = [], left: d = [] } = (m.isReference ? children.get(m.dirId) : undefined) ?? {}
    return [{ label: 'M', path: text(m.fullpath), target: undefined }, ...c.filter((e) => !renamed.has(e.fileId)).map(made), ...d.map(left)]
  })
}

const isRename = (e: Entry) => e.isReference && e.targetPath !== undefined

/** Directories before what is in them; names by their bytes, which are signed in Java. */
function byPath(a: Entry, b: Entry): number {
  const [x, y] = [text(a.fullpath).split('/'), text(b.fullpath).split('/')]
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const c = compareSigned(Buffer.from(x[i]!), Buffer.from(y[i]!))
    if (c !== 0) return c
  }
  return x.length - y.length
}

function compareSigned(a: Buffer, b: Buffer): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a.readInt8(i) - b.readInt8(i)
  return a.length - b.length
}
