/** Runs a scenario in our ResourceManager core. */
import { HadoopException } from '../../../common/errors.js'
import {
  type ApplicationId,
  type ApplicationAttemptId,
  type ContainerId,
  NONE,
  type NodeId,
  type Resource,
  containerIdOf,
  containerSequence,
  formatContainerId,
} from '../../../common/records/index.js'
import {
  type Allocate,
  type AllocateAnswer,
  type ContainerReport,
  type ContainerStatus,
  type Core,
  type Event,
  type QueueReport,
  coreConfig,
  createCore,
} from '../../../resourcemanager/core/index.js'
import type { AppView, ContainerRef, ContainerView, Scenario, Step, View } from './scenario.js'

const START = 1_700_000_000_000
const SILENCE = 600_000
const size = (r: Resource) => ({ memory: r.memory, vcores: r.vcores })

export function runOurs(scenario: Scenario): View[] {
  let run: Run
  try {
    run = new Run(scenario)
  } catch (e) {
    return [{ refused: (e as Error).message }]
  }
  return scenario.steps.map((step) => run.step(step))
}

export class Run {
  readonly core: Core
  readonly #apps = new Map<string, ApplicationId>()
  readonly #nodes = new Map<string, { id: NodeId; responseId: number; reported: Map<string, ContainerStatus> }>()
  readonly #responseIds = new Map<string, number>()
  readonly #headrooms = new Map<string, Resource>()
  #now = START

  constructor(scenario: Scenario) {
    // Nobody falls silent but whom a scenario removes.
    this.core = createCore({ ...coreConfig(scenario.conf, { clusterTimestamp: START }), nodeExpiry: SILENCE, amExpiry: 1e12, allocationExpiry: 1e12 })
  }

  step(step: Step): View {
    this.#now += 10
    let view: View = {}
    try {
      view = this.#act(step)
    } catch (e) {
      if (!(e instanceof HadoopException)) throw e
      view = { error: e.className, message: e.message }
    }
    for (const [name, problem] of this.core.checkInvariants().entries()) throw new Error(`invariant ${name}: ${problem}`)
    return { ...view, ...this.#snapshot() }
  }

  #send<E extends Event>(event: E) {
    const outcome = this.core.step(event, this.#now)
    if (outcome.error) throw outcome.error
    return outcome
  }

  #attempt(app: string): ApplicationAttemptId {
    return this.core.application(this.#app(app), this.#now)!.currentAttemptId!
  }

  #app(name: string): ApplicationId {
    const id = this.#apps.get(name)
    if (!id) throw new Error(`the scenario names no application ${name}`)
    return id
  }

  #containerId(c: ContainerRef): ContainerId {
    return containerIdOf(c.attempt === undefined ? this.#attempt(c.app) : { applicationId: this.#app(c.app), attemptId: c.attempt }, c.id)
  }

