/** Apache Flink's own client, JobManager and TaskManager on a cluster of ours. */
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { containerLogs } from '../harness/cluster.js'
import { type Cluster, lineServer, until, up } from './cluster.js'
import { writesFidelity } from './fidelity.js'
import { flink, flinkHome, flinkIn, hadoop, whyNot } from './peers/layout.js'
import { flinkLibraries } from './peers/registries.js'

const OWN = '1.17.2'
/** Others take as long again: for docs/compatibility.md, or with BOBBIN_PEER_VERSIONS=all. */
const OTHERS = writesFidelity || process.env.BOBBIN_PEER_VERSIONS === 'all' ? ['1.19.3', '1.20.3'] : []

describe.skipIf(whyNot() !== undefined).each([OWN, ...OTHERS])('Apache Flink %s', (version) => {
  let cluster: Cluster
  let home: string
  beforeAll(async () => {
    if (version === OWN) home = flinkHome()
    else {
      const laid = flinkLibraries(version)
      if (laid.why !== undefined) throw new Error(laid.why)
      home = flinkIn(laid.home)
    }
    cluster = await up(2)
  })
  afterAll(() => cluster?.down())

  it('flink run-application -t yarn-application counts the words of a socket, is listed, and is cancelled', async () => {
    const lines = await lineServer(['to be or', 'not to be'])
    try {
      const jar = path.join(home, 'job.jar')
      const run = await flink(
        cluster.confDir,
        ['run-application', '-t', 'yarn-application', '-c', 'com.example.wc.SocketWordCount', jar, '--host', '127.0.0.1', '--port', String(lines.port)],
        home,
      )
      const said = run.stdout + run.stderr
      expect(said).toContain('YARN application has been deployed successfully.')
      const id = /Submitted application (application_\d+_\d+)/.exec(said)![1]!
      const target = ['-t', 'yarn-application', `-Dyarn.application.id=${id}`]

      const status = await hadoop('application', cluster.confDir, ['-status', id])
      expect(status.stdout).toMatch(/\tState : RUNNING\n/)
      expect(status.stdout).toContain('Application-Type : Apache Flink')

      const counts = await until('the counts in taskmanager.out', async () => {
        const text = [...containerLogs(cluster.dir, 'taskmanager.out').values()].join('')
        return text.includes('(be,2)') && text
      })
      for (const count of ['(to,1)', '(be,1)', '(or,1)', '(not,1)', '(to,2)', '(be,2)']) expect(counts).toContain(count)

      const listed = await flink(cluster.confDir, ['list', ...target], home)
      const job = /: ([0-9a-f]{32}) : socket word count \(RUNNING\)/.exec(listed.stdout)
      expect(job, listed.stdout + listed.stderr).not.toBeNull()
      const cancelled = await flink(cluster.confDir, ['cancel', ...target, job![1]!], home)
      expect(cancelled.stdout).toContain(`Cancelled job ${job![1]}.`)

      const ended = await until('the application to finish', async () => {
        const s = await hadoop('application', cluster.confDir, ['-status', id])
        return s.stdout.includes('State : FINISHED') && s.stdout
      })
      expect(ended).toMatch(/\tFinal-State : KILLED\n/)
    } finally {
      lines.close()
    }
  })
})
