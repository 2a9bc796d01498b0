/** The cluster that `--nodes` names: so many alike (`100×16G,8`), an SLS topology, or a list of nodes in YAML. */
import { existsSync } from 'node:fs'
import type { Resource } from '../../../common/records/index.js'
import type { NodeSpec } from '../workload.js'
import { Reader } from './fields.js'
import { jsonValues } from './json-stream.js'
import { fail, Problems } from './problems.js'

const UNITS: Readonly<Record<string, number>> = { '': 1, m: 1, g: 1024, t: 1024 * 1024 }

/** `100×16G,8` or `100x16384,8`: so many nodes of so much memory and so many vcores. */
export function readNodesOption(text: string, otherwise: Resource): NodeSpec[] {
  const m = /^(\d+)\s*(?:[x×*]\s*(\d+)([mgt]?)b?\s*,\s*(\d+))?$/i.exec(text.trim())
  if (m && !existsSync(text)) {
    const resource = m[2] === undefined ? otherwise : { memory: Number(m[2]) * UNITS[m[3]!.toLowerCase()]!, vcores: Number(m[4]) }
    return Array.from({ length: Number(m[1]) }, (_, i) => ({ host: `node${i + 1}`, rack: `/rack${Math.floor(i / 40) + 1}`, resource }))
  }
  if (!existsSync(text)) fail({ file: text }, 'there is no such file', 'give a file of nodes, or how many of what size: --nodes 100x16G,8')
  return readTopology(text, otherwise)
}

/** An SLS topology: racks with their nodes. */
export function readTopology(file: string, otherwise: Resource): NodeSpec[] {
  const problems = new Problems()
  const nodes: NodeSpec[] = []
  const seen = new Set<string>()
  for (const { value, line } of jsonValues(file)) {
    const rack = new Reader(value as Record<string, unknown>, { file, line }, problems)
    const name = `/${rack.text('rack', 'default-rack').replace(/^\/+/, '')}`
    for (const node of rack.list('nodes')) {
      const host = node.text('node')
      if (seen.has(host)) node.problem('node', `${host} is there already`)
      seen.add(host)
      const resource = { memory: node.number('memory-mb', otherwise.memory, 1), vcores: node.number('vcores', otherwise.vcores, 1) }
      nodes.push({ host, rack: name, resource })
    }
  }
  if (nodes.length === 0) problems.add({ file }, 'it holds no node', 'an SLS topology is {"rack": "r1", "nodes": [{"node": "n1"}, …]}')
  problems.check()
  return nodes
}
