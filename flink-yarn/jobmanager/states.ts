/** The life cycles of a job and of an execution, as tables: state and event give the next state. Names are Flink's. */

export const EXECUTION_STATES = [
  'CREATED',
  'SCHEDULED',
  'DEPLOYING',
  'INITIALIZING',
  'RUNNING',
  'FINISHED',
  'CANCELING',
  'CANCELED',
  'FAILED',
  'RECONCILING',
] as const
export type ExecutionState = (typeof EXECUTION_STATES)[number]

export const JOB_STATUSES = [
  'INITIALIZING',
  'CREATED',
  'RUNNING',
  'FAILING',
  'FAILED',
  'CANCELLING',
  'CANCELED',
  'FINISHED',
  'RESTARTING',
  'SUSPENDED',
  'RECONCILING',
] as const
export type JobStatus = (typeof JOB_STATUSES)[number]

export type ExecutionEvent = 'schedule' | 'deploy' | 'initialize' | 'run' | 'finish' | 'cancel' | 'canceled' | 'fail'
export type JobEvent = 'create' | 'start' | 'finish' | 'cancel' | 'canceled' | 'fail' | 'failed' | 'restart'

type Table<S extends string, E extends string> = Readonly<Record<S, Readonly<Partial<Record<E, S>>>>>

/** What comes late about an execution that has ended changes nothing. */
const ended = (state: ExecutionState) => ({ initialize: state, run: state, finish: state, cancel: state, canceled: state, fail: state })

export const EXECUTION: Table<ExecutionState, ExecutionEvent> = {
  CREATED: { schedule: 'SCHEDULED', cancel: 'CANCELED', fail: 'FAILED' },
  SCHEDULED: { deploy: 'DEPLOYING', cancel: 'CANCELED', fail: 'FAILED' },
  DEPLOYING: { initialize: 'INITIALIZING', cancel: 'CANCELING', canceled: 'CANCELED', fail: 'FAILED' },
  INITIALIZING: { run: 'RUNNING', cancel: 'CANCELING', canceled: 'CANCELED', fail: 'FAILED' },
  RUNNING: { finish: 'FINISHED', cancel: 'CANCELING', canceled: 'CANCELED', fail: 'FAILED' },
  // The task may end by itself before it sees the cancellation: cancelled it is.
  CANCELING: { initialize: 'CANCELING', run: 'CANCELING', cancel: 'CANCELING', finish: 'CANCELED', canceled: 'CANCELED', fail: 'CANCELED' },
  FINISHED: ended('FINISHED'),
  CANCELED: ended('CANCELED'),
  FAILED: ended('FAILED'),
  RECONCILING: {},
}

export const JOB: Table<JobStatus, JobEvent> = {
  INITIALIZING: { create: 'CREATED', cancel: 'CANCELLING', fail: 'FAILING' },
  CREATED: { start: 'RUNNING', cancel: 'CANCELLING', fail: 'FAILING' },
  RUNNING: { finish: 'FINISHED', cancel: 'CANCELLING', fail: 'FAILING', restart: 'RESTARTING' },
  FAILING: { failed: 'FAILED', cancel: 'CANCELLING', fail: 'FAILING' },
  CANCELLING: { canceled: 'CANCELED', cancel: 'CANCELLING', fail: 'CANCELLING' },
  RESTARTING: { start: 'RUNNING', cancel: 'CANCELLING', fail: 'FAILING' },
  FAILED: {},
  CANCELED: {},
  FINISHED: {},
  SUSPENDED: {},
  RECONCILING: {},
}

export class IllegalTransition extends Error {
  override name = 'IllegalTransition'
}

/** @throws IllegalTransition naming both */
export function next<S extends string, E extends string>(table: Table<S, E>, state: S, event: E): S {
  const to = table[state][event]
  if (to === undefined) throw new IllegalTransition(`${state} does not take the event ${event}`)
  return to as S
}

export const TERMINAL_EXECUTION: ReadonlySet<ExecutionState> = new Set(['FINISHED', 'CANCELED', 'FAILED'])
export const TERMINAL_JOB: ReadonlySet<JobStatus> = new Set(['FINISHED', 'CANCELED', 'FAILED'])
