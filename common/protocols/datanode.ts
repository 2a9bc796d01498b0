import {
  BlockReceivedAndDeletedRequestProto,
  BlockReceivedAndDeletedResponseProto,
  BlockReportRequestProto,
  BlockReportResponseProto,
  CacheReportRequestProto,
  CacheReportResponseProto,
  CommitBlockSynchronizationRequestProto,
  CommitBlockSynchronizationResponseProto,
  ErrorReportRequestProto,
  ErrorReportResponseProto,
  HeartbeatRequestProto,
  HeartbeatResponseProto,
  RegisterDatanodeRequestProto,
  RegisterDatanodeResponseProto,
  ReportBadBlocksRequestProto,
  ReportBadBlocksResponseProto,
} from '../proto/gen/datanode.js'
import { VersionRequestProto, VersionResponseProto } from '../proto/gen/hdfs.js'
import { defineProtocol, method } from '../rpc/protocol.js'

/** What DataNodes tell a NameNode. */
export const datanodeProtocol = defineProtocol('org.apache.hadoop.hdfs.server.protocol.DatanodeProtocol', 1, {
  registerDatanode: method(RegisterDatanodeRequestProto, RegisterDatanodeResponseProto),
  sendHeartbeat: method(HeartbeatRequestProto, HeartbeatResponseProto),
  blockReport: method(BlockReportRequestProto, BlockReportResponseProto),
  cacheReport: method(CacheReportRequestProto, CacheReportResponseProto),
  blockReceivedAndDeleted: method(BlockReceivedAndDeletedRequestProto, BlockReceivedAndDeletedResponseProto),
  errorReport: method(ErrorReportRequestProto, ErrorReportResponseProto),
  versionRequest: method(VersionRequestProto, VersionResponseProto),
  reportBadBlocks: method(ReportBadBlocksRequestProto, ReportBadBlocksResponseProto),
  commitBlockSynchronization: method(CommitBlockSynchronizationRequestProto, CommitBlockSynchronizationResponseProto),
})
export type DatanodeProtocol = typeof datanodeProtocol
