/** Random workloads, each kind around one thing that makes a heartbeat matter. */
import { randomOf } from '../../../resourcemanager/simulator/engine/random.js'
import type { ApplicationSpec, NodeSpec, Stage, Workload } from '../../../resourcemanager/simulator/workload.js'

export interface Scene {
  readonly name: string
  /** Part of all steps that may be left when what changes nothing is passed over. */
  readonly atMost: number
  make(seed: number): { readonly workload: Workload; readonly properties: Readonly<Record<string, string>>; readonly allocations?: string }
}

const CAPACITY = 'yarn.scheduler.capacity'
const TWO_QUEUES = {
  [`${CAPACITY}.root.queues`]: 'a,b',
  [`${CAPACITY}.root.a.capacity`]: '60',
  [`${CAPACITY}.root.b.capacity`]: '40',
  [`${CAPACITY}.root.a.user-limit-factor`]: '10',
  [`${CAPACITY}.root.b.user-limit-factor`]: '10',
  [`${CAPACITY}.maximum-am-resource-percent`]: '0.5',
}
const SCHEDULER = 'yarn.resourcemanager.scheduler.class'
const PACKAGE = 'org.apache.hadoop.yarn.server.resourcemanager.scheduler'

interface Shape {
  readonly nodes: number
  readonly memory: number
  readonly applications: number
  /** Container sizes to choose from, MiB. */
  readonly sizes: readonly number[]
  readonly containers: number
  /** Longest duration of a container. */
  readonly duration: number
  readonly within: number
  readonly hosts?: boolean
  readonly model?: string
  readonly node?: (i: number) => Partial<NodeSpec>
  readonly stage?: (i: number) => Partial<Stage>
}

function workloadOf(seed: number, shape: Shape): Workload {
  const random = randomOf(seed, 'scene')
  const nodes: NodeSpec[] = Array.from({ length: shape.nodes }, (_, i) => ({
    host: `n${i}`,
    rack: `/r${i % 3}`,
    resource: { memory: shape.memory, vcores: 16 },
    ...shape.node?.(i),
  }))
  const pick = <T>(of: readonly T[]): T => of[random.int(of.length)]!
  const applications: ApplicationSpec[] = Array.from({ length: shape.applications }, (_, i) => {
    const stage = (name: string, priority: number): Stage => {
      const count = 1 + random.int(shape.containers)
      return {
        name,
        count,
        priority,
        resource: { memory: pick(shape.sizes), vcores: 1 + random.int(2) },
        duration: { kind: 'uniform', min: 1000, max: 1000 + random.int(shape.duration) },
        ...(shape.hosts && { hosts: Array.from({ length: count }, () => [pick(nodes).host, pick(nodes).host]) }),
        ...shape.stage?.(i),
      }
    }
    return {
      id: `job${i}`,
      at: random.int(shape.within),
      user: pick(['ann', 'bob', 'cid']),
      queue: pick(['a', 'b']),
      am: { resource: { memory: 1024, vcores: 1 } },
      model: shape.model ?? pick(['sls', 'stages']),
      maxAttempts: 3,
      stages: [stage('map', 20), { ...stage('reduce', 10), after: [{ stage: 'map', fraction: 0.5 }] }],
    }
  })
  applications.sort((x, y) => x.at - y.at)
  return { name: 'scene', nodes, applications }
}

const simple: Shape = { nodes: 8, memory: 16_384, applications: 12, sizes: [1024, 2048], containers: 12, duration: 60_000, within: 120_000 }

const FIFO = { [SCHEDULER]: `${PACKAGE}.fifo.FifoScheduler` }

const fair = (queues: string, properties: Readonly<Record<string, string>> = {}) => ({
  properties: { [SCHEDULER]: `${PACKAGE}.fair.FairScheduler`, ...properties },
  allocations: `<allocations>${queues}</allocations>`,
})

