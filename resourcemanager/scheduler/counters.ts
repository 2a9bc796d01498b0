/** What a queue has seen since the start, as QueueMetrics counts it. */
import type { QueueMetrics } from './reports.js'

export interface QueueCounters {
  appsSubmitted: number
  appsRunning: number
  appsPending: number
  appsCompleted: number
  appsKilled: number
  appsFailed: number
  pendingContainers: number
  reservedContainers: number
  allocated: number
  released: number
  nodeLocal: number
  rackLocal: number
  offSwitch: number
  preempted: number
}

export const queueCounters = (): QueueCounters => ({
  appsSubmitted: 0,
  appsRunning: 0,
  appsPending: 0,
  appsCompleted: 0,
  appsKilled: 0,
  appsFailed: 0,
  pendingContainers: 0,
  reservedContainers: 0,
  allocated: 0,
  released: 0,
  nodeLocal: 0,
  rackLocal: 0,
  offSwitch: 0,
  preempted: 0,
})

export const ENDED = { FINISHED: 'appsCompleted', FAILED: 'appsFailed', KILLED: 'appsKilled' } as const
export const LOCALITY = { NODE_LOCAL: 'nodeLocal', RACK_LOCAL: 'rackLocal', OFF_SWITCH: 'offSwitch' } as const

export function queueMetrics(c: QueueCounters): QueueMetrics {
  return {
    appsSubmitted: c.appsSubmitted,
    appsRunning: c.appsRunning,
    appsPending: c.appsPending,
    appsCompleted: c.appsCompleted,
    appsKilled: c.appsKilled,
    appsFailed: c.appsFailed,
    aggregateContainersAllocated: c.allocated,
    aggregateContainersReleased: c.released,
    aggregateNodeLocalContainersAllocated: c.nodeLocal,
    aggregateRackLocalContainersAllocated: c.rackLocal,
    aggregateOffSwitchContainersAllocated: c.offSwitch,
    aggregateContainersPreempted: c.preempted,
  }
}
