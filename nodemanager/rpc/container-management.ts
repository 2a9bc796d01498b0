/** ContainerManagementProtocol: what application masters, and the ResourceManager for them, ask of this node (Hadoop's ContainerManagerImpl). */
import { exception } from '../../common/errors.js'
import { StartContainerRequestProto } from '../../common/proto/gen/container-management.js'
import type { ContainerTokenIdentifierProto } from '../../common/proto/gen/yarn-security.js'
import { ContainerTokenIdentifierProto as ContainerTokenCodec } from '../../common/proto/gen/yarn-security.js'
import type { ContainerIdProto, ContainerLaunchContextProto, LocalResourceProto, SignalContainerCommandProto } from '../../common/proto/gen/yarn.js'
import type { ContainerManagementProtocol } from '../../common/protocols/container-management.js'
import { containerIdOfProto, resourceOf } from '../../common/protocols/records.js'
import { type ContainerId, type NodeId, formatAttemptId, formatContainerId, sameApplication } from '../../common/records/ids.js'
import { fitsIn, formatResource, sameResource } from '../../common/records/resource.js'
import { EXIT } from '../../common/records/states.js'
import type { CallContext, Handlers } from '../../common/rpc/protocol.js'
import type { Logger } from '../../common/daemon/daemon.js'
import { type NodeContainer, newContainer, resourceOfContainer, statusOf, wantResources } from '../runtime/container.js'
import type { ContainerManager } from '../runtime/container-manager.js'
import { credentialsOf } from '../runtime/launching.js'
import { nameOf, requestOf } from '../localizer/request.js'
import type { ContainersMonitor } from '../monitor/containers.js'
import type { NodeStore } from '../store/store.js'
import { forEach, serializedException, yarnException } from './failures.js'
import type { StatusUpdater } from './resource-tracker.js'
import { type ContainerTokenSecrets, type NMTokenIdentifier, type NMTokenSecrets, decodeNMToken } from './secrets.js'

/** What the launch of a container may speak to beside the NodeManager. */
export interface AuxiliaryService {
  readonly metaData: Uint8Array
  initialize(application: string, data: Uint8Array): void
}

export interface ManagementParts {
  readonly manager: ContainerManager
  readonly status: () => StatusUpdater
  readonly store: NodeStore
  readonly monitor: ContainersMonitor
  readonly nmTokens: NMTokenSecrets
  readonly containerTokens: ContainerTokenSecrets
  readonly nodeId: () => NodeId
  readonly services: ReadonlyMap<string, AuxiliaryService>
  readonly vmemRatio: number
  /** True once this node is being stopped. */
  readonly stopping: () => boolean
  readonly log: Logger
}

const INVALID_NMTOKEN = 'Invalid NMToken'
const INVALID_CONTAINER_TOKEN = 'Invalid ContainerToken'
const MIB = 2 ** 20
const SIGNALS: Readonly<Record<SignalContainerCommandProto, NodeJS.Signals>> = {
  OUTPUT_THREAD_DUMP: 'SIGQUIT',
  GRACEFUL_SHUTDOWN: 'SIGTERM',
  FORCEFUL_SHUTDOWN: 'SIGKILL',
}

function nmToken(call: CallContext): NMTokenIdentifier {
  if (!call.tokenIdentifier) throw yarnException(INVALID_NMTOKEN)
  return decodeNMToken(call.tokenIdentifier)
}

export class ContainerManagement {
  constructor(private readonly parts: ManagementParts) {}

