/** The table of an application attempt's life, and what happens on its arcs. */
import type { Lifecycle } from '../../common/lang/lifecycle.js'
import { type Attempt, type AttemptEvent, type AttemptEventType, trackingUrlOf } from './attempt.js'
import type { AttemptState } from './state.js'

/** Leaves the scheduler and tells the application. */
function finish(attempt: Attempt, state: AttemptState, event: AttemptEvent): void {
  const { rm, application } = attempt
  attempt.responseId = undefined
  let keep = false
  if (state === 'FINISHED') {
    rm.send(application, { type: 'ATTEMPT_FINISHED', diagnostics: attempt.diagnostics })
  } else {
    attempt.host = 'N/A'
    attempt.rpcPort = -1
    if (state === 'KILLED') {
      rm.send(application, { type: 'ATTEMPT_KILLED', diagnostics: event.diagnostics })
    } else {
      keep =
        (application.submission.keepContainers ?? false) &&
        !attempt.unmanaged &&
        application.maxAppAttempts > 1 &&
        application.failedAttempts < application.maxAppAttempts
      rm.send(application, { type: 'ATTEMPT_FAILED', diagnostics: attempt.diagnostics, transfer: keep })
    }
  }
  rm.removeFromScheduler(attempt, state, keep)
}

/** As `finish`, for attempts whose application master may be alive. */
function finishLive(attempt: Attempt, state: AttemptState, event: AttemptEvent): void {
  attempt.progress = 1
  finish(attempt, state, event)
  attempt.rm.forgetLiveness(attempt)
  if (!attempt.unmanaged) attempt.rm.cleanUpMaster(attempt)
}

const killed = (attempt: Attempt, event: AttemptEvent) => finish(attempt, 'KILLED', event)

function failed(attempt: Attempt, event: AttemptEvent): void {
  attempt.diagnostics += attempt.diagnosticsOf(event)
  finish(attempt, 'FAILED', event)
}

function crashed(attempt: Attempt, event: AttemptEvent): void {
  attempt.diagnostics += attempt.crashDiagnostics(event.container!)
  attempt.exitStatus = event.container!.status.exitStatus
}

function crashedBeforeRunning(attempt: Attempt, event: AttemptEvent): void {
  attempt.rm.forgetLiveness(attempt)
  crashed(attempt, event)
  finish(attempt, 'FAILED', event)
}

function crashedAtRunning(attempt: Attempt, event: AttemptEvent): void {
  crashed(attempt, event)
  finishLive(attempt, 'FAILED', event)
}

function killedWhenAllocated(attempt: Attempt, event: AttemptEvent): void {
  finish(attempt, 'KILLED', event)
  attempt.rm.cleanUpMaster(attempt)
}

function expired(attempt: Attempt, event: AttemptEvent): void {
  attempt.diagnostics += attempt.diagnosticsOf(event)
  finishLive(attempt, 'FAILED', event)
}

function noteUnregistration(attempt: Attempt, event: AttemptEvent): void {
  const { finalStatus, diagnostics, trackingUrl } = event.unregistration!
  attempt.progress = 1
  attempt.diagnostics += diagnostics
  attempt.originalTrackingUrl = trackingUrlOf(trackingUrl)
  attempt.finalStatus = finalStatus
}

function unregister(attempt: Attempt, event: AttemptEvent): void {
  if (attempt.unmanaged) attempt.saveFinal(event, 'FINISHED', finishAfterUnregistration)
  else
    attempt.saveFinal(
      event,
      'FINISHING',
      (a, e) => {
        a.rm.expectExit(a)
        noteUnregistration(a, e)
      },
      'FINISHED',
    )
  attempt.rm.send(attempt.application, { type: 'ATTEMPT_UNREGISTERED' })
}

function finishAfterUnregistration(attempt: Attempt, event: AttemptEvent): void {
  noteUnregistration(attempt, event)
  finishLive(attempt, 'FINISHED', event)
}

function launched(attempt: Attempt): void {
  attempt.rm.send(attempt.application, { type: 'ATTEMPT_LAUNCHED' })
  attempt.rm.noteMasterLaunched(attempt)
  attempt.rm.expectPing(attempt)
}

function registered(attempt: Attempt, event: AttemptEvent): void {
  if (attempt.state !== 'LAUNCHED') launched(attempt)
  const { host, rpcPort, trackingUrl } = event.registration!
  attempt.host = host
  attempt.rpcPort = rpcPort
  attempt.originalTrackingUrl = trackingUrlOf(trackingUrl)
  attempt.refusal = undefined
  attempt.rm.noteRegistered(attempt)
  attempt.rm.send(attempt.application, { type: 'ATTEMPT_REGISTERED' })
}

