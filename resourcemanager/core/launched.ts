/** The containers that a node has reported to run. Each of its reports names them all: they are found by number, without making keys anew. */
import type { ContainerId } from '../../common/records/index.js'
import { containerKey, type KeyedContainer, sameContainer } from '../scheduler/container.js'
import { applicationKey } from '../scheduler/scheduler.js'

export interface LaunchedContainer extends KeyedContainer {
  /** The report that named it last. */
  report: number
  /** Another application's of the same number. */
  next: LaunchedContainer | undefined
}

export class Launched {
  readonly #byNumber = new Map<number, LaunchedContainer>()
  #size = 0

  get size(): number {
    return this.#size
  }

  find(id: ContainerId): LaunchedContainer | undefined {
    let c = this.#byNumber.get(id.id)
    while (c && !sameContainer(c.id, id)) c = c.next
    return c
  }

  /** One that isn't there yet. */
  add(id: ContainerId, report: number): LaunchedContainer {
    const application = applicationKey(id.applicationAttemptId.applicationId)
    const added = { id, key: containerKey(id), application, report, next: this.#byNumber.get(id.id) }
    this.#byNumber.set(id.id, added)
    this.#size++
    return added
  }

  remove(c: LaunchedContainer): void {
    const first = this.#byNumber.get(c.id.id)!
    if (first !== c) {
      let before = first
      while (before.next !== c) before = before.next!
      before.next = c.next
    } else if (c.next) {
      this.#byNumber.set(c.id.id, c.next)
    } else {
      this.#byNumber.delete(c.id.id)
    }
    this.#size--
  }

  clear(): void {
    this.#byNumber.clear()
    this.#size = 0
  }

  /** Those that a report has not named. */
  missing(report: number): LaunchedContainer[] {
    const missing: LaunchedContainer[] = []
    for (const first of this.#byNumber.values()) {
      for (let c: LaunchedContainer | undefined = first; c; c = c.next) if (c.report !== report) missing.push(c)
    }
    return missing
  }
}
