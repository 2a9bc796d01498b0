/**
 * An amount of a node's resources: memory in MiB, virtual cores, and further types by name in their base unit.
 * Immutable; arithmetic is total and saturates at what a Java long holds exactly here (2^53 - 1).
 * Source: org.apache.hadoop.yarn.api.records.Resource, util.resource.Resources.
 */
export interface Resource {
  readonly memory: number
  readonly vcores: number
  /** Types beyond the two built in; absent when there are none. Zero amounts are left out. */
  readonly extended?: Readonly<Record<string, number>>
}

const MAX = Number.MAX_SAFE_INTEGER
const clamp = (n: number) => Math.max(Math.min(n, MAX), -MAX)

export const NONE: Resource = { memory: 0, vcores: 0 }
export const UNBOUNDED: Resource = { memory: MAX, vcores: MAX }

export function resource(memory: number, vcores: number, extended?: Readonly<Record<string, number>>): Resource {
  if (!extended) return { memory, vcores }
  const kept = Object.entries(extended).filter(([, v]) => v !== 0)
  return kept.length === 0 ? { memory, vcores } : { memory, vcores, extended: Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1))) }
}

function combine(a: Resource, b: Resource, f: (x: number, y: number) => number): Resource {
  const memory = clamp(f(a.memory, b.memory))
  const vcores = clamp(f(a.vcores, b.vcores))
  if (!a.extended && !b.extended) return { memory, vcores }
  const extended: Record<string, number> = {}
  for (const name of new Set([...Object.keys(a.extended ?? {}), ...Object.keys(b.extended ?? {})])) {
    extended[name] = clamp(f(a.extended?.[name] ?? 0, b.extended?.[name] ?? 0))
  }
  return resource(memory, vcores, extended)
}

const plus = (x: number, y: number) => x + y
const minus = (x: number, y: number) => x - y

// The two built-in types alone are by far the most frequent: written out, no function is called for each.
export function add(a: Resource, b: Resource): Resource {
  if (a.extended || b.extended) return combine(a, b, plus)
  return { memory: clamp(a.memory + b.memory), vcores: clamp(a.vcores + b.vcores) }
}

export function subtract(a: Resource, b: Resource): Resource {
  if (a.extended || b.extended) return combine(a, b, minus)
  return { memory: clamp(a.memory - b.memory), vcores: clamp(a.vcores - b.vcores) }
}

export const componentwiseMin = (a: Resource, b: Resource): Resource => combine(a, b, Math.min)
export const componentwiseMax = (a: Resource, b: Resource): Resource => combine(a, b, Math.max)

export function multiply(a: Resource, by: number): Resource {
  if (a.extended) return combine(a, NONE, (x) => x * by)
  return { memory: clamp(a.memory * by), vcores: clamp(a.vcores * by) }
}

/** Multiplied and rounded down, as Resources.multiplyAndRoundDown. */
export function multiplyDown(a: Resource, by: number): Resource {
  if (a.extended) return combine(a, NONE, (x) => Math.floor(x * by))
  return { memory: clamp(Math.floor(a.memory * by)), vcores: clamp(Math.floor(a.vcores * by)) }
}

export function amountOf(a: Resource, name: string): number {
  if (name === 'memory-mb') return a.memory
  if (name === 'vcores') return a.vcores
  return a.extended?.[name] ?? 0
}

/** True when every amount of `a` is at most that of `b`. */
export function fitsIn(a: Resource, b: Resource): boolean {
  if (a.memory > b.memory || a.vcores > b.vcores) return false
  if (!a.extended) return true
  return Object.entries(a.extended).every(([k, v]) => v <= (b.extended?.[k] ?? 0))
}

export function sameResource(a: Resource, b: Resource): boolean {
  if (a.memory !== b.memory || a.vcores !== b.vcores) return false
  if (!a.extended && !b.extended) return true
  return fitsIn(a, b) && fitsIn(b, a)
}

export function isNone(a: Resource): boolean {
  return a.memory === 0 && a.vcores === 0 && !a.extended
}

/** `<memory:1024, vCores:1>`, with further types after it, as Resource.toString. */
export function formatResource(a: Resource): string {
  // The largest amount there is stands for Java's.
  const long = (n: number) => (n === MAX ? '9223372036854775807' : n)
  const more = Object.entries(a.extended ?? {}).map(([k, v]) => `, ${k}: ${long(v)}`)
  return `<memory:${long(a.memory)}, vCores:${a.vcores === MAX ? 2147483647 : a.vcores}${more.join('')}>`
}