function statusUpdate(attempt: Attempt, event: AttemptEvent): void {
  attempt.progress = event.progress ?? attempt.progress
  const { trackingUrl } = event
  if (trackingUrl !== undefined && trackingUrl !== '' && trackingUrl !== attempt.originalTrackingUrl) {
    attempt.originalTrackingUrl = trackingUrl
    attempt.rm.persistAttempt(attempt, { trackingUrl })
  }
}

/** A container of the attempt has ended: its application master's ends the attempt. */
function containerFinished(then: (attempt: Attempt, event: AttemptEvent) => void, state: AttemptState) {
  return (attempt: Attempt, event: AttemptEvent): AttemptState => {
    const container = event.container!
    if (!attempt.isMaster(container.containerId)) {
      attempt.noteFinished(container)
      return state
    }
    attempt.masterFinished(container)
    attempt.saveFinal(event, 'FAILED', then)
    return 'FINAL_SAVING'
  }
}

function containerFinishedWhileFinishing(attempt: Attempt, event: AttemptEvent): AttemptState {
  const container = event.container!
  if (!attempt.isMaster(container.containerId)) {
    attempt.noteFinished(container)
    return 'FINISHING'
  }
  finishLive(attempt, 'FINISHED', event)
  attempt.masterFinished(container)
  return 'FINISHED'
}

function containerFinishedAtFinalSaving(attempt: Attempt, event: AttemptEvent): void {
  const container = event.container!
  if (!attempt.isMaster(container.containerId)) {
    attempt.noteFinished(container)
    return
  }
  attempt.masterFinished(container)
  if (attempt.target === 'FAILED' || attempt.target === 'KILLED') return
  const cause = attempt.cause
  attempt.rememberFinal(event, 'FINISHED', (a) => finishAfterUnregistration(a, cause))
}

function expiredAtFinalSaving(attempt: Attempt, event: AttemptEvent): void {
  if (attempt.target === 'FAILED' || attempt.target === 'KILLED') return
  const cause = attempt.cause
  attempt.rememberFinal(event, 'FINISHED', (a) => finishAfterUnregistration(a, cause))
}

type Table = Lifecycle<AttemptState, AttemptEventType, Attempt, AttemptEvent>

const save = (target: AttemptState, then: (attempt: Attempt, event: AttemptEvent) => void) =>
  ({ to: 'FINAL_SAVING', run: (attempt: Attempt, event: AttemptEvent) => attempt.saveFinal(event, target, then) }) as const

const KILL = save('KILLED', killed)
const KILL_LIVE = save('KILLED', (attempt, event) => finishLive(attempt, 'KILLED', event))
const FAIL = save('FAILED', failed)
const EXPIRE = save('FAILED', expired)
const CRASHED = save('FAILED', crashedBeforeRunning)
const same = <S extends AttemptState>(state: S, ...events: readonly AttemptEventType[]) =>
  Object.fromEntries(events.map((e) => [e, { to: state }])) as { [k in AttemptEventType]?: { to: S } }
const late = <S extends AttemptState>(state: S) => ({ to: state, run: (attempt: Attempt, event: AttemptEvent) => attempt.noteFinished(event.container!) })

