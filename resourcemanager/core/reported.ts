/**
 * The containers that a node has reported, from the first report until it may forget them. Each of its reports names all that run: they are
 * found by number, without making a text of the whole id.
 */
import type { ContainerId } from '../../common/records/index.js'
import { type ContainerOnNode, sameContainer } from '../scheduler/container.js'
import { applicationKey } from '../scheduler/scheduler.js'

export interface ReportedContainer extends ContainerOnNode {
  /** As far as the last report knows. */
  running: boolean
  /** The node has said that it ended: said again, that is no news. */
  ended: boolean
  /** The next answer tells the node to forget it. */
  leaving: boolean
  /** The report that named it last. */
  report: number
  /** Its application was known to run here when the node had lost so many. */
  noted: number
  /** Another application's of the same number. */
  next: ReportedContainer | undefined
  /** The one that came after it in the last report. */
  after: ReportedContainer | undefined
}

/** In place of a report's number: its node may forget the container, and so has the ResourceManager. */
const FORGOTTEN = -1

export class ReportedContainers {
  readonly #byNumber = new Map<number, ReportedContainer>()
  /** Before the first of a report. */
  readonly head: Pick<ReportedContainer, 'after'> = { after: undefined }
  #leaving: ReportedContainer[] = []
  #running = 0

  /** How many run. */
  get running(): number {
    return this.#running
  }

  find(id: ContainerId): ReportedContainer | undefined {
    let c = this.#byNumber.get(id.id)
    while (c && !sameContainer(c.id, id)) c = c.next
    return c
  }

  /** The same of one that comes after `before` in a report: nodes keep the order, so that most are found without a look into the map. */
  findAfter(before: Pick<ReportedContainer, 'after'>, id: ContainerId): ReportedContainer | undefined {
    const { after } = before
    return after && after.report !== FORGOTTEN && sameContainer(after.id, id) ? after : this.find(id)
  }

  /** One that isn't there yet. */
  add(id: ContainerId, application = applicationKey(id.applicationAttemptId.applicationId)): ReportedContainer {
    const added: ReportedContainer = {
      id,
      application,
      container: undefined,
      running: false,
      ended: false,
      leaving: false,
      report: 0,
      noted: -1,
      next: this.#byNumber.get(id.id),
      after: undefined,
    }
    this.#byNumber.set(id.id, added)
    return added
  }

  starts(c: ReportedContainer, report: number): void {
    c.running = true
    c.report = report
    this.#running++
  }

  stops(c: ReportedContainer): void {
    if (!c.running) return
    c.running = false
    this.#running--
  }

  /** The node may forget it, whether it has reported it or not. */
  leave(id: ContainerId): void {
    const c = this.find(id) ?? this.add(id)
    if (c.leaving) return
    c.leaving = true
    this.#leaving.push(c)
  }

  /** Those that the node may forget, to be told once. */
  takeLeaving(): readonly ContainerId[] {
    if (this.#leaving.length === 0) return NOTHING
    const leaving = this.#leaving
    this.#leaving = []
    return leaving.map((c) => {
      c.leaving = false
      c.ended = false
      if (!c.running) this.#remove(c)
      return c.id
    })
  }

  /** Nothing runs any more and nothing has ended; what the node is to be told stays. */
  clear(): void {
    this.#byNumber.clear()
    this.#running = 0
    this.head.after = undefined
    for (const c of this.#leaving) {
      c.after = undefined
      c.running = false
      c.ended = false
      c.next = this.#byNumber.get(c.id.id)
      this.#byNumber.set(c.id.id, c)
    }
  }

  /** Those that a report should have named and has not. */
  missing(report: number): ReportedContainer[] {
    const missing: ReportedContainer[] = []
    for (const first of this.#byNumber.values()) {
      for (let c: ReportedContainer | undefined = first; c; c = c.next) if (c.running && c.report !== report) missing.push(c)
    }
    return missing
  }

  #remove(c: ReportedContainer): void {
    c.report = FORGOTTEN
    c.after = undefined
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
  }
}

const NOTHING: readonly never[] = []
