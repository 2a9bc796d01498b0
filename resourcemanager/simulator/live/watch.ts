/** The run over time as a live ResourceManager tells it: queues by its own statistics, nodes and users by what runs here. */
import type { QueueInfoProto } from '../../../common/proto/gen/application-client.js'
import type { YarnClient } from '../../../common/yarn-client/index.js'
import type { QueueSeries, Timeline } from '../results.js'
import type { LiveNode } from './node.js'

/** What containers use, by node and by user: kept by the run. */
export interface Usage {
  memory: number
  vcores: number
}

interface QueueSample {
  readonly queue: string
  readonly leaf: boolean
  readonly usedMemory: number
  readonly usedVcores: number
  readonly reservedMemory: number
  readonly pendingMemory: number
  readonly guaranteed: number
  readonly maximum: number
  readonly running: number
  readonly waiting: number
}

interface Sample {
  readonly queues: readonly QueueSample[]
  readonly nodes: readonly number[]
  readonly users: ReadonlyMap<string, number>
  readonly used: Usage
  readonly reserved: number
  readonly containers: number
}

const MOST = 512

/** @param share of the whole cluster that the queue above is guaranteed, and may have at most */
function samplesOf(q: QueueInfoProto, path: string, share: number, most: number): QueueSample[] {
  const s = q.queueStatistics ?? {}
  const children = q.childQueues
  const own: QueueSample = {
    queue: path,
    leaf: children.length === 0,
    usedMemory: s.allocatedMemoryMB ?? 0,
    usedVcores: s.allocatedVCores ?? 0,
    reservedMemory: s.reservedMemoryMB ?? 0,
    pendingMemory: s.pendingMemoryMB ?? 0,
    guaranteed: share,
    maximum: most,
    running: s.numAppsRunning ?? 0,
    waiting: s.numAppsPending ?? 0,
  }
  const below = children.flatMap((c) => {
    const name = c.queueName ?? ''
    const full = name.startsWith('root') ? name : `${path}.${name}`
    const maximum = c.maximumCapacity === undefined || c.maximumCapacity < 0 ? 1 : c.maximumCapacity
    return samplesOf(c, full, share * Math.max(c.capacity ?? 0, 0), most * maximum)
  })
  return [own, ...below]
}

export class Watch {
  #samples: Sample[] = []
  #interval: number
  /** Samples that are passed over between two that are kept. */
  #every = 1
  #taken = 0

  constructor(
    private readonly yarn: YarnClient,
    private readonly nodes: readonly LiveNode[],
    private readonly use: { readonly nodes: ReadonlyMap<string, Usage>; readonly users: ReadonlyMap<string, Usage> },
    interval: number,
  ) {
    this.#interval = interval
  }

  async sample(): Promise<void> {
    if (this.#taken++ % this.#every !== 0) return
    const root = await this.yarn.getQueueInfo('root', { includeApplications: false, includeChildQueues: true, recursive: true })
    const queues = root ? samplesOf(root, 'root', 1, 1) : []
    const total = this.#total()
    const share = (u: Usage) => Math.max(u.memory / total.memory, u.vcores / total.vcores)
    const used = { memory: 0, vcores: 0 }
    for (const u of this.use.nodes.values()) {
      used.memory += u.memory
      used.vcores += u.vcores
    }
    this.#samples.push({
      queues,
      nodes: this.nodes.map((n) => (this.use.nodes.get(n.spec.host)?.memory ?? 0) / n.spec.resource.memory),
      users: new Map([...this.use.users].map(([user, u]) => [user, share(u)])),
      used,
      reserved: queues[0]?.reservedMemory ?? 0,
      containers: this.nodes.reduce((n, node) => n + node.usedContainers, 0),
    })
    if (this.#samples.length < MOST) return
    this.#samples = this.#samples.filter((_, i) => i % 2 === 0)
    this.#every *= 2
    this.#interval *= 2
  }

  #total(): Usage {
    return this.nodes.reduce((t, n) => ({ memory: t.memory + n.spec.resource.memory, vcores: t.vcores + n.spec.resource.vcores }), { memory: 0, vcores: 0 })
  }

  timeline(): Timeline {
    const samples = this.#samples
    const total = this.#total()
    const each = <T>(of: (s: Sample) => T) => samples.map(of)
    const names = [...new Map(samples.flatMap((s) => s.queues.map((q) => [q.queue, q.leaf] as const)))]
    const queues = names.map(([queue, leaf]): QueueSeries => {
      const of = (value: (q: QueueSample) => number) =>
        each((s) => {
          const q = s.queues.find((x) => x.queue === queue)
          return q ? value(q) : 0
        })
      return {
        queue,
        leaf,
        label: '',
        usedMemory: of((q) => q.usedMemory),
        usedVcores: of((q) => q.usedVcores),
        reservedMemory: of((q) => q.reservedMemory),
        pendingMemory: of((q) => q.pendingMemory),
        guaranteedMemory: of((q) => q.guaranteed * total.memory),
        maximumMemory: of((q) => q.maximum * total.memory),
        guaranteedVcores: of((q) => q.guaranteed * total.vcores),
        maximumVcores: of((q) => q.maximum * total.vcores),
        runningApplications: of((q) => q.running),
        waitingApplications: of((q) => q.waiting),
      }
    })
    const users = [...new Set(samples.flatMap((s) => [...s.users.keys()]))].sort().slice(0, 32)
    return {
      interval: this.#interval,
      clusters: [
        {
          label: '',
          totalMemory: each(() => total.memory),
          totalVcores: each(() => total.vcores),
          usedMemory: each((s) => s.used.memory),
          usedVcores: each((s) => s.used.vcores),
          reservedMemory: each((s) => s.reserved),
          fragmentedMemory: each(() => 0),
          nodes: each(() => this.nodes.length),
          containers: each((s) => s.containers),
        },
      ],
      queues,
      users: users.map((user) => ({ user, share: each((s) => s.users.get(user) ?? 0) })),
      nodes: this.nodes.slice(0, 100).map((n, i) => ({ name: n.spec.host, used: each((s) => s.nodes[i] ?? 0) })),
    }
  }
}
