/** Apache Flink's own recoverable writer and checkpoint storage on our HDFS, with a writer that dies in the middle. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DfsClient } from '../../hdfs-lite/client/index.js'
import { type HdfsCluster, hdfsCluster } from '../harness/hdfs.js'
import { flinkDriver, flinkHome, hadoopHome, whyNot } from './peers/layout.js'

const source = path.join(path.dirname(fileURLToPath(import.meta.url)), 'recoverable/Recoverable.java')
const BLOCK = 1 << 20

const content = (length: number) => Buffer.from(Uint8Array.from({ length }, (_, i) => i * 31 + (i >>> 10)))
/** As the Java program tells a file: its length and its digest. */
const told = (length: number) => `${length} ${createHash('sha256').update(content(length)).digest('hex')}`

describe.skipIf(whyNot() !== undefined)("Flink's file system on HDFS", () => {
  let cluster: HdfsCluster

  beforeAll(async () => {
    hadoopHome()
    flinkHome()
    cluster = await hdfsCluster(2, {
      'dfs.client.failover.proxy.provider.mycluster': 'org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider',
      'dfs.blocksize': String(BLOCK),
      'dfs.replication': '2',
    })
    await cluster.start('namenode')
    await Promise.all([cluster.start('datanode-1'), cluster.start('datanode-2')])
  })
  afterAll(() => cluster?.close())

  it('resumes, truncates and commits in another process what a dead one left, and keeps its checkpoints', async () => {
    const run = async (phase: string) => {
      const { code, stdout, stderr } = await flinkDriver(source, path.join(cluster.dir, 'conf'), [
        phase,
        'hdfs://mycluster/flink',
        path.join(cluster.dir, 'noted'),
      ])
      expect(code, `${phase}:\n${stdout}${stderr}`).toBe(0)
      return stdout.trim().split('\n')
    }
    const filesystem = 'filesystem hdfs://mycluster FILE_SYSTEM distributed=true'
    expect(await run('write')).toEqual([filesystem, 'before commit committed=false', 'after commit committed=true'])

    const resumedAt = { 'inside-block': 2 * BLOCK + 12345, 'blocks-back': BLOCK / 2 + 1, 'at-block-end': BLOCK, 'nothing-more': 777, 'from-start': 0 }
    const committed = { closed: BLOCK + 99, 'open-and-longer': BLOCK + 17, committed: 4242 }
    const files = [...Object.entries(resumedAt).map(([f, at]) => [f, at + BLOCK] as const), ...Object.entries(committed)]
    const lines = await run('recover')
    expect(lines.sort()).toEqual(
      [
        filesystem,
        ...Object.entries(resumedAt).map(([f, at]) => `resumed ${f} at ${at}: ${told(at + BLOCK)}`),
        ...Object.entries(committed).map(([f, length]) => `recovered for commit ${f}: ${told(length)}`),
        'state across blocks true',
        `state ${told(BLOCK + 5)}`,
        'metadata 3333',
        `metadata ${told(3333)}`,
        'shared left []',
        'checkpoints left [chk-2, shared, taskowned]',
        'cut deleted true exists=false',
        'third [_metadata]',
        // No file in progress is left beside the committed ones.
        `left [${[...files.map(([f]) => f), 'checkpoints'].sort().join(', ')}]`,
      ].sort(),
    )

    const client = new DfsClient(cluster.conf)
    for (const [file, length] of files) expect((await client.readFile(`/flink/${file}`)).equals(content(length)), file).toBe(true)
    client.close()
  })
})
