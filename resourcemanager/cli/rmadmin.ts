/** `yarn rmadmin`. Output and exit codes: org.apache.hadoop.yarn.client.cli.RMAdminCLI, org.apache.hadoop.ha.HAAdmin. */
import { yarn } from '../../common/config/keys/yarn.js'
import { HadoopException, firstLine } from '../../common/errors.js'
import type { NodeIdToLabelsProtoInit } from '../../common/proto/gen/yarn.js'
import { haServiceProtocol } from '../../common/protocols/ha-service.js'
import { resourceManagerAdministrationProtocol } from '../../common/protocols/resourcemanager-administration.js'
import { parseNodeId } from '../../common/records/ids.js'
import { RpcClient, formatAddress } from '../../common/rpc/client.js'
import type { Proxy as RpcProxy } from '../../common/rpc/protocol.js'
import { currentUser } from '../../common/security/user.js'
import { rmAddress, rmAddresses, rmIds } from '../../common/yarn-client/index.js'
import { type Command, type Context, FAILED, list } from './command.js'

type Admin = RpcProxy<typeof resourceManagerAdministrationProtocol>

/** Words that don't fit; the command's usage follows. */
class UsageError extends Error {
  override name = 'UsageError'
}

interface Verb {
  readonly syntax: string
  readonly meaning: string
  run(args: readonly string[], context: Context): Promise<number>
}

const admin =
  (call: (proxy: Admin, args: readonly string[], context: Context) => Promise<unknown>) =>
  async (args: readonly string[], context: Context): Promise<number> => {
    const rpc = new RpcClient(resourceManagerAdministrationProtocol, rmAddresses(context.conf, 'admin'), { user: currentUser() })
    try {
      await call(rpc.proxy, args, context)
      return 0
    } finally {
      rpc.close()
    }
  }

