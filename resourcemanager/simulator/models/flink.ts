/**
 * Flink's active resource manager: jobs want slots, TaskManagers are asked for as slots are missing, go when idle, and their loss restarts
 * the jobs that ran on them.
 */
import type { AllocatedContainer, CompletedContainer } from '../../core/index.js'
import { ANY } from '../../core/index.js'
import type { Behaviour } from '../engine/master.js'
import type { ApplicationPort, MasterPort, StartedContainer } from '../engine/ports.js'
import { millis, type Random } from '../engine/random.js'
import type { FlinkPlan } from '../workload.js'

const IDLE_TIMEOUT = 30_000
const RESTART_DELAY = 1000
/** Priority of TaskManager containers. */
const PRIORITY = 1

interface TaskManager {
  readonly id: AllocatedContainer['containerId']
  container: StartedContainer | undefined
  registered: boolean
  /** By job. */
  readonly slots: Job[]
  idleSince: number
}

interface Job {
  readonly at: number
  readonly duration: number | undefined
  slots: number
  state: 'CREATED' | 'WAITING' | 'RUNNING' | 'RESTARTING' | 'FINISHED'
  /** How long it has run, and since when it does. */
  done: number
  since: number
  /** Counts its starts: what was planned for an earlier one is void. */
  start: number
}

export class FlinkBehaviour implements Behaviour {
  readonly #jobs: Job[]
  #taskManagers = new Map<string, TaskManager>()
  /** When each TaskManager not yet allocated was asked for. */
  #asked: number[] = []
  #master: MasterPort | undefined
  #application: ApplicationPort | undefined

