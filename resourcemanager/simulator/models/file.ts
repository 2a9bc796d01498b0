/** A models file: `node` changes how nodes behave, each entry of `masters` is a model of its own or changes one that is there. */
import { readYaml } from '../traces/yaml-file.js'
import type { Reader } from '../traces/fields.js'
import { Problems } from '../traces/problems.js'
import { distribution, time } from '../traces/values.js'
import { stageOf } from '../traces/workload-file.js'
import { BUILT_IN, type MasterModel, type Models, type NodeModel } from './models.js'

const MASTER = [
  'extends',
  'heartbeat',
  'idleHeartbeat',
  'heartbeatsFrom',
  'answers',
  'start',
  'launch',
  'exit',
  'image',
  'recovers',
  'failure',
  'stages',
] as const

/** An entry of `masters` for all applications of a record, each of which has a model of its own. */
const RECORDED = 'recorded'

/**
 * @param base what the file changes and adds to
 * @param recorded models of the base that a file calls `recorded`, all of them
 * @throws TraceError with the place of each thing that can't be
 */
export function readModels(file: string, base: Models = BUILT_IN, recorded: readonly string[] = []): Models {
  const problems = new Problems()
  const root = readYaml(file, problems)
  root.only(['node', 'masters'])
  const masters: Record<string, MasterModel> = { ...base.masters }
  const given = root.object('masters')
  for (const name of Object.keys(given?.fields ?? {})) {
    const r = given!.object(name)
    if (!r) continue
    if (name === RECORDED && recorded.length > 0) for (const each of recorded) masters[each] = masterOf(r, each, masters)
    else masters[name] = masterOf(r, name, masters)
  }
  const node = root.object('node')
  const models = { node: node ? { ...base.node, ...nodeOf(node) } : base.node, masters }
  problems.check()
  return models
}

function nodeOf(r: Reader): NodeModel {
  r.only(['heartbeat', 'bandwidth', 'failure', 'outOfBand', 'exclusiveLabels'])
  const heartbeat = r.object('heartbeat')
  const failure = r.object('failure')
  const labels = r.object('exclusiveLabels')
  return {
    ...(heartbeat && { heartbeat: heartbeatOf(heartbeat) }),
    ...(r.has('outOfBand') && { outOfBand: r.flag('outOfBand', false) }),
    ...(r.has('bandwidth') && { bandwidth: r.number('bandwidth', undefined, 0.001) }),
    ...(failure && { failure: { every: distribution(failure, 'every') ?? missing(failure, 'every'), repair: distribution(failure, 'repair') ?? 0 } }),
    ...(labels && { exclusiveLabels: Object.fromEntries(Object.keys(labels.fields).map((l) => [l, labels.flag(l, true)])) }),
  }
}

function heartbeatOf(r: Reader): NonNullable<NodeModel['heartbeat']> {
  r.only(['every', 'jitter'])
  const every = time(r, 'every')
  const jitter = time(r, 'jitter')
  if (every !== undefined && every < 1) r.problem('every', 'it is to be above 0')
  if (every !== undefined && jitter !== undefined && jitter > every)
    r.problem('jitter', `${jitter} is more than every, ${every}: no heartbeat overtakes another`)
  return { ...(every !== undefined && { every: Math.max(1, Math.round(every)) }), ...(jitter !== undefined && { jitter: Math.round(jitter) }) }
}

function missing(r: Reader, name: string): number {
  r.problem(name, 'it is missing')
  return 1
}

function masterOf(r: Reader, name: string, known: Readonly<Record<string, MasterModel>>): MasterModel {
  r.only(MASTER)
  const base = r.text('extends', known[name] ? name : 'stages')
  const from = known[base]
  if (!from) r.problem('extends', `there is no model ${base}`, `there are ${Object.keys(known).join(', ')}`)
  const model = from ?? known.stages!
  const one = <T extends string>(field: string, values: readonly T[], otherwise: T): T => {
    const value = r.text(field, otherwise)
    if (!values.includes(value as T)) r.problem(field, `there is no "${value}"`, `use ${values.join(' or ')}`)
    return value as T
  }
  const heartbeat = time(r, 'heartbeat') ?? model.heartbeat
  if (heartbeat < 1) r.problem('heartbeat', 'it is to be above 0')
  const idleHeartbeat = time(r, 'idleHeartbeat') ?? model.idleHeartbeat
  const image = r.object('image')
  const failure = r.object('failure')
  const stages = r.has('stages') ? r.list('stages').map(stageOf) : model.stages
  return {
    behaviour: model.behaviour,
    heartbeat: Math.max(1, heartbeat),
    ...(idleHeartbeat !== undefined && { idleHeartbeat: Math.max(1, idleHeartbeat) }),
    heartbeatsFrom: one('heartbeatsFrom', ['submission', 'registration'], model.heartbeatsFrom),
    answers: one('answers', ['at-once', 'next-heartbeat'], model.answers),
    start: distribution(r, 'start') ?? model.start,
    launch: distribution(r, 'launch') ?? model.launch,
    exit: distribution(r, 'exit') ?? model.exit,
    recovers: r.flag('recovers', model.recovers),
    ...(image ? { image: imageOf(image) } : model.image && { image: model.image }),
    ...(failure
      ? { failure: { probability: failure.number('probability', undefined), after: distribution(failure, 'after') ?? 0 } }
      : model.failure && { failure: model.failure }),
    ...(stages && { stages }),
  }
}

function imageOf(r: Reader): NonNullable<MasterModel['image']> {
  r.only(['megabytes', 'shared'])
  return { megabytes: distribution(r, 'megabytes') ?? missing(r, 'megabytes'), ...(r.has('shared') && { shared: r.text('shared') }) }
}
