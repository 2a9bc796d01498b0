import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { buildJobGraph, loadJobJar } from '../../../flink-yarn/program/index.js'
import { EXAMPLES, Engine, LineServer, until } from './harness.js'

const wc = (name: string) => `com.example.wc.${name}`

describe('a session', () => {
  let engine: Engine
  let lines: LineServer
  beforeAll(async () => {
    engine = new Engine({ conf: { 'slot.request.timeout': '5000' } })
    lines = await new LineServer().start()
  })
  afterAll(async () => {
    lines.close()
    await engine.close()
  })
  const words = (host = '127.0.0.1') => ({ entryClass: wc('StreamWordCount'), args: ['-host', host, '--port', String(lines.port)], parallelism: 2 })

  it('starts no TaskManager before a job needs one', async () => {
    expect((await engine.get('/v1/overview')).taskmanagers).toBe(0)
  })

  it('counts words of a socket over two TaskManagers, keys where Flink puts them, until it is cancelled', async () => {
    const id = await engine.submit(words())
    await engine.running(id)
    await lines.send('hello world\nhello flink\nhello java\r\n')
    await until('the counts', () => engine.output().length === 6)
    expect(engine.output().sort()).toEqual(['1> (hello,1)', '1> (hello,2)', '1> (hello,3)', '1> (java,1)', '2> (flink,1)', '2> (world,1)'])
    const { 'end-time': end, state, vertices } = await engine.get(`/jobs/${id}`)
    expect({ end, state, names: vertices.map((v: { name: string }) => v.name) }).toEqual({
      end: -1,
      state: 'RUNNING',
      names: ['Source: Socket Stream', 'Flat Map', 'Keyed Aggregation -> Sink: Print to Std. Out'],
    })
    expect(await engine.get('/overview')).toMatchObject({ taskmanagers: 2, 'slots-total': 2, 'slots-available': 0, 'jobs-running': 1 })
    const [tm] = (await engine.get('/taskmanagers')).taskmanagers
    const out = await (await fetch(`${await engine.url()}/taskmanagers/${tm.id}/stdout`)).text()
    expect(out).toMatch(/^[12]> \(\w+,1\)\n/)

    expect(await engine.get(`/jobs/${id}/execution-result`)).toEqual({ status: { id: 'IN_PROGRESS' } })
    expect(await engine.request('PATCH', `/v1/jobs/${id}?mode=cancel`)).toEqual({ status: 202, body: {} })
    await engine.status(id, 'CANCELED')
    expect((await engine.get(`/jobs/${id}/execution-result`))['job-execution-result']['application-status']).toBe('CANCELED')
    // Cancelled again, it stays cancelled.
    expect((await engine.request('GET', `/jobs/${id}/yarn-cancel`)).status).toBe(202)
    expect((await engine.get('/overview'))['slots-available']).toBe(2)
  })

  it('ends a job when its socket ends', async () => {
    const id = await engine.submit(words())
    await lines.send('a last line without its end')
    lines.hangUp()
    await engine.status(id, 'FINISHED')
    expect(engine.output()).toContainEqual(expect.stringMatching(/^[12]> \(end,1\)$/))
  })

  it("fails a job whose socket is refused, with Java's words", async () => {
    const id = await engine.submit({ ...words(), args: ['--host', '127.0.0.1', '--port', '1'] })
    await engine.status(id, 'FAILED')
    const { 'root-exception': root, 'all-exceptions': all } = await engine.get(`/jobs/${id}/exceptions`)
    expect(root).toBe(
      'org.apache.flink.runtime.JobException: Recovery is suppressed by NoRestartBackoffTimeStrategy\nCaused by: java.net.ConnectException: Connection refused: 127.0.0.1:1\n',
    )
    expect(all[0].task).toBe('Source: Socket Stream (1/1)')
    const { 'job-execution-result': result } = await engine.get(`/jobs/${id}/execution-result`)
    expect(result['failure-cause'].class).toBe('org.apache.flink.runtime.client.JobExecutionException')
    expect((await engine.request('PATCH', `/jobs/${id}`)).status).toBe(409)
  })

  it('fails a job whose function throws, and says where', async () => {
    const id = await engine.submit({ entryClass: wc('Fails'), args: [] })
    await engine.status(id, 'FAILED')
    const { 'root-exception': root } = await engine.get(`/jobs/${id}/exceptions`)
    expect(root).toMatch(/Caused by: Error: map fails on purpose\n\tat com\/example\/wc\/Fails\.js:\d+:\d+\n$/)
    // What came before the failure was printed.
    expect(engine.output()).toEqual(expect.arrayContaining(['1', '2']))
  })

  it('refuses to run a main that gives another graph than was submitted', async () => {
    const id = await engine.submit({ entryClass: wc('BoundedWordCount'), args: [] }, (graph) => ({ ...graph, hash: 'x' }))
    await engine.status(id, 'FAILED')
    expect((await engine.get(`/jobs/${id}/exceptions`))['root-exception']).toContain('The main method of com.example.wc.BoundedWordCount is not deterministic')
  })

  it('lets a job that finds no slots fail after slot.request.timeout', async () => {
    // The first takes all that there may be: a TaskManager that can't start counts as none.
    const busy = await engine.submit(words())
    await engine.running(busy)
    const id = await engine.submit({ entryClass: wc('BoundedWordCount'), args: [], parallelism: 1 }, (g) => ({
      ...g,
      configuration: { 'slot.request.timeout': '1' },
    }))
    await engine.status(id, 'FAILED')
    expect((await engine.get(`/jobs/${id}/exceptions`))['root-exception']).toContain(
      'NoResourceAvailableException: Slot request bulk is not fulfillable! Could not allocate the required slot within slot request timeout\nCaused by: java.util.concurrent.TimeoutException: Timeout has occurred: 1 ms',
    )
    await engine.request('PATCH', `/jobs/${busy}`)
    await engine.status(busy, 'CANCELED')
  })

  it('fails a job whose TaskManager is killed, naming it', async () => {
    const id = await engine.submit(words())
    await engine.running(id)
    const { vertices } = await engine.get(`/jobs/${id}`)
    const { subtasks } = await engine.get(`/jobs/${id}/vertices/${vertices[0].id}`)
    const name = subtasks[0]['taskmanager-id']
    process.kill(Number(readFileSync(path.join(engine.folder, name, 'pid'), 'utf8')), 'SIGKILL')
    await engine.status(id, 'FAILED')
    expect((await engine.get(`/jobs/${id}/exceptions`))['root-exception']).toMatch(
      new RegExp(`TaskManager process ${name} \\(pid \\d+\\) was ended by SIGKILL`),
    )
  })

  it('answers errors as Flink does', async () => {
    const none = '0'.repeat(32)
    expect(await engine.request('GET', '/nosuch')).toEqual({ status: 404, body: { errors: ['Unable to load requested file /nosuch.'] } })
    expect(await engine.request('DELETE', '/jobs')).toEqual({ status: 404, body: { errors: ['Not found: /jobs'] } })
    expect(await engine.request('GET', `/jobs/${none}`)).toEqual({
      status: 404,
      body: { errors: [`org.apache.flink.runtime.rest.NotFoundException: Job ${none} not found`] },
    })
    expect((await engine.request('GET', '/jobs/zz')).body.errors[0]).toContain('Cannot resolve path parameter (jobid) from value "zz".')
    expect((await engine.request('PATCH', `/jobs/${none}`)).body.errors[0]).toContain('Job could not be found.')
    expect((await engine.request('PATCH', `/jobs/${none}?mode=nosuch`)).body.errors[0]).toContain('Cannot resolve query parameter (mode) from value "nosuch".')
    expect((await engine.request('GET', '/taskmanagers/localhost:1-abcdef')).status).toBe(500)
    const json = { 'content-type': 'application/json' }
    expect((await engine.request('POST', '/jobs', '{}', json)).body.errors[0]).toContain('The jobGraphFileName field must not be omitted or be null.')
    expect((await engine.request('POST', '/jobs', '{"jobGraphFileName":"g"}', json)).body.errors[0]).toContain(
      'JobGraph file g could not be found on the server.',
    )
    expect((await engine.request('POST', '/jobs', '{', json)).status).toBe(400)
    expect((await engine.request('POST', '/jobs', 'cut', { 'content-type': 'multipart/form-data; boundary=b' })).status).toBe(400)
  })

  it('ends with SUCCEEDED when it is told to', async () => {
    expect(await engine.request('DELETE', '/cluster')).toEqual({ status: 200, body: {} })
    expect(await engine.exit).toBe(0)
    expect(engine.read('jobmanager.log')).toContain('with application status SUCCEEDED')
  })
})

