/**
 * The NodeManager's side of ResourceTracker (Hadoop's NodeStatusUpdaterImpl): registers, tells at intervals what runs
 * and what ended, carries out what comes back. When the ResourceManager is away its containers go on, and it is looked
 * for until it is there again.
 */
import { performance } from 'node:perf_hooks'
import type { Logger } from '../../common/daemon/daemon.js'
import { isException } from '../../common/errors.js'
import type {
  LogAggregationReportProtoInit,
  MasterKeyProtoInit,
  NodeHealthStatusProtoInit,
  NodeHeartbeatResponseProto,
  NodeStatusProtoInit,
  RegisterNodeManagerResponseProto,
} from '../../common/proto/gen/resource-tracker.js'
import type { ContainerProto, ContainerStatusProtoInit, ResourceUtilizationProtoInit, SignalContainerCommandProto } from '../../common/proto/gen/yarn.js'
import { applicationIdOf, applicationIdProto, containerIdOfProto, resourceOf, resourceProto } from '../../common/protocols/records.js'
import type { ResourceTracker } from '../../common/protocols/resource-tracker.js'
import { type NodeId, formatApplicationId, formatContainerId, formatNodeId } from '../../common/records/ids.js'
import { type Resource, formatResource } from '../../common/records/resource.js'
import { EXIT } from '../../common/records/states.js'
import type { Proxy as RpcProxy } from '../../common/rpc/protocol.js'
import type { MasterKey } from '../../common/security/tokens.js'
import { pauses, sleep } from '../../common/yarn-client/retry.js'
import type { LogHandler } from '../logs/handler.js'
import { type NodeContainer, registrationStatusOf, statusOf } from '../runtime/container.js'
import type { ContainerManager } from '../runtime/container-manager.js'
import { type ContainerTokenSecrets, type NMTokenSecrets, masterKeyOf } from './secrets.js'

/** What this NodeManager says it is: its version is Hadoop's, whose protocol it speaks. */
export const NM_VERSION = '3.3.6'

export interface StatusParts {
  readonly tracker: RpcProxy<ResourceTracker>
  readonly manager: ContainerManager
  readonly logs: LogHandler
  readonly nmTokens: NMTokenSecrets
  readonly containerTokens: ContainerTokenSecrets
  readonly node: { readonly nodeId: NodeId; readonly httpPort: number; readonly physical: Resource }
  readonly health: () => NodeHealthStatusProtoInit
  readonly containersUtilization: () => ResourceUtilizationProtoInit
  readonly nodeUtilization: () => ResourceUtilizationProtoInit
  readonly outOfBand: boolean
  /** Milliseconds that an ended container is remembered. */
  readonly trackStopped: number
  /** Most milliseconds between two looks for a ResourceManager that is away. */
  readonly retryInterval: number
  /** Changes of containers that the ResourceManager decided. */
  readonly onUpdate: (container: ContainerProto) => void
  readonly onSignal: (containerId: string, command: SignalContainerCommandProto) => void
  /** The ResourceManager wants this node gone, or refuses it. */
  readonly onShutdown: (message: string) => void
  readonly log: Logger
}

const CLEANUP_APP = 'Application killed by ResourceManager'
const CLEANUP_CONTAINER = 'Container Killed by ResourceManager'

const keyProto = (k: MasterKey | undefined): MasterKeyProtoInit | undefined => k && { keyId: k.keyId, bytes: k.bytes }

export class StatusUpdater {
  resource: Resource
  /** The ResourceManager's identity: containers of an earlier one are refused. */
  rmIdentifier: number | undefined
  registered = false
  lastHeartbeat = 0
  readonly #stopped = new AbortController()
  #responseId = 0
  #tokenSequence = 0
  #interval = 1000
  #wake: (() => void) | undefined
  #wanted = false
  /** Ended containers that the ResourceManager may not know of yet. */
  readonly #completed = new Map<string, ContainerStatusProtoInit>()
  /** Ended containers, until when they are remembered. */
  readonly #recentlyStopped = new Map<string, number>()
  /** Told to forget before they were done. */
  readonly #toForget = new Set<string>()
  readonly #increased: ContainerProto[] = []
  #missed = false
  #loop: Promise<void> = Promise.resolve()

  constructor(
    private readonly parts: StatusParts,
    resource: Resource,
  ) {
    this.resource = resource
  }

  /** Registers and goes on telling, in the background. */
  start(): void {
    this.#loop = this.#run()
  }

  async #run(): Promise<void> {
    const { log } = this.parts
    while (!this.#stopped.signal.aborted) {
      try {
        if (!this.registered) await this.#register()
        await this.#heartbeat()
      } catch (e) {
        if (this.#stopped.signal.aborted) return
        await this.#away(e)
        continue
      }
      if (this.registered) await this.#pause()
    }
    log.info('the status updater has stopped')
  }

