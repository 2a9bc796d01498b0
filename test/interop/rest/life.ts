/** What the real ResourceManager answers to everything, and ours, through the same life. */
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { freePorts } from '../../harness/hdfs.js'
import { Folder, type Rm, TestRm } from '../../integration/resourcemanager/harness.js'
import { until } from '../cluster.js'
import { labels, ofOthers, schedulerConf } from './access.js'
import { activities } from './activities.js'
import { type Call, IDLE, ask, reads, writes } from './calls.js'
import type { Answer } from './compare.js'
import { startReal } from './real.js'
import { live, QUEUES } from './scenario.js'

const SCHEDULER = 'org.apache.hadoop.yarn.server.resourcemanager.scheduler'
const ALLOCATIONS = `<?xml version="1.0"?>
<allocations>
  <queue name="main"><weight>2.0</weight><maxRunningApps>20</maxRunningApps></queue>
  <queue name="hive"><minResources>1024 mb,1 vcores</minResources><maxAMShare>0.4</maxAMShare></queue>
  <queuePlacementPolicy><rule name="specified" create="false"/><rule name="reject"/></queuePlacementPolicy>
</allocations>
`
const COMMON: Readonly<Record<string, string>> = {
  'yarn.resourcemanager.recovery.enabled': 'false',
  'yarn.resourcemanager.hostname': 'localhost',
  'yarn.scheduler.minimum-allocation-mb': '128',
  'yarn.scheduler.include-port-in-node-name': 'true',
  'yarn.scheduler.capacity.schedule-asynchronously.enable': 'false',
  'yarn.resourcemanager.am.max-attempts': '1',
  'yarn.admin.acl': `${os.userInfo().username},ann`,
}

export interface Asked {
  readonly call: Call
  readonly answer: Answer
}

/** The real fair scheduler computes its shares from time to time: waits until they stay as they are. */
async function settled(rm: Rm): Promise<void> {
  let last = ''
  let same = 0
  await until('the shares stay as they are', async () => {
    const { text } = await ask(rm.web, { method: 'GET', path: '/scheduler' })
    same = text === last ? same + 1 : 0
    last = text
    // Looked at five times a second, computed twice a second.
    return same >= 5
  })
}

/** Answers to everything, as the ResourceManager's life goes on. */
async function answers(rm: Rm, access: boolean): Promise<Asked[]> {
  const all: Asked[] = []
  const put = async (calls: readonly Call[]) => {
    for (const call of calls) all.push({ call, answer: await ask(rm.web, call) })
  }
  if (!access) await put(IDLE)
  const lived = await live(rm)
  try {
    if (access) {
      await put(ofOthers(lived))
      await put(labels(lived))
      await put(schedulerConf())
    } else {
      await activities(rm, lived, put)
      await settled(rm)
      await put(reads(lived))
      await put(writes(lived))
    }
  } finally {
    await lived.stop()
  }
  return all
}

const ADMIN = os.userInfo().username

/** Access lists are checked, nodes have labels, and the scheduler's configuration can be changed. */
const ACCESS = (dir: string): Readonly<Record<string, string>> => ({
  'yarn.acl.enable': 'true',
  'yarn.admin.acl': ADMIN,
  'yarn.node-labels.enabled': 'true',
  'yarn.node-labels.fs-store.root-dir': `file://${dir}/labels`,
  'yarn.scheduler.configuration.store.class': 'memory',
})
const ACCESS_QUEUES = {
  'yarn.scheduler.capacity.root.acl_submit_applications': ' ',
  'yarn.scheduler.capacity.root.acl_administer_queue': ' ',
  'yarn.scheduler.capacity.root.main.acl_submit_applications': 'ann',
  'yarn.scheduler.capacity.root.main.acl_administer_queue': 'cid',
  'yarn.scheduler.capacity.root.hive.acl_submit_applications': 'ann',
}

async function configured(scheduler: string, access: boolean): Promise<Folder> {
  const names = ['address', 'scheduler.address', 'resource-tracker.address', 'admin.address', 'webapp.address']
  const ports = await freePorts(names.length)
  const folder = new Folder()
  folder.set({
    ...COMMON,
    ...Object.fromEntries(names.map((n, i) => [`yarn.resourcemanager.${n}`, `localhost:${ports[i]}`])),
    'yarn.resourcemanager.scheduler.class': `${SCHEDULER}.${scheduler}`,
    ...(access && ACCESS(folder.dir)),
  })
  folder.write('capacity-scheduler.xml', { ...QUEUES, ...(access && ACCESS_QUEUES) })
  writeFileSync(path.join(folder.dir, 'fair-scheduler.xml'), ALLOCATIONS)
  return folder
}

/** @param access with access lists, labels and a configuration that can be changed, instead of everything else */
export async function ofReal(scheduler: string, access: boolean): Promise<Asked[]> {
  const folder = await configured(scheduler, access)
  try {
    const real = await startReal(folder.dir)
    return await answers(real, access).finally(() => real.stop())
  } finally {
    folder.remove()
  }
}

export async function ofOurs(scheduler: string, access: boolean): Promise<Asked[]> {
  const folder = await configured(scheduler, access)
  try {
    const ours = await TestRm.start(folder)
    return await answers(ours, access).finally(() => ours.stop())
  } finally {
    folder.remove()
  }
}
