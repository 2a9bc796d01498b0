/**
 * Simulated NodeManagers. Those of their heartbeats that would change nothing are passed over, which is what makes years go by in minutes:
 * `Core.heartbeatMatters` says exactly when.
 */
import { ConfigurationError } from '../../../common/config/keys/value.js'
import type { ContainerId, NodeId } from '../../../common/records/index.js'
import type { ContainerStatus, Core, NodeView } from '../../core/index.js'
import { containerKey } from '../../scheduler/container.js'
import type { NodeModel } from '../models/models.js'
import type { NodeSpec } from '../workload.js'
import { KIND } from './agenda.js'
import { millis, randomOf, type Random } from './random.js'
import { Ring } from './ring.js'
import type { Run } from './run.js'

/** Ports tell nothing in a simulation; all are the same. */
const PORT = 45_454
const HTTP_PORT = 8042
export const LOST_WITH_NODE = -100
const KILLED_BY_RESOURCEMANAGER = -106

/** What a container needs to be on its node before it starts. */
export interface Image {
  readonly name: string
  readonly megabytes: number
}

export interface SimContainer {
  readonly id: ContainerId
  readonly key: string
  readonly node: SimNode
  /** As the node reports it until it ends. */
  readonly status: ContainerStatus
  ended: boolean
  readonly onEnd: (exitStatus: number, at: number) => void
}

export interface Launch {
  readonly id: ContainerId
  /** From running until it ends by itself; absent: it is ended by `finish`. */
  readonly duration?: number | undefined
  readonly exitStatus?: number
  readonly image?: Image | undefined
  /** Milliseconds from when its image is there until it runs. */
  readonly launch: number
  readonly onStart?: (c: SimContainer) => void
  readonly onRunning?: (at: number) => void
  readonly onEnd: (exitStatus: number, at: number) => void
}

export class SimNode {
  readonly id: NodeId
  alive = false
  responseId = 0
  view: NodeView | undefined
  readonly containers = new Map<string, SimContainer>()
  completed: ContainerStatus[] = []
  readonly mayFail: boolean
  /** When it registered. */
  since = 0
  /** When its link has brought what it is bringing, and what it holds: images by the time they are there. */
  linkFree = 0
  readonly images = new Map<string, number>()
  readonly random: Random
  /** It must go on reporting, whatever there is to say. */
  pinned = false
  /** It is about to report out of turn. */
  telling = false
  /** Its last heartbeat before it fell silent. */
  heard = 0

  constructor(
    readonly index: number,
    readonly spec: NodeSpec,
    model: NodeModel,
    seed: number,
  ) {
    this.id = { host: spec.host, port: PORT }
    this.mayFail = model.failure !== undefined || (spec.outages ?? []).some((o) => o.kind === 'failure')
    this.random = randomOf(seed, `node ${spec.host}`)
  }
}

/** Of a node that never falls silent. */
const FOR_EVER = 1e15
const HEALTHY = { healthy: true, report: '', lastReportTime: 0 }

export class Nodes {
  readonly all: SimNode[]
  readonly #byHost = new Map<string, SimNode>()
  readonly #ring: Ring
  #alive = 0
  #sequence = 0
  readonly #excluded = new Map<string, number | undefined>()
  skipped = 0

  constructor(
    private readonly run: Run,
    specs: readonly NodeSpec[],
    private readonly model: NodeModel,
    readonly interval: number,
  ) {
    const jitter = model.heartbeat?.jitter ?? 0
    if (jitter > interval)
      throw new ConfigurationError(
        `heartbeats of nodes come up to ${jitter} ms late, which is more than the ${interval} ms between them: take a smaller jitter`,
      )
    const drawn = randomOf(run.seed, 'phases')
    const phases = specs.map((spec) => (spec.phase ?? drawn.int(interval)) % interval)
    this.all = specs.map((spec, i) => new SimNode(i, spec, model, run.seed))
    for (const node of this.all) this.#byHost.set(node.spec.host, node)
    this.#ring = new Ring({ phases, interval, jitter, seed: run.seed, restarts: model.outOfBand === true })
  }

  /** On the ring, of the heartbeat that `next` has found. */
  get place(): number {
    return this.#ring.cursor
  }

  get core(): Core {
    return this.run.core
  }

  named(host: string): SimNode | undefined {
    return this.#byHost.get(host)
  }

  // ── coming and going ──

