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

export function standbyClientHandlers(): Handlers<ClientProtocol> {
  const refuse = () => {
    throw standbyException()
  }
  const all = Object.fromEntries(Object.keys(clientProtocol.methods).map((name) => [name, refuse])) as Handlers<ClientProtocol>
  return { ...all, getHAServiceState: () => ({ state: 'STANDBY' }) }
}

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
