// What the benchmarks share: commands and their time, memory, and the real Hadoop and Flink where they are laid out.
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
export const script = (name) => path.join(root, 'scripts', name)

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms))

const cleanUps = new Set()

/** Runs `work`, then `cleanUp`, also when the benchmark is interrupted. */
export async function cleanly(work, cleanUp) {
  cleanUps.add(cleanUp)
  try {
    return await work()
  } finally {
    if (cleanUps.delete(cleanUp)) await cleanUp()
  }
}

for (const name of ['SIGINT', 'SIGTERM']) {
  process.once(name, async () => {
    const late = [...cleanUps].reverse()
    cleanUps.clear()
    for (const cleanUp of late) await cleanUp()
    process.exit(130)
  })
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

/** Runs a command to its end. `onLine` sees each line as it comes. @returns {{seconds: number, output: string}} @throws Error when it fails */
export function run(command, args, { env, onLine, input } = {}) {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      let rest = ''
      stream.setEncoding('utf8').on('data', (text) => {
        output += text
        const lines = (rest + text).split('\n')
        rest = lines.pop()
        for (const l of lines) onLine?.(l)
      })
    }
    child.once('error', reject)
    child.once('close', (code) => {
      const seconds = (performance.now() - started) / 1000
      if (code === 0) resolve({ seconds, output })
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`))
    })
    child.stdin.on('error', () => {})
    child.stdin.end(input ?? '')
  })
}

/** The median time of several runs after one that is not counted. */
export async function medianSeconds(times, once) {
  await once()
  const seconds = []
  for (let i = 0; i < times; i++) seconds.push((await once()).seconds)
  return median(seconds)
}

export async function until(what, look, limit = 180_000) {
  const late = performance.now() + limit
  for (;;) {
    const found = await look()
    if (found) return found
    if (performance.now() > late) throw new Error(`${what}: not within ${limit / 1000} s`)
    await sleep(10)
  }
}

/** Undefined while nobody answers. */
export async function getJson(url) {
  try {
    const answer = await fetch(url, { headers: { accept: 'application/json' } })
    return answer.ok ? await answer.json() : undefined
  } catch {
    return undefined
  }
}

/** Bytes, shared pages counted once. */
export function pss(pid) {
  const kb = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]
  return Number(kb ?? 0) * 1024
}

/** Bytes of a process's memory that are not shared away: what `top` shows. */
export function resident(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
}

/** Seconds of processor time that a process has used, its ended children left out. */
export function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const TICKS_PER_SECOND = 100
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** The process of one of our daemons. */
export function pidOf(dir, name) {
  return JSON.parse(readFileSync(path.join(dir, 'run', `${name}.json`), 'utf8')).pid
}

/** A property of a generated *-site.xml. */
export function property(confDir, file, name) {
  const text = readFileSync(path.join(confDir, file), 'utf8')
  return new RegExp(`<name>${name.replaceAll('.', '\\.')}</name><value>([^<]*)</value>`).exec(text)?.[1]
}

/** A TypeScript source of this folder as a program that Node runs. */
export async function program(source, outfile) {
  const esbuild = await import('esbuild')
  const entry = path.join(root, 'test/bench', source)
  const external = ['better-sqlite3', '@node-rs/crc32']
  const define = { 'import.meta.url': '__filename' }
  await esbuild.build({ entryPoints: [entry], bundle: true, external, define, platform: 'node', target: 'node20', format: 'cjs', outfile, logLevel: 'warning' })
  return outfile
}

/** For programs that need native modules. */
export const NATIVE_MODULES = { NODE_PATH: path.join(root, 'node_modules') }

const OPENS = ['java.lang', 'java.lang.reflect', 'java.io', 'java.net', 'java.nio', 'java.text', 'java.util', 'java.util.concurrent'].flatMap((p) => [
  '--add-opens',
  `java.base/${p}=ALL-UNNAMED`,
])

/**
 * Our store and, beside it at the same time, the real one, each with one DataNode and folders of its own.
 * `work` gets them as { conf, namenode, datanode } (process ids); `real` is undefined where there is no Hadoop.
 */
export async function withStores(dir, work) {
  const bobbin = (name, ...args) => run(script('bobbin'), [...args, '--dir', path.join(dir, name)])
  const up = (name) => bobbin(name, 'up', '-d', '--nodes', '1', '--free-ports')
  const own = path.join(dir, 'ours')
  await up('ours')
  return cleanly(
    async () => {
      const ours = { conf: path.join(own, 'conf'), namenode: pidOf(own, 'namenode'), datanode: pidOf(own, 'datanode') }
      const hadoop = realHadoop()
      if (!hadoop) return work({ ours, real: undefined, hadoop })
      // Its configuration, with ports that are free beside ours.
      await up('real')
      await bobbin('real', 'down')
      const cluster = new RealCluster(hadoop, path.join(dir, 'real'))
      return cleanly(
        async () => {
          await cluster.startHdfs()
          const [namenode, datanode] = cluster.pids()
          return work({ ours, real: { conf: cluster.conf, namenode, datanode }, hadoop })
        },
        () => cluster.stop(),
      )
    },
    () => bobbin('ours', 'down'),
  )
}

/** The real Hadoop below BOBBIN_HADOOP_HOME (share/hadoop/** with its jars); undefined where it is not set. */
export function realHadoop() {
  const home = process.env.BOBBIN_HADOOP_HOME
  if (!home) return undefined
  const share = path.join(home, 'share/hadoop')
  const jars = readdirSync(share).flatMap((part) => [path.join(share, part), path.join(share, part, '*'), path.join(share, part, 'lib/*')])
  const java = process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin/java') : 'java'
  const env = (confDir) => ({
    HADOOP_CONF_DIR: confDir,
    HADOOP_HOME: home,
    HADOOP_COMMON_HOME: home,
    HADOOP_HDFS_HOME: home,
    HADOOP_YARN_HOME: home,
    JAVA_HOME: process.env.JAVA_HOME ?? path.resolve(spawnSync('sh', ['-c', 'readlink -f "$(command -v java)"'], { encoding: 'utf8' }).stdout.trim(), '../..'),
  })
  const client = (confDir, main, args) => run(java, [...OPENS, '-cp', [confDir, ...jars].join(':'), main, ...args], { env: env(confDir) })
  /** Starts one of its daemons; what it says goes to the file `log`. */
  const daemon = (confDir, main, { heap, log }) => {
    const out = openSync(log, 'w')
    const args = [...OPENS, `-Xmx${heap}`, `-Dhadoop.log.dir=${path.dirname(log)}`, '-cp', [confDir, ...jars].join(':'), main]
    const child = spawn(java, args, { env: { ...process.env, ...env(confDir) }, stdio: ['ignore', out, out], detached: true })
    closeSync(out)
    return child
  }
  return { home, jars, env, client, daemon, java }
}

const SERVER = 'org.apache.hadoop.yarn.server'
const HDFS = 'org.apache.hadoop.hdfs.server'

/** The real daemons on the folders that `bobbin up` wrote: the same configuration, the same ports. */
export class RealCluster {
  #children = []

  constructor(hadoop, dir) {
    this.hadoop = hadoop
    this.dir = dir
    this.conf = path.join(dir, 'conf')
  }

  /** @returns seconds until all nodes are live and files can be written */
  async start(nodes) {
    await this.#format()
    const started = performance.now()
    this.#daemon('namenode', this.conf, `${HDFS}.namenode.NameNode`)
    this.#daemon('datanode', this.conf, `${HDFS}.datanode.DataNode`)
    this.#daemon('resourcemanager', this.conf, `${SERVER}.resourcemanager.ResourceManager`)
    for (let n = 1; n <= nodes; n++) this.#daemon(`nodemanager-${n}`, path.join(this.dir, `conf-nodemanager-${n}`), `${SERVER}.nodemanager.NodeManager`)
    const rm = property(this.conf, 'yarn-site.xml', 'yarn.resourcemanager.webapp.address')
    const nn = property(this.conf, 'hdfs-site.xml', 'dfs.namenode.http-address.mycluster.nn1')
    await until('the real cluster comes up', async () => {
      const dead = this.#children.find((c) => c.exitCode !== null)
      if (dead) throw new Error(`a daemon ended; logs are in ${this.dir}/logs`)
      const metrics = (await getJson(`http://${rm}/ws/v1/cluster/metrics`))?.clusterMetrics
      const fs = (await getJson(`http://${nn}/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState`))?.beans?.[0]
      return metrics?.activeNodes === nodes && fs?.FSState === 'Operational' && fs?.NumLiveDataNodes === 1
    })
    return (performance.now() - started) / 1000
  }

  #daemon(name, conf, main) {
    this.#children.push(this.hadoop.daemon(conf, main, { heap: '1g', log: path.join(this.dir, 'logs', `real-${name}.out`) }))
  }

  /** NameNode and DataNode alone, formatted first. */
  async startHdfs() {
    await this.#format()
    this.#daemon('namenode', this.conf, `${HDFS}.namenode.NameNode`)
    this.#daemon('datanode', this.conf, `${HDFS}.datanode.DataNode`)
    const nn = property(this.conf, 'hdfs-site.xml', 'dfs.namenode.http-address.mycluster.nn1')
    await until('the real store comes up', async () => {
      const fs = (await getJson(`http://${nn}/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState`))?.beans?.[0]
      return fs?.FSState === 'Operational' && fs?.NumLiveDataNodes === 1
    })
  }

  async #format() {
    rmSync(path.join(this.dir, 'data'), { recursive: true, force: true })
    mkdirSync(path.join(this.dir, 'data'))
    await this.hadoop.client(this.conf, `${HDFS}.namenode.NameNode`, ['-format', '-nonInteractive'])
  }

  /** In the order of their start. */
  pids() {
    return this.#children.map((c) => c.pid)
  }

  memory() {
    return this.#children.reduce((sum, c) => sum + pss(c.pid), 0)
  }

  async stop() {
    const left = this.#children.filter((c) => c.exitCode === null && c.signalCode === null)
    for (const c of left.reverse()) c.kill('SIGTERM')
    const late = setTimeout(() => left.forEach((c) => c.kill('SIGKILL')), 15_000)
    await Promise.all(left.map((c) => (c.exitCode === null && c.signalCode === null ? new Promise((r) => c.once('exit', r)) : undefined)))
    clearTimeout(late)
  }
}

