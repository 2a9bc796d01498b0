/**
 * SYNTH traces: workloads of job classes with distributions instead of jobs (SynthTraceJobProducer, SynthJob). Times are seconds, as there. Both
 * ways to write a class are read: avg and stddev of maps and reduces, and a list of tasks.
 */
import { type Random, randomOf } from '../engine/random.js'
import type { ApplicationSpec, Distribution, NodeSpec, Stage } from '../workload.js'
import type { Reader } from './fields.js'
import type { SlsSettings } from './sls-settings.js'

const LEAST_MEMORY = 1024
const LEAST_VCORES = 1
const SECOND = 1000

interface TaskClass {
  readonly type: string
  readonly priority: number
  readonly count: Distribution
  readonly time: Distribution
  readonly memory: Distribution
  readonly vcores: Distribution
}

interface JobClass {
  readonly name: string
  readonly user: string
  readonly weight: number
  readonly tasks: readonly TaskClass[]
  readonly duration: Distribution
  readonly reservation: Distribution
  readonly deadlineFactor: Distribution
}

interface WorkloadClass {
  readonly queue: string
  readonly weight: number
  readonly classes: readonly JobClass[]
  readonly times: readonly { readonly time: number; readonly weight: number }[]
}

export function readSynth(trace: Reader, settings: SlsSettings, seed: number): { readonly applications: ApplicationSpec[]; readonly nodes: NodeSpec[] } {
  const workloads = trace.list('workloads').map(workloadOf)
  if (workloads.length === 0) trace.problem('workloads', 'there is none')
  const jobs = trace.integer('num_jobs', undefined)
  const perRack = Math.max(1, trace.integer('nodes_per_rack', 1))
  const nodes = Array.from({ length: trace.integer('num_nodes', 0) }, (_, i) => ({
    host: `node${i + 1}`,
    rack: `/rack${Math.floor(i / perRack) + 1}`,
    resource: settings.node,
  }))
  const usable = workloads.every((w) => w.classes.length > 0 && w.times.length > 0) && workloads.some((w) => w.weight > 0)
  if (workloads.length > 0 && !usable) trace.problem('workloads', 'each needs job classes and a time distribution, and one at least a weight above 0')
  if (!usable) return { applications: [], nodes }
  const random = randomOf(seed, `synth ${trace.number('rand_seed', 0, Number.NEGATIVE_INFINITY)}`)
  const drawn = Array.from({ length: jobs }, () => {
    const workload = weighted(workloads, random)
    const at = submissionTime(workload.times, random)
    return { at, queue: workload.queue, job: weighted(workload.classes, random) }
  })
  drawn.sort((a, b) => a.at - b.at)
  return { applications: drawn.map(({ at, queue, job }, i) => applicationOf(job, i, at, queue, settings, random, trace)), nodes }
}

// ── the classes ──

function workloadOf(w: Reader): WorkloadClass {
  return {
    queue: w.text('queue_name'),
    weight: w.number('workload_weight', 1),
    classes: w.list('job_classes').map(classOf),
    times: w.list('time_distribution').map((t, i, all) => {
      const time = t.number('time', undefined)
      const before = i > 0 ? all[i - 1]!.fields.time : undefined
      if (typeof before === 'number' && time < before) t.problem('time', `${time} is before ${before}, which stands before it`)
      return { time, weight: t.number('weight', t.number('jobs', 0)) }
    }),
  }
}

function classOf(c: Reader): JobClass {
  const tasks = c.has('tasks') ? c.list('tasks').map(taskOf) : [oldTask(c, 'map', 'm', 20), oldTask(c, 'reduce', 'r', 10)]
  return {
    name: c.text('class_name'),
    user: c.text('user_name', 'default'),
    weight: c.number('class_weight', 1),
    tasks,
    duration: c.has('duration') ? sample(c, 'duration') : average(c, 'dur'),
    reservation: c.has('reservation') ? sample(c, 'reservation') : c.number('chance_of_reservation', 0),
    deadlineFactor: c.has('deadline_factor') ? sample(c, 'deadline_factor') : average(c, 'deadline_factor'),
  }
}

function taskOf(t: Reader): TaskClass {
  return {
    type: t.text('type', 'map'),
    priority: t.integer('priority', 20),
    count: sample(t, 'count'),
    time: sample(t, 'time'),
    memory: sample(t, 'max_memory'),
    vcores: sample(t, 'max_vcores'),
  }
}

