import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { LocalResourceProto } from '../../../common/proto/gen/yarn.js'
import { isoTime } from '../../../nodemanager/localizer/download.js'
import { Localizer, resourceId } from '../../../nodemanager/localizer/localizer.js'
import { describe as describeRequest, nameOf, requestOf } from '../../../nodemanager/localizer/request.js'
import { Sources } from '../../../nodemanager/localizer/sources.js'
import { LocalDirs } from '../../../nodemanager/monitor/disks.js'
import { MemoryStore } from '../../../nodemanager/store/memory.js'

const dirs: string[] = []
afterEach(() => {
  for (const d of dirs.splice(0)) rmSync(d, { recursive: true, force: true })
})

const SIZE = 100
const proto = (n: number, visibility: 'PUBLIC' | 'PRIVATE' | 'APPLICATION') =>
  LocalResourceProto.decode(
    LocalResourceProto.encode({
      resource: { scheme: 'hdfs', host: 'mycluster', port: -1, file: `/f${n}` },
      size: SIZE,
      timestamp: 1,
      type: 'FILE',
      visibility,
    }),
  )

function localizer(cacheTarget: number, store = new MemoryStore(true), base = mkdtempSync(path.join(os.tmpdir(), 'nm-localizer-'))) {
  dirs.push(base)
  const local = new LocalDirs([path.join(base, 'local')], [path.join(base, 'logs')], {
    enabled: true,
    maxUtilization: 100,
    minFreeMb: 0,
    minHealthyFraction: 0.25,
    interval: 1000,
  })
  const opened: string[] = []
  const told: [container: string, resource: string][] = []
  const l = new Localizer({
    dirs: local,
    store,
    sources: new Sources(() => ({
      getFileStatus: async (p) => ({ path: p, type: p.endsWith('/') ? 'DIRECTORY' : 'FILE', length: SIZE, modificationTime: 1, permission: 0o755 }),
      listStatus: async () => [],
      open: (p) => {
        opened.push(p)
        return Readable.from([Buffer.alloc(SIZE)])
      },
    })),
    nodeUser: 'yarn',
    cacheTarget,
    parallel: 2,
    onLocalized: (container, resource) => told.push([container, resource]),
    onFailed: (_c, _r, diagnostics) => {
      throw new Error(diagnostics)
    },
    onError: (what, e) => {
      throw new Error(what, { cause: e })
    },
  })
  return { l, opened, told, base, store }
}

const settled = async (probe: () => boolean) => {
  for (const end = performance.now() + 5_000; !probe(); await new Promise((r) => setTimeout(r, 1))) if (performance.now() > end) throw new Error('not settled')
}

