/**
 * Requests by constraint that are placed all together before they are scheduled (PlacementConstraintProcessor): what the scheduler, or the constraints,
 * refuse is tried again with the next calls, and given up in the end.
 */
import type { SchedulerApplication, SchedulerAttempt } from '../scheduler/attempt.js'
import { type Batch, firstTag, placeBatch } from '../scheduler/constraint-placement.js'
import { inMapOrder, type SchedulerNode } from '../scheduler/node.js'
import type { SchedulingRequest } from '../scheduler/requests.js'
import type { AllocateAnswer } from './answers.js'
import type { PlacementSettings } from './config.js'
import type { Scheduler } from './schedulers.js'

type Rejected = AllocateAnswer['rejected'][number]

export class PlacementProcessor {
  /** By application: what is tried again. */
  readonly #retries = new WeakMap<SchedulerApplication, Batch[]>()

  constructor(
    private readonly settings: PlacementSettings,
    private readonly scheduler: Scheduler,
  ) {}

  /** @param requests normalised @returns what is given up */
  process(attempt: SchedulerAttempt, requests: readonly SchedulingRequest[]): Rejected[] {
    const { application } = attempt
    const retries = this.#retries.get(application) ?? []
    this.#retries.delete(application)
    const fresh: Batch[] = requests.length === 0 ? [] : [{ attempt: 1, requests: [...requests], refused: new Map() }]
    const outcomes = [...fresh, ...retries].map((batch) => ({ batch, ...this.#place(attempt, batch) }))
    const rejected: Rejected[] = []
    for (const { placed } of outcomes) {
      for (const { request, attempt: tried, nodes } of placed) {
        for (const node of nodes) {
          const one = { ...request, numAllocations: 1 }
          if (this.scheduler.allocateOn(attempt, one, node)) continue
          if (tried < this.settings.retryAttempts) this.#retry(application, one, tried, node)
          else rejected.push({ reason: 'COULD_NOT_SCHEDULE_ON_NODE', request: one })
        }
      }
    }
    for (const { batch, rejected: unplaced } of outcomes) {
      for (const request of unplaced) {
        if (batch.attempt < this.settings.retryAttempts) this.#retry(application, request, batch.attempt, undefined)
        else rejected.push({ reason: 'COULD_NOT_PLACE_ON_NODE', request })
      }
    }
    return rejected
  }

  #place(attempt: SchedulerAttempt, batch: Batch) {
    const { scheduler } = this
    const { cluster } = scheduler
    return placeBatch(batch, this.settings.order, {
      calculator: scheduler.settings.calculator,
      nodes: inMapOrder(cluster.nodes.values(), cluster.size),
      tags: scheduler.tags,
      application: attempt.application.key,
      satisfies: (request, node) => scheduler.satisfiesConstraint(attempt, request, node),
    })
  }

  #retry(application: SchedulerApplication, request: SchedulingRequest, tried: number, refusedBy: SchedulerNode | undefined): void {
    const batches = this.#retries.get(application) ?? []
    this.#retries.set(application, batches)
    let batch = batches.find((b) => b.attempt === tried + 1)
    if (!batch) batches.push((batch = { attempt: tried + 1, requests: [], refused: new Map() }))
    batch.requests.push(request)
    if (!refusedBy || request.allocationTags.length === 0) return
    const tag = firstTag(request)
    const nodes = batch.refused.get(tag) ?? new Set()
    batch.refused.set(tag, nodes.add(refusedBy.key))
  }
}
