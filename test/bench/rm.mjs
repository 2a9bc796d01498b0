// The ResourceManager: its core alone, and the daemon under thousands of NodeManagers that speak real RPC; the real one beside it, in turns.
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { cleanly, cpuSeconds, getJson, program, realHadoop, root, run, until } from './lib.mjs'

export const title = 'The ResourceManager'

const CORE_SECONDS = 8
const NODES = 10_000
/** What the real one serves on a machine of two cores that runs the load as well. */
const FEWER_NODES = 1000
const MASTERS = 20
const LIVE_SECONDS = 20

export async function measure(report) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-bench-'))
  await cleanly(
    async () => {
      await core(dir, report)
      await live(dir, report)
    },
    () => rmSync(dir, { recursive: true, force: true }),
  )
}

async function core(dir, report) {
  const file = await program('rm-core.ts', path.join(dir, 'rm-core.cjs'))
  const hadoop = realHadoop()
  const loadFile = path.join(root, 'test/bench/rm-load.json')
  // Compiled first: Hadoop makes one of its classes by name, which it would not find of a program run from its source.
  if (hadoop) await run('javac', ['-nowarn', '-cp', hadoop.jars.join(':'), '-d', dir, path.join(root, 'test/bench/RmCore.java')])
  // First on the class path: among Hadoop's jars are such of tests, with a capacity-scheduler.xml that turns the locality delay off.
  writeFileSync(path.join(dir, 'capacity-scheduler.xml'), site(JSON.parse(readFileSync(loadFile, 'utf8')).properties))
  const measured = async (nodes, more = {}) => {
    const withReal = hadoop && nodes === FEWER_NODES
    const load = JSON.stringify({ nodes, seconds: CORE_SECONDS, ...more })
    const { output } = await run(process.execPath, ['--expose-gc', '--max-semi-space-size=64', file, load])
    const real = withReal && JSON.parse((await hadoop.client(dir, 'RmCore', [loadFile, load])).output.trim().split('\n').at(-1))
    return (what, unit, of, aim) => report({ what, unit, ours: of(JSON.parse(output)), real: real ? of(real) : undefined, aim })
  }
  const rate = (m) => m.allocationsPerSecond
  const beat = (m) => m.microsecondsPerHeartbeat
  const small = await measured(FEWER_NODES)
  small('core, 1,000 nodes: containers a second', '/s', rate, '100,000 /s')
  const large = await measured(10_000)
  large('core, 10,000 nodes: containers a second', '/s', rate, '40,000 /s')
  const long = await measured(FEWER_NODES, { ends: 'later' })
  long('core: a heartbeat, 25 containers running', 'µs', beat)
  const remembered = await measured(FEWER_NODES, { ends: 'later', finished: 10_000 })
  remembered('core: the same with 10,000 applications over', 'µs', beat, 'the same')
  const full = await measured(FEWER_NODES, { ends: 'never' })
  full('core: memory of a running container', 'bytes', (m) => m.bytesPerContainer, '2,000 bytes')
}

async function live(dir, report) {
  const programs = {
    nodes: await program('rm-nodes.ts', path.join(dir, 'rm-nodes.cjs')),
    masters: await program('rm-masters.ts', path.join(dir, 'rm-masters.cjs')),
  }
  const many = await underLoad(path.join(dir, 'many'), NODES, startOurs, programs)
  report({ what: `live, ${NODES} NodeManagers: processor`, unit: 'cores', ours: many.cores, aim: 'below 1 core' })
  report({ what: 'live: heartbeats answered a second', unit: '/s', ours: many.beats.heartbeats / LIVE_SECONDS, aim: `${NODES} /s` })
  report({ what: 'live: a heartbeat, p99', unit: 'ms', ours: many.beats.p99 })
  report({ what: `live: allocate of ${MASTERS} masters, p99`, unit: 'ms', ours: many.calls.p99, aim: 'below 100 ms' })
  const ours = await underLoad(path.join(dir, 'fewer'), FEWER_NODES, startOurs, programs)
  const hadoop = realHadoop()
  const real = hadoop && (await underLoad(path.join(dir, 'real'), FEWER_NODES, (d) => startReal(hadoop, d), programs))
  const both = (what, unit, of) => report({ what, unit, ours: of(ours), real: real && of(real) })
  both(`live, ${FEWER_NODES} NodeManagers: processor`, 'cores', (m) => m.cores)
  both('live: heartbeats answered a second', '/s', (m) => m.beats.heartbeats / LIVE_SECONDS)
  both('live: a heartbeat, median', 'ms', (m) => m.beats.median)
  both('live: a heartbeat, p99', 'ms', (m) => m.beats.p99)
  both(`live: allocate of ${MASTERS} masters, median`, 'ms', (m) => m.calls.median)
  both(`live: allocate of ${MASTERS} masters, p99`, 'ms', (m) => m.calls.p99)
}

