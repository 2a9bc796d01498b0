/** The queues as REST gives them (webapp.dao.{CapacitySchedulerInfo,CapacitySchedulerLeafQueueInfo,FairSchedulerInfo,FifoSchedulerInfo}). */
import { formatContainerId, formatNodeId } from '../../common/records/ids.js'
import { NONE, type Resource, componentwiseMin, isNone } from '../../common/records/resource.js'
import type { HealthOperation, HealthReport, PartitionUsageReport, QueueCapacities, QueueReport, QueueUserReport } from '../core/index.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { absoluteResource, capacityConfig, isAbsolute } from '../scheduler/capacity/config.js'
import { resourceInfo } from './app-info.js'
import { schedulerName } from './context.js'
import { Kind, type Tree, double, float } from './render.js'

/** CapacitySchedulerQueueInfo.EPSILON */
const EPSILON = 1e-8

const percent = (fraction: number) => float(fraction * 100)

export function schedulerInfo(rm: ResourceManager): Tree {
  const root = rm.core.queues()
  const name = schedulerName(rm)
  if (name === 'FifoScheduler') return { schedulerInfo: fifoInfo(rm, root) }
  if (name === 'FairScheduler') return { schedulerInfo: { type: new Kind('fairScheduler'), rootQueue: fairQueueInfo(rm, root) } }
  return { schedulerInfo: capacityInfo(rm, root) }
}

function capacityInfo(rm: ResourceManager, root: QueueReport): Tree {
  const info = (r: Resource) => resourceInfo(rm, r)
  return {
    type: new Kind('capacityScheduler'),
    capacity: percent(root.capacities.capacity),
    usedCapacity: percent(root.capacities.usedCapacity),
    maxCapacity: percent(root.capacities.maximumCapacity),
    queueName: root.name,
    isAbsoluteResource: false,
    queues: root.children.length > 0 ? { queue: root.children.map((q) => queueInfo(rm, q)) } : undefined,
    capacities: capacitiesInfo(rm, root),
    health: healthInfo(rm),
    maximumAllocation: info(root.maximumAllocation),
    queueAcls: aclsInfo(root),
    queuePriority: root.priority,
    orderingPolicyInfo: root.orderingPolicy,
  }
}

function queueInfo(rm: ResourceManager, q: QueueReport): Tree {
  const info = (r: Resource) => resourceInfo(rm, r)
  const leaf = q.kind === 'leaf'
  const shared = {
    type: leaf ? new Kind('capacitySchedulerLeafQueueInfo') : undefined,
    capacity: percent(q.capacities.capacity),
    usedCapacity: percent(q.capacities.usedCapacity),
    maxCapacity: percent(q.capacities.maximumCapacity),
    absoluteCapacity: percent(q.capacities.absoluteCapacity),
    absoluteMaxCapacity: percent(q.capacities.absoluteMaximumCapacity),
    absoluteUsedCapacity: percent(q.capacities.absoluteUsedCapacity),
    numApplications: q.numApplications,
    queueName: q.name,
    isAbsoluteResource: absolute(rm, q.path, '', 'capacity') !== undefined,
    state: q.state,
    queues: q.children.length > 0 ? { queue: q.children.map((c) => queueInfo(rm, c)) } : undefined,
    resourcesUsed: info(q.used),
    hideReservationQueues: false,
    nodeLabels: q.labels,
    allocatedContainers: q.numContainers,
    reservedContainers: q.reservedContainers,
    pendingContainers: q.pendingContainers,
    capacities: capacitiesInfo(rm, q),
    resources: usagesInfo(rm, q.usages),
    minEffectiveCapacity: info(q.effectiveMin),
    maxEffectiveCapacity: info(q.effectiveMax),
    maximumAllocation: info(q.maximumAllocation),
    queueAcls: aclsInfo(q),
    queuePriority: q.priority,
    orderingPolicyInfo: q.orderingPolicy,
    autoCreateChildQueueEnabled: q.autoCreateChildren,
    leafQueueTemplate: {},
  }
  if (!leaf) return shared
  return {
    ...shared,
    numActiveApplications: q.activeApplications,
    numPendingApplications: q.pendingApplications,
    numContainers: q.numContainers,
    maxApplications: q.maximumApplications,
    maxApplicationsPerUser: q.maximumApplicationsPerUser,
    userLimit: q.userLimit,
    users: q.users.length > 0 ? { user: q.users.map((u) => userInfo(rm, u)) } : {},
    userLimitFactor: float(q.userLimitFactor),
    configuredMaxAMResourceLimit: double(q.capacities.maximumAMResourcePercent),
    AMResourceLimit: info(q.amLimit),
    usedAMResource: info(q.amUsed),
    userAMResourceLimit: info(q.users[0]?.usages[0]?.amLimit ?? q.amLimit),
    preemptionDisabled: q.preemptionDisabled,
    intraQueuePreemptionDisabled: q.intraQueuePreemptionDisabled,
    defaultPriority: q.defaultPriority,
    isAutoCreatedLeafQueue: q.autoCreated,
    maxApplicationLifetime: q.maximumLifetimeSeconds,
    defaultApplicationLifetime: q.defaultLifetimeSeconds,
  }
}

