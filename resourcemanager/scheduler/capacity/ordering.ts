/** In which order a leaf queue serves its applications: FifoOrderingPolicy, FairOrderingPolicy, and that of those waiting to start. */
import { compareApplicationIds } from '../../../common/records/index.js'
import type { SchedulerAttempt } from '../attempt.js'

type Compare = (a: SchedulerAttempt, b: SchedulerAttempt) => number

const byInput: Compare = (a, b) => compareApplicationIds(a.id.applicationId, b.id.applicationId) || a.id.attemptId - b.id.attemptId
const byPriority: Compare = (a, b) => b.priority - a.priority
const byRecovery: Compare = (a, b) => Number(b.recovering) - Number(a.recovering)

const fifo: Compare = (a, b) => byPriority(a, b) || byInput(a, b)
export const pendingOrder: Compare = (a, b) => byRecovery(a, b) || fifo(a, b)

function fair(sizeBasedWeight: boolean): Compare {
  const demand = (s: SchedulerAttempt) => s.sortedUsed + s.sortedPending
  const magnitude = (s: SchedulerAttempt) => {
    if (!sizeBasedWeight || s.sortedUsed === 0) return s.sortedUsed
    const weight = Math.log1p(demand(s)) / Math.LN2
    return weight === 0 ? s.sortedUsed : s.sortedUsed / weight
  }
  return (a, b) => Math.sign(magnitude(a) - magnitude(b)) || Number(demand(a) === 0) - Number(demand(b) === 0) || byInput(a, b)
}

/** Attempts in order; those whose sort keys have changed are put in place again before the next look. */
export class Ordering {
  readonly #sorted: SchedulerAttempt[] = []
  readonly #stale = new Set<SchedulerAttempt>()

  constructor(
    readonly kind: 'fifo' | 'fair' | 'fifo-with-partitions' | 'pending',
    readonly compare: Compare,
    private readonly sizeBasedWeight = false,
  ) {}

  get size(): number {
    return this.#sorted.length
  }

  /** Those that may get nodes of the partition, in order. */
  inOrderFor(_partition: string): readonly SchedulerAttempt[] {
    return this.inOrder()
  }

  /** In order; not to be kept across changes. */
  inOrder(): readonly SchedulerAttempt[] {
    if (this.#stale.size === 0) return this.#sorted
    for (const s of this.#stale) {
      this.#take(s)
      s.sortedUsed = s.usage.total('used').memory
      s.sortedPending = s.usage.total('pending').memory
      this.add(s)
    }
    this.#stale.clear()
    return this.#sorted
  }

  add(s: SchedulerAttempt): void {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.compare(this.#sorted[middle]!, s) < 0) low = middle + 1
      else high = middle
    }
    this.#sorted.splice(low, 0, s)
  }

  remove(s: SchedulerAttempt): boolean {
    this.#stale.delete(s)
    return this.#take(s)
  }

  #take(s: SchedulerAttempt): boolean {
    const at = this.#sorted.indexOf(s)
    if (at < 0) return false
    this.#sorted.splice(at, 1)
    return true
  }

  usageChanged(s: SchedulerAttempt): void {
    if (this.kind === 'fair') this.#stale.add(s)
  }

  demandChanged(s: SchedulerAttempt): void {
    if (this.sizeBasedWeight) this.#stale.add(s)
  }
}

/** Nodes of some partitions go only to applications of their label; these get no others (FifoOrderingPolicyWithExclusivePartitions). */
class OrderingWithPartitions extends Ordering {
  constructor(private readonly exclusive: ReadonlySet<string>) {
    super('fifo-with-partitions', fifo)
  }

  override inOrderFor(partition: string): readonly SchedulerAttempt[] {
    const group = (p: string) => (this.exclusive.has(p) ? p : '')
    return this.inOrder().filter((s) => group(s.application.label ?? '') === group(partition))
  }
}

export function orderingPolicy(name: string, sizeBasedWeight: boolean, exclusivePartitions: ReadonlySet<string>): Ordering {
  if (name === 'fifo-with-partitions') return new OrderingWithPartitions(exclusivePartitions)
  return name === 'fair' ? new Ordering('fair', fair(sizeBasedWeight), sizeBasedWeight) : new Ordering('fifo', fifo)
}
