/** An application attempt's life (RMAppAttemptImpl): its application master gets a container, is launched, registers, ends. */
import type { Lifecycle } from '../../common/lang/lifecycle.js'
import {
  type ApplicationAttemptId,
  type ContainerId,
  EXIT,
  type FinalApplicationStatus,
  formatAttemptId,
  formatApplicationId,
  NONE,
  type NodeId,
  type Resource,
} from '../../common/records/index.js'
import { containerKey, type FinishedStatus, type RMContainer } from '../scheduler/container.js'
import type { AllocateAnswer, AllocatedContainer, CompletedContainer } from './answers.js'
import type { Application } from './application.js'
import type { ResourceManager } from './resourcemanager.js'
import type { AttemptState } from './state.js'

export type AttemptEventType =
  | 'START'
  | 'RECOVER'
  | 'ATTEMPT_ADDED'
  | 'ATTEMPT_NEW_SAVED'
  | 'ATTEMPT_UPDATE_SAVED'
  | 'CONTAINER_ALLOCATED'
  | 'CONTAINER_FINISHED'
  | 'LAUNCHED'
  | 'LAUNCH_FAILED'
  | 'REGISTERED'
  | 'STATUS_UPDATE'
  | 'UNREGISTERED'
  | 'EXPIRE'
  | 'KILL'
  | 'FAIL'

export interface FinishedContainer {
  readonly containerId: ContainerId
  readonly nodeId: NodeId
  readonly status: FinishedStatus
  readonly resource: Resource
}

export interface AttemptEvent {
  readonly type: AttemptEventType
  readonly diagnostics?: string
  readonly container?: FinishedContainer
  readonly registration?: { readonly host: string; readonly rpcPort: number; readonly trackingUrl: string }
  readonly unregistration?: { readonly finalStatus: FinalApplicationStatus; readonly diagnostics: string; readonly trackingUrl: string | undefined }
  readonly progress?: number
  readonly trackingUrl?: string
  readonly inherit?: boolean
}

/** Ended containers: what the application master has yet to hear of, and what it has been told but not confirmed. Shared by attempts in turn. */
export interface FinishedBooks {
  just: FinishedContainer[]
  sent: FinishedContainer[]
}

export class Attempt {
  state: AttemptState = 'NEW'
  masterContainer: AllocatedContainer | undefined
  host = 'N/A'
  rpcPort = -1
  originalTrackingUrl: string | undefined
  diagnostics = ''
  /** What was last refused to it, while it has no diagnostics of its own. */
  refusal: string | undefined
  progress = 0
  startTime = 0
  finishTime = 0
  finalStatus: FinalApplicationStatus | undefined
  exitStatus: number = EXIT.INVALID
  /** -1: the application master has not registered; undefined: no longer served. */
  responseId: number | undefined
  lastAnswer: AllocateAnswer | undefined
  finishing = false
  books: FinishedBooks = { just: [], sent: [] }
  /** Its application master is gone and it keeps no containers: what ends from now on is told to nobody. */
  forgotten = false
  memoryMillis = 0
  vcoreMillis = 0
  preemptedMemoryMillis = 0
  preemptedVcoreMillis = 0
  preempted: Resource = NONE
  preemptedContainers = 0
  preemptedAM = false
  stateBeforeFinalSaving: AttemptState = 'NEW'
  recoveredFinalState: AttemptState | undefined
  /** Nodes where application masters of the application came to grief. */
  readonly amFailedOn: Set<string>
  #afterSaving: (() => void) | undefined
  #target: AttemptState = 'FAILED'
  #cause: AttemptEvent = { type: 'FAIL' }

  constructor(
    readonly rm: ResourceManager,
    readonly id: ApplicationAttemptId,
    readonly application: Application,
  ) {
    this.amFailedOn = new Set(application.current?.amFailedOn)
  }

  get name(): string {
    return formatAttemptId(this.id)
  }

  get target(): AttemptState {
    return this.#target
  }

  get cause(): AttemptEvent {
    return this.#cause
  }

  get unmanaged(): boolean {
    return this.application.submission.unmanagedAM ?? false
  }

  get ended(): boolean {
    return this.state === 'FINISHED' || this.state === 'FAILED' || this.state === 'KILLED'
  }

  /** Whether its failure is the application's own, and recent enough. */
  countsTowardsMaximum(): boolean {
    const interval = this.application.submission.attemptFailuresValidityInterval ?? -1
    if (interval > 0 && this.finishTime > 0 && this.finishTime < this.rm.now - interval) return false
    const notItsFault: readonly number[] = [EXIT.PREEMPTED, EXIT.ABORTED, EXIT.DISKS_FAILED, EXIT.KILLED_BY_RESOURCEMANAGER]
    return !notItsFault.includes(this.exitStatus)
  }

  isMaster(id: ContainerId): boolean {
    return this.masterContainer !== undefined && containerKey(this.masterContainer.containerId) === containerKey(id)
  }

  /** Takes over the books of the attempt before it. */
  takeOver(old: Attempt): void {
    this.books = old.books
    this.books.just.push(...this.books.sent)
    this.books.sent = []
  }

