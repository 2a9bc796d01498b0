import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coreConfig, createCore } from '../../../resourcemanager/core/index.js'
import { type Operation, RandomCluster } from './random.js'

const CONFIGURATIONS: Record<string, Record<string, string>> = {
  'offers by heartbeat': {},
  'asynchronous scheduling': { 'yarn.scheduler.capacity.schedule-asynchronously.enable': 'true' },
  'dominant resources, fair order': {
    'yarn.scheduler.capacity.resource-calculator': 'org.apache.hadoop.yarn.util.resource.DominantResourceCalculator',
    'yarn.scheduler.capacity.root.default.ordering-policy': 'fair',
  },
  'the fair scheduler': { 'yarn.resourcemanager.scheduler.class': 'org.apache.hadoop.yarn.server.resourcemanager.scheduler.fair.FairScheduler' },
  'the FIFO scheduler': { 'yarn.resourcemanager.scheduler.class': 'org.apache.hadoop.yarn.server.resourcemanager.scheduler.fifo.FifoScheduler' },
}

const operations = fc.array(fc.tuple(fc.nat(16), fc.nat(1000), fc.nat(1000), fc.nat(1000)), { minLength: 20, maxLength: 250, size: 'max' }) as fc.Arbitrary<
  Operation[]
>

describe.each(Object.entries(CONFIGURATIONS))('with %s', (_name, properties) => {
  it('what nodes, queues, users and attempts hold always adds up', () => {
    fc.assert(
      fc.property(operations, (all) => {
        const random = new RandomCluster({ 'yarn.cluster.max-application-priority': '5', ...properties })
        for (const operation of all) {
          random.do(operation)
          expect(random.cluster.core.checkInvariants()).toEqual([])
        }
        const errors = random.cluster.ofType('log').filter((e) => e.level === 'error')
        expect(errors).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('the same events give the same effects', () => {
    fc.assert(
      fc.property(operations, (all) => {
        const settings = { 'yarn.cluster.max-application-priority': '5', ...properties }
        const random = new RandomCluster(settings)
        for (const operation of all) random.do(operation)
        const { log, replay } = random.cluster.recorded()
        for (const { event, now, effects } of log) expect(replay.step(event, now).effects).toEqual(effects)
      }),
      { numRuns: 10 },
    )
  })
})

it('an unknown scheduler is refused by name', () => {
  const config = coreConfig({ 'yarn.resourcemanager.scheduler.class': 'no.such.Scheduler' }, { clusterTimestamp: 1 })
  expect(() => createCore(config)).toThrow('no.such.Scheduler')
})
