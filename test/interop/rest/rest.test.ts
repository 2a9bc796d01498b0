/** REST of the real ResourceManager and of ours, after the same life: what either answers to each call, value by value. */
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePorts } from '../../harness/hdfs.js'
import { Folder, type Rm, TestRm } from '../../integration/resourcemanager/harness.js'
import { until } from '../cluster.js'
import { whyNot } from '../peers/layout.js'
import { activities } from './activities.js'
import { type Call, IDLE, ask, reads, writes } from './calls.js'
import { type Answer, differences } from './compare.js'
import { startReal } from './real.js'
import { live } from './scenario.js'

const SCHEDULER = 'org.apache.hadoop.yarn.server.resourcemanager.scheduler'
const ALLOCATIONS = `<?xml version="1.0"?>
<allocations>
  <queue name="main"><weight>2.0</weight><maxRunningApps>20</maxRunningApps></queue>
  <queue name="hive"><minResources>1024 mb,1 vcores</minResources><maxAMShare>0.4</maxAMShare></queue>
  <queuePlacementPolicy><rule name="specified" create="false"/><rule name="reject"/></queuePlacementPolicy>
</allocations>
`
const QUEUES = {
  'yarn.scheduler.capacity.root.queues': 'main,hive',
  'yarn.scheduler.capacity.root.main.capacity': '50',
  'yarn.scheduler.capacity.root.main.maximum-capacity': '100',
  'yarn.scheduler.capacity.root.main.user-limit-factor': '2',
  'yarn.scheduler.capacity.root.hive.capacity': '50',
  'yarn.scheduler.capacity.maximum-am-resource-percent': '0.5',
}
const COMMON: Readonly<Record<string, string>> = {
  'yarn.resourcemanager.recovery.enabled': 'false',
  'yarn.resourcemanager.hostname': 'localhost',
  'yarn.scheduler.minimum-allocation-mb': '128',
  'yarn.scheduler.include-port-in-node-name': 'true',
  'yarn.scheduler.capacity.schedule-asynchronously.enable': 'false',
  'yarn.resourcemanager.am.max-attempts': '1',
  'yarn.admin.acl': `${os.userInfo().username},ann`,
}

interface Asked {
  readonly call: Call
  readonly answer: Answer
}

/** Where ours is not as the real one's, and why. */
const DELIBERATE: readonly (readonly [line: RegExp, why: string])[] = [
  [/^GET \/nodes\/\S+\/resource /, 'the real one has no such reading and answers 500'],
  [/^POST \/nodes\/\S+\/resource\S* \.resourceInfo/, 'the real one answers before it has changed it'],
  [/^PUT \S+\/priority\S* .*(status|priority|RemoteException)/, 'the real one takes text for 0, and hides why a scheduler refuses'],
  [/^PUT \S+\/queue\S* .*(status|UndeclaredThrowable)/, 'the real one answers 500 and no reason'],
  [/^PUT \S+\/timeout\S* .*(status|RemoteException)/, 'the real one hides the reason'],
  [/^POST \/delegation-token/, 'the real one gives tokens only to who comes with Kerberos'],
  [/^POST \/reservation\/.*(status|RemoteException)/, 'the real one has other words for that the reservation system is off'],
  [/\.(launchTime): real -1/, 'an unmanaged application is launched when it is accepted'],
  [/\.health\./, 'what the scheduler did last is not kept'],
  [/\.(demandResources|amMaxResources)\./, 'the real one looks at these from time to time'],
  [/^PUT \S+\/state\S* \.state: real "(RUNNING|KILLING)", ours "(KILLING|KILLED)"/, 'ours has ended by then'],
]

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
async function answers(rm: Rm): Promise<Asked[]> {
  const all: Asked[] = []
  const put = async (calls: readonly Call[]) => {
    for (const call of calls) all.push({ call, answer: await ask(rm.web, call) })
  }
  await put(IDLE)
  const lived = await live(rm)
  try {
    await activities(rm, lived, put)
    await settled(rm)
    await put(reads(lived))
    await put(writes(lived))
  } finally {
    await lived.stop()
  }
  return all
}

async function configured(scheduler: string): Promise<Folder> {
  const names = ['address', 'scheduler.address', 'resource-tracker.address', 'admin.address', 'webapp.address']
  const ports = await freePorts(names.length)
  const folder = new Folder({
    ...COMMON,
    ...Object.fromEntries(names.map((n, i) => [`yarn.resourcemanager.${n}`, `localhost:${ports[i]}`])),
    'yarn.resourcemanager.scheduler.class': `${SCHEDULER}.${scheduler}`,
  })
  folder.write('capacity-scheduler.xml', QUEUES)
  writeFileSync(path.join(folder.dir, 'fair-scheduler.xml'), ALLOCATIONS)
  return folder
}

async function ofReal(scheduler: string): Promise<Asked[]> {
  const folder = await configured(scheduler)
  try {
    const real = await startReal(folder.dir)
    return await answers(real).finally(() => real.stop())
  } finally {
    folder.remove()
  }
}

async function ofOurs(scheduler: string): Promise<Asked[]> {
  const folder = await configured(scheduler)
  try {
    const ours = await TestRm.start(folder)
    return await answers(ours).finally(() => ours.stop())
  } finally {
    folder.remove()
  }
}

describe.skipIf(whyNot() !== undefined)('REST answers as the real ResourceManager’s', () => {
  it.each(['capacity.CapacityScheduler', 'fair.FairScheduler'])('%s', async (scheduler) => {
    const [real, ours] = [await ofReal(scheduler), await ofOurs(scheduler)]
    const found = real.flatMap(({ call, answer }, i) =>
      differences(answer, ours[i]!.answer).map((d) => `${call.method} ${call.path}${call.accept ? ' (XML)' : ''} ${d}`),
    )
    expect(found.filter((line) => !DELIBERATE.some(([known]) => known.test(line)))).toEqual([])
  })
})