  constructor(
    private readonly plan: FlinkPlan,
    private readonly random: Random,
  ) {
    this.#jobs = plan.jobs.map((j) => ({
      at: j.at,
      duration: j.duration === undefined ? undefined : Math.max(1, millis(random, j.duration)),
      slots: j.slots,
      state: 'CREATED',
      done: 0,
      since: 0,
      start: 0,
    }))
  }

  get waiting(): boolean {
    return this.#asked.length > 0
  }

  get aloneMillis(): number | undefined {
    if (this.plan.mode === 'session' || this.#jobs.some((j) => j.duration === undefined)) return undefined
    return Math.max(0, ...this.#jobs.map((j) => j.at + j.duration!))
  }

  bind(application: ApplicationPort): void {
    this.#application = application
  }

  begin(master: MasterPort): void {
    this.#master = master
    this.#taskManagers = new Map()
    this.#asked = []
    for (const [i, job] of this.#jobs.entries()) {
      if (job.state === 'FINISHED') continue
      job.state = 'CREATED'
      // After its master's failure a job is there at once.
      const at = job.start === 0 ? master.now + job.at : master.now
      master.at(at, () => this.#submit(job))
      for (const r of this.plan.jobs[i]!.rescale ?? []) {
        if (job.start === 0) master.at(at + r.at, () => this.#rescale(job, r.slots))
      }
    }
    this.#endWhenDone()
  }

  end(): void {
    for (const job of this.#jobs) if (job.state === 'RUNNING') this.#pause(job)
    this.#master = undefined
  }

  // ── jobs ──

  #submit(job: Job): void {
    job.state = 'WAITING'
    job.start++
    this.#assign()
  }

  /** Gives free slots to the jobs that wait, oldest first, and asks for what is missing. */
  #assign(): void {
    let free = 0
    for (const tm of this.#taskManagers.values()) if (tm.registered) free += this.plan.slotsPerTaskManager - tm.slots.length
    let missing = 0
    for (const job of this.#jobs) {
      if (job.state !== 'WAITING') continue
      if (job.slots <= free && missing === 0) {
        free -= job.slots
        this.#run(job)
      } else {
        missing += job.slots
      }
    }
    this.#request(missing - free)
  }

  #run(job: Job): void {
    const { now } = this.#master!
    let left = job.slots
    for (const tm of this.#taskManagers.values()) {
      if (!tm.registered) continue
      while (left > 0 && tm.slots.length < this.plan.slotsPerTaskManager) {
        tm.slots.push(job)
        left--
      }
    }
    job.state = 'RUNNING'
    job.since = now
    const { start } = job
    if (job.duration === undefined) return
    this.#master!.at(now + Math.max(0, job.duration - job.done), () => {
      if (job.state !== 'RUNNING' || job.start !== start) return
      job.state = 'FINISHED'
      this.#free(job)
      this.#assign()
      this.#endWhenDone()
    })
  }

  /** What it has done so far is kept. */
  #pause(job: Job): void {
    if (job.state === 'RUNNING') job.done += this.#master!.now - job.since
    job.start++
    this.#free(job)
  }

  #free(job: Job): void {
    const master = this.#master!
    for (const tm of this.#taskManagers.values()) {
      if (!tm.slots.includes(job)) continue
      const rest = tm.slots.filter((j) => j !== job)
      tm.slots.splice(0, tm.slots.length, ...rest)
      if (rest.length === 0) this.#idle(tm, master.now)
    }
  }

  #rescale(job: Job, slots: number): void {
    if (job.state === 'FINISHED' || slots === job.slots) return
    job.slots = slots
    if (job.state !== 'RUNNING') return
    this.#pause(job)
    job.state = 'WAITING'
    this.#assign()
  }

  #restart(job: Job): void {
    this.#pause(job)
    job.state = 'RESTARTING'
    const { start } = job
    this.#master!.at(this.#master!.now + millis(this.random, this.plan.restartDelay ?? RESTART_DELAY), () => {
      if (job.state !== 'RESTARTING' || job.start !== start) return
      job.state = 'WAITING'
      this.#assign()
    })
  }

  #endWhenDone(): void {
    if (this.plan.mode !== 'session' && this.#jobs.every((j) => j.state === 'FINISHED')) this.#master!.finish('SUCCEEDED')
  }

  // ── TaskManagers ──

  /** Asks for as many as it takes to have so many slots more, beyond those on their way. */
  #request(slots: number): void {
    const per = this.plan.slotsPerTaskManager
    let onTheirWay = this.#asked.length
    for (const tm of this.#taskManagers.values()) if (!tm.registered) onTheirWay++
    const wanted = Math.ceil(Math.max(slots, 0) / per)
    if (wanted <= onTheirWay) return
    const more = wanted - onTheirWay
    for (let i = 0; i < more; i++) this.#asked.push(this.#master!.now)
    this.#application!.containers.asked += more
    this.#tell()
  }

  #tell(): void {
    this.#master!.ask({ priority: PRIORITY, resourceName: ANY, capability: this.plan.taskManager, numContainers: this.#asked.length })
  }

  allocated(containers: readonly AllocatedContainer[]): void {
    const application = this.#application!
    for (const c of containers) {
      const askedAt = this.#asked.shift()
      if (askedAt === undefined) {
        this.#master!.release(c.containerId)
        continue
      }
      application.containerAllocated(application.allocationTime(c), askedAt)
      const tm: TaskManager = { id: c.containerId, container: undefined, registered: false, slots: [], idleSince: 0 }
      this.#taskManagers.set(application.keyOf(c.containerId), tm)
      tm.container = application.start(c, undefined, 0, (at) => {
        if (!this.#master) return
        tm.registered = true
        this.#idle(tm, at)
        this.#assign()
      })
    }
  }

  /** From now on it has nothing to do; it goes when that lasts. */
  #idle(tm: TaskManager, now: number): void {
    tm.idleSince = now
    const timeout = this.plan.idleTimeout ?? IDLE_TIMEOUT
    this.#master!.at(now + timeout, () => {
      if (tm.slots.length > 0 || tm.idleSince !== now || !this.#taskManagers.delete(this.#application!.keyOf(tm.id))) return
      this.#application!.containers.completed++
      this.#master!.release(tm.id)
      if (tm.container) this.#application!.stop(tm.container)
    })
  }

  completed(containers: readonly CompletedContainer[]): void {
    const application = this.#application!
    for (const c of containers) {
      const key = application.keyOf(c.containerId)
      const tm = this.#taskManagers.get(key)
      if (!tm) continue
      this.#taskManagers.delete(key)
      application.countEnd(c.exitStatus)
      const lost = new Set(tm.slots)
      for (const job of lost) this.#restart(job)
    }
    this.#assign()
  }
}
