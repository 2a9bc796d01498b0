/** A cluster of the engine's own processes on this machine: a JobManager, and TaskManagers that it starts as it needs them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, copyFileSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import type { JobGraph } from '../../../flink-yarn/jobgraph/index.js'
import { type GraphOptions, buildJobGraph, loadJobJar } from '../../../flink-yarn/program/index.js'

const root = path.resolve(import.meta.dirname, '../../..')
export const BUNDLE = path.join(root, 'dist/engine/lib/flink-dist.cjs')
export const EXAMPLES = path.join(root, 'examples/stream-word-count.jar')

/** Polls until `check` gives something. */
export async function until<T>(what: string, check: () => Promise<T | undefined | false> | T | undefined | false, limit = 20_000): Promise<T> {
  const end = Date.now() + limit
  for (;;) {
    const value = await check()
    if (value !== undefined && value !== false) return value
    if (Date.now() > end) throw new Error(`waited ${limit} ms for: ${what}`)
    await new Promise((r) => setTimeout(r, 10))
  }
}

export interface EngineOptions {
  readonly mode?: 'session' | 'per-job' | 'application'
  readonly conf?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** Written before the process starts. */
  readonly files?: Readonly<Record<string, string>>
}

export class Engine {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'flink-engine-'))
  readonly #process: ChildProcess
  readonly exit: Promise<number | NodeJS.Signals>

  constructor(options: EngineOptions = {}) {
    const conf = { 'rest.bind-port': '0', 'jobmanager.rpc.port': '0', 'taskmanager.numberOfTaskSlots': '1', ...options.conf }
    writeFileSync(
      path.join(this.folder, 'flink-conf.yaml'),
      Object.entries(conf)
        .map(([k, v]) => `${k}: ${v}\n`)
        .join(''),
    )
    copyFileSync(EXAMPLES, path.join(this.folder, 'job.jar'))
    for (const [name, text] of Object.entries(options.files ?? {})) writeFileSync(path.join(this.folder, name), text)
    const files = ['out', 'err'].map((kind) => openSync(path.join(this.folder, `jobmanager.${kind}`), 'a'))
    const argv = [BUNDLE, 'jobmanager', '--mode', options.mode ?? 'session', '--driver', 'local', ...(options.args ?? [])]
    this.#process = spawn(process.execPath, argv, { cwd: this.folder, env: { ...process.env, LOG_DIRS: this.folder }, stdio: ['ignore', files[0]!, files[1]!] })
    for (const f of files) closeSync(f)
    this.exit = new Promise((resolve) => this.#process.on('exit', (code, signal) => resolve(code ?? signal!)))
  }

  get pid(): number {
    return this.#process.pid!
  }

  read(file: string): string {
    const full = path.join(this.folder, file)
    return existsSync(full) ? readFileSync(full, 'utf8') : ''
  }

  /** All TaskManagers' standard output, in lines. */
  output(): string[] {
    return readdirSync(this.folder)
      .filter((n) => n.startsWith('taskmanager-'))
      .flatMap((n) => this.read(`${n}/taskmanager.out`).split('\n'))
      .filter((line) => line !== '')
  }

  url(): Promise<string> {
    return until('the REST endpoint', () => {
      const port = /Rest endpoint listening at 127\.0\.0\.1:(\d+)/.exec(this.read('jobmanager.log'))?.[1]
      return port === undefined ? undefined : `http://127.0.0.1:${port}`
    })
  }

  async get(route: string): Promise<any> {
    return (await fetch((await this.url()) + route)).json()
  }

  async request(method: string, route: string, body?: RequestInit['body'], headers?: Record<string, string>): Promise<{ status: number; body: any }> {
    const answer = await fetch((await this.url()) + route, { method, ...(body !== undefined && { body }), ...(headers && { headers }) })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
  }

  async submit(options: GraphOptions, change: (graph: JobGraph) => JobGraph = (g) => g): Promise<string> {
    const jar = await loadJobJar(EXAMPLES)
    const graph = change(await buildJobGraph(jar, options))
    const form = new FormData()
    form.append('request', JSON.stringify({ jobGraphFileName: 'graph.bin', jobJarFileNames: [jar.name], jobArtifactFileNames: [] }))
    form.append('file_0', new Blob([JSON.stringify(graph)]), 'graph.bin')
    form.append('file_1', new Blob([readFileSync(EXAMPLES)]), jar.name)
    const { status, body } = await this.request('POST', '/v1/jobs', form)
    if (status !== 202) throw new Error(JSON.stringify(body))
    return body.jobUrl.replace('/jobs/', '')
  }

  status(jobId: string, wanted: string): Promise<unknown> {
    return until(`job ${wanted}`, async () => {
      const { status } = await this.get(`/jobs/${jobId}/status`)
      if (status !== wanted && ['FAILED', 'CANCELED', 'FINISHED'].includes(status)) throw new Error(`the job is ${status}, not ${wanted}`)
      return status === wanted
    })
  }

  /** Once all tasks run. */
  async running(jobId: string): Promise<void> {
    await until('all tasks RUNNING', async () => {
      const job = (await this.get('/jobs/overview')).jobs.find((j: { jid: string }) => j.jid === jobId)
      return job !== undefined && job.tasks.running === job.tasks.total
    })
  }

  async close(): Promise<void> {
    this.#process.kill('SIGTERM')
    await this.exit
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A line server as `nc -lk PORT`: what is sent goes to whoever is connected. */
export class LineServer {
  readonly #server = net.createServer((c) => {
    this.#clients.add(c)
    c.on('error', () => {})
    c.on('close', () => this.#clients.delete(c))
  })
  readonly #clients = new Set<net.Socket>()
  port = 0

  async start(): Promise<this> {
    await new Promise<void>((r) => this.#server.listen(0, '127.0.0.1', r))
    this.port = (this.#server.address() as net.AddressInfo).port
    return this
  }

  async send(text: string): Promise<void> {
    await until('a client', () => this.#clients.size > 0)
    for (const c of this.#clients) c.write(text)
  }

  /** Ends the connections; new ones are taken. */
  hangUp(): void {
    for (const c of this.#clients) c.end()
  }

  close(): void {
    for (const c of this.#clients) c.destroy()
    this.#server.close()
  }
}
