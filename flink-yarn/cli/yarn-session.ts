/** `yarn-session.sh`: starts a session on YARN, attaches to one, ends it, or shows what YARN has to give. */
import readline from 'node:readline'
import { type CommandLine, ParseError, parseOptions } from '../../common/cli/options.js'
import { ConfigurationError } from '../../common/config/configuration.js'
import { parseApplicationId } from '../../common/records/ids.js'
import { flinkError } from '../config/errors.js'
import { type FlinkConfiguration, options } from '../config/index.js'
import { type YarnEnvironment, yarnEnvironment } from '../deployment/environment.js'
import { deleteYarnProperties, readYarnProperties, writeYarnProperties } from '../deployment/properties-file.js'
import { detachedHint } from '../deployment/log.js'
import type { RestClient } from '../deployment/rest-client.js'
import { finalStatus, retrieveCluster } from '../deployment/retrieve.js'
import { yarnSessionHelp } from './help.js'
import { Interrupted, interruption, untilInterrupted } from './interruption.js'
import { baseConfiguration } from './base-configuration.js'
import { CliArgsException, describeFailure, type Output, reportArguments, reportConfiguration, reportFailure } from './output.js'
import { YARN_SESSION } from './tables.js'
import { applyClusterOptions } from './targets.js'

/** How often an attached client looks whether its session still runs. */
const WATCH_INTERVAL = 1000
/** How long the ResourceManager may be silent before it is said. */
const UNKNOWN_AFTER = 15_000
const ENDED: ReadonlySet<string | undefined> = new Set(['FINISHED', 'FAILED', 'KILLED'])

export async function yarnSession(args: readonly string[], output: Output): Promise<number> {
  try {
    const { line, ignored } = readArguments(args)
    if (ignored.length > 0) output.err(`Ignored: ${ignored.join(' ')} (no such option; -h lists those there are)`)
    if (line.has('h')) {
      output.out(yarnSessionHelp())
      return 0
    }
    return await session(line, output)
  } catch (e) {
    if (e instanceof Interrupted) return e.exitCode
    if (e instanceof CliArgsException || e instanceof ParseError) return reportArguments(output, e)
    if (e instanceof ConfigurationError) return reportConfiguration(output, e)
    output.log('ERROR', 'sessionCli', `Error while running the Flink session.\n${describeFailure(e)}`)
    return reportFailure(output, e)
  }
}

/** What is no option is passed over with its value, as `-n 2` of older days; what follows still counts. */
function readArguments(args: readonly string[]): { line: CommandLine; ignored: string[] } {
  const ignored: string[] = []
  let kept = [...args]
  for (;;) {
    const line = parseOptions(YARN_SESSION, kept, { style: 'default', stopAtNonOption: true })
    if (line.args.length === 0) return { line, ignored }
    const at = kept.length - line.args.length
    const length = line.args.length > 1 && line.args[0]!.startsWith('-') && !line.args[1]!.startsWith('-') ? 2 : 1
    ignored.push(...line.args.slice(0, length))
    kept = [...kept.slice(0, at), ...kept.slice(at + length)]
  }
}

async function session(line: CommandLine, output: Output): Promise<number> {
  const conf = baseConfiguration()
  const noted = readYarnProperties(conf)
  if (noted) output.log('INFO', 'sessionCli', `Found Yarn properties file under ${noted.file}.`)
  const jobManager = line.value('m')
  if (jobManager !== undefined && jobManager !== 'yarn-cluster')
    throw new CliArgsException(`-m ${jobManager}: a session runs on YARN; only yarn-cluster may stand here.`)
  applyClusterOptions(line, '', conf)
  conf.set(options.deployment.target, 'yarn-session')
  const id = line.value('id')
  if (id !== undefined) conf.set(options.yarn.applicationId, id, '-id')
  const detached = line.has('d') || line.has('yd')
  const env = yarnEnvironment()
  try {
    if (line.has('q')) {
      output.out(await (await import('./query.js')).clusterDescription(env.yarn))
      return 0
    }
    const attach = conf.optional(options.yarn.applicationId)
    if (attach !== undefined) return await attachTo(attach, conf, env, detached, output)
    return await start(line, conf, env, detached, output)
  } finally {
    env.yarn.close()
  }
}

async function start(line: CommandLine, conf: FlinkConfiguration, env: YarnEnvironment, detached: boolean, output: Output): Promise<number> {
  const { deployCluster } = await import('../deployment/yarn-descriptor.js')
  conf.set(options.deployment.attached, !detached)
  const { signal, release } = interruption()
  let rest: RestClient | undefined
  try {
    const deployed = await deployCluster({ mode: 'session', conf, env, log: output.log, signal })
    const { applicationId } = deployed
    rest = deployed.rest
    if (!rest) throw flinkError('FlinkException', `The session ${applicationId} ended before it was seen to run.`)
    output.out(`JobManager Web Interface: ${rest.url}`)
    writeYarnProperties(conf, applicationId, line.properties('D'), new Date())
    if (!detached) return await attended({ applicationId, conf, env, rest, output, signal })
    output.log('INFO', 'sessionCli', detachedHint(applicationId))
    return 0
  } finally {
    release()
    rest?.close()
  }
}

