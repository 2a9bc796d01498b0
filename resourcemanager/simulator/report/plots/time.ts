/** Values over time: use of queues, applications that wait, utilisation. */
import { type Unit, duration } from '../format.js'
import { FRAME, type Frame, HEIGHT, WIDE, axes, at, escaped, path, scaleOf, svg } from './svg.js'

export interface TimeLine {
  readonly name: string
  /** One for each interval. */
  readonly values: readonly number[]
  /** Number of a colour, or `k` for the soft one of limits. */
  readonly colour: number | 'k'
  readonly style: 'area' | 'line' | 'dashed' | 'dotted'
}

export interface TimePlot {
  readonly title: string
  readonly unit: Unit
  /** Milliseconds between two values. */
  readonly interval: number
  /** Intervals shown. */
  readonly count: number
  readonly lines: readonly TimeLine[]
  /** The axis reaches at least to here. */
  readonly atLeast?: number
}

export function timePlot(plot: TimePlot): string {
  const frame: Frame = FRAME
  const { count, interval, lines, unit } = plot
  const shown = lines.map((l) => ({ ...l, values: l.values.slice(0, count) }))
  const top = shown.reduce((m, l) => l.values.reduce((n, v) => (v > n && v < Number.MAX_SAFE_INTEGER ? v : n), m), plot.atLeast ?? 0)
  const x = scaleOf(count * interval, frame.left, frame.right, 'time', { ticks: 7, exact: true })
  const y = scaleOf(top, frame.bottom, frame.top, unit)
  const xs = Array.from({ length: count }, (_, i) => x((i + 0.5) * interval))
  const body = shown.map((l) => {
    const ys = l.values.map(y)
    if (l.style === 'area') {
      const outline = `M${at(xs[0]!)} ${frame.bottom}${path(xs.slice(0, ys.length), ys).replace(/^M/, 'L')}L${at(xs[ys.length - 1] ?? xs[0]!)} ${frame.bottom}Z`
      return `<path class="area f${l.colour}" d="${outline}"/><path class="line l${l.colour}" d="${path(xs, ys)}"/>`
    }
    return `<path class="line l${l.colour}${l.style === 'line' ? '' : ` ${l.style}`}" d="${path(xs, ys)}"/>`
  })
  const hover = {
    x: [frame.left, frame.right],
    y: [frame.top, frame.bottom],
    step: interval,
    n: count,
    unit,
    lines: shown.map((l) => ({ name: l.name, c: l.colour, v: l.values.map((v) => Math.round(v * 1000) / 1000) })),
  }
  return svg(`${plot.title}: ${lines.map((l) => l.name).join(', ')}`, axes(frame, { scale: x, unit: 'time' }, { scale: y, unit }) + body.join(''), { hover })
}

export interface Span {
  readonly from: number
  readonly to: number
  readonly what: string
  readonly className: string
}

export interface GanttRow {
  readonly name: string
  readonly spans: readonly Span[]
}

/** One row for each application. */
export function gantt(title: string, rows: readonly GanttRow[], end: number): string {
  const height = Math.max(3, Math.min(13, Math.floor(900 / Math.max(rows.length, 1))))
  const named = height >= 10
  const frame: Frame = { left: named ? 170 : 14, right: WIDE - 14, top: 8, bottom: 8 + rows.length * (height + 1) }
  const x = scaleOf(end, frame.left, frame.right, 'time', { ticks: 12, exact: true })
  const grid = x.ticks.map((t) => `<line class="grid" x1="${at(x(t))}" x2="${at(x(t))}" y1="${frame.top}" y2="${frame.bottom}"/>`).join('')
  const none = { scale: Object.assign((v: number) => v, { max: 1, ticks: [] }), unit: 'count' as const }
  const body = rows.map((row, i) => {
    const y = frame.top + i * (height + 1)
    const label = named ? `<text class="tick" x="${frame.left - 6}" y="${y + height - 2}" text-anchor="end">${escaped(row.name.slice(0, 28))}</text>` : ''
    const spans = row.spans.map((s) => {
      const from = x(s.from)
      return `<rect class="${s.className}" x="${at(from)}" y="${y}" width="${at(Math.max(x(s.to) - from, 0.4))}" height="${height}"><title>${escaped(row.name)}: ${escaped(s.what)} ${duration(s.to - s.from)} (from ${duration(s.from)})</title></rect>`
    })
    return label + spans.join('')
  })
  return svg(title, grid + axes(frame, { scale: x, unit: 'time' }, none) + body.join(''), { width: WIDE, height: Math.max(frame.bottom + 26, HEIGHT / 3) })
}
