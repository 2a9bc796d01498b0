import {
  NodeHeartbeatRequestProto,
  NodeHeartbeatResponseProto,
  RegisterNodeManagerRequestProto,
  RegisterNodeManagerResponseProto,
  UnRegisterNodeManagerRequestProto,
  UnRegisterNodeManagerResponseProto,
} from '../proto/gen/resource-tracker.js'
import { defineProtocol, method } from '../rpc/protocol.js'

/** What NodeManagers tell the ResourceManager. */
export const resourceTracker = defineProtocol('org.apache.hadoop.yarn.server.api.ResourceTrackerPB', 1, {
  registerNodeManager: method(RegisterNodeManagerRequestProto, RegisterNodeManagerResponseProto),
  nodeHeartbeat: method(NodeHeartbeatRequestProto, NodeHeartbeatResponseProto),
  unRegisterNodeManager: method(UnRegisterNodeManagerRequestProto, UnRegisterNodeManagerResponseProto),
})
export type ResourceTracker = typeof resourceTracker
