/** Runs one job: slots, deployment, what its tasks report, failure and restart, cancellation. */
import { type Deferred, deferred } from '../../common/lang/index.js'
import { type FlinkConfiguration, options } from '../config/index.js'
import { type JobGraph, requiredSlots } from '../jobgraph/index.js'
import type { Log } from '../log.js'
import type { TaskCountersProto, UpdateTaskExecutionStateRequestProto } from '../proto/gen/engine.js'
import { type Execution, ExecutionGraph } from './execution-graph.js'
import { CLASSES, type Failure, failure, failureOfStack, stackTrace } from './failure.js'
import type { AllocatedSlot, SlotManager, TaskManager } from './slot-manager.js'
import { JOB, type JobEvent, type JobStatus, TERMINAL_JOB, next } from './states.js'

export interface ExceptionEntry {
  readonly failure: Failure
  readonly timestamp: number
  /** Of the task that failed, if one did. */
  readonly taskName: string | undefined
  readonly location: string | undefined
  readonly taskManagerId: string | undefined
}

export interface JobOutcome {
  readonly status: 'FINISHED' | 'FAILED' | 'CANCELED'
  /** Milliseconds. */
  readonly netRuntime: number
  readonly failure: Failure | undefined
}

interface RestartStrategy {
  readonly name: string
  /** Milliseconds until the next try; undefined when there is none left. */
  next(): number | undefined
}

/** Longer than the slot manager itself waits for the resource provider's word on a TaskManager. */
const REASON_GRACE = 3_000

export class JobMaster {
  readonly #graph: ExecutionGraph
  readonly #slots: SlotManager
  readonly #conf: FlinkConfiguration
  readonly #log: Log
  readonly #done: Deferred<JobOutcome> = deferred()
  readonly #restarts: RestartStrategy
  readonly timestamps: Partial<Record<JobStatus, number>> = {}
  readonly exceptions: ExceptionEntry[] = []
  status: JobStatus = 'INITIALIZING'
  lastModification: number
  #failure: Failure | undefined
  #payload: Uint8Array
  #restartTimer: NodeJS.Timeout | undefined
  #restartDelay: number | undefined
  readonly #symptoms: { readonly execution: Execution; readonly reason: Failure }[] = []

  /** @param conf the cluster's configuration with what the job sets over it */
  constructor(graph: JobGraph, slots: SlotManager, conf: FlinkConfiguration, log: Log) {
    const now = Date.now()
    this.#graph = new ExecutionGraph(graph, now)
    this.#slots = slots
    this.#conf = conf
    this.#log = log
    this.#restarts = restartStrategy(conf)
    this.#payload = Buffer.from(JSON.stringify(graph))
    this.timestamps.INITIALIZING = now
    this.lastModification = now
  }

  get graph(): JobGraph {
    return this.#graph.graph
  }

  get executionGraph(): ExecutionGraph {
    return this.#graph
  }

  /** Settles when the job has ended; never rejects. */
  get outcome(): Promise<JobOutcome> {
    return this.#done.promise
  }

  get terminal(): boolean {
    return TERMINAL_JOB.has(this.status)
  }

  get startTime(): number {
    return this.timestamps.INITIALIZING!
  }

  /** -1 while it runs. */
  get endTime(): number {
    return this.terminal ? this.timestamps[this.status]! : -1
  }

  start(): void {
    this.#apply('create')
    this.#run()
  }

