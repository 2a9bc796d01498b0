/**
 * A NodeManager that runs nothing: it registers, reports and takes orders over Hadoop's own protocols, and its containers are timers. What
 * the ResourceManager starts on it by startContainers are application masters; those run in this process.
 */
import type { NodeHeartbeatResponseProto, RegisterNodeManagerResponseProto } from '../../../common/proto/gen/resource-tracker.js'
import { ContainerTokenIdentifierProto, NMTokenIdentifierProto } from '../../../common/proto/gen/yarn-security.js'
import type { ContainerLaunchContextProto, ContainerStatusProtoInit } from '../../../common/proto/gen/yarn.js'
import { exception } from '../../../common/errors.js'
import { containerManagementProtocol } from '../../../common/protocols/container-management.js'
import { applicationIdOf, containerIdOfProto, containerIdProto, resourceProto } from '../../../common/protocols/records.js'
import type { ResourceTracker } from '../../../common/protocols/resource-tracker.js'
import { type ContainerId, type NodeId, formatApplicationId } from '../../../common/records/index.js'
import type { Proxy as RpcProxy } from '../../../common/rpc/protocol.js'
import { RpcServer } from '../../../common/rpc/server.js'
import { type MasterKey, tokenPassword } from '../../../common/security/tokens.js'
import { containerKey } from '../../scheduler/container.js'
import type { Launch } from '../engine/nodes.js'
import type { Random } from '../engine/random.js'
import type { NodeModel } from '../models/models.js'
import type { StartedContainer } from '../engine/ports.js'
import type { NodeSpec } from '../workload.js'

const KILLED = 137
const NM_VERSION = '3.3.6'
/** What an ended container's status keeps being told for: until the ResourceManager says that its master knows. */
const REMEMBERED = 60_000

export interface LiveContainer extends StartedContainer {
  readonly id: ContainerId
  readonly launch: Launch
  readonly timers: Set<NodeJS.Timeout>
  state: 'C_RUNNING' | 'C_COMPLETE'
  exitStatus: number
  endedAt: number
}

export interface LiveNodeParts {
  readonly tracker: RpcProxy<ResourceTracker>
  /** Milliseconds of the run. */
  readonly now: () => number
  /** An application master's container was started here. */
  readonly onMaster: (node: LiveNode, container: ContainerId, context: ContainerLaunchContextProto) => void
  /** Something that ends the run: the ResourceManager refuses the node, or is gone. */
  readonly onTrouble: (error: Error) => void
}

const keyOf = (p: { keyId?: number; bytes?: Uint8Array } | undefined): MasterKey | undefined =>
  p?.keyId === undefined || p.bytes === undefined ? undefined : { keyId: p.keyId, bytes: p.bytes }

export class LiveNode {
  readonly containers = new Map<string, LiveContainer>()
  readonly #server: RpcServer
  /** Current and former keys of NMTokens, by id. */
  readonly #nmKeys = new Map<number, MasterKey>()
  #containerKeyId = 0
  #nmKeyId = 0
  #responseId = 0
  #interval = 1000
  /** How late its last heartbeat was. */
  #late = 0
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  #port = 0

