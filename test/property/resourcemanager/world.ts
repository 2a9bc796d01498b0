/**
 * NodeManagers, application masters and a state store around a ResourceManager core, as far as they behave: nodes register again when told
 * to, masters too, and what was persisted outlives the core. Everything that happens is recorded.
 */
import { isException } from '../../../common/errors.js'
import {
  type ApplicationAttemptId,
  type ApplicationId,
  type ContainerId,
  formatContainerId,
  formatNodeId,
  type NodeId,
  type Resource,
} from '../../../common/records/index.js'
import {
  type Allocate,
  type AllocateAnswer,
  type AllocatedContainer,
  type Answer,
  type ApplicationSubmission,
  type ContainerStatus,
  type Core,
  type CoreConfig,
  coreConfig,
  createCore,
  type Effect,
  type Event,
  type NodeHeartbeat,
  type Outcome,
} from '../../../resourcemanager/core/index.js'
import { openMemoryStore } from '../../../resourcemanager/store/memory.js'
import { operationOf } from '../../../resourcemanager/store/state-store.js'
import { gb, request, TIMESTAMP } from '../../unit/resourcemanager-core/cluster.js'

export interface SimNode {
  readonly nodeId: NodeId
  readonly rack: string
  total: Resource
  responseId: number
  readonly running: Map<string, AllocatedContainer>
  /** Ended, and not yet reported. */
  readonly ended: Map<string, { readonly container: AllocatedContainer; readonly exitStatus: number }>
}

export interface Master {
  readonly id: ApplicationAttemptId
  responseId: number
  readonly containers: AllocatedContainer[]
  readonly versions: Map<string, number>
}

interface Recorded {
  readonly now: number
  readonly event: Event
  readonly effects: readonly Effect[]
}

export class World {
  core: Core
  now = TIMESTAMP
  properties: Record<string, string>
  allocations: string | undefined
  readonly nodes: SimNode[] = []
  readonly masters: Master[] = []
  /** One list for each life of the ResourceManager. */
  readonly lives: { readonly config: CoreConfig; readonly steps: Recorded[] }[] = []
  /** What went wrong inside, as the log has it. */
  readonly errors: string[] = []
  readonly #store = openMemoryStore()
  #applications = 0
  #hosts = 0

  constructor(properties: Record<string, string>, allocations?: string) {
    this.properties = properties
    this.allocations = allocations
    this.core = this.#life()
  }