export const scenes: readonly Scene[] = [
  { name: 'room for all', atMost: 0.7, make: (seed) => ({ workload: workloadOf(seed, { ...simple, nodes: 20 }), properties: TWO_QUEUES }) },
  { name: 'locality delay', atMost: 0.9, make: (seed) => ({ workload: workloadOf(seed, { ...simple, hosts: true }), properties: TWO_QUEUES }) },
  {
    name: 'a standing backlog on full nodes',
    atMost: 0.8,
    make: (seed) => ({ workload: workloadOf(seed, { ...simple, applications: 20, containers: 60, sizes: [1024] }), properties: TWO_QUEUES }),
  },
  {
    name: 'a standing backlog behind the limit of a queue',
    atMost: 0.7,
    make: (seed) => ({
      workload: workloadOf(seed, { ...simple, nodes: 20, applications: 20, containers: 60 }),
      properties: { ...TWO_QUEUES, [`${CAPACITY}.root.a.maximum-capacity`]: '60', [`${CAPACITY}.root.b.maximum-capacity`]: '40' },
    }),
  },
  {
    name: 'a standing backlog behind the limit of a user',
    atMost: 0.7,
    make: (seed) => ({
      workload: workloadOf(seed, { ...simple, nodes: 20, applications: 20, containers: 60 }),
      properties: { ...TWO_QUEUES, [`${CAPACITY}.root.a.user-limit-factor`]: '0.3', [`${CAPACITY}.root.b.user-limit-factor`]: '0.3' },
    }),
  },
  {
    name: 'reservations',
    atMost: 0.6,
    make: (seed) => ({
      workload: workloadOf(seed, { ...simple, memory: 10_240, applications: 20, sizes: [1024, 3072, 6144], containers: 20 }),
      properties: TWO_QUEUES,
    }),
  },
  {
    name: 'reservations and locality',
    atMost: 0.8,
    make: (seed) => ({
      workload: workloadOf(seed, { ...simple, memory: 10_240, applications: 20, sizes: [1024, 3072, 6144], containers: 20, hosts: true }),
      properties: TWO_QUEUES,
    }),
  },
  {
    name: 'preemption',
    atMost: 0.6,
    make: (seed) => ({
      workload: workloadOf(seed, { ...simple, applications: 16, containers: 50, duration: 300_000 }),
      properties: { ...TWO_QUEUES, 'yarn.resourcemanager.scheduler.monitor.enable': 'true' },
    }),
  },
  {
    name: 'both resources count',
    atMost: 0.9,
    make: (seed) => ({
      workload: workloadOf(seed, { ...simple, applications: 20, containers: 30 }),
      properties: { ...TWO_QUEUES, [`${CAPACITY}.resource-calculator`]: 'org.apache.hadoop.yarn.util.resource.DominantResourceCalculator' },
    }),
  },
  {
    name: 'asynchronous scheduling',
    atMost: 0.7,
    make: (seed) => ({
      workload: workloadOf(seed, { ...simple, applications: 20, containers: 30, hosts: seed % 2 === 0 }),
      properties: { ...TWO_QUEUES, [`${CAPACITY}.schedule-asynchronously.enable`]: 'true' },
    }),
  },
  {
    name: 'labels, shared and exclusive',
    atMost: 0.7,
    make: (seed) => ({
      workload: workloadOf(seed, {
        ...simple,
        applications: 16,
        containers: 30,
        model: 'stages',
        node: (i) => (i % 4 === 0 ? { labels: ['gpu'] } : {}),
        stage: (i) => (i % 3 === 0 ? { nodeLabelExpression: 'gpu' } : {}),
      }),
      properties: {
        ...TWO_QUEUES,
        'yarn.node-labels.enabled': 'true',
        [`${CAPACITY}.root.accessible-node-labels.gpu.capacity`]: '100',
        [`${CAPACITY}.root.a.accessible-node-labels`]: '*',
        [`${CAPACITY}.root.a.accessible-node-labels.gpu.capacity`]: '50',
        [`${CAPACITY}.root.b.accessible-node-labels`]: '*',
        [`${CAPACITY}.root.b.accessible-node-labels.gpu.capacity`]: '50',
      },
    }),
  },
  {
    name: 'nodes that fail, leave and come back',
    atMost: 0.5,
    make: (seed) => ({
      workload: workloadOf(seed, {
        ...simple,
        model: 'stages',
        containers: 30,
        duration: 200_000,
        node: (i) => ({
          ...(i % 4 === 1 && { outages: [{ kind: 'failure' as const, from: 40_000 + i * 777, to: 1_000_000 }] }),
          ...(i % 4 === 2 && { outages: [{ kind: 'maintenance' as const, from: 60_000, to: 300_000, grace: 30_000 }] }),
          ...(i % 4 === 3 && { outages: [{ kind: 'decommission' as const, from: 90_000 }] }),
        }),
      }),
      properties: TWO_QUEUES,
    }),
  },
  {
    name: 'the fair scheduler',
    atMost: 0.8,
    make: (seed) => ({ workload: workloadOf(seed, { ...simple, containers: 30 }), ...fair('<queue name="a"/><queue name="b"/>') }),
  },
  {
    name: 'the fair scheduler: a standing backlog on full nodes',
    atMost: 0.8,
    make: (seed) => ({
      workload: workloadOf(seed, { ...simple, applications: 20, containers: 60, sizes: [1024] }),
      ...fair('<queue name="a"><weight>3</weight></queue><queue name="b"/>'),
    }),
  },
  {
    name: 'the fair scheduler: a standing backlog behind the limit of a queue',
    atMost: 0.7,
    make: (seed) => ({
      workload: workloadOf(seed, { ...simple, nodes: 20, applications: 20, containers: 60 }),
      ...fair(
        '<defaultQueueSchedulingPolicy>drf</defaultQueueSchedulingPolicy>' +
          '<queue name="a"><maxResources>80000 mb, 100 vcores</maxResources></queue>' +
          '<queue name="b"><maxResources>60000 mb, 90 vcores</maxResources><maxAMShare>0.1</maxAMShare></queue>',
      ),
    }),
  },
  {
    name: 'the fair scheduler: locality, waited for',
    atMost: 0.8,
    make: (seed) => ({
      workload: workloadOf(seed, { ...simple, containers: 30, hosts: true }),
      ...fair('<queue name="a"/><queue name="b"/>', {
        'yarn.scheduler.fair.locality.threshold.node': '0.5',
        'yarn.scheduler.fair.locality.threshold.rack': '0.7',
      }),
    }),
  },
  {
    name: 'the fair scheduler: locality thresholds without preferences',
    atMost: 0.9,
    make: (seed) => ({
      workload: workloadOf(seed, { ...simple, applications: 20, containers: 60, sizes: [1024] }),
      ...fair('<queue name="a"/><queue name="b"/>', {
        'yarn.scheduler.fair.locality.threshold.node': '0.5',
        'yarn.scheduler.fair.locality.threshold.rack': '0.7',
      }),
    }),
  },
  {
    name: 'the fair scheduler: reservations',
    atMost: 0.6,
    make: (seed) => ({
      workload: workloadOf(seed, { ...simple, memory: 10_240, applications: 20, sizes: [1024, 3072, 6144], containers: 20, hosts: seed % 3 === 0 }),
      ...fair('<queue name="a"/><queue name="b"><schedulingPolicy>fifo</schedulingPolicy></queue>'),
    }),
  },
  {
    name: 'the fair scheduler: preemption',
    atMost: 0.6,
    make: (seed) => ({
      workload: workloadOf(seed, { ...simple, applications: 16, containers: 50, duration: 300_000 }),
      ...fair(
        '<queue name="a"><minResources>40000 mb, 40 vcores</minResources><minSharePreemptionTimeout>5</minSharePreemptionTimeout></queue>' +
          '<queue name="b"><fairSharePreemptionTimeout>10</fairSharePreemptionTimeout></queue>',
        { 'yarn.scheduler.fair.preemption': 'true', 'yarn.scheduler.fair.preemption.cluster-utilization-threshold': '0.1' },
      ),
    }),
  },
  {
    name: 'the FIFO scheduler',
    atMost: 0.8,
    make: (seed) => ({ workload: workloadOf(seed, { ...simple, containers: 30 }), properties: FIFO }),
  },
  {
    name: 'the FIFO scheduler: a standing backlog on full nodes',
    atMost: 0.8,
    make: (seed) => ({
      workload: workloadOf(seed, { ...simple, applications: 20, containers: 60, sizes: [1024, 3072], hosts: seed % 2 === 0 }),
      properties: FIFO,
    }),
  },
]
