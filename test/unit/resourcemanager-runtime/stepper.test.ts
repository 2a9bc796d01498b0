import { describe, expect, it } from 'vitest'
import { exception } from '../../../common/errors.js'
import type { Core, Effect, Event, Outcome } from '../../../resourcemanager/core/index.js'
import { createClock } from '../../../resourcemanager/runtime/clock.js'
import { Stepper } from '../../../resourcemanager/runtime/stepper.js'
import type { StateStore, StoreOperation } from '../../../resourcemanager/store/state-store.js'

const persist = (id: number): Effect => ({ type: 'persist', what: 'removeApplication', applicationId: { clusterTimestamp: 1, id } })
const say = (message: string): Effect => ({ type: 'log', level: 'info', message })
const event = (): Event => ({ type: 'tick' })

/** A stepper over a core that gives the outcomes it is told, and what happened in order. */
function world(outcomes: Partial<Outcome>[], commit: (operations: readonly StoreOperation[]) => void = () => {}) {
  const happened: string[] = []
  const core = {
    step: () => ({ effects: [], answer: undefined, error: undefined, ...outcomes.shift() }),
    nextTimer: () => undefined,
  } as unknown as Core
  const store = {
    commit(operations: readonly StoreOperation[]) {
      commit(operations)
      happened.push(`commit ${operations.length}`)
    },
  } as unknown as StateStore
  const stepper = new Stepper({
    core,
    store,
    clock: createClock(),
    carryOut: (e) => happened.push(e.type === 'log' ? e.message : e.type),
    onFailure: (e) => happened.push(`failed: ${(e as Error).message}`),
  })
  return { stepper, happened }
}

describe('a step', () => {
  it('that persists nothing is answered at once', () => {
    const { stepper, happened } = world([{ effects: [say('done')], answer: undefined }])
    expect(stepper.step(event())).toBeUndefined()
    expect(happened).toEqual(['done'])
  })

  it('that persists is carried out and answered after its commit', async () => {
    const { stepper, happened } = world([{ effects: [persist(1), say('after')] }])
    const answered = Promise.resolve(stepper.step(event())).then(() => happened.push('answered'))
    expect(happened).toEqual([])
    await answered
    expect(happened).toEqual(['commit 1', 'after', 'answered'])
  })

  it('shares its commit with the others of the same turn', async () => {
    const { stepper, happened } = world([{ effects: [persist(1)] }, { effects: [persist(2), persist(3)] }])
    await Promise.all([stepper.step(event()), stepper.step(event())])
    expect(happened).toEqual(['commit 3'])
  })

  it('that persists nothing waits for those before it', async () => {
    const { stepper, happened } = world([{ effects: [persist(1), say('first')] }, { effects: [say('second')] }])
    await Promise.all([stepper.step(event()), stepper.step(event())])
    expect(happened).toEqual(['commit 1', 'first', 'second'])
  })

  it('that fails throws, and its effects stand all the same', async () => {
    const error = exception('YarnException', 'no')
    const { stepper, happened } = world([
      { effects: [say('audit')], error },
      { effects: [persist(1), say('audit too')], error },
    ])
    expect(() => stepper.step(event())).toThrow('no')
    await expect(stepper.step(event())).rejects.toThrow('no')
    expect(happened).toEqual(['audit', 'commit 1', 'audit too'])
  })

  it('brings along what belongs to it only when it persists something', async () => {
    const along: StoreOperation[] = [{ op: 'removeSetting', name: 'nodeLabels' }]
    const { stepper, happened } = world([{ effects: [] }, { effects: [persist(1)] }])
    await stepper.step(event(), along)
    await stepper.step(event(), along)
    expect(happened).toEqual(['commit 2'])
  })

  it('is never answered when the store fails, nor is any after it', async () => {
    const { stepper, happened } = world([{ effects: [persist(1), say('never')] }, { effects: [persist(2), say('never')] }], () => {
      throw new Error('disk full')
    })
    let answered = false
    Promise.resolve(stepper.step(event())).then(() => {
      answered = true
    })
    await new Promise(setImmediate)
    void stepper.step(event())
    await new Promise(setImmediate)
    expect(happened).toEqual(['failed: disk full'])
    expect(answered).toBe(false)
  })
})

describe('the clock', () => {
  it('never runs backwards, goes on while the wall clock is behind, and tells of leaps ahead', () => {
    let wall = 1_000_000
    let monotonic = 0
    const pass = (ms: number, wallMs = ms) => {
      monotonic += ms
      wall += wallMs
    }
    const clock = createClock(
      () => wall,
      () => monotonic,
    )
    pass(100)
    expect(clock.now()).toBe(1_000_100)
    pass(100, -50_000)
    expect(clock.now()).toBe(1_000_200)
    pass(100)
    expect(clock.now()).toBeGreaterThanOrEqual(1_000_200)
    expect(clock.leap()).toBe(0)
    pass(100, 3_600_000)
    expect(clock.now()).toBe(wall)
    expect(clock.leap()).toBe(3_600_000 - 100)
    expect(clock.leap()).toBe(0)
  })
})
