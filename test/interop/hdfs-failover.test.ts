/** Two NameNodes of ours under Hadoop's own administration and clients. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DfsClient } from '../../hdfs-lite/client/index.js'
import { type HdfsCluster, hdfsCluster, until } from '../harness/hdfs.js'
import { finished, hadoop, hadoopHome, startHadoop, whyNot } from './peers/layout.js'

describe.skipIf(whyNot() !== undefined)('a pair of NameNodes', () => {
  let cluster: HdfsCluster
  let confDir: string
  const haadmin = (...args: string[]) => hadoop('haadmin', confDir, args)

  beforeAll(async () => {
    hadoopHome()
    cluster = await hdfsCluster(
      2,
      {
        'dfs.client.failover.proxy.provider.mycluster': 'org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider',
        'dfs.ha.fencing.methods': 'shell(true)',
        'dfs.replication': '2',
      },
      2,
    )
    confDir = path.join(cluster.dir, 'conf')
    await cluster.start('namenode')
    await cluster.start('namenode-2')
    await Promise.all([cluster.start('datanode-1'), cluster.start('datanode-2')])
  })
  afterAll(() => cluster?.close())

  it('tells hdfs haadmin who serves, and changes over when it says so', async () => {
    expect(await haadmin('-getServiceState', 'nn1')).toMatchObject({ code: 0, stdout: 'active\n' })
    expect(await haadmin('-getServiceState', 'nn2')).toMatchObject({ code: 0, stdout: 'standby\n' })
    expect((await haadmin('-checkHealth', 'nn1')).code).toBe(0)
    const failover = await haadmin('-failover', 'nn1', 'nn2')
    expect(failover).toMatchObject({ code: 0, stdout: 'Failover from nn1 to nn2 successful\n' })
    const all = await haadmin('-getAllServiceState')
    expect(all.stdout.replace(/ +/g, ' ')).toMatch(/^\S+ standby \n\S+ active \n$/)
    expect((await haadmin('-transitionToStandby', 'nn2')).code).toBe(0)
    expect((await haadmin('-transitionToActive', 'nn1')).code).toBe(0)
    expect((await haadmin('-getServiceState', 'nn1')).stdout).toBe('active\n')
    const second = await haadmin('-transitionToActive', 'nn2')
    expect(second.code).not.toBe(0)
    expect(second.stderr).toContain('is already active')
  })

  it('lets a Java client go on writing when the active is killed', async () => {
    const bytes = randomBytes(24 * 1024 * 1024)
    const writer = startHadoop('hdfs', confDir, ['-Ddfs.blocksize=8388608', '-put', '-', '/across'], { stdio: ['pipe', 'pipe', 'pipe'] })
    const ended = finished(writer)
    const feed = (from: number, to: number) => new Promise<void>((resolve) => writer.stdin!.write(bytes.subarray(from, to), () => resolve()))
    await feed(0, 10_000_000)
    const client = new DfsClient(cluster.conf)
    await until(
      'a block is written',
      async () => ((await client.namenode.getBlockLocations({ src: '/across._COPYING_', offset: 0, length: 1 })).locations?.fileLength ?? 0) > 0,
    )
    await cluster.kill('namenode')
    await feed(10_000_000, bytes.length)
    writer.stdin!.end()
    const { code, stderr } = await ended
    expect(stderr).not.toContain('put:')
    expect(code).toBe(0)
    expect((await client.readFile('/across')).equals(bytes)).toBe(true)
    client.close()
    expect((await haadmin('-getServiceState', 'nn2')).stdout).toBe('active\n')
  })

  it('gives a Java client what the dead one acknowledged', async () => {
    const file = path.join(cluster.dir, 'local')
    writeFileSync(file, randomBytes(100_000))
    await cluster.start('namenode')
    expect((await hadoop('hdfs', confDir, ['-put', file, '/put'])).code).toBe(0)
    expect((await hadoop('hdfs', confDir, ['-mv', '/put', '/moved'])).code).toBe(0)
    await cluster.kill('namenode-2')
    const listed = await hadoop('hdfs', confDir, ['-ls', '/'])
    expect(listed.code).toBe(0)
    expect(listed.stdout).toContain(' /moved')
    expect(listed.stdout).not.toContain(' /put')
  })
})
