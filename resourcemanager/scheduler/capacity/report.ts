/** What the capacity scheduler says of its queues, and of applications whose masters wait. */
import { formatResource, NONE } from '../../../common/records/index.js'
import type { AMState, SchedulerAttempt } from '../attempt.js'
import { queueMetrics } from '../counters.js'
import type { QueueCapacities, QueueReport } from '../reports.js'
import { javaFloat } from './config.js'
import type { LeafQueue } from './leaf.js'
import type { ParentQueue } from './parent.js'
import type { PreemptionSettings } from './preemption/settings.js'
import type { CapacityQueue } from './queue.js'

function capacitiesOf(queue: CapacityQueue, partition: string): QueueCapacities {
  const s = queue.share(partition)
  const { spec } = queue
  const label = spec.labels.get(partition)
  return {
    capacity: s.capacity,
    maximumCapacity: s.maximumCapacity,
    absoluteCapacity: s.absoluteCapacity,
    absoluteMaximumCapacity: s.absoluteMaximumCapacity,
    usedCapacity: s.used,
    absoluteUsedCapacity: s.absoluteUsed,
    maximumAMResourcePercent: label || partition === '' ? (label?.amPercent ?? spec.maximumAMPercent) : 0,
    weight: -1,
    normalizedWeight: 0,
    effectiveMin: s.effectiveMin,
    effectiveMax: s.effectiveMax,
  }
}

/** `preempts`: how containers are taken back; undefined: not at all (yarn.resourcemanager.scheduler.monitor.enable). */
export function queueReport(queue: CapacityQueue, preempts: PreemptionSettings | undefined): QueueReport {
  const leaf = queue.kind === 'leaf' ? (queue as LeafQueue) : undefined
  const children = leaf ? [] : (queue as ParentQueue).children.map((c) => queueReport(c, preempts))
  const share = queue.share('')
  const own = queue.usage.of('')
  const c = queue.counters
  return {
    name: queue.name,
    path: queue.path,
    parent: queue.parent?.path,
    kind: queue.kind,
    state: queue.state,
    submitAcl: queue.spec.submitAcl,
    administerAcl: queue.spec.administerAcl,
    children,
    capacities: capacitiesOf(queue, ''),
    capacitiesByLabel: Object.fromEntries([...queue.shares.keys()].map((label) => [label, capacitiesOf(queue, label)])),
    labels: [...queue.spec.accessibleLabels],
    defaultNodeLabelExpression: queue.spec.defaultLabel,
    effectiveMin: share.effectiveMin,
    effectiveMax: share.effectiveMax,
    // What Hadoop calls a queue's use is that of the default partition; the others' is among the capacities by label.
    used: own.used,
    reserved: queue.usage.total('reserved'),
    pending: queue.usage.total('pending'),
    amUsed: leaf ? own.amUsed : NONE,
    amLimit: leaf ? own.amLimit : NONE,
    userAMLimit: leaf ? own.userAMLimit : NONE,
    minimumAllocation: queue.minimumAllocation,
    maximumAllocation: queue.spec.maximumAllocation,
    numApplications: leaf ? leaf.applicationCount : queue.numApplications,
    activeApplications: leaf ? leaf.active.size : children.reduce((n, q) => n + q.activeApplications, 0),
    pendingApplications: leaf ? leaf.pending.size + leaf.nonRunnable.size : children.reduce((n, q) => n + q.pendingApplications, 0),
    numContainers: queue.numContainers,
    reservedContainers: c.reservedContainers,
    pendingContainers: c.pendingContainers,
    maximumApplications: leaf?.maximumApplications ?? 0,
    maximumApplicationsPerUser: leaf?.maximumApplicationsPerUser ?? 0,
    userLimit: queue.spec.userLimit,
    userLimitFactor: queue.spec.userLimitFactor,
    users: leaf
      ? [...leaf.users.all()].map((u) => ({
          user: u.name,
          used: u.usage.total('used'),
          amUsed: u.usage.total('amUsed'),
          userLimit: u.limit ?? NONE,
          activeApplications: u.activeApplications,
          pendingApplications: u.pendingApplications,
          weight: u.weight,
          wanting: u.wanting.size > 0,
          usages: u.usage.report(),
        }))
      : [],
    usages: queue.usage.report(),
    applications: leaf ? [...leaf.attempts].map((a) => a.id.applicationId) : [],
    orderingPolicy: leaf ? leaf.active.kind : queue.spec.respectPriority ? 'priority-utilization' : 'utilization',
    preemptionDisabled: !preempts || queue.spec.preemptionDisabled,
    intraQueuePreemptionDisabled: !preempts?.withinQueues.enabled || queue.spec.preemptionDisabled || queue.spec.intraQueuePreemptionDisabled,
    defaultPriority: queue.spec.defaultApplicationPriority,
    priority: queue.spec.priority,
    maximumLifetimeSeconds: queue.spec.maximumLifetime,
    defaultLifetimeSeconds: queue.spec.defaultLifetime,
    autoCreated: queue.autoCreated,
    autoCreateChildren: queue.spec.autoCreate,
    metrics: queueMetrics(c),
  }
}

/** Which limits an application master waits for, in Hadoop's words: as they are now, made text when somebody asks. */
export function waitDetails(held: SchedulerAttempt, state: AMState): (() => string) | undefined {
  if (state !== 'INACTIVATED' && state !== 'ACTIVATED') return undefined
  const queue = held.queue as LeafQueue
  const p = held.amPartition
  const partition = p === '' ? '<DEFAULT_PARTITION>' : p
  const usage = queue.usage.of(p)
  if (state === 'INACTIVATED') {
    const { amResource } = held
    const { amLimit, amUsed } = usage
    const userLimit = queue.userAMLimit(p, held.user)
    return () =>
      ` Details : AM Partition = ${partition}; AM Resource Request = ${formatResource(amResource)}; ` +
      `Queue Resource Limit for AM = ${formatResource(amLimit)}; User AM Resource Limit of the queue = ${formatResource(userLimit)}; ` +
      `Queue AM Resource Usage = ${formatResource(amUsed)}; `
  }
  const { absoluteCapacity, absoluteUsed, absoluteMaximumCapacity, effectiveMin, effectiveMax } = queue.share(p)
  const { used } = usage
  const whole = queue.partitionTotal(p)
  const percent = (fraction: number) => javaFloat(Math.fround(fraction * 100))
  return () =>
    ` Details : AM Partition = ${partition} ; Partition Resource = ${formatResource(whole)} ; ` +
    `Queue's Absolute capacity = ${percent(absoluteCapacity)} % ; Queue's Absolute used capacity = ${percent(absoluteUsed)} % ; ` +
    `Queue's Absolute max capacity = ${percent(absoluteMaximumCapacity)} % ; ` +
    `Queue's capacity (absolute resource) = ${formatResource(effectiveMin)} ; ` +
    `Queue's used capacity (absolute resource) = ${formatResource(used)} ; ` +
    `Queue's max capacity (absolute resource) = ${formatResource(effectiveMax)} ; `
}
