/** `bobbin sim sweep`: which values of chosen properties serve a goal best. */
import type { Command } from 'commander'
import { Option } from 'commander'
import { ConfigurationError } from '../../../common/config/configuration.js'
import { compareRuns } from '../compare/comparison.js'
import { type SimulationJob, runJobs } from '../compare/jobs.js'
import { readSimulatedConfiguration } from '../configuration.js'
import { METRICS_HELP, parseMetric } from '../report/metric.js'
import { measure, summarizeComparison, summarizeSweep, writeReport, writeSweep } from '../report/index.js'
import type { RunResult } from '../results.js'
import { METHODS, type Method, search } from '../sweep/search.js'
import { type Settings, configured, parseAxis, settingsText } from '../sweep/space.js'
import type { Sweep } from '../sweep/sweep.js'
import { makeFolder, parseCount, parseDuration, parseSeeds } from './arguments.js'
import { showJobs, workloadReader } from './cases.js'
import { FAILED, type Terminal } from './terminal.js'

interface SweepArguments {
  readonly conf?: string
  readonly nodes?: string
  readonly vary: readonly string[]
  readonly balance: readonly string[]
  readonly goal: string
  readonly method: Method
  readonly budget?: string
  readonly seeds: string
  readonly until?: string
  readonly models?: string
  readonly parallel?: string
  readonly out?: string
}

export function addSweep(sim: Command, terminal: Terminal): void {
  sim
    .command('sweep')
    .description('try values of chosen properties and rank them by a goal')
    .argument('<traces...>', 'the workload')
    .option('--conf <folder>', 'the configuration that all start from')
    .option('--nodes <file|NxSPEC>', 'the nodes, where the trace brings none or others')
    .requiredOption(
      '--vary <axes...>',
      'PROPERTY=FROM..TO/STEP or PROPERTY=VALUE,VALUE,…; root.QUEUE.capacity is short for the capacity scheduler’s; nodes=…, trace=FILE,… and models=FILE,… vary what is run',
    )
    .option('--balance <capacities...>', 'capacities that take what their sibling queues leave of 100 %, such as root.default.capacity', [])
    .requiredOption('--goal <measure>', METRICS_HELP)
    .addOption(
      new Option('--method <method>', 'grid: all; random: --budget of them; golden: golden section along one range; halving: half stay, with twice the seeds')
        .choices(METHODS)
        .default('grid'),
    )
    .option('--budget <n>', 'how many candidates at most')
    .option('--seeds <seeds>', 'how many runs of each (5), a range (10..14) or a list (3,7)', '3')
    .option('--until <time>', 'end of the runs: 90s, 15min, 2h, 1d')
    .option('--models <file>', 'how nodes and application masters behave, where that is not as built in (YAML)')
    .option('--parallel <n>', 'runs at the same time (default: one for each core)')
    .option('--out <folder>', 'writes report.html, result.json and sweep.csv there')
    .action((traces: string[], options: SweepArguments) => sweep(traces, options, terminal))
}

async function sweep(traces: readonly string[], options: SweepArguments, terminal: Terminal): Promise<void> {
  makeFolder(options.out, '--out')
  const base = readSimulatedConfiguration(options.conf)
  const goal = parseMetric(options.goal)
  const axes = options.vary.map(parseAxis)
  if (new Set(axes.map((a) => a.name)).size < axes.length) throw new ConfigurationError('--vary names a property twice')
  const seeds = parseSeeds(options.seeds)
  const until = options.until === undefined ? undefined : parseDuration(options.until, '--until')
  const parallel = options.parallel === undefined ? {} : { parallel: parseCount(options.parallel, '--parallel') }
  const shown = showJobs(terminal)
  const runs = new Map<string, RunResult[]>()
  const workloadOf = workloadReader({ trace: traces, nodes: options.nodes, confDir: options.conf, models: options.models })

  const jobsFor = (settings: Settings, of: readonly number[]): { readonly jobs: readonly SimulationJob[] } | { readonly refused: string } => {
    const made = configured(base, settings, Object.keys(settings).length > 0 ? options.balance : [])
    if ('refused' in made) return made
    const name = Object.keys(settings).length > 0 ? settingsText(settings) : 'as it is'
    const configuration = { ...made.configuration, name }
    const own = {
      ...(settings.nodes !== undefined && { nodes: settings.nodes }),
      ...(settings.trace !== undefined && { traces: [settings.trace] }),
      ...(settings.models !== undefined && { models: settings.models }),
    }
    return { jobs: of.map((seed) => ({ ...workloadOf(own, seed), configuration, seed, ...(until !== undefined && { until }) })) }
  }
  const evaluate = async (candidates: readonly Settings[], of: readonly number[]) => {
    const made = candidates.map((c) => jobsFor(c, of))
    const jobs = made.flatMap((m) => ('jobs' in m ? m.jobs : []))
    const results = await runJobs(jobs, { ...parallel, onDone: shown.onDone })
    let next = 0
    return made.map((m, i) => {
      if ('refused' in m) return m
      const own = results.slice(next, (next += m.jobs.length))
      // What plots of the best one need is its first run.
      runs.set(settingsText(candidates[i]!), own)
      return own.map((r) => goal.of(measure(r)))
    })
  }
  try {
    const start = (await evaluate([{}], seeds))[0]!
    const found = await search({
      method: options.method,
      axes,
      better: goal.better,
      seeds,
      evaluate,
      ...(options.budget !== undefined && { budget: parseCount(options.budget, '--budget') }),
    })
    shown.clear()
    const made: Sweep = {
      workload: [...runs.values()][0]?.[0]?.workload ?? traces.join(' + '),
      configuration: base.name,
      goal: goal.text,
      unit: goal.unit,
      better: goal.better,
      method: options.method,
      seeds,
      axes: axes.map(({ name, values }) => ({ name, values })),
      ...('refused' in start ? { startRefused: start.refused } : { start }),
      ...found,
    }
    terminal.out(summarizeSweep(made))
    const best = found.tried[0]
    if (!best) {
      terminal.code = FAILED
      return
    }
    const bestRuns = runs.get(settingsText(best.settings))!
    const asItIs = runs.get('')
    const comparison =
      asItIs && bestRuns.length === asItIs.length
        ? compareRuns([
            { name: 'as it is', runs: asItIs },
            { name: settingsText(best.settings), runs: bestRuns },
          ])
        : undefined
    if (comparison) terminal.out(`\nthe best beside the configuration as it is:\n${summarizeComparison(comparison)}`)
    if (options.out !== undefined) {
      terminal.out(`report: ${writeSweep(made, options.out)}\n`)
      if (comparison) terminal.out(`the best compared: ${writeReport(comparison, `${options.out}/best`)}\n`)
    }
  } finally {
    shown.clear()
  }
}
