/** Values as Java prints them. */

/** Columns aligned to the right, `|widths[i]|` wide, with tabs between: "%30s\t%20s". */
export function columns(widths: readonly number[], cells: readonly string[]): string {
  return cells.map((c, i) => c.padStart(widths[i] ?? 0)).join('\t')
}

/** `Sat Feb 03 03:20:14 +0000 2001` as org.apache.hadoop.yarn.util.Times.format; N/A for a time that has not come. */
export function time(ms: number | undefined): string {
  if (ms === undefined || ms <= 0) return 'N/A'
  const [weekday, month, day, year, clock, zone] = new Date(ms).toString().split(' ')
  return `${weekday} ${month} ${day} ${clock} ${zone!.replace('GMT', '')} ${year}`
}

/** `Sat 21/Nov/26 03:20:32:20UTC`, the pattern "E dd/MMM/yy hh:mm:ss:SSz": hours of twelve, at least two digits of milliseconds. */
export function healthTime(ms: number): string {
  const d = new Date(ms)
  const two = (n: number) => String(n).padStart(2, '0')
  const [weekday, month] = d.toString().split(' ')
  const zone = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(d).find((p) => p.type === 'timeZoneName')!.value
  const hours = d.getHours() % 12 || 12
  return `${weekday} ${two(d.getDate())}/${month}/${two(d.getFullYear() % 100)} ${two(hours)}:${two(d.getMinutes())}:${two(d.getSeconds())}:${two(d.getMilliseconds())}${zone}`
}

/** `2001-02-03T04:05:06.789+0000` */
export function iso8601(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '+0000')
}

/** Float.toString: the shortest text that reads back as the same float, with at least one decimal. */
export function float(value: number): string {
  const single = Math.fround(value)
  for (let digits = 1; digits <= 9; digits++) {
    const text = Number(single.toPrecision(digits))
    if (Math.fround(text) === single) return Number.isInteger(text) ? `${text}.0` : String(text)
  }
  return String(single)
}

function halfEven(value: number, decimals: number): string {
  const [whole = '0', fraction = ''] = value.toFixed(decimals + 8).split('.')
  const kept = BigInt(whole + fraction.slice(0, decimals))
  const rest = Number(`0.${fraction.slice(decimals)}`)
  const up = rest > 0.5 || (rest === 0.5 && kept % 2n === 1n)
  const digits = String(up ? kept + 1n : kept).padStart(decimals + 1, '0')
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}

/** DecimalFormat("###.##%") of a share. */
export function percent(share: number): string {
  return `${halfEven(share * 100, 2).replace(/\.?0+$/, '') || '0'}%`
}

/** DecimalFormat("#.00") of a share in percent: nothing is `.00%`. */
export function fixedPercent(share: number): string {
  return `${halfEven(share * 100, 2).replace(/^0\./, '.')}%`
}

function javaHash(text: string): number {
  let h = 0
  for (let i = 0; i < text.length; i++) h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0
  return h
}

/** The order in which a java.util.HashSet of these gives them out: what the real command's headings show. */
export function hashSetOrder(texts: Iterable<string>): string[] {
  const unique = [...new Set(texts)]
  let buckets = 16
  while (unique.length > buckets * 0.75) buckets *= 2
  const bucket = (t: string) => {
    const h = javaHash(t)
    return (h ^ (h >>> 16)) & (buckets - 1)
  }
  return unique
    .map((t) => [bucket(t), t] as const)
    .sort((a, b) => a[0] - b[0])
    .map(([, t]) => t)
}
