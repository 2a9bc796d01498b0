/**
 * A workload on a ResourceManager that runs, in real time: the same models of nodes and application masters, over Hadoop's own protocols.
 * Neither the ResourceManager nor anybody who looks at it can tell them from real ones.
 */
import type { Configuration } from '../../../common/config/configuration.js'
import type { ContainerLaunchContextProto } from '../../../common/proto/gen/yarn.js'
import { yarn as yarnKeys } from '../../../common/config/keys/yarn.js'
import { resourceProto } from '../../../common/protocols/records.js'
import { resourceTracker } from '../../../common/protocols/resource-tracker.js'
import { type ApplicationId, type ContainerId, NONE, type NodeId, type Resource, formatApplicationId, formatNodeId } from '../../../common/records/index.js'
import { RpcClient } from '../../../common/rpc/client.js'
import { decodeCredentials } from '../../../common/security/credentials.js'
import { AM_RM_TOKEN } from '../../../common/security/tokens.js'
import { YarnClient, rmAddresses } from '../../../common/yarn-client/index.js'
import { containerKey } from '../../scheduler/container.js'
import { SimApplication } from '../engine/application.js'
import type { Launch } from '../engine/nodes.js'
import { randomOf } from '../engine/random.js'
import { behaviourOf } from '../models/behaviours.js'
import type { Models } from '../models/models.js'
import type { ApplicationOutcome, OutcomeState, RunResult } from '../results.js'
import type { ApplicationSpec, Workload } from '../workload.js'
import { LiveMaster } from './master.js'
import { type LiveContainer, LiveNode } from './node.js'
import { type Usage, Watch } from './watch.js'

export interface LiveOptions {
  readonly workload: Workload
  /** Where the ResourceManager is. */
  readonly conf: Configuration
  readonly configurationName: string
  readonly models: Models
  readonly seed: number
  readonly until?: number
  /** Address that simulated NodeManagers listen on, which the ResourceManager must reach; default the loopback. */
  readonly host?: string
  readonly onProgress?: (elapsed: number, done: number, of: number) => void
}

const LOOPBACK = '127.0.0.1'
const POLL = 500
const ENDED: Readonly<Record<string, OutcomeState>> = { FINISHED: 'FINISHED', FAILED: 'FAILED', KILLED: 'KILLED' }

class LiveRun {
  readonly #started = performance.now()
  readonly #yarn: YarnClient
  readonly #clients = new Map<string, YarnClient>()
  readonly #tracker: RpcClient<typeof resourceTracker>
  readonly #nodes: LiveNode[]
  readonly #byId = new Map<string, LiveNode>()
  readonly #byHost = new Map<string, LiveNode>()
  readonly #running = new Map<string, SimApplication>()
  readonly #masters = new Map<string, LiveMaster>()
  readonly #outcomes: ApplicationOutcome[] = []
  readonly #use = { nodes: new Map<string, Usage>(), users: new Map<string, Usage>() }
  /** Of containers that their masters have been told of and not yet started. */
  readonly #sizes = new Map<string, Resource>()
  readonly #notes = new Set<string>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #trouble: Error | undefined
  #submitted = 0

  constructor(private readonly options: LiveOptions) {
    const { conf, workload, host = LOOPBACK } = options
    this.#yarn = this.#client('yarn')
    this.#tracker = new RpcClient(resourceTracker, rmAddresses(conf, 'tracker'), { user: 'yarn' })
    const parts = {
      tracker: this.#tracker.proxy,
      now: () => this.now,
      onMaster: (node: LiveNode, id: ContainerId, context: ContainerLaunchContextProto) => this.#startMaster(node, id, context),
      onTrouble: (e: Error) => {
        this.#trouble ??= e
      },
    }
    this.#nodes = workload.nodes.map((spec) => new LiveNode(spec, host, parts, options.models.node, randomOf(options.seed, `node ${spec.host}`)))
  }

