// The ResourceManager: its core alone, and the daemon under thousands of NodeManagers that speak real RPC.
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { cleanly, program, root, run, until } from './lib.mjs'

export const title = 'The ResourceManager'

const CORE_SECONDS = 8
const NODES = 10_000
const MASTERS = 20
const LIVE_SECONDS = 20
const TICKS_PER_SECOND = 100

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
  const measured = async (nodes, more = {}) => {
    const args = ['--expose-gc', '--max-semi-space-size=64', file, JSON.stringify({ nodes, seconds: CORE_SECONDS, ...more })]
    return JSON.parse((await run(process.execPath, args)).output)
  }
  const small = await measured(1000)
  report({ what: 'core, 1,000 nodes: containers a second', unit: '/s', ours: small.allocationsPerSecond, aim: '100,000 /s' })
  const large = await measured(10_000)
  report({ what: 'core, 10,000 nodes: containers a second', unit: '/s', ours: large.allocationsPerSecond, aim: '40,000 /s' })
  const long = await measured(1000, { ends: 'later' })
  report({ what: 'core: a heartbeat, 25 containers running', unit: 'µs', ours: long.microsecondsPerHeartbeat })
  const remembered = await measured(1000, { ends: 'later', finished: 10_000 })
  report({ what: 'core: the same with 10,000 applications over', unit: 'µs', ours: remembered.microsecondsPerHeartbeat, aim: 'the same' })
  const full = await measured(1000, { ends: 'never' })
  report({ what: 'core: memory of a running container', unit: 'bytes', ours: full.bytesPerContainer, aim: '2,000 bytes' })
}

/** Processor seconds that a process has used. */
function processorSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

const site = (properties) =>
  `<configuration>${Object.entries(properties)
    .map(([name, value]) => `<property><name>${name}</name><value>${value}</value></property>`)
    .join('')}</configuration>`

async function live(dir, report) {
  const conf = path.join(dir, 'conf')
  for (const d of [conf, path.join(dir, 'logs'), path.join(dir, 'run')]) mkdirSync(d)
  const services = ['address', 'scheduler.address', 'resource-tracker.address', 'admin.address', 'webapp.address']
  const properties = {
    ...Object.fromEntries(services.map((a) => [`yarn.resourcemanager.${a}`, 'localhost:0'])),
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
  const env = { ...process.env, HADOOP_CONF_DIR: conf, HADOOP_LOG_DIR: path.join(dir, 'logs'), BOBBIN_RUN_DIR: path.join(dir, 'run'), BOBBIN_DAEMON_NAME: 'rm' }
  const log = openSync(path.join(dir, 'logs/rm.out'), 'w')
  const rm = spawn(process.execPath, [path.join(root, 'dist/resourcemanager.cjs')], { env, stdio: ['ignore', log, log] })
  closeSync(log)
  try {
    const ready = path.join(dir, 'run/rm.json')
    const { addresses } = await until('the ResourceManager comes up', () => {
      try {
        return JSON.parse(readFileSync(ready, 'utf8'))
      } catch {
        return undefined
      }
    })
    for (const [service, of] of [
      ['address', 'client'],
      ['scheduler.address', 'scheduler'],
      ['resource-tracker.address', 'tracker'],
    ])
      properties[`yarn.resourcemanager.${service}`] = addresses[of]
    writeFileSync(path.join(conf, 'yarn-site.xml'), site(properties))
    const nodesProgram = await program('rm-nodes.ts', path.join(dir, 'rm-nodes.cjs'))
    const mastersProgram = await program('rm-masters.ts', path.join(dir, 'rm-masters.cjs'))
    let masters
    let before
    let began
    const nodes = await run(process.execPath, [nodesProgram, addresses.tracker, String(NODES), String(LIVE_SECONDS)], {
      onLine(line) {
        if (line !== 'ready') return
        masters = run(process.execPath, [mastersProgram, String(MASTERS), String(LIVE_SECONDS)], { env: { HADOOP_CONF_DIR: conf } })
        masters.catch(() => {})
        before = processorSeconds(rm.pid)
        began = performance.now()
      },
    })
    const used = (processorSeconds(rm.pid) - before) / ((performance.now() - began) / 1000)
    const beats = JSON.parse(nodes.output.split('\n')[1])
    const calls = JSON.parse((await masters).output)
    report({ what: `live, ${NODES} NodeManagers: processor`, unit: 'cores', ours: used, aim: 'below 1 core' })
    report({ what: `live: heartbeats answered a second`, unit: '/s', ours: beats.heartbeats / LIVE_SECONDS, aim: `${NODES} /s` })
    report({ what: 'live: a heartbeat, p99', unit: 'ms', ours: beats.p99 })
    report({ what: `live: allocate of ${MASTERS} masters, p99`, unit: 'ms', ours: calls.p99, aim: 'below 100 ms' })
  } finally {
    rm.kill('SIGTERM')
    await new Promise((resolve) => (rm.exitCode === null && rm.signalCode === null ? rm.once('exit', resolve) : resolve()))
  }
}
