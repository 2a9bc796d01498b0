/** dfsadmin -report and -printTopology. */
import type { DatanodeInfoProto } from '../../../common/proto/gen/hdfs.js'
import type { ClientProtocol } from '../../../common/protocols/client-namenode.js'
import type { Proxy as RpcProxy } from '../../../common/rpc/protocol.js'
import { byteSize, javaDate, percent } from '../shell/format.js'
import type { Terminal } from './terminal.js'

const RULE = '-------------------------------------------------'
const DEFAULT_RACK = '/default-rack'

/** Which DataNodes an option asks for, and what they are called. */
const LISTS = [
  { option: '-live', type: 'LIVE', title: 'Live' },
  { option: '-dead', type: 'DEAD', title: 'Dead' },
  { option: '-decommissioning', type: 'DECOMMISSIONING', title: 'Decommissioning' },
  { option: '-enteringmaintenance', type: 'ENTERING_MAINTENANCE', title: 'Entering maintenance' },
  { option: '-inmaintenance', type: 'IN_MAINTENANCE', title: 'In maintenance' },
] as const

const ADMIN_STATES: Record<DatanodeInfoProto['adminState'], string> = {
  NORMAL: 'Normal',
  DECOMMISSION_INPROGRESS: 'Decommission in progress',
  DECOMMISSIONED: 'Decommissioned',
  ENTERING_MAINTENANCE: 'Entering maintenance',
  IN_MAINTENANCE: 'In maintenance',
}

const amount = (n: number) => `${n} (${byteSize(n)})`

export async function report(t: Terminal, namenode: RpcProxy<ClientProtocol>, args: readonly string[]): Promise<number> {
  const [stats, replicated, groups, safe] = await Promise.all([
    namenode.getFsStats({}),
    namenode.getFsReplicatedBlockStats({}),
    namenode.getFsECBlockGroupStats({}),
    namenode.setSafeMode({ action: 'SAFEMODE_GET' }),
  ])
  const present = stats.used + stats.remaining
  if (safe.result) t.line('Safe mode is ON')
  t.line(`Configured Capacity: ${amount(stats.capacity)}`)
  t.line(`Present Capacity: ${amount(present)}`)
  t.line(`DFS Remaining: ${amount(stats.remaining)}`)
  t.line(`DFS Used: ${amount(stats.used)}`)
  t.line(`DFS Used%: ${percent(stats.used, present)}`)
  t.line('Replicated Blocks:')
  t.line(`\tUnder replicated blocks: ${replicated.lowRedundancy}`)
  t.line(`\tBlocks with corrupt replicas: ${replicated.corruptBlocks}`)
  t.line(`\tMissing blocks: ${replicated.missingBlocks}`)
  t.line(`\tMissing blocks (with replication factor 1): ${replicated.missingReplOneBlocks}`)
  if (replicated.highestPrioLowRedundancyBlocks !== undefined) {
    t.line(`\tLow redundancy blocks with highest priority to recover: ${replicated.highestPrioLowRedundancyBlocks}`)
  }
  t.line(`\tPending deletion blocks: ${replicated.pendingDeletionBlocks}`)
  t.line('Erasure Coded Block Groups: ')
  t.line(`\tLow redundancy block groups: ${groups.lowRedundancy}`)
  t.line(`\tBlock groups with corrupt internal blocks: ${groups.corruptBlocks}`)
  t.line(`\tMissing block groups: ${groups.missingBlocks}`)
  if (groups.highestPrioLowRedundancyBlocks !== undefined) {
    t.line(`\tLow redundancy blocks with highest priority to recover: ${groups.highestPrioLowRedundancyBlocks}`)
  }
  t.line(`\tPending deletion blocks: ${groups.pendingDeletionBlocks}`)
  t.line(`\n${RULE}`)
  const wanted = LISTS.filter((l) => args.includes(l.option))
  const all = wanted.length === 0 && !args.includes('-slownodes')
  for (const { type, title } of all ? LISTS : wanted) {
    const { di } = await namenode.getDatanodeReport({ type })
    if (all && di.length === 0) continue
    t.line(`${title} datanodes (${di.length}):\n`)
    for (const d of di) t.line(`${describe(d)}\n`)
  }
  if (args.includes('-slownodes')) {
    const { datanodeInfoProto } = await namenode.getSlowDatanodeReport({})
    t.line(`Slow datanodes (${datanodeInfoProto.length}):\n`)
    for (const d of datanodeInfoProto) t.line(`${describe(d)}\n`)
  }
  return 0
}

