// A cluster from start to the end of a job, as a user meets it, beside Hadoop's and Flink's own.
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { RealCluster, cleanly, getJson, medianSeconds, program, property, realFlink, realHadoop, root, run, script, sleep, until } from './lib.mjs'

export const title = 'A cluster with three nodes, and a socket word count on it'

const NODES = 3
const REPEATS = 5
/** Seconds of rest before memory is read. */
const SETTLE = 5_000

export async function measure(report) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'bobbin-bench-'))
  const lines = await lineServer()
  const work = async () => {
    const ours = await measureOurs(dir, lines.port)
    const hadoop = realHadoop()
    const real = hadoop ? await measureReal(hadoop, dir, lines.port) : {}
    for (const [what, unit, key, aim] of ROWS) report({ what, unit, ours: ours[key], real: real[key], aim })
    if (!hadoop) process.stdout.write('\nBOBBIN_HADOOP_HOME (and BOBBIN_FLINK_HOME) set: the real ones are measured beside\n')
  }
  await cleanly(work, async () => {
    lines.close()
    await run(script('bobbin'), ['down', '--dir', dir])
    rmSync(dir, { recursive: true, force: true })
  })
}

const ROWS = [
  ['bobbin up until files and applications are taken', 's', 'up', '1 s'],
  ['memory of all daemons, idle (sum of PSS)', 'MB', 'memory', '200 MB'],
  ['hdfs dfs -ls /', 's', 'ls', '0.1 s'],
  ['yarn application -list', 's', 'list', '0.1 s'],
  ['10 containers for an AM, from its allocate', 's', 'containers', '0.1 s'],
  ['yarn-session.sh -d until it returns', 's', 'session', '1 s'],
  ['flink list', 's', 'flinkList', '0.1 s'],
  ['flink run -t yarn-per-job until RUNNING', 's', 'perJob', '1.5 s'],
  ['flink cancel until the application is FINISHED', 's', 'cancel', '0.3 s'],
]

const megabytes = (bytes) => bytes / 2 ** 20

async function measureOurs(dir, port) {
  // Once before: V8's compiled code is made in the first run after a build.
  const up = async () => (await run(script('bobbin'), ['up', '-d', '--nodes', String(NODES), '--dir', dir, '--free-ports'])).seconds
  await up()
  await run(script('bobbin'), ['down', '--dir', dir])
  const found = { up: await up() }
  await sleep(SETTLE)
  const status = JSON.parse((await run(script('bobbin'), ['status', '--json', '--dir', dir])).output)
  found.memory = megabytes(status.daemons.reduce((sum, d) => sum + d.memory, 0))
  const env = { HADOOP_CONF_DIR: path.join(dir, 'conf'), FLINK_CONF_DIR: path.join(dir, 'flink-conf'), FLINK_HOME: '' }
  found.ls = await medianSeconds(REPEATS, () => run(script('hdfs'), ['dfs', '-ls', '/'], { env }))
  found.list = await medianSeconds(REPEATS, () => run(script('yarn'), ['application', '-list'], { env }))
  found.containers = await containers(env)
  const flink = {
    flink: script('flink'),
    session: script('yarn-session.sh'),
    env,
    job: () => path.join(root, 'examples/stream-word-count.jar'),
    jobClass: 'com.example.wc.StreamWordCount',
  }
  Object.assign(found, await measureFlink(flink, env.HADOOP_CONF_DIR, port))
  await run(script('bobbin'), ['down', '--dir', dir])
  return found
}

async function measureReal(hadoop, dir, port) {
  const cluster = new RealCluster(hadoop, dir)
  const work = async () => {
    const found = { up: await cluster.start(NODES) }
    await sleep(SETTLE)
    found.memory = megabytes(cluster.memory())
    found.ls = await medianSeconds(REPEATS, () => hadoop.client(cluster.conf, 'org.apache.hadoop.fs.FsShell', ['-ls', '/']))
    found.list = await medianSeconds(REPEATS, () => hadoop.client(cluster.conf, 'org.apache.hadoop.yarn.client.cli.ApplicationCLI', ['application', '-list']))
    found.containers = await containers(hadoop.env(cluster.conf))
    const flink = realFlink(hadoop, dir)
    if (flink) Object.assign(found, await measureFlink(flink, cluster.conf, port))
    return found
  }
  return cleanly(work, () => cluster.stop())
}

/** The same client for both. */
async function containers(env) {
  const file = await program('containers.ts', path.join(root, 'dist/bench/containers.cjs'))
  return medianSeconds(3, async () => ({ seconds: Number((await run(process.execPath, [file], { env })).output) / 1000 }))
}

async function measureFlink({ flink, session, env, job, jobClass }, confDir, port) {
  const found = {}
  const rm = property(confDir, 'yarn-site.xml', 'yarn.resourcemanager.webapp.address')
  const deployed = await run(session, ['-d', '-nm', 'bench'], { env })
  found.session = deployed.seconds
  found.flinkList = await medianSeconds(REPEATS, () => run(flink, ['list'], { env }))
  const id = application(deployed.output)
  await run(session, ['-id', id], { env, input: 'stop\n' })
  await ended(rm, id)
  const submitted = await submit(flink, ['run', '-t', 'yarn-per-job', '-d', '-c', jobClass, job(), '--host', '127.0.0.1', '--port', String(port)], env)
  found.perJob = submitted.seconds
  const target = ['-t', 'yarn-per-job', `-Dyarn.application.id=${submitted.application}`]
  const started = performance.now()
  const cancelled = run(flink, ['cancel', ...target, submitted.job], { env })
  await ended(rm, submitted.application)
  found.cancel = (performance.now() - started) / 1000
  await cancelled
  return found
}

const application = (output) => /(application_\d+_\d+)/.exec(output)[1]

async function ended(rm, id) {
  await until(`${id} ends`, async () => (await getJson(`http://${rm}/ws/v1/cluster/apps/${id}`))?.app?.state === 'FINISHED')
}

/** Submits a job and watches the JobManager's REST from when its address is known. */
async function submit(flink, args, env) {
  const started = performance.now()
  let web
  const running = until('the job runs', async () => {
    const overview = web && (await getJson(`http://${web}/jobs/overview`))
    return overview?.jobs?.find((j) => j.state === 'RUNNING')
  }).then((j) => ({ job: j.jid, seconds: (performance.now() - started) / 1000 }))
  const submitted = run(flink, args, {
    env,
    onLine: (line) => {
      web ??= /Found Web Interface (\S+:\d+) of application/.exec(line)?.[1]
    },
  })
  const [job, { output }] = await Promise.all([running, submitted])
  return { ...job, application: application(output) }
}

async function lineServer() {
  const sockets = new Set()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    const timer = setInterval(() => socket.write('to be or not to be\n'), 50)
    socket.on('error', () => {})
    socket.on('close', () => {
      clearInterval(timer)
      sockets.delete(socket)
    })
  })
  await new Promise((r) => server.listen(0, '127.0.0.1', r))
  return {
    port: server.address().port,
    close() {
      for (const s of sockets) s.destroy()
      server.close()
    },
  }
}
