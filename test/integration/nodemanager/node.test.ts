import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterEach, describe, expect, it } from 'vitest'
import { siteFileText } from '../../../common/config/configuration.js'
import { containerIdProto } from '../../../common/protocols/records.js'
import { formatContainerId } from '../../../common/records/ids.js'
import { isAlive } from '../../../nodemanager/launcher/process.js'
import { TestNode, containerId, resource, until } from './harness.js'

const nodes: TestNode[] = []
async function start(properties: Record<string, string> = {}): Promise<TestNode> {
  const node = await TestNode.start(properties)
  nodes.push(node)
  return node
}
afterEach(async () => {
  for (const n of nodes.splice(0)) await n.stop()
})

const RECOVERY = { 'yarn.nodemanager.recovery.enabled': 'true', 'yarn.nodemanager.recovery.supervised': 'true' }
const pidOf = async (node: TestNode, id: ReturnType<typeof containerId>) =>
  Number(
    await until('a pid', () => {
      try {
        return /^\d+$/m.exec(node.logFile(id, 'stdout'))?.[0]
      } catch {
        return undefined
      }
    }),
  )

describe('a node and its ResourceManager', () => {
  it('registers as a real NodeManager does', async () => {
    const node = await start({ 'yarn.nodemanager.resource.memory-mb': '4096', 'yarn.nodemanager.resource.cpu-vcores': '3' })
    const r = node.rm.registrations[0]!
    expect(`${r.nodeId?.host}:${r.nodeId?.port}`).toBe(node.daemon.addresses.node)
    expect(r).toMatchObject({ httpPort: Number(node.daemon.addresses.web!.split(':')[1]), nmVersion: '3.3.6', containerStatuses: [], runningApplications: [] })
    expect(r.resource).toMatchObject({ memory: 4096, virtualCores: 3 })
    expect(r.resource?.resourceValueMap.map((v) => [v.key, v.value, v.units])).toEqual([
      ['memory-mb', 4096, 'Mi'],
      ['vcores', 3, ''],
    ])
    const h = await until('a second heartbeat', () => node.rm.heartbeats[1])
    expect(h.nodeStatus).toMatchObject({ responseId: 1, nodeHealthStatus: { isNodeHealthy: true, healthReport: '' } })
    expect(h.lastKnownContainerTokenMasterKey?.keyId).toBe(node.rm.containerKey.keyId)
    expect(h.lastKnownNmTokenMasterKey?.keyId).toBe(node.rm.nmKey.keyId)
  })

  it('keeps its containers while the ResourceManager is away, and tells it of them when it is back', async () => {
    const node = await start()
    const id = containerId(1, 2)
    await node.run(id, 'echo $$ 1><LOG_DIR>/stdout; sleep 600')
    const pid = await pidOf(node, id)
    await node.rm.stop()
    await new Promise((r) => setTimeout(r, 60))
    expect(isAlive({ pid, start: undefined })).toBe(true)
    await node.rm.start()
    node.rm.answers.push({ nodeAction: 'RESYNC', diagnosticsMessage: 'Node not found resyncing' })
    const again = await until('it registers again', () => node.rm.registrations[1])
    expect(again.containerStatuses.map((s) => [s.containerState, s.containerExitStatus])).toEqual([['C_RUNNING', -1000]])
    expect(again.runningApplications).toHaveLength(1)
  })

  it('takes new keys, and accepts tokens of the key before', async () => {
    const node = await start()
    node.rm.answers.push({ nmTokenMasterKey: { keyId: 500, bytes: Buffer.alloc(8, 1) }, containerTokenMasterKey: { keyId: 501, bytes: Buffer.alloc(8, 2) } })
    await until('the new keys are told back', () =>
      node.rm.heartbeats.some((h) => h.lastKnownNmTokenMasterKey?.keyId === 500 && h.lastKnownContainerTokenMasterKey?.keyId === 501),
    )
    const { answer } = await node.run(containerId(1, 2), 'true')
    expect(answer.failedRequests).toEqual([])
  })

  it('goes when it is told to', async () => {
    const node = await start(RECOVERY)
    const id = containerId(1, 2)
    await node.run(id, 'echo $$ 1><LOG_DIR>/stdout; sleep 600')
    const pid = await pidOf(node, id)
    node.rm.answers.push({ nodeAction: 'SHUTDOWN', diagnosticsMessage: 'Disallowed NodeManager' })
    expect(await until('told', () => node.shutdown)).toContain('Disallowed NodeManager')
    expect(isAlive({ pid, start: undefined })).toBe(false)
  })

  it('ends its containers when it is stopped', async () => {
    const node = await start()
    const id = containerId(1, 2)
    await node.run(id, 'echo $$ 1><LOG_DIR>/stdout; sleep 600')
    const pid = await pidOf(node, id)
    await node.stop()
    nodes.length = 0
    expect(isAlive({ pid, start: undefined })).toBe(false)
  })

  it('says that its disks are full, and takes nothing then', async () => {
    const node = await start({ 'yarn.nodemanager.disk-health-checker.interval-ms': '20' })
    rmSync(node.logs, { recursive: true })
    writeFileSync(node.logs, 'no folder')
    const h = await until('unhealthy', () => node.rm.heartbeats.find((b) => b.nodeStatus?.nodeHealthStatus?.isNodeHealthy === false))
    expect(h.nodeStatus?.nodeHealthStatus?.healthReport).toContain(`1/1 log-dirs have errors:  [ ${node.logs} : `)
    const id = containerId(1, 2)
    await node.run(id, 'true')
    expect(await node.rm.completed(id)).toMatchObject({ exitStatus: -101 })
    rmSync(node.logs)
    await until('healthy again', () => node.rm.heartbeats.at(-1)?.nodeStatus?.nodeHealthStatus?.isNodeHealthy)
    const second = containerId(1, 3)
    await node.run(second, 'true')
    expect(await node.rm.completed(second)).toMatchObject({ exitStatus: 0 })
  })
})

