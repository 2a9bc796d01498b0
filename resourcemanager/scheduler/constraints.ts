/** Placement constraints (PlacementConstraintsUtil): affinity and cardinality by the tags of what runs on a node or in its rack, node attributes. */
import { inHashOrder } from '../../common/lang/javahash.js'
import { formatApplicationId } from '../../common/records/index.js'
import type { SchedulerApplication } from './attempt.js'
import type { RMContainer } from './container.js'
import type { SchedulerNode } from './node.js'
import { NODE_PARTITION, type PlacementConstraint, type PlacementTarget } from './requests.js'

type Counts = Map<string, Map<string, number>>

/** How many containers with a tag run on a node and in a rack, by application. */
export class AllocationTags {
  /** Scope (node key or rack), then tag, then application. */
  readonly #scopes = new Map<string, Counts>()

  add(c: RMContainer): void {
    if (c.tags) this.count(c.node, c.attempt.application.key, c.tags, 1)
  }

  remove(c: RMContainer): void {
    if (c.tags) this.count(c.node, c.attempt.application.key, c.tags, -1)
  }

  /** @param application its key */
  count(node: SchedulerNode, application: string, tags: readonly string[], by: number): void {
    if (tags.length === 0) return
    for (const scope of [node.key, node.rack]) {
      let counts = this.#scopes.get(scope)
      if (!counts) this.#scopes.set(scope, (counts = new Map()))
      for (const tag of tags) {
        let of = counts.get(tag)
        if (!of) counts.set(tag, (of = new Map()))
        const n = (of.get(application) ?? 0) + by
        if (n === 0) of.delete(application)
        else of.set(application, n)
      }
    }
  }

  cardinality(scope: string, tag: string, counts: (application: string) => boolean): number {
    let sum = 0
    for (const [application, n] of this.#scopes.get(scope)?.get(tag) ?? []) if (counts(application)) sum += n
    return sum
  }
}

export interface ConstraintContext {
  readonly tags: AllocationTags
  readonly applications: ReadonlyMap<string, SchedulerApplication>
}

const UNBOUNDED = 0x7fffffff

export function satisfies(constraint: PlacementConstraint, own: SchedulerApplication, node: SchedulerNode, context: ConstraintContext): boolean {
  switch (constraint.kind) {
    case 'and':
      return constraint.children.every((c) => satisfies(c, own, node, context))
    case 'or':
      return constraint.children.some((c) => satisfies(c, own, node, context))
    case 'delayedOr':
      return constraint.children.some((c) => satisfies(c.constraint, own, node, context))
    case 'single':
      return constraint.targets.every((t) =>
        t.type === 'NODE_ATTRIBUTE' ? attributeMatches(t, constraint.attributeOp, node) : cardinalityMatches(constraint, t, own, node, context),
      )
  }
}

/** The single constraint that stands against the node, and what it is about; of several that any would do, the last. */
export function unsatisfied(constraint: PlacementConstraint, own: SchedulerApplication, node: SchedulerNode, context: ConstraintContext): string | undefined {
  if (satisfies(constraint, own, node, context)) return undefined
  if (constraint.kind === 'single') {
    const [type] = constraint.targets.filter((t) => !satisfies({ ...constraint, targets: [t] }, own, node, context)).map((t) => t.type)
    return `"${constraintText(constraint)}", target-type=${type === 'NODE_ATTRIBUTE' ? type : 'ALLOCATION_TAG'}`
  }
  const children = constraint.kind === 'delayedOr' ? constraint.children.map((c) => c.constraint) : constraint.children
  const found = children.flatMap((c) => unsatisfied(c, own, node, context) ?? [])
  return constraint.kind === 'and' ? found[0] : found.at(-1)
}

/** As PlacementConstraint.SingleConstraint prints itself. */
function constraintText(c: Extract<PlacementConstraint, { kind: 'single' }>): string {
  const { scope, minCardinality: min, maxCardinality: max, targets, attributeOp } = c
  return targets
    .map(({ type, key, values }) => {
      const target = type === 'NODE_ATTRIBUTE' ? `${key}=[${inHashOrder(values).join(':')}]` : inHashOrder(values).join(',')
      if (type === 'NODE_ATTRIBUTE') return `${scope},${attributeOp ?? 'NO_OP'},${target}`
      if (min === 0 && max === 0) return `notin,${scope},${target}`
      if (min === 1 && max >= UNBOUNDED) return `in,${scope},${target}`
      return `cardinality,${scope},${target},${min},${max}`
    })
    .join(':')
}

function cardinalityMatches(
  { scope, minCardinality, maxCardinality }: Extract<PlacementConstraint, { kind: 'single' }>,
  target: PlacementTarget,
  own: SchedulerApplication,
  node: SchedulerNode,
  { tags, applications }: ConstraintContext,
): boolean {
  const place = scope === 'rack' ? node.rack : node.key
  const counts = namespace(target.key, own, applications)
  const each = target.values.map((tag) => tags.cardinality(place, tag, counts))
  if (each.length === 0) return minCardinality <= 0
  return (minCardinality <= 0 || Math.min(...each) >= minCardinality) && (maxCardinality >= UNBOUNDED || Math.max(...each) <= maxCardinality)
}

/** Whose containers count: by default the application's own. */
function namespace(
  key: string | undefined,
  own: SchedulerApplication,
  applications: ReadonlyMap<string, SchedulerApplication>,
): (application: string) => boolean {
  const [kind, value] = (key ?? 'self').split('/')
  switch (kind) {
    case 'all':
      return () => true
    case 'not-self':
      return (a) => a !== own.key
    case 'app-id':
      return (a) => {
        const application = applications.get(a)
        return application !== undefined && formatApplicationId(application.id) === value
      }
    case 'app-tag':
      return (a) => applications.get(a)?.tags.includes(value ?? '') ?? false
    default:
      return (a) => a === own.key
  }
}

function attributeMatches(target: PlacementTarget, op: 'EQ' | 'NE' | 'NO_OP' | undefined, node: SchedulerNode): boolean {
  const key = target.key ?? ''
  const [wanted] = target.values
  if (key === NODE_PARTITION) return node.partition === (wanted ?? '')
  const has = node.attributes[key] ?? node.attributes[key.slice(key.indexOf('/') + 1)]
  if (has === undefined) return op === 'NE'
  return op === 'NE' ? has !== wanted : has === wanted
}