function userInfo(rm: ResourceManager, u: QueueUserReport): Tree {
  const info = (r: Resource) => resourceInfo(rm, r)
  return {
    username: u.user,
    resourcesUsed: info(u.used),
    numPendingApplications: u.pendingApplications,
    numActiveApplications: u.activeApplications,
    AMResourceUsed: info(u.amUsed),
    userResourceLimit: info(u.userLimit),
    // What is reserved and wanted is kept for queues only.
    resources: usagesInfo(
      rm,
      u.usages.map((p) => ({ ...p, reserved: NONE, pending: NONE, userAMLimit: NONE })),
    ),
    userWeight: float(u.weight),
    isActive: u.wanting,
  }
}

function usagesInfo(rm: ResourceManager, usages: readonly PartitionUsageReport[]): Tree {
  const info = (r: Resource) => resourceInfo(rm, r)
  return {
    resourceUsagesByPartition: usages.map((p) => ({
      partitionName: p.partition,
      used: info(p.used),
      reserved: info(p.reserved),
      pending: info(p.pending),
      amUsed: info(p.amUsed),
      amLimit: info(p.amLimit),
      userAmLimit: info(p.userAMLimit),
    })),
  }
}

/** The amount that a queue's capacity is configured as, when it is one. */
function absolute(rm: ResourceManager, path: string, partition: string, property: string): Resource | undefined {
  const text = capacityConfig(rm.schedulerConf)
    .queue(path)
    .get(partition === '' ? property : `accessible-node-labels.${partition}.${property}`)
  return text !== undefined && isAbsolute(text) ? absoluteResource(text, path) : undefined
}

function capacitiesInfo(rm: ResourceManager, q: QueueReport): Tree {
  const byLabel = Object.entries(q.capacitiesByLabel)
  const all: (readonly [string, QueueCapacities])[] = byLabel.length > 0 ? byLabel : [['', q.capacities]]
  const isRoot = q.parent === undefined
  const limits = { min: q.minimumAllocation, max: q.maximumAllocation }
  // The root's is the cluster; only absolute capacities are configured as resources.
  const configured = (effective: Resource, partition: string, property: string) =>
    isRoot && !isNone(effective) ? resourceInfo(rm, effective) : resourceInfo(rm, absolute(rm, q.path, partition, property) ?? NONE, limits)
  // What has none of a label has the limits of a request instead.
  const effective = (r: Resource, partition: string) => (partition !== '' && isNone(r) ? resourceInfo(rm, NONE, limits) : resourceInfo(rm, r))
  return {
    queueCapacitiesByPartition: all.map(([partition, c]) => ({
      partitionName: partition,
      capacity: percent(c.capacity),
      usedCapacity: percent(c.usedCapacity),
      // Nothing said is no limit.
      maxCapacity: percent(c.maximumCapacity < EPSILON || c.maximumCapacity > 1 ? 1 : c.maximumCapacity),
      absoluteCapacity: percent(c.absoluteCapacity),
      absoluteUsedCapacity: percent(c.absoluteUsedCapacity),
      absoluteMaxCapacity: percent(c.absoluteMaximumCapacity),
      maxAMLimitPercentage: percent(isRoot ? 0 : c.maximumAMResourcePercent),
      weight: c.weight > 0 ? float(c.weight) : undefined,
      normalizedWeight: c.weight > 0 ? float(c.normalizedWeight) : undefined,
      configuredMinResource: configured(c.effectiveMin, partition, 'capacity'),
      configuredMaxResource: configured(c.effectiveMax, partition, 'maximum-capacity'),
      effectiveMinResource: effective(c.effectiveMin, partition),
      effectiveMaxResource: effective(c.effectiveMax, partition),
    })),
  }
}

