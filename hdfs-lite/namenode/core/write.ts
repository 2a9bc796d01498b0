/** Files being written: create, addBlock, abandon, fsync, complete (FSDirWriteFileOp, FSNamesystem). */
import { exception, isException } from '../../../common/errors.js'
import { ACTION } from '../../../common/records/hdfs/index.js'
import { inheritAcl } from './acl-inherit.js'
import { type Block, type Storage, blockName, newBlock, newConstruction } from './block.js'
import { commitBlock, completeBlock } from './blocks.js'
import { removeNode } from './delete.js'
import { type INodeFile, fileLength, newFile } from './inode.js'
import { addLease, leaseText } from './lease.js'
import { type CreateMode, makeParents } from './mkdirs.js'
import { isExactReserved, isValidName, lastOf, resolve, resolveById } from './path.js'
import { type BlockRef, type Clock, checkPool, closeFile, dropLastBlock } from './open-file.js'
import { checkPermission } from './permission.js'
import { chooseTargets } from './placement.js'
import { addSpace, chargedSpace, verifySpace } from './quota.js'
import { recoverLeaseFor } from './recovery.js'
import type { ResolvedPath } from './resolved-path.js'
import { checkSafeMode } from './safe-mode.js'
import { checkNoSnapshots } from './snapshot-check.js'
import { storagePolicyNamed } from './storage-policy.js'
import { type Caller, type FsState, nextBlockId, nextGenerationStamp, nextInodeId, touch } from './state.js'
import { insert, modify, verifyParent } from './tree.js'

export interface CreateOptions {
  readonly mode: CreateMode
  readonly holder: string
  readonly machine: string
  readonly create: boolean
  readonly overwrite: boolean
  readonly createParent: boolean
  readonly replication: number
  readonly blockSize: number
  readonly storagePolicy: string | undefined
}

export function create(fs: FsState, caller: Caller, src: string, o: CreateOptions, clock: Clock): INodeFile {
  if (!isValidName(src) || isExactReserved(src)) throw exception('InvalidPathException', `Invalid path name ${src}`)
  checkSafeMode(fs, `Cannot create file${src}`)
  const iip = resolve(fs, caller, src, 'create')
  checkPermission(fs, caller, iip, { ancestor: ACTION.WRITE })
  const old = lastOf(iip)
  if (old) {
    if (old.kind === 'directory') throw exception('FileAlreadyExistsException', `${iip.path} already exists as a directory`)
    if (o.overwrite) checkPermission(fs, caller, iip, { self: ACTION.WRITE })
  } else {
    if (!o.createParent) verifyParent(iip)
    if (!o.create) throw exception('FileNotFoundException', `Can't overwrite non-existent ${src}`)
  }
  const { minBlockSize } = fs.config
  if (o.blockSize < minBlockSize)
    throw exception(
      'IOException',
      `Specified block size is less than configured minimum value (dfs.namenode.fs-limits.min-block-size): ${o.blockSize} < ${minBlockSize}`,
    )
  verifyReplication(fs, src, o.replication, o.machine)
  const policy = o.storagePolicy ? storagePolicyNamed(o.storagePolicy).id : undefined
  if (old) {
    if (!o.overwrite) {
      recoverLeaseFor(fs, 'CREATE_FILE', old as INodeFile, iip.path, o.holder, o.machine, false, clock)
      throw exception('FileAlreadyExistsException', `${iip.path} for client ${o.machine} already exists`)
    }
    checkNoSnapshots(old)
    removeNode(fs, old, clock.now)
  }
  const parent = makeParents(fs, caller, old ? { ...iip, inodes: [...iip.inodes.slice(0, -1), undefined] } : iip, o.mode, clock.now, true, 1)
  const file = newFile(
    { id: nextInodeId(fs), name: iip.components.at(-1)!, permission: o.mode.masked & 0o1777, owner: caller.user, group: parent.group, now: clock.now },
    o.replication,
    o.blockSize,
  )
  if (policy !== undefined) file.features = { storagePolicy: policy }
  inheritAcl(fs, parent, file, o.mode)
  file.writer = { holder: o.holder, machine: o.machine }
  insert(fs, parent, file, clock.now)
  addLease(fs, file, o.holder, clock.tick)
  return file
}

