/** Program arguments by name: `--host localhost`, `-host localhost`, `--flag`. */
export class ParameterTool {
  readonly #values: ReadonlyMap<string, string>

  private constructor(values: ReadonlyMap<string, string>) {
    this.#values = values
  }

  /** @throws Error in Flink's words for a value without a key before it */
  static fromArgs(args: readonly string[]): ParameterTool {
    const values = new Map<string, string>()
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]!
      const key = /^--?(.*)$/s.exec(arg)?.[1]
      if (key === undefined || isNumber(arg)) {
        throw new Error(`Error parsing arguments '${JSON.stringify(args)}' on '${arg}'. Please prefix keys with -- or -.`)
      }
      if (key === '') throw new Error(`The input ${JSON.stringify(args)} contains an empty argument`)
      const next = args[i + 1]
      // A negative number is a value, not the next key.
      if (next === undefined || (next.startsWith('-') && !isNumber(next))) values.set(key, NO_VALUE)
      else {
        values.set(key, next)
        i++
      }
    }
    return new ParameterTool(values)
  }

  static fromMap(map: Readonly<Record<string, string>>): ParameterTool {
    return new ParameterTool(new Map(Object.entries(map)))
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  get(key: string): string | undefined
  get(key: string, fallback: string): string
  get(key: string, fallback?: string): string | undefined {
    const value = this.#values.get(key)
    return value === undefined || value === NO_VALUE ? fallback : value
  }

  /** @throws Error in Flink's words when the key is not there */
  getRequired(key: string): string {
    const value = this.get(key)
    if (value === undefined) throw new Error(`No data for required key '${key}'`)
    return value
  }

  /** @throws Error naming the key when its value is no whole number, or when it is not there and has no fallback */
  getInt(key: string, fallback?: number): number {
    return this.#number(key, fallback, /^[+-]?\d+$/, 'a whole number')
  }

  /** As getInt; a JavaScript number holds whole numbers exactly up to 2^53 - 1. */
  getLong(key: string, fallback?: number): number {
    return this.getInt(key, fallback)
  }

  getDouble(key: string, fallback?: number): number {
    return this.#number(key, fallback, /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, 'a number')
  }

  getBoolean(key: string, fallback = false): boolean {
    if (!this.has(key)) return fallback
    const value = this.get(key)
    return value === undefined || value.toLowerCase() === 'true'
  }

  toMap(): Record<string, string> {
    return Object.fromEntries(this.#values)
  }

  #number(key: string, fallback: number | undefined, form: RegExp, what: string): number {
    const value = this.get(key)
    if (value === undefined) return fallback ?? Number(this.getRequired(key))
    if (!form.test(value)) throw new Error(`For input string: "${value}" (--${key} takes ${what})`)
    return Number(value)
  }
}

const NO_VALUE = '__NO_VALUE_KEY'

function isNumber(text: string): boolean {
  return /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)
}
