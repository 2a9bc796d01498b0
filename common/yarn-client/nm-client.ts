/** What an application master asks NodeManagers (org.apache.hadoop.yarn.client.api.NMClient). */
import type { Configuration } from '../config/configuration.js'
import { yarn } from '../config/keys/yarn.js'
import { HadoopException } from '../errors.js'
import type { TokenProto } from '../proto/gen/common.js'
import type { ContainerExceptionMapProto } from '../proto/gen/container-management.js'
import type { ContainerLaunchContextProtoInit, ContainerProto, ContainerStatusProto, SignalContainerCommandProto } from '../proto/gen/yarn.js'
import { containerManagementProtocol } from '../protocols/container-management.js'
import { containerIdProto, containerIdOfProto, nodeIdOf } from '../protocols/records.js'
import { type ContainerId, type NodeId, formatContainerId, formatNodeId } from '../records/ids.js'
import { RpcClient } from '../rpc/client.js'
import type { Proxy as RpcProxy } from '../rpc/protocol.js'
import { currentUser } from '../security/user.js'
import { type RetryLimits, whileAway } from './retry.js'

type NodeProxy = RpcProxy<typeof containerManagementProtocol>

interface Connection {
  readonly rpc: RpcClient<typeof containerManagementProtocol>
  readonly proxy: NodeProxy
  readonly token: TokenProto
}

/** One connection for each NodeManager, kept while it is in use, made anew when its token is. */
export class NMClient {
  readonly #connections = new Map<string, Connection>()
  readonly #limits: RetryLimits
  readonly #user: string

  constructor(conf: Configuration, options: { readonly user?: string } = {}) {
    this.#user = options.user ?? currentUser()
    this.#limits = { maxWait: conf.get(yarn.clientNmConnectMaxWait), interval: conf.get(yarn.clientNmConnectRetryInterval) }
  }

  /**
   * @param nmToken of the allocate answers, for the container's node (`AMRMClient.nmTokens`)
   * @returns what the node's auxiliary services answer, by name
   * @throws HadoopException with the NodeManager's reason when it refuses
   */
  async startContainer(container: ContainerProto, nmToken: TokenProto, launchContext: ContainerLaunchContextProtoInit): Promise<Map<string, Uint8Array>> {
    const node = nodeIdOf(container.nodeId)
    const answer = await this.#call(node, nmToken, async (proxy) => {
      const answer = await proxy.startContainers({
        startContainerRequest: [{ containerLaunchContext: launchContext, containerToken: container.containerToken }],
      })
      throwFailure(answer.failedRequests, containerIdOfProto(container.id))
      return answer
    })
    return new Map(answer.servicesMetaData.map((m) => [m.key ?? '', m.value ?? new Uint8Array(0)]))
  }

  /** Asks for the end; the container's completion comes with a later allocate answer. */
  async stopContainer(id: ContainerId, node: NodeId, nmToken: TokenProto): Promise<void> {
    const answer = await this.#call(node, nmToken, (proxy) => proxy.stopContainers({ containerId: [containerIdProto(id)] }))
    throwFailure(answer.failedRequests, id)
  }

  async getContainerStatus(id: ContainerId, node: NodeId, nmToken: TokenProto): Promise<ContainerStatusProto> {
    const answer = await this.#call(node, nmToken, (proxy) => proxy.getContainerStatuses({ containerId: [containerIdProto(id)] }))
    throwFailure(answer.failedRequests, id)
    const status = answer.status[0]
    if (!status) throw new Error(`${formatNodeId(node)} answered nothing about ${formatContainerId(id)}`)
    return status
  }

  /** The other methods of the protocol. */
  proxy(node: NodeId, nmToken: TokenProto): NodeProxy {
    return this.#connection(node, nmToken).proxy
  }

  async signalToContainer(id: ContainerId, command: SignalContainerCommandProto, node: NodeId, nmToken: TokenProto): Promise<void> {
    await this.#call(node, nmToken, (proxy) => proxy.signalToContainer({ containerId: containerIdProto(id), command }))
  }

  close(): void {
    for (const c of this.#connections.values()) c.rpc.close()
    this.#connections.clear()
  }

  #call<T>(node: NodeId, token: TokenProto, call: (proxy: NodeProxy) => Promise<T>): Promise<T> {
    return whileAway(this.#limits, () => call(this.#connection(node, token).proxy))
  }

  #connection(node: NodeId, token: TokenProto): Connection {
    const key = formatNodeId(node)
    const known = this.#connections.get(key)
    if (known && Buffer.compare(known.token.identifier, token.identifier) === 0 && Buffer.compare(known.token.password, token.password) === 0) return known
    // Calls in flight on the old connection end with it idle, not with this.
    const rpc = new RpcClient(containerManagementProtocol, [node], { user: this.#user, token })
    const made = { rpc, proxy: rpc.proxy, token }
    this.#connections.set(key, made)
    return made
  }
}

function throwFailure(failures: readonly ContainerExceptionMapProto[], id: ContainerId): void {
  const name = formatContainerId(id)
  const failure = failures.find((f) => formatContainerId(containerIdOfProto(f.containerId)) === name)?.exception
  if (failure) throw new HadoopException(failure.className ?? 'java.io.IOException', failure.message ?? failure.trace ?? `the NodeManager refused ${name}`)
}