  #act(step: Step): View {
    if ('addNode' in step) {
      const { name, memory, vcores } = step.addNode
      const id = { host: name, port: 1234 }
      this.#nodes.set(name, { id, responseId: 0, reported: new Map() })
      this.#send({ type: 'registerNode', nodeId: id, httpPort: 2, resource: { memory, vcores }, containers: [], runningApplications: [], version: '3.3.6' })
    } else if ('removeNode' in step) {
      this.#lose(step.removeNode)
    } else if ('heartbeat' in step) {
      this.#heartbeat(step.heartbeat)
    } else if ('submit' in step) {
      this.#submit(step.submit)
    } else if ('launch' in step) {
      const attemptId = this.#attempt(step.launch)
      this.#send({ type: 'amLaunched', attemptId })
      this.#send({ type: 'registerApplicationMaster', attemptId, host: '', rpcPort: 0, trackingUrl: '' })
      this.#responseIds.set(step.launch, 0)
    } else if ('allocate' in step) {
      return this.#allocate(step.allocate)
    } else if ('finish' in step) {
      const { app, status = 'SUCCEEDED', diagnostics = '' } = step.finish
      this.#send({ type: 'finishApplicationMaster', attemptId: this.#attempt(app), finalStatus: status, diagnostics, trackingUrl: '' })
    } else if ('kill' in step) {
      this.#send({ type: 'killApplication', applicationId: this.#app(step.kill), user: 'root' })
    } else if ('move' in step) {
      this.#send({ type: 'moveApplication', applicationId: this.#app(step.move.app), queue: step.move.queue, user: 'root' })
    } else {
      this.#send({ type: 'failAttempt', attemptId: this.#attempt(step.failAttempt), user: 'root' })
    }
    return {}
  }

  /** A node is lost when it stays silent while the others go on talking. */
  #lose(name: string): void {
    this.#nodes.delete(name)
    this.#now += SILENCE - 1
    for (const other of this.#nodes.keys()) this.#heartbeat({ node: other })
    this.#now += 2
    this.#send({ type: 'tick' })
  }

  #heartbeat(h: Extract<Step, { heartbeat: unknown }>['heartbeat']): void {
    const node = this.#nodes.get(h.node)
    if (!node) throw new Error(`the scenario names no node ${h.node}`)
    for (const c of h.containers ?? []) {
      const containerId = this.#containerId(c)
      node.reported.set(formatContainerId(containerId), { containerId, state: c.state, exitStatus: c.exit ?? 0, diagnostics: c.diagnostics ?? '' })
    }
    const containers = [...node.reported.values()]
    // A node reports what runs in each heartbeat, what has ended once.
    for (const [key, c] of node.reported) if (c.state === 'COMPLETE') node.reported.delete(key)
    const outcome = this.#send({
      type: 'nodeHeartbeat',
      nodeId: node.id,
      responseId: node.responseId,
      containers,
      health: { healthy: h.healthy ?? true, report: '', lastReportTime: this.#now },
      keepAliveApplications: [],
    })
    node.responseId = outcome.answer!.responseId
  }

  #submit(s: Extract<Step, { submit: unknown }>['submit']): void {
    const applicationId = { clusterTimestamp: START, id: this.#apps.size + 1 }
    this.#apps.set(s.app, applicationId)
    this.#send({
      type: 'submitApplication',
      submission: {
        applicationId,
        user: s.user ?? 'user',
        name: s.app,
        applicationType: 'YARN',
        maxAppAttempts: s.maxAttempts ?? 1,
        ...(s.queue !== undefined && { queue: s.queue }),
        ...(s.priority !== undefined && { priority: s.priority }),
        ...(s.keepContainers !== undefined && { keepContainers: s.keepContainers }),
        ...(s.label !== undefined && { nodeLabelExpression: s.label }),
        amRequests: [{ priority: 0, resourceName: '*', capability: { memory: s.memory, vcores: s.vcores ?? 1 }, numContainers: 1 }],
      },
    })
  }

  #allocate(a: Extract<Step, { allocate: unknown }>['allocate']): View {
    const answer = this.#ask(a.app, {
      asks: (a.ask ?? []).map((r) => ({
        priority: r.priority ?? 1,
        resourceName: r.resource ?? '*',
        capability: { memory: r.memory, vcores: r.vcores ?? 1 },
        numContainers: r.count,
        relaxLocality: r.relax ?? true,
        allocationRequestId: r.allocationRequestId ?? 0,
        ...(r.label !== undefined && { nodeLabelExpression: r.label }),
      })),
      releases: (a.release ?? []).map((c) => this.#containerId(c)),
      updates: (a.update ?? []).map((u) => ({
        containerId: this.#containerId(u),
        containerVersion: u.version ?? 0,
        updateType: u.type,
        capability: { memory: u.memory, vcores: u.vcores ?? 1 },
      })),
      blacklistAdditions: a.blacklist ?? [],
      blacklistRemovals: a.whitelist ?? [],
    })
    // The real one tells of a release in this answer or in the next one, as it happens.
    const after = a.release?.length ? this.#ask(a.app, { asks: [], releases: [] }) : undefined
    return {
      allocated: [answer, ...(after ? [after] : [])]
        .flatMap((x) => x.allocated)
        .map((c) => ({ id: containerSequence(c.containerId), node: c.nodeId.host, ...size(c.resource), priority: c.priority })),
      completed: [answer, ...(after ? [after] : [])]
        .flatMap((x) => x.completed)
        .map((c) => ({ id: containerSequence(c.containerId), exit: c.exitStatus, diagnostics: c.diagnostics })),
    }
  }

  #ask(app: string, what: Omit<Allocate, 'type' | 'attemptId' | 'responseId' | 'progress'>): AllocateAnswer {
    const responseId = this.#responseIds.get(app) ?? 0
    const answer = this.#send({ type: 'allocate', attemptId: this.#attempt(app), responseId, progress: 0.5, ...what }).answer!
    this.#responseIds.set(app, answer.responseId)
    this.#headrooms.set(app, answer.available)
    return answer
  }

  #snapshot(): View {
    const apps: Record<string, AppView> = {}
    for (const [name, id] of this.#apps) {
      const app = this.core.application(id, this.#now)
      if (app) apps[name] = this.#appView(name, app)
    }
    const nodes = Object.fromEntries(
      [...this.#nodes].flatMap(([name, n]) => {
        const report = this.core.node(n.id)
        return report && (report.state === 'RUNNING' || report.state === 'DECOMMISSIONING') ? [[name, size(report.used)]] : []
      }),
    )
    const queues: Record<string, { memory: number; vcores: number }> = {}
    const walk = (q: QueueReport) => {
      queues[q.path] = size(q.used)
      q.children.forEach(walk)
    }
    walk(this.core.queues())
    return { apps, nodes, queues }
  }

  #appView(name: string, app: NonNullable<ReturnType<Core['application']>>): AppView {
    const view = { state: app.state, finalStatus: app.finalStatus, queue: app.queue, diagnostics: app.diagnostics }
    if (!app.currentAttemptId) return view
    const attempt = this.core.attempt(app.currentAttemptId)!
    const containers = this.core.containers(app.currentAttemptId) ?? []
    const headroom = this.#headrooms.get(name)
    const inScheduler = !['FINISHED', 'FAILED', 'KILLED'].includes(attempt.state)
    return {
      ...view,
      attempt: app.currentAttemptId.attemptId,
      attemptState: attempt.state,
      ...(inScheduler && {
        live: containers.filter((c) => LIVE.includes(c.state)).map(containerView),
        reserved: containers.filter((c) => c.state === 'RESERVED').map(containerView),
      }),
      ...(headroom && { headroom: size(headroom ?? NONE) }),
    }
  }
}

const LIVE = ['ALLOCATED', 'ACQUIRED', 'RUNNING']

function containerView(c: ContainerReport): ContainerView {
  return { id: containerSequence(c.containerId), node: c.nodeId.host, state: c.state, ...size(c.resource) }
}
