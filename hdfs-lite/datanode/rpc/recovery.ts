/** Block recovery: brings the replicas of a block whose writer is gone to one length (BlockRecoveryWorker, FsDatasetImpl). */
import { exception } from '../../../common/errors.js'
import type { InitReplicaRecoveryResponseProtoInit } from '../../../common/proto/gen/inter-datanode.js'
import type { DatanodeIDProto, ExtendedBlockProto, RecoveringBlockProto } from '../../../common/proto/gen/hdfs.js'
import { interDatanodeProtocol } from '../../../common/protocols/inter-datanode.js'
import type { ReplicaState } from '../../../common/records/hdfs/index.js'
import { RpcClient } from '../../../common/rpc/client.js'
import type { BlockStore } from '../storage/block-store.js'
import type { NamenodeService } from './namenode-service.js'

export interface RecoveryContext {
  readonly store: BlockStore
  readonly uuid: string
  readonly user: string
  readonly useHostname: boolean
  readonly log: { info(text: string): void; warn(text: string): void }
  received(replica: import('../storage/replica.js').Replica): Promise<void>
}

/** Stops the writer, if any, and promises the replica to the recovery. */
export async function initRecovery(ctx: RecoveryContext, block: ExtendedBlockProto, recoveryId: number): Promise<InitReplicaRecoveryResponseProtoInit> {
  const r = ctx.store.replicas.get(block.blockId)
  if (!r) return { replicaFound: false }
  await r.stopWriter?.()
  if (r.generationStamp < block.generationStamp)
    throw exception(
      'IOException',
      `replica.getGenerationStamp() < block.getGenerationStamp(), block=blk_${block.blockId}_${block.generationStamp}, replica=blk_${r.id}_${r.generationStamp}`,
    )
  if (r.generationStamp >= recoveryId)
    throw exception(
      'IOException',
      `THIS IS NOT SUPPOSED TO HAPPEN: replica.getGenerationStamp() >= recoveryId = ${recoveryId}, block=blk_${block.blockId}_${block.generationStamp}, replica=blk_${r.id}_${r.generationStamp}`,
    )
  if (r.recoveryId >= recoveryId)
    throw exception(
      'RecoveryInProgressException',
      `rur.getRecoveryID() >= recoveryId = ${recoveryId}, block=blk_${block.blockId}_${block.generationStamp}, rur=${r.recoveryId}`,
    )
  const state: ReplicaState = r.state
  r.recoveryId = recoveryId
  return { replicaFound: true, state, block: { blockId: r.id, genStamp: r.generationStamp, numBytes: r.length } }
}

/**
 * Cuts the replica to its agreed length, gives it the recovery's generation stamp and finalizes it.
 * @param newBlockId another id: the replica stays as it is, and a copy is cut (a snapshot shows the block whole)
 */
export async function updateReplica(
  ctx: RecoveryContext,
  block: ExtendedBlockProto,
  recoveryId: number,
  newLength: number,
  newBlockId: number,
): Promise<string> {
  const r = ctx.store.get({ id: block.blockId, generationStamp: block.generationStamp })
  if (r.recoveryId !== recoveryId)
    throw exception(
      'IOException',
      `rur.getRecoveryID() != recoveryId = ${recoveryId}, block=blk_${block.blockId}_${block.generationStamp}, rur=${r.recoveryId}`,
    )
  if (r.length < newLength)
    throw exception('IOException', `rur.getNumBytes() < newlength = ${newLength}, rur=blk_${r.id}_${r.generationStamp} of ${r.length} bytes`)
  if (newBlockId !== r.id) {
    await ctx.received(ctx.store.copy(r, { id: newBlockId, generationStamp: recoveryId }, newLength))
    return r.volume.storageId
  }
  if (r.state === 'FINALIZED') ctx.store.reopen(r, r.generationStamp)
  if (r.length > newLength) ctx.store.truncate(r, newLength)
  ctx.store.restamp(r, recoveryId)
  ctx.store.finalize(r)
  await ctx.received(r)
  return r.volume.storageId
}

