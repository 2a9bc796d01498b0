/**
 * One offer of a node, written down as it goes (ActivitiesLogger): the tree of queues, applications, requests and the node, and what is told of
 * each application that is looked at. The words are Hadoop's (ActivityDiagnosticConstant).
 */
import { inHashOrder } from '../../../common/lang/javahash.js'
import { type ContainerId, formatApplicationId, formatContainerId, formatNodeId, formatResource, type Resource } from '../../../common/records/index.js'
import type { Activities, ActivityNode, ActivityState, AllocationState, NodeAllocation } from '../activities.js'
import type { Ask } from '../asks.js'
import type { SchedulerAttempt } from '../attempt.js'
import type { RMContainer } from '../container.js'
import type { SchedulerNode } from '../node.js'
import type { Assignment } from './allocator.js'
import type { LeafQueue } from './leaf.js'
import type { CapacityQueue } from './queue.js'

export const NODE_TOO_FULL = 'Initial check: node resource is insufficient for minimum allocation'
export const NO_ACCESS = 'Queue is not able to access partition'
export const QUEUE_FULL = 'Queue hits max-capacity limit'
export const USER_FULL = 'Queue hits user max-capacity limit'
export const NO_HEADROOM = 'Queue does not have enough headroom for inner highest-priority request'
export const QUEUE_NEEDS_NOTHING = 'Queue does not need more resource'
export const QUEUE_FIFO = 'Queue skipped to respect FIFO of applications'
export const QUEUE_NODE_RESERVED = 'Queue skipped because node has been reserved'
export const QUEUE_NODE_TOO_FULL = 'Queue skipped because node resource is insufficient'
export const APPLICATION_NEEDS_NOTHING = 'Application does not need more resource'
export const REQUEST_NEEDS_NOTHING = 'Request does not need more resource'
export const REQUEST_IS_MASTER = 'Request skipped in Ignore Exclusivity mode for AM allocation'
export const REQUEST_HAS_RESERVED = 'Request skipped based on reservation algo'
export const REQUEST_UNLABELLED_FIRST = 'Request skipped because non-partitioned resource request should be scheduled to non-partitioned partition first'
export const NODE_OFF_SWITCH_LATER = 'Node skipped because of off-switch delay'
export const NODE_ELSEWHERE = 'Node skipped because relax locality is not allowed'
export const NODE_NOWHERE = 'Node skipped because node/rack locality cannot be satisfied'
export const NODE_TOO_SMALL = "Node's total resource is insufficient for request"
export const NODE_LACKS = 'Node does not have sufficient resource for request'
export const NODE_BLACKLISTED = 'Node is blacklisted'
export const NODE_MISMATCH = 'Node does not match partition or placement constraints'
export const NODE_NOTHING_TO_UNRESERVE = "Node can't find a container to be unreserved when needed"

type Level = 'QUEUE' | 'APP' | 'REQUEST' | 'NODE'

interface Line extends ActivityNode {
  readonly parent: string
}

/** What is told of the application that is being looked at. */
interface Look {
  readonly attempt: SchedulerAttempt
  readonly attempts: ActivityNode[]
}

const requestName = (ask: Ask) => `request_${ask.priority}_${ask.allocationRequestId}`

export class Recording {
  readonly #offers: NodeAllocation[] = []
  /** Lines by what names them within the tree, in the order in which they were last written. */
  #lines = new Map<string, Line>()
  #look: Look | undefined

  constructor(
    private readonly activities: Activities,
    private readonly node: SchedulerNode,
    private readonly now: number,
    private readonly nodes: number,
    /** Whether more than memory counts. */
    private readonly dominant: boolean,
    /** The offer itself is recorded, not only what comes of it for applications. */
    private readonly ofNode: boolean,
  ) {}

