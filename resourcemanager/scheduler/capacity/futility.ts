/** An offer of the capacity scheduler that came to nothing. */
import type { Ask } from '../asks.js'
import type { ResourceCalculator } from '../calculator.js'
import { FutileOffer, Looks as CommonLooks } from '../futility.js'
import type { SchedulerNode } from '../node.js'
import type { LeafQueue } from './leaf.js'

/** Requests without room are those without more being reserved for them. */
export class Looks extends CommonLooks {
  /** Of these with reservations: how long they have waited decides whether they may have more. */
  readonly waiting: { readonly ask: Ask; readonly queue: LeafQueue }[] = []

  override begin(): void {
    super.begin()
    this.waiting.length = 0
  }
}

export class Futility extends FutileOffer {
  readonly #waiting: Looks['waiting']

  constructor(changes: number, looks: Looks) {
    super(changes, looks)
    this.#waiting = [...looks.waiting]
  }

  /** Whether an offer of the node would be futile too; if so it counts as made. */
  covers(node: SchedulerNode, rc: ResourceCalculator, mayHaveMore: (queue: LeafQueue, ask: Ask) => boolean): boolean {
    if (this.smallest && this.largest) {
      if (rc.availableContainers(node.available, this.smallest) > 0 || !rc.fitsIn(this.largest, node.total)) return false
      for (const { ask, queue } of this.#waiting) if (mayHaveMore(queue, ask)) return false
      this.passed++
    }
    return true
  }

  protected count(ask: Ask, offers: number): void {
    ask.opportunities += offers
    ask.missedNonPartitioned += offers
  }
}
