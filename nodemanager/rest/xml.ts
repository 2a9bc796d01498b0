/** The XML form of an answer: the same names as in JSON, arrays as repeated elements. */

const escapeXml = (s: string) => s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

export function toXml(value: Readonly<Record<string, unknown>>): string {
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>${Object.entries(value)
    .map(([name, v]) => element(name, v))
    .join('')}`
}

function element(name: string, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.map((v) => element(name, v)).join('')
  const inner =
    typeof value === 'object'
      ? Object.entries(value)
          .map(([n, v]) => element(n, v))
          .join('')
      : escapeXml(String(value))
  return inner === '' ? `<${name}/>` : `<${name}>${inner}</${name}>`
}
