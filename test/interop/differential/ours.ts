/** Runs a scenario in our ResourceManager core. */
import { HadoopException } from '../../../common/errors.js'
import {
  type ApplicationId,
  type ApplicationAttemptId,
  type ContainerId,
  NONE,
  type NodeId,
  type Resource,
  formatContainerId,
  resource,
} from '../../../common/records/index.js'
import {
  type Allocate,
  type AllocateAnswer,
  type ContainerReport,
  type ContainerStatus,
  type Core,
  type Event,
  type QueueReport,
  type CoreConfig,
  coreConfig,
  createCore,
} from '../../../resourcemanager/core/index.js'
import { MemoryDisk, openMemoryStore } from '../../../resourcemanager/store/memory.js'
import { operationOf, type StateStore } from '../../../resourcemanager/store/state-store.js'
import { type Amount, type AppView, type ContainerRef, type ContainerView, changed, type QueueView, type Scenario, type Step, type View } from './scenario.js'

const START = 1_700_000_000_000
const SILENCE = 1e9
/** What is handed out must be started within this. */
const ALLOCATION = 1e11
/** And a master must speak within this. */
const MASTER = 1e12

const size = ({ memory, vcores, extended }: Resource): Record<string, number> => ({ memory, vcores, ...extended })
const amount = (a: Amount): Resource => resource(a.memory, a.vcores ?? 1, a.resources && { ...a.resources })

/** @param make another core than the plain one: one that passes over what changes nothing */
export function runOurs(scenario: Scenario, make: (config: CoreConfig) => Core = createCore): View[] {
  let run: Run
  try {
    run = new Run(scenario, make)
  } catch (e) {
    return [{ refused: (e as Error).message }]
  }
  return scenario.steps.map((step) => run.step(step))
}

export class Run {
  core: Core
  readonly #store = new MemoryDisk()
  #stored: StateStore | undefined
  readonly #excluded = new Map<string, number | undefined>()
  readonly #apps = new Map<string, ApplicationId>()
  readonly #nodes = new Map<string, { id: NodeId; responseId: number; reported: Map<string, ContainerStatus> }>()
  readonly #responseIds = new Map<string, number>()
  readonly #headrooms = new Map<string, Resource>()
  #conf: Readonly<Record<string, string>>
  readonly #groups: Readonly<Record<string, readonly string[]>>
  readonly #fair: boolean
  readonly #allocations: string | undefined
  #now = START

  constructor(
    scenario: Scenario,
    private readonly make: (config: CoreConfig) => Core = createCore,
  ) {
    // Nobody falls silent but whom a scenario removes.
    const { allocations } = scenario
    const conf = scenario.asynchronous ? { ...scenario.conf, 'yarn.scheduler.capacity.schedule-asynchronously.enable': 'true' } : scenario.conf
    this.#conf = conf
    this.#groups = scenario.groups ?? {}
    this.#fair = conf['yarn.resourcemanager.scheduler.class']?.endsWith('.FairScheduler') ?? false
    this.#allocations = allocations
    this.core = this.#start()
  }