  #life(): Core {
    const given = { clusterTimestamp: this.now, epoch: this.lives.length, ...(this.allocations !== undefined && { allocations: this.allocations }) }
    const config = coreConfig(this.properties, given)
    this.lives.push({ config, steps: [] })
    return createCore(config)
  }

  /** The answer; undefined when the core refuses. */
  step<E extends Event>(event: E): Answer<E> | undefined {
    return this.#outcome(event).answer
  }

  #outcome<E extends Event>(event: E): Outcome<E> {
    const outcome = this.core.step(event, this.now)
    this.lives.at(-1)!.steps.push({ now: this.now, event, effects: outcome.effects })
    for (const e of outcome.effects) {
      if (e.type === 'persist') this.#store.commit([operationOf(e)])
      else if (e.type === 'log' && e.level === 'error') this.errors.push(e.message)
    }
    return outcome
  }

  /** All that happened, one line of JSON each: what reproduces a failure. */
  script(): string {
    return this.lives
      .flatMap(({ steps }, i) => [`# life ${i + 1}`, ...steps.map(({ now, event }) => JSON.stringify({ now: now - TIMESTAMP, ...event }))])
      .join('\n')
  }

  // ── the ResourceManager dies, and another one starts ──

  restart(): void {
    this.core = this.#life()
    const { applications, settings } = this.#store.load()
    const labels = settings.get('nodeLabels') as { labels: { name: string; exclusive: boolean }[]; nodes: [string, string[]][] } | undefined
    if (labels && labels.labels.length > 0) this.step({ type: 'addNodeLabels', labels: labels.labels })
    if (labels && labels.nodes.length > 0) {
      this.step({ type: 'replaceLabelsOnNodes', nodes: labels.nodes.map(([host, of]) => ({ nodeId: { host, port: 0 }, labels: of })) })
    }
    this.step({ type: 'recover', applications })
  }

  // ── nodes ──

  addNode(size: number): void {
    const host = `n${++this.#hosts}`
    const node: SimNode = {
      nodeId: { host, port: 1 },
      rack: `/r${this.#hosts % 2}`,
      total: gb(size, size),
      responseId: 0,
      running: new Map(),
      ended: new Map(),
    }
    this.nodes.push(node)
    this.register(node)
  }

  get hosts(): number {
    return this.#hosts
  }

  forget(node: SimNode): void {
    this.nodes.splice(this.nodes.indexOf(node), 1)
  }

  register(node: SimNode): void {
    node.responseId = 0
    const status = (c: AllocatedContainer, of: ContainerStatus) => ({
      ...of,
      resource: c.resource,
      priority: c.priority,
      creationTime: c.creationTime,
      version: c.version,
    })
    const containers = [
      ...[...node.running.values()].map((c) => status(c, running(c.containerId))),
      ...[...node.ended.values()].map(({ container, exitStatus }) => status(container, complete(container.containerId, exitStatus))),
    ]
    const applications = new Map(containers.map((c) => [c.containerId.applicationAttemptId.applicationId.id, c.containerId.applicationAttemptId.applicationId]))
    const answer = this.step({
      type: 'registerNode',
      nodeId: node.nodeId,
      httpPort: 8042,
      resource: node.total,
      rack: node.rack,
      containers,
      runningApplications: [...applications.values()],
    })
    if (answer?.action !== 'NORMAL') this.forget(node)
  }

  heartbeat(node: SimNode, more: Partial<NodeHeartbeat> = {}): void {
    const answer = this.step({
      type: 'nodeHeartbeat',
      nodeId: node.nodeId,
      responseId: node.responseId,
      containers: [
        ...[...node.running.values()].map((c) => running(c.containerId)),
        ...[...node.ended.values()].map(({ container, exitStatus }) => complete(container.containerId, exitStatus)),
      ],
      health: { healthy: true, report: '', lastReportTime: this.now },
      keepAliveApplications: [],
      ...more,
    })
    if (!answer || answer.action === 'SHUTDOWN') return this.forget(node)
    if (answer.action === 'RESYNC') return this.register(node)
    node.responseId = answer.responseId
    if (answer.resource) node.total = answer.resource
    for (const id of answer.containersToCleanup) this.end(node, id, 143)
    for (const id of answer.containersToBeRemoved) node.ended.delete(formatContainerId(id))
    for (const { id } of answer.applicationsToCleanup) {
      for (const c of [...node.running.values()]) if (c.containerId.applicationAttemptId.applicationId.id === id) this.end(node, c.containerId, 143)
    }
    for (const c of answer.containersToUpdate) if (node.running.has(formatContainerId(c.containerId))) node.running.set(formatContainerId(c.containerId), c)
  }

  end(node: SimNode, id: ContainerId, exitStatus: number): void {
    const key = formatContainerId(id)
    const container = node.running.get(key)
    if (!container) return
    node.running.delete(key)
    node.ended.set(key, { container, exitStatus })
  }

  start(container: AllocatedContainer): void {
    const node = this.nodes.find((n) => formatNodeId(n.nodeId) === formatNodeId(container.nodeId))
    node?.running.set(formatContainerId(container.containerId), container)
  }

  // ── applications ──

  submit(more: Partial<ApplicationSubmission>): void {
    const applicationId: ApplicationId = { clusterTimestamp: TIMESTAMP, id: ++this.#applications }
    this.step({ type: 'submitApplication', submission: { applicationId, user: 'alice', amRequests: [{ ...request(gb(1)), priority: 0 }], ...more } })
  }

  get live(): ApplicationId[] {
    return this.core.applications(this.now, ({ state }) => state !== 'FINISHED' && state !== 'FAILED' && state !== 'KILLED').map((a) => a.applicationId)
  }

  /** Launches masters that have a container; `how` decides over each. Those that are over are forgotten. */
  collect(how: (id: ApplicationAttemptId) => 'launch' | 'refuse' | 'wait'): void {
    for (const report of this.core.applications(this.now, ({ state }) => state === 'ACCEPTED')) {
      const id = report.currentAttemptId
      const attempt = id && this.core.attempt(id)
      if (!id || !attempt || this.masters.some((m) => same(m.id, id))) continue
      if (attempt.state === 'ALLOCATED') {
        const decision = how(id)
        if (decision === 'wait') continue
        if (decision === 'refuse') {
          this.step({ type: 'amLaunchFailed', attemptId: id, diagnostics: 'no route to host' })
          continue
        }
        this.start(attempt.masterContainer!)
        this.step({ type: 'amLaunched', attemptId: id })
      }
      if (this.core.attempt(id)?.state === 'LAUNCHED') {
        const master: Master = { id, responseId: 0, containers: [], versions: new Map() }
        if (this.registerMaster(master)) this.masters.push(master)
      }
    }
    for (let i = this.masters.length - 1; i >= 0; i--) {
      const state = this.core.attempt(this.masters[i]!.id)?.state
      if (state !== 'RUNNING' && state !== 'LAUNCHED') this.masters.splice(i, 1)
    }
  }

  registerMaster(master: Master): boolean {
    const answer = this.step({ type: 'registerApplicationMaster', attemptId: master.id, host: 'am', rpcPort: 1, trackingUrl: 'http://am:1' })
    master.responseId = 0
    return answer !== undefined
  }

  allocate(master: Master, more: Partial<Allocate>): AllocateAnswer | undefined {
    const { answer, error } = this.#outcome<Allocate>({
      type: 'allocate',
      attemptId: master.id,
      responseId: master.responseId,
      progress: 0.5,
      asks: [],
      releases: [],
      ...more,
    })
    if (error && isException(error, 'ApplicationMasterNotRegisteredException')) this.registerMaster(master)
    if (!answer) return undefined
    master.responseId = answer.responseId
    master.containers.push(...answer.allocated, ...answer.containersFromPreviousAttempts)
    for (const { container } of answer.updated) master.versions.set(formatContainerId(container.containerId), container.version)
    for (const { containerId } of answer.completed) {
      const at = master.containers.findIndex((c) => formatContainerId(c.containerId) === formatContainerId(containerId))
      if (at >= 0) master.containers.splice(at, 1)
    }
    return answer
  }
}

const same = (a: ApplicationAttemptId, b: ApplicationAttemptId) => a.attemptId === b.attemptId && a.applicationId.id === b.applicationId.id
const running = (containerId: ContainerId): ContainerStatus => ({ containerId, state: 'RUNNING', exitStatus: -1000, diagnostics: '' })
const complete = (containerId: ContainerId, exitStatus: number): ContainerStatus => ({ containerId, state: 'COMPLETE', exitStatus, diagnostics: '' })
