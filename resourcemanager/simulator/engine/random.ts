/** Seeded randomness: a stream of its own for each thing that draws, so that one more draw here changes nothing there. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { Distribution } from '../workload.js'

export interface Random {
  /** In [0, 1). */
  next(): number
  /** In [0, below). */
  int(below: number): number
  draw(d: Distribution): number
}

/** FNV-1a over the stream's name, mixed with the seed. */
function seedOf(seed: number, stream: string): number {
  let hash = 0x811c9dc5 ^ (seed | 0)
  for (let i = 0; i < stream.length; i++) hash = Math.imul(hash ^ stream.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39)
  return (hash ^ (hash >>> 15) ^ Math.floor(seed / 2 ** 32)) | 0
}

export function randomOf(seed: number, stream: string): Random {
  const generator = xoroshiro128plus(seedOf(seed, stream))
  const next = () => uniformFloat64(generator)
  return { next, int: (below) => Math.floor(next() * below), draw: (d) => draw(d, next) }
}

/** Standard normal (Box and Muller). */
function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
}

function draw(d: Distribution, next: () => number): number {
  if (typeof d === 'number') return d
  switch (d.kind) {
    case 'uniform':
      return d.min + (d.max - d.min) * next()
    case 'normal':
      return d.mean + d.deviation * normal(next)
    case 'lognormal': {
      // Mean and deviation are the quantity's own, not its logarithm's.
      const variance = Math.log(1 + (d.deviation / d.mean) ** 2)
      return Math.exp(Math.log(d.mean) - variance / 2 + Math.sqrt(variance) * normal(next))
    }
    case 'exponential':
      return -d.mean * Math.log(1 - next())
    case 'pareto':
      return d.minimum / (1 - next()) ** (1 / d.shape)
    case 'discrete':
      return pick(d.values, d.weights, next)
  }
}

function pick(values: readonly number[], weights: readonly number[], next: () => number): number {
  let left = next() * weights.reduce((sum, w) => sum + w, 0)
  for (const [i, weight] of weights.entries()) {
    left -= weight
    if (left < 0) return values[i]!
  }
  return values.at(-1)!
}

/** Milliseconds, whole and not negative. */
export const millis = (random: Random, d: Distribution | undefined): number => (d === undefined ? 0 : Math.max(0, Math.round(random.draw(d))))
