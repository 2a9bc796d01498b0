/**
 * Sends a replica to other DataNodes (DataNode.DataTransfer). They answer nothing on the way: where it is done for a client one
 * word comes at the end, otherwise the NameNode hears of the copies.
 */
import net from 'node:net'
import { BlockOpResponseProto } from '../../../common/proto/gen/data-transfer.js'
import type { BlockStore } from '../storage/block-store.js'
import type { Replica } from '../storage/replica.js'
import { sendRange } from './block-sender.js'
import type { CopyTarget } from './context.js'
import { writeOperation } from './operations.js'
import { MessageParser } from './packet.js'

export async function copyReplica(
  store: BlockStore,
  replica: Replica,
  targets: readonly CopyTarget[],
  clientName: string,
  useHostname: boolean,
  timeout: number,
): Promise<void> {
  const [first, ...rest] = targets
  if (!first) return
  const c = store.checksumOf(replica)
  const length = replica.state === 'FINALIZED' ? replica.length : replica.visible
  const host = useHostname ? first.info.id.hostName : first.info.id.ipAddr
  const socket = net.connect({ host, port: first.info.id.xferPort, noDelay: true })
  const messages = new MessageParser()
  let wake: (() => void) | undefined
  let failure: Error | undefined
  const fail = (e: Error) => {
    failure ??= e
    wake?.()
  }
  socket.on('data', (chunk) => {
    messages.push(chunk)
    wake?.()
  })
  socket.on('error', fail)
  socket.on('close', () => fail(new Error(`${host}:${first.info.id.xferPort} closed the connection`)))
  socket.setTimeout(timeout, () => socket.destroy(new Error(`${host}:${first.info.id.xferPort} did not answer within ${timeout} ms`)))
  const next = async (): Promise<Buffer> => {
    for (;;) {
      const m = messages.next()
      if (m) return m.message
      if (failure) throw failure
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  try {
    socket.write(
      writeOperation({
        header: {
          baseHeader: { block: { poolId: store.poolId, blockId: replica.id, generationStamp: replica.generationStamp, numBytes: length } },
          clientName,
        },
        targets: rest.map((t) => t.info),
        stage: clientName === '' ? 'PIPELINE_SETUP_CREATE' : replica.state === 'FINALIZED' ? 'TRANSFER_FINALIZED' : 'TRANSFER_RBW',
        pipelineSize: 0,
        minBytesRcvd: 0,
        maxBytesRcvd: 0,
        latestGenerationStamp: 0,
        requestedChecksum: { type: c.type, bytesPerChecksum: c.bytesPerChunk },
        cachingStrategy: {},
        storageType: first.storageType,
        targetStorageTypes: rest.map((t) => t.storageType ?? 'DISK'),
        storageId: first.storageId,
        targetStorageIds: rest.map((t) => t.storageId ?? ''),
      }),
    )
    await sendRange(store, replica, { start: 0, end: length }, socket, true)
    if (clientName !== '') {
      const answer = BlockOpResponseProto.decode(await next())
      if (answer.status !== 'SUCCESS') throw new Error(answer.message || `refused with ${answer.status}`)
    } else {
      if (failure) throw failure
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
      socket.end()
      await closed
    }
  } finally {
    socket.destroy()
  }
}