  #run(): void {
    this.#apply('start')
    const now = Date.now()
    for (const e of this.#graph.executions) e.apply('schedule', now)
    this.#changed()
    const timeout = this.#conf.get(options.jobManager.slotRequestTimeout)
    const attempt = this.#graph.attempt
    this.#slots.request(this.graph.jobId, requiredSlots(this.graph), timeout).then(
      (slots) => {
        if (this.status === 'RUNNING' && this.#graph.attempt === attempt) this.#deploy(slots)
        else this.#slots.release(this.graph.jobId)
      },
      (reason: Failure) => {
        if (this.status === 'RUNNING' && this.#graph.attempt === attempt) this.#fail(reason, this.#graph.executions[0])
      },
    )
  }

  #deploy(slots: readonly AllocatedSlot[]): void {
    const now = Date.now()
    const byTaskManager = new Map<TaskManager, Execution[]>()
    for (const e of this.#graph.executions) {
      e.slot = slots[e.subtask]!
      e.apply('deploy', now)
      byTaskManager.set(e.slot.taskManager, [...(byTaskManager.get(e.slot.taskManager) ?? []), e])
    }
    this.#changed()
    for (const [taskManager, executions] of byTaskManager) {
      const tasks = executions.map((e) => this.#graph.deployment(e))
      this.#log.info(`Deploying ${executions.map((e) => e.taskName).join(', ')} to ${taskManager.registration.resourceId}.`)
      taskManager.gateway.submitTasks({ jobGraph: this.#payload, tasks }).catch((e: Error) => {
        // When the TaskManager itself is gone, that is told by the one who knows why.
        if (this.#slots.get(taskManager.registration.resourceId) !== taskManager) return
        const text = `Could not deploy tasks to ${taskManager.registration.resourceId}: ${e.message}`
        for (const x of executions) this.#taskEnded(x, 'fail', failure(CLASSES.jobException, text))
      })
    }
  }

  /** What a TaskManager reports. @returns false when the execution is not one of this job's current ones */
  update(request: UpdateTaskExecutionStateRequestProto): boolean {
    const e = this.#graph.find(request.executionId)
    if (!e) return false
    if (request.counters) e.counters = request.counters
    const now = Date.now()
    switch (request.state) {
      case 'INITIALIZING':
        e.apply('initialize', now)
        break
      case 'RUNNING':
        e.apply('run', now)
        break
      case 'FINISHED':
        this.#taskEnded(e, 'finish')
        break
      case 'CANCELED':
        this.#taskEnded(e, 'canceled')
        break
      case 'FAILED': {
        const { className = CLASSES.flinkException, message = 'The task failed without a reason.', stack } = request.failure ?? {}
        const reason = failureOfStack(className, message, stack)
        if (className === CLASSES.remoteTransport) this.#awaitReason(e, reason)
        else this.#taskEnded(e, 'fail', reason)
        break
      }
      default:
        throw new Error(`a TaskManager can't report the state ${request.state}`)
    }
    this.#changed()
    return true
  }

  /** A broken connection between tasks tells little; that a TaskManager ended, and how, is told a moment later. */
  #awaitReason(e: Execution, reason: Failure): void {
    this.#symptoms.push({ execution: e, reason })
    if (this.#symptoms.length === 1) setTimeout(() => this.#takeSymptoms(), REASON_GRACE)
  }

  #takeSymptoms(): void {
    for (const { execution, reason } of this.#symptoms.splice(0)) this.#taskEnded(execution, 'fail', reason)
  }

  count(counters: readonly TaskCountersProto[]): void {
    for (const c of counters) {
      const e = this.#graph.find(c.executionId)
      if (e) e.counters = c
    }
  }

  taskManagerLost(taskManager: TaskManager, reason: Failure): void {
    for (const e of this.#graph.executions) if (e.slot?.taskManager === taskManager && !e.terminal) this.#taskEnded(e, 'fail', reason)
    this.#takeSymptoms()
  }

  /** Cancelling what has ended, or is being cancelled, changes nothing. */
  cancel(): void {
    if (this.terminal || this.status === 'CANCELLING') return
    clearTimeout(this.#restartTimer)
    this.#apply('cancel')
    this.#takeSymptoms()
    this.#cancelTasks()
    this.#afterTask()
  }

  #taskEnded(e: Execution, event: 'finish' | 'canceled' | 'fail', reason?: Failure): void {
    if (!e.apply(event, Date.now())) return
    if (e.state === 'FAILED') this.#fail(reason!, e)
    this.#afterTask()
  }

  #fail(reason: Failure, e: Execution | undefined): void {
    this.#log.warn(`${e?.taskName ?? this.graph.name} switched to FAILED: ${stackTrace(reason)}`)
    if (this.status !== 'RUNNING') return
    const tm = e?.slot?.taskManager.registration
    const delay = this.#restarts.next()
    const recorded = delay === undefined ? failure(CLASSES.jobException, `Recovery is suppressed by ${this.#restarts.name}`, reason) : reason
    this.exceptions.unshift({
      failure: recorded,
      timestamp: Date.now(),
      taskName: e?.taskName.replace(/#\d+$/, ''),
      location: tm && `${tm.host}:${tm.dataPort}`,
      taskManagerId: tm?.resourceId,
    })
    this.#failure = recorded
    this.#restartDelay = delay
    if (delay === undefined) this.#apply('fail')
    else {
      this.#apply('restart')
      this.#log.info(`Job ${this.graph.name} (${this.graph.jobId}) will be restarted in ${delay} ms.`)
    }
    this.#takeSymptoms()
    this.#cancelTasks()
    this.#afterTask()
  }

  #cancelTasks(): void {
    const now = Date.now()
    const byTaskManager = new Map<TaskManager, string[]>()
    for (const e of this.#graph.executions) {
      if (e.terminal || !e.apply('cancel', now) || e.state !== 'CANCELING') continue
      const { taskManager } = e.slot!
      byTaskManager.set(taskManager, [...(byTaskManager.get(taskManager) ?? []), e.id])
    }
    for (const [taskManager, executionIds] of byTaskManager) {
      taskManager.gateway
        .cancelTasks({ executionIds })
        .catch((e: Error) => this.#log.warn(`Tasks at ${taskManager.registration.resourceId} could not be cancelled: ${e.message}`))
    }
  }

  /** What follows when the last task has ended. */
  #afterTask(): void {
    if (!this.#graph.executions.every((e) => e.terminal)) return
    switch (this.status) {
      case 'RUNNING':
        return this.#end('finish')
      case 'CANCELLING':
        return this.#end('canceled')
      case 'FAILING':
        return this.#end('failed')
      case 'RESTARTING': {
        this.#slots.release(this.graph.jobId)
        clearTimeout(this.#restartTimer)
        this.#restartTimer = setTimeout(() => {
          this.#graph.restart(Date.now())
          this.#run()
        }, this.#restartDelay)
        return
      }
    }
  }

  #end(event: 'finish' | 'canceled' | 'failed'): void {
    this.#apply(event)
    this.#slots.release(this.graph.jobId)
    const root = this.#failure && this.status === 'FAILED' ? failure(CLASSES.jobExecutionException, 'Job execution failed.', this.#failure) : undefined
    this.#done.resolve({ status: this.status as JobOutcome['status'], netRuntime: this.endTime - this.startTime, failure: root })
  }

  #apply(event: JobEvent): void {
    const before = this.status
    this.status = next(JOB, before, event)
    if (this.status === before) return
    this.timestamps[this.status] = Date.now()
    this.#changed()
    this.#log.info(`Job ${this.graph.name} (${this.graph.jobId}) switched from state ${before} to ${this.status}.`)
  }

  #changed(): void {
    this.lastModification = Date.now()
  }
}

/** @throws Error for a strategy that is not there */
function restartStrategy(conf: FlinkConfiguration): RestartStrategy {
  const name = conf.optional(options.restartStrategy.strategy)?.trim().toLowerCase() ?? 'none'
  switch (name) {
    case 'none':
    case 'off':
    case 'disable':
      return { name: 'NoRestartBackoffTimeStrategy', next: () => undefined }
    case 'fixed-delay':
    case 'fixeddelay': {
      const attempts = conf.get(options.restartStrategy.fixedDelayAttempts)
      const delay = conf.get(options.restartStrategy.fixedDelay)
      let used = 0
      const described = `FixedDelayRestartBackoffTimeStrategy(maxNumberRestartAttempts=${attempts}, backoffTimeMS=${delay})`
      return { name: described, next: () => (used++ < attempts ? delay : undefined) }
    }
    default:
      throw new Error(`${options.restartStrategy.strategy.key} is "${name}"; this engine has none and fixed-delay`)
  }
}
