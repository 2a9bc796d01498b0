/** The NameNode's RPC server: which protocols it serves, as the active and as the standby. */
import { exception } from '../../../common/errors.js'
import type { Logger } from '../../../common/daemon/daemon.js'
import { clientProtocol } from '../../../common/protocols/client-namenode.js'
import { datanodeProtocol } from '../../../common/protocols/datanode.js'
import { genericRefreshProtocol } from '../../../common/protocols/generic-refresh.js'
import { getUserMappingsProtocol } from '../../../common/protocols/get-user-mappings.js'
import { haServiceProtocol } from '../../../common/protocols/ha-service.js'
import { refreshAuthorizationPolicyProtocol } from '../../../common/protocols/refresh-authorization-policy.js'
import { refreshCallQueueProtocol } from '../../../common/protocols/refresh-call-queue.js'
import { refreshUserMappingsProtocol } from '../../../common/protocols/refresh-user-mappings.js'
import type { Racks } from '../../../common/net/racks.js'
import { RpcServer } from '../../../common/rpc/server.js'
import type { Groups } from '../../../common/security/groups.js'
import type { Identity } from '../journal/journal.js'
import { setSafeMode } from '../core/safe-mode.js'
import type { Namesystem } from '../namesystem.js'
import { clientAdminHandlers } from './client-admin.js'
import { clientExtendedHandlers } from './client-extended.js'
import { clientReadHandlers } from './client-read.js'
import { clientWriteHandlers } from './client-write.js'
import { datanodeHandlers } from './datanode-protocol.js'
import { haHandlers } from './ha-service.js'
import type { HaState } from './ha-state.js'
import { createRetryCache } from './retry-cache.js'
import { type ManualSafeMode, standbyClientHandlers, standbyDatanodeHandlers, standbyException, UNCHECKED } from './standby.js'

export interface NameNodeRpcOptions {
  readonly ha: HaState
  readonly groups: Groups
  readonly racks: Racks
  /** @throws AccessControlException */
  readonly superuser: (user: string) => void
  readonly log: Logger
}

export interface NameNodeRpc {
  readonly server: RpcServer
  serveActive(ns: Namesystem, refreshNodes: () => void): void
  serveStandby(identity: Identity): void
}

/** About what a client on this machine takes from an answer to its next call. */
const AWAKE_MILLIS = 0.055

export function buildRpcServer(o: NameNodeRpcOptions): NameNodeRpc {
  const { ha, log, superuser, groups } = o
  const safeMode: ManualSafeMode = { on: false }
  let serving: Namesystem | undefined
  const server = new RpcServer({
    awakeMillis: AWAKE_MILLIS,
    before(protocol, method) {
      // An active that can't be sure to be the only one any more serves nothing.
      if (ha.state !== 'active' && protocol === clientProtocol.name && !UNCHECKED.has(method)) throw standbyException()
    },
    onError: (e, method) => log.error({ err: e }, `${method} failed`),
  })
    .serve(haServiceProtocol, haHandlers(ha, superuser))
    .serve(refreshUserMappingsProtocol, {
      refreshUserToGroupsMappings(_q, call) {
        superuser(call.user)
        groups.refresh()
        return {}
      },
      refreshSuperUserGroupsConfiguration(_q, call) {
        superuser(call.user)
        return {}
      },
    })
    .serve(refreshAuthorizationPolicyProtocol, {
      refreshServiceAcl() {
        throw exception('AuthorizationException', 'Service Level Authorization not enabled!')
      },
    })
    .serve(refreshCallQueueProtocol, {
      refreshCallQueue(_q, call) {
        superuser(call.user)
        return {}
      },
    })
    .serve(genericRefreshProtocol, {
      refresh: (q) => ({
        responses: [{ exitStatus: -1, userMessage: `no refresh handler registered for identifier '${q.identifier ?? ''}'`, senderName: 'RefreshRegistry' }],
      }),
    })
    .serve(getUserMappingsProtocol, { getGroupsForUser: (q) => ({ groups: groups.of(q.user) }) })
  return {
    server,
    serveActive(ns, refreshNodes) {
      const retries = createRetryCache(ns)
      serving = ns
      if (safeMode.on) setSafeMode(ns.fs, true)
      server
        .serve(clientProtocol, {
          ...clientReadHandlers(ns, ha),
          ...clientWriteHandlers(ns, retries),
          ...clientExtendedHandlers(ns, retries),
          ...clientAdminHandlers(ns, refreshNodes),
        })
        .serve(datanodeProtocol, datanodeHandlers(ns, ha, o.racks))
    },
    serveStandby(identity) {
      safeMode.on = serving?.fs.safeMode.status === 'manual'
      serving = undefined
      server.serve(clientProtocol, standbyClientHandlers(safeMode, superuser)).serve(datanodeProtocol, standbyDatanodeHandlers(identity))
    },
  }
}
