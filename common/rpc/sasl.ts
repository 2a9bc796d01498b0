/**
 * SASL DIGEST-MD5 as Hadoop uses it for tokens (RFC 2831; org.apache.hadoop.security.{SaslRpcServer,SaslRpcClient}):
 * the user name is the token's identifier in base64, the password the token's password in base64; realm and server id
 * are `default`, the quality of protection is `auth`. No I/O; nonces are given.
 */
import { createHash, timingSafeEqual } from 'node:crypto'

export const MECHANISM = 'DIGEST-MD5'
export const REALM = 'default'

const md5 = (data: string | Buffer) => createHash('md5').update(data).digest()

/** Reads `key=value,key="quoted value"`. Values keep no quotes; \ escapes inside quotes are undone. */
export function parseDirectives(bytes: Uint8Array): Map<string, string> {
  const text = Buffer.from(bytes).toString('utf8')
  const found = new Map<string, string>()
  const pattern = /\s*([A-Za-z0-9-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*))\s*(?:,|$)/gy
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex
    const m = pattern.exec(text)
    if (!m || pattern.lastIndex === at) throw new Error(`malformed DIGEST-MD5 directives at offset ${at}`)
    found.set(m[1]!, m[2] !== undefined ? m[2].replace(/\\(.)/g, '$1') : m[3]!.trim())
  }
  return found
}

const quoted = (s: string) => `"${s.replace(/(["\\])/g, '\\$1')}"`

export interface DigestInput {
  readonly username: string
  readonly password: string
  readonly realm: string
  readonly nonce: string
  readonly cnonce: string
  readonly nc: string
  readonly qop: string
  readonly digestUri: string
}

/** RFC 2831 section 2.1.2.1; `withMethod` is false for the server's proof (rspauth). */
export function digestResponse(d: DigestInput, withMethod: boolean): string {
  const secret = md5(`${d.username}:${d.realm}:${d.password}`)
  const a1 = md5(Buffer.concat([secret, Buffer.from(`:${d.nonce}:${d.cnonce}`)])).toString('hex')
  const a2 = md5(`${withMethod ? 'AUTHENTICATE' : ''}:${d.digestUri}`).toString('hex')
  return md5(`${a1}:${d.nonce}:${d.nc}:${d.cnonce}:${d.qop}:${a2}`).toString('hex')
}

/** The server's first message. */
export function digestChallenge(nonce: string): Buffer {
  return Buffer.from(`realm="${REALM}",nonce=${quoted(nonce)},qop="auth",charset=utf-8,algorithm=md5-sess`)
}

/** @returns the client's answer to a challenge, and the proof that it must then get back */
export function digestAnswer(
  challenge: Uint8Array,
  identifier: Uint8Array,
  password: Uint8Array,
  cnonce: string,
  protocol: string,
  serverId: string,
): { answer: Buffer; proof: string } {
  const directives = parseDirectives(challenge)
  const nonce = directives.get('nonce')
  if (nonce === undefined) throw new Error('the DIGEST-MD5 challenge has no nonce')
  const input: DigestInput = {
    username: Buffer.from(identifier).toString('base64'),
    password: Buffer.from(password).toString('base64'),
    realm: directives.get('realm') ?? REALM,
    nonce,
    cnonce,
    nc: '00000001',
    qop: 'auth',
    digestUri: `${protocol}/${serverId}`,
  }
  const answer = [
    'charset=utf-8',
    `username=${quoted(input.username)}`,
    `realm=${quoted(input.realm)}`,
    `nonce=${quoted(nonce)}`,
    `nc=${input.nc}`,
    `cnonce=${quoted(cnonce)}`,
    `digest-uri=${quoted(input.digestUri)}`,
    'maxbuf=65536',
    `response=${digestResponse(input, true)}`,
    `qop=${input.qop}`,
  ].join(',')
  return { answer: Buffer.from(answer), proof: `rspauth=${digestResponse(input, false)}` }
}

/**
 * Checks a client's answer.
 * @param passwordOf the password of a token identifier; throws when the token is unknown or expired
 * @returns the identifier that was proven, and the server's proof for the client
 * @throws Error when the answer is malformed or wrong
 */
export function verifyDigest(answer: Uint8Array, nonce: string, passwordOf: (identifier: Uint8Array) => Uint8Array): { identifier: Uint8Array; proof: Buffer } {
  const d = parseDirectives(answer)
  const need = (name: string) => {
    const v = d.get(name)
    if (v === undefined) throw new Error(`DIGEST-MD5: no ${name} in the answer`)
    return v
  }
  if (need('nonce') !== nonce) throw new Error('DIGEST-MD5: nonce of another challenge')
  const username = need('username')
  const identifier = Buffer.from(username, 'base64')
  const input: DigestInput = {
    username,
    password: Buffer.from(passwordOf(identifier)).toString('base64'),
    realm: d.get('realm') ?? REALM,
    nonce,
    cnonce: need('cnonce'),
    nc: need('nc'),
    qop: d.get('qop') ?? 'auth',
    digestUri: need('digest-uri'),
  }
  const expected = Buffer.from(digestResponse(input, true))
  const given = Buffer.from(need('response'))
  if (expected.length !== given.length || !timingSafeEqual(expected, given))
    throw new Error('DIGEST-MD5: digest response format violation. Mismatched response.')
  return { identifier, proof: Buffer.from(`rspauth=${digestResponse(input, false)}`) }
}
