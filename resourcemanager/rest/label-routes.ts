/** Node labels over REST. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { yarn } from '../../common/config/keys/yarn.js'
import { HadoopException, exception } from '../../common/errors.js'
import { type NodeId, formatNodeId, parseNodeId } from '../../common/records/ids.js'
import type { AddNodeLabels, RemoveNodeLabels, ReplaceLabelsOnNodes } from '../core/index.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { asList } from './body.js'
import { type RmWebOptions, badRequest, callerOf } from './context.js'
import { type Tree, answer, answerText } from './render.js'

interface LabelInfo {
  readonly name?: string
  readonly exclusivity?: boolean | string
}

interface NodeToLabels {
  readonly nodeId?: string
  readonly labels?: string | readonly string[]
}

type Labels = { Querystring: { labels?: string | string[] } }

export function labelRoutes(web: FastifyInstance, options: RmWebOptions, requireActive: () => ResourceManager): void {
  const base = '/ws/v1/cluster'
  const requireLabels = (): ResourceManager => {
    const rm = requireActive()
    if (!rm.settings.conf.get(yarn.nodeLabelsEnabled))
      throw exception('BadRequestException', `java.io.IOException: Node-label-based scheduling is disabled. Please check ${yarn.nodeLabelsEnabled.name}`)
    return rm
  }
  const mayAdminister = (request: FastifyRequest, what: string) => {
    const { user } = callerOf(request, options)
    if (!options.acl.isAdmin(user)) throw exception('AuthorizationException', `User ${user} not authorized for post to ...${what}`)
  }
  /** What the labels can't be changed to is asked for badly. */
  const change = async (rm: ResourceManager, event: AddNodeLabels | RemoveNodeLabels | ReplaceLabelsOnNodes) => {
    try {
      await rm.step(event)
    } catch (e) {
      if (e instanceof HadoopException && e.is('IOException')) throw exception('BadRequestException', `${e.className}: ${e.message}`)
      throw e
    }
  }

  web.get(`${base}/get-node-labels`, (request, reply) => {
    const rm = requireActive()
    return answer(request, reply, 'nodeLabelsInfo', labelsTree(rm.core.nodeLabels()), { bare: true })
  })
  web.get(`${base}/get-node-to-labels`, (request, reply) => {
    const rm = requireActive()
    const labels = rm.core.nodeLabels()
    const nodes = rm.core.nodes().filter((n) => n.labels.length > 0)
    const entry = nodes.map((n) => ({
      key: formatNodeId(n.nodeId),
      value: labelsTree(labels.filter((l) => n.labels.includes(l.name))),
    }))
    return answer(request, reply, 'nodeToLabelsInfo', { nodeToLabels: entry.length > 0 ? { entry: listed(entry) } : null }, { bare: true })
  })
  web.get<Labels>(`${base}/label-mappings`, (request, reply) => {
    const rm = requireActive()
    const wanted = asList(request.query.labels).flatMap((l) => l.split(','))
    const labels = rm.core.nodeLabels().filter((l) => l.nodes.length > 0 && (wanted.length === 0 || wanted.includes(l.name)))
    const entry = labels.map((l) => ({ key: labelTree(l), value: { nodes: listed(l.nodes.map(formatNodeId)) } }))
    return answer(request, reply, 'labelsToNodesInfo', { labelsToNodes: entry.length > 0 ? { entry: listed(entry) } : null }, { bare: true })
  })
  web.get<{ Params: { node: string } }>(`${base}/nodes/:node/get-labels`, (request, reply) => {
    const rm = requireActive()
    const node = rm.core.node(nodeIdFrom(request.params.node))
    const labels = rm.core.nodeLabels().filter((l) => node?.labels.includes(l.name))
    return answer(request, reply, 'nodeLabelsInfo', labelsTree(labels), { bare: true })
  })

  web.post<{ Body: { nodeLabelInfo?: LabelInfo | LabelInfo[] } }>(`${base}/add-node-labels`, async (request, reply) => {
    mayAdminister(request, '/add-node-labels ')
    const rm = requireLabels()
    const labels = asList(request.body?.nodeLabelInfo).map((l) => ({ name: l.name ?? '', exclusive: String(l.exclusivity ?? true) === 'true' }))
    if (labels.length === 0) throw badRequest('the body must hold {"nodeLabelInfo": [{"name": NAME, "exclusivity": true}]}')
    await change(rm, { type: 'addNodeLabels', labels })
    return answerText(request, reply, 200, '')
  })
  web.post<Labels>(`${base}/remove-node-labels`, async (request, reply) => {
    mayAdminister(request, '/remove-node-labels ')
    const rm = requireLabels()
    const labels = asList(request.query.labels).flatMap((l) => l.split(','))
    if (labels.length === 0) throw badRequest('name the labels to remove: ?labels=A&labels=B')
    await change(rm, { type: 'removeNodeLabels', labels })
    return answerText(request, reply, 200, '')
  })
  web.post<{ Body: { nodeToLabels?: NodeToLabels | NodeToLabels[] } }>(`${base}/replace-node-to-labels`, async (request, reply) => {
    mayAdminister(request, '/replace-node-to-labels')
    const rm = requireLabels()
    const nodes = asList(request.body?.nodeToLabels).map((n) => ({ nodeId: nodeIdFrom(n.nodeId ?? ''), labels: asList(n.labels) }))
    await change(rm, { type: 'replaceLabelsOnNodes', nodes })
    return answerText(request, reply, 200, '')
  })
  web.post<{ Params: { node: string } } & Labels>(`${base}/nodes/:node/replace-labels`, async (request, reply) => {
    mayAdminister(request, '/nodes/nodeid/replace-labels')
    const rm = requireLabels()
    const labels = asList(request.query.labels).flatMap((l) => l.split(',').filter((s) => s !== ''))
    await change(rm, { type: 'replaceLabelsOnNodes', nodes: [{ nodeId: nodeIdFrom(request.params.node), labels }] })
    return answerText(request, reply, 200, '')
  })
}

type Label = { readonly name: string; readonly exclusive: boolean; readonly nodes: readonly NodeId[] }

/** These answers are of an older kind: one of a list stands by itself, and all values are text. */
const listed = (items: readonly Tree[]): Tree => (items.length === 1 ? items[0] : items)

const labelTree = (l: Label): Tree => ({ name: l.name, exclusivity: String(l.exclusive) })

const labelsTree = (labels: readonly Label[]): Tree => (labels.length > 0 ? { nodeLabelInfo: listed(labels.map(labelTree)) } : {})

/** HOST or HOST:PORT; port 0 stands for every NodeManager of the host. */
function nodeIdFrom(text: string): NodeId {
  if (text === '') throw badRequest('a node is HOST or HOST:PORT')
  return text.includes(':') ? parseNodeId(text) : { host: text, port: 0 }
}
