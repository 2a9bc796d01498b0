/**
 * What an offer that came to nothing looked at: as long as nothing changes, offers of like nodes come to nothing as well. They need not be made;
 * what each would have counted (missed opportunities) is counted for all of them when the next one is made. Which nodes are like it, and what is
 * counted, each scheduler knows.
 */
import { componentwiseMax, componentwiseMin, type Resource } from '../../common/records/index.js'
import type { Ask } from './asks.js'

/** Gathers what one offer looks at. */
export class Looks {
  /** It hung on more of the node than its size. */
  nodeMattered = false
  /** Requests that the node had no room for. */
  readonly asks: Ask[] = []

  begin(): void {
    this.nodeMattered = false
    this.asks.length = 0
  }
}

export abstract class FutileOffer {
  /** Offers that were not made since the last one. */
  protected passed = 0
  readonly #asks: readonly Ask[]
  /** Of what the requests want, by resource; undefined: there were none. */
  protected readonly smallest: Resource | undefined
  protected readonly largest: Resource | undefined

  constructor(
    readonly changes: number,
    looks: Looks,
  ) {
    this.#asks = [...looks.asks]
    const sizes = this.#asks.map((a) => a.capability)
    this.smallest = sizes.length === 0 ? undefined : sizes.reduce(componentwiseMin)
    this.largest = sizes.length === 0 ? undefined : sizes.reduce(componentwiseMax)
  }

  /** Counts for a request so many offers that were not made. */
  protected abstract count(ask: Ask, offers: number): void

  /** Counts for the requests what the offers not made would have counted. */
  settle(): void {
    if (this.passed === 0) return
    for (const ask of this.#asks) this.count(ask, this.passed)
    this.passed = 0
  }
}
