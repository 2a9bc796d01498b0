/** HAServiceProtocol: which of a pair serves (`hdfs haadmin`). */
import { exception } from '../../../common/errors.js'
import type { HaServiceProtocol } from '../../../common/protocols/ha-service.js'
import type { Handlers } from '../../../common/rpc/protocol.js'
import type { HaState } from './ha-state.js'

export function haHandlers(ha: HaState, superuser: (user: string) => void): Handlers<HaServiceProtocol> {
  const needPair = () => {
    if (!ha.enabled) throw exception('ServiceFailedException', 'HA for namenode is not enabled')
  }
  return {
    getServiceStatus() {
      needPair()
      return { state: ha.state === 'active' ? 'ACTIVE' : 'STANDBY', readyToBecomeActive: ha.state !== 'active' }
    },
    monitorHealth() {
      needPair()
      return {}
    },
    async transitionToActive(_q, call) {
      superuser(call.user)
      needPair()
      await ha.toActive()
      return {}
    },
    async transitionToStandby(_q, call) {
      superuser(call.user)
      needPair()
      await ha.toStandby()
      return {}
    },
    transitionToObserver() {
      throw exception('UnsupportedOperationException', 'Observer NameNodes are not part of this store')
    },
  }
}
