/** `hdfs fsck` asks again with the last answer's cookie until it hears that there are no more: it must come to an end. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DfsClient } from '../../../hdfs-lite/client/index.js'
import { type HdfsCluster, hdfsCluster, until } from '../../harness/hdfs.js'
import { runScript } from '../../harness/cluster.js'

describe('fsck', () => {
  let cluster: HdfsCluster
  let client: DfsClient

  beforeAll(async () => {
    cluster = await hdfsCluster(1)
    await cluster.start('namenode')
    await cluster.start('datanode-1')
    client = new DfsClient(cluster.conf)
  })
  afterAll(async () => {
    client?.close()
    await cluster?.close()
  })

  const ask = async (query: string) => (await fetch(`${cluster.namenodeHttp}/fsck?ugi=${client.user}&${query}`)).text()
  const fsck = (...args: string[]) => runScript('hdfs', ['fsck', ...args], { env: { HADOOP_CONF_DIR: `${cluster.dir}/conf` } })

  it('tells where a block belongs', async () => {
    await client.writeFile('/d/one', 'one')
    const { b } = (await client.blockLocations('/d/one')).blocks[0]!
    const { code, stdout } = await fsck('-blockId', `blk_${b.blockId}`, 'blk_77', 'nonsense')
    expect(code).toBe(0)
    expect(stdout).toContain('Block belongs to: /d/one\nNo. of Expected Replica: 1\nNo. of live Replica: 1\n')
    expect(stdout).toContain('Block replica on datanode/rack: localhost/default-rack is HEALTHY\n')
    expect(stdout).toContain('Block blk_77 does not exist\nIncorrect blockId format: nonsense\n')
  })

  it('lists what nobody can read, page by page, and says when that was all', async () => {
    expect(await ask('listcorruptfileblocks=1&path=/')).toBe("Cookie:\t0\n\n\nThe filesystem under path '/' has no CORRUPT files\n")
    await Promise.all(Array.from({ length: 120 }, (_, i) => client.writeFile(`/lost/${String(i).padStart(3, '0')}`, 'x')))
    await cluster.kill('datanode-1')
    await until('the DataNode is known to be dead', async () => (await client.namenode.getDatanodeReport({ type: 'DEAD' })).di.length === 1)
    const first = await ask('listcorruptfileblocks=1&path=/lost')
    expect(first).toMatch(/^Cookie:\t100\nblk_\d+\t\/lost\/000\n/)
    expect(first).toContain("The filesystem under path '/lost' has 100 CORRUPT files\n")
    expect(await ask('listcorruptfileblocks=1&path=/lost&startblockafter=120')).toContain("under path '/lost' has no more CORRUPT files\n")
    const { code, stdout } = await fsck('/lost', '-list-corruptfileblocks')
    expect(code).toBe(255)
    expect(stdout.match(/\/lost\/\d+/g)).toHaveLength(120)
    expect(stdout).toContain("The filesystem under path '/lost' has 120 CORRUPT files\n")
  })
})
