/** Long lists: what of them is shown, as the page's address says it: ?q=TEXT&sort=COLUMN&order=asc&page=N and filters. */
import { type Html, html } from './html.js'

/** Rows of one page: more than a person reads, few enough to be quick with many thousands. */
export const PAGE_SIZE = 50

export type Query = Readonly<Record<string, string | undefined>>

export class ListView {
  constructor(
    readonly path: string,
    readonly query: Query,
  ) {}

  get text(): string {
    return (this.query.q ?? '').trim().toLowerCase()
  }

  get page(): number {
    return Math.max(Math.trunc(Number(this.query.page)) || 1, 1)
  }

  get descending(): boolean {
    return this.query.order !== 'asc'
  }

  /** This list with other parameters; another order or filter begins at its first page. */
  link(changes: Query): string {
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries({ ...this.query, page: undefined, ...changes })) if (value) parameters.set(name, value)
    const text = parameters.toString()
    return text === '' ? this.path : `${this.path}?${text}`
  }
}

/**
 * @param rows as they stand when no order is asked for
 * @param of what a column is sorted by; ties keep the order that the rows come in
 */
export function sortRows<T>(rows: T[], view: ListView, of: Readonly<Record<string, (row: T) => string | number>>, usual: string): { rows: T[]; by: string } {
  const { sort } = view.query
  if (sort === undefined && view.query.order === undefined) return { rows, by: usual }
  const by = sort !== undefined && Object.hasOwn(of, sort) ? sort : usual
  const value = of[by]!
  const sign = view.descending ? -1 : 1
  const keyed = rows.map((row) => [value(row), row] as const)
  keyed.sort(([a], [b]) => (a < b ? -sign : a > b ? sign : 0))
  return { rows: keyed.map(([, row]) => row), by }
}

export function paged<T>(rows: readonly T[], view: ListView): { shown: readonly T[]; links: Html } {
  const pages = Math.max(Math.ceil(rows.length / PAGE_SIZE), 1)
  const page = Math.min(view.page, pages)
  const link = (to: number, text: string) =>
    to < 1 || to > pages ? html`<span>${text}</span>` : html`<a href="${view.link({ page: String(to) })}">${text}</a>`
  const from = (page - 1) * PAGE_SIZE
  const shown = rows.slice(from, from + PAGE_SIZE)
  const links =
    pages === 1
      ? html``
      : html`<nav class="pages" aria-label="Pages of the list">${link(page - 1, '← Before')}<span>${from + 1}–${from + shown.length} of ${rows.length}</span>${link(page + 1, 'After →')}</nav>`
  return { shown, links }
}

/** A search as one types; without script, on Enter. */
export function searchField(view: ListView, label: string): Html {
  const kept = Object.entries(view.query).filter(([name, value]) => name !== 'q' && name !== 'page' && value)
  return html`<form role="search" action="${view.path}">${kept.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}<input type="search" name="q" value="${view.query.q ?? ''}" placeholder="${label}" aria-label="${label}"></form>`
}

export function chips(label: string, all: readonly (readonly [text: string, count: number, link: string, chosen: boolean])[]): Html {
  return html`<nav class="chips" aria-label="${label}">${all.map(
    ([text, count, link, chosen]) => html`<a href="${link}"${chosen ? html` aria-current="true"` : ''}>${text} <b>${count}</b></a>`,
  )}</nav>`
}
