import { GetGroupsForUserRequestProto, GetGroupsForUserResponseProto } from '../proto/gen/common.js'
import { defineProtocol, method } from '../rpc/protocol.js'

/** `hdfs groups`, `yarn rmadmin -getGroups`. */
export const getUserMappingsProtocol = defineProtocol('org.apache.hadoop.tools.GetUserMappingsProtocol', 1, {
  getGroupsForUser: method(GetGroupsForUserRequestProto, GetGroupsForUserResponseProto),
})
export type GetUserMappingsProtocol = typeof getUserMappingsProtocol
