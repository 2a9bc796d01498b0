/** The cluster, its nodes and metrics as REST gives them (webapp.dao.{ClusterInfo,ClusterMetricsInfo,NodeInfo}). */
import { formatNodeId } from '../../common/records/ids.js'
import type { NodeState } from '../../common/records/states.js'
import type { NodeReport } from '../core/index.js'
import { HADOOP_VERSION } from '../rpc/tracker-service.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { resourceInfo } from './app-info.js'
import { type Tree, double, float } from './render.js'
import { schedulerName } from './context.js'

const STORE = 'org.apache.hadoop.yarn.server.resourcemanager.recovery'

/** @param startedAt when this process started, whether it is active or not */
export function clusterInfo(startedAt: number, rm: ResourceManager | undefined, durable: boolean): Tree {
  const build = `${HADOOP_VERSION} (Bobbin)`
  return {
    id: rm?.clusterTimestamp ?? startedAt,
    startedOn: startedAt,
    state: 'STARTED',
    haState: rm ? 'ACTIVE' : 'STANDBY',
    rmStateStoreName: durable ? `${STORE}.FileSystemRMStateStore` : `${STORE}.NullRMStateStore`,
    resourceManagerVersion: HADOOP_VERSION,
    resourceManagerBuildVersion: build,
    resourceManagerVersionBuiltOn: 'N/A',
    hadoopVersion: HADOOP_VERSION,
    hadoopBuildVersion: build,
    hadoopVersionBuiltOn: 'N/A',
    haZooKeeperConnectionState: 'Could not find leader elector. Verify both HA and automatic failover are enabled.',
  }
}

export function metricsInfo(rm: ResourceManager): Tree {
  const m = rm.core.metrics()
  const partitions = schedulerName(rm) === 'CapacityScheduler'
  const utilization = utilizationOf(rm.core.nodes())
  return {
    appsSubmitted: m.appsSubmitted,
    appsCompleted: m.appsCompleted,
    appsPending: m.appsPending,
    appsRunning: m.appsRunning,
    appsFailed: m.appsFailed,
    appsKilled: m.appsKilled,
    reservedMB: m.reserved.memory,
    availableMB: m.available.memory,
    allocatedMB: m.allocated.memory,
    pendingMB: m.pending.memory,
    reservedVirtualCores: m.reserved.vcores,
    availableVirtualCores: m.available.vcores,
    allocatedVirtualCores: m.allocated.vcores,
    pendingVirtualCores: m.pending.vcores,
    containersAllocated: m.containersAllocated,
    containersReserved: m.containersReserved,
    containersPending: m.containersPending,
    totalMB: m.total.memory,
    totalVirtualCores: m.total.vcores,
    utilizedMBPercent: utilization.memory,
    utilizedVirtualCoresPercent: utilization.cpu,
    rmSchedulerBusyPercent: 0,
    totalNodes: m.totalNodes,
    lostNodes: m.nodes.LOST,
    unhealthyNodes: m.nodes.UNHEALTHY,
    decommissioningNodes: m.nodes.DECOMMISSIONING,
    decommissionedNodes: m.nodes.DECOMMISSIONED,
    rebootedNodes: m.nodes.REBOOTED,
    activeNodes: m.nodes.RUNNING,
    shutdownNodes: m.nodes.SHUTDOWN,
    // Only the capacity scheduler has partitions.
    ...(partitions && {
      totalUsedResourcesAcrossPartition: resourceInfo(rm, m.allocated),
      totalClusterResourcesAcrossPartition: resourceInfo(rm, m.total),
      totalReservedResourcesAcrossPartition: resourceInfo(rm, m.reserved),
    }),
    totalAllocatedContainersAcrossPartition: partitions ? m.containersAllocated : 0,
    crossPartitionMetricsAvailable: partitions,
  }
}

/** Percent of the nodes' own memory and processors in use. */
function utilizationOf(nodes: readonly NodeReport[]): { memory: number; cpu: number } {
  let [memory, cpu, totalMemory, totalCpu] = [0, 0, 0, 0]
  for (const n of nodes) {
    const physical = n.physicalResource ?? n.capability
    totalMemory += physical.memory
    totalCpu += physical.vcores
    memory += n.nodeUtilization?.physicalMemory ?? 0
    // Hadoop adds up whole processors.
    cpu += Math.floor(Math.max(n.nodeUtilization?.cpu ?? 0, 0))
  }
  return {
    memory: totalMemory > 0 ? Math.floor((memory * 100) / totalMemory) : 0,
    cpu: totalCpu > 0 ? Math.floor((cpu * 100) / totalCpu) : 0,
  }
}

const INACTIVE: readonly NodeState[] = ['DECOMMISSIONED', 'LOST', 'REBOOTED', 'SHUTDOWN']

export function nodeInfo(rm: ResourceManager, n: NodeReport): Tree {
  const physical = n.physicalResource ?? n.capability
  const u = n.nodeUtilization
  const c = n.containersUtilization
  // What the scheduler does not know has nothing in use.
  const known = rm.core.nodeView(n.nodeId) !== undefined
  const attributes = Object.entries(n.attributes)
  return {
    rack: n.rack,
    state: n.state,
    id: formatNodeId(n.nodeId),
    nodeHostName: n.nodeId.host,
    // Nobody answers there any more.
    nodeHTTPAddress: INACTIVE.includes(n.state) ? '' : n.httpAddress,
    lastHealthUpdate: n.lastHealthReportTime,
    version: n.version,
    healthReport: n.healthReport,
    numContainers: n.numContainers,
    usedMemoryMB: n.used.memory,
    availMemoryMB: n.available.memory,
    usedVirtualCores: n.used.vcores,
    availableVirtualCores: n.available.vcores,
    memUtilization: float(u && physical.memory > 0 ? (u.physicalMemory * 100) / physical.memory : 0),
    cpuUtilization: float(u && physical.vcores > 0 ? (u.cpu * 100) / physical.vcores : 0),
    numRunningOpportContainers: 0,
    usedMemoryOpportGB: 0,
    usedVirtualCoresOpport: 0,
    numQueuedContainers: 0,
    nodeLabels: n.labels.length > 0 ? n.labels : undefined,
    allocationTags: {},
    resourceUtilization: {
      nodePhysicalMemoryMB: u?.physicalMemory ?? 0,
      nodeVirtualMemoryMB: u?.virtualMemory ?? 0,
      nodeCPUUsage: double(u?.cpu ?? 0),
      aggregatedContainersPhysicalMemoryMB: c?.physicalMemory ?? 0,
      aggregatedContainersVirtualMemoryMB: c?.virtualMemory ?? 0,
      containersCPUUsage: double(c?.cpu ?? 0),
    },
    usedResource: known ? resourceInfo(rm, n.used) : undefined,
    availableResource: known ? resourceInfo(rm, n.available) : undefined,
    nodeAttributesInfo:
      attributes.length === 0
        ? {}
        : {
            nodeAttributeInfo: attributes.map(([name, value]) => ({
              prefix: name.slice(0, Math.max(name.lastIndexOf('/'), 0)),
              name: name.slice(name.lastIndexOf('/') + 1),
              type: 'STRING',
              value,
            })),
          },
    totalResource: resourceInfo(rm, n.capability),
  }
}
