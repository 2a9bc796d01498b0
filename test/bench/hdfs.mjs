// The store: large files through the command line, operations through the libraries, over one connection and sixteen.
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { RealCluster, cleanly, medianSeconds, program, realHadoop, root, run, script } from './lib.mjs'

export const title = 'HDFS'

const FS_SHELL = 'org.apache.hadoop.fs.FsShell'
const OPERATIONS = { mkdir: '2', create: '2', stat: '2', rename: '2', delete: '2', small: '50' }
const NAMES = { mkdir: 'mkdir', create: 'create and close, empty', stat: 'stat', rename: 'rename', delete: 'delete', small: '4 KiB file' }
const CLIENTS = [1, 16]

export async function measure(report) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-bench-'))
  const big = path.join(dir, 'big')
  await run('dd', ['if=/dev/urandom', `of=${big}`, 'bs=1M', 'count=1024'])
  await cleanly(
    async () => {
      const ours = await measureOurs(dir, big)
      const hadoop = realHadoop()
      const real = hadoop ? await measureReal(hadoop, dir, big) : {}
      for (const what of ['put 1 GiB', 'get 1 GiB', 'ls']) {
        report({ what: `hdfs dfs: ${what}`, unit: 's', ours: ours[what], real: real[what], aim: what === 'ls' ? '0.1 s' : 'above 1' })
      }
      for (const n of CLIENTS) {
        for (const [key, aim] of Object.entries(OPERATIONS)) {
          const what = `${NAMES[key]}, ${n} connection${n > 1 ? 's' : ''}`
          report({ what, unit: 'ms', ours: ours[`${key} ${n}`], real: real[`${key} ${n}`], aim })
        }
      }
      if (!hadoop) process.stdout.write('\nBOBBIN_HADOOP_HOME set: the real one is measured beside\n')
    },
    () => rmSync(dir, { recursive: true, force: true }),
  )
}

/** put, get and ls by whatever runs a verb. */
async function files(dir, big, verb) {
  const seconds = {}
  seconds.ls = await medianSeconds(5, () => verb('-ls', '/'))
  seconds['put 1 GiB'] = (await verb('-put', '-f', big, '/big')).seconds
  seconds['get 1 GiB'] = (await verb('-get', '-f', '/big', path.join(dir, 'back'))).seconds
  await run('cmp', [big, path.join(dir, 'back')])
  rmSync(path.join(dir, 'back'))
  return seconds
}

function parse(output, clients) {
  return Object.fromEntries([...output.matchAll(/^(\w+) ([\d.]+)$/gm)].map(([, name, ms]) => [`${name} ${clients}`, Number(ms)]))
}

async function measureOurs(dir, big) {
  const bobbin = (...args) => run(script('bobbin'), [...args, '--dir', path.join(dir, 'cluster')])
  await bobbin('up', '-d', '--nodes', '1', '--free-ports')
  return cleanly(
    async () => {
      const conf = path.join(dir, 'cluster/conf')
      const env = { HADOOP_CONF_DIR: conf }
      const figures = await files(dir, big, (...args) => run(script('hdfs'), ['dfs', ...args], { env }))
      const ops = await program('hdfs-ops.ts', path.join(dir, 'hdfs-ops.cjs'))
      for (const n of CLIENTS) Object.assign(figures, parse((await run(process.execPath, [ops, conf, String(n), '2000'])).output, n))
      return figures
    },
    () => bobbin('down'),
  )
}

async function measureReal(hadoop, dir, big) {
  const cluster = new RealCluster(hadoop, path.join(dir, 'cluster'))
  return cleanly(
    async () => {
      // No NodeManagers: only the store is used.
      await cluster.start(0)
      const figures = await files(dir, big, (...args) => hadoop.client(cluster.conf, FS_SHELL, args))
      const source = path.join(root, 'test/bench/HdfsOps.java')
      const classpath = [cluster.conf, ...hadoop.jars].join(':')
      for (const n of CLIENTS) {
        const { output } = await run(hadoop.java, ['-cp', classpath, source, String(n), '2000', n > 1 ? '200' : '20'], { env: hadoop.env(cluster.conf) })
        Object.assign(figures, parse(output, n))
      }
      return figures
    },
    () => cluster.stop(),
  )
}
