/** Hadoop's SLS traces: one JSON object for each job, or for the whole cluster (SLSRunner, AMDefinitionSLS, TaskContainerDefinition). */
import type { Resource } from '../../../common/records/index.js'
import type { ApplicationSpec, NodeSpec, Stage } from '../workload.js'
import { Reader } from './fields.js'
import type { JsonValue } from './json-stream.js'
import type { Problems } from './problems.js'
import type { SlsSettings } from './sls-settings.js'

const TYPES: Readonly<Record<string, { readonly priority: number; readonly after?: string }>> = {
  map: { priority: 20 },
  reduce: { priority: 10, after: 'map' },
}
/** Reduces wait for maps; tasks of a DAG for their delays alone; streams are started again until the job's time is over. */
export const SLS_MASTERS = ['mapreduce', 'dag', 'stream'] as const
export type SlsMaster = (typeof SLS_MASTERS)[number]
export const isMaster = (name: string): name is SlsMaster => (SLS_MASTERS as readonly string[]).includes(name)
const NOT_AMOUNTS = new Set([
  'host',
  'start.ms',
  'end.ms',
  'duration.ms',
  'priority',
  'type',
  'execution.type',
  'allocation.id',
  'request.delay',
  'request.delay.ms',
  'memory',
  'memory-mb',
  'vcores',
])

export function readSls(
  values: Iterable<JsonValue>,
  file: string,
  settings: SlsSettings,
  problems: Problems,
): { readonly applications: ApplicationSpec[]; readonly nodes: NodeSpec[] } {
  const applications: ApplicationSpec[] = []
  const nodes: NodeSpec[] = []
  const places = new Set<string>()
  for (const { value, line } of values) {
    const job = new Reader(value as Record<string, unknown>, { file, line }, problems)
    if (job.has('num.nodes')) {
      nodes.push(...numberedNodes(job.integer('num.nodes', 1, 1), job.integer('num.racks', 1, 1), settings.node))
      continue
    }
    applications.push(...jobOf(job, settings, applications.length, places))
  }
  // Without any other word the cluster is the hosts that the tasks name.
  if (nodes.length === 0) for (const place of places) nodes.push({ ...hostOf(place), resource: settings.node })
  return { applications, nodes }
}

/** node1, node2 … dealt out to racks in turn, as SLS does. */
export function numberedNodes(count: number, racks: number, resource: Resource): NodeSpec[] {
  return Array.from({ length: count }, (_, i) => ({ host: `node${i}`, rack: `/rack-${i % racks}`, resource }))
}

/** `/rack/host`; a name alone is in the default rack. */
export function hostOf(place: string): { readonly host: string; readonly rack: string } {
  const at = place.lastIndexOf('/')
  return at <= 0 ? { host: place.slice(at + 1), rack: '/default-rack' } : { host: place.slice(at + 1), rack: place.slice(0, at) }
}

function jobOf(job: Reader, settings: SlsSettings, number: number, places: Set<string>): ApplicationSpec[] {
  // Its documentation says am.type, its code looks for the other.
  const named = job.has('yarn.sls.am.type') ? 'yarn.sls.am.type' : 'am.type'
  const master = job.text(named, 'mapreduce')
  if (!isMaster(master)) job.problem(named, `there is no model "${master}"`, `use one of ${SLS_MASTERS.join(', ')}`)
  const at = job.number('job.start.ms', 0)
  const end = job.number('job.end.ms', 0)
  if (end !== 0 && end < at) job.problem('job.end.ms', `${end} is before job.start.ms, ${at}`)
  if (master === 'stream' && end === 0) job.problem('job.end.ms', 'it is missing', 'a job of streams runs until then')
  const count = job.integer('job.count', 1)
  const tasks = job.list('job.tasks')
  if (tasks.length === 0) job.problem('job.tasks', 'there is no task')
  const stages = stagesOf(tasks, master === 'mapreduce', settings, places)
  const label = job.has('job.label.expression') ? job.text('job.label.expression') : undefined
  const spec: Omit<ApplicationSpec, 'id'> = {
    at,
    user: job.text('job.user', 'default'),
    queue: job.text('job.queue.name'),
    type: 'MAPREDUCE',
    maxAttempts: 1,
    priority: 0,
    ...(label !== undefined && { nodeLabelExpression: label }),
    am: { resource: { memory: job.number('am.memory-mb', settings.master.memory), vcores: job.number('am.vcores', settings.master.vcores) } },
    model: 'sls',
    stages,
    ...(master === 'stream' && { lasts: end - at }),
    place: job.place,
  }
  const id = job.text('job.id', String(number))
  return Array.from({ length: Math.max(count, 1) }, (_, i) => ({ ...spec, id: count > 1 ? String(number + i) : id }))
}