interface Participant {
  readonly id: DatanodeIDProto
  readonly state: ReplicaState
  readonly length: number
  readonly generationStamp: number
  update(newLength: number): Promise<string>
}

export async function recoverBlock(ctx: RecoveryContext, recovering: RecoveringBlockProto, service: NamenodeService): Promise<void> {
  const { b: block, locs } = recovering.block
  const recoveryId = recovering.newGenStamp
  const participants: Participant[] = []
  const clients: RpcClient<typeof interDatanodeProtocol>[] = []
  let answered = 0
  try {
    for (const { id } of locs) {
      try {
        const own = id.datanodeUuid === ctx.uuid
        const client = own
          ? undefined
          : new RpcClient(interDatanodeProtocol, [{ host: ctx.useHostname ? id.hostName : id.ipAddr, port: id.ipcPort }], {
              user: ctx.user,
              connectTimeout: 5000,
              timeout: 30_000,
            })
        if (client) clients.push(client)
        const found = client ? await client.proxy.initReplicaRecovery({ block: recovering }) : await initRecovery(ctx, block, recoveryId)
        answered++
        if (!found.replicaFound || !found.block || !found.state) continue
        if (found.block.genStamp < block.generationStamp) continue
        participants.push({
          id,
          state: found.state,
          length: found.block.numBytes ?? 0,
          generationStamp: found.block.genStamp,
          async update(newLength) {
            const newBlockId = recovering.truncateBlock?.blockId ?? block.blockId
            if (!client) return updateReplica(ctx, block, recoveryId, newLength, newBlockId)
            const r = await client.proxy.updateReplicaUnderRecovery({ block, recoveryId, newLength, newBlockId })
            return r.storageUuid ?? ''
          },
        })
      } catch (e) {
        ctx.log.warn(`recovery of blk_${block.blockId}: ${id.hostName}:${id.ipcPort}: ${(e as Error).message}`)
      }
    }
    if (answered === 0) throw new Error('no DataNode of the block answers')
    await synchronize(recovering, participants, service)
  } finally {
    for (const c of clients) c.close()
  }
}

async function synchronize(recovering: RecoveringBlockProto, participants: Participant[], service: NamenodeService): Promise<void> {
  const { b: block } = recovering.block
  const { proxy } = service
  // A finalized replica is right; else those that were written last; bytes that all of them have.
  const finalized = participants.filter((p) => p.state === 'FINALIZED')
  const writing = participants.filter((p) => p.state === 'RBW' || p.state === 'RUR')
  const best = finalized.length > 0 ? finalized : writing.length > 0 ? writing : participants.filter((p) => p.state === 'RWR')
  const usable = best.filter((p) => p.length > 0)
  if (usable.length === 0) {
    await proxy.commitBlockSynchronization({
      block,
      newGenStamp: recovering.newGenStamp,
      newLength: 0,
      closeFile: true,
      deleteBlock: true,
      newTaragets: [],
      newTargetStorages: [],
    })
    return
  }
  let length = recovering.truncateBlock
    ? recovering.truncateBlock.numBytes
    : finalized.length > 0
      ? Math.max(...usable.map((p) => p.length))
      : Math.min(...usable.map((p) => p.length))
  if (recovering.truncateBlock) length = Math.min(length, ...usable.map((p) => p.length))
  // Replicas still being written that hold as much as the finalized one are kept, too.
  const chosen = (finalized.length > 0 ? [...finalized, ...writing] : best).filter((p) => p.length >= length)
  const done: { id: DatanodeIDProto; storage: string }[] = []
  for (const p of chosen) {
    try {
      done.push({ id: p.id, storage: await p.update(length) })
    } catch {
      // A replica that can't follow is left behind with its old generation stamp.
    }
  }
  if (done.length === 0) throw new Error('no replica could be brought to the agreed length')
  await proxy.commitBlockSynchronization({
    block,
    newGenStamp: recovering.newGenStamp,
    newLength: length,
    closeFile: true,
    deleteBlock: false,
    newTaragets: done.map((d) => d.id),
    newTargetStorages: done.map((d) => d.storage),
  })
}
