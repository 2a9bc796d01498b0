/** Amounts as people read them. */

const fixed = (value: number, digits: number) =>
  value
    .toFixed(digits)
    .replace(/\.0+$/, '')
    .replace(/^-(?=0(?:\.0*)?$)/, '')
const padded = (n: number) => String(n).padStart(2, '0')

/** Milliseconds: `850 ms`, `12.3 s`, `4 min 05 s`, `2 h 05 min`, `3 d 4 h`. */
export function duration(millis: number): string {
  const sign = millis < 0 ? '−' : ''
  const ms = Math.abs(millis)
  if (ms < 1) return ms === 0 ? '0 s' : `${sign}${fixed(ms, 2)} ms`
  if (ms < 999.5) return `${sign}${fixed(ms, 0)} ms`
  const s = ms / 1000
  if (s < 59.95) return `${sign}${fixed(s, s < 9.995 ? 2 : 1)} s`
  const whole = Math.round(s)
  if (whole < 3600) return `${sign}${Math.floor(whole / 60)} min ${padded(whole % 60)} s`
  const minutes = Math.round(s / 60)
  if (minutes < 1440) return `${sign}${Math.floor(minutes / 60)} h ${padded(minutes % 60)} min`
  const hours = Math.round(s / 3600)
  return `${sign}${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** MiB: `512 MiB`, `1.5 GiB`, `2.25 TiB`. */
export function memory(mib: number): string {
  const sign = mib < 0 ? '−' : ''
  const m = Math.abs(mib)
  if (m < 1024) return `${sign}${fixed(m, 0)} MiB`
  if (m < 1024 ** 2) return `${sign}${fixed(m / 1024, m < 102_400 ? 1 : 0)} GiB`
  return `${sign}${fixed(m / 1024 ** 2, 2)} TiB`
}

/** MiB·seconds as GiB·hours. */
export function memoryTime(mibSeconds: number): string {
  const hours = mibSeconds / 1024 / 3600
  return `${amount(hours)} GiB·h`
}

/** A part of one: `84.2 %`. */
export function percent(value: number): string {
  return `${fixed(value * 100, 1)} %`.replace('-', '−')
}

/** Three digits that matter. */
export function amount(value: number): string {
  const v = Math.abs(value)
  const digits = v === 0 || v >= 100 ? 0 : v >= 10 ? 1 : v >= 1 ? 2 : 3
  return fixed(value, digits).replace('-', '−')
}

export type Unit = 'time' | 'memory' | 'part' | 'ratio' | 'count' | 'memory-time'

export function formatted(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return '–'
  switch (unit) {
    case 'time':
      return duration(value)
    case 'memory':
      return memory(value)
    case 'memory-time':
      return memoryTime(value)
    case 'part':
      return percent(value)
    case 'ratio':
    case 'count':
      return amount(value)
  }
}

/** A table for the terminal: the first column to the left, all others to the right. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows]
  const widths = header.map((_, i) => Math.max(...all.map((r) => r[i]?.length ?? 0)))
  const line = (row: readonly string[]) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  return all.map((r) => `${line(r).trimEnd()}\n`).join('')
}
