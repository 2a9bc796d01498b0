/**
 * Preemption (ProportionalCapacityPreemptionPolicy): which containers are asked back for queues below their share, and for those within a queue who
 * should come first; what has not been given back after a wait is taken.
 */
import { inHashOrder } from '../../../../common/lang/javahash.js'
import { multiplyDown, NONE, type Resource, subtract } from '../../../../common/records/index.js'
import type { RMContainer } from '../../container.js'
import type { CapacityScheduler } from '../capacity.js'
import type { LeafQueue } from '../leaf.js'
import { inMapOrder } from '../../node.js'
import { dampen, selectBetweenQueues } from './betweenqueues.js'
import { ByPriority } from './bypriority.js'
import { type Budget, selectForReservations } from './reserved.js'
import { Selection } from './selection.js'
import type { PreemptionSettings } from './settings.js'
import { type How, IdealShares, leavesOf, type Share, shareOf } from './shares.js'
import { WithinQueues } from './withinqueues.js'

export class Preemption {
  /** Containers asked back, and since when. */
  readonly #asked = new Map<RMContainer, number>()
  readonly #byPriority: ByPriority

  constructor(
    private readonly scheduler: CapacityScheduler,
    public settings: PreemptionSettings,
  ) {
    this.#byPriority = new ByPriority(scheduler)
  }

  /** One round. @returns the containers whose time is up */
  round(now: number): RMContainer[] {
    const { scheduler, settings } = this
    const selection = new Selection(scheduler.settings.calculator, scheduler.cluster.total, multiplyDown(scheduler.cluster.total, settings.perRound))
    const roots = this.#partitions().map((p) => shareOf(scheduler, scheduler.root, p))
    const underServed = new Set<Share>()
    const due: RMContainer[] = []
    const choose = (wait: number, select: () => void) => {
      const before = new Set(selection.all())
      select()
      if (settings.observeOnly) return
      for (const c of selection.all()) if (!before.has(c) && this.#askBack(c, wait, now)) due.push(c)
    }
    const nodes = inMapOrder(scheduler.cluster.nodes.values(), scheduler.cluster.size)
    const { byPriority, countReserved } = settings
    if (byPriority.enabled) choose(settings.waitBeforeKill, () => this.#byPriority.select(byPriority, nodes, roots.flatMap(leavesOf), selection, now))
    if (settings.forReservations) {
      choose(settings.waitBeforeKill, () => {
        const leaves = this.#compute(roots, selection, { balance: false, reserved: true }, underServed)
        selectForReservations(scheduler.settings.calculator, nodes, this.#budget(leaves.flat()), selection)
      })
    }
    choose(settings.waitBeforeKill, () => this.#betweenQueues(roots, selection, { balance: false, reserved: countReserved }, underServed))
    if (settings.balance.enabled)
      choose(settings.balance.waitBeforeKill, () => this.#betweenQueues(roots, selection, { balance: true, reserved: false }, underServed))
    if (settings.withinQueues.enabled) {
      const leaves = roots.flatMap((root) => [...underServed].filter((s) => s.partition === root.partition && s.queue.kind === 'leaf'))
      choose(settings.waitBeforeKill, () => new WithinQueues(scheduler, settings, selection).select(leaves))
    }
    if (!settings.observeOnly) for (const [c, since] of this.#asked) if (since + 2 * settings.waitBeforeKill < now) this.#asked.delete(c)
    return due
  }

  /** @returns whether its time is up */
  #askBack(c: RMContainer, wait: number, now: number): boolean {
    const since = this.#asked.get(c)
    if (since === undefined) {
      this.#asked.set(c, now)
      const attempt = c.attempt.application.current
      if (attempt?.live.has(c)) attempt.toPreempt.add(c)
      return false
    }
    if (since + wait > now) return false
    this.#asked.delete(c)
    return true
  }

  #partitions(): string[] {
    return inHashOrder(new Set([...this.scheduler.host.labelNames(), '']))
  }

  /** What each leaf queue gives back. @returns those that may be taken from, each in its partitions */
  #compute(roots: readonly Share[], selection: Selection, how: How, underServed: Set<Share>): Share[][] {
    const { scheduler, settings } = this
    const ideal = new IdealShares(scheduler.settings.calculator, selection.allowed, how, (s) => underServed.add(s))
    for (const root of roots) ideal.compute(root)
    const byQueue = new Map<string, Share[]>()
    for (const s of roots.flatMap(leavesOf)) byQueue.set(s.queue.path, [...(byQueue.get(s.queue.path) ?? []), s])
    const leaves = inHashOrder(byQueue.keys())
      .map((path) => byQueue.get(path)!)
      .filter(([s]) => !s!.queue.spec.preemptionDisabled)
    for (const partitions of leaves) for (const s of partitions) dampen(scheduler, settings, s, how.reserved)
    return leaves
  }

  #budget(leaves: readonly Share[]): Budget {
    const { calculator } = this.scheduler.settings
    const budget: Budget = new Map()
    for (const s of leaves) {
      if (calculator.compare(this.scheduler.cluster.total, s.toObtain, NONE) <= 0) continue
      const of = budget.get(s.queue.path) ?? new Map<string, Resource>()
      budget.set(s.queue.path, of.set(s.partition, s.toObtain))
    }
    return budget
  }

  #betweenQueues(roots: readonly Share[], selection: Selection, how: How, underServed: Set<Share>): void {
    const { scheduler, settings } = this
    const leaves = this.#compute(roots, selection, how, underServed)
    this.#deduct(roots, selection)
    for (const partitions of leaves) selectBetweenQueues(scheduler, settings, partitions[0]!.queue as LeafQueue, partitions, selection)
  }

  /** What has been chosen already need not be obtained again. */
  #deduct(roots: readonly Share[], selection: Selection): void {
    const rc = this.scheduler.settings.calculator
    const leaves = roots.flatMap(leavesOf)
    for (const c of selection.all()) {
      const s = leaves.find((l) => l.queue.path === c.attempt.queue.path && l.partition === c.node.partition)
      if (!s) continue
      const whole = s.queue.partitionTotal(s.partition)
      if (rc.compare(whole, s.toObtain, c.resource) > 0) s.toObtain = subtract(s.toObtain, c.resource)
      if (rc.compare(whole, s.toObtain, NONE) < 0) s.toObtain = NONE
    }
  }
}
