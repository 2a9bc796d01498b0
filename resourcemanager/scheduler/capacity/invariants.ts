/** What must always be true of the queues' books; the first thing to look at when a decision seems wrong. */
import { add, NONE, type Resource } from '../../../common/records/index.js'
import type { SchedulerApplication } from '../attempt.js'
import type { LeafQueue } from './leaf.js'
import type { ParentQueue } from './parent.js'
import type { CapacityQueue } from './queue.js'

export function queueInvariants(root: ParentQueue, applications: ReadonlyMap<string, SchedulerApplication<LeafQueue>>): string[] {
  const wrong: string[] = []
  const same = (a: Resource, b: Resource) => a.memory === b.memory && a.vcores === b.vcores
  for (const leaf of root.leaves()) {
    let used = NONE
    let reserved = NONE
    let pending = NONE
    for (const application of applications.values()) {
      const attempt = application.current
      if (application.queue !== leaf || !attempt) continue
      used = add(used, attempt.sumOfLive())
      for (const c of attempt.reservations()) reserved = add(reserved, c.resource)
      pending = add(pending, attempt.sumOfAsks())
    }
    if (!same(add(used, reserved), leaf.usage.total('used'))) wrong.push(`queue ${leaf.path}: used is not the sum of its containers and reservations`)
    if (!same(reserved, leaf.usage.total('reserved'))) wrong.push(`queue ${leaf.path}: reserved is not the sum of its reservations`)
    if (!same(pending, leaf.usage.total('pending'))) wrong.push(`queue ${leaf.path}: pending is not the sum of its asks`)
    wrong.push(...leaf.users.checkInvariants(leaf.path))
  }
  const check = (queue: CapacityQueue) => {
    if (queue.kind !== 'parent') return
    for (const kind of ['used', 'pending', 'reserved'] as const) {
      let sum = NONE
      for (const child of (queue as ParentQueue).children) sum = add(sum, child.usage.total(kind))
      if (!same(sum, queue.usage.total(kind))) wrong.push(`queue ${queue.path}: ${kind} is not the sum of its children's`)
    }
    for (const child of (queue as ParentQueue).children) check(child)
  }
  check(root)
  return wrong
}
