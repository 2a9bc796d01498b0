/** Plots as SVG text: a frame with axes that each kind of plot draws into. Colours are classes, so that the page's theme decides them. */
import { type Unit, formatted } from '../format.js'

/** Width and height of a plot in its own units; the page scales it. */
export const WIDTH = 560
export const HEIGHT = 230
/** Of plots that take the page's whole width. */
export const WIDE = 1150
/** Colours that are told apart; more take turns. */
export const COLOURS = 10

export const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
/** A coordinate: a tenth of a unit is less than a pixel. */
export const at = (n: number) => String(Math.round(n * 10) / 10)

export interface Scale {
  (value: number): number
  readonly max: number
  readonly ticks: readonly number[]
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const TIME_STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 28, 56, 112, 224, 448].map((n) => n * DAY),
]

/** The smallest step of a round size that gives at most `most` ticks. */
function step(max: number, unit: Unit, most: number): number {
  const least = max / most
  if (unit === 'time') return TIME_STEPS.find((s) => s >= least) ?? Math.ceil(least / (448 * DAY)) * 448 * DAY
  if (unit === 'memory') return 2 ** Math.ceil(Math.log2(Math.max(least, 1)))
  const power = 10 ** Math.floor(Math.log10(least))
  const found = [1, 2, 5, 10].map((n) => n * power).find((s) => s >= least)!
  return unit === 'count' ? Math.max(1, Math.ceil(found)) : found
}

/** From 0 to a round number at or above `max`; `exact`: to `max` itself. */
export function scaleOf(max: number, from: number, to: number, unit: Unit, options: { readonly ticks?: number; readonly exact?: boolean } = {}): Scale {
  const most = max > 0 ? max : 1
  const size = step(most, unit, options.ticks ?? 5)
  const end = options.exact ? most : Math.ceil(most / size - 1e-9) * size
  const ticks: number[] = []
  for (let i = 0; i * size <= end * (1 + 1e-9); i++) ticks.push(i * size)
  return Object.assign((value: number) => from + (Math.min(value, end) / end) * (to - from), { max: end, ticks })
}

export interface Frame {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

export const FRAME: Frame = { left: 64, right: WIDTH - 14, top: 12, bottom: HEIGHT - 30 }

/** Grid and labels. */
export function axes(frame: Frame, x: { scale: Scale; unit: Unit }, y: { scale: Scale; unit: Unit }): string {
  const parts: string[] = []
  for (const t of y.scale.ticks) {
    const v = at(y.scale(t))
    parts.push(`<line class="grid" x1="${frame.left}" x2="${frame.right}" y1="${v}" y2="${v}"/>`)
    parts.push(`<text class="tick" x="${frame.left - 7}" y="${v}" dy="4" text-anchor="end">${formatted(t, y.unit)}</text>`)
  }
  for (const [i, t] of x.scale.ticks.entries()) {
    const v = at(x.scale(t))
    parts.push(`<line class="grid" y1="${frame.bottom}" y2="${frame.bottom + 4}" x1="${v}" x2="${v}"/>`)
    const end = x.scale(t) > frame.right - 24
    parts.push(
      `<text class="tick" y="${frame.bottom + 18}" x="${v}" text-anchor="${end ? 'end' : i === 0 ? 'start' : 'middle'}">${shortTick(t, x.unit)}</text>`,
    )
  }
  return parts.join('')
}

/** Round times without their zeros: `2 h`, `15 min`. */
function shortTick(value: number, unit: Unit): string {
  return formatted(value, unit)
    .replace(/ (min|h) 00 (s|min)$/, ' $1')
    .replace(/ d 0 h$/, ' d')
}

/** @param label what it shows, for who can't see it */
export function svg(label: string, body: string, size: { readonly width?: number; readonly height?: number; readonly hover?: unknown } = {}): string {
  const { width = WIDTH, height = HEIGHT, hover } = size
  const data = hover === undefined ? '' : ` data-hover="${escaped(JSON.stringify(hover))}"`
  return `<svg class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(label)}"${data}>${body}</svg>`
}

/** Runs of points as a path; NaN leaves a gap. */
export function path(xs: readonly number[], ys: readonly number[]): string {
  let text = ''
  let open = false
  for (let i = 0; i < xs.length; i++) {
    if (!Number.isFinite(ys[i]!)) {
      open = false
      continue
    }
    text += `${open ? 'L' : 'M'}${at(xs[i]!)} ${at(ys[i]!)}`
    open = true
  }
  return text
}
