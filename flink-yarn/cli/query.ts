/** `yarn-session.sh -q`: nodes and queues of the cluster. */
import type { QueueInfoProto } from '../../common/proto/gen/application-client.js'
import type { YarnClient } from '../../common/yarn-client/yarn-client.js'

const RULE = '+---------------------------------------+'

const row = (name: string, value: string, width = 17) => `|${name.padEnd(17)}|${value.padEnd(width)}`

export async function clusterDescription(yarn: YarnClient): Promise<string> {
  const [metrics, nodes, root] = await Promise.all([
    yarn.getClusterMetrics(),
    yarn.getClusterNodes(['NS_RUNNING']),
    yarn.getQueueInfo('root', { includeApplications: true, includeChildQueues: true, recursive: true }),
  ])
  const lines = [`NodeManagers in the ClusterClient ${metrics.numNodeManagers ?? nodes.length}${row('Property', 'Value', 15)}`, RULE]
  let memory = 0
  let cores = 0
  for (const n of nodes) {
    memory += n.capability?.memory ?? 0
    cores += n.capability?.virtualCores ?? 0
    lines.push(
      row('NodeID', `${n.nodeId?.host}:${n.nodeId?.port}`),
      row('Memory', `${n.capability?.memory ?? 0} MB`),
      row('vCores', `${n.capability?.virtualCores ?? 0}`),
      row('HealthReport', `${n.healthReport ?? ''}`),
      row('Containers', `${n.numContainers ?? 0}`),
      RULE,
    )
  }
  lines.push(`Summary: totalMemory ${memory} totalCores ${cores}`)
  for (const q of root ? queuesBelow(root) : []) {
    lines.push(
      `Queue: ${q.queueName}, Current Capacity: ${float(q.currentCapacity)} Max Capacity: ${float(q.maximumCapacity)} Applications: ${q.applications.length}`,
    )
  }
  return `${lines.join('\n')}\n`
}

function queuesBelow(queue: QueueInfoProto): QueueInfoProto[] {
  return queue.childQueues.flatMap((q) => [q, ...queuesBelow(q)])
}

/** A Java float: with a point, always. */
function float(n = 0): string {
  const text = String(Number(Math.fround(n).toPrecision(7)))
  return text.includes('.') ? text : `${text}.0`
}
