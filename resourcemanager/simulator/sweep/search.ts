/** How a sweep goes about it: everything, a sample, a search along one range, or ever fewer with ever more seeds. */
import { ConfigurationError } from '../../../common/config/configuration.js'
import { randomOf } from '../engine/random.js'
import { type Interval, mean, pairedInterval } from '../report/statistics.js'
import { type Axis, type Settings, grid, numberText } from './space.js'

export const METHODS = ['grid', 'random', 'golden', 'halving'] as const
export type Method = (typeof METHODS)[number]

export interface Tried {
  readonly settings: Settings
  /** The goal, seed by seed. */
  readonly bySeed: readonly number[]
  readonly interval: Interval
}

export interface Refused {
  readonly settings: Settings
  readonly reason: string
}

export interface Search {
  readonly method: Method
  readonly axes: readonly Axis[]
  readonly better: 'less' | 'more'
  readonly seeds: readonly number[]
  /** Most candidates that are run; default: all of the grid, 12 of a search. */
  readonly budget?: number
  /**
   * Runs candidates with the seeds.
   * @returns the goal for each candidate and seed, or why the candidate can't be run
   */
  readonly evaluate: (candidates: readonly Settings[], seeds: readonly number[]) => Promise<readonly (readonly number[] | { readonly refused: string })[]>
}

export interface Found {
  /** The best first. */
  readonly tried: readonly Tried[]
  readonly refused: readonly Refused[]
}

const BUDGET = 12
const GOLDEN = (Math.sqrt(5) - 1) / 2

export async function search(s: Search): Promise<Found> {
  const all = s.method === 'golden' ? [] : grid(s.axes)
  switch (s.method) {
    case 'grid':
      return tryAll(s, s.budget === undefined ? all : all.slice(0, s.budget), s.seeds)
    case 'random':
      return tryAll(s, sample(all, s.budget ?? BUDGET, s.seeds[0]!), s.seeds)
    case 'golden':
      return golden(s)
    case 'halving':
      return halving(s, sample(all, s.budget ?? all.length, s.seeds[0]!))
  }
}

/** Without repetition, in the grid's order. */
function sample(all: readonly Settings[], count: number, seed: number): Settings[] {
  if (count >= all.length) return [...all]
  const random = randomOf(seed, 'sweep')
  const left = all.map((_, i) => i)
  const taken: number[] = []
  while (taken.length < count) taken.push(left.splice(random.int(left.length), 1)[0]!)
  return taken.sort((a, b) => a - b).map((i) => all[i]!)
}

function ranked(tried: readonly Tried[], better: Search['better']): Tried[] {
  const sign = better === 'less' ? 1 : -1
  // What has no number (no such queue, nothing measured) comes last.
  const value = (t: Tried) => (Number.isNaN(t.interval.mean) ? Number.POSITIVE_INFINITY : sign * t.interval.mean)
  return tried
    .map((t, i) => ({ t, i }))
    .sort((a, b) => value(a.t) - value(b.t) || a.i - b.i)
    .map(({ t }) => t)
}

async function tryAll(s: Search, candidates: readonly Settings[], seeds: readonly number[]): Promise<Found> {
  const answers = await s.evaluate(candidates, seeds)
  const tried: Tried[] = []
  const refused: Refused[] = []
  for (const [i, answer] of answers.entries()) {
    const settings = candidates[i]!
    if ('refused' in answer) refused.push({ settings, reason: answer.refused })
    else tried.push({ settings, bySeed: answer, interval: pairedInterval(answer) })
  }
  return { tried: ranked(tried, s.better), refused }
}

/** Half of the candidates stay in each round, with twice the seeds, until one round has had all seeds. */
async function halving(s: Search, candidates: readonly Settings[]): Promise<Found> {
  let seeds = 1
  let left = candidates
  const out: Tried[] = []
  const refused: Refused[] = []
  for (;;) {
    const round = await tryAll(s, left, s.seeds.slice(0, seeds))
    refused.push(...round.refused)
    if (seeds >= s.seeds.length || round.tried.length <= 1) return { tried: [...round.tried, ...out], refused }
    const keep = Math.max(1, Math.ceil(round.tried.length / 2))
    out.unshift(...round.tried.slice(keep))
    left = round.tried.slice(0, keep).map((t) => t.settings)
    seeds = Math.min(seeds * 2, s.seeds.length)
  }
}

/** Golden-section search along one range, on its steps; finds the best where there is one valley (or hill). */
async function golden(s: Search): Promise<Found> {
  const [axis, ...others] = s.axes
  if (!axis?.range || others.length > 0) throw new ConfigurationError('--method golden goes along one range: give one --vary PROPERTY=FROM..TO/STEP')
  const last = axis.values.length - 1
  const { from, step } = axis.range
  const known = new Map<number, number>()
  const tried: Tried[] = []
  const refused: Refused[] = []
  const sign = s.better === 'less' ? 1 : -1
  const at = async (place: number): Promise<number> => {
    const before = known.get(place)
    if (before !== undefined) return before
    const settings = { [axis.name]: numberText(from + place * step) }
    const found = await tryAll(s, [settings], s.seeds)
    tried.push(...found.tried)
    refused.push(...found.refused)
    const value = found.tried[0] ? sign * mean(found.tried[0].bySeed) : Number.POSITIVE_INFINITY
    known.set(place, Number.isNaN(value) ? Number.POSITIVE_INFINITY : value)
    return known.get(place)!
  }
  let [low, high] = [0, last]
  const budget = s.budget ?? BUDGET
  while (high - low > 2 && known.size < budget) {
    const a = Math.round(high - GOLDEN * (high - low))
    const b = Math.max(a + 1, Math.round(low + GOLDEN * (high - low)))
    if ((await at(a)) <= (await at(b))) high = b
    else low = a
  }
  for (let place = low; place <= high && known.size < budget; place++) await at(place)
  return { tried: ranked(tried, s.better), refused }
}
