/** An application master in this process, over real RPC: it registers, allocates at its model's pace and unregisters; what it wants is its behaviour's. */
import type { Configuration } from '../../../common/config/configuration.js'
import type { AllocateResponseProto } from '../../../common/proto/gen/application-master.js'
import type { ResourceRequestProtoInit } from '../../../common/proto/gen/yarn.js'
import { containerIdOfProto, containerIdProto, nodeIdOf, resourceOf, resourceProto } from '../../../common/protocols/records.js'
import type { ApplicationAttemptId, ContainerId, FinalApplicationStatus, NodeId } from '../../../common/records/index.js'
import type { RpcToken } from '../../../common/rpc/client.js'
import { AMRMClient } from '../../../common/yarn-client/index.js'
import type { AllocatedContainer, CompletedContainer, ResourceRequest } from '../../core/index.js'
import { ANY } from '../../core/index.js'
import type { SimApplication } from '../engine/application.js'
import type { Behaviour } from '../engine/master.js'
import type { MasterPort } from '../engine/ports.js'
import { millis } from '../engine/random.js'
import { SIMULATED_START } from '../configuration.js'
import type { LiveContainer, LiveNode } from './node.js'

const FAILED = 1

export interface LiveMasterParts {
  readonly conf: Configuration
  readonly application: SimApplication
  readonly behaviour: Behaviour
  readonly attempt: ApplicationAttemptId
  readonly token: RpcToken
  readonly node: LiveNode
  readonly now: () => number
  /** The workload's name of a node; itself where it is none of ours. */
  readonly nameOf: (id: NodeId) => string
  readonly onAllocated: (container: AllocatedContainer) => void
  readonly onEnd: () => void
}

export class LiveMaster implements MasterPort {
  readonly #client: AMRMClient
  #container: LiveContainer | undefined
  #asks: ResourceRequest[] = []
  #releases: ContainerId[] = []
  #ended = false
  #finish: FinalApplicationStatus | undefined
  #timer: NodeJS.Timeout | undefined
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(private readonly parts: LiveMasterParts) {
    this.#client = new AMRMClient(parts.conf, { token: parts.token, user: parts.application.spec.user })
  }

  get now(): number {
    return this.parts.now()
  }

  /** Its container has been started on the node. */
  launch(id: ContainerId): void {
    const { node, application } = this.parts
    this.#container = node.run({
      id,
      launch: millis(application.random, application.model.start),
      onRunning: () => void this.#begin(),
      onEnd: () => this.close(),
    })
  }

  async #begin(): Promise<void> {
    const { application, behaviour } = this.parts
    try {
      await this.#client.registerApplicationMaster({ host: this.parts.node.spec.host, rpcPort: 0, trackingUrl: '' })
    } catch (e) {
      this.#fail(e)
      return
    }
    if (this.#ended) return
    application.registered(this.now)
    behaviour.begin(this)
    await this.#beat()
  }

  // ── what its behaviour does ──

  ask(request: ResourceRequest): void {
    const same = (r: ResourceRequest) =>
      r.resourceName === request.resourceName && r.priority === request.priority && r.allocationRequestId === request.allocationRequestId
    // Hosts of a workload are none of this cluster's.
    if (request.resourceName !== ANY) return
    const at = this.#asks.findIndex(same)
    if (at >= 0) this.#asks[at] = request
    else this.#asks.push(request)
    this.#soon(this.parts.application.model.heartbeat)
  }

  release(id: ContainerId): void {
    this.#releases.push(id)
  }

  finish(status: FinalApplicationStatus): void {
    this.#finish = status
    this.#soon(0)
  }

  at(time: number, what: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer)
        if (!this.#ended && this.#finish === undefined) what()
      },
      Math.max(0, time - this.now),
    )
    this.#timers.add(timer)
  }

  // ── allocates ──

  async #beat(): Promise<void> {
    const { application, behaviour } = this.parts
    if (this.#ended) return
    try {
      if (this.#finish !== undefined) {
        await this.#unregister(this.#finish)
        return
      }
      const asks = this.#asks
      const releases = this.#releases
      this.#asks = []
      this.#releases = []
      const answer = await this.#client.allocate({ ask: asks.map(requestProto), release: releases.map(containerIdProto) })
      if (this.#ended) return
      this.#read(answer)
    } catch (e) {
      this.#fail(e)
      return
    }
    const { heartbeat, idleHeartbeat } = application.model
    this.#plan(this.#finish !== undefined ? 0 : behaviour.waiting ? heartbeat : (idleHeartbeat ?? heartbeat))
  }

  #plan(pause: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#beat()
    }, pause)
  }

  /** Within `pause`, where it rests for longer. */
  #soon(pause: number): void {
    if (!this.#timer) return
    clearTimeout(this.#timer)
    this.#plan(pause)
  }

  #read(answer: AllocateResponseProto): void {
    const { behaviour, nameOf, now } = this.parts
    const completed = answer.completedContainerStatuses.map(
      (s): CompletedContainer => ({
        containerId: containerIdOfProto(s.containerId),
        state: 'COMPLETE',
        exitStatus: s.exitStatus ?? 0,
        diagnostics: s.diagnostics ?? '',
        resource: resourceOf(s.capability),
        executionType: 'GUARANTEED',
      }),
    )
    if (completed.length > 0) behaviour.completed(completed)
    const allocated = answer.allocatedContainers.map((c): AllocatedContainer => {
      const nodeId = nodeIdOf(c.nodeId)
      return {
        containerId: containerIdOfProto(c.id),
        nodeId: { host: nameOf(nodeId), port: nodeId.port },
        nodeHttpAddress: c.nodeHttpAddress ?? '',
        resource: resourceOf(c.resource),
        priority: c.priority?.priority ?? 0,
        executionType: 'GUARANTEED',
        allocationRequestId: c.allocationRequestId ?? -1,
        version: c.version ?? 0,
        // Not told over RPC: when its master learned of it, which is what its application waits for.
        creationTime: SIMULATED_START + Math.round(now()),
      }
    })
    for (const c of allocated) this.parts.onAllocated(c)
    if (allocated.length > 0 && !this.#ended) behaviour.allocated(allocated)
  }

  async #unregister(status: FinalApplicationStatus): Promise<void> {
    const { node, application } = this.parts
    const container = this.#container!
    await this.#client.finishApplicationMaster({ finalApplicationStatus: `APP_${status}` })
    this.close()
    setTimeout(() => node.finish(container, 0), millis(application.random, application.model.exit))
  }

  #fail(e: unknown): void {
    if (this.#ended) return
    this.parts.application.problem = (e as Error).message
    this.parts.node.finish(this.#container!, FAILED)
  }

  /** It is gone: killed, failed or done. */
  close(): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#timer)
    for (const t of this.#timers) clearTimeout(t)
    this.#client.close()
    this.parts.behaviour.end()
    this.parts.onEnd()
  }
}

function requestProto(r: ResourceRequest): ResourceRequestProtoInit {
  return {
    priority: { priority: r.priority },
    resourceName: r.resourceName,
    capability: resourceProto(r.capability),
    numContainers: r.numContainers,
    relaxLocality: r.relaxLocality ?? true,
    ...(r.allocationRequestId !== undefined && { allocationRequestId: r.allocationRequestId }),
    ...(r.nodeLabelExpression !== undefined && { nodeLabelExpression: r.nodeLabelExpression }),
  }
}
