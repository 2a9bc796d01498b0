/** WebHDFS's query parameters: their names, types, defaults and what is said of a bad value (org.apache.hadoop.hdfs.web.resources). */
import { exception } from '../../../common/errors.js'

const USER_PATTERN = /^[A-Za-z_][A-Za-z0-9._-]*[$]?$/

const bad = (name: string, why: string) => exception('IllegalArgumentException', `Invalid value for webhdfs parameter "${name}": ${why}`)

/** One request's parameters. Names are matched without regard to case, as Hadoop does. */
export class Parameters {
  readonly #values = new Map<string, string>()
  readonly #every: readonly (readonly [string, string])[]

  constructor(query: URLSearchParams) {
    this.#every = [...query].map(([k, v]) => [k.toLowerCase(), v])
    for (const [k, v] of this.#every) if (!this.#values.has(k)) this.#values.set(k, v)
  }

  /** All values of one that may be given several times. */
  each(name: string): string[] {
    return this.#every.filter(([k, v]) => k === name && v !== '').map(([, v]) => v)
  }

  /** Undefined when absent or empty. */
  text(name: string): string | undefined {
    return this.#values.get(name) || undefined
  }

  required(name: string): string {
    const v = this.text(name)
    if (v === undefined) throw exception('IllegalArgumentException', `Required param ${name} for op: ${this.text('op')?.toUpperCase()} is null or empty`)
    return v
  }

  long(name: string): number | undefined {
    const v = this.text(name)
    if (v === undefined || v === 'null') return undefined
    if (!/^-?\d+$/.test(v)) throw bad(name, `Failed to parse "${v}" as a radix-10 long integer.`)
    return Number(v)
  }

  integer(name: string): number | undefined {
    const v = this.text(name)
    if (v === undefined || v === 'null') return undefined
    if (!/^-?\d+$/.test(v)) throw bad(name, `Failed to parse "${v}" as a radix-10 integer.`)
    return Number(v)
  }

  /** A number that may not be below `least`. */
  atLeast(name: string, least: number): number | undefined {
    const n = this.long(name)
    if (n !== undefined && n < least) throw bad(name, `Invalid parameter range: ${name} = ${n} < ${least}`)
    return n
  }

  boolean(name: string, fallback: boolean): boolean {
    const v = this.text(name)
    if (v === undefined) return fallback
    if (/^true$/i.test(v)) return true
    if (/^false$/i.test(v)) return false
    throw bad(name, `Failed to parse "${v}" to Boolean.`)
  }

  /** Octal, 0 to 1777. */
  permission(name: string): number | undefined {
    const v = this.text(name)
    if (v === undefined) return undefined
    if (!/^[0-7]+$/.test(v)) throw bad(name, `Failed to parse "${v}" as a radix-8 short integer.`)
    const n = Number.parseInt(v, 8)
    if (n > 0o1777) throw bad(name, `Invalid parameter range: ${name} = ${v} > 1777`)
    return n
  }

  fsAction(name: string): number {
    const v = this.required(name)
    if (!/^[r-][w-][x-]$/.test(v)) throw bad(name, `Invalid value: "${v}" does not belong to the domain [r-][w-][x-]`)
    return (v[0] === 'r' ? 4 : 0) | (v[1] === 'w' ? 2 : 0) | (v[2] === 'x' ? 1 : 0)
  }

  user(name: string): string | undefined {
    const v = this.text(name)
    if (v !== undefined && !USER_PATTERN.test(v)) throw bad(name, `Invalid value: "${v}" does not belong to the domain ${USER_PATTERN.source}`)
    return v
  }

  /** An absolute path. */
  path(name: string): string {
    const v = this.required(name)
    if (!v.startsWith('/')) throw bad(name, `Invalid parameter value: ${name} = "${v}" is not an absolute path.`)
    return v
  }

  all(name: string, separator = ','): string[] {
    return (this.text(name) ?? '').split(separator).filter((p) => p !== '')
  }

  /** Constants of a Java enum, whatever their case. */
  constants<W extends string>(name: string, of: string, words: readonly W[]): W[] {
    return this.all(name).map((v) => {
      const found = words.find((w) => w === v.trim().toUpperCase())
      if (!found) throw bad(name, `No enum constant ${of}.${v.trim().toUpperCase()}`)
      return found
    })
  }
}

/** @throws for an operation that the method does not have */
export function operationOf(parameters: Parameters, method: string, known: ReadonlySet<string>): string {
  const op = parameters.text('op')?.toUpperCase()
  if (op === undefined) throw exception('UnsupportedOperationException', 'op=NULL is not supported')
  if (!known.has(op)) throw bad('op', `${parameters.text('op')} is not a valid ${method} operation.`)
  return op
}
