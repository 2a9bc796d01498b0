/** Token passwords and the keys behind them (org.apache.hadoop.security.token.SecretManager). */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { exception } from '../errors.js'

export const AM_RM_TOKEN = 'YARN_AM_RM_TOKEN'
export const NM_TOKEN = 'NMToken'
export const CONTAINER_TOKEN = 'ContainerToken'
export const CLIENT_TO_AM_TOKEN = 'YARN_CLIENT_TOKEN'
export const RM_DELEGATION_TOKEN = 'RM_DELEGATION_TOKEN'
export const HDFS_DELEGATION_TOKEN = 'HDFS_DELEGATION_TOKEN'

/** A key that token passwords are derived from; RM and NodeManagers share it by id. */
export interface MasterKey {
  readonly keyId: number
  readonly bytes: Uint8Array
}

export function newMasterKey(keyId: number): MasterKey {
  return { keyId, bytes: randomBytes(20) }
}

/** HMAC-SHA1 of the identifier, Hadoop's default. */
export function tokenPassword(identifier: Uint8Array, key: MasterKey): Buffer {
  return createHmac('sha1', key.bytes).update(identifier).digest()
}

/** Several keys by id: the current one, and those that live tokens were made with. */
export class KeyRing {
  readonly #keys = new Map<number, MasterKey>()
  #current: MasterKey

  constructor(current: MasterKey, previous: Iterable<MasterKey> = []) {
    for (const k of previous) this.#keys.set(k.keyId, k)
    this.#keys.set(current.keyId, current)
    this.#current = current
  }

  get current(): MasterKey {
    return this.#current
  }

  /** Makes `key` the current one; the previous one goes on to verify. */
  roll(key: MasterKey): void {
    for (const id of this.#keys.keys()) if (id !== this.#current.keyId) this.#keys.delete(id)
    this.#keys.set(key.keyId, key)
    this.#current = key
  }

  password(identifier: Uint8Array, keyId: number): Buffer {
    const key = this.#keys.get(keyId)
    if (!key) throw exception('InvalidToken', `the token was made with key ${keyId}, which is not known (any more)`)
    return tokenPassword(identifier, key)
  }

  /** @throws InvalidToken when the password is not the one that the key gives */
  verify(identifier: Uint8Array, keyId: number, password: Uint8Array): void {
    const expected = this.password(identifier, keyId)
    if (expected.length !== password.length || !timingSafeEqual(expected, password))
      throw exception('InvalidToken', 'the token password does not match its identifier')
  }
}