interface Group {
  readonly type: string
  readonly resource: Resource
  readonly delay: number
  readonly durations: number[]
  readonly hosts: string[][]
}

/** Tasks of one type, size and delay are a stage; `ordered`: reduces after maps. */
function stagesOf(tasks: readonly Reader[], ordered: boolean, settings: SlsSettings, places: Set<string>): Stage[] {
  const groups = new Map<string, Group>()
  for (const task of tasks) {
    const type = task.text('container.type', 'map')
    const resource = amountOf(task, settings.container)
    const delay = task.number('container.request.delay', task.number('container.request.delay.ms', 0))
    const duration = durationOf(task)
    const key = `${type}|${JSON.stringify(resource)}|${delay}`
    let group = groups.get(key)
    if (!group) groups.set(key, (group = { type, resource, delay, durations: [], hosts: [] }))
    const place = task.has('container.host') ? task.text('container.host') : undefined
    if (place !== undefined) places.add(place)
    for (let i = Math.max(1, task.integer('count', 1)); i > 0; i--) {
      group.durations.push(duration)
      group.hosts.push(place === undefined ? [] : [hostOf(place).host])
    }
  }
  const all = [...groups.values()]
  const names = all.map((g, i) => (all.findIndex((o) => o.type === g.type) === i ? g.type : `${g.type}.${i}`))
  return all.map((g, i): Stage => {
    const type = TYPES[g.type] ?? { priority: 20 }
    const before = names.filter((_, k) => ordered && all[k]!.type === type.after)
    return {
      name: names[i]!,
      count: g.durations.length,
      resource: g.resource,
      priority: type.priority,
      durations: g.durations,
      ...(g.delay > 0 && { delay: g.delay }),
      ...(g.hosts.some((h) => h.length > 0) && { hosts: g.hosts }),
      ...(before.length > 0 && { after: before.map((stage) => ({ stage })) }),
    }
  })
}

function amountOf(task: Reader, otherwise: Resource): Resource {
  const memory = task.number('container.memory-mb', task.number('container.memory', otherwise.memory))
  const vcores = task.number('container.vcores', otherwise.vcores)
  const more = Object.keys(task.fields).filter((k) => k.startsWith('container.') && !NOT_AMOUNTS.has(k.slice('container.'.length)))
  if (more.length === 0) return { memory, vcores }
  return { memory, vcores, extended: Object.fromEntries(more.map((k) => [k.slice('container.'.length), task.number(k, 0)])) }
}

function durationOf(task: Reader): number {
  const named = ['container.duration.ms', 'duration.ms'].find((n) => task.has(n))
  const [name, duration] = named ? [named, task.number(named, 1, Number.NEGATIVE_INFINITY)] : ['container.end.ms', between(task)]
  if (duration > 0) return duration
  task.problem(name, `its duration is ${duration} ms`, 'a task takes more than no time')
  return 1
}

function between(task: Reader): number {
  if (!task.has('container.start.ms') || !task.has('container.end.ms')) {
    task.problem('duration.ms', 'it is missing', 'say how long the task takes, or when it began and ended (container.start.ms, container.end.ms)')
    return 1
  }
  return task.number('container.end.ms', 0) - task.number('container.start.ms', 0)
}
