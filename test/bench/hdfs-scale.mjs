// The store with much in it: a million files, a folder of 100,000 entries, 10,000 open files, calls while a checkpoint is made.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { NATIVE_MODULES, cleanly, cpuSeconds, program, resident, root, run, sleep, until, withStores } from './lib.mjs'

export const title = 'HDFS with much in it'

const FILES = 1_000_000
const ENTRIES = 100_000
const OPEN_FILES = 10_000
const LOAD_SECONDS = 15
const CLIENTS = 16
const MB = 1e6

export async function measure(report) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-bench-'))
  await cleanly(
    async () => {
      await millionFiles({ report, dir })
      await withStores(dir, async (stores) => {
        await listing({ report, dir, ...stores })
        await openFiles({ report, dir, ...stores })
      })
    },
    () => rmSync(dir, { recursive: true, force: true }),
  )
}

/** A NameNode alone, with the flags that `bobbin up` gives it. */
async function namenode(dir, properties, work) {
  const conf = path.join(dir, 'conf')
  for (const d of ['conf', 'run', 'logs']) mkdirSync(path.join(dir, d), { recursive: true })
  const site = (entries) =>
    `<configuration>${Object.entries(entries)
      .map(([name, value]) => `<property><name>${name}</name><value>${value}</value></property>`)
      .join('')}</configuration>`
  const ports = { 'dfs.namenode.rpc-address': '127.0.0.1:28420', 'dfs.namenode.http-address': '127.0.0.1:28470' }
  writeFileSync(path.join(conf, 'core-site.xml'), site({ 'fs.defaultFS': 'hdfs://127.0.0.1:28420' }))
  writeFileSync(
    path.join(conf, 'hdfs-site.xml'),
    site({
      ...ports,
      'dfs.namenode.name.dir': `file://${dir}/name`,
      'dfs.namenode.safemode.threshold-pct': '0',
      'dfs.namenode.safemode.extension': '0',
      ...properties,
    }),
  )
  const env = { HADOOP_CONF_DIR: conf, HADOOP_LOG_DIR: path.join(dir, 'logs'), BOBBIN_RUN_DIR: path.join(dir, 'run'), MALLOC_ARENA_MAX: '1' }
  const out = openSync(path.join(dir, 'logs/out'), 'w')
  const started = performance.now()
  const child = spawn(process.execPath, ['--max-semi-space-size=8', path.join(root, 'dist/namenode.cjs')], {
    env: { ...process.env, ...env },
    stdio: ['ignore', out, out],
  })
  const ended = new Promise((r) => child.once('exit', r))
  return cleanly(
    async () => {
      await until('the NameNode starts', () => {
        if (child.exitCode !== null) throw new Error(readFileSync(path.join(dir, 'logs/out'), 'utf8'))
        return existsSync(path.join(dir, 'run/namenode.json'))
      })
      return work({ pid: child.pid, conf, seconds: (performance.now() - started) / 1000 })
    },
    async () => {
      child.kill('SIGTERM')
      await ended
    },
  )
}

async function millionFiles({ report, dir }) {
  const at = path.join(dir, 'million')
  const fill = await program('hdfs-namespace.ts', path.join(dir, 'hdfs-namespace.cjs'))
  await run(process.execPath, [fill, path.join(at, 'name'), String(FILES)], { env: NATIVE_MODULES })
  cpSync(path.join(at, 'name'), path.join(at, 'kept'), { recursive: true })
  await namenode(at, {}, async ({ pid, seconds }) => {
    report({ what: '1,000,000 files: start', unit: 's', ours: seconds, aim: 'under 5 s' })
    report({ what: '1,000,000 files: processor time to start', unit: 's', ours: cpuSeconds(pid) })
    await sleep(5000)
    report({ what: '1,000,000 files: memory', unit: 'MB', ours: resident(pid) / MB, aim: 'under 600 MB' })
  })
  const latency = await program('hdfs-latency.ts', path.join(dir, 'hdfs-latency.cjs'))
  const cases = { 'no checkpoint': {}, checkpoints: { 'dfs.namenode.checkpoint.txns': '2000' } }
  for (const [name, properties] of Object.entries(cases)) {
    rmSync(path.join(at, 'name'), { recursive: true, force: true })
    cpSync(path.join(at, 'kept'), path.join(at, 'name'), { recursive: true })
    await namenode(at, properties, async ({ conf }) => {
      const { output } = await run(process.execPath, [latency, conf, String(CLIENTS), String(LOAD_SECONDS)])
      const figures = Object.fromEntries([...output.matchAll(/^(\w+) ([\d.]+)$/gm)].map(([, what, n]) => [what, Number(n)]))
      const made = readdirSync(path.join(at, 'name')).filter((f) => f.startsWith('checkpoint_')).length
      if (name === 'checkpoints' && made === 0) throw new Error('no checkpoint was made')
      for (const kind of ['read', 'write'])
        for (const percent of [50, 99])
          report({ what: `${CLIENTS} clients, ${name}: p${percent} of a ${kind}`, unit: 'ms', ours: figures[`${kind}${percent}`] })
    })
  }
}

async function listing({ report, dir, ours, real, hadoop }) {
  const ops = await program('hdfs-ops.ts', path.join(dir, 'hdfs-ops.cjs'))
  const source = path.join(root, 'test/bench/HdfsOps.java')
  const java = (store, ...args) => run(hadoop.java, ['-cp', [store.conf, ...hadoop.jars].join(':'), source, ...args], { env: hadoop.env(store.conf) })
  const list = async (what) => Number(/^list ([\d.]+)$/m.exec((await what).output)[1])
  await run(process.execPath, [ops, ours.conf, String(CLIENTS), String(ENTRIES), 'fill'])
  if (real) await java(real, String(CLIENTS), String(ENTRIES), 'fill')
  const own = await list(run(process.execPath, [ops, ours.conf, '1', String(ENTRIES), 'list']))
  const ofReal = real && (await list(java(real, '1', String(ENTRIES), 'list')))
  report({ what: 'list 100,000 entries, our client and Hadoop’s', unit: 'ms', ours: own, real: ofReal, aim: '1' })
  if (real)
    report({
      what: 'list 100,000 entries, Hadoop’s client on both',
      unit: 'ms',
      ours: await list(java(ours, '1', String(ENTRIES), 'list')),
      real: ofReal,
      aim: '1',
    })
}

/** Ours alone: a real DataNode takes 4,096 at once. */
async function openFiles({ report, dir, ours }) {
  const open = await program('hdfs-open-files.ts', path.join(dir, 'hdfs-open-files.cjs'))
  const child = spawn(process.execPath, [open, ours.conf, String(OPEN_FILES)], { stdio: ['pipe', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  await cleanly(
    async () => {
      const printed = (what) =>
        until(`files ${what}`, () => {
          if (child.exitCode !== null && child.exitCode !== 0) throw new Error(`the files could not all be opened:\n${output}`)
          return Number(new RegExp(`^${what} ([\\d.]+)$`, 'm').exec(output)?.[1] ?? 0)
        })
      report({ what: '10,000 open files: create, write and flush all', unit: 's', ours: await printed('open') })
      report({ what: '10,000 open files: memory of NameNode and DataNode', unit: 'MB', ours: (resident(ours.namenode) + resident(ours.datanode)) / MB })
      child.stdin.end('close\n')
      report({ what: '10,000 open files: close all', unit: 's', ours: await printed('close') })
      await ended
    },
    () => child.kill(),
  )
}
