/** The text forms of Flink's configuration values. Sources of the facts: MemorySize, TimeUtils, StructuredOptionsSplitter. */

const MEMORY_UNITS: readonly { readonly names: readonly string[]; readonly bytes: number }[] = [
  { names: ['b', 'bytes'], bytes: 1 },
  { names: ['k', 'kb', 'kibibytes'], bytes: 2 ** 10 },
  { names: ['m', 'mb', 'mebibytes'], bytes: 2 ** 20 },
  { names: ['g', 'gb', 'gibibytes'], bytes: 2 ** 30 },
  { names: ['t', 'tb', 'tebibytes'], bytes: 2 ** 40 },
]

const ALL_MEMORY_UNITS = MEMORY_UNITS.map((u) => `(${u.names.join(' | ')})`).join(' / ')

const plural = (name: string) => [name, `${name}s`]

const TIME_UNITS: readonly { readonly name: string; readonly labels: readonly string[]; readonly ms: number }[] = [
  { name: 'DAYS', labels: ['d', ...plural('day')], ms: 86_400_000 },
  { name: 'HOURS', labels: ['h', ...plural('hour')], ms: 3_600_000 },
  { name: 'MINUTES', labels: ['min', 'm', ...plural('minute')], ms: 60_000 },
  { name: 'SECONDS', labels: ['s', ...plural('sec'), ...plural('second')], ms: 1000 },
  { name: 'MILLISECONDS', labels: ['ms', ...plural('milli'), ...plural('millisecond')], ms: 1 },
  { name: 'MICROSECONDS', labels: ['µs', ...plural('micro'), ...plural('microsecond')], ms: 1e-3 },
  { name: 'NANOSECONDS', labels: ['ns', ...plural('nano'), ...plural('nanosecond')], ms: 1e-6 },
]

const ALL_TIME_UNITS = TIME_UNITS.map((u) => `${u.name}: (${u.labels.join(' | ')})`).join(', ')

const LONG_MAX = 2n ** 63n - 1n

/** A number and the unit after it, blanks between allowed. */
function numberAndUnit(text: string): { number: bigint; unit: string } {
  const trimmed = text.trim()
  if (trimmed === '') throw new Error('argument is an empty- or whitespace-only string')
  const digits = /^\d*/.exec(trimmed)![0]
  if (digits === '') throw new Error('text does not start with a number')
  if (BigInt(digits) > LONG_MAX) throw new Error(`The value '${digits}' cannot be re represented as 64bit number (numeric overflow).`)
  return { number: BigInt(digits), unit: trimmed.slice(digits.length).trim().toLowerCase() }
}

/** Bytes of `1600m`, `1 gb`, `1024`. With `bareUnit`, a number without unit is that unit. */
export function parseMemorySize(text: string, bareUnit: 'b' | 'm' = 'b'): number {
  const { number, unit } = numberAndUnit(text)
  const found = MEMORY_UNITS.find((u) => u.names.includes(unit === '' ? bareUnit : unit))
  if (!found) throw new Error(`Memory size unit '${unit}' does not match any of the recognized units: ${ALL_MEMORY_UNITS}`)
  const bytes = number * BigInt(found.bytes)
  if (bytes > LONG_MAX) {
    throw new Error(`The value '${text}' cannot be re represented as 64bit number of bytes (numeric overflow).`)
  }
  return Number(bytes)
}

/** `1.563gb (1677721600 bytes)`, as messages about memory show a size. */
export function formatMemorySize(bytes: number): string {
  const unit = [...MEMORY_UNITS].reverse().find((u) => bytes > u.bytes) ?? MEMORY_UNITS[0]!
  // Long.MAX_VALUE is no double; "no limit" still reads as Flink writes it.
  const exact = bytes >= 2 ** 63 ? LONG_MAX : bytes
  return unit.bytes === 1 ? `${exact} bytes` : `${(bytes / unit.bytes).toFixed(3)}${unit.names[1]} (${exact} bytes)`
}

/** Milliseconds of `30 s`, `1min`, `500`. */
export function parseDuration(text: string): number {
  const { number, unit } = numberAndUnit(text)
  if (unit === '') return Number(number)
  const found = TIME_UNITS.find((u) => u.labels.includes(unit))
  if (!found) throw new Error(`Time interval unit label '${unit}' does not match any of the recognized units: ${ALL_TIME_UNITS}`)
  return Number(number) * found.ms
}

export function parseInteger(text: string): number {
  const t = text.trim()
  if (!/^[+-]?\d+$/.test(t)) throw new Error(`For input string: "${text}"`)
  const n = Number(t)
  if (n > 2 ** 31 - 1 || n < -(2 ** 31)) throw new Error(`Configuration value ${t} overflows/underflows the integer type.`)
  return n
}

export function parseFloat64(text: string): number {
  const t = text.trim()
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?[fd]?$/i.test(t)) throw new Error(`For input string: "${text}"`)
  return Number.parseFloat(t)
}

export function parseBoolean(text: string): boolean {
  switch (text.trim().toUpperCase()) {
    case 'TRUE':
      return true
    case 'FALSE':
      return false
    default:
      throw new Error(`Unrecognized option for boolean: ${text}. Expected either true or false(case insensitive)`)
  }
}

/** Splits at `delimiter` outside quotes; a doubled quote inside quotes is one; unquoted elements are trimmed, empty ones dropped. */
function split(text: string, delimiter: string): string[] {
  const parts: string[] = []
  let i = 0
  while (i < text.length) {
    while (i < text.length && /\s/.test(text[i]!)) i++
    const quote = text[i]
    if (quote === "'" || quote === '"') {
      let part = ''
      const start = i++
      for (;;) {
        const end = text.indexOf(quote, i)
        if (end < 0) throw new Error(`Could not split string. Quoting was not closed properly at position ${start}.`)
        part += text.slice(i, end)
        i = end + 1
        if (text[i] !== quote) break
        part += quote
        i++
      }
      while (i < text.length && /\s/.test(text[i]!)) i++
      if (i < text.length && text[i] !== delimiter) throw new Error(`Could not split string. Illegal quoting at position: ${i}`)
      parts.push(part)
      i++
    } else {
      const end = text.indexOf(delimiter, i)
      const part = text.slice(i, end < 0 ? undefined : end).trim()
      if (part !== '') parts.push(part)
      i = end < 0 ? text.length : end + 1
    }
  }
  return parts
}

export function parseList(text: string): readonly string[] {
  return split(text, ';')
}
