/** An application's life (RMAppImpl): saved, accepted by the scheduler, tried in attempts, finished. */
import type { Lifecycle } from '../../common/lang/lifecycle.js'
import { type ApplicationId, formatApplicationId, type LogAggregationStatus, type NodeId } from '../../common/records/index.js'
import { applicationKey } from '../scheduler/scheduler.js'
import type { Attempt } from './attempt.js'
import type { ApplicationSubmission, ResourceRequest } from './events.js'
import type { ResourceManager } from './resourcemanager.js'
import type { ApplicationState } from './state.js'

export type ApplicationEventType =
  | 'START'
  | 'RECOVER'
  | 'KILL'
  | 'APP_REJECTED'
  | 'APP_NEW_SAVED'
  | 'APP_UPDATE_SAVED'
  | 'APP_ACCEPTED'
  | 'APP_RUNNING_ON_NODE'
  | 'ATTEMPT_LAUNCHED'
  | 'ATTEMPT_REGISTERED'
  | 'ATTEMPT_UNREGISTERED'
  | 'ATTEMPT_FINISHED'
  | 'ATTEMPT_FAILED'
  | 'ATTEMPT_KILLED'
  | 'NODE_UPDATE'

export interface ApplicationEvent {
  readonly type: ApplicationEventType
  readonly diagnostics?: string
  /** ATTEMPT_FAILED: the next attempt takes over the containers. */
  readonly transfer?: boolean
  /** APP_RUNNING_ON_NODE. */
  readonly nodeKey?: string
  /** Who killed it, for the audit log. */
  readonly user?: string
}

export type NodeUpdateType = 'NODE_USABLE' | 'NODE_UNUSABLE' | 'NODE_DECOMMISSIONING'

export class Application {
  readonly id: ApplicationId
  readonly key: string
  state: ApplicationState = 'NEW'
  readonly attempts = new Map<number, Attempt>()
  current: Attempt | undefined
  nextAttemptId = 1
  /** Attempts before it are no longer in the store. */
  firstStoredAttempt = 1
  launchTime = 0
  finishTime = 0
  diagnostics = ''
  lifetimeExpiry: number | undefined
  /** Nodes that have run it and must clean up after it. */
  readonly ranNodes = new Set<string>()
  updatedNodes = new Map<string, NodeUpdateType>()
  readonly logAggregation = new Map<string, { nodeId: NodeId; status: LogAggregationStatus; diagnostics: string }>()
  stateBeforeFinalSaving: ApplicationState = 'NEW'
  stateBeforeKilling: ApplicationState = 'NEW'
  storedFinishTime = 0
  recoveredFinalState: ApplicationState | undefined
  #afterSaving: ((app: Application) => ApplicationState) | undefined
  #target: ApplicationState = 'FAILED'
  #beyondThreshold = false

  constructor(
    readonly rm: ResourceManager,
    public submission: ApplicationSubmission,
    readonly amRequests: readonly ResourceRequest[],
    readonly maxAppAttempts: number,
    readonly submitTime: number,
    readonly startTime: number,
    public queue: string,
    public priority: number,
    readonly placedUnder: string | undefined,
  ) {
    this.id = submission.applicationId
    this.key = applicationKey(this.id)
  }

  get name(): string {
    return formatApplicationId(this.id)
  }

  get user(): string {
    return this.submission.user
  }

  /** Ended, or sure to be: the final state is stored. */
  get finalStateStored(): boolean {
    const { state } = this
    return state === 'FINISHING' || this.ended
  }

  get ended(): boolean {
    const { state } = this
    return state === 'FINISHED' || state === 'FAILED' || state === 'KILLED'
  }

  /** Nothing that is asked for it can change it any more. */
  get completing(): boolean {
    return this.finalStateStored || this.state === 'FINAL_SAVING' || this.state === 'KILLING'
  }

  get failedAttempts(): number {
    let n = 0
    for (const attempt of this.attempts.values()) if (attempt.countsTowardsMaximum()) n++
    return n
  }

  /** Saves how it ends; what is to be done then waits until it is saved. */
  saveFinal(event: ApplicationEvent, target: ApplicationState, then: (app: Application, event: ApplicationEvent) => void, stored = target): void {
    this.stateBeforeFinalSaving = this.state
    this.storedFinishTime = this.rm.now
    this.rememberFinal(event, target, then)
    const diagnostics = event.type === 'ATTEMPT_FAILED' ? this.failureOf(event) : (event.diagnostics ?? '')
    this.rm.persistApplication(this, { state: stored, diagnostics, finishTime: this.storedFinishTime })
    this.rm.send(this, { type: 'APP_UPDATE_SAVED' })
  }