describe('a node that comes back', () => {
  it('aggregates also the logs of what ended, and was heard of, before', async () => {
    const node = await start(RECOVERY)
    const [ended, runs] = [containerId(1, 2), containerId(1, 3)]
    await node.run(ended, 'echo early 1><LOG_DIR>/stdout')
    await node.run(runs, 'echo $$ 1><LOG_DIR>/stdout; sleep 600')
    await node.rm.completed(ended)
    node.rm.answers.push({ containersToBeRemovedFromNm: [containerIdProto(ended)] })
    await until('it is forgotten', () => !node.rm.heartbeats.at(-1)?.nodeStatus?.containersStatuses.some((s) => s.containerId?.id === 2))
    await node.daemon.stop()
    await node.startDaemon()
    await node.finishApplication(1)
    await until('aggregated', () => node.rm.logStatuses(1).includes('LOG_SUCCEEDED'))
    const file = path.join(
      node.store.root,
      '/tmp/logs/alice/bucket-logs-tfile/0001/application_1700000000000_0001',
      node.daemon.addresses.node!.replace(':', '_'),
    )
    expect(readFileSync(file, 'latin1')).toContain('early\n')
  })

  it('without aggregation keeps logs for their time, also those of an earlier run', async () => {
    const node = await start({ ...RECOVERY, 'yarn.log-aggregation-enable': 'false', 'yarn.nodemanager.log.retain-seconds': '3600' })
    const id = containerId(1, 2)
    await node.run(id, 'echo x 1><LOG_DIR>/stdout')
    await node.rm.completed(id)
    await node.finishApplication(1)
    await until('it is over', async () => (await fetch(`${node.web}/ws/v1/node/apps/application_1700000000000_0001`)).status === 404)
    expect(node.logFile(id, 'stdout')).toBe('x\n')
    await node.daemon.stop()
    await node.startDaemon({ 'yarn.nodemanager.log.retain-seconds': '300ms' })
    await until('the logs are gone', () => !existsSync(path.join(node.logs, 'application_1700000000000_0001')))
  })

  it('follows what runs, tells what ended meanwhile, and brings nothing twice', async () => {
    const node = await start(RECOVERY)
    mkdirSync(path.join(node.store.root, 'shared'))
    writeFileSync(path.join(node.store.root, 'shared/lib'), 'lib')
    const localResources = [{ key: 'lib', value: await resource(node.store, '/shared/lib', { visibility: 'PUBLIC' }) }]
    const [runs, ends, failed] = [containerId(1, 2), containerId(1, 3), containerId(1, 4)]
    await node.run(runs, 'echo $$ 1><LOG_DIR>/stdout; until [ -e go ]; do sleep 0.02; done; exit 7', { localResources })
    await node.run(ends, 'echo $$ 1><LOG_DIR>/stdout; sleep 0.3; exit 5')
    await node.run(failed, 'exit 3')
    const pid = await pidOf(node, runs)
    const ended = await pidOf(node, ends)
    await node.rm.completed(failed)
    const { addresses } = node.daemon
    await node.daemon.stop()
    expect(isAlive({ pid, start: undefined })).toBe(true)
    await until('one ends', () => !isAlive({ pid: ended, start: undefined }))
    const [reads, heartbeats] = [node.store.reads, node.rm.heartbeats.length]
    await node.startDaemon()
    expect(node.daemon.addresses).toEqual(addresses)
    const told = Object.fromEntries(node.rm.registrations[1]!.containerStatuses.map((s) => [s.containerId?.id, s]))
    expect(told[2]).toMatchObject({ containerState: 'C_RUNNING' })
    expect(told[4]).toMatchObject({ containerState: 'C_COMPLETE', containerExitStatus: 3 })
    node.rm.heartbeats.splice(0, heartbeats)
    expect(await node.rm.completed(ends)).toMatchObject({ exitStatus: 5 })
    const am = node.client(runs.applicationAttemptId)
    expect((await am.getContainerStatuses({ containerId: [containerIdProto(runs)] })).status[0]).toMatchObject({ state: 'C_RUNNING' })
    writeFileSync(path.join(node.local, 'usercache/alice/appcache/application_1700000000000_0001', formatContainerId(runs), 'go'), '')
    expect(await node.rm.completed(runs)).toMatchObject({ exitStatus: 7 })
    const again = containerId(1, 5)
    await node.run(again, 'cat lib 1><LOG_DIR>/stdout', { localResources })
    expect(await node.rm.completed(again)).toMatchObject({ exitStatus: 0 })
    expect(node.store.reads).toBe(reads)
  })

  it('ends a container of an earlier run that it does not recover, and clears its folders', async () => {
    const node = await start(RECOVERY)
    const id = containerId(1, 2)
    await node.run(id, 'echo $$ 1><LOG_DIR>/stdout; sleep 600')
    const pid = await pidOf(node, id)
    await node.daemon.stop()
    const without = await TestNode.start({ 'yarn.nodemanager.local-dirs': node.local, 'yarn.nodemanager.log-dirs': node.logs })
    nodes.push(without)
    await until('it is ended', () => !isAlive({ pid, start: undefined }))
    expect(existsSync(path.join(node.local, 'usercache'))).toBe(false)
    await node.startDaemon()
  })

  it('survives kill -9 with its containers, running or waiting for their resources', async () => {
    const node = await start(RECOVERY)
    await node.daemon.stop()
    const main = path.join(node.dir, 'nodemanager.cjs')
    const root = fileURLToPath(new URL('../../..', import.meta.url))
    await build({
      entryPoints: [path.join(root, 'nodemanager/main.ts')],
      outfile: main,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['better-sqlite3', '@node-rs/crc32', 'pino'],
      logLevel: 'silent',
      define: { 'import.meta.url': '""' },
    })
    const conf = path.join(node.dir, 'conf')
    mkdirSync(conf)
    const properties = [...node.conf.entries()].map((e) => [e.name, e.value] as const)
    writeFileSync(path.join(conf, 'yarn-site.xml'), siteFileText([...properties, ['fs.defaultFS', 'hdfs://127.0.0.1:1']]))
    const ready = path.join(node.dir, 'nodemanager.json')
    const run = async () => {
      rmSync(ready, { force: true })
      const env = {
        ...process.env,
        HADOOP_CONF_DIR: conf,
        HADOOP_LOG_DIR: path.join(node.dir, 'daemon'),
        BOBBIN_RUN_DIR: node.dir,
        NODE_PATH: path.join(root, 'node_modules'),
      }
      const child = spawn(process.execPath, [main], { env, stdio: 'ignore' })
      await until('ready', () => existsSync(ready))
      const { addresses } = JSON.parse(readFileSync(ready, 'utf8')) as { addresses: Record<string, string> }
      const registered = node.rm.registrations.length
      node.daemon = { addresses, stop: async () => void child.kill('SIGKILL') }
      await until('registered', () => node.rm.registrations.length >= registered && node.rm.registrations.at(-1)?.nodeId?.port === node.nodeId.port)
      return child
    }
    const first = await run()
    const id = containerId(1, 2)
    const { answer } = await node.run(id, 'echo $$ 1><LOG_DIR>/stdout; until [ -e go ]; do sleep 0.02; done; exit 9')
    expect(answer.failedRequests).toEqual([])
    const pid = await pidOf(node, id)
    // A named pipe stands for a store that does not answer: this one dies while it is still localising.
    const slow = path.join(node.dir, 'slow')
    execFileSync('mkfifo', [slow])
    utimesSync(slow, 1_700_000_000, 1_700_000_000)
    const waits = containerId(1, 3)
    const value = { resource: { scheme: 'file', file: slow }, size: 0, timestamp: 1_700_000_000_000, type: 'FILE' as const, visibility: 'APPLICATION' as const }
    const { am } = await node.run(waits, 'cat slow 1><LOG_DIR>/stdout', { localResources: [{ key: 'slow', value }] })
    expect((await am.getContainerStatuses({ containerId: [containerIdProto(waits)] })).status[0]?.containerSubState).toBe('CSS_SCHEDULED')
    const died = new Promise((r) => first.once('exit', r))
    first.kill('SIGKILL')
    await died
    expect(isAlive({ pid, start: undefined })).toBe(true)
    rmSync(slow)
    writeFileSync(slow, 'here at last\n')
    utimesSync(slow, 1_700_000_000, 1_700_000_000)
    const before = node.rm.registrations.length
    const second = await run()
    await until(
      'it tells of it',
      () => node.rm.registrations.length > before && node.rm.registrations.at(-1)?.containerStatuses[0]?.containerState === 'C_RUNNING',
    )
    writeFileSync(path.join(node.local, 'usercache/alice/appcache/application_1700000000000_0001', formatContainerId(id), 'go'), '')
    expect(await node.rm.completed(id)).toMatchObject({ exitStatus: 9 })
    expect(await node.rm.completed(waits)).toMatchObject({ exitStatus: 0 })
    expect(node.logFile(waits, 'stdout')).toBe('here at last\n')
    const ended = new Promise((r) => second.once('exit', r))
    second.kill('SIGTERM')
    await ended
    node.daemon = { addresses: node.daemon.addresses, stop: async () => {} }
  })
})

