/**
 * A container's life on its node (Hadoop's ContainerImpl). Diagnostics, files and processes are effects; the runtime
 * carries them out in order and comes back with events.
 */
import { EXIT } from '../../common/records/states.js'
import { type LifeCycle, type Step, step } from './life-cycle.js'

export type ContainerState =
  | 'NEW'
  | 'LOCALIZING'
  | 'LOCALIZATION_FAILED'
  | 'SCHEDULED'
  | 'RUNNING'
  | 'RELAUNCHING'
  | 'REINITIALIZING'
  | 'REINITIALIZING_AWAITING_KILL'
  | 'EXITED_WITH_SUCCESS'
  | 'EXITED_WITH_FAILURE'
  | 'KILLING'
  | 'CONTAINER_CLEANEDUP_AFTER_KILL'
  | 'DONE'

export type RetryPolicy = 'NEVER_RETRY' | 'RETRY_ON_ALL_ERRORS' | 'RETRY_ON_SPECIFIC_ERROR_CODES'

export interface RetryContext {
  readonly policy: RetryPolicy
  readonly errorCodes: readonly number[]
  /** -1: without end. */
  readonly maxRetries: number
  /** Milliseconds before a relaunch. */
  readonly interval: number
  /** Failures older than this many milliseconds no longer count; -1: all count. */
  readonly failuresValidityInterval: number
}

export const NEVER_RETRY: RetryContext = { policy: 'NEVER_RETRY', errorCodes: [], maxRetries: 0, interval: 0, failuresValidityInterval: -1 }

export interface ContainerLife {
  state: ContainerState
  /** EXIT.INVALID until it is known how the container ends. */
  exitCode: number
  /** Resources asked for and not yet localised. */
  readonly awaiting: Set<string>
  readonly retry: RetryContext
  /** When it was relaunched after a failure. */
  restarts: number[]
}

export function newContainerLife(retry: RetryContext = NEVER_RETRY): ContainerLife {
  return { state: 'NEW', exitCode: EXIT.INVALID, awaiting: new Set(), retry, restarts: [] }
}

/** How far a container of an earlier run of the NodeManager had come. */
export type RecoveredProgress = 'REQUESTED' | 'LAUNCHED' | 'COMPLETED'

export type ContainerEvent =
  | { readonly type: 'INIT_CONTAINER'; readonly resources: readonly string[]; readonly recovered?: RecoveredProgress }
  | { readonly type: 'RESOURCE_LOCALIZED'; readonly resource: string }
  | { readonly type: 'RESOURCE_FAILED'; readonly resource: string; readonly diagnostics: string }
  | { readonly type: 'CONTAINER_LAUNCHED' }
  | { readonly type: 'CONTAINER_EXITED_WITH_SUCCESS' }
  | { readonly type: 'CONTAINER_EXITED_WITH_FAILURE'; readonly exitCode: number; readonly diagnostics: string; readonly at: number }
  | { readonly type: 'CONTAINER_KILLED_ON_REQUEST'; readonly exitCode: number; readonly diagnostics: string }
  | { readonly type: 'KILL_CONTAINER'; readonly exitStatus: number; readonly diagnostics: string }
  | { readonly type: 'CONTAINER_RESOURCES_CLEANEDUP' }
  | { readonly type: 'REINITIALIZE_CONTAINER'; readonly resources: readonly string[] }

export type ContainerEffect =
  | { readonly type: 'APPEND_DIAGNOSTICS'; readonly text: string }
  | { readonly type: 'LOCALIZE'; readonly resources: readonly string[] }
  | { readonly type: 'LAUNCH' }
  | { readonly type: 'RELAUNCH'; readonly delay: number }
  | { readonly type: 'REACQUIRE' }
  /** The process is up: watch its memory. */
  | { readonly type: 'START_MONITORING' }
  /** End what may still run. */
  | { readonly type: 'CLEANUP_PROCESS' }
  /** End it, and launch again with what was localised since. */
  | { readonly type: 'CLEANUP_FOR_REINIT' }
  /** Release resources, remove the work folder; answered by CONTAINER_RESOURCES_CLEANEDUP. */
  | { readonly type: 'CLEANUP_RESOURCES' }
  /** New resources of a running container are there: link them. */
  | { readonly type: 'LINK'; readonly resource: string }
  | { readonly type: 'FINISHED'; readonly outcome: 'SUCCEEDED' | 'FAILED' | 'KILLED' }

