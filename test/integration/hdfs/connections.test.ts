/** Connections that break within a packet, are slow, or bring what is no protocol: nothing is lost, and nobody else is disturbed. */
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BlockOpResponseProto, PipelineAckProto } from '../../../common/proto/gen/data-transfer.js'
import { DfsClient } from '../../../hdfs-lite/client/index.js'
import type { Peer } from '../../../hdfs-lite/client/transfer/connection.js'
import { checksum, checksumsOf } from '../../../hdfs-lite/datanode/storage/checksum.js'
import { writeOperation } from '../../../hdfs-lite/datanode/transfer/operations.js'
import { MessageParser, packetHead } from '../../../hdfs-lite/datanode/transfer/packet.js'
import { type HdfsCluster, hdfsCluster, until } from '../../harness/hdfs.js'

/** Stands between a client and a DataNode. `pass` gets each chunk that goes up, and says what becomes of it. */
async function between(port: number, pass: (chunk: Buffer, up: net.Socket, down: net.Socket) => void): Promise<{ port: number; close(): void }> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((down) => {
    const up = net.connect(port, '127.0.0.1')
    for (const s of [down, up]) {
      sockets.add(s)
      s.on('error', () => {})
      s.on('close', () => {
        up.destroy()
        down.destroy()
      })
    }
    down.on('data', (chunk) => pass(chunk, up, down))
    up.pipe(down)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as net.AddressInfo).port,
    close() {
      for (const s of sockets) s.destroy()
      server.close()
    },
  }
}

/** Sends bytes, and waits until the other side has closed. */
function send(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('error', () => {})
    socket.on('data', () => {})
    socket.on('close', () => resolve())
  })
}

