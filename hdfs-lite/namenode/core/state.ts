/**
 * All that the NameNode knows, as one value that operations change in place.
 *
 * Operations note which nodes they changed; `takeRecord` turns that into the journal record that brings another
 * copy to the same state. Nothing here reads a clock: `now` (milliseconds since 1970) and `tick` (monotonic
 * milliseconds) are arguments.
 */
import { IdMap } from '../../../common/lang/id-map.js'
import { FIRST_BLOCK_ID, FIRST_GENERATION_STAMP } from '../../../common/records/hdfs/index.js'
import type { Block, Datanode } from './block.js'
import { type INode, type INodeDirectory, type INodeFile, ROOT_ID, newDirectory } from './inode.js'
import type { Diff } from './snapshot-types.js'

export interface FsConfig {
  readonly blockPoolId: string
  readonly permissionsEnabled: boolean
  readonly superUser: string
  readonly superGroup: string
  readonly replication: number
  readonly minReplication: number
  readonly maxReplication: number
  readonly blockSize: number
  readonly minBlockSize: number
  readonly maxBlocksPerFile: number
  readonly maxComponentLength: number
  readonly maxDirectoryItems: number
  readonly accessTimePrecision: number
  readonly listLimit: number
  readonly aclsEnabled: boolean
  readonly posixAclInheritance: boolean
  readonly xattrsEnabled: boolean
  readonly maxXattrSize: number
  readonly maxXattrsPerInode: number
  /** Milliseconds of silence after which a DataNode counts as dead. */
  readonly deadAfter: number
  /** Milliseconds after which another client may take a lease, and after which the NameNode does. */
  readonly leaseSoftLimit: number
  readonly leaseHardLimit: number
  readonly safeModeThreshold: number
  readonly safeModeMinDatanodes: number
  readonly safeModeExtension: number
  readonly heartbeatInterval: number
  readonly snapshotsPerDirectory: number
  /** Entries of one part of a difference. */
  readonly snapshotDiffLimit: number
  readonly hostName: string
  /** One of a pair: clients are told to try again where a single NameNode would refuse. */
  readonly paired: boolean
}

export interface Lease {
  readonly holder: string
  readonly files: Set<INodeFile>
  lastRenewed: number
}

export interface SafeMode {
  /** `startup` ends by itself once enough blocks are reported; `manual` when told to. */
  status: 'off' | 'startup' | 'manual'
  /** The NameNode's folder is nearly full: it has gone into safe mode by itself, as if told to. */
  resourcesLow: boolean
  /** When the threshold was reached. */
  reachedAt: number | undefined
}

export interface Counters {
  lastInodeId: number
  lastBlockId: number
  generationStamp: number
  lastSnapshotId: number
}

export interface FsState {
  readonly config: FsConfig
  root: INodeDirectory
  readonly inodes: IdMap<INode>
  readonly blocks: IdMap<Block>
  readonly leases: Map<string, Lease>
  readonly datanodes: Map<string, Datanode>
  readonly counters: Counters
  readonly safeMode: SafeMode
  /** Blocks with fewer live replicas than wanted, and since when that was noticed; 0: not yet. */
  readonly lowRedundancy: Map<Block, number>
  /** Copies under way: block to when they were ordered. */
  readonly pendingCopies: Map<Block, number>
  /** Complete blocks, and those of them with enough replicas: what safe mode waits for. */
  completeBlocks: number
  safeBlocks: number
  /** Directories that snapshots may be taken of. */
  readonly snapshottable: Set<INodeDirectory>
  /** Turns from placement to placement, so that equal nodes take turns. */
  placementTurn: number
  /** Hosts that must leave, and those that may connect (empty: all). */
  excludedHosts: ReadonlySet<string>
  includedHosts: ReadonlySet<string>
  readonly changes: Changes
}

/** What an operation has changed since the last `takeRecord`. */
export interface Changes {
  readonly puts: Set<INode>
  /** Roots of removed subtrees. */
  readonly removes: number[]
  counters: boolean
  /** What the journal holds already of what snapshots show. */
  readonly journalledDiffs: WeakMap<INode, readonly Diff[]>
  /** Answers that clients may ask for again, to be kept with the change. */
  readonly retries: RetryEntry[]
}

/** The answer to a call, for a client that asks again: its id (hexadecimal), the call's, when it was given, and what makes the answer anew. */
export type RetryEntry = readonly [client: string, callId: number, at: number, answer: unknown]

export function newState(config: FsConfig, now: number): FsState {
  const root = newDirectory({ id: ROOT_ID, name: '', permission: 0o755, owner: config.superUser, group: config.superGroup, now })
  root.features = { quota: { namespace: 2 ** 63, space: -1 }, snapshottable: { snapshots: [] } }
  return {
    config,
    root,
    inodes: new IdMap<INode>().set(ROOT_ID, root),
    blocks: new IdMap(),
    leases: new Map(),
    datanodes: new Map(),
    counters: { lastInodeId: ROOT_ID, lastBlockId: FIRST_BLOCK_ID - 1, generationStamp: FIRST_GENERATION_STAMP - 1, lastSnapshotId: 0 },
    safeMode: { status: 'startup', resourcesLow: false, reachedAt: undefined },
    lowRedundancy: new Map(),
    pendingCopies: new Map(),
    completeBlocks: 0,
    safeBlocks: 0,
    snapshottable: new Set(),
    placementTurn: 0,
    excludedHosts: new Set(),
    includedHosts: new Set(),
    changes: { puts: new Set([root as INode]), removes: [], counters: true, journalledDiffs: new WeakMap(), retries: [] },
  }
}

/** Notes that `inode` differs from what the journal says of it. */
export function touch(fs: FsState, inode: INode): void {
  fs.changes.puts.add(inode)
}

export function nextInodeId(fs: FsState): number {
  fs.changes.counters = true
  return ++fs.counters.lastInodeId
}

export function nextBlockId(fs: FsState): number {
  fs.changes.counters = true
  return ++fs.counters.lastBlockId
}

export function nextGenerationStamp(fs: FsState): number {
  fs.changes.counters = true
  return ++fs.counters.generationStamp
}

/** Who asks. */
export interface Caller {
  readonly user: string
  readonly groups: readonly string[]
  readonly isSuper: boolean
}
