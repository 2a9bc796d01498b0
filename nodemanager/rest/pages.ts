/** The few pages for a browser: node, applications, containers, logs. */
import type { LogFile } from '../logs/local.js'

export const escapeHtml = (s: string) => s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')

const NAVIGATION = [
  ['/node/node', 'Node Information'],
  ['/node/allApplications', 'List of Applications'],
  ['/node/allContainers', 'List of Containers'],
  ['/conf', 'Configuration'],
  ['/logs', 'Local logs'],
  ['/jmx?qry=Hadoop:*', 'Server metrics'],
] as const

export function page(title: string, rmWeb: string, body: string): string {
  const links = [[`http://${rmWeb}`, 'RM Home'] as const, ...NAVIGATION].map(([href, text]) => `<a href="${escapeHtml(href)}">${text}</a>`).join(' | ')
  return `<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<style>body{font:14px sans-serif;margin:1.5em}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left}pre{white-space:pre-wrap}</style>
</head><body><nav>${links}</nav><h1>${escapeHtml(title)}</h1>
${body}
</body></html>
`
}

export function table(rows: readonly (readonly [string, string])[]): string {
  return `<table>${rows.map(([k, v]) => `<tr><th>${escapeHtml(k)}</th><td>${v}</td></tr>`).join('')}</table>`
}

export function grid(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return `<table><tr>${header.map((h) => `<th>${escapeHtml(h)}</th>`).join('')}</tr>${rows.map((r) => `<tr>${r.map((c) => `<td>${c}</td>`).join('')}</tr>`).join('')}</table>`
}

export function logList(containerId: string, user: string, files: readonly LogFile[]): string {
  const lines = [...files]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((f) => {
      const href = `/node/containerlogs/${containerId}/${encodeURIComponent(user)}/${encodeURIComponent(f.name)}/?start=-4096`
      return `<p><a href="${href}">${escapeHtml(f.name)} : Total file length is ${f.size} bytes.</a></p>`
    })
  return `<h2>Local Logs:</h2>${lines.join('\n') || '<p>No logs available for this container.</p>'}`
}
