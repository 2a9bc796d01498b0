// The store: large files through both command lines, many small ones, operations through the libraries, over one connection
// and sixteen. Ours and the real one run at the same time and take turns.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { cleanly, cpuSeconds, median, medianSeconds, program, property, root, run, script, until, withStores } from './lib.mjs'

export const title = 'HDFS'

const FS_SHELL = 'org.apache.hadoop.fs.FsShell'
/** Fifty times the 2.4 files a second that a connection to the real one writes (it waits 400 ms for a late report): 120 a second. */
const SMALL_FILE_AIM = '8.3 ms'
const AIMS = { mkdir: '2', create: '2', stat: '2', rename: '2', delete: '2', small: SMALL_FILE_AIM }
const NAMES = { mkdir: 'mkdir', create: 'create and close, empty', stat: 'stat', rename: 'rename', delete: 'delete', small: '4 KiB file' }
const METADATA = ['mkdir', 'create', 'stat', 'rename', 'delete']
const CLIENTS = [1, 16]
const ROUNDS = 3
const LARGE_ROUNDS = 4
/** In a row: what the first one's file gave back is there for the next. */
const GETS = 2
/** Bytes: the large file's blocks are longer, no others are. */
const LARGE_BLOCK = 1024 * 1024
const OPERATIONS = 2000
const SMALL_FILES = 10_000
/** Of the real one fewer: most of its files wait 400 ms. */
const SMALL_FILES_REAL = 100

export async function measure(report) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-bench-'))
  await cleanly(
    () =>
      withStores(dir, async ({ ours, real, hadoop }) => {
        const javaShell = (conf, ...args) => hadoop.client(conf, FS_SHELL, args)
        const ourShell = (conf, ...args) => run(script('hdfs'), ['dfs', ...args], { env: { HADOOP_CONF_DIR: conf } })
        await largeFiles({ report, dir, ours, real, javaShell, ourShell })
        const ls = await medianSeconds(5, () => ourShell(ours.conf, '-ls', '/'))
        report({ what: 'hdfs dfs -ls', unit: 's', ours: ls, real: real && (await medianSeconds(5, () => javaShell(real.conf, '-ls', '/'))), aim: '0.1 s' })
        await smallFiles({ report, dir, ours, real, javaShell, ourShell })
        for (const n of CLIENTS) await operations({ report, dir, ours, real, hadoop, n })
        if (!hadoop) process.stdout.write('\nBOBBIN_HADOOP_HOME set: the real one is measured beside\n')
      }),
    () => rmSync(dir, { recursive: true, force: true }),
  )
}

/**
 * put and get of 1 GiB, each client on each store in turns; the DataNode's processor time with them. Everyone begins when the
 * file before is gone from the DataNode's disk and nothing is left to be written. The best counts: in a virtual machine new
 * pages of the system's cache may cost a gigabyte two seconds or none, whoever writes it.
 */
async function largeFiles({ report, dir, ours, real, javaShell, ourShell }) {
  const big = path.join(dir, 'big')
  const back = path.join(dir, 'back')
  await run('dd', ['if=/dev/urandom', `of=${big}`, 'bs=1M', 'count=1024'])
  const pairs = { 'our client, ours': [ourShell, ours] }
  if (real) Object.assign(pairs, { 'Java, real': [javaShell, real], 'Java, ours': [javaShell, ours], 'our client, real': [ourShell, real] })
  const seen = {}
  const note = (what, value) => (seen[what] ??= []).push(value)
  for (let round = 0; round < LARGE_ROUNDS; round++) {
    for (const [name, [shell, store]] of Object.entries(pairs)) {
      const timed = async (verb, ...args) => {
        await run('sync', [])
        const before = cpuSeconds(store.datanode)
        note(`${verb}, ${name}`, (await shell(store.conf, `-${verb}`, ...args)).seconds)
        note(`${verb}, ${name}, cpu`, cpuSeconds(store.datanode) - before)
      }
      await timed('put', big, '/big')
      for (let i = 0; i < GETS; i++) {
        await timed('get', '/big', back)
        if (round === 0) await run('cmp', [big, back])
        rmSync(back)
      }
      await ourShell(store.conf, '-rm', '-skipTrash', '/big')
      await until('the DataNode removes its blocks', () => !holdsLargeBlocks(store.conf))
    }
  }
  const figure = (what) => seen[what] && Math.min(...seen[what])
  for (const verb of ['put', 'get']) {
    const row = (what, a, b, aim) => report({ what: `${verb} 1 GiB, ${what}`, unit: 's', ours: figure(`${verb}, ${a}`), real: figure(`${verb}, ${b}`), aim })
    row("Hadoop's client on both", 'Java, ours', 'Java, real', '1')
    row("our client on ours, Hadoop's on the real one", 'our client, ours', 'Java, real', 'above 1')
    row('our client on both', 'our client, ours', 'our client, real', '')
    row("DataNode's CPU, Hadoop's client", 'Java, ours, cpu', 'Java, real, cpu', '')
  }
  rmSync(big)
}

