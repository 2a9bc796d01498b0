/** The same life over RPC, led by our own client library, in the shipped real ResourceManager and in ours: what both answer must be the same. */
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePorts } from '../../harness/hdfs.js'
import { Folder, type Rm, TestRm } from '../../integration/resourcemanager/harness.js'
import { whyNot } from '../peers/layout.js'
import { startReal } from '../rest/real.js'
import { SCENARIOS } from './scenarios.js'
import { Stage } from './stage.js'

const QUEUES = {
  'yarn.scheduler.capacity.root.queues': 'main,hive',
  'yarn.scheduler.capacity.root.main.capacity': '60',
  'yarn.scheduler.capacity.root.main.maximum-capacity': '100',
  'yarn.scheduler.capacity.root.main.user-limit-factor': '4',
  'yarn.scheduler.capacity.root.main.accessible-node-labels': '*',
  'yarn.scheduler.capacity.root.accessible-node-labels.gpu.capacity': '100',
  'yarn.scheduler.capacity.root.main.accessible-node-labels.gpu.capacity': '100',
  'yarn.scheduler.capacity.root.hive.capacity': '40',
  'yarn.scheduler.capacity.maximum-am-resource-percent': '0.5',
}

/** What both read, on ports of its own. */
async function configured(): Promise<Folder> {
  const names = ['address', 'scheduler.address', 'resource-tracker.address', 'admin.address', 'webapp.address']
  const ports = await freePorts(names.length)
  const folder = new Folder()
  folder.set({
    ...Object.fromEntries(names.map((n, i) => [`yarn.resourcemanager.${n}`, `localhost:${ports[i]}`])),
    'yarn.resourcemanager.recovery.enabled': 'false',
    'yarn.resourcemanager.hostname': 'localhost',
    'yarn.scheduler.capacity.schedule-asynchronously.enable': 'false',
    'yarn.resourcemanager.am.max-attempts': '2',
    'yarn.cluster.max-application-priority': '10',
    'yarn.admin.acl': os.userInfo().username,
    'yarn.node-labels.enabled': 'true',
    'yarn.node-labels.fs-store.root-dir': `file://${path.join(folder.dir, 'labels')}`,
    'yarn.resourcemanager.nodes.exclude-path': path.join(folder.dir, 'exclude'),
    'yarn.resourcemanager.work-preserving-recovery.scheduling-wait-ms': '0',
    'yarn.client.application-client-protocol.poll-interval-ms': '20',
  })
  folder.write('capacity-scheduler.xml', QUEUES)
  writeFileSync(path.join(folder.dir, 'exclude'), '')
  return folder
}

describe.skipIf(whyNot() !== undefined)('over RPC both answer alike', () => {
  const folders: Folder[] = []
  const rms: (Rm & { stop(): Promise<void> })[] = []
  const stages: Stage[] = []

  beforeAll(async () => {
    for (const start of [(f: Folder) => startReal(f.dir), (f: Folder) => TestRm.start(f)]) {
      const folder = await configured()
      folders.push(folder)
      const rm = await start(folder)
      rms.push(rm)
      stages.push(new Stage(rm, folder))
    }
  })

  afterAll(async () => {
    for (const s of stages) s.close()
    for (const rm of rms) await rm.stop()
    for (const f of folders) f.remove()
  })

  it.each(Object.entries(SCENARIOS))('%s', async (_name, scenario) => {
    const [real, ours] = await Promise.allSettled(stages.map((s) => scenario(s)))
    for (const s of stages) await s.clear()
    expect(ours).toEqual(real)
    if (real?.status === 'rejected') throw real.reason
  })
})
