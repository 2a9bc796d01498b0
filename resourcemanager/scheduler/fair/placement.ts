/** Placement rules of the fair scheduler, in order: the first that names a queue which is there, or may be made, wins. */
import type { Placement, PlacementRequest } from '../placement.js'
import { exception } from '../../../common/errors.js'
import type { Allocations, PlacementRuleSpec } from './allocations.js'
import { rooted } from './queue-manager.js'

export interface FairPlacementOptions {
  readonly userAsDefaultQueue: boolean
  readonly allowUndeclaredPools: boolean
}

const clean = (name: string) => name.replaceAll('.', '_dot_')

/** What rules know of the queues that are there. */
export interface KnownQueues {
  isConfigured(path: string): boolean
  find(path: string): { readonly isLeaf: boolean } | undefined
}

/** The rules of the file or, without any, those that the scheduler's properties stand for. */
export function rulesOf(allocations: Allocations, options: FairPlacementOptions): readonly PlacementRuleSpec[] {
  if (allocations.placement) return allocations.placement
  const rule = (name: string, create: boolean): PlacementRuleSpec => ({ name, create, queue: undefined, nested: undefined })
  const specified = rule('specified', options.allowUndeclaredPools)
  if (!options.userAsDefaultQueue) return [specified, rule('default', true)]
  return options.allowUndeclaredPools ? [specified, rule('user', true)] : [specified, rule('user', false), rule('default', true)]
}

/** undefined: no rule takes the application. @throws YarnException for what can be no queue's name, or a user without groups where they decide */
export function placeFairly(rules: readonly PlacementRuleSpec[], request: PlacementRequest, queues: KnownQueues): Placement | undefined {
  for (const rule of rules) {
    if (rule.name === 'reject') return undefined
    const path = nameOf(rule, request, queues)
    if (path !== undefined) return { queue: path, parent: path.slice(0, path.lastIndexOf('.')) }
  }
  return undefined
}

/** Where the rule puts it; undefined: it doesn't know, or the queue is not there and must not be made. */
function nameOf(rule: PlacementRuleSpec, r: PlacementRequest, queues: KnownQueues): string | undefined {
  const allowed = (path: string) => (rule.create || queues.isConfigured(path) ? path : undefined)
  if (rule.name === 'specified') {
    if (r.queue === '' || r.queue.startsWith('.') || r.queue.endsWith('.')) {
      throw exception('YarnException', `Application submitted by user ${r.user}with illegal queue name '${r.queue}'.`)
    }
    return r.queue === 'default' ? undefined : allowed(rooted(r.queue))
  }
  if (rule.name === 'default') return allowed(rooted(rule.queue ?? 'default'))
  const above = rule.nested ? nameOf(rule.nested, r, queues) : 'root'
  if (above === undefined || queues.find(above)?.isLeaf) return undefined
  const below = (name: string) => (above === 'root' ? rooted(clean(name)) : `${above}.${clean(name)}`)
  if (rule.name === 'user' || rule.name === 'nestedUserQueue') return allowed(below(r.user))
  if (r.groups.length === 0) throw exception('YarnException', `No groups returned for user ${r.user}`)
  if (rule.name === 'primaryGroup') return allowed(below(r.groups[0]!))
  return r.groups
    .slice(1)
    .map(below)
    .find((path) => queues.isConfigured(path))
}
