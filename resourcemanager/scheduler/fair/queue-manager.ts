/** The tree of queues: those of the allocation file, and those that placement makes on the way (QueueManager). */
import type { Allocations, FairQueueSpec } from './allocations.js'
import type { FairScheduler } from './fair.js'
import { FairQueue } from './queues.js'

/** How often queues that were made on the way and are empty are looked for. */
const CHECK_INTERVAL = 10_000
const DEFAULT_QUEUE = 'root.default'

export const rooted = (name: string): string => (name === 'root' || name.startsWith('root.') ? name : `root.${name}`)
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('.'))

export class QueueManager {
  readonly root: FairQueue
  readonly #queues = new Map<string, FairQueue>()
  #configured = new Map<string, FairQueueSpec>()
  #allocations: Allocations
  /** Of the file, and still the other kind of queue, with applications. */
  #incompatible: FairQueueSpec[] = []
  #nextCheck: number | undefined

  constructor(
    private readonly scheduler: FairScheduler,
    allocations: Allocations,
  ) {
    this.#allocations = allocations
    this.root = new FairQueue(scheduler, allocations.root, undefined, false, true)
    this.#queues.set('root', this.root)
    this.configure(allocations)
    if (!this.#queues.has(DEFAULT_QUEUE)) this.#make(DEFAULT_QUEUE, true)
    this.#queues.get(DEFAULT_QUEUE)!.configured = true
  }

  all(): Iterable<FairQueue> {
    return this.#queues.values()
  }

  find(name: string): FairQueue | undefined {
    return this.#queues.get(rooted(name))
  }

  /** A queue that stays, whether anything is in it or not. */
  isConfigured(name: string): boolean {
    return this.find(name)?.configured ?? false
  }

  /** The leaf queue of the path, made with all above it when it is missing; undefined when something on the way is no such queue. */
  leafFor(name: string): FairQueue | undefined {
    const path = rooted(name)
    const queue = this.#queues.get(path) ?? this.#make(path, true)
    return queue?.isLeaf ? queue : undefined
  }

  #make(path: string, isLeaf: boolean): FairQueue | undefined {
    if (path.split('.').some((part) => part === '' || part !== part.trim())) return undefined
    const parent = this.#queues.get(parentOf(path)) ?? this.#make(parentOf(path), false)
    if (!parent || parent.isLeaf) return undefined
    const spec = this.#specOf(path)
    const queue = new FairQueue(this.scheduler, spec, parent, isLeaf, this.#configured.has(path))
    parent.children.push(queue)
    this.#queues.set(path, queue)
    if (!queue.configured) this.#nextCheck ??= this.scheduler.host.now + CHECK_INTERVAL
    return queue
  }

  #specOf(path: string): FairQueueSpec {
    const name = path.slice(path.lastIndexOf('.') + 1)
    return this.#configured.get(path) ?? { ...this.#allocations.queueDefaults, name, path, parent: false, children: [] }
  }

  /** Takes the queues of an allocation file: what it no longer names stays while something is in it. */
  configure(allocations: Allocations): void {
    const dropped = new Set(this.#configured.keys())
    this.#allocations = allocations
    this.#configured = new Map()
    const gather = (spec: FairQueueSpec): FairQueueSpec[] => [spec, ...spec.children.flatMap(gather)]
    const specs = gather(allocations.root)
    for (const spec of specs) this.#configured.set(spec.path, spec)
    this.#incompatible = []
    for (const spec of specs) {
      dropped.delete(spec.path)
      if (spec.path !== 'root') this.#ensure(spec)
    }
    for (const path of dropped) {
      const queue = this.#queues.get(path)
      if (queue && path !== DEFAULT_QUEUE) queue.configured = false
    }
    for (const queue of this.#queues.values()) queue.spec = this.#specOf(queue.path)
    if (dropped.size > 0 || this.#incompatible.length > 0) this.#nextCheck ??= this.scheduler.host.now + CHECK_INTERVAL
  }

  #ensure(spec: FairQueueSpec): void {
    const blocking = this.#blocking(spec)
    if (blocking && !blocking.empty) {
      this.#incompatible.push(spec)
      return
    }
    if (blocking) this.#remove(blocking)
    const queue = this.#queues.get(spec.path) ?? this.#make(spec.path, !spec.parent)
    if (queue) queue.configured = true
  }

  /** The queue that is there as a leaf and should be a parent, or the other way round. */
  #blocking(spec: FairQueueSpec): FairQueue | undefined {
    const there = this.#queues.get(spec.path)
    if (there) return there.isLeaf === spec.parent ? there : undefined
    for (let path = parentOf(spec.path); path !== ''; path = parentOf(path)) {
      const above = this.#queues.get(path)
      if (above) return above.isLeaf ? above : undefined
    }
    return undefined
  }

  #remove(queue: FairQueue): void {
    for (const child of [...queue.children]) this.#remove(child)
    this.#queues.delete(queue.path)
    const { children } = queue.parent!
    children.splice(children.indexOf(queue), 1)
  }

  // ── queues that go when they are empty ──

  nextTimer(): number | undefined {
    return this.#nextCheck
  }

  /** An application has left a queue: it may be empty. */
  left(queue: FairQueue): void {
    if (!queue.configured && queue.empty) this.#nextCheck ??= this.scheduler.host.now + CHECK_INTERVAL
  }

  tick(now: number): void {
    if (this.#nextCheck === undefined || now < this.#nextCheck) return
    this.#nextCheck = undefined
    for (const queue of this.root.leaves()) {
      for (let q: FairQueue | undefined = queue; q?.parent && !q.configured && q.empty && q.children.length === 0; q = q.parent) this.#remove(q)
    }
    const waiting = this.#incompatible
    this.#incompatible = []
    for (const spec of waiting) this.#ensure(spec)
    if (this.#incompatible.length > 0) this.#nextCheck = now + CHECK_INTERVAL
  }
}
