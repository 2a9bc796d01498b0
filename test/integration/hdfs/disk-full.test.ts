/** A DataNode's disk is full in the middle of a block: on a file system of its own, which takes the right to mount one. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DfsClient } from '../../../hdfs-lite/client/index.js'
import { type HdfsCluster, hdfsCluster, until } from '../../harness/hdfs.js'

const MEGABYTE = 1024 * 1024
const mount = (dir: string, megabytes: number) => spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', dir], { stdio: 'ignore' }).status === 0
const unmount = (dir: string) => spawnSync('umount', [dir], { stdio: 'ignore' })

function mayMount(): boolean {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'hdfs-mount-'))
  const may = process.platform === 'linux' && mount(dir, 1)
  if (may) unmount(dir)
  rmSync(dir, { recursive: true })
  return may
}

describe.skipIf(!mayMount())('a DataNode whose disk is full', () => {
  let cluster: HdfsCluster
  let client: DfsClient
  let small: string

  beforeAll(async () => {
    cluster = await hdfsCluster(2, { 'dfs.replication': '2', 'dfs.blocksize': String(8 * MEGABYTE) })
    small = path.join(cluster.dir, 'data-2')
    mkdirSync(small)
    expect(mount(small, 16)).toBe(true)
    await cluster.start('namenode')
    await Promise.all([cluster.start('datanode-1'), cluster.start('datanode-2')])
    client = new DfsClient(cluster.conf)
  })
  afterAll(async () => {
    client?.close()
    await cluster?.kill('datanode-2')
    unmount(small)
    await cluster?.close()
  })

  it('is left out of the pipeline, and nothing is lost', async () => {
    const bytes = Buffer.alloc(7 * MEGABYTE, 'disk full ')
    const stream = client.create('/squeezed')
    const write = (from: number, to: number) =>
      new Promise<void>((resolve, reject) => stream.write(bytes.subarray(from, to), (e) => (e ? reject(e) : resolve())))
    await write(0, MEGABYTE)
    await stream.hflush()
    expect((await client.blockLocations('/squeezed')).lastBlock!.locs).toHaveLength(2)
    // Somebody else takes what is left: it was free when the block was placed.
    let ballast = 0
    for (let part = MEGABYTE; part >= 4096; part /= 2) {
      try {
        for (;;) writeFileSync(path.join(small, `ballast-${ballast++}`), Buffer.alloc(part))
      } catch (e) {
        expect((e as NodeJS.ErrnoException).code).toBe('ENOSPC')
      }
    }
    await write(MEGABYTE, bytes.length)
    await new Promise<void>((resolve, reject) => stream.end((e?: Error | null) => (e ? reject(e) : resolve())))
    expect((await client.readFile('/squeezed')).equals(bytes)).toBe(true)
    await until('one replica counts', async () => (await client.blockLocations('/squeezed')).blocks[0]!.locs.length === 1)
    expect(cluster.log('datanode-2')).toContain('ENOSPC')
    // The full one takes no further blocks, and goes on serving.
    await client.writeFile('/next', 'goes on', { replication: 1 })
    expect((await client.namenode.getDatanodeReport({ type: 'LIVE' })).di).toHaveLength(2)
    for (let i = 0; i < ballast; i++) rmSync(path.join(small, `ballast-${i}`), { force: true })
    await until('there is a second replica again', async () => (await client.blockLocations('/squeezed')).blocks[0]!.locs.length === 2)
    expect((await client.readFile('/squeezed')).equals(bytes)).toBe(true)
  }, 60_000)
})