  #start(): Core {
    const recovers = this.#conf['yarn.resourcemanager.recovery.enabled'] === 'true'
    if (recovers) this.#stored = openMemoryStore(this.#store)
    const { epoch } = this.#stored ?? { epoch: 0 }
    const allocations = this.#allocations
    return this.make({
      ...coreConfig(this.#conf, { clusterTimestamp: START, epoch, ...(allocations !== undefined && { allocations }) }),
      nodeExpiry: SILENCE,
      amExpiry: MASTER,
      allocationExpiry: ALLOCATION,
    })
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
    // The fair scheduler's update.
    if (this.#fair) this.#send({ type: 'tick' })
    for (const [name, problem] of this.core.checkInvariants().entries()) throw new Error(`invariant ${name}: ${problem}`)
    return { ...view, ...this.#snapshot() }
  }

  #send<E extends Event>(event: E) {
    const outcome = this.core.step(event, this.#now)
    this.#stored?.commit(outcome.effects.flatMap((e) => (e.type === 'persist' ? [operationOf(e)] : [])))
    if (outcome.error) throw outcome.error
    return outcome
  }

  #restart(): void {
    this.core = this.#start()
    this.#send({ type: 'recover', applications: this.#stored!.load().applications })
  }

  #silence(millis: number): void {
    this.#now += millis
    for (const node of this.#nodes.keys()) this.#heartbeat({ node })
  }

  #refreshNodes(mode: 'NORMAL' | 'GRACEFUL'): void {
    const exclude = [...this.#excluded].map(([host, timeoutSeconds]) => ({ host, ...(timeoutSeconds !== undefined && { timeoutSeconds }) }))
    this.#send({ type: 'refreshNodes', include: [], exclude, mode })
  }

  #register(r: Extract<Step, { register: unknown }>['register']): void {
    const reported = new Map<string, ContainerStatus>()
    for (const c of r.containers ?? []) {
      const containerId = this.#containerId(c)
      if (c.state !== 'COMPLETE') reported.set(formatContainerId(containerId), { containerId, state: 'RUNNING', exitStatus: 0, diagnostics: '' })
    }
    const node = { id: { host: r.node, port: 1234 }, responseId: 0, reported }
    this.#nodes.set(r.node, node)
    this.#send({
      type: 'registerNode',
      nodeId: node.id,
      httpPort: 2,
      resource: amount(r),
      version: '3.3.6',
      runningApplications: (r.apps ?? []).map((a) => this.#app(a)),
      containers: (r.containers ?? []).map((c) => ({
        containerId: this.#containerId(c),
        state: c.state ?? 'RUNNING',
        exitStatus: c.exit ?? 0,
        diagnostics: c.diagnostics ?? '',
        resource: amount(c),
        priority: c.priority ?? 1,
        creationTime: 0,
      })),
    })
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
    return { applicationAttemptId: c.attempt === undefined ? this.#attempt(c.app) : { applicationId: this.#app(c.app), attemptId: c.attempt }, id: c.id }
  }