type Emit = (effect: ContainerEffect) => void
type Finish = 'SUCCEEDED' | 'FAILED' | 'KILLED'

const note = (emit: Emit, text: string) => emit({ type: 'APPEND_DIAGNOSTICS', text })
const done = (outcome: Finish) => ['DONE', (_c: ContainerLife, _e: unknown, emit: Emit) => emit({ type: 'FINISHED', outcome })] as const

function init(c: ContainerLife, e: Extract<ContainerEvent, { type: 'INIT_CONTAINER' }>, emit: Emit): ContainerState {
  if (e.recovered === 'COMPLETED') {
    emit({ type: 'FINISHED', outcome: c.exitCode === 0 ? 'SUCCEEDED' : 'FAILED' })
    return 'DONE'
  }
  for (const r of e.resources) c.awaiting.add(r)
  if (c.awaiting.size > 0) {
    emit({ type: 'LOCALIZE', resources: e.resources })
    return 'LOCALIZING'
  }
  emit({ type: e.recovered === 'LAUNCHED' ? 'REACQUIRE' : 'LAUNCH' })
  return 'SCHEDULED'
}

function localized(c: ContainerLife, e: { readonly resource: string }, emit: Emit): ContainerState {
  c.awaiting.delete(e.resource)
  if (c.awaiting.size > 0) return 'LOCALIZING'
  emit({ type: 'LAUNCH' })
  return 'SCHEDULED'
}

function killBeforeRunning(c: ContainerLife, e: Extract<ContainerEvent, { type: 'KILL_CONTAINER' }>, emit: Emit): void {
  c.exitCode = e.exitStatus
  note(emit, `${e.diagnostics}\n`)
  note(emit, 'Container is killed before being launched.\n')
}

function kill(c: ContainerLife, e: Extract<ContainerEvent, { type: 'KILL_CONTAINER' }>, emit: Emit): void {
  emit({ type: 'CLEANUP_PROCESS' })
  note(emit, `${e.diagnostics}\n`)
  c.exitCode = e.exitStatus
}

function exitedWithSuccess(c: ContainerLife, _e: unknown, emit: Emit): void {
  c.exitCode = EXIT.SUCCESS
  emit({ type: 'CLEANUP_PROCESS' })
  emit({ type: 'CLEANUP_RESOURCES' })
}

interface Exit {
  readonly exitCode: number
  readonly diagnostics: string
}

function exitedWithFailure(c: ContainerLife, e: Exit, emit: Emit): void {
  c.exitCode = e.exitCode
  note(emit, `${e.diagnostics}\n`)
  emit({ type: 'CLEANUP_PROCESS' })
  emit({ type: 'CLEANUP_RESOURCES' })
}

/** The exit code that the kill was for stays, where it is known. */
function exitedWhileKilled(c: ContainerLife, e: Exit, emit: Emit): void {
  if (c.exitCode === EXIT.INVALID) c.exitCode = e.exitCode
  note(emit, `${e.diagnostics}\n`)
  emit({ type: 'CLEANUP_RESOURCES' })
}

function killedExternally(c: ContainerLife, e: Exit, emit: Emit): void {
  exitedWithFailure(c, e, emit)
  note(emit, 'Killed by external signal\n')
}

