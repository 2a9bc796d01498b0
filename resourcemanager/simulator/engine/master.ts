/**
 * A simulated application master: registers, allocates at its own pace, launches what it gets, unregisters. What it wants is its behaviour's.
 * An allocate that would say and hear nothing is passed over.
 */
import type { ApplicationAttemptId, ContainerId, FinalApplicationStatus } from '../../../common/records/index.js'
import type { AllocateAnswer, AllocatedContainer, CompletedContainer, ResourceRequest } from '../../core/index.js'
import type { MasterModel } from '../models/models.js'
import { KIND } from './agenda.js'
import type { SimApplication } from './application.js'
import type { Image, SimContainer } from './nodes.js'
import type { ApplicationPort, MasterPort } from './ports.js'
import { millis } from './random.js'
import type { Run } from './run.js'

/** What an application master wants. All is called while its master lives. */
export interface Behaviour {
  /** Whose it is; before anything else. */
  bind(application: ApplicationPort): void
  /** The master has registered. */
  begin(master: MasterPort): void
  allocated(containers: readonly AllocatedContainer[]): void
  completed(containers: readonly CompletedContainer[]): void
  /** Containers are waited for: allocates are to be frequent. */
  readonly waiting: boolean
  /** How long it would take with the cluster to itself, from its master's registration; undefined: it has no end of its own. */
  readonly aloneMillis: number | undefined
  /** The master is gone; `begin` may follow for the next attempt. */
  end(): void
}

const FAILED = 1

export class Master {
  container: SimContainer | undefined
  registered = false
  ended = false
  #responseId = 0
  #asks: ResourceRequest[] = []
  #releases: ContainerId[] = []
  /** An answer not yet acted on. */
  #unread: AllocateAnswer | undefined
  #news = false
  #base = 0
  #interval: number
  /** Time of the allocate that is on the agenda; 0: none is. */
  #planned = 0
  #last = -1
  #registeredAt = 0
  #heard = 0

  constructor(
    private readonly run: Run,
    readonly application: SimApplication,
    readonly id: ApplicationAttemptId,
    readonly model: MasterModel,
    readonly behaviour: Behaviour,
  ) {
    this.#interval = model.heartbeat
  }

  get now(): number {
    return this.run.now
  }

  // ── its life ──

  /** Its container has been allocated. */
  launch(allocated: AllocatedContainer, image: Image | undefined): void {
    const { run, application, model } = this
    const { host } = allocated.nodeId
    if (!run.nodes.named(host)?.alive) {
      run.demand({ type: 'amLaunchFailed', attemptId: this.id, diagnostics: `the node ${host} can't be reached` })
      this.die()
      return
    }
    run.demand({ type: 'amLaunched', attemptId: this.id })
    application.masterStarted(run.now)
    run.nodes.start(host, {
      id: allocated.containerId,
      image,
      launch: millis(application.random, model.start),
      onStart: (c) => {
        this.container = c
      },
      onRunning: () => this.#register(),
      onEnd: () => this.die(),
    })
  }

  #register(): void {
    if (this.ended) return
    const { run, application, model } = this
    const { error } = run.step({
      type: 'registerApplicationMaster',
      attemptId: this.id,
      host: this.container!.node.spec.host,
      rpcPort: 0,
      trackingUrl: '',
    })
    if (error) {
      this.crash()
      return
    }
    this.registered = true
    this.#registeredAt = run.now
    application.registered(run.now)
    this.#base = model.heartbeatsFrom === 'submission' ? application.submittedAt : run.now
    this.#interval = model.heartbeat
    this.#last = model.heartbeatsFrom === 'submission' ? run.now : -1
    const { failure } = model
    if (failure && application.random.next() < failure.probability) {
      run.agenda.add(run.now + millis(application.random, failure.after), KIND.FAULT, run.ticket(), () => this.crash())
    }
    this.behaviour.begin(this)
    if (this.#planned === 0 && (model.heartbeatsFrom === 'registration' || !run.skipping)) this.#plan()
  }

  /** Its process fails. */
  crash(): void {
    if (this.ended || !this.container) return
    this.run.nodes.finish(this.container, FAILED, 'The simulated application master failed.\n')
  }

