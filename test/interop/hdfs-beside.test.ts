/** A real HDFS and ours, asked the same. */
import { readFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DfsClient, isException, snapshotDifferences } from '../../hdfs-lite/client/index.js'
import { type HdfsCluster, hdfsCluster, until } from '../harness/hdfs.js'
import { hadoopHomeOf, whyNot } from './peers/layout.js'
import { type RealHdfs, realHdfs } from './peers/real-hdfs.js'

const PROPERTIES = {
  'dfs.replication': '1',
  'hadoop.http.staticuser.user': 'root',
  'dfs.namenode.snapshotdiff.listing.limit': '3',
}

describe.skipIf(whyNot() !== undefined)('a real HDFS beside ours', () => {
  let real: RealHdfs
  let own: HdfsCluster

  beforeAll(async () => {
    real = await realHdfs(['real'], PROPERTIES)
    own = await hdfsCluster(1, PROPERTIES)
    await own.start('namenode')
    await own.start('datanode-1')
  })
  afterAll(async () => {
    await real?.close()
    await own?.close()
  })

  it('answers WebHDFS as ours does', async () => {
    expect(await differing('requests.txt', real, own)).toEqual([])
  })

  it('charges quotas for what snapshots hold, and tells differences, as ours does', async () => {
    const theirs = await snapshotsAndQuotas(new DfsClient(real.conf))
    const ours = await snapshotsAndQuotas(new DfsClient(own.conf))
    expect(ours).toEqual(theirs)
  })
})

describe.skipIf(whyNot() !== undefined)('a real HDFS of version 3.4.2 beside ours', () => {
  it('answers what its WebHDFS has more than that of 3.3 as ours does', async () => {
    const real = await realHdfs(['real'], PROPERTIES, hadoopHomeOf('3.4.2'))
    const own = await hdfsCluster(1, PROPERTIES)
    try {
      await own.start('namenode')
      await own.start('datanode-1')
      expect(await differing('requests-3.4.txt', real, own)).toEqual([])
    } finally {
      await real.close()
      await own.close()
    }
  })
})

/** Requests of the file that are answered otherwise, with both answers. */
async function differing(file: string, real: RealHdfs, own: HdfsCluster): Promise<string[]> {
  const requests = readFileSync(path.join(path.dirname(fileURLToPath(import.meta.url)), 'webhdfs', file), 'utf8')
    .split('\n')
    .filter((l) => /^[A-Z]/.test(l))
  const found: string[] = []
  for (const line of requests) {
    const theirs = await ask(real.namenodeHttp, line)
    const ours = await ask(own.namenodeHttp, line)
    if (LEFT_OUT.test(line)) expect(ours).toMatch(/Erasure coding is not part of this NameNode|"ErasureCoding\w+":(\{"ErasureCodingPolicyInfo":\[\]\}|\{\})\}$/)
    else if (theirs !== ours) found.push(`${line}\n  Hadoop's ${theirs}\n  ours     ${ours}`)
  }
  return found
}

/** Operations of a feature that ours does not have. */
const LEFT_OUT = /(ENABLE|DISABLE|\bSET|UNSET)ECPOLICY|GETECPOLICIES|GETECCODECS/

/** A request, and what it is redirected to; status, headers and body of each as one line. */
async function ask(server: string, line: string): Promise<string> {
  const [, method, target, headerText, body] = /^(\S+) (\S+)((?: @[^|]*)?)(?: \| (.*))?$/.exec(line)!
  const url = `${server}/webhdfs/v1${encodeURI(target!).replaceAll('%25', '%')}${/user\.name=|delegation=/.test(target!) ? '' : `${target!.includes('?') ? '&' : '?'}user.name=root`}`
  const headers: Record<string, string> = {}
  for (const h of headerText!.split(' @').filter(Boolean)) headers[h.slice(0, h.indexOf(':'))] = h.slice(h.indexOf(':') + 1).trim()
  const first = await request(url, method!, headers)
  const seen = [shown(first)]
  const { location } = first.headers
  if (first.status === 307 && location) {
    const type: Record<string, string> = body === undefined ? {} : { 'Content-Type': 'application/octet-stream' }
    seen.push(shown(await request(location, method!, type, body)))
  }
  return seen.join(' -> ')
}

const HEADERS = ['content-type', 'location', 'access-control-allow-origin', 'access-control-allow-methods', 'access-control-allow-headers', 'allow']
/** What differs from cluster to cluster. */
const VOLATILE =
  /^(accessTime|modificationTime|access_time|modification_time|blockId|generationStamp|blockPoolId|blockPoolUsed|capacity|used|dfsUsed|nonDfsUsed|remaining|lastBlockReport.*|lastUpdate.*|xceiverCount|fileId|dirId|infoPort|ipcPort|xferPort|storageID|snapshotID|numBlocks)$/

interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

