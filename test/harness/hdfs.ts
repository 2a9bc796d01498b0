/** A NameNode and DataNodes as processes of their own, in a folder of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { type Configuration, loadConfiguration, siteFileText } from '../../common/config/configuration.js'
import type { ReadyFile } from '../../common/daemon/daemon.js'

/** Below those that the system gives to outgoing connections: such a one could take a port before its server is up. */
const FIRST_PORT = 12_000
const LAST_PORT = 32_000

/** Ports that nobody listens on now. */
export async function freePorts(n: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < n) {
    const port = randomInt(FIRST_PORT, LAST_PORT)
    const free = await new Promise<boolean>((resolve) => {
      const s = net.createServer()
      s.once('error', () => resolve(false))
      s.listen(port, '127.0.0.1', () => s.close(() => resolve(true)))
    })
    if (free) ports.add(port)
  }
  return [...ports]
}

export async function until<T>(what: string, condition: () => T | Promise<T>, limit = 20_000): Promise<NonNullable<T>> {
  for (const end = Date.now() + limit; ; ) {
    const value = await condition()
    if (value) return value as NonNullable<T>
    if (Date.now() > end) throw new Error(`not within ${limit} ms: ${what}`)
    await new Promise((r) => setTimeout(r, 20))
  }
}

export interface HdfsCluster {
  readonly dir: string
  readonly conf: Configuration
  readonly namenodeHttp: string
  /**
   * `namenode` is the first one, `namenode-2` the other of a pair.
   * @param descriptors how many it may have (ulimit -n)
   */
  start(name: 'namenode' | 'namenode-2' | `datanode-${number}`, descriptors?: number): Promise<ReadyFile>
  kill(name: string, signal?: NodeJS.Signals): Promise<void>
  log(name: string): string
  close(): Promise<void>
}

/** Lays out the folders; nothing runs yet. */
export async function hdfsCluster(datanodes: number, properties: Readonly<Record<string, string>> = {}, namenodes = 1): Promise<HdfsCluster> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'hdfs-test-'))
  const ports = await freePorts(4 + datanodes * 3)
  const shared: Record<string, string> = {
    'dfs.nameservices': 'mycluster',
    'dfs.ha.namenodes.mycluster': namenodes === 2 ? 'nn1,nn2' : 'nn1',
    'dfs.namenode.rpc-address.mycluster.nn2': `127.0.0.1:${ports[2]}`,
    'dfs.namenode.http-address.mycluster.nn2': `127.0.0.1:${ports[3]}`,
    'dfs.namenode.rpc-address.mycluster.nn1': `127.0.0.1:${ports[0]}`,
    'dfs.namenode.http-address.mycluster.nn1': `127.0.0.1:${ports[1]}`,
    'dfs.namenode.name.dir': `file://${dir}/name`,
    'dfs.namenode.safemode.extension': '0',
    'dfs.namenode.fs-limits.min-block-size': '0',
    'dfs.heartbeat.interval': '200ms',
    'dfs.namenode.heartbeat.recheck-interval': '500',
    'dfs.replication': String(Math.min(datanodes, 3)),
    ...properties,
  }
  const write = (folder: string, own: Record<string, string>) => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'core-site.xml'), siteFileText([['fs.defaultFS', 'hdfs://mycluster']]))
    writeFileSync(path.join(folder, 'hdfs-site.xml'), siteFileText(Object.entries({ ...shared, ...own })))
  }
  write(path.join(dir, 'conf'), {})
  write(path.join(dir, 'conf-namenode-2'), { 'dfs.ha.namenode.id': 'nn2' })
  for (let i = 1; i <= datanodes; i++) {
    const [xfer, http, ipc] = ports.slice(4 + (i - 1) * 3)
    write(path.join(dir, `conf-datanode-${i}`), {
      'dfs.datanode.data.dir': `file://${dir}/data-${i}`,
      'dfs.datanode.hostname': 'localhost',
      'dfs.datanode.address': `127.0.0.1:${xfer}`,
      'dfs.datanode.http.address': `127.0.0.1:${http}`,
      'dfs.datanode.ipc.address': `127.0.0.1:${ipc}`,
    })
  }
  for (const d of ['run', 'logs']) mkdirSync(path.join(dir, d))
  const running = new Map<string, ChildProcess>()
  const log = (name: string) => {
    const file = path.join(dir, 'logs', `${name}.log`)
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }
  const cluster: HdfsCluster = {
    dir,
    conf: loadConfiguration(path.join(dir, 'conf'), 'hdfs'),
    namenodeHttp: `http://127.0.0.1:${ports[1]}`,
    log,
    async start(name, descriptors) {
      const ready = path.join(dir, 'run', `${name}.json`)
      rmSync(ready, { force: true })
      const command = [process.execPath, path.resolve('dist', `${name.replace(/-.*/, '')}.cjs`)]
      if (descriptors !== undefined) command.unshift('sh', '-c', `ulimit -n ${descriptors}; exec "$0" "$@"`)
      const child = spawn(command[0]!, command.slice(1), {
        stdio: 'ignore',
        env: {
          ...process.env,
          HADOOP_CONF_DIR: path.join(dir, name === 'namenode' ? 'conf' : `conf-${name}`),
          HADOOP_LOG_DIR: path.join(dir, 'logs'),
          BOBBIN_RUN_DIR: path.join(dir, 'run'),
          BOBBIN_DAEMON_NAME: name,
        },
      })
      running.set(name, child)
      await until(`${name} serves`, () => {
        if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}:\n${log(name).split('\n').slice(-5).join('\n')}`)
        return existsSync(ready)
      })
      return JSON.parse(readFileSync(ready, 'utf8')) as ReadyFile
    },
    async kill(name, signal = 'SIGKILL') {
      const child = running.get(name)
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise((r) => child.once('exit', r))
      child.kill(signal)
      await ended
      running.delete(name)
    },
    async close() {
      await Promise.all([...running.keys()].map((n) => cluster.kill(n)))
      rmSync(dir, { recursive: true, force: true })
    },
  }
  return cluster
}
