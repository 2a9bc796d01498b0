import { RefreshServiceAclRequestProto, RefreshServiceAclResponseProto } from '../proto/gen/common.js'
import { defineProtocol, method } from '../rpc/protocol.js'

/** `-refreshServiceAcl`. */
export const refreshAuthorizationPolicyProtocol = defineProtocol('org.apache.hadoop.security.authorize.RefreshAuthorizationPolicyProtocol', 1, {
  refreshServiceAcl: method(RefreshServiceAclRequestProto, RefreshServiceAclResponseProto),
})
export type RefreshAuthorizationPolicyProtocol = typeof refreshAuthorizationPolicyProtocol