describe('a localised resource', () => {
  it('is there for whoever uses it, whoever else comes and goes', async () => {
    const step = fc.record({
      container: fc.integer({ min: 0, max: 4 }),
      resource: fc.integer({ min: 0, max: 5 }),
      visibility: fc.constantFrom('PUBLIC' as const, 'PRIVATE' as const),
      release: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { l, told, base } = localizer(2 * SIZE)
        const held = new Map<string, Set<string>>()
        for (const s of steps) {
          const asker = { containerId: `c${s.container}`, user: 'alice', applicationId: 'application_1_0001' }
          if (s.release) {
            l.release(asker.containerId)
            held.delete(asker.containerId)
            continue
          }
          const p = proto(s.resource, s.visibility)
          const id = resourceId(requestOf(p), asker)
          const before = told.length
          l.request(asker, p)
          await settled(() => told.slice(before).some(([c, r]) => c === asker.containerId && r === id))
          held.set(asker.containerId, (held.get(asker.containerId) ?? new Set()).add(id))
          for (const ids of held.values()) for (const used of ids) expect(existsSync(l.pathOf(used)!), used).toBe(true)
          const unused = [...l.localised()].filter((r) => r.users === 0).length
          const inUse = [...l.localised()].filter((r) => r.users > 0).length
          expect(unused === 0 || unused + inUse <= 2).toBe(true)
        }
        rmSync(base, { recursive: true, force: true })
      }),
      { numRuns: 40 },
    )
  })

  it('is brought once for all that ask while it is on its way', async () => {
    const { l, opened, told } = localizer(1e9)
    for (let c = 0; c < 10; c++) l.request({ containerId: `c${c}`, user: c % 2 ? 'alice' : 'bob', applicationId: 'a' }, proto(1, 'PUBLIC'))
    await settled(() => told.length === 10)
    expect(opened).toHaveLength(1)
  })

  it("is each user's own when it is private", async () => {
    const { l, opened, told, base } = localizer(1e9)
    for (const user of ['alice', 'bob']) l.request({ containerId: user, user, applicationId: 'a' }, proto(1, 'PRIVATE'))
    await settled(() => told.length === 2)
    expect(opened).toHaveLength(2)
    for (const user of ['alice', 'bob']) expect(readFileSync(path.join(base, `local/usercache/${user}/filecache/10/f1`))).toHaveLength(SIZE)
  })

  it('is known again, and half of one is not', async () => {
    const { l, told, base, store } = localizer(1e9)
    l.request({ containerId: 'c', user: 'alice', applicationId: 'a' }, proto(1, 'PUBLIC'))
    await settled(() => told.length === 1)
    store.putResource(path.join(base, 'local/filecache/11/f2'), {
      tracker: 'PUBLIC',
      resource: LocalResourceProto.encode(proto(2, 'PUBLIC')),
      path: path.join(base, 'local/filecache/11/f2'),
      size: undefined,
    })
    const again = localizer(1e9, store, base)
    again.l.recover(store.load().resources.values())
    for (const n of [1, 2]) again.l.request({ containerId: 'c', user: 'alice', applicationId: 'a' }, proto(n, 'PUBLIC'))
    await settled(() => again.told.length === 2)
    expect(again.opened).toEqual(['hdfs://mycluster/f2'])
    expect([...again.l.localised()].map((r) => path.relative(base, r.path))).toEqual(['local/filecache/10/f1', 'local/filecache/12/f2'])
  })

  it('that somebody removed is brought again', async () => {
    const { l, opened, told, base } = localizer(1e9)
    const asker = { containerId: 'c', user: 'alice', applicationId: 'a' }
    l.request(asker, proto(1, 'PUBLIC'))
    await settled(() => told.length === 1)
    rmSync(path.join(base, 'local/filecache/10'), { recursive: true })
    l.request({ ...asker, containerId: 'd' }, proto(1, 'PUBLIC'))
    await settled(() => told.length === 2)
    expect(opened).toHaveLength(2)
  })
})

describe('a request for a resource', () => {
  it.each([
    [{ scheme: 'hdfs', host: 'mycluster', port: -1, file: '/a/b.jar' }, 'hdfs://mycluster/a/b.jar'],
    [{ scheme: 'hdfs', host: 'nn', port: 8020, file: '/a' }, 'hdfs://nn:8020/a'],
    [{ scheme: 'file', file: '/a' }, 'file:///a'],
    [{ file: '/a' }, '/a'],
  ])('%j is %s', (resource, uri) => {
    const request = requestOf(LocalResourceProto.decode(LocalResourceProto.encode({ resource, type: 'FILE', visibility: 'PUBLIC', timestamp: 5 })))
    expect(request.uri).toBe(uri)
    expect(describeRequest(request)).toBe(`{ ${uri}, 5, FILE, null }`)
    expect(nameOf(request)).toBe(uri.split('/').at(-1))
  })

  it('shows times as Hadoop does', () => {
    expect(isoTime(Date.UTC(2001, 1, 3, 3, 32, 43, 7))).toMatch(/^2001-02-0[234]T\d\d:\d\d:43\.007[+-]\d{4}$/)
  })
})
