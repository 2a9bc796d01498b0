/** The queues as the scheduler's own answer describes them, as properties of capacity-scheduler.xml. */
import type { QueueInfo } from './answers.js'

const PREFIX = 'yarn.scheduler.capacity.'

export interface ImportedConfiguration {
  readonly properties: Readonly<Record<string, string>>
  readonly notes: readonly string[]
}

const number = (value: number) => String(Math.round(value * 1000) / 1000)

export function configurationOf(root: QueueInfo): ImportedConfiguration {
  const properties: Record<string, string> = {}
  const notes: string[] = []
  if (root.type !== 'capacityScheduler') {
    notes.push(`the scheduler is ${root.type ?? 'unknown'}: its queues are not imported, give its own configuration with --conf`)
    return { properties, notes }
  }
  const visit = (queue: QueueInfo, path: string) => {
    const set = (name: string, value: string | number | undefined) => {
      if (value !== undefined) properties[`${PREFIX}${path}.${name}`] = typeof value === 'number' ? number(value) : value
    }
    const children = queue.queues?.queue ?? []
    if (children.length > 0) set('queues', children.map((c) => c.queueName).join(','))
    if (path !== 'root') {
      set('capacity', queue.capacity)
      set('maximum-capacity', queue.maxCapacity)
      set('state', queue.state === 'STOPPED' ? 'STOPPED' : undefined)
    }
    if (queue.isAbsoluteResource) notes.push(`${path} has an absolute capacity: its percentage of now is imported`)
    if (children.length === 0) {
      set('minimum-user-limit-percent', queue.userLimit)
      set('user-limit-factor', queue.userLimitFactor)
      set('maximum-applications', queue.maxApplications)
      set('ordering-policy', queue.orderingPolicyInfo === 'fair' ? 'fair' : undefined)
      const am = queue.capacities?.queueCapacitiesByPartition?.find((p) => !p.partitionName)?.maxAMLimitPercentage
      if (am !== undefined && am > 0) properties[`${PREFIX}${path}.maximum-am-resource-percent`] = number(am / 100)
    }
    for (const child of children) visit(child, `${path}.${child.queueName}`)
  }
  visit(root, 'root')
  notes.push('queues are imported as the scheduler tells of them: access lists, mappings of users to queues and node labels of queues are not told')
  return { properties, notes }
}
