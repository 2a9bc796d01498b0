/** Daemons of a real HDFS and of ours in one file system. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DfsClient } from '../../hdfs-lite/client/index.js'
import { fileChecksum } from '../../hdfs-lite/client/file-checksum.js'
import { type HdfsCluster, hdfsCluster, until } from '../harness/hdfs.js'
import { hadoop, hadoopHome, hdfsDaemon, whyNot } from './peers/layout.js'
import { ended, logged, type RealHdfs, realHdfs, reports } from './peers/real-hdfs.js'

const JVM_START = 60_000

describe.skipIf(whyNot() !== undefined)('a DataNode of a real HDFS under our NameNode', () => {
  let cluster: HdfsCluster
  let real: ReturnType<typeof logged> | undefined
  let client: DfsClient

  beforeAll(async () => {
    hadoopHome()
    cluster = await hdfsCluster(2, { 'dfs.heartbeat.interval': '1s', 'dfs.replication': '2', 'dfs.datanode.du.reserved': '0' })
    await cluster.start('namenode')
    await cluster.start('datanode-1')
    real = logged(hdfsDaemon('datanode', path.join(cluster.dir, 'conf-datanode-2')))
    client = new DfsClient(cluster.conf)
    await until('both DataNodes are known', async () => (await live(client)) === 2, JVM_START).catch((e) => {
      throw new Error(`${(e as Error).message}\n${real!.log()}`)
    })
  })
  afterAll(async () => {
    client?.close()
    await ended(real?.child)
    await cluster?.close()
  })

  /** Waits, and tells what the real one said when it was in vain. */
  const eventually = (what: string, condition: () => Promise<boolean>) =>
    until(what, condition, 60_000).catch((e) => {
      throw new Error(`${(e as Error).message}\n${real!.log()}\n${cluster.log('datanode-1').slice(-2000)}`)
    })

  it('takes part in pipelines, copies and deletions', async () => {
    const bytes = randomBytes(3_000_000)
    await client.writeFile('/both', bytes, { replication: 2, blockSize: 1_048_576 })
    await eventually('both report each block', async () => (await client.blockLocations('/both')).blocks.every((b) => b.locs.length === 2))
    expect((await client.readFile('/both')).equals(bytes)).toBe(true)
    await client.writeFile('/copied', bytes, { replication: 1, blockSize: 1_048_576 })
    await client.setReplication('/copied', 2)
    await eventually('copies were made', async () => (await client.blockLocations('/copied')).blocks.every((b) => b.locs.length === 2))
    const stream = client.append('/both')
    stream.write(Buffer.from('more'))
    await stream.hflush()
    await new Promise<void>((resolve, reject) => stream.end((e?: Error | null) => (e ? reject(e) : resolve())))
    // Each DataNode alone has all of it.
    await cluster.kill('datanode-1')
    expect((await client.readFile('/both')).equals(Buffer.concat([bytes, Buffer.from('more')]))).toBe(true)
    expect((await client.readFile('/copied')).equals(bytes)).toBe(true)
    expect((await fileChecksum(client, '/copied')).hex).not.toBe('')
    await cluster.start('datanode-1')
    await client.namenode.truncate({ src: '/copied', newLength: 1_500_000, clientName: client.clientName })
    await eventually('the block is cut on both', async () => (await client.blockLocations('/copied')).isLastBlockComplete)
    expect((await client.readFile('/copied')).equals(bytes.subarray(0, 1_500_000))).toBe(true)
    await client.delete('/both', false)
    await client.delete('/copied', false)
    await eventually('the blocks are gone', async () => (await reports(client)).every((r) => r.numBlocks === 0))
  })
})

const live = async (client: DfsClient) => (await reports(client)).length

describe.skipIf(whyNot() !== undefined)('a NameNode of a real HDFS over DataNodes of ours', () => {
  let hdfs: RealHdfs
  let local: string
  let client: DfsClient

  beforeAll(async () => {
    hdfs = await realHdfs(['ours', 'ours'])
    local = mkdtempSync(path.join(os.tmpdir(), 'hdfs-mixed-'))
    client = new DfsClient(hdfs.conf)
  })
  afterAll(async () => {
    client?.close()
    await hdfs?.close()
    if (local) rmSync(local, { recursive: true, force: true })
  })

  it('keeps files with them, for its own clients and for ours', async () => {
    const bytes = randomBytes(3_000_000)
    await client.writeFile('/ours', bytes, { replication: 2, blockSize: 1_048_576 })
    expect((await client.blockLocations('/ours')).blocks).toHaveLength(3)
    const file = path.join(local, 'theirs')
    writeFileSync(file, bytes)
    const put = await hadoop('hdfs', hdfs.confDir, ['-Ddfs.blocksize=1048576', '-put', file, '/theirs'])
    expect(put.code, put.stderr).toBe(0)
    expect((await client.readFile('/theirs')).equals(bytes)).toBe(true)
    expect((await client.readFile('/ours')).equals(bytes)).toBe(true)
    const sums = await hadoop('hdfs', hdfs.confDir, ['-checksum', '/ours', '/theirs'])
    const lines = sums.stdout
      .trim()
      .split('\n')
      .map((l) => l.split('\t').slice(1).join(' '))
    expect(lines[0]).toBe(lines[1])
    const fsck = await hadoop('fsck', hdfs.confDir, ['/'])
    expect(fsck.stdout).toContain('is HEALTHY')
  })

  it('copies, recovers and deletes blocks on them', async () => {
    await client.writeFile('/once', randomBytes(500_000), { replication: 1 })
    await client.setReplication('/once', 2)
    await until('a copy was made', async () => (await client.blockLocations('/once')).blocks.every((b) => b.locs.length === 2), 60_000)
    const writer = new DfsClient(client.conf)
    const stream = writer.create('/abandoned', { replication: 2 })
    stream.on('error', () => {})
    stream.write(Buffer.from('what was flushed'))
    await stream.hflush()
    await until('the lease is recovered', async () => (await client.namenode.recoverLease({ src: '/abandoned', clientName: client.clientName })).result, 60_000)
    expect((await client.readFile('/abandoned')).toString()).toBe('what was flushed')
    stream.destroy()
    writer.close()
    for (const p of ['/ours', '/theirs', '/once', '/abandoned']) await client.delete(p, false)
    await until('the blocks are gone', async () => (await reports(client)).every((r) => r.numBlocks === 0), 60_000)
  })
})
