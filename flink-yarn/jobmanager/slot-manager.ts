/** Registered TaskManagers and their slots; who holds a slot, who waits for some, how many TaskManagers are to come. */
import os from 'node:os'
import { RpcClient } from '../../common/rpc/client.js'
import type { Proxy as RpcProxy } from '../../common/rpc/protocol.js'
import type { Log } from '../log.js'
import type { HeartbeatRequestProto, RegisterTaskManagerRequestProto } from '../proto/gen/engine.js'
import { type TaskExecutorProtocol, clusterToken, taskExecutorProtocol } from '../proto/protocols.js'
import type { ResourceManagerDriver } from './driver.js'
import { CLASSES, type Failure, failure } from './failure.js'

export interface TaskManager {
  readonly registration: RegisterTaskManagerRequestProto
  readonly gateway: RpcProxy<TaskExecutorProtocol>
  /** The job that holds each slot. */
  readonly slots: (string | undefined)[]
  lastHeartbeat: number
  heapUsed: number
}

export interface AllocatedSlot {
  readonly taskManager: TaskManager
  readonly index: number
}

export interface SlotManagerOptions {
  readonly secret: Uint8Array
  readonly driver: ResourceManagerDriver
  /** As configured: what a TaskManager that is asked for will bring. */
  readonly slotsPerTaskManager: number
  /** Milliseconds. */
  readonly idleTimeout: number
  readonly heartbeatTimeout: number
  readonly onLost: (taskManager: TaskManager, reason: Failure) => void
  readonly log: Log
}

interface SlotRequest {
  readonly jobId: string
  readonly count: number
  readonly resolve: (slots: AllocatedSlot[]) => void
  readonly reject: (reason: Failure) => void
  readonly timer: NodeJS.Timeout
}

interface Entry extends TaskManager {
  readonly client: RpcClient<TaskExecutorProtocol>
  idle: NodeJS.Timeout | undefined
}

/** Time for the resource provider to say why a TaskManager's connection broke. */
const REASON_GRACE = 2_000
/** Failing TaskManager starts within a minute after which requests slow down (resourcemanager.start-worker.max-failure-rate). */
const MAX_FAILURES = 10
const FAILURE_PAUSE = 3_000

export class SlotManager {
  readonly #options: SlotManagerOptions
  readonly #taskManagers = new Map<string, Entry>()
  readonly #requests: SlotRequest[] = []
  readonly #heartbeats: NodeJS.Timeout
  #failures: number[] = []
  #pausedUntil = 0
  #closed = false

  constructor(options: SlotManagerOptions) {
    this.#options = options
    this.#heartbeats = setInterval(() => this.#checkHeartbeats(), Math.max(10, options.heartbeatTimeout / 5))
  }

