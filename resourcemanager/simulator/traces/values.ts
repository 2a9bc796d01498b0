/** Times, amounts and distributions as people write them. */
import type { Resource } from '../../../common/records/index.js'
import type { Distribution } from '../workload.js'
import { isObject, type Reader } from './fields.js'

const TIME: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const SIZE: Readonly<Record<string, number>> = { '': 1, m: 1, g: 1024, t: 1024 * 1024 }

/** Milliseconds: a number, or `90s`, `1h30m`, `2d`. Undefined: it is no time. */
export function parseTime(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d)\s*)+$/.test(text)) return undefined
  let sum = 0
  for (const [, n, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) sum += Number(n) * TIME[unit!]!
  return Math.round(sum)
}

/** MiB: a number, or `512M`, `64G`. Undefined: it is no amount of memory. */
export function parseMemory(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined
  if (typeof value !== 'string') return undefined
  const m = /^(\d+(?:\.\d+)?)\s*([mgt]?)(?:i?b)?$/i.exec(value.trim())
  return m ? Math.round(Number(m[1]) * SIZE[m[2]!.toLowerCase()]!) : undefined
}

export function time(r: Reader, name: string): number | undefined {
  if (!r.has(name)) return undefined
  const value = parseTime(r.fields[name])
  if (value !== undefined && value >= 0) return value
  r.problem(name, value === undefined ? `${JSON.stringify(r.fields[name])} is no time` : `${value} is less than 0`, 'write milliseconds, or 90s, 10m, 1h30m')
  return 0
}

/** `resource: {memory, vcores}`, or memory and vcores beside the other fields. */
export function resource(outer: Reader, otherwise?: Resource): Resource {
  const r = outer.object('resource') ?? outer
  if (otherwise && !r.has('memory') && !r.has('vcores')) return otherwise
  const memory = parseMemory(r.fields.memory)
  if (memory === undefined)
    r.problem('memory', r.has('memory') ? `${JSON.stringify(r.fields.memory)} is no amount of memory` : 'it is missing', 'write MiB, or 512M, 64G')
  const vcores = r.integer('vcores', otherwise?.vcores ?? 1)
  const more = r.object('extended')
  return {
    memory: memory ?? otherwise?.memory ?? 1,
    vcores,
    ...(more && { extended: Object.fromEntries(Object.keys(more.fields).map((k) => [k, more.number(k, 0)])) }),
  }
}

const PARTS: Readonly<Record<string, readonly string[]>> = {
  uniform: ['min', 'max'],
  normal: ['mean', 'deviation'],
  lognormal: ['mean', 'deviation'],
  exponential: ['mean'],
  pareto: ['minimum', 'shape'],
  discrete: ['values', 'weights'],
}

/** A time, or a distribution of times: `{ kind: lognormal, mean: 10s, deviation: 2s }` or `{ lognormal: [10s, 2s] }`. */
export function distribution(r: Reader, name: string): Distribution | undefined {
  if (!r.has(name)) return undefined
  const value = r.fields[name]
  if (!isObject(value)) return time(r, name)
  const entries = Object.keys(value)
  const inner = r.object(name)!
  const kind = typeof value.kind === 'string' ? value.kind : entries.length === 1 ? entries[0]! : ''
  const parts = PARTS[kind]
  if (!parts) {
    r.problem(name, `${kind === '' ? 'it' : `"${kind}"`} is no distribution`, `use one of ${Object.keys(PARTS).join(', ')}`)
    return 0
  }
  const short = value.kind === undefined ? value[kind] : undefined
  const given = Array.isArray(short) ? Object.fromEntries(parts.map((p, i) => [p, short[i]])) : isObject(short) ? short : value
  const read = (part: string): number => {
    const n = part === 'shape' ? given[part] : parseTime(given[part])
    const least = NOT_ZERO.has(part) || (kind === 'lognormal' && part === 'mean') ? Number.MIN_VALUE : 0
    if (typeof n === 'number' && Number.isFinite(n) && n >= least) return n
    inner.problem(
      part,
      given[part] === undefined ? 'it is missing' : `${JSON.stringify(given[part])} can't be`,
      least > 0 ? 'write a number above 0, or a time such as 10s' : 'write a number that is not negative, or a time such as 10s',
    )
    return 1
  }
  switch (kind) {
    case 'uniform': {
      const min = read('min')
      const max = read('max')
      if (max < min) inner.problem('max', `${max} is less than min, ${min}`)
      return { kind, min, max }
    }
    case 'normal':
      return { kind, mean: read('mean'), deviation: read('deviation') }
    case 'lognormal':
      return { kind, mean: read('mean'), deviation: read('deviation') }
    case 'exponential':
      return { kind, mean: read('mean') }
    case 'pareto':
      return { kind, minimum: read('minimum'), shape: read('shape') }
    default:
      return discrete(inner, given)
  }
}

/** A shape of 0 has no end; and a lognormal mean of 0 no logarithm. */
const NOT_ZERO = new Set(['shape', 'minimum'])

function discrete(r: Reader, given: Readonly<Record<string, unknown>>): Distribution {
  const list = (value: unknown): number[] => (Array.isArray(value) ? value.map((v) => parseTime(v) ?? Number.NaN) : [])
  const values = list(given.values)
  const weights = given.weights === undefined ? values.map(() => 1) : list(given.weights)
  const bad = [...values, ...weights].some((n) => !(n >= 0))
  if (values.length === 0 || bad || weights.length !== values.length || !weights.some((w) => w > 0)) {
    r.problem('values', 'values and weights are to be lists of the same length, of numbers that are not negative')
    return 0
  }
  return { kind: 'discrete', values, weights }
}
