/** Watches the memory of containers, and says which take more than they may (Hadoop's ContainersMonitorImpl). */
import os from 'node:os'
import { EXIT } from '../../common/records/states.js'
import { CLOCK_TICKS, type ProcessInfo, type Usage, dumpTree, processTree, readProcesses, usageOf } from './process-tree.js'

export interface MonitorLimits {
  readonly pmemCheck: boolean
  readonly vmemCheck: boolean
  /** Milliseconds between looks. */
  readonly interval: number
}

export interface Watched {
  /** Undefined until the container has written its pid. */
  readonly pid: () => number | undefined
  /** Bytes. */
  pmemLimit: number
  vmemLimit: number
}

interface Tracked extends Watched {
  /** Pids seen in the last round: only these count for limits under twice the size, as a fork doubles for a moment. */
  aged: Set<number>
  ticks: { readonly at: number; readonly count: number } | undefined
  usage: ContainerUsage
}

export interface ContainerUsage extends Usage {
  /** Cores in use. */
  readonly cpu: number
}

const IDLE: ContainerUsage = { pmem: 0, vmem: 0, cpuTicks: 0, cpu: 0 }

export class ContainersMonitor {
  readonly #tracked = new Map<string, Tracked>()
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(
    private readonly limits: MonitorLimits,
    private readonly kill: (containerId: string, exitStatus: number, diagnostics: string) => void,
    private readonly onError: (e: unknown) => void,
  ) {}

  watch(containerId: string, watched: Watched): void {
    this.#tracked.set(containerId, { ...watched, aged: new Set(), ticks: undefined, usage: IDLE })
    this.#schedule()
  }

  unwatch(containerId: string): void {
    this.#tracked.delete(containerId)
  }

  /** New limits after an update of the container's resources. */
  resize(containerId: string, pmemLimit: number, vmemLimit: number): void {
    const t = this.#tracked.get(containerId)
    if (t) Object.assign(t, { pmemLimit, vmemLimit })
  }

  /** Of all containers together. */
  get total(): ContainerUsage {
    const sum = { pmem: 0, vmem: 0, cpuTicks: 0, cpu: 0 }
    for (const { usage } of this.#tracked.values()) {
      sum.pmem += usage.pmem
      sum.vmem += usage.vmem
      sum.cpuTicks += usage.cpuTicks
      sum.cpu += usage.cpu
    }
    return sum
  }

  usage(containerId: string): ContainerUsage {
    return this.#tracked.get(containerId)?.usage ?? IDLE
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#stopped) return
    this.#timer = setTimeout(() => {
      this.look()
        .catch(this.onError)
        .finally(() => {
          this.#timer = undefined
          if (this.#tracked.size > 0) this.#schedule()
        })
    }, this.limits.interval)
  }

  /** One round over all containers. */
  async look(): Promise<void> {
    const all = await readProcesses()
    for (const [id, t] of this.#tracked) {
      const pid = t.pid()
      if (pid === undefined) continue
      const tree = processTree(all, pid)
      if (tree.length > 0) this.#check(id, t, pid, tree)
    }
  }

  #check(id: string, t: Tracked, pid: number, tree: readonly ProcessInfo[]): void {
    const now = performance.now()
    const usage = usageOf(tree)
    const aged = usageOf(tree.filter((p) => t.aged.has(p.pid)))
    const cpu = t.ticks ? Math.max(0, (usage.cpuTicks - t.ticks.count) / CLOCK_TICKS / ((now - t.ticks.at) / 1000)) : 0
    t.usage = { ...usage, cpu: Math.min(cpu, os.availableParallelism()) }
    t.ticks = { at: now, count: usage.cpuTicks }
    t.aged = new Set(tree.map((p) => p.pid))
    const over = (current: number, old: number, limit: number) => current > 2 * limit || old > limit
    const exceeded =
      this.limits.vmemCheck && over(usage.vmem, aged.vmem, t.vmemLimit)
        ? { kind: 'VIRTUAL', by: usage.vmem - t.vmemLimit, status: EXIT.KILLED_EXCEEDED_VMEM }
        : this.limits.pmemCheck && over(usage.pmem, aged.pmem, t.pmemLimit)
          ? { kind: 'PHYSICAL', by: usage.pmem - t.pmemLimit, status: EXIT.KILLED_EXCEEDED_PMEM }
          : undefined
    if (!exceeded) return
    this.#tracked.delete(id)
    const text = `${binaryPrefix(usage.pmem)}B of ${binaryPrefix(t.pmemLimit)}B physical memory used; ${binaryPrefix(usage.vmem)}B of ${binaryPrefix(t.vmemLimit)}B virtual memory used`
    this.kill(
      id,
      exceeded.status,
      `Container [pid=${pid},containerID=${id}] is running ${exceeded.by}B beyond the '${exceeded.kind}' memory limit. Current usage: ${text}. Killing container.\nDump of the process-tree for ${id} :\n${dumpTree(tree)}`,
    )
  }
}

/** `1.5 G` (Hadoop's TraditionalBinaryPrefix with one decimal). */
export function binaryPrefix(n: number): string {
  const units = ['', 'K', 'M', 'G', 'T', 'P', 'E']
  let unit = 0
  let value = n
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return unit === 0 ? `${n} ` : Number.isInteger(value) ? `${value} ${units[unit]}` : `${value.toFixed(1)} ${units[unit]}`
}
