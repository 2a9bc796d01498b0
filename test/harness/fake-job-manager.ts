/** A JobManager's REST endpoint that keeps jobs in a table, answers as the real one does, and notes what it was asked. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeJob {
  readonly jid: string
  readonly name: string
  state: string
  readonly start: number
  /** Of a job that failed: class and stack trace. */
  readonly failure?: { readonly class: string; readonly 'stack-trace': string }
}

export interface FakeJobManager {
  readonly port: number
  readonly jobs: FakeJob[]
  /** `METHOD path` of all requests, in order. */
  readonly asked: string[]
  /** Bodies of POST /jobs. */
  readonly submitted: string[]
  /** What becomes of a submitted job. */
  outcome: Pick<FakeJob, 'state' | 'failure'>
  close(): Promise<void>
}

export async function fakeJobManager(): Promise<FakeJobManager> {
  const jobs: FakeJob[] = []
  const asked: string[] = []
  const submitted: string[] = []
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (c: Buffer) => chunks.push(c))
    request.on('end', () => {
      const route = `${request.method} ${request.url}`
      asked.push(route)
      const [status, body] = answer(route, Buffer.concat(chunks).toString('latin1'))
      response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(body))
    })
  })
  const handle: FakeJobManager = {
    port: 0,
    jobs,
    asked,
    submitted,
    outcome: { state: 'FINISHED' },
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }

  function answer(route: string, body: string): [number, unknown] {
    const id = /[0-9a-f]{32}/.exec(route)?.[0]
    const job = jobs.find((j) => j.jid === id)
    if (route === 'GET /v1/jobs/overview') return [200, { jobs: jobs.map((j) => ({ jid: j.jid, name: j.name, state: j.state, 'start-time': j.start })) }]
    if (route === 'POST /v1/jobs') {
      submitted.push(body)
      const graph = JSON.parse(/filename="flink-jobgraph[^\n]*\n[^\n]*\r\n\r\n([^\r]*)/.exec(body)![1]!) as { jobId: string; name: string }
      jobs.push({ jid: graph.jobId, name: graph.name, start: Date.UTC(2023, 10, 17), ...handle.outcome })
      return [202, { jobUrl: `/jobs/${graph.jobId}` }]
    }
    if (route.startsWith('PATCH')) {
      if (!job)
        return [
          404,
          failure('Job could not be found.', `Caused by: org.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find Flink job (${id})\n`),
        ]
      if (job.state !== 'RUNNING' && job.state !== 'CANCELED')
        return [409, failure(`Job cancellation failed because the job has already reached another terminal state (${job.state}).`, '')]
      job.state = 'CANCELED'
      return [202, {}]
    }
    if (route.endsWith('/status')) return [200, { status: job!.state }]
    if (route.endsWith('/execution-result')) {
      const result = { id, 'application-status': status(job!.state), 'accumulator-results': {}, 'net-runtime': 328, 'failure-cause': job!.failure }
      return [200, { status: { id: 'COMPLETED' }, 'job-execution-result': result }]
    }
    return [404, { errors: ['Not found: ' + route] }]
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(handle, { port: (server.address() as AddressInfo).port })
}

const status = (state: string) => (state === 'FINISHED' ? 'SUCCEEDED' : state)

function failure(message: string, causes: string) {
  const frames = '\tat org.apache.flink.runtime.rest.handler.job.JobCancellationHandler.lambda$handleRequest$0(JobCancellationHandler.java:128)\n'
  return { errors: [`org.apache.flink.runtime.rest.handler.RestHandlerException: ${message}\n${frames}${causes}`] }
}
