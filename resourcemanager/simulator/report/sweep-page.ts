/** A sweep: its candidates ranked, how the goal follows what was varied, and what no ResourceManager would start with. */
import { type Settings, settingsText, shortName } from '../sweep/space.js'
import type { Sweep } from '../sweep/sweep.js'
import { formatted, textTable } from './format.js'
import { type Section, panel, pageText, plots, table } from './page.js'
import { bars, curve } from './plots/values.js'
import { type Interval, pairedInterval } from './statistics.js'

const MOST_BARS = 20
/** Colours by number. */
const BEST = 2
const OTHERS = 0
const inWords = (s: Settings) => settingsText(s) || 'as it is'

function intervalText(i: Interval, s: Sweep): string {
  return i.low === undefined || i.high === undefined ? '–' : `${formatted(i.low, s.unit)} … ${formatted(i.high, s.unit)}`
}

/** Difference to the configuration as it is, seed by seed, where the candidate ran with all seeds. */
function change(s: Sweep, bySeed: readonly number[]): string {
  if (!s.start || bySeed.length > s.start.length) return '–'
  const { mean } = pairedInterval(bySeed.map((v, i) => v - s.start![i]!))
  return Number.isFinite(mean) ? `${mean > 0 ? '+' : ''}${formatted(mean, s.unit)}` : '–'
}

export function summarizeSweep(s: Sweep): string {
  const rows = s.tried.map((t) => [
    inWords(t.settings),
    formatted(t.interval.mean, s.unit),
    intervalText(t.interval, s),
    change(s, t.bySeed),
    String(t.bySeed.length),
  ])
  if (s.start) rows.push(['(as it is)', formatted(pairedInterval(s.start).mean, s.unit), intervalText(pairedInterval(s.start), s), '–', String(s.start.length)])
  const lines = [`${s.workload}: ${s.goal}, ${s.better} is better; ${s.method} from ${s.configuration}, seeds ${s.seeds.join(', ')}\n\n`]
  lines.push(textTable(['candidate', s.goal, '95 % confidence', 'to as it is', 'seeds'], rows))
  for (const r of s.refused) lines.push(`refused: ${inWords(r.settings)}: ${r.reason}\n`)
  if (s.startRefused !== undefined) lines.push(`the configuration as it is can't be run: ${s.startRefused}\n`)
  if (s.tried.length === 0) lines.push('no candidate could be run\n')
  return lines.join('')
}

function plotted(s: Sweep): string[] {
  const [axis, ...others] = s.axes
  const numeric = axis && others.length === 0 && s.tried.every((t) => Number.isFinite(Number(t.settings[axis.name])))
  if (numeric && s.tried.length > 1) {
    const points = s.tried.map((t) => ({ x: Number(t.settings[axis.name]), interval: t.interval })).sort((a, b) => a.x - b.x)
    const level = s.start ? pairedInterval(s.start).mean : undefined
    return [
      panel(
        `${s.goal} by ${shortName(axis.name)}`,
        curve(`${s.goal} by ${axis.name}`, points, s.unit, level),
        level === undefined ? [] : [{ name: 'as it is', colour: 'k', style: 'dashed' }],
        true,
      ),
    ]
  }
  const shown = s.tried.filter((t) => Number.isFinite(t.interval.mean)).slice(0, MOST_BARS)
  if (shown.length === 0) return []
  const groups = shown.map((t, i) => ({
    name: inWords(t.settings),
    bars: [{ name: inWords(t.settings), interval: t.interval, colour: i === 0 ? BEST : OTHERS }],
  }))
  return [panel(`${s.goal}, the best first`, bars(s.goal, groups, s.unit), [], true)]
}

export function sweepPage(s: Sweep): string {
  const best = s.tried[0]
  const sections: Section[] = [
    { title: 'The goal', about: 'The lines are 95 % confidence intervals of the mean over the seeds (Student’s t).', body: plots(plotted(s)) },
  ]
  sections.push({
    title: 'All candidates',
    body: table(
      ['candidate', s.goal, '95 % confidence', 'to as it is', 'seeds'],
      s.tried.map((t) => [inWords(t.settings), formatted(t.interval.mean, s.unit), intervalText(t.interval, s), change(s, t.bySeed), String(t.bySeed.length)]),
    ),
  })
  if (s.refused.length > 0) {
    const rows = s.refused.map((r) => [inWords(r.settings), r.reason])
    sections.push({ title: 'Refused', about: 'A ResourceManager would not start with these.', body: table(['candidate', 'why'], rows) })
  }
  const finding = best
    ? [
        `Best is ${inWords(best.settings)}: ${s.goal} ${formatted(best.interval.mean, s.unit)}${s.start ? `, where the configuration as it is has ${formatted(pairedInterval(s.start).mean, s.unit)}` : ''}.`,
      ]
    : ['No candidate could be run.']
  return pageText({
    title: `${s.workload}: ${s.goal}`,
    subtitle: [`${s.tried.length} candidates tried, ${s.refused.length} refused; ${s.method}, seeds ${s.seeds.join(', ')}`],
    cards: best ? [{ label: 'Best', value: formatted(best.interval.mean, s.unit), detail: inWords(best.settings) }] : [],
    findings: finding,
    sections,
    notes: s.startRefused === undefined ? [] : [`the configuration as it is can't be run: ${s.startRefused}`],
  })
}
