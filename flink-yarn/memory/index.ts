/** Flink's memory model: from options to the sizes of the two processes, and so of their containers. */
export { type JobManagerProcessSpec, jobManagerDynamicProperties, jobManagerProcessSpec } from './job-manager.js'
export { type TaskManagerProcessSpec, taskManagerDynamicProperties, taskManagerProcessSpec } from './task-manager.js'

const MB = 2 ** 20

/** Whole MiB of a container for a process of so many bytes. */
export const containerMemoryMb = (totalProcess: number): number => Math.floor(totalProcess / MB)
