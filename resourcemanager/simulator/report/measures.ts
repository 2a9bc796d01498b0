/** What a run says in numbers: of the whole cluster, of each queue and of each user. */
import type { ApplicationOutcome, ClusterSeries, QueueSeries, RunResult } from '../results.js'
import { type Summary, jain, mean, merged, summaryOf, summaryOfHistogram } from './statistics.js'

/** Of the applications of a queue, of a user, or of all. */
export interface GroupMeasures {
  readonly applications: {
    readonly submitted: number
    readonly finished: number
    readonly failed: number
    readonly killed: number
    readonly rejected: number
    readonly neverSchedulable: number
    /** Still waiting or running when the run ended. */
    readonly unfinished: number
  }
  /** Submission to the first container beside the master's; to the master's start where it never asks for any. Of those that wait still: until now. */
  readonly wait: Summary
  /** How many of these waits had not ended: the true ones are longer. */
  readonly stillWaiting: number
  /** Submission to the allocation of the (first) master's container. */
  readonly amWait: Summary
  /** The master's start to the end of those that finished. */
  readonly runTime: Summary
  /** Submission to the end of those that finished, as a multiple of what it would be with the cluster to itself. */
  readonly slowdown: Summary
  /** Ask to container. */
  readonly allocationLatency: Summary
  readonly containers: { readonly asked: number; readonly allocated: number; readonly preempted: number; readonly failed: number; readonly lost: number }
  readonly memorySeconds: number
  readonly vcoreSeconds: number
  readonly preemptedMemorySeconds: number
  readonly preemptedVcoreSeconds: number
  readonly slo: { readonly promised: number; readonly missed: number }
}

export interface QueueMeasures extends GroupMeasures {
  readonly queue: string
  /** Mean over the run up to the last application's end; of the default partition. */
  readonly usedMemory: number
  readonly usedVcores: number
  readonly guaranteedMemory: number
  /** Part of the time with applications waiting. */
  readonly waitingTime: number
}

export interface UserMeasures extends GroupMeasures {
  readonly user: string
  /** Mean and largest dominant share in use; absent for users beyond the timeline's 32. */
  readonly dominantShare?: { readonly mean: number; readonly max: number }
}

/** Parts of what a partition has, mean over the run up to the last application's end. */
export interface PartitionMeasures {
  readonly label: string
  readonly memory: number
  readonly vcores: number
  readonly reserved: number
  /** Memory free where the smallest pending ask does not fit, while something is pending. */
  readonly fragmented: number
}

export interface Fairness {
  /** Jain's index of the dominant shares of users with applications at the time, mean over the intervals with two of them or more. */
  readonly users: number
  /** Jain's index of use against guarantee of leaf queues that want more than they have, mean over the intervals with two of them or more. */
  readonly queues: number
  /** Jain's index of the users' mean slowdowns. */
  readonly slowdown: number
}

export interface Measures extends GroupMeasures {
  readonly makespan: number
  readonly utilisation: readonly PartitionMeasures[]
  readonly fairness: Fairness
  readonly queues: readonly QueueMeasures[]
  readonly users: readonly UserMeasures[]
}

const NEVER: ReadonlySet<ApplicationOutcome['state']> = new Set(['REJECTED', 'NEVER_SCHEDULABLE'])

/** Milliseconds until its work began; `ended` false: it had not, when it or the run ended. Undefined for what the cluster never took. */
export function waitOf(a: ApplicationOutcome, end: number): { readonly millis: number; readonly ended: boolean } | undefined {
  if (NEVER.has(a.state)) return undefined
  const began = a.firstContainerAt ?? (a.containers.asked === 0 ? a.amStartedAt : undefined)
  return { millis: (began ?? a.finishedAt ?? end) - a.submittedAt, ended: began !== undefined }
}

export function slowdownOf(a: ApplicationOutcome): number | undefined {
  if (a.state !== 'FINISHED' || a.finishedAt === undefined || !a.aloneMillis) return undefined
  return (a.finishedAt - a.submittedAt) / a.aloneMillis
}

/** Whether a promised end was kept; undefined where none was promised. */
export function missed(a: ApplicationOutcome, end: number): boolean | undefined {
  if (a.deadline === undefined) return undefined
  if (a.state === 'FINISHED' && a.finishedAt !== undefined) return a.finishedAt - a.submittedAt > a.deadline
  // One that still has time is not late yet.
  return !(a.state === 'RUNNING' || a.state === 'WAITING') || end - a.submittedAt > a.deadline
}

function groupOf(all: readonly ApplicationOutcome[], end: number): GroupMeasures {
  const count = (...states: ApplicationOutcome['state'][]) => all.filter((a) => states.includes(a.state)).length
  const sum = (f: (a: ApplicationOutcome) => number) => all.reduce((n, a) => n + f(a), 0)
  const waits = all.flatMap((a) => waitOf(a, end) ?? [])
  const promised = all.flatMap((a) => missed(a, end) ?? [])
  return {
    applications: {
      submitted: all.length,
      finished: count('FINISHED'),
      failed: count('FAILED'),
      killed: count('KILLED'),
      rejected: count('REJECTED'),
      neverSchedulable: count('NEVER_SCHEDULABLE'),
      unfinished: count('RUNNING', 'WAITING'),
    },
    wait: summaryOf(waits.map((w) => w.millis)),
    stillWaiting: waits.filter((w) => !w.ended).length,
    amWait: summaryOf(all.flatMap((a) => (a.amAllocatedAt === undefined ? [] : [a.amAllocatedAt - a.submittedAt]))),
    runTime: summaryOf(
      all.flatMap((a) => (a.state !== 'FINISHED' || a.finishedAt === undefined || a.amStartedAt === undefined ? [] : [a.finishedAt - a.amStartedAt])),
    ),
    slowdown: summaryOf(all.flatMap((a) => slowdownOf(a) ?? [])),
    allocationLatency: summaryOfHistogram(merged(all.map((a) => a.allocationLatency))),
    containers: {
      asked: sum((a) => a.containers.asked),
      allocated: sum((a) => a.containers.allocated),
      preempted: sum((a) => a.containers.preempted),
      failed: sum((a) => a.containers.failed),
      lost: sum((a) => a.containers.lost),
    },
    memorySeconds: sum((a) => a.memorySeconds),
    vcoreSeconds: sum((a) => a.vcoreSeconds),
    preemptedMemorySeconds: sum((a) => a.preemptedMemorySeconds),
    preemptedVcoreSeconds: sum((a) => a.preemptedVcoreSeconds),
    slo: { promised: promised.length, missed: promised.filter(Boolean).length },
  }
}

