import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { containerIdProto } from '../../../common/protocols/records.js'
import { formatContainerId } from '../../../common/records/ids.js'
import { EXIT } from '../../../common/records/states.js'
import { decodeCredentials, encodeCredentials } from '../../../common/security/credentials.js'
import { isAlive } from '../../../nodemanager/launcher/process.js'
import { TestNode, appAttempt, containerId, until } from './harness.js'

let node: TestNode
beforeAll(async () => {
  node = await TestNode.start({ 'yarn.nodemanager.container-monitor.interval-ms': '40' })
})
afterAll(() => node.stop())

/** The pid that a container wrote to its stdout. */
const pidOf = async (id: ReturnType<typeof containerId>) =>
  Number(
    await until('a pid', () => {
      try {
        return /^\d+$/m.exec(node.logFile(id, 'stdout'))?.[0]
      } catch {
        return undefined
      }
    }),
  )

describe('a container', () => {
  it('runs with what a container finds in Hadoop, and its end is told at once', async () => {
    const id = containerId(1, 2)
    const tokens = encodeCredentials({
      tokens: new Map([['t', { identifier: Buffer.of(1), password: Buffer.of(2), kind: 'K', service: 's' }]]),
      secrets: new Map(),
    })
    node.rm.heartbeatInterval = 60_000
    node.rm.answers.push({})
    const before = performance.now()
    const { answer } = await node.run(id, 'env 1><LOG_DIR>/stdout; cp $HADOOP_TOKEN_FILE_LOCATION {{LOG_DIRS}}/tokens; pwd -P 1><LOG_DIR>/pwd', {
      tokens,
      environment: [
        { key: 'MINE', value: '$CONTAINER_ID!' },
        { key: 'USER', value: 'mallory' },
      ],
    })
    expect(answer.failedRequests).toEqual([])
    const status = await node.rm.completed(id)
    node.rm.heartbeatInterval = 20
    expect(status).toMatchObject({ exitStatus: 0, containerSubState: 'CSS_DONE', diagnostics: '' })
    expect(performance.now() - before).toBeLessThan(10_000)
    const env = Object.fromEntries(
      node
        .logFile(id, 'stdout')
        .split('\n')
        .map((l) => [l.slice(0, l.indexOf('=')), l.slice(l.indexOf('=') + 1)]),
    )
    const name = formatContainerId(id)
    const [host, port] = node.daemon.addresses.node!.split(':')
    expect(env).toMatchObject({
      CONTAINER_ID: name,
      NM_HOST: host,
      NM_PORT: port,
      USER: 'alice',
      LOGNAME: 'alice',
      HOME: '/home/',
      MINE: `${name}!`,
      PATH: process.env.PATH,
    })
    expect(env.NM_HTTP_PORT).toBe(node.daemon.addresses.web!.split(':')[1])
    expect(env.LOCAL_DIRS).toBe(`${node.local}/usercache/alice/appcache/application_1700000000000_0001`)
    expect(node.logFile(id, 'pwd').trim().endsWith(name)).toBe(true)
    const app = path.join(node.logs, 'application_1700000000000_0001', name)
    expect(decodeCredentials(readFileSync(path.join(app, 'tokens'))).tokens.get('t')?.kind).toBe('K')
    await until('its work folder is gone', () => !existsSync(path.join(env.LOCAL_DIRS!, name)))
  })

  it('that fails says so with the end of its error output', async () => {
    const id = containerId(2, 2)
    await node.run(id, 'echo why it failed >&2; exit 3', {}, {})
    const { exitStatus, diagnostics } = await node.rm.completed(id)
    expect(exitStatus).toBe(3)
    expect(diagnostics).toMatch(
      new RegExp(
        String.raw`^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\]Exception from container-launch\.\nContainer id: ${formatContainerId(id)}\nExit code: 3\n\n\[.{23}\]Container exited with a non-zero exit code 3\. Error file: prelaunch\.err\.\nLast 4096 bytes of prelaunch\.err :\nwhy it failed\n`,
      ),
    )
    const second = containerId(2, 3)
    await node.run(second, 'echo of my own 2><LOG_DIR>/stderr >&2; exit 4')
    expect((await node.rm.completed(second)).diagnostics).toContain('Last 4096 bytes of stderr :\nof my own\n')
  })

  it('that is stopped gets TERM, and its group goes with it', async () => {
    const id = containerId(3, 2)
    const { am } = await node.run(id, 'sleep 600 & echo \\$! 1><LOG_DIR>/stdout; wait')
    const child = await pidOf(id)
    expect((await am.stopContainers({ containerId: [containerIdProto(id)] })).succeededRequests).toHaveLength(1)
    const { exitStatus, diagnostics } = await node.rm.completed(id)
    expect(exitStatus).toBe(EXIT.KILLED_BY_APPMASTER)
    expect(diagnostics.replace(/\[.*?\]/g, '')).toBe(
      'Container killed by the ApplicationMaster.\nContainer killed on request. Exit code is 143\nContainer exited with a non-zero exit code 143. \n',
    )
    await until('its child is gone', () => !isAlive({ pid: child, start: undefined }))
  })

  it('that does not hear TERM gets KILL', async () => {
    const id = containerId(3, 3)
    const { am } = await node.run(id, "trap '' TERM; echo $$ 1><LOG_DIR>/stdout; while true; do sleep 1; done")
    await pidOf(id)
    await am.stopContainers({ containerId: [containerIdProto(id)] })
    expect((await node.rm.completed(id)).diagnostics).toContain('Container killed on request. Exit code is 137')
  })

  it('leaves nothing running behind', async () => {
    const id = containerId(3, 4)
    await node.run(id, 'sleep 600 & echo \\$! 1><LOG_DIR>/stdout')
    const child = await pidOf(id)
    expect((await node.rm.completed(id)).exitStatus).toBe(0)
    await until('its child is gone', () => !isAlive({ pid: child, start: undefined }))
  })

  it('that takes more memory than it may is killed with the numbers', async () => {
    const id = containerId(4, 2)
    await node.run(
      id,
      `exec ${process.execPath} -e 'const b=Buffer.alloc(150<<20,1);setTimeout(()=>{},60000,b)'`,
      {},
      { resource: { memory: 64, virtualCores: 1 } },
    )
    const { exitStatus, diagnostics } = await node.rm.completed(id)
    expect(exitStatus).toBe(EXIT.KILLED_EXCEEDED_PMEM)
    expect(diagnostics).toMatch(
      new RegExp(
        String.raw`Container \[pid=\d+,containerID=${formatContainerId(id)}\] is running \d+B beyond the 'PHYSICAL' memory limit\. Current usage: \d+(\.\d)? MB of 64 MB physical memory used; .* virtual memory used\. Killing container\.\nDump of the process-tree`,
      ),
    )
  })

  it('is launched again as its context says', async () => {
    const id = containerId(5, 2)
    await node.run(id, 'echo x >> <LOG_DIR>/tries; exit 9', {
      containerRetryContext: { retryPolicy: 'RETRY_ON_ALL_ERRORS', maxRetries: 2, retryInterval: 1 },
    })
    expect((await node.rm.completed(id)).exitStatus).toBe(9)
    expect(node.logFile(id, 'tries')).toBe('x\nx\nx\n')
  })

  it('is signalled', async () => {
    const id = containerId(6, 2)
    const { am } = await node.run(id, "trap 'echo got it 1><LOG_DIR>/signal; exit 0' QUIT; echo $$ 1><LOG_DIR>/stdout; while true; do sleep 0.05; done")
    await pidOf(id)
    await am.signalToContainer({ containerId: containerIdProto(id), command: 'OUTPUT_THREAD_DUMP' })
    const { diagnostics } = await node.rm.completed(id)
    expect(diagnostics).toMatch(/\]Sent signal OUTPUT_THREAD_DUMP \(SIGQUIT\) to pid \d+ as user alice for container .*, result=success\n/)
    expect(node.logFile(id, 'signal')).toBe('got it\n')
  })

  it('is started anew by its master, in its place', async () => {
    const id = containerId(7, 2)
    const { am } = await node.run(id, 'echo $$ 1><LOG_DIR>/stdout; sleep 600')
    const first = await pidOf(id)
    await am.reInitializeContainer({ containerId: containerIdProto(id), containerLaunchContext: { command: ['echo second 1><LOG_DIR>/second; exit 0'] } })
    expect((await node.rm.completed(id)).exitStatus).toBe(0)
    expect(node.logFile(id, 'second')).toBe('second\n')
    expect(isAlive({ pid: first, start: undefined })).toBe(false)
  })

  it('is ended with its application, and the application is forgotten', async () => {
    const id = containerId(8, 2)
    await node.run(id, 'sleep 600')
    await node.finishApplication(8)
    const { exitStatus, diagnostics } = await node.rm.completed(id)
    expect(exitStatus).toBe(EXIT.KILLED_AFTER_APP_COMPLETION)
    expect(diagnostics).toContain('Container killed on application-finish event: Application killed by ResourceManager')
    const dir = path.join(node.local, 'usercache/alice/appcache/application_1700000000000_0008')
    await until('its folder is gone', () => !existsSync(dir))
    await until('it is forgotten', async () => (await fetch(`${node.web}/ws/v1/node/apps/application_1700000000000_0008`)).status === 404)
  })

  it('is ended by the ResourceManager', async () => {
    const id = containerId(9, 2)
    await node.run(id, 'sleep 600')
    node.rm.answers.push({ containersToCleanup: [containerIdProto(id)] })
    expect(await node.rm.completed(id)).toMatchObject({ exitStatus: EXIT.KILLED_BY_RESOURCEMANAGER })
  })

  it('is signalled, and made smaller, by the ResourceManager', async () => {
    const id = containerId(13, 2)
    const { am } = await node.run(id, "trap 'exit 0' TERM; echo $$ 1><LOG_DIR>/stdout; while true; do sleep 0.05; done")
    await pidOf(id)
    const { containerToken } = node.startRequest(id, {}, { version: 1, resource: { memory: 100, virtualCores: 1 } })
    node.rm.answers.push({ containersToUpdate: [{ id: containerIdProto(id), containerToken }] })
    await until('it is smaller', async () => (await am.getContainerStatuses({ containerId: [containerIdProto(id)] })).status[0]?.capability?.memory === 100)
    node.rm.answers.push({ containersToSignal: [{ containerId: containerIdProto(id), command: 'GRACEFUL_SHUTDOWN' }] })
    expect(await node.rm.completed(id)).toMatchObject({ exitStatus: 0, capability: { memory: 100 } })
  })

  it('is told of until the ResourceManager has heard it', async () => {
    const id = containerId(10, 2)
    const { am } = await node.run(id, 'true')
    await node.rm.completed(id)
    expect((await am.getContainerStatuses({ containerId: [containerIdProto(id)] })).status).toHaveLength(1)
    node.rm.answers.push({ containersToBeRemovedFromNm: [containerIdProto(id)] })
    const failure = await until('it is forgotten', async () => (await am.getContainerStatuses({ containerId: [containerIdProto(id)] })).failedRequests[0])
    expect(failure.exception?.message).toBe(`Container ${formatContainerId(id)} was recently stopped on node manager.`)
  })

  it('runs within a moment of being asked for', async () => {
    const { am } = await node.run(containerId(11, 1), 'true')
    const ids = Array.from({ length: 5 }, (_, i) => containerId(11, i + 2))
    await am.startContainers({ startContainerRequest: ids.map((id) => node.startRequest(id, { command: ['echo $$ 1><LOG_DIR>/stdout'] })) })
    for (const id of ids) expect(await pidOf(id)).toBeGreaterThan(0)
    expect(readdirSync(node.logs)).toContain('application_1700000000000_0011')
  })

  it('may grow when the ResourceManager says so', async () => {
    const id = containerId(12, 2)
    const { am } = await node.run(id, 'sleep 600')
    const token = (version: number, memory: number) => node.startRequest(id, {}, { version, resource: { memory, virtualCores: 1 } }).containerToken
    expect((await am.updateContainer({ updateContainerToken: [token(1, 512)] })).failedRequests).toEqual([])
    expect((await am.getContainerStatuses({ containerId: [containerIdProto(id)] })).status[0]?.capability?.memory).toBe(512)
    await until('the increase is told', () => node.rm.heartbeats.some((h) => h.nodeStatus?.increasedContainers.some((c) => c.resource?.memory === 512)))
    const again = await am.updateContainer({ updateContainerToken: [token(1, 600)] })
    expect(again.failedRequests[0]?.exception?.message).toBe(`Container ${formatContainerId(id)} has update version [1] >= requested version [1]`)
    await am.stopContainers({ containerId: [containerIdProto(id)] })
    await node.rm.completed(id)
  })
})

