/** The plots of one run, from its timeline and its applications. */
import type { ApplicationOutcome, ClusterSeries, QueueSeries, RunResult } from '../results.js'
import { waitOf } from './measures.js'
import { type LegendEntry, panel } from './page.js'
import { heatMap } from './plots/heat.js'
import { COLOURS } from './plots/svg.js'
import { type GanttRow, type Span, type TimeLine, type TimePlot, gantt, timePlot } from './plots/time.js'
import { type Distributed, cumulative } from './plots/values.js'

/** More queues than this make a page nobody reads; the files hold all. */
const QUEUES_SHOWN = 12
const GANTT_ROWS = 120

/** A plot with what its colours stand for. */
export interface Drawn {
  readonly title: string
  readonly svg: string
  readonly legend: readonly LegendEntry[]
}

export const drawn = (d: Drawn, wide = false) => panel(d.title, d.svg, d.legend, wide)

function timed(plot: TimePlot): Drawn {
  return { title: plot.title, svg: timePlot(plot), legend: plot.lines.map((l) => ({ name: l.name, colour: l.colour, style: l.style })) }
}

/** Intervals with anything to see: up to the last application's end and a little after. */
export function shownIntervals(result: RunResult): number {
  const all = result.timeline.clusters[0]?.totalMemory.length ?? 0
  return Math.max(Math.min(all, Math.ceil((result.makespan / result.timeline.interval) * 1.03)), Math.min(all, 1))
}

const total = (values: readonly number[]) => values.reduce((n, v) => n + v, 0)

/** Leaf queues that were ever used or wanted, the busiest first; and whether some are left out. */
export function busiestQueues(result: RunResult): readonly QueueSeries[] {
  const busy = result.timeline.queues.filter((q) => q.leaf && total(q.usedMemory) + total(q.pendingMemory) + total(q.waitingApplications) > 0)
  return busy.sort((a, b) => total(b.usedMemory) - total(a.usedMemory) || (a.queue < b.queue ? -1 : 1)).slice(0, QUEUES_SHOWN)
}

/** Queue colours stay the same in all plots of a page: by name. */
export function colourOf(queues: readonly QueueSeries[]): (queue: string) => number {
  const names = [...new Set(queues.map((q) => q.queue))].sort()
  return (queue) => Math.max(names.indexOf(queue), 0) % COLOURS
}

const nameOf = (q: QueueSeries) => (q.label === '' ? q.queue : `${q.queue} on ${q.label}`)

export function queueUsage(result: RunResult, q: QueueSeries, colour: number): Drawn {
  const limits: TimeLine[] = [
    { name: 'guarantee', values: q.guaranteedMemory, colour: 'k', style: 'dashed' },
    { name: 'maximum', values: q.maximumMemory, colour: 'k', style: 'dotted' },
  ]
  const reserved: TimeLine[] = total(q.reservedMemory) > 0 ? [{ name: 'reserved', values: q.reservedMemory, colour: 6, style: 'line' }] : []
  return timed({
    title: `${nameOf(q)}: memory in use`,
    unit: 'memory',
    interval: result.timeline.interval,
    count: shownIntervals(result),
    lines: [{ name: 'in use', values: q.usedMemory, colour, style: 'area' }, ...reserved, ...limits],
  })
}

export function waitingApplications(result: RunResult, queues: readonly QueueSeries[], colour: (queue: string) => number): Drawn {
  return timed({
    title: 'Applications that wait for their master',
    unit: 'count',
    interval: result.timeline.interval,
    count: shownIntervals(result),
    lines: queues.filter((q) => q.label === '').map((q) => ({ name: q.queue, values: q.waitingApplications, colour: colour(q.queue), style: 'line' })),
    atLeast: 4,
  })
}

export function pendingMemory(result: RunResult, queues: readonly QueueSeries[], colour: (queue: string) => number): Drawn {
  return timed({
    title: 'Memory asked for and not yet given',
    unit: 'memory',
    interval: result.timeline.interval,
    count: shownIntervals(result),
    lines: queues.filter((q) => q.label === '').map((q) => ({ name: q.queue, values: q.pendingMemory, colour: colour(q.queue), style: 'line' })),
  })
}

const ratio = (part: readonly number[], whole: readonly number[]) => part.map((v, i) => (whole[i] ? v / whole[i]! : 0))

