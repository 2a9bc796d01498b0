/** A JobManager's REST endpoint as Flink's commands use it. */
import http from 'node:http'
import { createReadStream, statSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { FLINK_ERRORS, FlinkError, flinkError } from '../config/errors.js'
import type { JobGraph } from '../jobgraph/index.js'

export interface RestAddress {
  readonly host: string
  readonly port: number
}

export interface JobDetails {
  readonly jid: string
  readonly name: string
  readonly state: string
  readonly 'start-time': number
}

export interface JobExecutionResult {
  readonly id: string
  readonly 'application-status': 'SUCCEEDED' | 'FAILED' | 'CANCELED' | 'UNKNOWN'
  readonly 'accumulator-results'?: Readonly<Record<string, unknown>>
  readonly 'net-runtime': number
  readonly 'failure-cause'?: { readonly class: string; readonly 'stack-trace': string }
}

/** States that a job never leaves. */
export const TERMINAL_STATES: ReadonlySet<string> = new Set(['FINISHED', 'FAILED', 'CANCELED', 'SUSPENDED'])

const FIRST_PAUSE = 20
const LONGEST_PAUSE = 500
/** While a JobManager says that it has no leader yet. */
const UNAVAILABLE_LIMIT = 30_000

/** Flink's client sends an empty object with every request; for a GET its length must be said. */
const JSON_BODY = { 'content-type': 'application/json; charset=UTF-8', 'content-length': '2' }

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** What an endpoint answered instead of what was asked for. */
export class RestError extends FlinkError {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(FLINK_ERRORS.RestClientException, message)
  }
}

const NOT_FOUND = 404

interface Answer {
  readonly status: number
  readonly body: string
}

export class RestClient {
  readonly #agent = new http.Agent({ keepAlive: true })

  constructor(
    readonly address: RestAddress,
    /** Milliseconds for one answer. */
    readonly timeout = 60_000,
  ) {}

  get url(): string {
    return `http://${net.isIPv6(this.address.host) ? `[${this.address.host}]` : this.address.host}:${this.address.port}`
  }

  async jobs(): Promise<JobDetails[]> {
    return (await this.#json<{ jobs: JobDetails[] }>('GET', '/jobs/overview')).jobs
  }

  async cancel(jobId: string): Promise<void> {
    await this.#json('PATCH', `/jobs/${jobId}?mode=cancel`)
  }

  async status(jobId: string): Promise<string> {
    return (await this.#json<{ status: string }>('GET', `/jobs/${jobId}/status`)).status
  }

  /** Undefined while the job runs. */
  async executionResult(jobId: string): Promise<JobExecutionResult | undefined> {
    const answer = await this.#json<{ status: { id: string }; 'job-execution-result'?: JobExecutionResult }>('GET', `/jobs/${jobId}/execution-result`)
    return answer.status.id === 'COMPLETED' ? answer['job-execution-result'] : undefined
  }

  /** Hands a job over; resolves when it has been initialised. */
  async submit(graph: JobGraph, jar: string): Promise<void> {
    await this.#upload(graph, jar)
    await this.initialised(graph.jobId)
  }

  /** @param mayBeUnknown milliseconds for which a cluster that brings its job along may not know of it yet */
  async initialised(jobId: string, mayBeUnknown = 0): Promise<void> {
    const deadline = performance.now() + mayBeUnknown
    const unknownYet = (e: unknown) => {
      if (e instanceof RestError && e.status === NOT_FOUND && performance.now() < deadline) return 'INITIALIZING'
      throw e
    }
    for (let pause = FIRST_PAUSE; (await this.status(jobId).catch(unknownYet)) === 'INITIALIZING'; pause = Math.min(pause * 2, LONGEST_PAUSE))
      await sleep(pause)
  }

  /**
   * Waits for the job's end.
   * @param onLost asked when no connection can be made: it throws when the JobManager is gone for good
   */
  async result(jobId: string, onLost: (e: FlinkError) => Promise<void>): Promise<JobExecutionResult> {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE)) {
      try {
        const found = await this.executionResult(jobId)
        if (found) return found
      } catch (e) {
        if (!(e instanceof FlinkError && e.is('ConnectException'))) throw e
        await onLost(e)
      }
      await sleep(pause)
    }
  }

