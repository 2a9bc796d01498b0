/** The three modes as a user types them, on a cluster of processes: what they print, and what YARN and the store show of it. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type ApplicationId, formatApplicationId, parseApplicationId } from '../../../common/records/ids.js'
import { root } from '../../../common/supervisor/layout.js'
import { DfsClient } from '../../../hdfs-lite/client/index.js'
import { type CommandResult, TestCluster, containerLogs, waitFor } from '../../harness/cluster.js'

const JAR = path.join(root, 'examples/stream-word-count.jar')
const CLASS = 'com.example.wc.StreamWordCount'

let cluster: TestCluster
let dfs: DfsClient
let lines: net.Server
const sockets = new Set<net.Socket>()

const port = () => String((lines.address() as net.AddressInfo).port)
const flink = (...args: string[]) => cluster.run('flink', args)
const propertiesFile = () => path.join(cluster.dir, 'flink', `.yarn-properties-${os.userInfo().username}`)
const staging = async () => ((await dfs.exists(`${dfs.home}/.flink`)) ? (await dfs.listStatus(`${dfs.home}/.flink`)).map((f) => path.basename(f.path)) : [])

const applicationOf = (r: Pick<CommandResult, 'stdout'>): ApplicationId => parseApplicationId(/application_\d+_\d+/.exec(r.stdout)![0])
const jobOf = (r: CommandResult): string => /JobID ([0-9a-f]{32})/.exec(r.stdout)![1]!
const report = (id: ApplicationId) => cluster.yarn.getApplicationReport(id)

async function ended(id: ApplicationId): Promise<string> {
  return waitFor(`end of ${formatApplicationId(id)}`, async () => {
    const r = await report(id)
    return ['FINISHED', 'FAILED', 'KILLED'].includes(r.yarnApplicationState!) && `${r.yarnApplicationState} ${r.finalApplicationStatus}`
  })
}

/** The JobManager removes its files once YARN knows that it has ended. */
const stagingGone = (id: ApplicationId) => waitFor('the staging directory to go', async () => !(await staging()).includes(formatApplicationId(id)))

/** The counts of a job that reads `hello world` again and again. */
async function counts(id: ApplicationId): Promise<void> {
  const name = formatApplicationId(id)
  await waitFor('counts in the stdout of a TaskManager', () =>
    [...containerLogs(cluster.dir, 'taskmanager.out')].some(([file, text]) => file.includes(name) && text.includes('(hello,2)')),
  )
}

/** One that runs yarn-session.sh without -d; `stdout` is what it has written so far. */
function attached(...args: string[]) {
  const child = spawn(process.execPath, [path.join(root, 'scripts/yarn-session.sh'), ...args], { env: { ...process.env, ...cluster.env }, stdio: 'pipe' })
  const client = { child, stdout: '', exit: new Promise<number | null>((resolve) => child.once('close', resolve)) }
  child.stdout.setEncoding('utf8').on('data', (t: string) => {
    client.stdout += t
  })
  child.stdin.end()
  return client
}

