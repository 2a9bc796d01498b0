/** What a sweep found: plain data. */
import type { Unit } from '../report/format.js'
import type { Found, Method } from './search.js'

export interface Sweep extends Found {
  readonly workload: string
  /** What all candidates start from. */
  readonly configuration: string
  readonly goal: string
  readonly unit: Unit
  readonly better: 'less' | 'more'
  readonly method: Method
  readonly seeds: readonly number[]
  readonly axes: readonly { readonly name: string; readonly values: readonly string[] }[]
  /** The goal of the configuration as it is, seed by seed. */
  readonly start?: readonly number[]
  readonly startRefused?: string
}
