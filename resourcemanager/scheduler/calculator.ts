/**
 * How resources are compared, divided and rounded: by memory alone (DefaultResourceCalculator) or by the dominant share
 * (DominantResourceCalculator). Quotients are Java floats, so that queues with equal shares tie exactly where they tie in Hadoop.
 * What the default one makes new has one vcore where it has memory: that is what Hadoop hands out with it.
 */
import { type Resource, resource, sameResource } from '../../common/records/index.js'

export interface ResourceCalculator {
  readonly name: 'default' | 'dominant'
  compare(cluster: Resource, a: Resource, b: Resource): number
  /** The largest of the component-wise ratios. */
  ratio(a: Resource, b: Resource): number
  divide(cluster: Resource, numerator: Resource, denominator: Resource): number
  availableContainers(available: Resource, required: Resource): number
  normalize(r: Resource, minimum: Resource, maximum: Resource, step: Resource): Resource
  roundUp(r: Resource, step: Resource): Resource
  roundDown(r: Resource, step: Resource): Resource
  multiplyAndNormalizeUp(r: Resource, by: number, step: Resource): Resource
  multiplyAndNormalizeDown(r: Resource, by: number, step: Resource): Resource
  /** Each amount by a factor of its own. */
  multiplyEachAndNormalizeUp(r: Resource, by: Resource, step: Resource): Resource
  divideAndCeil(r: Resource, by: number): Resource
  fitsIn(a: Resource, b: Resource): boolean
  anyAboveZero(r: Resource): boolean
  anyZeroOrBelow(r: Resource): boolean
}

const float = Math.fround
const divideUp = (a: number, b: number) => (b === 0 ? 0 : Math.ceil(a / b))
const up = (a: number, step: number) => divideUp(a, step) * step
const down = (a: number, step: number) => (step === 0 ? 0 : Math.trunc(a / step) * step)
const safeRatio = (a: number, b: number) => (a === 0 && b === 0 ? 0 : float(float(a) / float(b)))
const ofMemory = (memory: number): Resource => ({ memory, vcores: memory > 0 ? 1 : 0 })

export const defaultCalculator: ResourceCalculator = {
  name: 'default',
  compare: (_cluster, a, b) => a.memory - b.memory,
  ratio: (a, b) => safeRatio(a.memory, b.memory),
  divide: (_cluster, a, b) => safeRatio(a.memory, b.memory),
  availableContainers: (available, required) => (required.memory === 0 ? Number.MAX_SAFE_INTEGER : Math.trunc(available.memory / required.memory)),
  normalize(r, minimum, maximum, step) {
    const by = step.memory === 0 ? minimum.memory : step.memory
    return ofMemory(Math.min(up(Math.max(r.memory, minimum.memory), by), maximum.memory))
  },
  roundUp: (r, step) => ofMemory(up(r.memory, step.memory)),
  roundDown: (r, step) => ofMemory(down(r.memory, step.memory)),
  multiplyAndNormalizeUp: (r, by, step) => ofMemory(up(Math.trunc(r.memory * by + 0.5), step.memory)),
  multiplyAndNormalizeDown: (r, by, step) => ofMemory(down(Math.trunc(r.memory * by), step.memory)),
  multiplyEachAndNormalizeUp: (r, by, step) => ofMemory(up(Math.trunc(r.memory * by.memory + 0.5), step.memory)),
  divideAndCeil: (r, by) => ofMemory(by === 0 ? 0 : Math.ceil(float(float(r.memory) / float(by)))),
  fitsIn: (a, b) => a.memory <= b.memory,
  anyAboveZero: (r) => r.memory > 0,
  anyZeroOrBelow: (r) => r.memory <= 0,
}

