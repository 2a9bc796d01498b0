/** The NameNode's disk is nearly full: it refuses changes before a commit can fail, and stays so until it is told that there is room. */
import pino from 'pino'
import { expect, it } from 'vitest'
import { Configuration } from '../../../common/config/configuration.js'
import { mkdirs } from '../../../hdfs-lite/namenode/core/mkdirs.js'
import { setSafeMode } from '../../../hdfs-lite/namenode/core/safe-mode.js'
import { memoryStore, openMemoryJournal } from '../../../hdfs-lite/namenode/journal/memory.js'
import { openNamesystem } from '../../../hdfs-lite/namenode/namesystem.js'
import { MODE, ROOT } from '../../builders/namesystem.js'

it('goes into safe mode, and there again while nothing was freed', async () => {
  let free = 10_000
  const ns = await openNamesystem({
    conf: new Configuration().set('dfs.namenode.resource.du.reserved', '1000'),
    journal: openMemoryJournal(memoryStore({ namespaceId: 1, clusterId: 'CID-1', blockPoolId: 'BP-1', creationTime: 1 })),
    groups: { of: () => [], refresh: () => {} },
    hostName: 'localhost',
    paired: false,
    log: pino({ level: 'silent' }),
    freeSpace: () => free,
    onJournalFailure: (e) => {
      throw e
    },
  })
  const root = { ...ROOT, user: ns.fs.config.superUser }
  const make = (name: string) => ns.write((fs) => mkdirs(fs, root, name, MODE, true, 1))
  ns.tick()
  expect(await make('/before')).toBe(true)
  free = 999
  ns.tick()
  await expect(make('/refused')).rejects.toThrow(/Cannot create directory \/refused. Name node is in safe mode.\nResources are low on NN/)
  setSafeMode(ns.fs, false)
  ns.tick()
  await expect(make('/refused')).rejects.toThrow(/Resources are low on NN/)
  free = 1000
  ns.tick()
  await expect(make('/refused')).rejects.toThrow(/Resources are low on NN/)
  setSafeMode(ns.fs, false)
  ns.tick()
  expect(await make('/after')).toBe(true)
})
