/** /ws/v1/cluster: the cluster, its nodes, queues and labels, read. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import os from 'node:os'
import { exception } from '../../common/errors.js'
import { parseNodeId } from '../../common/records/ids.js'
import { NODE_STATES, type NodeState } from '../../common/records/states.js'
import type { NodeReport } from '../core/index.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { resourceInfo } from './app-info.js'
import { clusterInfo, metricsInfo, nodeInfo } from './cluster-info.js'
import { type RmWebOptions, badRequest, callerOf, firstOf, forbidden, notFound, queryOf } from './context.js'
import { answer } from './render.js'
import { schedulerInfo } from './scheduler-info.js'

export function clusterRoutes(web: FastifyInstance, options: RmWebOptions, requireActive: () => ResourceManager): void {
  const base = '/ws/v1/cluster'
  const info = () => clusterInfo(options.startedAt, options.active(), options.settings.storeDir !== undefined)
  web.get(base, (request, reply) => answer(request, reply, 'clusterInfo', info()))
  web.get(`${base}/info`, (request, reply) => answer(request, reply, 'clusterInfo', info()))
  web.get(`${base}/metrics`, (request, reply) => answer(request, reply, 'clusterMetrics', metricsInfo(requireActive())))
  web.get(`${base}/scheduler`, (request, reply) => answer(request, reply, 'scheduler', schedulerInfo(requireActive())))
  web.get(`${base}/userinfo`, (request, reply) =>
    answer(request, reply, 'clusterUserInfo', { rmLoginUser: os.userInfo().username, requestedUser: callerOf(request, options).user }, { bare: true }),
  )

  web.get(`${base}/nodes`, (request, reply) => {
    const rm = requireActive()
    const states = firstOf(queryOf(request).states)?.split(',').map(nodeState) ?? NODE_STATES
    const nodes = rm.core.nodes().filter((n) => states.includes(n.state))
    return answer(request, reply, 'nodes', nodes.length > 0 ? { node: nodes.map((n) => nodeInfo(rm, n)) } : {})
  })
  web.get<{ Params: { node: string } }>(`${base}/nodes/:node`, (request, reply) => {
    const rm = requireActive()
    return answer(request, reply, 'node', nodeInfo(rm, nodeOf(rm, request.params.node)))
  })
  web.get<{ Params: { node: string } }>(`${base}/nodes/:node/resource`, (request, reply) => {
    const rm = requireActive()
    return answer(request, reply, 'resourceInfo', resourceInfo(rm, nodeOf(rm, request.params.node).capability))
  })
  web.post<{ Params: { node: string }; Body: { resource?: { memory?: number | string; vCores?: number | string } } }>(
    `${base}/nodes/:node/resource`,
    async (request, reply) => {
      const rm = requireActive()
      requireAdmin(request, options)
      const node = nodeOf(rm, request.params.node)
      const { memory, vCores } = request.body?.resource ?? {}
      if (memory === undefined || vCores === undefined) throw badRequest('the body must hold {"resource": {"memory": MIB, "vCores": N}}')
      const resource = { memory: Number(memory), vcores: Number(vCores) }
      if (!Number.isSafeInteger(resource.memory) || !Number.isSafeInteger(resource.vcores) || resource.memory < 0 || resource.vcores < 0)
        throw badRequest(`memory and vCores must be whole numbers from 0 on, not ${memory} and ${vCores}`)
      await rm.setNodeResource(node.nodeId, resource)
      return answer(request, reply, 'resourceInfo', resourceInfo(rm, resource))
    },
  )
}

/** @throws ForbiddenException when the caller may not administer the cluster */
export function requireAdmin(request: FastifyRequest, options: RmWebOptions): void {
  const { user } = callerOf(request, options)
  if (!options.acl.isAdmin(user)) throw forbidden('Only admins can carry out this operation.')
}

function nodeState(text: string): NodeState {
  const state = text.toUpperCase()
  if (!(NODE_STATES as readonly string[]).includes(state))
    throw exception('IllegalArgumentException', `No enum constant org.apache.hadoop.yarn.api.records.NodeState.${state}`)
  return state as NodeState
}

function nodeOf(rm: ResourceManager, text: string): NodeReport {
  let node: NodeReport | undefined
  try {
    node = rm.core.node(parseNodeId(text))
  } catch {
    throw exception('IllegalArgumentException', `Invalid NodeId [${text}]. Expected host:port`)
  }
  if (!node) throw notFound(`nodeId, ${text}, is not found`)
  return node
}