/** Hadoop's SlidingWindowRetryPolicy. */
export function mayRetry(c: ContainerLife, exitCode: number, at: number): boolean {
  const { policy, errorCodes, maxRetries, failuresValidityInterval } = c.retry
  if (policy === 'NEVER_RETRY' || exitCode === EXIT.SUCCESS) return false
  if (policy === 'RETRY_ON_SPECIFIC_ERROR_CODES' && !errorCodes.includes(exitCode)) return false
  if (maxRetries < 0) return true
  const counted = failuresValidityInterval > 0 ? c.restarts.filter((t) => at - t < failuresValidityInterval) : c.restarts
  return counted.length < maxRetries
}

function retryOrFail(c: ContainerLife, e: Extract<ContainerEvent, { type: 'CONTAINER_EXITED_WITH_FAILURE' }>, emit: Emit): ContainerState {
  note(emit, c.retry.policy === 'NEVER_RETRY' ? `${e.diagnostics}\n` : `Diagnostic message from attempt : \n${e.diagnostics}\n`)
  if (mayRetry(c, e.exitCode, e.at)) {
    c.restarts = [...c.restarts, e.at]
    emit({ type: 'RELAUNCH', delay: c.retry.interval })
    return 'RELAUNCHING'
  }
  exitedWithFailure(c, e, emit)
  return 'EXITED_WITH_FAILURE'
}

function reinitialize(c: ContainerLife, e: Extract<ContainerEvent, { type: 'REINITIALIZE_CONTAINER' }>, emit: Emit): ContainerState {
  for (const r of e.resources) c.awaiting.add(r)
  if (c.awaiting.size > 0) {
    emit({ type: 'LOCALIZE', resources: e.resources })
    return 'REINITIALIZING'
  }
  emit({ type: 'CLEANUP_FOR_REINIT' })
  return 'REINITIALIZING_AWAITING_KILL'
}

function localizedForReinit(c: ContainerLife, e: { readonly resource: string }, emit: Emit): ContainerState {
  c.awaiting.delete(e.resource)
  if (c.awaiting.size > 0) return 'REINITIALIZING'
  emit({ type: 'CLEANUP_FOR_REINIT' })
  return 'REINITIALIZING_AWAITING_KILL'
}

