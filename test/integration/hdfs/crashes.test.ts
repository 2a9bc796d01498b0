/** kill -9 of NameNode and DataNode at random moments: what was acknowledged is there, byte for byte. */
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DfsClient } from '../../../hdfs-lite/client/index.js'
import { type HdfsCluster, hdfsCluster, until } from '../../harness/hdfs.js'

const ROUNDS = 8

/** Bytes that tell where they belong. */
function content(name: string, length: number): Buffer {
  const seed = createHash('sha256').update(name).digest()
  return Buffer.from(Array.from({ length }, (_, i) => seed[i % 32]! ^ (i >> 5)))
}

describe('a store that is killed', () => {
  let cluster: HdfsCluster

  beforeAll(async () => {
    cluster = await hdfsCluster(1)
    await cluster.start('namenode')
    await cluster.start('datanode-1')
  })
  afterAll(() => cluster.close())

  it('keeps what it acknowledged', async () => {
    const acknowledged = new Map<string, number>()
    for (let round = 0; round < ROUNDS; round++) {
      const client = new DfsClient(cluster.conf)
      let stop = false
      const writers = Array.from({ length: 4 }, async (_, w) => {
        for (let i = 0; !stop; i++) {
          const name = `/r${round}/w${w}/f${i}`
          const length = (i * 7919) % 20_000
          try {
            await client.writeFile(name, content(name, length))
            acknowledged.set(name, length)
            if (i % 3 === 2) {
              const old = `/r${round}/w${w}/f${i - 1}`
              // Until the answer comes, it may be either.
              acknowledged.delete(old)
              if (await client.delete(old, false)) acknowledged.set(old, -1)
            }
          } catch {
            // A DataNode that is just back may not be known yet: only a writer whose store was killed gives up.
            if (stop) return
            await new Promise((r) => setTimeout(r, 20))
          }
        }
      })
      await until('something was acknowledged', () => acknowledged.size > round * 3 + 3)
      await new Promise((r) => setTimeout(r, round * 13))
      const victim = round % 3 === 0 ? 'datanode-1' : 'namenode'
      await cluster.kill(victim)
      stop = true
      client.close()
      await Promise.all(writers)
      await cluster.start(victim)
    }
    const reader = new DfsClient(cluster.conf)
    await until('safe mode is over', async () => !(await reader.namenode.setSafeMode({ action: 'SAFEMODE_GET' })).result)
    for (const [name, length] of acknowledged) {
      if (length < 0) expect(await reader.exists(name), `${name} was deleted`).toBe(false)
      else expect((await reader.readFile(name)).equals(content(name, length)), `${name} of ${length} bytes`).toBe(true)
    }
    reader.close()
    expect(acknowledged.size).toBeGreaterThan(ROUNDS * 3)
  }, 60_000)

  it('finds a flipped bit, and says so', async () => {
    const client = new DfsClient(cluster.conf)
    await client.writeFile('/flipped', content('flipped', 5000))
    const find = (dir: string): string[] =>
      readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? find(path.join(dir, e.name)) : [path.join(dir, e.name)]))
    const located = await client.namenode.getBlockLocations({ src: '/flipped', offset: 0, length: 5000 })
    const id = located.locations!.blocks[0]!.b.blockId
    const file = find(path.join(cluster.dir, 'data-1')).find((f) => f.endsWith(`/blk_${id}`))!
    const bytes = readFileSync(file)
    bytes[4321]! ^= 4
    writeFileSync(file, bytes)
    await expect(client.readFile('/flipped')).rejects.toThrow()
    client.close()
  })
})
