/** Which queue an application goes to: queue mappings by user, group and application name, and the JSON mapping rules. */
import { exception } from '../../../common/errors.js'
import type { Placement, PlacementRequest } from '../placement.js'
import type { CapacityQueue } from './queue.js'

export interface Queues {
  queue(name: string): CapacityQueue | undefined
  isAmbiguous(name: string): boolean
}

const DEFAULT_QUEUE = 'default'

type Rule = (request: PlacementRequest, queues: Queues) => Placement | undefined

interface Mapping {
  readonly kind: 'u' | 'g'
  readonly source: string
  readonly parent: string | undefined
  readonly leaf: string
}

function split(path: string): { parent: string | undefined; leaf: string } {
  const dot = path.lastIndexOf('.')
  return dot < 0 ? { parent: undefined, leaf: path } : { parent: path.slice(0, dot), leaf: path.slice(dot + 1) }
}

/** @throws IllegalArgumentException for a mapping that isn't u:USER:QUEUE or g:GROUP:QUEUE */
function parseMappings(text: string | undefined): Mapping[] {
  return (text ?? '')
    .split(',')
    .map((m) => m.trim())
    .filter((m) => m !== '')
    .map((m) => {
      const parts = m.split(':').map((p) => p.trim())
      const [kind, source, queue] = parts
      if (parts.length !== 3 || !source || !queue) throw exception('IllegalArgumentException', `Illegal queue mapping ${m}`)
      if (kind !== 'u' && kind !== 'g') throw exception('IllegalArgumentException', `unknown mapping prefix ${kind}`)
      return { kind, source, ...split(queue) }
    })
}

/** The group, after the primary, that has a queue. */
const secondaryGroup = (r: PlacementRequest, queues: Queues) => r.groups.slice(1).find((g) => queues.queue(g) !== undefined)

function placed(parent: string | undefined, leaf: string | undefined, queues: Queues): Placement | undefined {
  if (leaf === undefined) return undefined
  if (parent === undefined) {
    if (queues.isAmbiguous(leaf)) throw exception('YarnException', `mapping contains ambiguous leaf queue reference ${leaf}`)
    const queue = queues.queue(leaf)
    return queue && { queue: leaf, parent: queue.parent?.path }
  }
  const above = queues.queue(parent)
  if (!above || (!above.spec.autoCreate && !queues.queue(`${above.path}.${leaf}`))) return undefined
  return { queue: leaf, parent: above.path }
}

function byMappings(mappings: readonly Mapping[]): Rule {
  return (r, queues) => {
    const named = (text: string) =>
      text === '%user' ? r.user : text === '%primary_group' ? r.groups[0] : text === '%secondary_group' ? secondaryGroup(r, queues) : text
    for (const m of mappings) {
      const matches = m.kind === 'u' ? m.source === '%user' || m.source === r.user : r.groups.includes(m.source)
      if (!matches) continue
      const parent = m.parent === undefined ? undefined : named(m.parent)
      if (m.parent !== undefined && parent === undefined) return undefined
      return placed(parent, named(m.leaf), queues)
    }
    return undefined
  }
}

function byApplicationName(text: string): Rule {
  const mappings = text
    .split(',')
    .map((m) => m.trim().split(':'))
    .filter((m) => m.length === 2) as [string, string][]
  return (r, queues) => {
    for (const [source, target] of mappings) {
      const { parent, leaf } = split(target.trim())
      if (source === '%application') return placed(parent, leaf === '%application' ? r.name : leaf, queues)
      if (source === r.name) return placed(parent, leaf === '%application' ? r.name : leaf, queues)
    }
    return undefined
  }
}

interface JsonRule {
  readonly type: 'user' | 'group' | 'application'
  readonly matches?: string
  readonly policy: string
  readonly parentQueue?: string
  readonly value?: string
  readonly customPlacement?: string
  readonly create?: boolean
  readonly fallbackResult?: 'skip' | 'reject' | 'placeDefault'
}

/** @throws IllegalArgumentException when the text is no JSON, or a rule is of no known type or policy */
function byJson(text: string): Rule {
  let rules: readonly JsonRule[]
  try {
    rules = (JSON.parse(text) as { rules: readonly JsonRule[] }).rules
  } catch (e) {
    throw exception('IllegalArgumentException', `yarn.scheduler.capacity.mapping-rule-json is no JSON: ${(e as Error).message}`)
  }
  if (!Array.isArray(rules)) throw exception('IllegalArgumentException', 'yarn.scheduler.capacity.mapping-rule-json has no list of rules')
  for (const rule of rules) {
    if (!['user', 'group', 'application'].includes(rule.type))
      throw exception('IllegalArgumentException', `Rule type "${rule.type}" is not known; known are user, group, application`)
    if (!JSON_POLICIES.has(rule.policy))
      throw exception('IllegalArgumentException', `Rule policy "${rule.policy}" is not known; known are ${[...JSON_POLICIES].join(', ')}`)
  }
  return (r, queues) => {
    let fallback = DEFAULT_QUEUE
    for (const rule of rules) {
      if (!matchesJson(rule, r)) continue
      if (rule.policy === 'setDefaultQueue') {
        fallback = rule.value ?? fallback
        continue
      }
      if (rule.policy === 'reject') throw exception('YarnException', `Application submitted by user ${r.user} was rejected by a mapping rule`)
      const target = rule.policy === 'defaultQueue' ? fallback : targetOf(rule, r, queues)
      const placement = target === undefined ? undefined : placedByPath(target, queues, rule.create ?? false)
      if (placement) return placement
      if (rule.fallbackResult === 'reject')
        throw exception('YarnException', `Application submitted by user ${r.user} was rejected: queue ${target ?? 'of the rule'} does not exist`)
      if (rule.fallbackResult === 'placeDefault') return placedByPath(fallback, queues, false)
    }
    return undefined
  }
}

