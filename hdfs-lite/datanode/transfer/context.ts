/** What transfers need of the DataNode. */
import type { Logger } from '../../../common/daemon/daemon.js'
import type { BlockId, BlockStore } from '../storage/block-store.js'
import type { Replica } from '../storage/replica.js'
import type { Places } from './places.js'

export interface TransferContext {
  readonly store: BlockStore
  readonly log: Logger
  readonly useHostname: boolean
  readonly places: Places
  /** Milliseconds to reach the next node of a pipeline. */
  readonly connectTimeout: number
  /** Milliseconds that an idle connection is kept for another operation. */
  readonly keepAlive: number
  /** Tells the NameNode of a finalized replica. Resolves when it knows, or can't be told now. */
  received(replica: Replica): Promise<void>
  /** A replica whose bytes don't match its checksums. */
  corrupt(replica: Replica): void
  /** Sends a replica to other nodes. */
  copy(replica: Replica, targets: readonly CopyTarget[], clientName: string): Promise<void>
}

export interface CopyTarget {
  readonly info: import('../../../common/proto/gen/hdfs.js').DatanodeInfoProto
  readonly storageId: string | undefined
  readonly storageType: import('../../../common/proto/gen/hdfs.js').StorageTypeProto | undefined
}

export function describe(ctx: { readonly store: Pick<BlockStore, 'poolId'> }, b: BlockId): string {
  return `${ctx.store.poolId}:blk_${b.id}_${b.generationStamp}`
}
