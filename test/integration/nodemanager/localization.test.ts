import { execFileSync } from 'node:child_process'
import { chmodSync, createWriteStream, existsSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import yazl from 'yazl'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { containerIdProto } from '../../../common/protocols/records.js'
import { TestNode, containerId, resource, until } from './harness.js'

let node: TestNode
beforeAll(async () => {
  node = await TestNode.start({ 'yarn.nodemanager.localizer.cache.target-size-mb': '1' })
})
afterAll(() => node.stop())

function put(p: string, content: string | Buffer, mode = 0o644): void {
  const file = path.join(node.store.root, p)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, content)
  chmodSync(file, mode)
}

async function zip(p: string, entries: Record<string, [content: string, mode: number]>): Promise<void> {
  const file = path.join(node.store.root, p)
  mkdirSync(path.dirname(file), { recursive: true })
  const z = new yazl.ZipFile()
  for (const [name, [content, mode]] of Object.entries(entries)) z.addBuffer(Buffer.from(content), name, { mode })
  z.end()
  await pipeline(z.outputStream, createWriteStream(file))
}

const app = (n: number) => path.join(node.local, `usercache/alice/appcache/application_1700000000000_${String(n).padStart(4, '0')}`)
const show = 'for f in "$@"; do echo "$f"; done'

