/** hdfs-site.xml */
import { property } from './declare.js'

export const hdfs = {
  nameservices: property('dfs.nameservices', 'strings', '', 'logical names of HDFS services'),
  replication: property('dfs.replication', 'int', '3', 'replicas of a new file'),
  replicationMin: property('dfs.namenode.replication.min', 'int', '1', 'replicas that a block needs to be complete'),
  replicationMax: property('dfs.replication.max', 'int', '512', 'most replicas of a file'),
  blockSize: property('dfs.blocksize', 'bytes', '134217728', 'bytes of a block of a new file'),
  minBlockSize: property('dfs.namenode.fs-limits.min-block-size', 'bytes', '1048576', 'least block size of a new file'),
  bytesPerChecksum: property('dfs.bytes-per-checksum', 'int', '512', 'bytes covered by one checksum'),
  checksumType: property('dfs.checksum.type', 'string', 'CRC32C', 'CRC32, CRC32C or NULL'),
  clientWritePacketSize: property('dfs.client-write-packet-size', 'int', '65536', 'bytes of a packet that a client sends'),
  permissionsEnabled: property('dfs.permissions.enabled', 'boolean', 'true', 'whether permissions are checked'),
  superusergroup: property('dfs.permissions.superusergroup', 'string', 'supergroup', 'group of super-users'),
  nameDir: property('dfs.namenode.name.dir', 'path', 'file://${hadoop.tmp.dir}/dfs/name', 'where the NameNode keeps its journal'),
  dataDir: property('dfs.datanode.data.dir', 'strings', 'file://${hadoop.tmp.dir}/dfs/data', 'where a DataNode keeps blocks'),
  dataDirReserved: property('dfs.datanode.du.reserved', 'bytes', '0', 'bytes of a volume that blocks never take'),
  datanodeHostname: property('dfs.datanode.hostname', 'string', undefined, "the DataNode's name towards clients"),
  datanodeAddress: property('dfs.datanode.address', 'address', '0.0.0.0:9866', 'data transfer'),
  datanodeHttpAddress: property('dfs.datanode.http.address', 'address', '0.0.0.0:9864', "the DataNode's web address"),
  datanodeIpcAddress: property('dfs.datanode.ipc.address', 'address', '0.0.0.0:9867', "the DataNode's RPC address"),
  heartbeatInterval: property('dfs.heartbeat.interval', 'seconds', '3s', 'between heartbeats of a DataNode'),
  heartbeatRecheckInterval: property(
    'dfs.namenode.heartbeat.recheck-interval',
    'milliseconds',
    '300000',
    'part of the time after which a silent DataNode is dead',
  ),
  blockReportInterval: property('dfs.blockreport.intervalMsec', 'milliseconds', '21600000', 'between full block reports'),
  safemodeThreshold: property('dfs.namenode.safemode.threshold-pct', 'float', '0.999f', 'share of blocks that must be reported before safe mode ends'),
  safemodeExtension: property('dfs.namenode.safemode.extension', 'milliseconds', '30000', 'how long safe mode lasts beyond its threshold'),
  maxComponentLength: property('dfs.namenode.fs-limits.max-component-length', 'int', '255', 'most UTF-8 bytes of a path component'),
  accessTimePrecision: property('dfs.namenode.accesstime.precision', 'milliseconds', '3600000', 'access times are exact to this; 0: not kept'),
  clientSocketTimeout: property('dfs.client.socket-timeout', 'milliseconds', '60000', 'silence of a DataNode after which a client gives it up'),
  clientUseDatanodeHostname: property('dfs.client.use.datanode.hostname', 'boolean', 'false', 'whether clients reach DataNodes by name instead of address'),
  clientBlockWriteRetries: property('dfs.client.block.write.retries', 'int', '3', 'pipelines that a client tries for a new block'),
  clientMaxAcquireFailures: property('dfs.client.max.block.acquire.failures', 'int', '3', "rounds over a block's replicas before a reader gives up"),
  clientFailoverMaxAttempts: property('dfs.client.failover.max.attempts', 'int', '15', 'calls that a client tries while it looks for the active NameNode'),
  clientFailoverSleepBase: property('dfs.client.failover.sleep.base.millis', 'int', '500', 'milliseconds between rounds over the NameNodes'),
  clientReplaceDatanode: property(
    'dfs.client.block.write.replace-datanode-on-failure.enable',
    'boolean',
    'true',
    'whether a pipeline that lost a DataNode gets another',
  ),
  clientReplaceDatanodePolicy: property(
    'dfs.client.block.write.replace-datanode-on-failure.policy',
    'string',
    'DEFAULT',
    'ALWAYS, NEVER, or DEFAULT: with three replicas or more when half are lost or readers rely on what was written',
  ),
  clientReplaceDatanodeBestEffort: property(
    'dfs.client.block.write.replace-datanode-on-failure.best-effort',
    'boolean',
    'false',
    'whether writing goes on when no DataNode can be added',
  ),
  lsLimit: property('dfs.ls.limit', 'int', '1000', 'most entries of one listing answer'),
} as const

/** dfs.namenode.rpc-address.SERVICE.ID and its like. */
export const namenodeRpcAddress = (service: string, id: string) =>
  property(`dfs.namenode.rpc-address.${service}.${id}`, 'address', undefined, "a NameNode's RPC address")
export const namenodeHttpAddress = (service: string, id: string) =>
  property(`dfs.namenode.http-address.${service}.${id}`, 'address', undefined, "a NameNode's web address")
export const namenodesOf = (service: string) => property(`dfs.ha.namenodes.${service}`, 'strings', '', 'ids of the NameNodes of a service')