function startOurs(dir) {
  const env = { ...process.env, HADOOP_CONF_DIR: path.join(dir, 'conf'), HADOOP_LOG_DIR: path.join(dir, 'logs'), BOBBIN_RUN_DIR: dir, BOBBIN_DAEMON_NAME: 'rm' }
  const log = openSync(path.join(dir, 'logs/rm.out'), 'w')
  const child = spawn(process.execPath, [path.join(root, 'dist/resourcemanager.cjs')], { env, stdio: ['ignore', log, log] })
  closeSync(log)
  return child
}

const startReal = (hadoop, dir) =>
  hadoop.daemon(path.join(dir, 'conf'), 'org.apache.hadoop.yarn.server.resourcemanager.ResourceManager', { heap: '2g', log: path.join(dir, 'logs/rm.out') })

const site = (properties) =>
  `<configuration>${Object.entries(properties)
    .map(([name, value]) => `<property><name>${name}</name><value>${value}</value></property>`)
    .join('')}</configuration>`

/** A ResourceManager of its own folder, under so many NodeManagers and the masters. */
async function underLoad(dir, nodes, start, programs) {
  const conf = path.join(dir, 'conf')
  for (const d of [conf, path.join(dir, 'logs')]) mkdirSync(d, { recursive: true })
  const addresses = {}
  for (const a of ['address', 'scheduler.address', 'resource-tracker.address', 'admin.address', 'webapp.address']) {
    addresses[a] = `localhost:${await freePort()}`
  }
  const properties = {
    ...Object.fromEntries(Object.entries(addresses).map(([name, value]) => [`yarn.resourcemanager.${name}`, value])),
    'yarn.resourcemanager.recovery.enabled': 'true',
    'yarn.resourcemanager.fs.state-store.uri': path.join(dir, 'store'),
    'yarn.scheduler.include-port-in-node-name': 'true',
  }
  writeFileSync(path.join(conf, 'yarn-site.xml'), site(properties))
  writeFileSync(
    path.join(conf, 'capacity-scheduler.xml'),
    site({
      'yarn.scheduler.capacity.root.queues': 'default',
      'yarn.scheduler.capacity.root.default.capacity': '100',
      'yarn.scheduler.capacity.maximum-am-resource-percent': '1',
    }),
  )
  const rm = start(dir)
  const stop = async () => {
    rm.kill('SIGTERM')
    await new Promise((resolve) => (rm.exitCode === null && rm.signalCode === null ? rm.once('exit', resolve) : resolve()))
  }
  return cleanly(async () => {
    await until('the ResourceManager comes up', async () => {
      if (rm.exitCode !== null) throw new Error(`it ended with ${rm.exitCode}; its log is ${dir}/logs/rm.out`)
      // The real one has its pages before all else.
      return (await getJson(`http://${addresses['webapp.address']}/ws/v1/cluster/info`))?.clusterInfo?.haState === 'ACTIVE'
    })
    let masters
    let before
    let began
    const beating = await run(process.execPath, [programs.nodes, addresses['resource-tracker.address'], String(nodes), String(LIVE_SECONDS)], {
      onLine(line) {
        if (line !== 'ready') return
        masters = run(process.execPath, [programs.masters, String(MASTERS), String(LIVE_SECONDS)], { env: { HADOOP_CONF_DIR: conf } })
        masters.catch(() => {})
        before = cpuSeconds(rm.pid)
        began = performance.now()
      },
    })
    const cores = (cpuSeconds(rm.pid) - before) / ((performance.now() - began) / 1000)
    return { cores, beats: JSON.parse(beating.output.split('\n')[1]), calls: JSON.parse((await masters).output) }
  }, stop)
}

function freePort() {
  const server = net.createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