function groups(all: readonly ApplicationOutcome[], keyOf: (a: ApplicationOutcome) => string): [string, ApplicationOutcome[]][] {
  const found = new Map<string, ApplicationOutcome[]>()
  for (const a of all) {
    const key = keyOf(a)
    const group = found.get(key)
    if (group) group.push(a)
    else found.set(key, [a])
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Intervals of the timeline up to the last application's end: what follows is an idle cluster. */
function intervals(result: RunResult): number {
  return Math.max(1, Math.ceil(result.makespan / result.timeline.interval))
}

const upTo = (values: readonly number[], n: number) => values.slice(0, n)
const part = (used: readonly number[], total: readonly number[], n: number) => {
  const whole = mean(upTo(total, n))
  return whole === 0 ? 0 : mean(upTo(used, n)) / whole
}

function partitionOf(c: ClusterSeries, n: number): PartitionMeasures {
  return {
    label: c.label,
    memory: part(c.usedMemory, c.totalMemory, n),
    vcores: part(c.usedVcores, c.totalVcores, n),
    reserved: part(c.reservedMemory, c.totalMemory, n),
    fragmented: part(c.fragmentedMemory, c.totalMemory, n),
  }
}

/** Mean of Jain's index over the intervals in which two or more take part. */
function jainOverTime(n: number, sharesAt: (i: number) => readonly number[]): number {
  const indices: number[] = []
  for (let i = 0; i < n; i++) {
    const shares = sharesAt(i)
    if (shares.length >= 2) indices.push(jain(shares))
  }
  return indices.length === 0 ? 1 : mean(indices)
}

function fairnessOf(result: RunResult, users: readonly UserMeasures[]): Fairness {
  const { timeline, applications } = result
  const n = Math.min(intervals(result), timeline.clusters[0]?.totalMemory.length ?? 0)
  const present = new Map(timeline.users.map((u) => [u.user, new Uint8Array(n)]))
  for (const a of applications) {
    const intervalsOfUser = present.get(a.user)
    if (!intervalsOfUser || NEVER.has(a.state)) continue
    const last = Math.min(n - 1, Math.floor(((a.finishedAt ?? result.simulated) - 1) / timeline.interval))
    for (let i = Math.floor(a.submittedAt / timeline.interval); i <= last; i++) intervalsOfUser[i] = 1
  }
  const leaves = timeline.queues.filter((q) => q.leaf && q.label === '')
  const slowdowns = users.filter((u) => u.slowdown.count > 0).map((u) => u.slowdown.mean)
  return {
    users: jainOverTime(n, (i) => timeline.users.filter((u) => present.get(u.user)![i] === 1).map((u) => u.share[i] ?? 0)),
    queues: jainOverTime(n, (i) =>
      leaves.filter((q) => q.pendingMemory[i]! > 0 && q.guaranteedMemory[i]! > 0).map((q) => q.usedMemory[i]! / q.guaranteedMemory[i]!),
    ),
    slowdown: jain(slowdowns),
  }
}

function queueMeasures(queue: string, group: GroupMeasures, series: QueueSeries | undefined, n: number): QueueMeasures {
  const of = (values: readonly number[] | undefined) => mean(upTo(values ?? [], n))
  return {
    queue,
    ...group,
    usedMemory: of(series?.usedMemory),
    usedVcores: of(series?.usedVcores),
    guaranteedMemory: of(series?.guaranteedMemory),
    waitingTime: of(series?.waitingApplications.map((w) => (w > 0 ? 1 : 0))),
  }
}

/** Everything that the tables, the files and the page show in numbers. */
export function measure(result: RunResult): Measures {
  const { applications, timeline, simulated } = result
  const n = intervals(result)
  const bySeries = new Map(timeline.queues.filter((q) => q.label === '').map((q) => [q.queue, q]))
  const queues = groups(applications, (a) => a.queue).map(([queue, all]) => queueMeasures(queue, groupOf(all, simulated), bySeries.get(queue), n))
  const shares = new Map(timeline.users.map((u) => [u.user, u.share]))
  const users = groups(applications, (a) => a.user).map(([user, all]): UserMeasures => {
    const share = shares.get(user)
    return {
      user,
      ...groupOf(all, simulated),
      ...(share && { dominantShare: { mean: mean(upTo(share, n)), max: share.reduce((m, s) => Math.max(m, s), 0) } }),
    }
  })
  return {
    ...groupOf(applications, simulated),
    makespan: result.makespan,
    utilisation: timeline.clusters.map((c) => partitionOf(c, n)),
    fairness: fairnessOf(result, users),
    queues,
    users,
  }
}
