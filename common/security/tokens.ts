/** Token passwords and the keys behind them (org.apache.hadoop.security.token.SecretManager). */
import { createHmac, randomBytes } from 'node:crypto'

export const AM_RM_TOKEN = 'YARN_AM_RM_TOKEN'
export const NM_TOKEN = 'NMToken'
export const CONTAINER_TOKEN = 'ContainerToken'
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
