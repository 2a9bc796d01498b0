/** What a round of preemption has chosen, and how one more container is chosen (CapacitySchedulerPreemptionUtils). */
import { compareApplicationIds, componentwiseMax, fitsIn, NONE, type Resource, resource, subtract } from '../../../../common/records/index.js'
import type { ResourceCalculator } from '../../calculator.js'
import type { RMContainer } from '../../container.js'

/** What is to be obtained in each partition; one that is satisfied is taken out. */
export type ToObtain = Map<string, Resource>

export class Selection {
  readonly #chosen = new Set<RMContainer>()

  constructor(
    private readonly rc: ResourceCalculator,
    private readonly cluster: Resource,
    /** What may still be taken in this round. */
    public allowed: Resource,
  ) {}

  has(c: RMContainer): boolean {
    return this.#chosen.has(c)
  }

  all(): Iterable<RMContainer> {
    return this.#chosen
  }

  /** Chosen by a policy that keeps its own accounts. */
  add(c: RMContainer): void {
    this.#chosen.add(c)
  }

  /** Chooses the container when that brings its partition nearer to what is to be obtained. */
  take(c: RMContainer, toObtain: ToObtain, conservative: boolean): boolean {
    if (this.has(c)) return false
    const { rc, cluster } = this
    const { partition } = c.node
    const asked = toObtain.get(partition)
    if (!asked) return false
    // A type of which nothing is wanted must not count as satisfied.
    const wanted = withoutZeros(asked)
    toObtain.set(partition, wanted)
    if (!rc.anyAboveZero(wanted) || !(rc.name === 'default' ? rc.fitsIn(c.resource, this.allowed) : fitsIn(c.resource, this.allowed))) return false
    const left = subtract(wanted, c.resource)
    const helps = conservative ? !rc.anyZeroOrBelow(wanted) : rc.compare(cluster, componentwiseMax(left, NONE), componentwiseMax(wanted, NONE)) < 0
    if (!helps) return false
    this.allowed = subtract(this.allowed, c.resource)
    if (rc.compare(cluster, left, NONE) <= 0) toObtain.delete(partition)
    else toObtain.set(partition, left)
    this.#chosen.add(c)
    return true
  }
}

const orMinusOne = (n: number) => (n === 0 ? -1 : n)

function withoutZeros(r: Resource): Resource {
  const extended = r.extended && Object.fromEntries(Object.entries(r.extended).map(([name, n]) => [name, orMinusOne(n)]))
  return resource(orMinusOne(r.memory), orMinusOne(r.vcores), extended)
}

const latest = (a: RMContainer, b: RMContainer): number => {
  const [p, q] = [a.name().applicationAttemptId, b.name().applicationAttemptId]
  return compareApplicationIds(q.applicationId, p.applicationId) || q.attemptId - p.attemptId || b.name().id - a.name().id
}

/** By their ids, backwards. */
export const latestFirst = (containers: Iterable<RMContainer>): RMContainer[] => [...containers].sort(latest)

/** The least important first, of these the youngest. */
export const inOrderOfLoss = (containers: Iterable<RMContainer>): RMContainer[] =>
  [...containers].sort((a, b) => b.ask.priority - a.ask.priority || b.ask.allocationRequestId - a.ask.allocationRequestId || b.name().id - a.name().id)
