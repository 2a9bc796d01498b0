/** HAServiceProtocol: which of a pair serves. */
import { exception } from '../../../common/errors.js'
import type { HaServiceProtocol } from '../../../common/protocols/ha-service.js'
import type { Handlers } from '../../../common/rpc/protocol.js'
import type { Namesystem } from '../namesystem.js'
import type { HaState } from './ha-state.js'

export function haHandlers(_ns: Namesystem, ha: HaState): Handlers<HaServiceProtocol> {
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
  }
}
