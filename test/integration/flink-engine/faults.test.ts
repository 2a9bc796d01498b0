/** What a user is told when a part of a cluster on YARN dies: the container and its exit status, everywhere it shows. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attemptIdOf, containerIdOfProto } from '../../../common/protocols/records.js'
import { type ApplicationId, formatApplicationId, formatContainerId, parseApplicationId } from '../../../common/records/ids.js'
import { packJar } from '../../../flink-yarn/program/index.js'
import { TestCluster, containerLogs, waitFor } from '../../harness/cluster.js'
import { EXAMPLES, LineServer } from './harness.js'

let cluster: TestCluster
let lines: LineServer

beforeAll(async () => {
  cluster = await TestCluster.start({ nodes: 2 })
  lines = await new LineServer().start()
})
afterAll(async () => {
  lines?.close()
  await cluster?.stop()
})

/** Processes of an application's containers, by what they were started as. */
function processes(id: ApplicationId, role: 'jobmanager' | 'taskmanager'): { pid: number; container: string }[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      const env = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
      const container = env.find((e) => e.startsWith('CONTAINER_ID='))?.slice('CONTAINER_ID='.length) ?? ''
      const mine = container.includes(formatApplicationId(id).replace('application_', ''))
      return mine && words[0]!.endsWith('node') && words[2] === role ? [{ pid: Number(pid), container }] : []
    } catch {
      // It ended while it was looked at.
      return []
    }
  })
}

const report = (id: ApplicationId) => cluster.yarn.getApplicationReport(id)
const ended = (id: ApplicationId) =>
  waitFor('the end of the application', async () => {
    const r = await report(id)
    return ['FINISHED', 'FAILED', 'KILLED'].includes(r.yarnApplicationState!) && r
  })

async function submitted(...args: string[]): Promise<{ id: ApplicationId; url: string; job: string }> {
  const { stdout, stderr } = await cluster.run('flink', ['run', '-t', 'yarn-per-job', '-d', ...args])
  expect(stderr).toBe('')
  const id = parseApplicationId(/application_\d+_\d+/.exec(stdout)![0])
  return { id, url: `http://${/Found Web Interface (\S+) of/.exec(stdout)![1]}`, job: /JobID ([0-9a-f]{32})/.exec(stdout)![1]! }
}

const json = async (url: string): Promise<any> => (await fetch(url)).json()

const running = (url: string) =>
  waitFor('all tasks to run', async () => {
    const [job] = (await json(`${url}/jobs/overview`)).jobs
    return job?.tasks.running === job?.tasks.total && job !== undefined
  })

const words = () => ['-p', '2', '-c', 'com.example.wc.StreamWordCount', EXAMPLES, '--host', '127.0.0.1', '--port', String(lines.port)]

