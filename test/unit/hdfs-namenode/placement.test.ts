/** Where replicas go, and which of too many stay: over racks as Hadoop's default policy. */
import { describe, expect, it } from 'vitest'
import { addReplica, removeExcess } from '../../../hdfs-lite/namenode/core/blocks.js'
import { newBlock } from '../../../hdfs-lite/namenode/core/block.js'
import { newFile } from '../../../hdfs-lite/namenode/core/inode.js'
import { chooseTargets } from '../../../hdfs-lite/namenode/core/placement.js'
import type { FsState } from '../../../hdfs-lite/namenode/core/state.js'
import { datanode, namespace } from '../../builders/namesystem.js'

/** Three racks: two nodes, two nodes, one. */
function cluster() {
  const fs = namespace({ replication: 3 })
  const nodes = ['/r1', '/r1', '/r2', '/r2', '/r3'].map((rack, i) => datanode(fs, i + 1, 0, rack))
  return { fs, nodes }
}

function choose(fs: FsState, over: Partial<Parameters<typeof chooseTargets>[1]> = {}) {
  return chooseTargets(fs, { replicas: 3, blockSize: 1, client: undefined, excluded: new Set(), chosen: [], favored: [], ...over }).map((s) => s.node)
}

describe('replicas over racks', () => {
  it('go to the writer, off its rack, and to another node of that second rack', () => {
    for (let turn = 0; turn < 10; turn++) {
      const { fs } = cluster()
      fs.placementTurn = turn
      const [first, second, third] = choose(fs, { client: '127.0.0.1' })
      expect(first!.uuid).toBe('node-1')
      expect(second!.location).not.toBe('/r1')
      // The third rack has no second node.
      if (second!.location === '/r2') expect(third!.location).toBe('/r2')
      else expect(third!.location).not.toBe('/r3')
    }
  })

  it('leave the writer out where it asks for that and others are enough, and begin beside it', () => {
    const { fs } = cluster()
    for (const [i, n] of [...fs.datanodes.values()].entries()) n.address = `10.0.0.${i + 1}`
    const writer = { client: '10.0.0.1', avoidClient: true }
    for (let turn = 0; turn < 10; turn++) {
      fs.placementTurn = turn
      expect(choose(fs, writer)[0]!.uuid).toBe('node-2')
      expect(choose(fs, { ...writer, replicas: 4 }).map((n) => n.uuid)).not.toContain('node-1')
      expect(choose(fs, { ...writer, replicas: 5 }).map((n) => n.uuid)).toContain('node-1')
      expect(choose(fs, { ...writer, avoidClient: false, excluded: new Set(['node-1']) })[0]!.uuid).toBe('node-2')
    }
  })

  it('are on more than one rack also when nobody is near, and spread evenly when there are many', () => {
    for (let turn = 0; turn < 10; turn++) {
      const { fs } = cluster()
      fs.placementTurn = turn
      expect(new Set(choose(fs, { replicas: 2 }).map((n) => n.location)).size).toBe(2)
      expect(
        choose(fs, { replicas: 5 })
          .map((n) => n.uuid)
          .sort(),
      ).toEqual(['node-1', 'node-2', 'node-3', 'node-4', 'node-5'])
      expect(new Set(choose(fs, { replicas: 4 }).map((n) => n.location)).size).toBe(3)
    }
  })

  it('leave the rack of those that there are', () => {
    const { fs, nodes } = cluster()
    const at = (i: number) => [...nodes[i]!.storages.values()][0]!
    const [added] = choose(fs, { replicas: 1, chosen: [at(0), at(1)] })
    expect(added!.location).not.toBe('/r1')
  })

  it('that are too many go where their rack has others', () => {
    const { fs, nodes } = cluster()
    const file = newFile({ id: 20000, name: 'f', permission: 0o644, owner: 'root', group: 'g', now: 0 }, 2, 1024)
    const block = newBlock(1, 1, 10, file)
    fs.blocks.set(1, block)
    for (const i of [0, 1, 2]) addReplica(fs, block, [...nodes[i]!.storages.values()][0]!)
    removeExcess(fs, block)
    expect(new Set(block.replicas.storages.map((s) => s.node.location))).toEqual(new Set(['/r1', '/r2']))
  })
})
