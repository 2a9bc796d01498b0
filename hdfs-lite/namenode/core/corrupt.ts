/** Blocks that nobody can read (FSNamesystem.listCorruptFileBlocks). */
import type { Block } from './block.js'
import { liveReplicas } from './blocks.js'
import { pathOf } from './inode.js'
import type { FsState } from './state.js'

/** So many are told at once. */
const PAGE = 100

export interface CorruptFileBlock {
  readonly block: Block
  readonly path: string
}

/** Of files below `path`, in the order of their names. @param skip how many were told before */
export function corruptFileBlocks(fs: FsState, path: string, skip: number): CorruptFileBlock[] {
  const found: CorruptFileBlock[] = []
  for (const block of fs.blocks.values()) {
    if (!block.file || block.construction || liveReplicas(block).length > 0) continue
    const file = pathOf(block.file)
    if (path === '/' || file === path || file.startsWith(`${path}/`)) found.push({ block, path: file })
  }
  return found.sort((a, b) => (a.path === b.path ? a.block.id - b.block.id : a.path < b.path ? -1 : 1)).slice(skip, skip + PAGE)
}
