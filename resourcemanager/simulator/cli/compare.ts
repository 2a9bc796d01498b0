/** `bobbin sim compare`: the same workload under several configurations. */
import type { Command } from 'commander'
import { ConfigurationError } from '../../../common/config/configuration.js'
import { compareRuns } from '../compare/comparison.js'
import { runJobs } from '../compare/jobs.js'
import { METRICS_HELP, parseMetric } from '../report/metric.js'
import { summarizeComparison, writePlots, writeReport } from '../report/index.js'
import { distinct, makeFolder, parseCase, parseCount, parseDuration, parseSeeds } from './arguments.js'
import { showJobs, workloadReader } from './cases.js'
import type { Terminal } from './terminal.js'

interface CompareArguments {
  readonly trace: readonly string[]
  readonly nodes?: string
  readonly seeds: string
  readonly until?: string
  readonly models?: string
  readonly out?: string
  readonly svg?: string
  readonly metric?: readonly string[]
  readonly parallel?: string
}

export function addCompare(sim: Command, terminal: Terminal): void {
  sim
    .command('compare')
    .description('run the same workload under several configurations, in parallel, and tell what differs and how sure that is')
    .argument(
      '<configurations...>',
      '[NAME=]FOLDER[,PROPERTY=VALUE…], two or more; the others are held against the first. nodes=…, trace=FILE and models=FILE among the settings change what is run',
    )
    .requiredOption('--trace <files...>', 'the workload')
    .option('--nodes <file|NxSPEC>', 'the nodes, where the trace brings none or others')
    .option('--seeds <seeds>', 'how many runs of each (5), a range (10..14) or a list (3,7)', '5')
    .option('--until <time>', 'end of the runs: 90s, 15min, 2h, 1d')
    .option('--models <file>', 'how nodes and application masters behave, where that is not as built in (YAML)')
    .option('--metric <metrics...>', `what is compared: ${METRICS_HELP}`)
    .option('--parallel <n>', 'runs at the same time (default: one for each core)')
    .option('--out <folder>', 'writes report.html, result.json and comparison.csv there')
    .option('--svg <folder>', 'writes the plots there, each as an SVG file')
    .action((configurations: string[], options: CompareArguments) => compare(configurations, options, terminal))
}

async function compare(texts: readonly string[], options: CompareArguments, terminal: Terminal): Promise<void> {
  if (texts.length < 2) throw new ConfigurationError('compare takes two configurations or more; one alone is run by: bobbin sim TRACE --conf FOLDER')
  makeFolder(options.out, '--out')
  makeFolder(options.svg, '--svg')
  const cases = distinct(texts.map(parseCase))
  const seeds = parseSeeds(options.seeds)
  const metrics = options.metric?.map(parseMetric)
  const until = options.until === undefined ? {} : { until: parseDuration(options.until, '--until') }
  const workloadOf = workloadReader({ trace: options.trace, nodes: options.nodes, confDir: cases[0]!.confDir, models: options.models })
  const jobs = cases.flatMap((c) => seeds.map((seed) => ({ ...workloadOf(c, seed), configuration: c.configuration, seed, ...until })))
  const shown = showJobs(terminal)
  try {
    const results = await runJobs(jobs, {
      ...(options.parallel !== undefined && { parallel: parseCount(options.parallel, '--parallel') }),
      onDone: shown.onDone,
    })
    shown.clear()
    const runs = cases.map((c, i) => ({ name: c.configuration.name, runs: results.slice(i * seeds.length, (i + 1) * seeds.length) }))
    const comparison = compareRuns(runs, metrics)
    terminal.out(summarizeComparison(comparison))
    if (options.svg !== undefined) writePlots(comparison, options.svg)
    if (options.out !== undefined) terminal.out(`report: ${writeReport(comparison, options.out)}\n`)
  } finally {
    shown.clear()
  }
}
