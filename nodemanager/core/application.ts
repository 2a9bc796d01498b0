/** An application's life on one node (Hadoop's ApplicationImpl). */
import { EXIT } from '../../common/records/states.js'
import { type LifeCycle, type Step, step } from './life-cycle.js'

export type ApplicationState = 'NEW' | 'INITING' | 'RUNNING' | 'FINISHING_CONTAINERS_WAIT' | 'APPLICATION_RESOURCES_CLEANINGUP' | 'FINISHED'

export interface ApplicationLife {
  state: ApplicationState
  /** Ids of its containers that are not done. */
  readonly containers: Set<string>
}

export function newApplicationLife(): ApplicationLife {
  return { state: 'NEW', containers: new Set() }
}

export type ApplicationEvent =
  | { readonly type: 'INIT_APPLICATION' }
  | { readonly type: 'INIT_CONTAINER'; readonly container: string }
  /** Folders and log handling are ready. */
  | { readonly type: 'APPLICATION_INITED' }
  | { readonly type: 'APPLICATION_CONTAINER_FINISHED'; readonly container: string }
  | { readonly type: 'FINISH_APPLICATION'; readonly diagnostics: string }
  | { readonly type: 'APPLICATION_RESOURCES_CLEANEDUP' }
  | { readonly type: 'APPLICATION_LOG_HANDLING_FINISHED' }
  | { readonly type: 'APPLICATION_LOG_HANDLING_FAILED' }

export type ApplicationEffect =
  | { readonly type: 'INIT_RESOURCES' }
  | { readonly type: 'INIT_CONTAINER'; readonly container: string }
  | { readonly type: 'KILL_CONTAINER'; readonly container: string; readonly exitStatus: number; readonly diagnostics: string }
  /** Remove its folders; answered by APPLICATION_RESOURCES_CLEANEDUP. */
  | { readonly type: 'CLEANUP_RESOURCES' }
  /** Aggregate or keep its logs; answered by APPLICATION_LOG_HANDLING_*. */
  | { readonly type: 'HANDLE_LOGS' }
  | { readonly type: 'FORGET' }

type Emit = (effect: ApplicationEffect) => void

const addContainer = (a: ApplicationLife, e: { readonly container: string }) => {
  a.containers.add(e.container)
}

const refuseContainer = (a: ApplicationLife, e: { readonly container: string }, emit: Emit) => {
  a.containers.add(e.container)
  emit({
    type: 'KILL_CONTAINER',
    container: e.container,
    exitStatus: EXIT.KILLED_AFTER_APP_COMPLETION,
    diagnostics: 'Application no longer running.\n',
  })
}

function finish(a: ApplicationLife, e: { readonly diagnostics: string }, emit: Emit): ApplicationState {
  if (a.containers.size === 0) {
    emit({ type: 'CLEANUP_RESOURCES' })
    return 'APPLICATION_RESOURCES_CLEANINGUP'
  }
  for (const container of a.containers) {
    emit({
      type: 'KILL_CONTAINER',
      container,
      exitStatus: EXIT.KILLED_AFTER_APP_COMPLETION,
      diagnostics: `Container killed on application-finish event: ${e.diagnostics}`,
    })
  }
  return 'FINISHING_CONTAINERS_WAIT'
}

const containerDone = (a: ApplicationLife, e: { readonly container: string }) => {
  a.containers.delete(e.container)
}

export const APPLICATION: LifeCycle<ApplicationState, ApplicationEvent, ApplicationLife, ApplicationEffect> = {
  NEW: {
    INIT_APPLICATION: ['INITING', (_a, _e, emit) => emit({ type: 'INIT_RESOURCES' })],
    INIT_CONTAINER: ['NEW', addContainer],
  },
  INITING: {
    INIT_CONTAINER: ['INITING', addContainer],
    APPLICATION_INITED: [
      'RUNNING',
      (a, _e, emit) => {
        for (const container of a.containers) emit({ type: 'INIT_CONTAINER', container })
      },
    ],
    APPLICATION_CONTAINER_FINISHED: ['INITING', containerDone],
    FINISH_APPLICATION: [['FINISHING_CONTAINERS_WAIT', 'APPLICATION_RESOURCES_CLEANINGUP'], finish],
  },
  RUNNING: {
    INIT_CONTAINER: [
      'RUNNING',
      (a, e, emit) => {
        a.containers.add(e.container)
        emit({ type: 'INIT_CONTAINER', container: e.container })
      },
    ],
    APPLICATION_CONTAINER_FINISHED: ['RUNNING', containerDone],
    FINISH_APPLICATION: [['FINISHING_CONTAINERS_WAIT', 'APPLICATION_RESOURCES_CLEANINGUP'], finish],
  },
  FINISHING_CONTAINERS_WAIT: {
    INIT_CONTAINER: ['FINISHING_CONTAINERS_WAIT', refuseContainer],
    APPLICATION_CONTAINER_FINISHED: [
      ['FINISHING_CONTAINERS_WAIT', 'APPLICATION_RESOURCES_CLEANINGUP'],
      (a, e, emit) => {
        a.containers.delete(e.container)
        if (a.containers.size > 0) return 'FINISHING_CONTAINERS_WAIT'
        emit({ type: 'CLEANUP_RESOURCES' })
        return 'APPLICATION_RESOURCES_CLEANINGUP'
      },
    ],
    APPLICATION_INITED: 'FINISHING_CONTAINERS_WAIT',
    FINISH_APPLICATION: 'FINISHING_CONTAINERS_WAIT',
  },
  APPLICATION_RESOURCES_CLEANINGUP: {
    INIT_CONTAINER: ['APPLICATION_RESOURCES_CLEANINGUP', refuseContainer],
    APPLICATION_CONTAINER_FINISHED: ['APPLICATION_RESOURCES_CLEANINGUP', containerDone],
    APPLICATION_RESOURCES_CLEANEDUP: ['FINISHED', (_a, _e, emit) => emit({ type: 'HANDLE_LOGS' })],
    APPLICATION_INITED: 'APPLICATION_RESOURCES_CLEANINGUP',
    FINISH_APPLICATION: 'APPLICATION_RESOURCES_CLEANINGUP',
  },
  FINISHED: {
    INIT_CONTAINER: ['FINISHED', refuseContainer],
    APPLICATION_CONTAINER_FINISHED: ['FINISHED', containerDone],
    APPLICATION_LOG_HANDLING_FINISHED: ['FINISHED', (_a, _e, emit) => emit({ type: 'FORGET' })],
    APPLICATION_LOG_HANDLING_FAILED: ['FINISHED', (_a, _e, emit) => emit({ type: 'FORGET' })],
    FINISH_APPLICATION: 'FINISHED',
  },
}

export function stepApplication(life: ApplicationLife, event: ApplicationEvent): Step<ApplicationState, ApplicationEffect> {
  const next = step(APPLICATION, life.state, life, event)
  life.state = next.state
  return next
}
