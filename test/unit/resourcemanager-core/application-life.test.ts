import { describe, expect, it } from 'vitest'
import { APPLICATION_LIFECYCLE, Application, type ApplicationEventType } from '../../../resourcemanager/core/application.js'
import type { Attempt } from '../../../resourcemanager/core/attempt.js'
import type { ResourceManager } from '../../../resourcemanager/core/resourcemanager.js'
import type { ApplicationState } from '../../../resourcemanager/core/state.js'
import { happens, listener } from './lives.js'

const FAILING = { countsTowardsMaximum: () => true } as Attempt

function application(more: { unmanagedAM?: boolean; maxAppAttempts?: number; failed?: number } = {}) {
  const { outside, said } = listener<ResourceManager>({ now: 100, config: { maxAppAttempts: 2 }, lifetimes: { delete: () => said.push('forgetLifetime') } })
  const submission = { applicationId: { clusterTimestamp: 1, id: 1 }, user: 'alice', amRequests: [], unmanagedAM: more.unmanagedAM ?? false }
  const app = new Application(outside, submission, [], more.maxAppAttempts ?? 2, 1, 1, 'default', 0, undefined)
  for (let i = 1; i <= (more.failed ?? 0); i++) app.attempts.set(i, FAILING)
  app.current = { takeOver() {} } as unknown as Attempt
  const send = (state: ApplicationState, type: ApplicationEventType) =>
    happens(APPLICATION_LIFECYCLE, app, state, { type, diagnostics: 'why', nodeKey: 'n1:1', ...(type === 'KILL' && { user: 'bob' }) }, said)
  return { app, send }
}

const KILLED_BY = 'audit bob Kill Application Request RMAppImpl SUCCESS'

