/** What DataNodes report, in whatever order it arrives. */
import { expect, it } from 'vitest'
import { newBlock, newConstruction } from '../../../hdfs-lite/namenode/core/block.js'
import { fullReport, incrementalReport, register } from '../../../hdfs-lite/namenode/core/datanodes.js'
import { newFile } from '../../../hdfs-lite/namenode/core/inode.js'
import { datanode, namespace } from '../../builders/namesystem.js'

it('a first full report that was written before a block came does not take it away; later ones do', () => {
  const fs = namespace()
  const node = datanode(fs)
  const storage = [...node.storages.values()][0]!
  const file = newFile({ id: 20000, name: 'f', permission: 0o644, owner: 'root', group: 'g', now: 0 }, 1, 1024)
  const block = newBlock(1, 1, 10, file)
  fs.blocks.set(1, block)
  const reported = { id: 1, generationStamp: 1, length: 10 }
  incrementalReport(fs, storage, reported, 'FINALIZED')
  fullReport(fs, node, storage, [], 1)
  expect(block.replicas.storages).toEqual([storage])
  fullReport(fs, node, storage, [], 2)
  expect(block.replicas.storages).toEqual([])
  // After it registered anew nothing is known to be there but what is reported.
  incrementalReport(fs, storage, reported, 'FINALIZED')
  register(fs, { ...node, softwareVersion: '3.3.6' }, 3)
  fullReport(fs, node, storage, [], 4)
  expect(block.replicas.storages).toEqual([])
})

it('a block whose report comes after its writer has gone on to the next is complete with it', () => {
  const fs = namespace({ replication: 1 })
  const node = datanode(fs)
  const storage = [...node.storages.values()][0]!
  const file = newFile({ id: 20000, name: 'f', permission: 0o644, owner: 'root', group: 'g', now: 0 }, 1, 1024)
  fs.inodes.set(file.id, file)
  const blocks = [1, 2].map((id) => {
    const b = newBlock(id, 1, id === 1 ? 10 : 0, file)
    b.construction = newConstruction([storage])
    fs.blocks.set(id, b)
    return b
  })
  file.blocks = blocks
  blocks[0]!.construction!.state = 'COMMITTED'
  incrementalReport(fs, storage, { id: 1, generationStamp: 1, length: 10 }, 'FINALIZED')
  expect(blocks[0]!.construction).toBeUndefined()
  expect(blocks[1]!.construction?.state).toBe('UNDER_CONSTRUCTION')
})
