/** WRITE_BLOCK: takes packets, writes them, passes them on, acknowledges them (BlockReceiver). */
import net from 'node:net'
import {
  BlockOpResponseProto,
  type OpWriteBlockProto,
  type OpWriteBlockProtoInit,
  PipelineAckProto,
  Status as StatusCodec,
} from '../../../common/proto/gen/data-transfer.js'
import type { DatanodeInfoProto } from '../../../common/proto/gen/hdfs.js'
import { verify } from '../storage/checksum.js'
import type { Replica } from '../storage/replica.js'
import { type BlockWriter, openBlockWriter } from './block-writer.js'
import { giveBuffer } from './buffers.js'
import { response, writeOperation } from './operations.js'
import { MessageParser, type Packet, PacketParser } from './packet.js'
import { blockRefOf, prepareReplica } from './pipeline.js'
import { type TransferContext, describe } from './context.js'

/** Reading from the client pauses while so many bytes wait for the disk or the next node. */
const HIGH_WATER = 8 * 1024 * 1024
const LOW_WATER = 2 * 1024 * 1024

interface PendingAck {
  readonly seqno: number
  readonly last: boolean
  readonly end: number
  written: boolean
  /** What the nodes after this one said; undefined until they did. */
  downstream: Status[] | undefined
}

type Status = PipelineAckProto['reply'][number]

const addressOf = (d: DatanodeInfoProto, useHostname: boolean) => ({ host: useHostname ? d.id.hostName : d.id.ipAddr, port: d.id.xferPort })

/**
 * A DataNode that copies a block is told nothing, one that does so for a client nothing but the end (DataXceiver.writeBlock):
 * it sends all, and goes.
 */
const isTransfer = (op: OpWriteBlockProto) => op.stage === 'TRANSFER_RBW' || op.stage === 'TRANSFER_FINALIZED'
const isSilent = (op: OpWriteBlockProto) => op.header.clientName === '' || isTransfer(op)

/** Connects to the next node and sends it the operation. @throws Error with the failed node's address */
async function openMirror(op: OpWriteBlockProto, ctx: TransferContext): Promise<{ socket: net.Socket; firstBadLink: string; messages: MessageParser }> {
  const [next, ...rest] = op.targets
  const { host, port } = addressOf(next!, ctx.useHostname)
  const onward: OpWriteBlockProtoInit = {
    ...op,
    targets: rest,
    storageType: op.targetStorageTypes[0] ?? 'DISK',
    targetStorageTypes: op.targetStorageTypes.slice(1),
    pinning: op.targetPinnings[0] ?? false,
    targetPinnings: op.targetPinnings.slice(1),
    storageId: op.targetStorageIds[0],
    targetStorageIds: op.targetStorageIds.slice(1),
  }
  const socket = net.connect({ host, port, noDelay: true })
  ctx.places.take(socket)
  const messages = new MessageParser()
  const answer = await new Promise<BlockOpResponseProto>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('timed out')), ctx.connectTimeout)
    const onData = (chunk: Buffer) => {
      messages.push(chunk)
      const m = messages.next()
      if (!m) return
      socket.off('data', onData)
      clearTimeout(timer)
      resolve(BlockOpResponseProto.decode(m.message))
    }
    socket.on('data', onData)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('connection closed')))
    socket.once('connect', () => {
      socket.write(writeOperation(onward))
      if (!isSilent(op)) return
      clearTimeout(timer)
      resolve(BlockOpResponseProto.decode(BlockOpResponseProto.encode({ status: 'SUCCESS' })))
    })
  }).catch((e) => {
    socket.destroy()
    throw e
  })
  if (answer.status !== 'SUCCESS') {
    socket.destroy()
    const bad = new Error(answer.message ?? answer.status) as Error & { firstBadLink?: string }
    if (answer.firstBadLink) bad.firstBadLink = answer.firstBadLink
    throw bad
  }
  return { socket, firstBadLink: answer.firstBadLink ?? '', messages }
}

/**
 * Serves one WRITE_BLOCK on `socket`. Resolves when the block is done or given up; the connection ends with it.
 * @param early bytes that came after the operation
 */
