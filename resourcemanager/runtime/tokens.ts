/**
 * The ResourceManager's tokens: who made which key, when the next one takes over, which node has which NMToken.
 * Identifiers and passwords are Hadoop's, bit by bit, as real NodeManagers and application masters check them.
 * Source: org.apache.hadoop.yarn.server.resourcemanager.security.*, org.apache.hadoop.yarn.security.*.
 */
import { randomInt } from 'node:crypto'
import { exception } from '../../common/errors.js'
import type { LogAggregationContextProtoInit } from '../../common/proto/gen/yarn.js'
import {
  AMRMTokenIdentifierProto,
  type AMRMTokenIdentifierProto as AmRmTokenIdentifier,
  ContainerTokenIdentifierProto,
  NMTokenIdentifierProto,
} from '../../common/proto/gen/yarn-security.js'
import { type ResourceType, attemptIdOf, attemptIdProto, containerIdProto, resourceProto } from '../../common/protocols/records.js'
import type { ApplicationAttemptId, ContainerId, NodeId } from '../../common/records/ids.js'
import { formatAttemptId, formatNodeId } from '../../common/records/ids.js'
import type { Resource } from '../../common/records/resource.js'
import type { ExecutionType } from '../../common/records/states.js'
import type { Token } from '../../common/security/credentials.js'
import { AM_RM_TOKEN, CONTAINER_TOKEN, type MasterKey, NM_TOKEN, newMasterKey, tokenPassword } from '../../common/security/tokens.js'

export const KEY_KINDS = ['amrm', 'nm', 'container'] as const
export type KeyKind = (typeof KEY_KINDS)[number]

/** What a store keeps of one kind's keys. */
export interface KeysState {
  readonly current: MasterKey
  /** Made and handed out, but not yet in use; undefined between the activation of one key and the making of the next. */
  readonly next?: MasterKey | undefined
}

/** Keys as JSON: how a store and nobody else sees them. */
export interface KeysJson {
  readonly current: KeyJson
  readonly next?: KeyJson
}

interface KeyJson {
  readonly keyId: number
  /** base64 */
  readonly bytes: string
}

export function encodeKeys(state: KeysState): KeysJson {
  const json = (k: MasterKey): KeyJson => ({ keyId: k.keyId, bytes: Buffer.from(k.bytes).toString('base64') })
  return { current: json(state.current), ...(state.next && { next: json(state.next) }) }
}

export function decodeKeys(stored: unknown): KeysState | undefined {
  if (stored === undefined) return undefined
  const { current, next } = stored as KeysJson
  const key = (k: KeyJson): MasterKey => ({ keyId: k.keyId, bytes: Buffer.from(k.bytes, 'base64') })
  return { current: key(current), next: next && key(next) }
}

/** A random id, as Hadoop's: a token of another ResourceManager's key is then told from one of ours. */
function freshKey(): MasterKey {
  return newMasterKey(randomInt(-(2 ** 31), 2 ** 31))
}

/** One kind's current and next key. A key is handed out as the next one before anything is signed with it. */
class Keys {
  #current: MasterKey
  #next: MasterKey | undefined
  #previous: MasterKey | undefined

  constructor(state: KeysState | undefined) {
    this.#current = state?.current ?? freshKey()
    this.#next = state?.next
  }

  get current(): MasterKey {
    return this.#current
  }

  get next(): MasterKey | undefined {
    return this.#next
  }

