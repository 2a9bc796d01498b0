/** The ResourceManager's own delegation tokens (RMDelegationTokenSecretManager), as clients get, renew and cancel them. */
import { exception } from '../../common/errors.js'
import { YARNDelegationTokenIdentifierProto } from '../../common/proto/gen/yarn-security.js'
import type { ApplicationClientProtocol } from '../../common/protocols/application-client.js'
import type { Handlers } from '../../common/rpc/protocol.js'
import type { TokenAuthenticator } from '../../common/rpc/server.js'
import { RM_DELEGATION_TOKEN, tokenPassword } from '../../common/security/tokens.js'
import { WritableReader, WritableWriter } from '../../common/security/writable.js'
import type { DelegationTokenState, DelegationTokens } from '../runtime/delegation-tokens.js'
import type { ResourceManager } from '../runtime/resource-manager.js'

type TokenCalls = Pick<Handlers<ApplicationClientProtocol>, 'getDelegationToken' | 'renewDelegationToken' | 'cancelDelegationToken'>

const save = (rm: ResourceManager) => rm.persist([{ op: 'putSetting', name: 'delegationTokens', value: rm.delegation.state() }])

/** @throws InvalidToken when it is not one of ours that is still known */
function known({ delegation }: ResourceManager, identifier: Uint8Array, password: Uint8Array): DelegationTokenState {
  const id = YARNDelegationTokenIdentifierProto.decode(identifier)
  const name = `token (RM_DELEGATION_TOKEN owner=${id.owner}, sequenceNumber=${id.sequenceNumber})`
  const token = delegation.find(id.sequenceNumber ?? 0)
  if (!token) throw exception('InvalidToken', `${name} can't be found in cache`)
  if (!Buffer.from(tokenPassword(identifier, delegation.key)).equals(Buffer.from(password))) throw exception('InvalidToken', `${name} has a wrong password`)
  return token
}

export async function issueToken(rm: ResourceManager, owner: string, renewer: string, realUser: string | undefined): Promise<DelegationTokenState> {
  const token = rm.delegation.issue(owner, renewer, realUser, rm.clock.now())
  await save(rm)
  return token
}

/** @returns when it now expires. @throws AccessControlException, InvalidToken */
export async function renewToken(rm: ResourceManager, identifier: Uint8Array, password: Uint8Array, user: string): Promise<number> {
  const token = known(rm, identifier, password)
  if (token.renewer !== user) throw exception('AccessControlException', `${user} tries to renew a token with renewer ${token.renewer}`)
  const now = rm.clock.now()
  if (token.maxDate < now) throw exception('InvalidToken', `${user} tried to renew an expired token (sequenceNumber=${token.sequenceNumber})`)
  const expires = rm.delegation.renew(token, now)
  await save(rm)
  return expires
}

/** @throws AccessControlException, InvalidToken */
export async function cancelToken(rm: ResourceManager, identifier: Uint8Array, password: Uint8Array, user: string): Promise<void> {
  const token = known(rm, identifier, password)
  if (user !== token.owner && user !== token.renewer)
    throw exception('AccessControlException', `${user} is not authorized to cancel the token (sequenceNumber=${token.sequenceNumber})`)
  rm.delegation.cancel(token)
  await save(rm)
}

export function delegationTokens(rm: ResourceManager): TokenCalls {
  return {
    async getDelegationToken(request, call) {
      const token = await issueToken(rm, call.user, request.renewer, call.realUser)
      const identifier = identifierOf(rm.delegation, token)
      return { token: { identifier, password: tokenPassword(identifier, rm.delegation.key), kind: RM_DELEGATION_TOKEN, service: '' } }
    },
    async renewDelegationToken(request, call) {
      return { newExpiryTime: await renewToken(rm, request.token.identifier, request.token.password, call.user) }
    },
    async cancelDelegationToken(request, call) {
      await cancelToken(rm, request.token.identifier, request.token.password, call.user)
      return {}
    },
  }
}

function identifierOf(delegation: DelegationTokens, token: DelegationTokenState): Uint8Array {
  return YARNDelegationTokenIdentifierProto.encode({
    owner: token.owner,
    renewer: token.renewer,
    realUser: token.realUser ?? '',
    issueDate: token.issueDate,
    maxDate: token.maxDate,
    sequenceNumber: token.sequenceNumber,
    masterKeyId: delegation.key.keyId,
  })
}

/** Lets clients prove themselves with a delegation token instead of saying who they are. */
export function delegationAuthenticator(rm: ResourceManager): TokenAuthenticator {
  return {
    passwordOf(identifier) {
      const id = YARNDelegationTokenIdentifierProto.decode(identifier)
      const token = rm.delegation.find(id.sequenceNumber ?? 0)
      if (!token || token.expires < rm.clock.now())
        throw exception(
          'InvalidToken',
          `token (RM_DELEGATION_TOKEN owner=${id.owner}, sequenceNumber=${id.sequenceNumber}) ${token ? 'is expired' : "can't be found in cache"}`,
        )
      return tokenPassword(identifier, rm.delegation.key)
    },
    userOf: (identifier) => YARNDelegationTokenIdentifierProto.decode(identifier).owner ?? '',
  }
}

/** As Token.encodeToUrlString. */
export function encodeDelegationToken(delegation: DelegationTokens, token: DelegationTokenState): string {
  const identifier = identifierOf(delegation, token)
  const bytes = new WritableWriter().vbytes(identifier).vbytes(tokenPassword(identifier, delegation.key)).text(RM_DELEGATION_TOKEN).text('').finish()
  return bytes.toString('base64url')
}

/** As Token.decodeFromUrlString. @throws RangeError for a text that is no token */
export function decodeDelegationToken(text: string): { identifier: Uint8Array; password: Uint8Array } {
  const r = new WritableReader(Buffer.from(text, 'base64url'))
  return { identifier: r.vbytes(), password: r.vbytes() }
}