async function attachTo(applicationId: string, conf: FlinkConfiguration, env: YarnEnvironment, detached: boolean, output: Output): Promise<number> {
  const cluster = await retrieveCluster(conf, output.log)
  const { signal, release } = interruption()
  try {
    if (!detached) return await attended({ applicationId, conf, env, rest: cluster.rest, output, signal })
    output.log('INFO', 'sessionCli', detachedHint(applicationId))
    return 0
  } finally {
    release()
    cluster.close()
  }
}

interface Attended {
  readonly applicationId: string
  readonly conf: FlinkConfiguration
  readonly env: YarnEnvironment
  readonly rest: RestClient
  readonly output: Output
  readonly signal: AbortSignal
}

/** Until `stop`, a signal, or the session's own end. The end of the input is no reason to stop. */
async function attended(s: Attended): Promise<number> {
  const watching = new AbortController()
  try {
    const ended = await untilInterrupted(
      s.signal,
      Promise.race([readCommands(s.output).then(() => false), watchApplication(s, watching.signal).then(() => true)]),
    )
    if (!ended) return await stopSession(s)
    s.output.err('The Flink Yarn cluster has failed.')
    await tellEnd(s)
    return 1
  } catch (e) {
    if (!(e instanceof Interrupted)) throw e
    await stopSession(s)
    return e.exitCode
  } finally {
    watching.abort()
    process.stdin.destroy()
  }
}

/** Resolves on `stop`. */
function readCommands(output: Output): Promise<void> {
  return new Promise((resolve) => {
    readline.createInterface({ input: process.stdin }).on('line', (text) => {
      const command = text.trim()
      if (command === 'stop' || command === 'quit') return resolve()
      if (command === '') return
      if (command !== 'help') output.err(`Unknown command '${command}'. Showing help:`)
      output.err('Available commands:')
      output.err('help - show these commands')
      output.err('stop - stop the YARN session')
    })
  })
}

/** Resolves when the application has ended. A ResourceManager that is away for a while may come back. */
function watchApplication(s: Attended, stop: AbortSignal): Promise<void> {
  const id = parseApplicationId(s.applicationId)
  let silentSince: number | undefined
  let told = false
  return new Promise((resolve) => {
    const look = () =>
      s.env.yarn.getApplicationReport(id).then(
        (report) => {
          silentSince = undefined
          told = false
          if (ENDED.has(report.yarnApplicationState)) resolve()
        },
        (e: Error) => {
          silentSince ??= performance.now()
          if (told || performance.now() - silentSince < UNKNOWN_AFTER) return
          told = true
          s.output.err(`The Flink Yarn cluster is in an unknown state. Please check the Yarn cluster. (${e.message})`)
        },
      )
    const timer = setInterval(look, WATCH_INTERVAL)
    stop.addEventListener('abort', () => clearInterval(timer))
  })
}

async function stopSession(s: Attended): Promise<number> {
  await s.rest.shutDownCluster()
  forgetSession(s)
  return tellEnd(s)
}

function forgetSession({ conf, applicationId, output }: Attended): void {
  const file = deleteYarnProperties(conf, applicationId)
  if (file !== undefined) output.log('INFO', 'sessionCli', `Deleted Yarn properties file at ${file}`)
}

/** Says how the application ended, once it has. @returns the exit code */
async function tellEnd(s: Attended): Promise<number> {
  const { sleep, pauses } = await import('../../common/yarn-client/retry.js')
  const { applicationId, output } = s
  for (const pause of pauses(WATCH_INTERVAL)) {
    const report = await s.env.yarn.getApplicationReport(parseApplicationId(applicationId))
    const state = report.yarnApplicationState
    if (ENDED.has(state)) {
      output.log(
        'INFO',
        'sessionCli',
        `Application ${applicationId} finished with state ${state} and final state ${finalStatus(report)} at ${report.finishTime}`,
      )
      if (state === 'FINISHED') return 0
      output.log('WARN', 'sessionCli', `Application failed. Diagnostics ${report.diagnostics}`)
      output.log(
        'WARN',
        'sessionCli',
        `If log aggregation is activated in the Hadoop cluster, we recommend to retrieve the full application log using this command:\n\tyarn logs -applicationId ${applicationId}`,
      )
      return 1
    }
    await sleep(pause)
  }
  return 0
}
