/** Where TaskManagers come from: YARN, child processes of this one, or people who start them by hand. */

export type ApplicationStatus = 'SUCCEEDED' | 'FAILED' | 'CANCELED' | 'UNKNOWN'

export interface ClusterEndpoints {
  readonly host: string
  readonly restPort: number
  readonly rpcPort: number
}

export interface DriverEvents {
  /** A TaskManager is gone, or will not come; `resourceId` is undefined for one that never got a name. */
  workerTerminated(resourceId: string | undefined, reason: string): void
  /** The cluster can't go on. */
  fatal(error: Error): void
}

export interface ResourceManagerDriver {
  /** Becomes known to the resource provider; before the first request. */
  start(endpoints: ClusterEndpoints, events: DriverEvents): Promise<void>
  /** How many TaskManagers are to come that have not registered yet. Absolute: a smaller number takes requests back. */
  requireWorkers(count: number): void
  /** A TaskManager has registered: it counts no longer among those to come. */
  workerRegistered(resourceId: string): void
  releaseWorker(resourceId: string): void
  /** Something is wrong with it: its end, if it is one, should be noticed soon. */
  suspectWorker(resourceId: string): void
  /** The cluster's end, told to the resource provider; releases all that runs. */
  deregister(status: ApplicationStatus, diagnostics: string): Promise<void>
}

/** TaskManagers register by themselves (a standalone cluster). */
export function standaloneDriver(): ResourceManagerDriver {
  return {
    start: async () => {},
    requireWorkers() {},
    workerRegistered() {},
    releaseWorker() {},
    suspectWorker() {},
    deregister: async () => {},
  }
}
