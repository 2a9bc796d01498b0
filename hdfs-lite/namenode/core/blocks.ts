/** Replicas: what DataNodes report against what files need (BlockManager). */
import { exception } from '../../../common/errors.js'
import type { ReplicaState } from '../../../common/records/hdfs/index.js'
import { type Block, type Datanode, type Storage, NO_REPLICAS, blockName, withReplica, withoutReplica } from './block.js'
import { type FsState, touch } from './state.js'

export interface ReportedBlock {
  readonly id: number
  readonly generationStamp: number
  readonly length: number
}

const isSafe = (fs: FsState, b: Block) => b.replicas.storages.length >= fs.config.minReplication

function changeReplicas(fs: FsState, block: Block, next: Block['replicas']): void {
  const before = block.construction === undefined && isSafe(fs, block)
  block.replicas = next
  const after = block.construction === undefined && isSafe(fs, block)
  if (before !== after) fs.safeBlocks += after ? 1 : -1
}

export function addReplica(fs: FsState, block: Block, storage: Storage): void {
  const { storages } = block.replicas
  if (storages.includes(storage)) return
  // One replica for each node: a block that moved between a node's volumes counts once.
  const moved = storages.find((s) => s.node === storage.node)
  if (moved) removeReplica(fs, block, moved)
  storage.blockCount++
  changeReplicas(fs, block, withReplica(block.replicas, storage))
  if (storage.node.scheduled > 0) storage.node.scheduled--
  updateRedundancy(fs, block)
}

export function removeReplica(fs: FsState, block: Block, storage: Storage): void {
  if (!block.replicas.storages.includes(storage)) return
  storage.blockCount--
  changeReplicas(fs, block, withoutReplica(block.replicas, storage))
  if (block.corrupt?.delete(storage.node) && block.corrupt.size === 0) block.corrupt = undefined
  updateRedundancy(fs, block)
}

/** Replicas that can be read: on live nodes, not corrupt. */
export function liveReplicas(block: Block): Storage[] {
  return block.replicas.storages.filter((s) => s.node.alive && !s.failed && !block.corrupt?.has(s.node))
}

/** Replicas that count towards the file's replication: those on nodes that are leaving do not. */
export function usableReplicas(block: Block): number {
  let n = 0
  for (const s of block.replicas.storages) if (s.node.alive && !s.failed && !block.corrupt?.has(s.node) && s.node.adminState === 'NORMAL') n++
  return n
}

export function updateRedundancy(fs: FsState, block: Block): void {
  const file = block.file
  if (!file || block.construction) {
    fs.lowRedundancy.delete(block)
    return
  }
  if (usableReplicas(block) < file.replication) {
    if (!fs.lowRedundancy.has(block)) fs.lowRedundancy.set(block, 0)
  } else {
    fs.lowRedundancy.delete(block)
    fs.pendingCopies.delete(block)
  }
}

export function invalidate(node: Datanode, block: ReportedBlock): void {
  node.invalidate.set(block.id, block.generationStamp)
}

/** The block's file is gone: its replicas are deleted as DataNodes next heartbeat. */
export function removeBlock(fs: FsState, block: Block): void {
  const nodes = new Set<Datanode>()
  for (const s of block.replicas.storages) {
    nodes.add(s.node)
    s.blockCount--
  }
  for (const s of block.construction?.expected ?? []) nodes.add(s.node)
  for (const r of block.construction?.reported ?? []) nodes.add(r.storage.node)
  for (const n of nodes) invalidate(n, block)
  if (block.construction === undefined) {
    fs.completeBlocks--
    if (isSafe(fs, block)) fs.safeBlocks--
  }
  block.replicas = NO_REPLICAS
  block.file = undefined
  fs.blocks.delete(block.id)
  fs.lowRedundancy.delete(block)
  fs.pendingCopies.delete(block)
}

/** The client says how long the block is: it is committed, and complete once enough replicas are reported. */
export function commitBlock(fs: FsState, block: Block, generationStamp: number, length: number): void {
  const c = block.construction
  if (!c || c.state === 'COMMITTED') return
  if (length < block.length)
    throw exception(
      'IOException',
      `Commit block, block size mismatch: ${length} bytes committed for ${blockName(block)}, at least ${block.length} were reported`,
    )
  block.generationStamp = generationStamp
  block.length = length
  c.state = 'COMMITTED'
  for (const r of c.reported) {
    if (r.generationStamp === generationStamp && r.length === length) addReplica(fs, block, r.storage)
    else invalidate(r.storage.node, { id: block.id, generationStamp: r.generationStamp, length: r.length })
  }
  c.reported = []
}

