/** A whole cluster for a test: every daemon a process of its own, on free ports, in a folder that goes with it. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type Configuration, loadConfiguration, siteFileText } from '../../common/config/configuration.js'
import { Cluster, type UpOptions } from '../../common/supervisor/cluster.js'
import { environment } from '../../common/supervisor/env.js'
import { type DaemonRecord, root } from '../../common/supervisor/layout.js'
import { YarnClient } from '../../common/yarn-client/index.js'

export interface TestClusterOptions {
  /** How many NodeManagers (1). */
  readonly nodes?: number
  /** Properties laid over the generated ones, by file. */
  readonly sites?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export class TestCluster {
  readonly conf: Configuration
  readonly yarn: YarnClient
  /** What `bobbin env` exports. */
  readonly env: Readonly<Record<string, string>>

  private constructor(
    readonly cluster: Cluster,
    readonly dir: string,
  ) {
    this.conf = loadConfiguration(cluster.layout.conf)
    this.yarn = new YarnClient(this.conf)
    this.env = environment(cluster.layout)
  }

  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-test-'))
    const up: UpOptions = { dir, nodes: Array<string>(options.nodes ?? 1).fill('localhost'), freePorts: true, anyPorts: true }
    try {
      return new TestCluster(await Cluster.start({ ...up, ...overlay(dir, options) }), dir)
    } catch (e) {
      rmSync(dir, { recursive: true, force: true })
      throw e
    }
  }

  daemon(name: string): DaemonRecord {
    return this.cluster.daemon(name)
  }

  /** Ends a daemon without letting it clean up; `cluster.restart` starts it anew. */
  async kill(name: string): Promise<void> {
    const { pid } = this.daemon(name)
    process.kill(pid, 'SIGKILL')
    await waitFor(`${name} is gone`, () => this.daemon(name).ended)
  }

  /** One of scripts/, as a user calls it. */
  run(
    script: string,
    args: readonly string[],
    options: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<CommandResult> {
    return runScript(script, args, { ...options, env: { ...this.env, ...options.env } })
  }

  async stop(): Promise<void> {
    this.yarn.close()
    await this.cluster.stop()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

function overlay(dir: string, { sites }: TestClusterOptions): { overlay?: string } {
  if (!sites) return {}
  const folder = path.join(dir, 'overlay')
  mkdirSync(folder)
  for (const [file, properties] of Object.entries(sites)) writeFileSync(path.join(folder, file), siteFileText(Object.entries(properties)))
  return { overlay: folder }
}

export function runScript(
  script: string,
  args: readonly string[],
  options: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(root, 'scripts', script), ...args], { env: { ...process.env, ...options.env }, stdio: 'pipe' })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (t: string) => {
      stdout += t
    })
    child.stderr.setEncoding('utf8').on('data', (t: string) => {
      stderr += t
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
    child.stdin.end(options.input ?? '')
  })
}

/** What containers wrote into files of that name, by path; a folder that goes while it is looked at counts as empty. */
export function containerLogs(clusterDir: string, fileName: string): Map<string, string> {
  const found = new Map<string, string>()
  const walk = (dir: string) => {
    for (const entry of ifThere(() => readdirSync(dir, { withFileTypes: true })) ?? []) {
      const at = path.join(dir, entry.name)
      if (entry.isDirectory()) walk(at)
      else if (entry.name === fileName) found.set(at, ifThere(() => readFileSync(at, 'utf8')) ?? '')
    }
  }
  const data = path.join(clusterDir, 'data')
  for (const node of readdirSync(data)) walk(path.join(data, node, 'logs'))
  return found
}

function ifThere<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw e
  }
}

/** Asks again until there is an answer. @throws Error naming what was waited for */
export async function waitFor<T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false, limit = 20_000): Promise<T> {
  const late = performance.now() + limit
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > late) throw new Error(`${what}: not within ${limit} ms`)
    await new Promise((r) => setTimeout(r, 20))
  }
}
