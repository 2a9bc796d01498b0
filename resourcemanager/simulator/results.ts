/**
 * What came of a run: everything that the reports are made from, and nothing that depends on the machine it ran on. Times are
 * milliseconds from the start of the run, memory is MiB. Plain data: it survives JSON and a worker's message.
 */

export type OutcomeState =
  | 'FINISHED'
  | 'FAILED'
  | 'KILLED'
  /** The ResourceManager refused it. */
  | 'REJECTED'
  /** It was still there when the run ended. */
  | 'RUNNING'
  | 'WAITING'
  /** No node, or no queue's maximum, could ever hold what it asks. */
  | 'NEVER_SCHEDULABLE'

/** Counts of values by bucket, ten buckets for each power of ten above 1 ms; exact sum, minimum and maximum. */
export interface Histogram {
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  /** [index of the bucket, count], rising. Bucket i holds values v with round(10·log10(v + 1)) = i. */
  readonly buckets: readonly (readonly [number, number])[]
}

export interface ApplicationOutcome {
  /** The trace's own name. */
  readonly id: string
  readonly applicationId: string
  readonly user: string
  /** Full path of the queue it ended up in. */
  readonly queue: string
  readonly name: string
  readonly type: string
  readonly state: OutcomeState
  /** Why, where it did not finish: the ResourceManager's diagnostics or why it can't be scheduled. */
  readonly reason?: string
  readonly submittedAt: number
  /** The first attempt's container: allocated, and running. */
  readonly amAllocatedAt?: number
  readonly amStartedAt?: number
  readonly registeredAt?: number
  /** The first container beside the master's. */
  readonly firstContainerAt?: number
  readonly finishedAt?: number
  readonly attempts: number
  /** Containers beside the masters'. */
  readonly containers: {
    readonly asked: number
    readonly allocated: number
    readonly completed: number
    readonly preempted: number
    readonly failed: number
    readonly lost: number
  }
  readonly memorySeconds: number
  readonly vcoreSeconds: number
  readonly preemptedMemorySeconds: number
  readonly preemptedVcoreSeconds: number
  /** From an ask to its container. */
  readonly allocationLatency: Histogram
  /** How long it would have run with the cluster to itself: its critical path by the durations drawn. Absent for services. */
  readonly aloneMillis?: number
  readonly deadline?: number
}

/** Averages over each interval of the timeline, or (where named so) values at its end; one entry for each interval. */
export interface QueueSeries {
  /** Full path; leaf queues and parents. */
  readonly queue: string
  readonly leaf: boolean
  /** Label of the partition; empty for the default one. */
  readonly label: string
  readonly usedMemory: readonly number[]
  readonly usedVcores: readonly number[]
  readonly reservedMemory: readonly number[]
  readonly pendingMemory: readonly number[]
  readonly guaranteedMemory: readonly number[]
  readonly maximumMemory: readonly number[]
  readonly guaranteedVcores: readonly number[]
  readonly maximumVcores: readonly number[]
  readonly runningApplications: readonly number[]
  readonly waitingApplications: readonly number[]
}

export interface ClusterSeries {
  readonly label: string
  readonly totalMemory: readonly number[]
  readonly totalVcores: readonly number[]
  readonly usedMemory: readonly number[]
  readonly usedVcores: readonly number[]
  readonly reservedMemory: readonly number[]
  /** Memory free on nodes where the smallest pending ask does not fit, while something is pending. */
  readonly fragmentedMemory: readonly number[]
  readonly nodes: readonly number[]
  readonly containers: readonly number[]
}

export interface Timeline {
  /** Milliseconds; chosen so that the run has 256 to 512 intervals. */
  readonly interval: number
  readonly clusters: readonly ClusterSeries[]
  readonly queues: readonly QueueSeries[]
  /** Dominant share in use by each user (the largest 32 of the run), for fairness. */
  readonly users: readonly { readonly user: string; readonly share: readonly number[] }[]
  /** Used memory as a part of the node's, in groups of like-numbered nodes where there are more than 100. */
  readonly nodes: readonly { readonly name: string; readonly used: readonly number[] }[]
}

export interface RunResult {
  readonly workload: string
  /** What the configuration is called: its folder, or `default`. */
  readonly configuration: string
  /** Class name as Hadoop's. */
  readonly scheduler: string
  readonly seed: number
  readonly nodes: number
  /** Milliseconds simulated. */
  readonly simulated: number
  /** Last application's end; the run's end where some did not. */
  readonly makespan: number
  /** Steps that the core took, and heartbeats that were left out because they change nothing; 0 on a live ResourceManager. */
  readonly events: number
  readonly skippedHeartbeats: number
  readonly applications: readonly ApplicationOutcome[]
  readonly timeline: Timeline
  /** Things that a reader must know: what was inferred or left out. */
  readonly notes: readonly string[]
}