function oldTask(c: Reader, type: 'map' | 'reduce', letter: 'm' | 'r', priority: number): TaskClass {
  return {
    type,
    priority,
    count: average(c, `${letter}tasks`),
    time: average(c, `${letter}time`),
    memory: average(c, `${type}_max_memory`),
    vcores: average(c, `${type}_max_vcores`),
  }
}

/** The generator takes a sixth of the mean where no deviation is given. */
const spread = (mean: number, deviation: number) => (deviation === 0 ? mean / 6 : deviation)

function average(c: Reader, name: string): Distribution {
  const mean = c.number(`${name}_avg`, 0)
  const deviation = c.number(`${name}_stddev`, 0)
  return mean === 0 ? 0 : { kind: 'lognormal', mean, deviation: spread(mean, deviation) }
}

/** `{"val": 5}`, `{"val": 5, "std": 1, "dist": "NORM"}` or `{"discrete": [1, 2], "weights": [3, 1]}`. */
function sample(outer: Reader, name: string): Distribution {
  const s = outer.object(name)
  if (!s) {
    if (!outer.has(name)) outer.problem(name, 'it is missing')
    return 0
  }
  s.only(['val', 'std', 'dist', 'discrete', 'weights'])
  if (s.has('val')) {
    if (s.has('discrete') || s.has('weights')) s.problem('discrete', 'it stands beside val', 'a sample is a value, a distribution or a choice')
    const mean = s.number('val', undefined)
    if (!s.has('std')) return mean
    const kind = s.text('dist', 'LOGNORM')
    if (kind !== 'LOGNORM' && kind !== 'NORM') s.problem('dist', `there is no "${kind}"`, 'use LOGNORM or NORM')
    const deviation = spread(mean, s.number('std', 0))
    if (mean === 0) return 0
    return { kind: kind === 'NORM' ? 'normal' : 'lognormal', mean, deviation }
  }
  const list = (field: string): number[] => {
    const value = s.fields[field]
    return Array.isArray(value) ? value.map(Number) : []
  }
  const values = list('discrete')
  const weights = s.has('weights') ? list('weights') : values.map(() => 1)
  if (values.length === 0 || values.length !== weights.length || [...values, ...weights].some((n) => !(n >= 0))) {
    s.problem('discrete', 'it needs a list of numbers, and weights as many as these', 'or give val')
    return 0
  }
  return { kind: 'discrete', values, weights }
}

// ── the jobs ──

function weighted<T extends { readonly weight: number }>(of: readonly T[], random: Random): T {
  const total = of.reduce((sum, x) => sum + x.weight, 0)
  let left = random.next() * total
  for (const x of of) {
    left -= x.weight
    if (left < 0) return x
  }
  return of.at(-1)!
}

/** Uniform within its bucket, which ends where the next one begins. */
function submissionTime(times: WorkloadClass['times'], random: Random): number {
  const chosen = weighted(times, random)
  const next = times[times.indexOf(chosen) + 1] ?? chosen
  const range = next.time - chosen.time
  return chosen.time + (range > 0 ? random.int(range) : 0)
}

function applicationOf(job: JobClass, index: number, at: number, queue: string, settings: SlsSettings, random: Random, trace: Reader): ApplicationSpec {
  const duration = Math.max(0, Math.round(random.draw(job.duration)))
  const promised = random.next() <= random.draw(job.reservation)
  const factor = random.draw(job.deadlineFactor)
  const stages: Stage[] = []
  for (const task of job.tasks) {
    const count = Math.max(0, Math.round(random.draw(task.count)))
    if (count === 0) continue
    const memory = Math.max(LEAST_MEMORY, Math.round(random.draw(task.memory)))
    const vcores = Math.max(LEAST_VCORES, Math.round(random.draw(task.vcores)))
    const durations = Array.from({ length: count }, () => Math.max(1, Math.round(random.draw(task.time)) * SECOND))
    const before = task.type === 'reduce' ? stages.filter((s) => s.name.startsWith('map')).map((s) => ({ stage: s.name })) : []
    const name = stages.some((s) => s.name === task.type) ? `${task.type}.${stages.length}` : task.type
    stages.push({ name, count, resource: { memory, vcores }, priority: task.priority, durations, ...(before.length > 0 && { after: before }) })
  }
  return {
    id: `${job.name}_${String(index).padStart(6, '0')}`,
    at: at * SECOND,
    user: job.user,
    queue,
    type: 'MAPREDUCE',
    maxAttempts: 1,
    priority: 0,
    am: { resource: settings.master },
    model: 'sls',
    stages,
    ...(promised && { deadline: Math.ceil(factor * duration * SECOND) }),
    place: trace.place,
  }
}