  get now(): number {
    return Math.round(performance.now() - this.#started)
  }

  #client(user: string): YarnClient {
    const known = this.#clients.get(user)
    if (known) return known
    const made = new YarnClient(this.options.conf, { user })
    this.#clients.set(user, made)
    return made
  }

  // ── what models do here ──

  /** Nodes as applications see them: by the workload's names. */
  readonly nodes = {
    start: (host: string, launch: Launch): LiveContainer | undefined => {
      const node = this.#byHost.get(host)
      if (!node) return undefined
      const application = this.#running.get(formatApplicationId(launch.id.applicationAttemptId.applicationId))
      return node.run(application ? this.#counted(node, application, launch) : launch)
    },
    finish: (c: { readonly key: string }, exitStatus: number): void => {
      for (const node of this.#nodes) {
        const container = node.containers.get(c.key)
        if (container) node.finish(container, exitStatus)
      }
    },
  }

  /** What it uses from now until its end. */
  #counted(node: LiveNode, application: SimApplication, launch: Launch): Launch {
    const key = containerKey(launch.id)
    const size = this.#sizes.get(key) ?? NONE
    this.#sizes.delete(key)
    this.#change(node, application, size, 1)
    return {
      ...launch,
      onEnd: (exitStatus, at) => {
        this.#change(node, application, size, -1)
        launch.onEnd(exitStatus, at)
      },
    }
  }

  #change(node: LiveNode, application: SimApplication, size: Resource, sign: 1 | -1): void {
    for (const [map, key] of [
      [this.#use.nodes, node.spec.host],
      [this.#use.users, application.spec.user],
    ] as const) {
      const use = map.get(key) ?? { memory: 0, vcores: 0 }
      use.memory += sign * size.memory
      use.vcores += sign * size.vcores
      map.set(key, use)
    }
  }

  #startMaster(node: LiveNode, id: ContainerId, context: ContainerLaunchContextProto): void {
    const attempt = id.applicationAttemptId
    const application = this.#running.get(formatApplicationId(attempt.applicationId))
    if (!application) throw new Error(`${formatApplicationId(attempt.applicationId)} is no application of this run`)
    const token = [...decodeCredentials(context.tokens ?? new Uint8Array(0)).tokens.values()].find((t) => t.kind === AM_RM_TOKEN)
    if (!token) throw new Error('the launch context holds no AMRMToken')
    const { conf } = this.options
    const key = formatApplicationId(attempt.applicationId)
    application.masterAllocated(this.now)
    application.masterStarted(this.now)
    this.#change(node, application, application.spec.am.resource, 1)
    const master = new LiveMaster({
      conf,
      application,
      behaviour: application.behaviour,
      attempt,
      token,
      node,
      now: () => this.now,
      nameOf: (n: NodeId) => this.#byId.get(formatNodeId(n))?.spec.host ?? formatNodeId(n),
      onAllocated: (c) => this.#sizes.set(containerKey(c.containerId), c.resource),
      onEnd: () => {
        this.#change(node, application, application.spec.am.resource, -1)
        this.#masters.delete(key)
      },
    })
    this.#masters.set(key, master)
    master.launch(id)
  }

  // ── applications ──

