/** The NodeManager as a daemon. */
import { runDaemon } from '../common/daemon/daemon.js'
import { DfsClient } from '../hdfs-lite/client/index.js'
import { startNodeManager } from './node.js'

runDaemon('nodemanager', 'yarn', async ({ conf, logDir, log, fatal }) =>
  startNodeManager({
    conf,
    logDir,
    log,
    openStore: (user) => new DfsClient(conf, { user }),
    onShutdown: (message) => fatal(new Error(message)),
  }),
)
