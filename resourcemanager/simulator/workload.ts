/**
 * What a simulated cluster is made of and what happens to it: plain data, whatever trace it was read from. Times and durations are
 * milliseconds, times count from the start of the run; memory is MiB.
 */
import type { Resource } from '../../common/records/index.js'

/** Where something stands in the file that it was read from. */
export interface Place {
  readonly file: string
  /** From 1. */
  readonly line?: number
  /** Of the entry within the file, in its own terms: `job.tasks[3]`, `workloads[0].stages[2]`. */
  readonly entry?: string
}

/** Drawn with the run's own seed; a number is a constant. All in the unit of the quantity. */
export type Distribution =
  | number
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly deviation: number }
  | { readonly kind: 'lognormal'; readonly mean: number; readonly deviation: number }
  | { readonly kind: 'exponential'; readonly mean: number }
  | { readonly kind: 'pareto'; readonly minimum: number; readonly shape: number }
  | { readonly kind: 'discrete'; readonly values: readonly number[]; readonly weights: readonly number[] }

/** A time in which a node is away. */
export interface Outage {
  /** `failure`: heartbeats stop; `decommission`: excluded, gracefully where `grace` says so; `maintenance`: as decommission, and back at `to`. */
  readonly kind: 'failure' | 'decommission' | 'maintenance'
  readonly from: number
  /** Absent: for good. */
  readonly to?: number
  /** Milliseconds given to running containers; absent: none. */
  readonly grace?: number
}

export interface NodeSpec {
  readonly host: string
  /** Default `/default-rack`. */
  readonly rack?: string
  readonly resource: Resource
  readonly labels?: readonly string[]
  /** When it registers; default 0. */
  readonly upAt?: number
  /** When in the interval of heartbeats it reports, milliseconds; drawn where it is not told. */
  readonly phase?: number
  readonly outages?: readonly Outage[]
}

/** A group of like containers of an application, asked for together. */
export interface Stage {
  readonly name: string
  readonly count: number
  readonly resource: Resource
  readonly priority: number
  /** From the container's start to its end. Absent: as long as the application lives (a service's instance). */
  readonly duration?: Distribution
  /** Of each container, where they are known one by one: instead of `duration`. */
  readonly durations?: readonly number[]
  /** Stages that must be done before this one asks, by name; `fraction` (default 1) of their containers is enough. */
  readonly after?: readonly { readonly stage: string; readonly fraction?: number }[]
  /** Milliseconds after the stages before it (or after registration) until it asks. */
  readonly delay?: Distribution
  /** Hosts that each container prefers: one list for all, or one for each container. */
  readonly hosts?: readonly (readonly string[])[]
  readonly relaxLocality?: boolean
  readonly nodeLabelExpression?: string
  /** The container's exit status is not 0 with this probability; the master asks again. */
  readonly failureProbability?: number
}

/** What a Flink cluster's active resource manager asks for over time. */
export interface FlinkPlan {
  readonly mode: 'session' | 'per-job' | 'application'
  readonly slotsPerTaskManager: number
  readonly taskManager: Resource
  /** A TaskManager without used slots goes after this; Flink's resourcemanager.taskmanager-timeout, default 30,000. */
  readonly idleTimeout?: number
  /** From a job's failure by a lost TaskManager to its new request; default 1,000. */
  readonly restartDelay?: Distribution
  /** Jobs by time after the master's registration. A per-job or application cluster ends with its last. */
  readonly jobs: readonly {
    readonly at: number
    readonly slots: number
    readonly duration?: Distribution
    readonly rescale?: readonly { readonly at: number; readonly slots: number }[]
  }[]
}

export interface ApplicationSpec {
  /** The trace's own name: `job_1`. */
  readonly id: string
  readonly at: number
  readonly user: string
  readonly groups?: readonly string[]
  readonly queue: string
  readonly name?: string
  /** As YARN's application type: MAPREDUCE, Apache Flink, … */
  readonly type?: string
  readonly priority?: number
  readonly nodeLabelExpression?: string
  readonly tags?: readonly string[]
  readonly maxAttempts?: number
  readonly keepContainers?: boolean
  readonly am: { readonly resource: Resource; readonly nodeLabelExpression?: string }
  /** Name of the master's model: `stages`, `flink`, or one of a models file. */
  readonly model: string
  readonly stages?: readonly Stage[]
  readonly flink?: FlinkPlan
  /** It ends this long after its submission; until then a container that ends is started again (SLS's streams). */
  readonly lasts?: number
  /** The application is to be done this long after its submission: what the report counts as kept or missed. */
  readonly deadline?: number
  /** It is killed by its user this long after its submission. */
  readonly killedAfter?: number
  readonly place?: Place
}

export interface Workload {
  /** What the report calls it. */
  readonly name: string
  /** Empty where a trace brings none and `--nodes` must. */
  readonly nodes: readonly NodeSpec[]
  /** By time of submission. */
  readonly applications: readonly ApplicationSpec[]
}

/** Something in a trace or its settings that can't be. */
export interface Problem {
  readonly place: Place
  readonly message: string
  /** What to do about it. */
  readonly remedy?: string
}
