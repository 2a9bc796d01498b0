/**
 * The run over time. Intervals begin short; whenever there are too many, two become one, so that a run of any length ends with 256 to 512.
 * What is used is integrated; the rest is read at the end of each interval.
 */
import type { Resource } from '../../../common/records/index.js'
import type { NodeView, QueueReport } from '../../core/index.js'
import type { RMContainer } from '../../scheduler/container.js'
import type { ClusterSeries, QueueSeries, Timeline } from '../results.js'
import type { Run } from './run.js'

const FIRST_INTERVAL = 1000
const MOST_INTERVALS = 512
const USERS = 32
const NODE_GROUPS = 100

/** A series of numbers, one for each interval so far. */
class Track {
  values: number[] = []

  constructor(before: number) {
    for (let i = 0; i < before; i++) this.values.push(0)
  }

  halve(): void {
    const merged: number[] = []
    for (let i = 0; i + 1 < this.values.length; i += 2) merged.push((this.values[i]! + this.values[i + 1]!) / 2)
    this.values = merged
  }
}

/** An amount over time, integrated. */
class Level {
  #amount = 0
  #since = 0
  #integral = 0

  change(by: number, now: number): void {
    this.#integral += this.#amount * (now - this.#since)
    this.#since = now
    this.#amount += by
  }

  /** Its mean since `from`; the next one begins now. */
  mean(from: number, now: number): number {
    this.change(0, now)
    const mean = now === from ? this.#amount : this.#integral / (now - from)
    this.#integral = 0
    return mean
  }
}

interface Levels {
  readonly memory: Level
  readonly vcores: Level
  readonly containers: Level
}

type Tracks = Map<string, Track>

