/** A whole real HDFS: a NameNode of Hadoop's, with DataNodes of Hadoop's or of ours. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type Configuration, loadConfiguration, siteFileText } from '../../../common/config/configuration.js'
import { DfsClient } from '../../../hdfs-lite/client/index.js'
import { freePorts, until } from '../../harness/hdfs.js'
import { finished, hadoopHome, hdfsDaemon } from './layout.js'

const JVM_START = 60_000

/** A process whose output is kept, for who wants to know why it ended. */
export function logged(child: ChildProcess): { child: ChildProcess; log: () => string } {
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (t: string) => {
      text = (text + t).slice(-3000)
    })
  return { child, log: () => text }
}

export async function ended(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const end = new Promise((r) => child.once('exit', r))
  child.kill('SIGKILL')
  await end
}

export const reports = async (client: DfsClient) => (await client.namenode.getDatanodeReport({ type: 'LIVE' })).di

export interface RealHdfs {
  readonly confDir: string
  readonly conf: Configuration
  readonly namenodeHttp: string
  close(): Promise<void>
}

/** @param datanodes whose they are, one each. @param home of the Hadoop that it is of */
export async function realHdfs(
  datanodes: readonly ('real' | 'ours')[],
  properties: Readonly<Record<string, string>> = {},
  home = hadoopHome(),
): Promise<RealHdfs> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'hdfs-real-'))
  const [rpc, http, ...rest] = await freePorts(2 + 3 * datanodes.length)
  const write = (name: string, own: Record<string, string>) => {
    const folder = path.join(dir, name)
    mkdirSync(folder)
    const hdfs = {
      'dfs.namenode.rpc-address': `127.0.0.1:${rpc}`,
      'dfs.namenode.http-address': `127.0.0.1:${http}`,
      'dfs.namenode.name.dir': `file://${dir}/name`,
      'dfs.namenode.safemode.extension': '0',
      'dfs.namenode.fs-limits.min-block-size': '0',
      'dfs.namenode.datanode.registration.ip-hostname-check': 'false',
      'dfs.heartbeat.interval': '1s',
      'dfs.replication': '2',
      ...properties,
      ...own,
    }
    writeFileSync(path.join(folder, 'core-site.xml'), siteFileText([['fs.defaultFS', `hdfs://127.0.0.1:${rpc}`], ...Object.entries(properties)]))
    writeFileSync(path.join(folder, 'hdfs-site.xml'), siteFileText(Object.entries(hdfs)))
    return folder
  }
  const confDir = write('conf', {})
  const formatted = await finished(hdfsDaemon('namenode', confDir, ['-format', '-force', '-nonInteractive'], home))
  if (formatted.code !== 0) throw new Error(`the NameNode was not formatted:\n${formatted.stderr}`)
  const daemons = [logged(hdfsDaemon('namenode', confDir, [], home))]
  for (const [i, whose] of datanodes.entries()) {
    const [xfer, web, ipc] = rest.slice(i * 3)
    const own = write(`conf-${i}`, {
      'dfs.datanode.data.dir': `file://${dir}/data-${i}`,
      'dfs.datanode.hostname': 'localhost',
      'dfs.datanode.address': `127.0.0.1:${xfer}`,
      'dfs.datanode.http.address': `127.0.0.1:${web}`,
      'dfs.datanode.ipc.address': `127.0.0.1:${ipc}`,
    })
    const env = { ...process.env, HADOOP_CONF_DIR: own, HADOOP_LOG_DIR: dir, BOBBIN_RUN_DIR: dir, BOBBIN_DAEMON_NAME: `datanode-${i}` }
    daemons.push(
      logged(
        whose === 'real'
          ? hdfsDaemon('datanode', own, [], home)
          : spawn(process.execPath, [path.resolve('dist/datanode.cjs')], { env, stdio: ['ignore', 'pipe', 'pipe'] }),
      ),
    )
  }
  const conf = loadConfiguration(confDir, 'hdfs')
  const client = new DfsClient(conf)
  const close = async () => {
    client.close()
    for (const d of daemons) await ended(d.child)
    rmSync(dir, { recursive: true, force: true })
  }
  try {
    await until('our DataNodes serve', () => datanodes.every((whose, i) => whose === 'real' || existsSync(path.join(dir, `datanode-${i}.json`))), JVM_START)
    await until(
      'the DataNodes are known',
      () =>
        reports(client).then(
          (r) => r.length === datanodes.length,
          () => false,
        ),
      JVM_START,
    )
  } catch (e) {
    const logs = daemons.map((d) => d.log()).join('\n')
    await close()
    throw new Error(`${(e as Error).message}\n${logs}`)
  }
  return { confDir, conf, namenodeHttp: `http://127.0.0.1:${http}`, close }
}
