import {
  RefreshSuperUserGroupsConfigurationRequestProto,
  RefreshSuperUserGroupsConfigurationResponseProto,
  RefreshUserToGroupsMappingsRequestProto,
  RefreshUserToGroupsMappingsResponseProto,
} from '../proto/gen/common.js'
import { defineProtocol, method } from '../rpc/protocol.js'

/** `-refreshUserToGroupsMappings` and its like. */
export const refreshUserMappingsProtocol = defineProtocol('org.apache.hadoop.security.RefreshUserMappingsProtocol', 1, {
  refreshUserToGroupsMappings: method(RefreshUserToGroupsMappingsRequestProto, RefreshUserToGroupsMappingsResponseProto),
  refreshSuperUserGroupsConfiguration: method(RefreshSuperUserGroupsConfigurationRequestProto, RefreshSuperUserGroupsConfigurationResponseProto),
})
export type RefreshUserMappingsProtocol = typeof refreshUserMappingsProtocol
