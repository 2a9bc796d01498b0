/**
 * SYNTH traces: workloads of job classes with distributions instead of jobs. What is drawn is what Hadoop's SynthTraceJobProducer and SynthJob
 * draw with the same rand_seed, in the same order. Times are seconds, as their documentation has them. Both ways to write a class are read: avg
 * and stddev of maps and reduces, and a list of tasks.
 */
import type { ApplicationSpec, NodeSpec, Stage } from '../workload.js'
import type { Reader } from './fields.js'
import { JavaRandom, priorityQueueOrder, Well19937c } from './java.js'
import { isMaster, SLS_MASTERS, type SlsMaster } from './sls.js'
import type { SlsSettings } from './sls-settings.js'

const LEAST_MEMORY = 1024
const LEAST_VCORES = 1
const SECOND = 1000

/** Draws from what `start` has given it. */
interface Sample {
  /** With the generator of the whole trace; distributions take the seed of their own from it. */
  start(random: JavaRandom): void
  draw(): number
}

interface TaskClass {
  readonly type: string
  readonly priority: number
  readonly count: Sample
  readonly time: Sample
  readonly memory: Sample
  readonly vcores: Sample
}

interface JobClass {
  readonly name: string
  readonly master: SlsMaster
  readonly user: string
  readonly weight: number
  readonly tasks: readonly TaskClass[]
  readonly duration: Sample
  readonly reservation: Sample
  readonly deadlineFactor: Sample
}

interface WorkloadClass {
  readonly queue: string
  readonly weight: number
  readonly classes: readonly JobClass[]
  readonly times: readonly { readonly time: number; readonly weight: number }[]
}

/** @param seed of the run: 1 takes the trace's rand_seed, 2 the number after it, and so on */
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
  const random = new JavaRandom(seedOf(trace) + BigInt(seed - 1))
  if (!usable) return { applications: [], nodes }
  for (const { classes } of workloads) for (const c of classes) startClass(c, random)
  const drawn = Array.from({ length: jobs }, () => {
    const workload = weighted(workloads, random)
    const at = submissionTime(workload.times, random)
    return { at, queue: workload.queue, job: weighted(workload.classes, random) }
  })
  const inOrder = priorityQueueOrder(drawn, (a, b) => a.at - b.at)
  return { applications: inOrder.map(({ at, queue, job }, i) => applicationOf(job, i, at, queue, settings, random, trace)), nodes }
}

/** Of 64 bits: what a JSON number can't hold may stand in quotation marks, which Hadoop takes as well. */
function seedOf(trace: Reader): bigint {
  const value = trace.fields.rand_seed ?? 0
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value)
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  const large = typeof value === 'number' && Number.isInteger(value)
  trace.problem(
    'rand_seed',
    large ? `${value} has more digits than a number keeps` : `${JSON.stringify(value)} is no whole number`,
    large ? 'write it in quotation marks' : undefined,
  )
  return 0n
}

/** Samples begin in the order of JobDefinition.init. */
function startClass({ deadlineFactor, duration, reservation, tasks }: JobClass, random: JavaRandom): void {
  for (const sample of [deadlineFactor, duration, reservation]) sample.start(random)
  for (const { count, time, memory, vcores } of tasks) for (const sample of [count, time, memory, vcores]) sample.start(random)
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
  const master = c.text('type', 'mapreduce')
  if (!isMaster(master)) c.problem('type', `there is no model "${master}"`, `use one of ${SLS_MASTERS.join(', ')}`)
  return {
    name: c.text('class_name'),
    master: isMaster(master) ? master : 'mapreduce',
    user: c.text('user_name', 'default'),
    weight: c.number('class_weight', 1),
    tasks,
    duration: c.has('duration') ? sample(c, 'duration') : average(c, 'dur'),
    reservation: c.has('reservation') ? sample(c, 'reservation') : constant(c.number('chance_of_reservation', 0)),
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
    memory: average(c, `${type}_max_memory`, Math.trunc),
    vcores: average(c, `${type}_max_vcores`, Math.trunc),
  }
}

// ── samples ──

const constant = (value: number): Sample => ({ start: () => {}, draw: () => value })