function healthInfo(rm: ResourceManager): Tree {
  const h = rm.core.health()!
  const last = (operation: string, did: HealthOperation | undefined) => ({
    operation,
    nodeId: did ? formatNodeId(did.nodeId) : 'N/A',
    containerId: did ? formatContainerId(did.containerId) : 'N/A',
    queue: did?.queue ?? 'N/A',
  })
  const run = (operation: string, { count, resource }: HealthReport['releases']) => ({ operation, count, resources: resourceInfo(rm, resource) })
  return {
    lastrun: h.lastRun,
    operationsInfo: [
      last('last-allocation', h.allocation),
      last('last-release', h.release),
      last('last-preemption', h.preemption),
      last('last-reservation', h.reservation),
    ],
    lastRunDetails: [run('releases', h.releases), run('allocations', h.allocations), run('reservations', h.reservations)],
  }
}

function aclsInfo(q: QueueReport): Tree {
  return {
    queueAcl: [
      { accessType: 'SUBMIT_APP', accessControlList: aclText(q.submitAcl) },
      { accessType: 'ADMINISTER_QUEUE', accessControlList: aclText(q.administerAcl) },
      { accessType: 'APPLICATION_MAX_PRIORITY', accessControlList: '*' },
    ],
  }
}

/** AccessControlList.getAclString(): users and groups, either of which may be none. */
function aclText(acl: string): string {
  if (acl.trim() === '*') return '*'
  const [users = '', groups = ''] = acl.split(' ')
  return `${users} ${groups}`
}

/** Java's greatest int: no limit. */
const INT_MAX = 2_147_483_647

function fairQueueInfo(rm: ResourceManager, q: QueueReport): Tree {
  const info = (r: Resource) => resourceInfo(rm, r)
  const cluster = rm.core.clusterResource()
  const { minShare, fairShare, steadyFairShare, demand, preemptable, withMaster, withoutMaster } = q.fair!
  const leaf = q.kind === 'leaf'
  return {
    type: leaf ? new Kind('fairSchedulerLeafQueueInfo') : undefined,
    maxApps: Math.min(q.maximumApplications, INT_MAX),
    minResources: isNone(minShare) ? resourceInfo(rm, NONE, { min: q.minimumAllocation, max: q.maximumAllocation }) : info(minShare),
    maxResources: info(componentwiseMin(q.effectiveMax, cluster)),
    usedResources: info(q.used),
    amUsedResources: info(q.amUsed),
    // Told once a master runs.
    amMaxResources: info(isNone(q.amUsed) ? NONE : q.amLimit),
    demandResources: info(demand),
    steadyFairResources: info(steadyFairShare),
    fairResources: info(fairShare),
    clusterResources: info(cluster),
    reservedResources: info(q.reserved),
    maxContainerAllocation: info(q.maximumAllocation),
    pendingContainers: q.pendingContainers,
    allocatedContainers: q.numContainers,
    reservedContainers: q.reservedContainers,
    queueName: q.path,
    schedulingPolicy: q.orderingPolicy,
    preemptable,
    numPendingApps: leaf ? withoutMaster : undefined,
    numActiveApps: leaf ? withMaster : undefined,
    childQueues: q.children.length > 0 ? { queue: q.children.map((c) => fairQueueInfo(rm, c)) } : undefined,
  }
}

function fifoInfo(rm: ResourceManager, q: QueueReport): Tree {
  const nodes = rm.core.nodes().filter((n) => n.state === 'RUNNING')
  return {
    type: new Kind('fifoScheduler'),
    capacity: float(1),
    usedCapacity: float(q.capacities.usedCapacity),
    qstate: q.state,
    minQueueMemoryCapacity: q.minimumAllocation.memory,
    maxQueueMemoryCapacity: q.maximumAllocation.memory,
    numNodes: nodes.length,
    usedNodeCapacity: nodes.reduce((sum, n) => sum + n.used.memory, 0),
    availNodeCapacity: nodes.reduce((sum, n) => sum + n.available.memory, 0),
    totalNodeCapacity: nodes.reduce((sum, n) => sum + n.capability.memory, 0),
    numContainers: q.numContainers,
  }
}
