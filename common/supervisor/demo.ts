/**
 * `npm run demo`: a cluster of three nodes and a word count on lines from a TCP socket in each of YARN's three modes.
 * Everything is done by the commands that a user types, each shown before it runs; the demo only chooses free ports,
 * sends the lines, and waits. Whatever happens, Ctrl-C included, the cluster is stopped and its folder removed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { environment } from './env.js'
import { layout, root } from './layout.js'
import { isFree } from './ports.js'

const TEXT = [
  'to be, or not to be, that is the question',
  "whether 'tis nobler in the mind to suffer",
  'the slings and arrows of outrageous fortune',
  'or to take arms against a sea of troubles',
]
const LINE_PAUSE = 50
const USUAL_PORT = 7777
/** Counts to see before a job is cancelled. */
const ENOUGH_COUNTS = 20
const COUNTS_LIMIT = 15_000
const SHOWN_COUNTS = 6
const JAR = 'examples/stream-word-count.jar'
const JOB = 'com.example.wc.StreamWordCount'

/** Lines that Flink's and Hadoop's clients log, as against what they say. */
const LOG_LINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARN|DEBUG) /
const paint = (code: number, text: string) => (process.stdout.isTTY ? `\x1b[${code}m${text}\x1b[0m` : text)

class Interrupted extends Error {}

class Demo {
  readonly dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-demo-'))
  readonly #env: NodeJS.ProcessEnv
  readonly #interrupt = new AbortController()
  readonly #sockets = new Set<net.Socket>()
  #child: ChildProcess | undefined
  #lines: net.Server | undefined

  constructor(readonly verbose: boolean) {
    this.#env = { ...process.env, ...environment(layout(this.dir)), PATH: `${path.join(root, 'scripts')}${path.delimiter}${process.env.PATH}` }
    delete this.#env.FLINK_HOME
  }

  interrupt(): void {
    this.#interrupt.abort(new Interrupted())
    if (this.#child?.pid !== undefined) process.kill(-this.#child.pid, 'SIGTERM')
  }

  /** Shows a command, runs it, shows what it says. @returns all that it printed. @throws Error when it fails */
  async command(line: string, options: { readonly quiet?: boolean } = {}): Promise<string> {
    if (!options.quiet) say(`\n${paint(1, `$ ${line}`)}`)
    const { code, output } = await this.#run(line, options.quiet ? undefined : (text) => this.#show(text))
    this.#interrupt.signal.throwIfAborted()
    if (code !== 0) throw new Error(`"${line}" ended with exit code ${code}${options.quiet ? `: ${output}` : ''}`)
    return output
  }

  #show(line: string): void {
    if (this.verbose || !LOG_LINE.test(line)) say(line)
  }

