import {
  InitReplicaRecoveryRequestProto,
  InitReplicaRecoveryResponseProto,
  UpdateReplicaUnderRecoveryRequestProto,
  UpdateReplicaUnderRecoveryResponseProto,
} from '../proto/gen/inter-datanode.js'
import { defineProtocol, method } from '../rpc/protocol.js'

/** How DataNodes recover a block among themselves. */
export const interDatanodeProtocol = defineProtocol('org.apache.hadoop.hdfs.server.protocol.InterDatanodeProtocol', 1, {
  initReplicaRecovery: method(InitReplicaRecoveryRequestProto, InitReplicaRecoveryResponseProto),
  updateReplicaUnderRecovery: method(UpdateReplicaUnderRecoveryRequestProto, UpdateReplicaUnderRecoveryResponseProto),
})
export type InterDatanodeProtocol = typeof interDatanodeProtocol
