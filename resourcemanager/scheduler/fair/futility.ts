/**
 * What an offer that came to nothing looked at, as the capacity scheduler's futility.ts: as long as nothing changes, offers of nodes without room
 * for any of it come to nothing as well. They need not be made; the missed opportunities of each are counted for all of them when the next one is
 * made, or when anything changes.
 */
import { componentwiseMax, componentwiseMin, fitsIn, type Resource } from '../../../common/records/index.js'
import type { Ask } from '../asks.js'
import type { SchedulerNode } from '../node.js'

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

export class Futility {
  /** Offers that were not made since. */
  #passed = 0
  readonly #asks: readonly Ask[]
  readonly #smallest: Resource | undefined
  readonly #largest: Resource | undefined

  constructor(
    readonly changes: number,
    looks: Looks,
  ) {
    this.#asks = [...looks.asks]
    const sizes = this.#asks.map((a) => a.capability)
    this.#smallest = sizes.length === 0 ? undefined : sizes.reduce(componentwiseMin)
    this.#largest = sizes.length === 0 ? undefined : sizes.reduce(componentwiseMax)
  }

  /** Whether an offer of the node would be futile too; if so it counts as made. */
  covers(node: SchedulerNode): boolean {
    if (!this.#smallest || !this.#largest) return true
    if (fitsIn(this.#smallest, node.available) || !fitsIn(this.#largest, node.total)) return false
    this.#passed++
    return true
  }

  /** Counts for the requests what the offers not made would have counted. */
  settle(): void {
    if (this.#passed === 0) return
    for (const ask of this.#asks) ask.opportunities += this.#passed
    this.#passed = 0
  }
}
