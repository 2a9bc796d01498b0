import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EXIT } from '../../../common/records/states.js'
import {
  CONTAINER,
  type ContainerEffect,
  type ContainerEvent,
  mayRetry,
  newContainerLife,
  reportedState,
  reportedSubState,
  stepContainer,
} from '../../../nodemanager/core/container.js'
import { InvalidStateTransition } from '../../../nodemanager/core/life-cycle.js'

const failure = (exitCode: number, at = 0): ContainerEvent => ({ type: 'CONTAINER_EXITED_WITH_FAILURE', exitCode, diagnostics: `exit ${exitCode}`, at })
const kill: ContainerEvent = { type: 'KILL_CONTAINER', exitStatus: EXIT.KILLED_BY_APPMASTER, diagnostics: 'Container killed by the ApplicationMaster.' }

function run(life: ReturnType<typeof newContainerLife>, ...events: ContainerEvent[]) {
  const effects: ContainerEffect[] = []
  const states = events.map((e) => {
    const step = stepContainer(life, e)
    effects.push(...step.effects)
    return step.state
  })
  const said = effects.flatMap((e) => (e.type === 'APPEND_DIAGNOSTICS' ? [e.text] : []))
  return { states, effects, kinds: effects.filter((e) => e.type !== 'APPEND_DIAGNOSTICS').map((e) => e.type), said }
}