/** @param deviation 0: the generator takes a sixth of the mean */
function distributed(kind: 'NORM' | 'LOGNORM', mean: number, deviation: number): Sample {
  if (mean <= 0) return constant(0)
  const spread = deviation === 0 ? mean / 6 : deviation
  let random: Well19937c | undefined
  const start = (of: JavaRandom) => {
    random = new Well19937c(of.nextLong())
  }
  if (kind === 'NORM') return { start, draw: () => spread * random!.nextGaussian() + mean }
  const variance = Math.log1p((spread * spread) / (mean * mean))
  const [scale, shape] = [Math.log(mean) - 0.5 * variance, Math.sqrt(variance)]
  return { start, draw: () => Math.exp(scale + shape * random!.nextGaussian()) }
}

function chosen(values: readonly number[], weights: readonly number[]): Sample {
  const choices = values.map((value, i) => ({ value, weight: weights[i]! }))
  let random: JavaRandom | undefined
  return {
    start: (of) => {
      random = of
    },
    draw: () => weighted(choices, random!).value,
  }
}

function average(c: Reader, name: string, whole: (n: number) => number = (n) => n): Sample {
  return distributed('LOGNORM', whole(c.number(`${name}_avg`, 0)), c.number(`${name}_stddev`, 0))
}

/** `{"val": 5}`, `{"val": 5, "std": 1, "dist": "NORM"}` or `{"discrete": [1, 2], "weights": [3, 1]}`. */
function sample(outer: Reader, name: string): Sample {
  const s = outer.object(name)
  if (!s) {
    if (!outer.has(name)) outer.problem(name, 'it is missing')
    return constant(0)
  }
  s.only(['val', 'std', 'dist', 'discrete', 'weights'])
  if (s.has('val')) {
    if (s.has('discrete') || s.has('weights')) s.problem('discrete', 'it stands beside val', 'a sample is a value, a distribution or a choice')
    const mean = s.number('val', undefined)
    if (!s.has('std')) return constant(mean)
    const kind = s.text('dist', 'LOGNORM')
    if (kind !== 'LOGNORM' && kind !== 'NORM') s.problem('dist', `there is no "${kind}"`, 'use LOGNORM or NORM')
    return distributed(kind === 'NORM' ? 'NORM' : 'LOGNORM', mean, s.number('std', 0))
  }
  const list = (field: string): number[] => {
    const value = s.fields[field]
    return Array.isArray(value) ? value.map(Number) : []
  }
  const values = list('discrete')
  const weights = s.has('weights') ? list('weights') : values.map(() => 1)
  if (values.length === 0 || values.length !== weights.length || [...values, ...weights].some((n) => !(n >= 0))) {
    s.problem('discrete', 'it needs a list of numbers, and weights as many as these', 'or give val')
    return constant(0)
  }
  return chosen(values, weights)
}

/** SynthUtils.getWeighted. */
function weighted<T extends { readonly weight: number }>(of: readonly T[], random: JavaRandom): T {
  const wanted = random.nextDouble() * of.reduce((sum, x) => sum + x.weight, 0)
  let sum = 0
  for (const x of of) {
    sum += x.weight
    if (sum > wanted) return x
  }
  return of.at(-1)!
}

// ── the jobs ──

/** Uniform within its bucket, which ends where the next one begins. */
function submissionTime(times: WorkloadClass['times'], random: JavaRandom): number {
  const bucket = weighted(times, random)
  const next = times[times.indexOf(bucket) + 1] ?? bucket
  const range = Math.trunc(next.time) - Math.trunc(bucket.time)
  return Math.trunc(bucket.time) + (range > 0 ? random.nextInt(range) : 0)
}

function applicationOf(job: JobClass, index: number, at: number, queue: string, settings: SlsSettings, random: JavaRandom, trace: Reader): ApplicationSpec {
  const duration = Math.round(job.duration.draw()) * SECOND
  const promised = random.nextDouble() <= job.reservation.draw()
  const factor = job.deadlineFactor.draw()
  random.setSeed(random.nextLong())
  const stages: Stage[] = []
  for (const task of job.tasks) {
    const count = Math.max(0, Math.round(task.count.draw()))
    const memory = Math.max(LEAST_MEMORY, Math.round(task.memory.draw()))
    const vcores = Math.max(LEAST_VCORES, Math.round(task.vcores.draw()))
    const durations = Array.from({ length: count }, () => Math.max(1, Math.round(task.time.draw())) * SECOND)
    if (count === 0) continue
    const before = job.master === 'mapreduce' && task.type === 'reduce' ? stages.filter((s) => s.name.startsWith('map')).map((s) => ({ stage: s.name })) : []
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
    ...(job.master === 'stream' && { lasts: duration }),
    ...(promised && { deadline: Math.max(0, Math.ceil(factor * duration)) }),
    place: trace.place,
  }
}
