/** Why an application gets containers, or none: /scheduler/activities and /scheduler/app-activities/ID (RMWebServices). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { formatNodeId, parseApplicationId } from '../../common/records/ids.js'
import type { NodeId } from '../../common/records/index.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { applicationActivities, bulkActivities, javaDate, nodeActivities, selected } from './activity-info.js'
import { badRequest, firstOf, type Query, schedulerName } from './context.js'
import { type Tree, answer, answerError } from './render.js'

/** Of how many nodes bulk-activities tells unless told otherwise. */
const BULK = 500
/** Seconds for which an application is recorded unless told otherwise. */
const MAX_TIME = '3.0'
const OTHER_SCHEDULER = 'Not Capacity Scheduler'
const ACTIONS = ['REFRESH', 'GET']
const GROUPINGS = ['DIAGNOSTIC']

/** What is given several times, or with commas, or both. */
const flat = (value: Query[string]): readonly string[] => [...new Set(value === undefined ? [] : [value].flat().flatMap((v) => v.split(',')))]
const isInteger = (text: string) => /^[+-]?\d+$/.test(text)

export function activityRoutes(web: FastifyInstance, requireActive: () => ResourceManager): void {
  const base = '/ws/v1/cluster/scheduler'

  web.get<{ Querystring: Query }>(`${base}/activities`, async (request, reply) => {
    const rm = requireActive()
    const nodeId = firstOf(request.query.nodeId)
    const told = (tree: Tree) => answer(request, reply, 'activities', tree)
    const wrong = (diagnostic: string) => told({ nodeId, diagnostic })
    if (schedulerName(rm) !== 'CapacityScheduler') return wrong(OTHER_SCHEDULER)
    const groupBy = firstOf(request.query.groupBy)
    if (unknownGrouping(groupBy)) return wrong(unknownGrouping(groupBy)!)
    const live = liveNodes(rm)
    if (live.length === 0) return wrong('No node manager running in the cluster')
    const node = nodeId === undefined ? undefined : named(live, nodeId)
    if (nodeId !== undefined && !node) return wrong('Cannot find node manager with given node id')
    await rm.step({ type: 'recordNode', ...(node && { nodeId: node }) })
    return told(nodeActivities(rm, node, groupBy !== undefined))
  })

  web.get<{ Querystring: Query }>(`${base}/bulk-activities`, async (request, reply) => {
    const rm = requireActive()
    const most = Number(firstOf(request.query.activitiesCount) ?? BULK)
    if (!Number.isInteger(most) || most < 1) throw badRequest('activitiesCount must be a number greater than 0')
    if (schedulerName(rm) !== 'CapacityScheduler') return answer(request, reply, 'bulkActivities', { diagnostic: OTHER_SCHEDULER })
    const groupBy = firstOf(request.query.groupBy)
    if (unknownGrouping(groupBy)) throw badRequest(unknownGrouping(groupBy)!)
    const nodes = liveNodes(rm).slice(0, most)
    for (const nodeId of nodes) await rm.step({ type: 'recordNode', nodeId })
    return answer(request, reply, 'bulkActivities', bulkActivities(rm, nodes, groupBy !== undefined))
  })

  web.get<{ Params: { app: string }; Querystring: Query }>(`${base}/app-activities/:app`, async (request, reply) => {
    const rm = requireActive()
    return appActivities(rm, request, reply)
  })
}

async function appActivities(rm: ResourceManager, request: FastifyRequest<{ Params: { app: string }; Querystring: Query }>, reply: FastifyReply) {
  const { app } = request.params
  const { query } = request
  const told = (tree: Tree) => answer(request, reply, 'appActivities', tree)
  const wrong = (diagnostic: string) => {
    const timestamp = rm.clock.now()
    return told({ applicationId: app, diagnostic, timestamp, dateTime: javaDate(timestamp) })
  }
  if (schedulerName(rm) !== 'CapacityScheduler') return wrong(OTHER_SCHEDULER)
  const groupBy = firstOf(query.groupBy)
  if (unknownGrouping(groupBy)) return wrong(unknownGrouping(groupBy)!)
  const actions = flat(query.actions)
  const unknown = actions.find((a) => !ACTIONS.includes(a.toUpperCase()))
  if (unknown !== undefined) return wrong(`Got invalid action: ${unknown}, valid actions: [${ACTIONS.join(', ')}]`)
  const does = (action: string) => actions.length === 0 || actions.some((a) => a.toUpperCase() === action)
  const requestPriorities = flat(query.requestPriorities)
  if (!requestPriorities.every(isInteger)) return wrong('request priorities must be integers!')
  const allocationRequestIds = flat(query.allocationRequestIds)
  if (!allocationRequestIds.every(isInteger)) return wrong('allocation request Ids must be integers!')
  const limit = firstOf(query.limit)
  if (limit !== undefined && !isInteger(limit)) return wrong('limit must be integer!')
  if (limit !== undefined && Number(limit) <= 0) return wrong('limit must be greater than 0!')
  const time = firstOf(query.maxTime) ?? MAX_TIME
  const seconds = time.includes('.') ? time : `${time}.0`
  if (!/^[+-]?(\d+\.\d*|\.\d+)$/.test(seconds)) return answerError(request, reply, 400, 'java.lang.NumberFormatException', `For input string: "${seconds}"`)
  let id: ReturnType<typeof parseApplicationId>
  try {
    id = parseApplicationId(app)
  } catch {
    return wrong('Cannot find application with given appId')
  }
  const milliseconds = Math.trunc(Number(seconds) * 1000)
  if (does('REFRESH')) await rm.step({ type: 'recordApplication', applicationId: id, milliseconds })
  if (!does('GET')) return wrong(`Successfully received ${[query.actions].flat().length === 1 ? 'action' : 'actions'}: ${[query.actions].flat().join(',')}`)
  const now = rm.clock.now()
  if (rm.core.application(id, now)?.finalStatus !== 'UNDEFINED') return wrong('fail to get application activities after finished')
  const seen = rm.core.applicationActivities(id, now)
  if (!seen) {
    // Whoever has not been let in is not looked at, however long one waits for it.
    const [held] = rm.core.waits(id)
    return wrong(`waiting for display${held ? `: ${held.diagnostic}` : ''}`)
  }
  const summarize = firstOf(query.summarize)?.toLowerCase() === 'true' ? milliseconds : undefined
  const chosen = selected(seen, requestPriorities.map(Number), allocationRequestIds.map(Number), summarize, limit === undefined ? undefined : Number(limit))
  return told(applicationActivities(app, chosen, groupBy !== undefined))
}

function unknownGrouping(groupBy: string | undefined): string | undefined {
  if (groupBy === undefined || GROUPINGS.includes(groupBy.toUpperCase())) return undefined
  return `Got invalid groupBy: ${groupBy}, valid groupBy types: [${GROUPINGS.join(', ')}]`
}

const liveNodes = (rm: ResourceManager): NodeId[] =>
  rm.core
    .nodes()
    .filter((n) => n.state === 'RUNNING' || n.state === 'DECOMMISSIONING')
    .map((n) => n.nodeId)

/** By HOST:PORT, or the first one on HOST. */
const named = (nodes: readonly NodeId[], text: string): NodeId | undefined => nodes.find((n) => (text.includes(':') ? formatNodeId(n) : n.host) === text)
