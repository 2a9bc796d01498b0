import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readAggregatedLogs, readOwner } from '../../../common/logs/index.js'
import { formatContainerId } from '../../../common/records/ids.js'
import { TestNode, containerId, until } from './harness.js'

let node: TestNode
beforeAll(async () => {
  node = await TestNode.start({ 'yarn.nodemanager.log-aggregation.attempts': '3', 'yarn.nodemanager.log-aggregation.retry-interval-ms': '60' })
})
afterAll(() => node.stop())

const remote = (app: number) =>
  path.join(node.store.root, `/tmp/logs/alice/bucket-logs-tfile/${String(app).padStart(4, '0')}/application_1700000000000_${String(app).padStart(4, '0')}`)
const local = (app: number) => path.join(node.logs, `application_1700000000000_${String(app).padStart(4, '0')}`)
const fileOf = (app: number) => path.join(remote(app), node.daemon.addresses.node!.replace(':', '_'))
const access = (file: string) => {
  const bytes = readFileSync(file)
  return { length: bytes.length, read: async (a: number, b: number) => bytes.subarray(a, b) }
}

async function aggregated(app: number): Promise<Record<string, Record<string, string>>> {
  const found: Record<string, Record<string, string>> = {}
  for await (const c of readAggregatedLogs(access(fileOf(app)))) {
    found[c.containerId] = {}
    for await (const f of c.files) {
      let text = ''
      for await (const part of f.content) text += part
      found[c.containerId]![f.name] = text
    }
  }
  return found
}

describe('the logs of a finished application', () => {
  it('go to the store as the real reader wants them, and leave this disk', async () => {
    const ids = [containerId(1, 2), containerId(1, 3)]
    for (const id of ids) {
      await node.run(id, `echo out of ${id.id} 1><LOG_DIR>/stdout; mkdir <LOG_DIR>/sub; echo err >&2`)
      await node.rm.completed(id)
    }
    await node.finishApplication(1)
    await until('aggregated', () => node.rm.logStatuses(1).includes('LOG_SUCCEEDED'))
    expect(node.rm.logStatuses(1)).toEqual(['LOG_RUNNING', 'LOG_SUCCEEDED'])
    const logs = await aggregated(1)
    expect(Object.keys(logs)).toEqual(ids.map(formatContainerId))
    expect(logs[formatContainerId(ids[0]!)]).toMatchObject({ stdout: 'out of 2\n', 'prelaunch.err': 'err\n' })
    expect(await readOwner(access(fileOf(1)))).toBe('alice')
    await until('local logs are gone', () => !existsSync(local(1)))
    const modes = ['/tmp/logs', '/tmp/logs/alice', '/tmp/logs/alice/bucket-logs-tfile', '/tmp/logs/alice/bucket-logs-tfile/0001'].map(
      (d) => statSync(path.join(node.store.root, d)).mode & 0o7777,
    )
    expect(modes).toEqual([0o1777, 0o770, 0o770, 0o770])
    expect(statSync(fileOf(1)).mode & 0o777).toBe(0o640)
    expect(readdirSync(remote(1))).toEqual([path.basename(fileOf(1))])
  })

  it('go there when the store is back', async () => {
    const id = containerId(2, 2)
    await node.run(id, 'echo x 1><LOG_DIR>/stdout')
    await node.rm.completed(id)
    node.store.away = new Error('Connection refused')
    await node.finishApplication(2)
    await until('it was tried', () => node.store.refused > 0)
    node.store.away = undefined
    await until('aggregated', () => node.rm.logStatuses(2).includes('LOG_SUCCEEDED'))
    expect((await aggregated(2))[formatContainerId(id)]).toMatchObject({ stdout: 'x\n' })
  })

  it('stay here when the store does not come back, and the ResourceManager is told', async () => {
    const id = containerId(3, 2)
    await node.run(id, 'echo x 1><LOG_DIR>/stdout')
    await node.rm.completed(id)
    node.store.away = new Error('Connection refused')
    await node.finishApplication(3)
    await until('given up', () => node.rm.logStatuses(3).includes('LOG_FAILED'))
    node.store.away = undefined
    expect(node.rm.logStatuses(3)).toEqual(['LOG_RUNNING_WITH_FAILURE', 'LOG_FAILED'])
    expect(node.logFile(id, 'stdout')).toBe('x\n')
  })

  it('are those that the application and the policy ask for', async () => {
    const [ok, bad] = [containerId(4, 2), containerId(4, 3)]
    const context = {
      logAggregationContext: {
        includePattern: 'std.*',
        excludePattern: 'stderr',
        logAggregationPolicyClassName: 'org.apache.hadoop.yarn.server.nodemanager.containermanager.logaggregation.FailedContainerLogAggregationPolicy',
      },
    }
    for (const [id, code] of [
      [ok, 0],
      [bad, 1],
    ] as const) {
      await node.run(id, `echo x 1><LOG_DIR>/stdout; echo y 1><LOG_DIR>/stderr; exit ${code}`, {}, context)
      await node.rm.completed(id)
    }
    await node.finishApplication(4)
    await until('aggregated', () => node.rm.logStatuses(4).includes('LOG_SUCCEEDED'))
    expect(await aggregated(4)).toEqual({ [formatContainerId(bad)]: { stdout: 'x\n' } })
  })

  it('that has none makes no file', async () => {
    const id = containerId(5, 2)
    await node.run(id, 'true', {}, { logAggregationContext: { includePattern: 'nothing' } })
    await node.rm.completed(id)
    await node.finishApplication(5)
    await until('done', () => node.rm.logStatuses(5).includes('LOG_SUCCEEDED'))
    expect(existsSync(remote(5))).toBe(false)
  })
})

