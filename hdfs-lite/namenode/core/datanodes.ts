/** DataNodes: registration, heartbeats, reports, death (DatanodeManager, HeartbeatManager). */
import { exception } from '../../../common/errors.js'
import type { ReplicaState } from '../../../common/records/hdfs/index.js'
import type { Block, Datanode, Storage, Transfer } from './block.js'
import { type ReportedBlock, processReported, removeReplica, updateRedundancy } from './blocks.js'
import { inSafeMode } from './safe-mode.js'
import type { FsState } from './state.js'

export interface Registration {
  readonly uuid: string
  readonly address: string
  readonly hostName: string
  readonly xferPort: number
  readonly infoPort: number
  readonly infoSecurePort: number
  readonly ipcPort: number
  readonly softwareVersion: string
  /** The rack. */
  readonly location: string
}

export interface StorageState {
  readonly id: string
  readonly type: string
  readonly state: Storage['state']
  readonly failed: boolean
  readonly capacity: number
  readonly used: number
  readonly remaining: number
  readonly blockPoolUsed: number
  readonly nonDfsUsed: number
}

export interface Heartbeat {
  readonly storages: readonly StorageState[]
  readonly xceivers: number
  readonly failedVolumes: number
}

/** What a DataNode is told to do. */
export interface Commands {
  readonly invalidate: ReportedBlock[]
  readonly transfers: Transfer[]
  readonly recoveries: Block[]
}

const MAX_INVALIDATE = 1000
const MAX_TRANSFERS = 8

function listed(hosts: ReadonlySet<string>, r: { address: string; hostName: string; xferPort: number }): boolean {
  return hosts.has(r.address) || hosts.has(r.hostName) || hosts.has(`${r.address}:${r.xferPort}`) || hosts.has(`${r.hostName}:${r.xferPort}`)
}

export function isAllowed(fs: FsState, r: { address: string; hostName: string; xferPort: number }): boolean {
  return fs.includedHosts.size === 0 || listed(fs.includedHosts, r)
}

export function register(fs: FsState, r: Registration, tick: number): Datanode {
  if (!isAllowed(fs, r))
    throw exception(
      'DisallowedDatanodeException',
      `Datanode denied communication with namenode because the host is not in the include-list: ${r.hostName}/${r.address}:${r.xferPort}`,
    )
  for (const other of [...fs.datanodes.values()]) {
    // Another node at the same address has taken this one's place.
    if (other.uuid !== r.uuid && other.address === r.address && other.xferPort === r.xferPort) {
      bury(fs, other)
      fs.datanodes.delete(other.uuid)
    }
  }
  let node = fs.datanodes.get(r.uuid)
  if (!node) {
    node = {
      ...r,
      storages: new Map(),
      alive: true,
      adminState: 'NORMAL',
      lastHeartbeat: tick,
      lastBlockReport: 0,
      xceivers: 0,
      failedVolumes: 0,
      invalidate: new Map(),
      transfers: [],
      recoveries: [],
      scheduled: 0,
    }
    fs.datanodes.set(r.uuid, node)
  } else {
    Object.assign(node, r)
    node.alive = true
    node.lastHeartbeat = tick
    node.scheduled = 0
    for (const s of node.storages.values()) {
      s.reported = false
      s.early = undefined
    }
  }
  updateAdminState(fs, node)
  return node
}

export function updateAdminState(fs: FsState, node: Datanode): void {
  const leaving = listed(fs.excludedHosts, node)
  if (leaving && node.adminState === 'NORMAL') node.adminState = 'DECOMMISSION_INPROGRESS'
  if (!leaving) node.adminState = 'NORMAL'
}

/** @throws UnregisteredNodeException */
export function registered(fs: FsState, uuid: string): Datanode {
  const node = fs.datanodes.get(uuid)
  if (!node) throw exception('UnregisteredNodeException', `Unregistered server: ${uuid}`)
  return node
}

export function updateStorage(node: Datanode, s: Pick<StorageState, 'id' | 'type' | 'state'> & Partial<StorageState>): Storage {
  let storage = node.storages.get(s.id)
  if (!storage) {
    storage = {
      id: s.id,
      node,
      type: s.type,
      state: s.state,
      failed: false,
      capacity: 0,
      used: 0,
      remaining: 0,
      blockPoolUsed: 0,
      nonDfsUsed: 0,
      blockCount: 0,
      reported: false,
      early: undefined,
    }
    node.storages.set(s.id, storage)
  }
  storage.type = s.type
  storage.state = s.state
  if (s.failed !== undefined) storage.failed = s.failed
  if (s.capacity !== undefined) storage.capacity = s.capacity
  if (s.used !== undefined) storage.used = s.used
  if (s.remaining !== undefined) storage.remaining = s.remaining
  if (s.blockPoolUsed !== undefined) storage.blockPoolUsed = s.blockPoolUsed
  if (s.nonDfsUsed !== undefined) storage.nonDfsUsed = s.nonDfsUsed
  return storage
}

