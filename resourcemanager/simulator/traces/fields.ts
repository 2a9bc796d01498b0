/** Fields of a trace's objects, checked: each wrong one is a problem with its place, and reading goes on with a value that does no harm. */
import type { Place } from '../workload.js'
import type { Problems } from './problems.js'

export type Fields = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

export class Reader {
  constructor(
    readonly fields: Fields,
    readonly place: Place,
    readonly problems: Problems,
    /** Lines of entries by their path, where they are known. */
    readonly lines?: ReadonlyMap<string, number>,
  ) {}

  /** Of an entry within: `job.tasks[3]`. */
  at(entry: string): Place {
    const { file, entry: outer } = this.place
    const path = outer === undefined ? entry : `${outer}.${entry}`
    const line = this.lines?.get(path) ?? this.place.line
    return { file, ...(line !== undefined && { line }), entry: path }
  }

  has(name: string): boolean {
    return this.fields[name] !== undefined && this.fields[name] !== null
  }

  problem(name: string, message: string, remedy?: string): void {
    this.problems.add(this.at(name), message, remedy)
  }

  text(name: string, otherwise?: string): string {
    const value = this.fields[name]
    if (typeof value === 'string' && value !== '') return value
    if (typeof value === 'number') return String(value)
    if (value === undefined || value === null) {
      if (otherwise === undefined) this.problem(name, 'it is missing')
      return otherwise ?? ''
    }
    this.problem(name, `${JSON.stringify(value)} is no name`)
    return otherwise ?? ''
  }

  /** Numbers may stand in quotation marks, as SLS takes them. */
  number(name: string, otherwise: number | undefined, least = 0): number {
    const value = this.fields[name]
    if (value === undefined || value === null) {
      if (otherwise === undefined) this.problem(name, 'it is missing')
      return otherwise ?? least
    }
    const n = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    if (typeof n !== 'number' || !Number.isFinite(n)) {
      this.problem(name, `${JSON.stringify(value)} is no number`)
      return otherwise ?? least
    }
    if (n < least) {
      this.problem(name, `${n} is less than ${least}`)
      return otherwise ?? least
    }
    return n
  }

  integer(name: string, otherwise: number | undefined, least = 0): number {
    const n = this.number(name, otherwise, least)
    if (!Number.isInteger(n)) {
      this.problem(name, `${n} is not whole`)
      return Math.trunc(n)
    }
    return n
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.fields[name]
    if (value === undefined || value === null) return otherwise
    if (typeof value !== 'boolean') this.problem(name, `${JSON.stringify(value)} is neither true nor false`)
    return value === true
  }

  /** Names: a list, or one alone. */
  texts(name: string): readonly string[] | undefined {
    const value = this.fields[name]
    if (value === undefined || value === null) return undefined
    const all = Array.isArray(value) ? value : [value]
    if (all.every((v) => typeof v === 'string' || typeof v === 'number')) return all.map(String)
    this.problem(name, 'it is no list of names')
    return []
  }

  object(name: string): Reader | undefined {
    const value = this.fields[name]
    if (value === undefined || value === null) return undefined
    if (isObject(value)) return new Reader(value, this.at(name), this.problems, this.lines)
    this.problem(name, 'it is no object')
    return undefined
  }

  /** Says of fields that mean nothing. */
  only(known: readonly string[]): void {
    for (const name of Object.keys(this.fields)) {
      if (!known.includes(name)) this.problem(name, 'there is no such field', `here are known: ${known.join(', ')}`)
    }
  }

  list(name: string): readonly Reader[] {
    const value = this.fields[name]
    if (value === undefined || value === null) return []
    if (!Array.isArray(value)) {
      this.problem(name, 'it is no list')
      return []
    }
    const readers: Reader[] = []
    for (const [i, item] of value.entries()) {
      if (isObject(item)) readers.push(new Reader(item, this.at(`${name}[${i}]`), this.problems, this.lines))
      else this.problem(`${name}[${i}]`, 'it is no object')
    }
    return readers
  }
}
