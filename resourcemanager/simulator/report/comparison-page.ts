/** The page of a comparison: differences first, then the configurations side by side. */
import type { ComparedMetric, Comparison, Verdict } from '../compare/comparison.js'
import { amount, duration, formatted, percent } from './format.js'
import { type Cell, type LegendEntry, type Section, pageText, plots, table } from './page.js'
import { COLOURS } from './plots/svg.js'
import { standalone } from './plots/theme.js'
import { timePlot } from './plots/time.js'
import { bars, cumulative } from './plots/values.js'
import { mean } from './statistics.js'
import { type Drawn, busiestQueues, drawn, shownIntervals, waitsOf } from './run-plots.js'

export function differenceText(m: ComparedMetric, i: number): string {
  const d = m.differences[i]!
  const sign = d.interval.mean > 0 ? '+' : ''
  const relative = d.relative === undefined || m.unit === 'part' ? '' : ` (${d.relative > 0 ? '+' : ''}${percent(d.relative)})`
  return `${sign}${changeText(d.interval.mean, m)}${relative}`
}

/** Parts differ by points: a percentage of a percentage is misread. */
const changeText = (value: number, m: ComparedMetric) => (m.unit === 'part' ? `${amount(value * 100)} points` : formatted(value, m.unit))

export function intervalText(m: ComparedMetric, i: number): string {
  const { low, high } = m.differences[i]!.interval
  return low === undefined || high === undefined ? '–' : `${changeText(low, m)} … ${changeText(high, m)}`
}

function differences(c: Comparison): string {
  const names = c.configurations.map((x) => x.name)
  const header = ['measure', ...names, ...names.slice(1).flatMap((n) => [`${n} − ${names[0]}`, '95 % confidence', 'shows'])]
  const rows = c.metrics.map((m) => [
    m.metric,
    ...m.values.map((v) => formatted(v.interval.mean, m.unit)),
    ...m.differences.flatMap((d, i): (string | Cell)[] => {
      const className = d.verdict === 'better' ? 'good' : d.verdict === 'worse' ? 'bad' : 'none'
      return [{ text: differenceText(m, i), className }, intervalText(m, i), { text: d.verdict, className }]
    }),
  ])
  return table(header, rows, 40)
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)

const legendOf = (c: Comparison): LegendEntry[] => c.configurations.map((x, i) => ({ name: x.name, colour: i % COLOURS, style: 'line' }))

/** Memory in use by a queue, a line for each configuration. */
export function queueCompared(c: Comparison, queue: string): Drawn {
  const longest = c.configurations.reduce((a, b) =>
    shownIntervals(b.run) * b.run.timeline.interval > shownIntervals(a.run) * a.run.timeline.interval ? b : a,
  ).run
  const interval = longest.timeline.interval
  const count = shownIntervals(longest)
  const lines = c.configurations.map(({ name, run }, i) => {
    const series = run.timeline.queues.find((q) => q.queue === queue && q.label === '')
    const values = Array.from({ length: count }, (_, at) => series?.usedMemory[Math.floor(((at + 0.5) * interval) / run.timeline.interval)] ?? 0)
    return { name, values, colour: i % COLOURS, style: 'line' as const }
  })
  return { title: `${queue}: memory in use`, svg: timePlot({ title: queue, unit: 'memory', interval, count, lines }), legend: legendOf(c) }
}

/** Waits of a queue's applications, a line for each configuration. */
export function waitsCompared(c: Comparison, queue: string | undefined): Drawn {
  const groups = c.configurations.map(({ name, run }, i) => ({ name, colour: i % COLOURS, values: waitsOf(run, queue) }))
  return { title: `${queue ?? 'All queues'}: first container within …`, svg: cumulative(`waits of ${queue ?? 'all'}`, groups), legend: legendOf(c) }
}

/** The metrics of one unit whose text matches, a bar for each configuration. */
export function barsCompared(c: Comparison, title: string, matches: (m: ComparedMetric) => boolean): Drawn | undefined {
  const metrics = c.metrics.filter(matches)
  if (metrics.length === 0) return undefined
  const groups = metrics.slice(0, 14).map((m) => ({
    name: m.metric.replace(/^.* of (?:queue|user) /, ''),
    bars: m.values.map((v, i) => ({ name: v.configuration, interval: v.interval, colour: i % COLOURS })),
  }))
  return { title, svg: bars(title, groups, metrics[0]!.unit), legend: c.configurations.map((x, i) => ({ name: x.name, colour: i % COLOURS })) }
}

/** So many of what differs are said in the sentences above the table. */
const SAID = 5

