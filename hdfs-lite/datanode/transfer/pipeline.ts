/** The replica that a WRITE_BLOCK writes into, for each stage of a pipeline (FsDatasetImpl.append/recoverRbw/…). */
import { exception } from '../../../common/errors.js'
import type { OpWriteBlockProto } from '../../../common/proto/gen/data-transfer.js'
import type { BlockId } from '../storage/block-store.js'
import { checksum } from '../storage/checksum.js'
import type { Replica } from '../storage/replica.js'
import { type TransferContext, describe } from './context.js'

export function blockRefOf(op: OpWriteBlockProto): BlockId {
  const { block } = op.header.baseHeader
  return { id: block.blockId, generationStamp: block.generationStamp }
}

/** @throws when the replica is not in a state that the stage can go on from */
export async function prepareReplica(op: OpWriteBlockProto, ctx: TransferContext): Promise<Replica> {
  const { store } = ctx
  const { block } = op.header.baseHeader
  if (block.poolId !== store.poolId) throw exception('IOException', `Block pool ${block.poolId} is not found`)
  const ref = blockRefOf(op)
  const sum = checksum(op.requestedChecksum.type, op.requestedChecksum.bytesPerChecksum)
  const name = describe(ctx, ref)
  const stamp = op.latestGenerationStamp
  switch (op.stage) {
    case 'PIPELINE_SETUP_CREATE':
      await dropStale(ctx, ref)
      return store.create(ref, block.numBytes, sum, op.header.clientName === '')
    case 'PIPELINE_SETUP_STREAMING_RECOVERY': {
      const r = await free(ctx, ref)
      if (r.state !== 'RBW') throw exception('ReplicaNotFoundException', `Cannot recover a non-RBW replica ${name}, its state is ${r.state}`)
      checkStamp(r, ref, stamp, name)
      checkLength(r, op, name)
      // Only acknowledged bytes are sure to be the same everywhere.
      if (r.length > op.maxBytesRcvd) store.truncate(r, Math.max(r.visible, op.minBytesRcvd))
      store.restamp(r, stamp)
      return r
    }
    case 'PIPELINE_SETUP_APPEND': {
      const r = store.get(ref)
      if (r.state !== 'FINALIZED') throw exception('ReplicaNotFoundException', `Cannot append to an unfinalized replica ${name}`)
      if (r.generationStamp > stamp || r.generationStamp !== ref.generationStamp)
        throw exception('IOException', `The new generation stamp ${stamp} should be greater than the replica ${name}'s generation stamp ${r.generationStamp}`)
      if (r.length !== op.minBytesRcvd)
        throw exception('ReplicaNotFoundException', `Corrupted replica ${name} with a length of ${r.length} expected length is ${op.minBytesRcvd}`)
      store.reopen(r, stamp)
      return r
    }
    case 'PIPELINE_SETUP_APPEND_RECOVERY': {
      const r = await free(ctx, ref)
      checkStamp(r, ref, stamp, name)
      if (r.length !== op.minBytesRcvd && r.state === 'FINALIZED')
        throw exception('ReplicaNotFoundException', `Corrupted replica ${name} with a length of ${r.length} expected length is ${op.minBytesRcvd}`)
      if (r.state === 'FINALIZED') store.reopen(r, stamp)
      else {
        store.restamp(r, stamp)
        r.state = 'RBW'
      }
      return r
    }
    case 'PIPELINE_CLOSE_RECOVERY': {
      const r = await free(ctx, ref)
      checkStamp(r, ref, stamp, name)
      if (r.length !== op.maxBytesRcvd)
        throw exception('ReplicaNotFoundException', `Corrupted replica ${name} with a length of ${r.length} expected length is ${op.maxBytesRcvd}`)
      store.restamp(r, stamp)
      store.finalize(r)
      return r
    }
    case 'TRANSFER_RBW':
    case 'TRANSFER_FINALIZED':
      await dropStale(ctx, ref)
      return store.create(ref, block.numBytes, sum, true)
    default:
      throw exception('IOException', `${op.stage} is no stage to begin with`)
  }
}

/** What an earlier pipeline left here is in the way of a copy of the newer block. */
async function dropStale({ store }: TransferContext, ref: BlockId): Promise<void> {
  const old = store.replicas.get(ref.id)
  if (!old || old.generationStamp >= ref.generationStamp || old.state === 'FINALIZED') return
  await old.stopWriter?.()
  if (store.replicas.get(ref.id) === old) store.remove(old)
}

/** The replica, with its former writer gone. */
async function free(ctx: TransferContext, ref: BlockId): Promise<Replica> {
  const r = ctx.store.get(ref)
  await r.stopWriter?.()
  return r
}

function checkStamp(r: Replica, ref: BlockId, stamp: number, name: string): void {
  if (r.generationStamp < ref.generationStamp || r.generationStamp > stamp)
    throw exception(
      'ReplicaNotFoundException',
      `Cannot append to a replica with unexpected generation stamp ${name}. Expected GS range is [${ref.generationStamp}, ${stamp}].`,
    )
}

function checkLength(r: Replica, op: OpWriteBlockProto, name: string): void {
  if (r.visible < op.minBytesRcvd && r.length < op.minBytesRcvd)
    throw exception(
      'ReplicaNotFoundException',
      `Unmatched length replica ${name}: BytesAcked = ${r.visible} BytesRcvd = ${r.length} are not in the range of [${op.minBytesRcvd}, ${op.maxBytesRcvd}].`,
    )
}
