/**
 * A workload out of a recorded life. What users and machines did is taken as it was: submissions, asks, how long containers ran, nodes that
 * came and went. What the ResourceManager decided is left out, and each place where the one had to be told from the other is named.
 */
import type { Resource } from '../../../common/records/index.js'
import { EXIT, formatContainerId } from '../../../common/records/index.js'
import { ANY, type CompletedContainer, type ResourceRequest } from '../../core/index.js'
import { quantile } from '../report/statistics.js'
import { BUILT_IN, type MasterModel, type Models } from '../models/models.js'
import type { ApplicationSpec, NodeSpec, Outage, Stage, Workload } from '../workload.js'
import type { RecordedApplication, RecordedAttempt, RecordedContainer, RecordedLife } from './record.js'

export interface Extracted {
  readonly workload: Workload
  /** One master's model for each application: how long its own steps took. */
  readonly models: Models
  /** Milliseconds that were recorded. */
  readonly length: number
  readonly notes: readonly string[]
}

/** Containers asked for at one time, of one kind. */
interface Wave {
  readonly name: string
  readonly key: string
  readonly at: number
  readonly ask: ResourceRequest
  readonly hosts: readonly string[]
  count: number
  /** Completions that the master knew of when it asked, by wave; and when it learned of the last. */
  readonly after: readonly { readonly wave: Wave; readonly done: number }[]
  readonly from: number
  readonly given: RecordedContainer[]
  done: number
}

const median = (values: readonly number[]) =>
  values.length === 0
    ? undefined
    : quantile(
        [...values].sort((a, b) => a - b),
        0.5,
      )

/** Ends that were not the container's own: what the old ResourceManager or a lost node did. */
const cut = (c: RecordedContainer) => c.exitStatus === EXIT.PREEMPTED || c.exitStatus === EXIT.ABORTED || c.exitStatus === EXIT.KILLED_BY_RESOURCEMANAGER

/** Heartbeats that tell of ends after less than this part of the interval are made for them. */
const OUT_OF_TURN = 0.75

