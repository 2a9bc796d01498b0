/** Apache Flink's own clients, JobManager and TaskManagers on a cluster of ours. */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { containerLogs } from '../harness/cluster.js'
import { type Cluster, lineServer, until, up } from './cluster.js'
import { writesFidelity } from './fidelity.js'
import { flink, flinkHome, flinkIn, hadoop, whyNot } from './peers/layout.js'
import { flinkLibraries } from './peers/registries.js'

const OWN = '1.17.2'
/** Others take as long again: for docs/compatibility.md, or with BOBBIN_PEER_VERSIONS=all. */
const OTHERS = writesFidelity || process.env.BOBBIN_PEER_VERSIONS === 'all' ? ['1.16.3', '1.18.1', '1.19.3', '1.20.3', '2.1.1', '2.2.0'] : []

describe.skipIf(whyNot() !== undefined).each([OWN, ...OTHERS])('Apache Flink %s', (version) => {
  let cluster: Cluster
  let home: string
  let temp: string
  let jar: string
  const cli = (...args: string[]) => flink('flink', cluster.confDir, args, { home, temp })
  const session = (args: string[], input?: string) => flink('yarn-session.sh', cluster.confDir, args, { home, temp, input })
  // Flink 2 has one command for both.
  const application = version.startsWith('2.') ? ['run', '-d', '-t', 'yarn-application'] : ['run-application', '-t', 'yarn-application']
  const applicationId = (said: string) => /Submitted application (application_\d+_\d+)/.exec(said)![1]!
  const ended = (id: string) =>
    until('the application to finish', async () => {
      const s = await hadoop('application', cluster.confDir, ['-status', id])
      return s.stdout.includes('State : FINISHED') && s.stdout
    })
  /** The numbers that TaskManagers have printed, by container. */
  const numbers = () =>
    [...containerLogs(cluster.dir, 'taskmanager.out')].map(([file, text]) => ({
      container: path.basename(path.dirname(file)),
      numbers: [...text.matchAll(/^\(number,(\d+)\)$/gm)].map((m) => Number(m[1])),
    }))
  const numbersOf = (container: string) =>
    until(`numbers of ${container}`, async () => {
      const there = numbers().find((c) => c.container.endsWith(container))
      return there !== undefined && there.numbers.length > 0 && there.numbers
    })
  /** Kills the JVM in a container with no chance to clean up. */
  const kill = (container: string) => {
    const pids = [...spawnSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).stdout.matchAll(/^ *(\d+) \S*\/bin\/java .*$/gm)]
    const [, pid] = pids.find((line) => line[0].includes(container) && line[0].includes(cluster.dir))!
    process.kill(Number(pid), 'SIGKILL')
  }

  beforeAll(async () => {
    if (version === OWN) home = flinkHome()
    else {
      const laid = flinkLibraries(version)
      if (laid.why !== undefined) throw new Error(laid.why)
      home = flinkIn(laid.home)
    }
    jar = path.join(home, 'job.jar')
    cluster = await up(2)
    temp = path.join(cluster.dir, 'client-temp')
    mkdirSync(temp)
  })
  afterAll(() => cluster?.down())

  it(`flink ${application.slice(0, -2).join(' ')} -t yarn-application counts the words of a socket, is listed, and is cancelled`, async () => {
    const lines = await lineServer(['to be or', 'not to be'])
    try {
      const run = await cli(...application, '-c', 'com.example.wc.SocketWordCount', jar, '--host', '127.0.0.1', '--port', String(lines.port))
      const said = run.stdout + run.stderr
      expect(said).toContain('YARN application has been deployed successfully.')
      const id = applicationId(said)
      const target = ['-t', 'yarn-application', `-Dyarn.application.id=${id}`]

      const status = await hadoop('application', cluster.confDir, ['-status', id])
      expect(status.stdout).toMatch(/\tState : RUNNING\n/)
      expect(status.stdout).toContain('Application-Type : Apache Flink')

      const counts = await until('the counts in taskmanager.out', async () => {
        const text = [...containerLogs(cluster.dir, 'taskmanager.out').values()].join('')
        return text.includes('(be,2)') && text
      })
      for (const count of ['(to,1)', '(be,1)', '(or,1)', '(not,1)', '(to,2)', '(be,2)']) expect(counts).toContain(count)

      const listed = await cli('list', ...target)
      const job = /: ([0-9a-f]{32}) : socket word count \(RUNNING\)/.exec(listed.stdout)
      expect(job, listed.stdout + listed.stderr).not.toBeNull()
      const cancelled = await cli('cancel', ...target, job![1]!)
      expect(cancelled.stdout).toContain(`Cancelled job ${job![1]}.`)
      expect(await ended(id)).toMatch(/\tFinal-State : KILLED\n/)
    } finally {
      lines.close()
    }
  })

  it('yarn-session.sh -d; a job is stopped with a savepoint in the store and goes on from there; the session is stopped', async () => {
    const started = await session(['-nm', 'test', '-d'])
    const id = applicationId(started.stdout + started.stderr)

    const run = await cli('run', '-d', '-c', 'com.example.wc.NumberCount', jar)
    const job = /Job has been submitted with JobID ([0-9a-f]{32})/.exec(run.stdout)![1]!
    await until('numbers', async () => numbers().some((c) => c.numbers.length > 0))
    const stopped = await cli('stop', '--savepointPath', 'hdfs://mycluster/savepoints', job)
    const savepoint = /Savepoint completed. Path: (hdfs:\S+)/.exec(stopped.stdout)
    expect(savepoint, stopped.stdout + stopped.stderr).not.toBeNull()
    const last = Math.max(...numbers().flatMap((c) => c.numbers))

    const resumed = await cli('run', '-d', '-s', savepoint![1]!, '-c', 'com.example.wc.NumberCount', jar)
    expect(resumed.stdout).toContain('Job has been submitted with JobID')
    const all = await until('numbers beyond the savepoint', async () => {
      const seen = numbers().flatMap((c) => c.numbers)
      return Math.max(...seen) > last && seen
    })
    // A job that had begun anew would have printed it again.
    expect(all.filter((n) => n === 1)).toHaveLength(1)

    expect((await cli('list', '-a')).stdout).toContain(`${job} : number count (FINISHED)`)
    const end = await session(['-id', id], 'stop\n')
    expect(end.stdout + end.stderr).toContain(`Application ${id} finished with state FINISHED and final state SUCCEEDED`)
  })

  it.skipIf(OTHERS.length === 0)(
    'a TaskManager that is killed is replaced and goes on from a checkpoint in the store; a JobManager that is killed has a second attempt',
    async () => {
      const run = await cli(
        ...application,
        ...['yarn.application-attempts=2', 'execution.checkpointing.interval=500', 'state.checkpoints.dir=hdfs://mycluster/checkpoints'].map((d) => `-D${d}`),
        ...['-c', 'com.example.wc.NumberCount', jar],
      )
      const id = applicationId(run.stdout + run.stderr)
      const attempt = id.replace('application', 'container')
      await numbersOf(`${attempt}_01_000002`)
      // The next but one was begun when numbers had been counted.
      const newest = async () => {
        const { stdout } = await cluster.command('hdfs', 'dfs', '-ls', '-C', '/checkpoints/*/chk-*/_metadata')
        return Math.max(0, ...[...stdout.matchAll(/chk-(\d+)/g)].map((m) => Number(m[1])))
      }
      const before = await newest()
      await until('a checkpoint with numbers in it', async () => (await newest()) >= before + 2)
      kill(`${attempt}_01_000002`)
      expect((await numbersOf(`${attempt}_01_000003`))[0]).toBeGreaterThan(1)

      kill(`${attempt}_01_000001`)
      expect((await numbersOf(`${attempt}_02_000002`))[0]).toBe(1)
      const attempts = await cluster.command('yarn', 'applicationattempt', '-list', id)
      expect(attempts.stdout).toMatch(/_000001\t +FAILED\t[\s\S]*_000002\t +RUNNING\t/)
      expect((await cluster.command('yarn', 'application', '-kill', id)).code).toBe(0)
    },
  )
})
