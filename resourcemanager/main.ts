/** The ResourceManager daemon: `node dist/resourcemanager.cjs`. */
import { runDaemon } from '../common/daemon/daemon.js'
import { createGroups } from '../common/security/groups.js'
import { createAclCheck } from './runtime/acl.js'
import { startDaemon } from './runtime/daemon.js'
import { readSettings } from './runtime/settings.js'

void runDaemon('resourcemanager', 'resourcemanager', (context) => {
  const groups = createGroups()
  return startDaemon({
    settings: readSettings(context.conf, context.confDir),
    groups,
    acl: createAclCheck(context.conf, groups),
    logDir: context.logDir,
    log: context.log,
    fatal: context.fatal,
  })
})
