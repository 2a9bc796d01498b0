/**
 * One run: a ResourceManager's core in virtual time, fed by simulated nodes and application masters. Nothing here sleeps, reads a clock or draws
 * from anything but the run's seed.
 */
import type { ApplicationAttemptId, ApplicationId } from '../../../common/records/index.js'
import { type Answer, type Core, type CoreConfig, createCore, type Effect, type Event, type Outcome } from '../../core/index.js'
import type { EventLog } from '../../runtime/event-log.js'
import { SIMULATED_START } from '../configuration.js'
import { behaviourOf } from '../models/behaviours.js'
import type { Models } from '../models/models.js'
import type { ApplicationOutcome } from '../results.js'
import { placeText } from '../traces/problems.js'
import type { ApplicationSpec, Workload } from '../workload.js'
import { Agenda, KIND, type Kind } from './agenda.js'
import { SimApplication } from './application.js'
import { type Behaviour, Master } from './master.js'
import { Nodes } from './nodes.js'
import { randomOf } from './random.js'
import { Schedulable } from './schedulable.js'
import { Sampler } from './sampler.js'

/** Virtual time without anything happening after which a run with applications left is over: longer than any expiry. */
const STALLED = 3_600_000
/** The same when only applications without an end of their own are left. */
const SETTLED = 60_000
/** The same without an application having come or gone, for those that try again and again; for long ones a multiple of what they take. */
const ENDLESS = 7 * 86_400_000
const ENDLESS_TIMES = 3

export interface RunOptions {
  readonly workload: Workload
  readonly config: CoreConfig
  readonly models: Models
  readonly seed: number
  readonly heartbeatInterval: number
  readonly until: number | undefined
  /** Heartbeats and allocates that change nothing are passed over. */
  readonly skipping: boolean
  /** Called each so many steps, with the virtual time. */
  readonly onProgress: ((simulated: number, events: number) => void) | undefined
  /** Told of each step, as an event log records it. */
  readonly onStep?: EventLog['append'] | undefined
}

const PROGRESS_STEPS = 20_000

export class Run {
  readonly core: Core
  readonly agenda = new Agenda()
  readonly nodes: Nodes
  readonly seed: number
  readonly skipping: boolean
  /** In order of submission. */
  readonly #outcomes: (ApplicationOutcome | undefined)[] = []
  readonly sampler: Sampler
  /** Of the workload's nodes. */
  readonly labels: ReadonlySet<string>
  readonly #byId = new Map<number, SimApplication>()
  readonly #masters = new Map<SimApplication, Master>()
  readonly #notes = new Map<string, number>()
  readonly #schedulable: Schedulable
  #now = 0
  #kind: Kind = KIND.NODE
  #order = -1
  #tickets = 0
  #unfinished = 0
  /** Not yet submitted. */
  #coming = 0
  #openEnded = 0
  #lastProgress = 0
  #lastChange = 0
  #longest = 0
  events = 0

  constructor(private readonly options: RunOptions) {
    const { config, workload, models } = options
    this.seed = options.seed
    this.labels = new Set(workload.nodes.flatMap((n) => n.labels ?? []))
    this.skipping = options.skipping
    this.core = createCore(config, {
      masterHasNews: (id) => this.#master(id)?.hasNews(),
      nodeHasNews: (id) => this.nodes.wakeById(id),
      nodeHeard: (id) => SIMULATED_START + this.nodes.heard(id),
      masterHeard: (id) => SIMULATED_START + this.#heard(id),
      containerAllocated: (c) => {
        this.#lastProgress = this.#now
        this.sampler.used(c, 1)
      },
      containerEnded: (c) => {
        this.#lastProgress = this.#now
        this.sampler.used(c, -1)
      },
    })
    this.#schedulable = new Schedulable(config, workload.nodes, models.node)
    this.sampler = new Sampler(this, Math.min(workload.applications.at(-1)?.at ?? 0, options.until ?? Number.POSITIVE_INFINITY))
    this.nodes = new Nodes(this, workload.nodes, models.node, options.heartbeatInterval)
  }

  get now(): number {
    return this.#now
  }

