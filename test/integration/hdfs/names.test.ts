/** Names that are unusual, and how much of everything there may be: over native RPC and over WebHDFS. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DfsClient } from '../../../hdfs-lite/client/index.js'
import { type HdfsCluster, hdfsCluster, until } from '../../harness/hdfs.js'

/** One of each Unicode plane that has characters, and what a careless reader of paths would trip over. */
const NAMES = [
  'plain',
  ' leading and trailing ',
  'tab\tnewline\nreturn\r',
  'percent %2F %zz + & ? # ; =',
  'back\\slash "quotes" \'single\' `tick`',
  '{a,b}[c]*?',
  'ü é combined e\u0301',
  '日本語',
  '\uffee\ue000',
  '𝒳😀',
  '\u{20000}\u{2a6d6}',
  '\u{30000}',
  '\u{e0041}',
  '\u{f0000}\u{10fffd}',
  '...',
  '-rf',
  'a'.repeat(255),
  'é'.repeat(127),
  '😀'.repeat(63),
]

describe('names', () => {
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

  const web = (path: string, query: string, init?: RequestInit) =>
    fetch(`${cluster.namenodeHttp}/webhdfs/v1${path.split('/').map(encodeURIComponent).join('/')}?user.name=${client.user}&${query}`, init)

  it('of every Unicode plane come back as they were given, in the order of their bytes, which Java takes for signed ones', async () => {
    for (const name of NAMES) await client.writeFile(`/names/${name}/${name}`, name)
    // Of two bytes the one with the highest bit set, which is never ASCII, is the lesser.
    const signed = (name: string) => Buffer.from(name).map((b) => b ^ 0x80)
    const byBytes = [...NAMES].sort((a, b) => Buffer.compare(signed(a), signed(b)))
    expect((await client.listStatus('/names')).map((s) => s.path.slice('/names/'.length))).toEqual(byBytes)
    for (const name of NAMES) {
      expect((await client.readFile(`/names/${name}/${name}`)).toString()).toBe(name)
      const read = await web(`/names/${name}/${name}`, 'op=OPEN')
      expect(read.status, name).toBe(200)
      expect(await read.text()).toBe(name)
    }
    const listed = (await (await web('/names', 'op=LISTSTATUS')).json()) as { FileStatuses: { FileStatus: { pathSuffix: string }[] } }
    expect(listed.FileStatuses.FileStatus.map((s) => s.pathSuffix)).toEqual(byBytes)
    const written = await web('/names/by web 😀', 'op=CREATE', { method: 'PUT', body: 'web' })
    expect(written.status, await written.text()).toBe(201)
    expect((await client.readFile('/names/by web 😀')).toString()).toBe('web')
    await cluster.kill('namenode')
    await cluster.start('namenode')
    await until('it serves again, writes too', async () => !(await client.namenode.setSafeMode({ action: 'SAFEMODE_GET' })).result)
    expect((await client.listStatus('/names')).length).toBe(NAMES.length + 1)
  }, 60_000)

  it('that can’t be are refused in Hadoop’s words', async () => {
    const create = (src: string) =>
      client.namenode.create({
        src,
        masked: { perm: 0o644 },
        clientName: client.clientName,
        createFlag: 1,
        createParent: true,
        replication: 1,
        blockSize: 1048576,
      })
    for (const name of ['/../up', '/a/./b', '/a//b', '/a:b/c', 'relative'])
      await expect(create(name), name).rejects.toThrow(/Invalid (file|path) name|Invalid file name/)
    await expect(client.mkdirs(`/${'a'.repeat(256)}`)).rejects.toThrow(/maximum path component name limit .* exceeded: limit=255 length=256/)
    await expect(client.mkdirs(`/${'😀'.repeat(64)}`)).rejects.toThrow(/limit=255 length=256/)
    await expect(create('/.snapshot')).rejects.toThrow(/".snapshot" is a reserved name/)
    expect((await web('/a/../b', 'op=MKDIRS', { method: 'PUT' })).status).not.toBe(500)
    // Half of a surrogate pair is no text: it must not end anybody.
    await client.mkdirs('/half-\ud800').catch(() => {})
    expect(await client.exists('/names')).toBe(true)
  })
})

describe('ten thousand open files', () => {
  let cluster: HdfsCluster

  beforeAll(async () => {
    cluster = await hdfsCluster(1)
    await cluster.start('namenode')
  })
  afterAll(() => cluster?.close())

  it('are kept over a restart, each with its lease', async () => {
    const client = new DfsClient(cluster.conf)
    const FILES = 10_000
    const create = (i: number) =>
      client.namenode.create({
        src: `/open/${i % 100}/${i}`,
        masked: { perm: 0o644 },
        clientName: client.clientName,
        createFlag: 1,
        createParent: true,
        replication: 1,
        blockSize: 1048576,
      })
    for (let i = 0; i < FILES; i += 500) await Promise.all(Array.from({ length: 500 }, (_, k) => create(i + k)))
    const open = async () => {
      let n = 0
      for (let id = 0; ; ) {
        const { entries, hasMore } = await client.namenode.listOpenFiles({ id, types: ['ALL_OPEN_FILES'], path: '/' })
        n += entries.length
        if (!hasMore) return n
        id = entries.at(-1)!.id
      }
    }
    expect(await open()).toBe(FILES)
    await cluster.kill('namenode')
    await cluster.start('namenode')
    await until('it serves again', () => client.exists('/open').catch(() => false))
    expect(await open()).toBe(FILES)
    const { result } = await client.namenode.complete({ src: '/open/7/7', clientName: client.clientName })
    expect(result).toBe(true)
    expect(await open()).toBe(FILES - 1)
    client.close()
  }, 60_000)
})
