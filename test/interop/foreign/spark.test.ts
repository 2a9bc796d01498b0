/** PySpark on a cluster of ours. Its package is large: for docs/compatibility.md, or with BOBBIN_SPARK=1. */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, until, up } from '../cluster.js'
import { writesFidelity } from '../fidelity.js'
import { finished, javaHome, whyNot } from '../peers/layout.js'
import { pyspark } from '../peers/registries.js'

const wanted = writesFidelity || process.env.BOBBIN_SPARK === '1'
const job = path.join(path.dirname(fileURLToPath(import.meta.url)), 'pi.py')
const SAID = 'odd 500 thirds [(0, 34), (1, 33), (2, 33)]'

describe.skipIf(!wanted || whyNot() !== undefined)('PySpark 3.5.5', () => {
  let home: string
  let cluster: Cluster

  beforeAll(async () => {
    const laid = pyspark()
    if (laid.why !== undefined) throw new Error(laid.why)
    home = laid.home
    cluster = await up(2)
  })
  afterAll(() => cluster?.down())

  it.each(['client', 'cluster'])('spark-submit --master yarn --deploy-mode %s', async (mode) => {
    const run = await finished(
      spawn(
        path.join(home, 'bin/spark-submit'),
        [
          ...['--master', 'yarn', '--deploy-mode', mode, '--num-executors', '2', '--driver-memory', '512m', '--executor-memory', '512m'],
          ...[job, `hdfs:///spark-${mode}`],
        ],
        {
          stdio: ['ignore', 'pipe', 'pipe'],
          env: {
            ...process.env,
            JAVA_HOME: javaHome(),
            HADOOP_CONF_DIR: cluster.confDir,
            PYSPARK_PYTHON: path.join(home, 'bin/python'),
            SPARK_LOCAL_IP: '127.0.0.1',
          },
        },
      ),
    )
    expect(run.code, run.stderr.slice(-4000)).toBe(0)
    if (mode === 'client') return expect(run.stdout).toContain(SAID)
    expect(run.stderr).toContain('final status: SUCCEEDED')
    const id = /application_\d+_\d+/.exec(run.stderr)![0]
    await until("the driver's log is there", async () =>
      (await cluster.command('yarn', 'logs', '-applicationId', id, '-log_files', 'stdout')).stdout.includes(SAID) ? true : undefined,
    )
  })
})