/** @returns whether the block is complete now */
export function completeBlock(fs: FsState, block: Block, force = false): boolean {
  const c = block.construction
  if (!c) return true
  if (c.state !== 'COMMITTED' && !force) return false
  if (!force && liveReplicas(block).length < fs.config.minReplication) return false
  block.construction = undefined
  fs.completeBlocks++
  if (isSafe(fs, block)) fs.safeBlocks++
  updateRedundancy(fs, block)
  return true
}

/** A complete block is opened again for appending or truncating. */
export function reopenBlock(fs: FsState, block: Block, construction: NonNullable<Block['construction']>): void {
  fs.completeBlocks--
  if (isSafe(fs, block)) fs.safeBlocks--
  for (const s of block.replicas.storages) s.blockCount--
  block.replicas = NO_REPLICAS
  block.construction = construction
  fs.lowRedundancy.delete(block)
}

export function markCorrupt(fs: FsState, block: Block, node: Datanode): void {
  if (!block.replicas.storages.some((s) => s.node === node)) return
  block.corrupt ??= new Set()
  block.corrupt.add(node)
  updateRedundancy(fs, block)
  dropCorrupt(fs, block)
}

/** Corrupt replicas go once enough good ones exist: a bad copy is better than none. */
export function dropCorrupt(fs: FsState, block: Block): void {
  const file = block.file
  if (!block.corrupt || !file || block.construction) return
  if (usableReplicas(block) < file.replication) return
  for (const node of [...block.corrupt]) {
    const s = block.replicas.storages.find((x) => x.node === node)
    if (s) removeReplica(fs, block, s)
    invalidate(node, block)
  }
}

/** One replica as a DataNode reports it. */
export function processReported(fs: FsState, storage: Storage, r: ReportedBlock, state: ReplicaState): void {
  const block = fs.blocks.get(r.id)
  if (!block?.file) {
    // Ids from the future are another NameNode's, or ours after lost edits: never delete those by ourselves.
    if (r.id <= fs.counters.lastBlockId) invalidate(storage.node, r)
    return
  }
  const c = block.construction
  if (!c) return processForComplete(fs, storage, block, r, state)
  if (state === 'FINALIZED') {
    if (c.state === 'COMMITTED') {
      if (r.generationStamp === block.generationStamp && r.length === block.length) {
        addReplica(fs, block, storage)
        // The last block waits for its writer's word; the writer has gone on from an earlier one.
        if (block.file.blocks.at(-1) !== block && completeBlock(fs, block)) touch(fs, block.file)
        return
      }
      if (r.generationStamp < block.generationStamp) invalidate(storage.node, r)
      return
    }
    c.reported = c.reported.filter((x) => x.storage.node !== storage.node)
    c.reported.push({ storage, generationStamp: r.generationStamp, length: r.length })
  }
  if (!c.expected.some((s) => s.node === storage.node) && r.generationStamp >= block.generationStamp) c.expected.push(storage)
}

function processForComplete(fs: FsState, storage: Storage, block: Block, r: ReportedBlock, state: ReplicaState): void {
  if (state === 'FINALIZED' && r.generationStamp === block.generationStamp && r.length === block.length) {
    addReplica(fs, block, storage)
    removeExcess(fs, block)
    dropCorrupt(fs, block)
    return
  }
  // The replica that is just being finalized, or recovered to a newer stamp, is not corrupt.
  if (r.generationStamp > block.generationStamp) return
  if (r.generationStamp === block.generationStamp && (state === 'RBW' || state === 'TEMPORARY')) return
  if (r.generationStamp === block.generationStamp && state === 'FINALIZED') {
    addReplica(fs, block, storage)
    markCorrupt(fs, block, storage.node)
    return
  }
  if (usableReplicas(block) >= Math.min(block.file!.replication, 1)) invalidate(storage.node, r)
}

/** Replicas beyond what the file wants: the fullest nodes lose theirs. */
export function removeExcess(fs: FsState, block: Block): void {
  const file = block.file
  if (!file || block.construction) return
  const good = liveReplicas(block).filter((s) => s.node.adminState === 'NORMAL')
  const excess = good.length - file.replication
  if (excess <= 0) return
  const order = [...good].sort((a, b) => a.remaining - b.remaining || (a.id < b.id ? 1 : -1))
  for (let i = 0; i < excess; i++) {
    // A rack keeps its only replica as long as another has several.
    const alone = (s: Storage) => !order.some((x) => x !== s && x.node.location === s.node.location)
    const s = order.find((x) => !alone(x)) ?? order[0]!
    order.splice(order.indexOf(s), 1)
    removeReplica(fs, block, s)
    invalidate(s.node, block)
  }
}
