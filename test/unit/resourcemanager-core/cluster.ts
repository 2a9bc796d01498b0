/** A ResourceManager core to be driven in its own words: nodes that report, applications that ask, valid unless told otherwise. */
import type { ApplicationAttemptId, ApplicationId, ContainerId, NodeId, Resource } from '../../../common/records/index.js'
import { formatContainerId } from '../../../common/records/index.js'
import {
  type Allocate,
  type AllocateAnswer,
  type AllocatedContainer,
  ANY,
  type Answer,
  type ApplicationSubmission,
  type ContainerStatus,
  type Core,
  coreConfig,
  createCore,
  type Effect,
  type Event,
  type NodeHeartbeatAnswer,
  type Outcome,
  type ResourceRequest,
} from '../../../resourcemanager/core/index.js'

export const TIMESTAMP = 1_700_000_000_000

const QUEUES: Record<string, string> = {
  'yarn.scheduler.capacity.root.queues': 'default,hive',
  'yarn.scheduler.capacity.root.default.capacity': '50',
  'yarn.scheduler.capacity.root.default.user-limit-factor': '2',
  'yarn.scheduler.capacity.root.hive.capacity': '50',
  'yarn.scheduler.capacity.root.hive.user-limit-factor': '2',
  'yarn.scheduler.capacity.maximum-am-resource-percent': '0.5',
}

export const gb = (n: number, vcores = 1): Resource => ({ memory: n * 1024, vcores })

export interface SimNode {
  readonly nodeId: NodeId
  responseId: number
  readonly running: Map<string, ContainerId>
}

export class Cluster {
  readonly core: Core
  readonly properties: Record<string, string>
  readonly #make: () => Core
  now = TIMESTAMP
  effects: Effect[] = []
  readonly log: { event: Event; now: number; effects: readonly Effect[] }[] = []
  readonly nodes = new Map<string, SimNode>()
  #applications = 0
  readonly #responses = new Map<string, number>()

  constructor(properties: Record<string, string> = {}, given: { epoch?: number; clusterTimestamp?: number; allocations?: string } = {}) {
    this.properties = { ...QUEUES, ...properties }
    this.#make = () => createCore(coreConfig(this.properties, { clusterTimestamp: TIMESTAMP, ...given }))
    this.core = this.#make()
  }

  step<E extends Event>(event: E): Outcome<E> {
    const outcome = this.core.step(event, this.now)
    this.effects.push(...outcome.effects)
    this.log.push({ event, now: this.now, effects: outcome.effects })
    return outcome
  }

  /** The answer; an error is thrown. */
  ok<E extends Event>(event: E): Answer<E> {
    const { answer, error } = this.step(event)
    if (error) throw error
    return answer as Answer<E>
  }

  /** What was thrown. */
  refused<E extends Event>(event: E): string {
    const { error } = this.step(event)
    if (!error) throw new Error(`${event.type} was not refused`)
    return `${error.simpleName}: ${error.message}`
  }

  advance(millis: number): void {
    this.now += millis
    this.step({ type: 'tick' })
  }

