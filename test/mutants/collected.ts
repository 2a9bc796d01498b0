/** Stands in for vitest while tests are gathered instead of run: what they declare is kept as plain functions. Never imported by name. */
export interface Collected {
  readonly name: string
  readonly run: () => unknown
}

const path: string[] = []
export const collected: Collected[] = []

const argumentsOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value])

function named(name: string, value: unknown): string {
  const texts = argumentsOf(value).map(String)
  return name.replace(/%[sojid]/g, () => texts.shift() ?? '')
}

export function it(name: string, run: () => unknown): void {
  collected.push({ name: [...path, name].join(' '), run })
}
it.each = (values: readonly unknown[]) => (name: string, run: (...values: unknown[]) => unknown) => {
  for (const value of values) it(named(name, value), () => run(...argumentsOf(value)))
}
export const test = it

export function describe(name: string, declare: () => void): void {
  path.push(name)
  declare()
  path.pop()
}
describe.each = (values: readonly unknown[]) => (name: string, declare: (...values: unknown[]) => void) => {
  for (const value of values) describe(named(name, value), () => declare(...argumentsOf(value)))
}

/** The real one's, handed over by whoever runs what was gathered. */
export const { expect } = globalThis as unknown as { expect: unknown }
