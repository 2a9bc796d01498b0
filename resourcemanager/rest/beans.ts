/** Metrics: JMX beans under the names that Hadoop's have, and the same figures for Prometheus. */
import os from 'node:os'
import { Gauge, type Registry } from 'prom-client'
import type { Bean } from '../../common/daemon/web.js'
import { formatNodeId } from '../../common/records/ids.js'
import { NODE_STATES } from '../../common/records/states.js'
import type { NodeReport, QueueReport } from '../core/index.js'
import type { RmWebOptions } from './context.js'

const HOST = os.hostname()
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
  const nodes = rm.core.nodes()
  const cluster: Bean = {
    name: `${SERVICE},name=ClusterMetrics`,
    modelerType: 'ClusterMetrics',
    'tag.ClusterMetrics': 'ResourceManager',
    'tag.Context': 'yarn',
    'tag.Hostname': HOST,
    NumActiveNMs: m.nodes.RUNNING,
    NumDecommissioningNMs: m.nodes.DECOMMISSIONING,
    NumDecommissionedNMs: m.nodes.DECOMMISSIONED,
    NumLostNMs: m.nodes.LOST,
    NumUnhealthyNMs: m.nodes.UNHEALTHY,
    NumRebootedNMs: m.nodes.REBOOTED,
    NumShutdownNMs: m.nodes.SHUTDOWN,
    CapabilityMB: m.total.memory,
    CapabilityVirtualCores: m.total.vcores,
    UtilizedMB: nodes.reduce((sum, n) => sum + (n.nodeUtilization?.physicalMemory ?? 0), 0),
    UtilizedVirtualCores: Math.floor(nodes.reduce((sum, n) => sum + Math.max(n.nodeUtilization?.cpu ?? 0, 0), 0)),
  }
  return [info, cluster, nodesBean(nodes), ...queueBeans(rm.core.queues())]
}

/** Live nodes as one JSON text. */
function nodesBean(nodes: readonly NodeReport[]): Bean {
  const live = nodes.map((n) => ({
    HostName: n.nodeId.host,
    Rack: n.rack,
    State: n.state,
    NodeId: formatNodeId(n.nodeId),
    NodeHTTPAddress: n.httpAddress,
    LastHealthUpdate: n.lastHealthReportTime,
    HealthReport: n.healthReport,
    NodeManagerVersion: n.version,
    NumContainers: n.numContainers,
    UsedMemoryMB: n.used.memory,
    AvailableMemoryMB: n.available.memory,
  }))
  return { name: `${SERVICE},name=RMNMInfo`, modelerType: 'org.apache.hadoop.yarn.server.resourcemanager.RMNMInfo', LiveNodeManagers: JSON.stringify(live) }
}

function queueBeans(q: QueueReport): Bean[] {
  const path = q.path.split('.')
  const names = path.map((part, level) => `q${level}=${part}`).join(',')
  const bean: Bean = {
    name: `${SERVICE},name=QueueMetrics,${names}`,
    modelerType: `QueueMetrics,${names}`,
    'tag.Queue': q.path,
    'tag.Context': 'yarn',
    'tag.Hostname': HOST,
    AMResourceLimitMB: q.amLimit.memory,
    AMResourceLimitVCores: q.amLimit.vcores,
    AbsoluteUsedCapacity: q.capacities.absoluteUsedCapacity,
    GuaranteedAbsoluteCapacity: q.capacities.absoluteCapacity,
    GuaranteedCapacity: q.capacities.capacity,
    GuaranteedMB: q.effectiveMin.memory,
    GuaranteedVCores: q.effectiveMin.vcores,
    MaxAbsoluteCapacity: q.capacities.absoluteMaximumCapacity,
    MaxCapacity: q.capacities.maximumCapacity,
    MaxCapacityMB: q.effectiveMax.memory,
    MaxCapacityVCores: q.effectiveMax.vcores,
    UsedAMResourceMB: q.amUsed.memory,
    UsedAMResourceVCores: q.amUsed.vcores,
    UsedCapacity: q.capacities.usedCapacity,
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

/** Figures of the active ResourceManager, read when they are asked for; none while another one is active. */
export function registerMetrics(registry: Registry, options: RmWebOptions): void {
  const gauge = (name: string, help: string, label: string, read: () => Record<string, number>) =>
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset()
        if (options.active()) for (const [key, value] of Object.entries(read())) this.set({ [label]: key }, value)
      },
    })
  const metrics = () => options.active()!.core.metrics()
  gauge('yarn_applications', 'applications by what became of them', 'state', () => {
    const m = metrics()
    return {
      submitted: m.appsSubmitted,
      pending: m.appsPending,
      running: m.appsRunning,
      completed: m.appsCompleted,
      failed: m.appsFailed,
      killed: m.appsKilled,
    }
  })
  gauge('yarn_nodes', 'NodeManagers by state', 'state', () => {
    const m = metrics()
    return Object.fromEntries(NODE_STATES.map((s) => [s.toLowerCase(), m.nodes[s] ?? 0]))
  })
  gauge('yarn_containers', 'containers of all applications', 'state', () => {
    const m = metrics()
    return { allocated: m.containersAllocated, reserved: m.containersReserved, pending: m.containersPending }
  })
  const resources = (name: string, help: string, of: 'memory' | 'vcores') =>
    gauge(name, help, 'state', () => {
      const m = metrics()
      return { total: m.total[of], available: m.available[of], allocated: m.allocated[of], reserved: m.reserved[of], pending: m.pending[of] }
    })
  resources('yarn_memory_mib', 'memory of the cluster', 'memory')
  resources('yarn_vcores', 'virtual cores of the cluster', 'vcores')
}
