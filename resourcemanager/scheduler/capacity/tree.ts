/** The tree of queues: made from the configuration, changed by a new one, grown by queues that are made as applications are mapped to them (CapacitySchedulerQueueManager). */
import { exception } from '../../../common/errors.js'
import type { Resource } from '../../../common/records/index.js'
import type { CapacityScheduler } from './capacity.js'
import { LeafQueue } from './leaf.js'
import { ParentQueue } from './parent.js'
import type { CapacityQueue } from './queue.js'
import { autoCreatedQueue, type QueueSpec } from './spec.js'

export class QueueTree {
  readonly root: ParentQueue
  #byPath = new Map<string, CapacityQueue>()
  #byName = new Map<string, CapacityQueue[]>()

  constructor(
    private readonly scheduler: CapacityScheduler,
    spec: QueueSpec,
  ) {
    this.root = new ParentQueue(scheduler, spec, undefined)
    this.#build(this.root, spec)
    this.#index()
  }

  #build(queue: CapacityQueue, spec: QueueSpec): void {
    queue.configure(spec)
    if (queue.kind === 'leaf') return
    const parent = queue as ParentQueue
    for (const child of spec.children) {
      const made = this.#make(child, parent)
      parent.children.push(made)
      this.#build(made, child)
    }
  }

  #make(spec: QueueSpec, parent: ParentQueue): CapacityQueue {
    return spec.children.length > 0 || spec.autoCreate ? new ParentQueue(this.scheduler, spec, parent) : new LeafQueue(this.scheduler, spec, parent)
  }

  #index(): void {
    this.#byPath = new Map()
    this.#byName = new Map()
    const add = (queue: CapacityQueue) => {
      this.#byPath.set(queue.path, queue)
      const same = this.#byName.get(queue.name)
      if (same) same.push(queue)
      else this.#byName.set(queue.name, [queue])
      if (queue.kind === 'parent') for (const child of (queue as ParentQueue).children) add(child)
    }
    add(this.root)
  }

  /** By path, or by name where only one queue has it. */
  queue(name: string): CapacityQueue | undefined {
    const byPath = this.#byPath.get(name)
    if (byPath) return byPath
    const named = this.#byName.get(name)
    return named?.length === 1 ? named[0] : undefined
  }

  isAmbiguous(name: string): boolean {
    return !this.#byPath.has(name) && (this.#byName.get(name)?.length ?? 0) > 1
  }

  /** @throws YarnException in Hadoop's words when the parent makes no queues, or no more */
  autoCreate(name: string, under: string): LeafQueue {
    const { config, properties, settings } = this.scheduler
    const parent = this.queue(under)
    if (parent?.kind !== 'parent' || !parent.spec.autoCreate) {
      throw exception(
        'YarnException',
        `Could not auto-create leaf queue for ${name}. Queue mapping does not specify an existing parent queue that may create queues: ${under}`,
      )
    }
    const path = `${parent.path}.${name}`
    const { children } = parent as ParentQueue
    const most = config.queue(parent.path).number('auto-create-child-queue.max-queues') ?? 1000
    if (children.length >= most) {
      throw exception(
        'YarnException',
        `Cannot auto create leaf queue ${path}.Max Child Queue limit exceeded which is configured as : ${most} and number of child queues is : ${children.length}`,
      )
    }
    const leaf = new LeafQueue(this.scheduler, autoCreatedQueue(parent.spec, name, properties, settings.maximumAllocation), parent as ParentQueue)
    leaf.autoCreated = true
    leaf.configure(leaf.spec)
    const guaranteed = children.reduce((sum, c) => sum + c.share('').absoluteCapacity, leaf.share('').absoluteCapacity)
    if (guaranteed > parent.share('').absoluteCapacity + 1e-6) {
      if (config.queue(parent.path).flag('auto-create-child-queue.fail-on-exceeding-parent-capacity', false)) {
        throw exception(
          'YarnException',
          `Cannot auto create leaf queue ${path}. Child queues capacities have reached parent queue : ${parent.path}'s guaranteed capacity`,
        )
      }
    }
    children.push(leaf)
    ;(parent as ParentQueue).managed.add(leaf)
    this.#index()
    return leaf
  }

  leaf(name: string): LeafQueue | undefined {
    const queue = this.queue(name)
    return queue?.kind === 'leaf' ? (queue as LeafQueue) : undefined
  }

  /** @throws IOException naming the queue that can't be changed so */
  checkChange(spec: QueueSpec): void {
    this.#checkChange(this.root, spec)
  }

  /** Takes over a configuration that has been checked. */
  apply(spec: QueueSpec): void {
    this.#apply(this.root, spec)
    this.#index()
  }

  #checkChange(queue: CapacityQueue, spec: QueueSpec): void {
    if (queue.kind === 'leaf') {
      if ((spec.children.length > 0 || spec.autoCreate) && queue.state !== 'STOPPED') {
        throw exception(
          'IOException',
          `Can not convert the leaf queue: ${queue.path} to parent queue since it is not yet in stopped state. Current State : ${queue.state}`,
        )
      }
      const before = queue.spec.maximumAllocation
      if (before.memory > spec.maximumAllocation.memory || before.vcores > spec.maximumAllocation.vcores) {
        const show = (r: Resource) => `<memory:${r.memory}, vCores:${r.vcores}>`
        throw exception(
          'IOException',
          `Trying to reinitialize ${queue.path} the maximum allocation size can not be decreased! Current setting: ${show(before)}, trying to set it to: ${show(spec.maximumAllocation)}`,
        )
      }
      return
    }
    for (const child of (queue as ParentQueue).children) {
      const next = spec.children.find((s) => s.path === child.path)
      if (next) this.#checkChange(child, next)
      else if (!child.autoCreated && child.state !== 'STOPPED') {
        throw exception(
          'IOException',
          `${child.path} cannot be deleted from the capacity scheduler configuration, as the queue is not yet in stopped state. Current State : ${child.state}`,
        )
      }
    }
  }

  #apply(queue: CapacityQueue, spec: QueueSpec): void {
    queue.followState(spec)
    queue.configure(spec)
    if (queue.kind === 'leaf') {
      ;(queue as LeafQueue).activateApplications()
      return
    }
    const parent = queue as ParentQueue
    const before = new Map(parent.children.map((c) => [c.path, c]))
    parent.children = [
      ...spec.children.map((s) => {
        const old = before.get(s.path)
        if (old && (old.kind === 'parent') === (s.children.length > 0 || s.autoCreate)) {
          this.#apply(old, s)
          return old
        }
        const made = this.#make(s, parent)
        this.#build(made, s)
        return made
      }),
      ...parent.children.filter((c) => c.autoCreated),
    ]
    for (const child of parent.children) {
      if (child.autoCreated) child.configure(autoCreatedQueue(spec, child.name, this.scheduler.properties, this.scheduler.settings.maximumAllocation))
    }
    parent.managed.restart()
  }
}