describe('a cluster on YARN', () => {
  it('fails with the container and its exit status when a TaskManager is killed', async () => {
    const { id, url } = await submitted(...words())
    await running(url)
    const [victim] = processes(id, 'taskmanager')
    process.kill(victim!.pid, 'SIGKILL')
    const end = await ended(id)
    expect([end.yarnApplicationState, end.finalApplicationStatus]).toEqual(['FINISHED', 'APP_FAILED'])
    expect(end.diagnostics).toMatch(new RegExp(`Container ${victim!.container} on host \\S+ terminated with exit status 137\\. Diagnostics: `))
  })

  it('ends as FAILED with its exit code when the JobManager is killed, its TaskManagers with it', async () => {
    const { id, url } = await submitted(...words())
    await running(url)
    process.kill(processes(id, 'jobmanager')[0]!.pid, 'SIGKILL')
    const end = await ended(id)
    expect(end.yarnApplicationState).toBe('FAILED')
    expect(end.diagnostics).toContain('exited with  exitCode: 137')
    await waitFor('the TaskManagers to end', () => processes(id, 'taskmanager').length === 0)
  })

  it('goes on over kill -9 and restart of the ResourceManager, without losing a TaskManager', async () => {
    const { id, url, job } = await submitted(...words())
    await running(url)
    const counted = (n: number) =>
      waitFor(`the count ${n}`, () =>
        [...containerLogs(cluster.dir, 'taskmanager.out')].some(([file, text]) => file.includes(formatApplicationId(id)) && text.includes(`(hello,${n})`)),
      )
    const parts = async () => ({
      jobManager: processes(id, 'jobmanager'),
      taskManagers: processes(id, 'taskmanager').sort((a, b) => a.pid - b.pid),
      registered: (await json(`${url}/taskmanagers`)).taskmanagers.map((t: { id: string }) => t.id).sort(),
      jobs: (await json(`${url}/jobs/overview`)).jobs.map((j: Record<string, unknown>) => [j.jid, j.state, j['start-time'], j.tasks]),
      vertices: (await json(`${url}/jobs/${job}`)).vertices.map((v: Record<string, unknown>) => [v.id, v.status, v['start-time']]),
    })
    await lines.send('hello\n')
    await counted(1)
    const before = await parts()
    expect([before.jobManager.length, before.taskManagers.length, before.registered.length]).toEqual([1, 2, 2])
    const { currentApplicationAttemptId } = await report(id)

    await cluster.kill('resourcemanager')
    await lines.send('hello\n')
    await counted(2)
    await cluster.cluster.restart('resourcemanager')
    const after = await waitFor(
      'the application with its containers',
      async () => {
        const r = await report(id)
        return r.yarnApplicationState === 'RUNNING' && r.appResource_Usage?.numUsedContainers === 3 && r
      },
      30_000,
    )
    expect(after).toMatchObject({ currentApplicationAttemptId, finalApplicationStatus: 'APP_UNDEFINED' })
    // What the nodes brought are the containers that there were.
    const containers = (await cluster.yarn.getContainers(attemptIdOf(currentApplicationAttemptId))).map((c) =>
      formatContainerId(containerIdOfProto(c.containerId)),
    )
    expect(containers.sort()).toEqual([...before.jobManager, ...before.taskManagers].map((p) => p.container).sort())
    await lines.send('hello\n')
    await counted(3)
    expect(await parts()).toEqual(before)

    const target = ['-t', 'yarn-per-job', `-Dyarn.application.id=${formatApplicationId(id)}`]
    expect((await cluster.run('flink', ['cancel', ...target, job])).stdout).toContain(`Cancelled job ${job}.\n`)
    const end = await ended(id)
    expect([end.yarnApplicationState, end.finalApplicationStatus]).toEqual(['FINISHED', 'APP_KILLED'])
    expect(end.currentApplicationAttemptId).toEqual(currentApplicationAttemptId)
    await waitFor('the processes to end', () => [...processes(id, 'taskmanager'), ...processes(id, 'jobmanager')].length === 0)
  }, 90_000)

  it('cancels a job whose function never returns, and the application with it', async () => {
    const folder = path.join(cluster.dir, 'blocks')
    mkdirSync(folder)
    writeFileSync(
      path.join(folder, 'Blocks.js'),
      `import { StreamExecutionEnvironment } from 'bobbin/streaming'
       export async function main() {
         const env = StreamExecutionEnvironment.getExecutionEnvironment()
         env.fromElements(1).map(() => { console.log('blocked'); for (;;); }).print()
         await env.execute()
       }`,
    )
    const jar = path.join(cluster.dir, 'blocks.jar')
    await packJar(folder, jar, { mainClass: 'Blocks' })
    const { id, url, job } = await submitted(jar)
    await running(url)
    await waitFor('the function to run', async () => {
      const [tm] = (await json(`${url}/taskmanagers`)).taskmanagers
      return (await (await fetch(`${url}/taskmanagers/${tm.id}/stdout`)).text()) === 'blocked\n'
    })
    expect((await fetch(`${url}/jobs/${job}?mode=cancel`, { method: 'PATCH' })).status).toBe(202)
    expect((await ended(id)).finalApplicationStatus).toBe('APP_KILLED')
  })

  it('gives idle TaskManagers back, and asks for new ones when a job needs them', async () => {
    const { stdout } = await cluster.run('yarn-session.sh', ['-d', '-Dresourcemanager.taskmanager-timeout=100'])
    const id = parseApplicationId(/application_\d+_\d+/.exec(stdout)![0])
    const containers = async () => (await report(id)).appResource_Usage?.numUsedContainers
    for (let n = 0; n < 2; n++) {
      const { code } = await cluster.run('flink', ['run', '-p', '2', '-c', 'com.example.wc.BoundedWordCount', EXAMPLES])
      expect(code).toBe(0)
      await waitFor('the JobManager alone', async () => (await containers()) === 1)
    }
    await cluster.run('yarn-session.sh', ['-id', formatApplicationId(id)], { input: 'stop\n' })
    expect((await ended(id)).finalApplicationStatus).toBe('APP_SUCCEEDED')
  })
})
