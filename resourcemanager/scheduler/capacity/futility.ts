/**
 * What an offer that came to nothing looked at: as long as nothing changes, offers of like nodes come to nothing as well. They need not be made;
 * what each would have counted (missed opportunities) is counted for all of them when the next one is made.
 */
import { componentwiseMax, componentwiseMin, type Resource } from '../../../common/records/index.js'
import type { Ask } from '../asks.js'
import type { ResourceCalculator } from '../calculator.js'
import type { SchedulerNode } from '../node.js'
import type { LeafQueue } from './leaf.js'

/** Gathers what one offer looks at. */
export class Looks {
  /** It hung on more of the node than its size. */
  nodeMattered = false
  /** Requests that the node had no room for, without more being reserved for them. */
  readonly asks: Ask[] = []
  /** Of these with reservations: how long they have waited decides whether they may have more. */
  readonly waiting: { readonly ask: Ask; readonly queue: LeafQueue }[] = []

  begin(): void {
    this.nodeMattered = false
    this.asks.length = 0
    this.waiting.length = 0
  }
}

export class Futility {
  /** Offers that were not made since the last one. */
  #passed = 0
  readonly #asks: readonly Ask[]
  readonly #waiting: Looks['waiting']
  readonly #smallest: Resource | undefined
  readonly #largest: Resource | undefined

  constructor(
    readonly changes: number,
    looks: Looks,
  ) {
    this.#asks = [...looks.asks]
    this.#waiting = [...looks.waiting]
    const sizes = this.#asks.map((a) => a.capability)
    this.#smallest = sizes.length === 0 ? undefined : sizes.reduce(componentwiseMin)
    this.#largest = sizes.length === 0 ? undefined : sizes.reduce(componentwiseMax)
  }

  /** Whether an offer of the node would be futile too; if so it counts as made. */
  covers(node: SchedulerNode, rc: ResourceCalculator, mayHaveMore: (queue: LeafQueue, ask: Ask) => boolean): boolean {
    if (this.#smallest && this.#largest) {
      if (rc.availableContainers(node.available, this.#smallest) > 0 || !rc.fitsIn(this.#largest, node.total)) return false
      for (const { ask, queue } of this.#waiting) if (mayHaveMore(queue, ask)) return false
      this.#passed++
    }
    return true
  }

  /** Counts for the requests what the offers not made would have counted. */
  settle(): void {
    if (this.#passed === 0) return
    for (const ask of this.#asks) {
      ask.opportunities += this.#passed
      ask.missedNonPartitioned += this.#passed
    }
    this.#passed = 0
  }
}