  async shutDownCluster(): Promise<void> {
    await this.#json('DELETE', '/cluster')
  }

  close(): void {
    this.#agent.destroy()
  }

  async #json<T>(method: string, resource: string): Promise<T> {
    const deadline = performance.now() + UNAVAILABLE_LIMIT
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const answer = await this.#request(method, resource, JSON_BODY, (request) => request.end('{}'))
      if (answer.status === 503 && performance.now() < deadline) {
        await sleep(pause)
        continue
      }
      return this.#read<T>(answer)
    }
  }

  #read<T>(answer: Answer): T {
    let value: unknown
    try {
      value = JSON.parse(answer.body)
    } catch {
      throw new RestError(answer.status, `${this.url} answered ${answer.status} with something that is not JSON: is that a JobManager's REST endpoint?`)
    }
    if (answer.status >= 200 && answer.status < 300) return value as T
    const { errors } = value as { errors?: string[] }
    throw new RestError(answer.status, `[${(errors ?? [answer.body]).join(', ')}]`)
  }

  #upload(graph: JobGraph, jar: string): Promise<void> {
    const boundary = `bobbin${graph.jobId}`
    const graphName = `flink-jobgraph-${graph.jobId}.json`
    const jarName = path.basename(jar)
    const request = { jobGraphFileName: graphName, jobJarFileNames: [jarName], jobArtifactFileNames: [] }
    const part = (disposition: string, type: string) => `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: ${type}\r\n\r\n`
    const before = [
      part('name="request"', 'text/plain; charset=UTF-8') + JSON.stringify(request),
      part(`name="file_0"; filename="${graphName}"`, 'application/octet-stream') + JSON.stringify(graph),
      part(`name="file_1"; filename="${jarName}"`, 'application/java-archive'),
    ].join('\r\n')
    const after = `\r\n--${boundary}--\r\n`
    const length = Buffer.byteLength(before) + statSync(jar).size + after.length
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}`, 'content-length': String(length) }
    return this.#request('POST', '/jobs', headers, (out) => {
      out.write(before)
      const file = createReadStream(jar)
      file.on('error', (e) => out.destroy(e))
      file.on('end', () => out.end(after))
      file.pipe(out, { end: false })
    }).then((answer) => void this.#read(answer))
  }

  #request(method: string, resource: string, headers: http.OutgoingHttpHeaders, send: (request: http.ClientRequest) => void): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { host, port } = this.address
      const request = http.request({ host, port, method, path: `/v1${resource}`, headers, agent: this.#agent, timeout: this.timeout }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (c: Buffer) => chunks.push(c))
        response.on('error', (e) => reject(this.#unreachable(e)))
        response.on('end', () => resolve({ status: response.statusCode!, body: Buffer.concat(chunks).toString('utf8') }))
      })
      request.on('timeout', () => request.destroy(new Error(`no answer within ${this.timeout} ms`)))
      request.on('error', (e) => reject(this.#unreachable(e)))
      send(request)
    })
  }

  #unreachable(e: NodeJS.ErrnoException & { address?: string }): Error {
    const { host, port } = this.address
    const where = `${host}/${e.address ?? (net.isIP(host) ? host : '<unresolved>')}:${port}`
    const words: Record<string, string> = { ECONNREFUSED: 'Connection refused', ETIMEDOUT: 'connection timed out', ECONNRESET: 'Connection reset by peer' }
    const first = (e as unknown as AggregateError).errors?.[0] as (NodeJS.ErrnoException & { address?: string }) | undefined
    if (first) return this.#unreachable(first)
    return flinkError('ConnectException', `${words[e.code ?? ''] ?? e.message}: ${where}`)
  }
}