  constructor(
    readonly spec: NodeSpec,
    private readonly host: string,
    private readonly parts: LiveNodeParts,
    private readonly model: NodeModel,
    private readonly random: Random,
  ) {
    this.#server = new RpcServer({
      tokenRequired: true,
      tokens: {
        passwordOf: (identifier) => {
          const { keyId } = NMTokenIdentifierProto.decode(identifier)
          const key = this.#nmKeys.get(keyId)
          if (!key) throw exception('InvalidToken', `no NMToken master key ${keyId} is known`)
          return tokenPassword(identifier, key)
        },
        userOf: (identifier) => NMTokenIdentifierProto.decode(identifier).appSubmitter ?? '',
      },
    }).serve(containerManagementProtocol, {
      startContainers: ({ startContainerRequest }) => ({
        succeededRequests: startContainerRequest.map((r) => {
          const id = ContainerTokenIdentifierProto.decode(r.containerToken!.identifier).containerId!
          parts.onMaster(this, containerIdOfProto(id), r.containerLaunchContext!)
          return id
        }),
      }),
      stopContainers: ({ containerId }) => {
        for (const id of containerId) this.#stop(containerIdOfProto(id))
        return { succeededRequests: containerId }
      },
      getContainerStatuses: ({ containerId }) => ({
        status: containerId.flatMap((id) => {
          const container = this.containers.get(containerKey(containerIdOfProto(id)))
          return container ? [statusOf(container)] : []
        }),
      }),
    })
  }

  get id(): NodeId {
    return { host: this.host, port: this.#port }
  }

  async start(): Promise<void> {
    this.#port = await this.#server.listen(0, this.host)
    await this.#register()
    this.#plan(Math.floor(this.#interval * ((this.#port * 0.618) % 1)))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    for (const c of this.containers.values()) for (const t of c.timers) clearTimeout(t)
    // One that the ResourceManager no longer knows is gone as well.
    await this.parts.tracker.unRegisterNodeManager({ nodeId: this.id }).catch(() => {})
    await this.#server.close()
  }

  // ── containers ──

  run(launch: Launch): LiveContainer {
    const container: LiveContainer = {
      id: launch.id,
      key: containerKey(launch.id),
      launch,
      timers: new Set(),
      state: 'C_RUNNING',
      exitStatus: -1000,
      endedAt: 0,
    }
    this.containers.set(container.key, container)
    this.#after(container, launch.launch, () => {
      launch.onRunning?.(this.parts.now())
      if (launch.duration !== undefined) this.#after(container, launch.duration, () => this.finish(container, launch.exitStatus ?? 0))
    })
    return container
  }

  finish(container: LiveContainer, exitStatus: number): void {
    if (container.state === 'C_COMPLETE') return
    for (const t of container.timers) clearTimeout(t)
    container.state = 'C_COMPLETE'
    container.exitStatus = exitStatus
    container.endedAt = this.parts.now()
    container.launch.onEnd(exitStatus, container.endedAt)
  }

  get usedContainers(): number {
    let n = 0
    for (const c of this.containers.values()) if (c.state === 'C_RUNNING') n++
    return n
  }

  #after(container: LiveContainer, millis: number, what: () => void): void {
    const timer = setTimeout(() => {
      container.timers.delete(timer)
      what()
    }, millis)
    container.timers.add(timer)
  }

  #stop(id: ContainerId): void {
    const container = this.containers.get(containerKey(id))
    if (container) this.finish(container, KILLED)
  }

  // ── the ResourceManager ──

  async #register(): Promise<void> {
    const resource = resourceProto(this.spec.resource)
    const answer: RegisterNodeManagerResponseProto = await this.parts.tracker.registerNodeManager({
      nodeId: this.id,
      httpPort: this.#port,
      resource,
      physicalResource: resource,
      nmVersion: NM_VERSION,
      containerStatuses: [],
      runningApplications: [],
    })
    if (answer.nodeAction === 'SHUTDOWN')
      throw new Error(`the ResourceManager refuses the node ${this.spec.host}: ${answer.diagnosticsMessage ?? 'without a reason'}`)
    this.#takeKeys(answer)
    this.#responseId = 0
  }

  #takeKeys(answer: Pick<NodeHeartbeatResponseProto, 'nmTokenMasterKey' | 'containerTokenMasterKey'>): void {
    const key = keyOf(answer.nmTokenMasterKey)
    if (key) {
      this.#nmKeys.set(key.keyId, key)
      this.#nmKeyId = key.keyId
    }
    this.#containerKeyId = keyOf(answer.containerTokenMasterKey)?.keyId ?? this.#containerKeyId
  }

  #plan(millis: number): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#heartbeat().then(
        () => this.#plan(this.#untilNext()),
        (e: unknown) => {
          if (!this.#stopped) this.parts.onTrouble(new Error(`the node ${this.spec.host} lost the ResourceManager: ${(e as Error).message}`, { cause: e }))
        },
      )
    }, millis)
  }

  /** Each one comes up to the jitter late; the beat goes on. */
  #untilNext(): number {
    const late = this.random.int(Math.min(this.model.heartbeat?.jitter ?? 0, this.#interval) + 1)
    const pause = this.#interval + late - this.#late
    this.#late = late
    return pause
  }

  async #heartbeat(): Promise<void> {
    const answer = await this.parts.tracker.nodeHeartbeat({
      nodeStatus: {
        nodeId: this.id,
        responseId: this.#responseId,
        containersStatuses: [...this.containers.values()].map(statusOf),
        nodeHealthStatus: { isNodeHealthy: true, healthReport: '', lastHealthReportTime: 0 },
      },
      lastKnownContainerTokenMasterKey: { keyId: this.#containerKeyId },
      lastKnownNmTokenMasterKey: { keyId: this.#nmKeyId },
    })
    this.#takeKeys(answer)
    const asked = answer.nextHeartBeatInterval ?? 0
    this.#interval = this.model.heartbeat?.every ?? (asked > 0 ? asked : this.#interval)
    if (answer.nodeAction === 'SHUTDOWN') throw new Error(answer.diagnosticsMessage ?? 'it orders the node to shut down')
    if (answer.nodeAction === 'RESYNC') {
      await this.#register()
      return
    }
    this.#responseId = answer.responseId ?? this.#responseId
    for (const id of answer.containersToBeRemovedFromNm) this.containers.delete(containerKey(containerIdOfProto(id)))
    for (const id of answer.containersToCleanup) this.#stop(containerIdOfProto(id))
    const over = new Set(answer.applicationsToCleanup.map((id) => formatApplicationId(applicationIdOf(id))))
    for (const c of this.containers.values()) if (over.has(formatApplicationId(c.id.applicationAttemptId.applicationId))) this.finish(c, KILLED)
    this.#forget()
  }

  #forget(): void {
    const before = this.parts.now() - REMEMBERED
    for (const [key, c] of this.containers) if (c.state === 'C_COMPLETE' && c.endedAt < before) this.containers.delete(key)
  }
}

function statusOf(c: LiveContainer): ContainerStatusProtoInit {
  return {
    containerId: containerIdProto(c.id),
    state: c.state,
    exitStatus: c.exitStatus,
    diagnostics: '',
    executionType: 'GUARANTEED',
  }
}
