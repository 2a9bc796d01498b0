import { describe, expect, it } from 'vitest'
import type { ContainerId } from '../../../common/records/index.js'
import { ReportedContainers } from '../../../resourcemanager/core/reported.js'

const container = (application: number, id: number, attemptId = 1): ContainerId => ({
  applicationAttemptId: { applicationId: { clusterTimestamp: 1, id: application }, attemptId },
  id,
})

/** What a node's report does: finds each, or adds it as running. */
function report(of: ReportedContainers, number: number, ids: readonly ContainerId[]) {
  let before = of.head
  return ids.map((id) => {
    const found = of.findAfter(before, id)
    const c = found ?? of.add(id)
    if (c.running) c.report = number
    else of.starts(c, number)
    before.after = c
    before = c
    return found !== undefined
  })
}

describe('the containers that a node has reported', () => {
  it('are told apart where their numbers are the same', () => {
    const all = new ReportedContainers()
    const ids = [container(1, 7), container(2, 7), container(1, 7, 2)]
    report(all, 1, ids)
    expect(ids.map((id) => all.find(id)?.id)).toEqual(ids)
    expect(all.running).toBe(3)
  })

  it('are found in whatever order the next report names them, by ids that are equal', () => {
    const all = new ReportedContainers()
    const [a, b, c, d] = [container(1, 1), container(1, 2), container(2, 1), container(2, 2)]
    report(all, 1, [a, b, c])
    expect(report(all, 2, [container(1, 1), container(1, 2), container(2, 1)])).toEqual([true, true, true])
    expect(report(all, 3, [c, d, a, b])).toEqual([true, false, true, true])
    expect(report(all, 4, [d, b, a, c])).toEqual([true, true, true, true])
    expect(all.running).toBe(4)
  })

  it('miss those that a report should have named', () => {
    const all = new ReportedContainers()
    const [a, b, c] = [container(1, 1), container(1, 2), container(2, 1)]
    report(all, 1, [a, b, c])
    report(all, 2, [a, c])
    expect(all.missing(2).map((m) => m.id)).toEqual([b])
  })

  it('are forgotten when they run no more and the node has been told, once', () => {
    const all = new ReportedContainers()
    const [a, b] = [container(1, 1), container(1, 2)]
    report(all, 1, [a, b])
    all.stops(all.find(b)!)
    for (const id of [a, b, b]) all.leave(id)
    expect(all.takeLeaving()).toEqual([a, b])
    expect(all.takeLeaving()).toEqual([])
    expect(all.find(b)).toBeUndefined()
    // It comes after the same one as before, and is new all the same.
    expect(report(all, 2, [a, b])).toEqual([true, false])
  })

  it('keep what the node is yet to be told when all else is over', () => {
    const all = new ReportedContainers()
    const [a, b] = [container(1, 1), container(1, 2)]
    report(all, 1, [a, b])
    all.leave(b)
    all.clear()
    expect(all.running).toBe(0)
    expect(report(all, 2, [a])).toEqual([false])
    expect(all.takeLeaving()).toEqual([b])
  })
})
