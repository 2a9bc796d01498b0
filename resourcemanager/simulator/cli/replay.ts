/** `bobbin replay LOG`: a recorded event log through the core again; with --conf, what would have been under other configurations. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { ConfigurationError } from '../../../common/config/configuration.js'
import { replayEventLog } from '../../runtime/event-log.js'
import { compareRuns } from '../compare/comparison.js'
import { runJobs } from '../compare/jobs.js'
import { type ClosedLoop, closedLoop, closedLoopJobs, deviations, recordedModels, simulatedWaits } from '../replay/closed-loop.js'
import { recordLife } from '../replay/record.js'
import { duration, percent, textTable } from '../report/format.js'
import { METRICS_HELP, parseMetric } from '../report/metric.js'
import { summarize, summarizeComparison, writePlots, writeReport } from '../report/index.js'
import type { RunResult } from '../results.js'
import { type Case, distinct, makeFolder, parseCase, parseCount, parseDuration, parseSeeds } from './arguments.js'
import { modelsReader, showJobs } from './cases.js'
import { type Terminal, progressLine } from './terminal.js'

interface ReplayArguments {
  readonly conf?: readonly string[]
  readonly whatIf: boolean
  readonly models?: string
  readonly seeds: string
  readonly until?: string
  readonly metric?: readonly string[]
  readonly parallel?: string
  readonly out?: string
  readonly svg?: string
}

export function addReplay(bobbin: Command, terminal: Terminal): void {
  bobbin
    .command('replay')
    .description(
      "a ResourceManager's recorded event log (bobbin.resourcemanager.event-log) through its core again: the effects must be the same. " +
        'With --conf or --models: its users and machines under other configurations, or behaving otherwise',
    )
    .argument('<log>', 'the log')
    .option('--conf <configurations...>', '[NAME=]FOLDER[,PROPERTY=VALUE…]: what if this had been the configuration; models=FILE among the settings')
    .option('--models <file>', 'what if nodes and application masters had behaved so (YAML); the model of all recorded applications is called recorded')
    .option('--what-if', 'the closed loop with the recorded configuration alone: how far the simulation is from the record', false)
    .option('--seeds <seeds>', 'how many runs of each (5), a range (10..14) or a list (3,7)', '3')
    .option('--until <time>', 'end of the runs: 90s, 15min, 2h, 1d')
    .option('--metric <metrics...>', `what is compared: ${METRICS_HELP}`)
    .option('--parallel <n>', 'runs at the same time (default: one for each core)')
    .option('--out <folder>', 'writes report.html, result.json and CSV files there')
    .option('--svg <folder>', 'writes the plots of a comparison there, each as an SVG file')
    .action(async (log: string, options: ReplayArguments) => {
      if (!existsSync(log)) throw new ConfigurationError(`${log} is not there: give the file that bobbin.resourcemanager.event-log named`)
      if (options.conf || options.models !== undefined || options.whatIf) await whatIf(log, options, terminal)
      else await openLoop(log, terminal)
    })
}

async function openLoop(log: string, terminal: Terminal): Promise<void> {
  const progress = progressLine(terminal)
  const started = performance.now()
  let steps = 0
  let first = 0
  let last = 0
  try {
    const replay = await replayEventLog(log, (now) => {
      first ||= now
      last = now
      if (++steps % 20_000 === 0) progress.show(`${steps} events, ${duration(now - first)} of the cluster's time in ${duration(performance.now() - started)}`)
    })
    const wrong = replay.core.checkInvariants()
    progress.clear()
    terminal.out(
      `${replay.steps} events in ${replay.lives === 1 ? 'one life' : `${replay.lives} lives`} of the ResourceManager: every effect as recorded\n` +
        `${duration(last - first)} of the cluster's time in ${duration(performance.now() - started)}\n`,
    )
    if (wrong.length > 0) throw new Error(`the state at the end does not add up:\n${wrong.join('\n')}`)
  } finally {
    progress.clear()
  }
}

/** What the recorded configuration is held against. */
function casesOf({ conf, models }: ReplayArguments, loop: ClosedLoop): Case[] {
  const given = conf ? conf.map(parseCase) : models === undefined ? [] : [{ configuration: { ...loop.configuration, name: path.basename(models) } }]
  return given.map((c) => (models === undefined || c.models !== undefined ? c : { ...c, models }))
}

