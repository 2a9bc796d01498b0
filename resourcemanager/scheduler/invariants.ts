/** What holds under every scheduler: nodes, their containers, what attempts hold and ask. */
import { add, NONE, type Resource } from '../../common/records/index.js'
import type { SchedulerApplication } from './attempt.js'
import type { SchedulerSettings } from './inputs.js'
import type { Cluster } from './node.js'

export function invariantsOf(settings: SchedulerSettings, cluster: Cluster, applications: ReadonlyMap<string, SchedulerApplication>): string[] {
  const wrong: string[] = []
  const same = (a: Resource, b: Resource) => a.memory === b.memory && a.vcores === b.vcores
  let total = NONE
  const seen = new Map<string, string>()
  for (const node of cluster.nodes.values()) {
    total = add(total, node.total)
    if (!same(node.total, add(node.allocated, node.available))) wrong.push(`node ${node.key}: total is not allocated plus available`)
    let sum = NONE
    for (const c of node.containers) {
      sum = add(sum, c.resource)
      const other = seen.get(c.key)
      if (other) wrong.push(`container ${c.key} is on ${other} and on ${node.key}`)
      seen.set(c.key, node.key)
    }
    if (!same(sum, node.allocated)) wrong.push(`node ${node.key}: allocated is not the sum of its containers`)
    const room = node.usable && settings.calculator.availableContainers(node.obtainable, settings.minimumAllocation) > 0
    if (room !== node.roomIndex >= 0) wrong.push(`node ${node.key}: wrongly ${room ? 'absent from' : 'among'} the nodes with room`)
  }
  if (!same(total, cluster.total)) wrong.push("the cluster's total is not the sum of its nodes")
  for (const [key, application] of applications) {
    const attempt = application.current
    if (!attempt) continue
    if (!same(attempt.sumOfLive(), attempt.usage.total('used'))) wrong.push(`application ${key}: used is not the sum of its containers`)
    if (!same(attempt.sumOfAsks(), attempt.usage.total('pending'))) wrong.push(`application ${key}: pending is not the sum of its asks`)
    for (const c of attempt.live.values()) {
      if (c.ended) wrong.push(`container ${c.key} has ended and is still counted`)
      if (!cluster.nodes.get(c.node.key)?.containers.has(c)) wrong.push(`container ${c.key} is live but not on its node`)
    }
  }
  return wrong
}
