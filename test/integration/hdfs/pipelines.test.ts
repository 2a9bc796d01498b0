/** Several DataNodes: pipelines, lost nodes, copies, leases of writers that are gone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientDatanodeProtocol } from '../../../common/protocols/client-datanode.js'
import { RpcClient } from '../../../common/rpc/client.js'
import { fileChecksum } from '../../../hdfs-lite/client/file-checksum.js'
import { DfsClient } from '../../../hdfs-lite/client/index.js'
import { crcOf } from '../../../hdfs-lite/client/transfer/checksum.js'
import { type HdfsCluster, hdfsCluster, until } from '../../harness/hdfs.js'

describe('three DataNodes', () => {
  let cluster: HdfsCluster
  let client: DfsClient

  beforeAll(async () => {
    cluster = await hdfsCluster(3, { 'dfs.replication': '2' })
    await cluster.start('namenode')
    await Promise.all([1, 2, 3].map((i) => cluster.start(`datanode-${i}`)))
    client = new DfsClient(cluster.conf)
  })
  afterAll(async () => {
    client.close()
    await cluster.close()
  })

  const nodesOf = async (path: string) => {
    const { locations } = await client.namenode.getBlockLocations({ src: path, offset: 0, length: 2 ** 40 })
    return locations!.blocks.map((b) => b.locs.map((l) => l.id.datanodeUuid))
  }

  it('hold every block as often as asked', async () => {
    const bytes = Buffer.alloc(300_000, 'pipeline')
    await client.writeFile('/copies', bytes, { replication: 3, blockSize: 131072 })
    const nodes = await nodesOf('/copies')
    expect(nodes.map((n) => new Set(n).size)).toEqual([3, 3, 3])
    expect((await client.readFile('/copies')).equals(bytes)).toBe(true)
  })

  it('hold more or fewer copies when that is changed', async () => {
    await client.writeFile('/setrep', Buffer.alloc(1000, 1), { replication: 1 })
    await client.namenode.setReplication({ src: '/setrep', replication: 3 })
    await until('three copies', async () => (await nodesOf('/setrep'))[0]!.length === 3)
    await client.namenode.setReplication({ src: '/setrep', replication: 1 })
    await until('one copy', async () => (await nodesOf('/setrep'))[0]!.length === 1)
    expect((await client.readFile('/setrep')).length).toBe(1000)
  })

  it('show what was flushed to readers, before the file is closed', async () => {
    const stream = client.create('/flushed', { replication: 2 })
    stream.write(Buffer.from('first '))
    await stream.hflush()
    const reader = new DfsClient(cluster.conf)
    expect((await reader.readFile('/flushed')).toString()).toBe('first ')
    stream.write(Buffer.from('second'))
    await new Promise<void>((resolve, reject) => stream.end((e?: Error | null) => (e ? reject(e) : resolve())))
    expect((await reader.readFile('/flushed')).toString()).toBe('first second')
    reader.close()
  })

  it('send writers away when told to, and those go on with others', async () => {
    const stream = client.create('/evicted', { replication: 2 })
    stream.write(Buffer.from('before, '))
    await stream.hflush()
    const { locations } = await client.namenode.getBlockLocations({ src: '/evicted', offset: 0, length: 1 })
    const { id } = locations!.lastBlock!.locs[0]!
    const at = (user: string) => new RpcClient(clientDatanodeProtocol, [{ host: id.ipAddr, port: id.ipcPort }], { user })
    const [stranger, administrator] = [at('stranger'), at(client.user)]
    await expect(stranger.proxy.evictWriters({})).rejects.toThrow('Superuser privilege is required')
    await administrator.proxy.evictWriters({})
    for (const c of [stranger, administrator]) c.close()
    stream.write(Buffer.from('and after'))
    await new Promise<void>((resolve, reject) => stream.end((e?: Error | null) => (e ? reject(e) : resolve())))
    expect((await client.readFile('/evicted')).toString()).toBe('before, and after')
    await until('it is on two again', async () => (await nodesOf('/evicted'))[0]!.length === 2)
  })

  it('close a file whose writer is gone, with all that it flushed', async () => {
    const writer = new DfsClient(cluster.conf)
    const stream = writer.create('/abandoned', { replication: 2 })
    stream.on('error', () => {})
    stream.write(Buffer.from('what was flushed'))
    await stream.hflush()
    await until('the lease is recovered', async () => (await client.namenode.recoverLease({ src: '/abandoned', clientName: client.clientName })).result)
    expect((await client.readFile('/abandoned')).toString()).toBe('what was flushed')
    stream.destroy()
    writer.close()
  })

  it('go on writing when a node dies in the middle, and make its copies anew', async () => {
    const stream = client.create('/survivor', { replication: 2, blockSize: 64 * 1024 * 1024 })
    const part = Buffer.alloc(1024 * 1024, 'x')
    const write = () => new Promise<void>((resolve, reject) => stream.write(part, (e) => (e ? reject(e) : resolve())))
    await write()
    await stream.hflush()
    const { locations } = await client.namenode.getBlockLocations({ src: '/survivor', offset: 0, length: 2 ** 40 })
    const uuid = locations!.lastBlock!.locs[1]!.id.datanodeUuid
    const report = await client.namenode.getDatanodeReport({ type: 'ALL' })
    const port = report.di.find((d) => d.id.datanodeUuid === uuid)!.id.xferPort
    const victim = ([1, 2, 3] as const).find((i) => cluster.log(`datanode-${i}`).includes(`:${port}"`))!
    await cluster.kill(`datanode-${victim}`)
    for (let i = 0; i < 4; i++) await write()
    await new Promise<void>((resolve, reject) => stream.end((e?: Error | null) => (e ? reject(e) : resolve())))
    const bytes = await client.readFile('/survivor')
    expect(bytes.length).toBe(5 * part.length)
    expect(bytes.every((b) => b === 120)).toBe(true)
    await until('two copies on the nodes that are left', async () => {
      const [nodes] = await nodesOf('/survivor')
      return nodes!.length === 2 && !nodes!.includes(uuid)
    })
    await cluster.start(`datanode-${victim}`)
  }, 40_000)

  it('cut a file within a block that a snapshot shows', async () => {
    const bytes = Buffer.from(Array.from({ length: 3000 }, (_, i) => i & 255))
    await client.mkdirs('/shown')
    await client.writeFile('/shown/file', bytes, { replication: 2, blockSize: 2048 })
    await client.namenode.allowSnapshot({ snapshotRoot: '/shown' })
    await client.namenode.createSnapshot({ snapshotRoot: '/shown', snapshotName: 's' })
    const cut = async (newLength: number) => {
      await client.namenode.truncate({ src: '/shown/file', newLength, clientName: client.clientName })
      await until('it is cut', async () => (await client.namenode.isFileClosed({ src: '/shown/file' })).result)
      expect((await client.readFile('/shown/file')).equals(bytes.subarray(0, newLength))).toBe(true)
    }
    await cut(2500)
    await cut(2400)
    await cut(1000)
    expect((await client.readFile('/shown/.snapshot/s/file')).equals(bytes)).toBe(true)
    // What is cut can be written on, and cut before any snapshot is gone.
    const stream = client.append('/shown/file')
    stream.write(Buffer.from('tail'))
    await new Promise<void>((resolve, reject) => stream.end((e?: Error | null) => (e ? reject(e) : resolve())))
    expect((await client.readFile('/shown/file')).subarray(1000).toString()).toBe('tail')
    await client.namenode.deleteSnapshot({ snapshotRoot: '/shown', snapshotName: 's' })
    await cut(999)
  })

  it('tell the CRC of a file whatever its blocks are', async () => {
    const bytes = Buffer.alloc(200_001, 'composite')
    const composite = new DfsClient(client.conf.copy().set('dfs.checksum.combine.mode', 'COMPOSITE_CRC'))
    const sums: string[] = []
    for (const blockSize of [16_384, 65_536, 262_144]) {
      await client.writeFile(`/composite-${blockSize}`, bytes, { blockSize })
      const { algorithm, hex } = await fileChecksum(composite, `/composite-${blockSize}`)
      expect(algorithm).toBe('COMPOSITE-CRC32C')
      sums.push(hex)
    }
    composite.close()
    expect(sums).toEqual(sums.map(() => crcOf('CHECKSUM_CRC32C')(bytes, 0, bytes.length).toString(16).padStart(8, '0')))
  })

  it('cut a file within a block', async () => {
    await client.writeFile('/cut', Buffer.from('0123456789'), { replication: 2 })
    const { result } = await client.namenode.truncate({ src: '/cut', newLength: 4, clientName: client.clientName })
    expect(result).toBe(false)
    await until('it is cut', async () => (await client.namenode.isFileClosed({ src: '/cut' })).result)
    expect((await client.readFile('/cut')).toString()).toBe('0123')
  })
})
