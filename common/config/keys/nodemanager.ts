/** yarn-site.xml: what only NodeManagers read. */
import { property } from './declare.js'

export const nodemanager = {
  bindHost: property('yarn.nodemanager.bind-host', 'string', undefined, 'address that the NodeManager listens on; unset: that of its host name'),
  crossOrigin: property('yarn.nodemanager.webapp.cross-origin.enabled', 'boolean', 'false', 'whether pages of other origins may read the REST API'),
  recoveryEnabled: property('yarn.nodemanager.recovery.enabled', 'boolean', 'false', 'whether containers go on when the NodeManager is restarted'),
  recoveryDir: property('yarn.nodemanager.recovery.dir', 'path', '${hadoop.tmp.dir}/yarn-nm-recovery', 'where the NodeManager keeps what recovery needs'),
  recoverySupervised: property(
    'yarn.nodemanager.recovery.supervised',
    'boolean',
    'false',
    'whether containers go on when the NodeManager is stopped in good order, as it will be started again',
  ),
  auxServices: property('yarn.nodemanager.aux-services', 'strings', '', 'services beside containers; mapreduce_shuffle is the one that is known'),
  shufflePort: property('mapreduce.shuffle.port', 'int', '13562', 'where mapreduce_shuffle listens; 0: any'),
  userHomeDir: property('yarn.nodemanager.user-home-dir', 'path', '/home/', 'HOME of containers'),
  processKillWait: property('yarn.nodemanager.process-kill-wait.ms', 'milliseconds', '5000', 'how long an ending waits for the pid of a container'),
  debugInfo: property(
    'yarn.nodemanager.log-container-debug-info.enabled',
    'boolean',
    'true',
    "whether launch script and folder listing go to a container's logs",
  ),
  stderrTail: property('yarn.nodemanager.container.stderr.tail.bytes', 'int', '4096', 'bytes of error output in the diagnostics of a failed container'),
  stderrPattern: property('yarn.nodemanager.container.stderr.pattern', 'string', '{*stderr*,*STDERR*}', 'names of files that hold error output'),
  diagnosticsSize: property('yarn.nodemanager.container-diagnostics-maximum-size', 'int', '10000', "characters of a container's diagnostics that are kept"),
  fetchThreads: property('yarn.nodemanager.localizer.fetch.thread-count', 'int', '4', 'resources that are downloaded at once'),
  logRetainSeconds: property('yarn.nodemanager.log.retain-seconds', 'seconds', '10800s', 'how long local logs are kept when they are not aggregated'),
  logCompression: property('yarn.nodemanager.log-aggregation.compression-type', 'string', 'none', 'of aggregated logs: none or gz'),
  logAggregationPolicy: property(
    'yarn.nodemanager.log-aggregation.policy.class',
    'string',
    'org.apache.hadoop.yarn.server.nodemanager.containermanager.logaggregation.AllContainerLogAggregationPolicy',
    'Hadoop class name of the rule that says whose logs are aggregated',
  ),
  logAggregationRetries: property('yarn.nodemanager.log-aggregation.attempts', 'int', '5', 'tries to bring logs to the store before they are given up'),
  logAggregationRetryInterval: property('yarn.nodemanager.log-aggregation.retry-interval-ms', 'milliseconds', '2000', 'between two tries; doubles each time'),
  diskCheckerEnabled: property('yarn.nodemanager.disk-health-checker.enable', 'boolean', 'true', 'whether folders are checked'),
  minHealthyDisks: property('yarn.nodemanager.disk-health-checker.min-healthy-disks', 'float', '0.25', 'share of good folders that a healthy node needs'),
  containerMonitorEnabled: property('yarn.nodemanager.container-monitor.enabled', 'boolean', 'true', "whether containers' memory is watched"),
  trackStoppedContainers: property(
    'yarn.nodemanager.duration-to-track-stopped-containers',
    'milliseconds',
    '600000',
    'how long the NodeManager remembers that a container ended',
  ),
  outOfBandHeartbeat: property('yarn.nodemanager.out-of-band-heartbeat', 'boolean', 'true', 'whether the end of a container is told at once'),
} as const