/** @param types names of resource types beyond memory and vcores */
export function dominantCalculator(types: readonly string[] = []): ResourceCalculator {
  const of = (r: Resource, type: string) => r.extended?.[type] ?? 0
  /** Component by component with the step's. */
  function map(r: Resource, s: Resource, f: (value: number, step: number) => number): Resource {
    const memory = f(r.memory, s.memory)
    const vcores = f(r.vcores, s.vcores)
    if (types.length === 0) return { memory, vcores }
    return resource(memory, vcores, Object.fromEntries(types.map((t) => [t, f(of(r, t), of(s, t))])))
  }
  const share = (part: number, whole: number) => (whole === 0 ? Number.POSITIVE_INFINITY : part / whole)
  const shares = (cluster: Resource, r: Resource) => [
    share(r.memory, cluster.memory),
    share(r.vcores, cluster.vcores),
    ...types.map((t) => share(of(r, t), of(cluster, t))),
  ]
  const largest = (all: readonly number[]) => all.reduce((m, s) => (s !== Number.POSITIVE_INFINITY && s > m ? s : m), 0)
  const values = (r: Resource) => [r.memory, r.vcores, ...types.map((t) => of(r, t))]

  return {
    name: 'dominant',
    compare(cluster, a, b) {
      if (sameResource(a, b)) return 0
      if (cluster.memory === 0 && cluster.vcores === 0 && !cluster.extended) {
        const differences = values(a).map((v, i) => v - values(b)[i]!)
        const greater = differences.some((d) => d > 0)
        const smaller = differences.some((d) => d < 0)
        return greater === smaller ? 0 : greater ? 1 : -1
      }
      if (types.length === 0) {
        const am = share(a.memory, cluster.memory)
        const av = share(a.vcores, cluster.vcores)
        const bm = share(b.memory, cluster.memory)
        const bv = share(b.vcores, cluster.vcores)
        const aDominant = Math.max(am, av)
        const bDominant = Math.max(bm, bv)
        if (aDominant !== bDominant) return aDominant > bDominant ? 1 : -1
        const aOther = Math.min(am, av)
        const bOther = Math.min(bm, bv)
        return aOther === bOther ? 0 : aOther > bOther ? 1 : -1
      }
      const ours = shares(cluster, a).sort((x, y) => x - y)
      const theirs = shares(cluster, b).sort((x, y) => x - y)
      for (let i = ours.length - 1; i >= 0; i--) {
        if (ours[i] === Number.POSITIVE_INFINITY || theirs[i] === Number.POSITIVE_INFINITY) continue
        if (ours[i] !== theirs[i]) return ours[i]! > theirs[i]! ? 1 : -1
      }
      return 0
    },
    ratio(a, b) {
      let ratio = 0
      const theirs = values(b)
      values(a).forEach((v, i) => {
        ratio = Math.max(ratio, safeRatio(v, theirs[i]!))
      })
      return ratio
    },
    divide: (cluster, a, b) => float(largest(shares(cluster, a)) / largest(shares(cluster, b))),
    availableContainers(available, required) {
      let least = Number.MAX_SAFE_INTEGER
      if (required.memory !== 0) least = Math.trunc(available.memory / required.memory)
      if (required.vcores !== 0) least = Math.min(least, Math.trunc(available.vcores / required.vcores))
      for (const t of types) if (of(required, t) !== 0) least = Math.min(least, Math.trunc(of(available, t) / of(required, t)))
      return least
    },
    normalize(r, minimum, maximum, step) {
      const raised = map(map(r, minimum, Math.max), step, (v, s) => (s === 0 ? v : up(v, s)))
      return map(raised, maximum, Math.min)
    },
    roundUp: (r, step) => map(r, step, (v, s) => (s === 0 ? v : up(v, s))),
    roundDown: (r, step) => map(r, step, (v, s) => (s === 0 ? v : down(v, s))),
    multiplyAndNormalizeUp: (r, by, step) => map(r, step, (v, s) => (s === 0 ? Math.ceil(float(v * by)) : up(Math.ceil(float(v * by)), s))),
    multiplyAndNormalizeDown: (r, by, step) => map(r, step, (v, s) => (s === 0 ? Math.trunc(v * by) : down(Math.trunc(v * by), s))),
    multiplyEachAndNormalizeUp: (r, by, step) =>
      map(
        map(r, by, (v, b) => Math.ceil(v * b)),
        step,
        (v, s) => (s === 0 ? v : up(v, s)),
      ),
    divideAndCeil: (r, by) => map(r, r, (v) => (by === 0 ? 0 : Math.ceil(float(float(v) / float(by))))),
    fitsIn: (a, b) => a.memory <= b.memory && a.vcores <= b.vcores && types.every((t) => of(a, t) <= of(b, t)),
    anyAboveZero: (r) => r.memory > 0 || r.vcores > 0 || types.some((t) => of(r, t) > 0),
    anyZeroOrBelow: (r) => r.memory <= 0 || r.vcores <= 0 || types.some((t) => of(r, t) <= 0),
  }
}

/** The larger (smaller) of two, as the calculator orders them */
export const maxOf = (rc: ResourceCalculator, cluster: Resource, a: Resource, b: Resource): Resource => (rc.compare(cluster, a, b) >= 0 ? a : b)
export const minOf = (rc: ResourceCalculator, cluster: Resource, a: Resource, b: Resource): Resource => (rc.compare(cluster, a, b) <= 0 ? a : b)

/** a - b with no amount below zero, as Resources.subtractNonNegative. */
export function subtractNonNegative(a: Resource, b: Resource): Resource {
  const memory = Math.max(0, a.memory - b.memory)
  const vcores = Math.max(0, a.vcores - b.vcores)
  if (!a.extended && !b.extended) return { memory, vcores }
  const names = new Set([...Object.keys(a.extended ?? {}), ...Object.keys(b.extended ?? {})])
  return resource(memory, vcores, Object.fromEntries([...names].map((n) => [n, Math.max(0, (a.extended?.[n] ?? 0) - (b.extended?.[n] ?? 0))])))
}