class Notes {
  readonly #counts = new Map<string, number>()
  add(text: string, count = 1): void {
    this.#counts.set(text, (this.#counts.get(text) ?? 0) + count)
  }
  list(): string[] {
    return [...this.#counts].map(([text, count]) => text.replace('#', String(count)))
  }
}

function keyOf(r: ResourceRequest): string {
  return `${r.priority} ${r.capability.memory} ${r.capability.vcores} ${r.allocationRequestId ?? -1} ${r.nodeLabelExpression ?? ''}`
}

/** Waves whose ends an ask may have waited for: the last ones; those before them ended before. */
const REMEMBERED = 8

/** Follows one master's asks as the ResourceManager counts them, and cuts them into waves. */
function wavesOf(attempt: RecordedAttempt, hostOf: (name: string) => string | undefined, notes: Notes): Wave[] {
  const waves: Wave[] = []
  const outstanding = new Map<string, number>()
  const waveOf = new Map<string, Wave>()
  let lastCompletion = attempt.registeredAt!
  /** Ends that a master asks again for: containers that failed or were taken. */
  const toReplace = new Map<number, number>()
  for (const { at, asks, given, completed } of attempt.allocates) {
    const hosts = asks.filter((r) => r.resourceName !== ANY && r.numContainers > 0).flatMap((r) => hostOf(r.resourceName) ?? [])
    for (const ask of asks) {
      if (ask.resourceName !== ANY) continue
      const key = keyOf(ask)
      const before = outstanding.get(key) ?? 0
      outstanding.set(key, ask.numContainers)
      let more = ask.numContainers - before
      if (more < 0) {
        takeBack(waves, key, -more)
        continue
      }
      const again = Math.min(more, toReplace.get(ask.priority) ?? 0)
      if (again > 0) {
        toReplace.set(ask.priority, toReplace.get(ask.priority)! - again)
        notes.add(
          '# containers that were asked for again after a failure, preemption or loss are asked for by the simulated master when that happens there',
          again,
        )
        more -= again
      }
      if (more === 0) continue
      const after = waves
        .filter((w) => w.done > 0)
        .slice(-REMEMBERED)
        .map((wave) => ({ wave, done: wave.done }))
      waves.push({
        name: `stage-${waves.length + 1}`,
        key,
        at,
        ask,
        hosts,
        count: more,
        after,
        from: after.length > 0 ? lastCompletion : attempt.registeredAt!,
        given: [],
        done: 0,
      })
    }
    for (const c of given) {
      const wave = waves.find((w) => w.ask.priority === c.priority && w.given.length < w.count) ?? waves.find((w) => w.ask.priority === c.priority)
      if (!wave) continue
      wave.given.push(c)
      waveOf.set(c.id, wave)
      outstanding.set(wave.key, Math.max(0, (outstanding.get(wave.key) ?? 0) - 1))
    }
    for (const c of completed) lastCompletion = completion(c, at, waveOf, toReplace) ?? lastCompletion
  }
  return waves.filter((w) => w.count > 0)
}

/** @returns when its master learned of it; undefined for what was never given to it */
function completion(c: CompletedContainer, at: number, waveOf: ReadonlyMap<string, Wave>, toReplace: Map<number, number>): number | undefined {
  const name = formatContainerId(c.containerId)
  const wave = waveOf.get(name)
  if (!wave) return undefined
  const released = wave.given.some((g) => g.id === name && g.released)
  if (c.exitStatus === EXIT.SUCCESS || released) wave.done++
  else toReplace.set(wave.ask.priority, (toReplace.get(wave.ask.priority) ?? 0) + 1)
  return at
}

/** So that rounding never makes it one container more. */
const fractionOf = (done: number, w: Wave) => (done >= w.count ? 1 : done / w.count - 1e-9)

/** The master wants fewer: the latest asks count less. */
function takeBack(waves: readonly Wave[], key: string, count: number): void {
  let left = count
  for (const w of waves.toReversed()) {
    if (w.key !== key || left === 0) continue
    const taken = Math.min(left, w.count - w.given.length)
    w.count -= taken
    left -= taken
  }
}

/** How long each container of a wave ran; those that were cut short, or never ran, as the others. */
function durationsOf(wave: Wave, launch: number, lag: number, notes: Notes): number[] | undefined {
  const own: number[] = []
  let unknown = wave.count
  for (const c of wave.given) {
    if (c.completeAt === undefined || cut(c)) continue
    // From its master's having it to the report of its end: without what starting takes, and what the report lags behind.
    own.push(Math.max(1, Math.round(c.completeAt - c.givenAt - launch - lag)))
    unknown--
  }
  if (own.length === 0) {
    if (wave.given.some(cut)) {
      notes.add('# containers whose end is not known run as long as they were seen to', wave.given.length)
      return wave.given.map((c) => Math.max(1, (c.completeAt ?? c.givenAt) - (c.runningAt ?? c.givenAt)))
    }
    return undefined
  }
  if (unknown > 0) notes.add('# containers that were cut short or never given run as long as the median of their stage', unknown)
  const typical = median(own)!
  return [...own, ...Array.from({ length: Math.max(0, unknown) }, () => typical)].slice(0, wave.count)
}

/** @param heartbeat of its master: an ask goes out with the next one, so what lies between is rounded to whole ones */
function stageOf(wave: Wave, durations: readonly number[] | undefined, labels: boolean, heartbeat: number): Stage {
  const { ask } = wave
  const label = labels ? ask.nodeLabelExpression : undefined
  return {
    name: wave.name,
    count: wave.count,
    resource: ask.capability,
    priority: ask.priority,
    ...(durations && { durations }),
    ...(wave.after.length > 0 && { after: wave.after.map(({ wave: w, done }) => ({ stage: w.name, fraction: fractionOf(done, w) })) }),
    delay: Math.max(0, Math.round(wave.at - wave.from - heartbeat / 2)),
    ...(wave.hosts.length > 0 && { hosts: [wave.hosts] }),
    ...(ask.relaxLocality === false && { relaxLocality: false }),
    ...(label && { nodeLabelExpression: label }),
  }
}

interface Context {
  readonly life: RecordedLife
  readonly heartbeat: number
  /** What a report of an end lags behind it, on average. */
  readonly lag: number
  readonly hostOf: (name: string) => string | undefined
  readonly notes: Notes
}

function amResource(app: RecordedApplication): Resource {
  return (app.submission.amRequests.find((r) => r.resourceName === ANY) ?? app.submission.amRequests[0])!.capability
}

function applicationOf(app: RecordedApplication, context: Context): { readonly spec: ApplicationSpec; readonly model: MasterModel } {
  const { life, lag, notes } = context
  const { submission } = app
  const registered = app.attempts.filter((a) => a.registeredAt !== undefined)
  const last = registered.at(-1)
  if (app.attempts.length > 1)
    notes.add('# applications had more than one attempt: they do what the one that asked for most did; failures of masters are not repeated')
  // A master that took over asks for the rest alone.
  const tried = registered.map((attempt) => ({ attempt, waves: wavesOf(attempt, context.hostOf, notes) }))
  const size = (waves: readonly Wave[]) => waves.reduce((n, w) => n + w.count, 0)
  const most = tried.reduce<(typeof tried)[number] | undefined>((m, t) => (m && size(m.waves) >= size(t.waves) ? m : t), undefined)
  const waves = most?.waves ?? []
  const labels = life.config.nodeLabelsEnabled
  const model = modelOf(most?.attempt, waves, context)
  const known = waves.map((w) => ({ wave: w, durations: durationsOf(w, model.launch, lag, notes) }))
  const open = app.endedAt === undefined || last?.finishedAt === undefined
  const stages = known.map(({ wave, durations }) => stageOf(wave, durations, labels, model.heartbeat))
  const finite = known.filter((k) => k.durations !== undefined)
  if (last?.finishedAt !== undefined)
    stages.push(
      closing(
        last,
        finite.map((k) => k.wave),
      ),
    )
  const killed = app.killedAt
  if (open && killed === undefined && app.endedAt === undefined) notes.add('# applications were there still when the recording ended')
  const lost = app.endedAt !== undefined && last?.finishedAt === undefined && killed === undefined
  if (lost) notes.add('# applications that failed live as long as they did')
  const over = killed ?? (lost ? app.endedAt : undefined)
  const set = <K extends string, V>(name: K, value: V | undefined) => (value === undefined ? {} : ({ [name]: value } as Record<K, V>))
  const spec: ApplicationSpec = {
    id: `application_${app.key.replace(/_(\d+)$/, (_, n) => `_${String(n).padStart(4, '0')}`)}`,
    at: app.submittedAt,
    user: submission.user,
    queue: submission.queue ?? 'default',
    ...set('groups', submission.groups),
    ...set('name', submission.name),
    ...set('type', submission.applicationType),
    ...set('priority', submission.priority),
    ...set('nodeLabelExpression', submission.nodeLabelExpression),
    ...set('tags', submission.tags),
    ...set('maxAttempts', submission.maxAppAttempts),
    ...set('keepContainers', submission.keepContainers),
    am: { resource: amResource(app), ...set('nodeLabelExpression', submission.amRequests[0]?.nodeLabelExpression) },
    model: app.key,
    stages,
    ...(over !== undefined && { killedAfter: Math.max(1, over - app.submittedAt) }),
  }
  return { spec, model }
}

/** From its last container's end until it unregisters: its master's own work. */
function closing(attempt: RecordedAttempt, waves: readonly Wave[]): Stage {
  const ends = waves.filter((w) => w.done > 0)
  const lastEnd = attempt.allocates.findLast((a) => a.completed.length > 0)?.at ?? attempt.registeredAt!
  return {
    name: 'closing',
    count: 0,
    resource: { memory: 0, vcores: 0 },
    priority: 0,
    delay: Math.max(0, attempt.finishedAt! - (ends.length > 0 ? lastEnd : attempt.registeredAt!)),
    ...(ends.length > 0 && { after: ends.map((w) => ({ stage: w.name, fraction: fractionOf(w.done, w) })) }),
  }
}

function modelOf(attempt: RecordedAttempt | undefined, waves: readonly Wave[], { heartbeat, lag }: Context): MasterModel & { readonly launch: number } {
  const usual = { ...BUILT_IN.masters.stages!, launch: 0 }
  if (!attempt || attempt.registeredAt === undefined) return usual
  const pauses = attempt.beats.slice(1).map((b, i) => b - attempt.beats[i]!)
  const launches = waves.flatMap((w) => w.given.flatMap((c) => (c.runningAt === undefined ? [] : [Math.max(0, c.runningAt - c.givenAt - heartbeat / 2)])))
  const exit = attempt.exitedAt !== undefined && attempt.finishedAt !== undefined ? Math.max(0, attempt.exitedAt - attempt.finishedAt - lag) : 0
  return {
    ...usual,
    heartbeat: Math.max(10, Math.round(median(pauses) ?? usual.heartbeat)),
    // Its container is taken while its launch is on the way.
    start: Math.max(0, attempt.registeredAt - (attempt.amAllocatedAt ?? attempt.launchedAt ?? attempt.registeredAt)),
    launch: Math.round(median(launches) ?? 0),
    exit: Math.round(exit),
  }
}

function nodesOf(life: RecordedLife, names: ReadonlyMap<string, string>, heartbeat: number): NodeSpec[] {
  // Nodes that leave when all masters have said that they are done leave because the cluster is stopped.
  const all = life.applications.every((a) => a.endedAt !== undefined)
  const done = all ? life.applications.reduce((latest, a) => Math.max(latest, a.attempts.at(-1)?.finishedAt ?? a.endedAt!), 0) : life.end
  return life.nodes.map((n) => {
    const kept = n.outages.filter((o) => o.to !== undefined || o.from < done)
    const outages: Outage[] = kept.map((o) =>
      o.kind === 'failure'
        ? { kind: 'failure', from: o.from, ...(o.to !== undefined && { to: o.to }) }
        : o.to === undefined
          ? { kind: 'decommission', from: o.from }
          : { kind: 'maintenance', from: o.from, to: o.to },
    )
    return {
      host: names.get(n.key)!,
      ...(n.rack !== undefined && n.rack !== '/default-rack' && { rack: n.rack }),
      resource: n.resource,
      ...(n.labels.length > 0 && { labels: n.labels }),
      ...(n.upAt > 0 && { upAt: n.upAt }),
      ...(n.firstHeartbeat !== undefined && { phase: n.firstHeartbeat % heartbeat }),
      ...(outages.length > 0 && { outages }),
    }
  })
}

/** @param name what reports call the workload */
export function extract(life: RecordedLife, name: string): Extracted {
  const notes = new Notes()
  const heartbeat = Number(life.config.properties['yarn.resourcemanager.nodemanagers.heartbeat-interval-ms'] ?? 1000)
  // NodeManagers that share a host stay nodes of their own.
  const hosts = new Set(life.nodes.map((n) => n.id.host))
  const names = new Map(life.nodes.map((n) => [n.key, hosts.size === life.nodes.length ? n.id.host : n.key.replace(':', '-')]))
  const byName = new Map(life.nodes.flatMap((n) => [n.id.host, n.key].map((k) => [k, names.get(n.key)!] as const)))
  const outOfBand = (median(life.nodes.flatMap((n) => n.tellingGaps)) ?? heartbeat) < OUT_OF_TURN * heartbeat
  if (outOfBand) notes.add('nodes report the end of a container at once, beside their regular heartbeats')
  const context: Context = { life, heartbeat, lag: outOfBand ? 0 : heartbeat / 2, hostOf: (n) => byName.get(n), notes }
  const made = life.applications.map((app) => applicationOf(app, context))
  for (const [what, count] of life.beside) notes.add(`# ${what} are not simulated`, count)
  notes.add('when and for what masters ask is taken from the record: after their registration, or after as many of their containers as had ended then')
  notes.add('containers run as long as their node reported them to, to a heartbeat’s exactness; from allocation to start they take their application’s median')
  return {
    workload: { name, nodes: nodesOf(life, names, heartbeat), applications: made.map((m) => m.spec) },
    models: { node: { outOfBand }, masters: { ...BUILT_IN.masters, ...Object.fromEntries(made.map((m) => [m.spec.model, m.model])) } },
    length: life.end,
    notes: notes.list(),
  }
}
