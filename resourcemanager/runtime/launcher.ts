/**
 * Starts and stops the containers of application masters on their NodeManagers (amlauncher.AMLauncher): the client's launch context with
 * an AMRMToken added to its credentials and a few variables to its environment, sent over SASL with an NMToken.
 */
import { HadoopException, isException } from '../../common/errors.js'
import type { SerializedExceptionProto } from '../../common/proto/gen/container-management.js'
import type { ContainerLaunchContextProto, ContainerLaunchContextProtoInit } from '../../common/proto/gen/yarn.js'
import { containerManagementProtocol } from '../../common/protocols/container-management.js'
import { containerIdProto, tokenProto } from '../../common/protocols/records.js'
import { type ApplicationAttemptId, type NodeId, formatApplicationId, formatAttemptId, formatContainerId } from '../../common/records/ids.js'
import { type Address, ConnectionError, RpcClient } from '../../common/rpc/client.js'
import { type Credentials, decodeCredentials, encodeCredentials } from '../../common/security/credentials.js'
import type { AllocatedContainer } from '../core/index.js'
import type { Contexts } from './contexts.js'
import type { Tokens } from './tokens.js'

export interface LauncherOptions {
  readonly tokens: Tokens
  readonly contexts: Contexts
  /** Where a NodeManager is reached. */
  readonly addressOf: (node: NodeId) => Address
  readonly now: () => number
  /** Milliseconds that a container token stays valid. */
  readonly allocationExpiry: number
  /** How often a NodeManager that does not listen is tried (yarn.resourcemanager.nodemanager-connect-retries). */
  readonly connectRetries: number
  readonly retryInterval?: number
}

export interface LaunchRequest {
  readonly attemptId: ApplicationAttemptId
  readonly container: AllocatedContainer
  readonly user: string
  readonly submitTime: number
}

export interface Launcher {
  /** @throws Error with what the attempt's diagnostics are to say */
  launch(request: LaunchRequest): Promise<void>
  /** Best effort: the node's heartbeat cleans up as well. */
  cleanup(attemptId: ApplicationAttemptId, container: AllocatedContainer, user: string): Promise<void>
}

export function createLauncher(options: LauncherOptions): Launcher {
  const { tokens, contexts } = options

  const call = async <T>(
    attemptId: ApplicationAttemptId,
    node: NodeId,
    user: string,
    f: (proxy: RpcClient<typeof containerManagementProtocol>['proxy']) => Promise<T>,
  ) => {
    const client = new RpcClient(containerManagementProtocol, [options.addressOf(node)], {
      user: formatAttemptId(attemptId),
      token: tokens.nmToken(attemptId, node, user),
    })
    try {
      for (let tries = 0; ; tries++) {
        try {
          return await f(client.proxy)
        } catch (e) {
          if (tries >= options.connectRetries || !mayBeReadySoon(e)) throw e
        }
        await new Promise((resolve) => setTimeout(resolve, options.retryInterval ?? 1000).unref())
      }
    } finally {
      client.close()
    }
  }

  return {
    async launch({ attemptId, container, user, submitTime }) {
      try {
        const context = contexts.get(attemptId.applicationId)
        if (!context?.amContainerSpec) throw new HadoopException('java.lang.IllegalStateException', 'the application has no launch context')
        const token = tokens.containerToken({
          containerId: container.containerId,
          nodeId: container.nodeId,
          user,
          resource: container.resource,
          priority: container.priority,
          createdAt: container.creationTime,
          expiresAt: options.now() + options.allocationExpiry,
          containerType: 'APPLICATION_MASTER',
          executionType: container.executionType,
          version: container.version,
          allocationRequestId: container.allocationRequestId,
          nodeLabelExpression: container.nodeLabelExpression ?? '',
          logAggregationContext: context.logAggregationContext,
        })
        const containerLaunchContext = launchContextOf(context.amContainerSpec, attemptId, submitTime, tokens)
        const answer = await call(attemptId, container.nodeId, user, (nm) =>
          nm.startContainers({ startContainerRequest: [{ containerLaunchContext, containerToken: tokenProto(token) }] }),
        )
        const failed = answer.failedRequests[0]
        if (failed) throw new Error(describe(failed.exception))
      } catch (e) {
        throw new Error(`Error launching ${formatAttemptId(attemptId)}. Got exception: ${describeError(e)}`, { cause: e })
      }
    },

    async cleanup(attemptId, container, user) {
      const answer = await call(attemptId, container.nodeId, user, (nm) => nm.stopContainers({ containerId: [containerIdProto(container.containerId)] }))
      const failed = answer.failedRequests[0]
      if (failed) throw new Error(`stopping ${formatContainerId(container.containerId)}: ${describe(failed.exception)}`)
    },
  }
}

/** A NodeManager that is just starting, or has not registered with us again after a restart. */
function mayBeReadySoon(e: unknown): boolean {
  return isException(e, 'NMNotYetReadyException') || (e instanceof ConnectionError && !e.sent)
}

/** The client's launch context with our token and variables. @throws Error when the client's credentials can't be read */
function launchContextOf(
  spec: ContainerLaunchContextProto,
  attemptId: ApplicationAttemptId,
  submitTime: number,
  tokens: Tokens,
): ContainerLaunchContextProtoInit {
  const given: Credentials = spec.tokens && spec.tokens.length > 0 ? decodeCredentials(spec.tokens) : { tokens: new Map(), secrets: new Map() }
  const token = tokens.amRmToken(attemptId)
  // The AMRMToken stands under its service, which is empty: the application master's own client fills it in.
  const credentials: Credentials = { tokens: new Map([...given.tokens, [token.service, token]]), secrets: given.secrets }
  const own = {
    APPLICATION_WEB_PROXY_BASE: `/proxy/${formatApplicationId(attemptId.applicationId)}`,
    APP_SUBMIT_TIME_ENV: String(submitTime),
  }
  const environment = [
    ...spec.environment.filter((v) => !(v.key !== undefined && v.key in own)),
    ...Object.entries(own).map(([key, value]) => ({ key, value })),
  ]
  return { ...spec, tokens: encodeCredentials(credentials), environment }
}

function describe(e: SerializedExceptionProto | undefined): string {
  if (!e) return 'the NodeManager refused without a reason'
  const text = `${e.className ?? 'java.lang.Exception'}: ${e.message ?? ''}`
  return e.trace ? `${text}\n${e.trace}` : text
}

function describeError(e: unknown): string {
  if (e instanceof HadoopException) return `${e.className}: ${e.message}`
  if (e instanceof ConnectionError) return `java.net.ConnectException: ${e.message}`
  return e instanceof Error ? e.message : String(e)
}
