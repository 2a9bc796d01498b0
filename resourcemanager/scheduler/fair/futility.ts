/** An offer of the fair scheduler that came to nothing. */
import { fitsIn } from '../../../common/records/index.js'
import type { Ask } from '../asks.js'
import { FutileOffer } from '../futility.js'
import type { SchedulerNode } from '../node.js'

export class Futility extends FutileOffer {
  /** Whether an offer of the node would be futile too; if so it counts as made. */
  covers(node: SchedulerNode): boolean {
    if (!this.smallest || !this.largest) return true
    if (fitsIn(this.smallest, node.available) || !fitsIn(this.largest, node.total)) return false
    this.passed++
    return true
  }

  protected count(ask: Ask, offers: number): void {
    ask.opportunities += offers
  }
}