  get handlers(): Handlers<ContainerManagementProtocol> {
    return {
      startContainers: async (request, call) => {
        const token = nmToken(call)
        const failedRequests = []
        const succeededRequests = []
        for (const one of request.startContainerRequest) {
          // A token that is not valid fails the call: who sends one is not to be told more.
          if (!one.containerToken) throw exception('IOException', INVALID_CONTAINER_TOKEN)
          const container = this.parts.containerTokens.verify(one.containerToken.identifier, one.containerToken.password)
          try {
            this.#start(token, container, one, call.user)
            succeededRequests.push(container.containerId!)
          } catch (e) {
            this.parts.log.warn(`${formatContainerId(containerIdOfProto(container.containerId))} is not started: ${(e as Error).message}`)
            failedRequests.push({ containerId: container.containerId, exception: serializedException(e) })
          }
        }
        const servicesMetaData = [...this.parts.services].map(([key, { metaData }]) => ({ key, value: metaData }))
        return { servicesMetaData, succeededRequests, failedRequests }
      },
      stopContainers: (request, call) => {
        const token = nmToken(call)
        return forEach(request.containerId, containerIdOfProto, (id) => this.#stop(token, containerIdOfProto(id)))
      },
      getContainerStatuses: async (request, call) => {
        const token = nmToken(call)
        const status: ReturnType<typeof statusOf>[] = []
        const { failedRequests } = await forEach(request.containerId, containerIdOfProto, (id) => {
          status.push(statusOf(this.#readable(token, containerIdOfProto(id)), this.parts.manager.hostAttributes))
        })
        return { status, failedRequests }
      },
      increaseContainersResource: (request, call) => this.#updateAll(request.increaseContainers, call),
      updateContainer: (request, call) => this.#updateAll(request.updateContainerToken, call),
      signalToContainer: (request, call) => {
        const token = nmToken(call)
        const id = containerIdOfProto(request.containerId)
        this.#authorize(token, id, 'attempted to stop non-application container')
        this.signal(formatContainerId(id), request.command)
        return {}
      },
      localize: (request, call) => {
        const c = this.#running(nmToken(call), request.containerId, 'Localize')
        checkResources(request.localResources)
        for (const id of wantResources(c, request.localResources)) this.parts.manager.localizeWhileRunning(c, id)
        return {}
      },
      reInitializeContainer: (request, call) => {
        const c = this.#running(nmToken(call), request.containerId, 'ReInitialize')
        this.#reinitialize(c, request.containerLaunchContext, request.autoCommit)
        return {}
      },
      restartContainer: (request, call) => {
        this.#reinitialize(this.#running(nmToken(call), request, 'ReInitialize'), undefined, true)
        return {}
      },
      rollbackLastReInitialization: (request, call) => {
        const c = this.#running(nmToken(call), request, 'Rollback')
        if (!c.previous) throw yarnException('Nothing to rollback to !!')
        this.#reinitialize(c, c.previous, true)
        return {}
      },
      commitLastReInitialization: (request, call) => {
        const c = this.#running(nmToken(call), request, 'Commit')
        if (!c.previous) throw yarnException('Nothing to Commit !!')
        c.previous = undefined
        return {}
      },
      getLocalizationStatuses: async (request, call) => {
        const token = nmToken(call)
        const cntnLocalizationStatuses: { containerId: ContainerIdProto; localizationStatuses: ReturnType<ContainerManager['localizationStatuses']> }[] = []
        const { failedRequests } = await forEach(request.containerId, containerIdOfProto, (id) => {
          const c = this.#readable(token, containerIdOfProto(id))
          cntnLocalizationStatuses.push({ containerId: id, localizationStatuses: this.parts.manager.localizationStatuses(c) })
        })
        return { cntnLocalizationStatuses, failedRequests }
      },
    }
  }

  // ---- starting

  #start(token: NMTokenIdentifier, container: ContainerTokenIdentifierProto, request: StartContainerRequestProto, user: string): void {
    const { manager, store, nmTokens, containerTokens, log } = this.parts
    this.#authorizeStart(token, container, true)
    nmTokens.attemptStartsContainer(token)
    const context = request.containerLaunchContext
    if (!context) throw yarnException('no launch context')
    const services = context.serviceData.map(({ key, value }) => {
      const service = this.parts.services.get(key ?? '')
      if (!service) throw exception('InvalidAuxServiceException', `The auxService:${key} does not exist`)
      return { service, value }
    })
    checkResources(context.localResources)
    const c = newContainer(container, request, Date.now())
    if (!isFolderName(c.user)) throw yarnException(`the user "${c.user}" of ${c.containerId} can't be the name of a folder`)
    log.info(`Start request for ${c.containerId} by user ${user} with resource ${formatResource(resourceOfContainer(c))}`)
    try {
      credentialsOf(c)
    } catch (e) {
      throw exception('IOException', `the credentials of ${c.containerId} can't be read: ${(e as Error).message}`, { cause: e })
    }
    if (manager.containers.has(c.containerId)) throw yarnException(`Container ${c.containerId} already is running on this node!!`)
    if (this.parts.stopping()) throw yarnException('Container start failed as the NodeManager is in the process of shutting down')
    const acls = context.application_ACLs.map((a) => [a.accessType === 'APPACCESS_MODIFY_APP' ? 'MODIFY_APP' : 'VIEW_APP', a.acl] as const)
    manager.application(c.applicationId, c.user, acls, container.logAggregationContext)
    for (const { service, value } of services) service.initialize(c.applicationId, value ?? new Uint8Array())
    store.putContainer(c.containerId, {
      startTime: c.startTime,
      request: StartContainerRequestProto.encode(request),
      token: undefined,
      progress: 'REQUESTED',
      exitCode: undefined,
      killed: undefined,
      diagnostics: '',
      workDir: undefined,
      logDir: undefined,
      restarts: [],
    })
    containerTokens.started(c.containerId, container.expiryTimeStamp ?? 0)
    manager.add(c)
  }

  #authorizeStart(token: NMTokenIdentifier, container: ContainerTokenIdentifierProto, start: boolean): void {
    const id = containerIdOfProto(container.containerId)
    const name = formatContainerId(id)
    const what = start ? 'start container.' : 'increase container resource.'
    const now = Date.now()
    let reason: string | undefined
    if (!sameApplication(token.attempt.applicationId, id.applicationAttemptId.applicationId)) {
      const doing = start ? 'starting ' : 'increasing resource of '
      reason = `\nNMToken for application attempt : ${formatAttemptId(token.attempt)} was used for ${doing}container with container token issued for application attempt : ${formatAttemptId(id.applicationAttemptId)}`
    } else if (start && !this.parts.containerTokens.mayStart(name, now)) {
      reason = `\n Attempt to relaunch the same container with id ${name}.`
    } else if ((container.expiryTimeStamp ?? 0) < now) {
      reason = `\nThis token is expired. current time is ${now} found ${container.expiryTimeStamp}\nNote: System times on machines may be out of sync. Check system time and time zones.`
    }
    if (reason !== undefined) throw yarnException(`Unauthorized request to ${what}${reason}`)
    if (container.rmIdentifier !== this.parts.status().rmIdentifier)
      throw exception('InvalidContainerException', `\nContainer ${name} rejected as it is allocated by a previous RM`)
  }

  // ---- asking and stopping

  #authorize(token: NMTokenIdentifier, id: ContainerId, attempt: string): void {
    if (!sameApplication(token.attempt.applicationId, id.applicationAttemptId.applicationId))
      throw yarnException(`${formatAttemptId(token.attempt)} ${attempt} : ${formatContainerId(id)}`)
  }