export function verifyReplication(fs: FsState, src: string, replication: number, client: string | undefined): void {
  const { minReplication, maxReplication } = fs.config
  const problem =
    replication > maxReplication
      ? ` exceeds maximum of ${maxReplication}`
      : replication < minReplication
        ? ` is less than the required minimum of ${minReplication}`
        : undefined
  if (problem)
    throw exception('IOException', `Requested replication factor of ${replication}${problem} for ${src}${client === undefined ? '' : `, clientName=${client}`}`)
}

/** The file that `holder` is writing. @throws LeaseExpiredException, FileNotFoundException */
export function checkLease(fs: FsState, iip: ResolvedPath, holder: string | undefined, fileId: number): INodeFile {
  const inode = lastOf(iip)
  const text = () => leaseText(fs, iip.path, fileId, holder ?? '')
  if (!inode) throw exception('FileNotFoundException', `File does not exist: ${text()}`)
  if (inode.kind !== 'file') throw exception('LeaseExpiredException', `INode is not a regular file: ${text()}`)
  if (!inode.writer) throw exception('LeaseExpiredException', `File is not open for writing: ${text()}`)
  if (holder !== undefined && inode.writer.holder !== holder)
    throw exception('LeaseExpiredException', `Client (=${holder}) is not the lease owner (=${inode.writer.holder}: ${text()}`)
  return inode
}

/** Only the last two blocks of a file can be unfinished. */
function penultimateComplete(file: INodeFile): boolean {
  const b = file.blocks.at(-2)
  return b === undefined || b.construction === undefined
}

export interface AddBlockOptions {
  readonly holder: string
  readonly fileId: number
  readonly previous: BlockRef | undefined
  readonly excluded: ReadonlySet<string>
  readonly favored: readonly string[]
  /** Whether the writer's node gets a replica: first of all, rather not, or as any other. */
  readonly locality: 'near' | 'avoid' | 'any'
}

export interface NewBlock {
  readonly block: Block
  readonly offset: number
  readonly targets: readonly Storage[]
}

const sameBlock = (b: Block | undefined, r: BlockRef | undefined) =>
  b === undefined ? r === undefined : r !== undefined && b.id === r.blockId && b.generationStamp === r.generationStamp

export function addBlock(fs: FsState, caller: Caller, src: string, o: AddBlockOptions): NewBlock {
  checkPool(fs, o.previous)
  const iip = resolveById(fs, caller, src, o.fileId)
  checkSafeMode(fs, `Cannot add block to ${iip.path}`)
  const file = checkLease(fs, iip, o.holder, o.fileId)
  const last = file.blocks.at(-1)
  if (!sameBlock(last, o.previous)) {
    const appendsAtBoundary = o.previous === undefined && last !== undefined && last.length >= file.blockSize && last.construction === undefined
    if (!appendsAtBoundary) {
      if (!last || !sameBlock(file.blocks.at(-2), o.previous))
        throw exception(
          'IOException',
          `Cannot allocate block in ${iip.path}: passed 'previous' block ${o.previous ? `${o.previous.poolId}:blk_${o.previous.blockId}_${o.previous.generationStamp}` : 'null'} does not match actual last block in file ${last ? blockName(last) : 'null'}`,
        )
      if (last.length !== 0)
        throw exception('IOException', `Request looked like a retry to allocate block ${blockName(last)} but it already contains ${last.length} bytes`)
      // The answer to the same request was lost: give it again, unless its nodes are what the client can't use.
      const targets = last.construction?.expected ?? []
      if (targets.length > 0) return { block: last, offset: fileLength(file), targets }
    }
  }
  if (!penultimateComplete(file)) throw exception('NotReplicatedYetException', `Not replicated yet: ${iip.path}`)
  if (file.blocks.length >= fs.config.maxBlocksPerFile)
    throw exception(
      'IOException',
      `File has reached the limit on maximum number of blocks (dfs.namenode.fs-limits.max-blocks-per-file): ${file.blocks.length} >= ${fs.config.maxBlocksPerFile}`,
    )
  const targets = chooseTargets(fs, {
    replicas: file.replication,
    blockSize: file.blockSize,
    client: o.locality === 'any' ? undefined : file.writer!.machine,
    avoidClient: o.locality === 'avoid',
    excluded: o.excluded,
    chosen: [],
    favored: o.favored,
  })
  if (targets.length < fs.config.minReplication) {
    const running = [...fs.datanodes.values()].filter((d) => d.alive).length
    throw exception(
      'IOException',
      `File ${iip.path} could only be written to ${targets.length} of the ${fs.config.minReplication} minReplication nodes. There are ${running} datanode(s) running and ${o.excluded.size === 0 ? 'no' : o.excluded.size} node(s) are excluded in this operation.`,
    )
  }
  verifySpace(file, file.blockSize * file.replication)
  commitLast(fs, file, o.previous)
  modify(fs, file)
  const block = newBlock(nextBlockId(fs), nextGenerationStamp(fs), 0, file)
  block.construction = newConstruction([...targets])
  const offset = fileLength(file)
  // Exactly as long as needed: a million files hold a million of these.
  file.blocks = [...file.blocks, block]
  fs.blocks.set(block.id, block)
  addSpace(file, file.blockSize * file.replication)
  for (const t of targets) t.node.scheduled++
  return { block, offset, targets }
}

