/** The page around sections: one file, nothing loaded from elsewhere. */
import { escaped } from './plots/svg.js'
import { plotCss, themeCss } from './plots/theme.js'
import { SCRIPT } from './script.js'

export interface Section {
  readonly title: string
  /** A sentence that says how to read it. */
  readonly about?: string
  readonly body: string
}

export interface Card {
  readonly label: string
  readonly value: string
  readonly detail?: string
}

export interface Page {
  readonly title: string
  /** Text, a line each, under the title. */
  readonly subtitle: readonly string[]
  readonly cards: readonly Card[]
  /** What came of it, in sentences. */
  readonly findings: readonly string[]
  readonly sections: readonly Section[]
  readonly notes: readonly string[]
}

const CSS = `
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{max-width:1240px;margin:0 auto;padding:28px 24px 60px}
header{display:flex;justify-content:space-between;gap:16px;align-items:flex-start}
h1{font-size:27px;line-height:1.2;margin:0 0 6px}
h2{font-size:19px;margin:34px 0 4px}
h3{font-size:14px;margin:0 0 2px}
p{margin:4px 0 12px;max-width:78ch}
.soft{color:var(--soft)}
.subtitle{color:var(--soft);margin:0}
button{font:inherit;font-size:13px;color:var(--ink);background:var(--card);border:1px solid var(--grid);border-radius:8px;padding:5px 11px;cursor:pointer;white-space:nowrap}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0 8px}
.card,.panel{background:var(--card);border:1px solid var(--grid);border-radius:12px}
.card{padding:12px 16px}
.card b{display:block;font-size:23px;line-height:1.25;font-weight:650}
.card span{color:var(--soft);font-size:13px}
.findings{font-size:17px;line-height:1.55;margin:14px 0 0;max-width:82ch}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:14px}
.panel{padding:12px 14px 8px;min-width:0;position:relative}
.panel .plot{display:block;width:100%;height:auto;touch-action:pan-y}
.wide{grid-column:1/-1}
.legend{display:flex;flex-wrap:wrap;gap:2px 14px;font-size:12.5px;color:var(--soft);margin:0 0 4px}
.legend svg{width:20px;height:9px;margin-right:5px;vertical-align:0}
.legend line{stroke-width:2.4}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:6px 8px;border-bottom:1px solid var(--grid);white-space:nowrap}
th{color:var(--soft);font-weight:600;vertical-align:bottom;white-space:normal}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--card)}
tbody tr:last-child td{border-bottom:0}
td.good{color:var(--good)}td.bad{color:var(--bad)}td.none{color:var(--soft)}
details>summary{cursor:pointer;color:var(--soft);padding:6px 2px}
.tip{position:absolute;pointer-events:none;background:var(--ink);color:var(--card);border-radius:7px;padding:6px 9px;font-size:12px;line-height:1.45;z-index:2;white-space:nowrap;max-width:calc(100% - 12px);overflow:hidden}
.tip i{display:inline-block;width:8px;height:8px;border-radius:2px;margin-right:6px}
ul.notes{color:var(--soft);padding-left:20px;max-width:90ch}
@media (max-width:600px){main{padding:18px 12px 40px}h1{font-size:22px}.findings{font-size:15.5px}.card b{font-size:19px}.cards{grid-template-columns:1fr 1fr}.panel{padding:10px 8px 6px}.panel.wide{overflow-x:auto}.wide .plot{min-width:760px}.panel:not(.wide) .plot{font-size:15px}.panel:not(.wide) .tick{font-size:14px}}
@media print{button{display:none}body{background:#fff;font-size:12px}.panel,.card{break-inside:avoid}h2{break-after:avoid}details>*{display:block}main{max-width:none;padding:0}.plots{grid-template-columns:1fr 1fr}.scroll{overflow:visible}}
`

export function pageText(page: Page): string {
  const cards = page.cards.map(
    (c) => `<div class="card"><span>${escaped(c.label)}</span><b>${escaped(c.value)}</b><span>${escaped(c.detail ?? '')}</span></div>`,
  )
  const sections = page.sections.map(
    (s) => `<section><h2>${escaped(s.title)}</h2>${s.about ? `<p class="soft">${escaped(s.about)}</p>` : ''}${s.body}</section>`,
  )
  const notes =
    page.notes.length === 0
      ? ''
      : `<section><h2>What to know when reading this</h2><ul class="notes">${page.notes.map((n) => `<li>${escaped(n)}</li>`).join('')}</ul></section>`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escaped(page.title)}</title>
<link rel="icon" href="data:,">
<style>
${themeCss(':root')}
${plotCss()}
${CSS}
</style>
</head>
<body>
<main>
<header><div><h1>${escaped(page.title)}</h1>${page.subtitle.map((l) => `<p class="subtitle">${escaped(l)}</p>`).join('')}</div><button id="theme" type="button">Light / dark</button></header>
<div class="cards">${cards.join('')}</div>
<p class="findings">${page.findings.map(escaped).join(' ')}</p>
${sections.join('\n')}
${notes}
</main>
<script>
${SCRIPT}
</script>
</body>
</html>
`
}

export interface LegendEntry {
  readonly name: string
  readonly colour: number | 'k'
  readonly style?: 'area' | 'line' | 'dashed' | 'dotted'
}

export function legend(entries: readonly LegendEntry[]): string {
  const marks = entries.map((e) => {
    const mark =
      e.style === undefined || e.style === 'area'
        ? `<rect class="f${e.colour}" width="12" height="9" rx="2"/>`
        : `<line class="l${e.colour}" x1="0" x2="20" y1="5" y2="5"${e.style === 'line' ? '' : ` stroke-dasharray="${e.style === 'dashed' ? '6 4' : '2 3'}"`}/>`
    return `<span><svg viewBox="0 0 20 9">${mark}</svg>${escaped(e.name)}</span>`
  })
  return `<div class="legend">${marks.join('')}</div>`
}

export function panel(title: string, plot: string, entries: readonly LegendEntry[] = [], wide = false): string {
  return `<div class="panel${wide ? ' wide' : ''}"><h3>${escaped(title)}</h3>${entries.length > 0 ? legend(entries) : ''}${plot}</div>`
}

export const plots = (panels: readonly string[]) => `<div class="plots">${panels.join('')}</div>`

export interface Cell {
  readonly text: string
  readonly className?: 'good' | 'bad' | 'none'
}

/** More rows than `open` are folded away. */
export function table(header: readonly string[], rows: readonly (readonly (string | Cell)[])[], open = 25): string {
  const cell = (c: string | Cell) =>
    typeof c === 'string' ? `<td>${escaped(c)}</td>` : `<td${c.className ? ` class="${c.className}"` : ''}>${escaped(c.text)}</td>`
  const text = (part: typeof rows) =>
    `<div class="panel scroll"><table><thead><tr>${header.map((h) => `<th>${escaped(h)}</th>`).join('')}</tr></thead><tbody>${part.map((r) => `<tr>${r.map(cell).join('')}</tr>`).join('')}</tbody></table></div>`
  if (rows.length <= open) return text(rows)
  return `${text(rows.slice(0, open))}<details><summary>${rows.length - open} more</summary>${text(rows.slice(open))}</details>`
}