  /** Plans the lives of all nodes; those that are there from the start register at once. */
  begin(): void {
    this.#label()
    for (const node of this.all) {
      const { spec } = node
      const plan = (at: number, what: () => void) => this.run.agenda.add(at, KIND.NODE, this.#sequence++, what)
      const upAt = spec.upAt ?? 0
      if (upAt === 0) this.#register(node)
      else plan(upAt, () => this.#register(node))
      for (const outage of spec.outages ?? []) {
        if (outage.kind === 'failure') {
          plan(outage.from, () => this.#fail(node))
          if (outage.to !== undefined) plan(outage.to, () => this.#register(node))
        } else {
          plan(outage.from, () => this.#exclude(node, outage.grace))
          if (outage.kind === 'maintenance' && outage.to !== undefined) plan(outage.to, () => this.#readmit(node))
        }
      }
      this.#planFailure(node, upAt)
    }
  }

  #planFailure(node: SimNode, from: number): void {
    const { failure } = this.model
    if (!failure) return
    const at = from + Math.max(this.interval, millis(node.random, failure.every))
    this.run.agenda.add(at, KIND.FAULT, this.#sequence++, () => {
      this.#fail(node)
      const back = at + millis(node.random, failure.repair)
      this.run.agenda.add(back, KIND.FAULT, this.#sequence++, () => this.#register(node))
      this.#planFailure(node, back)
    })
  }

  #label(): void {
    const labels = new Set(this.all.flatMap((n) => n.spec.labels ?? []))
    if (labels.size === 0) return
    this.run.demand({ type: 'addNodeLabels', labels: [...labels].map((name) => ({ name, exclusive: this.model.exclusiveLabels?.[name] ?? true })) })
    this.run.demand({
      type: 'replaceLabelsOnNodes',
      nodes: this.all.filter((n) => n.spec.labels?.length).map((n) => ({ nodeId: { host: n.spec.host, port: 0 }, labels: n.spec.labels! })),
    })
  }

  #register(node: SimNode): void {
    if (this.#excluded.has(node.spec.host)) return
    if (node.alive) return
    const answer = this.run.demand({
      type: 'registerNode',
      nodeId: node.id,
      httpPort: HTTP_PORT,
      resource: node.spec.resource,
      ...(node.spec.rack !== undefined && { rack: node.spec.rack }),
      version: '3.3.6',
      containers: [],
      runningApplications: [],
    })
    if (answer.action === 'SHUTDOWN') {
      this.run.note(`node ${node.spec.host} was refused: ${answer.diagnostics}`)
      return
    }
    node.alive = true
    this.#alive++
    node.responseId = 0
    node.since = this.run.now
    node.pinned = false
    node.view = this.core.nodeView(node.id)
    this.wake(node)
  }

  /** It is gone, with all that runs there; the ResourceManager finds out by its silence. */
  #fail(node: SimNode): void {
    if (!node.alive) return
    node.heard = this.#lastTurn(node)
    node.alive = false
    this.#alive--
    node.view = undefined
    this.#ring.setDue(node.index, false)
    node.completed = []
    node.images.clear()
    node.linkFree = 0
    const lost = [...node.containers.values()]
    node.containers.clear()
    for (const c of lost) {
      c.ended = true
      c.onEnd(LOST_WITH_NODE, this.run.now)
    }
  }

  #exclude(node: SimNode, grace: number | undefined): void {
    this.#excluded.set(node.spec.host, grace)
    this.#refresh(grace === undefined ? 'NORMAL' : 'GRACEFUL')
    node.pinned = true
    this.wake(node)
  }

  #readmit(node: SimNode): void {
    this.#excluded.delete(node.spec.host)
    this.#refresh('GRACEFUL')
    node.pinned = false
    this.#register(node)
  }

  #refresh(mode: 'NORMAL' | 'GRACEFUL'): void {
    const exclude = [...this.#excluded].map(([host, grace]) => ({ host, ...(grace !== undefined && { timeoutSeconds: Math.round(grace / 1000) }) }))
    this.run.demand({ type: 'refreshNodes', include: [], exclude, mode })
  }

  // ── containers ──

  /** The node is asked to start a container. False: it is not there. */
  start(host: string, launch: Launch): SimContainer | undefined {
    const node = this.#byHost.get(host)
    if (!node?.alive) return undefined
    const { now, agenda } = this.run
    const container: SimContainer = {
      id: launch.id,
      key: containerKey(launch.id),
      node,
      status: { containerId: launch.id, state: 'RUNNING', exitStatus: -1000, diagnostics: '' },
      ended: false,
      onEnd: launch.onEnd,
    }
    node.containers.set(container.key, container)
    launch.onStart?.(container)
    this.wake(node)
    const running = this.#localized(node, launch.image) + launch.launch
    const { duration, onRunning, exitStatus = 0 } = launch
    if (onRunning) {
      if (running === now) onRunning(now)
      else
        agenda.add(running, KIND.MASTER, this.#sequence++, () => {
          if (!container.ended) onRunning(running)
        })
    }
    if (duration !== undefined) agenda.add(running + duration, KIND.CONTAINER, this.#sequence++, () => this.finish(container, exitStatus))
    return container
  }

  /** When what the container needs is there: one download at a time over the node's link, once for each image. */
  #localized(node: SimNode, image: Image | undefined): number {
    const { now } = this.run
    const { bandwidth } = this.model
    if (!image || bandwidth === undefined || image.megabytes === 0) return now
    const there = node.images.get(image.name)
    if (there !== undefined) return Math.max(there, now)
    const at = Math.max(node.linkFree, now) + Math.ceil((image.megabytes / bandwidth) * 1000)
    node.linkFree = at
    node.images.set(image.name, at)
    return at
  }

