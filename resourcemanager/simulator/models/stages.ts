/** Applications made of stages: groups of like containers, each asked for when the stages before it are done far enough. */
import { EXIT, type Resource } from '../../../common/records/index.js'
import { ANY, type AllocatedContainer, type CompletedContainer } from '../../core/index.js'
import type { Behaviour } from '../engine/master.js'
import type { ApplicationPort, MasterPort, StartedContainer } from '../engine/ports.js'
import { millis, type Random } from '../engine/random.js'
import type { Stage } from '../workload.js'

const FAILED = 1

interface Task {
  /** Absent: as long as the application lives. */
  readonly duration: number | undefined
  readonly hosts: readonly string[]
  askedAt: number
  container: StartedContainer | undefined
}

class StageRun {
  readonly tasks: Task[] = []
  /** Asked for and not yet given a container, oldest first. */
  waiting: Task[] = []
  readonly delay: number
  done = 0
  /** It may ask, or has asked. */
  open = false
  /** Its delay is over: what a stage without containers, its master's own work, is done with. */
  asked = false

  constructor(
    readonly stage: Stage,
    /** Tells apart stages of one priority that ask for different things. */
    readonly requestId: number,
    random: Random,
  ) {
    const { hosts = [] } = stage
    this.delay = millis(random, stage.delay)
    for (let i = 0; i < stage.count; i++) {
      this.tasks.push({
        duration: stage.durations?.[i] ?? (stage.duration === undefined ? undefined : Math.max(1, millis(random, stage.duration))),
        hosts: (hosts.length === 1 ? hosts[0] : hosts[i]) ?? [],
        askedAt: 0,
        container: undefined,
      })
    }
  }
}

/** Its containers live as long as the application. */
const isService = (s: StageRun) => s.tasks.length > 0 && s.tasks.every((t) => t.duration === undefined)

function isDone(s: StageRun, fraction = 1): boolean {
  return s.tasks.length === 0 ? s.asked : s.done >= Math.ceil(fraction * s.tasks.length)
}

export class StagesBehaviour implements Behaviour {
  readonly #stages: StageRun[]
  /** With these it ends: those that are not services. */
  readonly #ending: StageRun[]
  readonly #running = new Map<string, { readonly task: Task; readonly stage: StageRun }>()
  #master: MasterPort | undefined
  #application: ApplicationPort | undefined

  constructor(
    stages: readonly Stage[],
    private readonly random: Random,
    private readonly recovers: boolean,
    private readonly racks: (host: string) => string,
    private readonly lasts?: number,
  ) {
    const seen = new Map<number, Resource>()
    const clash = stages.some((s) => {
      const before = seen.get(s.priority)
      seen.set(s.priority, s.resource)
      return before !== undefined && (before.memory !== s.resource.memory || before.vcores !== s.resource.vcores)
    })
    this.#stages = stages.map((s, i) => new StageRun(s, clash ? i : -1, random))
    this.#ending = this.#stages.filter((s) => !isService(s))
  }

  get waiting(): boolean {
    return this.#stages.some((s) => s.waiting.length > 0)
  }

