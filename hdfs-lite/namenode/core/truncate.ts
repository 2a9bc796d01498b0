/** Cutting a file to a length (FSDirTruncateOp). */
import { exception } from '../../../common/errors.js'
import { ACTION } from '../../../common/records/hdfs/index.js'
import type { Block } from './block.js'
import { removeBlock } from './blocks.js'
import { fileLength, fileSpace } from './inode.js'
import { addLease } from './lease.js'
import { lastOf, resolve } from './path.js'
import { checkPermission } from './permission.js'
import { addUsage, verifyQuota } from './quota.js'
import { recoverLeaseFor, reopenLast, startRecovery } from './recovery.js'
import { checkSafeMode } from './safe-mode.js'
import { isInSnapshot } from './snapshot-save.js'
import type { Caller, FsState } from './state.js'
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
  const inSnapshot = fs.snapshottable.size > 0 && isInSnapshot(file)
  if (inSnapshot && end > length)
    throw exception(
      'UnsupportedOperationException',
      `Cannot truncate ${iip.path} within a block that a snapshot holds: truncate to a multiple of the block size, or delete the snapshot`,
    )
  // While its last block is cut it counts as a whole one.
  if (end > length) verifyQuota(fs, file.parent, 0, (end - kept.at(-1)!.length + file.blockSize) * file.replication - fileSpace(file))
  modify(fs, file)
  const before = fileSpace(file)
  const dropped = file.blocks.slice(kept.length)
  file.blocks = kept
  for (const b of dropped) if (!inSnapshot) removeBlock(fs, b)
  file.mtime = clock.now
  const last = kept.at(-1)
  if (end === length || !last) {
    addUsage(file.parent, 0, fileSpace(file) - before)
    return true
  }
  file.writer = { holder, machine }
  addLease(fs, file, holder, clock.tick)
  reopenLast(fs, file, last)
  last.construction!.truncateTo = last.length - (end - length)
  startRecovery(fs, last, clock.tick)
  return false
}
