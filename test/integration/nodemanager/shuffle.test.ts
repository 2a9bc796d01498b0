/** mapreduce_shuffle gives a reducer the parts of map outputs that are its own, in Hadoop's bytes, and nobody else anything. */
import { createHmac } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WritableReader, WritableWriter } from '../../../common/security/writable.js'
import { TestNode, CLUSTER, containerId } from './harness.js'

const PASSWORD = Buffer.from('the password of the job')
const JOB_TOKEN = new WritableWriter().vbytes(Buffer.from('job')).vbytes(PASSWORD).text('mapreduce.job').text('job').finish()
const JOB = `job_${CLUSTER}_0001`
const MAPS = ['attempt_1_0001_m_000000_0', 'attempt_1_0001_m_000001_0']
const PARTS = [Buffer.from('for reduce zero'), Buffer.alloc(0), Buffer.alloc(70_000, 'two')]

let node: TestNode
let port: number
beforeAll(async () => {
  node = await TestNode.start({
    'yarn.nodemanager.aux-services': 'mapreduce_shuffle',
    'mapreduce.shuffle.port': '0',
    'yarn.nodemanager.recovery.enabled': 'true',
    'yarn.nodemanager.recovery.supervised': 'true',
  })
  port = await start(2)
  for (const map of MAPS) {
    const folder = path.join(node.local, 'usercache/ann/appcache', `application_${CLUSTER}_0001`, 'output', map)
    mkdirSync(folder, { recursive: true })
    const index = new WritableWriter()
    let at = 0
    for (const p of PARTS) {
      index
        .long(at)
        .long(p.length + 1)
        .long(p.length)
      at += p.length
    }
    writeFileSync(path.join(folder, 'file.out'), Buffer.concat(PARTS))
    writeFileSync(path.join(folder, 'file.out.index'), index.long(0).finish())
  }
})
afterAll(() => node.stop())

/** Starts a map of the job. @returns where its launch said that outputs are to be fetched */
async function start(n: number): Promise<number> {
  const { answer } = await node.run(containerId(1, n), 'sleep 600', { serviceData: [{ key: 'mapreduce_shuffle', value: JOB_TOKEN }] }, { appSubmitter: 'ann' })
  expect(answer.failedRequests).toEqual([])
  expect(answer.servicesMetaData.map((m) => m.key)).toEqual(['mapreduce_shuffle'])
  return Buffer.from(answer.servicesMetaData[0]!.value!).readInt32BE(0)
}

async function fetchMaps(
  reduce: number,
  maps: readonly string[],
  changes: { readonly password?: Buffer; readonly version?: string; readonly job?: string } = {},
) {
  const url = `/mapOutput?job=${changes.job ?? JOB}&reduce=${reduce}&map=${maps.join(',')}`
  const hash = createHmac('sha1', changes.password ?? PASSWORD)
    .update(`${port}${url}`)
    .digest('base64')
  const answer = await fetch(`http://127.0.0.1:${port}${url}`, { headers: { name: 'mapreduce', version: changes.version ?? '1.0.0', UrlHash: hash } })
  return { status: answer.status, headers: answer.headers, hash, body: Buffer.from(await answer.arrayBuffer()) }
}

describe('mapreduce_shuffle', () => {
  it('answers with a header and the part of each map, and proves that it knows the job', async () => {
    for (const [reduce, part] of PARTS.entries()) {
      const { status, headers, hash, body } = await fetchMaps(reduce, MAPS)
      expect(status).toBe(200)
      expect(headers.get('name')).toBe('mapreduce')
      expect(headers.get('version')).toBe('1.0.0')
      expect(headers.get('ReplyHash')).toBe(createHmac('sha1', PASSWORD).update(hash).digest('base64'))
      expect(headers.get('content-length')).toBe(String(body.length))
      const reader = new WritableReader(body)
      for (const map of MAPS) {
        expect([reader.text(), reader.vlong(), reader.vlong(), reader.vlong()]).toEqual([map, part.length, part.length + 1, reduce])
        expect(reader.bytes(part.length).equals(part)).toBe(true)
      }
      expect(reader.remaining).toBe(0)
    }
  })

  it('refuses who does not know the token, asks for what is not there, or speaks otherwise', async () => {
    expect(await fetchMaps(0, MAPS, { password: Buffer.from('guessed') })).toMatchObject({ status: 401 })
    expect(await fetchMaps(0, MAPS, { job: `job_${CLUSTER}_0077` })).toMatchObject({ status: 401 })
    expect(await fetchMaps(0, ['attempt_1_0001_m_000009_0'])).toMatchObject({ status: 404 })
    expect(await fetchMaps(3, MAPS)).toMatchObject({ status: 404 })
    expect(await fetchMaps(0, MAPS, { version: '2.0.0' })).toMatchObject({ status: 400 })
    expect(await fetchMaps(0, ['../../secret'])).toMatchObject({ status: 400 })
    expect(await fetchMaps(-1, MAPS)).toMatchObject({ status: 400 })
  })

  it('goes on at the same port after the NodeManager was restarted', async () => {
    await node.daemon.stop()
    await node.startDaemon({ 'yarn.nodemanager.recovery.supervised': 'false' })
    expect(await fetchMaps(0, MAPS)).toMatchObject({ status: 200 })
    expect(await start(3)).toBe(port)
  })
})
