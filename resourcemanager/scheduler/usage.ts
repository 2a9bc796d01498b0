/** What a queue, user or attempt uses, by partition (node label; '' is the default one). */
import { add, NONE, type Resource, subtract } from '../../common/records/index.js'

export interface PartitionUsage {
  used: Resource
  pending: Resource
  reserved: Resource
  amUsed: Resource
  amLimit: Resource
  userAMLimit: Resource
}

type Kind = 'used' | 'pending' | 'reserved' | 'amUsed'

const fresh = (): PartitionUsage => ({ used: NONE, pending: NONE, reserved: NONE, amUsed: NONE, amLimit: NONE, userAMLimit: NONE })

export class Usage {
  readonly #none = fresh()
  #labelled: Map<string, PartitionUsage> | undefined

  /** Of one partition; to be changed through `inc` and `dec`, limits directly. */
  of(partition: string): PartitionUsage {
    if (partition === '') return this.#none
    this.#labelled ??= new Map()
    let usage = this.#labelled.get(partition)
    if (!usage) this.#labelled.set(partition, (usage = fresh()))
    return usage
  }

  inc(kind: Kind, partition: string, by: Resource): void {
    const usage = this.of(partition)
    usage[kind] = add(usage[kind], by)
  }

  dec(kind: Kind, partition: string, by: Resource): void {
    const usage = this.of(partition)
    usage[kind] = subtract(usage[kind], by)
  }

  /** As it is now, partition by partition; the default one first. */
  report(): (PartitionUsage & { readonly partition: string })[] {
    return this.partitions().map((partition) => ({ partition, ...this.of(partition) }))
  }

  partitions(): string[] {
    return this.#labelled ? ['', ...this.#labelled.keys()] : ['']
  }

  /** Over all partitions. */
  total(kind: Kind): Resource {
    if (!this.#labelled) return this.#none[kind]
    let sum = this.#none[kind]
    for (const usage of this.#labelled.values()) sum = add(sum, usage[kind])
    return sum
  }
}
