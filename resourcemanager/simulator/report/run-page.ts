/** The page of one run. */
import type { RunResult } from '../results.js'
import { amount, duration, memory, memoryTime, percent } from './format.js'
import { type GroupMeasures, type Measures, measure } from './measures.js'
import { type Card, type Cell, type Section, pageText, plots, table } from './page.js'
import {
  applicationsGantt,
  busiestQueues,
  colourOf,
  drawn,
  nodeHeat,
  nodesAndContainers,
  pendingMemory,
  queueUsage,
  userShares,
  utilisation,
  waitDistribution,
  waitingApplications,
} from './run-plots.js'

const simpleName = (className: string) => className.slice(className.lastIndexOf('.') + 1)

const GROUP_HEADER = ['applications', 'finished', 'wait: mean', 'p50', 'p95', 'max', 'AM wait p95', 'run time mean', 'slowdown p95', 'preempted', 'SLO missed']

function groupCells(g: GroupMeasures): (string | Cell)[] {
  const a = g.applications
  const lost: Cell = {
    text: a.finished === a.submitted ? String(a.finished) : `${a.finished} (${a.submitted - a.finished} not)`,
    ...(a.finished < a.submitted && { className: 'bad' }),
  }
  return [
    String(a.submitted),
    lost,
    duration(g.wait.mean),
    duration(g.wait.p50),
    duration(g.wait.p95),
    g.stillWaiting > 0 ? `> ${duration(g.wait.max)}` : duration(g.wait.max),
    duration(g.amWait.p95),
    duration(g.runTime.mean),
    g.slowdown.count > 0 ? amount(g.slowdown.p95) : { text: '–', className: 'none' },
    g.containers.preempted > 0 ? `${g.containers.preempted} (${memoryTime(g.preemptedMemorySeconds)})` : { text: '0', className: 'none' },
    g.slo.promised > 0 ? { text: `${g.slo.missed} of ${g.slo.promised}`, className: g.slo.missed > 0 ? 'bad' : 'good' } : { text: '–', className: 'none' },
  ]
}

/** What a manager asks first, in sentences. */
export function findings(result: RunResult, m: Measures): string[] {
  const a = m.applications
  const use = m.utilisation[0]
  const done = a.finished === a.submitted ? `All ${a.submitted} applications finished` : `${a.finished} of ${a.submitted} applications finished`
  const text = [`${done} within ${duration(m.makespan)} on ${result.nodes} nodes.`]
  if (m.wait.count > 0)
    text.push(
      `Half of them had their first container within ${duration(m.wait.p50)}, 95 in 100 within ${duration(m.wait.p95)}; the longest wait was ${duration(m.wait.max)}.`,
    )
  if (use) text.push(`On average ${percent(use.memory)} of the memory and ${percent(use.vcores)} of the vcores were in use.`)
  if (a.neverSchedulable > 0) text.push(`${a.neverSchedulable} can never be scheduled: see the table of what did not finish.`)
  if (m.containers.preempted > 0) text.push(`${m.containers.preempted} containers were preempted: ${memoryTime(m.preemptedMemorySeconds)} of work lost.`)
  if (m.slo.promised > 0) text.push(`${m.slo.missed} of ${m.slo.promised} deadlines were missed.`)
  return text
}

export function runCards(result: RunResult, m: Measures): Card[] {
  const use = m.utilisation[0]
  return [
    { label: 'Finished', value: `${m.applications.finished} of ${m.applications.submitted}`, detail: 'applications' },
    { label: 'Makespan', value: duration(m.makespan), detail: `of ${duration(result.simulated)} simulated` },
    { label: 'Wait', value: duration(m.wait.p50), detail: `half; 95 %: ${duration(m.wait.p95)}` },
    { label: 'In use', value: percent(use?.memory ?? 0), detail: `of the memory; vcores ${percent(use?.vcores ?? 0)}` },
    { label: 'Fairness', value: amount(m.fairness.users), detail: 'of users (Jain; 1 is even)' },
    { label: 'Preempted', value: String(m.containers.preempted), detail: `containers; ${memoryTime(m.preemptedMemorySeconds)}` },
  ]
}

/** What did not finish, with the reasons. */
function troubled(result: RunResult): Section[] {
  const rows = result.applications.filter((a) => a.state !== 'FINISHED')
  if (rows.length === 0) return []
  const header = ['application', 'state', 'queue', 'user', 'submitted', 'why']
  const cells = rows.map((a) => [a.id, a.state, a.queue, a.user, duration(a.submittedAt), { text: (a.reason ?? '').split('\n')[0]!.slice(0, 220) }])
  return [{ title: 'What did not finish', body: table(header, cells, 12) }]
}

export function runPage(result: RunResult): string {
  const m = measure(result)
  const queues = busiestQueues(result)
  const colour = colourOf(queues)
  const left = new Set(result.timeline.queues.filter((q) => q.leaf).map((q) => q.queue)).size - new Set(queues.map((q) => q.queue)).size
  const sections: Section[] = [
    {
      title: 'Queues over time',
      about: `Memory in use by each queue, against what it is guaranteed (dashed) and may have at most (dotted).${left > 0 ? ` ${left} queues with little or no use are in timeline.csv alone.` : ''}`,
      body: plots(queues.map((q) => drawn(queueUsage(result, q, colour(q.queue))))),
    },
    {
      title: 'Waiting',
      about: 'A wait is the time from the submission to the first container of work; the master’s own container comes before it.',
      body: plots([
        drawn(waitDistribution(result, queues, colour)),
        drawn(waitingApplications(result, queues, colour)),
        drawn(pendingMemory(result, queues, colour)),
        ...(result.timeline.users.length > 1 ? [drawn(userShares(result))] : []),
      ]),
    },
    {
      title: 'The cluster',
      about: 'Reserved: kept free on a node for a container that does not fit yet. Fragmented: free where the smallest ask that waits does not fit.',
      body: plots([...utilisation(result).map((d) => drawn(d)), drawn(nodesAndContainers(result)), drawn(nodeHeat(result), true)]),
    },
    {
      title: 'Applications',
      about: 'Grey: waits for its master; pale: the master runs without containers; full: it has had its first container.',
      body: plots([drawn(applicationsGantt(result, colour), true)]),
    },
    {
      title: 'By queue',
      body: table(
        ['queue', ...GROUP_HEADER, 'memory in use', 'of its guarantee'],
        m.queues.map((q) => [
          q.queue,
          ...groupCells(q),
          memory(q.usedMemory),
          q.guaranteedMemory > 0 ? percent(q.usedMemory / q.guaranteedMemory) : { text: '–', className: 'none' as const },
        ]),
      ),
    },
    {
      title: 'By user',
      body: table(
        ['user', ...GROUP_HEADER, 'dominant share'],
        m.users.map((u) => [u.user, ...groupCells(u), u.dominantShare ? percent(u.dominantShare.mean) : { text: '–', className: 'none' as const }]),
      ),
    },
    ...troubled(result),
  ]
  return pageText({
    title: result.workload,
    subtitle: [
      `Configuration ${result.configuration}, ${simpleName(result.scheduler)}, ${result.nodes} nodes, seed ${result.seed}`,
      result.events > 0
        ? `${result.events} events through the ResourceManager in ${duration(result.simulated)} of virtual time`
        : `${duration(result.simulated)} in real time on a ResourceManager that runs`,
    ],
    cards: runCards(result, m),
    findings: findings(result, m),
    sections,
    notes: result.notes,
  })
}
