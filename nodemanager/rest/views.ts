/** What the web services say of the node, its applications and containers: Hadoop's names and shapes. */
import { formatNodeId, type NodeId } from '../../common/records/ids.js'
import type { Resource } from '../../common/records/resource.js'
import type { LogFile } from '../logs/local.js'
import type { NodeApplication } from '../runtime/container-manager.js'
import type { NodeContainer } from '../runtime/container.js'
import { NM_VERSION } from '../rpc/resource-tracker.js'

export interface NodeView {
  readonly nodeId: NodeId
  readonly httpPort: number
  readonly resource: Resource
  readonly vmemRatio: number
  readonly vmemCheck: boolean
  readonly pmemCheck: boolean
  readonly healthy: boolean
  readonly healthReport: string
  readonly lastHealthCheck: number
  readonly startedAt: number
}

const BUILD = `${NM_VERSION} (Bobbin)`

export function nodeInfo(n: NodeView) {
  return {
    nodeInfo: {
      healthReport: n.healthReport,
      totalVmemAllocatedContainersMB: Math.floor(n.resource.memory * n.vmemRatio),
      totalPmemAllocatedContainersMB: n.resource.memory,
      totalVCoresAllocatedContainers: n.resource.vcores,
      vmemCheckEnabled: n.vmemCheck,
      pmemCheckEnabled: n.pmemCheck,
      lastNodeUpdateTime: n.lastHealthCheck,
      resourceTypes: 'memory-mb (unit=Mi), vcores',
      nodeHealthy: n.healthy,
      nodeManagerVersion: NM_VERSION,
      nodeManagerBuildVersion: BUILD,
      nodeManagerVersionBuiltOn: '',
      hadoopVersion: NM_VERSION,
      hadoopBuildVersion: BUILD,
      hadoopVersionBuiltOn: '',
      id: formatNodeId(n.nodeId),
      nodeHostName: n.nodeId.host,
      nmStartupTime: n.startedAt,
    },
  }
}

export function appView(app: NodeApplication, containers: Iterable<NodeContainer>) {
  const containerids = [...containers].filter((c) => c.applicationId === app.name && c.life.state !== 'DONE').map((c) => c.containerId)
  return { id: app.name, state: app.life.state, user: app.user, ...(containerids.length > 0 && { containerids }) }
}

export function containerView(c: NodeContainer, n: NodeView, files: readonly LogFile[] | undefined) {
  return {
    id: c.containerId,
    state: c.life.state,
    exitCode: c.life.exitCode,
    diagnostics: c.diagnostics,
    user: c.user,
    totalMemoryNeededMB: c.token.resource?.memory ?? 0,
    totalVCoresNeeded: c.token.resource?.virtualCores ?? 0,
    executionType: c.token.executionType,
    containerLogsLink: `http://${n.nodeId.host}:${n.httpPort}/node/containerlogs/${c.containerId}/${c.user}`,
    nodeId: formatNodeId(n.nodeId),
    containerLogFiles: (files ?? []).map((f) => f.name),
  }
}
