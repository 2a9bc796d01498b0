/** Fair shares and the orders that follow from them (ComputeFairShares, FairSharePolicy, DominantResourceFairnessPolicy, FifoPolicy). */
import { amountOf, type Resource, resource } from '../../../common/records/index.js'
import type { FairPolicy } from './allocations.js'

/** What takes part: a queue among queues, or an application in a queue. */
export interface Schedulable {
  readonly sortName: string
  readonly startTime: number
  readonly weight: number
  readonly minShare: Resource
  readonly maxShare: Resource
  readonly usage: Resource
  readonly demand: Resource
  /** Queues without applications have no share. */
  readonly active: boolean
  fairShare: Resource
}

const ITERATIONS = 25
const MEMORY = 'memory-mb'
const VCORES = 'vcores'

/**
 * Each one's share of the whole, by weight, within its minimum and maximum. A policy sets the amounts that it looks at and leaves the others.
 * @param types names of resource types beyond memory and vcores
 */
export function computeShares(all: readonly Schedulable[], whole: Resource, policy: FairPolicy, types: readonly string[]): void {
  if (policy === 'fifo') {
    // The first gets all that there is.
    const first = all.reduce<Schedulable | undefined>((best, s) => (!best || s.startTime < best.startTime ? s : best), undefined)
    if (first) first.fairShare = whole
    return
  }
  share(all, amountOf(whole, MEMORY), MEMORY)
  if (policy === 'fair') return
  for (const type of [VCORES, ...types]) share(all, amountOf(whole, type), type)
}

function setAmount(s: Schedulable, type: string, amount: number): void {
  const { memory, vcores, extended } = s.fairShare
  if (type === MEMORY) s.fairShare = { ...s.fairShare, memory: amount }
  else if (type === VCORES) s.fairShare = { ...s.fairShare, vcores: amount }
  else s.fairShare = resource(memory, vcores, { ...extended, [type]: amount })
}

interface Open {
  readonly of: Schedulable
  readonly weight: number
  readonly least: number
  readonly most: number
}

function share(all: readonly Schedulable[], whole: number, type: string): void {
  let taken = 0
  const open: Open[] = []
  for (const s of all) {
    const { weight } = s
    const least = amountOf(s.minShare, type)
    const most = amountOf(s.maxShare, type)
    const fixed = most <= 0 || !s.active ? 0 : weight <= 0 ? Math.max(least, 0) : undefined
    if (fixed === undefined) open.push({ of: s, weight, least, most })
    else {
      setAmount(s, type, fixed)
      taken += fixed
    }
  }
  if (open.length === 0) return
  const at = (o: Open, ratio: number) => Math.trunc(Math.min(Math.max(o.weight * ratio, o.least), o.most))
  const sum = (ratio: number) => open.reduce((n, o) => n + at(o, ratio), 0)
  const total = Math.min(
    open.reduce((n, o) => n + o.most, 0),
    Math.max(whole - taken, 0),
  )
  let right = 1
  while (sum(right) < total) right *= 2
  let left = 0
  for (let i = 0; i < ITERATIONS; i++) {
    const middle = (left + right) / 2
    const planned = sum(middle)
    if (planned === total) {
      right = middle
      break
    }
    if (planned < total) left = middle
    else right = middle
  }
  for (const o of open) setAmount(o.of, type, at(o, right))
}

// ── orders ──

/** What the order looks at, read once for each that is sorted. */
interface Standing {
  readonly of: Schedulable
  readonly weight: number
  readonly minShare: Resource
  readonly usage: Resource
  readonly demand: Resource
}

type Compare = (a: Standing, b: Standing) => number

const byAge: Compare = ({ of: a }, { of: b }) => Math.sign(a.startTime - b.startTime) || (a.sortName < b.sortName ? -1 : a.sortName > b.sortName ? 1 : 0)

