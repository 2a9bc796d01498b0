/** What a standby answers: clients are sent to the active, DataNodes are kept waiting. */
import { exception } from '../../../common/errors.js'
import { clientProtocol, type ClientProtocol } from '../../../common/protocols/client-namenode.js'
import type { DatanodeProtocol } from '../../../common/protocols/datanode.js'
import type { Handlers } from '../../../common/rpc/protocol.js'
import type { Identity } from '../journal/journal.js'
import { namespaceInfo } from './datanode-protocol.js'

export function standbyException() {
  return exception('StandbyException', 'Operation category READ is not supported in state standby. Visit https://s.apache.org/sbnn-error')
}

/** Safe mode that an administrator turned on, on whichever of a pair: it lasts over a change of who serves. */
export interface ManualSafeMode {
  on: boolean
}

/** What each of a pair does for itself, and so the standby too (OperationCategory.UNCHECKED). */
export const UNCHECKED: ReadonlySet<string> = new Set([
  'getHAServiceState',
  'setSafeMode',
  'saveNamespace',
  'refreshNodes',
  'restoreFailedStorage',
  'finalizeUpgrade',
  'upgradeStatus',
])

export function standbyClientHandlers(safeMode: ManualSafeMode, superuser: (user: string) => void): Handlers<ClientProtocol> {
  const refuse = () => {
    throw standbyException()
  }
  const all = Object.fromEntries(Object.keys(clientProtocol.methods).map((name) => [name, refuse])) as Handlers<ClientProtocol>
  return {
    ...all,
    getHAServiceState: () => ({ state: 'STANDBY' }),
    setSafeMode(q, call) {
      if (q.checked) throw standbyException()
      if (q.action !== 'SAFEMODE_GET') {
        superuser(call.user)
        safeMode.on = q.action === 'SAFEMODE_ENTER'
      }
      return { result: safeMode.on }
    },
    saveNamespace(_q, call) {
      superuser(call.user)
      if (!safeMode.on) throw exception('IOException', SAVE_NEEDS_SAFE_MODE)
      // The checkpoint is in the shared journal: the active's is this one's too.
      return { saved: true }
    },
    refreshNodes(_q, call) {
      superuser(call.user)
      // The files are read when it becomes active.
      return {}
    },
    restoreFailedStorage(_q, call) {
      superuser(call.user)
      return { result: false }
    },
    finalizeUpgrade(_q, call) {
      superuser(call.user)
      return {}
    },
    upgradeStatus: () => ({ upgradeFinalized: true }),
  }
}

export const SAVE_NEEDS_SAFE_MODE = 'Safe mode should be turned ON in order to create namespace image.'

export function standbyDatanodeHandlers(identity: Identity): Handlers<DatanodeProtocol> {
  return {
    versionRequest: () => ({ info: namespaceInfo(identity, 'standby') }),
    registerDatanode: ({ registration }, call) => ({
      registration: { ...registration, datanodeID: { ...registration.datanodeID, ipAddr: call.remoteAddress.replace(/^::ffff:/, '') } },
    }),
    sendHeartbeat: () => ({ cmds: [], haStatus: { state: 'STANDBY', txid: 0 } }),
    blockReport: () => ({}),
    cacheReport: () => ({}),
    blockReceivedAndDeleted: () => ({}),
    errorReport: () => ({}),
    reportBadBlocks: () => ({}),
    commitBlockSynchronization() {
      throw standbyException()
    },
  }
}
