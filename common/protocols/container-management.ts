import {
  CommitResponseProto,
  ContainerUpdateRequestProto,
  ContainerUpdateResponseProto,
  GetContainerStatusesRequestProto,
  GetContainerStatusesResponseProto,
  GetLocalizationStatusesRequestProto,
  GetLocalizationStatusesResponseProto,
  IncreaseContainersResourceRequestProto,
  IncreaseContainersResourceResponseProto,
  ReInitializeContainerRequestProto,
  ReInitializeContainerResponseProto,
  ResourceLocalizationRequestProto,
  ResourceLocalizationResponseProto,
  RestartContainerResponseProto,
  RollbackResponseProto,
  StartContainersRequestProto,
  StartContainersResponseProto,
  StopContainersRequestProto,
  StopContainersResponseProto,
} from '../proto/gen/container-management.js'
import { ContainerIdProto, SignalContainerRequestProto, SignalContainerResponseProto } from '../proto/gen/yarn.js'
import { defineProtocol, method } from '../rpc/protocol.js'

/** What application masters, and the ResourceManager for the first container, ask a NodeManager. */
export const containerManagementProtocol = defineProtocol('org.apache.hadoop.yarn.api.ContainerManagementProtocolPB', 1, {
  startContainers: method(StartContainersRequestProto, StartContainersResponseProto),
  stopContainers: method(StopContainersRequestProto, StopContainersResponseProto),
  getContainerStatuses: method(GetContainerStatusesRequestProto, GetContainerStatusesResponseProto),
  increaseContainersResource: method(IncreaseContainersResourceRequestProto, IncreaseContainersResourceResponseProto),
  updateContainer: method(ContainerUpdateRequestProto, ContainerUpdateResponseProto),
  signalToContainer: method(SignalContainerRequestProto, SignalContainerResponseProto),
  localize: method(ResourceLocalizationRequestProto, ResourceLocalizationResponseProto),
  reInitializeContainer: method(ReInitializeContainerRequestProto, ReInitializeContainerResponseProto),
  restartContainer: method(ContainerIdProto, RestartContainerResponseProto),
  rollbackLastReInitialization: method(ContainerIdProto, RollbackResponseProto),
  commitLastReInitialization: method(ContainerIdProto, CommitResponseProto),
  getLocalizationStatuses: method(GetLocalizationStatusesRequestProto, GetLocalizationStatusesResponseProto),
})
export type ContainerManagementProtocol = typeof containerManagementProtocol