describe('clusters of one program', () => {
  let engine: Engine | undefined
  afterEach(async () => {
    await engine?.close()
    engine = undefined
  })

  it('an application runs its main in the JobManager, one job after the other', async () => {
    engine = new Engine({ mode: 'application', args: ['--class', wc('TwoJobs'), '--jar', 'job.jar'], conf: { 'parallelism.default': '2' } })
    expect(await engine.exit).toBe(0)
    expect(engine.read('jobmanager.out')).toMatch(/^main: job 1 is [0-9a-f]{32}\nmain: job 2 is [0-9a-f]{32}\n$/)
    expect(engine.output().sort()).toEqual(['1> job 1: a', '1> job 1: c', '1> job 2: a', '1> job 2: c', '2> job 1: b', '2> job 2: b'])
  })

  it('an application whose job fails ends as FAILED', async () => {
    engine = new Engine({ mode: 'application', args: ['--class', wc('Fails'), '--jar', 'job.jar'] })
    expect(await engine.exit).toBe(1443 & 0xff)
    expect(engine.read('jobmanager.log')).toContain('with application status FAILED')
  })

  it('an application whose main throws, or is not there, ends without a status', async () => {
    engine = new Engine({ mode: 'application', args: ['--class', wc('Fails'), '--jar', 'job.jar', '--', '--main', 'true'] })
    expect(await engine.exit).toBe(2)
    expect(engine.read('jobmanager.err')).toContain('main fails on purpose')
    await engine.close()
    engine = new Engine({ mode: 'application', args: ['--class', 'no.such.Main', '--jar', 'job.jar'] })
    expect(await engine.exit).toBe(1)
    expect(engine.read('jobmanager.err')).toContain("The program's entry point class 'no.such.Main' was not found in the jar file.")
  })

  it('a per-job cluster ends with its job, when the client has the result', async () => {
    const graph = await buildJobGraph(await loadJobJar(EXAMPLES), { entryClass: wc('BoundedWordCount'), args: ['--times', '1000'], parallelism: 2 })
    engine = new Engine({
      mode: 'per-job',
      args: ['--jar', 'job.jar'],
      conf: { 'execution.attached': 'true', 'taskmanager.numberOfTaskSlots': '2' },
      files: { 'job.graph': JSON.stringify(graph) },
    })
    await engine.status(graph.jobId, 'FINISHED')
    const { 'job-execution-result': result } = await engine.get(`/jobs/${graph.jobId}/execution-result`)
    expect(result['application-status']).toBe('SUCCEEDED')
    expect(await engine.exit).toBe(0)
    const output = engine.output()
    expect(output).toHaveLength(6000)
    expect(output).toEqual(expect.arrayContaining(['1> (hello,3000)', '2> (world,1000)', '2> (flink,1000)', '1> (yarn,1000)']))
  })

  it('a per-job cluster ends at once when its job is cancelled', async () => {
    const lines = await new LineServer().start()
    const args = ['--host', '127.0.0.1', '--port', String(lines.port)]
    const graph = await buildJobGraph(await loadJobJar(EXAMPLES), { entryClass: wc('StreamWordCount'), args })
    engine = new Engine({ mode: 'per-job', args: ['--jar', 'job.jar'], conf: { 'execution.attached': 'true' }, files: { 'job.graph': JSON.stringify(graph) } })
    await engine.running(graph.jobId)
    await engine.request('PATCH', `/jobs/${graph.jobId}`)
    expect(await engine.exit).toBe(0)
    expect(engine.read('jobmanager.log')).toContain('with application status CANCELED')
    lines.close()
  })

  it('restarts a job with fixed-delay before it gives up', async () => {
    const conf = { 'restart-strategy': 'fixed-delay', 'restart-strategy.fixed-delay.attempts': '2', 'restart-strategy.fixed-delay.delay': '1 ms' }
    engine = new Engine({ mode: 'application', args: ['--class', wc('Fails'), '--jar', 'job.jar'], conf })
    expect(await engine.exit).toBe(1443 & 0xff)
    expect(engine.output().filter((line) => line === '2')).toHaveLength(3)
    expect(engine.read('jobmanager.log')).toContain('FixedDelayRestartBackoffTimeStrategy(maxNumberRestartAttempts=2, backoffTimeMS=1)')
  })
})
