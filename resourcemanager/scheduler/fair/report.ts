/** What the fair scheduler says of its queues. */
import { NONE, type Resource } from '../../../common/records/index.js'
import type { QueueCapacities, QueueReport } from '../reports.js'
import { queueMetrics } from '../counters.js'
import type { FairScheduler } from './fair.js'
import type { FairQueue } from './queues.js'
import { computeShares } from './shares.js'

/** Shares as they would be if every child had something to run. */
function steadyShares(children: readonly FairQueue[], whole: Resource, parent: FairQueue, types: readonly string[]): Resource[] {
  const all = children.map(({ sortName, startTime, weight, minShare, maxShare }) => ({
    sortName,
    startTime,
    weight,
    minShare,
    maxShare,
    usage: NONE,
    demand: NONE,
    active: true,
    fairShare: NONE,
  }))
  computeShares(all, whole, parent.spec.policy, types)
  return all.map((s) => s.fairShare)
}

export function fairQueueReport(scheduler: FairScheduler, queue: FairQueue, steady = scheduler.cluster.total): QueueReport {
  const cluster = scheduler.cluster.total
  const of = (part: number, whole: number) => (whole === 0 ? 0 : Math.fround(part / whole))
  const { fairShare, usage, maxShare, spec, counters } = queue
  const share = of(fairShare.memory, cluster.memory)
  const maximum = Math.min(of(maxShare.memory, cluster.memory), 1)
  const capacities: QueueCapacities = {
    capacity: queue.parent ? of(fairShare.memory, queue.parent.fairShare.memory) : share,
    maximumCapacity: maximum,
    absoluteCapacity: share,
    absoluteMaximumCapacity: maximum,
    usedCapacity: of(usage.memory, fairShare.memory),
    absoluteUsedCapacity: of(usage.memory, cluster.memory),
    maximumAMResourcePercent: spec.maxAMShare,
    weight: spec.weight,
    normalizedWeight: 0,
    effectiveMin: fairShare,
    effectiveMax: maxShare,
  }
  const none = { memory: 0, vcores: 0 }
  const leaves = queue.leaves()
  const shares = steadyShares(queue.children, steady, queue, scheduler.resourceTypes)
  const withMaster = [...queue.applications.values()].filter((a) => a.amRunning).length
  const waiting = leaves.reduce((n, q) => n + q.waiting.size, 0)
  const active = leaves.reduce((n, q) => n + q.applications.size, 0)
  return {
    name: spec.name,
    path: queue.path,
    parent: queue.parent?.path,
    kind: queue.isLeaf ? 'leaf' : 'parent',
    state: 'RUNNING',
    submitAcl: spec.submitAcl ?? ' ',
    administerAcl: spec.administerAcl ?? ' ',
    children: queue.children.map((c, i) => fairQueueReport(scheduler, c, shares[i])),
    capacities,
    capacitiesByLabel: { '': capacities },
    labels: [],
    defaultNodeLabelExpression: undefined,
    effectiveMin: fairShare,
    effectiveMax: maxShare,
    used: usage,
    reserved: queue.books.total('reserved'),
    pending: queue.books.total('pending'),
    amUsed: queue.amUsed,
    amLimit: queue.isLeaf ? (queue.amLimit() ?? maxShare) : none,
    userAMLimit: none,
    minimumAllocation: scheduler.settings.minimumAllocation,
    maximumAllocation: queue.maxContainer ?? scheduler.settings.maximumAllocation,
    numApplications: active + waiting,
    activeApplications: active,
    pendingApplications: waiting,
    numContainers: queue.containers,
    reservedContainers: counters.reservedContainers,
    pendingContainers: counters.pendingContainers,
    maximumApplications: spec.maxRunningApps,
    maximumApplicationsPerUser: Number.MAX_SAFE_INTEGER,
    userLimit: 100,
    userLimitFactor: 1,
    users: [],
    usages: [],
    applications: queue.isLeaf ? [...queue.applications.keys(), ...queue.waiting.keys()].map((a) => a.id.applicationId) : [],
    orderingPolicy: spec.policy,
    preemptionDisabled: !scheduler.options.preemption || !queue.preemptionLimits.preemptable,
    intraQueuePreemptionDisabled: true,
    defaultPriority: 0,
    priority: 0,
    maximumLifetimeSeconds: -1,
    defaultLifetimeSeconds: -1,
    autoCreated: !queue.configured,
    autoCreateChildren: spec.parent,
    fair: {
      minShare: queue.minShare,
      fairShare,
      steadyFairShare: steady,
      demand: queue.demand,
      preemptable: queue.preemptionLimits.preemptable,
      withMaster,
      withoutMaster: active + waiting - withMaster,
    },
    metrics: queueMetrics(counters),
  }
}