function describe(d: DatanodeInfoProto): string {
  const cacheRemaining = d.cacheCapacity - d.cacheUsed
  return [
    `Name: ${d.id.ipAddr}:${d.id.xferPort}${d.id.hostName === d.id.ipAddr ? '' : ` (${d.id.hostName})`}`,
    `Hostname: ${d.id.hostName}`,
    ...(d.location && d.location !== DEFAULT_RACK ? [`Rack: ${d.location}`] : []),
    ...(d.upgradeDomain ? [`Upgrade domain: ${d.upgradeDomain}`] : []),
    `Decommission Status : ${ADMIN_STATES[d.adminState]}`,
    `Configured Capacity: ${amount(d.capacity)}`,
    `DFS Used: ${amount(d.dfsUsed)}`,
    `Non DFS Used: ${amount(d.nonDfsUsed ?? Math.max(d.capacity - d.dfsUsed - d.remaining, 0))}`,
    `DFS Remaining: ${amount(d.remaining)}`,
    `DFS Used%: ${percent(d.dfsUsed, d.capacity)}`,
    `DFS Remaining%: ${percent(d.remaining, d.capacity)}`,
    `Configured Cache Capacity: ${amount(d.cacheCapacity)}`,
    `Cache Used: ${amount(d.cacheUsed)}`,
    `Cache Remaining: ${amount(cacheRemaining)}`,
    `Cache Used%: ${d.cacheCapacity > 0 ? percent(d.cacheUsed, d.cacheCapacity) : '100.00%'}`,
    `Cache Remaining%: ${percent(cacheRemaining, d.cacheCapacity)}`,
    `Xceivers: ${d.xceiverCount}`,
    `Last contact: ${javaDate(d.lastUpdate)}`,
    `Last Block Report: ${d.lastBlockReportTime === 0 ? 'Never' : javaDate(d.lastBlockReportTime)}`,
    `Num of Blocks: ${d.numBlocks}`,
    '',
  ].join('\n')
}

const TOPOLOGY_STATES: Record<DatanodeInfoProto['adminState'], string> = {
  NORMAL: 'In Service',
  DECOMMISSION_INPROGRESS: 'Decommission In Progress',
  DECOMMISSIONED: 'Decommissioned',
  ENTERING_MAINTENANCE: 'Entering Maintenance',
  IN_MAINTENANCE: 'In Maintenance',
}

export async function topology(t: Terminal, namenode: RpcProxy<ClientProtocol>): Promise<number> {
  const { di } = await namenode.getDatanodeReport({ type: 'ALL' })
  if (di.length === 0) {
    t.line('No DataNodes')
    return 0
  }
  const racks = new Map<string, string[]>()
  for (const d of di) {
    const rack = d.location ?? DEFAULT_RACK
    const name = `   ${d.id.ipAddr}:${d.id.xferPort}${d.id.hostName === d.id.ipAddr ? '' : ` (${d.id.hostName})`} ${TOPOLOGY_STATES[d.adminState]}`
    racks.set(rack, [...(racks.get(rack) ?? []), name])
  }
  for (const [rack, names] of [...racks].sort(([a], [b]) => (a < b ? -1 : 1))) t.line(`Rack: ${rack}\n${names.sort().join('\n')}\n`)
  return 0
}
