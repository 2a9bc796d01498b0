/** A credentials blob: what HADOOP_TOKEN_FILE_LOCATION and a launch context's tokens hold (org.apache.hadoop.security.Credentials). */
import { CredentialsProto } from '../proto/gen/common.js'
import { Reader } from '../proto/runtime.js'
import { WritableReader, WritableWriter } from './writable.js'

export interface Token {
  readonly identifier: Uint8Array
  readonly password: Uint8Array
  /** `YARN_AM_RM_TOKEN`, `NMToken`, `ContainerToken`, `HDFS_DELEGATION_TOKEN`, … */
  readonly kind: string
  /** HOST:PORT that it is for, or empty. */
  readonly service: string
}

export interface Credentials {
  readonly tokens: ReadonlyMap<string, Token>
  readonly secrets: ReadonlyMap<string, Uint8Array>
}

const MAGIC = 'HDTS'
const WRITABLE = 0
const PROTOBUF = 1

export function encodeCredentials(c: Credentials): Buffer {
  const w = new WritableWriter().bytes(Buffer.from(MAGIC)).byte(WRITABLE).vlong(c.tokens.size)
  for (const [alias, t] of c.tokens) w.text(alias).vbytes(t.identifier).vbytes(t.password).text(t.kind).text(t.service)
  w.vlong(c.secrets.size)
  for (const [alias, s] of c.secrets) w.text(alias).vbytes(s)
  return w.finish()
}

/** @throws Error for bytes that are no credentials, or of a version that is not known */
export function decodeCredentials(bytes: Uint8Array): Credentials {
  const r = new WritableReader(bytes)
  if (bytes.length < 5 || r.bytes(4).toString('latin1') !== MAGIC) throw new Error('Bad header found in token storage.')
  const version = r.byte()
  const tokens = new Map<string, Token>()
  const secrets = new Map<string, Uint8Array>()
  if (version === PROTOBUF) {
    const reader = Reader.create(bytes.subarray(r.pos))
    const message = CredentialsProto.read(reader, reader.uint32())
    for (const kv of message.tokens) if (kv.token) tokens.set(kv.alias, kv.token)
    for (const kv of message.secrets) secrets.set(kv.alias, kv.secret ?? new Uint8Array(0))
    return { tokens, secrets }
  }
  if (version !== WRITABLE) throw new Error(`Unknown version ${version} in token storage.`)
  for (let n = r.vlong(); n > 0; n--) {
    const alias = r.text()
    tokens.set(alias, { identifier: r.vbytes(), password: r.vbytes(), kind: r.text(), service: r.text() })
  }
  for (let n = r.vlong(); n > 0; n--) secrets.set(r.text(), r.vbytes())
  return { tokens, secrets }
}
