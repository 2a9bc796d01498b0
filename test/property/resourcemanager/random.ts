/** A cluster driven at random, every step valid in form: what a plain list of numbers makes of it, so that failures shrink. */
import { isException } from '../../../common/errors.js'
import type { ApplicationAttemptId, ContainerId } from '../../../common/records/index.js'
import type { AllocatedContainer, Event, ResourceRequest } from '../../../resourcemanager/core/index.js'
import { Cluster, gb, request, type SimNode } from '../../unit/resourcemanager-core/cluster.js'

interface Master {
  readonly id: ApplicationAttemptId
  readonly containers: AllocatedContainer[]
}

/** One operation: what to do, and three choices for it. */
export type Operation = readonly [kind: number, a: number, b: number, c: number]

export class RandomCluster {
  readonly cluster: Cluster
  readonly masters: Master[] = []
  #hosts = 0
  readonly #versions = new Map<AllocatedContainer, number>()

  constructor(properties: Record<string, string>) {
    this.cluster = new Cluster(properties)
    for (let i = 0; i < 3; i++) this.#addNode(8)
  }

  #addNode(size: number): void {
    this.cluster.addNode(`n${++this.#hosts}`, gb(size, size), { rack: `/r${this.#hosts % 2}` })
  }

  #pick<T>(of: readonly T[], at: number): T | undefined {
    return of[at % Math.max(of.length, 1)]
  }

  #node(at: number): SimNode | undefined {
    return this.#pick([...this.cluster.nodes.values()], at)
  }

  /** Starts application masters that have a container; forgets those that are over. */
  #collect(): void {
    const { core } = this.cluster
    for (const report of core.applications(this.cluster.now)) {
      const id = report.currentAttemptId
      const attempt = id && core.attempt(id)
      if (!id || attempt?.state !== 'ALLOCATED') continue
      const host = attempt.masterContainer!.nodeId.host
      if (!this.cluster.nodes.has(host)) continue
      this.cluster.launch(id)
      if (core.attempt(id)?.state !== 'LAUNCHED') continue
      this.cluster.register(id)
      this.masters.push({ id, containers: [] })
    }
    for (let i = this.masters.length - 1; i >= 0; i--) {
      if (core.attempt(this.masters[i]!.id)?.state !== 'RUNNING') this.masters.splice(i, 1)
    }
  }

  #heartbeat(node: SimNode, completed: { id: ContainerId; exitStatus?: number }[] = []): void {
    const key = { nodeId: node.nodeId }
    const state = this.cluster.core.node(key.nodeId)?.state
    if (state !== 'RUNNING' && state !== 'UNHEALTHY' && state !== 'DECOMMISSIONING') return
    const answer = this.cluster.heartbeat(node, completed)
    if (answer.action !== 'NORMAL') this.cluster.nodes.delete(node.nodeId.host)
  }

  /** What it gets; a request above the maximum that the nodes leave is refused, and that is right. */
  #allocate(master: Master, asks: readonly ResourceRequest[]): readonly AllocatedContainer[] {
    try {
      return this.cluster.allocate(master.id, asks).allocated
    } catch (e) {
      if (isException(e, 'InvalidResourceRequestException')) return []
      throw e
    }
  }

  #asks(a: number, b: number, c: number): ResourceRequest[] {
    const size = gb(1 + (a % 6), 1 + (b % 3))
    const count = b % 5
    const priority = 1 + (c % 3)
    const any = request(size, count, { priority, relaxLocality: c % 7 !== 0 || a % 2 === 0 })
    const node = this.#node(c)
    if (a % 3 !== 0 || !node) return [any]
    const rack = this.cluster.core.node(node.nodeId)?.rack ?? '/default-rack'
    return [any, request(size, count, { priority, resourceName: node.nodeId.host }), request(size, count, { priority, resourceName: rack })]
  }

  do([kind, a, b, c]: Operation): void {
    const { cluster } = this
    switch (kind % 17) {
      case 0:
      case 1: {
        const queue = a % 2 === 0 ? 'default' : 'hive'
        cluster.submit({
          user: `u${b % 3}`,
          queue,
          priority: c % 4,
          maxAppAttempts: 1 + (a % 2),
          keepContainers: b % 4 === 0,
          amRequests: [request(gb(1 + (c % 2)))],
        })
        break
      }
      case 2:
      case 3:
      case 4:
      case 5: {
        const node = this.#node(a)
        if (node) this.#heartbeat(node)
        break
      }
      case 6:
      case 7:
      case 8: {
        const master = this.#pick(this.masters, a)
        if (master) {
          const allocated = this.#allocate(master, this.#asks(a, b, c))
          for (const container of allocated) {
            master.containers.push(container)
            if (b % 3 !== 0 && cluster.nodes.has(container.nodeId.host)) cluster.start(container)
          }
        }
        break
      }
      case 9: {
        const master = this.#pick(this.masters, a)
        const container = master && this.#pick(master.containers, b)
        if (container && container.containerId.applicationAttemptId.attemptId === master.id.attemptId) {
          master.containers.splice(master.containers.indexOf(container), 1)
          cluster.allocate(master.id, [], { releases: [container.containerId] })
        }
        break
      }
      case 10: {
        const node = this.#node(a)
        const id = node && this.#pick([...node.running.values()], b)
        if (node && id) this.#heartbeat(node, [{ id, exitStatus: c % 3 }])
        break
      }
      case 11: {
        const master = this.#pick(this.masters, a)
        if (master && b % 2 === 0) {
          cluster.step({ type: 'finishApplicationMaster', attemptId: master.id, finalStatus: 'SUCCEEDED', diagnostics: 'done' })
        } else if (master) {
          cluster.step({ type: 'killApplication', applicationId: master.id.applicationId, user: 'root' })
        }
        break
      }
      case 12:
        cluster.advance(1000 * (a % 200))
        break
      case 13: {
        const node = this.#node(a)
        if (!node) break
        if (b % 4 === 0) {
          cluster.step({ type: 'unregisterNode', nodeId: node.nodeId })
          cluster.nodes.delete(node.nodeId.host)
        } else if (b % 4 === 1) {
          cluster.step({ type: 'updateNodeResource', nodeId: node.nodeId, resource: gb(4 + (c % 8), 4 + (c % 8)) })
        } else if (b % 4 === 2) {
          const state = cluster.core.node(node.nodeId)?.state
          if (state === 'RUNNING' || state === 'UNHEALTHY') cluster.heartbeat(node, [], c % 2 === 0)
        } else if (this.#hosts < 12) {
          this.#addNode(4 + (c % 3) * 4)
        }
        break
      }
      case 14: {
        const master = this.#pick(this.masters, a)
        const event: Event | undefined =
          master && b % 2 === 0
            ? { type: 'moveApplication', applicationId: master.id.applicationId, queue: c % 2 === 0 ? 'default' : 'hive', user: 'root' }
            : master && { type: 'updatePriority', applicationId: master.id.applicationId, priority: c % 5, user: 'root' }
        if (event) cluster.step(event)
        break
      }
      case 16: {
        const master = this.#pick(this.masters, a)
        const container = master && this.#pick(master.containers, b)
        if (container) {
          const containerVersion = cluster.core.container(container.containerId) ? (this.#versions.get(container) ?? 0) : 9
          const updateType = c % 2 === 0 ? 'INCREASE_RESOURCE' : 'DECREASE_RESOURCE'
          const { updated } = cluster.allocate(master.id, [], {
            updates: [{ containerId: container.containerId, containerVersion, updateType, capability: gb(1 + (c % 6), 1) }],
          })
          for (const u of updated) {
            const changed = master.containers.find((k) => k.containerId.id === u.container.containerId.id)
            if (changed) this.#versions.set(changed, u.container.version)
          }
        }
        break
      }
      case 15: {
        const master = this.#pick(this.masters, a)
        const node = this.#node(b)
        if (master && node)
          cluster.allocate(master.id, [], c % 2 === 0 ? { blacklistAdditions: [node.nodeId.host] } : { blacklistRemovals: [node.nodeId.host] })
        break
      }
    }
    this.#collect()
  }
}
