/** What an application master asks the ResourceManager (org.apache.hadoop.yarn.client.api.AMRMClient). */
import { readFileSync } from 'node:fs'
import type { Configuration } from '../config/configuration.js'
import { yarn } from '../config/keys/yarn.js'
import { isException } from '../errors.js'
import type {
  AllocateRequestProtoInit,
  AllocateResponseProto,
  FinishApplicationMasterRequestProtoInit,
  NMTokenProto,
  RegisterApplicationMasterRequestProtoInit,
  RegisterApplicationMasterResponseProto,
} from '../proto/gen/application-master.js'
import type { TokenProto } from '../proto/gen/common.js'
import type { ContainerIdProtoInit } from '../proto/gen/yarn.js'
import { applicationMasterProtocol } from '../protocols/application-master.js'
import { containerIdOfProto, nodeIdOf } from '../protocols/records.js'
import { type NodeId, formatContainerId, formatNodeId } from '../records/ids.js'
import { RpcClient, type RpcToken } from '../rpc/client.js'
import { type Token, decodeCredentials } from '../security/credentials.js'
import { AM_RM_TOKEN } from '../security/tokens.js'
import { currentUser } from '../security/user.js'
import { rmAddresses } from './addresses.js'
import { Asks } from './asks.js'
import { type RetryLimits, pauses, sleep, whileAway } from './retry.js'

export interface AMRMClientOptions {
  /** Unset: the one in the credentials file that HADOOP_TOKEN_FILE_LOCATION names. */
  readonly token?: RpcToken
  readonly user?: string
  /** Told when a restarted ResourceManager made this client register anew: containers are known from before then. */
  readonly onResync?: (answer: RegisterApplicationMasterResponseProto) => void
}

/** What is asked in one allocate; the response id is the client's to keep. Counts in `ask` are absolute. */
export type AllocateInit = Omit<AllocateRequestProtoInit, 'responseId'>

/** The AMRM token among a container's credentials. @throws Error naming the file when there is none */
export function readAmRmToken(file = process.env.HADOOP_TOKEN_FILE_LOCATION): Token {
  if (!file) throw new Error('HADOOP_TOKEN_FILE_LOCATION is not set: only a container of an application master has a token for the ResourceManager')
  for (const token of decodeCredentials(readFileSync(file)).tokens.values()) if (token.kind === AM_RM_TOKEN) return token
  throw new Error(`${file} holds no token of kind ${AM_RM_TOKEN}`)
}

/**
 * Keeps the response id, the outstanding asks and releases, and the NM tokens. Calls are carried out one after the
 * other. A ResourceManager that is away is waited for (yarn.resourcemanager.connect.max-wait.ms); one that restarted
 * is registered with anew and told all that is outstanding, without the caller noticing but by `onResync`.
 */
export class AMRMClient {
  /** By HOST:PORT, from register and allocate answers: what `NMClient` needs. */
  readonly nmTokens = new Map<string, TokenProto>()
  readonly #conf: Configuration
  readonly #options: AMRMClientOptions
  readonly #limits: RetryLimits
  readonly #asks = new Asks()
  readonly #releases = new Map<string, ContainerIdProtoInit>()
  readonly #blacklist = new Set<string>()
  #rpc: RpcClient<typeof applicationMasterProtocol>
  #registration: RegisterApplicationMasterRequestProtoInit | undefined
  #responseId = 0
  #last: Promise<unknown> = Promise.resolve()
  readonly #abort = new AbortController()

  constructor(conf: Configuration, options: AMRMClientOptions = {}) {
    this.#conf = conf
    this.#options = options
    this.#limits = { maxWait: conf.get(yarn.rmConnectMaxWait), interval: conf.get(yarn.rmConnectRetryInterval) }
    this.#rpc = this.#connect(options.token ?? readAmRmToken())
  }

  nmToken(node: NodeId): TokenProto | undefined {
    return this.nmTokens.get(formatNodeId(node))
  }

  registerApplicationMaster(request: RegisterApplicationMasterRequestProtoInit): Promise<RegisterApplicationMasterResponseProto> {
    this.#registration = request
    return this.#inTurn(() => this.#register())
  }

