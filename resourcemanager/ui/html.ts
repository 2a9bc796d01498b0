/** HTML as text: values are escaped where they are put in, and what is markup already stays as it is. */

export class Html {
  constructor(readonly text: string) {}
}

type Value = string | number | Html | undefined | readonly Value[]

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

export function table(heads: readonly string[], rows: readonly (readonly Value[])[], empty: string): Html {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`
  // Each cell carries its head: a narrow screen shows rows as blocks of named lines.
  const cells = (row: readonly Value[]) => row.map((cell, i) => html`<td data-head="${heads[i]}">${cell}</td>`)
  return html`<table><thead><tr>${heads.map((h) => html`<th>${h}</th>`)}</tr></thead><tbody>${rows.map((r) => html`<tr>${cells(r)}</tr>`)}</tbody></table>`
}

const STYLE = `
:root{color-scheme:light dark;--line:#8884;--used:#2a7;--over:#d80;--faint:#888}
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;padding:0 1rem 2rem;max-width:90rem}
header{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;align-items:baseline;padding:.8rem 0;border-bottom:1px solid var(--line)}
header b{font-size:1.1rem}h1{font-size:1.3rem}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}
a{color:inherit}table{border-collapse:collapse;width:100%}th{font-weight:600;color:var(--faint);font-size:.85rem}
td,th{text-align:left;padding:.35rem .7rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}dt{color:var(--faint)}dd{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
.empty,.faint{color:var(--faint)}.tiles{display:flex;flex-wrap:wrap;gap:.4rem 2rem}.tiles b{font-size:1.25rem;margin-right:.3rem}
.bar{position:relative;height:1.1rem;background:var(--line);border-radius:3px;overflow:hidden;min-width:8rem}
.bar i{position:absolute;inset:0 auto 0 0;background:var(--used)}.bar i.over{background:var(--over)}.bar u{position:absolute;top:0;bottom:0;width:2px;background:currentColor}
.FAILED,.KILLED,.LOST,.UNHEALTHY{color:#c33}.RUNNING{color:var(--used)}
@media(max-width:50rem){thead{display:none}tr{display:block;border-bottom:2px solid var(--line);padding:.4rem 0}td{display:flex;gap:.8rem;border:0;padding:.1rem 0}td::before{content:attr(data-head);color:var(--faint);flex:0 0 7rem}}
`

/** Brings what is between the headers anew while the page is looked at; nothing is lost but what changed. */
const LIVE = `
setInterval(async()=>{if(document.hidden||getSelection().toString())return
try{const r=await fetch(location.href,{headers:{'x-live':'1'}});if(!r.ok)return
const m=new DOMParser().parseFromString(await r.text(),'text/html').querySelector('main')
const now=document.querySelector('main');if(m&&m.innerHTML!==now.innerHTML)now.innerHTML=m.innerHTML}catch{}},2000)
`

export function page(title: string, body: Html): string {
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title}</title><style>${new Html(STYLE)}</style></head><body>
<header><b>ResourceManager</b><a href="/cluster">Applications</a><a href="/cluster/nodes">Nodes</a><a href="/cluster/scheduler">Queues</a>
<a href="/cluster/cluster">About</a><a href="/conf">Configuration</a><a href="/logs">Logs</a></header>
<main><h1>${title}</h1>${body}</main><script>${new Html(LIVE)}</script></body></html>`.text
}

/** Used against guaranteed and maximum, each a share of 1: a bar, a mark at what is guaranteed, another colour beyond it. */
export function bar(used: number, guaranteed: number, maximum: number): Html {
  const percent = (share: number) => `${Math.round(Math.min(share, 1) * 1000) / 10}%`
  const label = `${percent(used)} used, ${percent(guaranteed)} guaranteed, ${percent(maximum)} at most`
  return html`<div class="bar" role="img" aria-label="${label}" title="${label}"><i class="${used > guaranteed ? 'over' : ''}" style="width:${percent(used)}"></i><u style="left:calc(${percent(guaranteed)} - 1px)"></u></div>`
}

export function definitions(pairs: readonly (readonly [string, Value])[]): Html {
  return html`<dl>${pairs.filter(([, v]) => v !== undefined && v !== '').map(([k, v]) => html`<dt>${k}</dt><dd>${v}</dd>`)}</dl>`
}

export function time(ms: number): string {
  return ms > 0 ? new Date(ms).toISOString().replace('T', ' ').slice(0, 19) : '–'
}

export function duration(ms: number): string {
  const s = Math.max(Math.round(ms / 1000), 0)
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`
}