export async function receiveBlock(socket: net.Socket, op: OpWriteBlockProto, early: Buffer, ctx: TransferContext): Promise<void> {
  const block = blockRefOf(op)
  const silent = isSilent(op)
  // Who waits for no answer sends packets from the start.
  socket.pause()
  let replica: Replica
  let writer: BlockWriter
  let onWriteError = (_e: Error) => {}
  try {
    replica = await prepareReplica(op, ctx)
    if (op.stage === 'PIPELINE_CLOSE_RECOVERY') {
      await ctx.received(replica)
      socket.end(response({ status: 'SUCCESS', firstBadLink: '' }))
      return
    }
    writer = await openBlockWriter(ctx.store, replica, (e) => onWriteError(e))
  } catch (e) {
    ctx.log.warn(`WRITE_BLOCK ${describe(ctx, block)} refused: ${(e as Error).message}`)
    if (silent) socket.end()
    else socket.end(response({ status: 'ERROR', message: (e as Error).message, firstBadLink: '' }))
    return
  }
  let mirror: Awaited<ReturnType<typeof openMirror>> | undefined
  if (op.targets.length > 0) {
    try {
      mirror = await openMirror(op, ctx)
    } catch (e) {
      const next = addressOf(op.targets[0]!, false)
      const firstBadLink = (e as { firstBadLink?: string }).firstBadLink ?? `${next.host}:${next.port}`
      ctx.log.warn(`WRITE_BLOCK ${describe(ctx, block)}: ${firstBadLink} can't be reached: ${(e as Error).message}`)
      if (op.header.clientName !== '') {
        socket.end(response({ status: 'ERROR', firstBadLink }))
        await writer.close()
        return
      }
    }
  }
  return new Promise<void>((resolve) => {
    const finished = () => {
      clear()
      resolve()
    }
    const checksum = ctx.store.checksumOf(replica)
    const acks: PendingAck[] = []
    let ended = false
    let finalizing = false
    let paused = false
    let mirrorBytes = 0
    /** Acknowledgements of packets that were written together leave together. */
    let gathered: Uint8Array[] = []
    const sendGathered = () => {
      if (gathered.length === 0) return
      const all = gathered
      gathered = []
      if (!socket.destroyed) socket.write(all.length === 1 ? all[0]! : Buffer.concat(all))
    }
    const tell = (bytes: Uint8Array) => {
      if (silent) return
      sendGathered()
      if (!socket.destroyed) socket.write(bytes)
    }
    const tellSoon = (bytes: Uint8Array) => {
      if (!silent && gathered.push(bytes) === 1) queueMicrotask(sendGathered)
    }

    const flow = () => {
      const load = writer.pending + mirrorBytes
      if (!paused && load > HIGH_WATER) {
        paused = true
        socket.pause()
      } else if (paused && load < LOW_WATER) {
        paused = false
        socket.resume()
      }
    }

    const give = async (reason: string, reply?: Status, seqno = -2) => {
      if (ended) return
      ended = true
      ctx.log.warn(`WRITE_BLOCK ${describe(ctx, block)} ended at ${replica.length} bytes: ${reason}`)
      if (reply !== undefined)
        tell(
          PipelineAckProto.encodeDelimited({
            seqno,
            reply: [reply, ...op.targets.map(() => 'SUCCESS' as const)],
            flag: [StatusCodec.number(reply), ...op.targets.map(() => 0)],
          }),
        )
      sendGathered()
      socket.end()
      mirror?.socket.destroy()
      await writer.close().catch((e) => ctx.log.warn(`closing ${describe(ctx, block)}: ${(e as Error).message}`))
      // A copy that is not whole is of no use to anyone; what a client wrote may be.
      if (replica.state === 'TEMPORARY') ctx.store.remove(replica)
      finished()
    }

    const ackOf = (a: PendingAck) => {
      const replies: Status[] = ['SUCCESS', ...(a.downstream ?? [])]
      return PipelineAckProto.encodeDelimited({ seqno: a.seqno, reply: replies, downstreamAckTimeNanos: 0, flag: replies.map((r) => StatusCodec.number(r)) })
    }

    const progress = () => {
      while (!ended && acks.length > 0) {
        const a = acks[0]!
        if (!a.written || (mirror && !silent && !a.downstream)) return
        if (a.last) {
          if (!finalizing) {
            finalizing = true
            finish(a)
          }
          return
        }
        acks.shift()
        if (a.end > replica.visible) replica.visible = a.end
        tellSoon(ackOf(a))
        if (a.downstream?.some((s) => s !== 'SUCCESS')) return void give('a later node failed')
      }
    }

    const finish = (a: PendingAck) => {
      const done = async () => {
        await writer.flush()
        await writer.close()
        replica.visible = replica.length
        if (op.stage === 'TRANSFER_RBW') ctx.store.reopen(replica, replica.generationStamp)
        else {
          ctx.store.finalize(replica)
          // The NameNode hears of the block before the writer does: its `complete` succeeds at once.
          await ctx.received(replica)
        }
        ended = true
        tell(ackOf(a))
        if (isTransfer(op)) socket.write(response({ status: 'SUCCESS' }))
        socket.end()
        mirror?.socket.end()
        finished()
      }
      done().catch((e) => give((e as Error).message, 'ERROR', a.seqno))
    }

    const take = (p: Packet) => {
      const { header } = p
      // The packet's buffer is free once it is written here and sent on.
      let users = mirror ? 2 : 1
      const release = () => {
        if (--users === 0) giveBuffer(p.raw)
      }
      if (mirror) {
        mirrorBytes += p.raw.length
        const n = p.raw.length
        mirror.socket.write(p.raw, (e) => {
          mirrorBytes -= n
          if (!e) release()
          flow()
        })
      }
      const end = header.offsetInBlock + header.dataLen
      // A heartbeat is answered like the rest, and holds nothing.
      const ack: PendingAck = { seqno: header.seqno, last: header.lastPacketInBlock, end, written: false, downstream: undefined }
      if (header.seqno === -1) {
        if (!mirror) tell(PipelineAckProto.encodeDelimited({ seqno: -1, reply: ['SUCCESS'], flag: [0] }))
        return
      }
      if (header.offsetInBlock > replicaEnd)
        return void give(
          `Received an out-of-sequence packet for ${describe(ctx, block)} at offset ${header.offsetInBlock}. Expecting packet starting at ${replicaEnd}`,
          'ERROR',
          header.seqno,
        )
      if (checksum.size > 0 && p.checksums.length !== Math.ceil(p.data.length / checksum.bytesPerChunk) * checksum.size)
        return void give(`${p.checksums.length} bytes of checksums do not fit ${p.data.length} bytes of data`, 'ERROR', header.seqno)
      // The last node of a pipeline checks for all of them.
      if (!mirror && header.dataLen > 0) {
        const bad = verify(checksum, p.data, p.checksums)
        if (bad >= 0) return void give(`Checksum error in block ${describe(ctx, block)} at ${header.offsetInBlock + bad}`, 'ERROR_CHECKSUM', header.seqno)
      }
      acks.push(ack)
      if (end > replicaEnd) replicaEnd = end
      if (header.dataLen === 0) {
        const written = () => {
          ack.written = true
          progress()
        }
        if (header.syncBlock) void writer.flush(true).then(written, (e) => give((e as Error).message, 'ERROR', header.seqno))
        else if (writer.pending === 0) written()
        else void writer.flush().then(written, () => {})
        return
      }
      writer.write(header.offsetInBlock, p.data, p.checksums, header.syncBlock, () => {
        ack.written = true
        release()
        progress()
        flow()
      })
      flow()
    }
    let replicaEnd = replica.length

    const parser = new PacketParser((p) => {
      if (ended) return
      if (p.header.lastPacketInBlock) parser.stop()
      take(p)
    })
    const onData = (chunk: Buffer) => {
      try {
        parser.push(chunk)
      } catch (e) {
        void give((e as Error).message)
      }
    }
    const onClose = () => {
      // Once all is here the block is finished whoever still listens; a client may even have closed its own side only.
      if (acks.at(-1)?.last) return
      void give('the writer closed the connection')
    }
    const onError = (e: Error) => void give(e.message)
    const clear = () => {
      socket.off('data', onData)
      socket.off('end', onClose)
      socket.off('close', onClose)
      replica.stopWriter = undefined
    }
    socket.on('data', onData)
    socket.on('end', onClose)
    socket.on('close', onClose)
    socket.on('error', onError)
    if (mirror) {
      const { socket: m, messages } = mirror
      const onAcks = () => {
        try {
          for (let next = messages.next(); next; next = messages.next()) {
            const ack = PipelineAckProto.decode(next.message)
            if (ack.seqno === -1) {
              tell(PipelineAckProto.encodeDelimited({ seqno: -1, reply: ['SUCCESS', ...ack.reply], flag: [0, ...ack.reply.map((r) => StatusCodec.number(r))] }))
              continue
            }
            const a = acks.find((x) => x.seqno === ack.seqno)
            if (a) a.downstream = ack.reply
          }
        } catch (e) {
          return void give((e as Error).message)
        }
        progress()
      }
      m.on('data', (chunk: Buffer) => {
        messages.push(chunk)
        onAcks()
      })
      m.on('error', () => mirrorLost())
      m.on('close', () => mirrorLost())
      const mirrorLost = () => {
        if (ended || finalizing) return
        const bad = acks[0]
        if (ended) return
        // The writer learns which node is gone from the position of the error.
        ended = true
        const replies: Status[] = ['SUCCESS', 'ERROR', ...op.targets.slice(1).map(() => 'SUCCESS' as const)]
        ctx.log.warn(`WRITE_BLOCK ${describe(ctx, block)}: the next node closed the connection`)
        tell(PipelineAckProto.encodeDelimited({ seqno: bad?.seqno ?? -2, reply: replies, flag: replies.map((r) => StatusCodec.number(r)) }))
        socket.end()
        void writer
          .close()
          .catch(() => {})
          .finally(finished)
      }
    }
    replica.stopWriter = async () => {
      await give('another writer takes the block')
    }
    onWriteError = (e) => void give(e.message, 'ERROR', acks.find((a) => !a.written)?.seqno)
    tell(response({ status: 'SUCCESS', firstBadLink: mirror?.firstBadLink ?? '' }))
    if (early.length > 0) onData(early)
    socket.resume()
  })
}
