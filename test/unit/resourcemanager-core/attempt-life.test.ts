import { describe, expect, it } from 'vitest'
import { EXIT } from '../../../common/records/index.js'
import type { Application } from '../../../resourcemanager/core/application.js'
import { Attempt, type AttemptEvent, type AttemptEventType } from '../../../resourcemanager/core/attempt.js'
import { ATTEMPT_LIFECYCLE } from '../../../resourcemanager/core/attempt-lifecycle.js'
import type { AllocatedContainer } from '../../../resourcemanager/core/index.js'
import { NOBODY } from '../../../resourcemanager/core/observer.js'
import type { ResourceManager } from '../../../resourcemanager/core/resourcemanager.js'
import type { AttemptState } from '../../../resourcemanager/core/state.js'
import { gb } from './cluster.js'
import { happens, listener } from './lives.js'

const id = { applicationId: { clusterTimestamp: 1, id: 1 }, attemptId: 1 }

const ended = (container: number) => ({
  containerId: { applicationAttemptId: id, id: container },
  key: `1_1_1_${container}`,
  nodeKey: 'n1:1',
  nodeId: { host: 'n1', port: 1 },
  status: { exitStatus: 7, diagnostics: 'boom' },
  resource: gb(1),
})

const MASTER = 1

/** What comes with an event. */
const CARRIED: Partial<Record<AttemptEventType, Omit<AttemptEvent, 'type'>>> = {
  REGISTERED: { registration: { host: 'am', rpcPort: 1, trackingUrl: 'http://am' } },
  UNREGISTERED: { unregistration: { finalStatus: 'SUCCEEDED', diagnostics: 'bye', trackingUrl: 'http://history' } },
  CONTAINER_FINISHED: { container: ended(MASTER) },
  STATUS_UPDATE: { progress: 0.5, trackingUrl: 'http://new' },
  KILL: { diagnostics: 'killed' },
  FAIL: { diagnostics: 'failed' },
  LAUNCH_FAILED: { diagnostics: 'no route' },
}

/** As one that the store knows as live, or as ended. */
function recovered(of: Attempt, launched: () => void, finish: (state: 'FAILED') => void): AttemptState {
  if (of.recoveredFinalState) finish('FAILED')
  else launched()
  return of.recoveredFinalState ?? 'LAUNCHED'
}

function attempt(more: { unmanagedAM?: boolean; keepContainers?: boolean } = {}) {
  const { outside, said } = listener<ResourceManager>({
    now: 100,
    config: { webAppUrl: 'http://rm' },
    nodeName: () => 'n1',
    observer: NOBODY,
    askForMaster: (a: Attempt) => (a.unmanaged ? 'LAUNCHED_UNMANAGED_SAVING' : 'SCHEDULED'),
    fetchMaster: () => 'ALLOCATED_SAVING',
    recoverAttemptState: recovered,
  })
  const submission = { unmanagedAM: false, keepContainers: false, ...more }
  const it = new Attempt(outside, id, { id: id.applicationId, submission, maxAppAttempts: 2, failedAttempts: 0 } as unknown as Application)
  it.masterContainer = { containerId: ended(MASTER).containerId } as AllocatedContainer
  it.responseId = 3
  const send = (state: AttemptState, type: AttemptEventType, carried = CARRIED[type]) => happens(ATTEMPT_LIFECYCLE, it, state, { type, ...carried }, said)
  return { attempt: it, send, saved: () => send('FINAL_SAVING', 'ATTEMPT_UPDATE_SAVED') }
}

const FAILS = 'FINAL_SAVING: persistAttempt FAILED, send ATTEMPT_UPDATE_SAVED'
const DIES = 'FINAL_SAVING: persistAttempt KILLED, send ATTEMPT_UPDATE_SAVED'
const CRASHES = 'FINAL_SAVING: persistAttempt FAILED 7, send ATTEMPT_UPDATE_SAVED'
const FAILED = 'FAILED: send ATTEMPT_FAILED, removeFromScheduler FAILED'
const KILLED = 'KILLED: send ATTEMPT_KILLED, removeFromScheduler KILLED'
const CRASHED = 'FAILED: forgetLiveness, send ATTEMPT_FAILED, removeFromScheduler FAILED'
const CLEANED = ', forgetLiveness, cleanUpMaster'
const CONFIRMS = 'finishedPulled, finishedPulled'
const LAUNCHED = 'send ATTEMPT_LAUNCHED, noteMasterLaunched, expectPing'

