/** What the scheduler recorded, as REST gives it (webapp.dao.{ActivitiesInfo,ActivityNodeInfo,AppActivitiesInfo,AppRequestAllocationInfo}). */
import { type ContainerId, formatContainerId, formatNodeId, type NodeId } from '../../common/records/index.js'
import type { ActivityNode, ActivityState, ApplicationAllocation } from '../core/index.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import type { Tree } from './render.js'

/** An application's list, or a summary of several, which is of no one node. */
type Allocation = Omit<ApplicationAllocation, 'nodeId'> & { readonly nodeId: NodeId | undefined }

const some = (list: readonly Tree[]): readonly Tree[] | undefined => (list.length > 0 ? list : undefined)

/** @param grouped nodes are gathered by what is told of them */
export function nodeActivities(rm: ResourceManager, node: NodeId | undefined, grouped: boolean): Tree {
  const offers = rm.core.nodeActivities(node, rm.clock.now())
  const nodeId = node && formatNodeId(node)
  if (!offers) return { nodeId, diagnostic: node ? 'waiting for display' : 'waiting for next allocation' }
  const [first] = offers
  if (!first) return { nodeId, diagnostic: 'do not have available resources' }
  return {
    nodeId: formatNodeId(first.nodeId),
    timestamp: first.timestamp,
    dateTime: javaDate(first.timestamp),
    allocations: offers.map((o) => ({
      partition: o.partition,
      updatedContainerId: containerText(o.containerId),
      finalAllocationState: o.state,
      root: nodeInfo(o.root, grouped),
    })),
  }
}

export function bulkActivities(rm: ResourceManager, nodes: readonly NodeId[], grouped: boolean): Tree {
  const seen = nodes.filter((n) => (rm.core.nodeActivities(n, rm.clock.now())?.length ?? 0) > 0)
  return { activities: some(seen.map((n) => nodeActivities(rm, n, grouped))) }
}

const containerText = (id: ContainerId | undefined) => id && formatContainerId(id)

const isRequest = (n: ActivityNode) => n.requestPriority !== undefined && n.nodeId === undefined

function nodeInfo(n: ActivityNode, grouped: boolean): Tree {
  return {
    name: n.name,
    appPriority: n.appPriority,
    requestPriority: n.requestPriority,
    allocationRequestId: n.allocationRequestId,
    allocationState: n.state,
    diagnostic: n.diagnostic,
    nodeId: n.nodeId && formatNodeId(n.nodeId),
    children: isRequest(n) ? nodesOfRequest(n.children, grouped) : some(n.children.map((c) => nodeInfo(c, grouped))),
  }
}

/** The nodes that a request was tried on. */
function nodesOfRequest(nodes: readonly ActivityNode[], grouped: boolean): Tree {
  const tried = nodes.filter((n) => n.nodeId !== undefined)
  if (!grouped) return some(tried.map((n) => ({ name: n.name, allocationState: n.state, diagnostic: n.diagnostic, nodeId: formatNodeId(n.nodeId!) })))
  return some(
    byDiagnostic(tried).map(({ state, diagnostic, nodes }) => ({
      allocationState: state,
      diagnostic,
      count: nodes.length,
      nodeIds: nodes.map((n) => formatNodeId(n.nodeId!)),
    })),
  )
}

/** Those of which the same is told; details, in the lines after the first, are each node's own. */
export function byDiagnostic(
  nodes: readonly ActivityNode[],
): { readonly state: ActivityState; readonly diagnostic: string | undefined; readonly nodes: ActivityNode[] }[] {
  const groups = new Map<string, ReturnType<typeof byDiagnostic>[number]>()
  for (const n of nodes) {
    const diagnostic = n.diagnostic?.split('\n')[0]
    const key = `${n.state} ${diagnostic ?? ''}`
    const group = groups.get(key)
    if (group) group.nodes.push(n)
    else groups.set(key, { state: n.state, diagnostic, nodes: [n] })
  }
  return [...groups.values()]
}

/** Of all looks at an application those that are asked for. @param summarize milliseconds whose looks become one */
export function selected(
  all: readonly ApplicationAllocation[],
  priorities: readonly number[],
  allocationRequestIds: readonly number[],
  summarize: number | undefined,
  limit: number | undefined,
): readonly Allocation[] {
  const wanted = (n: ActivityNode) =>
    (priorities.length === 0 || priorities.includes(n.requestPriority!)) &&
    (allocationRequestIds.length === 0 || allocationRequestIds.includes(n.allocationRequestId!))
  const filtered = priorities.length + allocationRequestIds.length > 0
  const kept = filtered ? all.map((a) => ({ ...a, attempts: a.attempts.filter(wanted) })).filter((a) => a.attempts.length > 0) : all
  const told = summarize === undefined ? kept : summary(kept, summarize)
  return limit === undefined ? told : told.slice(-limit)
}

/** The last that is told of each node, of all looks shortly before the last one. */
export function summary(all: readonly ApplicationAllocation[], milliseconds: number): readonly Allocation[] {
  const last = all.at(-1)
  if (!last) return []
  const nodes = new Map<string, ActivityNode>()
  for (const { timestamp, attempts } of all.toReversed()) {
    if (timestamp < last.timestamp - milliseconds) break
    for (const n of attempts) {
      const key = `${n.requestPriority}_${n.allocationRequestId}_${n.nodeId && formatNodeId(n.nodeId)}`
      if (!nodes.has(key)) nodes.set(key, n)
    }
  }
  return [{ ...last, nodeId: undefined, attempts: [...nodes.values()].reverse() }]
}

export function applicationActivities(applicationId: string, allocations: readonly Allocation[], grouped: boolean): Tree {
  return { applicationId, allocations: some(allocations.toReversed().map((a) => allocationInfo(a, grouped))) }
}

function allocationInfo(a: Allocation, grouped: boolean): Tree {
  return {
    nodeId: a.nodeId && formatNodeId(a.nodeId),
    timestamp: a.timestamp,
    dateTime: javaDate(a.timestamp),
    queueName: a.queue,
    appPriority: a.priority,
    allocationState: a.state,
    diagnostic: a.diagnostic,
    children: some(byRequest(a.attempts).map((attempts) => requestInfo(attempts, grouped))),
  }
}

export const byRequest = (attempts: readonly ActivityNode[]): ActivityNode[][] => {
  const requests = new Map<string, ActivityNode[]>()
  for (const n of attempts) {
    const key = `${n.requestPriority}_${n.allocationRequestId}`
    requests.set(key, [...(requests.get(key) ?? []), n])
  }
  return [...requests.values()]
}

function requestInfo(attempts: readonly ActivityNode[], grouped: boolean): Tree {
  const last = attempts.at(-1)!
  return {
    requestPriority: last.requestPriority,
    allocationRequestId: last.allocationRequestId,
    allocationState: last.state,
    diagnostic: isRequest(last) ? last.diagnostic : undefined,
    children: nodesOfRequest(attempts, grouped),
  }
}

/** As java.util.Date prints itself. */
export function javaDate(time: number): string {
  const m = /^(\w{3}) (\w{3}) (\d\d) (\d{4}) ([\d:]{8}) GMT[+-]\d{4} \(.*\)$/.exec(new Date(time).toString())
  const zone = Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })
    .formatToParts(time)
    .find((p) => p.type === 'timeZoneName')?.value
  return m ? `${m[1]} ${m[2]} ${m[3]} ${m[5]} ${zone} ${m[4]}` : new Date(time).toString()
}