  /** All that has happened, and a fresh core to let it happen to again. */
  recorded() {
    return { log: this.log, replay: this.#make() }
  }

  // ── nodes ──

  addNode(host: string, resource: Resource = gb(8, 8), more: Partial<Extract<Event, { type: 'registerNode' }>> = {}): SimNode {
    const node: SimNode = { nodeId: { host, port: 1234 }, responseId: 0, running: new Map() }
    this.ok({ type: 'registerNode', nodeId: node.nodeId, httpPort: 8042, resource, containers: [], runningApplications: [], ...more })
    this.nodes.set(host, node)
    return node
  }

  heartbeat(node: SimNode, completed: readonly { id: ContainerId; exitStatus?: number; diagnostics?: string }[] = [], healthy = true): NodeHeartbeatAnswer {
    for (const c of completed) node.running.delete(formatContainerId(c.id))
    const containers: ContainerStatus[] = [
      ...[...node.running.values()].map((containerId): ContainerStatus => ({ containerId, state: 'RUNNING', exitStatus: -1000, diagnostics: '' })),
      ...completed.map((c): ContainerStatus => ({ containerId: c.id, state: 'COMPLETE', exitStatus: c.exitStatus ?? 0, diagnostics: c.diagnostics ?? '' })),
    ]
    const answer = this.ok({
      type: 'nodeHeartbeat',
      nodeId: node.nodeId,
      responseId: node.responseId,
      containers,
      health: { healthy, report: '', lastReportTime: this.now },
      keepAliveApplications: [],
    })
    node.responseId = answer.responseId
    for (const id of answer.containersToCleanup) node.running.delete(formatContainerId(id))
    return answer
  }

  /** The node runs it from now on. */
  start(container: AllocatedContainer): void {
    this.nodes.get(container.nodeId.host)!.running.set(formatContainerId(container.containerId), container.containerId)
  }

  // ── applications ──

  submission(more: Partial<ApplicationSubmission> = {}): ApplicationSubmission {
    const applicationId = more.applicationId ?? { clusterTimestamp: TIMESTAMP, id: ++this.#applications }
    return { applicationId, user: 'alice', queue: 'default', amRequests: [{ ...request(gb(1)), priority: 0 }], ...more }
  }

  submit(more: Partial<ApplicationSubmission> = {}): ApplicationId {
    const submission = this.submission(more)
    this.ok({ type: 'submitApplication', submission })
    return submission.applicationId
  }

  attemptOf(id: ApplicationId): ApplicationAttemptId {
    return this.report(id).currentAttemptId!
  }

  report(id: ApplicationId) {
    return this.core.application(id, this.now)!
  }

  /** Submits, lets nodes report until the application master has its container, starts it and registers it. */
  run(more: Partial<ApplicationSubmission> = {}): ApplicationAttemptId {
    const id = this.submit(more)
    for (let i = 0; i < 3 && this.core.attempt(this.attemptOf(id))!.state !== 'ALLOCATED'; i++) {
      for (const node of this.nodes.values()) this.heartbeat(node)
    }
    const attempt = this.attemptOf(id)
    this.launch(attempt)
    this.register(attempt)
    return attempt
  }

  launch(attempt: ApplicationAttemptId): AllocatedContainer {
    const container = this.core.attempt(attempt)!.masterContainer
    if (!container) throw new Error(`no container for the application master: ${this.core.attempt(attempt)!.diagnostics}`)
    this.ok({ type: 'amLaunched', attemptId: attempt })
    this.start(container)
    this.heartbeat(this.nodes.get(container.nodeId.host)!)
    return container
  }

  register(attempt: ApplicationAttemptId) {
    this.#responses.set(JSON.stringify(attempt), 0)
    return this.ok({ type: 'registerApplicationMaster', attemptId: attempt, host: 'am', rpcPort: 1, trackingUrl: 'http://am:1' })
  }

  allocate(attempt: ApplicationAttemptId, asks: readonly ResourceRequest[] = [], more: Partial<Allocate> = {}): AllocateAnswer {
    const key = JSON.stringify(attempt)
    const answer = this.ok({
      type: 'allocate',
      attemptId: attempt,
      responseId: this.#responses.get(key) ?? 0,
      progress: 0.5,
      asks,
      releases: [],
      ...more,
    })
    this.#responses.set(key, answer.responseId)
    return answer
  }

  finish(attempt: ApplicationAttemptId): void {
    this.ok({ type: 'finishApplicationMaster', attemptId: attempt, finalStatus: 'SUCCEEDED', diagnostics: '' })
    const master = this.core.attempt(attempt)!.masterContainer!
    this.heartbeat(this.nodes.get(master.nodeId.host)!, [{ id: master.containerId }])
  }

  ofType<T extends Effect['type']>(type: T): Extract<Effect, { type: T }>[] {
    return this.effects.filter((e): e is Extract<Effect, { type: T }> => e.type === type)
  }
}

export function request(capability: Resource, numContainers = 1, more: Partial<ResourceRequest> = {}): ResourceRequest {
  return { priority: 1, resourceName: ANY, capability, numContainers, ...more }
}
