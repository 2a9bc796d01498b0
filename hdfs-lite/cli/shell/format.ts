/** Sizes, modes and times as Hadoop's commands print them. */

const PREFIXES = ['K', 'M', 'G', 'T', 'P', 'E']

/** 1536 -> "1.5 K" (StringUtils.TraditionalBinaryPrefix). */
export function humanSize(n: number, decimals = 1): string {
  if (Math.abs(n) < 1024) return String(n)
  let i = 0
  while (i + 1 < PREFIXES.length && Math.abs(n) >= 1024 ** (i + 2)) i++
  const exact = n / 1024 ** (i + 1)
  if (Number.isInteger(exact)) return `${exact} ${PREFIXES[i]}`
  const text = exact.toFixed(decimals)
  // 1023.99 of one is 1.0 of the next.
  return text.startsWith('1024') && i + 1 < PREFIXES.length ? `${(exact / 1024).toFixed(decimals)} ${PREFIXES[i + 1]}` : `${text} ${PREFIXES[i]}`
}

/** rwxr-xr-t */
export function symbolicMode(mode: number): string {
  const bits = [6, 3, 0].map((shift) => `${mode & (4 << shift) ? 'r' : '-'}${mode & (2 << shift) ? 'w' : '-'}${mode & (1 << shift) ? 'x' : '-'}`).join('')
  return mode & 0o1000 ? bits.slice(0, 8) + (mode & 1 ? 't' : 'T') : bits
}

const two = (n: number) => (n < 10 ? `0${n}` : String(n))

/** 2001-02-03 04:05, in the local time zone. */
export function minuteTime(ms: number): string {
  const d = new Date(ms)
  return `${String(d.getFullYear()).padStart(4, '0')}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}`
}

/** 2001-02-03 04:05:06, UTC. */
export function utcTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

/** Rows as columns two blanks apart, each as wide as its widest cell; the last one as it is. */
export function columns(rows: readonly (readonly string[])[], rightAligned: readonly number[] = []): string[] {
  const widths: number[] = []
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows.map((row) =>
    row.map((cell, i) => (rightAligned.includes(i) ? cell.padStart(widths[i]!) : i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('  '),
  )
}

/** 1536 -> "1.50 KB", as Hadoop's reports have it. */
export function byteSize(n: number): string {
  return Math.abs(n) < 1024 ? `${n} B` : `${humanSize(n, 2)}B`
}

/** 12.34%; of nothing 0.00%. */
export function percent(part: number, whole: number): string {
  return `${(whole > 0 ? (100 * part) / whole : 0).toFixed(2)}%`
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Sat Feb 03 04:05:06 UTC 2001, as java.util.Date prints itself. */
export function javaDate(ms: number): string {
  const d = new Date(ms)
  const zone =
    /\(([A-Z]{2,5})\)$/.exec(d.toString())?.[1] ??
    new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(d).find((p) => p.type === 'timeZoneName')!.value
  return `${DAYS[d.getDay()]} ${MONTHS[d.getMonth()]} ${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())} ${zone} ${d.getFullYear()}`
}