  async #submit(spec: ApplicationSpec, index: number): Promise<void> {
    const { models, seed } = this.options
    const model = models.masters[spec.model]
    if (!model) throw new Error(`${spec.id} names the model ${spec.model}, which is not there`)
    const client = this.#client(spec.user)
    const { applicationId } = await client.getNewApplication()
    const random = randomOf(seed, `application ${index}`)
    const application = new SimApplication(
      index,
      spec,
      applicationId,
      model,
      behaviourOf(spec, model, random, () => '/default-rack'),
      random,
      this,
    )
    application.submittedAt = this.now
    this.#running.set(formatApplicationId(applicationId), application)
    this.#submitted++
    if (spec.stages?.some((s) => s.hosts)) this.#notes.add('hosts that containers prefer are left out: they are none of the live cluster’s')
    try {
      await client.proxy.submitApplication({ applicationSubmissionContext: contextOf(spec, applicationId) })
    } catch (e) {
      this.#running.delete(formatApplicationId(applicationId))
      application.end('REJECTED', (e as Error).message, 0, undefined, this.now)
      this.#outcomes.push(application.outcome!)
      return
    }
    if (spec.killedAfter !== undefined) this.#after(spec.killedAfter, () => client.proxy.forceKillApplication({ applicationId }))
  }

  #after(millis: number, what: () => Promise<unknown>): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer)
        what().catch((e: Error) => {
          this.#trouble ??= e
        })
      },
      Math.max(0, millis),
    )
    this.#timers.add(timer)
  }

  /** Applications that the ResourceManager says have ended. */
  async #collect(): Promise<void> {
    if (this.#running.size === 0) return
    for (const report of await this.#yarn.getApplications()) {
      const state = ENDED[report.yarnApplicationState ?? '']
      const id = { clusterTimestamp: report.applicationId?.clusterTimestamp ?? 0, id: report.applicationId?.id ?? 0 }
      const application = state && this.#running.get(formatApplicationId(id))
      if (!application) continue
      const attempts = report.currentApplicationAttemptId?.attemptId ?? 0
      const failed = state === 'FINISHED' && report.finalApplicationStatus === 'APP_FAILED'
      const outcome: OutcomeState = failed ? 'FAILED' : state === 'FAILED' && attempts === 0 ? 'REJECTED' : state
      const u = report.appResource_Usage
      application.queue = report.queue?.startsWith('root') ? report.queue : `root.${report.queue ?? application.queue}`
      application.end(
        outcome,
        outcome === 'FINISHED' ? undefined : report.diagnostics || application.problem,
        attempts,
        {
          usage: {
            memorySeconds: u?.memorySeconds ?? 0,
            vcoreSeconds: u?.vcoreSeconds ?? 0,
            preemptedMemorySeconds: u?.preemptedMemorySeconds ?? 0,
            preemptedVcoreSeconds: u?.preemptedVcoreSeconds ?? 0,
          },
        },
        // Its clock is the ResourceManager's: what it lasted is taken from there, when it began from here.
        application.submittedAt + Math.max(0, (report.finishTime ?? 0) - (report.startTime ?? 0)),
      )
      this.#running.delete(formatApplicationId(id))
      this.#outcomes.push(application.outcome!)
    }
  }

  // ── the run ──

  async run(): Promise<RunResult> {
    const { workload, until = Number.POSITIVE_INFINITY, onProgress, conf } = this.options
    await this.#alone()
    await Promise.all(
      this.#nodes.map(async (n) => {
        await n.start()
        this.#byId.set(formatNodeId(n.id), n)
        this.#byHost.set(n.spec.host, n)
      }),
    )
    const begun = this.now
    const watch = new Watch(this.#yarn, this.#nodes, this.#use, POLL)
    for (const [i, spec] of workload.applications.entries()) this.#after(spec.at, () => this.#submit(spec, i))
    const all = workload.applications.length
    while (this.#outcomes.length < all && this.now - begun < until) {
      const next = this.now + POLL
      if (this.#trouble) throw this.#trouble
      await Promise.all([watch.sample(), this.#collect()])
      onProgress?.(this.now - begun, this.#outcomes.length, all)
      if (this.#submitted === all && this.#onlyServices()) break
      await new Promise((resolve) => setTimeout(resolve, Math.max(10, next - this.now)))
    }
    const simulated = this.now
    for (const application of this.#running.values()) {
      const report = await this.#yarn.getApplicationReport(application.id)
      const running = report.yarnApplicationState === 'RUNNING'
      application.end(
        running ? 'RUNNING' : 'WAITING',
        running ? undefined : report.diagnostics,
        report.currentApplicationAttemptId?.attemptId ?? 0,
        undefined,
        undefined,
      )
      this.#outcomes.push(application.outcome!)
      await this.#client(application.spec.user).forceKillApplication(application.id)
    }
    const order = new Map(workload.applications.map((a, i) => [a.id, i]))
    const applications = this.#outcomes.map((o) => shifted(o, begun)).sort((a, b) => order.get(a.id)! - order.get(b.id)!)
    return {
      workload: workload.name,
      configuration: this.options.configurationName,
      scheduler: conf.get(yarnKeys.schedulerClass).replace(/^.*\./, ''),
      seed: this.options.seed,
      nodes: workload.nodes.length,
      simulated: simulated - begun,
      makespan: applications.reduce((last, a) => Math.max(last, a.finishedAt ?? simulated - begun), 0),
      events: 0,
      skippedHeartbeats: 0,
      applications,
      timeline: watch.timeline(),
      notes: [
        `against the ResourceManager at ${this.#yarn.address.host}:${this.#yarn.address.port}, in real time: a master counts as allocated when its launch reaches its node, a container when its master is told`,
        ...this.#notes,
      ],
    }
  }

  /** Only what has no end of its own is left, and nothing of it waits. */
  #onlyServices(): boolean {
    return (
      this.#running.size > 0 &&
      [...this.#running.values()].every(
        (a) =>
          a.behaviour.aloneMillis === undefined && a.spec.killedAfter === undefined && !a.behaviour.waiting && this.#masters.has(formatApplicationId(a.id)),
      )
    )
  }

  /** Containers must not go to NodeManagers that would run something. */
  async #alone(): Promise<void> {
    const others = await this.#yarn.getClusterNodes(['NS_RUNNING'])
    if (others.length === 0) return
    const names = others.slice(0, 3).map((n) => `${n.nodeId?.host}:${n.nodeId?.port}`)
    throw new Error(
      `the ResourceManager has ${others.length} NodeManagers already (${names.join(', ')}${others.length > 3 ? ', …' : ''}): --live needs one without; stop them, or start a ResourceManager of its own`,
    )
  }

  async close(): Promise<void> {
    for (const t of this.#timers) clearTimeout(t)
    for (const m of [...this.#masters.values()]) m.close()
    await Promise.all(this.#nodes.map((n) => n.stop()))
    this.#tracker.close()
    for (const c of this.#clients.values()) c.close()
  }
}

function contextOf(spec: ApplicationSpec, applicationId: ApplicationId) {
  return {
    applicationId,
    applicationName: spec.name ?? spec.id,
    queue: spec.queue,
    applicationType: spec.type ?? 'YARN',
    resource: resourceProto(spec.am.resource),
    amContainerSpec: { command: ['simulated'] },
    ...(spec.priority !== undefined && { priority: { priority: spec.priority } }),
    ...(spec.tags && { applicationTags: spec.tags }),
    ...(spec.maxAttempts !== undefined && { maxAppAttempts: spec.maxAttempts }),
    ...(spec.keepContainers !== undefined && { keepContainersAcrossApplicationAttempts: spec.keepContainers }),
    ...(spec.nodeLabelExpression !== undefined && { nodeLabelExpression: spec.nodeLabelExpression }),
  }
}

/** Times from the run's begin, which is when all nodes were there. */
function shifted(o: ApplicationOutcome, by: number): ApplicationOutcome {
  const at = <K extends keyof ApplicationOutcome>(key: K) => (o[key] === undefined ? {} : { [key]: (o[key] as number) - by })
  return {
    ...o,
    ...at('submittedAt'),
    ...at('amAllocatedAt'),
    ...at('amStartedAt'),
    ...at('registeredAt'),
    ...at('firstContainerAt'),
    ...at('finishedAt'),
  } as ApplicationOutcome
}

/** @throws Error when the ResourceManager refuses a node, goes away, or has NodeManagers of its own */
export async function runLive(options: LiveOptions): Promise<RunResult> {
  const run = new LiveRun(options)
  try {
    return await run.run()
  } finally {
    await run.close()
  }
}
