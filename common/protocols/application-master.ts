import {
  AllocateRequestProto,
  AllocateResponseProto,
  FinishApplicationMasterRequestProto,
  FinishApplicationMasterResponseProto,
  RegisterApplicationMasterRequestProto,
  RegisterApplicationMasterResponseProto,
} from '../proto/gen/application-master.js'
import { defineProtocol, method } from '../rpc/protocol.js'

/** What application masters ask the ResourceManager (yarn.resourcemanager.scheduler.address). */
export const applicationMasterProtocol = defineProtocol('org.apache.hadoop.yarn.api.ApplicationMasterProtocolPB', 1, {
  registerApplicationMaster: method(RegisterApplicationMasterRequestProto, RegisterApplicationMasterResponseProto),
  finishApplicationMaster: method(FinishApplicationMasterRequestProto, FinishApplicationMasterResponseProto),
  allocate: method(AllocateRequestProto, AllocateResponseProto),
})
export type ApplicationMasterProtocol = typeof applicationMasterProtocol
