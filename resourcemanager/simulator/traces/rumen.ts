/** Rumen's job traces: one JSON object for each job of a MapReduce history (LoggedJob, AMDefinitionRumen). */
import type { ApplicationSpec, NodeSpec, Stage } from '../workload.js'
import { Reader } from './fields.js'
import type { JsonValue } from './json-stream.js'
import type { Problems } from './problems.js'
import { hostOf } from './sls.js'
import type { SlsSettings } from './sls-settings.js'

const PARTS = [
  { field: 'mapTasks', name: 'map', priority: 20, memory: 'jobMapMB' },
  { field: 'reduceTasks', name: 'reduce', priority: 10, memory: 'jobReduceMB' },
] as const

export function readRumen(
  values: Iterable<JsonValue>,
  file: string,
  settings: SlsSettings,
  problems: Problems,
): { readonly applications: ApplicationSpec[]; readonly nodes: NodeSpec[] } {
  const applications: ApplicationSpec[] = []
  const places = new Set<string>()
  for (const { value, line } of values) {
    applications.push(jobOf(new Reader(value as Record<string, unknown>, { file, line }, problems), settings, places))
  }
  // A history is in the time of its own cluster; the first job begins the run.
  const first = applications.reduce((least, a) => Math.min(least, a.at), Number.POSITIVE_INFINITY)
  return {
    applications: applications.map((a) => ({ ...a, at: a.at - first })),
    nodes: [...places].map((place) => ({ ...hostOf(place), resource: settings.node })),
  }
}

const isKnown = (attempt: Reader, time: string): boolean => attempt.fields[time] !== -1

function jobOf(job: Reader, settings: SlsSettings, places: Set<string>): ApplicationSpec {
  const at = job.number('submitTime', undefined)
  const finish = job.number('finishTime', at, Number.NEGATIVE_INFINITY)
  if (finish < at) job.problem('finishTime', `${finish} is before submitTime, ${at}`)
  const stages: Stage[] = []
  for (const { field, name, priority, memory } of PARTS) {
    const durations: number[] = []
    const hosts: string[][] = []
    for (const task of job.list(field)) {
      const attempts = task.list('attempts')
      if (attempts.length === 0) task.problem('attempts', 'there is none')
      // What counts is how the task ended: its last attempt. Of those that never ran, or whose end nobody saw, times are -1.
      const attempt = attempts.findLast((a) => isKnown(a, 'startTime') && isKnown(a, 'finishTime'))
      if (!attempt) continue
      const duration = attempt.number('finishTime', undefined) - attempt.number('startTime', undefined)
      if (duration <= 0) attempt.problem('finishTime', `its duration is ${duration} ms`, 'a task takes more than no time')
      durations.push(Math.max(1, duration))
      const place = attempt.has('hostName') ? attempt.text('hostName') : undefined
      if (place !== undefined) places.add(place)
      hosts.push(place === undefined ? [] : [hostOf(place).host])
    }
    if (durations.length === 0) continue
    const size = job.number(memory, -1, Number.NEGATIVE_INFINITY)
    stages.push({
      name,
      count: durations.length,
      resource: { ...settings.container, ...(size > 0 && { memory: size }) },
      priority,
      durations,
      ...(hosts.some((h) => h.length > 0) && { hosts }),
      ...(stages.length > 0 && { after: stages.map((s) => ({ stage: s.name })) }),
    })
  }
  return {
    id: job.text('jobID'),
    at,
    user: job.text('user', 'default'),
    queue: job.text('queue', 'default'),
    name: job.text('jobName', job.has('jobID') ? job.text('jobID') : ''),
    type: 'MAPREDUCE',
    maxAttempts: 1,
    priority: 0,
    am: { resource: settings.master },
    model: 'sls',
    stages,
    place: job.place,
  }
}
