/** What writing a file and recovering one from its writer have in common. */
import { exception } from '../../../common/errors.js'
import type { Block } from './block.js'
import { removeBlock } from './blocks.js'
import type { INodeFile } from './inode.js'
import { removeLease } from './lease.js'
import { addSpace, chargedSpace } from './quota.js'
import type { FsState } from './state.js'
import { modify } from './tree.js'

export interface BlockRef {
  readonly poolId: string
  readonly blockId: number
  readonly generationStamp: number
  readonly numBytes: number
}

export interface Clock {
  readonly now: number
  readonly tick: number
}

export function checkPool(fs: FsState, block: BlockRef | undefined): void {
  if (block && block.poolId !== fs.config.blockPoolId)
    throw exception('IOException', `Unexpected BlockPoolId ${block.poolId} - expected ${fs.config.blockPoolId}`)
}

/** Takes an unfinished last block out of its file. */
export function dropLastBlock(fs: FsState, file: INodeFile, last: Block): void {
  modify(fs, file)
  const before = chargedSpace(file)
  file.blocks = file.blocks.slice(0, -1)
  addSpace(file, chargedSpace(file) - before)
  for (const s of last.construction?.expected ?? []) if (s.node.scheduled > 0) s.node.scheduled--
  removeBlock(fs, last)
}

/** All blocks are complete: nobody writes the file any more. */
export function closeFile(fs: FsState, file: INodeFile, now: number): void {
  modify(fs, file)
  removeLease(fs, file)
  file.mtime = now
}
