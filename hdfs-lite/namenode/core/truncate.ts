/** Cutting a file to a length (FSDirTruncateOp). */
import { exception } from '../../../common/errors.js'
import { ACTION } from '../../../common/records/hdfs/index.js'
import { type Block, newBlock, newConstruction } from './block.js'
import { removeBlock } from './blocks.js'
import { type INodeFile, fileLength, fileSpace } from './inode.js'
import { addLease } from './lease.js'
import { lastOf, resolve } from './path.js'
import { checkPermission } from './permission.js'
import { addSpace, chargedSpace, verifySpace } from './quota.js'
import { recoverLeaseFor, reopenLast, startRecovery } from './recovery.js'
import { checkSafeMode } from './safe-mode.js'
import { isHeld, willBeHeld } from './snapshot-save.js'
import { type Caller, type FsState, nextBlockId, nextGenerationStamp } from './state.js'
import { modify } from './tree.js'
import type { Clock } from './open-file.js'

/** @returns true when the file has the length now; false while its last block is being cut */
export function truncate(fs: FsState, caller: Caller, src: string, length: number, holder: string, machine: string, clock: Clock): boolean {
  if (length < 0) throw exception('HadoopIllegalArgumentException', `Cannot truncate to a negative file size: ${length}.`)
  checkSafeMode(fs, `Cannot truncate for ${src}`)
  const iip = resolve(fs, caller, src, 'write')
  checkPermission(fs, caller, iip, { self: ACTION.WRITE })
  const file = lastOf(iip)
  if (!file) throw exception('FileNotFoundException', `File does not exist: ${iip.path}`)
  if (file.kind !== 'file') throw exception('FileNotFoundException', `Path is not a file: ${iip.path}`)
  const c = file.blocks.at(-1)?.construction
  if (c?.state === 'UNDER_RECOVERY' && c.truncateTo !== undefined) {
    if (length === fileLength(file, false) + c.truncateTo) return false
    throw exception('AlreadyBeingCreatedException', `Failed to TRUNCATE_FILE ${iip.path} for ${holder} on ${machine} because ${iip.path} is being truncated.`)
  }
  recoverLeaseFor(fs, 'TRUNCATE_FILE', file, iip.path, holder, machine, false, clock)
  const old = fileLength(file)
  if (length === old) return true
  if (length > old) throw exception('HadoopIllegalArgumentException', `Cannot truncate to a larger file size. Current size: ${old}, truncate size: ${length}.`)
  const kept: Block[] = []
  let end = 0
  for (const b of file.blocks) {
    if (end >= length) break
    kept.push(b)
    end += b.length
  }
  // While its last block is cut it counts as a whole one, besides what a snapshot keeps.
  const whole = end > length ? kept.at(-1)! : undefined
  const keptBytes = [...(whole ? [whole] : []), ...file.blocks.slice(kept.length)].reduce((sum, b) => sum + (willBeHeld(file, b) ? b.length : 0), 0)
  if (whole) verifySpace(file, (end - whole.length + file.blockSize + keptBytes) * file.replication - fileSpace(file))
  modify(fs, file)
  const before = chargedSpace(file)
  const dropped = file.blocks.slice(kept.length)
  file.blocks = kept
  for (const b of dropped) if (!isHeld(file, b)) removeBlock(fs, b)
  file.mtime = clock.now
  addSpace(file, chargedSpace(file) - before)
  const last = kept.at(-1)
  if (end === length || !last) return true
  file.writer = { holder, machine }
  addLease(fs, file, holder, clock.tick)
  const rest = last.length - (end - length)
  const cut = isHeld(file, last) ? replaceLast(fs, file, last, rest) : last
  if (cut === last) reopenLast(fs, file, last)
  cut.construction!.truncateTo = rest
  startRecovery(fs, cut, clock.tick)
  return false
}

/** A block that a snapshot shows stays as it is: what is left of it in the file becomes a block of its own, which DataNodes copy. */
function replaceLast(fs: FsState, file: INodeFile, last: Block, length: number): Block {
  const before = chargedSpace(file)
  const copy = newBlock(nextBlockId(fs), nextGenerationStamp(fs), length, file)
  copy.construction = { ...newConstruction([...last.replicas.storages]), copyOf: last.id }
  fs.blocks.set(copy.id, copy)
  file.blocks = [...file.blocks.slice(0, -1), copy]
  addSpace(file, chargedSpace(file) - before)
  return copy
}
