/**
 * Tokens that a NodeManager verifies: NMTokens of those who connect, container tokens of what they start. The keys come
 * from the ResourceManager and are rolled by it (Hadoop's NMTokenSecretManagerInNM, NMContainerTokenSecretManager).
 */
import { timingSafeEqual } from 'node:crypto'
import { exception } from '../../common/errors.js'
import type { MasterKeyProto } from '../../common/proto/gen/resource-tracker.js'
import { ContainerTokenIdentifierProto, NMTokenIdentifierProto } from '../../common/proto/gen/yarn-security.js'
import { attemptIdOf, containerIdOfProto, nodeIdOf } from '../../common/protocols/records.js'
import { type ApplicationId, type NodeId, formatAttemptId, formatContainerId, formatNodeId, sameApplication } from '../../common/records/ids.js'
import type { TokenAuthenticator } from '../../common/rpc/server.js'
import { type MasterKey, tokenPassword } from '../../common/security/tokens.js'
import type { KeyName, NodeStore } from '../store/store.js'

export function masterKeyOf(p: MasterKeyProto | undefined): MasterKey | undefined {
  return p?.keyId === undefined || p.bytes === undefined ? undefined : { keyId: p.keyId, bytes: p.bytes }
}

/** A current key and the one before. */
class RolledKey {
  current: MasterKey | undefined
  previous: MasterKey | undefined

  constructor(
    private readonly name: 'containerToken' | 'nmToken',
    private readonly store: NodeStore,
  ) {
    const { keys } = store.load()
    this.current = keys.get(`${name}.current`)
    this.previous = keys.get(`${name}.previous`)
  }

  set(key: MasterKey): void {
    if (this.current?.keyId === key.keyId && Buffer.from(this.current.bytes).equals(key.bytes)) return
    if (this.current) {
      this.previous = this.current
      this.store.putKey(`${this.name}.previous`, this.current)
    }
    this.current = key
    this.store.putKey(`${this.name}.current`, key)
  }

  find(keyId: number): MasterKey | undefined {
    return this.current?.keyId === keyId ? this.current : this.previous?.keyId === keyId ? this.previous : undefined
  }
}

/** The NMToken that a connection was authenticated with. */
export interface NMTokenIdentifier {
  readonly attempt: ReturnType<typeof attemptIdOf>
  readonly keyId: number
}

/** @throws InvalidToken for bytes that are no such identifier */
export function decodeNMToken(identifier: Uint8Array): NMTokenIdentifier & { readonly nodeId: NodeId } {
  try {
    const p = NMTokenIdentifierProto.decode(identifier)
    return { attempt: attemptIdOf(p.appAttemptId), nodeId: nodeIdOf(p.nodeId), keyId: p.keyId }
  } catch (e) {
    throw exception('InvalidToken', `the NMToken can't be read: ${(e as Error).message}`, { cause: e })
  }
}

/** NMTokens: one for each application attempt and node. */
export class NMTokenSecrets implements TokenAuthenticator {
  readonly #key: RolledKey
  /** The key of an attempt's token when it last started a container: its token outlives two rollings. */
  readonly #attempts = new Map<string, { readonly app: ApplicationId; readonly key: MasterKey }>()

  /** @param nodeId undefined until the port is known */
  constructor(
    private readonly store: NodeStore,
    private readonly nodeId: () => NodeId,
  ) {
    this.#key = new RolledKey('nmToken', store)
    const prefix = 'nmToken.attempt.'
    for (const [name, key] of store.load().keys) {
      const m = /^nmToken\.attempt\.(appattempt_(\d+)_(\d+)_\d+)$/.exec(name)
      if (m) this.#attempts.set(name.slice(prefix.length), { app: { clusterTimestamp: Number(m[2]), id: Number(m[3]) }, key })
    }
  }

  get current(): MasterKey | undefined {
    return this.#key.current
  }

  setMasterKey(key: MasterKey): void {
    this.#key.set(key)
  }

  passwordOf(identifier: Uint8Array): Uint8Array {
    const { attempt, nodeId, keyId } = decodeNMToken(identifier)
    const name = formatAttemptId(attempt)
    const here = this.nodeId()
    if (nodeId.host !== here.host || nodeId.port !== here.port)
      throw exception(
        'InvalidToken',
        `Given NMToken for application : ${name} is not valid for current node manager.expected : ${formatNodeId(here)} found : ${formatNodeId(nodeId)}`,
      )
    const own = this.#attempts.get(name)?.key
    const key = this.#key.find(keyId) ?? (own?.keyId === keyId ? own : undefined)
    if (!key) throw exception('InvalidToken', `Given NMToken for application : ${name} seems to have been generated illegally.`)
    return tokenPassword(identifier, key)
  }

  userOf(identifier: Uint8Array): string {
    return formatAttemptId(decodeNMToken(identifier).attempt)
  }

  /** An attempt started a container: its token's key is kept as long as the application. @throws InvalidToken for an older key */
  attemptStartsContainer({ attempt, keyId }: NMTokenIdentifier): void {
    const name = formatAttemptId(attempt)
    if (this.#attempts.get(name)?.key.keyId === keyId) return
    const key = this.#key.find(keyId)
    if (!key) throw exception('InvalidToken', 'Older NMToken should not be used while starting the container.')
    this.#attempts.set(name, { app: attempt.applicationId, key })
    this.store.putKey(attemptKey(name), key)
  }

  applicationFinished(app: ApplicationId): void {
    for (const [name, attempt] of this.#attempts) {
      if (!sameApplication(attempt.app, app)) continue
      this.#attempts.delete(name)
      this.store.removeKey(attemptKey(name))
    }
  }
}

const attemptKey = (name: string): KeyName => `nmToken.attempt.${name}`

/** Container tokens: what may be started here, by whom, until when. */
export class ContainerTokenSecrets {
  readonly #key: RolledKey
  /** Containers that were started, until their tokens expire: a token starts one container once. */
  readonly #started = new Map<string, number>()

  constructor(
    store: NodeStore,
    private readonly nodeId: () => NodeId,
  ) {
    this.#key = new RolledKey('containerToken', store)
  }

  get current(): MasterKey | undefined {
    return this.#key.current
  }

  setMasterKey(key: MasterKey): void {
    this.#key.set(key)
  }

  /** @throws InvalidToken */
  verify(identifier: Uint8Array, password: Uint8Array): ContainerTokenIdentifierProto {
    const here = formatNodeId(this.nodeId())
    let token: ContainerTokenIdentifierProto
    try {
      token = ContainerTokenIdentifierProto.decode(identifier)
    } catch (e) {
      throw exception('InvalidToken', `Invalid container token used for starting container on : ${here}`, { cause: e })
    }
    const key = this.#key.find(token.masterKeyId)
    if (!key) {
      throw exception(
        'InvalidToken',
        `Given Container ${formatContainerId(containerIdOfProto(token.containerId))} identifier is not valid for current Node manager. Expected: ${here} with a known master key, found key ${token.masterKeyId}`,
      )
    }
    const expected = tokenPassword(identifier, key)
    if (expected.length !== password.length || !timingSafeEqual(expected, password) || token.nmHostAddr !== here)
      throw exception('InvalidToken', `Invalid container token used for starting container on : ${here}`)
    return token
  }

  /** False for a container that was started with its token before. */
  mayStart(containerId: string, now: number): boolean {
    for (const [id, expiry] of this.#started) if (expiry < now) this.#started.delete(id)
    return !this.#started.has(containerId)
  }

  started(containerId: string, expiry: number): void {
    this.#started.set(containerId, expiry)
  }
}
