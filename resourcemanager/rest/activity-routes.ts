/** Why an application gets containers, or none: /scheduler/activities and /scheduler/app-activities/ID. */
import type { FastifyInstance } from 'fastify'
import { formatApplicationId, formatNodeId, parseNodeId } from '../../common/records/ids.js'
import type { Activity } from '../core/index.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { applicationOf, badRequest, schedulerName } from './context.js'
import { type Tree, answer } from './render.js'

/** Of how many nodes bulk-activities tells unless told otherwise. */
const BULK = 500

export function activityRoutes(web: FastifyInstance, requireActive: () => ResourceManager): void {
  const base = '/ws/v1/cluster/scheduler'

  web.get<{ Querystring: { nodeId?: string } }>(`${base}/activities`, (request, reply) => {
    const rm = requireActive()
    if (schedulerName(rm) !== 'CapacityScheduler') return answer(request, reply, 'activities', { diagnostic: 'Not Capacity Scheduler' })
    const { nodeId } = request.query
    const live = rm.core.metrics().nodes.RUNNING > 0
    const wanted = nodeId === undefined ? undefined : formatNodeId(parseNodeId(nodeId))
    const seen = rm.core.activities().filter((a) => wanted === undefined || (a.nodeId && formatNodeId(a.nodeId) === wanted))
    return answer(
      request,
      reply,
      'activities',
      seen.length === 0 ? { diagnostic: live ? 'waiting for next allocation' : 'No node manager running in the cluster' } : nodeActivities(rm, seen),
    )
  })

  web.get<{ Querystring: { activitiesCount?: string } }>(`${base}/bulk-activities`, (request, reply) => {
    const rm = requireActive()
    const most = Number(request.query.activitiesCount ?? BULK)
    if (!Number.isInteger(most) || most < 1) throw badRequest('activitiesCount must be a number greater than 0')
    if (schedulerName(rm) !== 'CapacityScheduler') return answer(request, reply, 'bulkActivities', { diagnostic: 'Not Capacity Scheduler' })
    // What belongs to no node yet stands by itself.
    const byNode = new Map<string, Activity[]>()
    for (const a of rm.core.activities()) {
      const key = a.nodeId ? formatNodeId(a.nodeId) : ''
      byNode.set(key, [...(byNode.get(key) ?? []), a])
    }
    const activities = [...byNode.values()].slice(0, most).map((seen) => nodeActivities(rm, seen))
    return answer(request, reply, 'bulkActivities', activities.length > 0 ? { activities } : {})
  })

  web.get<{ Params: { app: string } }>(`${base}/app-activities/:app`, (request, reply) => {
    const rm = requireActive()
    const app = applicationOf(rm, request.params.app)
    const seen = rm.core.activities(app.applicationId)
    const now = rm.clock.now()
    return answer(request, reply, 'appActivities', {
      applicationId: request.params.app,
      ...(seen.length === 0 && {
        diagnostic: app.yarnState === 'RUNNING' || app.yarnState === 'ACCEPTED' ? 'waiting for display' : `application is ${app.yarnState}`,
      }),
      timestamp: now,
      dateTime: javaDate(now),
      ...(seen.length > 0 && { allocations: seen.map((a) => appAllocation(a)) }),
    })
  })
}

function nodeActivities(rm: ResourceManager, seen: readonly Activity[]): Tree {
  const now = rm.clock.now()
  const node = seen.find((a) => a.nodeId)?.nodeId
  return {
    nodeId: node && formatNodeId(node),
    timestamp: now,
    dateTime: javaDate(now),
    allocations: seen.map((a) => ({
      partition: '',
      finalAllocationState: a.state,
      root: {
        name: 'root',
        allocationState: a.state,
        children: [
          {
            name: a.queue,
            allocationState: a.state,
            children: [
              {
                name: formatApplicationId(a.applicationId),
                requestPriority: a.priority,
                nodeId: a.nodeId && formatNodeId(a.nodeId),
                allocationState: a.state,
                diagnostic: a.diagnostic,
              },
            ],
          },
        ],
      },
    })),
  }
}

function appAllocation(a: Activity): Tree {
  return {
    nodeId: a.nodeId && formatNodeId(a.nodeId),
    queueName: a.queue,
    allocationState: a.state,
    diagnostic: a.diagnostic,
    children: a.priority === undefined ? undefined : [{ requestPriority: a.priority, allocationState: a.state, diagnostic: a.diagnostic }],
  }
}

/** As java.util.Date prints itself. */
function javaDate(time: number): string {
  const m = /^(\w{3}) (\w{3}) (\d\d) (\d{4}) ([\d:]{8}) GMT[+-]\d{4} \(.*\)$/.exec(new Date(time).toString())
  const zone = Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })
    .formatToParts(time)
    .find((p) => p.type === 'timeZoneName')?.value
  return m ? `${m[1]} ${m[2]} ${m[3]} ${m[5]} ${zone} ${m[4]}` : new Date(time).toString()
}