const VERBS: Record<string, Verb> = {
  '-refreshQueues': { syntax: '', meaning: 'Reads the scheduler configuration again.', run: admin((p) => p.refreshQueues({})) },
  '-refreshNodes': {
    syntax: '[-g|graceful [timeout in seconds] -client|server]',
    meaning: 'Reads the include and exclude lists of nodes again; with -g nodes to be excluded may finish their containers first.',
    run: admin(refreshNodes),
  },
  '-refreshNodesResources': { syntax: '', meaning: "Reads the nodes' resources again.", run: admin((p) => p.refreshNodesResources({})) },
  '-refreshSuperUserGroupsConfiguration': {
    syntax: '',
    meaning: 'Reads the groups of proxy users again.',
    run: admin((p) => p.refreshSuperUserGroupsConfiguration({})),
  },
  '-refreshUserToGroupsMappings': { syntax: '', meaning: 'Forgets which groups users are in.', run: admin((p) => p.refreshUserToGroupsMappings({})) },
  '-refreshAdminAcls': { syntax: '', meaning: 'Reads again who may administer.', run: admin((p) => p.refreshAdminAcls({})) },
  '-refreshServiceAcl': { syntax: '', meaning: 'Reads the service-level authorization policy again.', run: admin((p) => p.refreshServiceAcls({})) },
  '-getGroups': { syntax: '[username]', meaning: 'Shows the groups that users are in.', run: admin(getGroups) },
  '-addToClusterNodeLabels': {
    syntax: '<"label1(exclusive=true),label2(exclusive=false),label3">',
    meaning: 'Adds node labels to the cluster; they are exclusive unless said otherwise.',
    run: admin((p, args) => p.addToClusterNodeLabels({ nodeLabels: parseLabels(need(args, 'No cluster node-labels are specified')) })),
  },
  '-removeFromClusterNodeLabels': {
    syntax: '<label1,label2,label3>',
    meaning: 'Removes node labels from the cluster.',
    run: admin((p, args) => p.removeFromClusterNodeLabels({ nodeLabels: list([need(args, 'No cluster node-labels are specified')]) })),
  },
  '-replaceLabelsOnNode': {
    syntax: '<"node1[:port]=label1,label2 node2[:port]=label1,label2"> [-failOnUnknownNodes] ',
    meaning: 'Gives nodes other labels.',
    run: admin((p, args) => {
      const mappings = args.filter((a) => a !== '-failOnUnknownNodes')
      const nodeToLabels = parseNodeLabels(need(mappings, 'No node-to-labels mappings are specified'))
      return p.replaceLabelsOnNodes({ nodeToLabels, failOnUnknownNodes: args.includes('-failOnUnknownNodes') })
    }),
  },
  '-refreshClusterMaxPriority': {
    syntax: '',
    meaning: 'Reads the highest priority of applications again.',
    run: admin((p) => p.refreshClusterMaxPriority({})),
  },
  '-updateNodeResource': {
    syntax: '[NodeID] [MemSize] [vCores] ([OvercommitTimeout])',
    meaning: "Changes a node's resources until it registers anew; instead of memory and vcores also [NodeID] [resourcetypes] as memory-mb=1024Mi,vcores=1.",
    run: admin(updateNodeResource),
  },
  '-getServiceState': {
    syntax: '<serviceId>',
    meaning: 'Shows whether this ResourceManager is active or standby.',
    run: (args, context) => getServiceState(args, context),
  },
  '-getAllServiceState': { syntax: '', meaning: 'Shows that of each ResourceManager.', run: (_, context) => getAllServiceState(context) },
  '-checkHealth': {
    syntax: '<serviceId>',
    meaning: 'Succeeds when this ResourceManager is well.',
    run: (args, context) => onService('-checkHealth', args, context, (p) => p.monitorHealth({})),
  },
  '-transitionToActive': {
    syntax: '[--forceactive] <serviceId>',
    meaning: 'Makes this ResourceManager the active one.',
    run: (args, context) => onService('-transitionToActive', args, context, (p) => p.transitionToActive({ reqInfo: { reqSource: 'REQUEST_BY_USER' } })),
  },
  '-transitionToStandby': {
    syntax: '<serviceId>',
    meaning: 'Makes this ResourceManager stand by.',
    run: (args, context) => onService('-transitionToStandby', args, context, (p) => p.transitionToStandby({ reqInfo: { reqSource: 'REQUEST_BY_USER' } })),
  },
}

export const rmadmin: Command = async (args, context) => {
  const [verbName, ...rest] = args
  if (verbName === '-help') return help(rest[0], context)
  const verb = verbName === undefined ? undefined : VERBS[verbName]
  if (verbName === undefined || !verb) {
    if (verbName !== undefined) context.err(`${verbName.replace(/^-/, '')}: Unknown command`)
    for (const line of usageLines()) context.err(line)
    return FAILED
  }
  try {
    return await verb.run(rest, context)
  } catch (e) {
    if (e instanceof UsageError) {
      context.err(e.message)
      context.err(`Usage: yarn rmadmin [${verbName} ${verb.syntax}]`)
      return FAILED
    }
    if (!(e instanceof HadoopException)) throw e
    context.err(`${verbName.slice(1)}: ${firstLine(e)}`)
    return FAILED
  }
}

function usageLines(): string[] {
  return ['Usage: yarn rmadmin', ...Object.entries(VERBS).map(([name, v]) => `   ${name} ${v.syntax}`), '   -help [cmd]']
}

function help(name: string | undefined, context: Context): number {
  const verb = name === undefined ? undefined : VERBS[`-${name.replace(/^-/, '')}`]
  if (verb) context.out(`   -${name!.replace(/^-/, '')} ${verb.syntax}: ${verb.meaning}`)
  else {
    context.out('rmadmin is the command to execute YARN administrative commands.\nThe full syntax is: \n')
    context.out(
      `yarn rmadmin ${Object.entries(VERBS)
        .map(([n, v]) => `[${[n, v.syntax].filter(Boolean).join(' ')}]`)
        .join(' ')} [-help [cmd]]\n`,
    )
    for (const [n, v] of Object.entries(VERBS)) context.out(`   ${[n, v.syntax].filter(Boolean).join(' ')}: ${v.meaning}`)
    context.out('   -help [cmd]: Shows this help, or that of one command.')
  }
  return 0
}