  get notes(): string[] {
    return [...this.#notes].map(([text, times]) => (times === 1 ? text : `${text} (${times} times)`))
  }

  note(text: string): void {
    this.#notes.set(text, (this.#notes.get(text) ?? 0) + 1)
  }

  /** A number for each thing put on the agenda: it orders what is planned for the same time. */
  ticket(): number {
    return this.#tickets++
  }

  /** Whether at the present time that place in the order has gone by. */
  isPast(kind: Kind, order: number): boolean {
    return this.#kind > kind || (this.#kind === kind && this.#order >= order)
  }

  // ── the core ──

  step<E extends Event>(event: E): Outcome<E> {
    const outcome = this.core.step(event, SIMULATED_START + this.#now)
    this.events++
    const { onProgress } = this.options
    if (onProgress && this.events % PROGRESS_STEPS === 0) onProgress(this.#now, this.events)
    this.options.onStep?.(SIMULATED_START + this.#now, event, outcome.effects)
    for (const effect of outcome.effects) this.#carryOut(effect)
    return outcome
  }

  /** A step that can't be refused. */
  demand<E extends Event>(event: E): Answer<E> {
    const { answer, error } = this.step(event)
    if (error) throw error
    return answer as Answer<E>
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'launchAM': {
        const application = this.#application(effect.attemptId.applicationId)
        if (!application) return
        application.masterAllocated(effect.container.creationTime - SIMULATED_START)
        const master = new Master(this, application, effect.attemptId, application.model, application.behaviour)
        this.#masters.set(application, master)
        application.master = master
        master.launch(effect.container, application.image)
        return
      }
      case 'cleanupAM':
      case 'attemptFinished': {
        const master = this.#master(effect.attemptId)
        if (master?.container) this.nodes.finish(master.container, KILLED)
        return
      }
      case 'applicationFinished':
        this.#ended(effect.applicationId)
        return
      default:
    }
  }

  #application(id: ApplicationId): SimApplication | undefined {
    return this.#byId.get(id.id)
  }

  #master(id: ApplicationAttemptId): Master | undefined {
    const application = this.#application(id.applicationId)
    const master = application && this.#masters.get(application)
    return master?.id.attemptId === id.attemptId ? master : undefined
  }

  #heard(id: ApplicationAttemptId): number {
    const master = this.#application(id.applicationId)?.master
    return master?.id.attemptId === id.attemptId ? master.heard() : 0
  }

  masterGone(master: Master): void {
    if (this.#masters.get(master.application) === master) this.#masters.delete(master.application)
  }

  // ── applications ──

  #plan(): void {
    const { applications } = this.options.workload
    for (const [i, spec] of applications.entries()) {
      this.agenda.add(spec.at, KIND.SUBMIT, i, () => this.#submit(spec, i))
      this.#unfinished++
      this.#coming++
    }
  }

  #submit(spec: ApplicationSpec, index: number): void {
    const { models, seed } = this.options
    this.#coming--
    this.#lastChange = this.#now
    const id: ApplicationId = { clusterTimestamp: SIMULATED_START, id: index + 1 }
    const model = models.masters[spec.model]
    if (!model) throw new Error(`${spec.id} names the model ${spec.model}, which is not there`)
    const random = randomOf(seed, `application ${index}`)
    const behaviour: Behaviour = behaviourOf(spec, model, random, (host) => this.nodes.named(host)?.spec.rack ?? '/default-rack')
    const application = new SimApplication(index, spec, id, model, behaviour, random, this)
    application.submittedAt = this.#now
    const never = this.#schedulable.never(spec, model)
    if (never !== undefined) {
      this.#unfinished--
      application.queue = this.core.queue(spec.queue)?.path ?? spec.queue
      this.#outcomes.push(application.end('NEVER_SCHEDULABLE', placed(spec, never), 0, undefined, undefined))
      return
    }
    application.place = this.#outcomes.push(undefined) - 1
    this.#byId.set(id.id, application)
    if (application.openEnded) this.#openEnded++
    this.#longest = Math.max(this.#longest, application.aloneMillis ?? 0, spec.killedAfter ?? 0)
    this.sampler.submitted(spec.user)
    const { error } = this.step({
      type: 'submitApplication',
      submission: {
        applicationId: id,
        user: spec.user,
        groups: spec.groups ?? [spec.user],
        name: spec.name ?? spec.id,
        queue: spec.queue,
        ...(spec.priority !== undefined && { priority: spec.priority }),
        applicationType: spec.type ?? 'YARN',
        ...(spec.tags && { tags: spec.tags }),
        ...(spec.maxAttempts !== undefined && { maxAppAttempts: spec.maxAttempts }),
        ...(spec.keepContainers !== undefined && { keepContainers: spec.keepContainers }),
        ...(spec.nodeLabelExpression !== undefined && { nodeLabelExpression: spec.nodeLabelExpression }),
        amRequests: [
          {
            priority: 0,
            resourceName: '*',
            capability: spec.am.resource,
            numContainers: 1,
            ...(spec.am.nodeLabelExpression !== undefined && { nodeLabelExpression: spec.am.nodeLabelExpression }),
          },
        ],
      },
    })
    if (error) {
      if (this.#byId.has(id.id)) this.#close(application, application.end('REJECTED', placed(spec, error.message), 0, undefined, this.#now))
      return
    }
    if (spec.killedAfter !== undefined) {
      this.agenda.add(this.#now + spec.killedAfter, KIND.KILL, index, () => {
        if (this.#byId.has(id.id)) this.step({ type: 'killApplication', applicationId: id, user: spec.user })
      })
    }
  }

  /** Of what is over only its outcome is kept. */
  #close(application: SimApplication, outcome: ApplicationOutcome): void {
    this.#unfinished--
    this.#lastChange = this.#now
    if (application.openEnded) this.#openEnded--
    this.#byId.delete(application.id.id)
    this.#outcomes[application.place] = outcome
  }