const JSON_POLICIES = new Set([
  'specified',
  'user',
  'primaryGroup',
  'secondaryGroup',
  'primaryGroupUser',
  'secondaryGroupUser',
  'applicationName',
  'custom',
  'defaultQueue',
  'setDefaultQueue',
  'reject',
])

function matchesJson(rule: JsonRule, r: PlacementRequest): boolean {
  const all = rule.matches === undefined || rule.matches === '*'
  if (rule.type === 'user') return all || rule.matches === r.user
  if (rule.type === 'application') return all || rule.matches === r.name
  return rule.matches !== undefined && r.groups.includes(rule.matches)
}

function targetOf(rule: JsonRule, r: PlacementRequest, queues: Queues): string | undefined {
  const under = (...parts: (string | undefined)[]) =>
    parts.includes(undefined) ? undefined : [rule.parentQueue, ...parts].filter((p) => p !== undefined).join('.')
  switch (rule.policy) {
    case 'specified':
      return r.queue
    case 'user':
      return under(r.user)
    case 'primaryGroup':
      return under(r.groups[0])
    case 'secondaryGroup':
      return under(secondaryGroup(r, queues))
    case 'primaryGroupUser':
      return under(r.groups[0], r.user)
    case 'secondaryGroupUser':
      return under(secondaryGroup(r, queues), r.user)
    case 'applicationName':
      return under(r.name)
    default:
      return rule.customPlacement
        ?.replaceAll('%user', r.user)
        .replaceAll('%primary_group', r.groups[0] ?? '')
        .replaceAll('%secondary_group', secondaryGroup(r, queues) ?? '')
        .replaceAll('%application', r.name)
        .replaceAll('%specified', r.queue)
  }
}

function placedByPath(path: string, queues: Queues, create: boolean): Placement | undefined {
  const queue = queues.queue(path)
  if (queue) return queue.kind === 'leaf' ? { queue: queue.name, parent: queue.parent?.path } : undefined
  const { parent, leaf } = split(path)
  return create ? placed(parent, leaf, queues) : undefined
}

/** @throws IOException in Hadoop's words when a mapping names a queue that neither exists nor would be made */
export function checkMappings(properties: Readonly<Record<string, string>>, queues: Queues): void {
  for (const { parent, leaf } of parseMappings(properties['yarn.scheduler.capacity.queue-mappings'])) {
    if (leaf.includes('%') || parent?.includes('%')) continue
    const path = parent === undefined ? leaf : `${parent}.${leaf}`
    if (queues.queue(path)?.kind === 'leaf') continue
    if (queues.isAmbiguous(path)) throw exception('IOException', `mapping contains ambiguous leaf queue reference ${path}`)
    if (parent === undefined || !queues.queue(parent)?.spec.autoCreate) throw exception('IOException', `mapping contains invalid or non-leaf queue ${leaf}`)
  }
}

const RULES: Readonly<Record<string, 'user-group' | 'app-name'>> = {
  'user-group': 'user-group',
  'app-name': 'app-name',
  'org.apache.hadoop.yarn.server.resourcemanager.placement.UserGroupMappingPlacementRule': 'user-group',
  'org.apache.hadoop.yarn.server.resourcemanager.placement.AppNameMappingPlacementRule': 'app-name',
}

/** Which rules are asked, in order. */
function ruleNames(text: string | undefined): ('user-group' | 'app-name')[] {
  const given = (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const names = given.map((name) => {
    const rule = RULES[name]
    if (!rule) throw exception('IllegalArgumentException', `yarn.scheduler.queue-placement-rules names "${name}"; known are user-group and app-name`)
    return rule
  })
  return names.length === 0 ? ['user-group'] : [...new Set(names)]
}

/** @throws IllegalArgumentException when the mappings can't be read */
export function placementRules(properties: Readonly<Record<string, string>>): Rule {
  const property = (name: string) => properties[name]?.trim()
  const flag = (name: string) => property(name)?.toLowerCase() === 'true'
  const overrides = flag('yarn.scheduler.capacity.queue-mappings-override.enable')
  const rules: { rule: Rule; override: boolean }[] = []
  for (const name of ruleNames(property('yarn.scheduler.queue-placement-rules'))) {
    const json = property('yarn.scheduler.capacity.mapping-rule-json')
    const names = property('yarn.scheduler.queue-placement-rules.app-name')
    if (name === 'app-name') {
      if (names) rules.push({ rule: byApplicationName(names), override: overrides })
    } else if (property('yarn.scheduler.capacity.mapping-rule-format') === 'json' && json) {
      rules.push({ rule: byJson(json), override: true })
    } else {
      const mappings = parseMappings(property('yarn.scheduler.capacity.queue-mappings'))
      if (mappings.length > 0) rules.push({ rule: byMappings(mappings), override: overrides })
    }
  }
  return (request, queues) => {
    for (const { rule, override } of rules) {
      const placement = rule(request, queues)
      // Who names a queue gets it, unless mappings are to override that.
      if (placement && (override || request.queue === DEFAULT_QUEUE || request.queue === placement.queue)) return placement
    }
    return undefined
  }
}
