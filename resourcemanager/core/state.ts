/** State names of the life cycles, Hadoop's own: RMAppState, RMAppAttemptState, RMContainerState (NodeState is in common/records). */
export { CONTAINER_STATES, type RMContainerState } from '../scheduler/container.js'

export const APPLICATION_STATES = [
  'NEW',
  'NEW_SAVING',
  'SUBMITTED',
  'ACCEPTED',
  'RUNNING',
  'FINAL_SAVING',
  'FINISHING',
  'FINISHED',
  'FAILED',
  'KILLING',
  'KILLED',
] as const
export type ApplicationState = (typeof APPLICATION_STATES)[number]

export const ATTEMPT_STATES = [
  'NEW',
  'SUBMITTED',
  'SCHEDULED',
  'ALLOCATED_SAVING',
  'ALLOCATED',
  'LAUNCHED',
  'LAUNCHED_UNMANAGED_SAVING',
  'RUNNING',
  'FINAL_SAVING',
  'FINISHING',
  'FINISHED',
  'FAILED',
  'KILLED',
] as const
export type AttemptState = (typeof ATTEMPT_STATES)[number]