  /** @returns of the node, what it was offered for */
  end(): void {
    if (this.#lines.size > 0) this.offered('DEFAULT', undefined)
    if (this.ofNode) this.activities.finishNode(this.node.key, this.#offers)
  }

  // ── queues ──

  /** A queue that takes nothing; the root ends the offer. */
  queue(queue: CapacityQueue, state: ActivityState, diagnostic?: string): void {
    this.#queueLine(queue, state, diagnostic)
    if (!queue.parent) this.offered('SKIPPED', undefined)
  }

  /** Something is assigned below a queue. */
  accepted(queue: CapacityQueue, assignment: Assignment): void {
    this.#queueLine(queue, 'ACCEPTED', undefined)
    if (!queue.parent) this.offered(assignment.reserve ? 'RESERVED' : 'ALLOCATED', undefined)
  }

  /** The node was kept for a container, and the queue has been asked whether that may have it now. */
  reserved(queue: CapacityQueue, assignment: Assignment, reservation: RMContainer): void {
    this.#queueLine(queue, assignment.reserve ? 'RE_RESERVED' : 'ACCEPTED', undefined)
    this.offered(assignment.reserve ? 'RESERVED' : 'ALLOCATED_FROM_RESERVED', reservation.id)
  }

  #queueLine({ path, parent }: CapacityQueue, state: ActivityState, diagnostic: string | undefined): void {
    this.#line(path, { ...NOTHING, parent: parent?.path ?? '', name: path, state, diagnostic })
  }

  offered(state: AllocationState, containerId: ContainerId | undefined): void {
    const lines = this.#lines
    this.#lines = new Map()
    let root: Line | undefined
    for (const line of lines.values()) {
      const parent = lines.get(line.parent)
      if (parent) parent.children.push(line)
      else root = line
    }
    if (root) this.#offers.push({ nodeId: this.node.nodeId, partition: this.node.partition, timestamp: this.now, containerId, state, root })
  }

  // ── applications ──

  look(attempt: SchedulerAttempt): void {
    const recorded = this.activities.startApplication(attempt.application.key, this.now)
    this.#look = recorded ? { attempt, attempts: [] } : undefined
  }

  /** A limit of the queue or of the user keeps the application from being asked. */
  rejected(attempt: SchedulerAttempt, diagnostic: string): void {
    this.#applicationLine(attempt, 'REJECTED', diagnostic)
    this.#endLook('REJECTED', diagnostic)
  }

  /** What the application answered when it was asked. */
  looked(attempt: SchedulerAttempt, assignment: Assignment | string | undefined): void {
    if (typeof assignment !== 'object') {
      this.#endLook('SKIPPED', undefined)
      return
    }
    const { ask, asked, reserve, reservation, node } = assignment
    if (!reserve) {
      const id = reservation?.id
      this.#node(attempt, ask, 'ALLOCATED', undefined, containerText(assignment), id && formatContainerId(id))
      this.#endLook('ALLOCATED', undefined)
      return
    }
    this.#node(attempt, ask, reservation ? 'RE_RESERVED' : 'RESERVED', this.#lacks(NODE_LACKS, asked, node.available))
    this.#endLook(reservation ? 'SKIPPED' : 'RESERVED', undefined)
  }

  application(attempt: SchedulerAttempt, state: ActivityState, diagnostic: string): void {
    this.#applicationLine(attempt, state, diagnostic)
    this.#attempt('APP', undefined, state, diagnostic)
  }

  request(attempt: SchedulerAttempt, ask: Ask, state: ActivityState, diagnostic: string): void {
    this.#requestLine(attempt, ask, state, diagnostic)
    this.#attempt('REQUEST', ask, state, diagnostic)
  }

  /** The node is passed over for the request. */
  skip(attempt: SchedulerAttempt, ask: Ask, diagnostic: string): void {
    this.#node(attempt, ask, 'SKIPPED', diagnostic)
  }

  /** The node is of another partition, or a constraint stands against it. */
  mismatch(attempt: SchedulerAttempt, ask: Ask, partition: string, constraint: string | undefined): void {
    const details =
      constraint !== undefined ? `, unsatisfied PC expression=${constraint}` : `, unsatisfied node partition=${partition}, required-partition=${ask.partition}`
    this.#node(attempt, ask, 'SKIPPED', NODE_MISMATCH + details)
  }

  /** The node is passed over, since it has not got what is required. */
  skipLacking(attempt: SchedulerAttempt, ask: Ask, diagnostic: string, required: Resource, available: Resource): void {
    this.#node(attempt, ask, 'SKIPPED', this.#lacks(diagnostic, required, available))
  }

  #node(attempt: SchedulerAttempt, ask: Ask, state: ActivityState, diagnostic: string | undefined, name?: string, containerId?: string): void {
    const request = requestKey(attempt, ask)
    this.#line(`${request}/${this.#lines.size}`, { ...NOTHING, parent: request, name, state, diagnostic, nodeId: this.node.nodeId })
    this.#requestLine(attempt, ask, state, undefined)
    this.#attempt('NODE', ask, state, diagnostic, containerId)
  }