describe("a container's life", () => {
  it('goes from localising through running to done', () => {
    const life = newContainerLife()
    const { states, kinds } = run(
      life,
      { type: 'INIT_CONTAINER', resources: ['a', 'b'] },
      { type: 'RESOURCE_LOCALIZED', resource: 'a' },
      { type: 'RESOURCE_LOCALIZED', resource: 'b' },
      { type: 'CONTAINER_LAUNCHED' },
      { type: 'CONTAINER_EXITED_WITH_SUCCESS' },
      { type: 'CONTAINER_RESOURCES_CLEANEDUP' },
    )
    expect(states).toEqual(['LOCALIZING', 'LOCALIZING', 'SCHEDULED', 'RUNNING', 'EXITED_WITH_SUCCESS', 'DONE'])
    expect(kinds).toEqual(['LOCALIZE', 'LAUNCH', 'START_MONITORING', 'CLEANUP_PROCESS', 'CLEANUP_RESOURCES', 'FINISHED'])
    expect(life.exitCode).toBe(0)
  })

  it('is launched at once when it needs nothing', () => {
    expect(run(newContainerLife(), { type: 'INIT_CONTAINER', resources: [] })).toMatchObject({ states: ['SCHEDULED'], kinds: ['LAUNCH'] })
  })

  it('ends where a resource can not be had, with the reason', () => {
    const { states, said } = run(
      newContainerLife(),
      { type: 'INIT_CONTAINER', resources: ['a'] },
      { type: 'RESOURCE_FAILED', resource: 'a', diagnostics: 'gone' },
      { type: 'CONTAINER_RESOURCES_CLEANEDUP' },
    )
    expect(states).toEqual(['LOCALIZING', 'LOCALIZATION_FAILED', 'DONE'])
    expect(said).toEqual(['gone\n'])
  })

  it('keeps the exit status that the kill was for', () => {
    const life = newContainerLife()
    const { states, said } = run(
      life,
      { type: 'INIT_CONTAINER', resources: [] },
      { type: 'CONTAINER_LAUNCHED' },
      kill,
      { type: 'CONTAINER_KILLED_ON_REQUEST', exitCode: 143, diagnostics: 'Container exited with a non-zero exit code 143. ' },
      { type: 'CONTAINER_RESOURCES_CLEANEDUP' },
    )
    expect(states.slice(2)).toEqual(['KILLING', 'CONTAINER_CLEANEDUP_AFTER_KILL', 'DONE'])
    expect(life.exitCode).toBe(EXIT.KILLED_BY_APPMASTER)
    expect(said).toEqual(['Container killed by the ApplicationMaster.\n', 'Container exited with a non-zero exit code 143. \n'])
  })

  it('says twice how it failed, as Hadoop does', () => {
    expect(run(newContainerLife(), { type: 'INIT_CONTAINER', resources: [] }, { type: 'CONTAINER_LAUNCHED' }, failure(2)).said).toEqual([
      'exit 2\n',
      'exit 2\n',
    ])
  })

  it('that somebody else killed says so', () => {
    const { said } = run(
      newContainerLife(),
      { type: 'INIT_CONTAINER', resources: [] },
      { type: 'CONTAINER_LAUNCHED' },
      { type: 'CONTAINER_KILLED_ON_REQUEST', exitCode: 137, diagnostics: 'x' },
    )
    expect(said).toEqual(['x\n', 'Killed by external signal\n'])
  })

  it('is killed before it was launched', () => {
    const life = newContainerLife()
    const { states, said } = run(
      life,
      { type: 'INIT_CONTAINER', resources: ['a'] },
      kill,
      { type: 'RESOURCE_LOCALIZED', resource: 'a' },
      { type: 'CONTAINER_RESOURCES_CLEANEDUP' },
    )
    expect(states).toEqual(['LOCALIZING', 'KILLING', 'KILLING', 'DONE'])
    expect(said[1]).toBe('Container is killed before being launched.\n')
  })

  it('is launched again as often as its retry context says', () => {
    const life = newContainerLife({ policy: 'RETRY_ON_ALL_ERRORS', errorCodes: [], maxRetries: 1, interval: 7, failuresValidityInterval: -1 })
    const { states, effects } = run(
      life,
      { type: 'INIT_CONTAINER', resources: [] },
      { type: 'CONTAINER_LAUNCHED' },
      failure(1),
      { type: 'CONTAINER_LAUNCHED' },
      failure(1),
    )
    expect(states).toEqual(['SCHEDULED', 'RUNNING', 'RELAUNCHING', 'RUNNING', 'EXITED_WITH_FAILURE'])
    expect(effects).toContainEqual({ type: 'RELAUNCH', delay: 7 })
  })

  it('forgets old failures when its retries slide', () => {
    const life = newContainerLife({ policy: 'RETRY_ON_ALL_ERRORS', errorCodes: [], maxRetries: 1, interval: 0, failuresValidityInterval: 100 })
    life.restarts = [0]
    expect(mayRetry(life, 1, 50)).toBe(false)
    expect(mayRetry(life, 1, 150)).toBe(true)
  })

  it('retries only the codes that were named', () => {
    const life = newContainerLife({ policy: 'RETRY_ON_SPECIFIC_ERROR_CODES', errorCodes: [9], maxRetries: -1, interval: 0, failuresValidityInterval: -1 })
    expect([mayRetry(life, 9, 0), mayRetry(life, 1, 0), mayRetry(life, 0, 0)]).toEqual([true, false, false])
  })

  it('is initialised anew: killed, and launched with the new context', () => {
    const { states, kinds } = run(
      newContainerLife(),
      { type: 'INIT_CONTAINER', resources: [] },
      { type: 'CONTAINER_LAUNCHED' },
      { type: 'REINITIALIZE_CONTAINER', resources: ['new'] },
      { type: 'RESOURCE_LOCALIZED', resource: 'new' },
      { type: 'CONTAINER_KILLED_ON_REQUEST', exitCode: 143, diagnostics: '' },
      { type: 'CONTAINER_LAUNCHED' },
    )
    expect(states.slice(2)).toEqual(['REINITIALIZING', 'REINITIALIZING_AWAITING_KILL', 'SCHEDULED', 'RUNNING'])
    expect(kinds).toEqual(['LAUNCH', 'START_MONITORING', 'LOCALIZE', 'CLEANUP_FOR_REINIT', 'LAUNCH', 'START_MONITORING'])
  })

  it('of an earlier run is followed, not launched', () => {
    expect(run(newContainerLife(), { type: 'INIT_CONTAINER', resources: [], recovered: 'LAUNCHED' }).kinds).toEqual(['REACQUIRE'])
    expect(run(newContainerLife(), { type: 'INIT_CONTAINER', resources: [], recovered: 'COMPLETED' })).toMatchObject({ states: ['DONE'], kinds: ['FINISHED'] })
  })

  it('names state and event of what can not happen', () => {
    expect(() => stepContainer(newContainerLife(), { type: 'CONTAINER_LAUNCHED' })).toThrow('Invalid event: CONTAINER_LAUNCHED at NEW')
  })

  it('can be killed in every state', () => {
    for (const state of Object.keys(CONTAINER) as (keyof typeof CONTAINER)[]) expect(CONTAINER[state].KILL_CONTAINER, state).toBeDefined()
  })

  it('whatever happens: finishes at most once, never leaves DONE, and tells the protocol a known state', () => {
    const event: fc.Arbitrary<ContainerEvent> = fc.oneof(
      fc.constantFrom<ContainerEvent>(
        { type: 'INIT_CONTAINER', resources: ['a'] },
        { type: 'INIT_CONTAINER', resources: [] },
        { type: 'RESOURCE_LOCALIZED', resource: 'a' },
        { type: 'RESOURCE_FAILED', resource: 'a', diagnostics: '' },
        { type: 'CONTAINER_LAUNCHED' },
        { type: 'CONTAINER_EXITED_WITH_SUCCESS' },
        { type: 'CONTAINER_KILLED_ON_REQUEST', exitCode: 137, diagnostics: '' },
        { type: 'CONTAINER_RESOURCES_CLEANEDUP' },
        { type: 'REINITIALIZE_CONTAINER', resources: ['b'] },
        kill,
      ),
      fc.integer({ min: 1, max: 255 }).map((c) => failure(c)),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const life = newContainerLife({ policy: 'RETRY_ON_ALL_ERRORS', errorCodes: [], maxRetries: 2, interval: 0, failuresValidityInterval: -1 })
        let finished = 0
        for (const e of events) {
          const before = life.state
          try {
            finished += stepContainer(life, e).effects.filter((f) => f.type === 'FINISHED').length
          } catch (x) {
            expect(x).toBeInstanceOf(InvalidStateTransition)
            expect(life.state).toBe(before)
          }
          if (before === 'DONE') expect(life.state).toBe('DONE')
          expect(['C_RUNNING', 'C_COMPLETE']).toContain(reportedState(life.state))
          expect(reportedSubState(life.state)).toMatch(/^CSS_/)
        }
        expect(finished).toBe(life.state === 'DONE' ? 1 : 0)
      }),
    )
  })
})
