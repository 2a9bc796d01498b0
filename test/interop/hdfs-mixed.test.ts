/** Daemons of a real HDFS and of ours in one file system. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfiguration, siteFileText } from '../../common/config/configuration.js'
import { DfsClient } from '../../hdfs-lite/client/index.js'
import { fileChecksum } from '../../hdfs-lite/client/file-checksum.js'
import { type HdfsCluster, freePorts, hdfsCluster, until } from '../harness/hdfs.js'
import { finished, hadoop, hadoopHome, hdfsDaemon, whyNot } from './peers/layout.js'

const JVM_START = 60_000

/** A process whose output is kept, for who wants to know why it ended. */
function logged(child: ChildProcess): { child: ChildProcess; log: () => string } {
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (t: string) => {
      text = (text + t).slice(-3000)
    })
  return { child, log: () => text }
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const end = new Promise((r) => child.once('exit', r))
  child.kill('SIGKILL')
  await end
}

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

const reports = async (client: DfsClient) => (await client.namenode.getDatanodeReport({ type: 'LIVE' })).di
const live = async (client: DfsClient) => (await reports(client)).length

describe.skipIf(whyNot() !== undefined)('a NameNode of a real HDFS over DataNodes of ours', () => {
  let dir: string
  let confDir: string
  let namenode: ReturnType<typeof logged> | undefined
  const datanodes: ChildProcess[] = []
  let client: DfsClient

  beforeAll(async () => {
    hadoopHome()
    dir = mkdtempSync(path.join(os.tmpdir(), 'hdfs-real-'))
    const [rpc, http, ...rest] = await freePorts(8)
    const write = (name: string, own: Record<string, string>) => {
      const folder = path.join(dir, name)
      mkdirSync(folder)
      const hdfs = {
        'dfs.namenode.rpc-address': `127.0.0.1:${rpc}`,
        'dfs.namenode.http-address': `127.0.0.1:${http}`,
        'dfs.namenode.name.dir': `file://${dir}/name`,
        'dfs.namenode.safemode.extension': '0',
        'dfs.namenode.fs-limits.min-block-size': '0',
        'dfs.namenode.datanode.registration.ip-hostname-check': 'false',
        'dfs.heartbeat.interval': '1s',
        'dfs.replication': '2',
        ...own,
      }
      writeFileSync(path.join(folder, 'core-site.xml'), siteFileText([['fs.defaultFS', `hdfs://127.0.0.1:${rpc}`]]))
      writeFileSync(path.join(folder, 'hdfs-site.xml'), siteFileText(Object.entries(hdfs)))
      return folder
    }
    confDir = write('conf', {})
    const formatted = await finished(hdfsDaemon('namenode', confDir, ['-format', '-force', '-nonInteractive']))
    expect(formatted.code, formatted.stderr).toBe(0)
    namenode = logged(hdfsDaemon('namenode', confDir))
    for (const i of [1, 2]) {
      const [xfer, web, ipc] = rest.slice((i - 1) * 3)
      const own = write(`conf-${i}`, {
        'dfs.datanode.data.dir': `file://${dir}/data-${i}`,
        'dfs.datanode.hostname': 'localhost',
        'dfs.datanode.address': `127.0.0.1:${xfer}`,
        'dfs.datanode.http.address': `127.0.0.1:${web}`,
        'dfs.datanode.ipc.address': `127.0.0.1:${ipc}`,
      })
      const env = { ...process.env, HADOOP_CONF_DIR: own, HADOOP_LOG_DIR: dir, BOBBIN_RUN_DIR: dir, BOBBIN_DAEMON_NAME: `datanode-${i}` }
      datanodes.push(spawn(process.execPath, [path.resolve('dist/datanode.cjs')], { env, stdio: 'ignore' }))
    }
    client = new DfsClient(loadConfiguration(confDir, 'hdfs'))
    await until('the DataNodes serve', () => [1, 2].every((i) => existsSync(path.join(dir, `datanode-${i}.json`))), JVM_START).catch((e) => {
      throw new Error(`${(e as Error).message}\n${namenode!.log()}`)
    })
    await until('both DataNodes are known', async () => (await live(client)) === 2, JVM_START)
  })
  afterAll(async () => {
    client?.close()
    for (const d of datanodes) await ended(d)
    await ended(namenode?.child)
    if (dir) rmSync(dir, { recursive: true, force: true })
  })

  it('keeps files with them, for its own clients and for ours', async () => {
    const bytes = randomBytes(3_000_000)
    await client.writeFile('/ours', bytes, { replication: 2, blockSize: 1_048_576 })
    expect((await client.blockLocations('/ours')).blocks).toHaveLength(3)
    const file = path.join(dir, 'theirs')
    writeFileSync(file, bytes)
    const put = await hadoop('hdfs', confDir, ['-Ddfs.blocksize=1048576', '-put', file, '/theirs'])
    expect(put.code, put.stderr).toBe(0)
    expect((await client.readFile('/theirs')).equals(bytes)).toBe(true)
    expect((await client.readFile('/ours')).equals(bytes)).toBe(true)
    const sums = await hadoop('hdfs', confDir, ['-checksum', '/ours', '/theirs'])
    const lines = sums.stdout
      .trim()
      .split('\n')
      .map((l) => l.split('\t').slice(1).join(' '))
    expect(lines[0]).toBe(lines[1])
    const fsck = await hadoop('fsck', confDir, ['/'])
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
