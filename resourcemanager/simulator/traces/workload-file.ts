/** Our own workloads, in YAML or JSON: the fields of workload.ts, with the shorter ways to write them that docs/simulator.md describes. */
import { randomOf } from '../engine/random.js'
import type { ApplicationSpec, FlinkPlan, NodeSpec, Outage, Stage } from '../workload.js'
import type { Reader } from './fields.js'
import { distribution, resource, time } from './values.js'

const MODEL_OF: Readonly<Record<string, string>> = { flink: 'flink', mapreduce: 'mapreduce' }
const APPLICATION = [
  'id',
  'at',
  'count',
  'every',
  'user',
  'groups',
  'queue',
  'name',
  'type',
  'priority',
  'label',
  'nodeLabelExpression',
  'tags',
  'maxAttempts',
  'keepContainers',
  'am',
  'model',
  'stages',
  'flink',
  'mapreduce',
  'deadline',
  'killedAfter',
  'place',
] as const
const STAGE = [
  'name',
  'count',
  'resource',
  'memory',
  'vcores',
  'extended',
  'priority',
  'duration',
  'durations',
  'after',
  'delay',
  'hosts',
  'relaxLocality',
  'label',
  'nodeLabelExpression',
  'failureProbability',
] as const
const NODE = ['host', 'name', 'count', 'rack', 'perRack', 'resource', 'memory', 'vcores', 'extended', 'labels', 'upAt', 'outages'] as const

export interface WorkloadFile {
  readonly name: string | undefined
  readonly nodes: NodeSpec[]
  readonly applications: ApplicationSpec[]
}

export function readWorkloadFile(file: Reader, seed: number): WorkloadFile {
  file.only(['name', 'description', 'nodes', 'applications'])
  const nodes = file.list('nodes').flatMap(nodesOf)
  const applications = file.list('applications').flatMap((a, i) => applicationsOf(a, i, seed))
  const seen = new Set<string>()
  for (const a of applications) {
    if (seen.has(a.id)) file.problems.add(a.place!, `the id ${a.id} is there already`)
    seen.add(a.id)
  }
  return { name: file.has('name') ? file.text('name') : undefined, nodes, applications }
}

// ── nodes ──

function nodesOf(r: Reader): NodeSpec[] {
  r.only(NODE)
  const count = r.integer('count', 1, 1)
  const perRack = r.integer('perRack', 40, 1)
  const size = resource(r)
  const labels = r.texts('labels')
  const upAt = time(r, 'upAt')
  const outages = r.list('outages').map(outageOf)
  const prefix = r.has('name') ? r.text('name') : 'node'
  return Array.from({ length: count }, (_, i) => ({
    host: r.has('host') ? (count === 1 ? r.text('host') : `${r.text('host')}${i + 1}`) : `${prefix}${i + 1}`,
    rack: r.has('rack') ? r.text('rack') : count === 1 ? '/default-rack' : `/rack${Math.floor(i / perRack) + 1}`,
    resource: size,
    ...(labels && { labels }),
    ...(upAt !== undefined && { upAt }),
    ...(outages.length > 0 && { outages }),
  }))
}

function outageOf(r: Reader): Outage {
  r.only(['kind', 'from', 'to', 'grace'])
  const kind = r.text('kind', 'failure')
  if (kind !== 'failure' && kind !== 'decommission' && kind !== 'maintenance')
    r.problem('kind', `there is no "${kind}"`, 'use failure, decommission or maintenance')
  const from = time(r, 'from')
  const to = time(r, 'to')
  const grace = time(r, 'grace')
  if (from === undefined) r.problem('from', 'it is missing')
  if (to !== undefined && from !== undefined && to <= from) r.problem('to', `${to} is not after from, ${from}`)
  return { kind: kind as Outage['kind'], from: from ?? 0, ...(to !== undefined && { to }), ...(grace !== undefined && { grace }) }
}

// ── applications ──

