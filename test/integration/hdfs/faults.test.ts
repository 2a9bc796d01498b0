/** What goes wrong on DataNodes while the store is used, and what administrators do to them. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DfsClient } from '../../../hdfs-lite/client/index.js'
import { type HdfsCluster, hdfsCluster, until } from '../../harness/hdfs.js'

const NODES = [1, 2, 3, 4] as const

describe('four DataNodes', () => {
  let cluster: HdfsCluster
  let client: DfsClient
  let folder: string
  let excluded: string

  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hdfs-faults-'))
    excluded = path.join(folder, 'excluded')
    writeFileSync(excluded, '')
    cluster = await hdfsCluster(4, {
      'dfs.replication': '3',
      'dfs.hosts.exclude': excluded,
      'dfs.datanode.scan.period.hours': '0.0002',
      'dfs.block.scanner.volume.bytes.per.second': '1g',
    })
    await cluster.start('namenode')
    await Promise.all(NODES.map((i) => cluster.start(`datanode-${i}`)))
    client = new DfsClient(cluster.conf)
  })
  afterAll(async () => {
    client?.close()
    await cluster?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const locations = async (file: string) => (await client.blockLocations(file)).blocks.map((b) => b.locs.map((l) => l.id))
  const report = async () => (await client.namenode.getDatanodeReport({ type: 'ALL' })).di
  const stateOf = async (uuid: string) => (await report()).find((d) => d.id.datanodeUuid === uuid)?.adminState
  /** Which of the processes serves data at this port. */
  const nodeAt = (port: number) => NODES.find((i) => cluster.log(`datanode-${i}`).includes(`:${port}"`))!
  const blockFiles = (node: number, id: number) =>
    (readdirSync(path.join(cluster.dir, `data-${node}`), { recursive: true }) as string[]).filter((f) => path.basename(f) === `blk_${id}`)

  it('find a bit that rots in a file that nobody reads, and make the copy anew', async () => {
    const bytes = Buffer.alloc(200_000, 'sound ')
    await client.writeFile('/rotten', bytes)
    const { blocks } = await client.blockLocations('/rotten')
    const id = blocks[0]!.b.blockId
    const victim = blocks[0]!.locs[1]!.id
    const node = nodeAt(victim.xferPort)
    const [file] = blockFiles(node, id)
    const target = path.join(cluster.dir, `data-${node}`, file!)
    const rotten = readFileSync(target)
    rotten[123_456]! ^= 16
    writeFileSync(target, rotten)
    await until('three good copies elsewhere', async () => {
      const [nodes] = await locations('/rotten')
      return nodes!.length === 3 && !nodes!.some((n) => n.datanodeUuid === victim.datanodeUuid)
    })
    await until('the bad one is deleted', () => blockFiles(node, id).length === 0)
    expect(cluster.log(`datanode-${node}`)).toContain('is corrupt')
    expect((await client.readFile('/rotten')).equals(bytes)).toBe(true)
  })

  it('leave when they are told to, once all they hold is elsewhere', async () => {
    const bytes = Buffer.alloc(300_000, 'moved')
    await client.writeFile('/moved', bytes, { blockSize: 131_072 })
    const leaving = (await locations('/moved'))[0]![0]!
    writeFileSync(excluded, `${leaving.hostName}:${leaving.xferPort}\n`)
    await client.namenode.refreshNodes({})
    await until('it has left', async () => (await stateOf(leaving.datanodeUuid)) === 'DECOMMISSIONED')
    for (const nodes of await locations('/moved')) expect(nodes.filter((n) => n.datanodeUuid !== leaving.datanodeUuid).length).toBe(3)
    await cluster.kill(`datanode-${nodeAt(leaving.xferPort)}`)
    expect((await client.readFile('/moved')).equals(bytes)).toBe(true)
    writeFileSync(excluded, '')
    await client.namenode.refreshNodes({})
    await cluster.start(`datanode-${nodeAt(leaving.xferPort)}`)
    await until(
      'it is back',
      async () => (await client.namenode.getDatanodeReport({ type: 'LIVE' })).di.length === 4 && (await stateOf(leaving.datanodeUuid)) === 'NORMAL',
    )
  })

  it('take the place of one that dies in the middle of a block', async () => {
    const stream = client.create('/replaced', { blockSize: 64 * 1024 * 1024 })
    const part = Buffer.alloc(512 * 1024, 'y')
    const write = () => new Promise<void>((resolve, reject) => stream.write(part, (e) => (e ? reject(e) : resolve())))
    await write()
    await stream.hflush()
    const pipeline = async () => (await client.blockLocations('/replaced')).lastBlock!.locs.map((l) => l.id)
    const before = await pipeline()
    expect(before).toHaveLength(3)
    const victim = before[1]!
    await cluster.kill(`datanode-${nodeAt(victim.xferPort)}`)
    for (let i = 0; i < 4; i++) await write()
    await stream.hflush()
    const after = await pipeline()
    expect(after).toHaveLength(3)
    expect(after.some((n) => n.datanodeUuid === victim.datanodeUuid)).toBe(false)
    // Of three nodes two that stay, and the fourth: all have what was written before the fault.
    for (let i = 0; i < 2; i++) await write()
    await new Promise<void>((resolve, reject) => stream.end((e?: Error | null) => (e ? reject(e) : resolve())))
    const bytes = await client.readFile('/replaced')
    expect(bytes.length).toBe(7 * part.length)
    expect(bytes.every((b) => b === 121)).toBe(true)
    await cluster.start(`datanode-${nodeAt(victim.xferPort)}`)
  })
})