  #requestLine(attempt: SchedulerAttempt, ask: Ask, state: ActivityState, diagnostic: string | undefined): void {
    const { priority: requestPriority, allocationRequestId } = ask
    const parent = formatApplicationId(attempt.id.applicationId)
    this.#line(requestKey(attempt, ask), { ...NOTHING, parent, name: requestName(ask), requestPriority, allocationRequestId, state, diagnostic })
    this.#applicationLine(attempt, state, undefined)
  }

  #applicationLine(attempt: SchedulerAttempt, state: ActivityState, diagnostic: string | undefined): void {
    const name = formatApplicationId(attempt.id.applicationId)
    this.#line(name, { ...NOTHING, parent: attempt.queue.path, name, appPriority: attempt.priority, state, diagnostic })
  }

  /** The last word on a queue, an application or a request counts; nodes have each their own. */
  #line(key: string, line: Omit<Line, 'children'>): void {
    if (!this.ofNode) return
    this.#lines.delete(key)
    this.#lines.set(key, { ...line, children: [] })
  }

  #attempt(level: Level, ask: Ask | undefined, state: ActivityState, diagnostic: string | undefined, name = 'Container-Id-Not-Assigned'): void {
    this.#look?.attempts.push({
      ...NOTHING,
      name,
      requestPriority: ask?.priority,
      allocationRequestId: ask?.allocationRequestId,
      state,
      diagnostic,
      nodeId: level === 'NODE' ? this.node.nodeId : undefined,
      children: [],
    })
  }

  #lacks(diagnostic: string, required: Resource, available: Resource): string {
    const short = required.memory > available.memory ? ['memory-mb'] : []
    if (this.dominant) {
      if (required.vcores > available.vcores) short.push('vcores')
      for (const [type, amount] of Object.entries(required.extended ?? {})) if (amount > (available.extended?.[type] ?? 0)) short.push(type)
    }
    const names = inHashOrder(short).join(', ')
    return `${diagnostic}, insufficient resources=[${names}]\nrequired=${formatResource(required)}, available=${formatResource(available)}`
  }

  #endLook(state: ActivityState, diagnostic: string | undefined): void {
    const look = this.#look
    if (!look) return
    this.#look = undefined
    const { attempt, attempts } = look
    const queue = (attempt.queue as LeafQueue).name
    const allocation = { nodeId: this.node.nodeId, timestamp: this.now, queue, priority: attempt.priority, state, diagnostic, attempts }
    this.activities.finishApplication(attempt.application.key, allocation, this.nodes)
  }
}

const NOTHING = {
  name: undefined,
  appPriority: undefined,
  requestPriority: undefined,
  allocationRequestId: undefined,
  diagnostic: undefined,
  nodeId: undefined,
}

const requestKey = (attempt: SchedulerAttempt, ask: Ask) => `${attempt.application.key}/${requestName(ask)}`

/** Container.toString(), of one that has no id yet unless it fulfils a reservation. */
function containerText({ ask, node, resource, reservation }: Assignment): string {
  const id = reservation?.id ? formatContainerId(reservation.id) : 'null'
  return `Container: [ContainerId: ${id}, AllocationRequestId: ${ask.allocationRequestId}, Version: 0, NodeId: ${formatNodeId(node.nodeId)}, NodeHttpAddress: ${node.httpAddress}, Resource: ${formatResource(resource)}, Priority: ${ask.priority}, Token: null, ExecutionType: GUARANTEED, ]`
}
