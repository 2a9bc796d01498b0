/** What always holds of a namespace, whatever was done to it. */
import { expect } from 'vitest'
import { compareNames } from '../../hdfs-lite/namenode/core/inode.js'
import { usageOf } from '../../hdfs-lite/namenode/core/quota.js'
import type { FsState } from '../../hdfs-lite/namenode/core/state.js'

export function checkInvariants(fs: FsState): void {
  let complete = 0
  for (const inode of fs.inodes.values()) {
    if (inode !== fs.root && inode.parent) expect(fs.inodes.get(inode.parent.id), `parent of ${inode.name}`).toBe(inode.parent)
    if (inode.kind === 'directory') {
      for (let i = 1; i < inode.children.length; i++) expect(compareNames(inode.children[i - 1]!.name, inode.children[i]!.name)).toBeLessThan(0)
      for (const c of inode.children) expect(c.parent).toBe(inode)
      if (inode.usage) expect(inode.usage).toEqual(usageOf(inode))
    }
    if (inode.kind === 'file') {
      for (const b of inode.blocks) expect(fs.blocks.get(b.id)).toBe(b)
      // Only the last two blocks can be unfinished, and none of a closed file.
      inode.blocks.forEach((b, i) => {
        if (b.construction) expect(i).toBeGreaterThanOrEqual(inode.blocks.length - 2)
      })
      if (!inode.writer) expect(inode.blocks.every((b) => b.construction === undefined)).toBe(true)
    }
  }
  for (const b of fs.blocks.values()) {
    expect(b.file && fs.inodes.has(b.file.id)).toBe(true)
    if (!b.construction) complete++
  }
  expect(fs.completeBlocks).toBe(complete)
  expect(fs.safeBlocks).toBe([...fs.blocks.values()].filter((b) => !b.construction && b.replicas.storages.length >= fs.config.minReplication).length)
  for (const lease of fs.leases.values()) for (const f of lease.files) expect(f.writer?.holder).toBe(lease.holder)
  for (const node of fs.datanodes.values())
    for (const s of node.storages.values()) expect(s.blockCount).toBe([...fs.blocks.values()].filter((b) => b.replicas.storages.includes(s)).length)
}