function need(args: readonly string[], words: string): string {
  if (!args[0]?.trim()) throw new UsageError(words)
  return args[0]
}

function seconds(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?\d+$/.test(text)) return undefined
  return Number(text)
}

/** With the client as the keeper of time it waits here, and excludes the nodes at once when it is over. */
async function refreshNodes(proxy: Admin, args: readonly string[], context: Context): Promise<void> {
  if (args.length === 0) {
    await proxy.refreshNodes({ decommissionType: 'NORMAL' })
    return
  }
  const [flag, ...rest] = args
  if (flag !== '-g' && flag !== '-graceful') throw new UsageError(`Unknown option ${flag}`)
  const timeout = seconds(rest[0])
  const keeper = timeout === undefined ? rest[0] : rest[1]
  if (keeper !== '-client' && keeper !== '-server') throw new UsageError('Say who keeps the time: -client or -server')
  if (timeout !== undefined && timeout < -1) throw new UsageError(`Invalid timeout value : ${timeout}`)
  if (keeper === '-server') {
    await proxy.refreshNodes({ decommissionType: 'GRACEFUL', ...(timeout !== undefined && timeout >= 0 && { decommissionTimeout: timeout }) })
    return
  }
  await proxy.refreshNodes({ decommissionType: 'GRACEFUL' })
  const limit = timeout === undefined || timeout < 0 ? Number.POSITIVE_INFINITY : performance.now() + timeout * 1000
  while (performance.now() < limit) {
    const { decommissioningNodes } = await proxy.checkForDecommissioningNodes({})
    if (decommissioningNodes.length === 0) return context.out('Graceful decommissioning completed.')
    await new Promise((r) => setTimeout(r, 1000))
  }
  await proxy.refreshNodes({ decommissionType: 'FORCEFUL' })
  context.out('Graceful decommissioning completed; nodes that were not done in time are decommissioned forcefully.')
}

async function getGroups(proxy: Admin, args: readonly string[], context: Context): Promise<void> {
  for (const user of args.length > 0 ? args : [currentUser()]) {
    const { groups } = await proxy.getGroupsForUser({ user })
    context.out(`${user} : ${groups.join(' ')}`)
  }
}

/** `a(exclusive=false),b` */
export function parseLabels(text: string): { name: string; isExclusive: boolean }[] {
  return list([text]).map((part) => {
    const m = /^([^()]+?)\s*(?:\(\s*(exclusive)\s*=\s*(true|false)\s*\))?$/i.exec(part)
    if (!m) throw new UsageError(`"${part}" is no label: give NAME or NAME(exclusive=true|false)`)
    return { name: m[1]!, isExclusive: m[3]?.toLowerCase() !== 'false' }
  })
}

/** `node1:port=label node2=label` */
export function parseNodeLabels(text: string): NodeIdToLabelsProtoInit[] {
  return text
    .trim()
    .split(/\s+/)
    .map((part) => {
      const [node = '', ...labels] = part.split(/[=,]/)
      if (node === '' || !/^[^=]+=/.test(part)) throw new UsageError(`"${part}" is no mapping: give NODE[:PORT]=LABEL`)
      const nodeId = node.includes(':') ? parseNodeId(node) : { host: node, port: 0 }
      return { nodeId, nodeLabels: labels.filter((l) => l !== '') }
    })
}