/** Not by fetch: a real DataNode says `100 Continue` to who did not ask. */
function request(url: string, method: string, headers: Record<string, string>, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = http.request(url, { method, headers: { ...headers, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (t: string) => {
        text += t
      })
      response.once('error', reject)
      response.once('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }))
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

function shown({ status, headers, text }: Answer): string {
  const type = headers['content-type'] ?? ''
  const body = /json/.test(type) && text !== '' ? JSON.stringify(sorted(JSON.parse(text))) : /html/.test(type) ? 'a page' : text
  const of = HEADERS.filter((h) => headers[h] !== undefined).map((h) => `${h}=${headers[h]}`)
  return masked(`${status} ${of.join(' ')} ${body}`)
}

const masked = (text: string) =>
  text
    .replace(/(localhost|127\.0\.0\.1)(%3A|:)\d+/g, 'HOST:PORT')
    .replace(/BP-[\d.-]+/g, 'POOL')
    .replace(/blk_\d+_\d+/g, 'BLOCK')
    .replace(/\\n\\tat [^"]*/g, '')
    .replace(/DFSClient_\w+?_-?\d+_\d+/g, 'CLIENT')

function sorted(value: unknown, key = ''): unknown {
  if (VOLATILE.test(key)) return typeof value
  if (Array.isArray(value)) return value.map((v) => sorted(v))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v, k)]),
  )
}

/** Each step by its name, and what is used after it. */
async function snapshotsAndQuotas(client: DfsClient): Promise<unknown[]> {
  const { namenode } = client
  const told: unknown[] = []
  const usage = async () => {
    const lines: string[] = []
    for (const path of ['/q', '/q/s', '/q/t']) {
      const { usage: u } = await namenode.getQuotaUsage({ path })
      const s = await client.contentSummary(path)
      lines.push(`${path} ${u.fileAndDirectoryCount} ${u.spaceConsumed}; ${s.directoryCount} ${s.fileCount} ${s.length} ${s.spaceConsumed}`)
    }
    return lines
  }
  const step = async (name: string, act: () => Promise<unknown>) => {
    try {
      await act()
      told.push([name, await usage()])
    } catch (e) {
      if (!isException(e)) throw e
      told.push([name, e.className, e.message.split('\n', 1)[0]])
    }
  }
  const quota = (path: string, namespaceQuota: number, storagespaceQuota: number) => namenode.setQuota({ path, namespaceQuota, storagespaceQuota })
  for (const d of ['/q/s/d/e', '/q/t']) await client.mkdirs(d)
  const write = (path: string, bytes: number) => client.writeFile(path, Buffer.alloc(bytes, 'x'), { blockSize: 1024, replication: 1 })
  await write('/q/s/f', 1000)
  await write('/q/s/d/g', 2500)
  await write('/q/s/d/e/h', 10)
  await step('quotas', async () => {
    await quota('/q', 40, 1_000_000)
    await quota('/q/s', 30, 500_000)
    await quota('/q/t', 30, 500_000)
  })
  await step('a snapshot', async () => {
    await namenode.allowSnapshot({ snapshotRoot: '/q/s' })
    await namenode.createSnapshot({ snapshotRoot: '/q/s', snapshotName: 's1' })
  })
  await step('a file is deleted', () => client.delete('/q/s/f', false))
  await step('a new one of its name', () => write('/q/s/f', 500))
  await step('replication up', () => client.setReplication('/q/s/d/g', 3))
  await step('and down', () => client.setReplication('/q/s/d/g', 1))
  await step('truncated at a block', async () => {
    await namenode.truncate({ src: '/q/s/d/g', newLength: 1024, clientName: client.clientName })
  })
  await step('truncated within one', async () => {
    const { result } = await namenode.truncate({ src: '/q/s/d/g', newLength: 300, clientName: client.clientName })
    if (!result) await until('it is cut', async () => (await namenode.isFileClosed({ src: '/q/s/d/g' })).result, 60_000)
  })
  await step('renamed where it is', () => client.rename('/q/s/d/e/h', '/q/s/d/e/i'))
  await step('a second snapshot', () => namenode.createSnapshot({ snapshotRoot: '/q/s', snapshotName: 's2' }))
  await step('a directory is moved out', () => client.rename('/q/s/d', '/q/t/d'))
  await step('something is made in it', () => client.mkdirs('/q/t/d/new/er'))
  await step('a file of it is deleted', () => client.delete('/q/t/d/g', false))
  await step('a third snapshot', () => namenode.createSnapshot({ snapshotRoot: '/q/s', snapshotName: 's3' }))
  const diff = async (from: string, to: string) => told.push([from, to, await snapshotDifferences(namenode, '/q/s', from, to)])
  for (const [from, to] of [
    ['s1', 's2'],
    ['s2', 's1'],
    ['s1', 's3'],
    ['s3', 's2'],
    ['s2', ''],
    ['', 's1'],
    ['s2', 's2'],
  ] as const)
    await diff(from, to)
  await step('it is moved back', () => client.rename('/q/t/d', '/q/s/d2'))
  await step('and deleted', () => client.delete('/q/s/d2', true))
  await step('more than the names', async () => {
    await quota('/q/s', 12, 500_000)
    for (let i = 0; i < 20; i++) await client.mkdirs(`/q/s/more${i}`)
  })
  await step('more than the space', async () => {
    await quota('/q/s', 100, 5000)
    await client.setReplication('/q/s/f', 20)
  })
  client.close()
  return told
}