export const ATTEMPT_LIFECYCLE: Table = {
  NEW: {
    START: { to: 'SUBMITTED', run: (attempt, event) => attempt.rm.addToScheduler(attempt, event.inherit ?? false) },
    KILL,
    FAIL,
    REGISTERED: FAIL,
    RECOVER: {
      to: ['FINISHED', 'KILLED', 'FAILED', 'LAUNCHED'],
      choose: (attempt, event) =>
        attempt.rm.recoverAttemptState(
          attempt,
          () => launched(attempt),
          (s) => finish(attempt, s, event),
        ),
    },
  },
  SUBMITTED: {
    ATTEMPT_ADDED: { to: ['LAUNCHED_UNMANAGED_SAVING', 'SCHEDULED'], choose: (attempt) => attempt.rm.askForMaster(attempt) },
    KILL,
    FAIL,
    REGISTERED: FAIL,
  },
  SCHEDULED: {
    CONTAINER_ALLOCATED: { to: ['ALLOCATED_SAVING', 'SCHEDULED'], choose: (attempt) => attempt.rm.fetchMaster(attempt) },
    KILL,
    FAIL,
    CONTAINER_FINISHED: CRASHED,
  },
  ALLOCATED_SAVING: {
    ATTEMPT_NEW_SAVED: { to: 'ALLOCATED', run: (attempt) => attempt.rm.launchMaster(attempt) },
    KILL,
    CONTAINER_FINISHED: CRASHED,
    FAIL,
  },
  LAUNCHED_UNMANAGED_SAVING: {
    ATTEMPT_NEW_SAVED: {
      to: 'LAUNCHED',
      run: (attempt) => {
        attempt.rm.effect({ type: 'unmanagedAMReady', attemptId: attempt.id })
        launched(attempt)
      },
    },
    REGISTERED: FAIL,
    KILL,
    FAIL,
  },
  ALLOCATED: {
    LAUNCHED: { to: 'LAUNCHED', run: launched },
    LAUNCH_FAILED: FAIL,
    KILL: save('KILLED', killedWhenAllocated),
    FAIL,
    REGISTERED: { to: 'RUNNING', run: registered },
    CONTAINER_FINISHED: CRASHED,
  },
  LAUNCHED: {
    REGISTERED: { to: 'RUNNING', run: registered },
    CONTAINER_FINISHED: { to: ['LAUNCHED', 'FINAL_SAVING'], choose: containerFinished(crashedBeforeRunning, 'LAUNCHED') },
    EXPIRE,
    KILL: KILL_LIVE,
    FAIL,
  },
  RUNNING: {
    ...same('RUNNING', 'LAUNCHED', 'REGISTERED', 'CONTAINER_ALLOCATED'),
    UNREGISTERED: { to: 'FINAL_SAVING', run: unregister },
    STATUS_UPDATE: { to: 'RUNNING', run: statusUpdate },
    CONTAINER_FINISHED: { to: ['RUNNING', 'FINAL_SAVING'], choose: containerFinished(crashedAtRunning, 'RUNNING') },
    EXPIRE,
    KILL: KILL_LIVE,
    FAIL,
  },
  FINAL_SAVING: {
    ATTEMPT_UPDATE_SAVED: { to: ['FINISHING', 'FAILED', 'KILLED', 'FINISHED'], choose: (attempt) => attempt.finalStateSaved() },
    CONTAINER_FINISHED: { to: 'FINAL_SAVING', run: containerFinishedAtFinalSaving },
    EXPIRE: { to: 'FINAL_SAVING', run: expiredAtFinalSaving },
    ...same(
      'FINAL_SAVING',
      'UNREGISTERED',
      'STATUS_UPDATE',
      'LAUNCHED',
      'LAUNCH_FAILED',
      'CONTAINER_ALLOCATED',
      'ATTEMPT_NEW_SAVED',
      'KILL',
      'FAIL',
      'ATTEMPT_ADDED',
    ),
  },
  FINISHING: {
    CONTAINER_FINISHED: { to: ['FINISHING', 'FINISHED'], choose: containerFinishedWhileFinishing },
    EXPIRE: { to: 'FINISHED', run: (attempt, event) => finishLive(attempt, 'FINISHED', event) },
    ...same('FINISHING', 'LAUNCHED', 'UNREGISTERED', 'STATUS_UPDATE', 'CONTAINER_ALLOCATED', 'KILL', 'FAIL'),
  },
  FINISHED: {
    CONTAINER_FINISHED: late('FINISHED'),
    ...same('FINISHED', 'LAUNCHED', 'EXPIRE', 'UNREGISTERED', 'CONTAINER_ALLOCATED', 'KILL', 'FAIL', 'STATUS_UPDATE', 'LAUNCH_FAILED'),
  },
  FAILED: {
    CONTAINER_FINISHED: late('FAILED'),
    ...same('FAILED', 'LAUNCHED', 'LAUNCH_FAILED', 'EXPIRE', 'KILL', 'FAIL', 'REGISTERED', 'UNREGISTERED', 'STATUS_UPDATE', 'CONTAINER_ALLOCATED'),
  },
  KILLED: {
    CONTAINER_FINISHED: late('KILLED'),
    ...same(
      'KILLED',
      'ATTEMPT_ADDED',
      'LAUNCHED',
      'LAUNCH_FAILED',
      'EXPIRE',
      'REGISTERED',
      'CONTAINER_ALLOCATED',
      'UNREGISTERED',
      'KILL',
      'FAIL',
      'STATUS_UPDATE',
    ),
  },
}
