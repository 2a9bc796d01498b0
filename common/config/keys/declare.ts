/** How a configuration property is declared: once, with all that documentation and the /conf page say of it. */

export type PropertyType = 'string' | 'strings' | 'int' | 'float' | 'boolean' | 'milliseconds' | 'seconds' | 'bytes' | 'address' | 'path'

interface TypeOf {
  string: string
  /** Comma-separated; blanks around elements are dropped. */
  strings: readonly string[]
  int: number
  float: number
  boolean: boolean
  /** A number with an optional unit (ns, us, ms, s, m, h, d); bare numbers are the named unit. */
  milliseconds: number
  seconds: number
  /** A number with an optional binary prefix (k, m, g, t, p, e). */
  bytes: number
  /** HOST:PORT */
  address: string
  path: string
}

export interface Property<T extends PropertyType = PropertyType> {
  readonly name: string
  readonly type: T
  /** As it would stand in the file; undefined when there is none. May hold ${other.property}. */
  readonly default: string | undefined
  readonly meaning: string
}

export type ValueOf<P> = P extends Property<infer T> ? TypeOf[T] : never

export function property<T extends PropertyType>(name: string, type: T, fallback: string | undefined, meaning: string): Property<T> {
  return { name, type, default: fallback, meaning }
}
