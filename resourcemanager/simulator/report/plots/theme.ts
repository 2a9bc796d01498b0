/** Colours of plots and page, light and dark. Told apart by the colour-blind too (after Okabe and Ito, and Tol). */
import { escaped } from './svg.js'

const LIGHT: Readonly<Record<string, string>> = {
  ink: '#1c2430',
  soft: '#5d6b7c',
  grid: '#dfe4ea',
  paper: '#f5f7f9',
  card: '#ffffff',
  good: '#1b7f4b',
  bad: '#b3372b',
  wait: '#c9d2dc',
  c0: '#2f6fbd',
  c1: '#d9822b',
  c2: '#2a9d74',
  c3: '#b5509c',
  c4: '#8a6d00',
  c5: '#47a3c9',
  c6: '#c44536',
  c7: '#6f58c9',
  c8: '#6b8e23',
  c9: '#7a7f87',
}

const DARK: Readonly<Record<string, string>> = {
  ink: '#e6ebf1',
  soft: '#9aa7b6',
  grid: '#323c49',
  paper: '#12171d',
  card: '#1a2129',
  good: '#5fcf97',
  bad: '#ff8a7a',
  wait: '#46525f',
  c0: '#6fa8ee',
  c1: '#f0a860',
  c2: '#58c9a0',
  c3: '#dd86c8',
  c4: '#d0b545',
  c5: '#7fd0ee',
  c6: '#f08273',
  c7: '#a896f0',
  c8: '#a9c95e',
  c9: '#aab0b9',
}

const variables = (of: Readonly<Record<string, string>>) =>
  Object.entries(of)
    .map(([name, value]) => `--${name}:${value}`)
    .join(';')

/** Custom properties on `selector`; a page may hold its reader's choice in data-theme. Paper is light. */
export function themeCss(selector: string): string {
  return [
    `${selector}{${variables(LIGHT)};color-scheme:light dark}`,
    `@media screen and (prefers-color-scheme:dark){${selector}:not([data-theme=light]){${variables(DARK)}}}`,
    `@media screen{${selector}[data-theme=dark]{${variables(DARK)}}}`,
  ].join('\n')
}

const FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif'

export function plotCss(): string {
  const colours = Array.from({ length: 10 }, (_, i) => `.l${i}{stroke:var(--c${i})}.f${i}{fill:var(--c${i})}`).join('')
  return [
    `.plot{font:12px ${FONT};fill:var(--ink)}`,
    '.plot .grid{stroke:var(--grid);stroke-width:1}',
    '.plot .tick{fill:var(--soft);font-size:11px}',
    '.plot .line{fill:none;stroke-width:1.8;stroke-linejoin:round}',
    '.plot .area{fill-opacity:.28;stroke:none}',
    '.plot .dashed{stroke-dasharray:6 4;stroke-width:1.4}',
    '.plot .dotted{stroke-dasharray:2 3;stroke-width:1.4}',
    '.plot .waiting{fill:var(--wait)}',
    '.plot .whisker{stroke:var(--ink);stroke-width:1.2}',
    '.plot .cursor{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3}',
    '.lk{stroke:var(--soft)}.fk{fill:var(--soft)}',
    colours,
  ].join('\n')
}

/** A plot as a file of its own, in the colours that its reader prefers. */
export function standalone(plot: string, title: string, legend: readonly { readonly name: string; readonly colour: number | 'k' }[]): string {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(plot)!.map(Number) as [number, number, number]
  const top = 26 + (legend.length > 0 ? 20 : 0)
  let x = 12
  const names = legend.map((l) => {
    const mark = `<rect class="f${l.colour}" x="${x}" y="30" width="10" height="10" rx="2"/><text class="tick" x="${x + 15}" y="39">${escaped(l.name)}</text>`
    x += 30 + l.name.length * 6.2
    return mark
  })
  const inner = plot.replace(/^<svg[^>]*>/, '').replace(/<\/svg>$/, '')
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 ${width} ${height + top}" width="${width}" height="${height + top}" role="img" aria-label="${escaped(title)}">`,
    `<style>${themeCss('svg')}\n${plotCss()}</style>`,
    `<rect width="100%" height="100%" fill="var(--card)"/>`,
    `<text x="12" y="20" font-weight="600" font-size="13">${escaped(title)}</text>${names.join('')}`,
    `<g transform="translate(0 ${top})">${inner}</g></svg>\n`,
  ].join('\n')
}