/** Where each event leads and what it says; where that is a final state to be saved first, what it does once it is. */
describe('an application', () => {
  it.each<[ApplicationState, ApplicationEventType, string, string?]>([
    ['NEW', 'START', 'NEW_SAVING: saveNewApplication'],
    ['NEW', 'KILL', `KILLED: applicationEnded KILLED, ${KILLED_BY}`],
    ['NEW', 'APP_REJECTED', 'FINAL_SAVING: persistApplication FAILED, send APP_UPDATE_SAVED', 'FAILED: forgetLifetime, applicationEnded FAILED'],
    ['NEW_SAVING', 'APP_NEW_SAVED', 'SUBMITTED: submitToScheduler'],
    ['NEW_SAVING', 'KILL', 'FINAL_SAVING: persistApplication KILLED, send APP_UPDATE_SAVED', `KILLED: forgetLifetime, applicationEnded KILLED, ${KILLED_BY}`],
    ['NEW_SAVING', 'APP_REJECTED', 'FINAL_SAVING: persistApplication FAILED, send APP_UPDATE_SAVED', 'FAILED: forgetLifetime, applicationEnded FAILED'],
    ['SUBMITTED', 'APP_REJECTED', 'FINAL_SAVING: persistApplication FAILED, send APP_UPDATE_SAVED', 'FAILED: forgetLifetime, applicationEnded FAILED'],
    ['SUBMITTED', 'APP_ACCEPTED', 'ACCEPTED: startAttempt'],
    ['SUBMITTED', 'KILL', 'FINAL_SAVING: persistApplication KILLED, send APP_UPDATE_SAVED', `KILLED: forgetLifetime, applicationEnded KILLED, ${KILLED_BY}`],
    ['ACCEPTED', 'ATTEMPT_FAILED', 'ACCEPTED: startAttempt'],
    ['ACCEPTED', 'ATTEMPT_FINISHED', 'FINAL_SAVING: persistApplication FINISHED, send APP_UPDATE_SAVED', 'FINISHED: forgetLifetime, applicationEnded FINISHED'],
    ['ACCEPTED', 'KILL', `KILLING: send KILL, ${KILLED_BY}`],
    ['ACCEPTED', 'ATTEMPT_KILLED', 'FINAL_SAVING: persistApplication KILLED, send APP_UPDATE_SAVED', 'KILLED: forgetLifetime, applicationEnded KILLED'],
    ['ACCEPTED', 'ATTEMPT_LAUNCHED', 'ACCEPTED: persistApplication'],
    ['ACCEPTED', 'APP_RUNNING_ON_NODE', 'ACCEPTED: noteRanOn n1:1'],
    ['RUNNING', 'ATTEMPT_UNREGISTERED', 'FINAL_SAVING: persistApplication FINISHED, send APP_UPDATE_SAVED', 'FINISHING: forgetLifetime'],
    ['RUNNING', 'ATTEMPT_FINISHED', 'FINISHED: applicationEnded FINISHED'],
    ['RUNNING', 'APP_RUNNING_ON_NODE', 'RUNNING: noteRanOn n1:1'],
    ['RUNNING', 'ATTEMPT_FAILED', 'ACCEPTED: startAttempt'],
    ['RUNNING', 'KILL', `KILLING: send KILL, ${KILLED_BY}`],
    ['RUNNING', 'ATTEMPT_LAUNCHED', 'RUNNING: persistApplication'],
    ['FINAL_SAVING', 'APP_RUNNING_ON_NODE', 'FINAL_SAVING: noteRanOn n1:1'],
    ['FINISHING', 'ATTEMPT_FINISHED', 'FINISHED: applicationEnded FINISHED'],
    ['FINISHING', 'APP_RUNNING_ON_NODE', 'FINISHING: noteRanOn n1:1'],
    ['KILLING', 'APP_RUNNING_ON_NODE', 'KILLING: noteRanOn n1:1'],
    ['KILLING', 'ATTEMPT_KILLED', 'FINAL_SAVING: persistApplication KILLED, send APP_UPDATE_SAVED', 'KILLED: forgetLifetime, applicationEnded KILLED'],
    ['KILLING', 'ATTEMPT_UNREGISTERED', 'FINAL_SAVING: persistApplication FINISHED, send APP_UPDATE_SAVED', 'FINISHING: forgetLifetime'],
    ['KILLING', 'ATTEMPT_FINISHED', 'FINISHED: applicationEnded FINISHED'],
    ['KILLING', 'ATTEMPT_FAILED', 'FINAL_SAVING: persistApplication KILLED, send APP_UPDATE_SAVED', 'KILLED: forgetLifetime, applicationEnded KILLED'],
    ['FINISHED', 'APP_RUNNING_ON_NODE', 'FINISHED: cleanApplicationOn n1:1'],
    ['FAILED', 'APP_RUNNING_ON_NODE', 'FAILED: cleanApplicationOn n1:1'],
    ['KILLED', 'APP_RUNNING_ON_NODE', 'KILLED: cleanApplicationOn n1:1'],
  ])('at %s, %s', (state, event, expected, saved) => {
    const { send } = application()
    expect(send(state, event)).toBe(expected)
    if (saved) expect(send('FINAL_SAVING', 'APP_UPDATE_SAVED')).toBe(saved)
  })

  it.each(['ACCEPTED', 'RUNNING', 'KILLING'] as const)('whose last attempt fails at %s has failed', (state) => {
    const { app, send } = application({ failed: 2 })
    expect(send(state, 'ATTEMPT_FAILED')).toBe('FINAL_SAVING: persistApplication FAILED, send APP_UPDATE_SAVED')
    expect(send('FINAL_SAVING', 'APP_UPDATE_SAVED')).toBe('FAILED: forgetLifetime, applicationEnded FAILED')
    expect(app.diagnostics).toBe('Application application_1_0001 failed 2 times due to why. Failing the application.')
  })

  it('is launched once, whoever says so again', () => {
    const { app, send } = application()
    send('ACCEPTED', 'ATTEMPT_LAUNCHED')
    expect(app.launchTime).toBe(100)
    expect(send('ACCEPTED', 'ATTEMPT_LAUNCHED')).toBe('ACCEPTED')
  })

  it('that has unregistered is over at once when its attempt ends before that is saved', () => {
    const { send } = application()
    send('RUNNING', 'ATTEMPT_UNREGISTERED')
    expect(send('FINAL_SAVING', 'ATTEMPT_FINISHED')).toBe('FINAL_SAVING')
    expect(send('FINAL_SAVING', 'APP_UPDATE_SAVED')).toBe('FINISHED: forgetLifetime, applicationEnded FINISHED')
  })

  it('that is to be killed is killed, though its attempt ends well before that is saved', () => {
    const { send } = application()
    send('ACCEPTED', 'ATTEMPT_KILLED')
    send('FINAL_SAVING', 'ATTEMPT_FINISHED')
    expect(send('FINAL_SAVING', 'APP_UPDATE_SAVED')).toBe('KILLED: forgetLifetime, applicationEnded KILLED')
  })
})
