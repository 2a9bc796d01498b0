/** An application attempt's life (RMAppAttemptImpl): its application master gets a container, is launched, registers, ends. */
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
import { type FinishedStatus, type RMContainer, sameContainer } from '../scheduler/container.js'
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
  readonly nodeKey: string
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
    return this.masterContainer !== undefined && sameContainer(this.masterContainer.containerId, id)
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
    const { keepContainers } = this.application.submission
    const told: CompletedContainer[] = []
    for (const { containerId, status, resource } of all) {
      if (!keepContainers && containerId.applicationAttemptId.attemptId !== this.id.attemptId) continue
      const { exitStatus, diagnostics } = status
      told.push({ containerId, state: 'COMPLETE', exitStatus, diagnostics, resource, executionType: 'GUARANTEED' })
    }
    return told
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