  #run(line: string, show?: (text: string) => void): Promise<{ code: number | null; output: string }> {
    return new Promise((resolve, reject) => {
      // A process group of its own: Ctrl-C in the terminal is the demo's to carry out.
      const child = spawn('sh', ['-c', line], { cwd: root, env: this.#env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
      this.#child = child
      let output = ''
      for (const stream of [child.stdout, child.stderr]) {
        let rest = ''
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text
          const lines = (rest + text).split('\n')
          rest = lines.pop()!
          for (const l of lines) show?.(l)
        })
        stream.on('end', () => rest && show?.(rest))
      }
      child.once('error', reject)
      child.once('close', (code) => {
        this.#child = undefined
        resolve({ code, output })
      })
    })
  }

  /** Runs a command until its output holds something. */
  async until<T>(line: string, find: (output: string) => T | undefined): Promise<T> {
    say(`\n${paint(1, `$ ${line}`)}`)
    const late = performance.now() + COUNTS_LIMIT
    for (;;) {
      const found = find(await this.command(line, { quiet: true }))
      if (found !== undefined) return found
      if (performance.now() > late) throw new Error(`"${line}" showed nothing within ${COUNTS_LIMIT / 1000} s`)
      await new Promise((r) => setTimeout(r, 100))
    }
  }

  async startLines(): Promise<number> {
    const server = net.createServer((socket) => {
      this.#sockets.add(socket)
      let i = 0
      const timer = setInterval(() => socket.write(`${TEXT[i++ % TEXT.length]}\n`), LINE_PAUSE)
      socket.on('error', () => {})
      socket.on('close', () => {
        clearInterval(timer)
        this.#sockets.delete(socket)
      })
    })
    this.#lines = server
    const port = (await isFree(USUAL_PORT, '127.0.0.1')) ? USUAL_PORT : 0
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
    return (server.address() as net.AddressInfo).port
  }

  /** Shows the last counts that the job's TaskManager printed, once there are some. */
  async counts(application: string): Promise<void> {
    const counts = await this.until(`yarn logs -applicationId ${application} -log_files taskmanager.out`, (output) => {
      const found = output.split('\n').filter((l) => /^(\d+> )?\(.*,\d+\)$/.test(l))
      return found.length >= ENOUGH_COUNTS ? found : undefined
    })
    say(`… ${counts.length - SHOWN_COUNTS} lines before these`)
    for (const l of counts.slice(-SHOWN_COUNTS)) say(l)
  }

  async cleanUp(): Promise<void> {
    for (const s of this.#sockets) s.destroy()
    this.#lines?.close()
    say(`\n${paint(1, '$ bobbin down')}`)
    await this.#run('bobbin down', (text) => say(text))
    rmSync(this.dir, { recursive: true, force: true })
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function title(text: string): void {
  say(`\n${paint(36, `── ${text} ${'─'.repeat(Math.max(76 - text.length, 0))}`)}`)
}

function find(pattern: RegExp, output: string, what: string): string {
  const found = pattern.exec(output)?.[1]
  if (found === undefined) throw new Error(`${what} is not in the output of the last command`)
  return found
}

const applicationIn = (output: string) => find(/(application_\d+_\d+)/, output, 'an application id')
const jobIn = (output: string) => find(/JobID ([0-9a-f]{32})/, output, 'a job id')

async function session(demo: Demo, source: string): Promise<void> {
  title('Session: a cluster that waits for jobs')
  const application = applicationIn(await demo.command('yarn-session.sh -d -nm demo-session'))
  const job = jobIn(await demo.command(`flink run -d -c ${JOB} ${JAR} ${source}`))
  await demo.command('flink list')
  await demo.counts(application)
  await demo.command(`flink cancel ${job}`)
  await demo.command(`echo stop | yarn-session.sh -id ${application}`)
}

async function perJob(demo: Demo, source: string): Promise<void> {
  title('Per-job: a cluster for one job')
  const submitted = await demo.command(`flink run -t yarn-per-job -d -c ${JOB} ${JAR} ${source}`)
  const target = `-t yarn-per-job -Dyarn.application.id=${applicationIn(submitted)}`
  await demo.command(`flink list ${target}`)
  await demo.counts(applicationIn(submitted))
  await demo.command(`flink cancel ${target} ${jobIn(submitted)}`)
}

async function application(demo: Demo, source: string): Promise<void> {
  title('Application: main runs in the cluster; engine and job come from the store')
  await demo.command('hadoop fs -mkdir -p /flink-dist/lib')
  await demo.command('hadoop fs -put dist/engine/lib/* /flink-dist/lib')
  await demo.command(`hadoop fs -put ${JAR} /flink-dist`)
  await demo.command('hadoop fs -ls -R /flink-dist')
  const provided = '-Dyarn.provided.lib.dirs="hdfs://mycluster/flink-dist"'
  const jar = `hdfs://mycluster/flink-dist/${path.basename(JAR)}`
  const id = applicationIn(await demo.command(`flink run-application -yqu hive -t yarn-application ${provided} -c ${JOB} ${jar} ${source}`))
  const target = `-t yarn-application -Dyarn.application.id=${id}`
  await demo.counts(id)
  const job = find(/([0-9a-f]{32}) :/, await demo.command(`flink list ${target}`), 'a running job')
  await demo.command(`flink cancel ${target} ${job}`)
}

async function play(demo: Demo): Promise<void> {
  title('A cluster: ResourceManager, NameNode, DataNode, three NodeManagers')
  say('log lines of the clients are left out; npm run demo -- --verbose shows them')
  await demo.command(`bobbin up -d --nodes 3 --free-ports --dir ${demo.dir}`)
  say(`\n${paint(1, `$ eval "$(bobbin env --dir ${demo.dir})"`)}`)
  await demo.command('yarn node -list')
  const port = await demo.startLines()
  say(`\n# a line server like "nc -lk ${port}" sends a line every ${LINE_PAUSE} ms to each job that connects`)
  const source = `-host localhost -port ${port}`
  await session(demo, source)
  await perJob(demo, source)
  await application(demo, source)
  await demo.command('yarn application -list -appStates ALL')
}

export async function main(_program: string, argv: readonly string[]): Promise<number> {
  const unknown = argv.find((a) => a !== '--verbose')
  if (unknown) {
    process.stderr.write(`demo: ${unknown} is not known; usage: npm run demo [-- --verbose]\n`)
    return 2
  }
  const started = performance.now()
  const demo = new Demo(argv.includes('--verbose'))
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => demo.interrupt())
  let code = 0
  try {
    await play(demo)
  } catch (e) {
    code = e instanceof Interrupted ? 130 : 1
    process.stderr.write(`\n${code === 130 ? 'interrupted: stopping' : `demo: ${(e as Error).message}`}\n`)
  } finally {
    await demo.cleanUp()
  }
  if (code === 0) say(`\ndone in ${((performance.now() - started) / 1000).toFixed(1)} s; nothing is left running`)
  return code
}
