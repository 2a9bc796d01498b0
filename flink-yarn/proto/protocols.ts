/** What JobManager and TaskManagers of one cluster ask each other. Connections prove themselves with the cluster's secret. */
import { defineProtocol, method } from '../../common/rpc/protocol.js'
import type { TokenAuthenticator } from '../../common/rpc/server.js'
import type { RpcToken } from '../../common/rpc/client.js'
import {
  CancelTasksRequestProto,
  CancelTasksResponseProto,
  FetchJarRequestProto,
  FetchJarResponseProto,
  FreeSlotsRequestProto,
  FreeSlotsResponseProto,
  HeartbeatRequestProto,
  HeartbeatResponseProto,
  ListLogsRequestProto,
  ListLogsResponseProto,
  ReadLogRequestProto,
  ReadLogResponseProto,
  RegisterTaskManagerRequestProto,
  RegisterTaskManagerResponseProto,
  ShutDownRequestProto,
  ShutDownResponseProto,
  SubmitTasksRequestProto,
  SubmitTasksResponseProto,
  UpdateTaskExecutionStateRequestProto,
  UpdateTaskExecutionStateResponseProto,
  WatchRequestProto,
  WatchResponseProto,
} from './gen/engine.js'

/** Asked by TaskManagers. */
export const jobManagerProtocol = defineProtocol('bobbin.engine.JobManagerProtocol', 1, {
  registerTaskManager: method(RegisterTaskManagerRequestProto, RegisterTaskManagerResponseProto),
  heartbeat: method(HeartbeatRequestProto, HeartbeatResponseProto),
  updateTaskExecutionState: method(UpdateTaskExecutionStateRequestProto, UpdateTaskExecutionStateResponseProto),
  fetchJar: method(FetchJarRequestProto, FetchJarResponseProto),
})
export type JobManagerProtocol = typeof jobManagerProtocol

/** Asked by the JobManager. */
export const taskExecutorProtocol = defineProtocol('bobbin.engine.TaskExecutorProtocol', 1, {
  submitTasks: method(SubmitTasksRequestProto, SubmitTasksResponseProto),
  cancelTasks: method(CancelTasksRequestProto, CancelTasksResponseProto),
  freeSlots: method(FreeSlotsRequestProto, FreeSlotsResponseProto),
  readLog: method(ReadLogRequestProto, ReadLogResponseProto),
  listLogs: method(ListLogsRequestProto, ListLogsResponseProto),
  watch: method(WatchRequestProto, WatchResponseProto),
  shutDown: method(ShutDownRequestProto, ShutDownResponseProto),
})
export type TaskExecutorProtocol = typeof taskExecutorProtocol

/** Bytes of a jar in one answer. */
export const JAR_CHUNK = 4 * 1024 * 1024

const MEMBER = Buffer.from('cluster-member')

/** What both sides show: whoever knows the secret is part of the cluster. */
export function clusterToken(secret: Uint8Array): RpcToken {
  return { identifier: MEMBER, password: secret }
}

export function clusterAuthenticator(secret: Uint8Array): TokenAuthenticator {
  return {
    passwordOf(identifier) {
      if (!MEMBER.equals(identifier)) throw new Error('not a token of this cluster')
      return secret
    },
    userOf: () => 'cluster',
  }
}