  /** The container's process ends. */
  finish(c: SimContainer, exitStatus: number, diagnostics = ''): void {
    if (c.ended) return
    c.ended = true
    c.node.containers.delete(c.key)
    c.node.completed.push({ containerId: c.id, state: 'COMPLETE', exitStatus, diagnostics })
    this.wake(c.node)
    if (this.model.outOfBand && !c.node.telling) this.#tell(c.node)
    c.onEnd(exitStatus, this.run.now)
  }

  /** Reports now what has ended; its next regular heartbeat comes an interval later. */
  #tell(node: SimNode): void {
    node.telling = true
    this.run.agenda.add(this.run.now, KIND.CONTAINER, this.#sequence++, () => {
      node.telling = false
      if (!node.alive || node.completed.length === 0) return
      this.#ring.restart(node.index, this.run.now)
      this.#report(node)
    })
  }

  // ── heartbeats ──

  wake(node: SimNode): void {
    if (node.alive) this.#ring.setDue(node.index, true)
  }

  wakeById(id: NodeId): void {
    const node = this.#byHost.get(id.host)
    if (node) this.wake(node)
  }

  /** When it last reported, the reports that were passed over among them. */
  heard(id: NodeId): number {
    const node = this.#byHost.get(id.host)
    if (!node) return 0
    if (!node.alive) return node.heard
    return node.mayFail ? this.#lastTurn(node) : FOR_EVER
  }

  #lastTurn(node: SimNode): number {
    // Heartbeats come last among what happens at one time: one of the present time has been only if the ring has turned past it.
    return Math.max(this.#ring.last(node.index, this.run.now), node.since)
  }

  /** The time of the next heartbeat that is made before `horizon`; it is made by `report`. Undefined: there is none, and time may go on to it. */
  next(horizon: number): number | undefined {
    const ring = this.#ring
    if (this.all.length === 0) return undefined
    const { skipping } = this.run
    for (;;) {
      const limit = ring.before(horizon)
      const from = ring.cursor
      const at = skipping ? this.#search(from, limit) : from
      if (at < limit) {
        ring.moveTo(at)
        this.#pass(from, at)
        if (this.all[ring.node(at)]!.alive) return ring.at(at)
        ring.moveTo(at + 1)
        continue
      }
      const end = Math.max(limit, from)
      this.#pass(from, end)
      ring.moveTo(end)
      if (limit < ring.length) return undefined
      // In rounds in which nobody must be heard only time passes.
      if (skipping && Number.isFinite(horizon) && this.#quiet) this.skipped += ring.jumpTo(horizon) * this.#alive
      else ring.nextRound()
    }
  }

  get #quiet(): boolean {
    return this.#ring.quiet && !this.core.offersMatter()
  }

  #pass(from: number, to: number): void {
    if (this.#alive === this.all.length) this.skipped += to - from
    else for (let i = from; i < to; i++) if (this.all[this.#ring.node(i)]!.alive) this.skipped++
  }

  /** The first place from `from` on whose heartbeat matters; `limit` or more when none does. */
  #search(from: number, limit: number): number {
    if (!this.core.offersMatter()) return this.#ring.nextDue(from, limit)
    for (let i = from; i < limit; i++) {
      if (this.#ring.isDue(i)) return i
      const { view } = this.all[this.#ring.node(i)]!
      if (view && this.core.heartbeatMatters(view)) return i
    }
    return limit
  }

  /** The heartbeat that `next` has found. */
  report(): void {
    const place = this.#ring.cursor
    const node = this.all[this.#ring.node(place)]!
    this.#ring.setDue(node.index, node.pinned)
    this.#ring.moveTo(place + 1)
    this.#report(node)
  }

  #report(node: SimNode): void {
    const { completed } = node
    const containers: ContainerStatus[] = []
    for (const c of node.containers.values()) containers.push(c.status)
    for (const c of completed) containers.push(c)
    node.completed = []
    const answer = this.run.demand({
      type: 'nodeHeartbeat',
      nodeId: node.id,
      responseId: node.responseId,
      containers,
      health: HEALTHY,
      keepAliveApplications: [],
    })
    node.responseId = answer.responseId
    if (answer.action !== 'NORMAL') {
      this.#fail(node)
      if (answer.action === 'RESYNC') this.#register(node)
      return
    }
    for (const id of answer.containersToCleanup) {
      const c = node.containers.get(containerKey(id))
      if (c) this.finish(c, KILLED_BY_RESOURCEMANAGER, 'Container killed by the ResourceManager.\n')
    }
  }
}
