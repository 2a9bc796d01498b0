/** The cluster's secret travels among a container's credentials, never on a command line. */
import { readFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { decodeCredentials, encodeCredentials } from '../../common/security/credentials.js'

export const SECRET_ALIAS = 'bobbin.cluster.secret'

export function newClusterSecret(): Uint8Array {
  return randomBytes(32)
}

/** Credentials for a TaskManager: the secret alone. */
export function secretCredentials(secret: Uint8Array): Buffer {
  return encodeCredentials({ tokens: new Map(), secrets: new Map([[SECRET_ALIAS, secret]]) })
}

/** @throws Error naming the file when there is none in it */
export function readClusterSecret(file = process.env.HADOOP_TOKEN_FILE_LOCATION): Uint8Array {
  if (!file) throw new Error('HADOOP_TOKEN_FILE_LOCATION is not set: it names the file with the secret that the JobManager gave out')
  const secret = decodeCredentials(readFileSync(file)).secrets.get(SECRET_ALIAS)
  if (!secret) throw new Error(`${file} holds no ${SECRET_ALIAS}: this TaskManager was not started by a JobManager of this engine`)
  return secret
}
