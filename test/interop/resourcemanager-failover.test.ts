/** Two ResourceManagers of ours on one store, under Hadoop's own clients: the active one is killed while an application of theirs runs. */
import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { siteFileText } from '../../common/config/configuration.js'
import { freePorts } from '../harness/hdfs.js'
import { type Cluster, until, up } from './cluster.js'
import { finished, hadoop, hadoopHome, startHadoop, whyNot } from './peers/layout.js'

const SERVICES = ['address', 'scheduler.address', 'resource-tracker.address', 'admin.address', 'webapp.address']
const bundle = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../dist/resourcemanager.cjs')

describe.skipIf(whyNot() !== undefined)('a pair of ResourceManagers', () => {
  const overlay = mkdtempSync(path.join(os.tmpdir(), 'bobbin-pair-'))
  let cluster: Cluster
  let second: ChildProcess
  let webs: string[] = []

  /** What a member says of itself; undefined while it doesn't answer. */
  const state = (member: number) =>
    fetch(`${webs[member]}/ws/v1/cluster/info`).then(
      async (r) => ((await r.json()) as { clusterInfo: { haState: string } }).clusterInfo.haState,
      () => undefined,
    )

  beforeAll(async () => {
    hadoopHome()
    const ports = await freePorts(2 * SERVICES.length)
    const addresses = ['rm1', 'rm2'].flatMap((id, i) =>
      SERVICES.map((s, j) => [`yarn.resourcemanager.${s}.${id}`, `localhost:${ports[SERVICES.length * i + j]}`] as const),
    )
    webs = addresses.filter(([name]) => name.includes('webapp')).map(([, address]) => `http://${address}`)
    const site = (id: string) =>
      siteFileText([
        ['yarn.resourcemanager.ha.enabled', 'true'],
        ['yarn.resourcemanager.ha.rm-ids', 'rm1,rm2'],
        ['yarn.resourcemanager.ha.id', id],
        ['yarn.resourcemanager.ha.automatic-failover.enabled', 'true'],
        ['yarn.resourcemanager.recovery.enabled', 'true'],
        ['yarn.resourcemanager.fs.state-store.uri', path.join(overlay, 'store')],
        ['yarn.client.failover-sleep-base-ms', '100'],
        ['yarn.client.failover-sleep-max-ms', '1000'],
        ...addresses,
      ])
    writeFileSync(path.join(overlay, 'yarn-site.xml'), site('rm1'))
    cluster = await up(1, overlay)
    const confDir = path.join(overlay, 'rm2')
    cpSync(cluster.confDir, confDir, { recursive: true })
    const file = path.join(confDir, 'yarn-site.xml')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/(<name>yarn\.resourcemanager\.ha\.id<\/name>\s*<value>)rm1/, '$1rm2'))
    const run = path.join(overlay, 'run')
    mkdirSync(run)
    second = spawn(process.execPath, [bundle], {
      env: { ...process.env, HADOOP_CONF_DIR: confDir, HADOOP_LOG_DIR: path.join(overlay, 'logs'), BOBBIN_RUN_DIR: run, BOBBIN_DAEMON_NAME: 'rm2' },
      stdio: 'ignore',
    })
    await until('the second one stands by', async () => existsSync(path.join(run, 'rm2.json')) && (await state(1)) === 'STANDBY')
  })
  afterAll(async () => {
    second?.kill('SIGKILL')
    await cluster?.down()
    rmSync(overlay, { recursive: true, force: true })
  })

  it('is administrated by yarn rmadmin', async () => {
    expect(await hadoop('rmadmin', cluster.confDir, ['-getServiceState', 'rm1'])).toMatchObject({ code: 0, stdout: 'active\n' })
    expect(await hadoop('rmadmin', cluster.confDir, ['-getServiceState', 'rm2'])).toMatchObject({ code: 0, stdout: 'standby\n' })
    const all = await hadoop('rmadmin', cluster.confDir, ['-getAllServiceState'])
    expect(all.stdout.replace(/ +/g, ' ')).toMatch(/^\S+ active \n\S+ standby \n$/)
  })

  it('lets DistributedShell go on to its end when the active one is killed', async () => {
    const jar = path.join(hadoopHome(), 'share/hadoop/common/lib/hadoop-yarn-applications-distributedshell-3.3.1.jar')
    const shell = startHadoop(
      'distributedshell',
      cluster.confDir,
      ['-jar', jar, '-shell_command', 'sleep 12', '-num_containers', '2', '-master_memory', '256', '-container_memory', '128'],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const run = finished(shell)
    const running = async () => {
      const answer = (await (await fetch(`${webs[0]}/ws/v1/cluster/apps?states=RUNNING`)).json()) as {
        apps: { app?: { id: string; runningContainers: number }[] }
      }
      return answer.apps.app?.find((a) => a.runningContainers === 3)
    }
    const before = await until('both containers run', running)
    const { pid } = JSON.parse(readFileSync(path.join(cluster.dir, 'run/resourcemanager.json'), 'utf8')) as { pid: number }
    process.kill(pid, 'SIGKILL')
    await until('the second one is active', async () => (await state(1)) === 'ACTIVE', 30_000)

    const listed = await hadoop('application', cluster.confDir, ['-list'])
    expect(listed.stdout).toContain(before.id)
    const { code, stdout, stderr } = await run
    expect(stdout + stderr).toContain('Application completed successfully')
    expect(code).toBe(0)
    const attempts = await hadoop('application', cluster.confDir, ['-list', '-appStates', 'FINISHED'])
    expect(attempts.stdout).toMatch(new RegExp(`${before.id}\\s+DistributedShell\\s+YARN\\s+\\S+\\s+default\\s+FINISHED\\s+SUCCEEDED\\s+100%`))
    // Neither its master nor a container was started again.
    const lived = (await (await fetch(`${webs[1]}/ws/v1/cluster/apps/${before.id}/appattempts`)).json()) as { appAttempts: { appAttempt: unknown[] } }
    expect(lived.appAttempts.appAttempt).toHaveLength(1)
  })
})