/** Where each event leads and what it says; where that is a final state to be saved first, what it does once it is. */
describe('an attempt', () => {
  it.each<[AttemptState, AttemptEventType, string, string?]>([
    ['NEW', 'START', 'SUBMITTED: addToScheduler'],
    ['NEW', 'KILL', DIES, KILLED],
    ['NEW', 'FAIL', FAILS, FAILED],
    ['NEW', 'REGISTERED', FAILS, FAILED],
    ['NEW', 'RECOVER', `LAUNCHED: ${LAUNCHED}`],
    ['SUBMITTED', 'ATTEMPT_ADDED', 'SCHEDULED'],
    ['SUBMITTED', 'KILL', DIES, KILLED],
    ['SUBMITTED', 'FAIL', FAILS, FAILED],
    ['SUBMITTED', 'REGISTERED', FAILS, FAILED],
    ['SCHEDULED', 'CONTAINER_ALLOCATED', 'ALLOCATED_SAVING'],
    ['SCHEDULED', 'KILL', DIES, KILLED],
    ['SCHEDULED', 'FAIL', FAILS, FAILED],
    ['SCHEDULED', 'CONTAINER_FINISHED', CRASHES, CRASHED],
    ['ALLOCATED_SAVING', 'ATTEMPT_NEW_SAVED', 'ALLOCATED: launchMaster'],
    ['ALLOCATED_SAVING', 'KILL', DIES, KILLED],
    ['ALLOCATED_SAVING', 'CONTAINER_FINISHED', CRASHES, CRASHED],
    ['ALLOCATED_SAVING', 'FAIL', FAILS, FAILED],
    ['LAUNCHED_UNMANAGED_SAVING', 'ATTEMPT_NEW_SAVED', `LAUNCHED: effect unmanagedAMReady, ${LAUNCHED}`],
    ['LAUNCHED_UNMANAGED_SAVING', 'REGISTERED', FAILS, FAILED],
    ['LAUNCHED_UNMANAGED_SAVING', 'KILL', DIES, KILLED],
    ['LAUNCHED_UNMANAGED_SAVING', 'FAIL', FAILS, FAILED],
    ['ALLOCATED', 'LAUNCHED', `LAUNCHED: ${LAUNCHED}`],
    ['ALLOCATED', 'LAUNCH_FAILED', FAILS, FAILED],
    ['ALLOCATED', 'KILL', DIES, `${KILLED}, cleanUpMaster`],
    ['ALLOCATED', 'FAIL', FAILS, FAILED],
    ['ALLOCATED', 'REGISTERED', `RUNNING: ${LAUNCHED}, noteRegistered, send ATTEMPT_REGISTERED`],
    ['ALLOCATED', 'CONTAINER_FINISHED', CRASHES, CRASHED],
    ['LAUNCHED', 'REGISTERED', 'RUNNING: noteRegistered, send ATTEMPT_REGISTERED'],
    ['LAUNCHED', 'CONTAINER_FINISHED', `FINAL_SAVING: ${CONFIRMS}, persistAttempt FAILED 7, send ATTEMPT_UPDATE_SAVED`, CRASHED],
    ['LAUNCHED', 'EXPIRE', FAILS, FAILED + CLEANED],
    ['LAUNCHED', 'KILL', DIES, KILLED + CLEANED],
    ['LAUNCHED', 'FAIL', FAILS, FAILED],
    [
      'RUNNING',
      'UNREGISTERED',
      'FINAL_SAVING: persistAttempt FINISHED SUCCEEDED, send ATTEMPT_UPDATE_SAVED, send ATTEMPT_UNREGISTERED',
      'FINISHING: expectExit',
    ],
    ['RUNNING', 'STATUS_UPDATE', 'RUNNING: persistAttempt'],
    ['RUNNING', 'CONTAINER_FINISHED', `FINAL_SAVING: ${CONFIRMS}, persistAttempt FAILED 7, send ATTEMPT_UPDATE_SAVED`, FAILED + CLEANED],
    ['RUNNING', 'EXPIRE', FAILS, FAILED + CLEANED],
    ['RUNNING', 'KILL', DIES, KILLED + CLEANED],
    ['RUNNING', 'FAIL', FAILS, FAILED],
    ['FINISHING', 'CONTAINER_FINISHED', `FINISHED: send ATTEMPT_FINISHED, removeFromScheduler FINISHED${CLEANED}, ${CONFIRMS}`],
    ['FINISHING', 'EXPIRE', `FINISHED: send ATTEMPT_FINISHED, removeFromScheduler FINISHED${CLEANED}`],
  ])('at %s, %s', (state, event, expected, then) => {
    const { send, saved } = attempt()
    expect(send(state, event)).toBe(expected)
    if (then) expect(saved()).toBe(then)
  })

  it('that had failed before a restart tells its application once more', () => {
    const it = attempt()
    it.attempt.recoveredFinalState = 'FAILED'
    expect(it.send('NEW', 'RECOVER')).toBe(FAILED)
  })

  it('that is unmanaged waits for nobody but its master', () => {
    expect(attempt({ unmanagedAM: true }).send('SUBMITTED', 'ATTEMPT_ADDED')).toBe('LAUNCHED_UNMANAGED_SAVING')
  })

  it('that is unmanaged has finished once it has unregistered', () => {
    const { send, saved } = attempt({ unmanagedAM: true })
    send('RUNNING', 'UNREGISTERED')
    expect(saved()).toBe('FINISHED: send ATTEMPT_FINISHED, removeFromScheduler FINISHED, forgetLiveness')
  })

  it.each(['LAUNCHED', 'RUNNING', 'FINISHING'] as const)('at %s notes that one of its other containers has ended', (state) => {
    const it = attempt()
    expect(it.send(state, 'CONTAINER_FINISHED', { container: ended(2) })).toBe(state)
    expect(it.attempt.books.just.map((c) => c.containerId.id)).toEqual([2])
  })

  it.each(['FINAL_SAVING', 'FINISHED', 'FAILED', 'KILLED'] as const)('at %s still notes what of it has ended', (state) => {
    const it = attempt()
    expect(it.send(state, 'CONTAINER_FINISHED', { container: ended(2) })).toBe(state)
    expect(it.attempt.books.just.map((c) => c.containerId.id)).toEqual([2])
  })

  it.each(['FINISHED', 'FAILED', 'KILLED'] as const)('at %s has nobody left to tell once its master is gone', (state) => {
    const it = attempt()
    it.send('RUNNING', 'CONTAINER_FINISHED')
    expect(it.send(state, 'CONTAINER_FINISHED', { container: ended(2) })).toBe(`${state}: ${CONFIRMS}`)
  })

  it('whose master exits, or stays silent, before its unregistration is saved has finished once it is', () => {
    for (const [event, said] of [
      ['CONTAINER_FINISHED', `FINAL_SAVING: ${CONFIRMS}`],
      ['EXPIRE', 'FINAL_SAVING'],
    ] as const) {
      const it = attempt()
      it.send('RUNNING', 'UNREGISTERED')
      expect(it.send('FINAL_SAVING', event)).toBe(said)
      expect(it.saved()).toBe(`FINISHED: send ATTEMPT_FINISHED, removeFromScheduler FINISHED${CLEANED}`)
      expect(it.attempt).toMatchObject({ finalStatus: 'SUCCEEDED', diagnostics: 'bye', progress: 1 })
    }
  })

  it.each([
    ['KILL', KILLED + CLEANED],
    ['FAIL', FAILED],
  ] as const)('that is to end by %s does so, though its master exits before that is saved', (event, end) => {
    const it = attempt()
    it.send('RUNNING', event)
    it.send('FINAL_SAVING', 'CONTAINER_FINISHED')
    it.send('FINAL_SAVING', 'EXPIRE')
    expect(it.saved()).toBe(end)
  })

  it('remembers where its master came to grief, and says so in Hadoop’s words', () => {
    const it = attempt()
    it.send('RUNNING', 'CONTAINER_FINISHED')
    it.saved()
    expect([...it.attempt.amFailedOn]).toEqual(['n1'])
    expect(it.attempt).toMatchObject({ exitStatus: 7, originalTrackingUrl: 'http://rm/cluster/app/application_1_0001', host: 'N/A', rpcPort: -1 })
    expect(it.attempt.diagnostics).toMatch(/^AM Container for appattempt_1_0001_000001 exited with {2}exitCode: 7\nFailing this attempt.Diagnostics: boom/)
  })

  it('does not hold against a node what was done to a container', () => {
    const it = attempt()
    it.send('RUNNING', 'CONTAINER_FINISHED', { container: { ...ended(MASTER), status: { exitStatus: EXIT.PREEMPTED, diagnostics: '' } } })
    expect(it.attempt.amFailedOn.size).toBe(0)
  })

  it('that keeps containers leaves their ends to the next one', () => {
    const it = attempt({ keepContainers: true })
    expect(it.send('RUNNING', 'CONTAINER_FINISHED')).toBe('FINAL_SAVING: finishedPulled, persistAttempt FAILED 7, send ATTEMPT_UPDATE_SAVED')
    expect(it.send('FAILED', 'CONTAINER_FINISHED', { container: ended(2) })).toBe('FAILED')
  })

  it('saves a tracking URL only when it is another one', () => {
    const it = attempt()
    it.send('RUNNING', 'STATUS_UPDATE')
    expect(it.send('RUNNING', 'STATUS_UPDATE')).toBe('RUNNING')
    expect(it.attempt).toMatchObject({ progress: 0.5, originalTrackingUrl: 'http://new' })
  })
})
