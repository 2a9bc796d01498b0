/** `yarn node`. Output and exit codes: org.apache.hadoop.yarn.client.cli.NodeCLI. */
import type { OptionTable } from '../../common/cli/index.js'
import { exception } from '../../common/errors.js'
import type { NodeReportProto, NodeStateProto, ResourceUtilizationProto } from '../../common/proto/gen/yarn.js'
import { nodeIdOf, resourceOf } from '../../common/protocols/records.js'
import { type NodeId, formatNodeId, parseNodeId } from '../../common/records/ids.js'
import { formatResource } from '../../common/records/resource.js'
import { NODE_STATES, type NodeState } from '../../common/records/states.js'
import { type Command, type Context, FAILED, bare, list, parse } from './command.js'
import { columns, float, healthTime } from './format.js'

const VALID_STATES = `The valid node state can be one of the following: ${NODE_STATES.join(',')}.`

const OPTIONS: OptionTable = [
  { short: 'all', description: 'With -list: nodes in every state.' },
  { short: 'help', description: 'Shows this help.' },
  { short: 'list', description: 'Lists running nodes; see -states, -all and -showDetails.' },
  { short: 'showDetails', description: 'With -list: what each node has, gives out and uses.' },
  { short: 'states', args: 'unlimited', argName: 'States', description: `With -list: only nodes in one of these states, separated by commas. ${VALID_STATES}` },
  { short: 'status', args: 1, argName: 'NodeId', description: 'Shows all that is known of a node.' },
]

export const node: Command = async (args, context) => {
  const parsed = parse('node', OPTIONS, args, context)
  if (typeof parsed === 'number') return parsed
  const { line, usage } = parsed
  if (line.has('status')) {
    await status(nodeIdFrom(line.value('status')!), context)
    return 0
  }
  if (line.has('list')) return listNodes(list(line.values('states')), line.has('all'), line.has('showDetails'), context)
  if (!line.has('help')) context.err('Invalid Command Usage : ')
  usage()
  return 0
}

function nodeIdFrom(text: string): NodeId {
  try {
    return parseNodeId(text)
  } catch (e) {
    throw exception('IllegalArgumentException', (e as Error).message)
  }
}

const WIDTHS = [16, 15, 17, 28]

async function listNodes(names: string[], all: boolean, details: boolean, context: Context): Promise<number> {
  const states = new Set<NodeState>(all ? NODE_STATES : [])
  for (const name of names) {
    const state = NODE_STATES.find((s) => s === name.toUpperCase())
    if (!state) {
      context.out(`The node state ${name} is invalid.`)
      context.out(VALID_STATES)
      return FAILED
    }
    states.add(state)
  }
  if (states.size === 0) states.add('RUNNING')
  const nodes = await context.yarn.getClusterNodes([...states].map((s): NodeStateProto => `NS_${s}`))
  context.out(`Total Nodes:${nodes.length}`)
  context.out(columns(WIDTHS, ['Node-Id', 'Node-State', 'Node-Http-Address', 'Number-of-Running-Containers']))
  for (const n of nodes) {
    context.out(columns(WIDTHS, [formatNodeId(nodeIdOf(n.nodeId)), bare(n.nodeState, 'NS_'), n.httpAddress ?? 'N/A', String(n.numContainers ?? 0)]))
    if (!details) continue
    context.out('Detailed Node Information :')
    context.out(`\tConfigured Resources : ${n.capability ? formatResource(resourceOf(n.capability)) : ''}`)
    context.out(`\tAllocated Resources : ${n.used ? formatResource(resourceOf(n.used)) : ''}`)
    context.out(`\tResource Utilization by Node : ${utilization(n.nodeUtilization)}`)
    context.out(`\tResource Utilization by Containers : ${utilization(n.containersUtilization)}`)
    context.out(`\tNode-Labels : ${[...n.nodeLabels].sort().join(',')}`)
  }
  return 0
}

function utilization(u: ResourceUtilizationProto | undefined): string {
  return u ? `PMem:${u.pmem ?? 0} MB, VMem:${u.vmem ?? 0} MB, VCores:${float(u.cpu ?? 0)}` : ''
}

async function status(id: NodeId, context: Context): Promise<void> {
  const text = formatNodeId(id)
  const found = (await context.yarn.getClusterNodes()).find((n) => formatNodeId(nodeIdOf(n.nodeId)) === text)
  if (!found) return context.out(`Could not find the node report for node id : ${text}`)
  for (const line of statusLines(found)) context.out(line)
}

function statusLines(n: NodeReportProto): string[] {
  const used = resourceOf(n.used)
  const total = resourceOf(n.capability)
  const extended = (r: typeof used, what: string) =>
    Object.entries(r.extended ?? {}).map(([name, amount]): [string, string] => [`${name}-${what}`, String(amount)])
  const facts: [string, string][] = [
    ['Node-Id', formatNodeId(nodeIdOf(n.nodeId))],
    ['Rack', n.rackName ?? ''],
    ['Node-State', bare(n.nodeState, 'NS_')],
    ['Node-Http-Address', n.httpAddress ?? ''],
    ['Last-Health-Update', healthTime(n.lastHealthReportTime ?? 0)],
    ['Health-Report', n.healthReport ?? ''],
    ['Containers', String(n.numContainers ?? 0)],
    ['Memory-Used', `${used.memory}MB`],
    ['Memory-Capacity', `${total.memory}MB`],
    ['CPU-Used', `${used.vcores} vcores`],
    ['CPU-Capacity', `${total.vcores} vcores`],
    ...extended(used, 'Used'),
    ...extended(total, 'Capacity'),
    ['Node-Labels', [...n.nodeLabels].sort().join(',')],
    [
      'Node Attributes',
      n.nodeAttributes.map((a) => `${a.attributeKey.attributePrefix}/${a.attributeKey.attributeName}(${a.attributeType})=${a.attributeValue}`).join(', '),
    ],
    ['Resource Utilization by Node', utilization(n.nodeUtilization)],
    ['Resource Utilization by Containers', utilization(n.containersUtilization)],
  ]
  if (n.decommissioningTimeout !== undefined) facts.push(['Decommission Timeout', String(n.decommissioningTimeout)])
  return ['Node Report : ', ...facts.map(([name, value]) => `\t${name} : ${value}`)]
}