export const CONTAINER: LifeCycle<ContainerState, ContainerEvent, ContainerLife, ContainerEffect> = {
  NEW: {
    INIT_CONTAINER: [['LOCALIZING', 'SCHEDULED', 'DONE'], init],
    KILL_CONTAINER: [
      'DONE',
      (c, e, emit) => {
        killBeforeRunning(c, e, emit)
        emit({ type: 'FINISHED', outcome: 'KILLED' })
      },
    ],
  },
  LOCALIZING: {
    RESOURCE_LOCALIZED: [['LOCALIZING', 'SCHEDULED'], localized],
    RESOURCE_FAILED: [
      'LOCALIZATION_FAILED',
      (_c, e, emit) => {
        note(emit, `${e.diagnostics}\n`)
        emit({ type: 'CLEANUP_RESOURCES' })
      },
    ],
    KILL_CONTAINER: [
      'KILLING',
      (c, e, emit) => {
        killBeforeRunning(c, e, emit)
        emit({ type: 'CLEANUP_RESOURCES' })
      },
    ],
  },
  LOCALIZATION_FAILED: {
    CONTAINER_RESOURCES_CLEANEDUP: done('FAILED'),
    KILL_CONTAINER: 'LOCALIZATION_FAILED',
    RESOURCE_LOCALIZED: 'LOCALIZATION_FAILED',
    RESOURCE_FAILED: 'LOCALIZATION_FAILED',
  },
  SCHEDULED: {
    CONTAINER_LAUNCHED: ['RUNNING', (_c, _e, emit) => emit({ type: 'START_MONITORING' })],
    CONTAINER_EXITED_WITH_FAILURE: ['EXITED_WITH_FAILURE', exitedWithFailure],
    KILL_CONTAINER: ['KILLING', kill],
    RESOURCE_LOCALIZED: 'SCHEDULED',
    RESOURCE_FAILED: 'SCHEDULED',
  },
  RUNNING: {
    CONTAINER_EXITED_WITH_SUCCESS: ['EXITED_WITH_SUCCESS', exitedWithSuccess],
    CONTAINER_EXITED_WITH_FAILURE: [['RELAUNCHING', 'EXITED_WITH_FAILURE'], retryOrFail],
    CONTAINER_KILLED_ON_REQUEST: ['EXITED_WITH_FAILURE', killedExternally],
    KILL_CONTAINER: ['KILLING', kill],
    RESOURCE_LOCALIZED: ['RUNNING', (_c, e, emit) => emit({ type: 'LINK', resource: e.resource })],
    RESOURCE_FAILED: ['RUNNING', (_c, e, emit) => note(emit, `${e.diagnostics}\n`)],
    REINITIALIZE_CONTAINER: [['REINITIALIZING', 'REINITIALIZING_AWAITING_KILL'], reinitialize],
  },
  RELAUNCHING: {
    CONTAINER_LAUNCHED: ['RUNNING', (_c, _e, emit) => emit({ type: 'START_MONITORING' })],
    CONTAINER_EXITED_WITH_FAILURE: ['EXITED_WITH_FAILURE', exitedWithFailure],
    KILL_CONTAINER: ['KILLING', kill],
    RESOURCE_LOCALIZED: 'RELAUNCHING',
    RESOURCE_FAILED: 'RELAUNCHING',
  },
  REINITIALIZING: {
    RESOURCE_LOCALIZED: [['REINITIALIZING', 'REINITIALIZING_AWAITING_KILL'], localizedForReinit],
    RESOURCE_FAILED: [
      'RUNNING',
      (c, e, emit) => {
        c.awaiting.clear()
        note(emit, `${e.diagnostics}\n`)
      },
    ],
    CONTAINER_EXITED_WITH_SUCCESS: ['EXITED_WITH_SUCCESS', exitedWithSuccess],
    CONTAINER_EXITED_WITH_FAILURE: ['EXITED_WITH_FAILURE', exitedWithFailure],
    CONTAINER_KILLED_ON_REQUEST: ['EXITED_WITH_FAILURE', killedExternally],
    KILL_CONTAINER: ['KILLING', kill],
  },
  REINITIALIZING_AWAITING_KILL: {
    CONTAINER_KILLED_ON_REQUEST: ['SCHEDULED', (_c, _e, emit) => emit({ type: 'LAUNCH' })],
    CONTAINER_EXITED_WITH_SUCCESS: ['EXITED_WITH_SUCCESS', exitedWithSuccess],
    CONTAINER_EXITED_WITH_FAILURE: ['EXITED_WITH_FAILURE', exitedWithFailure],
    KILL_CONTAINER: ['KILLING', kill],
    RESOURCE_LOCALIZED: 'REINITIALIZING_AWAITING_KILL',
    RESOURCE_FAILED: 'REINITIALIZING_AWAITING_KILL',
  },
  EXITED_WITH_SUCCESS: {
    CONTAINER_RESOURCES_CLEANEDUP: done('SUCCEEDED'),
    KILL_CONTAINER: 'EXITED_WITH_SUCCESS',
    CONTAINER_KILLED_ON_REQUEST: 'EXITED_WITH_SUCCESS',
    RESOURCE_LOCALIZED: 'EXITED_WITH_SUCCESS',
    RESOURCE_FAILED: 'EXITED_WITH_SUCCESS',
  },
  EXITED_WITH_FAILURE: {
    CONTAINER_RESOURCES_CLEANEDUP: done('FAILED'),
    KILL_CONTAINER: 'EXITED_WITH_FAILURE',
    CONTAINER_KILLED_ON_REQUEST: 'EXITED_WITH_FAILURE',
    RESOURCE_LOCALIZED: 'EXITED_WITH_FAILURE',
    RESOURCE_FAILED: 'EXITED_WITH_FAILURE',
  },
  KILLING: {
    CONTAINER_KILLED_ON_REQUEST: ['CONTAINER_CLEANEDUP_AFTER_KILL', exitedWhileKilled],
    CONTAINER_EXITED_WITH_SUCCESS: [
      'EXITED_WITH_SUCCESS',
      (c, _e, emit) => {
        c.exitCode = EXIT.SUCCESS
        emit({ type: 'CLEANUP_RESOURCES' })
      },
    ],
    CONTAINER_EXITED_WITH_FAILURE: [
      'EXITED_WITH_FAILURE',
      (c, e, emit) => {
        c.exitCode = e.exitCode
        note(emit, `${e.diagnostics}\n`)
        emit({ type: 'CLEANUP_RESOURCES' })
      },
    ],
    CONTAINER_RESOURCES_CLEANEDUP: done('KILLED'),
    CONTAINER_LAUNCHED: 'KILLING',
    KILL_CONTAINER: 'KILLING',
    RESOURCE_LOCALIZED: 'KILLING',
    RESOURCE_FAILED: 'KILLING',
  },
  CONTAINER_CLEANEDUP_AFTER_KILL: {
    CONTAINER_RESOURCES_CLEANEDUP: done('KILLED'),
    CONTAINER_EXITED_WITH_SUCCESS: 'CONTAINER_CLEANEDUP_AFTER_KILL',
    CONTAINER_EXITED_WITH_FAILURE: 'CONTAINER_CLEANEDUP_AFTER_KILL',
    CONTAINER_KILLED_ON_REQUEST: 'CONTAINER_CLEANEDUP_AFTER_KILL',
    KILL_CONTAINER: 'CONTAINER_CLEANEDUP_AFTER_KILL',
    RESOURCE_LOCALIZED: 'CONTAINER_CLEANEDUP_AFTER_KILL',
    RESOURCE_FAILED: 'CONTAINER_CLEANEDUP_AFTER_KILL',
  },
  DONE: {
    INIT_CONTAINER: 'DONE',
    KILL_CONTAINER: 'DONE',
    RESOURCE_LOCALIZED: 'DONE',
    RESOURCE_FAILED: 'DONE',
    CONTAINER_EXITED_WITH_SUCCESS: 'DONE',
    CONTAINER_EXITED_WITH_FAILURE: 'DONE',
    CONTAINER_KILLED_ON_REQUEST: 'DONE',
  },
}