/** `memory-mb=1024Mi,vcores=1,…` */
function parseResourceTypes(text: string) {
  const amounts = text.split(',').map((part) => {
    const m = /^\s*([\w./-]+)\s*=\s*(\d+)\s*(\w*)\s*$/.exec(part)
    if (!m) throw new UsageError(`"${part}" is no amount of a resource: give NAME=AMOUNT[UNIT]`)
    return { key: m[1]!, value: Number(m[2]), units: m[3]! }
  })
  const scale = (units: string) => ({ '': 1, Mi: 1, M: 1, Gi: 1024, G: 1024 })[units] ?? 1
  const memory = amounts.find((a) => a.key === 'memory-mb' || a.key === 'memory')
  const vcores = amounts.find((a) => a.key === 'vcores')
  if (!memory || !vcores) throw new UsageError('memory-mb and vcores must both be given')
  const more = amounts.filter((a) => a !== memory && a !== vcores).map((a) => ({ ...a, type: 'COUNTABLE' as const }))
  return { memory: memory.value * scale(memory.units), virtualCores: vcores.value, resourceValueMap: more }
}

async function updateNodeResource(proxy: Admin, args: readonly string[]): Promise<void> {
  const [nodeText, second, third, fourth] = args
  if (nodeText === undefined || second === undefined || args.length > 4) throw new UsageError('Number of parameters specified for updateNodeResource is wrong.')
  const typed = second.includes('=')
  const resource = typed ? parseResourceTypes(second) : { memory: natural(second, 'memory'), virtualCores: natural(third, 'vcores') }
  const overcommit = seconds(typed ? third : fourth)
  const resourceOption = { resource, ...(overcommit !== undefined && { overCommitTimeout: overcommit }) }
  await proxy.updateNodeResource({ nodeResourceMap: [{ nodeId: parseNodeId(nodeText), resourceOption }] })
}

function natural(text: string | undefined, what: string): number {
  if (text === undefined || !/^\d+$/.test(text)) throw new UsageError(`Invalid resource value: ${text ?? 'none given'} for ${what}`)
  return Number(text)
}

type HaProxy = RpcProxy<typeof haServiceProtocol>

async function withService<T>(id: string, context: Context, call: (proxy: HaProxy) => Promise<T>): Promise<T> {
  const rpc = new RpcClient(haServiceProtocol, [rmAddress(context.conf, 'admin', id)], { user: currentUser() })
  try {
    return await call(rpc.proxy)
  } finally {
    rpc.close()
  }
}

function refuseWithoutPair(verb: string, context: Context): boolean {
  if (context.conf.get(yarn.rmHaEnabled)) return false
  context.out(`Cannot run ${verb} when ResourceManager HA is not enabled`)
  return true
}

async function onService(verb: string, args: readonly string[], context: Context, call: (proxy: HaProxy) => Promise<unknown>): Promise<number> {
  if (refuseWithoutPair(verb, context)) return FAILED
  const [id, ...more] = args.filter((a) => !a.startsWith('--force'))
  if (id === undefined || more.length > 0) throw new UsageError(`${verb.slice(1)}: incorrect number of arguments`)
  if (!rmIds(context.conf).includes(id))
    throw new UsageError(`${id} is none of the ResourceManagers of ${yarn.rmHaIds.name}: ${rmIds(context.conf).join(', ')}`)
  await withService(id, context, call)
  return 0
}

async function getServiceState(args: readonly string[], context: Context): Promise<number> {
  return onService('-getServiceState', args, context, async (p) => context.out((await p.getServiceStatus({})).state.toLowerCase()))
}

async function getAllServiceState(context: Context): Promise<number> {
  if (refuseWithoutPair('-getAllServiceState', context)) return FAILED
  for (const id of rmIds(context.conf)) {
    const address = formatAddress(rmAddress(context.conf, 'admin', id))
    const state = await withService(id, context, async (p) => (await p.getServiceStatus({})).state.toLowerCase()).catch(
      (e) => `Failed to connect: ${firstLine(e)}`,
    )
    context.out(`${address.padEnd(50)} ${state.padEnd(10)}`)
  }
  return 0
}