async function whatIf(log: string, options: ReplayArguments, terminal: Terminal): Promise<void> {
  makeFolder(options.out, '--out')
  makeFolder(options.svg, '--svg')
  for (const c of (options.conf ?? []).map(parseCase))
    if (c.nodes !== undefined || c.traces)
      throw new ConfigurationError('a replay takes its nodes and applications from the log: nodes=… and trace=… are for sim compare')
  const seeds = parseSeeds(options.seeds)
  const metrics = options.metric?.map(parseMetric)
  const until = options.until === undefined ? undefined : parseDuration(options.until, '--until')
  const progress = progressLine(terminal)
  const { life, lives } = await recordLife(log, (n) => n % 20_000 === 0 && progress.show(`${n} events read`))
  progress.clear()
  const loop = closedLoop(life, log)
  if (loop.extracted.workload.applications.length === 0) throw new Error(`${log}: no application was submitted: there is nothing to simulate`)
  const cases = distinct([{ configuration: loop.configuration }, ...casesOf(options, loop)])
  const modelsOf = modelsReader(loop.extracted.models, recordedModels(loop))
  const shown = showJobs(terminal)
  try {
    const jobs = closedLoopJobs(
      loop,
      cases.map((c) => ({ configuration: c.configuration, models: modelsOf(c.models) })),
      seeds,
      until,
    )
    const results = await runJobs(jobs, {
      ...(options.parallel !== undefined && { parallel: parseCount(options.parallel, '--parallel') }),
      onDone: shown.onDone,
    })
    shown.clear()
    const bySeed = cases.map((_, i) => results.slice(i * seeds.length, (i + 1) * seeds.length))
    const found = deviations(loop.recorded, simulatedWaits(bySeed[0]!))
    const notes = [
      ...(lives > 1
        ? [`the log holds ${lives} lives of the ResourceManager: the one with the most applications is simulated (from line ${life.firstLine})`]
        : []),
      ...loop.extracted.notes,
      ...found.map(
        (d) =>
          `recorded against simulated under the recorded configuration: ${d.measure} ${duration(d.recorded)}, ${duration(d.simulated)}${d.relative === undefined ? '' : ` (${percent(d.relative)})`}`,
      ),
    ]
    const noted = (r: RunResult): RunResult => ({ ...r, notes: [...notes, ...r.notes] })
    terminal.out(`${life.applications.length} applications and ${life.nodes.length} nodes in ${duration(life.end)} of the log\n\n`)
    terminal.out(
      textTable(
        ['as recorded', 'record', 'simulated', 'deviation'],
        found.map((d) => [d.measure, duration(d.recorded), duration(d.simulated), d.relative === undefined ? '–' : percent(d.relative)]),
      ),
    )
    terminal.out(`\ninferred:\n${loop.extracted.notes.map((n) => `  ${n}\n`).join('')}\n`)
    const comparison =
      cases.length > 1
        ? compareRuns(
            cases.map((c, i) => ({ name: c.configuration.name, runs: bySeed[i]!.map(noted) })),
            metrics,
          )
        : undefined
    terminal.out(comparison ? summarizeComparison(comparison) : summarize(bySeed[0]![0]!))
    if (comparison && options.svg !== undefined) writePlots(comparison, options.svg)
    if (options.out !== undefined) terminal.out(`report: ${writeReport(comparison ?? noted(bySeed[0]![0]!), options.out)}\n`)
  } finally {
    shown.clear()
  }
}
