/**
 * A command's options as Apache commons-cli understands them, from a table: single-dash long options (`-appStates
 * RUNNING`), `--long=value`, `-Dk=v` and `-D k=v`, abbreviated long options, grouped flags. Two ways of reading, since
 * Hadoop's commands (GnuParser) and Flink's (DefaultParser) differ in what they take for an option.
 */

export interface OptionSpec {
  /** Without the dash; may be longer than a letter. */
  readonly short?: string
  /** Without the dashes. */
  readonly long?: string
  readonly description?: string
  /** How many values it takes: 0 (the default) is a flag. */
  readonly args?: number | 'unlimited'
  /** The values may be left out. */
  readonly optionalArg?: boolean
  /** What help calls the value; "arg" unless given. */
  readonly argName?: string
  /** Splits one word into values: `=` for -Dk=v. */
  readonly separator?: string
  readonly required?: boolean
  /** Options of the same group exclude one another. */
  readonly group?: string
  /** Understood, but not shown in help. */
  readonly hidden?: boolean
}

export type OptionTable = readonly OptionSpec[]

export type ParseErrorKind = 'unrecognized' | 'missing-argument' | 'missing-option' | 'ambiguous' | 'already-selected'

/** Arguments that don't fit the table; the message is commons-cli's. */
export class ParseError extends Error {
  override name = 'ParseError'
  constructor(
    readonly kind: ParseErrorKind,
    message: string,
  ) {
    super(message)
  }
}

export interface ParseSettings {
  /** `gnu`: Hadoop's commands; `default`: Flink's. */
  readonly style?: 'gnu' | 'default'
  /** The first word that is no option ends the options; unknown options then are words too. */
  readonly stopAtNonOption?: boolean
}

/** One occurrence of an option. */
interface Occurrence {
  readonly spec: OptionSpec
  readonly values: string[]
}

/** What was given. Options are asked for by their short or long name. */
export class CommandLine {
  readonly args: string[] = []
  readonly occurrences: Occurrence[] = []

  #of(name: string): Occurrence[] {
    return this.occurrences.filter((o) => o.spec.short === name || o.spec.long === name)
  }

  has(name: string): boolean {
    return this.#of(name).length > 0
  }

  /** The first value given. */
  value(name: string): string | undefined {
    return this.values(name)[0]
  }

  /** The values of all occurrences, in order. */
  values(name: string): string[] {
    return this.#of(name).flatMap((o) => o.values)
  }

  /** -Dk=v … as pairs; -Dk alone is `true`. Later ones win. */
  properties(name: string): Map<string, string> {
    return new Map(this.#of(name).flatMap((o) => (o.values[0] === undefined ? [] : [[o.values[0], o.values[1] ?? 'true'] as const])))
  }
}

/** The name that messages and the order of help use. */
export function keyOf(spec: OptionSpec): string {
  return spec.short ?? spec.long ?? ''
}

/** @throws ParseError */
export function parseOptions(table: OptionTable, argv: readonly string[], settings: ParseSettings = {}): CommandLine {
  const parser = new Parser(table, settings.stopAtNonOption ?? false)
  if (settings.style === 'gnu') readGnu(parser, argv)
  else readDefault(parser, argv)
  parser.finish()
  return parser.line
}

const count = (spec: OptionSpec) => (spec.args === 'unlimited' ? Number.POSITIVE_INFINITY : (spec.args ?? 0))
const acceptsValue = (o: Occurrence) => o.values.length < count(o.spec)
const bare = (token: string) => token.replace(/^--?/, '')
const unquoted = (token: string) => /^"([^"]*)"$/.exec(token)?.[1] ?? token

class Parser {
  readonly line = new CommandLine()
  readonly #short = new Map<string, OptionSpec>()
  readonly #long = new Map<string, OptionSpec>()
  readonly #selected = new Map<string, OptionSpec>()
  current: Occurrence | undefined
  /** All that follows are words. */
  skip = false