/** Who is below the minimum share comes first, by how much; then who uses least for its weight. */
const fairOrder: Compare = (a, b) => {
  const demand = Number(a.demand.memory === 0) - Number(b.demand.memory === 0)
  if (demand !== 0) return demand
  const aMin = Math.min(a.minShare.memory, a.demand.memory)
  const bMin = Math.min(b.minShare.memory, b.demand.memory)
  const aNeedy = a.usage.memory < aMin
  const bNeedy = b.usage.memory < bMin
  if (aNeedy !== bNeedy) return aNeedy ? -1 : 1
  if (aNeedy) {
    const ratio = a.usage.memory / Math.max(aMin, 1) - b.usage.memory / Math.max(bMin, 1)
    if (ratio !== 0) return Math.sign(ratio)
  }
  const [x, y] =
    a.weight > 0 && b.weight > 0
      ? [a.usage.memory / a.weight, b.usage.memory / b.weight]
      : a.weight === b.weight
        ? [a.usage.memory, b.usage.memory]
        : [-a.weight, -b.weight]
  return Math.sign(x - y) || byAge(a, b)
}

/** As Java's signum and comparison have it: what is no number is no difference. */
const sign = (x: number) => Math.sign(x) || 0

function dominantOrder(cluster: Resource): Compare {
  return (a, b) => {
    const x = dominant(a, cluster)
    const y = dominant(b, cluster)
    if (x.needy !== y.needy) return x.needy ? -1 : 1
    if (x.needy) {
      const ratio = (s: Standing, type: 'memory' | 'vcores') => s.usage[type] / s.minShare[type]
      const difference = sign(ratio(a, x.kind) - ratio(b, y.kind)) || sign(ratio(a, x.other) - ratio(b, y.other))
      return difference || byAge(a, b)
    }
    return sign(x.shares[x.kind] - y.shares[y.kind]) || sign(x.shares[x.other] - y.shares[y.other]) || byAge(a, b)
  }
}

function dominant(s: Standing, cluster: Resource) {
  const memory = s.usage.memory / cluster.memory
  const vcores = s.usage.vcores / cluster.vcores
  const [kind, other] = vcores > memory ? (['vcores', 'memory'] as const) : (['memory', 'vcores'] as const)
  return { kind, other, shares: { memory: memory / s.weight, vcores: vcores / s.weight }, needy: s.usage[kind] < s.minShare[kind] }
}

/** The same over any number of types, the largest shares compared first. */
function dominantOrderOf(cluster: Resource, names: readonly string[]): Compare {
  const float = Math.fround
  const standing = (s: Standing) => {
    const ratios = names.map((name) => {
      const ofCluster = float(amountOf(s.usage, name) / float(amountOf(cluster, name)))
      return { name, ofCluster, weighted: float(ofCluster / s.weight) }
    })
    const largest = ratios.reduce((most, r) => (r.ofCluster > most.ofCluster ? r : most)).name
    return { ratios: ratios.toSorted((p, q) => sign(q.ofCluster - p.ofCluster)), needy: amountOf(s.usage, largest) < amountOf(s.minShare, largest) }
  }
  return (a, b) => {
    const x = standing(a)
    const y = standing(b)
    if (x.needy !== y.needy) return x.needy ? -1 : 1
    const value = (s: Standing, r: (typeof x.ratios)[number]) => (x.needy ? float(amountOf(s.usage, r.name) / float(amountOf(s.minShare, r.name))) : r.weighted)
    for (const [i, r] of x.ratios.entries()) {
      const difference = sign(value(a, r) - value(b, y.ratios[i]!))
      if (difference !== 0) return difference
    }
    return byAge(a, b)
  }
}

/** In the order in which they are offered a node. */
export function inOrder<S extends Schedulable>(all: readonly S[], policy: FairPolicy, cluster: Resource, types: readonly string[]): S[] {
  if (all.length < 2) return [...all]
  const compare =
    policy === 'fair'
      ? fairOrder
      : policy === 'fifo'
        ? byAge
        : types.length === 0
          ? dominantOrder(cluster)
          : dominantOrderOf(cluster, [MEMORY, VCORES, ...types])
  return all
    .map((of) => ({ of, weight: of.weight, minShare: of.minShare, usage: of.usage, demand: of.demand }))
    .sort(compare)
    .map((s) => s.of)
}