function applicationsOf(r: Reader, index: number, seed: number): ApplicationSpec[] {
  r.only(APPLICATION)
  const count = r.integer('count', 1, 1)
  const every = distribution(r, 'every') ?? 0
  const spec = applicationOf(r)
  const id = r.text('id', `application${index + 1}`)
  const arrivals = randomOf(seed, `arrivals ${index}`)
  let at = time(r, 'at') ?? 0
  return Array.from({ length: count }, (_, i) => {
    if (i > 0) at += Math.max(0, Math.round(arrivals.draw(every)))
    return { ...spec, id: count === 1 ? id : `${id}.${i + 1}`, at }
  })
}

function applicationOf(r: Reader): Omit<ApplicationSpec, 'id' | 'at'> {
  const am = r.object('am')
  am?.only(['resource', 'memory', 'vcores', 'extended', 'label', 'nodeLabelExpression'])
  const label = labelOf(r)
  const amLabel = am && labelOf(am)
  const flink = r.object('flink')
  const mapreduce = r.object('mapreduce')
  const implied = flink ? 'flink' : mapreduce ? 'mapreduce' : 'stages'
  const stages = mapreduce ? mapReduceStages(mapreduce) : r.has('stages') ? r.list('stages').map(stageOf) : undefined
  if (stages) checkOrder(r, stages)
  const groups = r.texts('groups')
  const tags = r.texts('tags')
  const deadline = time(r, 'deadline')
  const killedAfter = time(r, 'killedAfter')
  return {
    user: r.text('user', 'user'),
    ...(groups && { groups }),
    queue: r.text('queue', 'default'),
    ...(r.has('name') && { name: r.text('name') }),
    type: r.text('type', flink ? 'Apache Flink' : mapreduce ? 'MAPREDUCE' : 'YARN'),
    ...(r.has('priority') && { priority: r.integer('priority', 0) }),
    ...(label !== undefined && { nodeLabelExpression: label }),
    ...(tags && { tags }),
    ...(r.has('maxAttempts') && { maxAttempts: r.integer('maxAttempts', 1, 1) }),
    ...(r.has('keepContainers') && { keepContainers: r.flag('keepContainers', false) }),
    am: { resource: am ? resource(am, DEFAULT_MASTER) : DEFAULT_MASTER, ...(amLabel !== undefined && { nodeLabelExpression: amLabel }) },
    model: r.text('model', MODEL_OF[implied] ?? 'stages'),
    ...(stages && { stages }),
    ...(flink && { flink: flinkOf(flink) }),
    ...(deadline !== undefined && { deadline }),
    ...(killedAfter !== undefined && { killedAfter }),
    place: r.place,
  }
}

const DEFAULT_MASTER = { memory: 1024, vcores: 1 }

function labelOf(r: Reader): string | undefined {
  return r.has('nodeLabelExpression') ? r.text('nodeLabelExpression') : r.has('label') ? r.text('label') : undefined
}

export function stageOf(r: Reader): Stage {
  r.only(STAGE)
  const duration = distribution(r, 'duration')
  const delay = distribution(r, 'delay')
  const label = labelOf(r)
  const durations = durationsOf(r)
  const after = afterOf(r)
  const failureProbability = r.has('failureProbability') ? r.number('failureProbability', 0) : undefined
  if (failureProbability !== undefined && failureProbability >= 1) r.problem('failureProbability', `${failureProbability} is no probability below 1`)
  return {
    name: r.text('name', 'work'),
    count: r.integer('count', durations?.length ?? 1, 0),
    resource: resource(r),
    priority: r.integer('priority', 10),
    ...(duration !== undefined && { duration }),
    ...(durations && { durations }),
    ...(after.length > 0 && { after }),
    ...(delay !== undefined && { delay }),
    ...(r.has('hosts') && { hosts: hostsOf(r) }),
    ...(r.has('relaxLocality') && { relaxLocality: r.flag('relaxLocality', true) }),
    ...(label !== undefined && { nodeLabelExpression: label }),
    ...(failureProbability !== undefined && { failureProbability }),
  }
}

function durationsOf(r: Reader): number[] | undefined {
  const value = r.fields.durations
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value) && value.every((v) => typeof v === 'number' && v > 0)) return value
  r.problem('durations', 'it is no list of milliseconds above 0')
  return []
}

