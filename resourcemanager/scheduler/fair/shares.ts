/** Fair shares and the orders that follow from them (ComputeFairShares, FairSharePolicy, DominantResourceFairnessPolicy, FifoPolicy). */
import type { Resource } from '../../../common/records/index.js'
import type { FairPolicy } from './allocations.js'

/** What takes part: a queue among queues, or an application in a queue. */
export interface Schedulable {
  readonly sortName: string
  readonly startTime: number
  readonly priority: number
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
type Kind = 'memory' | 'vcores'

/** Each one's share of the whole, by weight, within its minimum and maximum. */
export function computeShares(all: readonly Schedulable[], whole: Resource, policy: FairPolicy): void {
  for (const s of all) s.fairShare = { memory: 0, vcores: 0 }
  if (policy === 'fifo') {
    // The first gets all that there is.
    const first = all.reduce<Schedulable | undefined>((best, s) => (!best || s.startTime < best.startTime ? s : best), undefined)
    if (first) first.fairShare = whole
    return
  }
  share(all, whole.memory, 'memory')
  if (policy === 'drf') share(all, whole.vcores, 'vcores')
  else for (const s of all) s.fairShare = { memory: s.fairShare.memory, vcores: s.fairShare.memory > 0 ? 1 : 0 }
}

function share(all: readonly Schedulable[], whole: number, kind: Kind): void {
  let taken = 0
  const open: Schedulable[] = []
  for (const s of all) {
    const fixed = s.maxShare[kind] <= 0 || !s.active ? 0 : s.weight <= 0 ? Math.max(s.minShare[kind], 0) : undefined
    if (fixed === undefined) open.push(s)
    else {
      s.fairShare = { ...s.fairShare, [kind]: fixed }
      taken += fixed
    }
  }
  if (open.length === 0) return
  const of = (s: Schedulable, ratio: number) => Math.trunc(Math.min(Math.max(s.weight * ratio, s.minShare[kind]), s.maxShare[kind]))
  const sum = (ratio: number) => open.reduce((n, s) => n + of(s, ratio), 0)
  const total = Math.min(
    open.reduce((n, s) => n + s.maxShare[kind], 0),
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
  for (const s of open) s.fairShare = { ...s.fairShare, [kind]: of(s, right) }
}

type Compare = (a: Schedulable, b: Schedulable) => number

const byAge: Compare = (a, b) => Math.sign(a.startTime - b.startTime) || (a.sortName < b.sortName ? -1 : a.sortName > b.sortName ? 1 : 0)

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

function dominantOrder(cluster: () => Resource): Compare {
  return (a, b) => {
    const whole = cluster()
    const shares = (s: Schedulable) => {
      const memory = s.usage.memory / Math.max(whole.memory, 1)
      const vcores = s.usage.vcores / Math.max(whole.vcores, 1)
      const kind: Kind = vcores > memory ? 'vcores' : 'memory'
      return { kind, dominant: Math.max(memory, vcores) / s.weight, other: Math.min(memory, vcores) / s.weight }
    }
    const x = shares(a)
    const y = shares(b)
    const aNeedy = a.usage[x.kind] < a.minShare[x.kind]
    const bNeedy = b.usage[y.kind] < b.minShare[y.kind]
    if (aNeedy !== bNeedy) return aNeedy ? -1 : 1
    if (aNeedy) {
      const ratio = a.usage[x.kind] / a.minShare[x.kind] - b.usage[y.kind] / b.minShare[y.kind]
      if (ratio !== 0) return Math.sign(ratio)
    }
    return Math.sign(x.dominant - y.dominant) || Math.sign(x.other - y.other) || byAge(a, b)
  }
}

const fifoOrder: Compare = (a, b) => b.priority - a.priority || byAge(a, b)

export function orderOf(policy: FairPolicy, cluster: () => Resource): Compare {
  return policy === 'fair' ? fairOrder : policy === 'drf' ? dominantOrder(cluster) : fifoOrder
}
