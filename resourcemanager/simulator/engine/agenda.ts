/** What is to happen, in order of virtual time. Ties end in kind and id, never in the order of arrival: who skips what changes nothing keeps it. */
import { Heap } from '../../../common/lang/heap.js'

/** At one time, in this order. */
export const KIND = {
  NODE: 0,
  SUBMIT: 1,
  KILL: 2,
  CONTAINER: 3,
  MASTER: 4,
  MODEL: 5,
  ALLOCATE: 6,
  HEARTBEAT: 7,
  FAULT: 8,
} as const
export type Kind = (typeof KIND)[keyof typeof KIND]

export interface Entry {
  readonly at: number
  readonly kind: Kind
  /** Unique among entries of its kind and time. */
  readonly id: number
  readonly run: () => void
}

const compare = (a: Entry, b: Entry) => a.at - b.at || a.kind - b.kind || a.id - b.id

export class Agenda {
  readonly #heap = new Heap<Entry>(compare)
  #work = 0

  /** How much is planned beside what goes on for ever: allocates, heartbeats, faults. */
  get work(): number {
    return this.#work
  }

  add(at: number, kind: Kind, id: number, run: () => void): void {
    if (kind < KIND.ALLOCATE) this.#work++
    this.#heap.push({ at, kind, id, run })
  }

  peek(): Entry | undefined {
    return this.#heap.peek()
  }

  take(): Entry {
    const entry = this.#heap.pop()!
    if (entry.kind < KIND.ALLOCATE) this.#work--
    return entry
  }
}
