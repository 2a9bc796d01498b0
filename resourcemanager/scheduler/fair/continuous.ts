/** Nodes are offered again and again without waiting for their reports (FairScheduler.continuousSchedulingAttempt), as far as that can change anything. */
import { fitsIn } from '../../../common/records/index.js'
import { inMapOrder, type SchedulerNode } from '../node.js'
import type { FairScheduler } from './fair.js'

export class ContinuousScheduling {
  /** When the first thing changed since the last pass that had something to place; undefined: nothing has. */
  #changed: number | undefined
  #lastPass = 0

  constructor(
    private readonly scheduler: FairScheduler,
    private readonly offer: (node: SchedulerNode) => void,
  ) {}

  changed(): void {
    if (this.#changed === undefined || !this.scheduler.offersMatter()) this.#changed = this.scheduler.host.now
  }

  /** When the next pass is due; undefined: it would be as the last one. Time alone matters where nearer places are waited for. */
  next(): number | undefined {
    const { continuous, nodeDelay, rackDelay } = this.scheduler.options
    if (continuous === undefined || !this.scheduler.offersMatter()) return undefined
    const since = this.#changed ?? (nodeDelay >= 0 && rackDelay >= 0 ? this.#lastPass : undefined)
    // As a thread that makes a pass each time it wakes.
    return since === undefined ? undefined : (Math.floor(since / continuous) + 1) * continuous
  }

  tick(): void {
    const { now } = this.scheduler.host
    const due = this.next()
    if (due === undefined || due > now) return
    this.#changed = undefined
    this.#lastPass = now
    for (const node of this.#nodes()) if (fitsIn(this.scheduler.settings.minimumAllocation, node.available)) this.offer(node)
  }

  /** The freest first; of those that are equally free one, as in Hadoop's set of them. */
  #nodes(): SchedulerNode[] {
    const { cluster } = this.scheduler
    const byFree = new Map<number, SchedulerNode>()
    for (const node of inMapOrder(cluster.nodes.values(), cluster.size)) {
      if (node.usable && !byFree.has(node.available.memory)) byFree.set(node.available.memory, node)
    }
    return [...byFree.values()].sort((a, b) => b.available.memory - a.available.memory)
  }
}
