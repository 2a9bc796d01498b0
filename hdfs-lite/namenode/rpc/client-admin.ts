/** ClientProtocol: what administrators ask. */
import { exception } from '../../../common/errors.js'
import type { ClientProtocol } from '../../../common/protocols/client-namenode.js'
import type { CallContext, Handlers } from '../../../common/rpc/protocol.js'
import { checkSuperuser } from '../core/permission.js'
import { inSafeMode, setSafeMode } from '../core/safe-mode.js'
import type { Namesystem } from '../namesystem.js'
import { SAVE_NEEDS_SAFE_MODE } from './standby.js'

export function clientAdminHandlers(ns: Namesystem, refreshNodes: () => void): Handlers<ClientProtocol> {
  const { fs } = ns
  const superuser = (call: CallContext) => checkSuperuser(fs, ns.caller(call.user))
  return {
    setSafeMode(q, call) {
      if (q.action !== 'SAFEMODE_GET') superuser(call)
      if (q.action === 'SAFEMODE_ENTER') setSafeMode(fs, true)
      if (q.action === 'SAFEMODE_LEAVE' || q.action === 'SAFEMODE_FORCE_EXIT') setSafeMode(fs, false)
      return { result: inSafeMode(fs) }
    },
    async saveNamespace(_q, call) {
      superuser(call)
      if (!inSafeMode(fs)) throw exception('IOException', SAVE_NEEDS_SAFE_MODE)
      await ns.journal.checkpoint()
      return { saved: true }
    },
    async rollEdits(_q, call) {
      superuser(call)
      return { newSegmentTxId: ns.journal.status.txid + 1 }
    },
    restoreFailedStorage(_q, call) {
      superuser(call)
      return { result: false }
    },
    refreshNodes(_q, call) {
      superuser(call)
      refreshNodes()
      return {}
    },
    finalizeUpgrade(_q, call) {
      superuser(call)
      return {}
    },
    rollingUpgrade(q, call) {
      superuser(call)
      if (q.action !== 'QUERY')
        throw exception('UnsupportedOperationException', 'Rolling upgrades are not part of this NameNode: stop it and start the new version')
      return {}
    },
    setBalancerBandwidth(_q, call) {
      superuser(call)
      return {}
    },
  }
}
