/** An application of the workload on its way through the run: what came of it, and its masters in turn. */
import { type ApplicationId, type ContainerId, EXIT, formatApplicationId } from '../../../common/records/index.js'
import type { AllocatedContainer, ApplicationReport } from '../../core/index.js'
import { containerKey } from '../../scheduler/container.js'
import { SIMULATED_START } from '../configuration.js'
import type { MasterModel } from '../models/models.js'
import type { ApplicationOutcome, OutcomeState } from '../results.js'
import type { ApplicationSpec } from '../workload.js'
import { Counting } from './histogram.js'
import type { Behaviour, Master } from './master.js'
import type { Image } from './nodes.js'
import type { ContainerHost, StartedContainer } from './ports.js'
import { millis, type Random } from './random.js'

/** What the ResourceManager counted. */
export interface Used {
  readonly usage: Pick<ApplicationReport['usage'], 'memorySeconds' | 'vcoreSeconds' | 'preemptedMemorySeconds' | 'preemptedVcoreSeconds'>
}

/** As a process that was sent TERM. */
const STOPPED = 143

export class SimApplication {
  readonly image: Image | undefined
  submittedAt = 0
  queue: string
  /** Of its latest attempt, dead or alive. */
  master: Master | undefined
  /** Among the outcomes. */
  place = 0
  outcome: ApplicationOutcome | undefined
  readonly aloneMillis: number | undefined
  /** What its master was last refused. */
  problem: string | undefined
  readonly containers = { asked: 0, allocated: 0, completed: 0, preempted: 0, failed: 0, lost: 0 }
  readonly latency = new Counting()
  #amAllocatedAt: number | undefined
  #amStartedAt: number | undefined
  #registeredAt: number | undefined
  #firstContainerAt: number | undefined

  constructor(
    readonly index: number,
    readonly spec: ApplicationSpec,
    readonly id: ApplicationId,
    readonly model: MasterModel,
    readonly behaviour: Behaviour,
    readonly random: Random,
    private readonly run: { readonly nodes: ContainerHost },
  ) {
    behaviour.bind(this)
    this.aloneMillis = behaviour.aloneMillis
    this.queue = spec.queue
    const { image } = model
    this.image = image && { name: image.shared ?? formatApplicationId(id), megabytes: millis(this.random, image.megabytes) }
  }

  /** Nothing ends it: it runs for ever. */
  get openEnded(): boolean {
    return this.aloneMillis === undefined && this.spec.killedAfter === undefined
  }

  masterAllocated(at: number): void {
    this.#amAllocatedAt ??= at
  }

  masterStarted(at: number): void {
    this.#amStartedAt ??= at
  }

  registered(at: number): void {
    this.#registeredAt ??= at
  }

  /** A container for something asked at `askedAt`. */
  containerAllocated(at: number, askedAt: number): void {
    this.#firstContainerAt ??= at
    this.containers.allocated++
    this.latency.add(Math.max(0, at - askedAt))
  }

  allocationTime(c: AllocatedContainer): number {
    return c.creationTime - SIMULATED_START
  }

  keyOf(id: ContainerId): string {
    return containerKey(id)
  }

  /** Has a container of its own started. Undefined: its node is gone. */
  start(c: AllocatedContainer, duration: number | undefined, exitStatus: number, onRunning?: (at: number) => void): StartedContainer | undefined {
    return this.run.nodes.start(c.nodeId.host, {
      id: c.containerId,
      image: this.image,
      launch: millis(this.random, this.model.launch),
      duration,
      exitStatus,
      ...(onRunning && { onRunning }),
      onEnd: () => {},
    })
  }

  /** How a container of its own has ended. */
  countEnd(exitStatus: number): void {
    if (exitStatus === EXIT.SUCCESS) this.containers.completed++
    else if (exitStatus === EXIT.PREEMPTED) this.containers.preempted++
    else if (exitStatus === EXIT.ABORTED) this.containers.lost++
    else this.containers.failed++
  }

  /** Its process is told to end. */
  stop(c: StartedContainer): void {
    this.run.nodes.finish(c, STOPPED)
  }

  /** What came of it so far. */
  end(state: OutcomeState, reason: string | undefined, attempts: number, report: Used | undefined, finishedAt: number | undefined): ApplicationOutcome {
    const { spec } = this
    const set = <K extends string, V>(name: K, value: V | undefined) => (value === undefined ? {} : ({ [name]: value } as Record<K, V>))
    const usage = report?.usage
    const { aloneMillis } = this
    this.outcome = {
      id: spec.id,
      applicationId: formatApplicationId(this.id),
      user: spec.user,
      queue: this.queue,
      name: spec.name ?? spec.id,
      type: spec.type ?? 'YARN',
      state,
      ...set('reason', reason === '' ? undefined : reason),
      submittedAt: this.submittedAt,
      ...set('amAllocatedAt', this.#amAllocatedAt),
      ...set('amStartedAt', this.#amStartedAt),
      ...set('registeredAt', this.#registeredAt),
      ...set('firstContainerAt', this.#firstContainerAt),
      ...set('finishedAt', finishedAt),
      attempts,
      containers: this.containers,
      memorySeconds: usage?.memorySeconds ?? 0,
      vcoreSeconds: usage?.vcoreSeconds ?? 0,
      preemptedMemorySeconds: usage?.preemptedMemorySeconds ?? 0,
      preemptedVcoreSeconds: usage?.preemptedVcoreSeconds ?? 0,
      allocationLatency: this.latency.result(),
      ...set('aloneMillis', aloneMillis),
      ...set('deadline', spec.deadline),
    }
    return this.outcome
  }
}
