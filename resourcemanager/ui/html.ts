/** HTML as text: values are escaped where they are put in, and what is markup already stays as it is. */

export class Html {
  constructor(readonly text: string) {}
}

export type Value = string | number | Html | undefined | readonly Value[]

const escaped = (s: string) => s.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)

function textOf(value: Value): string {
  if (value === undefined) return ''
  if (value instanceof Html) return value.text
  if (Array.isArray(value)) return value.map(textOf).join('')
  return escaped(String(value))
}

export function html(parts: TemplateStringsArray, ...values: Value[]): Html {
  return new Html(parts.reduce((out, part, i) => out + part + (i < values.length ? textOf(values[i]) : ''), ''))
}

export interface Column<T> {
  readonly head: string
  readonly cell: (row: T) => Value
  /** By this name the list can be sorted. */
  readonly sort?: string
  /** `number`: set to the right; `minor`: left out where there is little room; `main`: what a narrow screen shows as the row's title; `text`: words, of which there may be many. */
  readonly kind?: 'number' | 'minor' | 'main' | 'text'
}

export interface TableOptions<T> {
  readonly caption: string
  /** Said instead of an empty table. */
  readonly empty: string
  /** Tells rows apart, so that one is still the same after others came. */
  readonly key?: (row: T) => string
  /** What the list is sorted by, and where a click on a head leads. */
  readonly sorted?: { readonly by: string; readonly descending: boolean; readonly link: (sort: string, descending: boolean) => string }
}

export function table<T>(columns: readonly Column<T>[], rows: readonly T[], options: TableOptions<T>): Html {
  if (rows.length === 0) return html`<p class="empty">${options.empty}</p>`
  const { sorted } = options
  const head = (c: Column<T>) => {
    if (!sorted || !c.sort) return html`<th scope="col" class="${c.kind}">${c.head}</th>`
    const here = sorted.by === c.sort
    const order = !here ? 'none' : sorted.descending ? 'descending' : 'ascending'
    // A first click shows what is most of it.
    const link = sorted.link(c.sort, here ? !sorted.descending : true)
    return html`<th scope="col" class="${c.kind}" aria-sort="${order}"><a href="${link}">${c.head}</a></th>`
  }
  // Each cell carries its head: a narrow screen shows rows as blocks of named lines.
  const cell = (c: Column<T>, row: T) => html`<td class="${c.kind}" data-head="${c.head}">${c.cell(row)}</td>`
  const body = rows.map((r) => html`<tr${options.key ? html` id="${options.key(r)}"` : ''}>${columns.map((c) => cell(c, r))}</tr>`)
  return html`<table><caption>${options.caption}</caption><thead><tr>${columns.map(head)}</tr></thead><tbody>${body}</tbody></table>`
}

const percent = (share: number) => `${Math.round(share * 1000) / 10}%`

/** Shares of 1; the picture is a hundred wide. Beyond what is guaranteed the bar has another colour, beyond the maximum there is nothing to have. */
export function queueBar(used: number, guaranteed: number, maximum: number): Html {
  const label = `${percent(used)} used, ${percent(guaranteed)} guaranteed, ${percent(maximum)} at most`
  const w = (share: number) => Math.round(Math.min(Math.max(share, 0), 1) * 1000) / 10
  const [u, g, m] = [w(used), w(guaranteed), w(maximum)]
  return html`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="${label}"><title>${label}</title><rect class="may" width="${m}" height="10"/><rect class="own" width="${g}" height="10"/><rect class="used" width="${Math.min(u, g)}" height="10"/>${
    u > g ? html`<rect class="over" x="${g}" width="${u - g}" height="10"/>` : ''
  }<rect class="mark" x="${Math.min(Math.max(g - 0.25, 0), 99.5)}" width="0.5" height="10"/></svg>`
}

/** How much of a whole is used. */
export function shareBar(used: number, whole: number, what: string): Html {
  const share = whole > 0 ? used / whole : 0
  const label = `${what}: ${percent(share)}`
  return html`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="${label}"><title>${label}</title><rect class="own" width="100" height="10"/><rect class="used" width="${
    Math.round(Math.min(share, 1) * 1000) / 10
  }" height="10"/></svg>`
}

export function definitions(pairs: readonly (readonly [string, Value])[]): Html {
  return html`<dl>${pairs.filter(([, v]) => v !== undefined && v !== '').map(([k, v]) => html`<div><dt>${k}</dt><dd>${v}</dd></div>`)}</dl>`
}

/** A moment: in UTC, until the reader's browser writes it in its own time zone. */
export function time(ms: number): Html {
  if (ms <= 0) return html`<span class="faint">–</span>`
  const iso = new Date(ms).toISOString()
  return html`<time datetime="${iso}" data-at="${ms}">${iso.replace('T', ' ').slice(0, 19)}</time>`
}

/** From then to then; to now, it goes on by itself in the reader's browser. */
export function duration(from: number, to: number, now: number): Html {
  if (from <= 0) return html`<span class="faint">–</span>`
  return to > 0 ? html`${span(to - from)}` : html`<time data-since="${from}">${span(now - from)}</time>`
}

export function span(ms: number): string {
  const s = Math.max(Math.floor(ms / 1000), 0)
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`
}

/** MiB as a person says it. */
export function memory(mib: number): string {
  if (mib < 1024) return `${mib} MiB`
  const [n, unit] = mib < 1024 * 1024 ? [mib / 1024, 'GiB'] : [mib / 1024 / 1024, 'TiB']
  return `${Number(n.toFixed(n < 10 ? 2 : 1))} ${unit}`
}

/** One thing, two things. */
export const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

export function badge(state: string): Html {
  return html`<span class="badge ${state}">${state.toLowerCase().replace(/_/g, ' ')}</span>`
}
