/**
 * Whose heartbeat comes when: all nodes in order of time within a round, which lasts one interval. Without jitter every round is the same. With
 * it, each heartbeat of a node comes up to so much later than its phase says; how much is a function of seed, node and number, so that of
 * heartbeats that are passed over nothing has to be drawn, and those after them come when they would have. A node that has reported out of
 * turn waits a whole interval again, as a NodeManager does.
 */
import { randomOf } from './random.js'

export interface RingOptions {
  /** By node: when in the interval it reports, milliseconds. */
  readonly phases: readonly number[]
  readonly interval: number
  /** Less than the interval, or equal: so that no heartbeat overtakes the one before it. */
  readonly jitter: number
  readonly seed: number
  /** Nodes may begin their intervals anew. */
  readonly restarts?: boolean
}

export class Ring {
  readonly #phases: Int32Array
  readonly #interval: number
  readonly #jitter: number
  /** Every round is as the one before. */
  readonly #fixed: boolean
  /** By node: the last round in which it began anew. */
  readonly #restarted: Int32Array
  /** By node; of its delays. */
  readonly #seeds: Int32Array
  #round = 1
  #cursor = 0
  /** By place in this round: the node and when in the round it reports. */
  #nodes: Int32Array
  #offsets: Int32Array
  #length: number
  /** By slot: the node's next heartbeat is not passed over. The slot is its place where that never changes, else the node itself. */
  readonly #due: Uint8Array
  readonly #slots: Int32Array
  #dues = 0

  constructor({ phases, interval, jitter, seed, restarts = false }: RingOptions) {
    const n = phases.length
    this.#phases = Int32Array.from(phases)
    this.#interval = interval
    this.#jitter = jitter
    this.#fixed = jitter === 0 && !restarts
    this.#restarted = new Int32Array(n).fill(-1)
    const random = randomOf(seed, 'jitter')
    this.#seeds = Int32Array.from(phases, () => random.int(2 ** 32))
    this.#due = new Uint8Array(n)
    this.#slots = Int32Array.from(phases, (_, i) => i)
    // A node whose heartbeat slips into the next round may have two there.
    this.#nodes = new Int32Array(2 * n)
    this.#offsets = new Int32Array(2 * n)
    this.#length = 0
    this.#arrange()
    if (this.#fixed) for (let place = 0; place < n; place++) this.#slots[this.#nodes[place]!] = place
  }

  get cursor(): number {
    return this.#cursor
  }

  /** How many heartbeats this round has. */
  get length(): number {
    return this.#length
  }

  /** When this round began. */
  get base(): number {
    return this.#round * this.#interval
  }

  node(place: number): number {
    return this.#nodes[place]!
  }

  at(place: number): number {
    return this.base + this.#offsets[place]!
  }

  moveTo(place: number): void {
    this.#cursor = place
  }

  nextRound(): void {
    this.#turnTo(this.#round + 1)
  }

  /** To the round that holds `time`, the next one at least. @returns how many rounds lay between */
  jumpTo(time: number): number {
    const round = Math.max(Math.floor(time / this.#interval), this.#round + 1)
    const between = round - this.#round - 1
    this.#turnTo(round)
    return between
  }

  #turnTo(round: number): void {
    this.#round = round
    this.#cursor = 0
    if (!this.#fixed) this.#arrange()
  }

  /** The node has reported at `now`, whoever's turn it is: its next turn is an interval later. */
  restart(node: number, now: number): void {
    this.#phases[node] = now % this.#interval
    this.#restarted[node] = Math.floor(now / this.#interval)
    // With nothing left in the round of `now` the ring stands at the next one already.
    if (now < this.base) return this.#arrange()
    for (;;) {
      const place = this.#nodes.subarray(0, this.#length).indexOf(node, this.#cursor)
      if (place < 0) return
      this.#nodes.copyWithin(place, place + 1, this.#length)
      this.#offsets.copyWithin(place, place + 1, this.#length)
      this.#length--
    }
  }

  /** How many places of this round lie before `time`. */
  before(time: number): number {
    const offset = time - this.base
    let low = 0
    let high = this.#length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#offsets[middle]! < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The node's last heartbeat until `now`; one of the present time only if the cursor has gone past it. */
  last(node: number, now: number): number {
    for (let n = Math.floor((now - this.#phases[node]!) / this.#interval); ; n--) {
      const at = n * this.#interval + this.#phases[node]! + this.#delay(node, n)
      if (at < now || (at === now && this.#isPast(node, now))) return at
    }
  }

  #isPast(node: number, now: number): boolean {
    const offset = now - this.base
    if (offset < 0 || this.#cursor >= this.#length) return true
    if (offset >= this.#interval) return false
    const next = this.#offsets[this.#cursor]!
    return next > offset || (next === offset && this.#nodes[this.#cursor]! > node)
  }

  // ── who must be heard ──

  /** Whether no heartbeat must be made for its own sake. */
  get quiet(): boolean {
    return this.#dues === 0
  }

  setDue(node: number, due: boolean): void {
    const slot = this.#slots[node]!
    const value = due ? 1 : 0
    if (this.#due[slot] === value) return
    this.#due[slot] = value
    this.#dues += due ? 1 : -1
  }

  isDue(place: number): boolean {
    return this.#due[this.#fixed ? place : this.#nodes[place]!] === 1
  }

  /** The first place from `from` on, before `limit`, whose heartbeat must be made; `limit` when none does. */
  nextDue(from: number, limit: number): number {
    if (this.#dues === 0) return limit
    if (this.#fixed) {
      const at = this.#due.indexOf(1, from)
      return at < 0 || at > limit ? limit : at
    }
    for (let place = from; place < limit; place++) if (this.#due[this.#nodes[place]!] === 1) return place
    return limit
  }

  // ── the order of a round ──

  /** How late the node's n-th heartbeat is. */
  #delay(node: number, n: number): number {
    if (this.#jitter === 0) return 0
    let hash = Math.imul(this.#seeds[node]! ^ Math.imul(n, 0x9e3779b1), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    hash = Math.imul(hash ^ (hash >>> 16), 0x27d4eb2f)
    return Math.floor((((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32) * this.#jitter)
  }

  /** By time, nodes of one time in their order: sorted by counting, since a round has few milliseconds. */
  #arrange(): void {
    const interval = this.#interval
    const counts = new Int32Array(interval + 1)
    const entries: number[] = []
    const add = (node: number, offset: number) => {
      entries.push(node, offset)
      counts[offset + 1]!++
    }
    for (let node = 0; node < this.#phases.length; node++) {
      const phase = this.#phases[node]!
      const late = phase + this.#delay(node, this.#round - 1)
      if (late >= interval && this.#restarted[node]! < this.#round - 1) add(node, late - interval)
      if (this.#restarted[node]! >= this.#round) continue
      const own = phase + this.#delay(node, this.#round)
      if (own < interval) add(node, own)
    }
    for (let i = 0; i < interval; i++) counts[i + 1]! += counts[i]!
    for (let i = 0; i < entries.length; i += 2) {
      const offset = entries[i + 1]!
      const place = counts[offset]!++
      this.#nodes[place] = entries[i]!
      this.#offsets[place] = offset
    }
    this.#length = entries.length / 2
  }
}
