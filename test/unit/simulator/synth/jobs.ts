/** Jobs as Hadoop's load simulator draws them of SYNTH traces, and as ours does: in one form. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { readWorkload } from '../../../../resourcemanager/simulator/traces/index.js'

const here = path.dirname(fileURLToPath(import.meta.url))
export const traces = ['averages.synth', 'tasks.synth'].map((f) => path.join(here, f))
/** What test/interop/sls/SynthJobs.java printed of them. */
export const captured = path.join(here, 'jobs.jsonl')

export interface SynthJob {
  readonly class: string
  readonly user: string
  readonly queue: string
  readonly at: number
  /** After submission; -1: none. */
  readonly deadline: number
  /** By type, in seconds; that of a real job may be 0 or less, which lasts a second at least here. */
  readonly tasks: readonly (readonly [type: string, seconds: number, memory: number, vcores: number, priority: number])[]
}

export function realJobs(lines: string): SynthJob[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const { duration: _, ...job } = JSON.parse(line) as SynthJob & { duration: number }
      return { ...job, tasks: job.tasks.map(([type, time, ...more]) => [type, Math.max(1, time), ...more]) as SynthJob['tasks'] }
    })
}

/** @param seed of the run */
export function ourJobs(seed = 1, files: readonly string[] = traces): SynthJob[] {
  return files.flatMap((file) =>
    readWorkload({ files: [file], seed }).applications.map((a) => ({
      class: a.id.replace(/_\d+$/, ''),
      user: a.user,
      queue: a.queue,
      at: a.at,
      deadline: a.deadline ?? -1,
      tasks: a.stages!.flatMap((s) => s.durations!.map((d) => [s.name, d / 1000, s.resource.memory, s.resource.vcores, s.priority] as const)),
    })),
  )
}