export function utilisation(result: RunResult): Drawn[] {
  const { clusters, interval } = result.timeline
  return clusters.map((c) => {
    const wasted: TimeLine[] = []
    if (total(c.reservedMemory) > 0) wasted.push({ name: 'reserved', values: ratio(c.reservedMemory, c.totalMemory), colour: 6, style: 'line' })
    if (total(c.fragmentedMemory) > 0) wasted.push({ name: 'fragmented', values: ratio(c.fragmentedMemory, c.totalMemory), colour: 7, style: 'line' })
    return timed({
      title: c.label === '' ? 'Part of the cluster in use' : `Part of the partition ${c.label} in use`,
      unit: 'part',
      interval,
      count: shownIntervals(result),
      lines: [
        { name: 'memory', values: ratio(c.usedMemory, c.totalMemory), colour: 0, style: 'area' },
        { name: 'vcores', values: ratio(c.usedVcores, c.totalVcores), colour: 1, style: 'line' },
        ...wasted,
      ],
      atLeast: 1,
    })
  })
}

export function nodesAndContainers(result: RunResult): Drawn {
  const { clusters } = result.timeline
  const sum = (of: (series: ClusterSeries) => readonly number[]) => of(clusters[0]!).map((_, i) => clusters.reduce((n, series) => n + of(series)[i]!, 0))
  return timed({
    title: 'Containers and nodes',
    unit: 'count',
    interval: result.timeline.interval,
    count: shownIntervals(result),
    lines: [
      { name: 'containers', values: sum((x) => x.containers), colour: 0, style: 'area' },
      { name: 'nodes', values: sum((x) => x.nodes), colour: 'k', style: 'line' },
    ],
  })
}

export function userShares(result: RunResult): Drawn {
  const users = [...result.timeline.users].sort((a, b) => total(b.share) - total(a.share) || (a.user < b.user ? -1 : 1)).slice(0, 8)
  return timed({
    title: 'Dominant share by user',
    unit: 'part',
    interval: result.timeline.interval,
    count: shownIntervals(result),
    lines: users.map((u, i) => ({ name: u.user, values: u.share, colour: i % COLOURS, style: 'line' })),
  })
}

export function nodeHeat(result: RunResult): Drawn {
  return { title: 'Memory in use, node by node', svg: heatMap(result.timeline.nodes, result.timeline.interval, shownIntervals(result)), legend: [] }
}

/** How long the applications of each queue waited. */
export function waitDistribution(result: RunResult, queues: readonly QueueSeries[], colour: (queue: string) => number): Drawn {
  const groups: Distributed[] = [...new Set(queues.map((q) => q.queue))].map((queue) => ({
    name: queue,
    colour: colour(queue),
    values: waitsOf(result, queue),
  }))
  return {
    title: 'Which part of the applications had its first container within …',
    svg: cumulative('waits by queue', groups),
    legend: groups.map((g) => ({ name: g.name, colour: g.colour, style: 'line' })),
  }
}

export function waitsOf(result: RunResult, queue: string | undefined): number[] {
  return result.applications.filter((a) => queue === undefined || a.queue === queue).flatMap((a) => waitOf(a, result.simulated)?.millis ?? [])
}

function spansOf(a: ApplicationOutcome, end: number, colour: number): Span[] {
  const last = a.finishedAt ?? end
  const started = a.amStartedAt ?? last
  const working = a.firstContainerAt ?? last
  const spans: Span[] = [{ from: a.submittedAt, to: started, what: 'waits for its master', className: 'waiting' }]
  if (started < last) spans.push({ from: started, to: Math.min(working, last), what: 'its master runs alone', className: `area f${colour}` })
  if (working < last) spans.push({ from: working, to: last, what: `${a.containers.allocated} containers,`, className: `f${colour}` })
  return spans.filter((s) => s.to > s.from)
}

/** All applications, or those that waited longest where there are too many to see. */
export function applicationsGantt(result: RunResult, colour: (queue: string) => number): Drawn {
  const shown = result.applications.filter((a) => a.state !== 'REJECTED' && a.state !== 'NEVER_SCHEDULABLE')
  const waits = new Map(shown.map((a) => [a, waitOf(a, result.simulated)?.millis ?? 0]))
  const longest = shown.length <= GANTT_ROWS ? shown : [...shown].sort((a, b) => waits.get(b)! - waits.get(a)! || (a.id < b.id ? -1 : 1)).slice(0, GANTT_ROWS)
  const rows = [...longest]
    .sort((a, b) => a.submittedAt - b.submittedAt || (a.id < b.id ? -1 : 1))
    .map((a): GanttRow => ({ name: a.id, spans: spansOf(a, result.simulated, colour(a.queue)) }))
  const queues = [...new Set(longest.map((a) => a.queue))].sort()
  return {
    title: shown.length <= GANTT_ROWS ? 'Applications' : `The ${GANTT_ROWS} of ${shown.length} applications that waited longest`,
    svg: gantt('applications over time', rows, Math.max(result.makespan, 1)),
    legend: queues.slice(0, QUEUES_SHOWN).map((q) => ({ name: q, colour: colour(q) })),
  }
}