  /** The longest way through its stages. */
  get aloneMillis(): number | undefined {
    if (this.lasts !== undefined) return this.lasts
    const ending = this.#ending
    if (ending.some((s) => s.tasks.some((t) => t.duration === undefined)) || (ending.length === 0 && this.#stages.length > 0)) return undefined
    const ends = new Map<string, number[]>()
    let last = 0
    for (const { stage, tasks, delay } of ending) {
      const start = Math.max(0, ...(stage.after ?? []).map((a) => nthOf(ends.get(a.stage) ?? [], a.fraction ?? 1))) + delay
      const all = tasks.map((t) => start + t.duration!).sort((a, b) => a - b)
      ends.set(stage.name, all.length > 0 ? all : [start])
      last = Math.max(last, all.at(-1) ?? start)
    }
    return last
  }

  bind(application: ApplicationPort): void {
    this.#application = application
  }

  begin(master: MasterPort): void {
    this.#master = master
    for (const s of this.#stages) {
      s.open = false
      s.asked = false
      if (!this.recovers) s.done = 0
    }
    if (this.lasts !== undefined) master.at(Math.max(master.now, this.#application!.submittedAt + this.lasts), () => master.finish('SUCCEEDED'))
    this.#advance()
  }

  end(): void {
    this.#master = undefined
    for (const { task, stage } of this.#running.values()) {
      task.container = undefined
      if (this.recovers) stage.waiting.push(task)
    }
    this.#running.clear()
    for (const s of this.#stages) s.waiting = this.recovers ? s.waiting : []
  }

  // ── stages ──

  /** Opens what may be opened; ends when all is done. */
  #advance(): void {
    const master = this.#master!
    for (const s of this.#stages) {
      if (s.open || !this.#ready(s)) continue
      s.open = true
      if (s.delay === 0 && s.tasks.length > 0) this.#ask(s)
      else master.at(master.now + s.delay, () => this.#ask(s))
    }
    const endless = this.lasts !== undefined || (this.#ending.length === 0 && this.#stages.length > 0)
    if (!endless && this.#ending.every((s) => isDone(s))) master.finish('SUCCEEDED')
  }

  #ready(s: StageRun): boolean {
    return (s.stage.after ?? []).every(({ stage, fraction = 1 }) => {
      const before = this.#stages.find((b) => b.stage.name === stage)!
      return isDone(before, fraction)
    })
  }

  #ask(s: StageRun): void {
    s.asked = true
    if (s.tasks.length === 0) {
      this.#advance()
      return
    }
    // After its master's failure only what was not done is asked for again.
    const wanted = s.waiting.length > 0 ? s.waiting : s.done === 0 ? s.tasks : []
    s.waiting = []
    this.#want(s, wanted)
  }

  #want(s: StageRun, tasks: readonly Task[]): void {
    if (tasks.length === 0) return
    const { now } = this.#master!
    for (const task of tasks) task.askedAt = now
    s.waiting.push(...tasks)
    this.#application!.containers.asked += tasks.length
    this.#tell(s, tasks)
  }

  /** The numbers wanted at the places of these tasks, and of all. */
  #tell(s: StageRun, tasks: readonly Task[]): void {
    const { stage } = s
    const request = (resourceName: string, numContainers: number) =>
      this.#master!.ask({
        priority: stage.priority,
        resourceName,
        capability: stage.resource,
        numContainers,
        allocationRequestId: s.requestId,
        relaxLocality: resourceName === ANY ? (stage.relaxLocality ?? true) : true,
        ...(stage.nodeLabelExpression !== undefined && resourceName === ANY && { nodeLabelExpression: stage.nodeLabelExpression }),
      })
    // Stages of one priority and size are one request to the ResourceManager.
    const waiting = this.#stages.filter((x) => x.stage.priority === stage.priority && x.requestId === s.requestId).flatMap((x) => x.waiting)
    if (stage.hosts) {
      for (const host of placesOf(tasks, (t) => t.hosts))
        request(
          host,
          count(waiting, (t) => t.hosts.includes(host)),
        )
      const racks = (t: Task) => [...new Set(t.hosts.map(this.racks))]
      for (const rack of placesOf(tasks, racks))
        request(
          rack,
          count(waiting, (t) => racks(t).includes(rack)),
        )
    }
    request(ANY, waiting.length)
  }

  // ── containers ──

  allocated(containers: readonly AllocatedContainer[]): void {
    const master = this.#master!
    const application = this.#application!
    for (const c of containers) {
      const s = this.#stages.find(
        (x) => x.waiting.length > 0 && x.stage.priority === c.priority && (x.requestId === -1 || x.requestId === c.allocationRequestId),
      )
      if (!s) {
        master.release(c.containerId)
        continue
      }
      const task = this.#taskFor(s, c.nodeId.host)
      application.containerAllocated(application.allocationTime(c), task.askedAt)
      const fails = s.stage.failureProbability !== undefined && this.random.next() < s.stage.failureProbability
      const started = application.start(c, task.duration, fails ? FAILED : 0)
      if (started) {
        task.container = started
        this.#running.set(started.key, { task, stage: s })
      } else {
        // Its node is gone: the ResourceManager will say so, but it need not be waited for.
        master.release(c.containerId)
        this.#want(s, [task])
      }
    }
  }

  /** One that prefers the host, else its rack, else the oldest. */
  #taskFor(s: StageRun, host: string): Task {
    if (!s.stage.hosts) return s.waiting.shift()!
    let at = s.waiting.findIndex((t) => t.hosts.includes(host))
    if (at < 0) {
      const rack = this.racks(host)
      at = s.waiting.findIndex((t) => t.hosts.some((h) => this.racks(h) === rack))
    }
    const task = s.waiting.splice(Math.max(at, 0), 1)[0]!
    // The ResourceManager has taken one where it placed it; the task's other places are told.
    if (task.hosts.length > 1 || !task.hosts.includes(host)) this.#tell(s, [task])
    return task
  }

  completed(containers: readonly CompletedContainer[]): void {
    const application = this.#application!
    for (const c of containers) {
      const entry = this.#running.get(application.keyOf(c.containerId))
      if (!entry) continue
      const { task, stage } = entry
      this.#running.delete(application.keyOf(c.containerId))
      task.container = undefined
      application.countEnd(c.exitStatus)
      if (c.exitStatus === EXIT.SUCCESS && this.lasts === undefined) stage.done++
      else this.#want(stage, [task])
    }
    this.#advance()
  }
}

/** The end of that part of them. */
function nthOf(ends: readonly number[], fraction: number): number {
  return ends[Math.max(0, Math.ceil(fraction * ends.length) - 1)] ?? 0
}

function placesOf(tasks: readonly Task[], of: (t: Task) => readonly string[]): Set<string> {
  return new Set(tasks.flatMap((t) => of(t)))
}

function count(tasks: readonly Task[], which: (t: Task) => boolean): number {
  let n = 0
  for (const t of tasks) if (which(t)) n++
  return n
}
