/** Opening a closed file for more (FSDirAppendOp). */
import { exception } from '../../../common/errors.js'
import { ACTION } from '../../../common/records/hdfs/index.js'
import { type Block, blockName } from './block.js'
import { liveReplicas } from './blocks.js'
import { type INodeFile, fileLength } from './inode.js'
import { addLease } from './lease.js'
import { lastOf, resolve } from './path.js'
import { checkPermission } from './permission.js'
import { verifySpace } from './quota.js'
import { recoverLeaseFor, reopenLast } from './recovery.js'
import { checkSafeMode } from './safe-mode.js'
import { type Caller, type FsState, nextGenerationStamp } from './state.js'
import { modify } from './tree.js'
import type { Clock } from './open-file.js'

export interface Appended {
  readonly file: INodeFile
  readonly path: string
  /** The last block, to be gone on with, or to be followed by a new one when the client wanted that; undefined: the client adds one. */
  readonly block: Block | undefined
  readonly offset: number
}

export function append(fs: FsState, caller: Caller, src: string, holder: string, machine: string, newBlock: boolean, clock: Clock): Appended {
  checkSafeMode(fs, `Cannot append to file${src}`)
  const iip = resolve(fs, caller, src, 'write')
  const file = lastOf(iip)
  if (file?.kind === 'directory') throw exception('FileAlreadyExistsException', `Cannot append to directory ${iip.path}; already exists as a directory.`)
  checkPermission(fs, caller, iip, { self: ACTION.WRITE })
  if (!file) throw exception('FileNotFoundException', `Failed to append to non-existent file ${iip.path} for client ${machine}`)
  if (file.kind !== 'file') throw exception('FileNotFoundException', `Path is not a file: ${iip.path}`)
  recoverLeaseFor(fs, 'APPEND_FILE', file, iip.path, holder, machine, false, clock)
  const last = file.blocks.at(-1)
  if (last?.construction?.state === 'COMMITTED')
    throw exception(
      'RetriableException',
      `org.apache.hadoop.hdfs.server.namenode.NotReplicatedYetException: append: lastBlock=${blockName(last)} of src=${iip.path} is COMMITTED but not yet COMPLETE.`,
    )
  const liveNodes = [...fs.datanodes.values()].filter((d) => d.alive).length
  if (last && !last.construction && liveReplicas(last).length < Math.min(fs.config.minReplication, Math.max(1, liveNodes)))
    throw exception('IOException', `append: lastBlock=${blockName(last)} of src=${iip.path} is not sufficiently replicated yet.`)
  const partial = last !== undefined && last.length < file.blockSize && !newBlock
  verifySpace(file, partial ? (file.blockSize - last.length) * file.replication : 0)
  modify(fs, file)
  const offset = fileLength(file)
  file.writer = { holder, machine }
  addLease(fs, file, holder, clock.tick)
  if (!partial) return { file, path: iip.path, block: newBlock ? last : undefined, offset: offset - (last?.length ?? 0) }
  reopenLast(fs, file, last)
  // Replicas that miss the append are told apart by it; the client asks for a stamp of its own when it sets up the pipeline.
  nextGenerationStamp(fs)
  return { file, path: iip.path, block: last, offset: offset - last.length }
}
