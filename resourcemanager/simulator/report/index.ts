/** What came of runs, for people and programs: a table on the terminal, JSON and CSV files, a page with plots. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Comparison } from '../compare/comparison.js'
import type { RunResult } from '../results.js'
import type { Sweep } from '../sweep/sweep.js'
import { comparisonPage, comparisonPlots, differenceText, intervalText } from './comparison-page.js'
import { comparisonFiles, runFiles, sweepFiles } from './files.js'
import { amount, duration, formatted, memoryTime, percent, textTable } from './format.js'
import { type GroupMeasures, measure } from './measures.js'
import { runPage } from './run-page.js'
import { summarizeSweep, sweepPage } from './sweep-page.js'

export type { Measures } from './measures.js'
export { measure } from './measures.js'
export { summarizeSweep }

/**
 * Writes `report.html`, `result.json` and the CSV files. The same result gives the same bytes.
 * @returns the page's path
 */
export function writeReport(result: RunResult | Comparison, dir: string): string {
  return 'configurations' in result ? write(dir, comparisonFiles(result), comparisonPage(result)) : write(dir, runFiles(result), runPage(result))
}

/** Writes the plots of a comparison as SVG files of their own, for other pages and slides. */
export function writePlots(comparison: Comparison, dir: string): void {
  writeFiles(dir, comparisonPlots(comparison))
}

/** @returns the page's path */
export function writeSweep(sweep: Sweep, dir: string): string {
  return write(dir, sweepFiles(sweep), sweepPage(sweep))
}

function write(dir: string, files: Readonly<Record<string, string>>, page: string): string {
  writeFiles(dir, { ...files, 'report.html': page })
  return path.join(dir, 'report.html')
}

function writeFiles(dir: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(dir, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(dir, name), text)
}

const HEADER = ['applications', 'finished', 'wait mean', 'p50', 'p95', 'max', 'AM wait p95', 'run mean', 'slowdown', 'preempted']

function cells(g: GroupMeasures): string[] {
  return [
    String(g.applications.submitted),
    String(g.applications.finished),
    duration(g.wait.mean),
    duration(g.wait.p50),
    duration(g.wait.p95),
    `${g.stillWaiting > 0 ? '>' : ''}${duration(g.wait.max)}`,
    duration(g.amWait.p95),
    duration(g.runTime.mean),
    g.slowdown.count > 0 ? amount(g.slowdown.mean) : '–',
    String(g.containers.preempted),
  ]
}

/** A run as a table for the terminal. */
export function summarize(result: RunResult): string {
  const m = measure(result)
  const lines = [`${result.workload} under ${result.configuration}: ${result.nodes} nodes, ${duration(result.simulated)} simulated, seed ${result.seed}\n\n`]
  lines.push(textTable(['queue', ...HEADER], [...m.queues.map((q) => [q.queue, ...cells(q)]), ...(m.queues.length === 1 ? [] : [['all', ...cells(m)]])]))
  lines.push(`\nmakespan ${duration(m.makespan)}`)
  for (const u of m.utilisation) {
    const wasted = [u.reserved > 0.0005 ? `, reserved ${percent(u.reserved)}` : '', u.fragmented > 0.0005 ? `, fragmented ${percent(u.fragmented)}` : '']
    lines.push(`; in use${u.label === '' ? '' : ` on ${u.label}`}: memory ${percent(u.memory)}, vcores ${percent(u.vcores)}${wasted.join('')}`)
  }
  lines.push(`\nfairness (Jain): users ${amount(m.fairness.users)}, queues ${amount(m.fairness.queues)}, slowdown ${amount(m.fairness.slowdown)}\n`)
  if (m.containers.preempted > 0) lines.push(`preempted: ${m.containers.preempted} containers, ${memoryTime(m.preemptedMemorySeconds)} of work\n`)
  if (m.slo.promised > 0) lines.push(`deadlines missed: ${m.slo.missed} of ${m.slo.promised}\n`)
  lines.push(troubles(result))
  for (const note of result.notes) lines.push(`note: ${note}\n`)
  return lines.join('')
}

const NAMED = 5

/** Applications that came to nothing: those of one reason together, the first few by name. */
function troubles(result: RunResult): string {
  const text: string[] = []
  for (const state of ['NEVER_SCHEDULABLE', 'REJECTED', 'FAILED', 'WAITING'] as const) {
    const byReason = new Map<string, string[]>()
    for (const a of result.applications) {
      if (a.state !== state) continue
      // The id that the ResourceManager gave it makes no reason of its own.
      const reason = (a.reason ?? '')
        .split('\n')[0]!
        .replaceAll(a.applicationId, 'the application')
        .replace(/^Application the application/, 'the application')
      byReason.set(reason, [...(byReason.get(reason) ?? []), a.id])
    }
    for (const [reason, ids] of [...byReason].slice(0, NAMED)) {
      const names = ids.length <= NAMED ? ids.join(', ') : `${ids.slice(0, 3).join(', ')} and ${ids.length - 3} more`
      text.push(`${state}: ${names}${reason === '' ? '' : `: ${reason}`}\n`)
    }
    const rest = [...byReason.values()].slice(NAMED).reduce((n, ids) => n + ids.length, 0)
    if (rest > 0) text.push(`${state}: ${rest} more\n`)
  }
  return text.join('')
}

/** A comparison as a table for the terminal. */
export function summarizeComparison(c: Comparison): string {
  const names = c.configurations.map((x) => x.name)
  const header = ['measure', ...names, ...names.slice(1).flatMap((n) => [names.length === 2 ? 'difference' : `${n} − ${names[0]}`, '95 % confidence', 'shows'])]
  const rows = c.metrics.map((m) => [
    m.metric,
    ...m.values.map((v) => formatted(v.interval.mean, m.unit)),
    ...m.differences.flatMap((d, i) => [differenceText(m, i), intervalText(m, i), d.verdict]),
  ])
  const more = c.seeds.length === 1 ? 'one seed says nothing of chance: --seeds 5 runs five\n' : ''
  return `${c.workload}, seeds ${c.seeds.join(', ')}; ${c.method}\n\n${textTable(header, rows)}${more}`
}