  trackingPage(): string {
    return `${this.rm.config.webAppUrl}/cluster/app/${formatApplicationId(this.application.id)}`
  }

  /** Saves how it ends; what is to be done then waits until it is saved. */
  saveFinal(event: AttemptEvent, target: AttemptState, then: (attempt: Attempt, event: AttemptEvent) => void, stored = target): void {
    this.stateBeforeFinalSaving = this.state
    this.finishTime = this.rm.now
    if (stored === 'FAILED' || stored === 'KILLED') this.originalTrackingUrl = this.trackingPage()
    this.rememberFinal(event, target, then)
    const { unregistration, container } = event
    this.rm.persistAttempt(this, {
      state: stored,
      finishTime: this.finishTime,
      diagnostics: this.diagnosticsOf(event),
      finalStatus: unregistration?.finalStatus,
      exitStatus: container?.status.exitStatus ?? EXIT.INVALID,
      trackingUrl: unregistration ? trackingUrlOf(unregistration.trackingUrl) : this.trackingPage(),
    })
    this.rm.send(this, { type: 'ATTEMPT_UPDATE_SAVED' })
  }

  rememberFinal(event: AttemptEvent, target: AttemptState, then: (attempt: Attempt, event: AttemptEvent) => void): void {
    this.#target = target
    this.#cause = event
    this.#afterSaving = () => then(this, event)
  }

  finalStateSaved(): AttemptState {
    this.#afterSaving!()
    return this.#target
  }

  diagnosticsOf(event: AttemptEvent): string {
    switch (event.type) {
      case 'CONTAINER_FINISHED':
        return this.crashDiagnostics(event.container!)
      case 'EXPIRE':
        return `ApplicationMaster for attempt ${this.name} timed out`
      case 'REGISTERED':
        return 'Unmanaged AM must register after AM attempt reaches LAUNCHED state.'
      case 'UNREGISTERED':
        return event.unregistration!.diagnostics
      case 'KILL':
        return ''
      default:
        return event.diagnostics ?? ''
    }
  }

  crashDiagnostics(container: FinishedContainer): string {
    const { exitStatus, diagnostics } = container.status
    return (
      `AM Container for ${this.name} exited with  exitCode: ${exitStatus}\n` +
      `Failing this attempt.Diagnostics: ${diagnostics}` +
      `For more detailed output, check the application tracking page: ${this.trackingPage()} Then click on links to logs of each attempt.\n`
    )
  }

  /** Statuses for the application master; those it was given before are confirmed by its asking again. */
  pullFinished(): CompletedContainer[] {
    const { books } = this
    this.rm.finishedPulled(books.sent)
    books.sent = []
    if (books.just.length === 0) return []
    const all = books.just
    books.just = []
    books.sent = all
    const own = this.application.submission.keepContainers ? all : all.filter((f) => f.containerId.applicationAttemptId.attemptId === this.id.attemptId)
    return own.map((f) => ({
      containerId: f.containerId,
      state: 'COMPLETE',
      exitStatus: f.status.exitStatus,
      diagnostics: f.status.diagnostics,
      resource: f.resource,
      executionType: 'GUARANTEED',
    }))
  }

  noteFinished(container: FinishedContainer): void {
    this.books.just.push(container)
    this.rm.observer.masterHasNews(this.application.current?.id ?? this.id)
    if (this.forgotten) this.#confirmAll()
  }

  /** The application master's container has ended: nobody will ask for statuses, unless another attempt keeps the containers. */
  masterFinished(container: FinishedContainer): void {
    const { exitStatus } = container.status
    if (countsAgainstNode(exitStatus)) this.amFailedOn.add(this.rm.nodeName(container.nodeId))
    if (this.application.submission.keepContainers) {
      this.rm.finishedPulled([container])
      return
    }
    this.books.sent.push(container)
    this.#confirmAll()
    this.forgotten = true
  }

  #confirmAll(): void {
    this.rm.finishedPulled(this.books.sent)
    this.rm.finishedPulled(this.books.just)
    this.books.sent = []
    this.books.just = []
  }

  charge(c: RMContainer, millis: number): void {
    this.memoryMillis += c.resource.memory * millis
    this.vcoreMillis += c.resource.vcores * millis
  }
}

export const trackingUrlOf = (url: string | undefined): string => (url === undefined || url.trim() === '' ? 'N/A' : url)

/** Ends that say nothing about the node are not held against it (Apps.shouldCountTowardsNodeBlacklisting). */
function countsAgainstNode(exitStatus: number): boolean {
  const harmless: readonly number[] = [
    EXIT.PREEMPTED,
    EXIT.KILLED_BY_RESOURCEMANAGER,
    EXIT.KILLED_BY_APPMASTER,
    EXIT.KILLED_AFTER_APP_COMPLETION,
    EXIT.ABORTED,
    EXIT.DISKS_FAILED,
    EXIT.KILLED_EXCEEDED_VMEM,
    EXIT.KILLED_EXCEEDED_PMEM,
    EXIT.SUCCESS,
  ]
  return !harmless.includes(exitStatus)
}

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