  constructor(
    readonly table: OptionTable,
    readonly stopAtNonOption: boolean,
  ) {
    for (const spec of table) {
      if (spec.short !== undefined) this.#short.set(spec.short, spec)
      if (spec.long !== undefined) this.#long.set(spec.long, spec)
    }
  }

  short(name: string): OptionSpec | undefined {
    return this.#short.get(name)
  }

  find(name: string): OptionSpec | undefined {
    return this.#short.get(name) ?? this.#long.get(name)
  }

  /** Long names that a possibly abbreviated one stands for. */
  matches(token: string): string[] {
    const name = bare(token)
    return this.#long.has(name) ? [name] : name === '' ? [] : [...this.#long.keys()].filter((l) => l.startsWith(name))
  }

  /** -LV: the longest long option that the token begins with. */
  longPrefix(token: string): OptionSpec | undefined {
    const t = bare(token)
    for (let i = t.length - 2; i > 1; i--) {
      const spec = this.#long.get(t.slice(0, i))
      if (spec) return spec
    }
    return undefined
  }

  begin(spec: OptionSpec): void {
    this.checkValues()
    if (spec.group !== undefined) {
      const other = this.#selected.get(spec.group)
      if (other && other !== spec) {
        throw new ParseError(
          'already-selected',
          `The option '${keyOf(spec)}' was specified but an option from this group has already been selected: '${keyOf(other)}'`,
        )
      }
      this.#selected.set(spec.group, spec)
    }
    const occurrence = { spec, values: [] }
    this.line.occurrences.push(occurrence)
    this.current = count(spec) > 0 ? occurrence : undefined
  }

  addValue(text: string): void {
    const o = this.current!
    const { separator } = o.spec
    for (let at: number; separator !== undefined && (at = text.indexOf(separator)) >= 0 && o.values.length < count(o.spec) - 1; ) {
      o.values.push(text.slice(0, at))
      text = text.slice(at + separator.length)
    }
    o.values.push(text)
  }

  checkValues(): void {
    const o = this.current
    if (!o || o.spec.optionalArg || (o.spec.args === 'unlimited' ? o.values.length > 0 : !acceptsValue(o))) return
    throw new ParseError('missing-argument', `Missing argument for option: ${keyOf(o.spec)}`)
  }

  unrecognized(token: string): never {
    throw new ParseError('unrecognized', `Unrecognized option: ${token}`)
  }

  finish(): void {
    this.checkValues()
    const absent = this.table.filter((s) => s.required && !this.line.occurrences.some((o) => o.spec === s)).map(keyOf)
    if (absent.length > 0) throw new ParseError('missing-option', `Missing required option${absent.length === 1 ? '' : 's'}: ${absent.join(', ')}`)
  }
}

/** Words are first cut into option and value, then read one after the other. */
function readGnu(p: Parser, argv: readonly string[]): void {
  const tokens = cutGnu(p, argv)
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!
    if (p.skip) {
      if (token !== '--') p.line.args.push(token)
    } else if (token === '--') p.skip = true
    else if (!token.startsWith('-') || token === '-' || (p.stopAtNonOption && !p.find(bare(token)))) {
      p.line.args.push(token)
      p.skip = p.stopAtNonOption
    } else {
      p.begin(p.find(bare(token)) ?? p.unrecognized(token))
      while (p.current && acceptsValue(p.current) && i + 1 < tokens.length) {
        const next = tokens[i + 1]!
        if (next.startsWith('-') && p.find(bare(next))) break
        p.addValue(unquoted(next))
        i++
      }
      // Here one value is enough, whatever the table says.
      if (p.current && p.current.values.length > 0) p.current = undefined
    }
  }
}

function cutGnu(p: Parser, argv: readonly string[]): string[] {
  const tokens: string[] = []
  let rest = false
  for (const word of argv) {
    const name = bare(word)
    const equals = word.indexOf('=')
    if (rest || !word.startsWith('-') || word === '-' || p.find(name)) tokens.push(word)
    else if (word === '--') {
      rest = true
      tokens.push(word)
    } else if (name.includes('=') && p.find(name.slice(0, name.indexOf('=')))) tokens.push(word.slice(0, equals), word.slice(equals + 1))
    else if (p.find(bare(word.slice(0, 2)))) tokens.push(word.slice(0, 2), word.slice(2))
    else {
      rest = p.stopAtNonOption
      tokens.push(word)
    }
  }
  return tokens
}

