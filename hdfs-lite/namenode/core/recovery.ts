/** Taking leases from writers that are gone, and bringing their last block to one length (FSNamesystem.recoverLease…). */
import { exception } from '../../../common/errors.js'
import { ACTION } from '../../../common/records/hdfs/index.js'
import { type Block, type Datanode, type Storage, blockName, newConstruction } from './block.js'
import { addReplica, commitBlock, completeBlock, liveReplicas, removeBlock, reopenBlock } from './blocks.js'
import { type INodeFile, pathOf } from './inode.js'
import { addLease, removeLease } from './lease.js'
import { lastOf, resolve } from './path.js'
import { checkPermission } from './permission.js'
import { addSpace, chargedSpace } from './quota.js'
import { checkSafeMode, inSafeMode } from './safe-mode.js'
import { isHeld } from './snapshot-save.js'
import { type Caller, type FsState, nextGenerationStamp, touch } from './state.js'
import { modify } from './tree.js'
import { type BlockRef, type Clock, checkPool, closeFile, dropLastBlock } from './open-file.js'

export type LeaseOperation = 'CREATE_FILE' | 'APPEND_FILE' | 'TRUNCATE_FILE' | 'RECOVER_LEASE'

/** The holder of leases that are being recovered by the NameNode itself. */
export const NAMENODE_HOLDER = 'HDFS_NameNode'

/** A recovery that did not end within this is handed out again. */
const RECOVERY_TIMEOUT = 90_000

/**
 * Frees a file of its writer, if that may be done.
 * @returns true when the file is closed now
 * @throws AlreadyBeingCreatedException, RecoveryInProgressException
 */
export function recoverLeaseFor(
  fs: FsState,
  op: LeaseOperation,
  file: INodeFile,
  path: string,
  holder: string,
  machine: string,
  force: boolean,
  clock: Clock,
): boolean {
  const writer = file.writer
  if (!writer) return true
  const failed = (why: string) => `Failed to ${op} ${path} for ${holder} on ${machine} because ${why}`
  if (!force && writer.holder === holder) throw exception('AlreadyBeingCreatedException', failed(`${holder} is already the current lease holder.`))
  const lease = fs.leases.get(writer.holder)
  if (!lease) throw exception('AlreadyBeingCreatedException', failed('the file is under construction but no leases found.'))
  if (force) return releaseLease(fs, file, path, holder, clock)
  if (clock.tick - lease.lastRenewed > fs.config.leaseSoftLimit) {
    if (releaseLease(fs, file, path, undefined, clock)) return true
    throw exception('RecoveryInProgressException', failed('lease recovery is in progress. Try again later.'))
  }
  if (file.blocks.at(-1)?.construction?.state === 'UNDER_RECOVERY')
    throw exception('RecoveryInProgressException', failed(`another recovery is in progress by ${writer.holder} on ${writer.machine}`))
  throw exception('AlreadyBeingCreatedException', failed(`this file lease is currently owned by ${writer.holder} on ${writer.machine}`))
}

export function recoverLease(fs: FsState, caller: Caller, src: string, holder: string, machine: string, clock: Clock): boolean {
  checkSafeMode(fs, `Cannot recover the lease of ${src}`)
  const iip = resolve(fs, caller, src, 'write')
  const file = lastOf(iip)
  if (!file) throw exception('FileNotFoundException', `File does not exist: ${iip.path}`)
  if (file.kind !== 'file') throw exception('FileNotFoundException', `Path is not a file: ${iip.path}`)
  if (!file.writer) return true
  checkPermission(fs, caller, iip, { self: ACTION.WRITE })
  return recoverLeaseFor(fs, 'RECOVER_LEASE', file, iip.path, holder, machine, true, clock)
}

