/** The ResourceManager's own delegation tokens (RMDelegationTokenSecretManager), as clients get, renew and cancel them. */
import { exception } from '../../common/errors.js'
import { YARNDelegationTokenIdentifierProto } from '../../common/proto/gen/yarn-security.js'
import type { ApplicationClientProtocol } from '../../common/protocols/application-client.js'
import type { Handlers } from '../../common/rpc/protocol.js'
import type { TokenAuthenticator } from '../../common/rpc/server.js'
import { RM_DELEGATION_TOKEN, tokenPassword } from '../../common/security/tokens.js'
import { WritableWriter } from '../../common/security/writable.js'
import type { DelegationTokenState, DelegationTokens } from '../runtime/delegation-tokens.js'
import type { ResourceManager } from '../runtime/resource-manager.js'

type TokenCalls = Pick<Handlers<ApplicationClientProtocol>, 'getDelegationToken' | 'renewDelegationToken' | 'cancelDelegationToken'>

export function delegationTokens(rm: ResourceManager): TokenCalls {
  const { delegation } = rm
  const save = () => rm.persist([{ op: 'putSetting', name: 'delegationTokens', value: delegation.state() }])

  const known = (identifier: Uint8Array, password: Uint8Array): DelegationTokenState => {
    const id = YARNDelegationTokenIdentifierProto.decode(identifier)
    const token = delegation.find(id.sequenceNumber ?? 0)
    if (!token) throw exception('InvalidToken', `token (RM_DELEGATION_TOKEN owner=${id.owner}, sequenceNumber=${id.sequenceNumber}) can't be found in cache`)
    if (!Buffer.from(tokenPassword(identifier, delegation.key)).equals(Buffer.from(password)))
      throw exception('InvalidToken', `token (RM_DELEGATION_TOKEN owner=${id.owner}, sequenceNumber=${id.sequenceNumber}) has a wrong password`)
    return token
  }

  return {
    async getDelegationToken(request, call) {
      const token = delegation.issue(call.user, request.renewer, call.realUser, rm.clock.now())
      await save()
      const identifier = identifierOf(delegation, token)
      return { token: { identifier, password: tokenPassword(identifier, delegation.key), kind: RM_DELEGATION_TOKEN, service: '' } }
    },

    async renewDelegationToken(request, call) {
      const token = known(request.token.identifier, request.token.password)
      if (token.renewer !== call.user) throw exception('AccessControlException', `${call.user} tries to renew a token with renewer ${token.renewer}`)
      const now = rm.clock.now()
      if (token.maxDate < now) throw exception('InvalidToken', `${call.user} tried to renew an expired token (sequenceNumber=${token.sequenceNumber})`)
      const newExpiryTime = delegation.renew(token, now)
      await save()
      return { newExpiryTime }
    },

    async cancelDelegationToken(request, call) {
      const token = known(request.token.identifier, request.token.password)
      if (call.user !== token.owner && call.user !== token.renewer)
        throw exception('AccessControlException', `${call.user} is not authorized to cancel the token (sequenceNumber=${token.sequenceNumber})`)
      delegation.cancel(token)
      await save()
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