/** Takes the client's word for the length of the last block. */
function commitLast(fs: FsState, file: INodeFile, said: BlockRef | undefined): void {
  const last = file.blocks.at(-1)
  if (!last?.construction || !said) return
  if (last.id !== said.blockId)
    throw exception(
      'IOException',
      `Commit or complete block ${blockName({ id: said.blockId, generationStamp: said.generationStamp })} but the last block of the file is ${blockName(last)}`,
    )
  if (last.construction.state === 'UNDER_RECOVERY') throw exception('IOException', `Commit or complete block ${blockName(last)} is under recovery`)
  const before = chargedSpace(file)
  commitBlock(fs, last, said.generationStamp, said.numBytes)
  completeBlock(fs, last)
  addSpace(file, chargedSpace(file) - before)
  touch(fs, file)
}

export function abandonBlock(fs: FsState, caller: Caller, src: string, fileId: number, holder: string, ref: BlockRef): void {
  checkSafeMode(fs, `Cannot abandon block ${ref.poolId}:${blockName({ id: ref.blockId, generationStamp: ref.generationStamp })} for file ${src}`)
  const iip = resolveById(fs, caller, src, fileId)
  const file = checkLease(fs, iip, holder, fileId)
  const last = file.blocks.at(-1)
  if (!last?.construction || last.id !== ref.blockId) return
  dropLastBlock(fs, file, last)
}

/** What is visible to readers is durable: remembers the length of the last block (hsync with UPDATE_LENGTH). */
export function fsync(fs: FsState, caller: Caller, src: string, fileId: number, holder: string, lastBlockLength: number): void {
  checkSafeMode(fs, `Cannot fsync file ${src}`)
  const iip = resolveById(fs, caller, src, fileId)
  const file = checkLease(fs, iip, holder, fileId)
  const last = file.blocks.at(-1)
  if (last?.construction && lastBlockLength > 0 && lastBlockLength > last.length) last.length = lastBlockLength
  touch(fs, file)
}

export function complete(fs: FsState, caller: Caller, src: string, fileId: number, holder: string, last: BlockRef | undefined, now: number): boolean {
  checkPool(fs, last)
  checkSafeMode(fs, `Cannot complete file ${src}`)
  const iip = resolveById(fs, caller, src, fileId)
  let file: INodeFile
  try {
    file = checkLease(fs, iip, holder, fileId)
  } catch (e) {
    // The client may have missed the answer to an earlier call.
    const inode = lastOf(iip)
    if (isException(e, 'LeaseExpiredException') && inode?.kind === 'file' && !inode.writer && sameBlock(inode.blocks.at(-1), last)) return true
    throw e
  }
  if (!penultimateComplete(file)) return false
  commitLast(fs, file, last)
  if (file.blocks.at(-1)?.construction && !completeBlock(fs, file.blocks.at(-1)!)) return false
  closeFile(fs, file, now)
  return true
}
