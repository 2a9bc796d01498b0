import { RefreshCallQueueRequestProto, RefreshCallQueueResponseProto } from '../proto/gen/common.js'
import { defineProtocol, method } from '../rpc/protocol.js'

/** `-refreshCallQueue`. */
export const refreshCallQueueProtocol = defineProtocol('org.apache.hadoop.ipc.RefreshCallQueueProtocol', 1, {
  refreshCallQueue: method(RefreshCallQueueRequestProto, RefreshCallQueueResponseProto),
})
export type RefreshCallQueueProtocol = typeof refreshCallQueueProtocol