  get state(): KeysState {
    return { current: this.#current, next: this.#next }
  }

  roll(): void {
    this.#next = freshKey()
  }

  activate(): void {
    if (!this.#next) return
    this.#previous = this.#current
    this.#current = this.#next
    this.#next = undefined
  }

  byId(keyId: number): MasterKey | undefined {
    return [this.#current, this.#next, this.#previous].find((k) => k?.keyId === keyId)
  }
}

export interface ContainerTokenInput {
  readonly containerId: ContainerId
  readonly nodeId: NodeId
  readonly user: string
  readonly resource: Resource
  readonly priority: number
  readonly createdAt: number
  readonly expiresAt: number
  readonly containerType: 'APPLICATION_MASTER' | 'TASK'
  readonly executionType?: ExecutionType
  readonly version?: number
  readonly allocationRequestId?: number
  readonly allocationTags?: readonly string[]
  readonly nodeLabelExpression?: string
  readonly logAggregationContext?: LogAggregationContextProtoInit | undefined
}

export interface TokensOptions {
  /** The ResourceManager's identity in container tokens: its cluster timestamp of this start. */
  readonly rmIdentifier: number
  readonly resourceTypes: readonly ResourceType[]
  /** `127.0.0.1:PORT` of a node: what a token's service holds. */
  readonly serviceOf: (node: NodeId) => string
  readonly keys?: Partial<Record<KeyKind, KeysState>>
}

export class Tokens {
  readonly #keys: Record<KeyKind, Keys>
  /** Attempts whose application masters may speak to us. */
  readonly #attempts = new Map<string, ApplicationAttemptId>()
  /** For each attempt the nodes that it holds an NMToken of. */
  readonly #nodes = new Map<string, Set<string>>()

  constructor(private readonly options: TokensOptions) {
    const keys = options.keys ?? {}
    this.#keys = { amrm: new Keys(keys.amrm), nm: new Keys(keys.nm), container: new Keys(keys.container) }
  }

  keys(kind: KeyKind): KeysState {
    return this.#keys[kind].state
  }

  /** Makes the next key of a kind; it signs nothing until `activate`. */
  roll(kind: KeyKind): KeysState {
    this.#keys[kind].roll()
    return this.#keys[kind].state
  }

  activate(kind: KeyKind): KeysState {
    this.#keys[kind].activate()
    // Tokens of the old key end with it: every attempt needs a new one for every node.
    if (kind === 'nm') for (const nodes of this.#nodes.values()) nodes.clear()
    return this.#keys[kind].state
  }

  // --- AMRMToken ---

  /** From now on the attempt's application master may speak to us. */
  addAttempt(attempt: ApplicationAttemptId): void {
    const key = formatAttemptId(attempt)
    this.#attempts.set(key, attempt)
    if (!this.#nodes.has(key)) this.#nodes.set(key, new Set())
  }

  removeAttempt(attempt: ApplicationAttemptId): void {
    const key = formatAttemptId(attempt)
    this.#attempts.delete(key)
    this.#nodes.delete(key)
  }

  amRmToken(attempt: ApplicationAttemptId): Token {
    const key = this.#keys.amrm.next ?? this.#keys.amrm.current
    const identifier = AMRMTokenIdentifierProto.encode({ appAttemptId: attemptIdProto(attempt), keyId: key.keyId })
    return { identifier, password: tokenPassword(identifier, key), kind: AM_RM_TOKEN, service: '' }
  }

  /** A new token for an application master whose own was made with a key that ends; undefined when it is up to date. */
  renewedAmRmToken(attempt: ApplicationAttemptId, presented: Uint8Array): Token | undefined {
    const { next } = this.#keys.amrm
    if (!next || decodeAmRm(presented).keyId === next.keyId) return undefined
    return this.amRmToken(attempt)
  }

  /** @throws InvalidToken in Hadoop's words */
  amRmPassword(identifier: Uint8Array): Uint8Array {
    const id = decodeAmRm(identifier)
    const attempt = formatAttemptId(attemptIdOf(id.appAttemptId))
    if (!this.#attempts.has(attempt)) throw exception('InvalidToken', `${attempt} not found in AMRMTokenSecretManager.`)
    const key = this.#keys.amrm.byId(id.keyId)
    if (!key) throw exception('InvalidToken', `Invalid AMRMToken from ${attempt}`)
    return tokenPassword(identifier, key)
  }

  // --- NMToken ---

  nmToken(attempt: ApplicationAttemptId, node: NodeId, user: string): Token {
    const key = this.#keys.nm.current
    const identifier = NMTokenIdentifierProto.encode({ appAttemptId: attemptIdProto(attempt), nodeId: node, appSubmitter: user, keyId: key.keyId })
    return { identifier, password: tokenPassword(identifier, key), kind: NM_TOKEN, service: this.options.serviceOf(node) }
  }

  /** The NMToken that an application master needs with a container; undefined when it already has that node's. */
  nmTokenFor(attempt: ApplicationAttemptId, node: NodeId, user: string): Token | undefined {
    const nodes = this.#nodes.get(formatAttemptId(attempt))
    const name = formatNodeId(node)
    if (!nodes || nodes.has(name)) return undefined
    nodes.add(name)
    return this.nmToken(attempt, node, user)
  }

  /** A registering application master has no NMTokens yet. */
  forgetNmTokensOf(attempt: ApplicationAttemptId): void {
    this.#nodes.get(formatAttemptId(attempt))?.clear()
  }

  /** A node that registered anew may not know the keys of earlier tokens. */
  forgetNmTokensFor(node: NodeId): void {
    const name = formatNodeId(node)
    for (const nodes of this.#nodes.values()) nodes.delete(name)
  }

  // --- ContainerToken ---

  containerToken(c: ContainerTokenInput): Token {
    const key = this.#keys.container.current
    const identifier = ContainerTokenIdentifierProto.encode({
      containerId: containerIdProto(c.containerId),
      nmHostAddr: formatNodeId(c.nodeId),
      appSubmitter: c.user,
      resource: resourceProto(c.resource, this.options.resourceTypes),
      expiryTimeStamp: c.expiresAt,
      masterKeyId: key.keyId,
      rmIdentifier: this.options.rmIdentifier,
      priority: { priority: c.priority },
      creationTime: c.createdAt,
      logAggregationContext: c.logAggregationContext,
      nodeLabelExpression: c.nodeLabelExpression ?? '',
      containerType: c.containerType,
      executionType: c.executionType ?? 'GUARANTEED',
      version: c.version ?? 0,
      allocationRequestId: c.allocationRequestId ?? -1,
      allocationTags: c.allocationTags,
    })
    return { identifier, password: tokenPassword(identifier, key), kind: CONTAINER_TOKEN, service: this.options.serviceOf(c.nodeId) }
  }
}

function decodeAmRm(identifier: Uint8Array): AmRmTokenIdentifier {
  try {
    return AMRMTokenIdentifierProto.decode(identifier)
  } catch (e) {
    throw exception('InvalidToken', `the token's identifier is not one of an application master: ${(e as Error).message}`)
  }
}

/** The attempt that a proven AMRMToken stands for. */
export function attemptOfAmRmToken(identifier: Uint8Array): ApplicationAttemptId {
  return attemptIdOf(decodeAmRm(identifier).appAttemptId)
}
