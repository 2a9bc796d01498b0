import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ResourceManagerDriver } from '../../../flink-yarn/jobmanager/driver.js'
import type { Failure } from '../../../flink-yarn/jobmanager/failure.js'
import { SlotManager, type TaskManager } from '../../../flink-yarn/jobmanager/slot-manager.js'
import type { Log } from '../../../flink-yarn/log.js'

const log: Log = { info: () => {}, warn: () => {}, error: () => {}, for: () => log }
const IDLE = 1_000
const HEARTBEAT = 50_000

class Driver implements ResourceManagerDriver {
  required = 0
  readonly released: string[] = []
  start = async () => {}
  requireWorkers(count: number) {
    this.required = count
  }
  workerRegistered() {}
  releaseWorker(id: string) {
    this.released.push(id)
  }
  suspectWorker() {}
  deregister = async () => {}
}

describe('the slot manager', () => {
  let driver: Driver
  let slots: SlotManager
  let lost: [string, string][]
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
    driver = new Driver()
    lost = []
    slots = new SlotManager({
      secret: Buffer.from('s'),
      driver,
      slotsPerTaskManager: 2,
      idleTimeout: IDLE,
      heartbeatTimeout: HEARTBEAT,
      onLost: (tm: TaskManager, reason: Failure) => lost.push([tm.registration.resourceId, reason.message]),
      log,
    })
  })
  afterEach(() => {
    slots.close()
    vi.useRealTimers()
  })
  const register = (resourceId: string, count = 2) =>
    slots.register({ resourceId, host: '127.0.0.1', rpcPort: 1, dataPort: 1, slots: count, cpuCores: 1, physicalMemory: 1 })

  it('asks for as many TaskManagers as the missing slots take, and for none without need', () => {
    expect(driver.required).toBe(0)
    void slots.request('a', 3, 10_000)
    expect(driver.required).toBe(2)
    void slots.request('b', 2, 10_000)
    expect(driver.required).toBe(3)
    register('tm-1')
    // Two are free for five that are wanted; the smaller request got them.
    expect(driver.required).toBe(2)
    slots.release('a')
    expect(driver.required).toBe(0)
  })

  it('gives a job all its slots at once', async () => {
    const given = slots.request('a', 3, 10_000)
    register('tm-1')
    expect(slots.get('tm-1')!.slots).toEqual([undefined, undefined])
    register('tm-2')
    expect((await given).map((s) => `${s.taskManager.registration.resourceId}/${s.index}`)).toEqual(['tm-1/0', 'tm-1/1', 'tm-2/0'])
    expect(slots.get('tm-2')!.slots).toEqual(['a', undefined])
  })

  it('fails a request that is not served in time', async () => {
    const failed = slots.request('a', 1, 5_000).catch((reason: Failure) => reason)
    vi.advanceTimersByTime(5_000)
    expect(await failed).toMatchObject({
      className: 'org.apache.flink.runtime.jobmanager.scheduler.NoResourceAvailableException',
      cause: { message: 'Timeout has occurred: 5000 ms' },
    })
    expect(driver.required).toBe(0)
  })

  it('lets a TaskManager go that was idle for the whole time-out', () => {
    register('tm-1')
    vi.advanceTimersByTime(IDLE - 1)
    expect(driver.released).toEqual([])
    vi.advanceTimersByTime(1)
    expect(driver.released).toEqual(['tm-1'])
    expect(slots.taskManagers).toEqual([])
  })

  it('keeps an idle one for a job that waits for more', async () => {
    const given = slots.request('a', 4, 60_000)
    register('tm-1')
    vi.advanceTimersByTime(10 * IDLE)
    register('tm-2')
    expect(await given).toHaveLength(4)
    expect(driver.released).toEqual([])
  })

  it('tells of a TaskManager that ended, that fell silent, or that registered anew', () => {
    register('tm-1')
    slots.terminated('tm-1', 'Container tm-1 terminated with exit status 137')
    register('tm-2')
    register('tm-2')
    vi.advanceTimersByTime(IDLE - 1)
    expect(lost).toEqual([
      ['tm-1', 'Container tm-1 terminated with exit status 137'],
      ['tm-2', 'The TaskManager tm-2 registered anew.'],
    ])
    const busy = slots.request('a', 2, 10_000)
    busy.catch(() => {})
    vi.advanceTimersByTime(HEARTBEAT + HEARTBEAT / 5)
    expect(lost.at(-1)).toEqual(['tm-2', 'Heartbeat of TaskManager with id tm-2 timed out.'])
    expect(slots.heartbeat({ resourceId: 'tm-2', counters: [], heapUsed: 0 })).toBe(false)
  })

  it('waits before it asks again when many did not come', () => {
    void slots.request('a', 2, 600_000)
    for (let n = 0; n < 11; n++) slots.terminated(undefined, 'no luck')
    driver.required = 0
    slots.terminated(undefined, 'no luck')
    expect(driver.required).toBe(0)
    vi.advanceTimersByTime(3_000)
    expect(driver.required).toBe(1)
  })
})
