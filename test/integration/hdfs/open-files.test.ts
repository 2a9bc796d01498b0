/** Many files open for writing at once, on a DataNode that may have few descriptors. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DfsClient } from '../../../hdfs-lite/client/index.js'
import { type HdfsCluster, hdfsCluster, until } from '../../harness/hdfs.js'

const DESCRIPTORS = 300
/** With two files each beside their connections there would not be enough. */
const FILES = 150

describe('open files', () => {
  let cluster: HdfsCluster
  let client: DfsClient

  beforeAll(async () => {
    cluster = await hdfsCluster(2, { 'dfs.replication': '1' })
    await cluster.start('namenode')
    await cluster.start('datanode-1', DESCRIPTORS)
    client = new DfsClient(cluster.conf)
  })
  afterAll(async () => {
    client?.close()
    await cluster?.close()
  })

  it('may be more than a DataNode has descriptors for', async () => {
    expect(cluster.log('datanode-1')).toMatch(/takes \d+ connections at once; 300 descriptors are allowed, less than the 4096 that are usual: raise/)
    const writers = await Promise.all(Array.from({ length: FILES }, (_, i) => client.createWriter(`/open/${i}`, {})))
    for (const text of ['first', ', second', ', third']) {
      await Promise.all(
        writers.map(async (w, i) => {
          await w.write(Buffer.from(`${text} of ${i}`))
          await w.flush(i % 10 === 0)
        }),
      )
    }
    // Readers see what was flushed while the files are open.
    expect((await client.readFile('/open/0')).toString()).toBe('first of 0, second of 0, third of 0')
    await Promise.all(writers.map((w) => w.close()))
    for (let i = 0; i < FILES; i++) expect((await client.readFile(`/open/${i}`)).toString()).toBe(`first of ${i}, second of ${i}, third of ${i}`)
  })

  it('beyond the limit of connections go to another DataNode, and the log says why', async () => {
    const writers: Awaited<ReturnType<typeof client.createWriter>>[] = []
    const write = async (i: number) => {
      const w = await client.createWriter(`/beyond/${i}`, {})
      await w.write(Buffer.from(`file ${i}`))
      await w.flush()
      writers.push(w)
    }
    const full = () => /connections of data transfer are open, which is the limit/.test(cluster.log('datanode-1'))
    await expect(
      (async () => {
        for (let i = 0; i < DESCRIPTORS; i++) await write(i)
      })(),
    ).rejects.toThrow()
    expect(full()).toBe(true)
    const before = writers.length
    await cluster.start('datanode-2')
    await until('the second DataNode is there', async () => (await client.namenode.getDatanodeReport({ type: 'LIVE' })).di.length === 2)
    for (let i = 0; i < 20; i++) await write(1000 + i)
    expect(writers).toHaveLength(before + 20)
    await Promise.all(writers.map((w) => w.close()))
    expect((await client.readFile('/beyond/1019')).toString()).toBe('file 1019')
  })
})
