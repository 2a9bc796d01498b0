/** The data transfer port: one operation after the other on each connection (DataXceiver). */
import net from 'node:net'
import { exception } from '../../../common/errors.js'
import { ClientReadStatusProto, type OpReadBlockProto } from '../../../common/proto/gen/data-transfer.js'
import type { ExtendedBlockProto } from '../../../common/proto/gen/hdfs.js'
import type { Replica } from '../storage/replica.js'
import { blockChecksum } from './block-checksum.js'
import { receiveBlock } from './block-receiver.js'
import { rangeOf, sendRange } from './block-sender.js'
import { readIntoSharedBuffer } from './buffers.js'
import { type TransferContext, describe } from './context.js'
import { OPERATION_PREFIX, type Operation, checkOperationHead, decodeOperation, response } from './operations.js'
import { MessageParser, PacketError } from './packet.js'

export interface TransferServer {
  readonly connections: number
  listen(port: number, host: string): Promise<number>
  /** Ends the connections of all who write a block: they go on with other DataNodes. */
  evictWriters(): void
  close(): Promise<void>
}

export function buildTransferServer(context: () => TransferContext | undefined): TransferServer {
  const sockets = new Set<net.Socket>()
  const writers = new Set<net.Socket>()
  const server = net.createServer({ noDelay: true, pauseOnConnect: true, allowHalfOpen: true }, (accepted) => {
    const ctx = context()
    if (!ctx || ctx.places.full) return accepted.destroy()
    const socket = readIntoSharedBuffer(accepted)
    ctx.places.take(socket)
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    serve(socket, ctx, writers)
  })
  return {
    get connections() {
      return sockets.size
    },
    async listen(port, host) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => resolve())
      })
      return (server.address() as net.AddressInfo).port
    },
    evictWriters() {
      for (const s of writers) s.destroy()
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const s of sockets) s.destroy()
      await closed
    },
  }
}

function serve(socket: net.Socket, ctx: TransferContext, writers: Set<net.Socket>): void {
  const messages = new MessageParser()
  let idle: NodeJS.Timeout | undefined
  let busy = false
  // Some clients close their side as soon as all is sent, and read on (hdfs-native does with a block's last packet).
  let peerEnded = false
  const onData = (chunk: Buffer) => {
    messages.push(chunk)
    if (!busy) next()
  }
  const next = () => {
    clearTimeout(idle)
    let operation: Operation
    try {
      if (messages.length >= OPERATION_PREFIX) checkOperationHead(messages.first)
      const m = messages.next(OPERATION_PREFIX)
      if (!m) {
        if (messages.length === 0) idle = setTimeout(() => socket.destroy(), ctx.keepAlive)
        return
      }
      operation = decodeOperation(checkOperationHead(m.head), m.message)
    } catch (e) {
      ctx.log.warn(`data transfer from ${socket.remoteAddress}:${socket.remotePort}: ${(e as Error).message}`)
      socket.destroy()
      return
    }
    busy = true
    socket.off('data', onData)
    carryOut(operation, socket, messages, ctx, writers)
      .then((again) => {
        busy = false
        if (peerEnded) socket.end()
        if (!again || peerEnded || socket.destroyed) return
        socket.on('data', onData)
        next()
      })
      .catch((e) => {
        ctx.log.warn(`${operation.kind} from ${socket.remoteAddress}:${socket.remotePort} failed: ${(e as Error).message}`)
        socket.destroy()
      })
  }
  socket.on('data', onData)
  socket.on('end', () => {
    peerEnded = true
    if (!busy) socket.end()
  })
  socket.on('close', () => clearTimeout(idle))
  idle = setTimeout(() => socket.destroy(), 60_000)
}