const OPENS_OF_FLINK = [
  'java.lang',
  'java.net',
  'java.io',
  'java.nio',
  'sun.nio.ch',
  'java.lang.reflect',
  'java.text',
  'java.time',
  'java.util',
  'java.util.concurrent',
]

/** The real Flink at BOBBIN_FLINK_HOME on the real cluster; undefined where it is not set. */
export function realFlink(hadoop, dir) {
  const home = process.env.BOBBIN_FLINK_HOME
  if (!home || !hadoop) return undefined
  const conf = path.join(dir, 'real-flink-conf')
  cpSync(path.join(home, 'conf'), conf, { recursive: true })
  const own = readFileSync(path.join(dir, 'flink-conf/flink-conf.yaml'), 'utf8')
  // Flink 1.17 on Java 17 needs what Java 17 hides.
  const open = [
    ...OPENS_OF_FLINK.map((p) => `--add-opens=java.base/${p}=ALL-UNNAMED`),
    '--add-exports=java.base/sun.net.util=ALL-UNNAMED',
    '--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED',
  ]
  writeFileSync(path.join(conf, 'flink-conf.yaml'), `${own}\nenv.java.opts: ${open.join(' ')}\n`)
  const env = {
    ...hadoop.env(path.join(dir, 'conf')),
    FLINK_HOME: home,
    FLINK_CONF_DIR: conf,
    FLINK_LOG_DIR: path.join(dir, 'logs'),
    HADOOP_CLASSPATH: hadoop.jars.filter((j) => j.endsWith('*')).join(':'),
  }
  return {
    flink: path.join(home, 'bin/flink'),
    session: path.join(home, 'bin/yarn-session.sh'),
    env,
    job: () => javaJob(home, dir),
    jobClass: 'com.example.wc.SocketWordCount',
  }
}

/** The word count for Apache Flink, compiled against it. */
function javaJob(home, dir) {
  const jar = path.join(dir, 'job.jar')
  if (existsSync(jar)) return jar
  const classes = path.join(dir, 'classes')
  const source = path.join(root, 'test/interop/jobs/com/example/wc/SocketWordCount.java')
  for (const [tool, args] of [
    ['javac', ['--release', '8', '-nowarn', '-cp', path.join(home, 'lib/*'), '-d', classes, source]],
    ['jar', ['cf', jar, '-C', classes, '.']],
  ]) {
    const done = spawnSync(tool, args, { encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`${tool} failed: ${done.stderr}`)
  }
  return jar
}
