/** Values against values: how waits are distributed, and how configurations compare. */
import { type Unit, formatted } from '../format.js'
import { type Interval, quantile } from '../statistics.js'
import { COLOURS, FRAME, WIDE, WIDTH, axes, at, escaped, path, scaleOf, svg } from './svg.js'

export interface Distributed {
  readonly name: string
  readonly values: readonly number[]
  readonly colour: number
  readonly dashed?: boolean
}

const POINTS = 101

/** Which part of the applications (up) has waited at most how long (right). */
export function cumulative(title: string, groups: readonly Distributed[]): string {
  const sorted = groups.map((g) => ({ ...g, values: [...g.values].sort((a, b) => a - b) }))
  // The last hundredth may be far out; what matters is to the left of it.
  const end = Math.max(...sorted.map((g) => (g.values.length > 0 ? quantile(g.values, 0.99) : 0)), 1)
  const x = scaleOf(end, FRAME.left, FRAME.right, 'time', { ticks: 5 })
  const y = scaleOf(1, FRAME.bottom, FRAME.top, 'part')
  const body = sorted.map((g) => {
    if (g.values.length === 0) return ''
    const points = Math.min(POINTS, Math.max(g.values.length, 2))
    const parts = Array.from({ length: points }, (_, i) => i / (points - 1))
    const d = path(
      parts.map((p) => x(quantile(g.values, p))),
      parts.map(y),
    )
    const marks = [0.5, 0.95].map(
      (p) =>
        `<circle class="f${g.colour % COLOURS}" cx="${at(x(quantile(g.values, p)))}" cy="${at(y(p))}" r="3"><title>${escaped(g.name)}: ${formatted(p, 'part')} within ${formatted(quantile(g.values, p), 'time')}</title></circle>`,
    )
    return `<path class="line l${g.colour % COLOURS}${g.dashed ? ' dashed' : ''}" d="${d}"/>${marks.join('')}`
  })
  return svg(title, axes(FRAME, { scale: x, unit: 'time' }, { scale: y, unit: 'part' }) + body.join(''))
}

export interface Bar {
  readonly name: string
  readonly interval: Interval
  readonly colour: number
}

export interface BarGroup {
  readonly name: string
  readonly bars: readonly Bar[]
}

/** One bar for each configuration in each group, with whiskers over the confidence interval. */
export function bars(title: string, groups: readonly BarGroup[], unit: Unit): string {
  const height = 15
  const gap = 12
  const rows = groups.reduce((n, g) => n + g.bars.length, 0)
  const bottom = 8 + rows * height + groups.length * gap
  const frame = { left: 150, right: WIDTH - 70, top: 8, bottom }
  const top = groups.reduce((m, g) => g.bars.reduce((n, b) => Math.max(n, b.interval.high ?? 0, b.interval.mean), m), 0)
  const x = scaleOf(top, frame.left, frame.right, unit, { ticks: 5 })
  let y = frame.top + gap / 2
  const body = groups.map((g) => {
    const label = `<text class="tick" x="${frame.left - 7}" y="${y + (g.bars.length * height) / 2 + 4}" text-anchor="end">${escaped(g.name.slice(0, 26))}</text>`
    const drawn = g.bars.map((b) => {
      const { mean, low, high } = b.interval
      const w = x(mean) - frame.left
      const whisker =
        low === undefined || high === undefined || high === low
          ? ''
          : `<line class="whisker" x1="${at(x(Math.max(low, 0)))}" x2="${at(x(high))}" y1="${y + height / 2}" y2="${y + height / 2}"/>`
      const text = `<rect class="f${b.colour % COLOURS}" x="${frame.left}" y="${y + 1}" width="${at(Math.max(w, 0.5))}" height="${height - 2}" rx="2"><title>${escaped(b.name)}: ${formatted(mean, unit)}</title></rect>${whisker}<text class="tick" x="${at(x(Math.max(mean, high ?? 0)) + 6)}" y="${y + height - 4}">${formatted(mean, unit)}</text>`
      y += height
      return text
    })
    y += gap
    return label + drawn.join('')
  })
  const grid = x.ticks.map((t) => `<line class="grid" x1="${at(x(t))}" x2="${at(x(t))}" y1="${frame.top}" y2="${frame.bottom}"/>`).join('')
  return svg(title, grid + body.join(''), { height: bottom + 8 })
}

export interface CurvePoint {
  readonly x: number
  readonly interval: Interval
}

/** A quantity over a number that was varied; `level` is drawn across. */
export function curve(title: string, points: readonly CurvePoint[], unit: Unit, level?: number): string {
  const frame = { ...FRAME, left: 80, right: WIDE - 30 }
  const [first, last] = [points[0]!.x, points.at(-1)!.x]
  const highest = points.reduce((m, p) => Math.max(m, p.interval.mean), level ?? 0)
  // An interval of few seeds may be so wide that nothing else could be seen.
  const top = points.reduce((m, p) => Math.max(m, Math.min(p.interval.high ?? 0, 1.25 * highest)), highest)
  const y = scaleOf(top, frame.bottom, frame.top, unit)
  const place = (v: number) => frame.left + 20 + ((v - first) / (last - first)) * (frame.right - frame.left - 40)
  const every = Math.ceil(points.length / 16)
  const ticks = points.map((p, i) =>
    i % every === 0 ? `<text class="tick" x="${at(place(p.x))}" y="${frame.bottom + 18}" text-anchor="middle">${p.x}</text>` : '',
  )
  const line = path(
    points.map((p) => place(p.x)),
    points.map((p) => y(p.interval.mean)),
  )
  const marks = points.map(({ x, interval }) => {
    const { mean, low, high } = interval
    const whisker =
      low === undefined || high === undefined
        ? ''
        : `<line class="whisker" x1="${at(place(x))}" x2="${at(place(x))}" y1="${at(y(Math.max(low, 0)))}" y2="${at(y(Math.min(high, top)))}"/>`
    return `${whisker}<circle class="f0" cx="${at(place(x))}" cy="${at(y(mean))}" r="4"><title>${x}: ${formatted(mean, unit)}</title></circle>`
  })
  const across = level === undefined ? '' : `<line class="lk dashed" x1="${frame.left}" x2="${frame.right}" y1="${at(y(level))}" y2="${at(y(level))}"/>`
  const none = { scale: Object.assign((v: number) => v, { max: 1, ticks: [] }), unit: 'count' as const }
  return svg(title, `${axes(frame, none, { scale: y, unit })}${across}<path class="line l0" d="${line}"/>${marks.join('')}${ticks.join('')}`, { width: WIDE })
}
