/**
 * What happened in a recorded life of a ResourceManager, application by application and node by node: its events through a new core, whose
 * answers tell what the log itself does not (which containers an application master was given, and when).
 */
import { type ApplicationAttemptId, type ContainerId, type NodeId, type Resource, formatContainerId } from '../../../common/records/index.js'
import {
  type AllocateAnswer,
  type ApplicationSubmission,
  type CompletedContainer,
  type Core,
  type CoreConfig,
  type Event,
  type ResourceRequest,
  createCore,
} from '../../core/index.js'
import { readEventLog } from '../../runtime/event-log.js'

export interface RecordedContainer {
  readonly id: string
  readonly priority: number
  readonly resource: Resource
  readonly allocatedAt: number
  /** When its application master got it. */
  readonly givenAt: number
  /** First and last report of its node. */
  runningAt?: number
  completeAt?: number
  exitStatus?: number
  /** Its master gave it back. */
  released?: boolean
}

/** One allocate in which a master asked, or was told of ends. */
export interface RecordedAllocate {
  readonly at: number
  readonly asks: readonly ResourceRequest[]
  readonly given: readonly RecordedContainer[]
  readonly completed: readonly CompletedContainer[]
}

export interface RecordedAttempt {
  readonly number: number
  amAllocatedAt?: number
  launchedAt?: number
  registeredAt?: number
  finishedAt?: number
  /** Its node's report of the master's end. */
  exitedAt?: number
  masterContainer?: string
  readonly allocates: RecordedAllocate[]
  /** Times of all allocates: how often it speaks. */
  readonly beats: number[]
}

export interface RecordedApplication {
  readonly submission: ApplicationSubmission
  readonly key: string
  readonly submittedAt: number
  readonly attempts: RecordedAttempt[]
  killedAt?: number
  endedAt?: number
}

export interface RecordedNode {
  readonly id: NodeId
  readonly key: string
  readonly rack: string | undefined
  readonly labels: readonly string[]
  resource: Resource
  readonly upAt: number
  readonly outages: { kind: 'failure' | 'decommission'; from: number; to?: number }[]
  lastHeartbeat: number
  firstHeartbeat?: number
  /** From the heartbeat before to one that tells of ends. */
  readonly tellingGaps: number[]
}

export interface RecordedLife {
  readonly config: CoreConfig
  readonly firstLine: number
  /** Times of all else count from here. */
  readonly start: number
  readonly end: number
  readonly applications: readonly RecordedApplication[]
  readonly nodes: readonly RecordedNode[]
  /** What was seen and can't be simulated, by kind. */
  readonly beside: ReadonlyMap<string, number>
}

const attemptKey = (id: ApplicationAttemptId) => `${id.applicationId.clusterTimestamp}_${id.applicationId.id}`
const nodeKey = (id: NodeId) => `${id.host}:${id.port}`

class Recorder {
  readonly #core: Core
  readonly #applications = new Map<string, RecordedApplication>()
  readonly #nodes = new Map<string, RecordedNode>()
  readonly #containers = new Map<string, RecordedContainer>()
  readonly #masters = new Map<string, RecordedAttempt>()
  readonly beside = new Map<string, number>()
  start = -1
  end = 0

  constructor(
    readonly config: CoreConfig,
    readonly firstLine: number,
  ) {
    this.#core = createCore(config)
  }

  get submissions(): number {
    return this.#applications.size
  }

  life(): RecordedLife {
    const { config, firstLine, start, end, beside } = this
    return { config, firstLine, start, end, applications: [...this.#applications.values()], nodes: [...this.#nodes.values()], beside }
  }

  #beside(what: string): void {
    this.beside.set(what, (this.beside.get(what) ?? 0) + 1)
  }

  #attempt(id: ApplicationAttemptId): RecordedAttempt | undefined {
    return this.#applications.get(attemptKey(id))?.attempts.find((a) => a.number === id.attemptId)
  }

  take(event: Event, clock: number): void {
    if (this.start < 0) this.start = clock
    const now = clock - this.start
    this.end = now
    const { answer, error, effects } = this.#core.step(event, clock)
    if (error) return
    // An application's master may be launched in the very step that submits it.
    this.#note(event, answer, now)
    for (const e of effects) {
      if (e.type === 'launchAM') {
        const attempt: RecordedAttempt = {
          number: e.attemptId.attemptId,
          amAllocatedAt: e.container.creationTime - this.start,
          masterContainer: formatContainerId(e.container.containerId),
          allocates: [],
          beats: [],
        }
        this.#applications.get(attemptKey(e.attemptId))?.attempts.push(attempt)
        this.#masters.set(attempt.masterContainer!, attempt)
      } else if (e.type === 'applicationFinished') {
        const application = this.#applications.get(`${e.applicationId.clusterTimestamp}_${e.applicationId.id}`)
        if (application) application.endedAt = now
      } else if (e.type === 'nodeStateChanged') {
        this.#nodeChanged(nodeKey(e.nodeId), e.to, now)
      }
    }
  }

