/** Erasure coding is left out: who asks for plain copies is granted what there is, who asks for anything else is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DfsClient } from '../../../hdfs-lite/client/index.js'
import { type HdfsCluster, hdfsCluster } from '../../harness/hdfs.js'

describe('erasure coding', () => {
  let cluster: HdfsCluster
  let client: DfsClient

  beforeAll(async () => {
    cluster = await hdfsCluster(1)
    await cluster.start('namenode')
    await cluster.start('datanode-1')
    client = new DfsClient(cluster.conf)
    await client.writeFile('/d/f', 'whole')
  })
  afterAll(async () => {
    client?.close()
    await cluster?.close()
  })

  it('is refused but for plain copies, which MapReduce asks for before it lays a job’s files down', async () => {
    const set = (src: string, ecPolicyName: string) => client.namenode.setErasureCodingPolicy({ src, ecPolicyName })
    await set('/d', 'replication')
    expect((await client.namenode.getErasureCodingPolicy({ src: '/d' })).ecPolicy).toBeUndefined()
    await expect(set('/d', 'RS-6-3-1024k')).rejects.toThrow('Erasure coding is not part of this NameNode (setErasureCodingPolicy)')
    await expect(set('/d/f', 'replication')).rejects.toThrow('Attempt to set an erasure coding policy for a file /d/f')
    await expect(set('/nope', 'replication')).rejects.toThrow('Path not found: /nope')
    const stranger = new DfsClient(cluster.conf, { user: 'stranger' })
    await expect(stranger.namenode.setErasureCodingPolicy({ src: '/d', ecPolicyName: 'replication' })).rejects.toThrow(
      /Permission denied: user=stranger, access=WRITE/,
    )
    stranger.close()
  })

  it('of a file reads Replicated in its summary', async () => {
    const policy = async (path: string) => (await client.namenode.getContentSummary({ path })).summary.erasureCodingPolicy
    expect(await policy('/d/f')).toBe('Replicated')
    expect(await policy('/d')).toBe('')
  })
})
