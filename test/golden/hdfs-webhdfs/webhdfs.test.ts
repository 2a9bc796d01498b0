/** WebHDFS requests in the order in which a real HDFS was asked, and what that answered: status, headers, every field. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../../common/supervisor/layout.js'
import { type HdfsCluster, hdfsCluster } from '../../harness/hdfs.js'

interface Exchange {
  readonly name: string
  /** A DataNode's request goes where the NameNode's answer before it pointed. */
  readonly server: 'namenode' | 'datanode'
  readonly method: string
  readonly path: string
  readonly body?: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly answer: unknown
}

const exchanges: readonly Exchange[] = JSON.parse(readFileSync(path.join(root, 'test/golden/hdfs-webhdfs/webhdfs.json'), 'utf8'))

/** What differs from cluster to cluster; that it is there, and of which type, is compared. */
const VOLATILE =
  /^(accessTime|modificationTime|blockId|generationStamp|blockPoolId|blockPoolUsed|capacity|dfsUsed|remaining|lastBlockReport.*|lastUpdate.*|xceiverCount|fileId|infoPort|ipcPort|xferPort|storageID)$/

/** Where the answer is another one, and why that is so. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'getfilestatus-root': 'the real one had other directories',
  'liststatus-root': 'the real one had other directories',
  getstatus: 'the real one was of version 3.3, which does not have it',
}

const masked = (text: string) => text.replace(/(localhost|127\.0\.0\.1):(\d+|PORT)/g, 'HOST:PORT')

function comparable(value: unknown, key = ''): unknown {
  if (VOLATILE.test(key)) return typeof value
  if (Array.isArray(value)) return value.map((v) => comparable(v))
  if (value !== null && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, comparable(v, k)]))
  return typeof value === 'string' ? masked(value).replace(/\n\tat [\s\S]*/, '') : value
}

describe('WebHDFS answers as a real HDFS', () => {
  let cluster: HdfsCluster

  beforeAll(async () => {
    cluster = await hdfsCluster(1, {
      'hadoop.http.staticuser.user': 'root',
      'hadoop.proxyuser.root.hosts': '*',
      'hadoop.proxyuser.root.groups': '*',
    })
    await cluster.start('namenode')
    await cluster.start('datanode-1')
  })
  afterAll(() => cluster?.close())

  it('to a whole session', async () => {
    const different: string[] = []
    let redirect = ''
    for (const e of exchanges) {
      const url = e.server === 'namenode' ? `${cluster.namenodeHttp}${e.path}` : redirect
      const ask = () =>
        fetch(url, {
          method: e.method,
          redirect: 'manual',
          ...(e.body !== undefined && { body: e.body, headers: { 'Content-Type': 'application/octet-stream' } }),
        })
      const response = await ask()
      const location = response.headers.get('location') ?? ''
      if (e.server === 'namenode') redirect = location
      const text = await response.text()
      const json = /json/.test(response.headers.get('content-type') ?? '') && text !== ''
      const seen = {
        status: response.status,
        headers: Object.fromEntries(Object.keys(e.headers).map((h) => [h, response.headers.get(h) === null ? undefined : masked(response.headers.get(h)!)])),
        answer: json ? comparable(JSON.parse(text)) : text.trim(),
      }
      const wanted = {
        status: e.status,
        headers: Object.fromEntries(Object.entries(e.headers).map(([k, v]) => [k, masked(v)])),
        answer: typeof e.answer === 'string' ? e.answer.trim() : comparable(e.answer),
      }
      if (!(e.name in DIFFERENT) && JSON.stringify(sorted(seen)) !== JSON.stringify(sorted(wanted)))
        different.push(`${e.name}: ${e.method} ${e.path}\n  ${JSON.stringify(sorted(seen))}\ninstead of\n  ${JSON.stringify(sorted(wanted))}`)
    }
    expect(different.join('\n\n')).toBe('')
  }, 60_000)
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  )
}