  rememberFinal(event: ApplicationEvent, target: ApplicationState, then: (app: Application, event: ApplicationEvent) => void): void {
    this.#target = target
    this.#afterSaving = () => {
      then(this, event)
      return this.#target
    }
  }

  get target(): ApplicationState {
    return this.#target
  }

  finalStateSaved(): ApplicationState {
    this.rm.lifetimes.delete(this)
    return this.#afterSaving!(this)
  }

  failureOf(event: ApplicationEvent): string {
    const due = event.diagnostics ?? ''
    if (this.submission.unmanagedAM) return `Unmanaged application ${this.name} failed due to ${due}. Failing the application.`
    if (!this.#beyondThreshold) return 'null'
    const interval = this.submission.attemptFailuresValidityInterval ?? -1
    const previous = interval <= 0 ? '' : ` in previous ${interval} milliseconds`
    const global = this.rm.config.maxAppAttempts
    const limits = global === this.maxAppAttempts ? '' : ` (global limit =${global}; local limit is =${this.maxAppAttempts})`
    return `Application ${this.name} failed ${this.maxAppAttempts} times${previous}${limits} due to ${due}. Failing the application.`
  }

  /** Another attempt, or the end. */
  attemptFailed(event: ApplicationEvent, from: 'ACCEPTED' | 'KILLING'): ApplicationState {
    const failures = this.maxAppAttempts === 1 ? 1 : this.failedAttempts
    if (this.maxAppAttempts > 1) this.#forgetOldAttempts()
    if (!this.submission.unmanagedAM && failures < this.maxAppAttempts) {
      if (from === 'KILLING') {
        this.saveFinal(event, 'KILLED', killed)
        return 'FINAL_SAVING'
      }
      const old = this.current
      this.rm.startAttempt(this, event.transfer ?? false)
      if (old) this.current!.takeOver(old)
      return from
    }
    if (failures >= this.maxAppAttempts) this.#beyondThreshold = true
    this.saveFinal(event, 'FAILED', (app, e) => end(app, 'FAILED', app.failureOf(e)))
    return 'FINAL_SAVING'
  }

  /** Attempts that no longer count need not survive a restart. */
  #forgetOldAttempts(): void {
    const interval = this.submission.attemptFailuresValidityInterval ?? -1
    if (interval <= 0) return
    while (this.nextAttemptId - this.firstStoredAttempt > this.maxAppAttempts) {
      const attempt = this.attempts.get(this.firstStoredAttempt)
      if (!attempt || attempt.finishTime >= this.rm.now - interval) return
      this.firstStoredAttempt++
      this.rm.effect({ type: 'persist', what: 'removeAttempt', attemptId: attempt.id })
    }
  }
}

function end(app: Application, state: ApplicationState, diagnostics: string): void {
  app.diagnostics += diagnostics
  app.rm.applicationEnded(app, state)
}

function killed(app: Application, event: ApplicationEvent): void {
  end(app, 'KILLED', event.diagnostics ?? '')
  if (event.user !== undefined) app.rm.audit(event.user, 'Kill Application Request', 'RMAppImpl', 'SUCCESS', { applicationId: app.id })
}

const rejected = (app: Application, event: ApplicationEvent) => end(app, 'FAILED', event.diagnostics ?? '')
const finished = (app: Application, event: ApplicationEvent) => end(app, 'FINISHED', event.diagnostics ?? '')

function unregistered(app: Application): void {
  app.finishTime = app.storedFinishTime
}

function killAttempt(app: Application, event: ApplicationEvent): void {
  app.stateBeforeKilling = app.state
  app.rm.send(app.current!, { type: 'KILL', diagnostics: event.diagnostics })
  if (event.user !== undefined) app.rm.audit(event.user, 'Kill Application Request', 'RMAppImpl', 'SUCCESS', { applicationId: app.id })
}

function runsOnNode(app: Application, event: ApplicationEvent): void {
  if (app.ended) app.rm.cleanApplicationOn(event.nodeKey!, app)
  else app.rm.noteRanOn(app, event.nodeKey!)
}

function launched(app: Application): void {
  if (app.launchTime !== 0) return
  app.launchTime = app.rm.now
  app.rm.persistApplication(app, {})
}

function finishedAtFinalSaving(app: Application, event: ApplicationEvent): void {
  if (app.target === 'FAILED' || app.target === 'KILLED') return
  app.rememberFinal(event, 'FINISHED', (a, e) => {
    unregistered(a)
    finished(a, e)
  })
}

type Table = Lifecycle<ApplicationState, ApplicationEventType, Application, ApplicationEvent>
const RAN = <S extends ApplicationState>(state: S) => ({ to: state, run: runsOnNode })
const SAVE = { reject: save('FAILED', rejected), kill: save('KILLED', killed) }

function save(target: ApplicationState, then: (app: Application, event: ApplicationEvent) => void) {
  return { to: 'FINAL_SAVING', run: (app: Application, event: ApplicationEvent) => app.saveFinal(event, target, then) } as const
}

const saveUnregistered = {
  to: 'FINAL_SAVING',
  run: (app: Application, event: ApplicationEvent) => app.saveFinal(event, 'FINISHING', unregistered, 'FINISHED'),
} as const