/** @returns undefined when the node must register first */
export function heartbeat(fs: FsState, uuid: string, h: Heartbeat, tick: number): Commands | undefined {
  const node = fs.datanodes.get(uuid)
  if (!node?.alive) return undefined
  node.lastHeartbeat = tick
  node.xceivers = h.xceivers
  node.failedVolumes = h.failedVolumes
  for (const s of h.storages) updateStorage(node, s)
  // What clients were sent away with and never wrote is forgotten slowly.
  if (h.xceivers === 0) node.scheduled = 0
  const commands: Commands = { invalidate: [], transfers: [], recoveries: [] }
  if (inSafeMode(fs)) return commands
  for (const [id, generationStamp] of node.invalidate) {
    if (commands.invalidate.length >= MAX_INVALIDATE) break
    commands.invalidate.push({ id, generationStamp, length: 0 })
    node.invalidate.delete(id)
  }
  commands.transfers.push(...node.transfers.splice(0, MAX_TRANSFERS))
  commands.recoveries.push(...node.recoveries.splice(0).filter((b) => b.construction?.state === 'UNDER_RECOVERY'))
  return commands
}

export interface ReportedReplicaState extends ReportedBlock {
  readonly state: ReplicaState
}

/** One replica, as it changes. */
export function incrementalReport(fs: FsState, storage: Storage, r: ReportedBlock, state: ReplicaState): void {
  if (!storage.reported && state === 'FINALIZED') {
    storage.early ??= new Set()
    storage.early.add(r.id)
  }
  processReported(fs, storage, r, state)
}

/** All replicas of one storage: what it no longer holds is taken off, the rest is as if reported one by one. */
export function fullReport(fs: FsState, node: Datanode, storage: Storage, replicas: Iterable<ReportedReplicaState>, now: number): void {
  const seen = new Set<number>()
  for (const r of replicas) {
    seen.add(r.id)
    processReported(fs, storage, r, r.state)
  }
  if (storage.reported || storage.blockCount > 0) {
    for (const b of fs.blocks.values()) if (!seen.has(b.id) && !storage.early?.has(b.id) && b.replicas.storages.includes(storage)) removeReplica(fs, b, storage)
  }
  storage.reported = true
  storage.early = undefined
  node.lastBlockReport = now
}

export function deleted(fs: FsState, node: Datanode, r: ReportedBlock): void {
  const block = fs.blocks.get(r.id)
  if (!block || (r.generationStamp !== 0 && r.generationStamp < block.generationStamp)) return
  const s = block.replicas.storages.find((x) => x.node === node)
  if (s) removeReplica(fs, block, s)
}

/** The node's replicas no longer count. */
export function bury(fs: FsState, node: Datanode): void {
  node.alive = false
  for (const s of node.storages.values()) s.reported = false
  const storages = new Set(node.storages.values())
  for (const b of fs.blocks.values()) {
    for (const s of b.replicas.storages) {
      if (!storages.has(s)) continue
      removeReplica(fs, b, s)
      break
    }
  }
  node.invalidate.clear()
  node.transfers.length = 0
  node.recoveries.length = 0
}

/** @returns nodes that died just now */
export function checkDatanodes(fs: FsState, tick: number): Datanode[] {
  const dead: Datanode[] = []
  for (const node of fs.datanodes.values()) {
    if (!node.alive || tick - node.lastHeartbeat <= fs.config.deadAfter) continue
    bury(fs, node)
    dead.push(node)
  }
  return dead
}

/** Nodes that are leaving are gone once each of their blocks has enough replicas elsewhere. */
export function checkDecommissions(fs: FsState): void {
  for (const node of fs.datanodes.values()) {
    if (node.adminState !== 'DECOMMISSION_INPROGRESS') continue
    let waiting = 0
    for (const b of fs.blocks.values()) {
      if (!b.replicas.storages.some((s) => s.node === node)) continue
      updateRedundancy(fs, b)
      if (fs.lowRedundancy.has(b)) waiting++
    }
    if (waiting === 0) node.adminState = 'DECOMMISSIONED'
  }
}
