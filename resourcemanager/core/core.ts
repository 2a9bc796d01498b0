/** Puts the parts together: events in, answers and effects out. */
import { HadoopException } from '../../common/errors.js'
import { assertNever } from '../../common/lang/index.js'
import { formatNodeId } from '../../common/records/index.js'
import { applicationKey } from '../scheduler/scheduler.js'
import type { Answer, Answers } from './answers.js'
import {
  failAttempt,
  killApplication,
  moveApplication,
  recordApplication,
  signalContainer,
  submitApplication,
  updatePriority,
  updateTimeouts,
} from './clients.js'
import type { CoreConfig } from './config.js'
import type { Event } from './events.js'
import type { Core, Outcome } from './index.js'
import { allocate, amLaunched, amLaunchFailed, finishApplicationMaster, registerApplicationMaster } from './masters.js'
import {
  applicationReport,
  applicationSummary,
  attemptReport,
  clusterMetrics,
  containerReport,
  mayAccess,
  mayAccessQueue,
  nodeLabels,
  nodeReport,
  waits,
} from './queries.js'
import { recover } from './recovery.js'
import { NOBODY, type Observer } from './observer.js'
import { ResourceManager } from './resourcemanager.js'
import {
  addNodeLabels,
  nodeHeartbeat,
  refreshNodes,
  registerNode,
  removeNodeLabels,
  replaceLabelsOnNodes,
  unregisterNode,
  updateNodeResource,
} from './tracker.js'

function handle(rm: ResourceManager, event: Event): Answers[Event['type']] {
  switch (event.type) {
    case 'submitApplication':
      return submitApplication(rm, event)
    case 'killApplication':
      return killApplication(rm, event)
    case 'failAttempt':
      return failAttempt(rm, event)
    case 'moveApplication':
      return moveApplication(rm, event)
    case 'updatePriority':
      return updatePriority(rm, event)
    case 'updateTimeouts':
      return updateTimeouts(rm, event)
    case 'signalContainer':
      return signalContainer(rm, event)
    case 'registerApplicationMaster':
      return registerApplicationMaster(rm, event)
    case 'allocate':
      return allocate(rm, event)
    case 'finishApplicationMaster':
      return finishApplicationMaster(rm, event)
    case 'amLaunched':
      return amLaunched(rm, event)
    case 'amLaunchFailed':
      return amLaunchFailed(rm, event)
    case 'registerNode':
      return registerNode(rm, event)
    case 'nodeHeartbeat':
      return nodeHeartbeat(rm, event)
    case 'unregisterNode':
      return unregisterNode(rm, event)
    case 'refreshQueues':
      rm.scheduler.refresh(event.properties, event.allocations)
      return undefined
    case 'refreshNodes':
      return refreshNodes(rm, event)
    case 'updateNodeResource':
      return updateNodeResource(rm, event)
    case 'addNodeLabels':
      return addNodeLabels(rm, event)
    case 'removeNodeLabels':
      return removeNodeLabels(rm, event)
    case 'replaceLabelsOnNodes':
      return replaceLabelsOnNodes(rm, event)
    case 'recordNode':
      rm.scheduler.activities?.recordNode(event.nodeId && formatNodeId(event.nodeId), rm.now)
      return undefined
    case 'recordApplication':
      recordApplication(rm, event)
      return undefined
    case 'tick':
      rm.tick()
      return undefined
    case 'recover':
      return recover(rm, event)
    default:
      return assertNever(event, 'event')
  }
}

/** @throws IllegalArgumentException in Hadoop's words when the scheduler can't be configured so */
export function createCore(config: CoreConfig, observer: Observer = NOBODY): Core {
  const rm = new ResourceManager(config, observer)

  function step<E extends Event>(event: E, now: number): Outcome<E> {
    // A clock set back must not make anything younger than it was.
    rm.now = Math.max(now, rm.now)
    rm.effects = []
    let answer: Answer<E> | undefined
    let error: HadoopException | undefined
    try {
      answer = handle(rm, event) as Answer<E>
    } catch (e) {
      if (!(e instanceof HadoopException)) throw e
      error = e
    }
    rm.settle()
    return { effects: rm.effects, answer, error }
  }

  return {
    step,
    nextTimer: () => rm.nextTimer(),
    checkInvariants: () => rm.scheduler.checkInvariants(),
    application(id, now) {
      const app = rm.application(id)
      return app && applicationReport(rm, app, now)
    },
    applications(now, wanted, limit = Number.POSITIVE_INFINITY) {
      const reports = []
      for (const app of rm.applications.values()) {
        if (reports.length >= limit) break
        if (wanted(applicationSummary(rm, app))) reports.push(applicationReport(rm, app, now))
      }
      return reports
    },
    applicationSummaries: () => Array.from(rm.applications.values(), (app) => applicationSummary(rm, app)),
    attempts(id) {
      const app = rm.application(id)
      return app && [...app.attempts.values()].map((a) => attemptReport(rm, a))
    },
    attempt(id) {
      const attempt = rm.attempt(id)
      return attempt && attemptReport(rm, attempt)
    },
    containers(id) {
      if (!rm.attempt(id)) return undefined
      const held = rm.scheduler.attempt(id)
      if (!held) return []
      return [...held.live.values(), ...held.reservations()].map(containerReport)
    },
    container(id) {
      const c = rm.scheduler.container(id)
      return c && containerReport(c)
    },
    nodes: () => [...rm.nodes.values(), ...rm.inactiveNodes.values()].map((n) => nodeReport(rm, n)),
    node(id) {
      const key = `${id.host}:${id.port}`
      const node = rm.nodes.get(key) ?? rm.inactiveNodes.get(key)
      return node && nodeReport(rm, node)
    },
    nodeView: (id) => rm.scheduler.cluster.nodes.get(`${id.host}:${id.port}`),
    heartbeatMatters: (node) => rm.scheduler.offerMatters(node),
    offersMatter: () => rm.scheduler.offersMatter(),
    smallestPending: (partition) => rm.scheduler.smallestPending(partition),
    containersOnNode: (id) => [...(rm.scheduler.cluster.nodes.get(`${id.host}:${id.port}`)?.containers ?? [])].map(containerReport),
    queues: () => rm.scheduler.rootReport(),
    queue: (name) => rm.scheduler.queueReport(name),
    health: () => rm.scheduler.health(),
    metrics: () => clusterMetrics(rm),
    maximumAllocation: (queue) => rm.scheduler.maximumAllocation(queue),
    clusterResource: () => rm.scheduler.cluster.total,
    partitionResource: (label) => rm.scheduler.cluster.ofPartition(label),
    nodeLabels: () => nodeLabels(rm),
    mayAccess: (caller, id, access) => mayAccess(rm, caller, id, access),
    mayAccessQueue: (caller, queue, access) => mayAccessQueue(rm, caller, queue, access),
    waits: (id) => waits(rm, id),
    nodeActivities: (id, now) => rm.scheduler.activities?.offers(id && formatNodeId(id), now),
    applicationActivities: (id, now) => rm.scheduler.activities?.allocations(applicationKey(id), now),
  }
}