describe('who may do what', () => {
  it('a connection without a token is refused', async () => {
    const attempt = appAttempt(20)
    await expect(node.client(attempt, { password: Buffer.from('wrong') }).getContainerStatuses({ containerId: [] })).rejects.toThrow()
    await expect(node.client(attempt, { keyId: 99 }).getContainerStatuses({ containerId: [] })).rejects.toThrow('seems to have been generated illegally')
    await expect(node.client(attempt, { port: 1 }).getContainerStatuses({ containerId: [] })).rejects.toThrow('is not valid for current node manager')
  })

  it.each<[string, Parameters<TestNode['startRequest']>[2], string]>([
    ['an expired token', { expiryTimeStamp: 5 }, 'This token is expired. current time is'],
    ['a token of an earlier ResourceManager', { rmIdentifier: 1 }, 'rejected as it is allocated by a previous RM'],
  ])('%s fails that container only', async (_what, changes, words) => {
    const bad = containerId(21, 2)
    const { answer } = await node.run(bad, 'true', {}, changes)
    expect(answer.succeededRequests).toEqual([])
    expect(answer.failedRequests[0]?.exception?.message).toContain(words)
  })

  it.each<[string, Parameters<TestNode['startRequest']>[2]]>([
    ['a forged password', { password: Buffer.alloc(20) }],
    ['an unknown key', { masterKeyId: 5 }],
    ["another node's token", { nmHostAddr: 'elsewhere:1' }],
  ])('%s fails the call', async (_what, changes) => {
    await expect(node.run(containerId(22, 2), 'true', {}, changes)).rejects.toMatchObject({
      className: 'org.apache.hadoop.security.token.SecretManager$InvalidToken',
    })
  })

  it("another application's containers are out of reach", async () => {
    const id = containerId(23, 2)
    await node.run(id, 'sleep 600')
    const other = node.client(appAttempt(24))
    const stop = await other.stopContainers({ containerId: [containerIdProto(id)] })
    expect(stop.failedRequests[0]?.exception?.message).toBe(
      `appattempt_1700000000000_0024_000001 attempted to stop non-application container : ${formatContainerId(id)}`,
    )
    const start = await other.startContainers({ startContainerRequest: [node.startRequest(containerId(23, 3), { command: ['true'] })] })
    expect(start.failedRequests[0]?.exception?.message).toContain(
      'NMToken for application attempt : appattempt_1700000000000_0024_000001 was used for starting container',
    )
    await node.client(appAttempt(23)).stopContainers({ containerId: [containerIdProto(id)] })
    await node.rm.completed(id)
  })

  it('a token starts one container once', async () => {
    const id = containerId(25, 2)
    const { am } = await node.run(id, 'true')
    await node.rm.completed(id)
    const again = await am.startContainers({ startContainerRequest: [node.startRequest(id, { command: ['true'] })] })
    expect(again.failedRequests[0]?.exception?.message).toContain(`Attempt to relaunch the same container with id ${formatContainerId(id)}.`)
  })

  it('what is not there is said not to be', async () => {
    const answer = await node.client(appAttempt(26)).getContainerStatuses({ containerId: [containerIdProto(containerId(26, 9))] })
    expect(answer.failedRequests[0]?.exception?.message).toBe(`Container ${formatContainerId(containerId(26, 9))} is not handled by this NodeManager`)
  })

  it('a launch context that is not whole is refused', async () => {
    const noUrl = await node.run(containerId(27, 2), 'true', { localResources: [{ key: 'a', value: { type: 'FILE', visibility: 'PUBLIC' } }] })
    expect(noUrl.answer.failedRequests[0]?.exception?.message).toContain('Null resource URL for local resource a')
    const badTokens = await node.run(containerId(27, 3), 'true', { tokens: Buffer.from('rubbish') })
    expect(badTokens.answer.failedRequests[0]?.exception?.message).toContain('Bad header found in token storage')
    const noName = await node.run(containerId(27, 5), 'true', {
      localResources: [{ key: 'a', value: { resource: { scheme: 'hdfs', host: 'h', file: '/a/..' }, type: 'FILE', visibility: 'PUBLIC' } }],
    })
    expect(noName.answer.failedRequests[0]?.exception?.message).toContain('hdfs://h/a/.. names no file')
    const user = await node.run(containerId(27, 6), 'true', {}, { appSubmitter: '../../etc' })
    expect(user.answer.failedRequests[0]?.exception?.message).toContain(
      `the user "../../etc" of ${formatContainerId(containerId(27, 6))} can't be the name of a folder`,
    )
    const service = await node.run(containerId(27, 4), 'true', { serviceData: [{ key: 'mapreduce_shuffle', value: Buffer.of() }] })
    expect(service.answer.failedRequests[0]?.exception?.message).toBe('The auxService:mapreduce_shuffle does not exist')
  })
})