  /** It is gone. */
  die(): void {
    if (this.ended) return
    this.#heard = this.heard()
    this.ended = true
    this.run.masterGone(this)
    this.behaviour.end()
  }

  // ── what its behaviour does ──

  ask(request: ResourceRequest): void {
    const same = (r: ResourceRequest) =>
      r.resourceName === request.resourceName && r.priority === request.priority && r.allocationRequestId === request.allocationRequestId
    const at = this.#asks.findIndex(same)
    if (at >= 0) this.#asks[at] = request
    else this.#asks.push(request)
    this.#planIfNeeded()
  }

  release(id: ContainerId): void {
    this.#releases.push(id)
    this.#planIfNeeded()
  }

  /** At that time, if it lives. */
  at(time: number, what: () => void): void {
    this.run.agenda.add(time, KIND.MODEL, this.run.ticket(), () => {
      if (!this.ended) what()
    })
  }

  // ── allocates ──

  /** The ResourceManager has something for it. */
  hasNews(): void {
    this.#news = true
    if (this.registered) this.#planIfNeeded()
  }

  /** When it last spoke, allocates that were passed over among them. */
  heard(): number {
    if (this.ended) return this.#heard
    if (!this.registered) return 0
    const { now } = this.run
    const turn = this.#base + Math.floor((now - this.#base) / this.#interval) * this.#interval
    const gone = turn < now || this.run.isPast(KIND.ALLOCATE, this.application.index)
    return Math.max(gone ? turn : turn - this.#interval, this.#registeredAt)
  }

  get #needed(): boolean {
    return this.#news || this.#asks.length > 0 || this.#releases.length > 0 || this.#unread !== undefined
  }

  #planIfNeeded(): void {
    if (this.registered && !this.ended && this.#planned === 0 && this.#needed) this.#plan()
  }

  #plan(): void {
    const { run } = this
    const order = this.application.index
    let at = this.#base + Math.ceil((run.now - this.#base) / this.#interval) * this.#interval
    if (at <= this.#last || (at === run.now && run.isPast(KIND.ALLOCATE, order))) at += this.#interval
    this.#planned = at
    run.agenda.add(at, KIND.ALLOCATE, order, () => {
      if (this.ended) return
      this.#planned = 0
      this.#allocate()
      if (!this.ended && this.#planned === 0 && (!run.skipping || this.#needed)) this.#plan()
    })
  }

  #allocate(): void {
    const { run } = this
    this.#last = run.now
    if (this.#unread) {
      const unread = this.#unread
      this.#unread = undefined
      this.#read(unread)
      if (this.ended) return
    }
    this.#news = false
    const asks = this.#asks
    const releases = this.#releases
    this.#asks = []
    this.#releases = []
    const { answer, error } = run.step({ type: 'allocate', attemptId: this.id, responseId: this.#responseId, progress: 0, asks, releases })
    this.#base = run.now
    if (!answer) {
      this.application.problem = error?.message
      this.crash()
      return
    }
    this.#responseId = answer.responseId
    if (this.model.answers === 'next-heartbeat') this.#unread = answer.allocated.length > 0 || answer.completed.length > 0 ? answer : undefined
    else this.#read(answer)
    if (this.ended) return
    this.#interval = this.behaviour.waiting ? this.model.heartbeat : (this.model.idleHeartbeat ?? this.model.heartbeat)
  }

  #read(answer: AllocateAnswer): void {
    if (answer.completed.length > 0) this.behaviour.completed(answer.completed)
    if (answer.allocated.length > 0 && !this.ended) this.behaviour.allocated(answer.allocated)
  }

  /** Unregisters; its process ends a little later. */
  finish(finalStatus: FinalApplicationStatus): void {
    const { run } = this
    const container = this.container!
    this.#heard = run.now
    this.ended = true
    this.run.masterGone(this)
    this.behaviour.end()
    run.step({ type: 'finishApplicationMaster', attemptId: this.id, finalStatus, diagnostics: '', trackingUrl: '' })
    const exit = millis(this.application.random, this.model.exit)
    if (exit === 0) run.nodes.finish(container, 0)
    else run.agenda.add(run.now + exit, KIND.MASTER, run.ticket(), () => run.nodes.finish(container, 0))
  }
}