  get taskManagers(): readonly TaskManager[] {
    return [...this.#taskManagers.values()]
  }

  get(resourceId: string): TaskManager | undefined {
    return this.#taskManagers.get(resourceId)
  }

  register(registration: RegisterTaskManagerRequestProto): void {
    const { resourceId, host, rpcPort, slots } = registration
    const before = this.#taskManagers.get(resourceId)
    if (before) this.#remove(before, failure(CLASSES.flinkException, `The TaskManager ${resourceId} registered anew.`))
    const options = { user: os.userInfo().username, token: clusterToken(this.#options.secret), maxIdle: 0x7fffffff }
    const client = new RpcClient(taskExecutorProtocol, [{ host, port: rpcPort }], options)
    const entry: Entry = {
      registration,
      client,
      gateway: client.proxy,
      slots: new Array<string | undefined>(slots).fill(undefined),
      lastHeartbeat: Date.now(),
      heapUsed: 0,
      idle: undefined,
    }
    this.#taskManagers.set(resourceId, entry)
    this.#options.log.info(`Registering TaskManager with ResourceID ${resourceId} (${host}:${rpcPort}, ${slots} slots).`)
    this.#options.driver.workerRegistered(resourceId)
    this.#watch(entry)
    this.#startIdle(entry)
    this.#serve()
  }

  /** @returns false when the TaskManager is not known (any more) */
  heartbeat(request: HeartbeatRequestProto): boolean {
    const entry = this.#taskManagers.get(request.resourceId)
    if (!entry) return false
    entry.lastHeartbeat = Date.now()
    entry.heapUsed = request.heapUsed
    return true
  }

  /** All of a job's slots, at once when that many are free. @returns rejects with a Failure after `timeout` ms */
  request(jobId: string, count: number, timeout: number): Promise<AllocatedSlot[]> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#drop(request)
        const late = failure(CLASSES.timeout, `Timeout has occurred: ${timeout} ms`)
        const text = 'Slot request bulk is not fulfillable! Could not allocate the required slot within slot request timeout'
        reject(failure(CLASSES.noResource, text, late))
      }, timeout)
      const request: SlotRequest = { jobId, count, resolve, reject, timer }
      this.#requests.push(request)
      this.#serve()
    })
  }

  /** Takes back what a job asked for, and frees what it holds. */
  release(jobId: string): void {
    for (const r of this.#requests.filter((r) => r.jobId === jobId)) this.#drop(r)
    for (const tm of this.#taskManagers.values()) {
      const mine = tm.slots.flatMap((holder, index) => (holder === jobId ? [index] : []))
      if (mine.length === 0) continue
      for (const index of mine) tm.slots[index] = undefined
      tm.gateway.freeSlots({ slots: mine }).catch((e) => {
        if (!this.#closed) this.#options.log.warn(`Slots of ${tm.registration.resourceId} could not be freed: ${e.message}`)
      })
      this.#startIdle(tm)
    }
    this.#serve()
  }

  /** A TaskManager that is gone: what ran there has failed. */
  terminated(resourceId: string | undefined, reason: string): void {
    const entry = resourceId === undefined ? undefined : this.#taskManagers.get(resourceId)
    if (entry) this.#remove(entry, failure(CLASSES.flinkException, reason))
    else this.#countFailure(reason)
    this.#serve()
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#heartbeats)
    for (const r of [...this.#requests]) this.#drop(r)
    for (const tm of this.#taskManagers.values()) {
      clearTimeout(tm.idle)
      tm.client.close()
    }
  }

  #drop(request: SlotRequest): void {
    clearTimeout(request.timer)
    const at = this.#requests.indexOf(request)
    if (at >= 0) this.#requests.splice(at, 1)
    this.#require()
  }

  /** Gives free slots to those who wait, in order; a later, smaller request may go first rather than wait behind one that can't be served. */
  #serve(): void {
    for (const request of [...this.#requests]) {
      const free = this.#free()
      if (free.length < request.count) continue
      const given = free.slice(0, request.count)
      for (const { taskManager, index } of given) {
        taskManager.slots[index] = request.jobId
        clearTimeout((taskManager as Entry).idle)
      }
      this.#drop(request)
      request.resolve(given)
    }
    this.#require()
  }

  #free(): AllocatedSlot[] {
    return this.taskManagers.flatMap((taskManager) => taskManager.slots.flatMap((holder, index) => (holder === undefined ? [{ taskManager, index }] : [])))
  }

  #require(): void {
    if (this.#closed) return
    const wait = this.#pausedUntil - Date.now()
    if (wait > 0) {
      setTimeout(() => this.#require(), wait).unref()
      return
    }
    const wanted = this.#requests.reduce((sum, r) => sum + r.count, 0)
    const missing = wanted === 0 ? 0 : Math.max(0, wanted - this.#free().length)
    this.#options.driver.requireWorkers(Math.ceil(missing / this.#options.slotsPerTaskManager))
  }

  #countFailure(reason: string): void {
    const now = Date.now()
    this.#failures = [...this.#failures.filter((t) => t > now - 60_000), now]
    this.#options.log.warn(`A TaskManager did not come: ${reason}`)
    if (this.#failures.length > MAX_FAILURES) {
      this.#pausedUntil = now + FAILURE_PAUSE
      this.#options.log.warn(`More than ${MAX_FAILURES} TaskManagers failed to start within a minute; the next is asked for in ${FAILURE_PAUSE} ms.`)
    }
  }

  #remove(entry: Entry, reason: Failure): void {
    const { resourceId } = entry.registration
    if (this.#taskManagers.get(resourceId) !== entry) return
    this.#taskManagers.delete(resourceId)
    clearTimeout(entry.idle)
    entry.client.close()
    this.#options.log.info(`TaskManager ${resourceId} is gone: ${reason.message}`)
    this.#options.onLost(entry, reason)
  }

  /** Its connection ends with the process: that is known long before a heartbeat is missed. */
  #watch(entry: Entry): void {
    entry.gateway.watch({}, { timeout: 0 }).catch(() => {
      const { resourceId, host, rpcPort } = entry.registration
      if (this.#closed || this.#taskManagers.get(resourceId) !== entry) return
      this.#options.driver.suspectWorker(resourceId)
      const reason = `Connection to TaskManager ${resourceId} at ${host}:${rpcPort} was lost. The TaskManager is no longer reachable.`
      setTimeout(() => this.#remove(entry, failure(CLASSES.jobException, reason)), REASON_GRACE).unref()
    })
  }

  #checkHeartbeats(): void {
    const oldest = Date.now() - this.#options.heartbeatTimeout
    for (const entry of this.#taskManagers.values()) {
      if (entry.lastHeartbeat > oldest) continue
      const { resourceId } = entry.registration
      this.#options.driver.releaseWorker(resourceId)
      this.#remove(entry, failure(CLASSES.timeout, `Heartbeat of TaskManager with id ${resourceId} timed out.`))
    }
    this.#serve()
  }

  #startIdle(entry: Entry): void {
    clearTimeout(entry.idle)
    if (entry.slots.some((holder) => holder !== undefined)) return
    entry.idle = setTimeout(() => {
      const { resourceId } = entry.registration
      if (this.#taskManagers.get(resourceId) !== entry || entry.slots.some((holder) => holder !== undefined)) return
      // It is one of those that a job waits for: the others are still to come.
      if (this.#requests.length > 0) return this.#startIdle(entry)
      this.#remove(entry, failure(CLASSES.flinkException, 'TaskManager exceeded the idle timeout'))
      this.#options.driver.releaseWorker(resourceId)
    }, this.#options.idleTimeout)
    entry.idle.unref()
  }
}
