import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DfsClient } from '../../../hdfs-lite/client/index.js'
import { type HdfsCluster, hdfsCluster } from '../../harness/hdfs.js'

const MEGABYTE = 1024 * 1024

describe('the HDFS client', () => {
  let cluster: HdfsCluster
  let client: DfsClient

  beforeAll(async () => {
    cluster = await hdfsCluster(2)
    await cluster.start('namenode')
    await Promise.all([cluster.start('datanode-1'), cluster.start('datanode-2')])
    client = new DfsClient(cluster.conf, { user: 'root' })
  })

  afterAll(async () => {
    client?.close()
    await cluster?.close()
  })

  it('takes and gives streams of any chunk size over several blocks, and ranges of them', async () => {
    const data = randomBytes(5 * MEGABYTE + 77)
    const chunks = function* () {
      for (let at = 0, size = 1; at < data.length; at += size, size = (size * 7) % 100_003) yield data.subarray(at, at + size)
    }
    await pipeline(Readable.from(chunks()), client.create('/streams/file', { blockSize: MEGABYTE }))
    expect((await client.getFileStatus('/streams/file')).length).toBe(data.length)
    const parts: Buffer[] = []
    for await (const part of client.open('/streams/file')) parts.push(part as Buffer)
    expect(Buffer.concat(parts).equals(data)).toBe(true)
    const range = await client.readFile('/streams/file', { start: 700_001, end: 3_200_003 })
    expect(range.equals(data.subarray(700_001, 3_200_003))).toBe(true)
  })

  it('appends within a chunk, time and again', async () => {
    await client.writeFile('/appended', 'one')
    for (const text of [' two', ' three', 'x'.repeat(2000), '.']) {
      const out = client.append('/appended')
      out.end(text)
      await new Promise((resolve, reject) => out.on('close', resolve).on('error', reject))
    }
    expect((await client.readFile('/appended')).toString()).toBe(`one two three${'x'.repeat(2000)}.`)
  })

  it('reads from another replica when one is corrupt', async () => {
    const data = randomBytes(300_000)
    await client.writeFile('/corrupt', data)
    const { blocks } = await client.blockLocations('/corrupt')
    const first = blocks[0]!.locs[0]!
    const folder = [1, 2]
      .map((i) => path.join(cluster.dir, `data-${i}`))
      .find((d) => readFileSync(path.join(d, 'current/VERSION'), 'utf8').includes(first.id.datanodeUuid))!
    const name = readdirSync(folder, { recursive: true }).find((f) => path.basename(String(f)) === `blk_${blocks[0]!.b.blockId}`)
    const file = path.join(folder, String(name))
    const bytes = readFileSync(file)
    bytes[200_000]! ^= 1
    writeFileSync(file, bytes)
    expect((await client.readFile('/corrupt')).equals(data)).toBe(true)
  })

  it('fails with what the NameNode says, and leaves nothing open', async () => {
    await expect(client.readFile('/nosuch')).rejects.toThrow(/File does not exist: \/nosuch/)
    await client.mkdirs('/directory')
    const out = client.create('/directory')
    await expect(new Promise((_, reject) => out.on('error', reject))).rejects.toThrow(/already exists as a directory/)
    await expect(
      client
        .create('/appended', { overwrite: false })
        .on('error', () => {})
        .hflush(),
    ).rejects.toThrow()
  })
})
