/** What a run of Hadoop's load simulator says of each job, read from its log; and the same of a run of ours. */
import type { RunResult } from '../../../resourcemanager/simulator/results.js'

export interface Job {
  readonly queue: string
  /** Milliseconds from its submission: to its first container beside the master's, and to its end. */
  readonly wait: number
  readonly run: number
  /** Since the first job's submission. */
  readonly end: number
}

const at = (line: string): number => Date.parse(`${line.slice(0, 10)}T${line.slice(11, 19)}.${line.slice(20, 23)}Z`)

/** @param queues of the jobs, in order of submission */
export function realJobs(log: string, queues: readonly string[]): Job[] {
  const submitted = new Map<number, number>()
  const first = new Map<number, number>()
  const ended = new Map<number, number>()
  for (const line of log.split('\n')) {
    const submission = /Submit a new application application_\d+_(\d+)/.exec(line)
    if (submission) submitted.set(Number(submission[1]), at(line))
    // A job that shuts down is logged twice; it ended when it was first.
    const end = /AM container = container_\d+_(\d+)_\d+_\d+ reported to finish/.exec(line)
    if (end && !ended.has(Number(end[1]))) ended.set(Number(end[1]), at(line))
    const assigned = /Assigned container container_\d+_(\d+)_01_(\d+) /.exec(line)
    if (assigned && Number(assigned[2]) > 1 && !first.has(Number(assigned[1]))) first.set(Number(assigned[1]), at(line))
  }
  const begin = Math.min(...submitted.values())
  return queues.map((queue, i) => {
    const start = submitted.get(i + 1)!
    const end = ended.get(i + 1)!
    return { queue, wait: first.get(i + 1)! - start, run: end - start, end: end - begin }
  })
}

export function ourJobs({ applications }: RunResult): Job[] {
  const begin = applications[0]!.submittedAt
  return applications.map((a) => ({
    queue: a.queue.replace(/^root\./, ''),
    wait: a.firstContainerAt! - a.submittedAt,
    run: a.finishedAt! - a.submittedAt,
    end: a.finishedAt! - begin,
  }))
}

export interface Figure {
  readonly what: string
  /** Of each run, in order of size. */
  readonly real: readonly number[]
  /** Their median: SLS runs in real time, and falls behind where a machine is busy. */
  readonly usual: number
  /** The mean over runs with different phases of heartbeats. */
  readonly ours: number
  /** Of ours, as a part of the median of the real ones. */
  readonly deviation: number
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length
const p95 = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1]!

/** Makespan, and by queue mean and 95th percentile. */
export function figures(real: readonly (readonly Job[])[], ours: readonly (readonly Job[])[]): Figure[] {
  const row = (what: string, of: (jobs: readonly Job[]) => number): Figure => {
    const sorted = real.map(of).sort((a, b) => a - b)
    const usual = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
    const own = mean(ours.map(of))
    return { what, real: sorted, usual, ours: own, deviation: own / usual - 1 }
  }
  const rows = [row('makespan', (jobs) => Math.max(...jobs.map((j) => j.end)))]
  for (const queue of [...new Set(real[0]!.map((j) => j.queue))].sort()) {
    for (const [name, of] of [
      ['wait', (j: Job) => j.wait],
      ['run time', (j: Job) => j.run],
    ] as const) {
      const values = (jobs: readonly Job[]) => jobs.filter((j) => j.queue === queue).map(of)
      rows.push(row(`${queue}: ${name}, mean`, (jobs) => mean(values(jobs))))
      rows.push(row(`${queue}: ${name}, 95 %`, (jobs) => p95(values(jobs))))
    }
  }
  return rows
}
