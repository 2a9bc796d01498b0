/** Runs every command of commands.txt and compares with what stands there. With UPDATE_GOLDEN=1 it is written anew. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { flink } from '../../../flink-yarn/cli/main.js'
import { yarnSession } from '../../../flink-yarn/cli/yarn-session.js'
import { packJar } from '../../../flink-yarn/program/pack.js'
import { fakeJobManager, type FakeJobManager } from '../../harness/fake-job-manager.js'
import { recordedOutput } from '../../harness/flink-output.js'
import yazl from 'yazl'

const FILE = path.join(import.meta.dirname, 'commands.txt')
const text = readFileSync(FILE, 'utf8')
const scenarios = text
  .split(/^(?=\$ )/m)
  .slice(1)
  .map((block) => ({ command: block.slice(2, block.indexOf('\n')), block: block.trimEnd() }))
const results: string[] = []

const MODULES = {
  'jobs/Bounded.js': `import { StreamExecutionEnvironment } from 'bobbin/streaming'
export async function main() {
  const env = StreamExecutionEnvironment.getExecutionEnvironment()
  env.fromElements('a', 'b').print()
  await env.execute('bounded')
}`,
  'jobs/Two.js': `import { StreamExecutionEnvironment } from 'bobbin/streaming'
export async function main() {
  const env = StreamExecutionEnvironment.getExecutionEnvironment()
  for (const n of [1, 2]) {
    env.fromElements(n).print()
    await env.execute('job ' + n)
  }
}`,
  'jobs/MainFails.js': "export function main() {\n  throw new Error('main fails on purpose')\n}",
  'jobs/Empty.js': 'export function main() {}',
  'jobs/NoMain.js': 'export const nothing = 1',
}

let jobManager: FakeJobManager
let dir: string
const variables = () => ({ $JM: `127.0.0.1:${jobManager.port}`, $JAR: `${dir}/jobs.jar`, $BAD: `${dir}/bad.jar`, $JAVA: `${dir}/java.jar` })
const environment = { FLINK_CONF_DIR: process.env.FLINK_CONF_DIR, HADOOP_CONF_DIR: process.env.HADOOP_CONF_DIR, TZ: process.env.TZ }

async function writeZip(file: string, entry: string): Promise<void> {
  const zip = new yazl.ZipFile()
  zip.addBuffer(Buffer.from('x'), entry)
  zip.end()
  const chunks: Buffer[] = []
  for await (const c of zip.outputStream) chunks.push(c as Buffer)
  writeFileSync(file, Buffer.concat(chunks))
}

beforeAll(async () => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'flink-commands-'))
  for (const [name, source] of Object.entries(MODULES)) {
    mkdirSync(path.dirname(`${dir}/modules/${name}`), { recursive: true })
    writeFileSync(`${dir}/modules/${name}`, source)
  }
  await packJar(`${dir}/modules`, `${dir}/jobs.jar`)
  await writeZip(`${dir}/java.jar`, 'com/example/WordCount.class')
  writeFileSync(`${dir}/bad.jar`, 'this is no zip file, whatever its name says')
  writeFileSync(
    `${dir}/flink-conf.yaml`,
    `jobmanager.memory.process.size: 1600m\ntaskmanager.memory.process.size: 1728m\nyarn.properties-file.location: ${dir}\n`,
  )
  process.env.FLINK_CONF_DIR = dir
  process.env.TZ = 'UTC'
  delete process.env.HADOOP_CONF_DIR
  jobManager = await fakeJobManager()
  const at = (time: string) => Date.parse(`2023-11-17T${time}Z`)
  jobManager.jobs.push(
    { jid: '8f0dd8db76562bcd36baad86b1313417', name: 'fails', state: 'FAILED', start: at('03:13:02') },
    { jid: 'e41558869f50f5ebe05d6cdf7f44cecc', name: 'Flink Streaming Job', state: 'RUNNING', start: at('03:11:36') },
    { jid: 'b546e50d927c9d12ff4624701bd45c6b', name: 'checkpointed count', state: 'RESTARTING', start: at('03:12:11') },
    { jid: '79d957753de6808cee6b34ae25f8c58f', name: 'bounded count', state: 'FINISHED', start: at('03:12:35') },
  )
})

afterAll(async () => {
  Object.assign(process.env, environment)
  for (const [k, v] of Object.entries(environment)) if (v === undefined) delete process.env[k]
  await jobManager.close()
  rmSync(dir, { recursive: true, force: true })
  if (process.env.UPDATE_GOLDEN) writeFileSync(FILE, `${text.slice(0, text.indexOf('\n$ ') + 1)}${results.join('\n\n')}\n`)
})

async function run(command: string): Promise<string> {
  const values = Object.entries(variables())
  const [program, ...args] = command.split(' ').map((word) => values.reduce((w, [k, v]) => (w === k ? v : w), word))
  const output = recordedOutput()
  const exit = await (program === 'yarn-session.sh' ? yarnSession : flink)(args, output)
  const shown = (lines: readonly string[]) => lines.map((l) => `${l}\n`).join('')
  let transcript = `$ ${command}\n--- stdout\n${shown(output.stdout)}--- stderr\n${shown(output.stderr)}--- exit ${exit}`
  for (const [k, v] of values) transcript = transcript.replaceAll(v, k)
  // Ids of new jobs differ from run to run.
  return transcript.replace(/(JobID )[0-9a-f]{32}/g, '$1$ID')
}

describe('the commands print what is written', () => {
  it.each(scenarios)('$command', async ({ command, block }) => {
    const transcript = await run(command)
    results.push(transcript)
    if (!process.env.UPDATE_GOLDEN) expect(transcript).toBe(block)
  })
})

describe('a job that did not end well', () => {
  it('is told with the reasons that the JobManager gave, and exit code 1', async () => {
    const trace =
      'org.apache.flink.runtime.JobException: Recovery is suppressed by NoRestartBackoffTimeStrategy\n\tat org.apache.flink.A.b(A.java:1)\nCaused by: java.net.ConnectException: Connection refused\n\t... 3 more\n'
    jobManager.outcome = { state: 'FAILED', failure: { class: 'org.apache.flink.runtime.JobException', 'stack-trace': trace } }
    const transcript = await run('flink run -m $JM -c jobs.Bounded $JAR')
    const id = '[0-9a-f]{32}|\\$ID'
    expect(transcript.replace(new RegExp(`JobID: (${id})`, 'g'), 'JobID: ID')).toBe(
      `$ flink run -m $JM -c jobs.Bounded $JAR
--- stdout
Job has been submitted with JobID $ID
--- stderr

------------------------------------------------------------
 The program finished with the following exception:

org.apache.flink.client.program.ProgramInvocationException: The main method caused an error: org.apache.flink.client.program.ProgramInvocationException: Job failed (JobID: ID)
Caused by: org.apache.flink.client.program.ProgramInvocationException: Job failed (JobID: ID)
Caused by: org.apache.flink.runtime.client.JobExecutionException: Job execution failed.
Caused by: org.apache.flink.runtime.JobException: Recovery is suppressed by NoRestartBackoffTimeStrategy
Caused by: java.net.ConnectException: Connection refused
--- exit 1`,
    )
  })

  it('is told when it was cancelled', async () => {
    jobManager.outcome = { state: 'CANCELED' }
    expect(await run('flink run -m $JM -c jobs.Bounded $JAR')).toContain(
      'Caused by: org.apache.flink.runtime.client.JobCancellationException: Job was cancelled.',
    )
  })
})

describe('a submission', () => {
  it("has the parts of Flink's client: request, graph and jar", async () => {
    jobManager.outcome = { state: 'FINISHED' }
    jobManager.submitted.length = 0
    await run('flink run -d -m $JM -p 3 -c jobs.Bounded $JAR -x 1')
    const [body] = jobManager.submitted
    const parts = [...body!.matchAll(/Content-Disposition: form-data; ([^\r]*)/g)].map((m) => m[1]!.replace(/[0-9a-f]{32}/, 'ID'))
    expect(parts).toEqual(['name="request"', 'name="file_0"; filename="flink-jobgraph-ID.json"', 'name="file_1"; filename="jobs.jar"'])
    expect(body).toContain('"arguments":["-x","1"]')
    expect(body).toContain('"defaultParallelism":3')
  })
})
