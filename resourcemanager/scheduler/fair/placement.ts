/** Placement rules of the fair scheduler, in order: the first that names a queue which is there, or may be made, wins. */
import type { Placement, PlacementRequest } from '../placement.js'
import type { Allocations, PlacementRuleSpec } from './allocations.js'

export interface FairPlacementOptions {
  readonly userAsDefaultQueue: boolean
  readonly allowUndeclaredPools: boolean
}

const clean = (name: string) => name.replaceAll('.', '_dot_')
const rooted = (name: string) => (name === 'root' || name.startsWith('root.') ? name : `root.${name}`)

/** The rules of the file or, without any, those that the scheduler's properties stand for. */
export function rulesOf(allocations: Allocations, options: FairPlacementOptions): readonly PlacementRuleSpec[] {
  if (allocations.placement) return allocations.placement
  const rule = (name: string, create: boolean): PlacementRuleSpec => ({ name, create, queue: undefined, nested: undefined })
  const specified = rule('specified', options.allowUndeclaredPools)
  if (!options.userAsDefaultQueue) return [specified, rule('default', true)]
  return options.allowUndeclaredPools ? [specified, rule('user', true)] : [specified, rule('user', false), rule('default', true)]
}

/** undefined: no rule takes the application. */
export function placeFairly(rules: readonly PlacementRuleSpec[], request: PlacementRequest, exists: (path: string) => boolean): Placement | undefined {
  for (const rule of rules) {
    if (rule.name === 'reject') return undefined
    const path = nameOf(rule, request, exists)
    if (path === undefined || (!rule.create && !exists(path))) continue
    return { queue: path, parent: path.slice(0, path.lastIndexOf('.')) }
  }
  return undefined
}

function nameOf(rule: PlacementRuleSpec, r: PlacementRequest, exists: (path: string) => boolean): string | undefined {
  switch (rule.name) {
    case 'specified':
      return r.queue === 'default' || r.queue === '' ? undefined : rooted(r.queue)
    case 'user':
      return rooted(clean(r.user))
    case 'primaryGroup':
      return r.groups[0] === undefined ? undefined : rooted(clean(r.groups[0]))
    case 'secondaryGroupExistingQueue':
      return r.groups
        .slice(1)
        .map((g) => rooted(clean(g)))
        .find(exists)
    case 'nestedUserQueue': {
      const above = nameOf(rule.nested!, r, exists)
      if (above === undefined || (!rule.nested!.create && !exists(above))) return undefined
      return `${above}.${clean(r.user)}`
    }
    default:
      return rooted(rule.queue ?? 'default')
  }
}
