/** How nodes and application masters behave: data. What is built in, and what a models file changes or adds. */
import type { Distribution, Stage } from '../workload.js'

export interface NodeModel {
  /**
   * Milliseconds between heartbeats, default what the ResourceManager asks for; each comes up to `jitter` late, drawn anew each time, while the
   * beat goes on.
   */
  readonly heartbeat?: { readonly every?: number; readonly jitter?: number }
  /** MiB a second that a node's link brings of what containers need; absent: it is there at once. */
  readonly bandwidth?: number
  /** A node fails after so long, and comes back. */
  readonly failure?: { readonly every: Distribution; readonly repair: Distribution }
  /** The end of a container is told at once, beside the regular heartbeats: as our NodeManagers do; default: with the next one. */
  readonly outOfBand?: boolean
  /** Whether others may use idle nodes of a label; default: it is exclusive. */
  readonly exclusiveLabels?: Readonly<Record<string, boolean>>
}

export interface MasterModel {
  readonly behaviour: 'stages' | 'flink'
  /** Milliseconds between allocates; and while it waits for no container, where that differs. */
  readonly heartbeat: number
  readonly idleHeartbeat?: number
  /** What allocates are counted from. */
  readonly heartbeatsFrom: 'submission' | 'registration'
  /** Whether an allocate's answer is acted on at once or with the next one. */
  readonly answers: 'at-once' | 'next-heartbeat'
  /** From its container's launch until it registers. */
  readonly start: Distribution
  /** Of its containers: from what they need being there until they run. */
  readonly launch: Distribution
  /** From unregistering until its process has ended. */
  readonly exit: Distribution
  /** MiB that each node must bring before the first container of the application runs there, or of any application where it is shared. */
  readonly image?: { readonly megabytes: Distribution; readonly shared?: string }
  /** What was done before its master failed stays done. */
  readonly recovers: boolean
  /** The master's process fails with this probability, so long after it registered. */
  readonly failure?: { readonly probability: number; readonly after: Distribution }
  /** Stages of applications that bring none. */
  readonly stages?: readonly Stage[]
}

export interface Models {
  readonly node: NodeModel
  readonly masters: Readonly<Record<string, MasterModel>>
}

const JAVA_START: Distribution = { kind: 'lognormal', mean: 2500, deviation: 600 }

const BATCH: MasterModel = {
  behaviour: 'stages',
  heartbeat: 1000,
  heartbeatsFrom: 'registration',
  answers: 'at-once',
  start: { kind: 'lognormal', mean: 4000, deviation: 800 },
  launch: JAVA_START,
  exit: 500,
  recovers: true,
}

export const BUILT_IN: Models = {
  node: {},
  masters: {
    stages: BATCH,
    mapreduce: BATCH,
    dag: BATCH,
    service: { ...BATCH, heartbeat: 1000, recovers: false },
    // Nothing but its waits takes time: what an answer brings is started, or is the end, with the next allocate.
    sls: {
      behaviour: 'stages',
      heartbeat: 1000,
      heartbeatsFrom: 'submission',
      answers: 'next-heartbeat',
      start: 0,
      launch: 0,
      exit: 0,
      recovers: false,
    },
    flink: {
      behaviour: 'flink',
      heartbeat: 500,
      idleHeartbeat: 5000,
      heartbeatsFrom: 'registration',
      answers: 'at-once',
      start: { kind: 'lognormal', mean: 5000, deviation: 1000 },
      launch: { kind: 'lognormal', mean: 4000, deviation: 800 },
      exit: 500,
      recovers: false,
    },
  },
}
