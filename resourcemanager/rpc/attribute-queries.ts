/** Node attributes as clients ask for them. */
import type { ApplicationClientProtocol } from '../../common/protocols/application-client.js'
import type { Handlers } from '../../common/rpc/protocol.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { attributeProto } from './reports.js'

type AttributeQueries = Pick<Handlers<ApplicationClientProtocol>, 'getClusterNodeAttributes' | 'getAttributesToNodes' | 'getNodesToAttributes'>

export function attributeQueries(rm: ResourceManager): AttributeQueries {
  /** Every attribute of every node. */
  const all = () => rm.core.nodes().flatMap((n) => Object.entries(n.attributes).map(([name, value]) => ({ host: n.nodeId.host, name, value })))
  return {
    getClusterNodeAttributes() {
      const names = [...new Set(all().map((a) => a.name))].sort()
      return {
        nodeAttributes: names.map((name) => {
          const { attributeKey, attributeType } = attributeProto(name, '')
          return { attributeKey, attributeType }
        }),
      }
    },

    getAttributesToNodes(request) {
      const wanted = request.nodeAttributes.map((k) => `${k.attributePrefix}/${k.attributeName}`)
      const byName = new Map<string, { hostname: string; attributeValue: string }[]>()
      for (const a of all()) {
        if (wanted.length > 0 && !wanted.includes(a.name)) continue
        const values = byName.get(a.name) ?? []
        values.push({ hostname: a.host, attributeValue: a.value })
        byName.set(a.name, values)
      }
      return { attributesToNodes: [...byName].map(([name, nodeValueMap]) => ({ nodeAttribute: attributeProto(name, '').attributeKey, nodeValueMap })) }
    },

    getNodesToAttributes(request) {
      const nodes = rm.core.nodes().filter((n) => request.hostnames.length === 0 || request.hostnames.includes(n.nodeId.host))
      return {
        nodesToAttributes: nodes.map((n) => ({
          node: n.nodeId.host,
          nodeAttributes: Object.entries(n.attributes).map(([name, value]) => attributeProto(name, value)),
        })),
      }
    },
  }
}