function afterOf(r: Reader): { stage: string; fraction?: number }[] {
  const value = r.fields.after
  if (value === undefined || value === null) return []
  return (Array.isArray(value) ? value : [value]).flatMap((v, i) => {
    if (typeof v === 'string') return [{ stage: v }]
    const fraction = typeof v === 'object' && v !== null ? (v as { fraction?: unknown }).fraction : undefined
    const stage = typeof v === 'object' && v !== null ? (v as { stage?: unknown }).stage : undefined
    if (typeof stage === 'string' && (fraction === undefined || (typeof fraction === 'number' && fraction >= 0 && fraction <= 1))) {
      return [{ stage, ...(fraction !== undefined && { fraction }) }]
    }
    r.problem(`after[${i}]`, 'it names no stage', 'write the name of a stage, or { stage: NAME, fraction: 0.05 }')
    return []
  })
}

function hostsOf(r: Reader): string[][] {
  const value = r.fields.hosts
  const isNames = (v: unknown): v is string[] => Array.isArray(v) && v.every((x) => typeof x === 'string')
  if (isNames(value)) return [value]
  if (Array.isArray(value) && value.every(isNames)) return value
  r.problem('hosts', 'it is neither a list of hosts nor one such list for each container')
  return []
}

function checkOrder(r: Reader, stages: readonly Stage[]): void {
  const before = new Set<string>()
  for (const [i, s] of stages.entries()) {
    for (const { stage } of s.after ?? []) {
      if (!before.has(stage)) r.problem(`stages[${i}].after`, `no stage before it is called ${stage}`)
    }
    if (before.has(s.name)) r.problem(`stages[${i}].name`, `the stage ${s.name} is there already`)
    before.add(s.name)
  }
}

const MAP_PRIORITY = 20
const REDUCE_PRIORITY = 10
const SLOW_START = 0.05

function mapReduceStages(r: Reader): Stage[] {
  r.only(['maps', 'reduces', 'slowstart'])
  const part = (name: string, priority: number): Stage | undefined => {
    const p = r.object(name)
    return p && { ...stageOf(p), name: name.slice(0, -1), priority }
  }
  const maps = part('maps', MAP_PRIORITY)
  const reduces = part('reduces', REDUCE_PRIORITY)
  if (!maps) r.problem('maps', 'it is missing')
  const fraction = r.number('slowstart', SLOW_START)
  return [...(maps ? [maps] : []), ...(reduces ? [{ ...reduces, after: [{ stage: 'map', fraction }] }] : [])]
}

// ── Flink ──

const MODES = ['session', 'per-job', 'application']

function flinkOf(r: Reader): FlinkPlan {
  r.only(['mode', 'slotsPerTaskManager', 'taskManager', 'idleTimeout', 'restartDelay', 'jobs'])
  const mode = r.text('mode', 'application')
  if (!MODES.includes(mode)) r.problem('mode', `there is no "${mode}"`, `use one of ${MODES.join(', ')}`)
  const idleTimeout = time(r, 'idleTimeout')
  const restartDelay = distribution(r, 'restartDelay')
  const taskManager = r.object('taskManager')
  if (!taskManager) r.problem('taskManager', 'it is missing', 'say how large one is: { memory: 4G, vcores: 2 }')
  const jobs = r.list('jobs').map((j) => {
    j.only(['at', 'slots', 'duration', 'rescale'])
    const duration = distribution(j, 'duration')
    const rescale = j.list('rescale').map((x) => ({ at: time(x, 'at') ?? 0, slots: x.integer('slots', undefined, 1) }))
    return {
      at: time(j, 'at') ?? 0,
      slots: j.integer('slots', undefined, 1),
      ...(duration !== undefined && { duration }),
      ...(rescale.length > 0 && { rescale }),
    }
  })
  if (jobs.length === 0) r.problem('jobs', 'there is no job')
  return {
    mode: mode as FlinkPlan['mode'],
    slotsPerTaskManager: r.integer('slotsPerTaskManager', 1, 1),
    taskManager: taskManager ? resource(taskManager) : DEFAULT_MASTER,
    ...(idleTimeout !== undefined && { idleTimeout }),
    ...(restartDelay !== undefined && { restartDelay }),
    jobs,
  }
}
