/** Blocks, replicas and the DataNodes that hold them, as the NameNode sees them. */
import type { AdminState, BlockState } from '../../../common/records/hdfs/states.js'
import type { INodeFile } from './inode.js'

export interface Block {
  readonly id: number
  generationStamp: number
  length: number
  /** Undefined once its file is gone. */
  file: INodeFile | undefined
  /** Where finalized replicas are. Shared between blocks with the same locations. */
  replicas: ReplicaSet
  /** Undefined when the block is complete. */
  construction: Construction | undefined
  /** Nodes whose replica is known to be corrupt; undefined: none. */
  corrupt: Set<Datanode> | undefined
}

export interface Construction {
  state: Exclude<BlockState, 'COMPLETE'>
  /** The pipeline. */
  expected: Storage[]
  /** Generation stamp that the recovery in progress will give. */
  recoveryId: number
  /** When the recovery in progress was handed out. */
  recoveryStarted: number
  /** A truncation in progress: the length to cut to. */
  truncateTo: number | undefined
  /** Id of the block that it is cut from where a snapshot still shows that one whole; undefined: itself. */
  copyOf: number | undefined
  /** Replicas reported finalized before the client said `complete`: their generation stamp and length. */
  reported: ReportedReplica[]
}

export interface ReportedReplica {
  readonly storage: Storage
  readonly generationStamp: number
  readonly length: number
}

/** An immutable set of storages; equal sets made in the same order are the same object. */
export interface ReplicaSet {
  readonly storages: readonly Storage[]
  readonly plus: Map<Storage, ReplicaSet>
}

export const NO_REPLICAS: ReplicaSet = { storages: [], plus: new Map() }

export function withReplica(set: ReplicaSet, storage: Storage): ReplicaSet {
  if (set.storages.includes(storage)) return set
  let next = set.plus.get(storage)
  if (next === undefined) {
    next = { storages: [...set.storages, storage], plus: new Map() }
    set.plus.set(storage, next)
  }
  return next
}

export function withoutReplica(set: ReplicaSet, storage: Storage): ReplicaSet {
  if (!set.storages.includes(storage)) return set
  let next = NO_REPLICAS
  for (const s of set.storages) if (s !== storage) next = withReplica(next, s)
  return next
}

export interface Storage {
  readonly id: string
  readonly node: Datanode
  type: string
  state: 'NORMAL' | 'READ_ONLY_SHARED'
  failed: boolean
  capacity: number
  used: number
  remaining: number
  blockPoolUsed: number
  nonDfsUsed: number
  /** Replicas that the NameNode knows of here. */
  blockCount: number
  /** Whether a full report came since the node registered. */
  reported: boolean
  /** Until it comes: blocks that were reported one by one since. The full report may have been written before. */
  early: Set<number> | undefined
}

export interface Datanode {
  readonly uuid: string
  address: string
  hostName: string
  xferPort: number
  infoPort: number
  infoSecurePort: number
  ipcPort: number
  softwareVersion: string
  /** The rack. */
  location: string
  readonly storages: Map<string, Storage>
  alive: boolean
  adminState: AdminState
  lastHeartbeat: number
  lastBlockReport: number
  xceivers: number
  failedVolumes: number
  /** Replicas to delete: block id to generation stamp. */
  readonly invalidate: Map<number, number>
  readonly transfers: Transfer[]
  readonly recoveries: Block[]
  /** Blocks handed to clients for writing, not yet reported: keeps placement even. */
  scheduled: number
}

export interface Transfer {
  readonly block: Block
  readonly targets: readonly Storage[]
}

export function newBlock(id: number, generationStamp: number, length: number, file: INodeFile): Block {
  return { id, generationStamp, length, file, replicas: NO_REPLICAS, construction: undefined, corrupt: undefined }
}

export function newConstruction(expected: Storage[]): Construction {
  return { state: 'UNDER_CONSTRUCTION', expected, recoveryId: 0, recoveryStarted: 0, truncateTo: undefined, copyOf: undefined, reported: [] }
}

export function blockName(b: { readonly id: number; readonly generationStamp: number }): string {
  return `blk_${b.id}_${b.generationStamp}`
}
