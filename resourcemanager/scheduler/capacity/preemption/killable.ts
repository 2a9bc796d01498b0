/**
 * Lazy preemption: containers whose time is up go on until a container of another really takes their place (PreemptionManager, PreemptableQueue). What they
 * hold counts as free for others on the way down the tree of queues.
 */
import { add, NONE, type Resource, subtract } from '../../../../common/records/index.js'
import type { RMContainer } from '../../container.js'
import type { CapacityQueue } from '../queue.js'

interface InPartition {
  total: Resource
  readonly containers: Set<RMContainer>
}

/** Those of a queue and all below it. */
export class Killables {
  readonly #partitions = new Map<string, InPartition>()

  total(partition: string): Resource {
    return this.#partitions.get(partition)?.total ?? NONE
  }

  add(c: RMContainer, partition: string): void {
    let of = this.#partitions.get(partition)
    if (!of) this.#partitions.set(partition, (of = { total: NONE, containers: new Set() }))
    if (of.containers.has(c)) return
    of.containers.add(c)
    of.total = add(of.total, c.resource)
  }

  remove(c: RMContainer, partition: string): void {
    const of = this.#partitions.get(partition)
    if (of?.containers.delete(c)) of.total = subtract(of.total, c.resource)
  }
}

export const isKillable = (c: RMContainer): boolean => c.node.killable?.has(c) ?? false

export function markKillable(c: RMContainer, leaf: CapacityQueue): void {
  const { node } = c
  node.killable ??= new Set()
  node.killable.add(c)
  for (let q: CapacityQueue | undefined = leaf; q; q = q.parent) (q.killables ??= new Killables()).add(c, node.partition)
}

/** It has ended; its node knows of it as long as it holds room there. */
export function unmarkKillable(c: RMContainer, leaf: CapacityQueue): void {
  for (let q: CapacityQueue | undefined = leaf; q; q = q.parent) q.killables?.remove(c, c.node.partition)
}
