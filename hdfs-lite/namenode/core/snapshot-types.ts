/** What snapshots keep. See snapshot.ts. */
import type { Block } from './block.js'
import type { Features, INode } from './inode.js'

export interface Snapshot {
  readonly id: number
  name: string
  readonly time: number
}

export interface SnapshotTable {
  /** In the order of their ids. */
  readonly snapshots: Snapshot[]
}

/** The state of a node as the snapshot `id`, and older ones without a diff of their own, show it. */
export interface Diff {
  readonly id: number
  readonly permission: number
  readonly owner: string
  readonly group: string
  readonly mtime: number
  readonly atime: number
  readonly features: Features | undefined
  /** Of a directory. */
  readonly children: readonly INode[] | undefined
  /** Names of the children then: a child that was renamed since shows its old one. */
  readonly names: readonly string[] | undefined
  /** Of a file. */
  readonly replication: number
  readonly blocks: readonly Block[] | undefined
  readonly length: number
}
