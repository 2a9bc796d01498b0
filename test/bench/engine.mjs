// Records a second through the engine, beside Apache Flink's own: the same jobs, each in a cluster on this machine alone,
// by the net run time that the job itself is told. Deployment of tasks is in it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { median, root, run, script } from './lib.mjs'

export const title = 'The engine: keyed counts'

const REPEATS = 3
const RECORDS = 20_000_000
const LINES = 500_000
const WORDS_A_LINE = 8

export async function measure(report) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-bench-engine-'))
  const server = await wordServer()
  try {
    const ours = await embedded(dir)
    const real = apacheFlink(dir)
    for (const parallelism of [1, 2]) {
      const p = String(parallelism)
      for (const [what, args, records] of [
        [`generator -> keyBy -> sum, parallelism ${p}`, ['generator', String(RECORDS), p], RECORDS],
        [`socket -> words -> keyBy -> sum, parallelism ${p}`, ['words', String(server.port), p], LINES * WORDS_A_LINE],
      ]) {
        const rate = async (job) => (job ? records / 1e6 / median(await repeat(() => job(args))) : undefined)
        report({ what, unit: 'M/s', ours: await rate(ours), real: await rate(real) })
      }
    }
    if (!real) process.stdout.write('\nBOBBIN_FLINK_HOME set: Apache Flink is measured beside (a ratio below 1: ours is faster)\n')
  } finally {
    server.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function repeat(once) {
  const all = []
  for (let i = 0; i < REPEATS; i++) all.push(await once())
  return all
}

const seconds = (output) => Number(/ran for (\d+) ms/.exec(output)[1]) / 1000

/** A JobManager that starts its TaskManagers as processes. */
async function embedded(dir) {
  const jar = path.join(dir, 'counts.jar')
  await run(script('bobbin'), ['jar', path.join(root, 'test/bench/jobs'), '-o', jar])
  writeFileSync(path.join(dir, 'flink-conf.yaml'), 'rest.bind-port: 0\njobmanager.rpc.port: 0\ntaskmanager.numberOfTaskSlots: 2\n')
  const command = [path.join(root, 'dist/engine/lib/flink-dist.cjs'), 'jobmanager', '--mode', 'application', '--driver', 'local', '--jar', jar]
  return async (args) => {
    const words = [...command, '--class', 'com.example.bench.Counts', '--', ...args].map((w) => `'${w}'`).join(' ')
    return seconds((await run('/bin/sh', ['-c', `cd '${dir}' && exec node ${words}`], { env: { LOG_DIRS: dir } })).output)
  }
}

/** Apache Flink's cluster within one process; undefined where BOBBIN_FLINK_HOME is not set. */
function apacheFlink(dir) {
  const home = process.env.BOBBIN_FLINK_HOME
  if (!home) return undefined
  const classes = path.join(dir, 'classes')
  const source = path.join(root, 'test/bench/jobs/com/example/bench/Counts.java')
  const done = spawnSync('javac', ['--release', '8', '-nowarn', '-cp', path.join(home, 'lib/*'), '-d', classes, source], { encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`javac failed: ${done.stderr}`)
  const opens = ['java.lang', 'java.util', 'java.time'].flatMap((p) => ['--add-opens', `java.base/${p}=ALL-UNNAMED`])
  return async (args) => {
    const java = [...opens, '-Xmx2g', '-cp', `${classes}:${path.join(home, 'lib/*')}`, 'com.example.bench.Counts', ...args]
    return seconds((await run('java', java)).output)
  }
}

/** Gives each connection the same lines, as fast as it takes them, and ends. */
function wordServer() {
  const words = 'the quick brown fox jumps over the lazy dog and runs away from hadoop flink yarn hdfs stream batch window'.split(' ')
  const block = 1000
  const text = Array.from({ length: block }, (_, n) => Array.from({ length: WORDS_A_LINE }, (_, i) => words[(n * 7 + i * 3) % words.length]).join(' '))
  const chunk = `${text.join('\n')}\n`
  const server = net.createServer((socket) => {
    let sent = 0
    const go = () => {
      while (sent < LINES) {
        sent += block
        if (!socket.write(chunk)) return socket.once('drain', go)
      }
      socket.end()
    }
    socket.on('error', () => {})
    go()
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve({ port: server.address().port, close: () => server.close() })))
}
