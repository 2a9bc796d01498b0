/** Help text in the layout of commons-cli's HelpFormatter: what users' eyes, and some scripts, are used to. */
import { keyOf, type OptionSpec, type OptionTable } from './options.js'

export interface HelpOptions {
  readonly width?: number
  readonly leftPad?: number
  readonly descPad?: number
  /** In the table's own order instead of the alphabet's. */
  readonly unsorted?: boolean
}

const DEFAULT_WIDTH = 74

/** `usage: SYNTAX`, header, the options, footer; each part only if there is one. */
export function helpText(syntax: string, table: OptionTable, options: HelpOptions & { header?: string; footer?: string; autoUsage?: boolean } = {}): string {
  const width = options.width ?? DEFAULT_WIDTH
  const usage = `usage: ${options.autoUsage ? autoUsage(syntax, table) : syntax}`
  const indent = options.autoUsage ? usage.indexOf(' ', 'usage: '.length) + 1 : 'usage: '.length + syntax.indexOf(' ') + 1
  const parts = [wrap(usage, width, indent)]
  if (options.header?.trim()) parts.push(wrapBlock(options.header, width))
  if (table.some((s) => !s.hidden)) parts.push(optionsText(table, options))
  if (options.footer?.trim()) parts.push(wrapBlock(options.footer, width))
  return `${parts.join('\n')}\n`
}

function shown(table: OptionTable, unsorted = false): OptionSpec[] {
  const visible = table.filter((s) => !s.hidden)
  return unsorted ? visible : visible.sort((a, b) => compareIgnoringCase(keyOf(a), keyOf(b)))
}

function compareIgnoringCase(a: string, b: string): number {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()]
  return x < y ? -1 : x > y ? 1 : 0
}

const takesValue = (s: OptionSpec) => s.args !== undefined && s.args !== 0
const placeholder = (s: OptionSpec) => (s.argName === '' ? '' : `<${s.argName ?? 'arg'}>`)

function autoUsage(app: string, table: OptionTable): string {
  const words = shown(table).map((s) => {
    const name = s.short !== undefined ? `-${s.short}` : `--${s.long}`
    const text = takesValue(s) && s.argName !== '' ? `${name} ${placeholder(s)}` : name
    return s.required ? text : `[${text}]`
  })
  return [app, ...words].join(' ')
}

/** The two columns of options and descriptions. */
export function optionsText(table: OptionTable, options: HelpOptions = {}): string {
  const { width = DEFAULT_WIDTH, leftPad = 1, descPad = 3, unsorted } = options
  const specs = shown(table, unsorted)
  const names = specs.map((s) => {
    const dashed = s.short === undefined ? `   --${s.long}` : s.long === undefined ? `-${s.short}` : `-${s.short},--${s.long}`
    return ' '.repeat(leftPad) + dashed + (takesValue(s) ? ` ${placeholder(s)}` : '')
  })
  const column = Math.max(...names.map((n) => n.length))
  return specs.map((s, i) => wrap(names[i]!.padEnd(column) + ' '.repeat(descPad) + (s.description ?? ''), width, column + descPad)).join('\n')
}

function wrapBlock(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => wrap(line, width, 0))
    .join('\n')
}

/** Lines of at most `width` characters, all but the first indented. */
export function wrap(text: string, width: number, indent: number): string {
  let at = wrapPosition(text, width)
  if (at < 0) return text.trimEnd()
  const lines = [text.slice(0, at).trimEnd()]
  if (indent >= width) indent = 1
  for (;;) {
    text = ' '.repeat(indent) + text.slice(at).trim()
    at = wrapPosition(text, width)
    if (at < 0) return [...lines, text].join('\n')
    // A word longer than the column would be moved down for ever.
    if (text.length > width && at === indent - 1) at = width
    lines.push(text.slice(0, at).trimEnd())
  }
}

function wrapPosition(text: string, width: number): number {
  for (const mark of ['\n', '\t']) {
    const at = text.indexOf(mark)
    if (at >= 0 && at <= width) return at + 1
  }
  if (width >= text.length) return -1
  for (let at = width; at > 0; at--) if (/[ \n\r]/.test(text[at]!)) return at
  return width
}
