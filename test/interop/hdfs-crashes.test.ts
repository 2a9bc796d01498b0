/** kill -9 of NameNode, DataNode and client, for as long as a change may wait for; `npm test` has a few rounds, the bench a thousand. */
import { randomInt } from 'node:crypto'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HdfsCluster, hdfsCluster } from '../harness/hdfs.js'
import { crash } from '../harness/hdfs-crashes.js'

const ROUNDS = 36
/** To see a failure again. */
const SEED = Number(process.env['BOBBIN_CRASH_SEED'] ?? randomInt(2 ** 31))

describe('a store that is killed again and again', () => {
  let cluster: HdfsCluster

  beforeAll(async () => {
    cluster = await hdfsCluster(1)
    await cluster.start('namenode')
    await cluster.start('datanode-1')
  })
  afterAll(() => cluster?.close())

  it(`keeps what it acknowledged (BOBBIN_CRASH_SEED=${SEED})`, async () => {
    const generator = xoroshiro128plus(SEED)
    const { acknowledged, kills } = await crash(cluster, ROUNDS, () => (generator.next() >>> 0) / 2 ** 32)
    expect(acknowledged).toBeGreaterThan(ROUNDS * 2)
    expect(Object.values(kills).reduce((sum, n) => sum + n, 0)).toBeGreaterThan(ROUNDS / 2)
  })
})
