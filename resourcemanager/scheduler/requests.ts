/** What application masters ask for. */
import type { ContainerId, ExecutionType, Resource } from '../../common/records/index.js'

/** The host name that stands for "anywhere" in a request. */
export const ANY = '*'

/** One line of what an application master asks for: so many containers of one size at one place (node, rack or ANY). */
export interface ResourceRequest {
  readonly priority: number
  readonly resourceName: string
  readonly capability: Resource
  readonly numContainers: number
  /** Default true. */
  readonly relaxLocality?: boolean
  readonly nodeLabelExpression?: string
  /** Default GUARANTEED. */
  readonly executionType?: ExecutionType
  /** Default -1: none. */
  readonly allocationRequestId?: number
}

/** The key of a target that names the partition of nodes. */
export const NODE_PARTITION = 'yarn_node_partition/'

/** A target of a placement constraint: nodes by attribute or by the tags of what already runs there. */
export interface PlacementTarget {
  readonly type: 'NODE_ATTRIBUTE' | 'ALLOCATION_TAG' | 'SELF'
  /** Attribute's name, or the namespace of tags (self, not-self, all, app-id/…, app-tag/…). */
  readonly key?: string
  readonly values: readonly string[]
}

export type PlacementConstraint =
  | {
      readonly kind: 'single'
      /** node, rack, or an attribute's name. */
      readonly scope: string
      readonly minCardinality: number
      readonly maxCardinality: number
      readonly targets: readonly PlacementTarget[]
      readonly attributeOp?: 'EQ' | 'NE' | 'NO_OP'
    }
  | { readonly kind: 'and' | 'or'; readonly children: readonly PlacementConstraint[] }
  | { readonly kind: 'delayedOr'; readonly children: readonly { readonly constraint: PlacementConstraint; readonly delay: number }[] }

/** A request by placement constraint instead of by place. */
export interface SchedulingRequest {
  readonly allocationRequestId: number
  readonly priority: number
  readonly executionType?: ExecutionType
  readonly allocationTags: readonly string[]
  readonly numAllocations: number
  readonly resource: Resource
  readonly constraint?: PlacementConstraint
}

export type ContainerUpdateType = 'INCREASE_RESOURCE' | 'DECREASE_RESOURCE' | 'PROMOTE_EXECUTION_TYPE' | 'DEMOTE_EXECUTION_TYPE'

export interface UpdateContainerRequest {
  readonly containerId: ContainerId
  readonly containerVersion: number
  readonly updateType: ContainerUpdateType
  readonly capability?: Resource
  readonly executionType?: ExecutionType
}
