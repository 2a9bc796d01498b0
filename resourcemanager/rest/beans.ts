/** JMX beans under the names that Hadoop's have. */
import type { Bean } from '../../common/daemon/web.js'
import type { QueueReport } from '../core/index.js'
import type { RmWebOptions } from './context.js'

const SERVICE = 'Hadoop:service=ResourceManager'

export function beans(options: RmWebOptions): Bean[] {
  const rm = options.active()
  const info: Bean = {
    name: `${SERVICE},name=RMInfo`,
    modelerType: 'ResourceManager',
    State: rm ? 'active' : 'standby',
    HostAndPort: '',
    SecurityEnabled: false,
  }
  if (!rm) return [info]
  const m = rm.core.metrics()
  const cluster: Bean = {
    name: `${SERVICE},name=ClusterMetrics`,
    modelerType: 'ClusterMetrics',
    'tag.ClusterMetrics': 'ResourceManager',
    'tag.Context': 'yarn',
    NumActiveNMs: m.nodes.RUNNING,
    NumDecommissioningNMs: m.nodes.DECOMMISSIONING,
    NumDecommissionedNMs: m.nodes.DECOMMISSIONED,
    NumLostNMs: m.nodes.LOST,
    NumUnhealthyNMs: m.nodes.UNHEALTHY,
    NumRebootedNMs: m.nodes.REBOOTED,
    NumShutdownNMs: m.nodes.SHUTDOWN,
    CapabilityMB: m.total.memory,
    CapabilityVirtualCores: m.total.vcores,
  }
  return [info, cluster, ...queueBeans(rm.core.queues())]
}

function queueBeans(q: QueueReport): Bean[] {
  const path = q.path.split('.')
  const names = path.map((part, level) => `q${level}=${part}`).join(',')
  const bean: Bean = {
    name: `${SERVICE},name=QueueMetrics,${names}`,
    modelerType: `QueueMetrics,${names}`,
    'tag.Queue': q.path,
    'tag.Context': 'yarn',
    AppsSubmitted: q.metrics.appsSubmitted,
    AppsRunning: q.metrics.appsRunning,
    AppsPending: q.metrics.appsPending,
    AppsCompleted: q.metrics.appsCompleted,
    AppsKilled: q.metrics.appsKilled,
    AppsFailed: q.metrics.appsFailed,
    AggregateContainersAllocated: q.metrics.aggregateContainersAllocated,
    AggregateContainersReleased: q.metrics.aggregateContainersReleased,
    AggregateNodeLocalContainersAllocated: q.metrics.aggregateNodeLocalContainersAllocated,
    AggregateRackLocalContainersAllocated: q.metrics.aggregateRackLocalContainersAllocated,
    AggregateOffSwitchContainersAllocated: q.metrics.aggregateOffSwitchContainersAllocated,
    AggregateContainersPreempted: q.metrics.aggregateContainersPreempted,
    AllocatedMB: q.used.memory,
    AllocatedVCores: q.used.vcores,
    AllocatedContainers: q.numContainers,
    AvailableMB: Math.max(q.effectiveMin.memory - q.used.memory, 0),
    AvailableVCores: Math.max(q.effectiveMin.vcores - q.used.vcores, 0),
    PendingMB: q.pending.memory,
    PendingVCores: q.pending.vcores,
    PendingContainers: q.pendingContainers,
    ReservedMB: q.reserved.memory,
    ReservedVCores: q.reserved.vcores,
    ReservedContainers: q.reservedContainers,
    ActiveUsers: q.users.filter((u) => u.activeApplications > 0).length,
    ActiveApplications: q.activeApplications,
  }
  return [bean, ...q.children.flatMap(queueBeans)]
}
