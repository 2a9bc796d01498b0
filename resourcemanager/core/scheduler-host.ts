/** What the scheduler tells, and what comes of it for applications, attempts and nodes. */
import { add, EXIT } from '../../common/records/index.js'
import type { SchedulerHost } from '../scheduler/attempt.js'
import type { FinishedContainer } from './attempt.js'
import type { ResourceManager } from './resourcemanager.js'

export function schedulerHost(rm: ResourceManager): SchedulerHost {
  const host: SchedulerHost = {
    get now() {
      return rm.now
    },

    invalid: (error) => rm.invalid(error),
    later: (run) => rm.later(run),

    containerStarted(c) {
      rm.observer.containerAllocated(c)
      if (!c.attempt.waitingForAM) {
        rm.observer.masterHasNews(c.attempt.id)
        return
      }
      const attempt = rm.attempt(c.attempt.id)
      if (attempt) rm.send(attempt, { type: 'CONTAINER_ALLOCATED' })
    },

    containerAcquired(c) {
      rm.allocations.add(c, rm.now + rm.config.allocationExpiry)
      host.applicationRunsOnNode(c)
    },

    growthAcquired(c) {
      rm.allocations.add(c, rm.now + rm.config.allocationExpiry)
    },

    applicationRunsOnNode(c) {
      const app = rm.applications.get(c.attempt.application.key)
      if (app && !app.ranNodes.has(c.node.key)) rm.send(app, { type: 'APP_RUNNING_ON_NODE', nodeKey: c.node.key })
    },

    allocationNoLongerPending(c) {
      c.startBy = 0
    },

    containerFinished(c) {
      rm.observer.containerEnded(c)
      host.allocationNoLongerPending(c)
      const app = rm.applications.get(c.attempt.application.key)
      if (!app) return
      const millis = c.finishTime - c.creationTime
      const current = app.current
      if (current) {
        current.charge(c, millis)
        if (c.exitStatus === EXIT.PREEMPTED) {
          current.preempted = add(current.preempted, c.resource)
          current.preemptedMemoryMillis += c.resource.memory * millis
          current.preemptedVcoreMillis += c.resource.vcores * millis
          if (c.isAM) current.preemptedAM = true
          else current.preemptedContainers++
        }
      }
      const container: FinishedContainer = {
        containerId: c.name(),
        nodeId: c.node.nodeId,
        nodeKey: c.node.key,
        status: { exitStatus: c.exitStatus, diagnostics: c.diagnostics },
        resource: c.resource,
      }
      const attempt = app.attempts.get(c.name().applicationAttemptId.attemptId) ?? current
      if (attempt) rm.send(attempt, { type: 'CONTAINER_FINISHED', container })
    },

    cleanContainer(c) {
      const node = rm.nodes.get(c.node.key)
      if (node) rm.send(node, { type: 'CLEANUP_CONTAINER', containerId: c.name() })
    },

    cleanUnknownContainer(on, id) {
      const node = rm.nodes.get(on.key)
      if (node) rm.send(node, { type: 'CLEANUP_CONTAINER', containerId: id })
    },

    updateContainerOnNode(c, type) {
      const node = rm.nodes.get(c.node.key)
      if (node?.state === 'RUNNING') rm.send(node, { type: 'UPDATE_CONTAINER', update: { container: rm.describe(c), decrease: type === 'DECREASE_RESOURCE' } })
    },

    killApplication(id, diagnostics) {
      const app = rm.application(id)
      if (app) rm.send(app, { type: 'KILL', diagnostics })
    },

    auditContainer(operation, result, of) {
      const { user, ...more } = of
      rm.audit(user, operation, 'SchedulerApp', result, more)
    },

    isExclusive: (label) => rm.labels.get(label)?.exclusive ?? true,

    labelNames: () => rm.labels.keys(),
  }
  return host
}