  #readable(token: NMTokenIdentifier, id: ContainerId): NodeContainer {
    this.#authorize(token, id, 'attempted to get status for non-application container')
    const name = formatContainerId(id)
    const c = this.parts.manager.containers.get(name)
    if (c) return c
    throw yarnException(this.parts.status().isRecentlyStopped(name) ? `Container ${name} was recently stopped on node manager.` : notHandled(name))
  }

  #stop(token: NMTokenIdentifier, id: ContainerId): void {
    this.#authorize(token, id, 'attempted to stop non-application container')
    const name = formatContainerId(id)
    this.parts.log.info(`Stopping container with container Id: ${name}`)
    if (this.parts.manager.containers.has(name)) return this.parts.manager.kill(name, EXIT.KILLED_BY_APPMASTER, 'Container killed by the ApplicationMaster.')
    if (!this.parts.status().isRecentlyStopped(name)) throw yarnException(notHandled(name))
  }

  /** Also on behalf of the ResourceManager. */
  signal(name: string, command: SignalContainerCommandProto): void {
    const c = this.parts.manager.containers.get(name)
    if (!c) throw yarnException(notHandled(name))
    const signal = SIGNALS[command]
    const pid = c.process?.pid?.pid
    if (pid === undefined) {
      this.parts.log.info(`Container ${name} not launched. Not sending the signal`)
      return
    }
    const sent = c.process!.signal(signal)
    this.parts.manager.note(
      c,
      `Sent signal ${command} (${signal}) to pid ${pid} as user ${c.user} for container ${name}, result=${sent ? 'success' : 'failed'}\n`,
    )
  }

  // ---- changing a running container

  #running(token: NMTokenIdentifier, p: ContainerIdProto | undefined, operation: string): NodeContainer {
    const id = containerIdOfProto(p)
    const name = formatContainerId(id)
    if (!sameApplication(token.attempt.applicationId, id.applicationAttemptId.applicationId))
      throw yarnException(`ApplicationMaster not authorized to perform [${operation}] on Container [${name}]!!`)
    const c = this.parts.manager.containers.get(name)
    if (!c) throw yarnException(`Specified ${name} does not exist!`)
    if (c.life.state !== 'RUNNING')
      throw yarnException(
        `Cannot perform ${operation} on [${name}]. Current state is [${c.life.state}, isReInitializing=${c.life.state.startsWith('REINITIALIZING')}].`,
      )
    return c
  }

  #reinitialize(c: NodeContainer, context: ContainerLaunchContextProto | undefined, autoCommit: boolean): void {
    if (context) checkResources(context.localResources)
    c.previous = autoCommit ? undefined : c.launchContext
    this.parts.manager.reinitialize(c, context)
  }

  async #updateAll(tokens: readonly { readonly identifier: Uint8Array; readonly password: Uint8Array }[], call: CallContext) {
    const nm = nmToken(call)
    const verified = tokens.map((t) => ({ bytes: t.identifier, token: this.parts.containerTokens.verify(t.identifier, t.password) }))
    return forEach(
      verified,
      ({ token }) => containerIdOfProto(token.containerId),
      ({ token, bytes }) => {
        this.#authorizeStart(nm, token, false)
        this.#update(token, bytes)
      },
    )
  }

  #update(token: ContainerTokenIdentifierProto, bytes: Uint8Array): void {
    const { manager, status, store, monitor, vmemRatio } = this.parts
    const name = formatContainerId(containerIdOfProto(token.containerId))
    const c = manager.containers.get(name)
    if (!c) throw yarnException(status().isRecentlyStopped(name) ? `Container ${name} was recently stopped on node manager.` : notHandled(name))
    if (token.version <= c.token.version)
      throw yarnException(`Container ${name} has update version [${c.token.version}] >= requested version [${token.version}]`)
    const before = resourceOfContainer(c)
    const after = resourceOf(token.resource)
    c.token = token
    store.updateContainer(name, { token: bytes })
    if (sameResource(before, after)) return
    manager.metrics.resize(before, after)
    monitor.resize(name, after.memory * MIB, after.memory * MIB * vmemRatio)
    if (fitsIn(before, after)) {
      status().reportIncrease({
        id: token.containerId,
        nodeId: undefined,
        nodeHttpAddress: undefined,
        resource: token.resource,
        priority: undefined,
        containerToken: undefined,
        executionType: token.executionType,
        allocationRequestId: -1,
        version: token.version,
        allocationTags: [],
        exposedPorts: undefined,
      })
    }
  }

  /** The ResourceManager made a container smaller, and sends its new token with a heartbeat. */
  updateFromResourceManager(identifier: Uint8Array): void {
    const token = ContainerTokenCodec.decode(identifier)
    try {
      this.#update(token, identifier)
    } catch (e) {
      this.parts.log.error({ err: e }, `Unable to update container resource: ${(e as Error).message}`)
    }
  }
}

/** What becomes part of a path must not lead anywhere else. */
const isFolderName = (name: string) => name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)

const notHandled = (name: string) => `Container ${name} is not handled by this NodeManager`

function checkResources(resources: readonly { readonly key?: string; readonly value?: LocalResourceProto }[]): void {
  for (const { key, value } of resources) {
    const missing = !value?.resource ? 'URL' : value.type === undefined ? 'type' : value.visibility === undefined ? 'visibility' : undefined
    if (missing) throw yarnException(`Null resource ${missing} for local resource ${key} : ${value ? JSON.stringify(value) : 'null'}`)
    const request = requestOf(value!)
    if (!isFolderName(nameOf(request))) throw yarnException(`Error when parsing local resource URI for ${key}: ${request.uri} names no file`)
  }
}