describe('connections', () => {
  let cluster: HdfsCluster
  let client: DfsClient

  beforeAll(async () => {
    cluster = await hdfsCluster(3, { 'dfs.replication': '2' })
    await cluster.start('namenode')
    await Promise.all(([1, 2, 3] as const).map((i) => cluster.start(`datanode-${i}`)))
    client = new DfsClient(cluster.conf)
  })
  afterAll(async () => {
    client?.close()
    await cluster?.close()
  })

  /** A client whose way to every DataNode leads through a proxy. */
  async function through(pass: Parameters<typeof between>[1]): Promise<{ client: DfsClient; close(): void }> {
    const proxies = new Map<number, Awaited<ReturnType<typeof between>>>()
    for (const { id } of (await client.namenode.getDatanodeReport({ type: 'LIVE' })).di) proxies.set(id.xferPort, await between(id.xferPort, pass))
    const own = new DfsClient(cluster.conf)
    own.peerOf = ({ id }): Peer => ({ host: '127.0.0.1', port: proxies.get(id.xferPort)!.port })
    return {
      client: own,
      close() {
        own.close()
        for (const p of proxies.values()) p.close()
      },
    }
  }

  it('that break within a packet cost a DataNode of the pipeline, not a byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 17) & 255))
    let left = 1_234_567
    const broken = await through((chunk, up, down) => {
      const some = chunk.subarray(0, left)
      left -= some.length
      if (left > 0) return void up.write(chunk)
      // Once: half a packet, and silence.
      left = Number.POSITIVE_INFINITY
      up.write(some, () => {
        up.destroy()
        down.destroy()
      })
    })
    await broken.client.writeFile('/broken', bytes, { blockSize: 2 * 1024 * 1024 })
    broken.close()
    expect(left).toBe(Number.POSITIVE_INFINITY)
    expect((await client.readFile('/broken')).equals(bytes)).toBe(true)
    await until('every block has its two replicas', async () => (await client.blockLocations('/broken')).blocks.every((b) => b.locs.length === 2))
  })

  it('whose client ends its side with the last packet still bring all acknowledgements back', async () => {
    const src = '/half-closed'
    const clientName = 'half'
    const data = Buffer.alloc(1000, 'half')
    const { fs } = await client.namenode.create({
      src,
      masked: { perm: 0o644 },
      clientName,
      createFlag: 1,
      createParent: true,
      replication: 1,
      blockSize: 1024 * 1024,
    })
    const target = { src, clientName, fileId: fs!.fileId }
    const { block } = await client.namenode.addBlock({ ...target, excludeNodes: [], favoredNodes: [], flags: [] })
    const sums = checksumsOf(checksum('CHECKSUM_CRC32C', 512), data)
    const answers = new MessageParser()
    await new Promise<void>((resolve, reject) => {
      const socket = net.connect({ port: block.locs[0]!.id.xferPort, host: '127.0.0.1', allowHalfOpen: true }, () =>
        socket.end(
          Buffer.concat([
            writeOperation({
              header: { baseHeader: { block: block.b, token: block.blockToken }, clientName },
              stage: 'PIPELINE_SETUP_CREATE',
              pipelineSize: 1,
              minBytesRcvd: 0,
              maxBytesRcvd: 0,
              latestGenerationStamp: block.b.generationStamp,
              requestedChecksum: { type: 'CHECKSUM_CRC32C', bytesPerChecksum: 512 },
              storageId: block.storageIDs[0],
            }),
            packetHead({ offsetInBlock: 0, seqno: 0, lastPacketInBlock: false, dataLen: data.length }, sums.length),
            sums,
            data,
            packetHead({ offsetInBlock: data.length, seqno: 1, lastPacketInBlock: true, dataLen: 0, syncBlock: true }, 0),
          ]),
        ),
      )
      socket.on('data', (chunk) => answers.push(chunk))
      socket.on('error', reject)
      socket.on('close', () => resolve())
    })
    expect(BlockOpResponseProto.decode(answers.next()!.message).status).toBe('SUCCESS')
    for (const seqno of [0, 1]) expect(PipelineAckProto.decode(answers.next()!.message)).toMatchObject({ seqno, reply: ['SUCCESS'] })
    const done = await client.namenode.complete({ ...target, last: { ...block.b, numBytes: data.length } })
    expect(done.result).toBe(true)
    expect((await client.readFile(src)).equals(data)).toBe(true)
  })

  it('that are slow are waited for', async () => {
    const bytes = Buffer.alloc(400_000, 'slowly')
    const slow = await through((chunk, up, down) => {
      down.pause()
      setTimeout(() => {
        up.write(chunk)
        down.resume()
      }, 20)
    })
    await slow.client.writeFile('/slow', bytes)
    expect((await slow.client.readFile('/slow')).equals(bytes)).toBe(true)
    slow.close()
  })

  it('that lie about lengths, or speak no protocol, are closed', async () => {
    const { di } = await client.namenode.getDatanodeReport({ type: 'LIVE' })
    const { xferPort, ipcPort } = di[0]!.id
    const rpcPort = Number(cluster.conf.raw('dfs.namenode.rpc-address.mycluster.nn1')!.split(':')[1])
    const version = Buffer.from([0, 28])
    const endless = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f])
    const junk = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 131 + 7) & 255))
    const lies: readonly (readonly [number, Buffer])[] = [
      [xferPort, junk],
      [xferPort, Buffer.concat([version, Buffer.from([80]), endless, junk])],
      [xferPort, Buffer.concat([version, Buffer.from([81]), Buffer.from([20]), junk])],
      [xferPort, Buffer.from([0, 1, 80, 0])],
      ...[rpcPort, ipcPort].flatMap((port): (readonly [number, Buffer])[] => [
        [port, junk],
        [port, Buffer.from('GET / HTTP/1.1\r\n\r\n')],
        [port, Buffer.concat([Buffer.from('hrpc\x09\x00\x00', 'latin1'), Buffer.from([0x7f, 0xff, 0xff, 0xff]), junk])],
        [port, Buffer.concat([Buffer.from('hrpc\x09\x00\x00', 'latin1'), Buffer.from([0xff, 0xff, 0xff, 0xff]), junk])],
        [port, Buffer.concat([Buffer.from('hrpc\x09\x00\x00', 'latin1'), Buffer.from([0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff])])],
      ]),
    ]
    await Promise.all(lies.map(([port, bytes]) => send(port, bytes)))
    await client.writeFile('/after-lies', 'still here', { replication: 3 })
    expect((await client.readFile('/after-lies')).toString()).toBe('still here')
    expect((await client.namenode.getDatanodeReport({ type: 'LIVE' })).di).toHaveLength(3)
  })
})
