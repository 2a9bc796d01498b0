/** What a writer asks of the NameNode and of a DataNode that says yes to everything. */
import net from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { BlockOpResponseProto, PipelineAckProto } from '../../../common/proto/gen/data-transfer.js'
import type { DatanodeInfoProto, LocatedBlockProto } from '../../../common/proto/gen/hdfs.js'
import { FileWriter, type WriterSettings, type WriterTarget } from '../../../hdfs-lite/client/file-writer.js'
import { OPERATION_PREFIX } from '../../../hdfs-lite/datanode/transfer/operations.js'
import { MessageParser, PacketParser } from '../../../hdfs-lite/datanode/transfer/packet.js'

const servers: net.Server[] = []
afterEach(() => {
  for (const s of servers.splice(0)) s.close()
})

/** Acknowledges every packet. @returns its port, and which packets were to reach the disk */
async function dataNode(): Promise<{ port: number; synced: boolean[] }> {
  const synced: boolean[] = []
  const server = net.createServer((socket) => {
    const head = new MessageParser(100_000)
    const packets = new PacketParser(({ header }) => {
      synced.push(header.syncBlock)
      socket.write(PipelineAckProto.encodeDelimited({ seqno: header.seqno, reply: ['SUCCESS'], flag: [0], downstreamAckTimeNanos: 0 }))
    })
    let opened = false
    socket.on('data', (bytes: Buffer) => {
      if (opened) return packets.push(bytes)
      head.push(bytes)
      if (!head.next(OPERATION_PREFIX)) return
      opened = true
      socket.write(BlockOpResponseProto.encodeDelimited({ status: 'SUCCESS', firstBadLink: '' }))
    })
    socket.on('error', () => {})
  })
  servers.push(server)
  await new Promise<void>((r) => server.listen(0, '127.0.0.1', r))
  return { port: (server.address() as net.AddressInfo).port, synced }
}

/** Writes two blocks of 1 KiB. @returns of each packet whether it is to be synced, and the flags of each block */
async function written(options: Pick<WriterTarget, 'syncBlock' | 'placement'>) {
  const { port, synced } = await dataNode()
  const flags: unknown[] = []
  const token = { identifier: new Uint8Array(0), password: new Uint8Array(0), kind: '', service: '' }
  const locs = [{ id: { ipAddr: '127.0.0.1', hostName: 'localhost', datanodeUuid: 'node', xferPort: port, infoPort: 1, ipcPort: 1 } } as DatanodeInfoProto]
  const namenode = {
    addBlock: async (q: { flags: unknown }) => {
      flags.push(q.flags)
      const b = { poolId: 'BP-1', blockId: flags.length, generationStamp: 1, numBytes: 0 }
      return { block: { b, offset: 0, locs, corrupt: false, blockToken: token, storageIDs: ['s'], storageTypes: ['DISK'] } as unknown as LocatedBlockProto }
    },
    complete: async () => ({ result: true }),
  }
  const writer = new FileWriter(
    {
      namenode: namenode as unknown as WriterSettings['namenode'],
      clientName: 'test',
      checksum: { type: 'CHECKSUM_CRC32C', bytesPerChecksum: 512 },
      packetSize: 1024,
      blockRetries: 0,
      timeout: 10_000,
      peerOf: () => ({ host: '127.0.0.1', port }),
      replaceNode: { enabled: false, policy: 'NEVER', bestEffort: false },
    },
    { src: '/f', fileId: 1, blockSize: 1024, replication: 1, ...options },
  )
  await writer.write(Buffer.alloc(2048, 'x'))
  await writer.close()
  return { synced, flags }
}

it('has each block brought to the disk at its end where that is asked for, and only there', async () => {
  expect((await written({ syncBlock: true })).synced).toEqual([false, true, false, true])
  expect((await written({})).synced).toEqual([false, false, false, false])
})

it('tells the NameNode where blocks are to go', async () => {
  expect((await written({ placement: ['NO_LOCAL_WRITE'] })).flags).toEqual([['NO_LOCAL_WRITE'], ['NO_LOCAL_WRITE']])
  expect((await written({})).flags).toEqual([[], []])
})