function readDefault(p: Parser, argv: readonly string[]): void {
  for (const token of argv) {
    if (p.skip) p.line.args.push(token)
    else if (token === '--') p.skip = true
    else if (p.current && acceptsValue(p.current) && !looksLikeOption(p, token)) p.addValue(unquoted(token))
    else if (token.startsWith('--')) longOption(p, token)
    else if (token.startsWith('-') && token !== '-') dashOption(p, token)
    else word(p, token)
    if (p.current && !acceptsValue(p.current)) p.current = undefined
  }
}

function looksLikeOption(p: Parser, token: string): boolean {
  if (!token.startsWith('-') || token.length === 1 || /^-\d+(\.\d+)?$/.test(token)) return false
  const name = bare(token).split('=', 1)[0]!
  const short = token.slice(1).split('=', 1)[0]!
  if (p.short(short) || p.matches(name).length > 0) return true
  return !token.startsWith('--') ? p.longPrefix(token) !== undefined || p.short(short.slice(0, 1)) !== undefined : false
}

function word(p: Parser, token: string): void {
  if (token.startsWith('-') && token.length > 1 && !p.stopAtNonOption) p.unrecognized(token)
  p.line.args.push(token)
  if (p.stopAtNonOption) p.skip = true
}

function valued(p: Parser, spec: OptionSpec, ...values: string[]): void {
  p.begin(spec)
  for (const v of values) p.addValue(v)
  p.current = undefined
}

function longOption(p: Parser, token: string): void {
  const equals = token.indexOf('=')
  const name = equals < 0 ? token : token.slice(0, equals)
  const found = p.matches(name)
  if (found.length === 0) return word(p, token)
  if (found.length > 1) throw new ParseError('ambiguous', `Ambiguous option: '${name}'  (could be: ${found.map((f) => `'${f}'`).join(', ')})`)
  const spec = p.find(found[0]!)!
  if (equals < 0) p.begin(spec)
  else if (count(spec) > 0) valued(p, spec, token.slice(equals + 1))
  else word(p, token)
}

/** -D of -Dk=v: takes two values or more. */
function propertyOption(p: Parser, text: string): OptionSpec | undefined {
  const spec = p.short(text.slice(0, 1))
  return spec && count(spec) >= 2 ? spec : undefined
}

function dashOption(p: Parser, token: string): void {
  const text = token.slice(1)
  const equals = text.indexOf('=')
  const name = equals < 0 ? text : text.slice(0, equals)
  const exact = p.short(name)
  if (equals >= 0) {
    const property = propertyOption(p, name)
    if (name.length === 1) return exact && count(exact) > 0 ? valued(p, exact, text.slice(2)) : word(p, token)
    return property ? valued(p, property, name.slice(1), text.slice(equals + 1)) : longOption(p, token)
  }
  if (exact) return p.begin(exact)
  if (text.length === 1) return word(p, token)
  if (p.matches(name).length > 0) return longOption(p, token)
  const prefix = p.longPrefix(text)
  if (prefix && count(prefix) > 0) return valued(p, prefix, text.slice(prefix.long!.length))
  const property = propertyOption(p, text)
  if (property) return valued(p, property, text.slice(1))
  flags(p, token)
}

/** -abc: flags, of which the last may take the rest as its value. */
function flags(p: Parser, token: string): void {
  for (let i = 1; i < token.length; i++) {
    const spec = p.short(token[i]!)
    if (!spec) return word(p, p.stopAtNonOption && i > 1 ? token.slice(i) : token)
    p.begin(spec)
    if (p.current && i + 1 < token.length) return p.addValue(token.slice(i + 1))
  }
}
