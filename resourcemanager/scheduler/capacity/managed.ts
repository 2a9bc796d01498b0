/**
 * Guarantees of the queues that are made below a parent as applications are mapped there (ManagedParentQueue,
 * GuaranteedOrZeroCapacityOverTimePolicy): each has what its template says or nothing, and keeps it while it has applications.
 */
import type { LeafQueue } from './leaf.js'
import type { ParentQueue } from './parent.js'

const float = Math.fround
const EPSILON = float(1e-4)
export const QUEUE_MANAGEMENT = 'org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.QueueManagementDynamicEditPolicy'

interface Change {
  readonly leaf: LeafQueue
  readonly label: string
  readonly active: boolean
}

export class ManagedQueues {
  /** Labels in which a leaf has its guarantee. */
  #active = new Map<LeafQueue, Set<string>>()
  /** The part of the whole that is guaranteed, by label. */
  #guaranteed = new Map<string, number>()

  constructor(private readonly parent: ParentQueue) {}

  /** What a new leaf is guaranteed: as its template says where that is left. */
  add(leaf: LeafQueue): void {
    for (const label of leaf.spec.labels.keys()) this.#set({ leaf, label, active: this.#left(label) >= this.#share(leaf, label) })
  }

  /** The template has changed: guarantees are given anew to those with applications. */
  restart(): void {
    this.#active = new Map()
    this.#guaranteed = new Map()
    this.manage()
  }

  /** Takes the guarantee from those without applications and gives it to those with, the oldest application first. @returns whether any has changed */
  manage(): boolean {
    const changes = this.#changes()
    for (const change of changes) this.#set(change)
    return changes.length > 0
  }

  get isDue(): boolean {
    return this.#changes().length > 0
  }

  #changes(): Change[] {
    const leaves = this.parent.children.filter((c) => c.autoCreated) as LeafQueue[]
    const [first] = leaves
    if (!first) return []
    return [...first.spec.labels.keys()].flatMap((label) => {
      const idle = leaves.filter((l) => this.#isActive(l, label) && l.numApplications === 0)
      const changes = idle.map((leaf): Change => ({ leaf, label, active: false }))
      const share = this.#share(first, label)
      const free = float(this.#left(label) + float(idle.length * share))
      if (share <= 0 || free < share) return changes
      const waiting = leaves
        .filter((l) => !this.#isActive(l, label) && l.oldestApplication !== undefined)
        .sort((a, b) => a.oldestApplication! - b.oldestApplication!)
      return [...changes, ...waiting.slice(0, Math.floor(free / share)).map((leaf): Change => ({ leaf, label, active: true }))]
    })
  }

  #isActive(leaf: LeafQueue, label: string): boolean {
    return this.#active.get(leaf)?.has(label) ?? false
  }

  #share(leaf: LeafQueue, label: string): number {
    return float((leaf.spec.labels.get(label)?.capacity ?? 0) * this.parent.share(label).absoluteCapacity)
  }

  #left(label: string): number {
    return float(this.parent.share(label).absoluteCapacity - (this.#guaranteed.get(label) ?? 0) + EPSILON)
  }

  #set({ leaf, label, active }: Change): void {
    const labels = this.#active.get(leaf) ?? new Set()
    this.#active.set(leaf, labels)
    if (active !== labels.has(label)) {
      const by = this.#share(leaf, label)
      this.#guaranteed.set(label, float((this.#guaranteed.get(label) ?? 0) + (active ? by : -by)))
      if (active) labels.add(label)
      else labels.delete(label)
    }
    leaf.guarantee(label, active)
  }
}
