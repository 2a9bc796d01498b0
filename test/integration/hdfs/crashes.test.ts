/** kill -9 of NameNode, DataNode and client at random moments: what was acknowledged is there, byte for byte. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DfsClient } from '../../../hdfs-lite/client/index.js'
import { type HdfsCluster, hdfsCluster } from '../../harness/hdfs.js'
import { crash } from '../../harness/hdfs-crashes.js'

/** A few dozen: test/interop/hdfs-crashes.test.ts; a thousand and more: npm run bench -- hdfs-crashes. */
const ROUNDS = 8

describe('a store that is killed', () => {
  let cluster: HdfsCluster

  beforeAll(async () => {
    cluster = await hdfsCluster(1)
    await cluster.start('namenode')
    await cluster.start('datanode-1')
  })
  afterAll(() => cluster.close())

  it('keeps what it acknowledged, whoever is killed', async () => {
    const generator = xoroshiro128plus(20)
    const random = () => (generator.next() >>> 0) / 2 ** 32
    const { acknowledged, kills } = await crash(cluster, ROUNDS, random)
    expect(acknowledged).toBeGreaterThan(ROUNDS * 2)
    expect(Math.min(...Object.values(kills))).toBeGreaterThan(0)
  }, 120_000)

  it('finds a flipped bit, and says so', async () => {
    const client = new DfsClient(cluster.conf)
    await client.writeFile('/flipped', Buffer.alloc(5000, 'flipped'))
    const find = (dir: string): string[] =>
      readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? find(path.join(dir, e.name)) : [path.join(dir, e.name)]))
    const located = await client.namenode.getBlockLocations({ src: '/flipped', offset: 0, length: 5000 })
    const id = located.locations!.blocks[0]!.b.blockId
    const file = find(path.join(cluster.dir, 'data-1')).find((f) => f.endsWith(`/blk_${id}`))!
    const bytes = readFileSync(file)
    bytes[4321]! ^= 4
    writeFileSync(file, bytes)
    await expect(client.readFile('/flipped')).rejects.toThrow()
    client.close()
  })
})
