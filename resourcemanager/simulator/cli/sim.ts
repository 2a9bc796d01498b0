/** `bobbin sim TRACE…`: traces through the ResourceManager in virtual time. */
import type { Command } from 'commander'
import { ConfigurationError } from '../../../common/config/configuration.js'
import { HadoopException } from '../../../common/errors.js'
import { openEventLog } from '../../runtime/event-log.js'
import { coreConfigOf, readSimulatedConfiguration } from '../configuration.js'
import { readModels } from '../models/file.js'
import { BUILT_IN } from '../models/models.js'
import { summarize, writeReport } from '../report/index.js'
import { simulate } from '../simulate.js'
import { readWorkload } from '../traces/index.js'
import { makeFolder, parseCount, parseDuration } from './arguments.js'
import { live } from './live.js'
import { progressLine, type Terminal } from './terminal.js'

interface SimArguments {
  readonly conf?: string
  readonly nodes?: string
  readonly seed: string
  readonly until?: string
  readonly models?: string
  readonly out?: string
  readonly eventLog?: string
  readonly live: boolean
  readonly host?: string
}

/** @returns the command, for those below it */
export function addSim(bobbin: Command, terminal: Terminal): Command {
  return bobbin
    .command('sim')
    .description('run traces through the ResourceManager in virtual time')
    .argument('<traces...>', 'SLS, SYNTH or RUMEN traces (JSON), workloads of our own (YAML)')
    .option('--conf <folder>', 'yarn-site.xml with capacity-scheduler.xml or fair-scheduler.xml; sls-runner.xml for sizes that SLS traces leave out')
    .option('--nodes <file|NxSPEC>', 'the cluster: an SLS topology, or so many nodes of a size, such as 100x16G,8')
    .option('--seed <n>', 'for everything that is drawn', '1')
    .option('--until <time>', 'end of the run: 90s, 15min, 2h, 1d')
    .option('--models <file>', 'how nodes and application masters behave, where that is not as built in (YAML)')
    .option('--out <folder>', 'writes report.html, result.json and CSV files there')
    .option('--event-log <file>', 'records the run as a ResourceManager does its own, for bobbin replay')
    .option('--live', 'in real time, with simulated NodeManagers and masters that speak to the running ResourceManager of --conf (or HADOOP_CONF_DIR)', false)
    .option('--host <address>', "with --live: where the simulated NodeManagers listen, for a ResourceManager that isn't on this machine")
    .action((files: string[], options: SimArguments) => run(files, options, terminal))
}

async function run(files: readonly string[], options: SimArguments, terminal: Terminal): Promise<void> {
  makeFolder(options.out, '--out')
  const configuration = readSimulatedConfiguration(options.conf)
  const seed = parseCount(options.seed, '--seed')
  const until = options.until === undefined ? {} : { until: parseDuration(options.until, '--until') }
  const models = options.models === undefined ? BUILT_IN : readModels(options.models)
  const workload = readWorkload({
    files,
    seed,
    ...(options.conf !== undefined && { confDir: options.conf }),
    ...(options.nodes !== undefined && { nodes: options.nodes }),
    modelNames: Object.keys(models.masters),
  })
  if (options.live) {
    await live(
      { workload, models, seed, confDir: options.conf, out: options.out, ...until, ...(options.host !== undefined && { host: options.host }) },
      terminal,
    )
    return
  }
  const config = coreConfigOf(configuration)
  const log = options.eventLog === undefined ? undefined : openEventLog(options.eventLog, config)
  const progress = progressLine(terminal)
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  try {
    const result = simulate({
      workload,
      models,
      config,
      configurationName: configuration.name,
      seed,
      ...until,
      ...(log && { onStep: log.append }),
      onProgress: (simulated, events) => {
        const times = simulated / 1000 / Math.max(seconds(), 0.001)
        progress.show(`${clock(simulated)} simulated in ${seconds().toFixed(1)} s (${times.toFixed(0)} times real time), ${events} events`)
      },
    })
    progress.clear()
    terminal.out(summarize(result))
    const took = seconds()
    terminal.err(
      `${clock(result.simulated)} in ${took.toFixed(1)} s: ${(result.simulated / 1000 / took).toFixed(0)} times real time; ${result.events} events, ${result.skippedHeartbeats} heartbeats passed over\n`,
    )
    if (options.out !== undefined) terminal.out(`report: ${writeReport(result, options.out)}\n`)
  } catch (e) {
    // In the scheduler's own words, which do not say whose they are.
    if (e instanceof HadoopException)
      throw new ConfigurationError(`${options.conf ?? 'the defaults'}: the scheduler refuses this configuration: ${e.message}`, { cause: e })
    throw e
  } finally {
    log?.close()
    progress.clear()
  }
}

/** `1d 02:03:04`. */
function clock(millis: number): string {
  const s = Math.floor(millis / 1000)
  const pad = (n: number) => String(n).padStart(2, '0')
  const days = Math.floor(s / 86_400)
  return `${days > 0 ? `${days}d ` : ''}${pad(Math.floor(s / 3600) % 24)}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}`
}
