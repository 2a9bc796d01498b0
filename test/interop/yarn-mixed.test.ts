/** Daemons of a real YARN and of ours in one cluster: a NodeManager of either under a ResourceManager of the other. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSiteFile, siteFileText } from '../../common/config/configuration.js'
import { freePorts } from '../harness/hdfs.js'
import { type Cluster, until, up } from './cluster.js'
import { hadoop, hadoopEnv, hadoopHome, nodeManager, resourceManager, whyNot } from './peers/layout.js'

describe.skipIf(whyNot() !== undefined)('YARN of two makes', () => {
  let dir: string
  let cluster: Cluster
  const running: { child: ChildProcess; over: Promise<void>; said: () => string }[] = []

  /** Keeps what a daemon says, for who wants to know why it does not come up. */
  function started(child: ChildProcess): () => string {
    let text = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (c) => {
        text = (text + c).slice(-4000)
      })
    running.push({ child, over: new Promise((resolve) => child.once('close', () => resolve())), said: () => text })
    return () => text
  }

  /** The cluster's configuration with other values in its yarn-site.xml. */
  function conf(name: string, changes: Readonly<Record<string, string>>): string {
    const folder = path.join(dir, name)
    cpSync(cluster.confDir, folder, { recursive: true })
    const values = new Map(readSiteFile(path.join(folder, 'yarn-site.xml')).map((p) => [p.name, p.value]))
    for (const [key, value] of Object.entries(changes)) values.set(key, value)
    writeFileSync(path.join(folder, 'yarn-site.xml'), siteFileText(values))
    return folder
  }

  const ownFolders = (name: string) => {
    const folder = path.join(dir, `${name}-data`)
    mkdirSync(folder)
    return {
      'yarn.nodemanager.hostname': 'localhost',
      'yarn.nodemanager.address': 'localhost:0',
      'yarn.nodemanager.localizer.address': 'localhost:0',
      'yarn.nodemanager.webapp.address': 'localhost:0',
      'yarn.nodemanager.local-dirs': path.join(folder, 'local'),
      'yarn.nodemanager.log-dirs': path.join(folder, 'logs'),
      'yarn.nodemanager.recovery.enabled': 'false',
      'yarn.nodemanager.resource.memory-mb': '8192',
    }
  }

  const nodes = async (confDir: string) => [...(await hadoop('node', confDir, ['-list'])).stdout.matchAll(/^\s*(\S+:\d+)\s+RUNNING/gm)].map((m) => m[1]!)

  /** Two containers too large for any node but `node`. */
  async function distributedShell(confDir: string, node: string, said: () => string): Promise<void> {
    const run = await hadoop('distributedshell', confDir, [
      ...['-jar', path.join(hadoopHome(), 'share/hadoop/common/lib/hadoop-yarn-applications-distributedshell-3.3.1.jar')],
      ...['-shell_command', 'echo said-on-$NM_HOST:$NM_PORT', '-num_containers', '2', '-master_memory', '256', '-container_memory', '2048'],
    ])
    expect(run.stdout + run.stderr, said()).toContain('Application completed successfully')
    const id = /application_\d+_\d+/.exec(run.stdout + run.stderr)![0]
    const logs = await until('the aggregated logs', async () => {
      const { stdout } = await hadoop('logs', confDir, ['-applicationId', id])
      return (stdout.match(new RegExp(`^said-on-${node}$`, 'gm')) ?? []).length === 2 && stdout
    })
    expect(logs).toContain('LogType:stdout')
  }

  beforeAll(async () => {
    hadoopHome()
    dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-yarn-mixed-'))
    const overlay = path.join(dir, 'overlay')
    mkdirSync(overlay)
    writeFileSync(path.join(overlay, 'yarn-site.xml'), siteFileText([['yarn.nodemanager.resource.memory-mb', '1024']]))
    cluster = await up(1, overlay)
  })
  afterAll(async () => {
    for (const { child, over } of running) {
      child.kill('SIGTERM')
      await over
    }
    await cluster?.down()
    if (dir) rmSync(dir, { recursive: true, force: true })
  })

  it('a real NodeManager runs containers of our ResourceManager', async () => {
    const own = await nodes(cluster.confDir)
    // It looks for plug-ins by the names of auxiliary services.
    const said = started(nodeManager(conf('real-nodemanager', { ...ownFolders('real'), 'yarn.nodemanager.aux-services': '' })))
    const node = await until('the real NodeManager is registered', async () => (await nodes(cluster.confDir)).find((n) => !own.includes(n))).catch((e) => {
      throw new Error(`${(e as Error).message}\n${said()}`)
    })
    await distributedShell(cluster.confDir, node, said)
    const status = await hadoop('node', cluster.confDir, ['-status', node])
    expect(status.stdout).toMatch(/Memory-Capacity : 8192MB\n/)
  })

  it('our NodeManager runs containers of a real ResourceManager', async () => {
    const names = ['address', 'scheduler.address', 'resource-tracker.address', 'admin.address', 'webapp.address']
    const ports = await freePorts(names.length)
    const addresses = Object.fromEntries(names.map((n, i) => [`yarn.resourcemanager.${n}`, `localhost:${ports[i]}`]))
    const confDir = conf('real-resourcemanager', { ...addresses, 'yarn.resourcemanager.recovery.enabled': 'false' })
    const said = started(resourceManager(confDir))
    const nodeConf = conf('our-nodemanager', { ...addresses, ...ownFolders('ours') })
    const ours = started(
      spawn(process.execPath, [path.resolve('dist/nodemanager.cjs')], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...hadoopEnv(), HADOOP_CONF_DIR: nodeConf, HADOOP_LOG_DIR: path.join(dir, 'ours-data'), BOBBIN_RUN_DIR: path.join(dir, 'ours-data') },
      }),
    )
    const node = await until('our NodeManager is registered', async () => (await nodes(confDir))[0]).catch((e) => {
      throw new Error(`${(e as Error).message}\n${said()}\n${ours()}`)
    })
    await distributedShell(confDir, node, () => said() + ours())
  })
})