describe('a resource of a container', () => {
  it('is linked under the name it was asked for, once for the application', async () => {
    put('/user/alice/a.txt', 'content of a')
    const value = await resource(node.store, '/user/alice/a.txt')
    const reads = node.store.reads
    const id = containerId(1, 2)
    await node.run(id, `cat a.txt deep/er/b.txt 1><LOG_DIR>/stdout; readlink a.txt 1>><LOG_DIR>/stdout; ${show}`, {
      localResources: [
        { key: 'a.txt', value },
        { key: 'deep/er/b.txt', value },
      ],
    })
    expect((await node.rm.completed(id)).exitStatus).toBe(0)
    expect(node.logFile(id, 'stdout')).toBe(`content of acontent of a${app(1)}/filecache/10/a.txt\n`)
    const second = containerId(1, 3)
    await node.run(second, 'echo $LOCALIZATION_COUNTERS 1><LOG_DIR>/stdout', { localResources: [{ key: 'x', value }] })
    await node.rm.completed(second)
    expect(node.logFile(second, 'stdout')).toMatch(/^0,12,0,1,\d+\n$/)
    expect(node.store.reads).toBe(reads + 1)
    expect(statSync(path.join(app(1), 'filecache/10/a.txt')).mode & 0o777).toBe(0o500)
  })

  it('that many ask for at once is brought once, for all applications when it is public', async () => {
    put('/shared/lib.js', 'x'.repeat(1000))
    const value = await resource(node.store, '/shared/lib.js', { visibility: 'PUBLIC' })
    const reads = node.store.reads
    const ids = [containerId(2, 2), containerId(2, 3), containerId(3, 2), containerId(4, 2)]
    await Promise.all(ids.map((id) => node.run(id, 'readlink lib.js 1><LOG_DIR>/stdout', { localResources: [{ key: 'lib.js', value }] })))
    for (const id of ids) {
      await node.rm.completed(id)
      expect(node.logFile(id, 'stdout')).toBe(`${node.local}/filecache/10/lib.js\n`)
    }
    expect(node.store.reads).toBe(reads + 1)
    expect(statSync(`${node.local}/filecache/10/lib.js`).mode & 0o777).toBe(0o555)
  })

  it("that is private is in its user's cache and outlives the application", async () => {
    put('/user/alice/private.txt', 'p')
    const value = await resource(node.store, '/user/alice/private.txt', { visibility: 'PRIVATE' })
    const id = containerId(5, 2)
    await node.run(id, 'true', { localResources: [{ key: 'p', value }] })
    await node.rm.completed(id)
    await node.finishApplication(5)
    await until('the application is gone', () => !existsSync(app(5)))
    expect(readFileSync(path.join(node.local, 'usercache/alice/filecache/10/private.txt'), 'utf8')).toBe('p')
  })

  it("that changed since is refused in Hadoop's words", async () => {
    put('/user/alice/changing', 'one')
    const value = await resource(node.store, '/user/alice/changing')
    utimesSync(path.join(node.store.root, '/user/alice/changing'), 1_600_000_000, 1_600_000_000)
    const id = containerId(6, 2)
    await node.run(id, 'true', { localResources: [{ key: 'c', value }] })
    const { exitStatus, diagnostics } = await node.rm.completed(id)
    expect(exitStatus).toBe(-1000)
    expect(diagnostics).toMatch(
      /\]Resource hdfs:\/\/mycluster\/user\/alice\/changing changed on src filesystem - expected: "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}", was: "2020-.*", current time: ".*"\n/,
    )
  })

  it('of another size is refused', async () => {
    put('/user/alice/size', 'four')
    const value = await resource(node.store, '/user/alice/size', { size: 3 })
    const id = containerId(6, 3)
    await node.run(id, 'true', { localResources: [{ key: 'c', value }] })
    expect((await node.rm.completed(id)).diagnostics).toContain('expected size: 3, was: 4')
  })

  it('that is not there is named', async () => {
    const id = containerId(7, 2)
    const value = {
      resource: { scheme: 'hdfs', host: 'mycluster', port: -1, file: '/nowhere' },
      size: 1,
      timestamp: 1,
      type: 'FILE' as const,
      visibility: 'PUBLIC' as const,
    }
    await node.run(id, 'true', { localResources: [{ key: 'n', value }] })
    expect((await node.rm.completed(id)).diagnostics).toMatch(
      /\]Failed to download resource \{ \{ hdfs:\/\/mycluster\/nowhere, 1, FILE, null \},pending,\[\(container_1700000000000_0007_01_000002\)\],\d+,DOWNLOADING\} java\.io\.FileNotFoundException: File does not exist/,
    )
    put('/nowhere', '!')
    const again = containerId(7, 3)
    await node.run(again, 'cat n 1><LOG_DIR>/stdout', {
      localResources: [{ key: 'n', value: await resource(node.store, '/nowhere', { visibility: 'PUBLIC' }) }],
    })
    expect((await node.rm.completed(again)).exitStatus).toBe(0)
  })

  it('is public only if everybody can reach it', async () => {
    put('/closed/dir/file', 'x')
    chmodSync(path.join(node.store.root, '/closed'), 0o700)
    const id = containerId(8, 2)
    await node.run(id, 'true', { localResources: [{ key: 'f', value: await resource(node.store, '/closed/dir/file', { visibility: 'PUBLIC' }) }] })
    expect((await node.rm.completed(id)).diagnostics).toContain(
      'java.io.IOException: Resource hdfs://mycluster/closed/dir/file is not publicly accessible and as such cannot be part of the public cache.',
    )
  })

  it('that is an archive is unpacked', async () => {
    await zip('/user/alice/z.zip', { 'bin/run.sh': ['#!/bin/sh\necho from zip\n', 0o755], 'data.txt': ['d', 0o644] })
    const tree = path.join(node.dir, 'tree')
    mkdirSync(path.join(tree, 'in'), { recursive: true })
    writeFileSync(path.join(tree, 'in/t.txt'), 'from tar')
    execFileSync('tar', ['-czf', path.join(node.store.root, '/user/alice/t.tar.gz'), '-C', tree, 'in'])
    await zip('/user/alice/j.jar', { 'a.class': ['A', 0o644], 'META-INF/MANIFEST.MF': ['M', 0o644] })
    put('/user/alice/plain.dat', 'not an archive')
    const archive = (p: string) => resource(node.store, p, { type: 'ARCHIVE' })
    const id = containerId(9, 2)
    await node.run(id, '(z/bin/run.sh; cat t/in/t.txt j/a.class pat/a.class plain; ls pat) 1><LOG_DIR>/stdout', {
      localResources: [
        { key: 'z', value: await archive('/user/alice/z.zip') },
        { key: 't', value: await archive('/user/alice/t.tar.gz') },
        { key: 'j', value: await archive('/user/alice/j.jar') },
        { key: 'plain', value: await archive('/user/alice/plain.dat') },
        { key: 'pat', value: await resource(node.store, '/user/alice/j.jar', { type: 'PATTERN', pattern: '.*class' }) },
      ],
    })
    expect(await node.rm.completed(id)).toMatchObject({ exitStatus: 0 })
    expect(node.logFile(id, 'stdout')).toBe('from zip\nfrom tarAAnot an archivea.class\nj.jar\n')
  })

  it('that tries to leave its folder, or is damaged, is refused', async () => {
    await zip('/user/alice/evil.zip', { 'aa/evil': ['x', 0o644] })
    const file = path.join(node.store.root, '/user/alice/evil.zip')
    writeFileSync(file, readFileSync(file).toString('latin1').replaceAll('aa/evil', '../evil'), 'latin1')
    put('/user/alice/broken.zip', 'this is no zip')
    put('/user/alice/broken.tgz', 'this is no tar')
    for (const [n, p] of ['/user/alice/evil.zip', '/user/alice/broken.zip', '/user/alice/broken.tgz'].entries()) {
      const id = containerId(10, n + 2)
      await node.run(id, 'true', { localResources: [{ key: 'z', value: await resource(node.store, p, { type: 'ARCHIVE' }) }] })
      expect((await node.rm.completed(id)).exitStatus).toBe(-1000)
    }
    expect(readdirSync(path.join(app(10), 'filecache'))).toEqual([])
  })

  it('may be a folder, or a file of this machine', async () => {
    put('/user/alice/folder/one', '1')
    put('/user/alice/folder/sub/two', '2')
    const local = path.join(node.dir, 'local-file')
    writeFileSync(local, 'here')
    const id = containerId(11, 2)
    const here = {
      resource: { scheme: 'file', file: local },
      size: 4,
      timestamp: Math.floor(statSync(local).mtimeMs),
      type: 'FILE' as const,
      visibility: 'APPLICATION' as const,
    }
    await node.run(id, 'cat f/one f/sub/two l 1><LOG_DIR>/stdout', {
      localResources: [
        { key: 'f', value: await resource(node.store, '/user/alice/folder', { size: 0 }) },
        { key: 'l', value: here },
      ],
    })
    expect(await node.rm.completed(id)).toMatchObject({ exitStatus: 0 })
    expect(node.logFile(id, 'stdout')).toBe('12here')
  })

  it('is brought to a running container', async () => {
    put('/user/alice/late', 'late')
    const id = containerId(12, 2)
    const { am } = await node.run(id, 'until [ -e late ]; do sleep 0.02; done; cat late 1><LOG_DIR>/stdout')
    await until('it runs', async () => (await am.getContainerStatuses({ containerId: [containerIdProto(id)] })).status[0]?.containerSubState === 'CSS_RUNNING')
    await am.localize({ containerId: containerIdProto(id), localResources: [{ key: 'late', value: await resource(node.store, '/user/alice/late') }] })
    expect(await node.rm.completed(id)).toMatchObject({ exitStatus: 0 })
    const statuses = await am.getLocalizationStatuses({ containerId: [containerIdProto(id)] })
    expect(statuses.cntnLocalizationStatuses[0]?.localizationStatuses[0]).toMatchObject({ resourceKey: 'late', localizationState: 'L_COMPLETED' })
  })

  it('that nobody uses makes room for others, the longest unused first', async () => {
    const big = async (n: number) => {
      put(`/big/${n}`, Buffer.alloc(600_000, n))
      const id = containerId(13, n + 2)
      await node.run(id, 'readlink big 1><LOG_DIR>/stdout', {
        localResources: [{ key: 'big', value: await resource(node.store, `/big/${n}`, { visibility: 'PUBLIC' }) }],
      })
      await node.rm.completed(id)
      return node.logFile(id, 'stdout').trim()
    }
    const [first, second] = [await big(1), await big(2)]
    await until('the first is gone', () => !existsSync(first))
    expect(existsSync(second)).toBe(true)
  })

  it('with a link that leaves the work folder is refused', async () => {
    put('/user/alice/x', 'x')
    const id = containerId(14, 2)
    await node.run(id, 'true', { localResources: [{ key: '../../outside', value: await resource(node.store, '/user/alice/x') }] })
    expect((await node.rm.completed(id)).diagnostics).toContain("Destination must stay in the container's work folder: ../../outside")
  })
})