export const APPLICATION_LIFECYCLE: Table = {
  NEW: {
    NODE_UPDATE: { to: 'NEW' },
    START: { to: 'NEW_SAVING', run: (app) => app.rm.saveNewApplication(app) },
    RECOVER: { to: ['SUBMITTED', 'ACCEPTED', 'FINISHED', 'FAILED', 'KILLED', 'FINAL_SAVING'], choose: (app) => app.rm.recoverApplicationState(app) },
    KILL: { to: 'KILLED', run: killed },
    APP_REJECTED: SAVE.reject,
  },
  NEW_SAVING: {
    NODE_UPDATE: { to: 'NEW_SAVING' },
    APP_NEW_SAVED: { to: 'SUBMITTED', run: (app) => app.rm.submitToScheduler(app, false) },
    KILL: SAVE.kill,
    APP_REJECTED: SAVE.reject,
  },
  SUBMITTED: {
    NODE_UPDATE: { to: 'SUBMITTED' },
    APP_REJECTED: SAVE.reject,
    APP_ACCEPTED: { to: 'ACCEPTED', run: (app) => app.rm.startAttempt(app, false) },
    KILL: SAVE.kill,
  },
  ACCEPTED: {
    NODE_UPDATE: { to: 'ACCEPTED' },
    ATTEMPT_REGISTERED: { to: 'RUNNING' },
    ATTEMPT_FAILED: { to: ['ACCEPTED', 'FINAL_SAVING'], choose: (app, event) => app.attemptFailed(event, 'ACCEPTED') },
    ATTEMPT_FINISHED: save('FINISHED', finished),
    KILL: { to: 'KILLING', run: killAttempt },
    ATTEMPT_KILLED: SAVE.kill,
    APP_RUNNING_ON_NODE: RAN('ACCEPTED'),
    ATTEMPT_LAUNCHED: { to: 'ACCEPTED', run: launched },
  },
  RUNNING: {
    NODE_UPDATE: { to: 'RUNNING' },
    ATTEMPT_UNREGISTERED: saveUnregistered,
    ATTEMPT_FINISHED: { to: 'FINISHED', run: finished },
    APP_RUNNING_ON_NODE: RAN('RUNNING'),
    ATTEMPT_FAILED: { to: ['ACCEPTED', 'FINAL_SAVING'], choose: (app, event) => app.attemptFailed(event, 'ACCEPTED') },
    KILL: { to: 'KILLING', run: killAttempt },
    // Registration may overtake the news of the launch.
    ATTEMPT_LAUNCHED: { to: 'RUNNING', run: launched },
  },
  FINAL_SAVING: {
    APP_UPDATE_SAVED: { to: ['FINISHING', 'FAILED', 'KILLED', 'FINISHED'], choose: (app) => app.finalStateSaved() },
    ATTEMPT_FINISHED: { to: 'FINAL_SAVING', run: finishedAtFinalSaving },
    APP_RUNNING_ON_NODE: RAN('FINAL_SAVING'),
    NODE_UPDATE: { to: 'FINAL_SAVING' },
    KILL: { to: 'FINAL_SAVING' },
    APP_NEW_SAVED: { to: 'FINAL_SAVING' },
  },
  FINISHING: {
    ATTEMPT_FINISHED: { to: 'FINISHED', run: finished },
    APP_RUNNING_ON_NODE: RAN('FINISHING'),
    NODE_UPDATE: { to: 'FINISHING' },
    KILL: { to: 'FINISHING' },
  },
  KILLING: {
    APP_RUNNING_ON_NODE: RAN('KILLING'),
    ATTEMPT_KILLED: SAVE.kill,
    ATTEMPT_UNREGISTERED: saveUnregistered,
    ATTEMPT_FINISHED: { to: 'FINISHED', run: finished },
    ATTEMPT_FAILED: { to: ['FINAL_SAVING'], choose: (app, event) => app.attemptFailed(event, 'KILLING') },
    NODE_UPDATE: { to: 'KILLING' },
    ATTEMPT_REGISTERED: { to: 'KILLING' },
    ATTEMPT_LAUNCHED: { to: 'KILLING' },
    APP_UPDATE_SAVED: { to: 'KILLING' },
    KILL: { to: 'KILLING' },
  },
  FINISHED: {
    APP_RUNNING_ON_NODE: RAN('FINISHED'),
    NODE_UPDATE: { to: 'FINISHED' },
    ATTEMPT_UNREGISTERED: { to: 'FINISHED' },
    ATTEMPT_FINISHED: { to: 'FINISHED' },
    KILL: { to: 'FINISHED' },
  },
  FAILED: {
    APP_RUNNING_ON_NODE: RAN('FAILED'),
    KILL: { to: 'FAILED' },
    NODE_UPDATE: { to: 'FAILED' },
  },
  KILLED: {
    APP_RUNNING_ON_NODE: RAN('KILLED'),
    APP_ACCEPTED: { to: 'KILLED' },
    APP_REJECTED: { to: 'KILLED' },
    KILL: { to: 'KILLED' },
    ATTEMPT_FINISHED: { to: 'KILLED' },
    ATTEMPT_FAILED: { to: 'KILLED' },
    NODE_UPDATE: { to: 'KILLED' },
    START: { to: 'KILLED' },
  },
}