  #ended(id: ApplicationId): void {
    const application = this.#application(id)
    if (!application) return
    this.#lastProgress = this.#now
    const report = this.core.application(id, SIMULATED_START + this.#now)!
    const attempts = report.currentAttemptId?.attemptId ?? 0
    application.queue = this.core.queue(report.queue)?.path ?? report.queue
    const rejected = report.state === 'FAILED' && attempts === 0
    const failed = report.state === 'FAILED' || (report.state === 'FINISHED' && report.finalStatus === 'FAILED')
    const state = rejected ? 'REJECTED' : failed ? 'FAILED' : report.state === 'KILLED' ? 'KILLED' : 'FINISHED'
    const diagnostics = report.diagnostics || application.problem
    const reason = state === 'FINISHED' ? undefined : rejected ? placed(application.spec, diagnostics ?? '') : diagnostics
    this.#close(application, application.end(state, reason, attempts, report, report.finishTime - SIMULATED_START))
  }

  // ── time ──

  run(): { readonly simulated: number; readonly outcomes: readonly ApplicationOutcome[] } {
    this.nodes.begin()
    this.#plan()
    const end = this.options.until ?? Number.POSITIVE_INFINITY
    while (this.#unfinished > 0) {
      const over = Math.min(end, this.#givesUpAt())
      const entry = this.agenda.peek()
      const timer = this.core.nextTimer()
      const tickAt = timer === undefined ? Number.POSITIVE_INFINITY : Math.max(timer - SIMULATED_START, this.#now)
      const horizon = Math.min(entry?.at ?? Number.POSITIVE_INFINITY, tickAt, this.sampler.next, over)
      const beat = this.nodes.next(horizon)
      if (beat !== undefined) {
        this.#go(beat, KIND.HEARTBEAT, this.nodes.place)
        this.nodes.report()
      } else if (over <= horizon) {
        this.#go(over, KIND.NODE, -1)
        break
      } else if (this.sampler.next <= horizon) {
        this.#go(horizon, KIND.NODE, -1)
        this.sampler.sample()
      } else if (tickAt <= horizon) {
        this.#go(horizon, KIND.NODE, -1)
        this.step({ type: 'tick' })
      } else {
        const { at, kind, id, run } = this.agenda.take()
        this.#go(at, kind, id)
        if (kind < KIND.ALLOCATE) this.#lastProgress = this.#now
        run()
      }
    }
    this.sampler.finish()
    for (const application of [...this.#byId.values()]) this.#leave(application)
    return { simulated: this.#now, outcomes: this.#outcomes.filter((o) => o !== undefined) }
  }

  #go(at: number, kind: Kind, order: number): void {
    this.#now = at
    this.#kind = kind
    this.#order = order
  }

  /** When a run in which nothing more can happen is over. */
  #givesUpAt(): number {
    const endless = this.#lastChange + Math.max(ENDLESS, ENDLESS_TIMES * this.#longest)
    if (this.agenda.work > 0) return this.#coming > 0 ? Number.POSITIVE_INFINITY : endless
    const { nodeExpiry, amExpiry, allocationExpiry } = this.options.config
    const patience = this.#openEnded === this.#unfinished ? SETTLED : Math.max(STALLED, 3 * Math.max(nodeExpiry, amExpiry, allocationExpiry))
    return Math.min(this.#lastProgress + patience, endless)
  }

  /** It is still there at the end of the run. */
  #leave(application: SimApplication): void {
    const report = this.core.application(application.id, SIMULATED_START + this.#now)
    if (report) application.queue = this.core.queue(report.queue)?.path ?? report.queue
    const running = report?.state === 'RUNNING'
    const reason = running ? undefined : waitOf(report?.diagnostics ?? '')
    this.#close(application, application.end(running ? 'RUNNING' : 'WAITING', reason, report?.currentAttemptId?.attemptId ?? 0, report, undefined))
  }
}

/** Why it waits, but for when and on which node that was last found. */
const waitOf = (diagnostics: string) =>
  diagnostics
    .replace(/^\[[^\]]*\] /, '')
    .replace(/ Last Node which was processed.*?\)\./s, '')
    .trim()

/** Sent KILL. */
const KILLED = 137

/** With the place in its trace, for what a trace should not have asked. */
function placed(spec: ApplicationSpec, reason: string): string {
  return spec.place ? `${reason} (${placeText(spec.place)})` : reason
}