function holdsLargeBlocks(conf) {
  const folder = property(conf, 'hdfs-site.xml', 'dfs.datanode.data.dir').replace('file://', '')
  const isLarge = (name) => /\/blk_\d+$/.test(name) && (statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0) > LARGE_BLOCK
  return readdirSync(folder, { recursive: true }).some(isLarge)
}

/** A folder of small files through the command line. */
async function smallFiles({ report, dir, ours, real, javaShell, ourShell }) {
  const folder = (name, count) => {
    const at = path.join(dir, name)
    mkdirSync(at)
    for (let i = 0; i < count; i++) writeFileSync(path.join(at, `f${i}`), Buffer.alloc(4096, 'x'))
    return at
  }
  const each = async (shell, store, at, count) => ((await shell(store.conf, '-put', at, '/')).seconds * 1000) / count
  report({
    what: 'hdfs dfs -put, 10,000 files of 4 KiB, each',
    unit: 'ms',
    ours: await each(ourShell, ours, folder('many', SMALL_FILES), SMALL_FILES),
    real: real && (await each(javaShell, real, folder('few', SMALL_FILES_REAL), SMALL_FILES_REAL)),
    aim: SMALL_FILE_AIM,
  })
}

function parse(output) {
  return [...output.matchAll(/^(\w+) ([\d.]+)$/gm)].map(([, name, ms]) => [name, Number(ms)])
}

async function operations({ report, dir, ours, real, hadoop, n }) {
  const ops = await program('hdfs-ops.ts', path.join(dir, 'hdfs-ops.cjs'))
  const source = path.join(root, 'test/bench/HdfsOps.java')
  const runners = { ours: (count, names) => run(process.execPath, [ops, ours.conf, String(n), String(count), ...names]) }
  if (real) {
    const classpath = [real.conf, ...hadoop.jars].join(':')
    runners.real = (count, names) => run(hadoop.java, ['-cp', classpath, source, String(n), String(count), ...names], { env: hadoop.env(real.conf) })
  }
  const smallCount = { ours: OPERATIONS, real: n > 1 ? 200 : 20 }
  const stores = { ours, real }
  const seen = { ours: {}, real: {} }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, operate] of Object.entries(runners)) {
      const note = (what, value) => (seen[name][what] ??= []).push(value)
      const before = cpuSeconds(stores[name].namenode)
      for (const [what, ms] of parse((await operate(OPERATIONS, METADATA)).output)) note(what, ms)
      note('cpu', ((cpuSeconds(stores[name].namenode) - before) * 1000) / OPERATIONS)
      for (const [what, ms] of parse((await operate(smallCount[name], ['small'])).output)) note(what, ms)
    }
  }
  const figure = (name, what) => seen[name][what] && median(seen[name][what])
  const row = (what, key, aim) =>
    report({ what: `${what}, ${n} connection${n > 1 ? 's' : ''}`, unit: 'ms', ours: figure('ours', key), real: figure('real', key), aim })
  for (const [key, aim] of Object.entries(AIMS)) row(NAMES[key], key, aim)
  row("NameNode's CPU, one of each but the last", 'cpu', '')
}