  #note(event: Event, answer: unknown, now: number): void {
    switch (event.type) {
      case 'submitApplication': {
        const { submission } = event
        const key = `${submission.applicationId.clusterTimestamp}_${submission.applicationId.id}`
        if (submission.unmanagedAM) this.#beside('applications with unmanaged masters')
        else if (!this.#applications.has(key)) this.#applications.set(key, { submission, key, submittedAt: now, attempts: [] })
        return
      }
      case 'killApplication': {
        const application = this.#applications.get(`${event.applicationId.clusterTimestamp}_${event.applicationId.id}`)
        if (application && application.endedAt === undefined) application.killedAt ??= now
        return
      }
      case 'amLaunched':
        this.#set(event.attemptId, (a) => {
          a.launchedAt = now
        })
        return
      case 'registerApplicationMaster':
        this.#set(event.attemptId, (a) => {
          a.registeredAt ??= now
        })
        return
      case 'finishApplicationMaster':
        this.#set(event.attemptId, (a) => {
          a.finishedAt ??= now
        })
        return
      case 'allocate':
        this.#allocated(event, answer as AllocateAnswer, now)
        return
      case 'registerNode':
        this.#registered(event, now)
        return
      case 'nodeHeartbeat': {
        const node = this.#nodes.get(nodeKey(event.nodeId))
        if (node) {
          if (node.firstHeartbeat !== undefined && event.containers.some((c) => this.#isNewEnd(c.containerId, c.state)))
            node.tellingGaps.push(now - node.lastHeartbeat)
          node.lastHeartbeat = now
          node.firstHeartbeat ??= now
        }
        for (const c of event.containers) this.#reported(c.containerId, c.state, c.exitStatus, now)
        return
      }
      case 'updateNodeResource': {
        this.#beside('changes of a node’s resources')
        return
      }
      case 'refreshQueues':
      case 'moveApplication':
      case 'updatePriority':
      case 'updateTimeouts':
      case 'failAttempt':
      case 'replaceLabelsOnNodes':
        this.#beside(`events of type ${event.type}`)
        return
      case 'recover':
        if (event.applications.length > 0) this.#beside('applications that a restarted ResourceManager took over')
        return
      default:
    }
  }

  #set(id: ApplicationAttemptId, f: (a: RecordedAttempt) => void): void {
    const attempt = this.#attempt(id)
    if (attempt) f(attempt)
  }

  #allocated(event: Extract<Event, { type: 'allocate' }>, answer: AllocateAnswer, now: number): void {
    const attempt = this.#attempt(event.attemptId)
    if (!attempt) return
    attempt.beats.push(now)
    const given = answer.allocated.map((c): RecordedContainer => {
      const container = {
        id: formatContainerId(c.containerId),
        priority: c.priority,
        resource: c.resource,
        allocatedAt: c.creationTime - this.start,
        givenAt: now,
      }
      this.#containers.set(container.id, container)
      return container
    })
    for (const id of event.releases) {
      const container = this.#containers.get(formatContainerId(id))
      if (container) {
        container.released = true
        container.completeAt ??= now
      }
    }
    for (const c of answer.completed) {
      const container = this.#containers.get(formatContainerId(c.containerId))
      if (!container) continue
      container.completeAt ??= now
      container.exitStatus ??= c.exitStatus
    }
    if (event.asks.length > 0 || given.length > 0 || answer.completed.length > 0)
      attempt.allocates.push({ at: now, asks: event.asks, given, completed: answer.completed })
    if (event.schedulingRequests && event.schedulingRequests.length > 0) this.#beside('requests by placement constraint')
    if (event.updates && event.updates.length > 0) this.#beside('containers whose size was changed')
  }

  #isNewEnd(id: ContainerId, state: string): boolean {
    if (state !== 'COMPLETE') return false
    const name = formatContainerId(id)
    return (this.#containers.get(name) ?? { completeAt: this.#masters.get(name)?.exitedAt }).completeAt === undefined
  }

  #reported(id: ContainerId, state: string, exitStatus: number, now: number): void {
    const name = formatContainerId(id)
    const container = this.#containers.get(name)
    if (container) {
      if (state === 'RUNNING') container.runningAt ??= now
      if (state === 'COMPLETE') {
        container.completeAt ??= now
        container.exitStatus ??= exitStatus
      }
    } else if (state === 'COMPLETE') {
      const master = this.#masters.get(name)
      if (master) master.exitedAt ??= now
    }
  }

  #registered(event: Extract<Event, { type: 'registerNode' }>, now: number): void {
    const key = nodeKey(event.nodeId)
    const known = this.#nodes.get(key)
    if (known) {
      const outage = known.outages.at(-1)
      if (outage) outage.to ??= now
      known.resource = event.resource
      known.lastHeartbeat = now
      return
    }
    const node = this.#core.node(event.nodeId)
    this.#nodes.set(key, {
      id: event.nodeId,
      key,
      rack: event.rack,
      labels: node?.labels ?? event.labels ?? [],
      resource: event.resource,
      upAt: now,
      outages: [],
      tellingGaps: [],
      lastHeartbeat: now,
    })
  }

  #nodeChanged(key: string, to: string, now: number): void {
    const node = this.#nodes.get(key)
    if (!node) return
    const open = node.outages.at(-1)
    if (open && open.to === undefined) {
      if (to === 'RUNNING') open.to = now
      return
    }
    if (to === 'LOST') node.outages.push({ kind: 'failure', from: node.lastHeartbeat })
    else if (to === 'DECOMMISSIONED' || to === 'SHUTDOWN' || to === 'UNHEALTHY') node.outages.push({ kind: 'decommission', from: now })
  }
}

/** The life with the most applications, and how many there were. @throws Error when the file is no event log */
export async function recordLife(file: string, onEvent?: (events: number) => void): Promise<{ readonly life: RecordedLife; readonly lives: number }> {
  let best: Recorder | undefined
  let current: Recorder | undefined
  let lives = 0
  let events = 0
  const keep = () => {
    if (current && (!best || current.submissions >= best.submissions)) best = current
  }
  for await (const entry of readEventLog(file)) {
    if ('config' in entry) {
      keep()
      current = new Recorder(entry.config, entry.line)
      lives++
      continue
    }
    current!.take(entry.event, entry.now)
    onEvent?.(++events)
  }
  keep()
  return { life: best!.life(), lives }
}
