/** The NameNode's RPC server: which protocols it serves. */
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
import { RpcServer } from '../../../common/rpc/server.js'
import { checkSuperuser } from '../core/permission.js'
import type { Namesystem } from '../namesystem.js'
import { clientAdminHandlers } from './client-admin.js'
import { clientExtendedHandlers } from './client-extended.js'
import { clientReadHandlers } from './client-read.js'
import { clientWriteHandlers } from './client-write.js'
import { datanodeHandlers } from './datanode-protocol.js'
import type { HaState } from './ha-state.js'
import { haHandlers } from './ha-service.js'
import { createRetryCache } from './retry-cache.js'

export interface NameNodeRpcOptions {
  readonly ns: Namesystem
  readonly ha: HaState
  readonly refreshNodes: () => void
  readonly log: Logger
}

/** What a standby answers as well. */
const SERVED_BY_STANDBY = new Set([
  'getHAServiceState',
  'setSafeMode',
  'msync',
  'saveNamespace',
  'refreshNodes',
  'getDatanodeReport',
  'getDatanodeStorageReport',
])

export function buildRpcServer(o: NameNodeRpcOptions): RpcServer {
  const { ns, ha, log } = o
  const retries = createRetryCache()
  const superuser = (user: string) => checkSuperuser(ns.fs, ns.caller(user))
  const server = new RpcServer({
    before(protocol, method) {
      if (ha.state === 'active' || protocol !== clientProtocol.name || SERVED_BY_STANDBY.has(method)) return
      throw exception('StandbyException', `Operation category READ is not supported in state standby. Visit https://s.apache.org/sbnn-error`)
    },
    onError: (e, method) => log.error({ err: e }, `${method} failed`),
  })
  return server
    .serve(clientProtocol, {
      ...clientReadHandlers(ns, ha),
      ...clientWriteHandlers(ns, retries),
      ...clientExtendedHandlers(ns, retries),
      ...clientAdminHandlers(ns, o.refreshNodes),
    })
    .serve(datanodeProtocol, datanodeHandlers(ns, ha))
    .serve(haServiceProtocol, haHandlers(ns, ha))
    .serve(refreshUserMappingsProtocol, {
      refreshUserToGroupsMappings(_q, call) {
        superuser(call.user)
        ns.groups.refresh()
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
    .serve(getUserMappingsProtocol, { getGroupsForUser: (q) => ({ groups: ns.groups.of(q.user) }) })
}
