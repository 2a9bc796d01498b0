/** HAServiceProtocol: the state of one of a pair, and its change by hand (`yarn rmadmin -transitionToActive` and its like). */
import { type HadoopException, exception } from '../../common/errors.js'
import { yarn } from '../../common/config/keys/yarn.js'
import type { HaServiceProtocol } from '../../common/protocols/ha-service.js'
import type { CallContext, Handlers } from '../../common/rpc/protocol.js'
import type { AclCheck } from '../runtime/acl.js'
import type { Election } from '../runtime/election.js'
import type { Settings } from '../runtime/settings.js'
import { leftOut } from './left-out.js'

export interface HaOptions {
  readonly settings: Settings
  readonly acl: AclCheck
  readonly election: () => Election | undefined
  readonly isActive: () => boolean
}

export function haService(options: HaOptions): Handlers<HaServiceProtocol> {
  const { settings, acl, isActive } = options

  const pair = (): Election => {
    const election = options.election()
    if (!election) throw exception('ServiceFailedException', 'ResourceManager HA is not enabled')
    return election
  }
  const check = (call: CallContext, method: string) => {
    if (!acl.isAdmin(call.user)) throw exception('AccessControlException', `User ${call.user} doesn't have permission to call '${method}'`)
  }
  /** By hand only where failover is by hand, unless forced. */
  const byHand = (source: 'REQUEST_BY_USER' | 'REQUEST_BY_USER_FORCED' | 'REQUEST_BY_ZKFC'): HadoopException | undefined => {
    if (source !== 'REQUEST_BY_USER' || !settings.conf.get(yarn.rmHaAutomaticFailover)) return undefined
    return exception('AccessControlException', 'Manual failover is disallowed, because automatic failover is enabled.')
  }

  return {
    monitorHealth: () => ({}),

    async transitionToActive(request, call) {
      check(call, 'transitionToActive')
      const refused = byHand(request.reqInfo.reqSource)
      if (refused) throw refused
      await pair().toActive()
      return {}
    },

    async transitionToStandby(request, call) {
      check(call, 'transitionToStandby')
      const refused = byHand(request.reqInfo.reqSource)
      if (refused) throw refused
      await pair().toStandby()
      return {}
    },

    transitionToObserver: leftOut('transitionToObserver'),

    getServiceStatus: () => ({ state: isActive() ? 'ACTIVE' : 'STANDBY', readyToBecomeActive: true }),
  }
}
