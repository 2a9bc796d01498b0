import { GenericRefreshRequestProto, GenericRefreshResponseCollectionProto } from '../proto/gen/common.js'
import { defineProtocol, method } from '../rpc/protocol.js'

/** `-refresh`. */
export const genericRefreshProtocol = defineProtocol('org.apache.hadoop.ipc.GenericRefreshProtocol', 1, {
  refresh: method(GenericRefreshRequestProto, GenericRefreshResponseCollectionProto),
})
export type GenericRefreshProtocol = typeof genericRefreshProtocol