  allocate(request: AllocateInit = {}): Promise<AllocateResponseProto> {
    return this.#inTurn(async () => {
      this.#asks.record(request.ask ?? [])
      for (const id of request.release ?? []) this.#releases.set(releaseKey(id), id)
      for (const host of request.blacklistRequest?.blacklistAdditions ?? []) this.#blacklist.add(host)
      for (const host of request.blacklistRequest?.blacklistRemovals ?? []) this.#blacklist.delete(host)
      const answer = await this.#resyncing(
        () => this.#allocate(request),
        () => this.#allocate(this.#everything(request)),
      )
      this.#take(answer)
      return answer
    })
  }

  /** Returns when the ResourceManager has let the application go. */
  finishApplicationMaster(request: FinishApplicationMasterRequestProtoInit): Promise<void> {
    return this.#inTurn(async () => {
      const finish = () => this.#call((proxy) => proxy.finishApplicationMaster(request))
      for (const pause of pauses(100)) {
        const { isUnregistered } = await this.#resyncing(finish, finish)
        if (isUnregistered) return
        await sleep(pause, this.#abort.signal)
      }
    })
  }

  /** Ends waiting calls too. */
  close(): void {
    this.#abort.abort(new Error('the client was closed'))
    this.#rpc.close()
  }

  #connect(token: RpcToken): RpcClient<typeof applicationMasterProtocol> {
    return new RpcClient(applicationMasterProtocol, rmAddresses(this.#conf, 'scheduler'), { user: this.#options.user ?? currentUser(), token })
  }

  #call<T>(call: (proxy: RpcClient<typeof applicationMasterProtocol>['proxy']) => Promise<T>): Promise<T> {
    return whileAway(this.#limits, () => call(this.#rpc.proxy), this.#abort.signal)
  }

  async #register(): Promise<RegisterApplicationMasterResponseProto> {
    const registration = this.#registration
    if (!registration) throw new Error('the application master has not registered yet')
    const answer = await this.#call((proxy) => proxy.registerApplicationMaster(registration))
    this.#responseId = 0
    this.#takeTokens(answer.nmTokensFromPreviousAttempts)
    return answer
  }

  #allocate(request: AllocateInit): Promise<AllocateResponseProto> {
    return this.#call((proxy) => proxy.allocate({ ...request, responseId: this.#responseId }))
  }

  /** Carries out `first`; when the ResourceManager has forgotten the registration: registers, then `again`. */
  async #resyncing<T>(first: () => Promise<T>, again: () => Promise<T>): Promise<T> {
    try {
      return await first()
    } catch (e) {
      if (!isException(e, 'ApplicationMasterNotRegisteredException') || !this.#registration) throw e
    }
    const answer = await this.#register()
    this.#options.onResync?.(answer)
    return again()
  }

  #everything(request: AllocateInit): AllocateInit {
    return { ...request, ask: this.#asks.outstanding(), release: [...this.#releases.values()], blacklistRequest: { blacklistAdditions: [...this.#blacklist] } }
  }

  #take(answer: AllocateResponseProto): void {
    this.#responseId = answer.responseId ?? 0
    this.#asks.allocated(answer)
    for (const done of answer.completedContainerStatuses) this.#releases.delete(releaseKey(done.containerId ?? {}))
    this.#takeTokens(answer.nmTokens)
    if (answer.amRmToken) {
      // Rolled: the next connection needs it; the old one is replaced between calls.
      this.#rpc.close()
      this.#rpc = this.#connect(answer.amRmToken)
    }
  }

  #takeTokens(tokens: readonly NMTokenProto[]): void {
    for (const t of tokens) if (t.token) this.nmTokens.set(formatNodeId(nodeIdOf(t.nodeId)), t.token)
  }

  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#last.then(call)
    this.#last = result.catch(() => {})
    return result
  }
}

function releaseKey(id: ContainerIdProtoInit): string {
  return formatContainerId(containerIdOfProto(id as Parameters<typeof containerIdOfProto>[0]))
}