describe('the logs of a running container', () => {
  it('are shown over HTTP in the form that yarn logs prints', async () => {
    const id = containerId(6, 2)
    const name = formatContainerId(id)
    await node.run(id, 'echo hello 1><LOG_DIR>/stdout; sleep 600')
    await until('it writes', () => existsSync(path.join(local(6), name, 'stdout')) && node.logFile(id, 'stdout') === 'hello\n')
    const get = async (p: string) => (await fetch(node.web + p)).text()
    const text = await get(`/ws/v1/node/containers/${name}/logs/stdout`)
    expect(text.replace(/LogLastModifiedTime:\w{3} \w{3} \d\d \d\d:\d\d:\d\d [+-]\d{4} \d{4}/, 'LogLastModifiedTime:T')).toBe(
      `Container: ${name} on ${node.daemon.addresses.node}\nLogAggregationType: LOCAL\n${'='.repeat(68)}\nLogType:stdout\nLogLastModifiedTime:T\nLogLength:6\nLogContents:\nhello\nEnd of LogType:stdout.This log file belongs to a running container (${name}) and so may not be complete.\n${'*'.repeat(71)}\n\n`,
    )
    expect(await get(`/ws/v1/node/containerlogs/${name}/stdout?size=-3`)).toContain('LogContents:\nlo\nEnd of')
    expect(await get(`/ws/v1/node/containerlogs/${name}/stdout?size=2`)).toContain('LogContents:\nheEnd of')
    expect(await get(`/ws/v1/node/containers/${name}/logs/stdout?size=9223372036854775807`)).toContain('LogContents:\nhello\nEnd of')
    expect((await fetch(`${node.web}/ws/v1/node/containers/${name}/logs/stdout?size=much`)).status).toBe(400)
    const list = JSON.parse(await get(`/ws/v1/node/containers/${name}/logs`)) as {
      containerLogsInfo: { containerLogInfo: { fileName: string; fileSize: string }[] }
    }
    expect(list.containerLogsInfo).toMatchObject({ logAggregationType: 'LOCAL', containerId: name, nodeId: node.daemon.addresses.node })
    expect(list.containerLogsInfo.containerLogInfo.find((f) => f.fileName === 'stdout')?.fileSize).toBe('6')
    expect(await get(`/node/containerlogs/${name}/alice`)).toContain('stdout : Total file length is 6 bytes.')
    expect(await get(`/node/containerlogs/${name}/alice/stdout/?start=-4096`)).toContain('<pre>hello\n</pre>')
    const missing = await fetch(`${node.web}/ws/v1/node/containers/${name}/logs/..%2f..%2fpasswd`)
    expect(missing.status).toBe(404)
    await node.finishApplication(6)
    await node.rm.completed(id)
  })
})
