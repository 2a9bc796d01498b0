import { describe, expect, test } from 'vitest'
import { measure } from '../../../resourcemanager/simulator/report/measures.js'
import { parseMetric } from '../../../resourcemanager/simulator/report/metric.js'
import type { ApplicationOutcome, RunResult } from '../../../resourcemanager/simulator/results.js'
import { outcome, simulatedRun } from '../../builders/simulated-run.js'

const run = (...applications: ApplicationOutcome[]): RunResult => ({ ...simulatedRun({ applications: 1 }), applications, makespan: 100_000 })

describe('measures of a run', () => {
  test('a wait is until the first container of work; one that never ends counts until the run does', () => {
    const m = measure(
      run(
        outcome({ firstContainerAt: 5000 }),
        outcome({ id: 'b', state: 'WAITING', amAllocatedAt: undefined, firstContainerAt: undefined, finishedAt: undefined } as never),
      ),
    )
    expect(m.wait).toMatchObject({ count: 2, max: 1_200_000 })
    expect(m.stillWaiting).toBe(1)
    expect(m.amWait.count).toBe(1)
  })

  test('a master that asks for nothing has waited until it started', () => {
    const none = { asked: 0, allocated: 0, completed: 0, preempted: 0, failed: 0, lost: 0 }
    const m = measure(run(outcome({ containers: none, firstContainerAt: undefined } as never)))
    expect(m.wait.max).toBe(2000)
    expect(m.stillWaiting).toBe(0)
  })

  test('what was refused or can never run has no wait, and is counted', () => {
    const m = measure(run(outcome(), outcome({ id: 'b', state: 'REJECTED' }), outcome({ id: 'c', state: 'NEVER_SCHEDULABLE' })))
    expect(m.wait.count).toBe(1)
    expect(m.applications).toMatchObject({ submitted: 3, finished: 1, rejected: 1, neverSchedulable: 1 })
  })

  test('deadlines are missed by what ends late, fails, or is late already', () => {
    const deadline = 60_000
    const m = measure(
      run(
        outcome({ deadline, finishedAt: 59_000 }),
        outcome({ deadline, finishedAt: 61_000 }),
        outcome({ deadline, state: 'FAILED' }),
        outcome({ deadline, state: 'RUNNING', submittedAt: 1_190_000, finishedAt: undefined } as never),
        outcome(),
      ),
    )
    expect(m.slo).toEqual({ promised: 4, missed: 2 })
  })

  test('slowdown is a multiple of the time alone', () => {
    expect(measure(run(outcome({ aloneMillis: 32_500 }))).slowdown.max).toBe(2)
  })

  test('utilisation is taken up to the last end', () => {
    const whole = simulatedRun()
    const [cluster] = whole.timeline.clusters
    const half = cluster!.totalMemory.map((t, i) => (i < 100 ? t / 2 : 0))
    const m = measure({ ...whole, makespan: 100 * whole.timeline.interval, timeline: { ...whole.timeline, clusters: [{ ...cluster!, usedMemory: half }] } })
    expect(m.utilisation[0]!.memory).toBeCloseTo(0.5, 6)
  })

  test('queues and users are told apart', () => {
    const m = measure(simulatedRun())
    expect(m.queues.map((q) => [q.queue, q.applications.submitted])).toEqual([
      ['root.default', 40],
      ['root.hive', 20],
    ])
    expect(m.users.map((u) => u.user)).toEqual(['ann', 'bob', 'cem'])
    expect(m.fairness.users).toBeGreaterThan(0.5)
  })
})

describe('a measure in words', () => {
  const m = measure(simulatedRun())
  const hive = m.queues.find((q) => q.queue === 'root.hive')!

  test.each([
    ['p95 wait of queue hive', hive.wait.p95],
    ['wait of queue root.hive', hive.wait.p95],
    ['minimize median AM wait', m.amWait.p50],
    ['mean run time of user ann', m.users[0]!.runTime.mean],
    ['utilization', m.utilisation[0]!.memory],
    ['SLO misses of queue hive', hive.slo.missed],
    ['makespan', m.makespan],
    ['fairness', m.fairness.users],
  ])('%s', (text, value) => {
    expect(parseMetric(text).of(m)).toBe(value)
  })

  test('is no number for a queue that the run does not have', () => {
    expect(parseMetric('mean wait of queue nowhere').of(m)).toBeNaN()
  })

  test.each(['waits a lot', 'p95 makespan', 'makespan of queue hive', 'p95 SLO misses', ''])('"%s" is refused with what there is', (text) => {
    expect(() => parseMetric(text)).toThrow(/Give \[mean\|p50/)
  })
})