/** Closes the file where its blocks allow it, else starts a recovery of the last one. @returns whether it is closed */
function releaseLease(fs: FsState, file: INodeFile, path: string, newHolder: string | undefined, clock: Clock): boolean {
  const { blocks } = file
  const unfinished = blocks.findIndex((b) => b.construction !== undefined)
  if (unfinished < 0) {
    closeFile(fs, file, clock.now)
    return true
  }
  const last = blocks.at(-1)!
  const penultimate = blocks.at(-2)
  const enough = (b: Block | undefined) => b === undefined || liveReplicas(b).length >= fs.config.minReplication
  if (unfinished < blocks.length - 2 || (unfinished === blocks.length - 2 && penultimate!.construction!.state !== 'COMMITTED'))
    throw exception('IOException', `DIR* NameSystem.internalReleaseLease: attempt to release a create lock on ${path} but file is already closed.`)
  const c = last.construction
  if (c?.state === 'COMMITTED' || c === undefined) {
    if (enough(penultimate) && enough(last)) {
      if (penultimate) completeBlock(fs, penultimate)
      completeBlock(fs, last)
      closeFile(fs, file, clock.now)
      return true
    }
    if (!enough(penultimate))
      throw exception(
        'AlreadyBeingCreatedException',
        `DIR* NameSystem.internalReleaseLease: Failed to release lease for file ${path}. Committed blocks are waiting to be minimally replicated.`,
      )
  }
  if (c) {
    if (c.expected.length === 0) c.expected = [...last.replicas.storages]
    if (c.expected.length === 0 && last.length === 0) {
      // No DataNode ever had it: there is nothing to recover.
      dropLastBlock(fs, file, last)
      closeFile(fs, file, clock.now)
      return true
    }
    startRecovery(fs, last, clock.tick)
  }
  const holder = newHolder ?? NAMENODE_HOLDER
  modify(fs, file)
  const machine = file.writer!.machine
  removeLease(fs, file)
  file.writer = { holder, machine }
  addLease(fs, file, holder, clock.tick)
  touch(fs, file)
  return false
}

/** Gives the block a new generation stamp and asks one of its nodes to bring all replicas to one length. */
export function startRecovery(fs: FsState, block: Block, tick: number): void {
  const c = block.construction!
  if (c.state === 'UNDER_RECOVERY' && tick - c.recoveryStarted < RECOVERY_TIMEOUT && c.recoveryStarted > 0) return
  c.state = 'UNDER_RECOVERY'
  c.recoveryId = nextGenerationStamp(fs)
  c.recoveryStarted = tick
  const alive = c.expected.map((s) => s.node).filter((n) => n.alive)
  // The node heard of last is the likeliest to answer; a second try takes another.
  const primary = alive.sort((a, b) => b.lastHeartbeat - a.lastHeartbeat || (a.uuid < b.uuid ? -1 : 1))[c.recoveryId % Math.max(1, alive.length)]
  if (primary && !primary.recoveries.includes(block)) primary.recoveries.push(block)
  if (block.file) touch(fs, block.file)
}

/** Leases past the hard limit are the NameNode's to recover; unfinished recoveries are started again. */
export function checkLeases(fs: FsState, clock: Clock): string[] {
  if (inSafeMode(fs)) return []
  const problems: string[] = []
  for (const lease of [...fs.leases.values()]) {
    for (const file of lease.files) {
      const last = file.blocks.at(-1)
      const c = last?.construction
      // A recovery that nobody carried out, or that a restart has forgotten.
      if (c?.state === 'UNDER_RECOVERY' && c.expected.length > 0 && (c.recoveryStarted === 0 || clock.tick - c.recoveryStarted > RECOVERY_TIMEOUT))
        startRecovery(fs, last!, clock.tick)
    }
    const limit = lease.holder === NAMENODE_HOLDER ? RECOVERY_TIMEOUT : fs.config.leaseHardLimit
    if (clock.tick - lease.lastRenewed <= limit) continue
    for (const file of [...lease.files]) {
      try {
        releaseLease(fs, file, pathOf(file), NAMENODE_HOLDER, clock)
      } catch (e) {
        problems.push((e as Error).message)
      }
    }
    lease.lastRenewed = clock.tick
  }
  return problems
}

export interface Synchronization {
  readonly block: BlockRef
  readonly newGenerationStamp: number
  readonly newLength: number
  readonly closeFile: boolean
  readonly deleteBlock: boolean
  readonly targets: readonly { readonly uuid: string; readonly storage: string }[]
}