  /** The ResourceManager did not answer: looked for quickly at first, then at the configured interval. */
  async #away(first: unknown): Promise<void> {
    const { log, retryInterval } = this.parts
    log.warn(`the ResourceManager does not answer: ${(first as Error).message}`)
    this.#missed = true
    for (const pause of pauses(retryInterval)) {
      await sleep(pause, this.#stopped.signal).catch(() => {})
      if (this.#stopped.signal.aborted) return
      try {
        if (!this.registered) await this.#register()
        else await this.#heartbeat()
        return
      } catch (e) {
        log.debug({ err: e }, 'the ResourceManager is still away')
      }
    }
  }

  /** Waits for the interval, or until something must be told. */
  #pause(): Promise<void> {
    if (this.#wanted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#stopped.signal.removeEventListener('abort', done)
        this.#wake = undefined
        resolve()
      }
      const timer = setTimeout(done, this.#interval)
      this.#stopped.signal.addEventListener('abort', done, { once: true })
      this.#wake = done
    })
  }

  /** A heartbeat now. */
  heartbeatSoon(): void {
    if (!this.parts.outOfBand) return
    this.#wanted = true
    this.#wake?.()
  }

  async stop(unregister: boolean): Promise<void> {
    const { tracker, node, log } = this.parts
    this.#stopped.abort()
    await this.#loop
    if (!unregister || !this.registered) return
    try {
      await tracker.unRegisterNodeManager({ nodeId: node.nodeId }, { timeout: 2_000 })
      log.info(`Successfully Unregistered the Node ${formatNodeId(node.nodeId)} with ResourceManager.`)
    } catch (e) {
      log.warn(`Unregistration of the Node ${formatNodeId(node.nodeId)} failed: ${(e as Error).message}`)
    }
  }

  // ---- registration

  async #register(): Promise<void> {
    const { tracker, manager, logs, node, log } = this.parts
    for (const [id, c] of manager.containers) if (!manager.applications.has(c.applicationId)) manager.forget(id)
    const containers = [...manager.containers.values()]
    const reports = logs.takeReports()
    let answer: RegisterNodeManagerResponseProto
    try {
      answer = await tracker.registerNodeManager({
        nodeId: node.nodeId,
        httpPort: node.httpPort,
        resource: resourceProto(this.resource),
        nmVersion: NM_VERSION,
        containerStatuses: containers.map(registrationStatusOf),
        runningApplications: [...manager.applications.values()].filter((a) => a.life.state !== 'FINISHED').map((a) => applicationIdProto(a.id)),
        physicalResource: resourceProto(node.physical),
        logAggregationReportsForApps: reports,
        nodeStatus: this.#nodeStatus(0),
      })
    } catch (e) {
      logs.giveBack(reports)
      throw e
    }
    if (answer.nodeAction === 'SHUTDOWN') {
      return this.#shutdown(
        `Received SHUTDOWN signal from Resourcemanager, Registration of NodeManager failed, Message from ResourceManager: ${answer.diagnosticsMessage}`,
      )
    }
    for (const c of containers) if (c.life.state === 'DONE') this.#remember(c.containerId)
    this.#takeKeys(answer)
    this.rmIdentifier = answer.rmIdentifier
    this.#responseId = 0
    this.registered = true
    if (answer.resource) this.resource = resourceOf(answer.resource)
    log.info(`Registered with ResourceManager as ${formatNodeId(node.nodeId)} with total resource of ${formatResource(this.resource)}`)
  }

  #takeKeys(answer: {
    containerTokenMasterKey?: RegisterNodeManagerResponseProto['containerTokenMasterKey']
    nmTokenMasterKey?: RegisterNodeManagerResponseProto['nmTokenMasterKey']
  }): void {
    const containerKey = masterKeyOf(answer.containerTokenMasterKey)
    if (containerKey) this.parts.containerTokens.setMasterKey(containerKey)
    const nmKey = masterKeyOf(answer.nmTokenMasterKey)
    if (nmKey) this.parts.nmTokens.setMasterKey(nmKey)
  }

  #shutdown(message: string): void {
    this.parts.log.warn(message)
    this.#stopped.abort()
    this.parts.onShutdown(message)
  }

  // ---- heartbeats

  #nodeStatus(responseId: number): NodeStatusProtoInit {
    const { node, health, containersUtilization, nodeUtilization } = this.parts
    return {
      nodeId: node.nodeId,
      responseId,
      containersStatuses: this.#containerStatuses(),
      nodeHealthStatus: health(),
      containersUtilization: containersUtilization(),
      nodeUtilization: nodeUtilization(),
      increasedContainers: this.#increased.splice(0),
      opportunisticContainersStatus: {
        runningOpportContainers: 0,
        opportMemoryUsed: 0,
        opportCoresUsed: 0,
        queuedOpportContainers: 0,
        waitQueueLength: 0,
        opportQueueCapacity: 0,
      },
    }
  }

  #containerStatuses(): ContainerStatusProtoInit[] {
    const { manager } = this.parts
    const running: ContainerStatusProtoInit[] = []
    for (const c of manager.containers.values()) {
      const status = statusOf(c, manager.hostAttributes)
      if (c.life.state !== 'DONE') {
        running.push(status)
        continue
      }
      if (this.#applicationIsOver(c)) {
        manager.forget(c.containerId)
        this.#completed.set(c.containerId, status)
      } else if (!this.isRecentlyStopped(c.containerId)) {
        this.#completed.set(c.containerId, status)
      }
      this.#remember(c.containerId)
    }
    return [...running, ...this.#completed.values()]
  }

  #applicationIsOver(c: NodeContainer): boolean {
    const state = this.parts.manager.applications.get(c.applicationId)?.life.state
    return state === undefined || state === 'FINISHING_CONTAINERS_WAIT' || state === 'APPLICATION_RESOURCES_CLEANINGUP' || state === 'FINISHED'
  }

  #remember(containerId: string): void {
    const now = performance.now()
    for (const [id, until] of this.#recentlyStopped) {
      if (until >= now) break
      if (!this.parts.manager.containers.has(id)) this.#recentlyStopped.delete(id)
    }
    if (!this.#recentlyStopped.has(containerId)) this.#recentlyStopped.set(containerId, now + this.parts.trackStopped)
  }

  isRecentlyStopped(containerId: string): boolean {
    return this.#recentlyStopped.has(containerId)
  }

  /** The ResourceManager is told with the next heartbeat that these were given more. */
  reportIncrease(container: ContainerProto): void {
    this.#increased.push(container)
  }

  async #heartbeat(): Promise<void> {
    const { tracker, logs, nmTokens, containerTokens } = this.parts
    this.#wanted = false
    const reports: LogAggregationReportProtoInit[] = logs.takeReports()
    const told = new Set<string>()
    const nodeStatus = this.#nodeStatus(this.#responseId)
    for (const id of this.#completed.keys()) told.add(id)
    let answer: NodeHeartbeatResponseProto
    try {
      answer = await tracker.nodeHeartbeat({
        nodeStatus,
        lastKnownContainerTokenMasterKey: keyProto(containerTokens.current),
        lastKnownNmTokenMasterKey: keyProto(nmTokens.current),
        logAggregationReportsForApps: reports,
        tokenSequenceNo: this.#tokenSequence,
      })
    } catch (e) {
      logs.giveBack(reports)
      this.#increased.unshift(...((nodeStatus.increasedContainers ?? []) as ContainerProto[]))
      // One that does not know this node (any more) says so instead of answering.
      if (isException(e, 'YarnException')) this.registered = false
      throw e
    }
    this.lastHeartbeat = Date.now()
    if (answer.nextHeartBeatInterval !== undefined && answer.nextHeartBeatInterval > 0) this.#interval = answer.nextHeartBeatInterval
    this.#takeKeys(answer)
    if (answer.nodeAction === 'SHUTDOWN')
      return this.#shutdown(
        `Received SHUTDOWN signal from Resourcemanager as part of heartbeat, hence shutting down. Message from ResourceManager: ${answer.diagnosticsMessage}`,
      )
    if (answer.nodeAction === 'RESYNC') return this.#resync(answer.diagnosticsMessage)
    if (answer.tokenSequenceNo !== undefined) this.#tokenSequence = answer.tokenSequenceNo
    this.#forgetCompleted(answer)
    if (this.#missed) this.#missed = false
    else for (const id of told) this.#completed.delete(id)
    if (answer.responseId !== undefined) this.#responseId = answer.responseId
    if (answer.resource) this.resource = resourceOf(answer.resource)
    this.#carryOut(answer)
  }

  #resync(message: string | undefined): void {
    this.parts.log.warn(`Node is out of sync with ResourceManager, hence resyncing. Message from ResourceManager: ${message}`)
    this.rmIdentifier = undefined
    this.registered = false
    // Registration tells of all containers anew.
    this.#completed.clear()
    this.#recentlyStopped.clear()
  }

  #forgetCompleted(answer: NodeHeartbeatResponseProto): void {
    const { manager } = this.parts
    for (const p of answer.containersToBeRemovedFromNm) this.#toForget.add(formatContainerId(containerIdOfProto(p)))
    for (const id of this.#toForget) {
      const c = manager.containers.get(id)
      if (!c) this.#toForget.delete(id)
      else if (c.life.state === 'DONE') {
        manager.forget(id)
        this.#toForget.delete(id)
      }
      this.#completed.delete(id)
    }
  }

  #carryOut(answer: NodeHeartbeatResponseProto): void {
    const { manager, onUpdate, onSignal, log } = this.parts
    for (const p of answer.containersToCleanup) manager.kill(formatContainerId(containerIdOfProto(p)), EXIT.KILLED_BY_RESOURCEMANAGER, CLEANUP_CONTAINER)
    for (const p of answer.applicationsToCleanup) {
      const name = formatApplicationId(applicationIdOf(p))
      if (manager.applications.has(name)) manager.finishApplication(name, CLEANUP_APP)
      else
        log.info(
          `couldn't find application ${name} while processing FINISH_APPS event. The ResourceManager allocated resources for this application to the NodeManager but no active containers were found to process.`,
        )
    }
    for (const c of [...answer.containersToUpdate, ...answer.containersToDecrease]) onUpdate(c)
    for (const s of answer.containersToSignal) onSignal(formatContainerId(containerIdOfProto(s.containerId)), s.command)
  }
}