/** Moves a container on. The table's words are the life's: its state is set here and nowhere else. */
export function stepContainer(life: ContainerLife, event: ContainerEvent): Step<ContainerState, ContainerEffect> {
  const next = step(CONTAINER, life.state, life, event)
  life.state = next.state
  return next
}

/** As the protocol knows it. */
export function reportedState(state: ContainerState): 'C_RUNNING' | 'C_COMPLETE' {
  return state === 'DONE' ? 'C_COMPLETE' : 'C_RUNNING'
}

export function reportedSubState(state: ContainerState): 'CSS_SCHEDULED' | 'CSS_RUNNING' | 'CSS_COMPLETING' | 'CSS_DONE' {
  switch (state) {
    case 'NEW':
    case 'LOCALIZING':
    case 'SCHEDULED':
    case 'REINITIALIZING_AWAITING_KILL':
      return 'CSS_SCHEDULED'
    case 'RUNNING':
    case 'RELAUNCHING':
    case 'REINITIALIZING':
      return 'CSS_RUNNING'
    case 'LOCALIZATION_FAILED':
    case 'EXITED_WITH_SUCCESS':
    case 'EXITED_WITH_FAILURE':
    case 'KILLING':
    case 'CONTAINER_CLEANEDUP_AFTER_KILL':
      return 'CSS_COMPLETING'
    case 'DONE':
      return 'CSS_DONE'
  }
}
