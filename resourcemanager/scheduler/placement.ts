/** What is asked of placement rules, and what they answer. */

export interface PlacementRequest {
  readonly user: string
  /** Primary first. */
  readonly groups: readonly string[]
  readonly queue: string
  readonly name: string
}

/** A leaf queue by name and, where it was found by rule, its parent's path: a queue that isn't there may be made below it. */
export interface Placement {
  readonly queue: string
  readonly parent: string | undefined
}
