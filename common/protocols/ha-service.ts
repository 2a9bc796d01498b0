import {
  GetServiceStatusRequestProto,
  GetServiceStatusResponseProto,
  MonitorHealthRequestProto,
  MonitorHealthResponseProto,
  TransitionToActiveRequestProto,
  TransitionToActiveResponseProto,
  TransitionToObserverRequestProto,
  TransitionToObserverResponseProto,
  TransitionToStandbyRequestProto,
  TransitionToStandbyResponseProto,
} from '../proto/gen/common.js'
import { defineProtocol, method } from '../rpc/protocol.js'

/** State of one of a pair, and its change (`hdfs haadmin`, `yarn rmadmin`). */
export const haServiceProtocol = defineProtocol('org.apache.hadoop.ha.HAServiceProtocol', 1, {
  monitorHealth: method(MonitorHealthRequestProto, MonitorHealthResponseProto),
  transitionToActive: method(TransitionToActiveRequestProto, TransitionToActiveResponseProto),
  transitionToStandby: method(TransitionToStandbyRequestProto, TransitionToStandbyResponseProto),
  transitionToObserver: method(TransitionToObserverRequestProto, TransitionToObserverResponseProto),
  getServiceStatus: method(GetServiceStatusRequestProto, GetServiceStatusResponseProto),
})
export type HaServiceProtocol = typeof haServiceProtocol