/** What the intervals show of each configuration, in a sentence. */
function findings(c: Comparison): string[] {
  const [first, ...others] = c.configurations
  return others.map((o, i) => {
    const said = (verdict: Verdict): string => {
      const found = c.metrics.filter((m) => m.differences[i]!.verdict === verdict)
      const texts = found.slice(0, SAID).map((m) => {
        const [from, to] = [m.values[0]!, m.values[i + 1]!].map((v) => formatted(v.interval.mean, m.unit))
        return `${m.metric} (${from} → ${to})`
      })
      if (found.length > SAID) texts.push(`${found.length - SAID} more`)
      return texts.join(', ')
    }
    if (c.seeds.length === 1) return `From ${first!.name} to ${o.name}, in one run, of which chance may be the cause: ${said('one seed') || 'nothing differs'}.`
    const [better, worse] = [said('better'), said('worse')]
    if (better === '' && worse === '') return `No difference is shown between ${first!.name} and ${o.name}.`
    const parts = [better && `better in ${better}`, worse && `worse in ${worse}`].filter((p) => p !== '')
    return `${o.name} is shown to be ${parts.join('; ')}.`
  })
}

/** The plots as SVG files of their own, by name. */
export function comparisonPlots(c: Comparison): Record<string, string> {
  const all: Record<string, Drawn | undefined> = {
    'p95-wait': barsCompared(c, 'p95 wait by queue', (m) => m.metric.startsWith('p95 wait of queue')),
    makespan: barsCompared(c, 'Makespan', (m) => m.metric === 'makespan'),
    utilisation: barsCompared(c, 'Part of the cluster', (m) => m.unit === 'part' && !m.metric.includes(' of ')),
    waits: waitsCompared(c, undefined),
  }
  for (const queue of queuesOf(c)) {
    all[`waits-${queue}`] = waitsCompared(c, queue)
    all[`use-${queue}`] = queueCompared(c, queue)
  }
  return Object.fromEntries(Object.entries(all).flatMap(([name, d]) => (d ? [[`${name}.svg`, standalone(d.svg, d.title, d.legend)]] : [])))
}

/** Leaf queues that any of the configurations used. */
function queuesOf(c: Comparison): string[] {
  const busy = c.configurations.flatMap((x) => busiestQueues(x.run).filter((q) => q.label === ''))
  return [...new Set(busy.map((q) => q.queue))].sort().slice(0, 12)
}

export function comparisonPage(c: Comparison): string {
  const names = c.configurations.map((x) => x.name)
  const queues = queuesOf(c)
  const barPanels = [
    barsCompared(c, 'p95 wait by queue', (m) => m.metric.startsWith('p95 wait of queue')),
    barsCompared(c, 'Mean wait by queue', (m) => m.metric.startsWith('mean wait of queue')),
    barsCompared(c, 'Waits in the whole cluster', (m) => m.unit === 'time' && m.metric !== 'makespan' && !m.metric.includes(' of ')),
    barsCompared(c, 'Makespan', (m) => m.metric === 'makespan'),
    barsCompared(c, 'Part of the cluster', (m) => m.unit === 'part' && !m.metric.includes(' of ')),
  ].flatMap((d) => (d ? [drawn(d)] : []))
  const sections: Section[] = [
    {
      title: 'What differs',
      about: `${c.seeds.length} ${c.seeds.length === 1 ? 'seed' : 'seeds'} each; ${c.method}. Green: better than ${names[0]}, red: worse, grey: chance may have made the difference.`,
      body: differences(c),
    },
    {
      title: 'Side by side',
      about: 'Bars are means over the seeds; the lines on them, where there is more than one seed, their 95 % confidence intervals.',
      body: plots(barPanels),
    },
    {
      title: 'Waits',
      about: `Of the first seed (${c.seeds[0]}). A line further to the left waits less.`,
      body: plots([undefined, ...(queues.length > 1 ? queues : [])].map((q) => drawn(waitsCompared(c, q)))),
    },
    { title: 'Queues over time', about: `Of the first seed (${c.seeds[0]}).`, body: plots(queues.map((q) => drawn(queueCompared(c, q)))) },
  ]
  return pageText({
    title: `${c.workload}: ${names.join(' or ')}`,
    subtitle: [`The same workload under ${names.length} configurations, seeds ${c.seeds.join(', ')}`],
    cards: c.configurations.map((x) => ({
      label: x.name,
      value: duration(mean(x.measures.map((m) => m.wait.p95))),
      detail: `p95 wait; ${sum(x.measures.map((m) => m.applications.finished))} of ${sum(x.measures.map((m) => m.applications.submitted))} finished`,
    })),
    findings: findings(c),
    sections,
    notes: [...new Set(c.configurations.flatMap((x) => x.run.notes))],
  })
}
