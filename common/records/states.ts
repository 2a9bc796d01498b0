/** State names that cross the wire or stand in reports: Hadoop's own (yarn_protos.proto, RMAppState and its like). */

export const YARN_APPLICATION_STATES = ['NEW', 'NEW_SAVING', 'SUBMITTED', 'ACCEPTED', 'RUNNING', 'FINISHED', 'FAILED', 'KILLED'] as const
export type YarnApplicationState = (typeof YARN_APPLICATION_STATES)[number]

export const FINAL_APPLICATION_STATUSES = ['UNDEFINED', 'SUCCEEDED', 'FAILED', 'KILLED', 'ENDED'] as const
export type FinalApplicationStatus = (typeof FINAL_APPLICATION_STATUSES)[number]

export const NODE_STATES = ['NEW', 'RUNNING', 'UNHEALTHY', 'DECOMMISSIONED', 'LOST', 'REBOOTED', 'DECOMMISSIONING', 'SHUTDOWN'] as const
export type NodeState = (typeof NODE_STATES)[number]

/** As the ResourceManager reports a container. */
export type ContainerState = 'NEW' | 'RUNNING' | 'COMPLETE'
export type ExecutionType = 'GUARANTEED' | 'OPPORTUNISTIC'
export type QueueState = 'RUNNING' | 'STOPPED' | 'DRAINING'

export const LOG_AGGREGATION_STATUSES = ['DISABLED', 'NOT_START', 'RUNNING', 'RUNNING_WITH_FAILURE', 'SUCCEEDED', 'FAILED', 'TIME_OUT'] as const
export type LogAggregationStatus = (typeof LOG_AGGREGATION_STATUSES)[number]

/** Exit statuses that are not a process's own (org.apache.hadoop.yarn.api.records.ContainerExitStatus). */
export const EXIT = {
  SUCCESS: 0,
  INVALID: -1000,
  ABORTED: -100,
  DISKS_FAILED: -101,
  PREEMPTED: -102,
  KILLED_EXCEEDED_VMEM: -103,
  KILLED_EXCEEDED_PMEM: -104,
  KILLED_BY_APPMASTER: -105,
  KILLED_BY_RESOURCEMANAGER: -106,
  KILLED_AFTER_APP_COMPLETION: -107,
  KILLED_BY_CONTAINER_SCHEDULER: -108,
  KILLED_FOR_EXCESS_LOGS: -109,
  /** 128 + SIGKILL, 128 + SIGTERM: what a shell answers for a process ended by a signal. */
  FORCE_KILLED: 137,
  TERMINATED: 143,
  LOST: 154,
} as const
