/**
 * Who lives in the same process as the core and needs not ask it again and again: a simulated application master or NodeManager speaks when
 * there is something to be heard. Called within a step; nothing may be stepped from there.
 */
import type { ApplicationAttemptId, NodeId } from '../../common/records/index.js'
import type { RMContainer } from '../scheduler/container.js'

export interface Observer {
  /** The next allocate of the attempt answers something that the last one did not. */
  masterHasNews(id: ApplicationAttemptId): void
  /** The next heartbeat of the node answers something that it must act on. */
  nodeHasNews(id: NodeId): void
  /** When the node was last heard of, if later than the core knows: not every heartbeat need be told. */
  nodeHeard(id: NodeId): number
  /** The same of an application master. */
  masterHeard(id: ApplicationAttemptId): number
  containerAllocated(c: RMContainer): void
  containerEnded(c: RMContainer): void
}

const nothing = () => {}
const never = () => 0
export const NOBODY: Observer = {
  masterHasNews: nothing,
  nodeHasNews: nothing,
  nodeHeard: never,
  masterHeard: never,
  containerAllocated: nothing,
  containerEnded: nothing,
}