beforeAll(async () => {
  cluster = await TestCluster.start({ nodes: 2 })
  dfs = new DfsClient(cluster.conf)
  lines = net.createServer((socket) => {
    sockets.add(socket)
    const timer = setInterval(() => socket.write('hello world\n'), 20)
    socket.on('error', () => {}).on('close', () => clearInterval(timer))
  })
  await new Promise<void>((resolve) => lines.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  for (const s of sockets) s.destroy()
  lines?.close()
  dfs?.close()
  await cluster?.stop()
})

afterEach(async () => {
  for (const { applicationId } of await cluster.yarn.getApplications({ applicationStates: ['SUBMITTED', 'ACCEPTED', 'RUNNING'] })) {
    await cluster.yarn.forceKillApplication({ clusterTimestamp: applicationId!.clusterTimestamp!, id: applicationId!.id! })
  }
})

describe('a session', () => {
  it('lives from yarn-session.sh -d to stop', async () => {
    const started = await cluster.run('yarn-session.sh', ['-d', '-nm', 'test', '-jm', '1024', '-tm', '1024', '-s', '2', '-qu', 'hive'])
    expect(started).toMatchObject({ code: 0, stderr: '' })
    const id = applicationOf(started)
    const name = formatApplicationId(id)
    const address = /JobManager Web Interface: (http:\/\/\S+:\d+)\n/.exec(started.stdout)![1]!
    expect(started.stdout).toContain(`[] - Found Web Interface ${address.slice('http://'.length)} of application '${name}'.\n`)
    expect(started.stdout).toContain(`$ echo "stop" | ./bin/yarn-session.sh -id ${name}\n`)
    expect(started.stdout).toContain(`$ yarn application -kill ${name}\n`)
    expect(await report(id)).toMatchObject({ name: 'test', queue: 'hive', applicationType: 'Apache Flink', yarnApplicationState: 'RUNNING' })
    expect(readFileSync(propertiesFile(), 'utf8')).toContain(`applicationID=${name}\n`)
    expect(await staging()).toEqual([name])
    const [directory, conf] = [
      await dfs.getFileStatus(`${dfs.home}/.flink/${name}`),
      (await dfs.listStatus(`${dfs.home}/.flink/${name}`)).find((f) => f.type === 'FILE')!,
    ]
    expect([directory.permission & 0o777, conf.permission & 0o777]).toEqual([0o700, 0o644])

    const submitted = await flink('run', '-d', '-c', CLASS, JAR, '-host', 'localhost', '-port', port())
    expect(submitted.stdout).toContain(`[] - Found Yarn properties file under ${propertiesFile()}.\n`)
    const job = jobOf(submitted)
    await counts(id)
    const listed = await flink('list')
    expect(listed.stdout).toMatch(
      new RegExp(
        `Waiting for response...\n-{18} Running/Restarting Jobs -{19}\n\\d\\d\\.\\d\\d\\.\\d{4} \\d\\d:\\d\\d:\\d\\d : ${job} : Flink Streaming Job \\(RUNNING\\)\n-{62}\nNo scheduled jobs.\n$`,
      ),
    )
    const named = await flink('list', '-t', 'yarn-session', `-Dyarn.application.id=${name}`)
    expect(named.stdout).toContain(`${job} : Flink Streaming Job (RUNNING)`)

    const bounded = await flink('run', '-c', 'com.example.wc.BoundedWordCount', JAR)
    expect(bounded.code).toBe(0)
    expect(bounded.stdout).toMatch(
      /Job has been submitted with JobID (\w+)\nProgram execution finished\nJob with JobID \1 has finished.\nJob Runtime: \d+ ms\n\n/,
    )

    expect((await flink('cancel', job)).stdout).toContain(`Cancelling job ${job}.\n`)
    await waitFor('the job to be cancelled', async () => (await flink('list', '-a')).stdout.includes(`${job} : Flink Streaming Job (CANCELED)`))

    const stopped = await cluster.run('yarn-session.sh', ['-id', name], { input: 'help\nstop\n' })
    expect(stopped).toMatchObject({ code: 0, stderr: 'Available commands:\nhelp - show these commands\nstop - stop the YARN session\n' })
    expect(stopped.stdout).toContain(`[] - Deleted Yarn properties file at ${propertiesFile()}\n`)
    expect(stopped.stdout).toMatch(new RegExp(`\\[\\] - Application ${name} finished with state FINISHED and final state SUCCEEDED at \\d+\n$`))
    expect(existsSync(propertiesFile())).toBe(false)
    await stagingGone(id)
  })

  it('ends with its attached client on TERM, not with the end of the input', async () => {
    const client = attached()
    await waitFor('the session', () => existsSync(propertiesFile()) && client.stdout.includes('Found Web Interface'))
    const id = applicationOf(client)
    expect((await report(id)).yarnApplicationState).toBe('RUNNING')
    client.child.kill('SIGTERM')
    expect(await client.exit).toBe(143)
    expect(await ended(id)).toBe('FINISHED APP_SUCCEEDED')
    expect(existsSync(propertiesFile())).toBe(false)
  })

  it('that was killed leaves a properties file, and a message that says so', async () => {
    const id = applicationOf(await cluster.run('yarn-session.sh', ['-d']))
    await cluster.yarn.forceKillApplication(id)
    for (const args of [['list'], ['run', '-d', '-c', CLASS, JAR, '-host', 'localhost', '-port', port()]]) {
      const r = await flink(...args)
      expect(r.code).toBe(1)
      expect(r.stdout).toContain(
        `ERROR org.apache.flink.yarn.YarnClusterDescriptor                  [] - The application ${formatApplicationId(id)} doesn't run anymore. It has previously completed with final status: KILLED\n`,
      )
      expect(r.stderr).toContain(
        `Couldn't retrieve Yarn cluster\nCaused by: java.lang.RuntimeException: The Yarn application ${formatApplicationId(id)} doesn't run anymore.\n`,
      )
    }
  })
})

describe('a job with a cluster of its own', () => {
  it('ends job, cluster and application by cancel', async () => {
    const r = await flink('run', '-d', '-t', 'yarn-per-job', '-Dyarn.application.name=wc', '-c', CLASS, JAR, '-host', 'localhost', '-port', port())
    expect(r.code).toBe(0)
    expect(r.stdout).toContain('WARN  org.apache.flink.yarn.YarnClusterDescriptor                  [] - Job Clusters are deprecated since Flink 1.15.')
    const id = applicationOf(r)
    const target = ['-t', 'yarn-per-job', `-Dyarn.application.id=${formatApplicationId(id)}`]
    await counts(id)
    expect((await flink('list', ...target)).stdout).toContain(`${jobOf(r)} : Flink Streaming Job (RUNNING)`)
    expect((await flink('cancel', ...target, jobOf(r))).stdout).toContain(`Cancelled job ${jobOf(r)}.\n`)
    expect(await ended(id)).toBe('FINISHED APP_KILLED')
    await stagingGone(id)
    expect((await flink('list', ...target)).stdout).toContain("doesn't run anymore. It has previously completed with final status: KILLED")
  })

  it('tells an attached client how it ended', async () => {
    const good = await flink('run', '-t', 'yarn-per-job', '-c', 'com.example.wc.BoundedWordCount', JAR)
    expect(good.code).toBe(0)
    expect(good.stdout).toContain(`Job with JobID ${jobOf(good)} has finished.\n`)
    expect(await ended(applicationOf(good))).toBe('FINISHED APP_SUCCEEDED')
    const bad = await flink('run', '-t', 'yarn-per-job', '-c', 'com.example.wc.Fails', JAR)
    expect(bad.code).toBe(1)
    expect(bad.stderr).toContain(
      'Caused by: org.apache.flink.runtime.client.JobExecutionException: Job execution failed.\nCaused by: org.apache.flink.runtime.JobException: Recovery is suppressed by NoRestartBackoffTimeStrategy\n',
    )
    expect(await ended(applicationOf(bad))).toBe('FINISHED APP_FAILED')
  })

  it('tells a client that its JobManager was killed', async () => {
    const running = flink('run', '-t', 'yarn-per-job', '-c', CLASS, JAR, '-host', 'localhost', '-port', port())
    const [found] = await waitFor('the application', async () => {
      const all = await cluster.yarn.getApplications({ applicationStates: ['RUNNING'] })
      return all.length > 0 && all
    })
    await counts({ clusterTimestamp: found!.applicationId!.clusterTimestamp!, id: found!.applicationId!.id! })
    await cluster.yarn.forceKillApplication({ clusterTimestamp: found!.applicationId!.clusterTimestamp!, id: found!.applicationId!.id! })
    const r = await running
    expect(r.code).toBe(1)
    expect(r.stderr).toMatch(
      /Caused by: java.lang.RuntimeException: The Yarn application \S+ doesn't run anymore. Its state is KILLED, its final status KILLED.\n/,
    )
    expect(r.stderr).toContain('was killed by user')
  })
})

describe('an application', () => {
  it('uses what is provided where it lies, and goes to the queue that -yqu names', async () => {
    await cluster.run('hadoop', ['fs', '-mkdir', '/flink-dist'])
    await cluster.run('hadoop', ['fs', '-put', path.join(root, 'dist/engine/lib'), JAR, '/flink-dist'])
    const provided = ['-yqu', 'hive', '-t', 'yarn-application', `-Dyarn.provided.lib.dirs=${dfs.uri}/flink-dist`, '-c', CLASS]
    const r = await flink('run-application', ...provided, `${dfs.uri}/flink-dist/stream-word-count.jar`, '-host', 'localhost', '-port', port())
    expect(r).toMatchObject({
      code: 0,
      stderr: '-yqu beside -t yarn-application: used here, but Apache Flink 1.17 ignores it there (use -Dyarn.application.queue=…).\n',
    })
    const id = applicationOf(r)
    expect(await report(id)).toMatchObject({ name: 'Flink Application Cluster', queue: 'hive' })
    const uploaded = await dfs.listStatus(`${dfs.home}/.flink/${formatApplicationId(id)}`)
    expect(uploaded.map((f) => path.basename(f.path).replace(/\d+\.tmp$/, ''))).toEqual([`${formatApplicationId(id)}-flink-conf.yaml`])
    await counts(id)
    const target = ['-t', 'yarn-application', `-Dyarn.application.id=${formatApplicationId(id)}`]
    const job = /[0-9a-f]{32}/.exec((await flink('list', ...target)).stdout)![0]
    expect((await flink('cancel', ...target, job)).code).toBe(0)
    expect(await ended(id)).toBe('FINISHED APP_KILLED')
  })

  it('makes several jobs of several executes, and can be waited for', async () => {
    const r = await flink('run-application', '-t', 'yarn-application', '-Dexecution.attached=true', '-c', 'com.example.wc.TwoJobs', JAR)
    expect(r.code).toBe(0)
    expect(await ended(applicationOf(r))).toBe('FINISHED APP_SUCCEEDED')
    const failed = await flink('run-application', '-t', 'yarn-application', '-Dexecution.attached=true', '-c', 'com.example.wc.Fails', JAR)
    expect(failed.code).toBe(1)
  })
})

describe('what can not be deployed', () => {
  const unused = ['-c', CLASS, JAR]
  it.each([
    ['yarn-session.sh', ['-d', '-qu', 'nosuch'], 'submitted by user \\S+ to unknown queue: nosuch\n'],
    [
      'yarn-session.sh',
      ['-d', '-jm', '20000'],
      'not have the requested resources for the JobManager available!\nMaximum Memory: 8192MB Requested: 20000MB. Please check',
    ],
    [
      'yarn-session.sh',
      ['-d', '-tm', '20000'],
      'not have the requested resources for the TaskManagers available!\nMaximum Memory: 8192 Requested: 20000MB. Please check',
    ],
    [
      'yarn-session.sh',
      ['-d', '-s', '100'],
      'The number of requested virtual cores per node 100 exceeds the maximum number of virtual cores 8 available in the Yarn Cluster.',
    ],
    [
      'flink',
      ['run-application', '-t', 'yarn-application', '-Dyarn.provided.lib.dirs=file:///flink-dist', ...unused],
      'The "yarn.provided.lib.dirs" should only contain dirs accessible from all worker nodes, while the "file:///flink-dist" is local.\n',
    ],
    [
      'flink',
      ['run-application', '-t', 'yarn-application', '-Dyarn.provided.lib.dirs=hdfs://mycluster/nosuch', ...unused],
      'Caused by: java.io.FileNotFoundException: File does not exist: hdfs://mycluster/nosuch\n',
    ],
    ['flink', ['run-application', '-t', 'yarn-application', '-c', CLASS, 'hdfs://mycluster/nosuch.jar'], 'File does not exist: hdfs://mycluster/nosuch.jar\n'],
    [
      'flink',
      ['run-application', '-t', 'yarn-application', '-c', 'no.such.Class', JAR],
      "The program's entry point class 'no.such.Class' was not found in the jar file.\nIt has: com.example",
    ],
    ['flink', ['list', '-yid', 'application_1_0001'], "ApplicationNotFoundException: Application with id 'application_1_0001' doesn't exist in RM."],
    ['flink', ['list', '-yid', 'nonsense'], 'Invalid ApplicationId: nonsense. It looks like application_1700000000000_0001'],
  ])('%s %j', async (script, args, message) => {
    const before = await staging()
    const r = await cluster.run(script, args)
    expect(r.code).toBe(1)
    expect(r.stderr).toMatch(new RegExp(message.replace(/[().?]/g, '\\$&')))
    // Clusters of earlier tests may still take theirs away.
    expect((await staging()).filter((n) => !before.includes(n))).toEqual([])
  })

  it('is taken back when the client is interrupted', async () => {
    const before = await staging()
    // The queue has room for one JobManager of this size.
    const big = ['-jm', '7000', '-tm', '1024']
    const first = applicationOf(await cluster.run('yarn-session.sh', ['-d', ...big]))
    const client = attached(...big)
    await waitFor('a deployment that waits', () => client.stdout.includes('Deploying cluster, current state ACCEPTED'))
    client.child.kill('SIGINT')
    expect(await client.exit).toBe(130)
    const id = applicationOf(client)
    expect(await ended(id)).toBe('KILLED APP_KILLED')
    expect(client.stdout).toContain(`Deleting files in ${dfs.uri}${dfs.home}/.flink/${formatApplicationId(id)}.\n`)
    expect((await staging()).filter((n) => n !== formatApplicationId(first) && !before.includes(n))).toEqual([])
  })
})