  #act(step: Step): View {
    if ('addNode' in step) {
      const { name } = step.addNode
      const id = { host: name, port: 1234 }
      this.#nodes.set(name, { id, responseId: 0, reported: new Map() })
      this.#send({ type: 'registerNode', nodeId: id, httpPort: 2, resource: amount(step.addNode), containers: [], runningApplications: [], version: '3.3.6' })
    } else if ('addLabels' in step) {
      this.#send({ type: 'addNodeLabels', labels: step.addLabels.map((l) => ({ name: l.name, exclusive: l.exclusive ?? true })) })
    } else if ('removeLabels' in step) {
      this.#send({ type: 'removeNodeLabels', labels: step.removeLabels })
    } else if ('labelNodes' in step) {
      const nodes = Object.entries(step.labelNodes).map(([host, label]) => ({ nodeId: { host, port: 0 }, labels: label === '' ? [] : [label] }))
      this.#send({ type: 'replaceLabelsOnNodes', nodes })
    } else if ('refreshQueues' in step) {
      const properties = changed(this.#conf, step.refreshQueues)
      this.#send({ type: 'refreshQueues', properties })
      this.#conf = properties
    } else if ('preempt' in step || 'manageQueues' in step) {
      this.#now += 'preempt' in step ? step.preempt.after : step.manageQueues.after
      this.#send({ type: 'tick' })
    } else if ('continuous' in step) {
      // It runs with the tick that ends each step.
      this.#now += step.continuous.after
    } else if ('expireAllocations' in step) {
      this.#silence(ALLOCATION)
      this.#send({ type: 'tick' })
    } else if ('updatePriority' in step) {
      this.#send({ type: 'updatePriority', applicationId: this.#app(step.updatePriority.app), priority: step.updatePriority.priority, user: 'root' })
    } else if ('removeNode' in step) {
      this.#lose(step.removeNode)
    } else if ('heartbeat' in step) {
      return { action: this.#heartbeat(step.heartbeat) }
    } else if ('submit' in step) {
      this.#submit(step.submit)
    } else if ('launch' in step) {
      const { app, constraints } = typeof step.launch === 'string' ? { app: step.launch, constraints: [] } : step.launch
      const attemptId = this.#attempt(app)
      if (!this.core.application(attemptId.applicationId, this.#now)!.unmanagedAM) this.#send({ type: 'amLaunched', attemptId })
      this.#send({ type: 'registerApplicationMaster', attemptId, host: '', rpcPort: 0, trackingUrl: '', placementConstraints: constraints })
      this.#responseIds.set(app, 0)
    } else if ('allocate' in step) {
      return this.#allocate(step.allocate)
    } else if ('finish' in step) {
      const { app, status = 'SUCCEEDED', diagnostics = '' } = step.finish
      this.#send({ type: 'finishApplicationMaster', attemptId: this.#attempt(app), finalStatus: status, diagnostics, trackingUrl: '' })
    } else if ('kill' in step) {
      this.#send({ type: 'killApplication', applicationId: this.#app(step.kill), user: 'root' })
    } else if ('move' in step) {
      this.#send({ type: 'moveApplication', applicationId: this.#app(step.move.app), queue: step.move.queue, user: 'root' })
    } else if ('reload' in step) {
      this.#reload(step.reload)
    } else if ('advance' in step) {
      this.#now += step.advance * 1000
      this.#send({ type: 'tick' })
    } else if ('restart' in step) {
      this.#restart()
    } else if ('register' in step) {
      this.#register(step.register)
    } else if ('reregister' in step) {
      const attemptId = this.#attempt(step.reregister)
      const { answer } = this.#send({ type: 'registerApplicationMaster', attemptId, host: '', rpcPort: 0, trackingUrl: '' })
      this.#responseIds.set(step.reregister, 0)
      return { previous: answer!.containersFromPreviousAttempts.map((c) => c.containerId.id).sort((a, b) => a - b) }
    } else if ('unregisterNode' in step) {
      this.#send({ type: 'unregisterNode', nodeId: this.#nodes.get(step.unregisterNode)!.id })
    } else if ('decommission' in step) {
      this.#excluded.set(step.decommission.node, step.decommission.timeout)
      this.#refreshNodes(step.decommission.timeout === undefined ? 'NORMAL' : 'GRACEFUL')
    } else if ('recommission' in step) {
      this.#excluded.delete(step.recommission)
      this.#refreshNodes('GRACEFUL')
    } else if ('expireMaster' in step) {
      this.#silence(MASTER)
      this.#send({ type: 'tick' })
    } else if ('expireLifetime' in step) {
      this.#now = this.core.application(this.#app(step.expireLifetime), this.#now)!.lifetimeExpiry!
      this.#send({ type: 'tick' })
    } else if ('sleep' in step) {
      this.#now += step.sleep * 1000
    } else {
      this.#send({ type: 'failAttempt', attemptId: this.#attempt(step.failAttempt), user: 'root' })
    }
    return {}
  }

  /** The real one tells of a file that can't be used in its log alone. */
  #reload(allocations: string): void {
    const { error } = this.core.step({ type: 'refreshQueues', properties: this.#conf, allocations }, this.#now)
    if (error && error.className !== 'java.io.IOException') throw error
  }

  /** A node is lost when it stays silent while the others go on talking. */
  #lose(name: string): void {
    this.#nodes.delete(name)
    this.#now += SILENCE - 1
    for (const other of this.#nodes.keys()) this.#heartbeat({ node: other })
    this.#now += 2
    this.#send({ type: 'tick' })
  }

  /** @returns what the node is told to do */
  #heartbeat(h: Extract<Step, { heartbeat: unknown }>['heartbeat']): string {
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
      increasedContainers: (h.increased ?? []).map((c) => ({ containerId: this.#containerId(c), resource: amount(c), version: c.version })),
      keepAliveApplications: [],
    })
    if (outcome.answer!.action === 'NORMAL') node.responseId = outcome.answer!.responseId
    return outcome.answer!.action
  }

  #submit(s: Extract<Step, { submit: unknown }>['submit']): void {
    const applicationId = { clusterTimestamp: START, id: this.#apps.size + 1 }
    this.#apps.set(s.app, applicationId)
    this.#send({
      type: 'submitApplication',
      submission: {
        applicationId,
        user: s.user ?? 'user',
        groups: this.#groups[s.user ?? 'user'] ?? [],
        name: s.app,
        applicationType: 'YARN',
        maxAppAttempts: s.maxAttempts ?? 1,
        ...(s.unmanaged !== undefined && { unmanagedAM: s.unmanaged }),
        ...(s.failuresInterval !== undefined && { attemptFailuresValidityInterval: s.failuresInterval }),
        ...(s.queue !== undefined && { queue: s.queue }),
        ...(s.priority !== undefined && { priority: s.priority }),
        ...(s.keepContainers !== undefined && { keepContainers: s.keepContainers }),
        ...(s.appLabel !== undefined && { nodeLabelExpression: s.appLabel }),
        ...(s.tags !== undefined && { tags: s.tags }),
        ...(s.lifetime !== undefined && { lifetimeSeconds: s.lifetime }),
        amRequests: [
          { priority: 0, resourceName: '*', capability: amount(s), numContainers: 1, ...(s.label !== undefined && { nodeLabelExpression: s.label }) },
        ],
      },
    })
  }

  #allocate(a: Extract<Step, { allocate: unknown }>['allocate']): View {
    const answer = this.#ask(a.app, {
      asks: (a.ask ?? []).map((r) => ({
        priority: r.priority ?? 1,
        resourceName: r.resource ?? '*',
        capability: amount(r),
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
        capability: amount(u),
      })),
      schedulingRequests: (a.schedule ?? []).map((r) => ({
        allocationRequestId: r.id ?? 0,
        priority: r.priority ?? 1,
        allocationTags: r.tags ?? [],
        numAllocations: r.count,
        resource: amount(r),
        ...(r.constraint && { constraint: r.constraint }),
      })),
      blacklistAdditions: a.blacklist ?? [],
      blacklistRemovals: a.whitelist ?? [],
    })
    // The real one tells of a release in this answer or in the next one, as it happens.
    const after = a.release?.length ? this.#ask(a.app, { asks: [], releases: [] }) : undefined
    const more = Array.from({ length: a.rounds ?? 0 }, () => this.#ask(a.app, { asks: [], releases: [] }))
    const answers = [answer, ...(after ? [after] : []), ...more]
    return {
      allocated: answers.flatMap((x) => x.allocated).map((c) => ({ id: c.containerId.id, node: c.nodeId.host, size: size(c.resource), priority: c.priority })),
      completed: answers.flatMap((x) => x.completed).map((c) => ({ id: c.containerId.id, exit: c.exitStatus, diagnostics: c.diagnostics })),
      updated: answers
        .flatMap((x) => x.updated)
        .map((u) => ({
          id: u.container.containerId.id,
          version: u.container.version,
          type: u.updateType,
          size: size(u.container.resource),
        })),
      updateErrors: answers.flatMap((x) => x.updateErrors).map((e) => ({ id: e.request.containerId.id, reason: e.reason })),
      rejected: answers.flatMap((x) => x.rejected).map((r) => ({ id: r.request.allocationRequestId, count: r.request.numAllocations, reason: r.reason })),
      asked: {
        strict: answers.flatMap((x) => x.preemption?.strict ?? []).map((c) => c.id),
        contract: answers.flatMap((x) => x.preemption?.contract ?? []).map((c) => c.id),
      },
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
    const states = Object.fromEntries(this.core.nodes().map((n) => [n.nodeId.host, n.state]))
    const queues: Record<string, QueueView> = {}
    const walk = (q: QueueReport) => {
      const parts = (of: (c: QueueReport['capacities']) => number) =>
        Object.fromEntries(
          Object.entries(q.capacitiesByLabel).flatMap(([label, c]) => {
            const part = of(c)
            return part === 0 ? [] : [[label, part]]
          }),
        )
      queues[q.path] = {
        used: size(q.used),
        ...(this.#fair
          ? { fairShare: size(q.effectiveMin) }
          : { state: q.state, guaranteed: parts((c) => c.absoluteCapacity), taken: parts((c) => c.absoluteUsedCapacity) }),
      }
      q.children.forEach(walk)
    }
    // The FIFO scheduler has none.
    if (this.#conf['yarn.resourcemanager.scheduler.class']?.endsWith('.FifoScheduler')) return { apps, nodes, states }
    walk(this.core.queues())
    return { apps, nodes, states, queues }
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
      ...(app.lifetimeExpiry !== undefined && { lifetime: app.lifetimeExpiry - app.submitTime }),
    }
  }
}

const LIVE = ['ALLOCATED', 'ACQUIRED', 'RUNNING']

function containerView(c: ContainerReport): ContainerView {
  return { id: c.containerId.id, node: c.nodeId.host, state: c.state, size: size(c.resource) }
}