/** @returns whether the connection may bring another operation */
async function carryOut(operation: Operation, socket: net.Socket, messages: MessageParser, ctx: TransferContext, writers: Set<net.Socket>): Promise<boolean> {
  switch (operation.kind) {
    case 'write':
      writers.add(socket)
      try {
        await receiveBlock(socket, operation.op, messages.rest(), ctx)
      } finally {
        writers.delete(socket)
      }
      return false
    case 'read':
      return read(socket, operation.op, messages, ctx)
    case 'copy':
      return copyOut(socket, operation.op.header.block, ctx)
    case 'checksum': {
      const replica = await answerErrors(socket, () => find(ctx, operation.op.header.block))
      if (!replica) return false
      const sums = await answerErrors(socket, () => blockChecksum(ctx.store, replica, operation.op))
      if (sums) socket.write(response({ status: 'SUCCESS', checksumResponse: sums }))
      return sums !== undefined
    }
    case 'transfer': {
      const { op } = operation
      const done = await answerErrors(socket, async () => {
        const replica = find(ctx, op.header.baseHeader.block)
        await ctx.copy(
          replica,
          op.targets.map((info, i) => ({ info, storageId: op.targetStorageIds[i], storageType: op.targetStorageTypes[i] })),
          op.header.clientName,
        )
        return true
      })
      if (done) socket.write(response({ status: 'SUCCESS' }))
      socket.end()
      return false
    }
    case 'unsupported':
      socket.end(response({ status: 'ERROR_UNSUPPORTED', message: `${operation.name} is not supported by this DataNode` }))
      return false
  }
}

/** Runs, or answers with the error and ends the connection. */
async function answerErrors<T>(socket: net.Socket, run: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await run()
  } catch (e) {
    socket.end(response({ status: 'ERROR', message: (e as Error).message }))
    return undefined
  }
}

function find(ctx: TransferContext, block: ExtendedBlockProto): Replica {
  if (block.poolId !== ctx.store.poolId) throw exception('IOException', `Block pool ${block.poolId} is not found`)
  const ref = { id: block.blockId, generationStamp: block.generationStamp }
  const replica = ctx.store.get(ref)
  if (replica.generationStamp < ref.generationStamp)
    throw exception(
      'ReplicaNotFoundException',
      `Replica gen stamp < block genstamp, block=${describe(ctx, ref)}, replica=blk_${replica.id}_${replica.generationStamp}`,
    )
  if (replica.state === 'TEMPORARY') throw exception('ReplicaNotFoundException', `Replica is not readable: ${describe(ctx, ref)}`)
  return replica
}

async function read(socket: net.Socket, op: OpReadBlockProto, messages: MessageParser, ctx: TransferContext): Promise<boolean> {
  const { block } = op.header.baseHeader
  const name = describe(ctx, { id: block.blockId, generationStamp: block.generationStamp })
  let replica: Replica
  let range: ReturnType<typeof rangeOf>
  try {
    replica = find(ctx, block)
    range = rangeOf(ctx.store, replica, op.offset, op.len, name)
  } catch (e) {
    socket.end(
      response({
        status: 'ERROR',
        message: `opReadBlock ${name} received exception ${(e as { className?: string }).className ?? 'java.io.IOException'}: ${(e as Error).message}`,
      }),
    )
    return false
  }
  const c = ctx.store.checksumOf(replica)
  socket.write(
    response({
      status: 'SUCCESS',
      readOpChecksumInfo: { checksum: { type: op.sendChecksums ? c.type : 'CHECKSUM_NULL', bytesPerChecksum: c.bytesPerChunk }, chunkOffset: range.start },
    }),
  )
  const status = new Promise<boolean>((resolve) => {
    const onData = (chunk: Buffer) => {
      messages.push(chunk)
      try {
        const m = messages.next()
        if (!m) return
        const { status: said } = ClientReadStatusProto.decode(m.message)
        if (said === 'ERROR_CHECKSUM') ctx.corrupt(replica)
        done(said === 'SUCCESS' || said === 'CHECKSUM_OK')
      } catch (e) {
        if (!(e instanceof PacketError)) ctx.log.warn(`${name}: ${(e as Error).message}`)
        done(false)
      }
    }
    const onClose = () => done(false)
    const done = (again: boolean) => {
      socket.off('data', onData)
      socket.off('end', onClose)
      socket.off('close', onClose)
      resolve(again)
    }
    socket.on('data', onData)
    socket.on('end', onClose)
    socket.on('close', onClose)
  })
  await sendRange(ctx.store, replica, range, socket, op.sendChecksums)
  return status
}

async function copyOut(socket: net.Socket, block: ExtendedBlockProto, ctx: TransferContext): Promise<boolean> {
  const replica = await answerErrors(socket, () => find(ctx, block))
  if (!replica) return false
  const c = ctx.store.checksumOf(replica)
  socket.write(response({ status: 'SUCCESS', readOpChecksumInfo: { checksum: { type: c.type, bytesPerChecksum: c.bytesPerChunk }, chunkOffset: 0 } }))
  await sendRange(ctx.store, replica, { start: 0, end: replica.length }, socket, true)
  return false
}