describe('the web services', () => {
  it('answer in the shapes of the real ones', async () => {
    const node = await start()
    const get = async (p: string, headers: Record<string, string> = {}) => {
      const r = await fetch(node.web + p, { headers, redirect: 'manual' })
      return { status: r.status, type: r.headers.get('content-type'), location: r.headers.get('location'), text: await r.text() }
    }
    const json = async (p: string) => JSON.parse((await get(p)).text)
    expect(await json('/ws/v1/node/apps')).toEqual({ apps: {} })
    expect(await json('/ws/v1/node/containers')).toEqual({ containers: {} })
    const id = containerId(1, 2)
    const name = formatContainerId(id)
    await node.run(id, 'sleep 600')
    await until('it runs', async () => (await json(`/ws/v1/node/containers/${name}`)).container?.state === 'RUNNING')
    expect(await json('/ws/v1/node/apps')).toEqual({
      apps: { app: [{ id: 'application_1700000000000_0001', state: 'RUNNING', user: 'alice', containerids: [name] }] },
    })
    const { container } = await json(`/ws/v1/node/containers/${name}`)
    expect(container).toMatchObject({
      id: name,
      state: 'RUNNING',
      exitCode: -1000,
      diagnostics: '',
      user: 'alice',
      totalMemoryNeededMB: 256,
      totalVCoresNeeded: 1,
      executionType: 'GUARANTEED',
      containerLogsLink: `http://localhost:${node.daemon.addresses.web!.split(':')[1]}/node/containerlogs/${name}/alice`,
      nodeId: node.daemon.addresses.node,
    })
    expect(Object.keys((await json('/ws/v1/node')).nodeInfo)).toEqual([
      'healthReport',
      'totalVmemAllocatedContainersMB',
      'totalPmemAllocatedContainersMB',
      'totalVCoresAllocatedContainers',
      'vmemCheckEnabled',
      'pmemCheckEnabled',
      'lastNodeUpdateTime',
      'resourceTypes',
      'nodeHealthy',
      'nodeManagerVersion',
      'nodeManagerBuildVersion',
      'nodeManagerVersionBuiltOn',
      'hadoopVersion',
      'hadoopBuildVersion',
      'hadoopVersionBuiltOn',
      'id',
      'nodeHostName',
      'nmStartupTime',
    ])
    expect(JSON.parse((await get('/ws/v1/node/apps/application_1_0001')).text)).toEqual({
      RemoteException: {
        exception: 'NotFoundException',
        message: 'java.lang.Exception: app with id application_1_0001 not found',
        javaClassName: 'org.apache.hadoop.yarn.webapp.NotFoundException',
      },
    })
    expect(await get('/ws/v1/node/containers/container_1_0001_01_000001')).toMatchObject({ status: 404, type: 'application/json;charset=utf-8' })
    expect((await get('/ws/v1/node/containers/rubbish')).status).toBe(400)
    expect(await get('/ws/v1/node/auxiliaryservices')).toMatchObject({ status: 400 })
    expect(await get('/ws/v1/node/apps', { accept: 'application/xml' })).toMatchObject({
      type: 'application/xml;charset=utf-8',
      text: `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><apps><app><id>application_1700000000000_0001</id><state>RUNNING</state><user>alice</user><containerids>${name}</containerids></app></apps>`,
    })
    // The real yarn command asks so before it reads logs.
    expect((await fetch(`${node.web}/ws/v1/node/containers/${name}/logs?user.name=alice`, { method: 'OPTIONS' })).status).toBe(200)
    expect(await get('/')).toMatchObject({ status: 302, location: `${node.web}/node` })
    const { beans } = await json('/jmx?qry=Hadoop:service=NodeManager,name=NodeManagerMetrics')
    expect(beans[0]).toMatchObject({ ContainersLaunched: 1, ContainersRunning: 1, AllocatedContainers: 1, AvailableVCores: 7 })
    for (const page of ['/node', '/node/allApplications', '/node/allContainers', `/node/container/${name}`, '/node/application/application_1700000000000_0001'])
      expect(await get(page)).toMatchObject({ status: 200, type: 'text/html;charset=utf-8' })
  })
})
