/** What holds under the fair scheduler beside what always does: what queues use and want is the sum of what is in them. */
import { add, NONE, type Resource } from '../../../common/records/index.js'
import type { SchedulerApplication } from '../attempt.js'
import type { FairQueue } from './queues.js'

/** What does not add up, one line for each. */
export function queueInvariants(queues: Iterable<FairQueue>, applications: ReadonlyMap<string, SchedulerApplication<FairQueue>>): string[] {
  const wrong: string[] = []
  const same = (a: Resource, b: Resource) => a.memory === b.memory && a.vcores === b.vcores
  for (const queue of queues) {
    let used = NONE
    let pending = NONE
    if (queue.isLeaf) {
      for (const application of applications.values()) {
        if (application.queue !== queue || !application.current) continue
        used = add(used, application.current.sumOfLive())
        pending = add(pending, application.current.sumOfAsks())
      }
    } else {
      for (const child of queue.children) {
        used = add(used, child.usage)
        pending = add(pending, child.books.total('pending'))
      }
    }
    if (!same(used, queue.usage)) wrong.push(`queue ${queue.path}: used is not the sum of what is in it`)
    const reserved = queue.leaves().flatMap((q) => [...q.applications.keys()].flatMap((a) => a.reservations()))
    if (reserved.length !== queue.counters.reservedContainers) wrong.push(`queue ${queue.path}: reservations are not those of its applications`)
    if (!same(pending, queue.books.total('pending'))) wrong.push(`queue ${queue.path}: pending is not the sum of what is in it`)
  }
  return wrong
}