export class Sampler {
  next: number
  #interval = FIRST_INTERVAL
  #from = 0
  #count = 0
  /** By name, then by label. */
  readonly #used = {
    queue: new Map<string, Map<string, Levels>>(),
    user: new Map<string, Map<string, Levels>>(),
    cluster: new Map<string, Map<string, Levels>>(),
  }
  readonly #queues = new Map<string, { readonly path: string; readonly leaf: boolean; readonly label: string; readonly tracks: Tracks }>()
  readonly #reserved = new Map<string, number>()
  readonly #clusters = new Map<string, Tracks>()
  readonly #users = new Map<string, Track>()
  readonly #totals = new Map<string, { memory: number; vcores: number }>()
  readonly #groups: { readonly name: string; readonly members: readonly number[]; readonly track: Track }[] = []

  /** @param expected how long the run takes at least */
  constructor(
    private readonly run: Run,
    expected: number,
  ) {
    while (expected / this.#interval > MOST_INTERVALS / 2) this.#interval *= 2
    this.next = this.#interval
  }

  // ── what happens ──

  submitted(user: string): void {
    if (!this.#totals.has(user)) this.#totals.set(user, { memory: 0, vcores: 0 })
  }

  used(c: RMContainer, sign: 1 | -1): void {
    const { now } = this.run
    const { memory, vcores } = c.resource
    const label = c.node.partition
    for (const levels of [this.#levels('queue', c.attempt.queue.path, label), this.#levels('user', c.attempt.user, ''), this.#levels('cluster', '', label)]) {
      levels.memory.change(sign * memory, now)
      levels.vcores.change(sign * vcores, now)
      levels.containers.change(sign, now)
    }
  }

  #levels(kind: 'queue' | 'user' | 'cluster', name: string, label: string): Levels {
    const of = this.#used[kind]
    let byLabel = of.get(name)
    if (!byLabel) of.set(name, (byLabel = new Map()))
    let levels = byLabel.get(label)
    if (!levels) byLabel.set(label, (levels = { memory: new Level(), vcores: new Level(), containers: new Level() }))
    return levels
  }

  // ── samples ──

  sample(): void {
    const { now, core } = this.run
    this.#readReservations()
    this.#read(core.queues(), now)
    this.#readCluster(now)
    this.#readUsers(now)
    this.#readNodes()
    this.#count++
    this.#from = now
    if (this.#count === MOST_INTERVALS) {
      for (const track of this.#all()) track.halve()
      this.#count /= 2
      this.#interval *= 2
    }
    this.next = this.#from + this.#interval
  }

  /** The run is over: what has begun of an interval counts as one. */
  finish(): void {
    if (this.run.now > this.#from || this.#count === 0) this.sample()
  }

  *#all(): Iterable<Track> {
    for (const { tracks } of this.#queues.values()) yield* tracks.values()
    for (const tracks of this.#clusters.values()) yield* tracks.values()
    yield* this.#users.values()
    for (const { track } of this.#groups) yield track
  }

  #push(tracks: Tracks, name: string, value: number): void {
    let track = tracks.get(name)
    if (!track) tracks.set(name, (track = new Track(this.#count)))
    track.values.push(value)
  }

  /** By queue and label, as #readQueue has its keys: what nodes keep for a queue's containers, and for those below it. */
  #readReservations(): void {
    this.#reserved.clear()
    for (const { view } of this.run.nodes.all) {
      if (!view?.reserved) continue
      const { attempt, resource } = view.reserved
      for (let path = attempt.queue.path; path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('.')))) {
        const key = `${path}|${view.partition}`
        this.#reserved.set(key, (this.#reserved.get(key) ?? 0) + resource.memory)
      }
    }
  }

  /** @returns what was used in the queue, by label */
  #read(queue: QueueReport, now: number): Map<string, { memory: number; vcores: number }> {
    const used = new Map<string, { memory: number; vcores: number }>()
    for (const child of queue.children) {
      for (const [label, amount] of this.#read(child, now)) {
        const sum = used.get(label) ?? { memory: 0, vcores: 0 }
        used.set(label, { memory: sum.memory + amount.memory, vcores: sum.vcores + amount.vcores })
      }
    }
    const leaf = queue.kind === 'leaf'
    const labels = new Set(['', ...this.run.labels])
    for (const label of labels) {
      if (leaf) {
        const { memory, vcores } = this.#levels('queue', queue.path, label)
        used.set(label, { memory: memory.mean(this.#from, now), vcores: vcores.mean(this.#from, now) })
      }
      this.#readQueue(queue, label, used.get(label) ?? { memory: 0, vcores: 0 })
    }
    return used
  }

  #readQueue(queue: QueueReport, label: string, used: { memory: number; vcores: number }): void {
    const key = `${queue.path}|${label}`
    let entry = this.#queues.get(key)
    if (!entry) this.#queues.set(key, (entry = { path: queue.path, leaf: queue.kind === 'leaf', label, tracks: new Map() }))
    const { tracks } = entry
    const share = label === '' ? undefined : queue.capacitiesByLabel[label]
    const whole = this.run.core.partitionResource(label)
    const guaranteed = label === '' ? queue.effectiveMin : scaled(whole, share?.absoluteCapacity ?? 0)
    const maximum = label === '' ? queue.effectiveMax : scaled(whole, share?.absoluteMaximumCapacity ?? 0)
    this.#push(tracks, 'usedMemory', used.memory)
    this.#push(tracks, 'usedVcores', used.vcores)
    this.#push(tracks, 'reservedMemory', this.#reserved.get(key) ?? 0)
    this.#push(tracks, 'pendingMemory', label === '' ? queue.pending.memory : 0)
    this.#push(tracks, 'guaranteedMemory', guaranteed.memory)
    this.#push(tracks, 'maximumMemory', Math.min(maximum.memory, whole.memory))
    this.#push(tracks, 'guaranteedVcores', guaranteed.vcores)
    this.#push(tracks, 'maximumVcores', Math.min(maximum.vcores, whole.vcores))
    this.#push(tracks, 'runningApplications', queue.metrics.appsRunning)
    this.#push(tracks, 'waitingApplications', queue.metrics.appsPending)
  }

  #readCluster(now: number): void {
    const free = new Map<string, { reserved: number; fragmented: number; nodes: number; readonly smallest: Resource | undefined }>()
    for (const node of this.run.nodes.all) {
      const { view } = node
      if (!view) continue
      let sum = free.get(view.partition)
      if (!sum) free.set(view.partition, (sum = { reserved: 0, fragmented: 0, nodes: 0, smallest: this.run.core.smallestPending(view.partition) }))
      const { smallest } = sum
      sum.nodes++
      if (view.reserved) sum.reserved += view.reserved.resource.memory
      if (smallest && (view.available.memory < smallest.memory || view.available.vcores < smallest.vcores)) sum.fragmented += Math.max(0, view.available.memory)
    }
    for (const label of new Set(['', ...this.run.labels])) {
      let tracks = this.#clusters.get(label)
      if (!tracks) this.#clusters.set(label, (tracks = new Map()))
      const whole = this.run.core.partitionResource(label)
      const sum = free.get(label)
      this.#push(tracks, 'totalMemory', whole.memory)
      this.#push(tracks, 'totalVcores', whole.vcores)
      const levels = this.#levels('cluster', '', label)
      this.#push(tracks, 'usedMemory', levels.memory.mean(this.#from, now))
      this.#push(tracks, 'usedVcores', levels.vcores.mean(this.#from, now))
      this.#push(tracks, 'reservedMemory', sum?.reserved ?? 0)
      this.#push(tracks, 'fragmentedMemory', sum?.fragmented ?? 0)
      this.#push(tracks, 'nodes', sum?.nodes ?? 0)
      this.#push(tracks, 'containers', levels.containers.mean(this.#from, now))
    }
  }

  #readUsers(now: number): void {
    const whole = this.run.core.clusterResource()
    for (const [user, total] of this.#totals) {
      const levels = this.#levels('user', user, '')
      const memory = levels.memory.mean(this.#from, now)
      const vcores = levels.vcores.mean(this.#from, now)
      total.memory += memory * (now - this.#from)
      total.vcores += vcores * (now - this.#from)
      let track = this.#users.get(user)
      if (!track) this.#users.set(user, (track = new Track(this.#count)))
      track.values.push(Math.max(part(memory, whole.memory), part(vcores, whole.vcores)))
    }
  }

  #readNodes(): void {
    const { all } = this.run.nodes
    if (this.#groups.length === 0) {
      const size = Math.ceil(all.length / NODE_GROUPS)
      for (let i = 0; i < all.length; i += size) {
        const members = all.slice(i, i + size)
        const first = members[0]!.spec.host
        const last = members.at(-1)!.spec.host
        this.#groups.push({ name: members.length === 1 ? first : `${first} – ${last}`, members: members.map((m) => m.index), track: new Track(this.#count) })
      }
    }
    for (const { members, track } of this.#groups) {
      let used = 0
      let whole = 0
      for (const i of members) {
        const view: NodeView | undefined = all[i]!.view
        if (!view) continue
        used += view.allocated.memory
        whole += view.total.memory
      }
      track.values.push(part(used, whole))
    }
  }

  // ── the result ──

  timeline(): Timeline {
    const of = (tracks: Tracks, name: string): number[] => (tracks.get(name)?.values ?? []).map(rounded)
    const users = [...this.#totals].sort(([a, x], [b, y]) => y.memory - x.memory || (a < b ? -1 : 1)).slice(0, USERS)
    return {
      interval: this.#interval,
      clusters: [...this.#clusters].map(([label, t]) => ({
        label,
        ...(Object.fromEntries(CLUSTER.map((n) => [n, of(t, n)])) as unknown as Omit<ClusterSeries, 'label'>),
      })),
      queues: [...this.#queues.values()].map(({ path, leaf, label, tracks }) => ({
        queue: path,
        leaf,
        label,
        ...(Object.fromEntries(QUEUE.map((n) => [n, of(tracks, n)])) as unknown as Omit<QueueSeries, 'queue' | 'leaf' | 'label'>),
      })),
      users: users.map(([user]) => ({ user, share: (this.#users.get(user)?.values ?? []).map(rounded) })),
      nodes: this.#groups.map(({ name, track }) => ({ name, used: track.values.map(rounded) })),
    }
  }
}

const CLUSTER = ['totalMemory', 'totalVcores', 'usedMemory', 'usedVcores', 'reservedMemory', 'fragmentedMemory', 'nodes', 'containers'] as const
const QUEUE = [
  'usedMemory',
  'usedVcores',
  'reservedMemory',
  'pendingMemory',
  'guaranteedMemory',
  'maximumMemory',
  'guaranteedVcores',
  'maximumVcores',
  'runningApplications',
  'waitingApplications',
] as const

const part = (of: number, whole: number) => (whole === 0 ? 0 : of / whole)
const scaled = (r: { memory: number; vcores: number }, by: number) => ({ memory: r.memory * by, vcores: r.vcores * by })
/** Enough digits for any plot, few enough for a file. */
const rounded = (n: number) => Math.round(n * 1e4) / 1e4
