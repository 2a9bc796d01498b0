/** A simulated run as the engine gives it, made by arithmetic: two queues, three users, applications that wait more when it is crowded. */
import type { ApplicationOutcome, Histogram, RunResult } from '../../resourcemanager/simulator/results.js'

const NO_LATENCY: Histogram = { count: 0, sum: 0, min: 0, max: 0, buckets: [] }

export function histogram(values: readonly number[]): Histogram {
  if (values.length === 0) return NO_LATENCY
  const buckets = new Map<number, number>()
  for (const v of values) {
    const i = Math.round(10 * Math.log10(v + 1))
    buckets.set(i, (buckets.get(i) ?? 0) + 1)
  }
  return {
    count: values.length,
    sum: values.reduce((a, b) => a + b, 0),
    min: Math.min(...values),
    max: Math.max(...values),
    buckets: [...buckets].sort(([a], [b]) => a - b),
  }
}

export function outcome(more: Partial<ApplicationOutcome> = {}): ApplicationOutcome {
  return {
    id: 'job_1',
    applicationId: 'application_1700000000000_0001',
    user: 'ann',
    queue: 'root.default',
    name: 'job',
    type: 'MAPREDUCE',
    state: 'FINISHED',
    submittedAt: 0,
    amAllocatedAt: 1000,
    amStartedAt: 2000,
    registeredAt: 3000,
    firstContainerAt: 5000,
    finishedAt: 65_000,
    attempts: 1,
    containers: { asked: 4, allocated: 4, completed: 4, preempted: 0, failed: 0, lost: 0 },
    memorySeconds: 240_000,
    vcoreSeconds: 240,
    preemptedMemorySeconds: 0,
    preemptedVcoreSeconds: 0,
    allocationLatency: histogram([1000, 2000, 2000, 4000]),
    aloneMillis: 60_000,
    ...more,
  }
}

export interface Made {
  readonly applications?: number
  readonly seed?: number
  readonly configuration?: string
  readonly nodes?: number
  /** Multiplies all waits. */
  readonly crowded?: number
}

export function simulatedRun(made: Made = {}): RunResult {
  const { applications = 60, seed = 1, configuration = 'today', nodes = 20, crowded = 1 } = made
  let state = seed * 2654435761
  const random = () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0
    return state / 2 ** 32
  }
  const interval = 4000
  const count = 300
  const users = ['ann', 'bob', 'cem']
  const all = Array.from({ length: applications }, (_, i): ApplicationOutcome => {
    const at = Math.floor((i / applications) * 700_000)
    const hive = i % 3 === 0
    const wait = Math.floor(1000 + random() * 90_000 * crowded * (hive ? 1.6 : 1))
    const run = Math.floor(20_000 + random() * 200_000)
    const preempted = i % 17 === 0 ? 1 : 0
    return outcome({
      id: `job_${i}`,
      applicationId: `application_1700000000000_${String(i + 1).padStart(4, '0')}`,
      user: users[i % 3]!,
      queue: hive ? 'root.hive' : 'root.default',
      submittedAt: at,
      amAllocatedAt: at + Math.floor(wait / 2),
      amStartedAt: at + Math.floor(wait * 0.7),
      registeredAt: at + Math.floor(wait * 0.8),
      firstContainerAt: at + wait,
      finishedAt: at + wait + run,
      containers: { asked: 10, allocated: 10 + preempted, completed: 10, preempted, failed: 0, lost: 0 },
      preemptedMemorySeconds: preempted * 40_000,
      preemptedVcoreSeconds: preempted * 40,
      aloneMillis: run,
      allocationLatency: histogram(Array.from({ length: 10 }, () => Math.floor(random() * wait))),
      ...(i % 5 === 0 && { deadline: 200_000 }),
    })
  })
  const total = nodes * 65_536
  const wave = (phase: number, height: number) =>
    Array.from({ length: count }, (_, i) =>
      i * interval > 950_000 ? 0 : Math.round(Math.max(0, height * (0.55 + 0.4 * Math.sin(i / 21 + phase) + 0.1 * (random() - 0.5)))),
    )
  const flat = (v: number) => Array.from({ length: count }, () => v)
  const queue = (name: string, leaf: boolean, part: number, phase: number) => ({
    queue: name,
    leaf,
    label: '',
    usedMemory: wave(phase, total * part * 1.3),
    usedVcores: wave(phase, nodes * 32 * part * 1.2),
    reservedMemory: flat(0),
    pendingMemory: wave(phase + 0.5, total * part * 0.6),
    guaranteedMemory: flat(total * part),
    maximumMemory: flat(leaf ? total * 0.8 : total),
    guaranteedVcores: flat(nodes * 32 * part),
    maximumVcores: flat(nodes * 32),
    runningApplications: wave(phase, 9),
    waitingApplications: wave(phase + 0.4, 5),
  })
  return {
    workload: 'evening peak',
    configuration,
    scheduler: 'org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CapacityScheduler',
    seed,
    nodes,
    simulated: count * interval,
    makespan: all.reduce((m, a) => Math.max(m, a.finishedAt!), 0),
    events: 123_456,
    skippedHeartbeats: 9876,
    applications: all,
    timeline: {
      interval,
      clusters: [
        {
          label: '',
          totalMemory: flat(total),
          totalVcores: flat(nodes * 32),
          usedMemory: wave(0.3, total * 0.95),
          usedVcores: wave(0.3, nodes * 32 * 0.8),
          reservedMemory: wave(1, total * 0.03),
          fragmentedMemory: wave(1, total * 0.06),
          nodes: flat(nodes),
          containers: wave(0.3, nodes * 14),
        },
      ],
      queues: [queue('root', false, 1, 0.3), queue('root.default', true, 0.6, 0), queue('root.hive', true, 0.4, 1.3)],
      users: users.map((user, i) => ({
        user,
        share: wave(i, 1).map((v, at) => (v === 0 && at * interval > 950_000 ? 0 : 0.1 + 0.05 * Math.sin(at / 30 + i))),
      })),
      nodes: Array.from({ length: nodes }, (_, i) => ({ name: `node-${i}`, used: wave(i / 5, 1000).map((v) => Math.min(v / 1000, 1)) })),
    },
    notes: ['durations of map tasks were drawn from the trace'],
  }
}