/** A DataNode has ended a block recovery. */
export function commitBlockSynchronization(fs: FsState, s: Synchronization, now: number): void {
  checkSafeMode(fs, 'Cannot commitBlockSynchronization while in safe mode')
  checkPool(fs, s.block)
  const name = `${s.block.poolId}:${blockName({ id: s.block.blockId, generationStamp: s.block.generationStamp })}`
  const named = fs.blocks.get(s.block.blockId)
  if (!named?.file) {
    if (s.deleteBlock) return
    throw exception('IOException', `Block (=${name}) not found`)
  }
  const file = named.file
  // The one that a block was copied from stands for its copy.
  const last = file.blocks.at(-1)
  const block = last?.construction?.copyOf === named.id ? last : named
  const c = block.construction
  if (!file.writer || !c) return
  if (c.recoveryId !== s.newGenerationStamp)
    throw exception('IOException', `The recovery id ${s.newGenerationStamp} does not match current recovery id ${c.recoveryId} for block ${name}`)
  modify(fs, file)
  if (s.deleteBlock) {
    dropLastBlock(fs, file, block)
  } else {
    const before = chargedSpace(file)
    block.generationStamp = s.newGenerationStamp
    block.length = 0
    const found: Storage[] = []
    for (const t of s.targets) {
      const storage = fs.datanodes.get(t.uuid)?.storages.get(t.storage)
      if (storage) found.push(storage)
    }
    c.expected = found
    c.reported = c.reported.filter((r) => r.generationStamp === s.newGenerationStamp)
    c.state = 'UNDER_CONSTRUCTION'
    c.truncateTo = undefined
    c.copyOf = undefined
    if (s.closeFile) {
      commitBlock(fs, block, s.newGenerationStamp, s.newLength)
      for (const storage of found) addReplica(fs, block, storage)
      completeBlock(fs, block)
    } else block.length = s.newLength
    addSpace(file, chargedSpace(file) - before)
  }
  // Its snapshot may have gone meanwhile.
  if (block !== named && !isHeld(file, named)) removeBlock(fs, named)
  if (s.closeFile && file.blocks.every((b) => b.construction === undefined)) closeFile(fs, file, now)
  touch(fs, file)
}

function underConstruction(fs: FsState, ref: BlockRef, holder: string): { block: Block; file: INodeFile } {
  checkPool(fs, ref)
  const name = `${ref.poolId}:${blockName({ id: ref.blockId, generationStamp: ref.generationStamp })}`
  checkSafeMode(fs, `Cannot get a new generation stamp and an access token for block ${name}`)
  const block = fs.blocks.get(ref.blockId)
  if (!block) throw exception('IOException', `${name} does not exist.`)
  if (block.construction?.state !== 'UNDER_CONSTRUCTION')
    throw exception('IOException', `Unexpected BlockUCState: ${name} is ${block.construction?.state ?? 'COMPLETE'} but not UNDER_CONSTRUCTION`)
  const file = block.file
  if (!file?.writer) throw exception('IOException', `The file ${blockName(block)} belonged to does not exist or it is not under construction.`)
  if (file.writer.holder !== holder) throw exception('LeaseExpiredException', `Lease mismatch: ${name} is accessed by a non lease holder ${holder}`)
  return { block, file }
}

/** A pipeline is about to be rebuilt: a generation stamp that leaves stale replicas behind. */
export function updateBlockForPipeline(fs: FsState, ref: BlockRef, holder: string): number {
  underConstruction(fs, ref, holder)
  return nextGenerationStamp(fs)
}

export function updatePipeline(
  fs: FsState,
  holder: string,
  old: BlockRef,
  next: BlockRef,
  nodes: readonly { uuid: string; storage: string | undefined }[],
): void {
  const { block, file } = underConstruction(fs, old, holder)
  if (old.blockId !== next.blockId || next.generationStamp <= block.generationStamp || next.numBytes < block.length) {
    throw exception(
      'IOException',
      `Update (size=${block.length}) ${blockName(block)} to a block with an older generation stamp or a smaller length: ${next.poolId}:${blockName({ id: next.blockId, generationStamp: next.generationStamp })} (size=${next.numBytes})`,
    )
  }
  modify(fs, file)
  block.generationStamp = next.generationStamp
  block.length = next.numBytes
  const c = block.construction!
  c.expected = nodes.flatMap((n) => {
    const node = fs.datanodes.get(n.uuid)
    const storage = node && (n.storage ? node.storages.get(n.storage) : firstStorage(node))
    return storage ? [storage] : []
  })
  c.reported = c.reported.filter((r) => r.generationStamp >= next.generationStamp)
}

function firstStorage(node: Datanode): Storage | undefined {
  for (const s of node.storages.values()) return s
  return undefined
}

/** Opens a closed file's last block for its writer. */
export function reopenLast(fs: FsState, file: INodeFile, block: Block): void {
  const before = chargedSpace(file)
  const locations = [...block.replicas.storages]
  reopenBlock(fs, block, newConstruction(locations))
  addSpace(file, chargedSpace(file) - before)
}
