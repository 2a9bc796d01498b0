/** What falls due: silence of nodes and application masters, allocations never started, lifetimes. Pings cost one map entry. */
import { Heap } from '../../common/lang/heap.js'
import type { RMContainer } from '../scheduler/container.js'

interface Due<T> {
  readonly at: number
  readonly order: number
  readonly item: T
}

export class Deadlines<T> {
  readonly #at = new Map<T, number>()
  readonly #heap = new Heap<Due<T>>((a, b) => a.at - b.at || a.order - b.order)
  #order = 0

  /** Sets or moves an item's deadline. */
  set(item: T, at: number): void {
    const before = this.#at.get(item)
    this.#at.set(item, at)
    // A later deadline is found when the earlier one comes up.
    if (before === undefined || at < before) this.#heap.push({ at, order: this.#order++, item })
  }

  delete(item: T): void {
    this.#at.delete(item)
  }

  has(item: T): boolean {
    return this.#at.has(item)
  }

  get(item: T): number | undefined {
    return this.#at.get(item)
  }

  /** Takes out what is due at `now`, earliest first. */
  expired(now: number): T[] {
    const due: T[] = []
    for (let top = this.#heap.peek(); top && top.at <= now; top = this.#heap.peek()) {
      this.#heap.pop()
      const at = this.#at.get(top.item)
      if (at === undefined) continue
      if (at > now) {
        this.#heap.push({ at, order: top.order, item: top.item })
        continue
      }
      this.#at.delete(top.item)
      due.push(top.item)
    }
    return due
  }

  /** No later than the earliest deadline; undefined when there is none. */
  next(): number | undefined {
    for (let top = this.#heap.peek(); top; top = this.#heap.peek()) {
      if (this.#at.has(top.item)) return top.at
      this.#heap.pop()
    }
    return undefined
  }
}

/** Fewer that wait than this are not worth being cleared of those that have started. */
const FEW_WAITING = 4096

/** Containers that must start in time: all wait equally long, so the first handed out is the first due. */
export class Allocations {
  #waiting: RMContainer[] = []
  #first = 0
  /** How many wait when those that have started are next let go. */
  #clearAt = FEW_WAITING

  add(c: RMContainer, startBy: number): void {
    if (this.#waiting.length >= this.#clearAt) this.#clear()
    c.startBy = startBy
    this.#waiting.push(c)
  }

  /** One that never starts must not hold in memory all that were handed out after it. */
  #clear(): void {
    this.#waiting = this.#waiting.filter((c, i) => i >= this.#first && c.startBy !== 0)
    this.#first = 0
    this.#clearAt = Math.max(FEW_WAITING, 2 * this.#waiting.length)
  }

  expired(now: number): RMContainer[] {
    const due: RMContainer[] = []
    for (let at = this.next(); at !== undefined && at <= now; at = this.next()) {
      const c = this.#waiting[this.#first]!
      c.startBy = 0
      due.push(c)
    }
    return due
  }

  next(): number | undefined {
    const waiting = this.#waiting
    while (this.#first < waiting.length && waiting[this.#first]!.startBy === 0) this.#first++
    if (this.#first === waiting.length) {
      this.#waiting = []
      this.#first = 0
      return undefined
    }
    if (this.#first > 1024 && this.#first * 2 > waiting.length) {
      this.#waiting = waiting.slice(this.#first)
      this.#first = 0
    }
    return this.#waiting[this.#first]!.startBy
  }
}
